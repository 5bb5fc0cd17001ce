"""Damaged chunks of the history: a gap, told, and no harm to what is beside it."""

from math import nan
from pathlib import Path

import numpy as np
import pytest
from store.past import DAY, Past, compared, fed

from smartpdu.store.chunk import packed
from smartpdu.store.database import Database, open_database
from smartpdu.store.history import History, Series
from smartpdu.store.hour import chunk_id

HOUR = 3_600
START = 1_800_000_000 // DAY * DAY
FOREVER = (1e12, 1e12, 1e12)


@pytest.fixture
def past() -> Past:
    return Past({"a": 1, "b": 2})


def spoil(database: Database, table: str, id: int, how: str = "bit") -> None:
    """Turn one bit of a chunk over, in the middle of it, or what kind of value it is."""
    (form,) = database.look_up(f"SELECT form FROM {table} WHERE id = ?", id)[0]
    changed = bytearray(form)
    changed[len(changed) // 2] ^= 8
    kind = "BLOB" if how == "bit" else "TEXT"
    query = f"UPDATE {table} SET form = CAST(? AS {kind}) WHERE id = ?"
    database.change(query, bytes(changed), id)


def without(past: Past, key: str, first: int, last: int) -> Past:
    """The past with a hole in one series."""
    known = {
        (k, second): value
        for (k, second), value in past.known.items()
        if k != key or not first <= second < last
    }
    return Past(past.digits, known)


@pytest.mark.parametrize("how", ["bit", "kind"])
def test_a_damaged_hour_is_a_gap_of_its_series_and_told(
    database: Database, past: Past, how: str
) -> None:
    history = History(database, batch=3_600, keep=FOREVER)
    fed(history, past, range(START, START + 5 * HOUR, 7))
    for visit in range(3):
        history.tend(START + 5.0 * HOUR + 31 + visit)
    spoiled = chunk_id(START // HOUR + 1, 1)
    spoil(database, "seconds", spoiled, how)
    assert history.spoiled == ()
    hole = without(past, "a", START + HOUR, START + 2 * HOUR)
    for key in ("a", "b"):
        compared(history, hole, key, START, START + 5 * HOUR, 100)
        compared(history, hole, key, START + HOUR - 50, START + HOUR + 50, 100)
        _, values = history.raw([key], START, START + 3 * HOUR)
        np.testing.assert_array_equal(values, [hole.raw(key, START, START + 3 * HOUR)])
    assert history.spoiled == (("seconds", spoiled),)
    # the day is made coarser all the same, and what comes late takes the damaged one's place
    fed(history, hole, [START + HOUR + 3], seed=9)
    for visit in range(4):
        history.tend(START + 1.0 * DAY + 31 + visit)
    compared(history, hole, "a", START, START + DAY, 1_440)
    assert history.raw(["a"], START + HOUR + 3, START + HOUR + 4)[1][0, 0] > 0


def test_a_damaged_hour_that_is_sealed_again_is_told_though_nobody_looked_at_it(
    database: Database, past: Past
) -> None:
    history = History(database, batch=10, keep=FOREVER)
    fed(history, past, range(START, START + 100))
    history.tend(START + HOUR + 31.0)
    spoil(database, "seconds", chunk_id(START // HOUR, 1))
    fed(history, past, [START + 200], seed=2)
    history.tend(START + HOUR + 91.0)
    assert history.spoiled == (("seconds", chunk_id(START // HOUR, 1)),)
    hole = without(past, "a", START, START + 100)
    for key in ("a", "b"):
        compared(history, hole, key, START, START + 300, 300)


@pytest.mark.parametrize(("reopened", "how"), [(False, "bit"), (True, "bit"), (True, "kind")])
def test_a_damaged_batch_is_a_gap_of_its_rows_and_told(
    tmp_path: Path, past: Past, reopened: bool, how: str
) -> None:
    database = open_database(tmp_path / "smartpdu.db")
    history = History(database, batch=10)
    fed(history, past, range(START, START + 50))
    spoiled = chunk_id(START // HOUR, 2)  # the third of five
    spoil(database, "hot", spoiled, how)
    compared(history, past, "a", START, START + 50, 50)  # memory knows it all
    assert history.spoiled == ()
    history = History(database, [Series("a", 1)])
    hole = without(without(past, "a", START + 20, START + 30), "b", START + 20, START + 30)
    if reopened:
        history.append(START + 60.0, np.array([nan]))  # the hour is read into memory
    for key in ("a", "b"):
        compared(history, hole, key, START, START + 50, 50)
    assert history.spoiled == (("hot", spoiled),)
    history.tend(START + 2.0 * HOUR)
    for key in ("a", "b"):
        compared(history, hole, key, START, START + 50, 50)
    assert database.look_up("SELECT count(*) FROM hot") == [(0,)]
    database.close()


@pytest.mark.parametrize("table", ["minutes", "quarters"])
def test_a_damaged_coarse_chunk_is_a_gap_and_told(
    database: Database, past: Past, table: str
) -> None:
    history = History(database, batch=3_600, keep=(0.0, 0.0 if table == "quarters" else 1e12, 1e12))
    first = START // (16 * DAY) * 16 * DAY
    fed(history, past, range(first, first + 2 * DAY, 300))
    for visit in range(200):
        history.tend(first + 33.0 * DAY + visit)
    span = first // (DAY if table == "minutes" else 16 * DAY)
    lasts = DAY if table == "minutes" else 16 * DAY
    points = 2_880 if table == "minutes" else 100
    compared(history, past, "a", first, first + 2 * DAY, points)
    spoil(database, table, chunk_id(span, 1))
    hole = without(past, "a", first, first + lasts)
    for key in ("a", "b"):
        compared(history, hole, key, first, first + 2 * DAY, points)
    assert history.spoiled == ((table, chunk_id(span, 1)),)


def test_a_chunk_of_another_tier_is_damage(database: Database, past: Past) -> None:
    history = History(database, batch=3_600, keep=FOREVER)
    fed(history, past, range(START, START + HOUR))
    history.tend(START + HOUR + 31.0)
    id = chunk_id(START // HOUR, 1)
    minute = packed(np.zeros((4, 1_440), dtype=np.int64), id)
    database.change("UPDATE seconds SET form = ? WHERE id = ?", minute, id)
    assert np.isnan(history.raw(["a"], START, START + 60)[1]).all()
    assert history.spoiled == (("seconds", id),)
