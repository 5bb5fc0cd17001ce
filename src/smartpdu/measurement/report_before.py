"""Half-cycles before the first crossing of a voltage: of a recording that begins without it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement.crossing import CARRIED
from smartpdu.measurement.halves import Halves
from smartpdu.measurement.report_layout import cycle_rms

Array = NDArray[Any]

LATE = 1.5  # cycles from a beginning on in which the first crossing comes anyway


def led(halves: Halves, taken: Callable[[int], Array], group: Array, cycle: float) -> Halves:
    """Half-cycles with those before each voltage's first crossing, at the pace it has later.

    `taken` gives so many of the run's first samples as columns; a cycle is told in samples.
    """
    added, kept = [], np.ones(len(halves.end), bool)
    for g in np.unique(halves.group).tolist():
        rows = np.flatnonzero(halves.group == g)[:3]
        if len(rows) < 3 or halves.end[rows[0]] < LATE * cycle:
            continue
        begun = halves.end[rows[0]]
        before = begun - np.arange(int(begun / (cycle / 2)), 0, -1) * cycle / 2
        bounds = np.concatenate([before, halves.end[rows[:2]]])
        added.append(_between(taken(int(bounds[-1]) + 2), group, g, bounds))
        kept[rows[:2]] = False
    if not added:
        return halves
    parts = [_rows(halves, np.flatnonzero(kept)), *added]
    joined = Halves(*(np.concatenate([getattr(p, n) for p in parts]) for n in Halves.__slots__))
    return _rows(joined, np.argsort(joined.end, kind="stable"))


def _rows(halves: Halves, rows: Array) -> Halves:
    return Halves(*(getattr(halves, name)[rows] for name in Halves.__slots__))


def _between(samples: Array, group: Array, g: int, bounds: Array) -> Halves:
    number = len(bounds) - 1
    half, cycle = np.full((2, number, samples.shape[1]), np.nan)
    for c in np.flatnonzero(group == g).tolist():
        half[:, c], cycle[:, c] = cycle_rms(samples[:, c], bounds)
    ones = np.ones(number, int)
    return Halves(g * ones, bounds[:-1], bounds[1:], CARRIED * ones, half, cycle)
