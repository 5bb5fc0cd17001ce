"""The twin's converter: volts and amperes with noise, as the whole numbers that an ADC gives."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartpdu.model.units import Column

Samples = NDArray[np.float32]
Counts = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Converter:
    """How each channel is converted."""

    gain: Column  # V or A of one count
    noise: float  # counts, RMS; white and evenly spread, which is five times cheaper than normal
    least: int  # what the whole numbers can hold
    most: int


def converter(scale: Column, bits: int, noise: float) -> Converter:
    """One that reaches up to these scales; the noise is a share of them."""
    most = 2 ** (bits - 1) - 1
    return Converter(scale / most, noise * most, -most - 1, most)


def counted(made: Converter, samples: Samples, dice: np.random.Generator) -> Counts:
    """The counts of samples; what is beyond the scale is clipped."""
    counts = samples * (1 / made.gain).astype(np.float32)
    if made.noise:
        spread = dice.random(counts.shape, dtype=np.float32)
        spread -= np.float32(0.5)
        spread *= np.float32(made.noise * np.sqrt(12))
        counts += spread
    np.rint(counts, out=counts)
    return np.clip(counts, made.least, made.most, out=counts).astype(np.int32)
