"""Registers of energy: whole milliwatt-seconds, four quadrants, restarts, gaps."""

import json
from fractions import Fraction
from itertools import pairwise
from math import isnan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from smartpdu.measurement.energy import (
    EXPORTED,
    IMPORTED,
    NAMES,
    Registers,
    advance,
    counted,
    registers,
    resumed,
    taken,
    written,
)

RATE = 10_000.0
powers = some.floats(-40_000, 40_000, allow_nan=False)
known_or_not = powers | some.just(float("nan"))
windows = some.lists(some.tuples(some.floats(1500, 2500), known_or_not, known_or_not), max_size=60)


def folded(state: Registers, series: list[tuple[float, float, float]], start: float) -> Registers:
    for lasted, p, q in series:
        state = counted(state, start, start + lasted, RATE, np.array([p]), np.array([q]))
        start += lasted
    return state


def test_a_kilowatt_for_an_hour_is_a_kilowatt_hour_to_the_milliwatt_second() -> None:
    state, power = registers(1), np.array([1000.0])
    for k in range(18_000):
        state = counted(state, 2000.0 * k, 2000.0 * (k + 1), RATE, power, np.zeros(1))

    assert state.whole[:, 0].tolist() == [3_600_000_000, 0, 0, 0, 0, 0]
    assert state.whole.dtype == np.int64


def test_what_is_less_than_a_milliwatt_second_is_not_lost() -> None:
    state, power = registers(1), np.array([0.0015])  # 0.3 mW s a window
    for k in range(10_000):
        state = counted(state, 2000.0 * k, 2000.0 * (k + 1), RATE, power, np.zeros(1))

    assert int(state.whole[IMPORTED, 0]) + float(state.rest[IMPORTED, 0]) == pytest.approx(3000)
    assert 0 <= state.rest[IMPORTED, 0] < 1


def test_a_small_load_counts_beside_ten_years_of_a_large_one() -> None:
    years = 10 * 365 * 86_400 * 22_000_000  # mW s of 22 kW
    full = registers(1).whole.copy()
    full[IMPORTED] = years
    state = Registers(full, np.zeros((6, 1)), np.zeros(1))

    for k in range(1000):
        state = counted(state, 2000.0 * k, 2000.0 * (k + 1), RATE, np.array([0.005]), np.zeros(1))

    assert state.whole[IMPORTED, 0] == pytest.approx(years + 1000, abs=1)


@pytest.mark.parametrize(
    ("p", "q", "names"),
    [
        (100.0, 50.0, {"imported": 100, "quadrant_1": 50}),
        (-100.0, 50.0, {"exported": 100, "quadrant_2": 50}),
        (-100.0, -50.0, {"exported": 100, "quadrant_3": 50}),
        (100.0, -50.0, {"imported": 100, "quadrant_4": 50}),
        (0.0, 50.0, {"quadrant_1": 50}),
        (0.0, -50.0, {"quadrant_4": 50}),
    ],
)
def test_energy_goes_into_its_direction_and_quadrant(
    p: float, q: float, names: dict[str, int]
) -> None:
    state = counted(registers(1), 0.0, RATE, RATE, np.array([p]), np.array([q]))

    found = dict(zip(NAMES, state.whole[:, 0].tolist(), strict=True))
    assert {name: value for name, value in found.items() if value} == {
        name: 1000 * value for name, value in names.items()
    }


def test_what_windows_overlap_is_counted_once() -> None:
    state, power = registers(1), np.array([1000.0])
    for start in (0.0, 2000.0, 2300.0, 4300.0):  # the third begins anew at a tick
        state = counted(state, start, start + 2000.0, RATE, power, np.zeros(1))

    assert state.whole[IMPORTED, 0] == 630_000
    assert state.gap.tolist() == [0.0]


def test_a_window_within_one_that_was_counted_counts_nothing_and_takes_nothing_back() -> None:
    state, power = registers(1), np.array([1000.0])
    for start, end in ((0.0, 2000.0), (500.0, 1500.0), (1600.0, 3000.0)):
        state = counted(state, start, end, RATE, power, np.zeros(1))

    assert state.whole[IMPORTED, 0] == 300_000


def test_a_gap_adds_nothing_and_is_told_for_its_rows_alone() -> None:
    state = counted(registers(3), 0.0, 2000.0, RATE, np.array([10.0, np.nan, np.inf]), np.zeros(3))
    state = counted(state, 12_000.0, 14_000.0, RATE, np.full(3, 10.0), np.zeros(3))

    assert state.whole[IMPORTED].tolist() == [4000, 2000, 2000]
    assert state.gap == pytest.approx([1.0, 1.2, 1.2])


def test_a_power_beyond_all_reason_is_a_gap() -> None:
    absurd = np.array([1e300, -1e300, 1e12])

    state = counted(registers(3), 0.0, 2000.0, RATE, absurd, absurd)

    assert not state.whole.any()
    assert state.gap == pytest.approx([0.2] * 3)


def test_an_unknown_reactive_power_leaves_the_active_one() -> None:
    state = counted(registers(1), 0.0, RATE, RATE, np.array([5.0]), np.array([np.nan]))

    assert state.whole[:, 0].tolist() == [5000, 0, 0, 0, 0, 0]


@given(series=windows)
def test_no_register_ever_falls(series: list[tuple[float, float, float]]) -> None:
    state = registers(1)
    for k, (lasted, p, q) in enumerate(series):
        after = counted(state, 2000.0 * k, 2000.0 * k + lasted, RATE, np.array([p]), np.array([q]))
        assert (after.whole >= state.whole).all()
        assert (after.gap >= state.gap).all()
        assert ((after.rest >= 0) & (after.rest < 1)).all()
        state = after


@given(series=windows)
def test_all_that_was_measured_is_in_one_register_or_the_remainder(
    series: list[tuple[float, float, float]],
) -> None:
    state, start, exact = folded(registers(1), series, 0.0), 0.0, [Fraction(0)] * 2
    for lasted, p, _ in series:
        if not isnan(p):
            end = start + lasted
            energy = abs(Fraction(p)) * (Fraction(end) - Fraction(start)) / 10
            exact[EXPORTED if p < 0 else IMPORTED] += energy
        start += lasted

    for k in (IMPORTED, EXPORTED):
        found = int(state.whole[k, 0]) + Fraction(float(state.rest[k, 0]))
        assert abs(found - exact[k]) < Fraction(1, 1_000_000)
    seconds = sum(lasted for lasted, _, _ in series) / RATE
    silent = sum(lasted for lasted, p, _ in series if isnan(p)) / RATE
    assert state.gap[0] == pytest.approx(silent, abs=1e-9)
    assert state.gap[0] <= seconds + 1e-9


@pytest.mark.requirement("R-12.2-1")
@settings(max_examples=50)
@given(seed=some.integers(0, 9999), parts=some.integers(1, 42), turns=some.integers(1, 200))
def test_the_sum_of_the_outlets_is_the_feed_but_for_their_remainders(
    seed: int, parts: int, turns: int
) -> None:
    dice = np.random.default_rng(seed)
    outlets, feed, start = registers(parts), registers(1), 0.0
    for _ in range(turns):
        p, q, end = dice.uniform(0, 2000, parts), dice.uniform(0, 500, parts), start + 2000
        outlets = counted(outlets, start, end, RATE, p, q)
        feed = counted(feed, start, end, RATE, p.sum(keepdims=True), q.sum(keepdims=True))
        start = end

    difference = feed.whole[:, 0] - outlets.whole.sum(axis=1)
    assert (difference >= -1).all()
    assert (difference <= parts).all()
    assert feed.whole[IMPORTED, 0] > 0
    rests = outlets.rest.sum(axis=1) - feed.rest[:, 0]
    assert rests == pytest.approx(difference, abs=1e-5)


@given(series=windows, cuts=some.lists(some.integers(0, 60), max_size=5))
def test_restarts_lose_and_invent_not_a_milliwatt_second(
    series: list[tuple[float, float, float]], cuts: list[int]
) -> None:
    whole, state, bounds = folded(registers(1), series, 0.0), registers(1), sorted({0, *cuts, 60})
    for a, b in pairwise(bounds):
        start = sum(lasted for lasted, _, _ in series[:a])
        state = folded(taken(json.loads(json.dumps(written(state)))), series[a:b], start)

    assert state.whole.tolist() == whole.whole.tolist()
    assert state.rest.tolist() == whole.rest.tolist()
    assert state.gap == pytest.approx(whole.gap, abs=1e-12)


def test_the_time_between_two_streams_is_told_and_counts_nothing() -> None:
    state = counted(registers(1), 0.0, 2000.0, RATE, np.array([10.0]), np.zeros(1))

    again = resumed(state, 37.5)
    after = counted(again, 300.0, 2300.0, RATE, np.array([10.0]), np.zeros(1))

    assert after.whole[IMPORTED, 0] == 4000
    assert after.gap.tolist() == [37.5]
    assert resumed(state, -3600.0).gap.tolist() == [0.0]  # a clock set back takes no gap away


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ({"whole": [[1]] * 5, "rest": [[0.0]] * 6, "gap": [0.0]}, "found sizes"),
        ({"whole": [[1]] * 6, "rest": [[0.0]] * 6, "gap": [0.0, 0.0]}, "found sizes"),
        ({"whole": [[-1]] * 6, "rest": [[0.0]] * 6, "gap": [0.0]}, "less than 0"),
        ({"whole": [[1]] * 6, "rest": [[1.0]] * 6, "gap": [0.0]}, "not below 1"),
        ({"whole": [[1]] * 6, "rest": [[float("nan")]] * 6, "gap": [0.0]}, "not below 1"),
    ],
)
def test_registers_that_cannot_have_been_written_are_refused(
    plain: dict[str, list[float]], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        taken(plain)


def test_a_register_of_eight_digits_goes_on_beyond_its_end() -> None:
    steps = advance(99_999_512, 1_204, 100_000_000)

    assert steps == 1692
    assert steps * 10 == 16_920  # Wh: 16.92 kWh


def test_the_recorded_roll_over_is_read_as_it_went(data: Path) -> None:
    vectors = {v["id"]: v for v in json.loads((data / "vectors.json").read_text())}
    vector = vectors["V-EN-roll"]
    given = vector["input"]

    steps = advance(given["a"], given["b"], given["mod"])

    assert steps is not None
    assert steps * given["unit_kWh"] == pytest.approx(vector["expected"]["kWh"], rel=1e-12)


@given(
    before=some.integers(0, 10**8 - 1),
    step=some.integers(0, 10**8 // 2),
    fall=some.integers(1, 10**6),
)
def test_a_register_that_goes_on_is_told_and_one_that_falls_is_none(
    before: int, step: int, fall: int
) -> None:
    assert advance(before, (before + step) % 10**8, 10**8) == step
    assert advance(before, (before - fall) % 10**8, 10**8) is None
