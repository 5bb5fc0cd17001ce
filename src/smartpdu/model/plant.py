"""What is built: racks, PDUs, feeds, phases, circuits, outlets, probes, doors, who reads them."""

from dataclasses import dataclass, fields, replace
from enum import StrEnum

import numpy as np

from smartpdu.model.table import Table, chosen
from smartpdu.model.units import Amperes, Flags, Hertzes, Rows, Seconds, VoltAmperes, Volts


class Kind(StrEnum):
    """Kinds of places; the value is the name of the plant's table."""

    HOUSE = "houses"
    SOURCE = "sources"
    RACK = "racks"
    PDU = "pdus"
    FEED = "feeds"
    PHASE = "phases"
    CIRCUIT = "circuits"
    OUTLET = "outlets"
    PROBE = "probes"
    DOOR = "doors"


@dataclass(frozen=True, slots=True)
class Houses(Table):
    """The program itself, one row: what it cannot do is an alarm like any other."""


@dataclass(frozen=True, slots=True)
class Sources(Table):
    """Who is asked for readings: the twin, another maker's PDU, our own board."""

    interval: Seconds  # how often it shall be read


@dataclass(frozen=True, slots=True)
class Racks(Table):
    """Racks, the unit that rules never look beyond."""


@dataclass(frozen=True, slots=True)
class Pdus(Table):
    """Power distribution units; a rack may have any number of them."""

    rack: Rows
    source: Rows


@dataclass(frozen=True, slots=True)
class Feeds(Table):
    """Supplies of the PDUs, one for each inlet; the label says which path it is, A or B."""

    pdu: Rows
    rack: Rows
    source: Rows
    label: tuple[str, ...]
    side: Rows  # the label as a number: feeds of one side are lost and carry together
    rated_power: VoltAmperes
    nominal_frequency: Hertzes


@dataclass(frozen=True, slots=True)
class Phases(Table):
    """Line conductors of a feed; line counts from 0 and pairs the phases of A and B."""

    feed: Rows
    rack: Rows
    source: Rows
    line: Rows
    rated_current: Amperes
    nominal_voltage: Volts


@dataclass(frozen=True, slots=True)
class Circuits(Table):
    """Branch circuits: what one breaker protects."""

    phase: Rows
    rack: Rows
    source: Rows
    rated_current: Amperes


@dataclass(frozen=True, slots=True)
class Outlets(Table):
    """Sockets, in physical order; resolution is the smallest current that their meter tells."""

    circuit: Rows
    phase: Rows
    pdu: Rows
    rack: Rows
    source: Rows
    connector: tuple[str, ...]
    rated_current: Amperes
    resolution: Amperes
    switchable: Flags
    metered: Flags


@dataclass(frozen=True, slots=True)
class Probes(Table):
    """Sensors of air; position is top, bottom or where else they hang."""

    rack: Rows
    source: Rows
    position: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Doors(Table):
    """Doors of the racks."""

    rack: Rows
    source: Rows


@dataclass(frozen=True, slots=True)
class Plant:
    """All that is built, a table for each kind of place."""

    houses: Houses
    sources: Sources
    racks: Racks
    pdus: Pdus
    feeds: Feeds
    phases: Phases
    circuits: Circuits
    outlets: Outlets
    probes: Probes
    doors: Doors

    def table(self, kind: Kind) -> Table:
        """The table of that kind."""
        table: Table = getattr(self, kind.value)
        return table


@dataclass(frozen=True, slots=True)
class Part:
    """What one source reads: a plant of its own rows, and where those rows stand in the whole."""

    plant: Plant
    rows: dict[Kind, Rows]


PARENTS = {  # which column of a table counts the rows of which other table
    "source": Kind.SOURCE,
    "rack": Kind.RACK,
    "pdu": Kind.PDU,
    "feed": Kind.FEED,
    "phase": Kind.PHASE,
    "circuit": Kind.CIRCUIT,
}


def part(plant: Plant, source: int) -> Part:
    """The part of the plant that one source reads; house and racks stay whole."""
    rows: dict[Kind, Rows] = {}
    for kind in Kind:
        table = plant.table(kind)
        if kind is Kind.SOURCE:
            rows[kind] = np.array([source], dtype=np.int64)
        elif kind in (Kind.HOUSE, Kind.RACK):
            rows[kind] = np.arange(len(table), dtype=np.int64)
        else:
            owner: Rows = getattr(table, "source")  # noqa: B009 - the tables differ in their columns
            rows[kind] = np.flatnonzero(owner == source)
    tables = {kind.value: picked(plant.table(kind), rows[kind], rows) for kind in Kind}
    return Part(Plant(**tables), rows)  # type: ignore[arg-type]


def picked(table: Table, own: Rows, rows: dict[Kind, Rows]) -> Table:
    """The given rows of a table, with the rows of their parents counted anew."""
    columns = {}
    for field in fields(table):
        column = chosen(getattr(table, field.name), own)
        if field.name in PARENTS:
            column = np.searchsorted(rows[PARENTS[field.name]], column).astype(np.int64)
        columns[field.name] = column
    return replace(table, **columns)


def places(plant: Plant) -> dict[str, tuple[Kind, int]]:
    """For each path of the plant, its kind and its row."""
    return {path: (kind, row) for kind in Kind for row, path in enumerate(plant.table(kind).path)}
