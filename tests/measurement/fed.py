"""Samples sent through a stream in blocks of any size, as a driver sends them."""

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.clock import Clock, ticks
from smartpdu.measurement.waveform import Measured, Stream, Window, joined


def measured(
    channels: Channels,
    samples: NDArray[np.float32],
    dice: np.random.Generator,
    clock: Clock | None = None,
    most: int = 3000,
) -> Measured:
    """All that a stream finds; with a clock, aligned to its ticks of ten minutes."""
    stream, parts, place = Stream(channels), [], 0
    while place < len(samples):
        block = samples[place : place + int(dice.integers(1, most))]
        for tick in ticks(clock, 600.0, place, place + len(block)) if clock else ():
            stream.resynchronise(tick)
        parts.append(stream.take(block))
        place += len(block)
    return joined(parts, samples.shape[1])


def windows(
    channels: Channels, samples: NDArray[np.float32], dice: np.random.Generator
) -> tuple[Window, ...]:
    """The windows of a stream, those at its beginning left out: filters have settled."""
    return measured(channels, samples, dice).windows[1:]
