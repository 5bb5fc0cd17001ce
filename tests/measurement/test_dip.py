"""Dips, swells and interruptions against sequences of Urms(1/2) in closed form."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path

import comtrade
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from measurement.heights import NOMINAL, RATE, Height, dip
from measurement.signals import Array, distorted, turns

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.dip import disturbed, gapped, quiet
from smartpdu.measurement.disturbance import Disturbance, Kind, Limits, flags
from smartpdu.measurement.halves import Halves
from smartpdu.measurement.waveform import Stream, joined

ONCE = Limits(rapid_change=np.inf, rapid_change_hysteresis=0.0)
ANGLES = [k / 16 + 0.0145 for k in range(16)]
SETTLED = 0.50005  # s before a dip; between two samples, where the trapezoid sees a step


def channels(number: int, rate: float = RATE, nominal: float = 50.0) -> Channels:
    """So many voltages, each a group."""
    return Channels(rate, nominal, NOMINAL, np.arange(number))


def halves_of(samples: Array, rate: float = RATE, nominal: float = 50.0) -> Halves:
    """The half-cycles of voltages."""
    stream = Stream(channels(samples.shape[1], rate, nominal))
    parts = [stream.take(samples[k : k + 500]) for k in range(0, len(samples), 500)]
    return joined(parts, samples.shape[1]).halves


def split(halves: Halves, sizes: list[int]) -> list[Halves]:
    """The same half-cycles in blocks of these sizes in turn."""
    parts, start, turn = [], 0, 0
    while start < len(halves.end):
        rows = slice(start, start + sizes[turn % len(sizes)])
        parts.append(Halves(*(getattr(halves, f.name)[rows] for f in fields(Halves))))
        start, turn = rows.stop, turn + 1
    return parts


def told(
    halves: Halves,
    number: int,
    systems: list[tuple[int, ...]] | None = None,
    limits: Limits = ONCE,
    sizes: list[int] | None = None,
) -> list[Disturbance]:
    """Disturbances as they are told, begun and ended."""
    state, found = quiet(channels(number), systems or (), limits), []
    for part in split(halves, sizes or [len(halves.end)]):
        state, new = disturbed(state, part)
        found += new
    return found


def ended(found: list[Disturbance]) -> list[Disturbance]:
    """Those that have ended."""
    return [d for d in found if not np.isnan(d.end)]


def made(values: list[list[float]], first: float = 0.0) -> Halves:
    """Half-cycles of voltages a third of a cycle apart, out of their Urms(1/2) in V."""
    number, length = len(values), len(values[0])
    shape = (number * length, number)
    group = np.tile(np.arange(number), length)
    end = first + np.arange(number * length) * (100.0 / number) + 100
    cycle = np.full(shape, np.nan)
    cycle[np.arange(len(group)), group] = np.array(values).T.ravel()
    return Halves(group, end - 100, end, np.zeros(len(group), int), cycle.copy(), cycle)


@dataclass(frozen=True)
class Expected:
    """What the rules make of one voltage's sequence."""

    start: float
    lasts: int  # half-cycles
    worst: float


def expected(
    height: Height, seconds: float, low: float = 0.9, slack: float = 0.02
) -> list[Expected]:
    """The dips of one voltage, by the letter."""
    begins, values = height.cycles(seconds)
    found, since = [], None
    for k, value in enumerate(values / NOMINAL):
        if since is None and value < low:
            since = k
        elif since is not None and value >= low + slack:
            worst = float(values[since:k].min())
            found.append(Expected(float(begins[since]), k - since, worst))
            since = None
    return found


@pytest.mark.requirement("R-20-34")
@pytest.mark.parametrize("frequency", [50.0, 49.73])
@pytest.mark.parametrize("factor", [0.0, 0.1, 0.4, 0.7, 0.85, 0.899])
@pytest.mark.parametrize("lasts", [0.5, 1, 1.5, 2.5, 10, 30, 250])
def test_a_dip_lasts_as_many_half_cycles_as_its_cycles_are_low(
    lasts: float, factor: float, frequency: float
) -> None:
    seconds = SETTLED + lasts / frequency + 0.3
    length = round(lasts / frequency * RATE) / RATE
    heights = [dip(SETTLED, length, factor, a, frequency) for a in ANGLES]
    halves = halves_of(np.stack([h.sampled(seconds) for h in heights], axis=1))
    found = ended(told(halves, len(heights)))
    half = RATE / frequency / 2
    for channel, height in enumerate(heights):
        own = [d for d in found if d.channels == (channel,) and d.kind is Kind.DIP]
        want = expected(height, seconds)
        assert len(own) == len(want)
        for d, e in zip(own, want, strict=True):
            assert round((d.end - d.start) / half) == e.lasts
            assert d.end - d.start == pytest.approx(e.lasts * half, abs=0.01 * half)
            assert d.start == pytest.approx(e.start * RATE, abs=0.01 * half)
            assert d.residual == pytest.approx(e.worst, abs=0.0002 * NOMINAL)
            assert abs((d.end - d.start) / RATE - lasts / frequency) <= 1.001 / frequency, "class A"
            assert d.whole
            assert d.reference == NOMINAL
            assert d.depth == NOMINAL - d.residual


@pytest.mark.parametrize("factor", [0.0, 0.4, 0.85])
def test_every_cycle_within_a_dip_has_the_value_it_must_have(factor: float) -> None:
    heights = [dip(SETTLED, 0.13, factor, a, 50.02) for a in ANGLES]
    halves = halves_of(np.stack([h.sampled(1.0) for h in heights], axis=1))
    for channel, height in enumerate(heights):
        begins, values = height.cycles(1.0)
        own = halves.group == channel
        cycle, end = halves.cycle[own, channel], halves.end[own] / RATE
        assert len(end) > 90
        for value, moment in zip(cycle[2:], end[2:], strict=True):
            k = int(np.argmin(np.abs(begins + 1 / 50.02 - moment)))
            assert value == pytest.approx(values[k], abs=0.0002 * NOMINAL)


@pytest.mark.parametrize(
    ("low", "high", "dips", "lasts_on"),
    [
        (0.8995, 1.0, 1, False),
        (0.9005, 1.0, 0, False),
        (0.85, 0.9195, 1, True),
        (0.85, 0.9205, 1, False),
    ],
)
def test_thresholds_and_hysteresis_are_met_to_half_a_thousandth(
    low: float, high: float, dips: int, lasts_on: bool
) -> None:
    heights = [Height(50.0, a, (SETTLED, SETTLED + 0.2), (low, high)) for a in ANGLES]
    found = told(halves_of(np.stack([h.sampled(1.2) for h in heights], axis=1)), len(heights))
    for channel in range(len(heights)):
        own = [d for d in found if d.channels == (channel,)]
        assert sum(np.isnan(d.end) for d in own) == dips
        assert len(ended(own)) == (0 if lasts_on else dips)


def test_on_the_threshold_is_no_dip_and_on_the_hysteresis_is_back() -> None:
    def begun_and_ended(values: list[float]) -> list[bool]:
        own = Channels(RATE, 50.0, 200.0, np.arange(1))
        halves = made([[200.0] * 3 + values + [183.0] * 3])
        return [bool(np.isnan(d.end)) for d in disturbed(quiet(own, (), ONCE), halves)[1]]

    assert begun_and_ended([180.0] * 3) == []
    assert begun_and_ended([179.9] * 3) == [True]
    assert begun_and_ended([179.9] * 3 + [184.0]) == [True, False]
    assert begun_and_ended([220.0] * 3) == []
    assert begun_and_ended([220.1] * 3 + [216.0]) == [True, False]


def test_a_swell_is_told_with_its_height() -> None:
    heights = [dip(SETTLED, 0.1, 1.3, a) for a in ANGLES]
    halves = halves_of(np.stack([h.sampled(1.0) for h in heights], axis=1))
    found = ended(told(halves, len(heights)))
    assert [d.kind for d in found] == [Kind.SWELL] * len(heights)
    assert {len(d.channels) for d in found} == {1}
    for d in found:
        assert d.residual == pytest.approx(1.3 * NOMINAL, abs=0.0002 * NOMINAL)
        assert (d.end - d.start) / 100 in (pytest.approx(11, abs=0.01), pytest.approx(12, abs=0.01))


def test_a_distorted_dip_has_the_height_of_its_whole_wave() -> None:
    wave = distorted(NOMINAL, 0.1, np.random.default_rng(3))
    turned = turns(RATE, 50.02, 1.5)
    samples = wave.at(turned)
    samples[5013:9020] *= 0.6
    (found,) = ended(told(halves_of(samples[:, None].astype(np.float32)), 1))
    assert found.residual == pytest.approx(0.6 * wave.total, abs=0.0002 * NOMINAL)


def test_a_fault_that_turns_the_phase_too_has_the_height_it_has() -> None:
    turned = turns(RATE, 50.0, 2.0)
    turned[5000:9000] -= 0.11
    samples = np.sqrt(2) * NOMINAL * np.sin(2 * np.pi * turned)
    samples[5000:9000] *= 0.5
    (found,) = ended(told(halves_of(samples[:, None].astype(np.float32)), 1))
    assert found.residual == pytest.approx(0.5 * NOMINAL, rel=0.02)
    assert found.end - found.start == pytest.approx(4000, abs=200)


LOW, DEAD, FINE, WEAK = 180.0, 4.0, 230.0, 209.0  # WEAK is above the dip, not back by hysteresis


def test_a_system_dips_from_the_first_that_falls_to_the_last_that_is_back() -> None:
    halves = made(
        [
            [FINE] * 5 + [LOW] * 4 + [FINE] * 9,
            [FINE] * 7 + [LOW] * 6 + [WEAK] * 2 + [FINE] * 3,
            [FINE] * 18,
        ]
    )
    begun, done = told(halves, 3, [(0, 1, 2)])
    assert np.isnan(begun.end)
    assert begun.channels == (0,)
    assert (done.kind, done.channels, done.residual) == (Kind.DIP, (0, 1), LOW)
    assert done.start == begun.start == 4 * 100, "the cycle of L1 that is low first"
    assert done.end == pytest.approx(14 * 100 + 100 / 3), "the cycle of L2 that is back"


def test_one_that_is_weak_keeps_the_others_dip_from_ending() -> None:
    halves = made([[FINE] * 3 + [LOW] * 3 + [FINE] * 6, [FINE] * 4 + [WEAK] * 6 + [FINE] * 2])
    (done,) = ended(told(halves, 2, [(0, 1)]))
    assert done.channels == (0,)
    assert done.end == pytest.approx(9 * 100 + 50)


def test_an_interruption_needs_all_and_ends_with_the_first_that_is_back() -> None:
    halves = made(
        [
            [FINE] * 5 + [DEAD] * 10 + [FINE] * 9,
            [FINE] * 6 + [DEAD] * 5 + [LOW] * 6 + [FINE] * 7,
            [FINE] * 8 + [DEAD] * 5 + [FINE] * 11,
        ]
    )
    found = told(halves, 3, [(0, 1, 2)])
    assert [d.kind for d in found] == [Kind.DIP, Kind.INTERRUPTION, Kind.INTERRUPTION, Kind.DIP]
    interruption, dip_ = found[2], found[3]
    assert interruption.start == pytest.approx(7 * 100 + 200 / 3), "L3 falls last"
    assert interruption.end == pytest.approx(10 * 100 + 100 / 3), "L2 is back first"
    assert interruption.channels == dip_.channels == (0, 1, 2)
    assert interruption.residual == dip_.residual == DEAD
    assert dip_.start <= interruption.start < interruption.end <= dip_.end


def test_one_phase_that_is_lost_is_a_dip_of_the_system_and_an_interruption_of_its_own() -> None:
    halves = made([[FINE] * 4 + [DEAD] * 6 + [FINE] * 4, [FINE] * 14, [FINE] * 14])
    assert [d.kind for d in ended(told(halves, 3, [(0, 1, 2)]))] == [Kind.DIP]
    assert [d.kind for d in ended(told(halves, 3))] == [Kind.DIP, Kind.INTERRUPTION]


def test_an_interruption_within_a_dip_is_seen_in_samples_too() -> None:
    heights = [
        Height(50.0, -k / 3, (0.5, 0.6 + k * 0.002, 0.8, 0.9), (0.7, 0.0, 0.7, 1.0))
        for k in range(3)
    ]
    found = ended(
        told(halves_of(np.stack([h.sampled(1.4) for h in heights], axis=1)), 3, [(0, 1, 2)])
    )
    assert [d.kind for d in found] == [Kind.INTERRUPTION, Kind.DIP]
    dark = 0.8 - 0.604 - 1 / 50  # of all three, for whole cycles
    assert found[0].end - found[0].start == pytest.approx(dark * RATE, abs=100)
    assert found[1].end - found[1].start == pytest.approx(4000, abs=200)
    assert found[0].residual < 1


def naive(values: list[list[float]], halves: Halves) -> list[tuple[str, float, float, float]]:
    """Dips and interruptions of one system, written down as the standard says it."""
    latest, before = [np.nan] * len(values), [np.nan] * len(values)
    running: dict[str, list[float]] = {}
    found = []
    rules = {"dip": (207.0, 211.6, any, all), "interruption": (11.5, 16.1, all, any)}
    for row in range(len(halves.end)):
        g = int(halves.group[row])
        stamp, before[g] = before[g], float(halves.start[row])
        latest[g] = float(halves.cycle[row, g])
        for kind, (low, back, begins, ends) in rules.items():
            if kind in running:
                running[kind][1] = min(running[kind][1], *(x for x in latest if not np.isnan(x)))
                if ends(x >= back for x in latest):
                    start, worst = running.pop(kind)
                    found.append((kind, start, stamp, worst))
            elif begins(x < low for x in latest):
                running[kind] = [stamp, min(x for x in latest if not np.isnan(x))]
    return found


LEVELS = some.sampled_from([2.0, 11.4, 12.0, 16.2, 150.0, 206.9, 207.1, 211.5, 211.7, 230.0, 252.0])
SEQUENCES = some.lists(some.lists(LEVELS, min_size=30, max_size=30), min_size=1, max_size=3)


@given(SEQUENCES, some.lists(some.integers(1, 9), min_size=1, max_size=5))
def test_any_sequence_gives_what_the_rules_say_whatever_the_blocks(
    values: list[list[float]], sizes: list[int]
) -> None:
    steady = [[FINE] * 3 + v + [FINE] * 3 for v in values]
    halves, own = made(steady), [tuple(range(len(values)))]
    whole = told(halves, len(values), own)
    assert told(halves, len(values), own, sizes=sizes) == whole
    says = [(str(d.kind), d.start, d.end, d.residual) for d in ended(whole)]
    want = naive(steady, halves)
    assert sorted(s for s in says if s[0] != "swell") == sorted(want)


@settings(max_examples=15)
@given(some.floats(0.0, 1.4), some.floats(0.0, 1.0), some.floats(0.004, 0.2), some.floats(0.2, 3.0))
def test_a_grid_of_another_voltage_has_the_same_dips(
    factor: float, angle: float, lasts: float, scale: float
) -> None:
    samples = dip(SETTLED, lasts, factor, angle).sampled(1.0)[:, None]
    halves = halves_of(samples)
    other = Channels(RATE, 50.0, scale * NOMINAL, np.arange(1))
    scaled = Stream(other).take(scale * samples).halves
    one = disturbed(quiet(channels(1), (), ONCE), halves)[1]
    two = disturbed(quiet(other, (), ONCE), scaled)[1]
    values = halves.cycle[2:, 0] / NOMINAL
    thresholds = np.array([0.9, 0.92, 1.1, 1.08, 0.05, 0.07])
    if np.abs(values[:, None] - thresholds).min() < 1e-4:
        return  # on a threshold, where rounding decides
    assert [(d.kind, d.channels) for d in one] == [(d.kind, d.channels) for d in two]
    for a, b in zip(one, two, strict=True):
        assert a.start == pytest.approx(b.start, abs=0.05)
        assert a.residual * scale == pytest.approx(b.residual, abs=1e-4 * scale * NOMINAL)


@settings(max_examples=8)
@given(some.lists(some.integers(1, 700), min_size=1, max_size=5), some.integers(0, 99))
def test_samples_in_any_blocks_give_the_same_disturbances(blocks: list[int], seed: int) -> None:
    dice = np.random.default_rng(seed)
    edges = tuple(np.sort(dice.uniform(0.3, 1.2, 4)).tolist())
    factors = [(*dice.choice([0.0, 0.5, 0.88, 1.0, 1.2], 3).tolist(), 1.0) for _ in range(3)]
    heights = [Height(50.02, -k / 3, edges, f) for k, f in enumerate(factors)]
    samples = np.stack([h.sampled(1.8) for h in heights], axis=1)
    samples += dice.normal(0, 0.2, samples.shape).astype(np.float32)
    results = []
    for sizes in ([len(samples)], blocks):
        stream, state, found = Stream(channels(3)), quiet(channels(3), [(0, 1, 2)]), []
        start, turn = 0, 0
        while start < len(samples):
            block = samples[start : start + sizes[turn % len(sizes)]]
            state, new = disturbed(state, stream.take(block).halves)
            found += new
            start, turn = start + len(block), turn + 1
        results.append(found)
    assert repr(results[0]) == repr(results[1])


@pytest.mark.requirement("R-8.2-5")
@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("factor", [0.0, 0.4, 0.7, 0.83])
def test_a_dip_is_told_25_ms_after_its_first_sample(
    factor: float, number: int, figure: Callable[[str], None]
) -> None:
    late = []
    for angle in np.arange(0, 0.5, 1 / 48):
        heights = [dip(SETTLED, 0.2, factor, angle - k / 3) for k in range(number)]
        samples = np.stack([h.sampled(0.6) for h in heights], axis=1)
        stream = Stream(channels(number))
        state, new = quiet(channels(number), [tuple(range(number))], ONCE), ()
        taken = 0
        while not new and taken < len(samples):
            state, new = disturbed(state, stream.take(samples[taken : taken + 10]).halves)
            taken += 10
        assert new, "no dip was told"
        late.append(taken / RATE - SETTLED)
    figure(f"to {factor:.2f}, {number} voltages: told after {1000 * max(late):.1f} ms at most")
    assert max(late) <= 0.025


def test_a_gap_ends_no_dip_and_is_told() -> None:
    state, found = quiet(channels(2), [(0, 1)], ONCE), []
    low = made([[FINE] * 3 + [LOW] * 4, [FINE] * 7])
    state, new = disturbed(state, low)
    found += new
    state, new = gapped(state)
    found += new
    assert [(np.isnan(d.end), d.whole) for d in found] == [(True, True), (True, False)]
    state, new = disturbed(state, made([[LOW] * 2 + [FINE] * 3, [FINE] * 5], first=2000.0))
    (done,) = new
    assert done.start == found[0].start
    assert done.end > 2000
    assert not done.whole


def test_a_gap_does_not_end_a_dip_before_all_voltages_are_seen_again() -> None:
    state, _ = disturbed(
        quiet(channels(2), [(0, 1)], ONCE), made([[FINE] * 2 + [LOW] * 4, [FINE] * 6])
    )
    state, _ = gapped(state)
    one = made([[FINE] * 4, [np.nan] * 4], first=2000.0)
    state, new = disturbed(state, one)
    assert new == ()
    state, new = disturbed(state, made([[FINE], [FINE]], first=2600.0))
    assert [d.whole for d in new] == [False]


def test_a_dip_that_was_there_before_the_first_sample_is_not_whole() -> None:
    begun, done = told(made([[LOW] * 4 + [FINE] * 4]), 1)
    assert not begun.whole
    assert not done.whole


def test_what_is_under_way_is_a_value() -> None:
    halves = made([[FINE] * 3 + [LOW] * 6 + [FINE] * 4])
    first, second = split(halves, [6])[:2]
    state, _ = disturbed(quiet(channels(1), (), ONCE), first)
    once = disturbed(state, second)[1]
    assert once == disturbed(state, second)[1], "the same past twice"
    assert len(once) == 1


def test_a_sliding_reference_follows_the_voltage_of_the_last_minute() -> None:
    limits = replace(ONCE, sliding=True)
    steady = made([[0.95 * NOMINAL] * 3000 + [0.885 * NOMINAL] * 20 + [0.5 * NOMINAL] * 20])
    found = told(steady, 1, limits=limits)
    reference = NOMINAL * (0.95 + 0.05 * 0.9967**150)
    assert [d.kind for d in found] == [Kind.DIP]
    assert found[0].start == pytest.approx(3019 * 100), "0.885 is no dip of what was before"
    assert found[0].reference == pytest.approx(
        reference * 0.9967 + 0.0033 * 0.885 * NOMINAL, rel=1e-9
    )
    assert [d.start for d in told(steady, 1)] == [pytest.approx(2999 * 100)]


def test_a_sliding_reference_does_not_follow_a_dip() -> None:
    limits = replace(ONCE, sliding=True)
    halves = made([[NOMINAL] * 40 + [0.6 * NOMINAL] * 200 + [NOMINAL] * 40 + [0.8 * NOMINAL] * 9])
    found = told(halves, 1, limits=limits)
    assert [d.reference for d in found] == pytest.approx([NOMINAL] * 3)


def test_windows_that_a_dip_touches_are_flagged_for_its_whole_system_only() -> None:
    own = Channels(RATE, 50.0, NOMINAL, np.array([0, 0, 1, 1, 2]))
    inside = Disturbance(Kind.DIP, (0, 2), 2100.0, 2300.0, (2,), NOMINAL)
    lasting = replace(inside, start=5000.0, end=np.nan)
    change = replace(inside, kind=Kind.RAPID_CHANGE)
    hit, clear = [True, True, True, True, False], [False] * 5
    assert flags(own, [inside], 2000, 4000).tolist() == hit
    assert flags(own, [inside], 2299, 4000).tolist() == hit
    assert flags(own, [inside], 2300, 4000).tolist() == clear
    assert flags(own, [inside], 0, 2100).tolist() == clear
    assert flags(own, [lasting], 8000, 10_000).tolist() == hit
    assert flags(own, [lasting], 3000, 5000).tolist() == clear
    assert flags(own, [change], 2000, 4000).tolist() == clear


@pytest.mark.requirement("R-20-34")
def test_the_dip_that_a_relay_recorded_is_found_and_quiet_records_have_none(data: Path) -> None:
    found = {}
    for name, first in (("wisp_3", 4), ("real_1999_bin", 5), ("oita_60hz_2013f32", 5)):
        record = comtrade.Comtrade(ignore_warnings=True)
        base = data / "waveforms" / name
        record.load(str(base.with_suffix(".cfg")), str(base.with_suffix(".dat")))
        samples = np.array(record.analog)[first : first + 3].T
        rate = (len(record.time) - 1) / (record.time[-1] - record.time[0])
        usual = np.sqrt(np.square(samples[: int(rate / 5)]).mean())
        own = Channels(rate, record.frequency, float(usual), np.arange(3))
        halves = Stream(own).take(samples.astype(np.float32)).halves
        found[name] = [
            (d.kind, d.channels, d.start / rate, d.residual / usual)
            for d in disturbed(quiet(own, [(0, 1, 2)]), halves)[1]
        ]
    assert found["real_1999_bin"] == found["oita_60hz_2013f32"] == []
    kind, _, start, residual = found["wisp_3"][0]
    assert kind is Kind.DIP
    assert start == pytest.approx(0.456, abs=0.03)
    assert 0.5 < residual < 0.9
