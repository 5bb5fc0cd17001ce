"""Harmonics and interharmonics of one window by the subgroups of IEC 61000-4-7 (8)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from smartpdu.measurement.compiled import COMPILES, swift
from smartpdu.measurement.grid import POINTS, Grid

Array = NDArray[Any]

ORDERS = 50


@dataclass(frozen=True, slots=True)
class Spectra:
    """RMS values of each order from 1 to 50 and channel, (ORDERS, channels)."""

    harmonic: Array  # subgroups: the bin of the order and one at either side
    interharmonic: Array  # centred subgroups: the bins between this order and the next
    phasor: Array  # complex: the bin alone, its angle at the start of the window


def spectra(grid: Grid, channels: int, cycles: int, cycle: float) -> Spectra:
    """The spectra of a filled grid; `cycle` is the samples of one cycle."""
    spectrum = scipy.fft.fft(grid.points.view(np.complex64), axis=0, overwrite_x=True)
    kept = np.polyval(grid.loss, np.arange(1, ORDERS + 1) / cycle)
    factor = (np.sqrt(0.5) / POINTS * kept[:, None] / grid.scale).astype(np.float32)
    found = np.empty((2, ORDERS, grid.points.shape[1]), np.float32)
    phasor = np.empty((ORDERS, grid.points.shape[1]), np.complex64)
    if COMPILES:
        _grouped(
            spectrum.view(np.float32),
            cycles,
            factor,
            found[0],
            found[1],
            phasor.view(np.float32).reshape(ORDERS, -1, 2),
        )
    else:
        _grouped_plain(spectrum, cycles, factor, found[0], found[1], phasor)
    return Spectra(found[0, :, :channels], found[1, :, :channels], phasor[:, :channels])


@swift
def _grouped(
    z: Array, cycles: int, factor: Array, harmonic: Array, interharmonic: Array, phasor: Array
) -> None:
    """From spectra of pairs: z[k] plus z[-k] is one channel, their difference the other."""
    channels = z.shape[1]
    for h in range(ORDERS):
        scale = factor[h]
        for c in range(channels):
            harmonic[h, c], interharmonic[h, c] = np.float32(0.0), np.float32(0.0)
        centre = cycles * (h + 1)
        for k in range(centre - 1, centre + cycles - 1):
            p, q = z[k], z[POINTS - k]
            out = harmonic[h] if k <= centre + 1 else interharmonic[h]
            for j in range(0, channels, 2):
                ar, ai = p[j] + q[j], p[j + 1] - q[j + 1]
                br, bi = p[j + 1] + q[j + 1], q[j] - p[j]
                out[j] += ar * ar + ai * ai
                out[j + 1] += br * br + bi * bi
                if k == centre:
                    phasor[h, j, 0], phasor[h, j, 1] = ar * scale[j], ai * scale[j]
                    phasor[h, j + 1, 0] = br * scale[j + 1]
                    phasor[h, j + 1, 1] = bi * scale[j + 1]
        for c in range(channels):
            harmonic[h, c] = np.sqrt(harmonic[h, c]) * scale[c]
            interharmonic[h, c] = np.sqrt(interharmonic[h, c]) * scale[c]


def _grouped_plain(
    z: Array, cycles: int, factor: Array, harmonic: Array, interharmonic: Array, phasor: Array
) -> None:
    bins = slice(cycles - 1, cycles - 1 + ORDERS * cycles)
    mirror = z[POINTS - bins.start : POINTS - bins.stop : -1].conj()
    for side, both in ((0, z[bins] + mirror), (1, -1j * (z[bins] - mirror))):
        power = (np.square(both.real) + np.square(both.imag)).reshape(ORDERS, cycles, -1)
        harmonic[:, side::2] = np.sqrt(power[:, :3].sum(axis=1)) * factor[:, side::2]
        interharmonic[:, side::2] = np.sqrt(power[:, 3:].sum(axis=1)) * factor[:, side::2]
        phasor[:, side::2] = both[1::cycles] * factor[:, side::2]
