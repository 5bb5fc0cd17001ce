"""Inrush: what a supply draws to fill its capacitor when it is fed, as science 3.1 has it (5).

Line and limiter in series, a bridge, a capacitor. Peak and I2t follow from the closing angle.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartpdu.model.units import Column, Flags, Ratios, Volts, Watts

RATED = np.array([0.0, 550.0, 1100.0, 2400.0, 3300.0])  # W of a supply
CAPACITY = np.array([30e-6, 270e-6, 560e-6, 1120e-6, 1560e-6])  # F
LIMITER = np.array([16.0, 12.0, 9.0, 6.0, 5.0])  # ohm, cold
LINE = 0.3  # ohm before it
HOT = 0.3  # of its cold resistance that a warm limiter has
WARMS, COOLS = 5.0, 40.0  # s
BLEEDS = 3.0  # s in which a capacitor empties into what still wakes behind it
FULL = 0.96  # of the peak: from there on the limiter is bypassed, and what flows is load

Blocks = NDArray[np.float64]  # (samples, columns)


@dataclass(frozen=True, slots=True)
class Filters:
    """What stands behind each cord: the capacitor, and what limits the current into it."""

    capacity: Column
    limiter: Column


def filters(rated: Watts) -> Filters:
    """Capacitors and limiters as supplies of that rating have them."""
    return Filters(np.interp(rated, RATED, CAPACITY), np.interp(rated, RATED, LIMITER))


def warmed(warmth: Ratios, fed: Flags, elapsed: float) -> Ratios:
    """How warm each limiter is, from 0 to 1, some seconds later."""
    after: Ratios = np.where(
        fed, 1 - (1 - warmth) * np.exp(-elapsed / WARMS), warmth * np.exp(-elapsed / COOLS)
    )
    return after


def resistance(limiter: Column, warmth: Ratios) -> Column:
    """Resistance in the way of each current."""
    whole: Column = LINE + limiter * (1 - (1 - HOT) * warmth)
    return whole


def charged(
    volts: Blocks, charge: Volts, resist: Column, capacity: Column, step: float
) -> tuple[Blocks, Volts]:
    """Currents into capacitors at each sample of these voltages, and their charge after the last.

    A voltage of 0 stands for a contact that is still open.
    """
    current = np.zeros_like(volts)
    gain = -np.expm1(-step / (resist * capacity))  # exact while the voltage stands still
    for row, volt in enumerate(volts):
        over = np.maximum(np.abs(volt) - charge, 0.0)
        current[row] = np.sign(volt) * over / resist
        charge = charge + gain * over
    return current, charge
