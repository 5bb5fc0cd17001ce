"""Inrush of loads: how high, how much heat, how long, at which angle, and why (5).

An inrush of a current begins when the RMS value of a half-cycle is beyond that of the five cycles
before by a threshold, and ends when five cycles in a row differ by no more than a hysteresis. A
load that only draws more from then on, and never more than that, is a step and no inrush; nor is
the last half-cycle of a load that is cut off, which may be half as large again. Its first
sample is the one that differs from the cycle before; the angle of closing is that of the voltage
there, counted back from the voltage's next zero. What is under way is a value that a fold carries.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.halves import Halves
from smartpdu.measurement.pulse import Row, angle, onset, row, width, worth
from smartpdu.measurement.recent import Recent, extended
from smartpdu.model.units import Ampere, Second, Volt

Array = NDArray[Any]

CALM = 10  # half-cycles: what was before, and what is steady again
LONGEST = 1000  # half-cycles after which an inrush is told though nothing is steady
EARLY, LATE = 0.05, 0.5  # s that a switching may be told after, and before, its inrush
LOST = 0.9  # of the nominal voltage: below, it was not there
NOTHING = 0.02  # A: no load
CUT, ASKEW = 0.5, 1.5  # of what was before: less remains of what is cut off, and so high it ends
BEFORE = 16.0  # cycles of samples that are kept until the first half-cycles are known
KEPT = 4.0  # cycles of samples that are kept then


class Cause(StrEnum):
    """Why a current rushes in."""

    SWITCHED = "outlet switched on"
    RECLOSED = "breaker closed"
    RETURNED = "voltage returned"
    PLUGGED = "load plugged in"
    STEPPED = "load changed"


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on it is an inrush, and from when on it is over."""

    threshold: Ampere = 3.0  # RMS of a half-cycle above that of the cycles before
    hysteresis: Ampere = 1.0  # that half-cycles which are steady may differ


@dataclass(frozen=True, slots=True)
class Hint:
    """Something that was switched: of which current, and when in samples since the first."""

    channel: int
    at: float
    cause: Cause = Cause.SWITCHED


@dataclass(frozen=True, slots=True)
class Inrush:
    """One inrush."""

    channel: int
    start: float  # in samples since the stream's first
    end: float
    peak: Ampere
    width: Second  # that it is beyond half of its peak
    i2t: float  # A²s from start to end
    rms: Ampere  # greatest of a half-cycle
    before: Ampere  # RMS of the cycles before
    after: Ampere  # and of those after
    angle: float  # degrees since the voltage rose through zero
    cause: Cause
    settled: bool = True  # whether it ended; not if it was told because it lasts


@dataclass(frozen=True, slots=True)
class Under:
    """An inrush under way."""

    channel: int
    before: Ampere
    lost: bool  # whether the voltage was not there just before
    rows: tuple[Row, ...]
    start: float = np.nan
    angle: float = np.nan


@dataclass(frozen=True, slots=True)
class Group:
    """A voltage and its currents: their last half-cycles, and what is under way."""

    channels: tuple[int, int]  # the voltage's, and the one after the last current's
    number: int
    halves: Array  # RMS of the last half-cycles, (up to CALM, channels of the group)
    bounds: tuple[float, ...] = ()  # begin of each of them, and the end of the last
    running: tuple[Under, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """What is under way with all currents."""

    limits: Limits
    rate: float
    cycle: float  # samples of a nominal one
    nominal: Volt
    recent: Recent
    groups: tuple[Group, ...]
    hints: tuple[Hint, ...] = ()


def calm(channels: Channels, limits: Limits | None = None) -> State:
    """Nothing is known of the currents yet."""
    groups = tuple(
        Group((a, b), g, np.empty((0, b - a))) for g, (a, b) in enumerate(channels.spans.tolist())
    )
    return State(
        limits or Limits(),
        channels.rate,
        channels.cycle,
        channels.nominal_voltage,
        Recent(),
        groups,
    )


def gapped(past: State, sample: int) -> State:
    """Nothing is known over a gap; the next sample has this number."""
    groups = tuple(Group(g.channels, g.number, g.halves[:0]) for g in past.groups)
    return replace(past, recent=Recent(sample), groups=groups)


def rushed(
    past: State, block: Array, halves: Halves, hints: Iterable[Hint] = ()
) -> tuple[State, tuple[Inrush, ...]]:
    """What is under way after further samples and their half-cycles; the inrushes now over."""
    end = past.recent.end + len(block)
    needed = past.recent.end - BEFORE * past.cycle
    if all(len(g.bounds) > 1 for g in past.groups):
        needed = min(g.bounds[-1] for g in past.groups) - KEPT * past.cycle
    recent = extended(past.recent, block, needed)
    known = tuple(h for h in past.hints if h.at > end - LONGEST * past.cycle)
    past = replace(past, recent=recent, hints=(*known, *hints))
    groups: list[Group] = []
    told: list[Inrush] = []
    for group in past.groups:
        rows = np.flatnonzero(halves.group == group.number)
        now, found = _followed(past, group, halves, rows)
        groups.append(now)
        told += found
    return replace(past, groups=tuple(groups)), tuple(sorted(told, key=lambda i: i.start))


def _followed(past: State, group: Group, halves: Halves, rows: Array) -> tuple[Group, list[Inrush]]:
    """A group after further half-cycles of its own."""
    known = rows[~np.isnan(halves.start[rows])]
    if not len(known):
        return group, []
    values = halves.half[known, group.channels[0] : group.channels[1]]
    every = np.concatenate([group.halves, values])
    rise = every[:, 1:].max(axis=0, initial=0.0) - every[:, 1:].min(axis=0, initial=np.inf)
    if not group.running and not (rise > past.limits.threshold).any():
        bounds = (*(group.bounds or (float(halves.start[known[0]]),)), *halves.end[known].tolist())
        return replace(group, halves=every[-CALM:], bounds=bounds[-CALM - 1 :]), []
    told: list[Inrush] = []
    for line, start, end in zip(values, halves.start[known], halves.end[known], strict=True):
        group, found = _stepped(past, group, line, float(start), float(end))
        told += found
    return group, told


def _stepped(
    past: State, group: Group, values: Array, start: float, end: float
) -> tuple[Group, list[Inrush]]:
    """A group after one more half-cycle."""
    bounds = (*(group.bounds or (start,)), end)
    running, told = [], []
    for under in group.running:
        now = _longer(past, group, under, float(values[under.channel - group.channels[0]]), bounds)
        done = _ended(past, now)
        told += [done] if done is not None else []
        if not _over(past, now):
            running.append(now)
    busy = {under.channel for under in group.running}
    if len(group.halves):
        running += [u for u in _begun(past, group, values, bounds) if u.channel not in busy]
    latest = np.concatenate([group.halves, values[None]])[-CALM:]
    now_group = replace(group, halves=latest, bounds=bounds[-CALM - 1 :], running=tuple(running))
    return now_group, told


def _begun(past: State, group: Group, values: Array, bounds: tuple[float, ...]) -> list[Under]:
    """The inrushes that begin with this half-cycle; the one before it may hold their first part."""
    level = np.sqrt(np.square(group.halves).mean(axis=0))
    high = np.flatnonzero(values[1:] > level[1:] + past.limits.threshold) + 1
    lost = bool((group.halves[:, 0] < LOST * past.nominal).any() or values[0] < LOST * past.nominal)
    begun = []
    for k in high.tolist():
        channel = group.channels[0] + k
        before = np.sqrt(np.square(group.halves[:-1, k]).mean()) if len(group.halves) > 1 else 0.0
        rows = [row(past.recent, channel, bounds[-2], bounds[-1], float(values[k]))]
        if len(bounds) > 2:
            last = float(group.halves[-1, k])
            rows.insert(0, row(past.recent, channel, bounds[-3], bounds[-2], last))
        begun.append(Under(channel, float(before), lost, tuple(rows)))
    return begun


def _longer(
    past: State, group: Group, under: Under, rms: float, bounds: tuple[float, ...]
) -> Under:
    """An inrush with one more half-cycle; with the first one its onset is looked for."""
    rows = (*under.rows, row(past.recent, under.channel, bounds[-2], bounds[-1], rms))
    under = replace(under, rows=worth(rows))
    if not np.isnan(under.start):
        return under
    start = onset(past.recent, under.channel, rows)
    turned = angle(past.recent, group.channels[0], start, (bounds[-2], bounds[-1]))
    kept = tuple(r for r in rows if r.end > start)
    return replace(under, rows=kept, start=start, angle=turned)


def _steady(past: State, under: Under) -> bool:
    last = [r.rms for r in under.rows[-CALM:]]
    return len(last) == CALM and max(last) - min(last) <= past.limits.hysteresis


def _over(past: State, under: Under) -> bool:
    return _steady(past, under) or len(under.rows) >= LONGEST


def _ended(past: State, under: Under) -> Inrush | None:
    """The inrush, if it is over and was more than a step of the load."""
    if not _over(past, under):
        return None
    settled = _steady(past, under)
    own, after = (under.rows[:-CALM], under.rows[-CALM:]) if settled else (under.rows, ())
    level = float(np.sqrt(np.mean([r.rms**2 for r in after[CALM // 2 :]]))) if after else np.nan
    greatest = max((r.rms for r in own), default=0.0)
    if settled and greatest <= level + past.limits.hysteresis:
        return None
    if settled and level < CUT * under.before and greatest < ASKEW * under.before:
        return None
    return Inrush(
        channel=under.channel,
        start=under.start,
        end=own[-1].end,
        peak=max(r.peak for r in own),
        width=width(own) / past.rate,
        i2t=sum(r.rms**2 * (r.end - r.start) for r in own) / past.rate,
        rms=greatest,
        before=under.before,
        after=level,
        angle=under.angle,
        cause=_cause(past, under),
        settled=settled,
    )


def _cause(past: State, under: Under) -> Cause:
    """What was switched at that time, or what the voltage and the current before tell."""
    late = [
        (abs(under.start - hint.at), hint.cause)
        for hint in past.hints
        if hint.channel == under.channel
        and -EARLY * past.rate <= under.start - hint.at <= LATE * past.rate
    ]
    if late:
        return min(late)[1]
    if under.lost:
        return Cause.RETURNED
    return Cause.PLUGGED if under.before <= NOTHING else Cause.STEPPED
