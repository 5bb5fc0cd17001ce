"""Levels: a column of values against its limits, with hysteresis, dwell and gaps.

The laws of this file:

1. A value takes a level when it was at or beyond that level's bound for the whole dwell.
2. It leaves a level when it was back inside by more than the hysteresis for the whole release.
3. A gap (NaN) keeps the level and stops both watches.
4. A higher value is never judged milder than a lower one (for high bounds; the reverse for low).

Only rows that are beyond a bound or were before cost more than one comparison.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartpdu.model.rule import Bound, Limits
from smartpdu.model.units import Column, Flags, Rows

Levels = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Held:
    """Rows that are not simply normal, sorted; a watch that does not run is NaN."""

    row: Rows
    level: Levels
    warned: Column  # seconds at or beyond the warning bound
    alarmed: Column  # seconds at or beyond the critical bound
    eased: Column  # seconds back inside the critical bound
    inside: Column  # seconds back inside both bounds


@dataclass(frozen=True, slots=True)
class Changes:
    """Rows whose level changed in this tick, with the value and the bound that it stood against."""

    row: Rows
    before: Levels
    after: Levels
    value: Column
    limit: Column


NOBODY = np.empty(0, dtype=np.int64)
_NO_LEVELS = np.empty(0, dtype=np.int8)
_NO_TIMES = np.empty(0)
CALM = Held(NOBODY, _NO_LEVELS, _NO_TIMES, _NO_TIMES, _NO_TIMES, _NO_TIMES)
UNCHANGED = Changes(NOBODY, _NO_LEVELS, _NO_LEVELS, _NO_TIMES, _NO_TIMES)


def judge(values: Column, limits: Limits, held: Held, elapsed: float) -> tuple[Held, Changes]:
    """The rows that are held after this tick, and those whose level changed."""
    beyond = np.flatnonzero(_beyond(values, limits))
    if not beyond.size and not held.row.size:
        return CALM, UNCHANGED
    rows = np.union1d(held.row, beyond)
    before = _spread(held, rows)
    value = values[rows]
    gap = np.isnan(value)
    warning, critical = _bounds_met(value, limits, rows, 0.0)
    near_warning, near_critical = _bounds_met(value, limits, rows, limits.hysteresis)
    warned = _watch(before.warned, warning, gap, elapsed)
    alarmed = _watch(before.alarmed, critical, gap, elapsed)
    eased = _watch(before.eased, ~near_critical, gap, elapsed)
    inside = _watch(before.inside, ~(near_critical | near_warning), gap, elapsed)
    stays = _fallen(before.level, eased, inside, limits)
    level = np.where(gap, before.level, np.maximum(_risen(warned, alarmed, limits), stays))
    level = level.astype(np.int8)
    eased = np.where(level == 2, eased, np.nan)
    inside = np.where(level > 0, inside, np.nan)
    return (
        _kept(Held(rows, level, warned, alarmed, eased, inside)),
        _changes(rows, before.level, level, value, limits),
    )


def level_of(held: Held, row: int) -> int:
    """The level of one row."""
    spot = int(np.searchsorted(held.row, row))
    found = spot < len(held.row) and held.row[spot] == row
    return int(held.level[spot]) if found else 0


def _beyond(values: Column, limits: Limits) -> Flags:
    """Rows at or beyond the mildest bound of either side."""
    high = _milder(limits.high_warning, limits.high_critical)
    low = _milder(limits.low_warning, limits.low_critical)
    if low is None:
        beyond: Flags = values >= (np.nan if high is None else high)
        return beyond
    below: Flags = values <= low
    return below if high is None else below | (values >= high)


def _milder(warning: Bound, critical: Bound) -> Bound:
    """The warning bound; the critical one for each row that has no other."""
    if warning is None:
        return critical
    if critical is None or not isinstance(warning, np.ndarray):
        return warning
    return np.where(np.isnan(warning), critical, warning)


def _bounds_met(value: Column, limits: Limits, rows: Rows, slack: float) -> tuple[Flags, Flags]:
    """Rows at or beyond a warning and a critical bound, both drawn inside by the slack."""
    warning = _over(value, limits.high_warning, rows, -slack)
    warning |= _under(value, limits.low_warning, rows, slack)
    critical = _over(value, limits.high_critical, rows, -slack)
    critical |= _under(value, limits.low_critical, rows, slack)
    return warning, critical


def _over(value: Column, bound: Bound, rows: Rows, slack: float) -> Flags:
    return value >= _bound(bound, rows) + slack


def _under(value: Column, bound: Bound, rows: Rows, slack: float) -> Flags:
    return value <= _bound(bound, rows) + slack


def _bound(bound: Bound, rows: Rows) -> Column:
    """The bound of each row; where there is none, NaN, which no value is beyond."""
    if isinstance(bound, np.ndarray):
        return bound[rows]
    return np.full(len(rows), np.nan if bound is None else bound)


def _watch(before: Column, runs: Flags, gap: Flags, elapsed: float) -> Column:
    """Seconds that a watch has run: it starts at 0, stops at a gap, ends with its cause."""
    started = np.where(np.isnan(before), 0.0, before + elapsed)
    return np.where(gap, before, np.where(runs, started, np.nan))


def _risen(warned: Column, alarmed: Column, limits: Limits) -> Levels:
    patience = limits.dwell if limits.dwell_critical is None else limits.dwell_critical
    risen = np.where(alarmed >= patience, 2, np.where(warned >= limits.dwell, 1, 0))
    return risen.astype(np.int8)


def _fallen(level: Levels, eased: Column, inside: Column, limits: Limits) -> Levels:
    milder = np.where(eased >= limits.release, np.minimum(level, 1), level)
    fallen: Levels = np.where(inside >= limits.release, 0, milder).astype(np.int8)
    return fallen


def _spread(held: Held, rows: Rows) -> Held:
    """What was held, with room for rows that are new."""
    spots = np.searchsorted(rows, held.row)
    level = np.zeros(len(rows), dtype=np.int8)
    level[spots] = held.level
    watches = []
    for watch in (held.warned, held.alarmed, held.eased, held.inside):
        wide = np.full(len(rows), np.nan)
        wide[spots] = watch
        watches.append(wide)
    return Held(rows, level, *watches)


def _kept(held: Held) -> Held:
    keep = (held.level > 0) | ~np.isnan(held.warned) | ~np.isnan(held.alarmed)
    if not keep.any():
        return CALM
    return Held(
        held.row[keep],
        held.level[keep],
        held.warned[keep],
        held.alarmed[keep],
        held.eased[keep],
        held.inside[keep],
    )


def _changes(rows: Rows, before: Levels, after: Levels, value: Column, limits: Limits) -> Changes:
    spots = np.flatnonzero(before != after)
    if not spots.size:
        return UNCHANGED
    changed = rows[spots]
    return Changes(
        changed,
        before[spots],
        after[spots],
        value[spots],
        _nearest(value[spots], np.maximum(before, after)[spots], limits, changed),
    )


def _nearest(value: Column, level: Levels, limits: Limits, rows: Rows) -> Column:
    """The bound of that level which the value stands nearest to."""
    bad = level == 2
    high = np.where(bad, _bound(limits.high_critical, rows), _bound(limits.high_warning, rows))
    low = np.where(bad, _bound(limits.low_critical, rows), _bound(limits.low_warning, rows))
    return np.where(np.isnan(low) | (high - value <= value - low), high, low)
