"""A few missing samples are bridged, so that cycles go on over them; where they lack stays known.

Without that each of them would end a run, and the cycles beside it would be too few to be followed.
No value is made of what is bridged: it counts as missing wherever it lies in a window, a half-cycle
or a cycle.
"""

from dataclasses import replace

import numpy as np

from smartpdu.measurement.report_layout import Material
from smartpdu.model.units import Flags, Second

LONGEST: Second = 2.5e-3  # an eighth of a cycle: the fundamental is hardly bent by more
RARE = 0.05  # of a channel's samples: where more are missing, it is no wave with a few holes


def bridged(material: Material) -> Material:
    """The same with short holes filled in straight lines, and where they are."""
    samples, holes = material.samples, {}
    for channel in range(samples.shape[1]):
        absent = np.isnan(samples[:, channel])
        short = _short(material, absent)
        if not short.any() or short.mean() > RARE:
            continue
        if samples is material.samples:
            samples = samples.copy()
        there = np.flatnonzero(~absent)
        places = np.flatnonzero(short)
        samples[places, channel] = np.interp(places, there, samples[there, channel])
        holes[channel] = short
    return replace(material, samples=samples, holes=holes)


def _short(material: Material, absent: Flags) -> Flags:
    """Which of the missing samples lie in holes short enough, with samples at both sides."""
    found = np.zeros(len(absent), np.bool_)
    if not absent.any():
        return found
    for part in material.parts:
        edges = np.diff(absent[part.first : part.end].astype(np.int8))
        begins = part.first + np.flatnonzero(edges > 0) + 1
        ends = part.first + np.flatnonzero(edges < 0) + 1
        ends = ends[np.searchsorted(ends, begins[0]) :] if len(begins) else ends[:0]
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=False):
            found[begin:end] = end - begin <= LONGEST * part.rate
    return found
