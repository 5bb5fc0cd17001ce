"""A database that is deleted, moved away or replaced while it is in use takes nothing more."""

import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from store.plainly import told

from smartpdu.store.commands import Commands, Order
from smartpdu.store.database import MOVED, Database, StoreError, open_database, rows
from smartpdu.store.history import History, Series
from smartpdu.store.journal import Entry, Journal, verify

START = 1_800_000_000.0
ORDER = Order("c1", None, "olga", "f", "rack1/A/outlet/1", {"on": True}, START)
EVENT = Entry(START, "CommandIntended", "rack1/A/outlet/1", {"command": "c1"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir()
    return made


def deleted(folder: Path) -> None:
    shutil.rmtree(folder)


def emptied(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def moved(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


def made_anew(folder: Path) -> None:
    """Another one of the same name lies there, with a whole database in it."""
    moved(folder)
    folder.mkdir()
    open_database(folder / "smartpdu.db").close()


def put_back(folder: Path) -> None:
    """Every file is a copy of what it was."""
    for file in list(folder.iterdir()):
        copy = file.with_name("copy")
        shutil.copy(file, copy)
        copy.rename(file)


def lost(part: str) -> Callable[[Path], None]:
    def one_lost(folder: Path) -> None:
        (folder / f"smartpdu.db{part}").unlink()

    one_lost.__name__ = f"lost{part}"
    return one_lost


WAYS = (deleted, emptied, moved, made_anew, put_back, lost(""), lost("-wal"), lost("-shm"))


def seen(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.parent.rglob("*") if p.is_file()}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.requirement("R-12.2-4")
def test_nothing_is_acknowledged_by_a_database_that_is_not_where_it_was(
    folder: Path, way: Callable[[Path], None]
) -> None:
    database = open_database(folder / "smartpdu.db")
    told(database, 3)
    history = History(database, [Series("a:b", 1)], batch=1.0)
    way(folder)
    before = seen(folder)

    for act in (
        lambda: Commands(database).intend([ORDER], [EVENT]),
        lambda: Journal(database).append([EVENT]),
        lambda: [history.append(START + n, [1.0]) for n in range(5)],
    ):
        with pytest.raises(StoreError, match=MOVED):
            act()
    assert seen(folder) == before  # nothing was made, nor written to what lies there now
    assert Journal(database).last() == 3  # one may still look back
    database.close()
    if way is made_anew:
        again = open_database(folder / "smartpdu.db")
        assert (Journal(again).last(), verify(again).ok) == (0, True)
        again.close()


def test_a_database_that_goes_away_while_it_is_written_acknowledges_nothing(folder: Path) -> None:
    database = open_database(folder / "smartpdu.db")

    def at_the_last_moment(connection: apsw.Connection) -> int:
        connection.execute("INSERT INTO settings VALUES('a', '1')")
        deleted(folder)
        return 1

    with pytest.raises(StoreError, match=MOVED):
        database.write(at_the_last_moment)
    database.close()


@pytest.mark.parametrize("way", [deleted, made_anew], ids=lambda way: way.__name__)
def test_a_connection_that_is_opened_anew_makes_and_takes_no_other_file(
    folder: Path, way: Callable[[Path], None]
) -> None:
    database = open_database(folder / "smartpdu.db")

    def broken(connection: apsw.Connection) -> None:
        raise apsw.IOError("the disk failed")

    for ask in (database.read, database.write):
        with pytest.raises(StoreError, match="input/output"):
            ask(broken)
    way(folder)
    before = seen(folder)
    for ask in (database.read, database.write):
        with pytest.raises(StoreError, match=MOVED):
            ask(lambda c: rows(c, "SELECT 1"))
    assert seen(folder) == before
    database.close()


def test_what_was_moved_away_and_back_is_written_again(folder: Path) -> None:
    database = open_database(folder / "smartpdu.db")
    moved(folder)
    with pytest.raises(StoreError, match=MOVED):
        told(database, 1)
    folder.with_name("elsewhere").rename(folder)
    told(database, 2)
    database.close()
    again = open_database(folder / "smartpdu.db")
    assert (Journal(again).last(), verify(again).ok) == (2, True)
    again.close()


def test_nothing_is_taken_where_what_must_stay_beside_it_is_gone(database: Database) -> None:
    def gone() -> None:
        raise FileNotFoundError(2, "the lock is gone", "/a/lock")

    held = open_database(database.path, held=lambda: None)
    told(held, 1)
    held.close()
    with pytest.raises(StoreError, match="/a/lock: the lock is gone"):
        open_database(database.path, held=gone)
    assert Journal(database).last() == 1
