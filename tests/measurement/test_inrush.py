"""Inrush of supplies, against the vectors and against what was put in."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from measurement.heights import NOMINAL
from measurement.signals import Array

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.inrush import Cause, Hint, Inrush, Limits, calm, gapped, rushed
from smartpdu.measurement.waveform import Stream

PEAK = np.sqrt(2) * NOMINAL
FINE = 5e-6  # s, the step of the law
SUPPLIES = {550: (270e-6, 12.0), 1100: (560e-6, 9.0), 2400: (1120e-6, 6.0), 3300: (1560e-6, 5.0)}


def charging(volts: Array, capacity: float, ohms: float) -> Array:
    """Current through a bridge into an empty capacitor, at steps of the law."""
    current, charge = np.zeros_like(volts), 0.0
    for k, v in enumerate(volts):
        i = max(0.0, abs(v) - charge) / ohms
        current[k] = np.copysign(i, v)
        charge += i / capacity * FINE
    return current


def switched(
    watts: int, degrees: float, rate: float = 50_000.0, at: float = 0.7, load: float = 0.0
) -> tuple[Array, float]:
    """Voltage and current of a supply that is switched on, and the moment in samples.

    The load stands behind another outlet all the time.
    """
    turn = round(at * 50) + degrees / 360
    begin = turn / 50
    n = round(1.4 / FINE)
    t = np.arange(n) * FINE
    volts = PEAK * np.sin(2 * np.pi * 50 * t)
    capacity, limiter = SUPPLIES[watts]
    current = np.sqrt(2) * load * np.sin(2 * np.pi * 50 * t)
    first = int(np.ceil(begin / FINE))
    current[first:] += charging(volts[first:], capacity, limiter + 0.3)
    step = round(1 / rate / FINE)
    return np.stack([volts, current], axis=1)[::step], begin * rate


def found(
    samples: Array,
    rate: float,
    hints: tuple[Hint, ...] = (),
    blocks: tuple[int, ...] = (500,),
    group: tuple[int, ...] = (0, 0),
    limits: Limits | None = None,
) -> list[Inrush]:
    """The inrushes of a stream."""
    channels = Channels(rate, 50.0, NOMINAL, np.array(group))
    stream, state, told = Stream(channels), calm(channels, limits), []
    start, turn = 0, 0
    while start < len(samples):
        block = samples[start : start + blocks[turn % len(blocks)]].astype(np.float32)
        now = tuple(h for h in hints if start <= h.at < start + len(block))
        state, new = rushed(state, block, stream.take(block).halves, now)
        told += new
        start, turn = start + len(block), turn + 1
    return told


@pytest.mark.requirement("R-5.1-1", "R-5.3-5")
@pytest.mark.parametrize("watts", list(SUPPLIES))
@pytest.mark.parametrize("degrees", [0, 90])
def test_it_reads_what_the_vectors_say(watts: int, degrees: int, data: Path) -> None:
    vectors = json.loads((data / "vectors.json").read_text())
    want = next(v for v in vectors if v["id"] == f"V-INR-{watts}W-a{degrees}")["expected"]
    samples, at = switched(watts, degrees)
    (i,) = found(samples, 50_000.0)
    assert i.peak == pytest.approx(want["peak_A"], rel=0.02)
    assert i.i2t == pytest.approx(want["i2t_A2s"], rel=0.02)
    assert 1000 * i.width == pytest.approx(want["width50_ms"], rel=0.02)
    assert i.start == pytest.approx(at, abs=0.0005 * 50_000)


@pytest.mark.requirement("R-5.1-1")
@pytest.mark.parametrize("degrees", range(0, 360, 30))
@pytest.mark.parametrize("rate", [10_000.0, 50_000.0])
def test_every_angle_is_read_and_peak_and_heat_within_two_percent(
    degrees: int, rate: float
) -> None:
    samples, at = switched(1100, degrees, rate)
    current = switched(1100, degrees, 200_000.0)[0][:, 1]
    (i,) = found(samples, rate)
    assert i.peak == pytest.approx(np.abs(current).max(), rel=0.02)
    assert i.i2t == pytest.approx(np.square(current).sum() / 200_000, rel=0.02)
    off = (i.angle - degrees + 180) % 360 - 180
    assert abs(off) <= 180 * 100 * 2.5 / rate + 3, "two samples, and what is too small to see"
    assert 0 <= i.angle < 360
    assert i.start == pytest.approx(at, abs=0.0004 * rate)
    assert 0.005 * rate <= i.end - i.start <= 0.08 * rate
    assert i.settled
    assert i.before == pytest.approx(0, abs=0.01)
    assert i.after == pytest.approx(0, abs=0.2)


def test_the_greatest_half_cycle_is_told() -> None:
    samples, _ = switched(2400, 0, 50_000.0)
    (i,) = found(samples, 50_000.0)
    first = samples[35_000:35_500, 1]  # closed at zero: the first half-cycle is all of it
    assert i.rms == pytest.approx(np.sqrt(np.square(first).mean()), rel=0.01)


def test_heat_is_counted_from_the_half_cycle_it_begins_in() -> None:
    samples, at = switched(1100, 100, 50_000.0, load=5.0)
    (i,) = found(samples, 50_000.0)
    first = int(at) // 500 * 500
    heat = np.square(samples[first : round(i.end), 1]).sum() / 50_000
    assert i.i2t == pytest.approx(heat, rel=0.002)
    assert i.before == pytest.approx(5.0, rel=1e-3)


@pytest.mark.requirement("R-5.3-6")
def test_each_cause_is_told() -> None:
    rate = 10_000.0
    samples, at = switched(1100, 40, rate)
    loaded, _ = switched(1100, 40, rate, load=2.0)
    dark = samples.copy()
    dark[5000 : int(at), 0] = 0.0
    closed = Hint(1, at - 200, Cause.RECLOSED)
    assert [i.cause for i in found(samples, rate, (Hint(1, at - 150),))] == [Cause.SWITCHED]
    assert [i.cause for i in found(samples, rate, (closed,))] == [Cause.RECLOSED]
    assert [i.cause for i in found(dark, rate)] == [Cause.RETURNED]
    assert [i.cause for i in found(samples, rate)] == [Cause.PLUGGED]
    assert [i.cause for i in found(loaded, rate)] == [Cause.STEPPED]


@pytest.mark.requirement("R-5.3-6")
@pytest.mark.parametrize("late", [-9000, 600, 9000])
def test_what_was_switched_at_another_time_or_place_is_no_cause(late: float) -> None:
    samples, at = switched(1100, 40, 10_000.0)
    assert found(samples, 10_000.0, (Hint(1, at + late),))[0].cause is Cause.PLUGGED
    assert found(samples, 10_000.0, (Hint(2, at - 100),))[0].cause is Cause.PLUGGED


def test_a_voltage_that_returns_at_another_phase_gives_the_true_angle() -> None:
    rate = 10_000.0
    t = np.arange(14_000) / rate
    volts = PEAK * np.sin(2 * np.pi * 50 * t)
    volts[5000:9020] = 0.0
    volts[9020:] = PEAK * np.sin(2 * np.pi * (50 * t[9020:] - 0.3))  # an angle of 342.0 - 360 k
    current = np.zeros_like(volts)
    current[9020:9090] = 30.0 * np.sin(np.pi * np.arange(70) / 70) + 3
    (i,) = found(np.stack([volts, current], axis=1), rate)
    assert i.cause is Cause.RETURNED
    degrees = 360 * (50 * 0.902 - 0.3) % 360
    assert abs((i.angle - degrees + 180) % 360 - 180) <= 6


def test_a_load_that_only_draws_more_is_none() -> None:
    t = np.arange(14_000) / 10_000
    volts, wave = PEAK * np.sin(2 * np.pi * 50 * t), np.sqrt(2) * np.sin(2 * np.pi * 50 * t)
    stepped = np.where(t < 0.7034, 2.0, 9.0) * wave
    assert found(np.stack([volts, stepped], axis=1), 10_000.0) == []


@pytest.mark.parametrize(("after", "count"), [(0.0, 0), (4.0, 0), (30.0, 1)])
def test_the_last_half_cycle_of_a_load_that_is_cut_off_is_none(after: float, count: int) -> None:
    """Its current ends where it is zero, and until then swings farther than before."""
    t = np.arange(14_000) / 10_000
    volts, wave = PEAK * np.sin(2 * np.pi * 50 * t), np.sqrt(2) * np.sin(2 * np.pi * 50 * t)
    last = (t >= 0.7) & (t < 0.71)
    cut = np.where(t < 0.7, 30.0, np.where(last, 40.0, after)) * wave
    assert len(found(np.stack([volts, cut], axis=1), 10_000.0)) == count


def test_a_motor_that_starts_is_told_with_all_of_its_start() -> None:
    t = np.arange(24_000) / 10_000
    volts, wave = PEAK * np.sin(2 * np.pi * 50 * t), np.sqrt(2) * np.sin(2 * np.pi * 50 * t - 0.5)
    since = np.maximum(t - 0.7, 0)
    drawn = np.where(t < 0.7, 0.0, np.where(since < 0.8, 40.0 - 15 * since, 8.0))
    (i,) = found(np.stack([volts, drawn * wave], axis=1), 10_000.0)
    assert i.rms == pytest.approx(40, rel=0.02)
    assert i.end - i.start == pytest.approx(8000, abs=200)
    assert i.after == pytest.approx(8, rel=0.01)


def test_one_current_of_many_is_told_and_small_ones_are_not() -> None:
    one, _ = switched(1100, 90, 10_000.0)
    small = one[:, 1:] * 0.1
    samples = np.concatenate([one, small, np.roll(one, 700, axis=0)], axis=1)
    told = found(samples, 10_000.0, group=(0, 0, 0, 1, 1))
    assert [i.channel for i in told] == [1, 4]


@settings(max_examples=6)
@given(some.lists(some.integers(1, 900), min_size=1, max_size=4), some.integers(0, 359))
def test_inrushes_are_the_same_whatever_the_blocks(blocks: list[int], degrees: int) -> None:
    samples, _ = switched(1100, degrees, 10_000.0)
    whole = found(samples, 10_000.0, blocks=(len(samples),))
    assert len(whole) == 1
    assert found(samples, 10_000.0, blocks=tuple(blocks)) == whole


@settings(max_examples=6)
@given(some.floats(0.3, 10), some.integers(0, 359))
def test_twice_the_current_is_twice_the_peak_and_four_times_the_heat(
    scale: float, degrees: int
) -> None:
    samples, _ = switched(1100, degrees, 10_000.0)
    (one,) = found(samples, 10_000.0)
    limits = Limits(3.0 * scale, 1.0 * scale)
    (other,) = found(samples * [1, scale], 10_000.0, limits=limits)
    assert (one.start, one.end, one.angle) == (other.start, other.end, other.angle)
    assert other.peak == pytest.approx(scale * one.peak, rel=1e-5)
    assert other.i2t == pytest.approx(scale**2 * one.i2t, rel=1e-5)


def test_a_gap_forgets_what_is_under_way() -> None:
    samples, at = switched(1100, 90, 10_000.0)
    samples = samples.astype(np.float32)
    channels = Channels(10_000.0, 50.0, NOMINAL, np.array([0, 0]))
    stream, state = Stream(channels), calm(channels)
    cut = int(at) + 300
    state, told = rushed(state, samples[:cut], stream.take(samples[:cut]).halves)
    assert told == ()
    after = np.roll(samples, -10_000, axis=0)[:4000]
    state, told = rushed(gapped(state, 0), after, Stream(channels).take(after).halves)
    assert told == ()
