"""The grid before the rack: voltages that wander and drop, vectors of current and leak (7, 8)."""

import numpy as np
from numpy.typing import NDArray

from smartpdu.model.plant import Plant
from smartpdu.model.table import total
from smartpdu.model.units import Amperes, Column, LeakageAmperes, Ratios, Rows, Volts

KEPT, STEP = 0.999, 0.0002  # each second: half a percent over some quarter of an hour
FARTHEST = 0.02  # of the nominal voltage that the source wanders at most

Phasors = NDArray[np.complex128]


def summed(values: Phasors, by: Rows, rows: int) -> Phasors:
    """Sum of the phasors of each parent's children (Kirchhoff)."""
    return total(values.real, by, rows) + 1j * total(values.imag, by, rows)


def wandered(wander: Ratios, chance: Column) -> Ratios:
    """How far each phase's source is from its nominal voltage, a second later."""
    return KEPT * wander + STEP * chance


def voltages(plant: Plant, wander: Ratios, drop: Volts, factor: Ratios) -> Volts:
    """Voltage of each phase: the source's, less the drop on the line, times what faults leave."""
    source = plant.phases.nominal_voltage * (1 + np.clip(wander, -FARTHEST, FARTHEST))
    left: Volts = np.maximum((source - drop) * factor, 0.0)
    return left


def in_place(values: Phasors, plant: Plant) -> Phasors:
    """Phasors of each phase against the first line's voltage, from those against their own."""
    turned: Phasors = values * np.exp(-2j * np.pi / 3 * plant.phases.line)
    return turned


def neutral_current(plant: Plant, fundamental: Phasors, harmonic: Amperes) -> Amperes:
    """Current in the neutral of each feed: the phases as vectors, their triplen parts in step."""
    feeds, by = len(plant.feeds), plant.phases.feed
    vector = np.abs(summed(in_place(fundamental, plant), by, feeds))
    current: Amperes = np.hypot(vector, total(harmonic, by, feeds))
    return current


def residual(plant: Plant, filters: LeakageAmperes, faults: LeakageAmperes) -> Phasors:
    """Residual current of each feed: filters lead by a quarter, faults are in phase."""
    each = in_place(np.asarray(1j * filters + faults, dtype=np.complex128), plant)
    return summed(each, plant.phases.feed, len(plant.feeds))
