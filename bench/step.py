"""One step of the heart with all rules, from 1 to 10,000 PDUs, beside a loop over objects.

Goals: 0.5 ms for 1 PDU, 10 ms for 10,000 (420,000 outlets), and no faster than linear growth.
"""

import sys
import time
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from smartpdu.engine.house import House, house
from smartpdu.engine.state import first
from smartpdu.engine.step import step
from smartpdu.model.build import (
    CircuitSpec,
    Design,
    FeedSpec,
    OutletSpec,
    PduSpec,
    PhaseSpec,
    ProbeSpec,
    RackSpec,
    SourceSpec,
    built,
)
from smartpdu.model.plant import Plant
from smartpdu.model.snapshot import Snapshot, blank

SIZES = (1, 100, 1_000, 10_000)
GOALS = {1: 0.5, 10_000: 10.0}


def fleet(pdus: int) -> Plant:
    """A plant of that many three-phase PDUs with 42 outlets and a probe each."""
    rows: dict[str, list[object]] = {
        name: []
        for name in ("sources", "racks", "pdus", "feeds", "phases", "circuits", "outlets", "probes")
    }
    for number in range(pdus):
        rack, pdu = f"r{number // 2}", f"r{number // 2}/{'AB'[number % 2]}"
        if number % 2 == 0:
            rows["racks"].append(RackSpec(rack))
        rows["sources"].append(SourceSpec(f"source/{number}"))
        rows["pdus"].append(PduSpec(pdu, rack, f"source/{number}"))
        rows["feeds"].append(FeedSpec(f"{pdu}/feed", pdu, "AB"[number % 2], 22_080))
        rows["phases"] += [PhaseSpec(f"{pdu}/L{k}", f"{pdu}/feed", 32) for k in (1, 2, 3)]
        rows["circuits"] += [
            CircuitSpec(f"{pdu}/circuit/{k}", f"{pdu}/L{k % 3 + 1}", 16) for k in range(6)
        ]
        rows["outlets"] += [
            OutletSpec(f"{pdu}/outlet/{k}", f"{pdu}/circuit/{k % 6}") for k in range(42)
        ]
        rows["probes"].append(ProbeSpec(f"{pdu}/probe", rack, f"source/{number}"))
    return built(Design(**rows))  # type: ignore[arg-type]


def quiet(plant: Plant, seed: int = 1) -> Snapshot:
    """Readings of a hall in which nothing is wrong; a third of the outlets is empty."""
    dice = np.random.default_rng(seed)
    now = blank(plant, 0.0, 0.0)
    now.houses.unrecorded[:] = now.sources.silence[:] = now.sources.missing[:] = 0.0
    now.phases.voltage[:], now.phases.current[:] = 230.0, 10.0
    now.feeds.apparent_power[:], now.feeds.frequency[:] = 6_900.0, 50.0
    now.feeds.residual_current[:] = 0.003
    now.circuits.closed[:], now.circuits.current[:] = 1.0, 5.0
    rows = len(plant.outlets)
    load = np.where(dice.random(rows) < 0.3, 0.0, dice.uniform(0.1, 1.0, rows))
    now.outlets.on[:], now.outlets.current[:] = 1.0, load
    now.outlets.active_power[:] = load * 220
    now.outlets.contact_temperature[:] = 30.0
    now.probes.temperature[:], now.probes.humidity[:] = 23.0, 45.0
    return now


def milliseconds(home: House, now: Snapshot, ticks: int = 40) -> tuple[float, int]:
    """Median time of one step in a quiet hall, and the events that it told (there are none)."""
    state = first(home.plant, home.traces, 0.0, 0.0)
    times, events = [], 0
    for tick in range(1, ticks + 1):
        frame = replace(now, at=float(tick), clock=float(tick))
        start = time.perf_counter()
        outcome = step(home, state, frame, ())
        times.append(time.perf_counter() - start)
        state, events = outcome.state, events + len(outcome.events)
    return 1e3 * median(times), events


@dataclass(slots=True)
class Socket:
    """One outlet as an object, for the floor."""

    current: float
    rated: float
    since: float = 0.0
    level: int = 0


def floor(plant: Plant, now: Snapshot) -> float:
    """Time in ms of one rule over objects, a loop with a comparison and a timer for each outlet."""
    pairs = zip(now.outlets.current.tolist(), plant.outlets.rated_current.tolist(), strict=True)
    sockets = [Socket(current, rated) for current, rated in pairs]
    start = time.perf_counter()
    for socket in sockets:
        if socket.current / socket.rated >= 0.8:
            socket.since += 1.0
            socket.level = int(socket.since >= 10)
        else:
            socket.since, socket.level = 0.0, 0
    return 1e3 * (time.perf_counter() - start)


def main(argv: list[str]) -> int:
    """Print a line for each size; --quick leaves the largest out."""
    sizes = SIZES[:-1] if "--quick" in argv else SIZES
    print(f"{'PDUs':>6} {'outlets':>8} {'rules':>5} {'ms/step':>8} {'goal':>6}  objects, one rule")
    measured = {}
    for pdus in sizes:
        plant = fleet(pdus)
        home = house(plant)
        now = quiet(plant)
        took, events = milliseconds(home, now)
        measured[pdus] = took
        loop = floor(plant, now)
        goal = f"{GOALS[pdus]:.1f}" if pdus in GOALS else "-"
        ratio = loop * len(home.rules) / took
        print(
            f"{pdus:>6} {len(plant.outlets):>8} {len(home.rules):>5} {took:>8.3f} {goal:>6}  "
            f"{loop:.3f} ms, so {ratio:.1f} times as long for as many rules; events: {events}"
        )
    if 10_000 in measured:
        growth = measured[10_000] / measured[100]
        print(f"from 100 to 10,000 PDUs: {growth:.1f} times as long (goal: at most 100)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
