"""Waves that rest at their extremes: clipped, though nobody said where the converter ends.

The round top of a wave rests too, where its steps are coarse. So a wave is clipped only where it
rests for longer than a round one could in steps of that size, and comes to its rest steeply.
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
STEEP = 10.0  # steps from the rest to the samples beside it
NEAR = 1 / 8  # of the whole swing: values that tell the step there
SOME, FEW, UNEVEN = 8, 10, 0.1  # values that tell it; steps that are counted, how exactly
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

    0 where they are finer than can be told: not all are so many times the least one apart.
    """
    there = samples[np.isfinite(samples)]
    near = there[np.abs(there - extreme) <= NEAR * np.ptp(there)]
    steps = np.diff(np.unique(near))
    if len(steps) < SOME:
        steps = np.diff(np.unique(there))
    step = float(steps.min())
    times = steps[steps < FEW * step] / step
    return step if (np.abs(times - np.round(times)) < UNEVEN).all() else 0.0


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
    begin, lengths = begin[long], lengths[long]
    before = np.maximum(begin - lengths // 2 - 1, 0)
    after = np.minimum(begin + lengths + lengths // 2, len(samples) - 1)
    off = np.fmin(*(np.abs(samples[side] - extreme) for side in (before, after)))
    cut = off >= STEEP * step
    return (int(begin[cut][0]), int(lengths[cut].sum())) if cut.any() else (0, 0)
