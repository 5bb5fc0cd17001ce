"""The history and its peers behind one face: SmartPDU, SQLite in narrow rows, DuckDB."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


NEWEST = {"storage_compatibility_version": "latest"}  # its best compression


class Store(Protocol):
    """What each of the compared stores can do."""

    def append(self, at: int, rows: Floats) -> None:
        """Keep some seconds of all series, synced."""

    def tend(self, at: int) -> None:
        """What the store does from time to time."""

    def trend(self, series: int, start: int, end: int) -> Floats:
        """Mean of a series in 500 spans at most."""

    def last(self) -> Floats:
        """The newest value of every series."""

    def size(self) -> int:
        """Bytes on the disk that are in use."""


class SmartPdu:
    """The history of this product."""

    def __init__(self, folder: Path, series: Sequence[tuple[str, int]], batch: int) -> None:
        """Open it in a folder."""
        from smartpdu.store.database import open_database
        from smartpdu.store.history import History, Series

        self._keys = [key for key, _ in series]
        self._database = open_database(folder / "smartpdu.db")
        self._history = History(self._database, [Series(*s) for s in series], batch=batch)

    def append(self, at: int, rows: Floats) -> None:
        """One row after the other, as the loop gives them; the history makes the batches."""
        for second, row in enumerate(rows):
            self._history.append(float(at + second), row)

    def tend(self, at: int) -> None:
        """Seal, fold, forget."""
        self._history.tend(float(at))

    def trend(self, series: int, start: int, end: int) -> Floats:
        """From the tier that fits."""
        return self._history.trend(self._keys[series], start, end, 500).mean

    def last(self) -> Floats:
        """From memory."""
        return self._history.last()[1]

    def size(self) -> int:
        """Pages in use, all tiers and catalogues with them."""
        self._history.flush()
        pages = "(SELECT * FROM pragma_page_count()) - (SELECT * FROM pragma_freelist_count())"
        return int(self._database.look_up(f"SELECT {pages}")[0][0]) * 4_096


class Sqlite:
    """SQLite through the same library, a row for each reading, those of a second together."""

    def __init__(self, folder: Path, series: Sequence[tuple[str, int]], batch: int) -> None:
        """Open it in a folder."""
        import apsw

        self._ids = range(len(series))
        self._connection = apsw.Connection(str(folder / "narrow.db"))
        self._connection.pragma("journal_mode", "WAL")
        self._connection.pragma("synchronous", "FULL")
        self._connection.execute(
            "CREATE TABLE r(second INTEGER, series INTEGER, value REAL, "
            "PRIMARY KEY(second, series)) WITHOUT ROWID"
        )

    def append(self, at: int, rows: Floats) -> None:
        """All readings in one transaction."""
        table = [(at + s, i, v) for s, row in enumerate(rows.tolist()) for i, v in enumerate(row)]
        with self._connection:
            self._connection.executemany("INSERT INTO r VALUES(?, ?, ?)", table)

    def tend(self, at: int) -> None:
        """Nothing to do."""

    def trend(self, series: int, start: int, end: int) -> Floats:
        """Grouped by the database."""
        width = -(-(end - start) // 500)
        query = (
            "SELECT (second - ?) / ? AS spot, avg(value) FROM r "
            "WHERE series = ? AND second >= ? AND second < ? GROUP BY spot ORDER BY spot"
        )
        values = (start, width, series, start, end)
        return np.array(self._connection.execute(query, values).fetchall())[:, 1]

    def last(self) -> Floats:
        """From the last rows of the table."""
        query = "SELECT value FROM r ORDER BY second DESC, series DESC LIMIT ?"
        found = self._connection.execute(query, (len(self._ids),)).fetchall()
        return np.array(found)[::-1, 0]

    def size(self) -> int:
        """Pages in use."""
        pages = "(SELECT * FROM pragma_page_count()) - (SELECT * FROM pragma_freelist_count())"
        return int(self._connection.execute(f"SELECT {pages}").get) * 4_096


class Duckdb:
    """DuckDB, a row for each reading, fed from numpy columns."""

    def __init__(self, folder: Path, series: Sequence[tuple[str, int]], batch: int) -> None:
        """Open it in a folder."""
        import duckdb

        self._path = folder / "narrow.duckdb"
        self._count = len(series)
        self._connection = duckdb.connect(str(self._path), config=NEWEST)
        self._connection.execute("CREATE TABLE r(second BIGINT, series BIGINT, value DOUBLE)")

    def append(self, at: int, rows: Floats) -> None:
        """All readings in one transaction."""
        columns = {
            "second": np.repeat(np.arange(at, at + len(rows)), self._count),
            "series": np.tile(np.arange(self._count), len(rows)),
            "value": np.ascontiguousarray(rows).ravel(),
        }
        self._connection.register("columns", columns)
        self._connection.execute("INSERT INTO r SELECT second, series, value FROM columns")
        self._connection.unregister("columns")

    def tend(self, at: int) -> None:
        """Nothing to do."""

    def trend(self, series: int, start: int, end: int) -> Floats:
        """Grouped by the database."""
        width = -(-(end - start) // 500)
        query = (
            "SELECT (second - ?) // ? AS spot, avg(value) AS mean FROM r "
            "WHERE series = ? AND second >= ? AND second < ? GROUP BY spot ORDER BY spot"
        )
        values = [start, width, series, start, end]
        return np.asarray(self._connection.execute(query, values).fetchnumpy()["mean"])

    def last(self) -> Floats:
        """From the newest second of the table."""
        query = "SELECT value FROM r WHERE second = (SELECT max(second) FROM r) ORDER BY series"
        return np.asarray(self._connection.execute(query).fetchnumpy()["value"])

    def size(self) -> int:
        """The file after a checkpoint."""
        self._connection.execute("CHECKPOINT")
        return self._path.stat().st_size
