"""A rack that lives: one second after the other, all racks in one call (whitepaper 16.2).

The twin is columns too. Every second the grid gives voltages, the servers ask for power, their
supplies share it over the cords, currents add up as phasors from cord to circuit to phase
(Kirchhoff), breakers and contacts warm, leakages add as vectors, registers count. What really
happens stands in the truth log, apart from what the meters tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from smartpdu.model.table import total
from smartpdu.model.units import Amperes, Celsiuses, Column, Flags, Joules, Kelvins, Ratios, Watts
from smartpdu.twin import psu, server
from smartpdu.twin.air import warmed
from smartpdu.twin.breakers import heated, opened
from smartpdu.twin.faults import INJECTORS, Effects, Fault, effects
from smartpdu.twin.plan import World

DEAD_VOLTAGE = 0.5  # of the nominal voltage; below it no supply works
Phasors = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened in the twin, whether or not anybody noticed."""

    at: float
    kind: str
    place: str
    detail: str


@dataclass(frozen=True, slots=True)
class Life:
    """The twin at one second."""

    second: float
    relay: Flags  # of each outlet
    closed: Flags  # of each circuit
    heat: Ratios  # of each circuit's breaker
    running: Flags  # servers
    boot_left: Column
    demand: Ratios
    awake: Flags  # hot spares, by server
    rise: Kelvins  # of each outlet's contacts above the air
    doors: Flags  # open ones
    voltage: Column  # of each phase
    wander: Ratios  # of each phase's voltage
    outlet_current: Phasors  # fundamental, against the own phase's voltage
    outlet_harmonic: Amperes
    outlet_power: Watts
    leakage: Phasors  # of each feed
    outlet_energy: Joules
    phase_energy: Joules
    air: Celsiuses  # inlet air of each rack
    water: Column  # hPa in the air of each rack
    effects: Effects


def born(world: World, dice: np.random.Generator) -> Life:
    """The twin in the middle of an ordinary day: everything on, warm and running."""
    plant = world.plant
    outlets, circuits, servers = len(plant.outlets), len(plant.circuits), len(world.servers.path)
    calm = effects(plant, (), 0.0)
    life = Life(
        0.0,
        np.ones(outlets, dtype=np.bool_),
        np.ones(circuits, dtype=np.bool_),
        np.zeros(circuits),
        np.ones(servers, dtype=np.bool_),
        np.zeros(servers),
        world.servers.demand.copy(),
        np.zeros(servers, dtype=np.bool_),
        np.zeros(outlets),
        np.zeros(len(plant.doors), dtype=np.bool_),
        plant.phases.nominal_voltage.copy(),
        np.zeros(len(plant.phases)),
        np.zeros(outlets, dtype=np.complex128),
        np.zeros(outlets),
        np.zeros(outlets),
        np.zeros(len(plant.feeds), dtype=np.complex128),
        np.zeros(outlets),
        np.zeros(len(plant.phases)),
        world.inlet.copy(),
        world.water.copy(),
        calm,
    )
    life, _ = advance(world, life, (), dice)
    warm = warmed(life.rise, np.abs(life.outlet_current), world.contact, 1e9)
    load = _circuit_rms(world, life) / world.conventional
    return replace(life, second=0.0, rise=warm, heat=load**2)


def advance(
    world: World, life: Life, faults: Sequence[tuple[Fault, int]], dice: np.random.Generator
) -> tuple[Life, list[Truth]]:
    """The twin one second later, and what happened in that second."""
    second = life.second + 1.0
    now = effects(world.plant, faults, second)
    truths = [
        Truth(second, f.kind, f.place, INJECTORS[f.kind].about)
        for f, _ in faults
        if 0 <= second - f.at < 1
    ]
    voltage, wander = _grid(world, life, now, dice)
    closed = life.closed & ~now.tripped
    live = _live(world, life.relay | now.welded, closed, voltage)
    fed = live[world.cords.outlet] & ~now.pulled[world.cords.outlet]
    alive = fed & ~now.dead[world.cords.outlet]
    running, boot_left, told = _servers(world, life, alive, second)
    demand = _demand(world, life, second, dice)
    life = replace(life, second=second, running=running, boot_left=boot_left, demand=demand)
    flow, awake = _flow(world, life, voltage, fed, alive, now, live)
    active, reactive, harmonic, power = flow
    current = active + 1j * reactive
    life = replace(
        life,
        closed=closed,
        awake=awake,
        voltage=voltage,
        wander=wander,
        outlet_current=current,
        outlet_harmonic=harmonic,
        outlet_power=power,
        effects=now,
        leakage=_leakage(world, voltage, fed, now),
        outlet_energy=life.outlet_energy + power,
        air=world.inlet + now.heat,
        water=world.water + now.water,
        rise=warmed(life.rise, np.hypot(np.abs(current), harmonic), world.contact * now.contact, 1),
    )
    life, trips = _trip(world, life)
    return life, truths + told + trips


def switched(life: Life, outlet: int, on: bool) -> Life:
    """The twin after an order reached a relay; a stuck one stays, a welded one only says so."""
    if life.effects.stuck[outlet]:
        return life
    relay = life.relay.copy()
    relay[outlet] = on
    return replace(life, relay=relay)


def phase_phasors(world: World, life: Life) -> tuple[Phasors, Amperes]:
    """Fundamental current of each phase against its own voltage, and its harmonic current."""
    return _sum(life.outlet_current, world.plant.outlets.phase, len(world.plant.phases)), (
        total(life.outlet_harmonic, world.plant.outlets.phase, len(world.plant.phases))
    )


def neutral(world: World, life: Life) -> Amperes:
    """Current in the neutral of each feed: the phases as vectors, their triplen part in step."""
    plant = world.plant
    fundamental, harmonic = phase_phasors(world, life)
    turned = fundamental * np.exp(-2j * np.pi / 3 * plant.phases.line)
    vector = np.abs(_sum(turned, plant.phases.feed, len(plant.feeds)))
    triplen = total(harmonic, plant.phases.feed, len(plant.feeds))
    return np.hypot(vector, triplen)


def _grid(
    world: World, life: Life, now: Effects, dice: np.random.Generator
) -> tuple[Column, Ratios]:
    """Voltage of each phase: nominal, a slow walk of half a percent, and the drop on the line."""
    wander = 0.999 * life.wander + 0.0002 * dice.standard_normal(len(world.plant.phases))
    fundamental, _ = phase_phasors(world, life)
    source = world.plant.phases.nominal_voltage * (1 + np.clip(wander, -0.02, 0.02))
    return np.maximum((source - world.line * np.abs(fundamental)) * now.voltage, 0.0), wander


def _live(world: World, relay: Flags, closed: Flags, voltage: Column) -> Flags:
    """Which outlets have voltage at their contacts."""
    plant = world.plant
    alive = voltage > DEAD_VOLTAGE * plant.phases.nominal_voltage
    return relay & closed[plant.outlets.circuit] & alive[plant.outlets.phase]


def _servers(
    world: World, life: Life, alive: Flags, second: float
) -> tuple[Flags, Column, list[Truth]]:
    """Servers without any supply die at once; those that get one back, boot."""
    count = len(world.servers.path)
    supplied = total(alive.astype(np.float64), world.cords.server, count) > 0
    starts = supplied & ~life.running
    dies = life.running & ~supplied
    boot = np.where(starts, world.servers.boot, np.maximum(0.0, life.boot_left - 1))
    truths = [
        Truth(second, what, world.servers.path[row], detail)
        for rows, what, detail in (
            (dies, "server_dead", "no supply"),
            (starts, "server_boots", "fed again"),
        )
        for row in np.flatnonzero(rows).tolist()
    ]
    return supplied, np.where(supplied, boot, 0.0), truths


def _demand(world: World, life: Life, second: float, dice: np.random.Generator) -> Ratios:
    chance = dice.standard_normal(len(world.servers.path))
    ordinary = server.wandered(life.demand, world.servers.demand, 1.0, chance)
    gpu = server.job_level(second, world.servers.job)
    return np.where(world.servers.gpu, gpu, ordinary)


def _flow(
    world: World,
    life: Life,
    voltage: Column,
    fed: Flags,
    alive: Flags,
    now: Effects,
    live: Flags,
) -> tuple[tuple[Amperes, Amperes, Amperes, Watts], Flags]:
    """Active, reactive and harmonic current and power of each outlet; hot spares that are awake."""
    cords, outlets = world.cords, len(world.plant.outlets)
    volts = np.maximum(voltage[world.plant.outlets.phase], 1.0)
    output, awake = _output(world, life, alive)
    power = np.where(alive, psu.input_power(output, cords.rated), np.where(fed, psu.DEAD, 0.0))
    power = _replayed(world, life.second, alive, power)
    load = output / cords.rated
    at = volts[cords.outlet]
    active, reactive, harmonic = psu.currents(power, at, load)
    filtered = psu.FILTER * at / 230
    reactive = np.where(alive, reactive, np.where(fed, filtered, 0.0))
    harmonic = np.where(alive, harmonic, 0.0)
    heater = np.where(live, now.heater * (volts / 230) ** 2, 0.0)

    def out(values: Column) -> Column:
        return total(values, cords.outlet, outlets)

    whole = out(power) + heater
    return (out(active) + heater / volts, out(reactive), out(harmonic), whole), awake


def _output(world: World, life: Life, alive: Flags) -> tuple[Watts, Flags]:
    """What each supply gives, and which servers' hot spares are awake."""
    cords, servers = world.cords, world.servers
    need = server.direct_power(
        servers.idle, servers.rated, life.demand, life.running, life.boot_left
    )
    relative = total(cords.rated * cords.first, cords.server, len(need))
    load = need / np.maximum(relative, 1.0)
    lost = total((cords.first & ~alive).astype(np.float64), cords.server, len(need)) > 0
    awake = np.where(life.awake, load > psu.SLEEP, load > psu.WAKE) | lost
    asleep = servers.hot_spare[cords.server] & ~cords.first & ~awake[cords.server]
    part = np.clip((need / servers.rated)[cords.server], 0.0, 1.0)
    weight = cords.idle_share + part * (cords.full_share - cords.idle_share)
    share = psu.shares(weight, alive, asleep, cords.server, len(need))
    return need[cords.server] * share, awake


def _replayed(world: World, second: float, alive: Flags, power: Watts) -> Watts:
    """Power of cords whose record is played; what a dead cord carried goes to the living ones."""
    table = world.cords.replay
    row = int(second)
    if row >= len(table):
        return power
    played = table[row]
    known = ~np.isnan(played)
    count = len(world.servers.path)
    whole = total(played[known], world.cords.server[known], count)
    carried = np.where(known & alive, played, 0.0)
    left = total(carried, world.cords.server, count)
    scale = np.divide(whole, left, out=np.ones(count), where=left > 0)
    return np.where(known & alive, played * scale[world.cords.server], power)


def _leakage(world: World, voltage: Column, fed: Flags, now: Effects) -> Phasors:
    """Residual current of each feed: filters lead by a quarter, faults are in phase."""
    plant, cords = world.plant, world.cords
    phase = plant.outlets.phase[cords.outlet]
    filters = total(cords.leakage * fed * voltage[phase] / 230, phase, len(plant.phases))
    each = (1j * filters + now.leak * voltage / 230) * np.exp(-2j * np.pi / 3 * plant.phases.line)
    return _sum(each, plant.phases.feed, len(plant.feeds))


def _trip(world: World, life: Life) -> tuple[Life, list[Truth]]:
    """Warm the breakers, open those that must, and count the energy of the phases."""
    plant = world.plant
    current = _circuit_rms(world, life)
    heat = heated(life.heat, current / world.conventional, world.cooling, 1.0)
    trips = opened(heat, current, world.magnetic) & life.closed
    power = total(life.outlet_power, plant.outlets.phase, len(plant.phases))
    truths = [
        Truth(life.second, "tripped", plant.circuits.path[row], f"{current[row]:.1f} A")
        for row in np.flatnonzero(trips).tolist()
    ]
    energy = life.phase_energy + power
    return replace(life, heat=heat, closed=life.closed & ~trips, phase_energy=energy), truths


def _circuit_rms(world: World, life: Life) -> Amperes:
    circuit, rows = world.plant.outlets.circuit, len(world.plant.circuits)
    vector = np.abs(_sum(life.outlet_current, circuit, rows))
    return np.hypot(vector, total(life.outlet_harmonic, circuit, rows))


def _sum(values: Phasors, by: NDArray[np.int64], rows: int) -> Phasors:
    real = total(values.real, by, rows)
    return real + 1j * total(values.imag, by, rows)
