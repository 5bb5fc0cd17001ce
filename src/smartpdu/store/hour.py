"""An hour that is not sealed yet: all series of its seconds in memory, and its batches on disk."""

import numpy as np
from numpy.typing import NDArray

from smartpdu.store.chunk import GAP, Whole, packed, unpacked

HOUR = 3_600
FITS = int(np.iinfo(np.int32).max)
BITS = 20  # of an id: above them the hour or span, below them the series or number

Steps = NDArray[np.int32] | NDArray[np.int64]


class Hour:
    """The seconds of one aligned hour; the first value of a second and series stays.

    Kept is how far a value is from the first one of its series, in 32 bits while all of them fit:
    half the memory of whole values.
    """

    def __init__(self, ids: Whole) -> None:
        """An empty hour of some series."""
        self._columns = {id: column for column, id in enumerate(ids.tolist())}
        self._base = np.full(len(ids), GAP)
        self._there = np.zeros(HOUR, dtype=np.bool_)
        # touched only as it fills
        self._rows: Steps = np.empty((HOUR, len(ids)), dtype=np.int32)

    @property
    def ids(self) -> list[int]:
        """The series that it has."""
        return list(self._columns)

    def widen(self, ids: Whole) -> None:
        """Make room for series that it does not have yet."""
        new = [id for id in ids.tolist() if id not in self._columns]
        if not new:
            return
        width = len(self._columns)
        rows = np.empty((HOUR, width + len(new)), dtype=self._rows.dtype)
        rows[self._there, :width] = self._rows[self._there]
        rows[self._there, width:] = _gap(rows)
        self._columns |= {id: width + i for i, id in enumerate(new)}
        self._base = np.append(self._base, np.full(len(new), GAP))
        self._rows = rows

    def columns(self, ids: Whole) -> Whole:
        """In which column each of these series stands."""
        return np.array([self._columns[id] for id in ids.tolist()], dtype=np.int64)

    def put(self, second: int, columns: Whole, values: Whole) -> bool:
        """Take the values of a second of the hour; whether all of them were new."""
        steps = self._steps(columns, values)
        gap = _gap(self._rows)
        row = self._rows[second]
        if not self._there[second]:
            self._there[second] = True
            row[:] = gap
            row[columns] = steps
            return True
        free = row[columns] == gap
        row[columns[free]] = steps[free]
        return bool((free | (values == GAP)).all())

    def column(self, id: int) -> Whole:
        """One series, second by second."""
        column = self._columns.get(id)
        if column is None:
            return np.full(HOUR, GAP)
        values: Whole = self.table(column, column + 1)[0]
        return values

    def table(self, first: int, last: int) -> Whole:
        """Some of its series, by their place in `ids`: [series, seconds]."""
        steps = self._rows[:, first:last].T
        known = self._there & (steps != _gap(steps))
        values: Whole = np.where(known, self._base[first:last, None] + steps, GAP)
        return values

    def _steps(self, columns: Whole, values: Whole) -> Steps:
        """How far values are from the first ones of their series."""
        base = self._base[columns]
        known = values != GAP
        first = known & (base == GAP)
        if first.any():
            base[first] = values[first]
            self._base[columns] = base
        steps = np.where(known, values - base, 0)
        if self._rows.dtype == np.int32 and (np.abs(steps) > FITS).any():
            there = self._rows[self._there].astype(np.int64)
            there[there == _gap(self._rows)] = GAP
            self._rows = np.empty(self._rows.shape, dtype=np.int64)
            self._rows[self._there] = there
        steps[~known] = _gap(self._rows)
        return steps


def _gap(steps: Steps) -> int:
    return int(np.iinfo(steps.dtype).min)


def frozen(id: int, ids: Whole, seconds: Whole, values: Whole) -> bytes:
    """A batch as one chunk: values [seconds, series] beside their seconds and series."""
    table = np.empty((len(ids) + 1, len(seconds) + 1), dtype=np.int64)
    table[0, 0] = 0
    table[0, 1:] = seconds
    table[1:, 0] = np.diff(ids, prepend=0)
    table[1:, 1:] = values.T
    return packed(table, id)


def thawed(id: int, form: bytes) -> tuple[Whole, Whole, Whole]:
    """Series, seconds and values [seconds, series] of a batch; raises Damaged."""
    table = unpacked(form, id)
    return np.cumsum(table[1:, 0]), table[0, 1:], table[1:, 1:].T


def chunk_id(span: int, series: int) -> int:
    """The id of a chunk: in the order of time first."""
    return (span << BITS) | series
