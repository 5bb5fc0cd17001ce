"""What samples tell of a pulse of current: its height and width, its onset, and its angle (5)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement.recent import Recent, span
from smartpdu.model.units import Ampere

Array = NDArray[Any]

ONSET = 0.05  # of the greatest deviation in the first cycle: there it began


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One half-cycle of a current."""

    start: float
    end: float
    rms: Ampere
    values: Array  # magnitudes of its samples, and of the one after; none where it was too low

    @property
    def peak(self) -> Ampere:
        """The greatest magnitude."""
        return float(self.values.max(initial=0.0))


def row(recent: Recent, channel: int, start: float, end: float, rms: Ampere) -> Row:
    """A half-cycle of a channel."""
    return Row(start, end, rms, np.abs(_samples(recent, channel, start, end + 1)))


def worth(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The same rows, without the samples of those that do not reach half of the peak."""
    rows = tuple(rows)
    least = max(r.peak for r in rows) / 2
    return tuple(r if r.peak >= least else replace(r, values=r.values[:0]) for r in rows)


def width(rows: Iterable[Row]) -> float:
    """Samples that the current is beyond half of its peak."""
    rows = tuple(rows)
    least = max(r.peak for r in rows) / 2
    return sum(_beyond(r.values, least) for r in rows)


def _beyond(values: Array, least: float) -> float:
    if len(values) < 2:
        return 0.0
    a, b = values[:-1], values[1:]
    low, high = np.minimum(a, b), np.maximum(a, b)
    part = np.clip((high - least) / np.where(high > low, high - low, 1.0), 0.0, 1.0)
    return float(np.where(low >= least, 1.0, np.where(high < least, 0.0, part)).sum())


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
