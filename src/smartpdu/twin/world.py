"""A rack that lives: one second after the other, all racks in one call (whitepaper 16.2).

The twin is columns too. Every second the grid gives voltages, the servers ask for power, their
supplies share it over the cords, currents add up as phasors from cord to circuit to phase
(Kirchhoff), breakers and contacts warm, leakages add as vectors, registers count. What really
happens stands in the truth log, apart from what the meters tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, inf

import numpy as np

from smartpdu.model.table import total
from smartpdu.model.units import (
    Amperes,
    Celsiuses,
    Column,
    Flags,
    Joules,
    Kelvins,
    Ratios,
    Seconds,
    Volts,
    Watts,
)
from smartpdu.twin import psu, server
from smartpdu.twin.air import RECIRCULATED, exhausted, warmed
from smartpdu.twin.breakers import heated, opened
from smartpdu.twin.faults import Effects, Fault, described, effects
from smartpdu.twin.grid import Phasors, neutral_current, residual, summed, voltages, wandered
from smartpdu.twin.plan import World

DEAD_VOLTAGE = 0.5  # of the nominal voltage; below it no supply works
LONG = 1e9  # s after which everything is as warm as it will be


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened in the twin, whether or not anybody noticed."""

    at: float
    kind: str
    place: str
    detail: str
    end: float = inf  # when a fault is over


@dataclass(frozen=True, slots=True)
class Flow:
    """What flows through the outlets in a second."""

    current: Phasors  # fundamental, against the own phase's voltage
    harmonic: Amperes
    power: Watts


@dataclass(frozen=True, slots=True)
class Life:
    """The twin at one second."""

    second: float
    relay: Flags  # of each outlet
    closed: Flags  # of each circuit
    heat: Ratios  # of each circuit's breaker
    running: Flags  # servers
    boot_left: Seconds
    demand: Ratios
    awake: Flags  # hot spares, by server
    rise: Kelvins  # of each outlet's contacts above the air
    exhaust: Kelvins  # of the air that leaves each rack
    doors: Flags  # open ones
    voltage: Volts  # of each phase
    wander: Ratios  # of each phase's voltage
    flow: Flow
    leakage: Phasors  # of each feed
    outlet_energy: Joules
    phase_energy: Joules
    air: Celsiuses  # inlet air of each rack
    water: Column  # hPa in the air of each rack
    effects: Effects


def born(world: World, dice: np.random.Generator) -> Life:
    """The twin at second 0, in the middle of an ordinary day: everything on, warm and running."""
    plant = world.plant
    outlets, circuits, servers = len(plant.outlets), len(plant.circuits), len(world.servers.path)
    nothing = Flow(np.zeros(outlets, dtype=np.complex128), np.zeros(outlets), np.zeros(outlets))
    life = Life(
        -1.0,
        np.ones(outlets, dtype=np.bool_),
        np.ones(circuits, dtype=np.bool_),
        np.zeros(circuits),
        np.ones(servers, dtype=np.bool_),
        np.zeros(servers),
        world.servers.demand.copy(),
        np.zeros(servers, dtype=np.bool_),
        np.zeros(outlets),
        np.zeros(len(plant.racks)),
        np.zeros(len(plant.doors), dtype=np.bool_),
        plant.phases.nominal_voltage.copy(),
        np.zeros(len(plant.phases)),
        nothing,
        np.zeros(len(plant.feeds), dtype=np.complex128),
        np.zeros(outlets),
        np.zeros(len(plant.phases)),
        world.room.copy(),
        world.water.copy(),
        effects(plant, (), 0.0),
    )
    life, _ = advance(world, life, (), dice)
    return replace(
        _warmed(world, life, LONG),
        heat=(circuit_current(world, life) / world.conventional) ** 2,
        outlet_energy=np.zeros(outlets),
        phase_energy=np.zeros(len(plant.phases)),
    )


def advance(
    world: World, life: Life, faults: Sequence[tuple[Fault, int]], dice: np.random.Generator
) -> tuple[Life, list[Truth]]:
    """The twin one second later, and what happened in that second."""
    second = life.second + 1.0
    now = effects(world.plant, faults, second)
    life = replace(life, second=second, effects=now, closed=life.closed & ~now.tripped)
    life = _supplied(world, life, dice)
    live = conducting(world, life) & _under_voltage(world, life)
    fed = live[world.cords.outlet] & ~now.pulled[world.cords.outlet]
    alive = fed & ~now.dead[world.cords.outlet]
    life, told = _served(world, life, alive, dice)
    life = _flowing(world, life, live, fed, alive)
    life = replace(life, leakage=_leakage(world, life, fed))
    life, trips = _counted(world, _warmed(world, life, 1.0))
    return life, [*_begun(faults, second), *told, *trips]


def switched(life: Life, outlet: int, on: bool) -> Life:
    """The twin after an order reached a relay; a stuck one stays, a welded one only says so.

    What is cut off carries nothing from then on: meters are read before the second is over.
    """
    if life.effects.stuck[outlet]:
        return life
    relay = life.relay.copy()
    relay[outlet] = on
    flow = life.flow if on or life.effects.welded[outlet] else _cut(life.flow, outlet)
    return replace(life, relay=relay, flow=flow)


def conducting(world: World, life: Life) -> Flags:
    """Which outlets are connected to their phase: relay closed or welded, breaker closed."""
    connected: Flags = (life.relay | life.effects.welded) & life.closed[world.plant.outlets.circuit]
    return connected


def phase_current(world: World, life: Life) -> tuple[Phasors, Amperes]:
    """Fundamental current of each phase against its own voltage, and its harmonic current."""
    by, rows = world.plant.outlets.phase, len(world.plant.phases)
    return summed(life.flow.current, by, rows), total(life.flow.harmonic, by, rows)


def circuit_current(world: World, life: Life) -> Amperes:
    """Current of each circuit."""
    by, rows = world.plant.outlets.circuit, len(world.plant.circuits)
    harmonic = total(life.flow.harmonic, by, rows)
    current: Amperes = np.hypot(np.abs(summed(life.flow.current, by, rows)), harmonic)
    return current


def neutral(world: World, life: Life) -> Amperes:
    """Current in the neutral of each feed."""
    return neutral_current(world.plant, *phase_current(world, life))


def _cut(flow: Flow, outlet: int) -> Flow:
    kept = np.arange(len(flow.power)) != outlet
    return Flow(flow.current * kept, flow.harmonic * kept, flow.power * kept)


def _begun(faults: Sequence[tuple[Fault, int]], second: float) -> list[Truth]:
    """The faults that begin this second; one due before the twin began, in its first."""
    return [
        Truth(second, f.kind, f.place, described(f), f.at + f.lasts)
        for f, _ in faults
        if second == max(1, ceil(f.at))
    ]


def _supplied(world: World, life: Life, dice: np.random.Generator) -> Life:
    """The voltages of this second; the drop is that of the current of the second before."""
    wander = wandered(life.wander, dice.standard_normal(len(world.plant.phases)))
    drop = world.line * np.abs(phase_current(world, life)[0])
    voltage = voltages(world.plant, wander, drop, life.effects.voltage)
    return replace(life, wander=wander, voltage=voltage)


def _under_voltage(world: World, life: Life) -> Flags:
    phases = world.plant.phases
    alive: Flags = life.voltage > DEAD_VOLTAGE * phases.nominal_voltage
    return alive[world.plant.outlets.phase]


def _served(
    world: World, life: Life, alive: Flags, dice: np.random.Generator
) -> tuple[Life, list[Truth]]:
    """Servers without any supply die at once; those that get one back, boot; all wander on."""
    servers = world.servers
    count = len(servers.path)
    supplied = total(alive.astype(np.float64), world.cords.server, count) > 0
    starts, dies = supplied & ~life.running, life.running & ~supplied
    boot = np.where(starts, servers.boot, np.maximum(0.0, life.boot_left - 1))
    truths = [
        Truth(life.second, what, servers.path[row], detail)
        for rows, what, detail in (
            (dies & ~servers.standby, "server_dead", "no supply"),
            (starts & ~servers.standby, "server_boots", "fed again"),
        )
        for row in np.flatnonzero(rows).tolist()
    ]
    ordinary = server.wandered(life.demand, servers.demand, 1.0, dice.standard_normal(count))
    demand = np.where(servers.gpu, server.job_level(life.second, servers.job), ordinary)
    left = np.where(supplied, boot, 0.0)
    return replace(life, running=supplied, boot_left=left, demand=demand), truths


def _flowing(world: World, life: Life, live: Flags, fed: Flags, alive: Flags) -> Life:
    """Currents and powers of the outlets, and which hot spares are awake."""
    cords, rows, heater = world.cords, len(world.plant.outlets), life.effects.heater
    volts = np.maximum(life.voltage[world.plant.outlets.phase], 1.0)
    output, awake = _output(world, life, alive)
    power = np.where(alive, psu.input_power(output, cords.rated), np.where(fed, psu.DEAD, 0.0))
    power = _replayed(world, life.second, alive, power)
    given = np.where(world.servers.replay[cords.server], power, output)
    at = volts[cords.outlet]
    filtered = np.where(fed, cords.filter * at / 230, 0.0)
    active, reactive, harmonic = psu.currents(
        power, at, given / cords.rated, filtered, cords.corrected
    )
    reactive, harmonic = np.where(alive, reactive, filtered), np.where(alive, harmonic, 0.0)
    heat = np.where(live, heater * (volts / world.nominal) ** 2, 0.0) if heater.any() else 0.0
    flow = Flow(
        total(active, cords.outlet, rows) + heat / volts + 1j * total(reactive, cords.outlet, rows),
        total(harmonic, cords.outlet, rows),
        total(power, cords.outlet, rows) + heat,
    )
    return replace(life, flow=flow, awake=awake)


def _output(world: World, life: Life, alive: Flags) -> tuple[Watts, Flags]:
    """What each supply gives, and which servers' hot spares are awake."""
    cords, servers = world.cords, world.servers
    count = len(servers.path)
    running = life.running & ~servers.standby
    need = server.direct_power(servers.idle, servers.rated, life.demand, running, life.boot_left)
    load = need / np.maximum(total(cords.rated * cords.first, cords.server, count), 1.0)
    lost = total((cords.first & ~alive).astype(np.float64), cords.server, count) > 0
    awake = np.where(life.awake, load > psu.SLEEP, load > psu.WAKE) | lost
    asleep = servers.hot_spare[cords.server] & ~cords.first & ~awake[cords.server]
    part = np.clip((need / servers.rated)[cords.server], 0.0, 1.0)
    weight = cords.idle_share + part * (cords.full_share - cords.idle_share)
    share = psu.shares(weight, alive, asleep, cords.server, count)
    return need[cords.server] * share, awake


def _replayed(world: World, second: float, alive: Flags, power: Watts) -> Watts:
    """Power of cords whose record is played; what a dead cord carried goes to the living ones."""
    table, row = world.cords.replay, int(second)
    if row >= len(table):
        return power
    played, owner, count = table[row], world.cords.server, len(world.servers.path)
    known = ~np.isnan(played)
    whole = total(played[known], owner[known], count)
    left = total(np.where(known & alive, played, 0.0), owner, count)
    scale = np.divide(whole, left, out=np.ones(count), where=left > 0)
    return np.where(known & alive, played * scale[owner], power)


def _leakage(world: World, life: Life, fed: Flags) -> Phasors:
    """Residual current of each feed, from the filters of all cords that are fed and from faults."""
    plant, cords = world.plant, world.cords
    phase = plant.outlets.phase[cords.outlet]
    filters = total(cords.leakage * fed, phase, len(plant.phases)) * life.voltage / 230
    return residual(plant, filters, life.effects.leak * life.voltage / plant.phases.nominal_voltage)


def _warmed(world: World, life: Life, elapsed: float) -> Life:
    """Air and contacts some seconds later."""
    plant, now = world.plant, life.effects
    power = total(life.flow.power, plant.outlets.rack, len(plant.racks))
    exhaust = exhausted(life.exhaust, power, elapsed)
    current = np.hypot(np.abs(life.flow.current), life.flow.harmonic)
    return replace(
        life,
        rise=warmed(life.rise, current, world.contact * now.contact, elapsed),
        exhaust=exhaust,
        air=world.room + RECIRCULATED * exhaust + now.heat,
        water=world.water + now.water,
    )


def _counted(world: World, life: Life) -> tuple[Life, list[Truth]]:
    """Warm the breakers, open those that must, and count the energy."""
    plant = world.plant
    current = circuit_current(world, life)
    heat = heated(life.heat, current / world.conventional, world.cooling, 1.0)
    trips = opened(heat, current, world.magnetic) & life.closed
    truths = [
        Truth(life.second, "tripped", plant.circuits.path[row], f"{current[row]:.1f} A")
        for row in np.flatnonzero(trips).tolist()
    ]
    power = total(life.flow.power, plant.outlets.phase, len(plant.phases))
    life = replace(
        life,
        heat=heat,
        closed=life.closed & ~trips,
        outlet_energy=life.outlet_energy + life.flow.power,
        phase_energy=life.phase_energy + power,
    )
    return life, truths
