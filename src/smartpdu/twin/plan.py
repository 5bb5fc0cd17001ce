"""What hangs on a plant in the twin: servers, their cords, and the breakers' hidden curves."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from smartpdu.model.plant import Plant
from smartpdu.model.units import (
    Amperes,
    Celsiuses,
    Flags,
    Percents,
    Ratios,
    Rows,
    Seconds,
    Volts,
    Watts,
)
from smartpdu.twin import psu
from smartpdu.twin.breakers import LEAST, MOST

GAIN = 0.0003  # by which the outlet meters differ for ever; from second to second they differ more


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """A server; powers in W of direct current, shares of the cords at idle and at full load."""

    path: str
    cords: Sequence[str]  # outlets, in the order of its power supplies
    rated_power: float = 500.0
    idle_power: float = 150.0
    demand: float = 0.4  # mean, between idle and rated
    kind: str = "ordinary"  # ordinary | gpu | replay | standby
    mode: str = "share"  # share | hot_spare
    boot: float = 90.0  # s
    supply_power: float = 0.0  # of each power supply; 0: enough to carry the server alone
    corrected: bool = True  # whether its supplies correct their power factor
    idle_shares: Sequence[float] = ()
    full_shares: Sequence[float] = ()
    replay: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))  # [s, cords] W
    name: str = ""


@dataclass(frozen=True, slots=True)
class Servers:
    """Servers as columns."""

    path: tuple[str, ...]
    rated: Watts
    idle: Watts
    demand: Ratios
    boot: Seconds
    gpu: Flags
    replay: Flags
    standby: Flags  # fed, and switched off by its owner
    hot_spare: Flags
    job: Seconds  # where in its job a GPU server stands
    rack: Rows


@dataclass(frozen=True, slots=True)
class Cords:
    """Cords as columns, each with a power supply."""

    outlet: Rows
    server: Rows
    first: Flags  # the supply that works while a hot spare sleeps
    rated: Watts
    idle_share: Ratios
    full_share: Ratios
    leakage: Amperes  # of its filter to earth, at 230 V
    filter: Amperes  # of its filter between the conductors, at 230 V
    corrected: Flags  # supplies that correct their power factor
    replay: NDArray[np.float64]  # [s, cords]; NaN where nothing is played


@dataclass(frozen=True, slots=True)
class World:
    """All of the twin that does not change while it lives."""

    plant: Plant
    servers: Servers
    cords: Cords
    conventional: Amperes  # current that a breaker carries for ever
    cooling: Seconds
    magnetic: Amperes
    contact: NDArray[np.float64]  # ohm, of each outlet when new
    line: NDArray[np.float64]  # ohm, before each phase
    nominal: Volts  # of each outlet's phase
    gain: Ratios  # of each outlet's meter
    distortion: Percents  # of each phase's voltage
    room: Celsiuses  # before each rack
    water: NDArray[np.float64]  # hPa, in the air of each rack


def world(plant: Plant, specs: Sequence[ServerSpec], dice: np.random.Generator) -> World:
    """The twin of a plant with these servers; what the specs leave open is drawn by the dice."""
    outlets = {path: row for row, path in enumerate(plant.outlets.path)}
    cords = [(number, spec, k) for number, spec in enumerate(specs) for k in range(len(spec.cords))]
    circuits, phases, racks = len(plant.circuits), len(plant.phases), len(plant.racks)
    limit = dice.uniform(LEAST, MOST, circuits)
    nominal = 2.55 / limit
    trip = dice.uniform(10.0, 40.0, circuits)  # s at 2.55 times the rated current, cold
    rated = plant.circuits.rated_current
    outlet = np.array([outlets[s.cords[k]] for _, s, k in cords], dtype=np.int64)
    faster = plant.feeds.nominal_frequency[plant.phases.feed[plant.outlets.phase[outlet]]] / 50
    return World(
        plant,
        _servers(plant, specs, outlets, dice),
        Cords(
            outlet,
            np.array([n for n, _, _ in cords], dtype=np.int64),
            np.array([k == 0 for _, _, k in cords], dtype=np.bool_),
            np.array([_supply(s) for _, s, _ in cords], dtype=np.float64),
            np.array([_share(s.idle_shares, s, k, 0.08) for _, s, k in cords], dtype=np.float64),
            np.array([_share(s.full_shares, s, k, 0.03) for _, s, k in cords], dtype=np.float64),
            np.abs(dice.normal(0.8e-3, 0.2e-3, len(cords))) * faster,
            psu.FILTER * faster,
            np.array([s.corrected for _, s, _ in cords], dtype=np.bool_),
            _replays(cords),
        ),
        limit * rated,
        trip / np.log(nominal**2 / (nominal**2 - 1)),
        dice.uniform(5.0, 10.0, circuits) * rated,  # characteristic C
        dice.uniform(1e-3, 3e-3, len(plant.outlets)),
        dice.uniform(0.02, 0.06, phases),
        plant.phases.nominal_voltage[plant.outlets.phase],
        1 + dice.normal(0, GAIN, len(plant.outlets)),
        dice.uniform(1.5, 2.5, phases),
        dice.uniform(20.0, 21.5, racks),
        dice.uniform(10.5, 12.0, racks),
    )


def _servers(
    plant: Plant, specs: Sequence[ServerSpec], outlets: dict[str, int], dice: np.random.Generator
) -> Servers:
    def column(values: Sequence[float]) -> NDArray[np.float64]:
        return np.array(values, dtype=np.float64)

    return Servers(
        tuple(s.path for s in specs),
        column([s.rated_power for s in specs]),
        column([s.idle_power for s in specs]),
        column([s.demand for s in specs]),
        column([s.boot for s in specs]),
        np.array([s.kind == "gpu" for s in specs], dtype=np.bool_),
        np.array([s.kind == "replay" for s in specs], dtype=np.bool_),
        np.array([s.kind == "standby" for s in specs], dtype=np.bool_),
        np.array([s.mode == "hot_spare" for s in specs], dtype=np.bool_),
        100 + dice.uniform(0, 0.05, len(specs)),  # in the middle; nodes are some 10 ms apart
        np.array([plant.outlets.rack[outlets[s.cords[0]]] for s in specs], dtype=np.int64),
    )


def _supply(spec: ServerSpec) -> float:
    return spec.supply_power or 1.15 * spec.rated_power / max(1, len(spec.cords) - 1)


def _share(shares: Sequence[float], spec: ServerSpec, cord: int, spread: float) -> float:
    """The share of a cord; left open, the first supply carries a little more, as real ones do."""
    if shares:
        return shares[cord]
    count = len(spec.cords)
    tilt = 0.0 if count == 1 else spread * (1 - 2 * cord / (count - 1))
    return (1 + tilt) / count


def _replays(cords: Sequence[tuple[int, ServerSpec, int]]) -> NDArray[np.float64]:
    longest = max((len(s.replay) for _, s, _ in cords), default=0)
    table = np.full((longest, len(cords)), np.nan)
    for column, (_, spec, cord) in enumerate(cords):
        if len(spec.replay):
            table[: len(spec.replay), column] = spec.replay[:, cord]
    return table
