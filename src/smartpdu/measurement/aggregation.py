"""Windows drawn together into 150 or 180 cycles, ten minutes and two hours (8, IEC 61000-4-30).

At each tick of ten minutes of UTC a window and a 150/180-cycle interval begin, while those under
way go on until they are complete and overlap. Ten minutes are made of all windows that begin in
them and are stamped at their end; two hours are twelve of them. Where a dip, swell or interruption
falls into a window, all that is made of it is flagged. What is under way is a value: a fold takes
it from one window to the next, and over a restart as plain data.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.clock import Clock, interval
from smartpdu.measurement.crossing import REAL
from smartpdu.measurement.quantities import quantities
from smartpdu.measurement.voltage import unbalance
from smartpdu.measurement.waveform import Window
from smartpdu.model.units import Flags, Ratio, Rows, Second

Array = NDArray[Any]

WINDOWS = 15  # of 150 or 180 cycles
TEN_MINUTES = 600.0
TWO_HOURS = 7200.0
BRIDGED = 0.05  # s between two windows that is no gap: a cycle, and what a clock is trimmed by
SQUARED = frozenset(  # what is averaged as its square; all else, as powers, as it is
    ("rms", "thd", "thd_rms", "harmonic", "interharmonic", "negative_ratio", "zero_ratio")
)


class Span(StrEnum):
    """How long values are drawn together."""

    CYCLES = "150/180 cycles"
    TEN_MINUTES = "10 min"
    TWO_HOURS = "2 h"


@dataclass(frozen=True, slots=True)
class Reading:
    """What one window gives: values by the name of their quantity, NaN for a gap."""

    start: float  # in samples since the stream's first
    end: float
    mark: int  # how its cycles were found
    flagged: Flags  # of each channel: a dip, swell or interruption falls into it
    values: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Values over a longer time."""

    span: Span
    begin: float  # UTC
    end: float  # UTC, the stamp
    parts: int  # windows it is made of; of two hours: ten minutes
    sure: Ratio  # share of its time that windows of real cycles cover, not of carried on ones
    flagged: Flags
    values: Mapping[str, Array]
    gaps: Mapping[str, Array]  # parts that lacked each value


@dataclass(frozen=True, slots=True)
class Sums:
    """An aggregate under way."""

    begin: float  # UTC
    parts: int
    unsure: float  # of them, those that do not rest on real cycles
    missing: Second  # of its time, that no window covers
    flagged: Flags
    total: Array  # of all values side by side
    known: Array  # how many parts had each


@dataclass(frozen=True, slots=True)
class State:
    """All aggregates under way."""

    shapes: Mapping[str, tuple[int, ...]]  # of the values, in their order
    until: float | None = None  # UTC of the last window's end
    cycles: tuple[Sums, ...] = ()  # two of them after a tick
    minutes: Sums | None = None
    hours: Sums | None = None


def reading(channels: Channels, window: Window, flagged: Flags, systems: Rows) -> Reading:
    """What a window gives; `systems` are the voltages of three-phase groups, (systems, 3)."""
    found, skewed = quantities(channels, window), unbalance(channels, window, systems)
    values = {
        "rms": found.rms,
        "mean": found.mean,
        "thd": found.thd,
        "active_power": found.active_power,
        "reactive_power": found.reactive_power,
        "apparent_power": found.apparent_power,
        "nonactive_power": found.nonactive_power,
        "negative_ratio": skewed.negative_ratio,
        "zero_ratio": skewed.zero_ratio,
        "harmonic": window.spectra.harmonic,
        "interharmonic": window.spectra.interharmonic,
    }
    return Reading(window.start, window.end, window.mark, flagged, values)


def begun(example: Reading) -> State:
    """Nothing is under way; all readings to come have the values of this one."""
    return State({name: np.shape(value) for name, value in example.values.items()})


def aggregated(past: State, reading: Reading, clock: Clock) -> tuple[State, tuple[Aggregate, ...]]:
    """What is under way with one more window, and what it completes."""
    values, known = _flat(past.shapes, reading.values)
    running = None if past.minutes is None else past.minutes.begin
    begin = interval(clock, reading.start, TEN_MINUTES, running)
    start, end = clock.moment(reading.start), clock.moment(reading.end)
    left, done = _ended(past, begin, start)
    minutes = left.minutes or _nothing(begin, reading.flagged, values)
    cycles = left.cycles
    if left.minutes is None or not cycles:
        cycles = (*cycles, _nothing(start, reading.flagged, values))
    part = (values, known, reading.flagged, float(reading.mark != REAL))
    missing = minutes.missing + _missing(left, begin, start)
    minutes = replace(_added(minutes, *part), missing=missing)
    cycles = tuple(_added(sums, *part) for sums in cycles)
    whole = [_closed(past.shapes, s, Span.CYCLES, end) for s in cycles if s.parts == WINDOWS]
    cycles = tuple(sums for sums in cycles if sums.parts < WINDOWS)
    return State(past.shapes, end, cycles, minutes, left.hours), (*done, *whole)


def _ended(past: State, begin: float, start: float) -> tuple[State, tuple[Aggregate, ...]]:
    """What is left under way when a window starts, of ten minutes that begin so; what has ended."""
    left, done, until = past, [], past.until
    if until is not None and start - until > BRIDGED:  # 150 cycles have no gaps
        done += [_closed(past.shapes, sums, Span.CYCLES, until) for sums in past.cycles]
        left = replace(left, cycles=())
    if past.minutes is not None and until is not None and past.minutes.begin != begin:
        end = past.minutes.begin + TEN_MINUTES
        missing = past.minutes.missing + (end - until if end - until > BRIDGED else 0.0)
        sums = replace(past.minutes, missing=missing)
        ten = _closed(past.shapes, sums, Span.TEN_MINUTES, end)
        hours, more = _hour(past, past.hours, ten)
        left, done = replace(left, minutes=None, hours=hours), [*done, ten, *more]
    return left, tuple(done)


def _missing(left: State, begin: float, start: float) -> Second:
    """Time of ten minutes that no window covers before this one."""
    until = left.until
    # what ends later than this starts is the window that goes on over a tick, or a clock set back
    known = until is not None and (left.minutes is not None or until <= start)
    covered = max(begin, until) if until is not None and known else begin
    return start - covered if start - covered > BRIDGED else 0.0


def _hour(
    past: State, hours: Sums | None, ten: Aggregate
) -> tuple[Sums | None, tuple[Aggregate, ...]]:
    """Two hours with ten more minutes, and those that are complete."""
    begin = ten.begin // TWO_HOURS * TWO_HOURS
    done = []
    if hours is not None and hours.begin != begin:
        done.append(_closed(past.shapes, hours, Span.TWO_HOURS, hours.begin + TWO_HOURS))
        hours = None
    values, known = _flat(past.shapes, ten.values)
    hours = hours or _nothing(begin, ten.flagged, values)
    hours = _added(hours, values, known, ten.flagged, 1 - ten.sure)
    if ten.end < begin + TWO_HOURS:
        return hours, tuple(done)
    return None, (*done, _closed(past.shapes, hours, Span.TWO_HOURS, begin + TWO_HOURS))


def _nothing(begin: float, flagged: Flags, values: Array) -> Sums:
    known = np.zeros(len(values), np.int64)
    return Sums(begin, 0, 0.0, 0.0, np.zeros_like(flagged), np.zeros(len(values)), known)


def _added(sums: Sums, values: Array, known: Array, flagged: Flags, unsure: float) -> Sums:
    return replace(
        sums,
        parts=sums.parts + 1,
        unsure=sums.unsure + unsure,
        flagged=sums.flagged | flagged,
        total=sums.total + values,
        known=sums.known + known,
    )


def _closed(shapes: Mapping[str, tuple[int, ...]], sums: Sums, span: Span, end: float) -> Aggregate:
    with np.errstate(invalid="ignore"):
        mean = sums.total / sums.known
    values, gaps, place = {}, {}, 0
    for name, shape in shapes.items():
        row = slice(place, place := place + int(np.prod(shape)))
        value = np.sqrt(mean[row]) if name in SQUARED else mean[row]
        values[name] = value.reshape(shape)
        gaps[name] = (sums.parts - sums.known[row]).reshape(shape)
    whole = {
        Span.CYCLES: WINDOWS,
        Span.TEN_MINUTES: sums.parts / max(1 - sums.missing / TEN_MINUTES, 1e-9),
        Span.TWO_HOURS: TWO_HOURS / TEN_MINUTES,
    }
    sure = min(1.0, (sums.parts - sums.unsure) / whole[span])
    return Aggregate(span, sums.begin, end, sums.parts, sure, sums.flagged, values, gaps)


def _flat(
    shapes: Mapping[str, tuple[int, ...]], values: Mapping[str, Array]
) -> tuple[Array, Array]:
    """All values side by side, those that are averaged so as squares, and which are known."""
    found = {name: np.shape(value) for name, value in values.items()}
    if found != dict(shapes):
        raise ValueError(f"values of a window: found {found}, expected {dict(shapes)}")
    row, place = np.empty(sum(int(np.prod(shape)) for shape in shapes.values())), 0
    for name in shapes:
        own = row[place : place + values[name].size]
        own[:] = values[name].ravel()
        if name in SQUARED:
            own *= own
        place += own.size
    known = np.isfinite(row)
    row[~known] = 0.0
    return row, known


def written(state: State) -> dict[str, Any]:
    """The state as plain data."""
    return {
        "shapes": {name: list(shape) for name, shape in state.shapes.items()},
        "until": state.until,
        "cycles": [_plain(s) for s in state.cycles],
        "minutes": None if state.minutes is None else _plain(state.minutes),
        "hours": None if state.hours is None else _plain(state.hours),
    }


def taken(plain: Mapping[str, Any]) -> State:
    """The state that was written so."""
    minutes, hours = plain["minutes"], plain["hours"]
    return State(
        {name: tuple(shape) for name, shape in plain["shapes"].items()},
        plain["until"],
        tuple(_sums(s) for s in plain["cycles"]),
        None if minutes is None else _sums(minutes),
        None if hours is None else _sums(hours),
    )


def _plain(sums: Sums) -> dict[str, Any]:
    fields = {name: getattr(sums, name) for name in Sums.__slots__}
    return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in fields.items()}


def _sums(plain: Mapping[str, Any]) -> Sums:
    kinds = {"flagged": np.bool_, "total": np.float64, "known": np.int64}
    return Sums(**{k: np.array(v, kinds[k]) if k in kinds else v for k, v in plain.items()})
