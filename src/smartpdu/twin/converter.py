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
    noise: float  # counts, RMS
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
        counts += np.float32(made.noise) * dice.standard_normal(counts.shape, dtype=np.float32)
    np.rint(counts, out=counts)
    return np.clip(counts, made.least, made.most, out=counts).astype(np.int32)
