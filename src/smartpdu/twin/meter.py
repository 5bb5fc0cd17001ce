"""What the meters of the twin's PDUs tell: the truth with noise, in the steps of their digits."""

import numpy as np

from smartpdu.model.plant import Plant
from smartpdu.model.snapshot import Snapshot, blank
from smartpdu.model.table import total
from smartpdu.model.units import Column
from smartpdu.twin.air import RECIRCULATED, STRATIFIED, humidity
from smartpdu.twin.plan import World
from smartpdu.twin.world import Life, neutral, phase_phasors

NOISE = 0.0005  # of a reading, from one second to the next; the gain of each meter adds to it


def measured(
    world: World, life: Life, dice: np.random.Generator, at: float, clock: float
) -> Snapshot:
    """A snapshot of the whole plant as its meters tell it now."""
    now = blank(world.plant, at, clock)
    now.sources.silence[:] = 0.0
    now.sources.missing[:] = 0.0
    _outlets(now, world, life, dice)
    _circuits(now, world, life)
    _phases(now, world, life)
    _feeds(now, world, life, dice)
    _air(now, world, life, dice)
    now.doors.open[:] = life.doors
    return now


def _outlets(now: Snapshot, world: World, life: Life, dice: np.random.Generator) -> None:
    outlets, plant = now.outlets, world.plant
    seen = world.gain * (1 + NOISE * dice.standard_normal(len(plant.outlets)))
    voltage = np.where(_powered(world, life), life.voltage[plant.outlets.phase], 0.0)
    current = np.hypot(np.abs(life.outlet_current), life.outlet_harmonic)
    outlets.on[:] = life.relay
    outlets.voltage[:] = _steps(voltage, 0.1)
    outlets.current[:] = _steps(current * seen, 0.001)
    outlets.active_power[:] = _steps(life.outlet_power * seen, 0.1)
    outlets.apparent_power[:] = _steps(voltage * current * seen, 0.1)
    outlets.power_factor[:] = _ratio(life.outlet_power, voltage * current)
    distortion = _ratio(life.outlet_harmonic, np.abs(life.outlet_current))
    outlets.thd_current[:] = _steps(100 * distortion, 0.1)
    outlets.active_energy[:] = np.floor(life.outlet_energy)
    air = life.air[plant.outlets.rack]
    outlets.contact_temperature[:] = _steps(air + 6.0 + life.rise, 0.1)  # inside the housing


def _circuits(now: Snapshot, world: World, life: Life) -> None:
    circuits, plant = now.circuits, world.plant
    rows = len(plant.circuits)
    by = plant.outlets.circuit
    real = total(life.outlet_current.real, by, rows)
    imaginary = total(life.outlet_current.imag, by, rows)
    harmonic = total(life.outlet_harmonic, by, rows)
    current = np.sqrt(real**2 + imaginary**2 + harmonic**2)
    power = total(life.outlet_power, by, rows)
    voltage = np.where(life.closed, life.voltage[plant.circuits.phase], 0.0)
    circuits.closed[:] = life.closed
    circuits.voltage[:] = _steps(voltage, 0.1)
    circuits.current[:] = _steps(current, 0.001)
    circuits.active_power[:] = _steps(power, 0.1)
    circuits.apparent_power[:] = _steps(voltage * current, 0.1)
    circuits.power_factor[:] = _ratio(power, voltage * current)
    energy = total(life.outlet_energy, by, rows)
    circuits.active_energy[:] = np.floor(energy)


def _phases(now: Snapshot, world: World, life: Life) -> None:
    phases, plant = now.phases, world.plant
    fundamental, harmonic = phase_phasors(world, life)
    current = np.hypot(np.abs(fundamental), harmonic)
    power = total(life.outlet_power, plant.outlets.phase, len(plant.phases))
    phases.voltage[:] = _steps(life.voltage, 0.1)
    phases.current[:] = _steps(current, 0.001)
    phases.active_power[:] = _steps(power, 0.1)
    phases.apparent_power[:] = _steps(life.voltage * current, 0.1)
    phases.power_factor[:] = _ratio(power, life.voltage * current)
    phases.thd_current[:] = _steps(100 * _ratio(harmonic, np.abs(fundamental)), 0.1)
    phases.active_energy[:] = np.floor(life.phase_energy)


def _feeds(now: Snapshot, world: World, life: Life, dice: np.random.Generator) -> None:
    feeds, plant = now.feeds, world.plant
    rows, by = len(plant.feeds), plant.phases.feed

    def sum_(values: Column) -> Column:
        return total(values, by, rows)

    power, apparent = sum_(now.phases.active_power), sum_(now.phases.apparent_power)
    alive = sum_(life.voltage) > 0
    drift = 0.00005 * dice.standard_normal(rows)
    exact = plant.feeds.nominal_frequency * life.effects.frequency * (1 + drift)
    feeds.active_power[:] = power
    feeds.apparent_power[:] = apparent
    feeds.power_factor[:] = _ratio(power, apparent)
    feeds.frequency[:] = np.where(alive, _steps(exact, 0.001), np.nan)
    feeds.active_energy[:] = np.floor(sum_(life.phase_energy))
    feeds.neutral_current[:] = _steps(neutral(world, life), 0.001)
    feeds.residual_current[:] = _steps(np.abs(life.leakage), 0.00001)


def _air(now: Snapshot, world: World, life: Life, dice: np.random.Generator) -> None:
    probes, plant = now.probes, world.plant
    racks = len(plant.racks)
    power = total(life.outlet_power, plant.outlets.rack, racks)
    top = np.array([position == "top" for position in plant.probes.position], dtype=np.bool_)
    warmer = top * STRATIFIED * power[plant.probes.rack] / 10_000
    inlet = (life.air + RECIRCULATED * power)[plant.probes.rack] + warmer
    noise = 0.02 * dice.standard_normal(len(plant.probes))
    probes.temperature[:] = _steps(inlet + noise, 0.1)
    probes.humidity[:] = _steps(humidity(inlet, life.water[plant.probes.rack]), 0.1)


def _powered(world: World, life: Life) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    plant: Plant = world.plant
    powered: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
        life.relay | life.effects.welded
    ) & life.closed[plant.outlets.circuit]
    return powered


def _steps(values: Column, step: float) -> Column:
    steps: Column = np.rint(values / step) * step
    return steps


def _ratio(part: Column, whole: Column) -> Column:
    """A ratio, and a gap where there is nothing to divide by."""
    return np.divide(part, whole, out=np.full_like(whole, np.nan), where=whole > 1e-9)
