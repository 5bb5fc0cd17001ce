"""Faults on demand: one injector for each hazard of the catalogue, written as what it does.

A fault acts from its time on, for as long as it lasts; what the twin does under it follows from
the physics. Each names the hazard that it stands for.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from smartpdu.model.plant import Kind, Plant, places
from smartpdu.model.units import (
    Celsiuses,
    Column,
    Flags,
    LeakageAmperes,
    Percents,
    Ratios,
    Watts,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: from a second on, at a place, with a size and a rate whose units its kind says."""

    at: float
    kind: str
    place: str
    size: float
    rate: float = 0.0
    lasts: float = float("inf")


@dataclass(slots=True)
class Effects:
    """What all faults of this second do together; the healthy world is where it starts."""

    voltage: Ratios  # of each phase
    frequency: Ratios  # of each feed
    distortion: Percents  # more, of each phase's voltage
    heater: Watts  # on each outlet, beside its server
    tripped: Flags  # circuits that somebody opens
    dead: Flags  # power supplies, by outlet
    pulled: Flags  # cords, by outlet
    contact: Ratios  # resistance of each outlet, times the new one
    leak: LeakageAmperes  # resistive, on each phase
    heat: Celsiuses  # added to the inlet air of each rack
    water: Column  # hPa added to the air of each rack
    stuck: Flags  # relays
    welded: Flags
    silent: Flags  # sources
    missing: Flags  # sources that answer in part


def healthy(plant: Plant) -> Effects:
    """A world in which nothing is wrong."""
    phases, outlets, racks = len(plant.phases), len(plant.outlets), len(plant.racks)

    def no(rows: int) -> Flags:
        return np.zeros(rows, dtype=np.bool_)

    return Effects(
        np.ones(phases),
        np.ones(len(plant.feeds)),
        np.zeros(phases),
        np.zeros(outlets),
        no(len(plant.circuits)),
        no(outlets),
        no(outlets),
        np.ones(outlets),
        np.zeros(phases),
        np.zeros(racks),
        np.zeros(racks),
        no(outlets),
        no(outlets),
        no(len(plant.sources)),
        no(len(plant.sources)),
    )


@dataclass(frozen=True, slots=True)
class Injector:
    """A kind of fault: where it acts, the hazard it stands for, what it does, and its usual size.

    `act` gets the effects, the plant, the row of the place, the fault and its age in seconds.
    """

    kind: Kind
    hazard: str
    act: Callable[[Effects, Plant, int, Fault, float], None]
    size: float
    about: str
    sizes: tuple[float, float] | None = None  # the least and the most; None: it has no size
    unit: str = ""  # of its size
    grows: bool = False  # whether a rate makes it grow up to its size


def _feed_loss(e: Effects, plant: Plant, row: int, fault: Fault, age: float) -> None:
    e.voltage[plant.phases.feed == row] = 0.0


def _phase_loss(e: Effects, plant: Plant, row: int, fault: Fault, age: float) -> None:
    e.voltage[row] = 0.0


def _undervoltage(e: Effects, plant: Plant, row: int, fault: Fault, age: float) -> None:
    e.voltage[plant.phases.feed == row] *= fault.size


def _off_frequency(e: Effects, plant: Plant, row: int, fault: Fault, age: float) -> None:
    e.frequency[row] = fault.size


def _harmonics(e: Effects, plant: Plant, row: int, fault: Fault, age: float) -> None:
    e.distortion[plant.phases.feed == row] += fault.size


def _overload(e: Effects, plant: Plant, row: int, fault: Fault, age: float) -> None:
    rows = np.flatnonzero(plant.outlets.circuit == row)
    e.heater[rows] += fault.size / len(rows)


def _breaker_trip(e: Effects, plant: Plant, row: int, fault: Fault, age: float) -> None:
    e.tripped[row] = age < 1.0  # opened once; it stays open by itself


def _psu_failure(e: Effects, plant: Plant, row: int, fault: Fault, age: float) -> None:
    e.dead[row] = True


def _cord_pulled(e: Effects, plant: Plant, row: int, fault: Fault, age: float) -> None:
    e.pulled[row] = True


def _contact_ageing(e: Effects, plant: Plant, row: int, fault: Fault, age: float) -> None:
    e.contact[row] = _grown(1.0, fault, age)


def _leakage_step(e: Effects, plant: Plant, row: int, fault: Fault, age: float) -> None:
    e.leak[np.flatnonzero(plant.phases.feed == row)[0]] += fault.size


def _hot_air(e: Effects, plant: Plant, row: int, fault: Fault, age: float) -> None:
    e.heat[row] += _grown(0.0, fault, age)


def _humidity_ramp(e: Effects, plant: Plant, row: int, fault: Fault, age: float) -> None:
    e.water[row] += _grown(0.0, fault, age)


def _stuck_relay(e: Effects, plant: Plant, row: int, fault: Fault, age: float) -> None:
    e.stuck[row] = True


def _welded_relay(e: Effects, plant: Plant, row: int, fault: Fault, age: float) -> None:
    e.welded[row] = True


def _silent_source(e: Effects, plant: Plant, row: int, fault: Fault, age: float) -> None:
    e.silent[row] = True


def _missing_values(e: Effects, plant: Plant, row: int, fault: Fault, age: float) -> None:
    e.missing[row] = True


def _grown(start: float, fault: Fault, age: float) -> float:
    """A size that is reached at once, or by its rate in units a minute."""
    if fault.rate == 0.0:
        return fault.size
    return min(fault.size, start + fault.rate * age / 60)


# Sizes: below 0.1 of its voltage a feed is lost, from 0.99 on nothing is wrong; 80 hPa is more
# water than air of 40 °C holds; the others are bounds beyond which a number is a slip of the pen.
INJECTORS: dict[str, Injector] = {
    "feed_loss": Injector(Kind.FEED, "supply.feed", _feed_loss, 1, "all phases without voltage"),
    "phase_loss": Injector(Kind.PHASE, "supply.phase", _phase_loss, 1, "one phase without voltage"),
    "undervoltage": Injector(
        Kind.FEED,
        "supply.voltage",
        _undervoltage,
        0.87,
        "of the nominal",
        (0.1, 0.99),
        "of the nominal voltage",
    ),
    "off_frequency": Injector(
        Kind.FEED,
        "supply.frequency",
        _off_frequency,
        1.02,
        "of nominal",
        (0.8, 1.2),
        "of the nominal frequency",
    ),
    "harmonics": Injector(
        Kind.FEED,
        "quality.distortion",
        _harmonics,
        7,
        "% more distortion of its voltages",
        (0.1, 50),
        "% of the fundamental",
    ),
    "overload": Injector(
        Kind.CIRCUIT, "load.circuit", _overload, 3000, "W more on a circuit", (1, 1e5), "W"
    ),
    "breaker_trip": Injector(Kind.CIRCUIT, "breaker.open", _breaker_trip, 1, "breaker opens"),
    "psu_failure": Injector(Kind.OUTLET, "cord.dead_supply", _psu_failure, 1, "supply dies"),
    "cord_pulled": Injector(Kind.OUTLET, "cord.unplugged", _cord_pulled, 1, "cord pulled"),
    "contact_ageing": Injector(
        Kind.OUTLET,
        "contact.rise",
        _contact_ageing,
        80,
        "times the resistance of a new contact",
        (1, 1e4),
        "times",
        True,
    ),
    "leakage_step": Injector(
        Kind.FEED, "residual.feed", _leakage_step, 0.04, "A to earth", (1e-4, 100), "A"
    ),
    "hot_air": Injector(
        Kind.RACK, "climate.temperature", _hot_air, 8, "K at the inlet", (0.1, 80), "K", True
    ),
    "humidity_ramp": Injector(
        Kind.RACK, "climate.dew", _humidity_ramp, 16, "hPa more water", (0.1, 80), "hPa", True
    ),
    "stuck_relay": Injector(Kind.OUTLET, "switching.disobeyed", _stuck_relay, 1, "does not move"),
    "welded_relay": Injector(Kind.OUTLET, "switching.welded", _welded_relay, 1, "always conducts"),
    "silent_source": Injector(Kind.SOURCE, "gaps.silent", _silent_source, 1, "does not answer"),
    "missing_values": Injector(Kind.SOURCE, "gaps.missing", _missing_values, 1, "answers in part"),
}


def described(fault: Fault) -> str:
    """What a fault does, with its size and its rate where it has them."""
    injector = INJECTORS[fault.kind]
    if injector.sizes is None:
        return injector.about
    grown = f", by {fault.rate:g} {injector.unit} a minute" if fault.rate else ""
    return f"{fault.size:g} {injector.about}{grown}"


def effects(plant: Plant, faults: Iterable[tuple[Fault, int]], second: float) -> Effects:
    """What all faults that act in this second do; each comes with the row of its place."""
    sum_ = healthy(plant)
    for fault, row in faults:
        age = second - fault.at
        if 0 <= age < fault.lasts:
            INJECTORS[fault.kind].act(sum_, plant, row, fault, age)
    return sum_


@dataclass(frozen=True, slots=True)
class Misplaced(Exception):
    """A fault that fits nowhere: its number, the field, what was found, what is expected."""

    number: int
    field: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.field}: found {self.found}, expected {self.expected}"


def placed(plant: Plant, faults: Iterable[Fault]) -> tuple[tuple[Fault, int], ...]:
    """The faults with the rows of their places; raises Misplaced for one that fits nowhere."""
    index = places(plant)
    rows = []
    for number, fault in enumerate(faults, 1):
        injector = INJECTORS.get(fault.kind)
        if injector is None:
            known = ", ".join(sorted(INJECTORS))
            raise Misplaced(number, "kind", repr(fault.kind), f"one of {known}")
        kind, row = index.get(fault.place, (None, -1))
        if kind is not injector.kind:
            expected = f"the path of one of the {injector.kind.value}"
            raise Misplaced(number, "place", repr(fault.place), expected)
        rows.append((fault, row))
    return tuple(rows)
