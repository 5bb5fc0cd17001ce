"""Recordings analysed: fits to a few cycles, levels that are usual, shares of the work done."""

from dataclasses import replace

import numpy as np
import pytest
from measurement.signals import distorted, power, sampled, sine, turns
from numpy.typing import NDArray

from smartpdu.measurement.disturbance import Disturbance, Kind
from smartpdu.measurement.fitted import fitted, frequency, reach, refined
from smartpdu.measurement.inrush import Inrush
from smartpdu.measurement.report import Analysis, analysis
from smartpdu.measurement.report_layout import ABOVE, Material, Part, cycle_rms, usual


def finished(material: Material) -> tuple[Analysis, list[float]]:
    """The analysis of a recording, and the shares of the work that were told on the way."""
    steps, shares = analysis(material), []
    while True:
        try:
            shares.append(next(steps))
        except StopIteration as end:
            return end.value, shares


def material(samples: NDArray[np.float32], rate: float, *, pairs: int = 0) -> Material:
    """Voltages, and behind them as many currents as there are pairs."""
    last = samples.shape[1] - pairs
    return Material(
        samples,
        (Part(0, len(samples), rate),),
        tuple(range(last)),
        tuple(range(last, last + pairs)),
        tuple((k, last + k) for k in range(pairs)),
        (tuple(range(last)),),
    )


@pytest.mark.parametrize("hertz", [42.5, 49.973, 50.02, 57.5, 59.97, 69.0])
@pytest.mark.parametrize("cycles", [2.0, 4.0, 9.7])
def test_the_frequency_of_a_few_cycles_is_found(hertz: float, cycles: float) -> None:
    dice = np.random.default_rng(round(hertz * 1000 + cycles))
    rate = 10_000.0
    wave = distorted(230.0, dice.uniform(), dice)
    samples = sampled([wave], turns(rate, hertz, cycles / hertz, dice.uniform()))
    near = frequency(samples, rate)
    assert near == pytest.approx(hertz, rel=5e-3)
    assert refined(samples, rate, near) == pytest.approx(hertz, rel=2e-4)


@pytest.mark.parametrize("hertz", [42.5, 50.02, 69.0])
def test_a_fit_reads_harmonics_as_they_were_made(hertz: float) -> None:
    dice = np.random.default_rng(7)
    wave, rate = distorted(230.0, 0.1, dice), 12_800.0
    samples = sampled([wave], turns(rate, hertz, 3 / hertz)) + np.float32(4.0)
    fit = fitted(samples, rate, hertz)
    assert fit.mean[0] == pytest.approx(4.0, rel=1e-4)
    assert np.abs(fit.phasor[:, 0]) == pytest.approx(wave.rms, abs=2e-4)
    turned = np.exp(1j * (wave.angle - np.pi / 2))
    assert fit.phasor[:, 0] == pytest.approx(wave.rms * turned, abs=3e-4)
    assert np.abs(fit.rest).max() < 1e-3


def test_a_fit_tells_no_order_that_samples_cannot_hold() -> None:
    assert [reach(r, 50.0) for r in (400, 800, 1600, 3200, 10_000)] == [3, 7, 15, 30, 50]
    samples = sampled([sine(230.0)], turns(800.0, 50.0, 0.06))
    fit = fitted(samples, 800.0, 50.0)
    assert np.isfinite(fit.phasor[:7]).all()
    assert np.isnan(fit.phasor[7:]).all()


@pytest.mark.parametrize("cycles", [3, 40])
def test_powers_of_distorted_waves_are_those_of_their_orders(cycles: int) -> None:
    dice = np.random.default_rng(cycles)
    waves = [distorted(230.0, 0.1, dice), distorted(7.0, 0.02, dice)]
    samples = sampled(waves, turns(12_800.0, 50.03, cycles / 50.03))
    found, _ = finished(material(samples, 12_800.0, pairs=1))
    assert found.powers[0].active == pytest.approx(power(*waves), rel=5e-5)
    assert found.rms == pytest.approx([wave.total for wave in waves], rel=3e-5)
    assert found.thd == pytest.approx([wave.thd for wave in waves], rel=2e-3)


def test_a_longer_recording_of_the_same_says_the_same() -> None:
    dice = np.random.default_rng(3)
    waves = [distorted(230.0, 0.3, dice), distorted(9.0, 0.4, dice)]
    short, long = (
        finished(material(sampled(waves, turns(8000.0, 50.0, s)), 8000.0, pairs=1))[0]
        for s in (0.1, 3.0)
    )
    assert short.extent is not None
    assert long.extent is not None
    assert (short.extent.windows, long.extent.windows > 10) == (0, True)
    assert short.rms == pytest.approx(long.rms, rel=2e-5)
    assert short.harmonics == pytest.approx(long.harmonics, abs=0.02)
    assert short.powers[0].reactive == pytest.approx(long.powers[0].reactive, rel=1e-4)


def test_shares_of_the_work_grow_to_the_whole() -> None:
    samples = sampled([sine(230.0)], turns(5000.0, 50.0, 6.0))
    _, shares = finished(material(samples, 5000.0))
    assert len(shares) == 12
    assert (np.diff(shares) > 0).all()
    assert shares[-1] == 1.0


@pytest.mark.parametrize(
    ("levels", "wanted", "at_first"),
    [
        ([230.0] * 100, 230.0, False),
        ([230.0] * 80 + [138.0] * 20, 230.0, False),
        ([230.0] * 60 + [138.0] * 40, 230.0, True),
        ([230.0] * 30 + [92.0] * 70, 230.0, True),  # a dip for most of the time
        ([230.0] * 6 + [92.0] * 94, 230.0, True),  # and for nearly all of it
        ([230.0] * 3 + [180.0] + [161.0] * 96, 230.0, True),
        ([230.0] * 30 + [299.0] * 60 + [230.0] * 10, 230.0, True),  # and a swell
        ([276.0] * 10 + [230.0] * 90, 230.0, False),  # a swell at the beginning
        ([0.0] * 60 + [230.0] * 40, 230.0, False),  # switched on
        ([230.0] * 20 + [0.1] * 80, 230.0, True),  # switched off
        ([115.0] * 10 + [230.0] * 90, 230.0, False),  # a dip at the beginning
        ([np.nan] * 50 + [230.0] * 50, 230.0, False),
        ([0.0] * 50, np.nan, False),
        ([np.nan] * 50, np.nan, False),
        ([], np.nan, False),
    ],
)
def test_the_usual_level_is_that_before_and_after_what_happened(
    levels: list[float], wanted: float, at_first: bool
) -> None:
    level, early = usual(np.array(levels).reshape(-1, 1))
    assert level == pytest.approx(wanted, nan_ok=True)
    assert early is at_first


def test_what_was_before_a_trigger_is_held_against_what_follows() -> None:
    levels = np.array([230.0] * 10 + [193.0] * 90).reshape(-1, 1)
    assert usual(levels)[0] == pytest.approx(193.0)
    assert usual(levels, ABOVE) == (pytest.approx(230.0), True)


def test_rms_between_samples_is_that_of_the_wave() -> None:
    samples = sampled([sine(230.0)], turns(10_000.0, 49.3, 0.3))[:, 0]
    bounds = np.arange(3.3, len(samples) - 1, 10_000 / 49.3 / 2)
    half, cycle = cycle_rms(samples, bounds)
    assert half == pytest.approx(np.full(len(half), 230.0), rel=1e-3)
    assert cycle[1:] == pytest.approx(np.full(len(cycle) - 1, 230.0), rel=1e-5)
    assert np.isnan(cycle[0])


@pytest.mark.parametrize(
    ("first", "then", "edge"),
    [(0.0, 10.0, 3.0), (10.0, 0.0, 1.0), (10.0, 1.0, 1.0), (0.0, 10.0, 3.0137), (10.0, 1.0, 0.003)],
)
@pytest.mark.parametrize("hertz", [50.0, 49.87])
def test_reactive_power_and_phasor_of_a_changing_current_fit_its_active_power(
    first: float, then: float, edge: float, hertz: float
) -> None:
    at = np.arange(40_000) / 10_000
    turn = 2 * np.pi * hertz * at
    level = np.where(at < edge, first, then)
    u, i = (np.sqrt(2) * a * np.sin(turn - b) for a, b in ((230.0, 0.0), (level, 0.4)))
    found, _ = finished(material(np.stack([u, i], axis=1), 10_000.0, pairs=1))
    told, extent = found.powers[0], found.extent
    assert extent is not None
    seen = slice(round(extent.start), round(extent.end))
    # an edge within a cycle shifts what has its frequency by half a cycle's part at the most
    little = 10 / extent.cycles / 2
    assert abs(found.phasor[1]) == pytest.approx(level[seen].mean(), abs=little)
    own = found.phasor[0] * found.phasor[1].conjugate()
    assert told.active == pytest.approx(own.real, rel=1e-4)
    assert told.reactive == pytest.approx(own.imag, rel=1e-4)
    assert told.reactive == pytest.approx(np.tan(0.4) * told.active, abs=230 * little)


@pytest.mark.parametrize("seconds", [3.0, 0.6])
def test_noise_has_no_harmonics_of_a_fundamental(seconds: float) -> None:
    dice = np.random.default_rng(5)
    turn = 2 * np.pi * 50 * np.arange(round(10_000 * seconds)) / 10_000
    noise = 0.02 * dice.standard_normal((len(turn), 2))
    noise[:, 1] += 0.01 * np.sin(turn)
    samples = np.stack([325 * np.sin(turn), *noise.T], axis=1)
    rows = (0, 1), (0, 2)
    part = Part(0, len(turn), 10_000.0)
    found, _ = finished(Material(samples, (part,), (0,), (1, 2), rows, ((0,),)))
    assert found.rms[1] == pytest.approx(0.02, rel=0.03)
    assert np.isnan(found.harmonics[:, 1]).all()
    assert np.isnan(found.thd[1])
    assert found.harmonics[0, 2] == 100
    assert found.thd[2] > 10


def test_a_phase_that_is_lost_has_the_powers_of_the_cycles_it_had() -> None:
    at = np.arange(30_000) / 10_000
    level = (at < 1.0).astype(float)
    dice = np.random.default_rng(2)
    turn = 2 * np.pi * 50.02 * at
    u, i = (np.sqrt(2) * a * np.sin(turn - b) * level for a, b in ((230.0, 0.0), (10.0, 0.4)))
    samples = np.stack([u, i], axis=1) + dice.normal(0, 0.02, (len(at), 2))
    found, _ = finished(material(samples, 10_000.0, pairs=1))
    told = found.powers[0]
    assert told.active == pytest.approx(2300 * np.cos(0.4) / 3, rel=0.01)
    assert told.reactive == pytest.approx(2300 * np.sin(0.4) / 3, rel=0.01)
    assert told.displacement_factor == pytest.approx(np.cos(0.4), abs=1e-3)
    assert np.abs(found.phasor) == pytest.approx([230 / 3, 10 / 3], rel=0.01)


def test_the_phasor_of_a_current_outlives_the_leading_voltage() -> None:
    at = np.arange(40_000) / 10_000
    turn = 2 * np.pi * 50.02 * at
    u = [np.sqrt(2) * 230 * np.sin(turn - k * 2 * np.pi / 3) for k in range(3)]
    u[0] = u[0] * (at < 2.0) + np.random.default_rng(3).normal(0, 0.05, len(at))
    i = np.sqrt(2) * 10 * np.sin(turn - 2 * np.pi / 3 - 0.4)
    made = material(np.stack([*u, i], axis=1), 10_000.0, pairs=1)
    found, _ = finished(replace(made, voltages=(0, 1, 2), pairs=((1, 3),), systems=((0, 1, 2),)))
    assert np.abs(found.phasor) == pytest.approx([115.0, 230.0, 230.0, 10.0], rel=0.01)
    assert np.angle(found.phasor[3]) == pytest.approx(-2 * np.pi / 3 - 0.4, abs=0.01)
    assert found.powers[0].reactive == pytest.approx(2300 * np.sin(0.4), rel=1e-3)


@pytest.mark.parametrize("cycles", [6.0, 6.7, 9.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_cycles_before_a_loss_have_no_assumed_pace(cycles: float, seed: int) -> None:
    dice = np.random.default_rng(seed)
    at, hertz = np.arange(15_200) / 10_000, 50.01
    edge, begin = cycles / hertz, dice.uniform(0, 2 * np.pi)
    turn = 2 * np.pi * hertz * at + begin
    samples = np.stack([325 * np.sin(turn - k * 2 * np.pi / 3) for k in range(3)], axis=1)
    samples += np.stack([6 * np.sin(5 * turn - k * 2 * np.pi / 3 * 5) for k in range(3)], axis=1)
    samples = samples * (at < edge)[:, None] + dice.normal(0, 0.003, samples.shape)
    found, _ = finished(replace(material(samples, 10_000.0), nominal_voltage=230.0))
    assert found.frequencies == pytest.approx([hertz] * 3, abs=0.02)
    for trend in found.trends:
        known = np.isfinite(trend.at)
        where, carried = trend.at[known] / 10_000, trend.carried[known]
        assert not carried[where < edge - 1.5 / hertz].any()
        assert carried[where > edge + 3 / hertz].all()


def test_a_voltage_that_comes_later_has_an_assumed_pace_until_then() -> None:
    at = np.arange(15_000) / 10_000
    hum = 6 * np.sin(2 * np.pi * 50.01 * at)
    level = np.sqrt(2) * 230 * np.sin(2 * np.pi * 50.01 * at + 1)
    found, _ = finished(material(np.where(at < 0.6, hum, level)[:, None], 10_000.0))
    where, carried = found.trends[0].at / 10_000, found.trends[0].carried
    assert carried[where < 0.55].all()
    assert not carried[where > 0.8].any()


def holed(seconds: float, holes: list[int], low: tuple[float, float]) -> NDArray[np.float32]:
    """A voltage at 5 kHz that dips to half, and lacks these samples."""
    at = np.arange(round(5000 * seconds)) / 5000
    level = np.where((at >= low[0]) & (at < low[1]), 0.5, 1.0)
    samples = level * np.sqrt(2) * 230 * np.sin(2 * np.pi * 50.03 * at + 0.4)
    samples[holes] = np.nan
    return samples[:, None].astype(np.float32)


@pytest.mark.parametrize(
    ("holes", "low"),
    [
        ([500], (0.03, 0.07)),  # near the beginning
        ([*range(9900, 9903), 10_500], (2.03, 2.07)),  # at either side of the dip
        (list(range(350, 20_000, 700)), (1.0, 1.06)),  # seven cycles apart
        ([10_200], (2.03, 2.07)),  # within it
    ],
)
def test_a_few_missing_samples_hide_no_dip_and_bend_no_frequency(
    holes: list[int], low: tuple[float, float]
) -> None:
    wanted = replace(material(holed(4.0, holes, low), 5000.0), nominal_voltage=230.0)
    found, _ = finished(wanted)
    (dip,) = found.events
    assert isinstance(dip, Disturbance)
    assert dip.kind is Kind.DIP
    assert dip.start / 5000 == pytest.approx(low[0], abs=0.021)
    assert (dip.end - dip.start) / 5000 == pytest.approx(low[1] - low[0] + 0.01, abs=0.0205)
    assert dip.residual == pytest.approx(115, rel=2e-3)
    assert found.frequency == pytest.approx(50.03, abs=2e-3)
    assert found.frequencies[0] == found.frequency
    trend = found.trends[0]
    for hole in holes:
        near = (trend.at < hole) & (trend.at + 50 > hole)
        assert np.isnan(trend.rms[near]).all()
    assert np.isfinite(trend.rms).sum() > 0.7 * len(trend.rms)


def test_a_missing_spike_is_no_transient_and_a_long_hole_is_a_gap() -> None:
    samples = holed(2.0, list(range(5025, 5037)), (9.0, 9.0))
    found, _ = finished(replace(material(samples, 5000.0), nominal_voltage=230.0))
    assert found.events == ()
    assert found.rms[0] == pytest.approx(230, rel=1e-4)
    assert found.extent is not None
    assert found.extent.cycles >= 98
    samples = holed(2.0, list(range(5000, 5100)), (9.0, 9.0))
    found, _ = finished(replace(material(samples, 5000.0), nominal_voltage=230.0))
    assert found.extent is not None
    assert 85 < found.extent.cycles < 98


def test_an_inrush_leaves_a_steady_current_its_harmonics() -> None:
    at = np.arange(60_000) / 10_000
    turn = 2 * np.pi * 50 * at
    steady = np.sin(turn - 0.3) + 0.1 * np.sin(3 * turn)
    since = np.clip(at - 3.004, 0, None)
    rushes = 40 * np.exp(-since / 0.02) * np.sin(turn) * (at >= 3.004) * (since < 0.06)
    samples = np.stack([np.sqrt(2) * 230 * np.sin(turn), steady + rushes], axis=1)
    found, _ = finished(replace(material(samples, 10_000.0, pairs=1), nominal_voltage=230.0))
    (rush,) = found.events
    assert isinstance(rush, Inrush)
    assert found.harmonics[2, 1] == pytest.approx(10, abs=0.1)
    assert found.thd[1] == pytest.approx(10, abs=0.1)


def test_a_direct_voltage_has_power_and_no_phase_angle() -> None:
    dice = np.random.default_rng(3)
    current = 10 + np.tile([0.5, -0.5], 2500)
    samples = np.stack([48 - 0.02 * current, current], axis=1) + dice.normal(0, 1e-3, (5000, 2))
    samples[100, 0] = np.nan
    found, _ = finished(material(samples, 10_000.0, pairs=1))
    told = found.powers[0]
    assert told.active == pytest.approx(48 * 10 - 0.02 * (100 + 0.25), rel=1e-4)
    assert told.apparent == pytest.approx(47.8 * np.sqrt(100.25), rel=1e-4)
    assert told.power_factor == pytest.approx(told.active / told.apparent)
    assert np.isnan([told.reactive, told.displacement_factor, found.frequency]).all()
    alternating = samples - [[47.8, 0]]  # what is left is noise: no power of it is told
    found, _ = finished(material(alternating, 10_000.0, pairs=1))
    assert np.isnan([found.powers[0].active, found.powers[0].apparent]).all()
    samples[:, 0] *= 1e299
    found, _ = finished(material(samples, 10_000.0, pairs=1))
    assert np.isnan(found.powers[0].active)


@pytest.mark.parametrize("size", [1e20, 1e160, 1e300])
def test_values_too_large_to_be_measured_are_none(size: float) -> None:
    samples = sampled([sine(230.0), sine(230.0)], turns(5000.0, 50.0, 1.0)).astype(float)
    samples[:, 1] *= size
    found, _ = finished(replace(material(samples, 5000.0, pairs=0), systems=((0,), (1,))))
    assert found.beyond == (1,)
    assert found.rms[0] == pytest.approx(230.0, rel=1e-4)
    assert np.isnan([found.rms[1], found.peak[1], found.crest_factor[1], found.mean[1]]).all()
    alone, _ = finished(material(samples[:, 1:], 5000.0))
    assert (alone.beyond, alone.extent) == ((0,), None)
    assert np.isnan([alone.rms[0], alone.peak[0], alone.crest_factor[0]]).all()


def test_one_value_too_large_to_be_measured_is_missing() -> None:
    samples = sampled([sine(230.0)], turns(5000.0, 50.0, 2.0)).astype(float)
    samples[4000] = -1e300
    found, _ = finished(material(samples, 5000.0))
    assert found.beyond == (0,)
    assert found.rms[0] == pytest.approx(230.0, rel=1e-3)
    assert found.peak[0] == pytest.approx(230.0 * np.sqrt(2), rel=1e-3)


def test_an_ordinary_recording_has_no_value_too_large() -> None:
    samples = sampled([sine(230.0)], turns(5000.0, 50.0, 1.0))
    samples[100] = np.nan
    assert finished(material(samples, 5000.0))[0].beyond == ()
