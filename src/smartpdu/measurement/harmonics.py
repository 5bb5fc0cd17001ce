"""Harmonics and interharmonics of one window by the subgroups of IEC 61000-4-7 (8)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from smartpdu.measurement.compiled import COMPILES, swift
from smartpdu.measurement.grid import DEGREE, POINTS, Grid

Array = NDArray[Any]

ORDERS = 50
STANDS_OUT = 2.0  # times what is beside it: noise alone gives 0.65, more than this once in 3,000
POWERS = np.vander(np.arange(1.0, ORDERS + 1), DEGREE + 1)  # of the orders, the highest first


@dataclass(frozen=True, slots=True)
class Spectra:
    """RMS values of each order from 1 to 50 and channel, (ORDERS, channels)."""

    harmonic: Array  # subgroups: the bin of the order and one at either side
    interharmonic: Array  # centred subgroups: the bins between this order and the next
    phasor: Array  # complex: the bin alone, its angle at the start of the window


def is_noise(fundamental: Array, beside: Array) -> Array:
    """Whether a fundamental does not stand out of the interharmonics between it and the second."""
    return np.asarray(fundamental < STANDS_OUT * beside)


def spectra(grid: Grid, cycles: int, cycle: float) -> Spectra:
    """The spectra of a filled grid; `cycle` is the samples of one cycle."""
    spectrum = scipy.fft.rfft(grid.points, axis=0)
    channels = grid.points.shape[1]
    found = np.empty((2, ORDERS, channels), np.float32)
    phasor = np.empty((ORDERS, channels), np.complex64)
    if COMPILES:
        z, parts = spectrum.view(np.float32), phasor.view(np.float32)
        _grouped(z, cycles, cycle, grid.loss, found[0], found[1], parts)
    else:
        _grouped_plain(spectrum, cycles, cycle, grid.loss, found[0], found[1], phasor)
    return Spectra(found[0], found[1], phasor)


@swift
def _grouped(
    z: Array,
    cycles: int,
    cycle: float,
    loss: Array,
    harmonic: Array,
    interharmonic: Array,
    phasor: Array,
) -> None:
    """Real and imaginary parts stand side by side in the rows of z and of the phasors."""
    channels = harmonic.shape[1]
    for h in range(ORDERS):
        kept = 0.0
        for coefficient in loss:
            kept = kept * ((h + 1) / cycle) + coefficient
        f = np.float32(np.sqrt(2.0) / POINTS * kept)
        centre = cycles * (h + 1)
        own, between = harmonic[h], interharmonic[h]
        a, b, d = z[centre - 1], z[centre], z[centre + 1]
        for c in range(2 * channels):
            phasor[h, c] = f * b[c]
        for c in range(channels):
            i, j = 2 * c, 2 * c + 1
            own[c] = f * np.sqrt(
                a[i] * a[i] + a[j] * a[j] + b[i] * b[i] + b[j] * b[j] + d[i] * d[i] + d[j] * d[j]
            )
            between[c] = np.float32(0.0)
        for k in range(centre + 2, centre + cycles - 1):
            a = z[k]
            for c in range(channels):
                between[c] += a[2 * c] * a[2 * c] + a[2 * c + 1] * a[2 * c + 1]
        for c in range(channels):
            between[c] = f * np.sqrt(between[c])


def _grouped_plain(
    z: Array,
    cycles: int,
    cycle: float,
    loss: Array,
    harmonic: Array,
    interharmonic: Array,
    phasor: Array,
) -> None:
    kept = POWERS @ (loss * cycle ** -np.arange(float(len(loss) - 1), -1, -1))
    factor = (np.sqrt(2.0) / POINTS * kept).astype(np.float32)[:, None]
    bins = z[cycles - 1 : cycles - 1 + ORDERS * cycles].view(np.float32)
    orders = bins.reshape(ORDERS, cycles, -1)
    for part, out in ((orders[:, :3], harmonic), (orders[:, 3:], interharmonic)):
        square = np.einsum("hkc,hkc->hc", part, part)
        np.multiply(np.sqrt(square[:, 0::2] + square[:, 1::2]), factor, out=out)
    np.multiply(z[cycles : (ORDERS + 1) * cycles : cycles], factor, out=phasor)
