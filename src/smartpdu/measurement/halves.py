"""Values of every half-cycle: each voltage and its currents between that voltage's own crossings.

Urms(1/2) of IEC 61000-4-30: the RMS value of one cycle, anew at each half-cycle. Squares are
summed by the trapezoid rule from crossing to crossing, between samples too.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement.compiled import COMPILES, compiled, swift
from smartpdu.measurement.crossing import ROOM
from smartpdu.measurement.pace import Pace

Array = NDArray[Any]

MOST = 1024  # half-cycles that are given at once


@dataclass(frozen=True, slots=True)
class Halves:
    """Half-cycles in order of their end, one row each; NaN for channels of other groups."""

    group: Array
    start: Array  # in samples since the stream's first
    end: Array
    mark: Array  # how the bound at the end was found
    half: Array  # RMS of the half-cycle, (rows, channels)
    cycle: Array  # RMS of the cycle that ends with it


class Sweep(NamedTuple):
    """How far squares have been summed; the arrays change."""

    done: Array  # bounds of each voltage that are passed
    at: Array  # next sample of each group
    integral: Array  # of squares since the last bound, for each channel
    before: Array  # of the half-cycle before
    lasted: Array  # samples that one lasted, for each group
    group: Array  # of the half-cycles found, with start, end, mark
    start: Array
    end: Array
    mark: Array


def sweep(groups: int, channels: int) -> Sweep:
    """Nothing is summed yet."""
    return Sweep(
        np.zeros(groups, np.int64), np.zeros(groups, np.int64), np.zeros(channels),
        np.full(channels, np.nan), np.full(groups, np.nan), np.zeros(MOST, np.int64),
        np.zeros(MOST), np.zeros(MOST), np.zeros(MOST, np.int64),
    )  # fmt: skip


def swept(s: Sweep, p: Pace, samples: Array, first: int, spans: Array) -> Halves:
    """The half-cycles that are complete now; `first` is the number of samples' first row."""
    number = _due(s, p) if COMPILES else _due_plain(s, p)
    half, cycle = np.full((2, number, samples.shape[1]), np.nan)
    if COMPILES:
        part = np.empty(samples.shape[1], np.float32)
        _summed(s, samples, first, number, spans, part, half, cycle)
    else:
        _summed_plain(s, samples, first, number, spans, half, cycle)
    n = slice(number)
    return Halves(
        s.group[n].copy(), s.start[n].copy(), s.end[n].copy(), s.mark[n].copy(), half, cycle
    )


@compiled
def _due(s: Sweep, p: Pace) -> int:
    """Line up the bounds that all voltages have passed, in order of time."""
    n = 0
    while n < MOST:
        first, t = -1, np.inf
        for v in range(len(p.found)):
            if s.done[v] < p.found[v] and p.at[v, s.done[v] % ROOM] < t:
                first, t = v, p.at[v, s.done[v] % ROOM]
        if first < 0 or t > p.known[0]:
            break
        s.group[n], s.end[n], s.mark[n] = first, t, p.mark[first, s.done[first] % ROOM]
        s.start[n] = p.at[first, (s.done[first] - 1) % ROOM] if s.done[first] else np.nan
        s.done[first] += 1
        n += 1
    return n


def _due_plain(s: Sweep, p: Pace) -> int:
    number = p.found - s.done
    group = np.repeat(np.arange(len(number)), number)
    k = np.arange(len(group)) + np.repeat(s.done - np.cumsum(number) + number, number)
    end = p.at[group, k % ROOM]
    order = np.lexsort((group, end))
    order = order[end[order] <= p.known[0]][:MOST]
    n, group, k = len(order), group[order], k[order]
    s.group[:n], s.end[:n], s.mark[:n] = group, end[order], p.mark[group, k % ROOM]
    s.start[:n] = np.where(k > 0, p.at[group, (k - 1) % ROOM], np.nan)
    s.done[:] += np.bincount(group, minlength=len(number))
    return n


@swift
def _summed(
    s: Sweep,
    samples: Array,
    first: int,
    number: int,
    spans: Array,
    part: Array,
    half: Array,
    cycle: Array,
) -> None:
    """Sweep all channels at once; at each bound close the half-cycle of its group's channels.

    `part` is room for the sums of a few rows.
    """
    channels = samples.shape[1]
    row = s.at[0] - first
    for k in range(number):
        g, t = s.group[k], s.end[k]
        end = int(np.ceil(t)) - first
        part[:] = np.float32(0.0)
        while row + 4 <= end:  # four rows at once, so that sums are loaded and stored once
            x0, x1, x2, x3 = samples[row], samples[row + 1], samples[row + 2], samples[row + 3]
            for c in range(channels):
                part[c] += (x0[c] * x0[c] + x1[c] * x1[c]) + (x2[c] * x2[c] + x3[c] * x3[c])
            row += 4
        while row < end:
            x0 = samples[row]
            for c in range(channels):
                part[c] += x0[c] * x0[c]
            row += 1
        for c in range(channels):
            s.integral[c] += part[c]
        ahead = np.ceil(t) - t
        lasted = t - s.start[k]
        both = lasted + s.lasted[g]
        for c in range(spans[g, 0], spans[g, 1]):
            a, b = float(samples[end, c]), float(samples[end - 1, c])
            edge = (ahead * (a * a * (2 - ahead) + b * b * ahead) - a * a) / 2
            square = s.integral[c] - edge
            half[k, c] = np.sqrt(square / lasted)
            cycle[k, c] = np.sqrt((square + s.before[c]) / both)
            s.before[c] = square
            s.integral[c] = edge
        s.lasted[g] = lasted
    s.at[:] = row + first


def _summed_plain(
    s: Sweep, samples: Array, first: int, number: int, spans: Array, half: Array, cycle: Array
) -> None:
    if not number:
        return
    low, high = int(s.at.min()) - first, int(np.ceil(s.end[number - 1])) - first
    low = max(low - 1, 0)
    squares = np.square(samples[low : high + 1])
    low += first
    end, group = s.end[:number], s.group[:number]
    rows = np.ceil(end).astype(np.int64)
    ahead, lasted = (rows - end)[:, None], end - s.start[:number]
    rows -= low
    now, then = squares[rows].astype(float), squares[rows - 1].astype(float)
    edge = (ahead * (now * (2 - ahead) + then * ahead) - now) / 2
    order = np.argsort(group, kind="stable")
    before = np.full(number, -1)  # the row of the same group's half-cycle before, -1 for none
    last, begins = np.full(len(spans), -1), 0
    for g, ends in enumerate(np.bincount(group, minlength=len(spans)).cumsum().tolist()):
        own, span = order[begins:ends], slice(*spans[g].tolist())
        begins = ends
        if not len(own):
            continue
        before[own[1:]], last[g] = own[:-1], own[-1]
        bounds = np.append(s.at[g] - low, rows[own])
        half[own, span] = np.add.reduceat(squares[: bounds[-1], span], bounds[:-1], axis=0)
        s.at[g] = bounds[-1] + low
    half += np.concatenate([edge, s.integral[None]])[before] - edge
    np.add(half, np.concatenate([half, s.before[None]])[before], out=cycle)
    both = lasted + np.where(before < 0, s.lasted[group], lasted[before])
    for g, k in enumerate(last.tolist()):
        span = slice(*spans[g].tolist())
        if k >= 0:
            s.integral[span], s.before[span], s.lasted[g] = edge[k, span], half[k, span], lasted[k]
    with np.errstate(invalid="ignore"):
        np.sqrt(half / lasted[:, None], out=half)
        np.sqrt(cycle / both[:, None], out=cycle)
