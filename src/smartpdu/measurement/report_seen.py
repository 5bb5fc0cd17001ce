"""Half-cycles at a beginning that a voltage's own crossings were too few for, though it was there.

A voltage lives for the stream once enough of its crossings agree. One that is lost after six cycles
may not come so far, and its half-cycles are those of another voltage; where its own wave keeps its
phase to them, their pace is no assumption.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement.crossing import CARRIED, REAL
from smartpdu.measurement.halves import Halves
from smartpdu.measurement.report_coherent import turning

Array = NDArray[Any]

MOST = 40  # half-cycles that are looked at: a voltage that goes on is known by then
OFF = 0.02  # of a cycle that the phase of the wave may wander
STRONG = 0.6  # of the voltage's strongest cycle: a weaker one may be an edge, or nothing
LEAST = 2  # cycles in a row that tell a pace


def seen(halves: Halves, taken: Callable[[int], Array], heads: Array) -> Halves:
    """Half-cycles without the mark of an assumed pace where the voltage shows that it is its own.

    `taken` gives so many of the run's first samples as columns; `heads` are those of voltages.
    """
    mark = halves.mark.copy()
    for g, head in enumerate(heads.tolist()):
        rows = np.flatnonzero(halves.group == g)[:MOST]
        begun = halves.mark[rows] == CARRIED
        rows = rows[: len(rows) if begun.all() else int(begun.argmin())]
        if len(rows) > LEAST:
            bounds = halves.end[rows]
            strongest = float(np.nanmax(halves.cycle[halves.group == g, head], initial=0.0))
            own = _own(taken(int(np.ceil(bounds[-1])) + 1)[:, head], bounds, STRONG * strongest)
            mark[rows[: own + 1 if own else 0]] = REAL
    return replace(halves, mark=mark)


def _own(samples: Array, bounds: Array, least: float) -> int:
    """How many half-cycles between these bounds, from the first on, keep a wave's phase."""
    wave = np.zeros(len(bounds) - 2, complex)
    for k in range(2):  # cycles that begin with even bounds, and with odd ones
        some = bounds[k::2]
        if len(some) > 1:
            wave[k::2] = turning(samples[:, None], some)[:, 0]
    wave *= (-1.0) ** np.arange(len(wave))
    sure = np.abs(wave) >= max(least, np.finfo(float).tiny)
    sure &= np.abs(np.angle(wave * wave[0].conj())) <= 2 * np.pi * OFF
    cycles = len(sure) if sure.all() else int(sure.argmin())
    return cycles + 1 if cycles >= 2 * LEAST - 1 else 0
