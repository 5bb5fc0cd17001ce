"""What the tests of the memory share: a fresh database, plain values, a few events."""

import os
from collections.abc import Sequence
from typing import Any

import apsw
from hypothesis import settings
from hypothesis import strategies as some

from smartpdu.store.database import Database
from smartpdu.store.journal import Entry, Journal, Record

FULL = os.environ.get("SMARTPDU_DEPTH") == "full"

words = some.text(max_size=20)
numbers = some.floats(allow_nan=False, allow_infinity=False) | some.integers(-(10**20), 10**20)
values: some.SearchStrategy[Any] = some.recursive(
    some.none() | some.booleans() | numbers | words,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
times = some.floats(-1e12, 1e12)
entries = some.builds(Entry, times, words, words, some.dictionaries(words, values, max_size=4))


def often(short: int, full: int) -> settings:
    """How many examples are tried; a loaded machine fails nothing."""
    count = full if FULL else short
    return settings(max_examples=count, report_multiple_bugs=False)


def told(database: Database, count: int) -> list[Entry]:
    """Events that differ in everything, kept one after the other."""
    kept = [
        Entry(
            1e9 + n / 8, ("Told", "Known", "Raised")[n % 3], f"r/{n % 2}", {"n": n, "ü": [n, "x"]}
        )
        for n in range(count)
    ]
    for entry in kept:
        Journal(database).append([entry])
    return kept


def content(records: Sequence[Record]) -> list[tuple[float, str, str, Any]]:
    """What events tell, without where they stand."""
    return [(r.at, r.kind, r.place, r.body) for r in records]


def broken(database: Database, *statements: str) -> None:
    """Do to the file what only somebody with it in his hands can do."""

    def action(connection: apsw.Connection) -> None:
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        triggers = connection.execute(query).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, text in triggers:
            connection.execute(text)

    database.write(action)
