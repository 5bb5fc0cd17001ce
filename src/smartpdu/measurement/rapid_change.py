"""Rapid changes from one steady voltage to another that are no dip (IEC 61000-4-30, 5.11).

A voltage is steady while none of its last 100 or 120 values of Urms(1/2), a second, is off their
mean by more than a threshold; a system while all its voltages are. A change begins when it is
steady no more, and ends with the first value of those that are steady again, now within the
threshold less the hysteresis. Where a dip or a swell falls into it, it is that and no change.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.model.units import Volt

Array = NDArray[Any]
Band = tuple[Volt, Volt]  # how far a steady value is off the mean at most: before, and after


@dataclass(frozen=True, slots=True)
class Found:
    """A rapid change of one system."""

    start: float  # in samples since the stream's first
    end: float
    voltages: tuple[int, ...]  # which of the system's were not steady
    largest: Volt  # dUmax: a value off the mean before
    lasting: Volt  # dUss: the mean after off the mean before
    whole: bool


@dataclass(frozen=True, slots=True)
class Under:
    """A change under way."""

    start: float
    prior: tuple[Volt, ...]  # mean of each voltage before
    passed: tuple[int, ...]  # values of each voltage since
    largest: Volt = 0.0
    voltages: frozenset[int] = frozenset()
    disturbed: bool = False  # by a dip or swell


@dataclass(frozen=True, slots=True)
class Change:
    """The last second of each voltage of a system; the arrays of a copy change."""

    values: Array  # (voltages, 100 or 120), the newest last
    stamps: Array  # where the cycle of each value begins
    filled: tuple[int, ...]
    steady: tuple[bool, ...]
    known: bool = False  # whether the system has been steady
    under: Under | None = None


def unknown(voltages: int, values: int) -> Change:
    """Nothing is known of these voltages yet."""
    shape = (voltages, values)
    return Change(np.zeros(shape), np.zeros(shape), (0,) * voltages, (False,) * voltages)


def copied(change: Change) -> Change:
    """The same with arrays of its own."""
    return replace(change, values=change.values.copy(), stamps=change.stamps.copy())


def gapped(change: Change) -> tuple[Change, tuple[Found, ...]]:
    """Nothing is known any more; a change under way is told to be broken."""
    nothing, under = unknown(*change.values.shape), change.under
    if under is None or under.disturbed:
        return nothing, ()
    end = max(float(change.stamps[:, -1].max()), under.start)
    voltages, largest = tuple(sorted(under.voltages)), _farthest(change, under)
    return nothing, (Found(under.start, end, voltages, largest, np.nan, False),)


def passed(
    change: Change, place: Array, values: Array, stamps: Array, band: Band
) -> tuple[Change, tuple[Found, ...]]:
    """After further values, none of which is a dip or a swell; `place` tells of which voltage."""
    full = change.values.shape[1]
    if change.known and change.under is None and min(change.filled) == full:
        rows = [np.flatnonzero(place == g) for g in range(len(change.values))]
        lines = [np.append(v, values[r]) for v, r in zip(change.values, rows, strict=True)]
        if all(line.max() - line.min() <= band[0] for line in lines):
            marks = [np.append(s, stamps[r]) for s, r in zip(change.stamps, rows, strict=True)]
            newest = np.stack([line[-full:] for line in lines])
            return replace(change, values=newest, stamps=np.stack([m[-full:] for m in marks])), ()
    change = copied(change)
    told: tuple[Found, ...] = ()
    for g, value, stamp in zip(place.tolist(), values.tolist(), stamps.tolist(), strict=True):
        change, found = stepped(change, g, value, stamp, band, False)
        told += found
    return change, told


def stepped(
    change: Change, g: int, value: float, stamp: float, band: Band, disturbed: bool
) -> tuple[Change, tuple[Found, ...]]:
    """After one more value of a voltage; whether a dip or swell is under way. Arrays change."""
    full = change.values.shape[1]
    gone = float(change.values[g, 0])
    prior = tuple(float(m) for m in change.values.mean(axis=1)) if change.under is None else ()
    for line, new in ((change.values[g], value), (change.stamps[g], stamp)):
        line[:-1] = line[1:]
        line[-1] = new
    filled = _put(change.filled, g, min(change.filled[g] + 1, full))
    line = change.values[g]
    off = float(np.abs(line - line.mean()).max())
    calm = filled[g] == full and off <= band[0 if change.under is None else 1]
    change = replace(change, filled=filled, steady=_put(change.steady, g, calm))
    steady = all(change.steady)
    if change.under is None:
        if steady:
            return replace(change, known=True), ()
        if not change.known:
            return change, ()
        counts = (0,) * len(filled)
        change = replace(change, under=Under(stamp, prior, counts))
    under = _followed(change, g, gone, disturbed)
    if not steady:
        return replace(change, under=under), ()
    return replace(change, under=None), () if under.disturbed else (_ended(change, under, g),)


def _followed(change: Change, g: int, gone: float, disturbed: bool) -> Under:
    """The change under way after one more value; a value counts when it leaves the last second."""
    under = change.under
    assert under is not None
    passed = _put(under.passed, g, under.passed[g] + 1)
    counts = passed[g] > change.values.shape[1]
    largest = max(under.largest, abs(gone - under.prior[g])) if counts else under.largest
    shaken = {k for k, calm in enumerate(change.steady) if not calm}
    return replace(
        under,
        passed=passed,
        largest=largest,
        voltages=under.voltages | shaken,
        disturbed=under.disturbed or disturbed,
    )


def _ended(change: Change, under: Under, g: int) -> Found:
    """The change that ends with the first of the values that are steady again."""
    lasting = float(np.abs(change.values.mean(axis=1) - under.prior).max())
    end = max(float(change.stamps[g, 0]), under.start)
    voltages = tuple(sorted(under.voltages))
    return Found(under.start, end, voltages, max(under.largest, lasting), lasting, True)


def _farthest(change: Change, under: Under) -> Volt:
    """The farthest of all values since the change began."""
    largest = under.largest
    for line, count, prior in zip(change.values, under.passed, under.prior, strict=True):
        if count:
            largest = max(largest, float(np.abs(line[-count:] - prior).max()))
    return largest


def _put(values: tuple[Any, ...], place: int, value: Any) -> tuple[Any, ...]:
    return (*values[:place], value, *values[place + 1 :])
