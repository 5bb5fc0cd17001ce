"""Aggregates of IEC 61000-4-30: three seconds, ten minutes, two hours."""

import json
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from measurement.fed import measured
from measurement.signals import sine, turns

from smartpdu.measurement.aggregation import (
    Aggregate,
    Reading,
    Span,
    State,
    aggregated,
    begun,
    reading,
    taken,
    written,
)
from smartpdu.measurement.channels import Channels
from smartpdu.measurement.clock import Clock, ticks

RATE = 1000.0
WINDOW = 200.0  # samples
LONG = 2000.0  # where hours are tried: the fold does not know how long a window is
TICK = 1_800_000_000.0  # a tick of ten minutes, and of two hours


def a_reading(
    start: float,
    rms: float = 230.0,
    flagged: bool = False,
    mark: int = 0,
    power: float = 1.0,
    lasted: float = WINDOW,
) -> Reading:
    values = {"rms": np.array([rms, 2 * rms]), "active_power": np.array([power, -power])}
    return Reading(start, start + lasted, mark, np.array([flagged, False]), values)


def folded(
    readings: Iterable[Reading], clock: Clock, state: State | None = None
) -> tuple[State, list[Aggregate]]:
    found = []
    for one in readings:
        state, done = aggregated(state or begun(one), one, clock)
        found += done
    assert state is not None
    return state, found


def of(span: Span, found: list[Aggregate]) -> list[Aggregate]:
    return [aggregate for aggregate in found if aggregate.span is span]


def gapless(first: float, number: int) -> list[float]:
    return [first + WINDOW * k for k in range(number)]


def aligned(clock: Clock, end: float, lasted: float = WINDOW) -> list[float]:
    """Starts of windows up to a sample, begun anew at each tick; those under way still end."""
    starts, due = [0.0], [*ticks(clock, 600.0, 0.0, end + 1), np.inf]
    while starts[-1] < end:
        due = [tick for tick in due if tick > starts[-1]]
        starts.append(min(due[0], starts[-1] + lasted))
    return starts[:-1]


def test_squares_are_averaged_of_voltages_and_powers_as_they_are() -> None:
    readings = [a_reading(s, rms=k, power=k) for k, s in enumerate(gapless(0, 15), 1)]

    _, (found,) = folded(readings, Clock(0, TICK, RATE))

    assert found.span is Span.CYCLES
    assert found.values["rms"] == pytest.approx(np.sqrt(1240 / 15) * np.array([1, 2]))
    assert found.values["active_power"] == pytest.approx([8.0, -8.0])
    assert (found.begin, found.end, found.parts) == (TICK, TICK + 3.0, 15)


@settings(max_examples=25)
@given(into=some.floats(0.0, WINDOW - 1), seed=some.integers(0, 999))
def test_a_tick_anywhere_in_a_window_begins_anew_and_lets_end_what_is_under_way(
    into: float, seed: int
) -> None:
    # the tick falls into the 8th window of the third 150 cycles
    clock, dice = Clock(0, TICK - (37 * WINDOW + into) / RATE, RATE), np.random.default_rng(seed)
    before = clock.place(TICK)
    starts = aligned(clock, before + 30 * WINDOW)
    values = {s: float(dice.uniform(200, 250)) for s in starts}

    _, found = folded([a_reading(s, values[s]) for s in starts], clock)

    cycles = of(Span.CYCLES, found)
    begun_at = [round((c.begin - TICK) * RATE + before, 3) for c in cycles]
    old, new = starts.index(30 * WINDOW), next(k for k, s in enumerate(starts) if s >= before)
    assert begun_at == pytest.approx([0, 15 * WINDOW, 30 * WINDOW, before, before + 15 * WINDOW])
    for one, first in zip(cycles, (0, 15, old, new, new + 15), strict=True):
        own = starts[first : first + 15]
        assert one.end == pytest.approx(clock.moment(own[-1] + WINDOW), abs=1e-6)
        assert one.values["rms"][0] == pytest.approx(
            np.sqrt(np.mean([values[s] ** 2 for s in own])), rel=1e-12
        )
    (ten,) = of(Span.TEN_MINUTES, found)
    assert (ten.begin, ten.end, ten.parts) == (TICK - 600, TICK, new)
    assert ten.values["rms"][0] == pytest.approx(
        np.sqrt(np.mean([values[s] ** 2 for s in starts[:new]])), rel=1e-12
    )


@settings(max_examples=10)
@given(into=some.floats(0.0, 1999.0), seed=some.integers(0, 999))
def test_two_hours_are_the_mean_square_of_twelve_ten_minutes_and_these_of_all_their_windows(
    into: float, seed: int
) -> None:
    clock, dice = (
        Clock(0, TICK - 6.0 - into / RATE, RATE),
        np.random.default_rng(seed),
    )
    starts = aligned(clock, 7_300_000, LONG)
    readings = [a_reading(s, float(dice.uniform(200, 250)), lasted=LONG) for s in starts]

    _, found = folded(readings, clock)

    tens = of(Span.TEN_MINUTES, found)[1:]  # the first is the rest of ten minutes
    assert [(t.end, t.parts, t.sure) for t in tens] == [
        (TICK + 600 * k, 300, 1.0) for k in range(1, 13)
    ]
    hour = of(Span.TWO_HOURS, found)[-1]
    assert (hour.begin, hour.end, hour.parts, hour.sure) == (TICK, TICK + 7200, 12, 1.0)
    mean = np.mean([t.values["rms"] ** 2 for t in tens], axis=0)
    assert hour.values["rms"] == pytest.approx(np.sqrt(mean), rel=1e-12)
    own = [r for r in readings if TICK <= round(clock.moment(r.start), 6) < TICK + 7200]
    assert len(own) == 12 * 300
    whole = np.sqrt(np.mean([r.values["rms"] ** 2 for r in own], axis=0))
    assert hour.values["rms"] == pytest.approx(whole, rel=1e-12)


def test_a_dip_flags_every_aggregate_it_falls_into_and_no_other_and_no_other_channel() -> None:
    clock = Clock(0, TICK, RATE)
    starts = aligned(clock, 14_403_000, LONG)
    readings = [a_reading(s, flagged=k == 400, lasted=LONG) for k, s in enumerate(starts)]

    _, found = folded(readings, clock)

    dip = clock.moment(readings[400].start)
    for one in found:
        assert one.flagged.tolist() == [one.begin <= dip < one.end, False]
    assert [len([a for a in of(s, found) if a.flagged[0]]) for s in Span] == [1, 1, 1]
    assert min(len(of(span, found)) for span in Span) == 2


def test_a_dip_while_two_intervals_overlap_flags_both() -> None:
    clock = Clock(0, TICK - 1.5, RATE)
    starts = aligned(clock, 6000)
    readings = [a_reading(s, flagged=s == 2100.0) for s in starts]

    _, found = folded(readings, clock)

    assert 2100.0 in starts
    assert [a.flagged[0] for a in of(Span.CYCLES, found)] == [True, True]


def test_windows_that_were_carried_on_are_told_by_their_share() -> None:
    clock = Clock(0, TICK, RATE)
    readings = [a_reading(s, mark=int(k % 10 == 3)) for k, s in enumerate(gapless(0, 3001))]

    _, found = folded(readings, clock)

    assert of(Span.TEN_MINUTES, found)[0].sure == pytest.approx(0.9)
    assert of(Span.CYCLES, found)[0].sure == pytest.approx(13 / 15)  # numbers 3 and 13 of them


def test_a_gap_of_a_value_is_counted_and_no_window_makes_it_a_number() -> None:
    readings = [a_reading(s) for s in gapless(0, 15)]
    for k in range(15):
        readings[k].values["rms"][0] = np.nan  # an outlet that nobody measures
    readings[3].values["active_power"][1] = np.inf

    _, (found,) = folded(readings, Clock(0, TICK, RATE))

    assert np.isnan(found.values["rms"][0])
    assert found.values["rms"][1] == pytest.approx(460.0)
    assert found.values["active_power"].tolist() == [1.0, -1.0]
    assert found.gaps["rms"].tolist() == [15, 0]
    assert found.gaps["active_power"].tolist() == [0, 1]


def test_samples_that_are_missing_are_missing_in_the_share_and_end_what_cannot_become_whole() -> (
    None
):
    clock = Clock(0, TICK, RATE)
    starts = gapless(0, 20) + gapless(124_000, 2381)  # two minutes between 4 s and 124 s

    _, found = folded([a_reading(s) for s in starts], clock)

    cycles, (ten,) = of(Span.CYCLES, found), of(Span.TEN_MINUTES, found)
    assert [(c.parts, round(c.end - TICK, 6)) for c in cycles[:3]] == [(15, 3), (5, 4), (15, 127)]
    assert [round(c.sure, 6) for c in cycles[:3]] == [1.0, round(5 / 15, 6), 1.0]
    assert (ten.parts, ten.sure) == (2400, pytest.approx(0.8))


def test_what_begins_late_and_what_falls_silent_is_known_by_its_share() -> None:
    clock = Clock(0, TICK + 150, RATE)
    starts = gapless(0, 1500) + gapless(1_200_000, 1)  # 150 s late, silent from 450 s on

    _, found = folded([a_reading(s) for s in starts], clock)

    (ten,) = of(Span.TEN_MINUTES, found)
    assert (ten.begin, ten.end, ten.parts) == (TICK, TICK + 600, 1500)
    assert ten.sure == pytest.approx(0.5)


def test_two_hours_that_fall_silent_are_told_with_what_they_had() -> None:
    clock = Clock(0, TICK, RATE)
    starts = gapless(0, 3500) + gapless(7_500_000, 3500)  # silent from 11 min 40 s to 2 h 5 min

    _, found = folded([a_reading(s) for s in starts], clock)

    (hour,) = of(Span.TWO_HOURS, found)
    assert (hour.begin, hour.end, hour.parts) == (TICK, TICK + 7200, 2)
    assert hour.sure == pytest.approx((1 + 1 / 6) / 12)
    assert hour.values["rms"] == pytest.approx([230.0, 460.0])


def test_a_leap_second_lengthens_ten_minutes_and_repeats_none() -> None:
    before, after = Clock(0, TICK - 300, RATE), Clock(300_400, TICK - 0.6, RATE)
    state, found = folded([a_reading(s) for s in aligned(before, 300_400)], before)

    _, more = folded([a_reading(s) for s in gapless(300_400, 3004)], after, state)

    tens = of(Span.TEN_MINUTES, found + more)
    assert [(t.end - TICK, t.parts) for t in tens] == [(0, 1500), (600, 3005)]
    assert tens[1].sure == 1.0


def test_a_clock_set_forward_over_a_tick_leaves_two_parts_of_ten_minutes() -> None:
    before, after = Clock(0, TICK, RATE), Clock(240_000, TICK + 240 + 600, RATE)
    state, found = folded([a_reading(s) for s in gapless(0, 1200)], before)

    _, more = folded([a_reading(s) for s in gapless(240_000, 1801)], after, state)

    tens = of(Span.TEN_MINUTES, found + more)
    assert [(t.end - TICK, t.parts, round(t.sure, 6)) for t in tens] == [
        (600, 1200, 0.4),
        (1200, 1800, 0.6),
    ]


def test_a_clock_set_back_over_a_tick_tells_the_ten_minutes_before_once_more() -> None:
    before, after = Clock(0, TICK - 500, RATE), Clock(600_000, TICK - 200, RATE)
    state, found = folded([a_reading(s) for s in gapless(0, 3000)], before)

    _, more = folded([a_reading(s) for s in gapless(600_000, 1001)], after, state)

    tens = of(Span.TEN_MINUTES, found + more)
    assert [(t.end - TICK, t.parts, round(t.sure, 6)) for t in tens] == [
        (0, 2500, round(5 / 6, 6)),
        (600, 500, round(1 / 6, 6)),
        (0, 1000, round(1 / 3, 6)),
    ]


@settings(max_examples=30)
@given(cut=some.integers(1, 899), seed=some.integers(0, 99))
def test_a_restart_between_any_two_windows_changes_no_value(cut: int, seed: int) -> None:
    clock, dice = Clock(0, TICK - 100, RATE), np.random.default_rng(seed)
    readings = [
        a_reading(s, float(dice.uniform(0, 300)), bool(dice.random() < 0.01))
        for s in aligned(clock, 180_000)
    ]
    state, found = folded(readings[:cut], clock)

    kept = taken(json.loads(json.dumps(written(state))))
    _, after = folded(readings[cut:], clock, kept)
    _, whole = folded(readings, clock)

    assert len(found + after) == len(whole)
    for a, b in zip(found + after, whole, strict=True):
        assert (a.span, a.begin, a.end, a.parts, a.sure) == (
            b.span,
            b.begin,
            b.end,
            b.parts,
            b.sure,
        )
        assert a.flagged.tolist() == b.flagged.tolist()
        for name in a.values:
            assert a.values[name].tolist() == b.values[name].tolist()
            assert a.gaps[name].tolist() == b.gaps[name].tolist()


def test_a_window_of_other_channels_is_refused() -> None:
    state = begun(a_reading(0))
    other = Reading(0, WINDOW, 0, np.zeros(1, bool), {"rms": np.zeros(1)})

    with pytest.raises(ValueError, match=r"found .*'rms': \(1,\).*expected .*'rms': \(2,\)"):
        aggregated(state, other, Clock(0, TICK, RATE))


@pytest.mark.requirement("R-16.1-3")
def test_ten_minutes_of_a_stream_are_those_between_two_ticks_to_the_cycle() -> None:
    rate, dice = 2000.0, np.random.default_rng(7)
    channels = Channels(rate, 50.0, 230.0, np.array([0, 0]))
    clock = Clock(0.0, TICK - 20.1371, rate)
    turned = turns(rate, 50.02, 625.0)
    changed = (clock.place(TICK), clock.place(TICK + 600))
    gain = np.digitize(np.arange(len(turned)), changed)  # 230 V, 200 V and 215 V between the ticks
    volts = np.array([230.0, 200.0, 215.0])[gain]
    wave = np.sqrt(2) * np.sin(2 * np.pi * turned)
    samples = np.stack([volts * wave, volts / 23 * wave], axis=1).astype(np.float32)

    found = measured(channels, samples, dice, clock, most=20_000)
    systems = np.zeros((0, 3), np.int64)
    calm = np.zeros(2, bool)
    readings = [reading(channels, window, calm, systems) for window in found.windows]
    _, aggregates = folded(readings, clock)

    rest, ten = of(Span.TEN_MINUTES, aggregates)
    assert ten.sure == 1.0
    assert ten.parts in (3001, 3002)  # 30 012 cycles of 50.02 Hz, the last ten going on
    # all but the window that goes on over the second tick lies at 200 V; that one less than 215 V
    low, high = (np.sqrt(200**2 + (v**2 - 200**2) / ten.parts) for v in (200.0, 215.0))
    assert low * (1 - 1e-5) <= ten.values["rms"][0] <= high * (1 + 1e-5)
    assert ten.values["active_power"][1] == pytest.approx(ten.values["rms"][0] ** 2 / 23, rel=2e-5)
    assert rest.values["rms"][0] == pytest.approx(230.0, rel=2e-3)
    assert rest.sure == pytest.approx(20.1371 / 600, abs=2e-3)
    ends = [window.end for window in found.windows]
    starts = [window.start for window in found.windows]
    overlaps = [a - b for a, b in zip(ends, starts[1:], strict=False) if a != b]
    assert len(overlaps) == 2
    assert all(0 < overlap < 400 for overlap in overlaps)


def test_the_aggregate_of_a_steady_sine_is_the_sine() -> None:
    rate, dice = 10_000.0, np.random.default_rng(3)
    channels = Channels(rate, 50.0, 230.0, np.array([0, 0, 1, 2]))
    waves = [sine(230.0), sine(10.0, -1 / 12), sine(230.0, -1 / 3), sine(230.0, -2 / 3)]
    samples = np.stack([w.at(turns(rate, 49.97, 4.0, 0.3)) for w in waves], axis=1)
    found = measured(channels, samples.astype(np.float32), dice)

    readings = [
        reading(channels, window, np.zeros(4, bool), np.array([[0, 2, 3]]))
        for window in found.windows
    ]
    _, (whole, *_) = folded(readings, Clock(0, TICK, rate))

    assert whole.values["rms"] == pytest.approx([230, 10, 230, 230], rel=1e-5)
    assert whole.values["active_power"][1] == pytest.approx(2300 * np.cos(np.pi / 6), rel=2e-5)
    assert whole.values["reactive_power"][1] == pytest.approx(2300 * 0.5, rel=2e-5)
    assert np.isnan(whole.values["active_power"][[0, 2, 3]]).all()
    assert whole.gaps["active_power"].tolist() == [15, 0, 15, 15]
    assert whole.values["harmonic"][0] == pytest.approx([230, 10, 230, 230], rel=1e-5)
    assert whole.values["negative_ratio"] == pytest.approx([0], abs=1e-3)
