"""Which quantities of which places are remembered, and one row of them from a snapshot."""

from collections.abc import Mapping

import numpy as np

from smartpdu.model.plant import Kind, Plant
from smartpdu.model.snapshot import READINGS, Snapshot, quantities
from smartpdu.model.units import Column, Rows
from smartpdu.store.history import Series


class Columns:
    """The series that a plant can have, and those of them that have ever held a value."""

    def __init__(self, plant: Plant) -> None:
        """All quantities of all places; none is remembered before it was seen."""
        kinds = [k for k in READINGS if k is not Kind.HOUSE]
        self._fields = [(k, name, unit) for k in kinds for name, unit in quantities(k).items()]
        self._keys = [
            (f"{path}:{name}", unit)
            for kind, name, unit in self._fields
            for path in plant.table(kind).path
        ]
        self._seen: Rows = np.empty(0, dtype=np.int64)

    @property
    def units(self) -> Mapping[str, str]:
        """The unit of every series that may be asked for."""
        return {key: unit.symbol for key, unit in self._keys}

    def row(self, now: Snapshot) -> Column:
        """All quantities of a snapshot, one after the other."""
        columns = [getattr(now.readings(kind), name) for kind, name, _ in self._fields]
        return np.concatenate(columns) if columns else np.empty(0)

    def grown(self, row: Column) -> list[Series] | None:
        """The series to remember from now on, where this row holds one that was never seen."""
        alive = np.flatnonzero(~np.isnan(row))
        seen = np.union1d(self._seen, alive)
        if len(seen) == len(self._seen):
            return None
        self._seen = seen
        return [Series(self._keys[i][0], self._keys[i][1].digits) for i in seen.tolist()]

    def chosen(self, row: Column) -> Column:
        """Those values of a row that are remembered."""
        return row[self._seen]
