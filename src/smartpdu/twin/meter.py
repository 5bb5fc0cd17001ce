"""What the meters of the twin's PDUs tell: the truth with noise, in the steps of their digits."""

import numpy as np

from smartpdu.model.snapshot import Snapshot, blank
from smartpdu.model.table import total
from smartpdu.model.units import Column, Flags
from smartpdu.twin.air import HOUSING, STRATIFIED, humidity
from smartpdu.twin.grid import neutral_current, summed
from smartpdu.twin.plan import World
from smartpdu.twin.psu import crest_factor
from smartpdu.twin.world import Life, conducting, phase_current

NOISE = 0.003  # of an outlet's reading, from one second to the next; its gain adds to it
NOISE_LINE = 0.0005  # of the better meters of circuits and phases
NOISE_FREQUENCY = 0.00005
NOISE_AIR = 0.02  # K
METERED = (  # what an outlet without a meter does not tell
    *("voltage", "current", "active_power", "apparent_power", "power_factor"),
    *("crest_factor", "thd_voltage", "thd_current", "active_energy"),
)


def measured(
    world: World, life: Life, dice: np.random.Generator, at: float, clock: float
) -> Snapshot:
    """A snapshot of the whole plant as its meters tell it now."""
    now = blank(world.plant, at, clock)
    now.sources.silence[:] = 0.0
    now.sources.missing[:] = 0.0
    _outlets(now, world, life, dice)
    _circuits(now, world, life, dice)
    _phases(now, world, life, dice)
    _feeds(now, world, life, dice)
    _air(now, world, life, dice)
    now.doors.open[:] = life.doors
    return now


def _outlets(now: Snapshot, world: World, life: Life, dice: np.random.Generator) -> None:
    outlets, plant = now.outlets, world.plant
    seen = world.gain * (1 + NOISE * dice.standard_normal(len(plant.outlets)))
    phase = plant.outlets.phase
    voltage = np.where(conducting(world, life), life.voltage[phase], 0.0)
    fundamental, harmonic = np.abs(life.flow.current), life.flow.harmonic
    current = np.hypot(fundamental, harmonic)
    distortion = _ratio(harmonic, fundamental)
    distorted = world.distortion + life.effects.distortion
    outlets.on[:] = life.relay
    outlets.voltage[:] = _steps(voltage, 0.1)
    outlets.current[:] = _stepped(current * seen, plant.outlets.resolution)
    outlets.active_power[:] = _steps(life.flow.power * seen, 0.1)
    outlets.apparent_power[:] = _steps(voltage * current * seen, 0.1)
    outlets.power_factor[:] = _steps(_ratio(life.flow.power, voltage * current), 0.001)
    outlets.crest_factor[:] = _steps(crest_factor(distortion), 0.01)
    outlets.thd_current[:] = _steps(100 * distortion, 0.1)
    outlets.thd_voltage[:] = _steps(_fed_only(distorted[phase], voltage > 0), 0.1)
    outlets.active_energy[:] = np.floor(life.outlet_energy)
    air = life.air[plant.outlets.rack]
    outlets.contact_temperature[:] = _steps(air + HOUSING + life.rise, 0.1)
    for quantity in METERED:
        getattr(outlets, quantity)[~plant.outlets.metered] = np.nan


def _circuits(now: Snapshot, world: World, life: Life, dice: np.random.Generator) -> None:
    circuits, plant = now.circuits, world.plant
    by, rows = plant.outlets.circuit, len(plant.circuits)
    seen = 1 + NOISE_LINE * dice.standard_normal(rows)
    fundamental = np.abs(summed(life.flow.current, by, rows))
    current = np.hypot(fundamental, total(life.flow.harmonic, by, rows)) * seen
    power = total(life.flow.power, by, rows) * seen
    voltage = np.where(life.closed, life.voltage[plant.circuits.phase], 0.0)
    circuits.closed[:] = life.closed
    circuits.voltage[:] = _steps(voltage, 0.1)
    circuits.current[:] = _steps(current, 0.001)
    circuits.active_power[:] = _steps(power, 0.1)
    circuits.apparent_power[:] = _steps(voltage * current, 0.1)
    circuits.power_factor[:] = _steps(_ratio(power, voltage * current), 0.001)
    circuits.active_energy[:] = np.floor(total(life.outlet_energy, by, rows))


def _phases(now: Snapshot, world: World, life: Life, dice: np.random.Generator) -> None:
    phases, plant = now.phases, world.plant
    rows = len(plant.phases)
    seen = 1 + NOISE_LINE * dice.standard_normal(rows)
    fundamental, harmonic = phase_current(world, life)
    current = np.hypot(np.abs(fundamental), harmonic) * seen
    power = total(life.flow.power, plant.outlets.phase, rows) * seen
    distortion = _ratio(harmonic, np.abs(fundamental))
    phases.voltage[:] = _steps(life.voltage, 0.1)
    phases.current[:] = _steps(current, 0.001)
    phases.active_power[:] = _steps(power, 0.1)
    phases.apparent_power[:] = _steps(life.voltage * current, 0.1)
    phases.power_factor[:] = _steps(_ratio(power, life.voltage * current), 0.001)
    phases.crest_factor[:] = _steps(crest_factor(distortion), 0.01)
    phases.thd_current[:] = _steps(100 * distortion, 0.1)
    distorted = world.distortion + life.effects.distortion
    phases.thd_voltage[:] = _steps(_fed_only(distorted, life.voltage > 0), 0.1)
    phases.active_energy[:] = np.floor(life.phase_energy)


def _feeds(now: Snapshot, world: World, life: Life, dice: np.random.Generator) -> None:
    feeds, plant = now.feeds, world.plant
    rows, by = len(plant.feeds), plant.phases.feed
    power = total(now.phases.active_power, by, rows)
    apparent = total(now.phases.apparent_power, by, rows)
    drift = NOISE_FREQUENCY * dice.standard_normal(rows)
    exact = plant.feeds.nominal_frequency * life.effects.frequency * (1 + drift)
    feeds.active_power[:] = power
    feeds.apparent_power[:] = apparent
    feeds.power_factor[:] = _steps(_ratio(power, apparent), 0.001)
    feeds.frequency[:] = _steps(_fed_only(exact, total(life.voltage, by, rows) > 0), 0.001)
    feeds.active_energy[:] = np.floor(total(life.phase_energy, by, rows))
    current = neutral_current(plant, *phase_current(world, life))
    feeds.neutral_current[:] = _steps(current, 0.001)
    feeds.residual_current[:] = _steps(np.abs(life.leakage), 0.00001)
    now.outlets.frequency[:] = feeds.frequency[by[plant.outlets.phase]]
    now.outlets.frequency[(now.outlets.voltage == 0) | ~plant.outlets.metered] = np.nan


def _air(now: Snapshot, world: World, life: Life, dice: np.random.Generator) -> None:
    probes, rack = now.probes, world.plant.probes.rack
    power = total(life.flow.power, world.plant.outlets.rack, len(world.plant.racks))[rack]
    position = np.array(world.plant.probes.position, dtype=np.str_)
    above = np.where(position == "top", STRATIFIED * power / 10_000, 0.0)
    behind = np.where(position == "rear", life.exhaust[rack], 0.0)
    here = life.air[rack] + above + behind
    noise = NOISE_AIR * dice.standard_normal(len(rack))
    probes.temperature[:] = _steps(here + noise, 0.1)
    probes.humidity[:] = _steps(humidity(here, life.water[rack]), 0.1)


def _steps(values: Column, step: float) -> Column:
    steps: Column = np.rint(values / step) * step
    return steps


def _stepped(values: Column, steps: Column) -> Column:
    """Values in steps of their own; where a step is 0, as they are."""
    coarse = steps > 0
    step = np.where(coarse, steps, 1.0)
    return np.where(coarse, np.rint(values / step) * step, values)


def _ratio(part: Column, whole: Column) -> Column:
    """A ratio, and a gap where there is nothing to divide by."""
    return np.divide(part, whole, out=np.full_like(whole, np.nan), where=whole > 1e-9)


def _fed_only(values: Column, fed: Flags) -> Column:
    """Values, and a gap where there is no voltage to measure."""
    return np.where(fed, values, np.nan)
