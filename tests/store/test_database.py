"""The file: made, brought to today's form, refused where it is not ours; transactions are whole."""

import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path
from random import Random

import apsw
import pytest
from lossy_disk import LossyDisk, PowerCut
from store.plainly import content, told

from smartpdu.store import database as room
from smartpdu.store import settings
from smartpdu.store.database import Database, StoreError, open_database, rows
from smartpdu.store.journal import Entry, Journal, verify
from smartpdu.store.schema import MARK, STEPS


def test_a_new_file_is_its_owners_alone_and_everything_beside_it_too(tmp_path: Path) -> None:
    database = open_database(tmp_path / "smartpdu.db")
    told(database, 1)
    found = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()}
    names = ("smartpdu.db", "smartpdu.db-wal", "smartpdu.db-shm")
    assert found == dict.fromkeys(names, 0o600)
    database.close()


def test_both_connections_keep_a_log_and_sync_each_transaction(database: Database) -> None:
    for ask in (database.read, database.write):
        assert ask(lambda c: c.pragma("journal_mode")) == "wal"
        assert ask(lambda c: c.pragma("synchronous")) == 2  # FULL


def test_a_file_of_today_is_opened_without_a_write(tmp_path: Path) -> None:
    path = tmp_path / "smartpdu.db"
    database = open_database(path)
    told(database, 3)
    database.close()
    disk = LossyDisk("reading", Random(1))
    again = open_database(path, vfs="reading")
    assert Journal(again).last() == 3
    assert disk.operations == 0
    again.close()
    disk.unregister()


def shape(database: Database) -> list[tuple[str, str, str]]:
    found = database.look_up("SELECT type, name, sql FROM sqlite_master ORDER BY type, name")
    return [(str(kind), str(name), str(text)) for kind, name, text in found]


def old(path: Path, form: int) -> None:
    """A file as an earlier form of the memory left it."""
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", "WAL")
    for step in STEPS[:form]:
        connection.execute(step)
    connection.execute(f"PRAGMA user_version = {form}; PRAGMA application_id = {MARK}")
    connection.close()


@pytest.mark.parametrize("form", range(1, len(STEPS) + 1))
def test_a_file_of_each_earlier_form_is_brought_to_todays_with_all_that_it_holds(
    tmp_path: Path, form: int
) -> None:
    path = tmp_path / "smartpdu.db"
    old(path, form)
    connection = apsw.Connection(str(path))
    connection.execute("INSERT INTO settings VALUES('limit', '16')")
    connection.close()
    database, fresh = open_database(path), open_database(tmp_path / "fresh.db")
    assert shape(database) == shape(fresh)
    assert settings.read(database, "limit") == 16
    assert database.look_up("PRAGMA user_version") == [(len(STEPS),)]
    database.close()
    fresh.close()


def test_a_migration_that_the_power_cuts_is_done_wholly_or_not_at_all_and_then_again(
    disk: LossyDisk, tmp_path: Path
) -> None:
    for start in (0, 1):
        for first in range(1, 60):
            folder = tmp_path / f"{start}.{first}"
            folder.mkdir()
            path = folder / "smartpdu.db"
            if start:
                old(path, start)
            end = disk.operations + first
            disk.fault = lambda at, what, end=end: PowerCut("cut") if at >= end else None
            try:
                open_database(path, vfs=disk.name).close()
                done = True
            except StoreError:
                done = False
            disk.restart(folder)
            again = open_database(path, vfs=disk.name)
            assert again.look_up("PRAGMA user_version") == [(len(STEPS),)]
            told(again, 1)
            assert verify(again).count == 1
            again.close()
            disk.restart(folder)
            if done:
                break
        assert first > 5, "no cut fell into the migration"
        assert done, "the migration never came to its end"


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (["CREATE TABLE t(x)"], "found a database of another program"),
        (["PRAGMA user_version = 1"], "found a database of another program"),
        (["PRAGMA application_id = 7"], "found a database of another program"),
        (["PRAGMA user_version = 2", "CREATE TABLE events(x)"], "of another program"),
        (
            [f"PRAGMA application_id = {MARK}", f"PRAGMA user_version = {len(STEPS) + 1}"],
            f"found form {len(STEPS) + 1} of the memory, expected at most {len(STEPS)}",
        ),
        ([f"PRAGMA application_id = {MARK}", "PRAGMA user_version = -1"], "found form -1"),
    ],
)
def test_a_file_that_is_not_ours_or_newer_is_refused_and_left_as_it_is(
    tmp_path: Path, statements: list[str], words: str
) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=words) as refused:
        open_database(path)
    assert str(path) in str(refused.value)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["other.db"]


def test_what_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("what a stranger keeps here " * 400)
    (tmp_path / "folder").mkdir()
    for name, words in (
        ("text", "not a database"),
        ("folder", "cannot be opened"),
        ("nowhere/smartpdu.db", r"cannot be opened \(No such file"),
        ("text/smartpdu.db", r"cannot be opened \(Not a directory"),
    ):
        with pytest.raises(StoreError, match=words) as refused:
            open_database(tmp_path / name)
        assert str(tmp_path / name) in str(refused.value)
    assert (tmp_path / "text").read_text() == "what a stranger keeps here " * 400
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder", "text"]


def test_an_empty_file_becomes_a_memory(tmp_path: Path) -> None:
    (tmp_path / "smartpdu.db").touch()
    database = open_database(tmp_path / "smartpdu.db")
    assert len(told(database, 2)) == Journal(database).last()
    database.close()


def test_an_sqlite_that_can_damage_a_log_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.2")
    with pytest.raises(StoreError, match=r"SQLite 3\.51\.2 is too old"):
        open_database(tmp_path / "smartpdu.db")
    assert list(tmp_path.iterdir()) == []


def test_a_way_to_sync_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="found 'full', expected one of"):
        open_database(tmp_path / "smartpdu.db", synchronous="full")


def test_a_disk_on_which_no_log_can_be_kept_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no write-ahead log can be kept"):
        open_database(tmp_path / "smartpdu.db", vfs="memdb")


OPENS = """
import sys
from pathlib import Path
from smartpdu.store.database import open_database
from smartpdu.store.journal import Entry, Journal
print("ready", flush=True)
sys.stdin.readline()
database = open_database(Path(sys.argv[1]))
Journal(database).append([Entry(1.0, "Told", "r", {})])
database.close()
"""


def test_processes_that_open_a_new_file_at_once_all_find_it_made(
    tmp_path: Path, full: bool
) -> None:
    for number in range(8 if full else 3):
        path = tmp_path / f"{number}.db"
        pipe, order = subprocess.PIPE, [sys.executable, "-c", OPENS, str(path)]
        running = [subprocess.Popen(order, stdin=pipe, stdout=pipe, text=True) for _ in range(4)]
        for one in running:
            assert one.stdout is not None
            one.stdout.readline()
        for one in running:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        for one in running:
            one.communicate(timeout=60)
        assert [one.returncode for one in running] == [0] * 4
        database = open_database(path)
        assert verify(database).count == 4
        database.close()


def test_of_a_transaction_that_fails_nothing_is_kept(database: Database) -> None:
    def action(connection: apsw.Connection) -> None:
        connection.execute("INSERT INTO settings VALUES('a', '1')")
        raise RuntimeError("on the way")

    with pytest.raises(RuntimeError, match="on the way"):
        database.write(action)
    settings.write(database, "b", 2)
    assert database.look_up("SELECT key FROM settings") == [("b",)]


def test_all_that_one_look_reads_is_of_one_moment_while_another_writes(database: Database) -> None:
    told(database, 2)

    def look(connection: apsw.Connection) -> tuple[int, int]:
        before = len(rows(connection, "SELECT 1 FROM events"))
        told(database, 3)
        return before, len(rows(connection, "SELECT 1 FROM events"))

    assert database.read(look) == (2, 2)
    assert Journal(database).last() == 5


def test_a_look_can_change_nothing(database: Database) -> None:
    with pytest.raises(StoreError):
        database.read(lambda c: c.execute("INSERT INTO settings VALUES('a', '1')").fetchall())
    assert settings.read(database, "a") is None


def test_a_read_does_not_wait_for_a_transaction_that_is_under_way(database: Database) -> None:
    inside, go_on, kept = threading.Event(), threading.Event(), list[int]()

    def slow(connection: apsw.Connection) -> None:
        connection.execute("INSERT INTO settings VALUES('a', '1')")
        inside.set()
        assert go_on.wait(30)

    thread = threading.Thread(target=lambda: kept.append(database.write(slow) is None))
    thread.start()
    assert inside.wait(30)
    assert settings.read(database, "a") is None  # would hang here if it waited
    go_on.set()
    thread.join(30)
    assert settings.read(database, "a") == 1
    assert kept == [True]


def test_a_file_that_another_program_holds_is_told_and_works_once_it_lets_go(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "PATIENCE", 30)
    impatient = open_database(tmp_path / "smartpdu.db")
    other = apsw.Connection(str(tmp_path / "smartpdu.db"))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another program"):
        Journal(impatient).append([Entry(1.0, "Told", "r", {})])
    assert Journal(impatient).last() == 0  # to read is free all the time
    other.execute("COMMIT")
    assert Journal(impatient).append([Entry(1.0, "Told", "r", {})])[0].seq == 1
    impatient.close()
    other.close()


@pytest.mark.parametrize("lock", ["BEGIN EXCLUSIVE", "BEGIN; SELECT * FROM sqlite_master"])
def test_a_new_file_that_another_program_holds_is_told_and_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lock: str
) -> None:
    monkeypatch.setattr(room, "PATIENCE", 30)
    path = tmp_path / "smartpdu.db"
    other = apsw.Connection(str(path))
    other.execute(lock)
    with pytest.raises(StoreError, match="locked by another program"):
        open_database(path)
    other.execute("ROLLBACK")
    assert path.read_bytes() == b""
    open_database(path).close()
    other.close()


@pytest.mark.requirement("R-12.2-4")
@pytest.mark.parametrize("read_before", [True, False])
def test_a_transaction_that_failed_is_not_found_when_the_disk_works_again(
    disk: LossyDisk, tmp_path: Path, read_before: bool
) -> None:
    database = open_database(tmp_path / "smartpdu.db", vfs=disk.name)
    journal = Journal(database)
    journal.append([Entry(1.0, "Told", "r", {"n": 0})])
    if read_before:
        journal.last()
    for what in ("sync", "write"):
        disk.fault = lambda at, kind, what=what: apsw.IOError() if kind == what else None
        for n in range(3):
            with pytest.raises(StoreError, match="input/output error"):
                journal.append([Entry(1.0, "Told", "r", {"n": f"{what} {n}"})])
        disk.fault = lambda at, kind: None
        assert journal.last() == 1
    journal.append([Entry(1.0, "Told", "r", {"n": 1})])
    assert [r.body["n"] for r in journal.read(0, 9)] == [0, 1]
    assert verify(database).ok
    database.close()


def test_a_reader_that_the_disk_failed_reads_again(disk: LossyDisk, tmp_path: Path) -> None:
    database = open_database(tmp_path / "smartpdu.db", vfs=disk.name)
    told(database, 50)
    whole = content(Journal(database).read(0, 99))
    disk.dead = True
    database.close()
    disk.dead = False
    again = open_database(tmp_path / "smartpdu.db", vfs=disk.name)
    disk.dead = True
    with pytest.raises(StoreError, match="input/output error"):
        Journal(again).read(0, 99)
    disk.dead = False
    assert content(Journal(again).read(0, 99)) == whole
    again.close()


def test_a_damaged_text_is_a_damaged_file(database: Database) -> None:
    database.change("INSERT INTO settings VALUES('a', CAST(x'ff' AS TEXT)), ('b', 'no JSON')")
    for key in ("a", "b"):
        with pytest.raises(StoreError, match="the file is damaged"):
            settings.read(database, key)
    assert settings.read(database, "c", 5) == 5


def test_a_page_that_is_damaged_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "smartpdu.db"
    database = open_database(path)
    told(database, 200)
    database.close()
    content = bytearray(path.read_bytes())
    for page in range(4_096, len(content), 4_096):
        content[page : page + 8] = b"\xee" * 8
    path.write_bytes(content)
    with pytest.raises(StoreError, match="the file is damaged"):
        damaged = open_database(path)
        try:
            Journal(damaged).read(0, 500)
        finally:
            damaged.close()


def test_a_file_that_was_closed_can_be_moved_away_whole(tmp_path: Path) -> None:
    database = open_database(tmp_path / "smartpdu.db")
    kept = told(database, 3)
    assert Journal(database).last() == 3
    database.close()
    database.close()
    assert [p.name for p in tmp_path.iterdir()] == ["smartpdu.db"]  # no log is left behind
    (tmp_path / "smartpdu.db").rename(tmp_path / "moved.db")
    moved = open_database(tmp_path / "moved.db")
    assert content(Journal(moved).read(0, 9)) == [(e.at, e.kind, e.place, e.body) for e in kept]
    moved.close()
