"""Events, each sealed with the hash of the one before (12.2, 15.2).

seal(n) = SHA-256(seal(n-1) || canonical JSON of [seq, at, kind, place, body]). The sequence number
and the seal before are both taken inside one BEGIN IMMEDIATE, so two processes cannot fork the
chain. Known limit: events cut off at the very end are not missed by the chain itself; that needs
a head that somebody else keeps.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from smartpdu.store.database import Database

GENESIS = hashlib.sha256(b"SmartPDU journal, form 1").digest()


@dataclass(frozen=True, slots=True)
class Entry:
    """An event to be kept: when (UTC, s), what, where, and its own plain values."""

    at: float
    kind: str
    place: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sealed:
    """Where an entry stands in the chain."""

    seq: int
    seal: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """An event as it was kept."""

    seq: int
    at: float
    kind: str
    place: str
    body: Mapping[str, Any]
    seal: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the chain holds, how many events it has, and the first that breaks it."""

    ok: bool
    count: int
    seq: int = 0
    why: str = ""


class Journal:
    """The append-only row of events in a database."""

    def __init__(self, database: Database) -> None:
        """The journal of a database."""
        self._database = database

    def append(self, entries: Sequence[Entry]) -> list[Sealed]:
        """Keep entries in their order; they are on the disk when this returns."""
        if not entries:
            return []
        return self._database.write(lambda connection: chain(connection, entries))

    def read(
        self, after: int, limit: int, place: str = "", kinds: Sequence[str] = ()
    ) -> list[Record]:
        """Events after a sequence number, at a place or below it, of some kinds, oldest first."""
        where, values = "seq > ?", [after]
        if place:
            where += " AND (place = ? OR substr(place, 1, ?) = ?)"
            values += [place, len(place) + 1, place + "/"]
        if kinds:
            where += f" AND kind IN ({','.join('?' * len(kinds))})"
            values += list(kinds)
        query = f"SELECT seq, at, kind, place, body, seal FROM events WHERE {where} ORDER BY seq"
        query += " LIMIT ?"
        rows = self._database.read(lambda c: c.execute(query, [*values, limit]).fetchall())
        return [Record(r[0], r[1], r[2], r[3], json.loads(r[4]), r[5]) for r in rows]

    def last(self) -> int:
        """Sequence number of the newest event; 0 where there is none."""
        query = "SELECT coalesce(max(seq), 0) FROM events"
        return int(self._database.read(lambda c: c.execute(query).get))


def chain(connection: apsw.Connection, entries: Sequence[Entry]) -> list[Sealed]:
    """Append entries to the chain inside a transaction that the caller holds."""
    last = connection.execute("SELECT seq, seal FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    seq, seal = last or (0, GENESIS)
    kept = []
    for entry in entries:
        seq += 1
        body = canonical(dict(entry.body))
        seal = sealed(seal, seq, entry.at, entry.kind, entry.place, body)
        row = (seq, entry.at, entry.kind, entry.place, body, seal)
        connection.execute("INSERT INTO events VALUES(?, ?, ?, ?, ?, ?)", row)
        kept.append(Sealed(seq, seal))
    return kept


def verify(database: Database) -> Verdict:
    """Walk the whole chain and compare every seal."""

    def walk(connection: apsw.Connection) -> Verdict:
        before, expected = GENESIS, 1
        query = "SELECT seq, at, kind, place, body, seal FROM events ORDER BY seq"
        for seq, at, kind, place, body, seal in connection.execute(query):
            if seq != expected:
                return Verdict(False, expected - 1, expected, "an event is missing or was added")
            if sealed(before, seq, at, kind, place, body) != seal:
                return Verdict(False, expected - 1, seq, "an event was altered")
            before, expected = seal, expected + 1
        return Verdict(True, expected - 1)

    return database.read(walk)


def sealed(before: bytes, seq: int, at: float, kind: str, place: str, body: str) -> bytes:
    """The seal of one event on top of the seal before it."""
    facts = canonical([seq, at, kind, place, body])
    return hashlib.sha256(before + facts.encode()).digest()


def canonical(value: Any) -> str:
    """JSON in one form: keys sorted, no spaces, no number that is none."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
