"""Columns over time: 1 s, 1 min and 15 min, sealed by the hour (12.2; storage design chunk2).

A row of all series comes once a second and waits in memory until its batch is full; then the batch
is one durable record. A full hour is sealed into one packed column for each series, with its
minutes and quarter hours. After a kill at most the last batch is missing, as a gap.

A clock that steps back fills what is still a gap and changes nothing else.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import apsw
import numpy as np
from numpy.typing import NDArray

from smartpdu.store.batch import HOUR, Batch, frozen, table, thawed
from smartpdu.store.chunk import GAP, Whole, packed, whole
from smartpdu.store.database import Database, StoreError
from smartpdu.store.tiers import DAY, KEEP, SEALED, Tier, Trend, coarse, merged, read_trend

LATE = 60  # s after its end that an hour is sealed
PENDING = 60  # batches that wait in memory while the disk does not take them


@dataclass(frozen=True, slots=True)
class Series:
    """One quantity of one place, and the decimal digits that are kept of it."""

    key: str
    digits: int


class History:
    """The history of a database; `append`, `tend` and `flush` belong to one thread."""

    def __init__(
        self, database: Database, series: Sequence[Series] = (), *, batch: float = 10.0
    ) -> None:
        """The history of a database, with what an earlier run left unsealed."""
        self._database = database
        self._batch = batch
        self._lock = threading.Lock()
        self._known = {k: (i, d) for i, k, d in self._catalogue()}
        self._tail: list[Batch] = self._left()
        self._pending: list[Batch] = []
        self._rows: list[tuple[int, Whole]] = []
        self._last: tuple[float, NDArray[np.float64]] = (np.nan, np.empty(0))
        self._ids: Whole = np.empty(0, dtype=np.int64)
        self._scale: NDArray[np.float64] = np.empty(0)
        if series:
            self.declare(series)

    def declare(self, series: Sequence[Series]) -> None:
        """Say which series the rows hold from now on; a known key keeps its id."""
        self._close_batch()
        new = [s for s in series if s.key not in self._known]
        if new:
            query = "INSERT INTO series(key, digits) VALUES(?, ?)"
            rows = [(s.key, s.digits) for s in new]
            self._database.write(lambda c: c.executemany(query, rows).fetchall())
            self._known = {k: (i, d) for i, k, d in self._catalogue()}
        self._ids = np.array([self._known[s.key][0] for s in series], dtype=np.int64)
        self._scale = 10.0 ** np.array([self._known[s.key][1] for s in series], dtype=np.float64)

    def append(self, at: float, values: NDArray[np.float64]) -> None:
        """Take one row of all declared series; writes when its batch is full."""
        self._last = (at, values)
        second = int(at)
        first = self._rows[0][0] if self._rows else second
        if self._rows and second // HOUR != first // HOUR:
            self._close_batch()
            first = second
        with self._lock:
            self._rows.append((second, whole(values, self._scale)))
        if second - first + 1 >= self._batch or second < first:
            self.flush()

    def flush(self) -> None:
        """Write all that waits, in one durable transaction; raises StoreError."""
        self._close_batch()
        if not self._pending:
            return
        try:
            self._database.write(self._keep)
        except StoreError:
            with self._lock:
                excess = self._pending[:-PENDING]
                self._tail = [b for b in self._tail if not any(b is e for e in excess)]
                del self._pending[:-PENDING]
            raise
        self._pending.clear()

    def last(self) -> tuple[float, NDArray[np.float64]]:
        """Time and values of the newest row, from memory."""
        return self._last

    def trend(self, key: str, start: float, end: float, points: int = 500) -> Trend:
        """Least, mean and greatest of a series in equal spans; raises KeyError for an unknown one.

        The tier is the finest that the span needs and that is still kept.
        """
        id, digits = self._known[key]
        with self._lock:
            tail = list(self._tail)
            rows = list(self._rows)
            ids = self._ids
        if rows:
            tail.append(_batch(rows, ids))
        return read_trend(self._database, tail, id, 10.0**digits, (start, end), points)

    def raw(
        self, keys: Iterable[str], start: float, end: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Every second of some series: times [seconds], values [series, seconds]."""
        length = int(end) - int(start)
        rows = [self.trend(key, int(start), int(start) + length, length).mean for key in keys]
        return np.arange(int(start), int(start) + length, dtype=np.float64), np.array(rows)

    def tend(self, now: float) -> None:
        """Seal hours that are over, and forget what is older than its tier is kept."""
        self.flush()
        done = sorted({b.hour for b in self._tail if b.hour + HOUR + LATE <= now})
        for hour in done:
            self._seal(hour)
        for tier, keep in KEEP.items():
            query = "DELETE FROM chunks WHERE tier = ? AND start < ?"
            values = (tier.value, int(now - keep) - DAY)
            self._database.write(lambda c, q=query, v=values: c.execute(q, v).fetchall())

    def _seal(self, hour: int) -> None:
        batches = [b for b in self._tail if b.hour == hour]
        ids = np.unique(np.concatenate([b.ids for b in batches]))
        grid = table(batches, ids, hour)
        forms = [(int(id), packed(row)) for id, row in zip(ids.tolist(), grid, strict=True)]

        def keep(connection: apsw.Connection) -> None:
            for (id, form), row in zip(forms, grid, strict=True):
                _merge(connection, Tier.SECOND, hour, id, row, form)
                minutes = coarse(row, 60)
                _merge(connection, Tier.MINUTE, hour, id, minutes)
                day = hour - hour % DAY
                quarters = np.full((3, 96), GAP, dtype=np.int64)
                spot = (hour - day) // 900
                quarters[:, spot : spot + 4] = coarse(row, 900).reshape(3, 4)
                _merge(connection, Tier.QUARTER, day, id, quarters.ravel())
            connection.execute("DELETE FROM hot WHERE hour = ?", (hour,))

        self._database.write(keep)
        with self._lock:
            self._tail = [b for b in self._tail if b.hour != hour]

    def _close_batch(self) -> None:
        with self._lock:
            if self._rows:
                batch = _batch(self._rows, self._ids)
                self._rows = []
                self._tail.append(batch)
                self._pending.append(batch)

    def _keep(self, connection: apsw.Connection) -> None:
        for batch in self._pending:
            layout = batch.ids.tobytes()
            connection.execute("INSERT OR IGNORE INTO layouts(ids) VALUES(?)", (layout,))
            number = connection.execute("SELECT id FROM layouts WHERE ids = ?", (layout,)).get
            query = "INSERT INTO hot(hour, layout, form) VALUES(?, ?, ?)"
            connection.execute(query, (batch.hour, number, frozen(batch)))

    def _left(self) -> list[Batch]:
        query = (
            "SELECT hour, ids, form FROM hot JOIN layouts ON layouts.id = hot.layout "
            "ORDER BY hot.id"
        )
        rows = self._database.read(lambda c: c.execute(query).fetchall())
        return [thawed(h, np.frombuffer(i, dtype=np.int64), form) for h, i, form in rows]

    def _catalogue(self) -> list[tuple[int, str, int]]:
        query = "SELECT id, key, digits FROM series"
        rows: list[tuple[int, str, int]] = self._database.read(
            lambda c: c.execute(query).fetchall()
        )
        return rows


def _batch(rows: list[tuple[int, Whole]], ids: Whole) -> Batch:
    hour = rows[0][0] - rows[0][0] % HOUR
    seconds = np.array([second for second, _ in rows], dtype=np.int64)
    inside = (seconds >= hour) & (seconds < hour + HOUR)
    values = np.array([values for _, values in rows], dtype=np.int64)
    return Batch(hour, ids, seconds[inside], values[inside])


def _merge(
    connection: apsw.Connection,
    tier: Tier,
    start: int,
    id: int,
    values: Whole,
    form: bytes | None = None,
) -> None:
    """Keep a column; where one stands already, only its gaps are filled."""
    old = connection.execute(SEALED, (tier.value, start, id)).get
    new = packed(merged(old, values)) if old is not None else (form or packed(values))
    query = "INSERT OR REPLACE INTO chunks VALUES(?, ?, ?, ?)"
    connection.execute(query, (tier.value, start, id, new))
