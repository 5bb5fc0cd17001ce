"""Transients: short blows and ringing on a voltage that is else as it was a cycle before (5, 8).

Each sample is compared with the place in the cycle before where the fundamental stood alike. What
is left, less its mean over a sixth of a cycle, is no change of level or frequency: beyond the
threshold it begins a transient, which ends when it has been below half of it for a quarter of a
cycle. A transient is over within half a cycle, and the wave is what it was before; otherwise it is
the edge of a dip or a swell, and is told as that. The cycle after is compared with the transient
itself: there none begins, and there what was struck is off as far the other way. Where it is not,
the wave was sound, and what it was held against held the edge of something.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.compiled import COMPILES, compiled
from smartpdu.measurement.disturbance import Disturbance, Kind, Limits
from smartpdu.measurement.halves import Halves
from smartpdu.measurement.recent import Recent, extended, span
from smartpdu.model.units import Volt

Array = NDArray[Any]

FINE = 64  # samples of a cycle that are needed to see a transient
SMOOTH = 6  # parts of a cycle over which a change of level is smooth
REST = 4  # parts of a cycle after which it is over
ECHO = 0.25  # of a transient that the cycle after must be off the other way
KEPT = 16.0  # cycles of samples that are kept until the first half-cycles are known


@dataclass(frozen=True, slots=True)
class Blow:
    """A deviation under way."""

    start: int
    last: int  # sample beyond half the threshold


@dataclass(frozen=True, slots=True)
class Line:
    """One voltage: what its samples are off the cycle before, and how far that was looked at."""

    channel: int
    group: int
    system: tuple[int, ...]
    bounds: tuple[float, ...] = ()  # of its last half-cycles
    first: int = 0  # number of the first deviation kept
    off: Array | None = None  # deviations up to the last half-cycle's end
    seen: int = 0  # number of the next one to be looked at
    blow: Blow | None = None
    echo: tuple[int, int] = (0, 0)  # samples whose cycle before is no measure


@dataclass(frozen=True, slots=True)
class State:
    """What is under way with all voltages."""

    threshold: Volt
    nominal: Volt
    cycle: float  # samples of a nominal one
    recent: Recent
    lines: tuple[Line, ...]


def still(
    channels: Channels, systems: Iterable[Iterable[int]] = (), limits: Limits | None = None
) -> State:
    """No voltage has been compared yet; too coarse samples give no lines, and so no transients."""
    own = [tuple(int(c) for c in system) for system in systems]
    own = own or [(int(c),) for c in channels.voltage]
    threshold = (limits or Limits()).transient / 100 * np.sqrt(2) * channels.nominal_voltage
    lines = tuple(Line(c, int(channels.group[c]), system) for system in own for c in system)
    fine = channels.cycle >= FINE
    nominal = channels.nominal_voltage
    return State(threshold, nominal, channels.cycle, Recent(), lines if fine else ())


def struck(past: State, block: Array, halves: Halves) -> tuple[State, tuple[Disturbance, ...]]:
    """What is under way after further samples and their half-cycles; the transients now over.

    Each voltage by itself: `together` draws those of one system into one.
    """
    if not past.lines:
        return past, ()
    needed = [past.recent.end - KEPT * past.cycle]
    if all(line.bounds for line in past.lines):
        needed = [line.bounds[0] - past.cycle for line in past.lines]
    voltages = [line.channel for line in past.lines]
    recent = extended(past.recent, block[:, voltages], min(needed))
    lines: list[Line] = []
    told: list[Disturbance] = []
    for place, line in enumerate(past.lines):
        own = halves.group == line.group
        now, found = _followed(past, recent, place, line, halves.end[own])
        lines.append(now)
        told += found
    told.sort(key=lambda d: d.start)
    return replace(past, recent=recent, lines=tuple(lines)), tuple(told)


def gapped(past: State, sample: int) -> State:
    """Nothing is compared over a gap; the next sample has this number."""
    lines = tuple(Line(line.channel, line.group, line.system) for line in past.lines)
    return replace(past, recent=Recent(sample), lines=lines)


def recorded(
    channels: Channels,
    samples: Array,
    cycle: float,
    systems: Iterable[Iterable[int]] = (),
    limits: Limits | None = None,
) -> tuple[Disturbance, ...]:
    """The transients of a whole recording whose cycles have so many samples."""
    state = still(channels, systems, limits)
    told: list[Disturbance] = []
    first = int(np.ceil(cycle)) + 1
    numbers = np.arange(first, len(samples))
    for line in state.lines if len(numbers) else ():
        values = samples[:, line.channel].astype(float)
        off = values[first:] - between(values, numbers - cycle)
        told += _looked(state, replace(line, first=first, seen=first), off, cycle, True)[1]
    return together(told)


def together(transients: Iterable[Disturbance]) -> tuple[Disturbance, ...]:
    """Transients in order of time, as one where they strike voltages of one system at once."""
    found: list[Disturbance] = []
    for d in sorted(transients, key=lambda d: (d.system, d.start)):
        last = found[-1] if found else None
        if last is None or last.system != d.system or d.start > last.end:
            found.append(d)
            continue
        found[-1] = replace(
            last,
            end=max(last.end, d.end),
            channels=tuple(sorted({*last.channels, *d.channels})),
            largest=max(last.largest, d.largest),
        )
    return tuple(sorted(found, key=lambda d: d.start))


def _followed(
    past: State, recent: Recent, place: int, line: Line, ends: Array
) -> tuple[Line, list[Disturbance]]:
    """A voltage after further half-cycles."""
    if not len(ends):
        return line, []
    bounds = np.array([*line.bounds, *ends])
    line = replace(line, bounds=tuple(bounds[-3:].tolist()))
    if len(bounds) < 4:
        return line, []
    begin, end = bounds[2:-1], bounds[3:]
    numbers = np.arange(np.ceil(begin[0]), np.ceil(end[-1]))
    half = np.searchsorted(end, numbers, side="right")
    pace = (bounds[1:-2] - bounds[:-3]) / (end - begin)
    before = bounds[:-3][half] + (numbers - begin[half]) * pace[half]
    known = before >= recent.first + 1
    numbers, before = numbers[known], before[known]
    if not len(numbers):
        return line, []
    first = int(before[0]) - 1
    values = span(recent, first, int(numbers[-1]) + 1)[:, place].astype(float)
    off = values[numbers.astype(int) - first] - between(values, before - first)
    if line.off is None:
        line = replace(line, first=int(numbers[0]), seen=int(numbers[0]))
    return _looked(past, line, off, float(bounds[-1] - bounds[-3]), False)


def between(values: Array, places: Array) -> Array:
    """Values between samples, by the cubic through four of them."""
    if COMPILES:
        found = np.empty(len(places))
        _cubic(values, places, found)
        return found
    return _cubic_plain(values, places)


@compiled
def _cubic(values: Array, places: Array, found: Array) -> None:
    for k in range(len(places)):
        row = int(np.floor(places[k]))
        f = places[k] - row
        found[k] = (
            -f * (f - 1) * (f - 2) / 6 * values[row - 1]
            + (f + 1) * (f - 1) * (f - 2) / 2 * values[row]
            - (f + 1) * f * (f - 2) / 2 * values[row + 1]
            + (f + 1) * f * (f - 1) / 6 * values[row + 2]
        )


def _cubic_plain(values: Array, places: Array) -> Array:
    row = np.floor(places).astype(int)
    f = places - row
    found: Array = (
        -f * (f - 1) * (f - 2) / 6 * values[row - 1]
        + (f + 1) * (f - 1) * (f - 2) / 2 * values[row]
        - (f + 1) * f * (f - 2) / 2 * values[row + 1]
        + (f + 1) * f * (f - 1) / 6 * values[row + 2]
    )
    return found


def _looked(
    past: State, line: Line, new: Array, cycle: float, last: bool
) -> tuple[Line, list[Disturbance]]:
    """A voltage after further deviations; whether they are the last."""
    off = new if line.off is None else np.concatenate([line.off, new])
    side = int(cycle / SMOOTH / 2)
    seen = max(line.seen, line.first + side)
    end = line.first + len(off) - side
    told: list[Disturbance] = []
    if end > seen and (line.blow or np.abs(off).max() >= past.threshold / 2):
        rough = np.abs(off[side:-side] - sliding_window_view(off, 2 * side + 1).mean(axis=1))
        line = replace(line, off=off, seen=seen)
        while True:
            line, found, more = _blown(past, line, rough, line.first + side, (cycle, last))
            told += found
            if not more:
                break
        seen = line.seen
    else:
        seen = max(seen, end)
    kept = min(seen - side, line.blow.start if line.blow else seen) - line.first
    kept = max(0, min(kept, len(off)))
    return replace(line, off=off[kept:], first=line.first + kept, seen=seen), told


def _blown(
    past: State, line: Line, rough: Array, first: int, end: tuple[float, bool]
) -> tuple[Line, list[Disturbance], bool]:
    """A voltage after the next blow has begun or ended, and whether there may be more."""
    cycle, is_last = end
    stop = first + len(rough)
    blow = line.blow
    if blow is None:
        beyond = line.seen + np.flatnonzero(rough[line.seen - first :] >= past.threshold)
        beyond = beyond[(beyond < line.echo[0]) | (beyond >= line.echo[1])]
        if not len(beyond):
            return replace(line, seen=stop), [], False
        blow = Blow(int(beyond[0]), int(beyond[0]))
    new = max(blow.last + 1 - first, 0)
    loose = np.flatnonzero(rough[new:] >= past.threshold / 2) + first + new
    places = np.concatenate([[blow.last], loose])
    rest = np.flatnonzero(np.diff(places) > cycle / REST)
    blow = replace(blow, last=int(places[rest[0]] if len(rest) else places[-1]))
    assert line.off is not None
    known = line.first + len(line.off)
    over = blow.last - blow.start <= cycle / 2
    needed = blow.last + 2 + cycle if over else blow.start + cycle
    waits = known < needed or (not len(rest) and stop - blow.last <= cycle / REST)
    if waits and not is_last:
        return replace(line, blow=blow, seen=stop), [], False
    side = int(cycle / SMOOTH)
    after = line.off[blow.last + side - line.first : int(blow.start + cycle) - side - line.first]
    calm = over and len(after) > 0
    calm = calm and float(np.sqrt(np.square(after).mean())) < past.threshold / 2
    own = line.off[blow.start - line.first : blow.last + 1 - line.first]
    told = Disturbance(
        Kind.TRANSIENT, line.system, float(blow.start), float(blow.last + 1), (line.channel,),
        past.nominal, largest=float(np.abs(own).max()),
    )  # fmt: skip
    is_own = calm and _struck(past, line, blow, cycle)
    echo = (int(blow.start + cycle) - side, int(blow.last + cycle) + side)
    line = replace(line, blow=None, seen=max(blow.last + 1, first), echo=echo)
    return line, [told] if is_own else [], True


def _struck(past: State, line: Line, blow: Blow, cycle: float) -> bool:
    """Whether it was the wave that was struck, and not the cycle it is held against.

    A recording may end before the cycle after shows it: then the one before must have been calm.
    """
    off = line.off
    assert off is not None
    own = np.arange(blow.start, blow.last + 1) - line.first
    later, earlier, side = own + cycle, own[0] - cycle, cycle / SMOOTH
    if later[-1] <= len(off) - 1:
        echo = np.interp(later, np.arange(len(off)), off)
        return float(-(echo * off[own]).sum()) > ECHO * float(np.square(off[own]).sum())
    before = off[max(int(earlier - side), 0) : int(own[-1] - cycle + side)]
    return earlier >= side and float(np.abs(before).max()) < past.threshold / 2
