"""From what a device told of itself to the tables of a site file.

What a site needs and the device does not tell is filled in, and a note stands above it: a phase
behind an inlet, a circuit behind a phase, a rating from the smallest usual plug.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isnan
from typing import Any

from smartpdu.app.thresholds import limits_of
from smartpdu.drivers.snmp import UNREAD
from smartpdu.drivers.survey import Row, Survey
from smartpdu.drivers.told import Oid
from smartpdu.model.plant import Kind

LETTERS = "ABCDEFGH"
LINES = (1, 2, 3)
INTERVAL = 5  # s: many agents need a second or more for a whole answer
SMALLEST = 16.0  # A: the smallest usual inlet, where a device does not tell its rating
VOLTAGES = (100.0, 110.0, 115.0, 120.0, 127.0, 200.0, 208.0, 220.0, 230.0, 240.0, 277.0)
USUAL = 230.0  # V
CONNECTORS = {"C13": 10.0, "C19": 16.0}  # A, IEC 60320


@dataclass(frozen=True, slots=True)
class Block:
    """One table of a site file, with notes above it for whoever reads it."""

    table: str
    values: Mapping[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A row that has found its path."""

    row: Row
    path: str
    above: str  # the path of its parent
    values: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    def block(self, table: str, parent: str) -> Block:
        """Its table in the site file."""
        values: dict[str, Any] = {"path": self.path}
        values |= {"name": self.row.name} if self.row.name else {}
        address = {} if table == "pdu" else {"address": dotted(self.row)}
        return Block(table, {**values, parent: self.above, **self.values, **address}, self.notes)


@dataclass(slots=True)
class Site:
    """The places found so far, each kind in its order."""

    rack: str
    source: str
    pdus: list[Place] = field(default_factory=list)
    feeds: list[Place] = field(default_factory=list)
    phases: list[Place] = field(default_factory=list)
    circuits: list[Place] = field(default_factory=list)
    outlets: list[Place] = field(default_factory=list)


NONE = Row((), None, "", {}, {})


def blocks(found: Survey, rack: str, pdu: str, source: Mapping[str, Any]) -> list[Block]:
    """The tables of a site that has this device in it."""
    site = Site(rack, f"source/{rack}-{pdu}")
    rows = found.rows
    _pdus(site, rows.get(Kind.PDU) or (NONE,), pdu)
    plan = found.map.plan.get(Kind.FEED)
    _feeds(site, rows.get(Kind.FEED) or (NONE,), plan.note if plan else "")
    _phases(site, rows.get(Kind.PHASE, ()))
    _circuits(site, rows.get(Kind.CIRCUIT, ()), rows.get(Kind.OUTLET, ()))
    _outlets(site, rows.get(Kind.OUTLET, ()))
    _rate_feeds(site)
    head = {"path": site.source, "interval": INTERVAL, **source}
    made = [Block("source", head), Block("rack", {"path": rack})]
    made += [replace(p.block("pdu", "rack"), values=_owned(p, site)) for p in site.pdus]
    made += [place.block("feed", "pdu") for place in site.feeds]
    made += [place.block("phase", "feed") for place in site.phases]
    made += [place.block("circuit", "phase") for place in site.circuits]
    made += [place.block("outlet", "circuit") for place in site.outlets]
    made += _things(site, pdu, "probe", rows.get(Kind.PROBE, ()))
    made += _things(site, pdu, "door", rows.get(Kind.DOOR, ()))
    kinds = ((Kind.FEED, site.feeds), (Kind.PHASE, site.phases), (Kind.CIRCUIT, site.circuits))
    for kind, places in (*kinds, (Kind.OUTLET, site.outlets)):
        for place in places:
            made += _limited(kind, place.path, place.row, place.values)
    for number, row in enumerate(rows.get(Kind.PROBE, ()), 1):
        made += _limited(Kind.PROBE, f"{rack}/probe/{pdu}-{number}", row, {})
    return made


def _pdus(site: Site, rows: Sequence[Row], name: str) -> None:
    for number, row in enumerate(rows, 1):
        path = f"{site.rack}/{name}{number if len(rows) > 1 else ''}"
        site.pdus.append(Place(row, path, site.rack, {}))


def _feeds(site: Site, rows: Sequence[Row], note: str) -> None:
    for number, row in enumerate(rows):
        above = _above(site.pdus, row.parent)
        path = f"{above.path}/feed{f'/{number + 1}' if len(rows) > len(site.pdus) else ''}"
        values = {"label": LETTERS[number % len(LETTERS)]}
        if row.facts.get("nominal_frequency"):
            values["nominal_frequency"] = row.facts["nominal_frequency"]
        notes = (note,) if note else ()
        site.feeds.append(Place(row, path, above.path, values, notes))


def _phases(site: Site, rows: Sequence[Row]) -> None:
    for feed in site.feeds:
        own = [row for row in rows if _above(site.feeds, row.parent) is feed]
        lines = int(feed.row.facts.get("lines") or 1)
        own = own or [replace(NONE, facts={"line": n}) for n in range(1, lines + 1)]
        stem = feed.path.removesuffix("/feed")
        for number, row in enumerate(own, 1):
            line = int(row.facts.get("line") or number)
            line = line if line in LINES else 1
            current, voltage, notes = _ratings(row, feed.row)
            values = {"rated_current": current, "nominal_voltage": voltage}
            if len(own) == 1 and line == 1:
                values["line"] = 1
            path = f"{stem}/L{line}"
            site.phases.append(Place(row, path, feed.path, values, notes))


def _ratings(row: Row, feed: Row) -> tuple[float, float, tuple[str, ...]]:
    """Rated current and nominal voltage of a phase, with a note where they are not told."""
    notes = []
    current = row.facts.get("rated_current") or feed.facts.get("rated_current")
    if not current:
        current = SMALLEST
        notes.append("the device does not tell its rated current: put in what its plug carries")
    told = row.facts.get("nominal_voltage") or feed.facts.get("nominal_voltage")
    if told:
        voltage = min(VOLTAGES, key=lambda usual: abs(usual - float(told)))
    else:
        measured = row.measured.get("voltage", 0.0)
        measured = 0.0 if isnan(measured) else measured
        voltage = min(VOLTAGES, key=lambda usual: abs(usual - (measured or USUAL)))
        seen = f"the nearest to the measured {measured:.1f} V" if measured else "the usual one"
        notes.append(f"the device does not tell its nominal voltage: this is {seen}")
    return current, voltage, tuple(notes)


def _circuits(site: Site, rows: Sequence[Row], outlets: Sequence[Row]) -> None:
    """The breakers that the device tells, those that only outlets point at, one where is none."""
    unclear = "the device does not tell which phase feeds it: put in the right one"
    for row in rows:
        above = _known(site.phases, row.parent)
        _circuit(site, row, above or site.phases[0], () if above else (unclear,))
    told = {place.row.address for place in site.circuits}
    pointed = sorted({row.parent for row in outlets if row.parent} - told)
    for address in pointed:  # some outlets point at a phase, some at a breaker that is not told
        above = _known(site.phases, address)
        row = replace(NONE, address=address)
        _circuit(site, row, above or site.phases[0], () if above else (unclear,))
    for phase in site.phases:
        if not rows and not pointed:
            _circuit(site, replace(NONE, address=(-1,)), phase, ())


def _circuit(site: Site, row: Row, phase: Place, notes: tuple[str, ...]) -> None:
    rated = row.facts.get("rated_current")
    if not rated:
        rated = phase.values["rated_current"]
        notes = (*notes, "the device does not tell its rating: this is the rating of its phase")
    path = f"{phase.path.rpartition('/')[0]}/circuit/{len(site.circuits) + 1}"
    site.circuits.append(Place(row, path, phase.path, {"rated_current": rated}, notes))


def _outlets(site: Site, rows: Sequence[Row]) -> None:
    for number, row in enumerate(rows, 1):
        above = _known(site.circuits, row.parent)
        notes = () if above else ("the device does not tell its circuit: put in the right one",)
        above = above or site.circuits[0]
        connector = str(row.facts.get("connector") or "").removeprefix("IEC 60320 ")
        values: dict[str, Any] = {"connector": connector} if connector else {}
        rated = row.facts.get("rated_current") or CONNECTORS.get(connector)
        values["rated_current"] = rated or above.values["rated_current"]
        if row.resolution is not None:
            values["resolution"] = row.resolution
        values["switchable"] = bool(row.facts.get("switchable", True)) and "on" in row.measured
        values["metered"] = bool(row.facts.get("metered", True)) and "current" in row.measured
        path = f"{above.path.partition('/circuit')[0]}/outlet/{number}"
        site.outlets.append(Place(row, path, above.path, values, notes))


def _rate_feeds(site: Site) -> None:
    """Each feed's rated power: as told, or what its phases may carry."""
    for number, feed in enumerate(site.feeds):
        own = [place for place in site.phases if place.above == feed.path]
        carried = sum(p.values["rated_current"] * p.values["nominal_voltage"] for p in own)
        power = feed.row.facts.get("rated_power") or carried
        values = {**feed.values, "rated_power": round(power)}
        site.feeds[number] = replace(feed, values=values)


def _things(site: Site, pdu: str, table: str, rows: Sequence[Row]) -> Iterator[Block]:
    for number, row in enumerate(rows, 1):
        values = {"path": f"{site.rack}/{table}/{pdu}-{number}", "rack": site.rack}
        values |= {"source": site.source, "address": dotted(row)}
        values |= {"name": row.name} if row.name else {}
        values |= {key: str(value) for key, value in row.facts.items() if value}
        yield Block(table, values)


def _limited(kind: Kind, path: str, row: Row, values: Mapping[str, Any]) -> Iterator[Block]:
    for rule, bounds in limits_of(kind, row, values):
        yield Block("limit", {"rule": rule, "place": path, **bounds})


def _owned(place: Place, site: Site) -> dict[str, Any]:
    name = {"name": place.row.name} if place.row.name else {}
    return {"path": place.path, **name, "rack": site.rack, "source": site.source}


def _known(places: Sequence[Place], parent: Oid | None) -> Place | None:
    """The place of an address, or the only one there is."""
    found = [place for place in places if place.row.address == parent]
    return found[0] if found else places[0] if len(places) == 1 else None


def _above(places: Sequence[Place], parent: Oid | None) -> Place:
    return _known(places, parent) or places[0]


def dotted(row: Row) -> str:
    """The address of a row as a site file has it; one of which nothing is told is not read."""
    return ".".join(map(str, row.address)) if row.measured else UNREAD
