"""The journal: kept in order, given back as it was told, never changed from within."""

import hashlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from store.plainly import broken, content, entries, often, told

from smartpdu.store.database import Database, StoreError, open_database
from smartpdu.store.journal import GENESIS, UNREADABLE, Entry, Journal, canonical, verify


def test_events_are_numbered_from_one_without_a_hole(database: Database) -> None:
    journal = Journal(database)
    assert journal.last() == 0
    sealed = journal.append([Entry(1.0, "Told", "r", {"n": n}) for n in range(3)])
    sealed += journal.append([Entry(0.5, "Told", "r", {"n": 3})])
    assert [s.seq for s in sealed] == [1, 2, 3, 4]
    assert journal.last() == 4
    assert [s.seal for s in sealed] == [r.seal for r in journal.read(0, 10)]


def test_to_append_nothing_writes_nothing(database: Database) -> None:
    assert Journal(database).append([]) == []
    assert Journal(database).last() == 0


def plainly(value: Any) -> Any:
    """As JSON gives it back: half a character is a mark, a tuple a list."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {plainly(k): plainly(v) for k, v in value.items()}
    return [plainly(v) for v in value] if isinstance(value, list) else value


@often(40, 1_000)
@given(some.lists(entries, max_size=6))
def test_every_event_comes_back_as_it_was_told_after_a_restart(kept: list[Entry]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "smartpdu.db"
        database = open_database(path)
        Journal(database).append(kept[:3])
        Journal(database).append(kept[3:])
        database.close()
        again = open_database(path)
        wanted = [(e.at, plainly(e.kind), plainly(e.place), plainly(dict(e.body))) for e in kept]
        assert content(Journal(again).read(0, 100)) == wanted
        assert verify(again).ok
        again.close()


def test_a_gap_is_null_and_a_column_a_list(database: Database) -> None:
    body = {"a": np.float64("nan"), "b": float("inf"), "c": np.array([1.5, np.nan]), 4: np.int64(7)}
    Journal(database).append([Entry(np.float64(2.5), "Told", "r", body)])  # type: ignore[dict-item]
    (record,) = Journal(database).read(0, 1)
    assert record.body == {"a": None, "b": None, "c": [1.5, None], "4": 7}
    assert record.at == 2.5


def test_the_time_zero_below_zero_is_zero_for_the_seal_too(database: Database) -> None:
    Journal(database).append([Entry(-0.0, "Told", "r", {})])
    assert verify(database).ok


@pytest.mark.requirement("R-12.2-4")
def test_each_seal_is_the_hash_of_the_one_before_and_the_event(database: Database) -> None:
    told(database, 5)
    seal = hashlib.sha256(b"SmartPDU journal, form 1").digest()
    assert seal == GENESIS
    for r in Journal(database).read(0, 10):
        row = [r.seq, r.at, r.kind, r.place, r.body]
        text = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        seal = hashlib.sha256(seal + text.encode()).digest()
        assert r.seal == seal


@often(25, 300)
@given(some.lists(some.sampled_from(["r", "r/1", "r/1/x", "r/10", "r/2", "s", "r%", "r_1"])))
def test_events_are_read_by_number_place_and_kind(places: list[str]) -> None:
    with TemporaryDirectory() as folder:
        database = open_database(Path(folder) / "smartpdu.db")
        compared(Journal(database), places)
        database.close()


def compared(journal: Journal, places: list[str]) -> None:
    """Ask for events in many ways, and compare with a walk over all of them."""
    journal.append([Entry(1.0, "AB"[n % 2], place, {}) for n, place in enumerate(places)])
    whole = journal.read(0, 1_000)
    assert [r.seq for r in whole] == list(range(1, len(places) + 1))
    for after, limit in ((0, 3), (2, 1_000), (len(places), 5), (-7, 2), (10**30, 4), (0, -1)):
        for place in ("", "r", "r/1", "r%", "nobody"):
            for kinds in ((), ("A",), ("A", "B"), ("C",)):
                wanted = [
                    r
                    for r in whole
                    if r.seq > after
                    and (not place or r.place == place or r.place.startswith(place + "/"))
                    and (not kinds or r.kind in kinds)
                ]
                assert journal.read(after, limit, place, kinds) == wanted[: max(0, limit)]


@pytest.mark.parametrize(
    "bad",
    [
        Entry(float("nan"), "Told", "r", {}),
        Entry(float("inf"), "Told", "r", {}),
        Entry(1.0, "Told", "r", {"x": object()}),
        Entry(1.0, "Told", "r", {"x": {1, 2}}),
    ],
)
def test_of_a_batch_with_an_event_that_cannot_be_kept_nothing_is(
    database: Database, bad: Entry
) -> None:
    journal = Journal(database)
    good = Entry(1.0, "Told", "r", {})
    journal.append([good])
    with pytest.raises((ValueError, TypeError)):
        journal.append([good, bad])
    assert journal.last() == 1
    assert journal.append([good])[0].seq == 2
    assert verify(database).ok


@pytest.mark.requirement("R-12.2-4")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET body = '{}' WHERE seq = 2",
        "UPDATE events SET seal = seal",
        "DELETE FROM events WHERE seq = 3",
        "DELETE FROM events",
        "INSERT INTO events SELECT 9, at, kind, place, body, seal FROM events WHERE seq = 3",
        "INSERT INTO events SELECT 0, at, kind, place, body, seal FROM events WHERE seq = 3",
        "INSERT OR REPLACE INTO events SELECT * FROM events WHERE seq = 3",
    ],
)
def test_the_file_itself_refuses_to_change_the_past(database: Database, statement: str) -> None:
    told(database, 3)
    with pytest.raises(StoreError, match=r"never (changed|deleted)|only follows"):
        database.change(statement)
    assert Journal(database).last() == 3
    assert verify(database).ok


@pytest.mark.parametrize(
    "change",
    [
        "body = 'no JSON'",
        "body = '[1]'",
        "body = CAST(x'7b22c3227d' AS TEXT)",
        "body = CAST(body AS BLOB)",
        "kind = CAST(x'ff' AS TEXT)",
        "place = x'00'",
        "at = 'noon'",
    ],
)
def test_an_event_that_somebody_made_unreadable_is_told_as_such_and_hides_no_other(
    database: Database, change: str
) -> None:
    told(database, 3)
    others = content(Journal(database).read(0, 9))
    broken(database, f"UPDATE events SET {change} WHERE seq = 2")
    first, second, third = Journal(database).read(0, 9)
    assert content([first, third]) == [others[0], others[2]]
    assert (second.seq, second.kind, second.body) == (2, UNREADABLE, {})
    assert not verify(database).ok
    assert Journal(database).append([Entry(1.0, "Told", "r", {})])[0].seq == 4


def test_events_go_on_behind_one_whose_seal_somebody_broke(database: Database) -> None:
    told(database, 2)
    broken(database, "UPDATE events SET seal = 'text' WHERE seq = 2")
    assert Journal(database).append([Entry(1.0, "Told", "r", {})])[0].seq == 3
    assert verify(database).seq == 2


@given(some.dictionaries(some.text(), some.integers() | some.text(), max_size=5))
def test_the_canonical_form_knows_no_order_of_its_keys(value: dict[str, Any]) -> None:
    backwards = dict(reversed(value.items()))
    assert canonical(backwards) == canonical(value)
    assert json.loads(canonical(value)) == plainly(value)
