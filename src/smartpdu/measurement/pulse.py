"""What samples tell of a pulse of current: its height and width, its onset, and its angle (5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement.recent import Recent, span
from smartpdu.model.units import Ampere

Array = NDArray[Any]

ONSET = 0.05  # of the greatest deviation in the first cycle: there it began


@dataclass(frozen=True, slots=True)
class Row:
    """One half-cycle of a current."""

    start: float
    end: float
    rms: Ampere
    peak: Ampere = 0.0
    width: float = 0.0  # samples


def row(recent: Recent, channel: int, start: float, end: float, rms: Ampere) -> Row:
    """A half-cycle with its peak, and how wide its pulse is at half of that."""
    values = np.abs(_samples(recent, channel, start, end))
    if not len(values):
        return Row(start, end, rms)
    place = int(values.argmax())
    peak = float(values[place])
    low = np.flatnonzero(values < peak / 2)
    left, right = low[low < place], low[low > place]
    first, last = 0.0, float(len(values))
    if len(left):
        a, b = values[left[-1]], values[left[-1] + 1]
        first = left[-1] + float((peak / 2 - a) / (b - a))
    if len(right):
        a, b = values[right[0] - 1], values[right[0]]
        last = right[0] - 1 + float((a - peak / 2) / (a - b))
    return Row(start, end, rms, peak, last - first)


def onset(recent: Recent, channel: int, rows: Sequence[Row]) -> float:
    """The first sample in these half-cycles that differs from the cycle before it."""
    start, end = rows[0].start, rows[-1].end
    cycle = round(2 * (end - rows[-1].start))
    first = max(int(np.ceil(start)), recent.first + cycle)
    values = _samples(recent, channel, first - cycle, end)
    off = np.abs(values[cycle:] - values[: len(values) - cycle])
    if not len(off):
        return start
    return float(first + int((off >= ONSET * off.max()).argmax()))


def angle(recent: Recent, voltage: int, start: float, half: tuple[float, float]) -> float:
    """Degrees since the voltage rose through zero, counted back from its next zero.

    `half` is the half-cycle in which that zero lies, or after which it comes.
    """
    values = _samples(recent, voltage, start, half[1])
    turns = np.flatnonzero((values[1:] >= 0) != (values[:-1] >= 0))
    if not len(turns):
        return np.nan
    k = int(turns[0])
    zero = k + float(values[k] / (values[k] - values[k + 1]))
    left = 180 * (zero + np.ceil(start) - start) / (half[1] - half[0])
    return float(((180 if values[k] >= 0 else 360) - left) % 360)


def _samples(recent: Recent, channel: int, start: float, end: float) -> Array:
    """The samples of a channel between two moments, as far as they are kept."""
    first, stop = max(int(np.ceil(start)), recent.first), min(int(np.ceil(end)), recent.end)
    if stop <= first:
        return np.empty(0)
    return np.asarray(span(recent, first, stop)[:, channel], float)
