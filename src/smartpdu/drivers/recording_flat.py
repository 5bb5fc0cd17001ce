"""Waves that rest at their extremes: clipped, though nobody said where the converter ends.

The round top of a wave rests too, where its steps are coarse. So a wave is clipped only where it
rests for longer than a round one could in steps of that size.
"""

from collections.abc import Iterable, Iterator
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.drivers.recording import Mark, Quality, Recording
from smartpdu.model.units import Hertz

LEAST = 3  # samples in a row
ROUND = 2.0  # times as long as a round top rests
NEAR = 1 / 8  # of the whole swing: values that tell the step there
SOME = 8  # of them
FEW, FINEST, UNEVEN = 10.0, 40, 0.1  # times the least span; its parts; how exactly they fit
MOST = 0.45  # of a cycle: what rests for longer was at nothing, as behind a diode

Column = NDArray[np.floating[Any]]


def flat(recording: Recording, frequency: Hertz, channels: Iterable[int]) -> Iterator[Mark]:
    """A mark for each of these channels that is clipped; of waves of that frequency."""
    cycle = recording.rate / frequency
    for number in channels:
        about, samples = recording.channels[number], recording.samples[:, number]
        there = samples[np.isfinite(samples)]
        if not len(there) or there.min() == there.max():
            continue
        for pick, word in ((np.max, "highest"), (np.min, "lowest")):
            extreme = float(pick(there))
            first, count = _resting(samples, extreme, cycle)
            if count:
                begun = float(recording.times[first])
                words = (
                    f"{about.name}: {count} samples rest at its {word} value, "
                    f"{extreme:.6g} {about.unit}, from {begun:.5f} s on"
                )
                yield Mark(Quality.CLIPPED, words, number, first, count)


def _step(samples: Column, extreme: float) -> float:
    """The step of the values near an extreme, where those of floating point are coarsest.

    It is the largest of which all that lies between them is so many times as much.
    """
    there = samples[np.isfinite(samples)]
    near = there[np.abs(there - extreme) <= NEAR * np.ptp(there)]
    spans = np.diff(np.unique(near))
    if len(spans) < SOME:
        spans = np.diff(np.unique(there))
    least = float(spans.min())
    times = spans[spans < FEW * least] / least
    for parts in range(1, FINEST):
        if (np.abs(times * parts - np.round(times * parts)) < UNEVEN).all():
            return least / parts
    return float(np.spacing(np.float32(abs(extreme))))


def _rest(step: float, cycle: float) -> float:
    """Samples that the round top of a sine rests; the step is told in amplitudes."""
    return sqrt(2 * min(step, 1.0)) / np.pi * cycle + 1


def _resting(samples: Column, extreme: float, cycle: float) -> tuple[int, int]:
    """First and number of all samples that rest at an extreme; 0 where it is a round top's."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], samples == extreme, [False]])))
    begin, lengths = edges[::2], edges[1::2] - edges[::2]
    if lengths.max() < LEAST or lengths.max() > max(MOST * cycle, LEAST):
        return 0, 0
    step = _step(samples, extreme)
    amplitude = float(np.nanmax(samples) - np.nanmin(samples)) / 2
    long = lengths >= max(LEAST, ceil(ROUND * _rest(step / amplitude, cycle)))
    return (int(begin[long][0]), int(lengths[long].sum())) if long.any() else (0, 0)
