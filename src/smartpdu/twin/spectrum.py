"""Spectra of the twin: what a supply draws at its load, what the grid's voltage brings (8).

Tables after science 6.2, by the distortion of the current. A corrected supply flattens the peak:
its harmonics cross zero upwards with the voltage; a plain rectifier's alternate, and sharpen it.
"""

import numpy as np
from numpy.typing import NDArray

from smartpdu.model.units import Flags, Ratios

ORDERS = np.array([1, 3, 5, 7, 9, 11, 13])
CORRECTED_AT = (0.041, 0.121, 0.278)  # distortion at full load, at 20 % and at 5 %
CORRECTED = np.array(
    [
        [0.03, 0.02, 0.015, 0.01, 0.008, 0.0],
        [0.09, 0.06, 0.04, 0.03, 0.02, 0.0],
        [0.20, 0.14, 0.10, 0.07, 0.05, 0.0],
    ]
)
PLAIN = np.array([-0.80, 0.58, -0.34, 0.15, -0.06, 0.0])
VOLTAGE = np.array([0.35, 1.0, 0.6, 0.15, 0.35, 0.25])  # of a low-voltage grid, the 5th leading

Spectra = NDArray[np.float64]  # (orders, columns)


def current_shape(distortion: Ratios, corrected: Flags) -> Spectra:
    """Signed harmonics of each current, from the third order on, as a share of their RMS sum."""
    shape = np.array([np.interp(distortion, CORRECTED_AT, share) for share in CORRECTED.T])
    shape = np.where(corrected, shape, PLAIN[:, None])
    unit: Spectra = shape / np.sqrt(np.square(shape).sum(axis=0))
    return unit


def voltage_shape(columns: int, dice: np.random.Generator) -> NDArray[np.complex128]:
    """Harmonics of each phase's voltage as phasors, as a share of their RMS sum.

    Their angles are the grid's: one for each order, and a little off it on each line.
    """
    angle = dice.uniform(0, 2 * np.pi, (len(VOLTAGE), 1))
    angle = angle + dice.normal(0, 0.1, (len(VOLTAGE), columns))
    whole = np.sqrt(np.square(VOLTAGE).sum())
    unit: NDArray[np.complex128] = VOLTAGE[:, None] / whole * np.exp(1j * angle)
    return unit
