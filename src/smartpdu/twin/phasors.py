"""What the twin's channels carry, in closed form: a phasor for each order (7, 8, 16.2).

What flows is the life's: each outlet draws its power, its reactive current and its harmonic
current; harmonics that meet in voltage and current are part of that power.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartpdu.model.units import Flags, Hertz, Ratios, Rows, Volts
from smartpdu.twin import inrush
from smartpdu.twin.plan import World
from smartpdu.twin.spectrum import ORDERS, current_shape, voltage_shape
from smartpdu.twin.taps import Branch, branches
from smartpdu.twin.world import DEAD_VOLTAGE, Life, conducting

Phasors = NDArray[np.complex128]  # (orders, columns): RMS values, against a sine


@dataclass(frozen=True, slots=True)
class Waves:
    """How a twin is sampled: all of it that does not change."""

    world: World
    rate: Hertz
    count: int  # samples of one block
    branches: tuple[Branch, ...]  # one for each feed
    voltage: Rows  # channel of each phase's voltage
    shape: Phasors  # of each phase's voltage, from the third order on
    filters: inrush.Filters  # of each cord


def waves(world: World, rate: Hertz, count: int, dice: np.random.Generator) -> Waves:
    """The waves of a twin at a rate, in blocks of so many samples."""
    found = branches(world.plant)
    voltage = {
        tap.row: branch.columns.start + column
        for branch in found
        for column, tap in enumerate(branch.taps)
        if tap.quantity == "voltage"
    }
    phases = len(world.plant.phases)
    rows = np.array([voltage[row] for row in range(phases)], dtype=np.int64)
    shape = voltage_shape(phases, dice)
    return Waves(world, rate, count, found, rows, shape, inrush.filters(world.cords.rated))


def fed(world: World, life: Life) -> Flags:
    """Which cords are under voltage."""
    outlet = world.cords.outlet
    own = (conducting(world, life) & live(world, life.voltage)[world.plant.outlets.phase])[outlet]
    under: Flags = own & ~life.effects.pulled[outlet]
    return under


def live(world: World, volts: Volts) -> Flags:
    """Which phases are under voltage."""
    under: Flags = volts > DEAD_VOLTAGE * world.plant.phases.nominal_voltage
    return under


def cord_phase(world: World) -> Rows:
    """The phase of each cord."""
    return world.plant.outlets.phase[world.cords.outlet]


def phasors(made: Waves, life: Life, left: Ratios | float = 1.0) -> tuple[Phasors, ...]:
    """What the channels of each feed carry, but for inrush; `left` is what dips leave."""
    world, plant = made.world, made.world.plant
    volts = life.voltage * left
    distortion = (world.distortion + life.effects.distortion) / 100
    pure = volts / np.sqrt(1 + distortion**2)
    voltage = np.concatenate([pure[None] + 0j, pure * distortion * made.shape])
    supplied = fed(world, life) & live(world, volts)[cord_phase(world)]
    leak = np.zeros((len(ORDERS), len(plant.outlets)), dtype=np.complex128)
    faster = life.effects.frequency[plant.phases.feed]
    capacitive = 1j * ORDERS[:, None] * voltage * faster / 230
    leak[:, world.cords.outlet] = (
        capacitive[:, cord_phase(world)] * world.cords.leakage * supplied
    )  # leads by a quarter
    fault = life.effects.leak * voltage / plant.phases.nominal_voltage
    line = np.exp(-2j * np.pi / 3 * ORDERS[:, None] * plant.phases.line)
    by = plant.outlets.phase
    leak, outlet = leak * line[:, by], _drawn(made, life, voltage) * line[:, by]
    away = fault * line + _summed(leak, by, len(plant.phases))
    parts = (voltage * line, outlet + leak, fault * line, away)
    return tuple(branch.elements(*parts) @ branch.joins for branch in made.branches)


def _drawn(made: Waves, life: Life, voltage: Phasors) -> Phasors:
    """Current that each outlet's load draws, against its own phase's voltage."""
    world, flow = made.world, life.flow
    by = world.plant.outlets.phase
    own, pure = voltage[:, by], voltage[0, by].real
    working = (pure > DEAD_VOLTAGE * world.nominal) & conducting(world, life)
    corrected = np.ones(len(by), dtype=np.bool_)
    corrected[world.cords.outlet] = world.cords.corrected
    share = flow.harmonic / np.maximum(np.abs(flow.current), 1e-9)
    higher = flow.harmonic * current_shape(share, corrected) * working
    left = flow.power * working - (own[1:].real * higher).sum(axis=0)
    first = np.divide(left, pure, out=np.zeros_like(pure), where=working)
    return np.concatenate([(first + 1j * flow.current.imag * working)[None], higher])


def _summed(values: Phasors, by: Rows, rows: int) -> Phasors:
    found: Phasors = values @ (by[:, None] == np.arange(rows))
    return found
