"""Which part of a plant one screen shows: a rack, with all that hangs in it (whitepaper 0, 3).

A rack is the unit of a screen as it is the unit of the rules, so what a page costs grows with its
rack and not with the site.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from importlib.metadata import version

import numpy as np

from smartpdu.model.plant import Kind, Plant
from smartpdu.model.units import Rows

OF_RACK = (
    Kind.PDU,
    Kind.FEED,
    Kind.PHASE,
    Kind.CIRCUIT,
    Kind.OUTLET,
    Kind.PROBE,
    Kind.DOOR,
)  # their tables say in which rack they hang, and who reads them


@dataclass(frozen=True, slots=True)
class Scope:
    """The rows of each kind of place that hang in one rack; none where a site has no rack."""

    rack: int
    rows: dict[Kind, Rows]
    paths: frozenset[str]


def scope(plant: Plant, path: str | None = None) -> Scope | None:
    """The scope of a rack by its path, of the first one without a path; None for an unknown path.

    A site without racks has an empty scope.
    """
    racks = plant.racks.path
    if path is not None and path not in racks:
        return None
    rack = racks.index(path) if path is not None else min(0, len(racks) - 1)
    rows = {kind: np.flatnonzero(_column(plant, kind, "rack") == rack) for kind in OF_RACK}
    read_by = [_column(plant, kind, "source")[rows[kind]] for kind in OF_RACK]
    rows[Kind.SOURCE] = np.unique(np.concatenate(read_by))
    rows[Kind.RACK] = np.flatnonzero(np.arange(len(racks)) == rack)
    rows[Kind.HOUSE] = np.arange(len(plant.houses))
    paths = frozenset(plant.table(kind).path[row] for kind in rows for row in rows[kind].tolist())
    return Scope(rack, rows, paths)


def racks_of(plant: Plant, kind: Kind, row: int) -> Rows:
    """The racks to which a place belongs: a source may read several, the house is in none."""
    if kind is Kind.RACK:
        return np.array([row])
    if kind in OF_RACK:
        return _column(plant, kind, "rack")[row : row + 1]
    if kind is Kind.SOURCE:
        read = [_column(plant, k, "rack")[_column(plant, k, "source") == row] for k in OF_RACK]
        return np.unique(np.concatenate(read))
    return np.zeros(0, dtype=np.int64)


def mark(plant: Plant) -> str:
    """A fingerprint of the plant and the program: a page that holds another one is out of date."""
    made = hashlib.sha256(version("smartpdu").encode())
    for text in _columns(plant):
        made.update(text)
    return made.hexdigest()[:16]


def _column(plant: Plant, kind: Kind, name: str) -> Rows:
    column: Rows = getattr(plant.table(kind), name)
    return column


def _columns(plant: Plant) -> Iterator[bytes]:
    for kind in Kind:
        table = plant.table(kind)
        for field in fields(table):
            column = getattr(table, field.name)
            yield f"{kind}.{field.name}:".encode()
            yield column.tobytes() if isinstance(column, np.ndarray) else "\0".join(column).encode()
