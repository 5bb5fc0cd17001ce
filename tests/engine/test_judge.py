"""Levels against an oracle that knows one row and no arrays, and the laws that levels obey."""

from dataclasses import dataclass, fields, replace
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from smartpdu.engine.judge import CALM, UNCHANGED, Changes, Held, judge, level_of
from smartpdu.model.rule import Limits

GRID = [k / 2 for k in range(-8, 9)]
BOUNDS = ("low_critical", "low_warning", "high_warning", "high_critical")


@dataclass
class Row:
    """One row, judged as the laws say, in plain words."""

    level: int = 0
    warned: float | None = None
    alarmed: float | None = None
    eased: float | None = None
    inside: float | None = None

    def judged(self, value: float, limits: Limits, row: int, elapsed: float) -> int:
        if isnan(value):
            return self.level
        lc, lw, hw, hc = (bound(limits, name, row) for name in BOUNDS)
        slack = limits.hysteresis
        warning = value >= hw or value <= lw
        critical = value >= hc or value <= lc
        near_warning = value >= hw - slack or value <= lw + slack
        near_critical = value >= hc - slack or value <= lc + slack
        self.warned = ran(self.warned, warning, elapsed)
        self.alarmed = ran(self.alarmed, critical, elapsed)
        self.eased = ran(self.eased, self.level == 2 and not near_critical, elapsed)
        calm = self.level > 0 and not near_critical and not near_warning
        self.inside = ran(self.inside, calm, elapsed)
        patience = limits.dwell if limits.dwell_critical is None else limits.dwell_critical
        if self.alarmed is not None and self.alarmed >= patience:
            self.level = 2
        elif self.inside is not None and self.inside >= limits.release:
            self.level = 0
        else:
            if self.eased is not None and self.eased >= limits.release:
                self.level = 1
            if self.warned is not None and self.warned >= limits.dwell:
                self.level = max(self.level, 1)
        return self.level


def ran(before: float | None, runs: bool, elapsed: float) -> float | None:
    if not runs:
        return None
    return 0.0 if before is None else before + elapsed


def bound(limits: Limits, name: str, row: int) -> float:
    chosen = getattr(limits, name)
    value = chosen[row] if isinstance(chosen, np.ndarray) else chosen
    if value is None or isnan(value):
        return np.inf if name.startswith("high") else -np.inf
    return float(value)


@some.composite
def cases(draw, high_only=False, gaps=True):
    """Limits with or without each bound, the same for all rows or not, and a course of values."""
    rows = draw(some.integers(1, 5))
    spans = [
        (-4, -3),
        (-2.5, -1),
        (1, 2.5),
        (3, 4),
    ]  # so that a bound never lies beyond a worse one
    near = [some.sampled_from([g for g in GRID if low <= g <= high]) for low, high in spans]
    table = [draw(some.tuples(*near)) for _ in range(rows)]
    bounds = {}
    for number, name in enumerate(BOUNDS):
        form = draw(some.sampled_from(["none", "one", "each"]))
        if form == "none" or (high_only and name.startswith("low")):
            continue
        if form == "one":
            bounds[name] = table[0][number]
        else:
            bounds[name] = np.array(
                [nan if draw(some.integers(0, 3)) == 0 else line[number] for line in table]
            )
    limits = Limits(
        **bounds,
        hysteresis=draw(some.sampled_from([0.0, 0.5, 1.0])),
        dwell=draw(some.sampled_from([0.0, 1.0, 2.5])),
        dwell_critical=draw(some.sampled_from([None, 0.0, 1.0, 4.0])),
        release=draw(some.sampled_from([0.0, 1.0, 3.0])),
    )
    values = some.sampled_from([*GRID, nan] if gaps else GRID)
    course = draw(
        some.lists(
            some.tuples(
                some.lists(values, min_size=rows, max_size=rows).map(np.array),
                some.sampled_from([0.0, 0.5, 1.0, 2.0]),
            ),
            min_size=1,
            max_size=14,
        )
    )
    return limits, course


def levels(held: Held, rows: int) -> list[int]:
    return [level_of(held, row) for row in range(rows)]


def same(one: Held, other: Held) -> bool:
    return all(
        np.array_equal(getattr(one, f.name), getattr(other, f.name), equal_nan=f.name != "row")
        for f in fields(Held)
    )


@settings(max_examples=400)
@given(cases())
def test_columns_are_judged_as_an_oracle_judges_each_row(case) -> None:
    limits, course = case
    rows = len(course[0][0])
    held, oracle = CALM, [Row() for _ in range(rows)]
    for values, elapsed in course:
        before = levels(held, rows)
        held, changes = judge(values, limits, held, elapsed)
        expected = [
            one.judged(float(values[row]), limits, row, elapsed) for row, one in enumerate(oracle)
        ]
        assert levels(held, rows) == expected
        told = {
            row: (was, now)
            for row, was, now in zip(
                changes.row.tolist(), changes.before.tolist(), changes.after.tolist(), strict=True
            )
        }
        assert told == {
            row: (was, now)
            for row, (was, now) in enumerate(zip(before, expected, strict=True))
            if was != now
        }
        names_a_bound(changes, limits, values)


def names_a_bound(changes: Changes, limits: Limits, values: np.ndarray) -> None:
    """Each change names its value and a bound of the level that it took or left."""
    for spot, row in enumerate(changes.row.tolist()):
        worst = max(changes.before[spot], changes.after[spot])
        names = BOUNDS[::3] if worst == 2 else BOUNDS[1:3]
        known = [b for name in names if np.isfinite(b := bound(limits, name, row))]
        assert changes.value[spot] == values[row]
        assert changes.limit[spot] in known
        if changes.after[spot] > changes.before[spot]:
            # every low bound of a case lies below 0, every high one above
            assert np.sign(changes.limit[spot]) == np.sign(values[row])


@given(cases())
def test_only_rows_that_matter_are_held(case) -> None:
    limits, course = case
    held = CALM
    for values, elapsed in course:
        held, _ = judge(values, limits, held, elapsed)
        watched = ~np.isnan(held.warned) | ~np.isnan(held.alarmed)
        assert ((held.level > 0) | watched).all()
        assert (np.diff(held.row) > 0).all()


@given(cases(high_only=True, gaps=False), some.data())
def test_a_higher_value_is_never_judged_milder(case, data) -> None:
    limits, course = case
    limits = replace(
        limits,
        **{n: b[0] if np.ndim(b) else b for n in BOUNDS if (b := getattr(limits, n)) is not None},
    )
    lower = higher = CALM
    rows = len(course[0][0])
    for values, elapsed in course:
        more = np.array(
            data.draw(some.lists(some.sampled_from([0, 0.5, 3]), min_size=rows, max_size=rows))
        )
        lower, _ = judge(values, limits, lower, elapsed)
        higher, _ = judge(values + more, limits, higher, elapsed)
        pairs = zip(levels(lower, rows), levels(higher, rows), strict=True)
        assert all(mild <= bad for mild, bad in pairs)


@given(cases())
def test_low_bounds_are_the_mirror_of_high_ones(case) -> None:
    limits, course = case
    turned = {
        name: None if (b := getattr(limits, other)) is None else -b
        for name, other in zip(BOUNDS, reversed(BOUNDS), strict=True)
    }
    mirror = replace(limits, **turned)
    held = reflected = CALM
    for values, elapsed in course:
        held, _ = judge(values, limits, held, elapsed)
        reflected, _ = judge(-values, mirror, reflected, elapsed)
        assert same(held, reflected)


@given(cases())
def test_judging_twice_changes_nothing(case) -> None:
    limits, course = case
    held = CALM
    for values, elapsed in course:
        held, _ = judge(values, limits, held, elapsed)
        again, changes = judge(values, limits, held, 0.0)
        assert same(again, held)
        assert changes.row.size == 0


@given(cases(), some.floats(0, 1e6))
def test_a_gap_keeps_every_level_and_stops_every_watch(case, elapsed) -> None:
    limits, course = case
    held = CALM
    for values, passed in course:
        held, _ = judge(values, limits, held, passed)
        after, changes = judge(np.full_like(values, nan), limits, held, elapsed)
        assert same(after, held)
        assert changes.row.size == 0


@given(cases())
def test_rows_do_not_know_of_each_other(case) -> None:
    limits, course = case
    rows = len(course[0][0])
    held, alone = CALM, [CALM] * rows
    for values, elapsed in course:
        held, _ = judge(values, limits, held, elapsed)
        for row in range(rows):
            own = {
                n: b[row : row + 1]
                for n in BOUNDS
                if isinstance(b := getattr(limits, n), np.ndarray)
            }
            mine = replace(limits, **own)
            alone[row], _ = judge(values[row : row + 1], mine, alone[row], elapsed)
            assert level_of(alone[row], 0) == level_of(held, row)


def test_what_was_never_beyond_costs_nothing_and_holds_nothing() -> None:
    held, changes = judge(np.zeros(1000), Limits(high_warning=1.0), CALM, 1.0)
    assert held is CALM
    assert changes is UNCHANGED


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_a_value_without_end_is_beyond_the_bound_of_its_own_side_only(value: float) -> None:
    limits = Limits(low_critical=-1.0, high_warning=1.0)
    _, changes = judge(np.array([value]), limits, CALM, 1.0)
    assert changes.after.tolist() == [1 if value > 0 else 2]
    assert changes.limit.tolist() == [1.0 if value > 0 else -1.0]


def test_a_rule_without_any_bound_never_speaks() -> None:
    held, changes = judge(np.array([-1e9, 1e9, np.inf]), Limits(), CALM, 1.0)
    assert held is CALM
    assert changes is UNCHANGED


@pytest.mark.requirement("R-3.2-8")
def test_a_warning_at_one_place_takes_no_critical_bound_from_the_others() -> None:
    only_first = Limits(low_critical=0.1, low_warning=np.array([0.5, nan, nan]))
    held, _ = judge(np.array([0.3, 0.05, 0.3]), only_first, CALM, 1.0)
    assert levels(held, 3) == [1, 2, 0]


def test_without_a_warning_bound_there_is_no_warning() -> None:
    limits = Limits(high_critical=1.0, dwell=0.0, dwell_critical=5.0)
    held = CALM
    for second in range(8):
        held, _ = judge(np.array([2.0]), limits, held, 1.0)
        assert level_of(held, 0) == (2 if second >= 5 else 0)


def test_a_level_is_left_only_after_the_whole_release_inside_its_own_bound() -> None:
    limits = Limits(high_warning=1.0, high_critical=2.0, release=5.0)
    held, _ = judge(np.array([3.0]), limits, CALM, 1.0)
    seen = []
    for value in [1.5] * 4 + [0.5] * 8:
        held, _ = judge(np.array([value]), limits, held, 1.0)
        seen.append(level_of(held, 0))
    assert seen == [2] * 5 + [1] * 4 + [0] * 3
