"""Bounds of half-cycles: where the voltage crosses zero, whatever shakes it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from measurement.heights import NOMINAL, RATE, Height, dip
from measurement.signals import Array

from smartpdu.measurement import crossing, cycles, grid, halves, harmonics, pace, sums
from smartpdu.measurement.channels import Channels
from smartpdu.measurement.crossing import CARRIED, JUMPED
from smartpdu.measurement.halves import Halves
from smartpdu.measurement.waveform import Stream, joined

PEAK = np.sqrt(2) * NOMINAL


@pytest.fixture(params=["compiled", "plain"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways in which samples are worked on."""
    if request.param == "plain":
        plain(monkeypatch)
    return str(request.param)


def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work without compiled loops."""
    for module in (crossing, cycles, grid, halves, harmonics, pace, sums):
        monkeypatch.setattr(module, "COMPILES", False)


def streamed(samples: Array, block: int = 100) -> Halves:
    """The half-cycles of voltages."""
    number = samples.shape[1]
    stream = Stream(Channels(RATE, 50.0, NOMINAL, np.arange(number)))
    parts = [stream.take(samples[k : k + block]) for k in range(0, len(samples), block)]
    return joined(parts, number).halves


def off(found: Halves, truth: Array, since: float = 0.0, channel: int = 0) -> Array:
    """How far the bounds of a voltage are off its crossings, in samples."""
    ends = found.end[(found.group == channel) & (found.end > since)]
    nearest = truth[np.abs(truth[:, None] * RATE - ends).argmin(axis=0)] * RATE
    return np.asarray(ends - nearest)


@pytest.mark.parametrize("factor", [0.0, 0.3, 0.87, 1.4])
@pytest.mark.parametrize("angle", [0.0145 + k / 8 for k in range(4)])
def test_no_dip_bends_a_bound(way: str, factor: float, angle: float) -> None:
    height = dip(0.50005, 0.3, factor, angle, 50.02)
    found = streamed(height.sampled(1.2)[:, None])
    assert np.abs(off(found, height.crossings(1.3))).max() <= 0.15, "1 / 1300 of a cycle"


def test_a_half_cycle_is_told_with_its_own_last_sample(way: str) -> None:
    samples = np.stack([Height(50.02, -k / 3).sampled(1.0) for k in range(3)], axis=1)
    stream = Stream(Channels(RATE, 50.0, NOMINAL, np.arange(3)))
    late = []
    for taken in range(1, len(samples) + 1):
        ends = stream.take(samples[taken - 1 : taken]).halves.end
        late += (taken - ends).tolist() if taken > 4000 else []
    assert len(late) >= 170
    assert max(late) <= 3.1


def test_half_cycles_begin_with_the_first_sample(way: str) -> None:
    height = Height(50.02, 0.1)
    found = streamed(height.sampled(0.6)[:, None])
    assert found.end[0] <= 0.01 * RATE
    assert np.abs(off(found, height.crossings(0.7))).max() <= 0.3


def test_a_jump_of_phase_is_told_and_followed_while_every_cycle_stays_one(way: str) -> None:
    t = np.arange(25_000) / RATE
    samples = PEAK * np.sin(2 * np.pi * (50 * t + np.where(t >= 1.0, 0.15, 0.0)))
    found = streamed(samples[:, None].astype(np.float32))
    assert np.isin(found.mark, JUMPED).sum() == 1
    lasted = found.end - found.start
    assert np.abs(lasted[1:] - 100).max() <= 1.0
    assert (
        np.abs(found.cycle[4:, 0] / NOMINAL - 1)[np.abs(found.end[4:] - 10_000) > 300].max() < 0.01
    )
    truth = (np.arange(100, 260) / 2 - 0.15) / 50
    assert np.abs(off(found, truth, since=18_000)).max() <= 0.1


def test_a_ramp_of_frequency_bends_no_value(way: str) -> None:
    t = np.arange(40_000) / RATE
    samples = PEAK * np.sin(2 * np.pi * (50 * t + t**2 / 2))
    found = streamed(samples[:, None].astype(np.float32))
    assert np.abs(found.cycle[4:, 0] / NOMINAL - 1).max() <= 0.001


def test_a_voltage_that_is_dead_from_the_start_is_cut_as_the_one_that_lives(way: str) -> None:
    living = Height(50.02, 0.1).sampled(2.0)
    dead = np.where(np.arange(len(living)) < 12_000, 0, living).astype(np.float32)
    found = streamed(np.stack([dead, living], axis=1))
    own = found.group == 0
    before, after = own & (found.end < 11_900), own & (found.end > 14_000)
    assert before.sum() >= 110
    assert set(found.mark[before]) == {CARRIED}
    assert np.nanmax(found.cycle[before, 0]) == 0
    assert CARRIED not in found.mark[after]
    assert found.cycle[after, 0] == pytest.approx(NOMINAL, rel=1e-3)
    assert found.cycle[(found.group == 1), 1][2:] == pytest.approx(NOMINAL, rel=1e-4)


def test_interharmonics_that_shake_every_crossing_do_not_stop_it(way: str) -> None:
    t = np.arange(30_000) / RATE
    samples = PEAK * (np.sin(2 * np.pi * 50.02 * t) + 0.01 * np.sin(2 * np.pi * 40 * t))
    found = streamed(samples[:, None].astype(np.float32))
    assert np.abs(off(found, np.arange(1, 310) / 100.04)).max() <= 2.0
    assert len(found.end) >= 250


def test_noise_makes_a_cycle_no_longer_so_its_value_wavers_as_its_samples_do(way: str) -> None:
    dice, seconds = np.random.default_rng(12), 20.0
    wave = Height(50.0, 0.0037)
    samples = wave.sampled(seconds) + dice.normal(0, 0.23, int(seconds * RATE))
    found = streamed(samples[:, None].astype(np.float32))
    squares = np.square(samples.astype(np.float32), dtype=float)
    whole = np.convolve(squares, np.ones(200) / 200, mode="valid")  # of any 200 samples: a cycle
    late = found.end > 1.0 * RATE
    own = found.cycle[late, 0]
    same = np.sqrt(whole[np.round(found.end[late]).astype(int) - 200])
    assert len(own) >= 1800
    assert np.std(own) <= 1.006 * np.std(same)
    assert np.abs(own - same).max() <= 2e-4 * NOMINAL


EVENTS = some.lists(some.tuples(some.floats(0.3, 1.6), some.floats(0, 1.5)), max_size=4)


@settings(max_examples=10)
@given(EVENTS, some.integers(0, 99))
def test_plain_and_compiled_agree_on_whatever_happens(
    events: list[tuple[float, float]], seed: int
) -> None:
    events = sorted(events)
    since, factor = tuple(t for t, _ in events), tuple(f for _, f in events)
    dice = np.random.default_rng(seed)
    turned = [Height(50.03, -k / 3, since, factor).sampled(2.0) for k in range(3)]
    samples = np.stack(turned, axis=1) + dice.normal(0, 0.1, (20_000, 3)).astype(np.float32)
    one = streamed(samples.astype(np.float32), 333)
    with pytest.MonkeyPatch.context() as patch:
        plain(patch)
        other = streamed(samples.astype(np.float32), 333)
    assert one.group.tolist() == other.group.tolist()
    assert one.mark.tolist() == other.mark.tolist()
    np.testing.assert_allclose(one.end, other.end, atol=1e-6)
    np.testing.assert_allclose(one.cycle, other.cycle, rtol=1e-5, atol=1e-5 * NOMINAL)
