"""Settings and states: the last one that was written is found after a restart."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as some
from store.plainly import often

from smartpdu.store import settings
from smartpdu.store.database import Database, open_database

keys = some.sampled_from(["a", "b", "limit.r/1", "ü"])
values = some.none() | some.integers() | some.booleans() | some.lists(some.floats(-1e9, 1e9))


@often(25, 300)
@given(some.lists(some.tuples(keys, values), max_size=8))
def test_the_last_value_of_each_setting_is_found_after_a_restart(
    written: list[tuple[str, Any]],
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "smartpdu.db"
        database = open_database(path)
        for key, value in written:
            settings.write(database, key, value)
        database.close()
        again = open_database(path)
        wanted = dict(written)
        for key in ("a", "b", "limit.r/1", "ü", "never"):
            assert settings.read(again, key, "default") == wanted.get(key, "default")
        again.close()


def test_a_setting_that_is_null_is_not_one_that_was_never_written(database: Database) -> None:
    settings.write(database, "a", None)
    assert settings.read(database, "a", 5) is None
    assert settings.read(database, "b", 5) == 5


def test_a_state_takes_the_place_of_the_one_before(database: Database) -> None:
    assert settings.read_state(database, "heart") is None
    for form in (b"one", b"\x00\xff" * 50_000, b""):
        put(database, "heart", form)
        assert settings.read_state(database, "heart") == form
    put(database, "other", b"x")
    assert settings.read_state(database, "heart") == b""


def put(database: Database, name: str, form: bytes) -> None:
    database.write(lambda connection: settings.put_state(connection, name, form))
