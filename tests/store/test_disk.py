"""Power cuts, full, read-only and broken disks: what was acknowledged stays, nothing else is."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
import numpy as np
import pytest
from lossy_disk import LossyDisk, PowerCut

from smartpdu.store.commands import Commands, Order, Settled
from smartpdu.store.database import Database, StoreError, open_database
from smartpdu.store.history import History, Series
from smartpdu.store.journal import Entry, Journal, verify

CUTS = 60


def lived(database: Database, number: int, acked: list[str]) -> None:
    """A little of each kind of writing; what was acknowledged is added to the list."""
    journal, commands = Journal(database), Commands(database)
    for step in range(6):
        name = f"{number}.{step}"
        journal.append([Entry(1.0, "Told", "r/1", {"name": name, "pad": "x" * 700})])
        acked.append(f"event {name}")
        order = Order(name, name, "olga", "f", "r/1", {"on": True}, 1.0)
        commands.intend([order], [Entry(1.0, "CommandIntended", "r/1", {"name": name + "i"})])
        acked += [f"event {name}i", f"intended {name}"]
        commands.settle([Settled(name, "done", "", 2.0)], [])
        acked.append(f"done {name}")


def found(database: Database) -> set[str]:
    """What the database knows of what `lived` wrote."""
    names = {f"event {r.body['name']}" for r in Journal(database).read(0, 100_000)}
    rows = database.look_up("SELECT state, id FROM commands")
    return names | {f"{state} {id}" for state, id in rows} | {f"intended {id}" for _, id in rows}


def losses(disk: LossyDisk, folder: Path, synchronous: str, cuts: int = CUTS) -> int:
    """How often something acknowledged was missing, or the file unusable, after power cuts."""
    lost = 0
    path, acked = folder / "smartpdu.db", list[str]()
    for number in range(cuts):
        try:
            database = open_database(path, vfs=disk.name, synchronous=synchronous)
        except StoreError:
            database = None
        if database is None or not set(acked) <= found(database) or not verify(database).ok:
            lost += 1
            if database is not None:
                database.close()
            for old in folder.iterdir():
                old.unlink()
            acked.clear()
            disk.restart(folder)
            database = open_database(path, vfs=disk.name, synchronous=synchronous)
        end = disk.operations + disk.dice.randint(1, 90)
        disk.fault = lambda at, what, end=end: PowerCut("cut") if at >= end else None
        try:
            lived(database, number, acked)
            disk.cut()
        except StoreError:
            assert disk.dead, "something failed before the power was cut"
        database.close()
        disk.restart(folder)
    return lost


@pytest.mark.requirement("R-13.1-2")
def test_no_acknowledged_event_or_command_is_lost_by_power_cuts(
    disk: LossyDisk, tmp_path: Path
) -> None:
    assert losses(disk, tmp_path, "FULL") == 0


def test_the_same_power_cuts_lose_acknowledged_events_where_nothing_is_synced(
    disk: LossyDisk, tmp_path: Path
) -> None:
    assert losses(disk, tmp_path, "OFF") > CUTS // 4


def test_power_cuts_cost_the_history_its_last_batch_at_most(
    disk: LossyDisk, tmp_path: Path
) -> None:
    series = [Series("r/A:w", 1), Series("r/B:w", 1)]
    expected: dict[int, float] = {}
    second = 1_800_000_000
    for _ in range(25):
        database = open_database(tmp_path / "smartpdu.db", vfs=disk.name)
        history = History(database, series)
        at, values = history.raw(["r/A:w"], 1_800_000_000, second + 1)
        kept = {int(a): v for a, v in zip(at, values[0], strict=True) if not np.isnan(v)}
        assert expected.items() <= kept.items()
        expected = kept
        end = disk.operations + disk.dice.randint(5, 60)
        disk.fault = lambda number, what, end=end: PowerCut("cut") if number >= end else None
        waiting: dict[int, float] = {}
        try:
            for second in range(second + 1, second + 200):  # noqa: B020 - goes on where it was cut
                waiting[second] = float(second % 97)
                history.append(float(second), np.array([second % 97, 1.0]))
                if len(waiting) == 10:
                    expected |= waiting
                    waiting = {}
            disk.cut()
        except StoreError:
            pass
        database.close()
        disk.restart(tmp_path)
    assert len(expected) > 500


def operations_of_a_life(tmp_path: Path, disk: LossyDisk) -> int:
    """How many writes and syncs `lived` makes on a fresh database."""
    folder = tmp_path / "count"
    folder.mkdir()
    database = open_database(folder / "smartpdu.db", vfs=disk.name)
    before = disk.operations
    lived(database, 0, [])
    after = disk.operations
    database.close()
    return after - before


@pytest.mark.requirement("R-13.1-2")
@pytest.mark.parametrize("what", ["write", "sync"])
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (apsw.IOError, "input/output error"),
        (apsw.FullError, "the disk is full"),
        (apsw.ReadOnlyError, "read-only"),
    ],
)
def test_nothing_is_acknowledged_while_the_disk_fails_and_all_works_once_it_does_not(
    disk: LossyDisk, tmp_path: Path, error: type[apsw.Error], words: str, what: str
) -> None:
    total = operations_of_a_life(tmp_path, disk)
    tried = 0
    for first in range(1, total, max(1, total // 9)):
        folder = tmp_path / f"{first}"
        folder.mkdir()
        path = folder / "smartpdu.db"
        database = open_database(path, vfs=disk.name)
        acked: list[str] = []
        start = disk.operations + first
        disk.fault = lambda at, kind, s=start: error() if at >= s and kind == what else None
        with pytest.raises(StoreError, match=words) as told:
            lived(database, 0, acked)
        assert str(path) in str(told.value)
        for name in ("again", "and again"):
            with pytest.raises(StoreError):
                Journal(database).append([Entry(1.0, "Told", "r/1", {"name": name})])
        tried += 1
        disk.fault = lambda at, kind: None
        lived(database, 1, acked)
        disk.cut()  # what was acknowledged, before and after, is on the disk
        database.close()
        disk.restart(folder)
        again = open_database(path, vfs=disk.name)
        assert set(acked) <= found(again)
        assert verify(again).ok
        again.close()
    assert tried >= 8


def test_a_disk_that_is_really_full_is_told_and_recovers(
    small_disk: Callable[[str], Path],
) -> None:
    small = small_disk("600k")
    database = open_database(small / "smartpdu.db")
    journal = Journal(database)
    (small / "ballast").write_bytes(b"x" * 100_000)
    kept = 0
    with pytest.raises(StoreError, match=r"the disk is full|input/output error"):
        while kept < 5_000:
            kept = journal.append([Entry(1.0, "Told", "r/1", {"pad": "x" * 2_000})])[-1].seq
    assert journal.last() == kept
    (small / "ballast").unlink()
    assert journal.append([Entry(2.0, "Told", "r/1", {})])[0].seq == kept + 1
    assert verify(database).ok
    database.close()


def test_a_disk_that_becomes_read_only_is_told_reads_go_on_and_it_recovers(
    small_disk: Callable[[str], Path],
) -> None:
    small = small_disk("2m")
    database = open_database(small / "smartpdu.db")
    journal = Journal(database)
    journal.append([Entry(1.0, "Told", "r/1", {})])
    database.close()
    remount(small, "ro")
    with pytest.raises(StoreError, match=r"smartpdu\.db: .*[Rr]ead-only"):
        open_database(small / "smartpdu.db")
    assert [p.name for p in small.iterdir()] == ["smartpdu.db"]
    with pytest.raises(StoreError, match=r"new\.db: cannot be opened \(Read-only file system\)"):
        open_database(small / "new.db")
    remount(small, "rw")
    database = open_database(small / "smartpdu.db")
    assert Journal(database).append([Entry(2.0, "Told", "r/1", {})])[0].seq == 2
    database.close()


def remount(folder: Path, how: str) -> None:
    subprocess.check_call(["mount", "-o", f"remount,{how}", str(folder)])


APPENDS = """
import os, sys
from pathlib import Path
from smartpdu.store.database import open_database
from smartpdu.store.journal import Entry, Journal
journal = Journal(open_database(Path(sys.argv[1]), synchronous=sys.argv[2]))
for number in range(20):
    seq = journal.append([Entry(1.0, "Told", "r/1", {})])[-1].seq
    os.write(1, b"ack %d\\n" % seq)
"""


def syncs_before_acks(tmp_path: Path, synchronous: str) -> list[bool]:
    """Of each acknowledgement, whether a sync had returned since the one before it."""
    trace = tmp_path / "trace"
    calls = "trace=fsync,fdatasync,write"
    order = ["strace", "-f", "-o", str(trace), "-e", calls, sys.executable, "-c", APPENDS]
    order += [str(tmp_path / f"{synchronous}.db"), synchronous]
    subprocess.run(order, check=True, stdout=subprocess.DEVNULL, timeout=60)
    synced, seen = False, []
    for line in trace.read_text().splitlines():
        if "sync(" in line and line.endswith("= 0"):
            synced = True
        elif "write(1" in line and "ack" in line:
            seen.append(synced)
            synced = False
    return seen


@pytest.mark.requirement("R-13.1-2")
def test_the_sync_returns_before_an_append_does(
    tmp_path: Path, need_program: Callable[[str], str]
) -> None:
    need_program("strace")
    assert syncs_before_acks(tmp_path, "FULL") == [True] * 20
    assert not any(syncs_before_acks(tmp_path, "OFF")[1:])  # so the trace can see the difference
