"""Transients on voltages: found where they are, and only there."""

from pathlib import Path

import comtrade
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from measurement.heights import NOMINAL, dip
from measurement.signals import Array, distorted, turns

from smartpdu.measurement import transient
from smartpdu.measurement.channels import Channels
from smartpdu.measurement.disturbance import Disturbance, Kind, Limits
from smartpdu.measurement.transient import gapped, recorded, still, struck, together
from smartpdu.measurement.waveform import Stream

PEAK = np.sqrt(2) * NOMINAL


def ringing(t: Array, at: float, height: float, frequency: float, decay: float) -> Array:
    """A blow that rings."""
    since = np.maximum(t - at, 0)
    return np.where(t >= at, height * np.exp(-since / decay), 0) * np.cos(
        2 * np.pi * frequency * since
    )


def three(rate: float, seconds: float, frequency: float = 50.02) -> tuple[Array, Array]:
    """Three voltages at the ceiling of distortion."""
    dice = np.random.default_rng(5)
    turned = turns(rate, frequency, seconds)
    waves = [distorted(NOMINAL, -k / 3, dice) for k in range(3)]
    return turned / frequency, np.stack([w.at(turned) for w in waves], axis=1)


def found(
    samples: Array, rate: float, blocks: list[int], systems: list[tuple[int, ...]] | None = None
) -> list[Disturbance]:
    """The transients of a stream."""
    channels = Channels(rate, 50.0, NOMINAL, np.arange(samples.shape[1]))
    stream, state, told = Stream(channels), still(channels, systems or ()), []
    start, turn = 0, 0
    while start < len(samples):
        block = samples[start : start + blocks[turn % len(blocks)]].astype(np.float32)
        state, new = struck(state, block, stream.take(block).halves)
        told += new
        start, turn = start + len(block), turn + 1
    return told


@pytest.mark.requirement("R-20-34")
@pytest.mark.parametrize("rate", [10_000.0, 50_000.0])
@pytest.mark.parametrize(("frequency", "decay"), [(700.0, 0.002), (1900.0, 0.0006), (0.0, 0.0004)])
def test_a_blow_is_found_where_it_is_and_only_there(
    rate: float, frequency: float, decay: float
) -> None:
    t, samples = three(rate, 1.0)
    samples[:, 1] += ringing(t, 0.6123, 0.4 * PEAK, frequency, decay)
    (d,) = found(samples, rate, [int(rate / 50)])
    assert (d.kind, d.channels) == (Kind.TRANSIENT, (1,))
    assert d.start == pytest.approx(0.6123 * rate, abs=2)
    assert d.largest == pytest.approx(0.4 * PEAK, rel=0.1)
    assert 0 < d.end - d.start < 0.008 * rate


def test_the_sharpest_wave_a_standard_allows_has_none() -> None:
    _, samples = three(10_000.0, 1.5)
    assert found(samples, 10_000.0, [333]) == []


@pytest.mark.parametrize("factor", [0.0, 0.4, 0.85, 1.3])
@pytest.mark.parametrize("angle", [k / 8 for k in range(8)])
def test_the_edges_of_a_dip_or_swell_are_none(factor: float, angle: float) -> None:
    samples = dip(0.50005, 0.08, factor, angle).sampled(0.9)[:, None]
    assert found(samples, 10_000.0, [200]) == []


HARMONICS = [{}, {5: 0.04, 7: 0.02}, {3: 0.03, 5: 0.05, 11: 0.02}]


def fed(t: Array, frequency: float, angle: float, harmonics: dict[int, float]) -> Array:
    """A voltage with harmonics as shares of its fundamental."""
    turn = 2 * np.pi * frequency * t + angle
    return np.asarray(
        PEAK * (np.sin(turn) + sum(part * np.sin(k * turn) for k, part in harmonics.items()))
    )


@pytest.mark.parametrize("frequency", [49.87, 50.02, 51.1])
@pytest.mark.parametrize("rest", [0.0, 0.3, 0.63, 1.15])
def test_none_is_told_where_the_cycle_before_holds_the_edge_of_a_dip(
    frequency: float, rest: float
) -> None:
    dice, t = np.random.default_rng(round(100 * (frequency + rest))), np.arange(9000) / 10_000
    for harmonics in HARMONICS:
        start, lasts = dice.uniform(0.4, 0.44), dice.uniform(0.02, 0.3)
        level = np.where((t >= start) & (t < start + lasts), rest, 1.0)
        wave = fed(t, frequency, dice.uniform(0, 2 * np.pi), harmonics) * level
        assert found(wave[:, None], 10_000.0, [200]) == [], (start, lasts, harmonics)
        channels = Channels(10_000.0, 50.0, NOMINAL, np.arange(1))
        assert recorded(channels, wave[:, None], 10_000 / frequency) == ()


@pytest.mark.parametrize(
    ("frequency", "angle", "start", "lasts", "rest", "kind"),
    [
        (49.87, 5.87, 0.43263, 0.0208, 0.3, 0),
        (50.02, 1.5, 0.43506, 0.0364, 0.0, 2),
        (51.1, 5.93, 0.40507, 0.2621, 0.63, 1),
        (49.87, 0.0, 1.0033, 0.1967, 0.63, 1),
    ],
)
def test_edges_whose_cycle_after_was_told_as_one_are_none(
    frequency: float, angle: float, start: float, lasts: float, rest: float, kind: int
) -> None:
    t = np.arange(15_000) / 10_000
    level = np.where((t >= start) & (t < start + lasts), rest, 1.0)
    wave = fed(t, frequency, angle, HARMONICS[kind]) * level
    assert found(wave[:, None], 10_000.0, [200]) == []


@pytest.mark.parametrize("frequency", [49.87, 50.02])
@pytest.mark.parametrize("start", [0.23557, 0.29886, 0.41041, 0.5])
def test_the_return_of_a_feed_that_was_dead_at_first_is_none(
    frequency: float, start: float
) -> None:
    t = np.arange(10_000) / 10_000
    for k, harmonics in enumerate(HARMONICS):
        wave = fed(t, frequency, 2.0 * k, harmonics) * (t >= start)
        assert found(wave[:, None], 10_000.0, [200]) == []


@pytest.mark.parametrize("at", [0.0237, 0.4567, 0.55])
def test_a_blow_is_told_near_the_beginning_and_soon_after_a_dip(at: float) -> None:
    t = np.arange(10_000) / 10_000
    for k, harmonics in enumerate(HARMONICS):
        level = np.where((t >= 0.3) & (t < 0.4), 0.5, 1.0)
        wave = fed(t, 49.95, 2.0 * k, harmonics) * level + ringing(t, at, 120, 900, 0.001)
        channels = Channels(10_000.0, 50.0, NOMINAL, np.arange(1))
        (d,) = recorded(channels, wave[:, None], 10_000 / 49.95)
        assert d.start == pytest.approx(at * 10_000, abs=4)


def test_a_blow_in_the_last_cycle_of_a_recording_is_told() -> None:
    t = np.arange(3000) / 10_000
    wave = fed(t, 49.95, 0.0, HARMONICS[1]) + ringing(t, 0.287, 120, 900, 0.0005)
    channels = Channels(10_000.0, 50.0, NOMINAL, np.arange(1))
    (d,) = recorded(channels, wave[:, None], 10_000 / 49.95)
    assert d.start == pytest.approx(2870, abs=4)


def test_a_slow_change_of_frequency_and_noise_are_none() -> None:
    t = np.arange(20_000) / 10_000
    wave = PEAK * np.sin(2 * np.pi * (50 * t + t**2 / 2))
    wave += np.random.default_rng(1).normal(0, 0.01 * NOMINAL, len(t))
    assert found(wave[:, None], 10_000.0, [200]) == []


def test_what_lasts_longer_than_half_a_cycle_is_none() -> None:
    t = np.arange(10_000) / 10_000
    wave = PEAK * np.sin(2 * np.pi * 50 * t)
    for lasts, told in ((0.006, 1), (0.015, 0)):
        burst = np.where((t >= 0.6) & (t < 0.6 + lasts), 0.3 * PEAK, 0) * np.sin(
            2 * np.pi * 900 * t
        )
        assert len(found((wave + burst)[:, None], 10_000.0, [200])) == told


@pytest.mark.parametrize(("height", "told"), [(0.085, 0), (0.13, 1)])
def test_the_threshold_is_a_tenth_of_the_peak(height: float, told: int) -> None:
    t = np.arange(10_000) / 10_000
    wave = PEAK * np.sin(2 * np.pi * 50 * t) + ringing(t, 0.6123, height * PEAK, 900, 0.001)
    assert len(found(wave[:, None], 10_000.0, [200])) == told


@settings(max_examples=10)
@given(some.lists(some.integers(1, 700), min_size=1, max_size=4), some.floats(0.3, 0.7))
def test_transients_are_the_same_whatever_the_blocks(blocks: list[int], at: float) -> None:
    t, samples = three(10_000.0, 1.0)
    samples[:, 0] += ringing(t, at, 0.5 * PEAK, 900, 0.001)
    samples[:, 2] += ringing(t, at, 0.3 * PEAK, 900, 0.001)
    whole = together(found(samples, 10_000.0, [len(samples)], [(0, 1, 2)]))
    assert [d.channels for d in whole] == [(0, 2)]
    assert together(found(samples, 10_000.0, blocks, [(0, 1, 2)])) == whole


def test_a_gap_compares_nothing_across_it() -> None:
    channels = Channels(10_000.0, 50.0, NOMINAL, np.arange(1))
    t = np.arange(10_000) / 10_000
    one = (PEAK * np.sin(2 * np.pi * 50 * t))[:, None].astype(np.float32)
    other = (PEAK * np.sin(2 * np.pi * 50 * t + 2))[:, None].astype(np.float32)
    state = still(channels)
    state, told = struck(state, one, Stream(channels).take(one).halves)
    state, more = struck(gapped(state, 0), other, Stream(channels).take(other).halves)
    assert (told, more) == ((), ())


def test_samples_too_coarse_to_see_one_tell_none() -> None:
    _, samples = three(1_600.0, 1.0)
    samples[800] += 300
    assert found(samples, 1_600.0, [100]) == []


def test_a_recording_tells_the_same_as_a_stream() -> None:
    t, samples = three(10_000.0, 1.0)
    samples[:, 0] += ringing(t, 0.4567, 0.5 * PEAK, 900, 0.001)
    channels = Channels(10_000.0, 50.0, NOMINAL, np.arange(3))
    (one,) = recorded(channels, samples, 10_000 / 50.02)
    (other,) = found(samples, 10_000.0, [200])
    assert (one.start, one.end, one.channels) == (other.start, other.end, other.channels)


@pytest.mark.requirement("R-20-34")
def test_the_ringing_that_a_meter_recorded_in_1999_is_found(data: Path) -> None:
    record = comtrade.Comtrade()
    base = data / "waveforms" / "keating_1999"
    record.load(str(base.with_suffix(".CFG")), str(base.with_suffix(".DAT")))
    rate = record.cfg.sample_rates[0][0]
    voltages = [k for k, unit in enumerate(record.cfg.analog_channels) if unit.uu == "volt"][:3]
    samples = np.array(record.analog)[voltages].T
    channels = Channels(rate, 60.0, 347.0, np.arange(3))
    (d,) = recorded(channels, samples, rate / 59.97, [(0, 1, 2)], Limits())
    assert d.channels == (0, 1, 2)
    assert 1000 * d.start / rate == pytest.approx(22.2, abs=0.1)
    alone = [recorded(channels, samples, rate / 59.97)[k].largest for k in range(3)]
    assert 60 <= min(alone) <= 90 <= max(alone)


def test_plain_and_compiled_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    t, samples = three(10_000.0, 1.0)
    samples[:, 0] += ringing(t, 0.4567, 0.5 * PEAK, 900, 0.001)
    compiled = found(samples, 10_000.0, [200])
    monkeypatch.setattr(transient, "COMPILES", False)
    (plain,) = found(samples, 10_000.0, [200])
    assert [(d.start, d.end) for d in compiled] == [(plain.start, plain.end)]
    assert plain.largest == pytest.approx(compiled[0].largest, rel=1e-5)
