"""The fundamental over the whole cycles that active power is the mean of, cycle by cycle.

A current that flows for a part of the time has a phasor and a reactive power of that part, as it
has an active power of it: each is a mean over all cycles, in phase with the leading voltage.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

WEAK = 0.1  # of the leading voltage's strongest cycle: a weaker one has no angle
UNKNOWN = complex(np.nan, np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Turning:
    """Cycles that follow each other: their fundamental, and what they count."""

    phasor: Array  # complex RMS from each cycle's begin on, (cycles, columns)
    weight: Array  # s; 0 where samples of a column are missing, (cycles, columns)


def turning(samples: Array, bounds: Array) -> Array:
    """Complex RMS of the fundamental between each bound and the next, (cycles, columns).

    By the trapezoid rule, as active power is; bounds may lie between samples.
    """
    found = np.empty((len(bounds) - 1, samples.shape[1]), complex)
    for k, (begin, end) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)):
        first, last = int(begin), int(np.ceil(end))
        weight, before, after = np.ones(last - first + 1), begin - first, last - end
        weight[0] -= 0.5 + before - before**2 / 2
        weight[-1] -= 0.5 + after - after**2 / 2
        weight[1] -= before**2 / 2
        weight[-2] -= after**2 / 2
        angle = 2j * np.pi / (end - begin) * (np.arange(first, last + 1) - begin)
        found[k] = (weight * np.exp(-angle)) @ samples[first : last + 1]
        found[k] *= np.sqrt(2) / (end - begin)
    return found


def coherent(parts: Sequence[Turning], pairs: Sequence[tuple[int, int]]) -> tuple[Array, Array]:
    """The mean phasor of each column, the first one real, and the mean power of each pair."""
    if not parts:
        raise ValueError("no cycle is given")
    phasor, weight = (np.concatenate([getattr(p, n) for p in parts]) for n in Turning.__slots__)
    lead = phasor[:, 0] * (weight[:, 0] > 0)
    size = np.abs(lead)
    live = size > WEAK * size.max()
    turn = np.full(len(lead), np.exp(-1j * np.angle(lead.sum())))
    turn[live] = lead[live].conj() / size[live]
    power = np.full(len(pairs), UNKNOWN)
    with np.errstate(invalid="ignore"):
        mean = (phasor * turn[:, None] * weight).sum(axis=0) / weight.sum(axis=0)
        for k, (v, i) in enumerate(pairs):
            if v >= 0:
                product = phasor[:, v] * phasor[:, i].conj() * weight[:, i]
                power[k] = product.sum() / weight[:, i].sum()
    return mean, power
