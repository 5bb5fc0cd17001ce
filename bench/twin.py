"""The twin's speed, for one rack and for a thousand, beside plain loops over objects.

Goals: one rack of 2 PDUs and 40 outlets at 1000 times real time, each second with its snapshot;
20,000 rack-seconds in a second for 1,000 racks.
"""

import math
import random
import sys
import time
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from smartpdu.model.build import built
from smartpdu.twin import psu
from smartpdu.twin.meter import measured
from smartpdu.twin.plan import World, world
from smartpdu.twin.rack import standard_racks
from smartpdu.twin.world import advance, born

GOALS = {1: 1_000, 1_000: 20_000}  # rack-seconds in a second


def speed(racks: int, seconds: int, runs: int = 5) -> float:
    """Rack-seconds that live in a second, the median of some runs; each second is also measured."""
    design, servers = standard_racks(racks)
    dice = np.random.Generator(np.random.PCG64(1))
    made = world(built(design), servers, dice)
    life = born(made, dice)
    speeds = []
    for _ in range(runs):
        start = time.perf_counter()
        for _ in range(seconds):
            life, _ = advance(made, life, (), dice)
            measured(made, life, dice, life.second, life.second)
        speeds.append(racks * seconds / (time.perf_counter() - start))
    return median(speeds)


@dataclass(slots=True)
class Cord:
    """One cord as an object, for the floor."""

    circuit: int
    phase: int
    rated: float
    share: float
    resistance: float
    energy: float = 0.0
    rise: float = 0.0


@dataclass(slots=True)
class Machine:
    """One server as an object, for the floor."""

    idle: float
    rated: float
    demand: float
    cords: list[Cord] = field(default_factory=list)


def machines(made: World) -> list[Machine]:
    """The servers of a world with their cords, as objects."""
    plant, cords, servers = made.plant, made.cords, made.servers
    columns = zip(servers.idle, servers.rated, servers.demand, strict=True)
    made_of = [Machine(*map(float, row)) for row in columns]
    for row, outlet in enumerate(cords.outlet.tolist()):
        circuit, phase = int(plant.outlets.circuit[outlet]), int(plant.outlets.phase[outlet])
        rated, share = float(cords.rated[row]), float(cords.idle_share[row])
        cord = Cord(circuit, phase, rated, share, float(made.contact[outlet]))
        made_of[int(cords.server[row])].cords.append(cord)
    return made_of


def between(x: float, at: list[float], values: list[float]) -> float:
    """The value on the straight line between two points of a table."""
    for k in range(1, len(at)):
        if x <= at[k]:
            part = (x - at[k - 1]) / (at[k] - at[k - 1])
            return values[k - 1] + part * (values[k] - values[k - 1])
    return values[-1]


def looped(racks: int, seconds: int) -> float:
    """Rack-seconds in a second of the least that loops over objects must do: it is a floor.

    Demand, efficiency, power factor, phasors up to circuits and phases, contacts, energy and a
    noisy reading of each cord; no faults, no spares, no leakage, no air, no other meters.
    """
    design, servers = standard_racks(racks)
    made = world(built(design), servers, np.random.Generator(np.random.PCG64(1)))
    dice = random.Random(1)
    fleet = machines(made)
    circuits, phases = len(made.plant.circuits), len(made.plant.phases)
    tables = [t.tolist() for t in (psu.LOADS, psu.TITANIUM, psu.FACTOR_AT, psu.FACTOR)]
    heat, cool = [0.0] * circuits, math.exp(-1 / 60)
    start = time.perf_counter()
    for _ in range(seconds):
        flows, sums, told = [0j] * circuits, [0j] * phases, []
        for machine in fleet:
            machine.demand += 0.003 * dice.gauss(0, 1)
            need = machine.idle + machine.demand * (machine.rated - machine.idle)
            for cord in machine.cords:
                output = need * cord.share
                load = output / cord.rated
                power = output / between(load, tables[0], tables[1])
                factor = between(load, tables[2], tables[3])
                current = complex(power / 230, power / 230 * math.sqrt(1 / factor**2 - 1))
                flows[cord.circuit] += current
                sums[cord.phase] += current
                cord.energy += power
                end = 12 * cord.resistance * abs(current) ** 2
                cord.rise = end + (cord.rise - end) * 0.9975
                told.append(round(abs(current) * (1 + 0.003 * dice.gauss(0, 1)), 3))
        for row, flow in enumerate(flows):
            share = (abs(flow) / 20) ** 2
            heat[row] = share + (heat[row] - share) * cool
    return racks * seconds / (time.perf_counter() - start)


def main(argv: list[str]) -> int:
    """Print a line for each size; --quick takes fewer seconds."""
    few = "--quick" in argv
    print(f"{'racks':>6} {'outlets':>8} {'rack-s per s':>12} {'goal':>7}  beside plain loops")
    for racks, seconds in ((1, 200 if few else 1_000), (1_000, 10 if few else 30)):
        columns = speed(racks, seconds)
        loops = looped(racks, max(1, seconds // (1 if racks == 1 else 10)))
        verdict = "reached" if columns >= GOALS[racks] else "MISSED"
        print(
            f"{racks:>6} {racks * 40:>8} {columns:>12,.0f} {GOALS[racks]:>7,}  {verdict}; "
            f"{columns / loops:.2f} times as fast as loops that do less ({loops:,.0f})"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
