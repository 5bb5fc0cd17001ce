"""The history beside SQLite in narrow rows and DuckDB: one PDU, 320 series at 1 Hz, each synced.

Goals with 10-s batches: 1,000,000 readings/s, 0.5 bytes a reading after a day, 25 MB of memory, one
day of a series as 500 points in 5 ms, last values in 0.1 ms. Each store works in a process of its
own, on the same readings from the same seed, and its answers are compared with numpy.
"""

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

START = 1_800_000_000 // 86_400 * 86_400
HOUR = 3_600
OUTLETS = 56
CHECKED = 5  # series whose trend is compared with numpy
GOALS = {"rate": 1e6, "bytes": 0.5, "memory": 25.0, "trend": 5.0, "last": 0.1}
STORES = ("smartpdu", "sqlite", "duckdb")


class Rack:
    """A model of one PDU's loads: 30 % idle, 50 % servers, 20 % GPU servers on shared jobs."""

    def __init__(self, seed: int = 7) -> None:
        """A rack whose readings follow from the seed."""
        self._dice = np.random.default_rng(seed)
        kinds = np.arange(OUTLETS) % 10
        self._idle, self._gpu = kinds < 3, kinds > 7
        self._base = self._dice.uniform(120, 420, OUTLETS)
        self._noise = np.zeros(OUTLETS)
        self._energy = self._dice.uniform(1e9, 9e9, OUTLETS)
        self._job = np.zeros(4)

    def series(self) -> list[tuple[str, int]]:
        """Key and digits of each of the 320 series."""
        outlet = (("current", 3), ("active_power", 1), ("power_factor", 4), ("active_energy", 0))
        names = [(f"o{n}:{q}", d) for q, d in (*outlet, ("on", 0)) for n in range(OUTLETS)]
        phase = (("voltage", 2), ("current", 3), ("active_power", 1), ("power_factor", 4))
        names += [(f"l{n}:{q}", d) for q, d in (*phase, ("thd_u", 2), ("thd_i", 2)) for n in "123"]
        names += [("feed:residual", 5), ("feed:neutral", 3), ("feed:frequency", 3), ("feed:va", 1)]
        names += [(f"c{n}:{q}", d) for q, d in (("current", 3), ("closed", 0)) for n in range(6)]
        probes = (("temperature", 2), ("humidity", 2), ("contact", 2))
        return names + [(f"p{n}:{q}", d) for q, d in probes for n in range(2)]

    def hour(self, number: int) -> Floats:
        """The readings of one hour, [seconds, series], as the meter rounds them."""
        power = self._power(number)
        volts = 230 + np.cumsum(self._dice.normal(0, 0.02, (HOUR, 3)), axis=0).clip(-6, 6)
        factor = np.where(
            power > 5,
            np.round(0.985 - 8.0 / (power + 60) + self._jitter(power.shape) * 0.005, 2),
            0.0,
        )
        phase = np.arange(OUTLETS) % 3
        amps = power / volts[:, phase] / np.maximum(factor, 0.5)
        amps = np.round(np.where(power > 5, amps + self._jitter(amps.shape) * 0.01, 0.0), 2)
        energy = self._energy + np.cumsum(power, axis=0)
        self._energy = energy[-1]
        on = np.ones_like(power)
        whole = [amps, np.round(power), factor, np.floor(energy / 3_600) * 3_600, on]
        return np.concatenate([*whole, self._rest(power, amps, volts, phase)], axis=1)

    def _power(self, number: int) -> Floats:
        power = np.empty((HOUR, OUTLETS))
        day = 1 + 0.15 * np.sin((number * HOUR + np.arange(HOUR)) / 86_400 * 2 * np.pi)
        dice = self._dice.normal(0, 1.5, (HOUR, OUTLETS))
        turns = self._dice.random((HOUR, 4)) < 1 / 1_200
        levels = self._dice.uniform(0, 1_400, (HOUR, 4))
        for second in range(HOUR):
            self._noise = 0.98 * self._noise + dice[second]
            self._job = np.where(turns[second], levels[second], self._job)
            power[second] = self._base * day[second] + self._noise
            power[second, self._gpu] += self._job[np.arange(int(self._gpu.sum())) % 4]
        power[:, self._idle] = 0.0
        return power

    def _rest(self, power: Floats, amps: Floats, volts: Floats, phase: Any) -> Floats:
        watts = np.stack([power[:, phase == k].sum(axis=1) for k in range(3)], axis=1)
        line = np.stack([amps[:, phase == k].sum(axis=1) for k in range(3)], axis=1)
        slow = np.cumsum(self._dice.normal(0, 0.01, (HOUR, 14)), axis=0)
        factor = np.round(watts / (volts * line), 2)
        thd = np.round([1.8, 2.1, 1.9, 6.0, 6.4, 5.8] + slow[:, :6], 1)
        feed = [2e-3 + slow[:, 6] * 1e-4, line.std(axis=1), 50 + slow[:, 7] / 50, watts.sum(axis=1)]
        circuits = np.repeat(line / 2, 2, axis=1)
        air = np.round([24, 26, 45, 42, 30, 31] + slow[:, 8:], 1)
        parts = [np.round(volts, 1), np.round(line, 2), np.round(watts), factor, thd]
        parts += [
            np.stack([np.round(f, d) for f, d in zip(feed, (5, 2, 2, 0), strict=True)], axis=1)
        ]
        parts += [np.round(circuits, 2)]
        return np.concatenate([*parts, np.ones((HOUR, 6)), air], axis=1)

    def _jitter(self, shape: tuple[int, ...]) -> Floats:
        return np.asarray((self._dice.random(shape) < 0.4) * self._dice.choice([-1.0, 1.0], shape))


class Watch:
    """Looks every few milliseconds how much memory of its own the process has, while it is on."""

    def __init__(self) -> None:
        """Begin with what it has now: interpreter and numpy."""
        self.on = False
        self.grown = 0
        self._before = _memory()
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while True:
            time.sleep(0.005)
            if self.on:
                self.grown = max(self.grown, _memory() - self._before)


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
    """SQLite through the same library, a row for each reading."""

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
        self._connection = duckdb.connect(str(self._path))
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


KINDS: dict[str, Callable[[Path, Sequence[tuple[str, int]], int], Store]] = {
    "smartpdu": SmartPdu,
    "sqlite": Sqlite,
    "duckdb": Duckdb,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure every store and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--folder", type=Path, help="where the files are made (a real disk)")
    parser.add_argument("--store", choices=STORES, help=argparse.SUPPRESS)
    parser.add_argument("--readings", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    if asked.store is not None:
        print(json.dumps(measured(asked.store, asked.readings, asked.folder)))
        return 0
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        readings = Path(name) / "readings.npy"
        rack = Rack()
        np.save(readings, np.concatenate([rack.hour(number) for number in range(asked.hours)]))
        found = {store: _in_child(store, readings, asked.folder) for store in STORES}
    print("\n".join(report(found, asked.hours)))
    return 0


def measured(store: str, readings: Path, folder: Path | None) -> dict[str, float]:
    """All figures of one store, in this process."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        table = np.load(readings, mmap_mode="r")  # a file stands behind it: no memory of its own
        hours, series = len(table) // HOUR, Rack().series()
        single = KINDS[store](_made(Path(name) / "single"), series, 1)
        rate_single = _rate(single, table[:600], 1, lambda at: None, Watch())
        del single
        gc.collect()
        watch = Watch()
        kept = KINDS[store](_made(Path(name) / "batch"), series, 10)
        tends: list[float] = []
        rate = _rate(kept, table, 10, lambda at: tends.append(_took(lambda: kept.tend(at))), watch)
        end = START + hours * HOUR
        watch.on = True
        for visit in range(10):  # the day is over: its coarser chunks are made
            tends.append(_took(lambda at=end + 60 * visit: kept.tend(at)))
        trends = [_took(lambda s=s: kept.trend(s, end - hours * HOUR, end)) for s in range(20)]
        lasts = [_took(kept.last) for _ in range(20)]
        _check(kept, np.array(table[:, :CHECKED]), end, hours)
        return {
            "rate_single": rate_single,
            "rate": rate,
            "tend": 1e3 * max(tends),
            "trend": 1e3 * median(trends),
            "last": 1e3 * median(lasts),
            "memory": watch.grown / 1e6,
            "bytes": kept.size() / (hours * HOUR * len(series)),
        }


def report(found: dict[str, dict[str, float]], hours: int) -> Iterator[str]:
    """The lines of the table, with the ratio of the best peer and the goal beside each figure."""
    yield f"history: 320 series at 1 Hz for {hours} h, every batch synced"
    yield f"{'':34}{'smartpdu':>12}{'sqlite':>12}{'duckdb':>12}{'to best peer':>14}   goal"
    rows = (
        ("readings/s, 1-s batches", "rate_single", 1.0, True, ""),
        ("readings/s, 10-s batches", "rate", 1.0, True, f">= {GOALS['rate']:,.0f}"),
        ("bytes a reading", "bytes", 1.0, False, f"<= {GOALS['bytes']}"),
        ("memory it took, MB", "memory", 1.0, False, f"<= {GOALS['memory']:.0f}"),
        (f"{hours} h of a series, 500 points, ms", "trend", 1.0, False, f"<= {GOALS['trend']:.0f}"),
        ("last values of all, ms", "last", 1.0, False, f"<= {GOALS['last']}"),
        ("longest visit (seal, fold), ms", "tend", 1.0, False, ""),
    )
    for words, key, _, more, goal in rows:
        own, *peers = (found[store][key] for store in STORES)
        best = max(peers) if more else min(peers)
        ratio = "" if key == "tend" else f"{own / best if more else best / own:,.2f}x"
        cells = "".join(f"{_shown(v):>12}" for v in (own, *peers))
        yield f"{words:34}{cells}{ratio:>14}   {goal}"


def _in_child(store: str, readings: Path, folder: Path | None) -> dict[str, float]:
    order = [sys.executable, __file__, "--store", store, "--readings", str(readings)]
    order += [] if folder is None else ["--folder", str(folder)]
    result: dict[str, float] = json.loads(subprocess.check_output(order, text=True))
    return result


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _rate(
    store: Store, table: Floats, batch: int, tend: Callable[[int], None], watch: "Watch"
) -> float:
    """Readings a second, with the store's own visits."""
    watch.on = True
    begun = time.perf_counter()
    for second in range(0, len(table), batch):
        store.append(START + second, table[second : second + batch])
        if second % 60 == 50:
            tend(START + second)
    watch.on = False
    return float(table.size) / (time.perf_counter() - begun)


def _check(store: Store, picked: Floats, end: int, hours: int) -> None:
    """The store's means against numpy's, over whole minutes as the store chose them."""
    for series in range(CHECKED):
        found = store.trend(series, end - hours * HOUR, end)
        width = -(-len(picked) // len(found))
        column = np.append(picked[:, series], np.full(-len(picked) % width, np.nan))
        wanted = np.nanmean(column.reshape(-1, width), axis=1)
        if len(found) != len(wanted) or not np.allclose(found, wanted, rtol=0, atol=2e-3):
            raise SystemExit(f"series {series}: the answers are wrong")


def _took(action: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def _memory() -> int:
    """Bytes of the process that no file stands behind."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) * 1024


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3f}"


if __name__ == "__main__":
    sys.exit(main())
