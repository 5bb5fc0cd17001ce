"""Any SNMP PDU that has a map: read by GETBULK, switched by SET, never mistaken for another (14.3).

The laws of this file:

1. Who answers is asked first: another family, or another serial number than the site says, is not
   read and never switched.
2. A value that is absent, of a wrong type or of an unknown unit is a gap and is counted as missing;
   a value that the device itself calls not available is a gap and nothing more.
3. What was told once and lasts (digits, units) is told anew after a silence or a restart.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from re import ASCII, fullmatch
from typing import Any

from smartpdu.drivers.access import Switchboard, access
from smartpdu.drivers.agent import Agent
from smartpdu.drivers.apart import Claim, claimed
from smartpdu.drivers.maps import Map, load
from smartpdu.drivers.source import Mistaken, SettingsError, SourceError, Wanted
from smartpdu.drivers.told import Oid, Pattern, Told, Value, dotted, first_understood, words
from smartpdu.model.command import SwitchOutlet
from smartpdu.model.plant import Kind, Part
from smartpdu.model.snapshot import Snapshot, blank, quantities

UNREAD = "none"  # the address of a row that stands in the site but not in the device
COMMON = ("voltage", "frequency", "thd_voltage")  # what many rows may be told of in one place
SYSTEM = Pattern((1, 3, 6, 1, 2, 1, 1, 2, 0))  # sysObjectID
UPTIME = Pattern((1, 3, 6, 1, 2, 1, 1, 3, 0))  # sysUpTime, in hundredths of a second


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of the snapshot, and where the device tells it."""

    kind: Kind
    column: str
    row: int
    symbol: str
    tolds: tuple[Told, ...]
    address: Oid

    def oids(self, lasting: bool) -> Iterator[tuple[Oid, Oid]]:
        """Column and instance of all that must be read: of what lasts, or of what changes."""
        for told in self.tolds:
            for pattern in told.lasting if lasting else told.patterns:
                yield pattern.root, pattern.at(self.address)


@dataclass(slots=True)
class Acquaintance:
    """What is known of the device since it was last recognised."""

    uptime: int
    lasting: dict[Oid, Value] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)  # numbers of the cells that ever had an instance
    missing: tuple[int, ...] = ()  # those of them that the last answer did not tell


class Pdu:
    """One PDU behind an agent, with the rows of the plant that it tells."""

    def __init__(
        self,
        agent: Agent,
        map_: Map,
        cells: list[Cell],
        wanted: Wanted,
        places: Mapping[Oid, str],
    ) -> None:
        """A PDU that has not been asked yet; `cells` are the values that it shall tell.

        `places` tells of each instance at the device whose it is.
        """
        self.places = places
        self._agent = agent
        self._map = map_
        self._part = wanted.part
        self._ports = wanted.ports
        self._serial: str = wanted.settings.get("serial", "")
        self._cells = cells
        self._known: Acquaintance | None = None

    async def read(self) -> Snapshot:
        """What the device tells; raises SourceError where it does not answer or is another one."""
        if self._known is None:
            self._known = await self._recognised()
        try:
            wanted = columns(self._cells, lasting=False)
            wanted.setdefault(UPTIME.root, []).append(UPTIME.at(()))
            values = await self._agent.values(wanted)
        except SourceError:
            self._known = None
            raise
        uptime = values.get(UPTIME.at(()))
        known = self._known
        if isinstance(uptime, int) and uptime < known.uptime:
            self._known = None
            known = self._known = await self._recognised()  # it restarted: the same, as it was?
        elif isinstance(uptime, int):
            known.uptime = uptime
        return self._snapshot(known, values)

    async def obey(self, command: SwitchOutlet) -> None:
        """Write the order once; SourceError where it surely was not carried out."""
        outlets = self._part.plant.outlets
        if command.place not in outlets.path:
            raise SourceError(f"there is no outlet {command.place} here")
        order = self._map.on if command.on else self._map.off
        place = outlets.address[outlets.path.index(command.place)]
        if order is None or place == UNREAD:
            raise SourceError(f"no way to switch {command.place} is known")
        await self._identified()  # it may have been changed for another since it was read
        await self._agent.put(order.oid.at(numbers(place)), order.value)

    def untold(self) -> tuple[str, ...]:
        """Paths of the rows of which the device has told nothing since it was recognised."""
        told = self._known.told if self._known is not None else set()
        known = {(cell.kind, cell.row) for n, cell in enumerate(self._cells) if n in told}
        rows = dict.fromkeys((cell.kind, cell.row) for cell in self._cells)
        plant = self._part.plant
        return tuple(plant.table(kind).path[row] for kind, row in rows if (kind, row) not in known)

    def missing(self) -> tuple[tuple[str, str], ...]:
        """Path and column of each value that the last answer did not tell as the map says.

        What was never told counts where the device tells it of another place of the kind.
        """
        if self._known is None:
            return ()
        told, plant = self._known.told, self._part.plant
        usual = {(self._cells[n].kind, self._cells[n].column) for n in told}
        cells = [
            cell
            for number, cell in enumerate(self._cells)
            if number in self._known.missing
            or (number not in told and (cell.kind, cell.column) in usual)
        ]
        return tuple((plant.table(cell.kind).path[cell.row], cell.column) for cell in cells)

    async def serial(self) -> str:
        """The serial number that the device tells; empty where it, or the map, knows none."""
        pattern = self._map.device.facts.get("serial")
        if pattern is None:
            return ""
        values = await self._agent.values({pattern.root: [pattern.at(())]})
        return words(values.get(pattern.at(())))

    async def close(self) -> None:
        """Leave the engines to the others."""
        self._agent.close()

    async def _recognised(self) -> Acquaintance:
        """Make sure of the device, and read what lasts."""
        uptime = await self._identified()
        return Acquaintance(uptime, await self._agent.values(columns(self._cells, lasting=True)))

    async def _identified(self) -> int:
        """The device's uptime; raises SourceError where it is another than the site says."""
        serial = self._map.device.facts.get("serial") if self._serial else None
        asked = [SYSTEM, UPTIME] if serial is None else [SYSTEM, UPTIME, serial]
        values = await self._agent.values({pattern.root: [pattern.at(())] for pattern in asked})
        system = values.get(SYSTEM.at(()))
        if not isinstance(system, tuple) or not any(
            system[: len(family)] == family for family in self._map.device.is_
        ):
            found = words(system) or "no sysObjectID"
            told = f"found a device {found}, which the map {self._map.name} is not for"
            raise Mistaken("map", f"{self._map.name!r}", f"a map for the device {found}", told)
        if serial is not None:
            found = words(values.get(serial.at(())))
            if found != self._serial:
                told = f"expected serial number {self._serial!r}, the device says {found!r}"
                device = f"serial number {found!r} at the device"
                raise Mistaken("serial", device, repr(self._serial), told)
        uptime = values.get(UPTIME.at(()))
        return uptime if isinstance(uptime, int) else 0

    def _snapshot(self, known: Acquaintance, values: Mapping[Oid, Value]) -> Snapshot:
        now = blank(self._part.plant, self._ports.wall(), self._ports.clock())
        both = {**known.lasting, **values}
        missing = []
        for number, cell in enumerate(self._cells):
            if any(told.oid.at(cell.address) in values for told in cell.tolds):
                known.told.add(number)
            value = first_understood(cell.tolds, cell.address, both, cell.symbol)
            missing += [number] if value is None and number in known.told else []
            column: Any = getattr(now.readings(cell.kind), cell.column)
            column[cell.row] = nan if value is None else value
        if not known.told:
            raise SourceError("the device tells none of the mapped values")
        known.missing = tuple(missing)
        now.sources.missing[:] = len(missing) / len(known.told)
        return now


def cells(map_: Map, part: Part) -> Iterator[Cell]:
    """Every value that the map promises of the rows of a part; raises SettingsError."""
    for kind, told in map_.columns.items():
        table = part.plant.table(kind)
        owner: dict[str, str] = {}
        for row, (path, place) in enumerate(zip(table.path, table.address, strict=True)):
            if place == UNREAD or not told:
                continue
            if place in owner:  # two places would be read, and switched, as one
                words = f"{place!r}, which {owner[place]} has already"
                raise SettingsError("address", words, "an address of its own", place=path)
            owner[place] = path
            for column, several in told.items():
                if kind is Kind.OUTLET and column != "on" and not part.plant.outlets.metered[row]:
                    continue
                try:
                    symbol = quantities(kind)[column].symbol
                    cell = Cell(kind, column, row, symbol, several, numbers(place))
                    list(cell.oids(lasting=True)) + list(cell.oids(lasting=False))
                except (ValueError, IndexError):
                    expected = f"numbers such as 1.2, as the map {map_.name} needs, or {UNREAD!r}"
                    raise SettingsError("address", repr(place), expected, place=path) from None
                yield cell


def columns(cells: list[Cell], lasting: bool) -> dict[Oid, list[Oid]]:
    """The instances to read of each column; of what lasts, or of what changes."""
    wanted: dict[Oid, set[Oid]] = {}
    for cell in cells:
        for root, oid in cell.oids(lasting):
            wanted.setdefault(root, set()).add(oid)
    return {root: sorted(oids) for root, oids in wanted.items()}


def numbers(place: str) -> Oid:
    """The numbers of an address; ValueError where it has other signs, or a number is too large."""
    if not fullmatch(r"\d{1,10}(\.\d{1,10})*", place, ASCII):
        raise ValueError(place)
    found = tuple(int(part) for part in place.split("."))
    if max(found) >= 2**32:
        raise ValueError(place)
    return found


def check(settings: Mapping[str, Any]) -> None:
    """Raise SettingsError for an address, a credential or a map that cannot be used."""
    access(settings)
    _map(settings)
    if not isinstance(settings.get("serial", ""), str):
        raise SettingsError("serial", repr(settings["serial"]), "text")


def beside(settings: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Settings whose own map is looked for beside the file that names it."""
    name = settings.get("map")
    own = isinstance(name, str) and name.endswith(".toml")
    return {**settings, "map": str(folder / str(name))} if own else settings


def open_source(wanted: Wanted) -> Pdu:
    """One PDU behind its agent; connects on its first read."""
    board: Switchboard = wanted.shared.setdefault("snmp", Switchboard())
    claims: list[Claim] = wanted.shared.setdefault("snmp claims", [])
    map_, asked = _map(wanted.settings), access(wanted.settings)
    found = list(cells(map_, wanted.part))
    places = _claims(map_, wanted.part, found)
    claimed(claims, Claim(wanted.path, asked, wanted.settings.get("serial", ""), places))
    return Pdu(Agent(asked, board), map_, found, wanted, places)


def _claims(map_: Map, part: Part, found: list[Cell]) -> dict[Oid, str]:
    """Each instance that is read or written, and of which place; raises SettingsError.

    What rows of one kind would have in common cannot be the own of each, as a current is.
    """
    made: dict[Oid, str] = {}
    owner: dict[tuple[Kind, str, Oid], str] = {}

    def claim(kind: Kind, column: str, row: int, pattern: Pattern) -> None:
        table = part.plant.table(kind)
        path, place = table.path[row], table.address[row]
        try:
            oid = pattern.at(numbers(place))
        except IndexError:
            expected = f"numbers such as 1.2, as the map {map_.name} needs, or {UNREAD!r}"
            raise SettingsError("address", repr(place), expected, place=path) from None
        first = owner.setdefault((kind, column, oid), path)
        if first != path:
            words = f"{place!r}, of which the map {map_.name} has {column} at {dotted(oid)}"
            expected = f"an OID of its own for each row: that is {column} of {first} as well"
            raise SettingsError("address", words, expected, place=path)
        made[oid] = path

    for cell in found:
        for told in cell.tolds if cell.column not in COMMON else ():
            claim(cell.kind, cell.column, cell.row, told.oid)
    for row, place in enumerate(part.plant.outlets.address):
        for name, order in (("the order on", map_.on), ("the order off", map_.off)):
            if order is not None and place != UNREAD:
                claim(Kind.OUTLET, name, row, order.oid)
    return made


def _map(settings: Mapping[str, Any]) -> Map:
    name = settings.get("map")
    if not isinstance(name, str):
        found = "nothing" if name is None else repr(name)
        raise SettingsError("map", found, "the name of a map, or a file that ends in .toml")
    return load(name)
