"""An hour that is not sealed yet: all series of its seconds in memory, and its batches on disk."""

import numpy as np

from smartpdu.store.chunk import GAP, Whole, packed, unpacked

HOUR = 3_600
BITS = 20  # of an id: above them the hour or span, below them the series or number


class Hour:
    """The seconds of one aligned hour; the first value of a second and series stays."""

    def __init__(self, ids: Whole) -> None:
        """An empty hour of some series."""
        self._columns = {id: column for column, id in enumerate(ids.tolist())}
        self._rows = np.empty((HOUR, len(ids)), dtype=np.int64)  # touched only as it fills
        self._there = np.zeros(HOUR, dtype=np.bool_)

    @property
    def ids(self) -> list[int]:
        """The series that it has."""
        return list(self._columns)

    def widen(self, ids: Whole) -> None:
        """Make room for series that it does not have yet."""
        new = [id for id in ids.tolist() if id not in self._columns]
        if not new:
            return
        rows = np.empty((HOUR, len(self._columns) + len(new)), dtype=np.int64)
        rows[self._there, : len(self._columns)] = self._rows[self._there]
        rows[self._there, len(self._columns) :] = GAP
        self._columns |= {id: len(self._columns) + i for i, id in enumerate(new)}
        self._rows = rows

    def columns(self, ids: Whole) -> Whole:
        """In which column each of these series stands."""
        return np.array([self._columns[id] for id in ids.tolist()], dtype=np.int64)

    def put(self, second: int, columns: Whole, values: Whole) -> bool:
        """Take the values of a second of the hour; whether all of them were new."""
        row = self._rows[second]
        if not self._there[second]:
            self._there[second] = True
            row[:] = GAP
            row[columns] = values
            return True
        free = row[columns] == GAP
        row[columns[free]] = values[free]
        return bool((free | (values == GAP)).all())

    def column(self, id: int) -> Whole:
        """One series, second by second."""
        column = self._columns.get(id)
        if column is None:
            return np.full(HOUR, GAP, dtype=np.int64)
        return np.where(self._there, self._rows[:, column], GAP)

    def table(self, first: int, last: int) -> Whole:
        """Some of its series, by their place in `ids`: [series, seconds]."""
        table = self._rows[:, first:last].T.copy()
        table[:, ~self._there] = GAP
        return table


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
