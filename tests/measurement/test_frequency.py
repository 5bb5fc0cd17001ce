"""Frequency by whole cycles: of each cycle, and of ten seconds of UTC."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from measurement.fed import measured
from measurement.signals import distorted, sampled, sine, turns

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.clock import Clock
from smartpdu.measurement.frequency import Count, Frequency, counted, cycle_frequency
from smartpdu.measurement.waveform import Bounds

TICK = 1_800_000_000.0
RATE = 10_000.0


def bounds(at: np.ndarray, mark: int = 0, *marked: int) -> Bounds:
    marks = np.zeros(len(at), np.int64)
    marks[list(marked)] = mark
    return Bounds(np.asarray(at, float), marks)


def test_ten_seconds_hold_the_whole_cycles_between_two_ticks_and_no_cut_one() -> None:
    at = 103.0 + 205.0 * np.arange(1600)  # 48.78 Hz
    clock = Clock(0.0, TICK - 5.0, RATE)

    count, found = counted(Count(), bounds(at), clock)

    assert [(f.begin - TICK, f.end - TICK) for f in found] == [(-10, 0), (0, 10), (10, 20)]
    first, last = at[at >= 50_000][0], at[at < 150_000][-1]
    assert found[1].cycles == round((last - first) / 205)
    assert found[1].frequency == pytest.approx(RATE / 205, rel=1e-13)
    assert np.isnan(found[0].frequency)  # it was under way when the first cycle came
    assert count.begin == TICK + 20


def test_the_true_rate_makes_the_frequency() -> None:
    at = 200.0 * np.arange(1600)
    clock = Clock(0.0, TICK, 9_999.0)

    _, (found, *_) = counted(Count(), bounds(at), clock)

    assert found.frequency == pytest.approx(9_999.0 / 200, rel=1e-13)


@settings(max_examples=40)
@given(seed=some.integers(0, 999), at=some.floats(TICK - 10, TICK))
def test_blocks_of_any_size_give_the_same_ten_seconds(seed: int, at: float) -> None:
    dice = np.random.default_rng(seed)
    places = np.cumsum(dice.uniform(190, 210, 3000))
    clock, count, pieces = Clock(0.0, at, RATE), Count(), []
    for part in np.split(places, np.sort(dice.integers(0, 3000, 40))):
        count, found = counted(count, bounds(part), clock)
        pieces += found

    assert pieces[1:] == list(counted(Count(), bounds(places), clock)[1][1:])
    assert len(pieces) >= 5
    # one after the other, and every cycle in one or cut by a tick
    assert [f.begin for f in pieces] == [pieces[0].begin + 10 * k for k in range(len(pieces))]
    cut = len(pieces)
    assert sum(f.cycles for f in pieces) + count.cycles + cut == 2999


def test_cycles_that_were_carried_on_are_no_frequency() -> None:
    at = 200.0 * np.arange(2200)
    clock = Clock(0.0, TICK, RATE)

    _, found = counted(Count(), bounds(at, 1, 700), clock)

    assert [bool(np.isnan(f.frequency)) for f in found] == [False, True, False, False]


@pytest.mark.parametrize("mark", [2, 3])
def test_a_jump_of_phase_and_another_leading_voltage_leave_a_frequency(mark: int) -> None:
    _, found = counted(Count(), bounds(200.0 * np.arange(1100), mark, 700), Clock(0, TICK, RATE))

    assert [f.frequency for f in found] == pytest.approx([50.0, 50.0])


def test_ten_seconds_that_lack_cycles_are_no_frequency() -> None:
    at = 200.0 * np.arange(480)  # 9.6 s, then another stream
    clock = Clock(0.0, TICK, RATE)

    count, none = counted(Count(), bounds(at), clock)
    _, found = counted(count, bounds(at + 100_000), clock)

    assert none == ()
    assert (found[0].cycles, np.isnan(found[0].frequency)) == (479, True)


def test_a_leap_second_makes_ten_seconds_of_eleven_and_no_wrong_frequency() -> None:
    at = 100.0 + 200.0 * np.arange(1700)
    count, first = counted(Count(), bounds(at[:502]), Clock(0.0, TICK - 10.0, RATE))
    # 40 ms after the tick the second begins once more
    _, found = counted(count, bounds(at[502:]), Clock(100_400, TICK - 0.96, RATE))

    whole = [*first, *found]
    assert [(f.end - TICK, f.cycles) for f in whole] == [(0, 499), (10, 549), (20, 499)]
    assert [f.frequency for f in whole] == pytest.approx([50.0] * 3)


def test_each_cycle_has_its_frequency_but_those_that_were_not_measured() -> None:
    clock, lasted = Clock(0.0, TICK, RATE), np.array([200.0, 201, 199, 200, 200, 202, 200, 200])
    at = np.cumsum(lasted)
    marks = np.array([0, 0, 0, 1, 0, 0, 2, 0])

    first = cycle_frequency(Count(), Bounds(at[:2], marks[:2]), clock)
    count, _ = counted(Count(), Bounds(at[:2], marks[:2]), clock)
    then = cycle_frequency(count, Bounds(at[2:], marks[2:]), clock)

    gap = np.nan  # of the first bound; to and from one that was carried on; to one that was moved
    expected = [gap, RATE / 201, RATE / 199, gap, gap, RATE / 202, gap, RATE / 200]
    assert [*first, *then] == pytest.approx(expected, nan_ok=True)


@pytest.mark.requirement("R-16.1-2")
@pytest.mark.parametrize(
    ("nominal", "frequency"),
    [
        *((50, f) for f in (42.5, 46.73, 49.973, 50.02, 53.7, 57.5)),
        *((60, f) for f in (51.0, 55.91, 59.97, 60.0, 64.3, 69.0)),
    ],
)
def test_ten_seconds_of_distorted_voltages_are_right_to_a_twentieth_of_a_millihertz(
    nominal: float, frequency: float
) -> None:
    dice = np.random.default_rng(int(1000 * frequency))
    waves = [distorted(230.0, -k / 3 + dice.random(), dice) for k in range(2)]
    samples = sampled(waves, turns(RATE, frequency, 21.0, dice.random()))
    clock = Clock(0.0, TICK + 9.5 + dice.random() / 10, RATE)

    stream = measured(Channels(RATE, nominal, 230.0, np.arange(2)), samples, dice)
    _, (_, *found) = counted(Count(), stream.bounds, clock)

    assert len(found) == 2
    assert [f.frequency for f in found] == pytest.approx([frequency] * 2, abs=0.05e-3)
    cycles = cycle_frequency(Count(), stream.bounds, clock)[20:]
    assert cycles == pytest.approx(np.full(len(cycles), frequency), abs=1e-3)


def test_noise_and_an_interharmonic_leave_ten_seconds_right_to_a_millihertz() -> None:
    dice = np.random.default_rng(5)
    turned = turns(RATE, 50.02, 21.0, 0.4)
    hum = 2.3 * np.sqrt(2) * np.sin(2 * np.pi * 80 / 50.02 * turned)  # 1 % at 80 Hz
    clean = sine(230.0).at(turned) + hum
    noise = 0.23 * dice.standard_normal(len(turned))
    clock = Clock(0.0, TICK + 9.5, RATE)
    samples = (clean + noise)[:, None].astype(np.float32)

    stream = measured(Channels(RATE, 50, 230.0, np.arange(1)), samples, dice)
    _, (_, *found) = counted(Count(), stream.bounds, clock)

    assert [f.frequency for f in found] == pytest.approx([50.02] * 2, abs=1e-3)


def test_a_ramp_has_the_frequency_of_its_middle() -> None:
    dice, seconds = np.random.default_rng(6), np.arange(0, 22, 1 / RATE)
    turned = 49.0 * seconds + 0.05 * seconds**2  # 0.1 Hz a second
    samples = sine(230.0).at(turned)[:, None].astype(np.float32)
    clock = Clock(0.0, TICK + 9.0, RATE)

    stream = measured(Channels(RATE, 50, 230.0, np.arange(1)), samples, dice)
    _, (_, *found) = counted(Count(), stream.bounds, clock)

    middle = [49.0 + 0.1 * 6.0, 49.0 + 0.1 * 16.0]
    assert [f.frequency for f in found] == pytest.approx(middle, abs=2e-3)  # cut cycles


def test_a_lost_voltage_is_no_frequency_of_these_ten_seconds_and_one_again_after() -> None:
    dice = np.random.default_rng(8)
    samples = sine(230.0).at(turns(RATE, 49.9, 41.0))[:, None].astype(np.float32)
    samples[150_000:152_000] = 0.0  # 200 ms
    clock = Clock(0.0, TICK, RATE)

    stream = measured(Channels(RATE, 50, 230.0, np.arange(1)), samples, dice)
    _, found = counted(Count(), stream.bounds, clock)

    assert isinstance(found[1], Frequency)
    assert np.isnan(found[1].frequency)
    assert [f.frequency for f in found[2:]] == pytest.approx([49.9] * 2, abs=1e-4)
