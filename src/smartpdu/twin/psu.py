"""Power supplies: efficiency, power factor, harmonics, how the cords of a server share its load.

Figures after science 4.1, 4.3, 6.2 and 15; all are per cord, since each cord has a supply.
"""

import numpy as np

from smartpdu.model.table import total
from smartpdu.model.units import Amperes, Column, Flags, Ratios, Rows, Watts

LOADS = np.array([0.0, 0.01, 0.1, 0.2, 0.5, 1.0])
TITANIUM = np.array([0.30, 0.55, 0.90, 0.94, 0.96, 0.94])  # at 230 V
FACTOR_AT = np.array([0.0, 0.05, 0.1, 0.2, 0.5, 1.0])
FACTOR = np.array([0.50, 0.85, 0.92, 0.96, 0.985, 0.995])  # true power factor
THD_AT = np.array([0.0, 0.05, 0.2, 1.0])
THD = np.array([0.35, 0.278, 0.121, 0.041])  # of the fundamental
PLAIN_FACTOR, PLAIN_THD = 0.66, 1.057  # of a rectifier that nothing corrects, at any load
CREST_AT = np.array([0.0, 0.041, 0.121, 0.278, 1.057])  # distortion
CREST = np.array(
    [2**0.5, 1.38, 1.32, 1.21, 2.85]
)  # the triplen part flattens the peak, or sharpens
ALIVE = 3.0  # W that a supply takes without any load; a sleeping hot spare takes no more
DEAD = 0.5  # W through the bleeders of one that has failed
FILTER = 0.07  # A at 230 V: the X capacitors of its mains filter, in quadrature
SLEEP, WAKE = 0.20, 0.50  # load of the working supply at which a hot spare sleeps and wakes


def efficiency(load: Ratios) -> Ratios:
    """Efficiency at a share of the rated power."""
    ratio: Ratios = np.interp(load, LOADS, TITANIUM)
    return ratio


def input_power(output: Watts, rated: Watts) -> Watts:
    """What a living supply takes from its cord for what it gives."""
    return np.maximum(ALIVE, output / efficiency(output / rated))


def power_factor(load: Ratios) -> Ratios:
    """True power factor at a share of the rated power."""
    ratio: Ratios = np.interp(load, FACTOR_AT, FACTOR)
    return ratio


def distortion(load: Ratios) -> Ratios:
    """Harmonic current as a share of the fundamental, at a share of the rated power."""
    ratio: Ratios = np.interp(load, THD_AT, THD)
    return ratio


def crest_factor(distorted: Ratios) -> Ratios:
    """Peak over rms of a current whose harmonics are that share of its fundamental."""
    ratio: Ratios = np.interp(distorted, CREST_AT, CREST)
    return ratio


def currents(
    power: Watts, voltage: Column, load: Ratios, filtered: Amperes, corrected: Flags | bool = True
) -> tuple[Amperes, Amperes, Amperes]:
    """Active, reactive and harmonic current of cords under voltage.

    The true power factor fixes the whole current; its harmonics take their share of it, and what
    is left beside the active part is reactive, never less than what the mains filter draws.
    """
    active = power / voltage
    whole = active / np.where(corrected, power_factor(load), PLAIN_FACTOR)
    distorted = np.where(corrected, distortion(load), PLAIN_THD)
    fundamental = whole / np.sqrt(1 + distorted**2)
    reactive = np.sqrt(np.maximum(fundamental**2 - active**2, 0.0))
    harmonic = np.sqrt(np.maximum(whole**2 - active**2 - reactive**2, 0.0))
    return active, np.maximum(reactive, filtered), harmonic


def shares(weight: Ratios, alive: Flags, asleep: Flags, server: Rows, servers: int) -> Ratios:
    """Part of its server's load that each cord carries; what cannot is carried by the others."""
    able = np.where(alive & ~asleep, weight, 0.0)
    sums = total(able, server, servers)
    return np.divide(able, sums[server], out=np.zeros_like(able), where=sums[server] > 0)
