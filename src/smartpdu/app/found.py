"""From what a device told of itself to the tables of a site file.

What a site needs and the device does not tell is filled in, and a note stands above it: a phase
behind an inlet, a circuit behind a phase, a rating from the smallest usual plug.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import sqrt
from typing import Any

from smartpdu.app.thresholds import contradictions, limits_of
from smartpdu.drivers.snmp import UNREAD
from smartpdu.drivers.survey import Row, Survey
from smartpdu.drivers.told import Oid
from smartpdu.model.plant import Kind
from smartpdu.model.plausible import MOST, breaker, powered, socket, step, whole

LETTERS = "ABCDEFGH"
LINES = (1, 2, 3)
FREQUENCIES, NEAR = (50, 60), 3.0  # Hz
SEEN = "this is the nearest to the measured one"
INTERVAL = 5  # s: many agents need a second or more for a whole answer
SMALLEST = 16.0  # A: the smallest usual inlet, where a device does not tell its rating
VOLTAGES = (100.0, 110.0, 115.0, 120.0, 127.0, 200.0, 208.0, 220.0, 230.0, 240.0, 277.0)
USUAL = 230.0  # V
LEAST = 0.1  # A: nothing in a rack is rated for less
SMALL = 100.0  # VA: a rated power below is no whole number
BETWEEN = 300.0  # V: what is above this is told between two lines, not to neutral
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
    pdu: str  # the path of its PDU
    values: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    own: bool = True  # the device has a row of it; else others only point at it

    def block(self, table: str, parent: str) -> Block:
        """Its table in the site file."""
        values: dict[str, Any] = {"path": self.path}
        values |= {"name": self.row.name} if self.row.name else {}
        address = {} if table == "pdu" else {"address": dotted(self.row)}
        values = {**values, parent: self.above, **self.values, **address}
        unread = _unread(table, self.row) if self.own and address else ()
        notes = (*self.notes, *unread, *_beyond(self.row), *_crossed(table, self.row, self.values))
        return Block(table, values, notes)


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


KINDS = {
    "feed": Kind.FEED,
    "phase": Kind.PHASE,
    "circuit": Kind.CIRCUIT,
    "outlet": Kind.OUTLET,
    "probe": Kind.PROBE,
}
NONE = Row((), None, "", {}, {})


def blocks(found: Survey, rack: str, pdu: str, source: Mapping[str, Any]) -> list[Block]:
    """The tables of a site that has this device in it."""
    site = Site(rack, f"source/{rack}-{pdu}")
    rows = found.rows
    _pdus(site, rows.get(Kind.PDU) or (NONE,), pdu)
    plan = found.map.plan.get(Kind.FEED)
    _feeds(site, rows.get(Kind.FEED, ()), plan.note if plan else "", pdu)
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
        site.pdus.append(Place(row, path, site.rack, path, {}))


def _feeds(site: Site, rows: Sequence[Row], note: str, name: str) -> None:
    """The feeds that the device tells; where it tells none, one for each PDU."""
    bare = [replace(NONE, address=p.row.address, parent=p.row.address) for p in site.pdus]
    owned = [(row, *_above(site.pdus, row.parent, "PDU")) for row in rows or bare]
    for number, (row, above, unclear) in enumerate(owned):
        several = sum(pdu is above for _, pdu, _ in owned) > 1
        end = f"/{_next(site.feeds, above.path)}" if several else ""
        label, guessed = _label(name, number, len(owned))
        values = {"label": label}
        notes = (*unclear, *guessed, *filter(None, [note]))
        measured = row.measured.get("frequency", FREQUENCIES[0])
        frequency = _told(row, "nominal_frequency")
        if frequency is None and abs(measured - FREQUENCIES[1]) < NEAR:
            frequency = FREQUENCIES[1]
            notes = (*notes, f"the device does not tell its nominal frequency: {SEEN}")
        if frequency:
            values["nominal_frequency"] = frequency
        path = f"{above.path}/feed{end}"
        site.feeds.append(Place(row, path, above.path, above.path, values, notes))


def _label(pdu: str, number: int, feeds: int) -> tuple[str, tuple[str, ...]]:
    """Which supply path a feed is, after what its PDU was called; a note where that says little."""
    called = pdu in tuple(LETTERS)  # PDU B stands on path B
    if feeds == 1:
        note = f"label: {pdu!r} as its PDU is called; feeds of one supply path need the same"
        return pdu, () if called else (note,)
    first = LETTERS.index(pdu) if called else 0
    note = "label: a guess, the device does not tell its supply path: put in A or B"
    return LETTERS[(first + number) % len(LETTERS)], (note,)


def _phases(site: Site, rows: Sequence[Row]) -> None:
    """The phases that the device tells; behind a feed where it tells none, as many as its lines."""
    owned = [(row, *_above(site.feeds, row.parent, "feed")) for row in rows]
    for feed in tuple(site.feeds):
        own = [(row, notes) for row, above, notes in owned if above is feed]
        lines = min(int(feed.row.facts.get("lines") or 1), len(LINES))
        bare = [(replace(NONE, facts={"line": n}), ()) for n in range(1, lines + 1)]
        holder, taken = feed, set[int]()
        for number, (row, unclear) in enumerate(own or bare, 1):
            if len(taken) == len(LINES):
                holder, taken = _further(site, feed), set()
            line, guessed = _line(row, number, taken)
            taken.add(line)
            current, voltage, notes = _ratings(row, feed.row)
            values = {"rated_current": current, "nominal_voltage": voltage}
            path = f"{holder.path.removesuffix('/feed')}/L{line}"
            notes = (*unclear, *guessed, *notes)
            site.phases.append(Place(row, path, holder.path, feed.pdu, values, notes))


def _further(site: Site, feed: Place) -> Place:
    """One more feed beside another, for phases that are more than it can have."""
    note = f"the device tells more than {len(LINES)} phases of {feed.path}: look at the wiring"
    number = 2 + sum(other.path.startswith(f"{feed.path}-") for other in site.feeds)
    more = replace(feed, row=NONE, path=f"{feed.path}-{number}", notes=(note,), own=False)
    site.feeds.append(more)
    return more


def _line(row: Row, number: int, taken: Collection[int]) -> tuple[int, tuple[str, ...]]:
    """On which line of its feed a phase is, with a note where the device does not tell."""
    told = int(row.facts.get("line") or 0)
    line = told if told in LINES else (number - 1) % len(LINES) + 1
    free = [one for one in LINES if one not in taken]
    if line in free and (line == told or number <= len(LINES)):
        return line, ()
    if told in LINES:
        note = f"the device tells line {told}, as of another phase: put in the right one"
        return free[0], (note,)
    note = "the device does not tell its line: put in 1, 2 or 3"
    return line if line in free else free[0], (note,)


def _ratings(row: Row, feed: Row) -> tuple[float, float, tuple[str, ...]]:
    """Rated current and nominal voltage of a phase, with a note where they are not told."""
    notes = []
    current = _told(row, "rated_current") or _told(feed, "rated_current")
    if not current:
        current = SMALLEST
        notes.append("the device does not tell its rated current: put in what its plug carries")
    told = _told(row, "nominal_voltage") or _told(feed, "nominal_voltage")
    measured = row.measured.get("voltage", 0.0)
    if not VOLTAGES[0] / 2 < measured < BETWEEN:  # a gap, or a line that is dead just now
        measured = 0.0
    if told and told > BETWEEN:
        notes.append(f"the device tells {told:g} V, between lines: this is the voltage to neutral")
        told /= sqrt(3)
    elif not told:
        seen = f"the nearest to the measured {measured:.1f} V" if measured else "the usual one"
        notes.append(f"the device does not tell its nominal voltage: this is {seen}")
    wanted = told or measured or USUAL
    return current, min(VOLTAGES, key=lambda usual: abs(usual - wanted)), tuple(notes)


def _circuits(site: Site, rows: Sequence[Row], outlets: Sequence[Row]) -> None:
    """The breakers that the device tells, those that only outlets point at, one where is none."""
    for row in rows:
        _circuit(site, row, *_above(site.phases, row.parent, "phase"))
    told = {place.row.address for place in site.circuits}
    pointed = sorted({row.parent for row in outlets if row.parent} - told)
    for address in pointed:  # some outlets point at a phase, some at a breaker that is not told
        phase, unclear = _above(site.phases, address, "phase")
        notes = ("the device does not tell its phase: put in the right one",) if unclear else ()
        _circuit(site, replace(NONE, address=address), phase, notes, own=False)
    for phase in site.phases:
        if not rows and not pointed:
            _circuit(site, NONE, phase, ())


def _circuit(site: Site, row: Row, phase: Place, notes: tuple[str, ...], own: bool = True) -> None:
    rated, most = _told(row, "rated_current"), phase.values["rated_current"]
    if not rated:
        rated = most
        notes = (*notes, "the device does not tell its rating: this is the rating of its phase")
    elif not breaker(rated, most):
        notes = (
            *notes,
            f"the device tells {rated:g} A, more than its phase has: look at the plates",
        )
        rated = most
    path = f"{phase.pdu}/circuit/{_next(site.circuits, phase.pdu)}"
    values = {"rated_current": rated}
    site.circuits.append(Place(row, path, phase.path, phase.pdu, values, notes, own))


def _outlets(site: Site, rows: Sequence[Row]) -> None:
    for row in rows:
        above, notes = _above(site.circuits, row.parent, "circuit")
        connector = str(row.facts.get("connector") or "").removeprefix("IEC 60320 ")
        if connector and not socket(connector):
            notes = (*notes, f"the device tells of a socket {connector}: put in what it has")
            connector = ""
        values: dict[str, Any] = {"connector": connector} if connector else {}
        rated = _told(row, "rated_current") or CONNECTORS.get(connector)
        values["rated_current"] = rated or above.values["rated_current"]
        if row.resolution is not None and not step(row.resolution):
            values["resolution"] = row.resolution
        values["switchable"] = row.facts.get("switchable") is not False and "on" in row.measured
        values["metered"] = row.facts.get("metered") is not False and "current" in row.measured
        path = f"{above.pdu}/outlet/{_next(site.outlets, above.pdu)}"
        site.outlets.append(Place(row, path, above.path, above.pdu, values, notes))


def _next(places: Sequence[Place], pdu: str) -> int:
    """The number of the next of these places in a PDU."""
    return 1 + sum(place.pdu == pdu for place in places)


def _rate_feeds(site: Site) -> None:
    """Each feed's rated power: as told, or what its phases may carry."""
    for number, feed in enumerate(site.feeds):
        own = [place for place in site.phases if place.above == feed.path]
        carried = sum(p.values["rated_current"] * p.values["nominal_voltage"] for p in own)
        power, notes = _told(feed.row, "rated_power") or carried, feed.notes
        if not powered(power, carried):
            told = f"the device tells {power:g} VA, which does not go with its phases"
            notes, power = (*notes, f"{told}: this is what they carry"), carried
        power = min(power, MOST["rated_power"][0])
        values = {**feed.values, "rated_power": round(power) if power >= SMALL else power}
        site.feeds[number] = replace(feed, values=values, notes=notes)


def _things(site: Site, pdu: str, table: str, rows: Sequence[Row]) -> Iterator[Block]:
    for number, row in enumerate(rows, 1):
        values = {"path": f"{site.rack}/{table}/{pdu}-{number}", "rack": site.rack}
        values |= {"source": site.source, "address": dotted(row)}
        values |= {"name": row.name} if row.name else {}
        values |= {key: str(value) for key, value in row.facts.items() if value}
        yield Block(table, values, (*_unread(table, row), *_crossed(table, row, {})))


def _told(row: Row, fact: str) -> Any:
    """A rating that the device tells, and that one could have; else None."""
    value = row.facts.get(fact)
    if not value or whole(fact, value) or (fact == "rated_current" and value < LEAST):
        return None
    return value


def _beyond(row: Row) -> tuple[str, ...]:
    """A note for each rating that nothing could have."""
    wrong = [name for name in MOST if row.facts.get(name) and not _told(row, name)]
    return tuple(f"the device tells {row.facts[n]:g} {MOST[n][1]} as {n}: left out" for n in wrong)


def _unread(table: str, row: Row) -> tuple[str, ...]:
    """A note for a row that the device has, and of which it tells nothing that the map reads."""
    address = ".".join(map(str, row.address))
    note = f"the device tells nothing of its {table} {address} that the map reads"
    return (f"{note}: it is not read",) if row.address and not row.measured else ()


def _crossed(table: str, row: Row, values: Mapping[str, Any]) -> tuple[str, ...]:
    """A note for each column of which the device's own thresholds make no sense."""
    columns = contradictions(KINDS[table], row, values) if table in KINDS else ()
    return tuple(
        f"the device's thresholds of {column} cross or make no sense: left out"
        for column in columns
    )


def _limited(kind: Kind, path: str, row: Row, values: Mapping[str, Any]) -> Iterator[Block]:
    for rule, bounds in limits_of(kind, row, values):
        yield Block("limit", {"rule": rule, "place": path, **bounds})


def _owned(place: Place, site: Site) -> dict[str, Any]:
    name = {"name": place.row.name} if place.row.name else {}
    return {"path": place.path, **name, "rack": site.rack, "source": site.source}


def _above(places: Sequence[Place], parent: Oid | None, what: str) -> tuple[Place, tuple[str, ...]]:
    """The place of an address, or that which holds it, or the only one; else a guess and a note."""
    known = [(place, place.row.address) for place in places if place.row.address]
    held = [place for place, own in known if (parent or ())[: len(own)] == own]
    if held:
        return max(held, key=lambda place: len(place.row.address)), ()
    note = f"the device does not tell its {what}: put in the right one"
    if parent is not None and known:
        told = ".".join(map(str, parent))
        note = f"its {what} is told as {told}, which the device does not have: put in the right one"
        return places[0], (note,)
    return places[0], () if len(places) == 1 else (note,)


def dotted(row: Row) -> str:
    """The address of a row as a site file has it; one of which nothing is told is not read."""
    return ".".join(map(str, row.address)) if row.measured else UNREAD
