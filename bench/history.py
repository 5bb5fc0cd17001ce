"""The history beside SQLite in narrow rows and DuckDB: one PDU, 320 series at 1 Hz, each synced.

Goals with 10-s batches: 1,000,000 readings/s, 0.5 bytes a reading after a day, 25 MB of memory, one
day of a series as 500 points in 5 ms, last values in 0.1 ms. Each store works in a process of its
own, on the same readings from the same seed, and its answers are compared with numpy. Memory is
what the process has more than interpreter, numpy and readings: code of the store included.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import keepers
import numpy as np
from readings import HOUR, Floats, Rack

START = 1_800_000_000 // 86_400 * 86_400
CHECKED = 5  # series whose trend is compared with numpy
TRIES = 20  # series whose trend is timed
GOALS = {"rate": 1e6, "bytes": 0.5, "memory": 25.0, "trend": 5.0, "open": 5.0, "last": 0.1}
STORES = {"smartpdu": keepers.SmartPdu, "sqlite": keepers.Sqlite, "duckdb": keepers.Duckdb}


class Watch:
    """Looks every few milliseconds how much memory the process has more than at the beginning."""

    def __init__(self) -> None:
        """Begin with what it has now."""
        self.grown = 0
        self.over = False
        self._before = _memory()
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while not self.over:
            self.grown = max(self.grown, _memory() - self._before)
            time.sleep(0.005)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure every store and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, default=24, help="24 is what the goals speak of")
    parser.add_argument("--folder", type=Path, help="where the files are made (a real disk)")
    parser.add_argument("--store", choices=STORES, help=argparse.SUPPRESS)
    parser.add_argument("--readings", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    if asked.store is not None:
        print(json.dumps(measured(asked.store, asked.readings, asked.folder, asked.hours)))
        return 0
    if find_spec("duckdb") is None:
        sys.exit("duckdb is missing: `make bench` installs it")
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        readings, rack = Path(name) / "readings", Rack()
        with readings.open("wb") as file:
            for number in range(asked.hours):
                rack.hour(number).tofile(file)
        found = {store: _in_child(store, readings, asked.folder, asked.hours) for store in STORES}
    print("\n".join(report(found, asked.hours)))
    return 0


def measured(store: str, readings: Path, folder: Path | None, hours: int) -> dict[str, float]:
    """All figures of one store, in this process."""
    series = Rack().series()
    table, picked = np.ones((HOUR, len(series))), np.ones((hours * HOUR, CHECKED))
    end = START + hours * HOUR
    with tempfile.TemporaryDirectory(dir=folder) as name:
        watch = Watch()
        kept = STORES[store](_made(Path(name) / "batch"), series, 10)
        spent, visits = 0.0, list[float]()
        for number in range(hours):
            _read(readings, number, table)
            picked[number * HOUR : (number + 1) * HOUR] = table[:, :CHECKED]
            spent += _ingested(kept, table, START + number * HOUR, 10, visits)
        while_open = _trend(kept, end - hours * HOUR, end)
        for visit in range(30):  # the day is over: its coarser chunks are made
            visits.append(_took(lambda at=end + 60 * visit: kept.tend(at)))
        trend = _trend(kept, end - hours * HOUR, end)
        last = median(_took(kept.last) for _ in range(TRIES))
        _check(kept, picked, end - hours * HOUR, end)
        watch.over = True
        count = hours * HOUR * len(series)
        size, whole = kept.size(), sum(f.stat().st_size for f in (Path(name) / "batch").iterdir())
        _read(readings, 0, table)
        single = STORES[store](_made(Path(name) / "single"), series, 1)
        return {
            "single": 600 * len(series) / _ingested(single, table[:600], START, 1, []),
            "rate": count / spent,
            "visit": 1e3 * max(visits),
            "open": 1e3 * while_open,
            "trend": 1e3 * trend,
            "last": 1e3 * last,
            "memory": watch.grown / 1e6,
            "bytes": size / count,
            "whole": whole / count,
        }


def report(found: dict[str, dict[str, float]], hours: int) -> Iterator[str]:
    """The lines of the table, with the ratio of the best peer and the goal beside each figure."""
    short = "" if hours >= 24 else " (shortened: the goals speak of a day)"
    yield f"history: 320 series at 1 Hz for {hours} h, every batch synced{short}"
    yield f"{'':42}{'smartpdu':>12}{'sqlite':>12}{'duckdb':>12}{'to best peer':>14}   goal"
    rows = (
        ("readings/s, 1-s batches", "single", True),
        ("readings/s, 10-s batches, all visits", "rate", True),
        ("bytes a reading, pages in use", "bytes", False),
        ("bytes a reading, all files as they lie", "whole", False),
        ("memory, MB", "memory", False),
        (f"{hours} h of a series, 500 points, ms", "trend", False),
        ("the same before the day is folded, ms", "open", False),
        ("last values of all, ms", "last", False),
        ("longest visit (seal, fold), ms", "visit", False),
    )
    for words, key, more in rows:
        own, *peers = (found[store][key] for store in STORES)
        best = max(peers) if more else min(peers)
        ratio = "" if key == "visit" else f"{own / best if more else best / own:,.2f}x"
        cells = "".join(f"{_shown(v):>12}" for v in (own, *peers))
        goal = f"{'>=' if more else '<='} {GOALS[key]:,}" if key in GOALS else ""
        yield f"{words:42}{cells}{ratio:>14}   {goal}"


def _in_child(store: str, readings: Path, folder: Path | None, hours: int) -> dict[str, float]:
    order = [sys.executable, __file__, "--store", store, "--readings", str(readings)]
    order += ["--hours", str(hours)]
    order += [] if folder is None else ["--folder", str(folder)]
    result: dict[str, float] = json.loads(subprocess.check_output(order, text=True))
    return result


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _read(readings: Path, number: int, table: Floats) -> None:
    """An hour of readings, into memory that is there already."""
    with readings.open("rb") as file:
        file.seek(number * table.nbytes)
        file.readinto(table.data)


def _ingested(
    store: keepers.Store, table: Floats, start: int, batch: int, visits: list[float]
) -> float:
    """Seconds that it took, the store's own visits once a minute included."""
    begun = time.perf_counter()
    for second in range(0, len(table), batch):
        store.append(start + second, table[second : second + batch])
        if second % 60 == 50:
            visits.append(_took(lambda at=start + second: store.tend(at)))
    return time.perf_counter() - begun


def _trend(store: keepers.Store, start: int, end: int) -> float:
    return median(_took(lambda s=s: store.trend(s, start, end)) for s in range(TRIES))


def _check(store: keepers.Store, picked: Floats, start: int, end: int) -> None:
    """The store's means against numpy's, over whole minutes as the store chose them."""
    for series in range(CHECKED):
        found = store.trend(series, start, end)
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
    """Bytes of the process in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - looked at often
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3f}"


if __name__ == "__main__":
    sys.exit(main())
