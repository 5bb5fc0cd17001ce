"""The twin, as a source like any other: its meters are read, its relays obey.

All simulator sources of a site share one twin, which the section [twin] describes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from smartpdu.drivers.replay import recorded
from smartpdu.drivers.source import Ports, SettingsError, SourceError, Wanted
from smartpdu.model.command import SwitchOutlet
from smartpdu.model.plant import Kind, Part, Plant
from smartpdu.model.snapshot import READINGS, Snapshot, blank
from smartpdu.twin.faults import INJECTORS, Fault, placed
from smartpdu.twin.meter import measured
from smartpdu.twin.plan import ServerSpec, World, world
from smartpdu.twin.world import Life, Truth, advance, born, switched

FAR = 30  # s that the twin catches up at most; a machine that slept has not lived meanwhile
SECTION = {"seed", "server", "fault"}
SERVER = {f.name for f in fields(ServerSpec)} | {"replay_columns"}
FAULT = {f.name for f in fields(Fault)}


@dataclass(slots=True)
class Twin:
    """One living twin and the dice it lives by."""

    world: World
    life: Life
    faults: tuple[tuple[Fault, int], ...]
    dice: np.random.Generator
    started: float  # monotonic clock of its second 0
    truths: list[Truth] = field(default_factory=list)
    seen: Snapshot | None = None

    def live_until(self, clock: float) -> None:
        """Let whole seconds pass until the twin is as old as the clock says."""
        due = int(clock - self.started)
        if due - self.life.second > FAR:
            self.started += due - self.life.second - FAR
            due = int(clock - self.started)
        while self.life.second < due:
            self.tick()

    def tick(self) -> None:
        """Let one second pass."""
        self.life, told = advance(self.world, self.life, self.faults, self.dice)
        self.truths += told
        self.seen = None

    def read(self, at: float, clock: float) -> Snapshot:
        """What all meters tell of this second; the same for all who look in it."""
        if self.seen is None:
            self.seen = measured(self.world, self.life, self.dice, at, clock)
        return self.seen

    def switch(self, outlet: int, on: bool) -> None:
        """Let an order reach a relay."""
        self.life = switched(self.life, outlet, on)
        self.seen = None


def twin(section: Mapping[str, Any], plant: Plant, clock: float, seed: int | None = None) -> Twin:
    """The twin of a section [twin] on a plant; raises SettingsError."""
    _known(section, SECTION, "twin")
    chosen = section.get("seed", 1) if seed is None else seed
    dice = np.random.Generator(np.random.PCG64(_whole("twin.seed", chosen)))
    servers = [_server(plant, n, s) for n, s in enumerate(section.get("server", []), 1)]
    _cords_once(servers)
    faults = [fault(n, f) for n, f in enumerate(section.get("fault", []), 1)]
    try:
        rows = placed(plant, faults)
    except ValueError as error:
        raise SettingsError("twin.fault", str(error), "a fault of the twin") from None
    built = world(plant, servers, dice)
    return Twin(built, born(built, dice), rows, dice, clock)


def fault(number: int, table: Mapping[str, Any]) -> Fault:
    """A fault from its table; size and rate have the injector's own defaults."""
    where = f"twin.fault[{number}]"
    _known(table, FAULT, where)
    for name in ("at", "kind", "place"):
        if name not in table:
            raise SettingsError(f"{where}.{name}", "nothing", "a value")
    kind = table["kind"]
    if kind not in INJECTORS:
        raise SettingsError(f"{where}.kind", repr(kind), f"one of {', '.join(sorted(INJECTORS))}")
    numbers = {
        name: _number(f"{where}.{name}", table[name])
        for name in ("at", "size", "rate", "lasts")
        if name in table
    }
    return Fault(**{"size": INJECTORS[kind].size, **numbers, "kind": kind, "place": table["place"]})


class Simulated:
    """One source's view of the shared twin."""

    def __init__(self, shared: Twin, part: Part, ports: Ports) -> None:
        """The part of the twin that this source reads and switches."""
        self._twin = shared
        self._part = part
        self._ports = ports
        self._row = int(part.rows[Kind.SOURCE][0])

    async def read(self) -> Snapshot:
        """What the meters of this part tell; raises SourceError under the fault silent_source."""
        clock = self._ports.clock()
        self._twin.live_until(clock)
        if self._twin.life.effects.silent[self._row]:
            raise SourceError("no answer")
        whole = self._twin.read(self._ports.wall(), clock)
        own = _own(whole, self._part, self._ports.wall(), clock)
        if self._twin.life.effects.missing[self._row]:
            own.outlets.current[::2] = np.nan
            own.sources.missing[:] = 0.1
        return own

    async def obey(self, command: SwitchOutlet) -> None:
        """Let the relay move, unless it is stuck."""
        if self._twin.life.effects.silent[self._row]:
            raise SourceError("no answer")
        row = self._part.plant.outlets.path.index(command.place)
        self._twin.switch(int(self._part.rows[Kind.OUTLET][row]), command.on)

    async def close(self) -> None:
        """Nothing is held."""


def check(settings: Mapping[str, Any]) -> None:
    """The simulator has no settings of its own."""
    _known(settings, set(), "source")


def check_site(plant: Plant, sections: Mapping[str, Any]) -> None:
    """Raise SettingsError for a section [twin] that does not fit what is built."""
    twin(sections.get("twin", {}), plant, 0.0)


def open_source(wanted: Wanted) -> Simulated:
    """This source's view of the twin that all simulator sources share."""
    if "twin" not in wanted.shared:
        section = wanted.sections.get("twin", {})
        wanted.shared["twin"] = twin(section, wanted.plant, wanted.ports.clock())
    return Simulated(wanted.shared["twin"], wanted.part, wanted.ports)


def _own(whole: Snapshot, part: Part, at: float, clock: float) -> Snapshot:
    own = blank(part.plant, at, clock)
    for kind in READINGS:
        if kind is not Kind.HOUSE:
            here, there = own.readings(kind), whole.readings(kind)
            for column in fields(here):
                getattr(here, column.name)[:] = getattr(there, column.name)[part.rows[kind]]
    return own


def _server(plant: Plant, number: int, table: Mapping[str, Any]) -> ServerSpec:
    where = f"twin.server[{number}]"
    _known(table, SERVER, where)
    known = set(plant.outlets.path)
    cords = table.get("cords")
    if not isinstance(cords, list) or not cords or not all(isinstance(c, str) for c in cords):
        raise SettingsError(f"{where}.cords", repr(cords), "a list of outlet paths")
    for cord in cords:
        if cord not in known:
            raise SettingsError(f"{where}.cords", repr(cord), "the path of an outlet")
    values = {k: v for k, v in table.items() if k not in ("replay", "replay_columns", "cords")}
    for name in ("rated_power", "idle_power", "demand", "boot", "supply_power"):
        if name in values:
            values[name] = _number(f"{where}.{name}", values[name])
    _one_of(where, "kind", values.get("kind", "ordinary"), ("ordinary", "gpu", "replay"))
    _one_of(where, "mode", values.get("mode", "share"), ("share", "hot_spare"))
    for name in ("idle_shares", "full_shares"):
        if name in values and len(values[name]) != len(cords):
            found = f"{len(values[name])} shares"
            raise SettingsError(f"{where}.{name}", found, f"one for each of {len(cords)} cords")
    if "replay" in table:
        names = table.get("replay_columns", [])
        if len(names) != len(cords):
            found = f"{len(names)} columns"
            raise SettingsError(f"{where}.replay_columns", found, f"{len(cords)}, one for a cord")
        values["replay"] = recorded(Path(table["replay"]), names)
    return ServerSpec(cords=tuple(cords), **{"path": f"server/{number}", **values})


def _cords_once(servers: list[ServerSpec]) -> None:
    seen: dict[str, str] = {}
    for server in servers:
        for cord in server.cords:
            if cord in seen:
                raise SettingsError("twin.server.cords", repr(cord), f"only in {seen[cord]}")
            seen[cord] = server.path


def _known(table: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in table:
        if key not in known:
            expected = f"one of {', '.join(sorted(known))}" if known else "no such key"
            raise SettingsError(f"{where}.{key}", "an unknown key", expected)


def _one_of(where: str, key: str, value: Any, known: tuple[str, ...]) -> None:
    if value not in known:
        raise SettingsError(f"{where}.{key}", repr(value), f"one of {', '.join(known)}")


def _number(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise SettingsError(key, repr(value), "0 or a number above 0")
    return float(value)


def _whole(key: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise SettingsError(key, repr(value), "a whole number from 0")
    return value
