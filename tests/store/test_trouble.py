"""The history in trouble: disks that fail, kills, others who look; it costs what it must only."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from math import nan
from pathlib import Path
from random import Random

import apsw
import numpy as np
import pytest
from lossy_disk import LossyDisk, PowerCut
from store.past import DAY, Past, compared, fed

from smartpdu.store.database import Database, StoreError, open_database
from smartpdu.store.history import PENDING, History, Series

HOUR = 3_600
START = 1_800_000_000 // DAY * DAY
FOREVER = (1e12, 1e12, 1e12)


@pytest.fixture
def past() -> Past:
    return Past({"a": 1, "b": 2})


def test_an_hour_that_cannot_be_read_back_costs_no_row(disk: LossyDisk, tmp_path: Path) -> None:
    past = Past({"a": 1})
    database = open_database(tmp_path / "smartpdu.db", vfs=disk.name)
    fed(History(database, batch=5), past, range(START, START + 20))
    database.close()
    database = open_database(tmp_path / "smartpdu.db", vfs=disk.name)
    history = History(database, batch=5)
    history.declare([Series("a", 1)])
    database.close()  # so that nothing is in the cache of pages
    disk.dead = True
    for second in range(START + 20, START + 23):
        with pytest.raises(StoreError, match="input/output error"):
            history.append(float(second), np.array([7.0]))
        past.take(second, [("a", 7.0)])
    disk.dead = False
    fed(history, past, range(START + 23, START + 40))
    history.flush()
    compared(history, past, "a", START, START + 40, 40)
    compared(History(database), past, "a", START, START + 40, 40)
    database.close()


@pytest.mark.parametrize("error", [apsw.FullError, apsw.IOError, apsw.ReadOnlyError])
def test_rows_wait_while_the_disk_does_not_take_them(
    disk: LossyDisk, tmp_path: Path, error: type[apsw.Error]
) -> None:
    past = Past({"a": 1})
    database = open_database(tmp_path / "smartpdu.db", vfs=disk.name)
    history = History(database, [Series("a", 1)], batch=10)
    disk.fault = lambda at, what: error()
    refused = 0
    for second in range(START, START + 500):
        past.take(second, [("a", second % 97)])
        try:
            history.append(float(second), np.array([second % 97]))
        except StoreError:
            refused += 1
    assert refused == 500 - 9  # from the first full batch on each is tried again
    compared(history, past, "a", START, START + 500, 500)  # and can be looked at all the time
    with pytest.raises(StoreError):
        history.tend(START + 501.0)
    disk.fault = lambda at, what: None
    history.append(START + 500.0, np.array([1.0]))
    past.take(START + 500, [("a", 1.0)])
    assert history.dropped == 0
    disk.cut()
    database.close()
    disk.restart(tmp_path)
    database = open_database(tmp_path / "smartpdu.db", vfs=disk.name)
    compared(History(database), past, "a", START, START + 501, 501)
    database.close()


def test_rows_that_wait_can_be_looked_at_in_however_many_hours_they_lie(
    disk: LossyDisk, tmp_path: Path
) -> None:
    past = Past({"a": 1})
    database = open_database(tmp_path / "smartpdu.db", vfs=disk.name)
    history = History(database, [Series("a", 1)], batch=10)
    disk.fault = lambda at, what: apsw.FullError()
    for hour in (0, 5, 9, 2, 5, 7):
        second = START + hour * HOUR + 3
        past.take(second, [("a", float(hour))])
        with suppress(StoreError):
            history.append(float(second), np.array([float(hour)]))
    compared(history, past, "a", START, START + 10 * HOUR, 10 * HOUR)
    disk.fault = lambda at, what: None
    history.tend(START + 20.0 * HOUR)
    compared(history, past, "a", START, START + 10 * HOUR, 10 * HOUR)
    database.close()


def test_of_rows_that_wait_for_too_long_the_oldest_are_dropped_and_counted(
    disk: LossyDisk, tmp_path: Path
) -> None:
    database = open_database(tmp_path / "smartpdu.db", vfs=disk.name)
    history = History(database, [Series("a", 1)], batch=10)
    disk.fault = lambda at, what: apsw.FullError()
    for second in range(PENDING + 250):
        with suppress(StoreError):  # the first ones are taken
            history.append(START + float(second), np.array([1.0]))
    disk.fault = lambda at, what: None
    history.flush()
    assert history.dropped == 250
    _, values = History(database).raw(["a"], START, START + PENDING + 250)
    assert np.flatnonzero(np.isnan(values[0])).tolist() == list(range(250))
    database.close()


def test_each_batch_is_one_sync(disk: LossyDisk, tmp_path: Path) -> None:
    database = open_database(tmp_path / "smartpdu.db", vfs=disk.name)
    series = [Series(f"s{n}", 1) for n in range(320)]
    for batch, rows in ((1, 20), (10, 200)):
        history = History(database, series, batch=batch)
        for second in range(batch):  # the first one begins the log anew
            history.append(START + float(second), np.zeros(320))
        before = disk.synced
        for second in range(batch, rows + batch):
            history.append(START + float(second), np.zeros(320))
        assert disk.synced - before == 20
    database.close()


def test_power_cuts_at_any_moment_of_sealing_and_folding_lose_nothing(tmp_path: Path) -> None:
    disk = LossyDisk("sealing", Random(3))
    past = Past({"a": 1, "b": 2})
    path = tmp_path / "smartpdu.db"
    database = open_database(path, vfs=disk.name)
    history = History(database, batch=3_600, keep=(0.0, 1e12, 1e12))
    fed(history, past, range(START, START + DAY, 97))
    history.flush()
    visits = cuts = 0
    while visits < 90 and cuts < 300:
        end = disk.operations + disk.dice.randint(1, 25)
        disk.fault = lambda at, what, end=end: PowerCut("cut") if at >= end else None
        try:
            while visits < 90:
                history.tend(START + 1.0 * DAY + 31 + visits)
                visits += 1
        except StoreError:
            cuts += 1
        database.close()
        disk.restart(tmp_path)
        database = open_database(path, vfs=disk.name)
        history = History(database, batch=3_600, keep=(0.0, 1e12, 1e12))
        for key in past.digits:
            compared(history, past, key, START, START + DAY, 1_440, step=60)
    assert cuts > 20
    assert history.spoiled == ()
    tables = ("hot", "due", "seconds", "minutes")
    left = [database.look_up(f"SELECT count(*) FROM {table}")[0][0] for table in tables]
    assert left == [0, 1, 0, 2]  # the quarters are due when their sixteen days are over
    database.close()
    disk.unregister()


KEEPS = """
import os, sys
from pathlib import Path
import numpy as np
from smartpdu.store.database import open_database
from smartpdu.store.history import History, Series
history = History(open_database(Path(sys.argv[1])), [Series("a", 1), Series("b", 3)], batch=10)
for second in range(int(sys.argv[2]), int(sys.argv[2]) + 100_000):
    history.append(float(second), np.array([second % 97, second % 89]))
    if second % 60 == 0:
        history.tend(float(second))
    os.write(1, b"%d\\n" % second)
"""


def test_a_kill_costs_the_last_batch_at_most(tmp_path: Path, full: bool) -> None:
    path, second, told = tmp_path / "smartpdu.db", START + HOUR - 200, list[int]()
    dice = Random(11)
    for _ in range(100 if full else 12):
        order = [sys.executable, "-c", KEEPS, str(path), str(second)]
        with subprocess.Popen(order, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            seen = [int(running.stdout.readline())]
            time.sleep(dice.uniform(0, 0.05))
            os.kill(running.pid, signal.SIGKILL)
            seen += [int(line) for line in running.stdout.read().split("\n")[:-1]]
        told += seen
        database = open_database(path)
        history = History(database)
        for key, rest in (("a", 97), ("b", 89)):
            at, values = history.raw([key], seen[0], seen[-1] + 1)
            kept = ~np.isnan(values[0])
            assert (values[0][kept] == at[kept] % rest).all()
            # at most what had not made ten yet, and nothing before it
            assert int((~kept).sum()) <= 9 + 1
            assert not kept[int(kept.sum()) :].any()
        assert history.spoiled == ()
        database.close()
        second = seen[-1] + 1
    assert told[-1] > START + HOUR + 31, "no hour was sealed on the way"


def test_who_looks_back_while_rows_come_and_hours_are_sealed_sees_all_of_the_past(
    database: Database,
) -> None:
    history = History(database, [Series("a", 0), Series("b", 0)], batch=10, keep=FOREVER)
    history.append(float(START), np.array([0.0, 5.0]))
    done, newest, wrong = threading.Event(), [START], list[str]()

    def write() -> None:
        for second in range(START + 1, START + 2 * HOUR + 120):
            history.append(float(second), np.array([second - START, 5.0]))
            newest[0] = second
            if second % 60 == 0:
                history.tend(float(second))
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    looks = 0
    while not done.is_set():
        last = newest[0]
        looks += 1
        found = history.trend("a", START, last + 1, 1)
        known = last + 1 - START
        if (found.minimum[0], found.maximum[0] >= last - START) != (0.0, True):
            wrong.append(f"least {found.minimum[0]}, greatest {found.maximum[0]} at {known}")
        _, values = history.raw(["a"], max(START, last - 100), last + 1)
        if not (np.diff(values[0]) == 1).all() or values[0][-1] != last - START:
            wrong.append(f"the last seconds at {known}: {values[0]}")
    thread.join(60)
    assert wrong == []
    assert looks > 50
    assert database.look_up("SELECT count(DISTINCT id >> 20) FROM seconds") == [(2,)]


def test_a_look_back_does_not_wait_while_the_disk_hangs(disk: LossyDisk, tmp_path: Path) -> None:
    database = open_database(tmp_path / "smartpdu.db", vfs=disk.name)
    history = History(database, [Series("a", 1)], batch=10)
    for second in range(15):
        history.append(START + float(second), np.array([second]))
    hangs, go_on = threading.Event(), threading.Event()

    def fault(at: int, what: str) -> None:
        hangs.set()
        assert go_on.wait(60)

    disk.fault = fault
    thread = threading.Thread(target=history.flush)
    thread.start()
    assert hangs.wait(60)
    _, values = history.raw(["a"], START, START + 15)  # would never come back if it waited
    assert values[0].tolist() == list(range(15))
    assert history.last()[0] == START + 14.0
    go_on.set()
    thread.join(60)
    disk.fault = lambda at, what: None
    database.close()


@pytest.mark.parametrize("wild", [-5.0, 1e9, nan])
def test_values_beyond_all_bounds_are_gaps_and_nothing_else(
    database: Database, wild: float
) -> None:
    history = History(database, [Series("a", 3), Series("b", 3)], batch=1)
    history.append(float(START), np.array([wild, 1.0]))
    history.append(START + 1.0, np.array([1e300, 2.0]))
    history.append(START + 2.0, np.array([-np.inf, 3.0]))
    _, values = history.raw(["a", "b"], START, START + 3)
    np.testing.assert_array_equal(values, [[wild, nan, nan], [1.0, 2.0, 3.0]])


def test_names_that_another_one_took_are_told_and_nothing_is_kept_under_them(
    database: Database,
) -> None:
    history = History(database, [Series("a", 1)], batch=1)
    database.change("INSERT INTO series VALUES(1, 'z', 1)")
    with pytest.raises(StoreError, match=r"series 1: found .*'z'.* expected a to be new"):
        history.append(float(START), np.array([1.0]))
    assert database.look_up("SELECT count(*) FROM hot") == [(0,)]


def test_on_a_small_disk_that_is_full_rows_wait_and_are_written_once_there_is_room(
    small_disk: Callable[[str], Path],
) -> None:
    folder = small_disk("900k")
    database = open_database(folder / "smartpdu.db")
    past = Past({f"s{n:03}": 2 for n in range(100)})
    history = History(database, batch=10)
    fed(history, past, range(START, START + 10))
    (folder / "ballast").write_bytes(b"x" * (os.statvfs(folder).f_bavail * 4_096 - 60_000))
    with pytest.raises(StoreError, match=r"the disk is full|input/output error"):
        fed(history, past, range(START + 10, START + 400), seed=2)
    past.known = {k: v for k, v in past.known.items() if k[1] <= history.last()[0]}
    last = int(history.last()[0]) + 1
    for key in ("s000", "s099"):
        _, values = history.raw([key], START, last - 1)
        np.testing.assert_array_equal(values[0], past.raw(key, START, last - 1))
    (folder / "ballast").unlink()
    history.flush()
    _, values = History(database).raw(["s000"], START, last)
    assert not np.isnan(values).any()
    assert history.dropped == 0
    database.close()
