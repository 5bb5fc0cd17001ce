"""Events in an append-only row, each sealed with the hash of the one before (12.2, 15.2).

seal(n) = SHA-256(seal(n-1) || canonical JSON of [seq, at, kind, place, body]), and seal(0) is
GENESIS. The sequence number and the seal before are both taken inside one BEGIN IMMEDIATE, so two
processes cannot fork the chain.

Known limits until the journal is a tree whose head others keep: events cut off at the very end,
and a chain that somebody wrote anew from a place on with fresh seals, are not seen by `verify`
alone. A seal that was kept elsewhere shows both (store/proof.py).
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apsw
import numpy as np

from smartpdu.store.database import Database, Row, rows

TEXTS = ("kind", "place", "body")
SEAL = "CASE typeof(seal) WHEN 'blob' THEN seal END"
GENESIS = hashlib.sha256(b"SmartPDU journal, form 1").digest()
# What has not the form in which it was written is no value at all: whoever changes the file can
# make text of bytes, or bytes that are no text.
COLUMNS = (
    "seq, CASE typeof(at) WHEN 'real' THEN at END, "
    + "".join(f"CASE typeof({t}) WHEN 'text' THEN CAST({t} AS BLOB) END, " for t in TEXTS)
    + SEAL
)
FURTHEST = 2**63 - 1  # what SQLite can count
ALTERED = "altered"
MISSING = "missing"
REORDERED = "reordered"
INSERTED = "inserted"
DAMAGED = "damaged"
UNREADABLE = "Unreadable"  # the kind of an event that cannot be read any more


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
    """Whether the chain holds, how many events of it do, and the first that breaks it."""

    ok: bool
    count: int
    seq: int | None = None
    why: str = ""


def _nothing(_seq: int, _at: float, _seal: bytes) -> None:
    """Whoever walks the chain need not hear of each event."""


class Journal:
    """The append-only row of events in a database."""

    def __init__(self, database: Database) -> None:
        """The journal of a database."""
        self._database = database

    def append(self, entries: Sequence[Entry]) -> list[Sealed]:
        """Keep entries in their order; they are on the disk when this returns."""
        if not entries:
            return []
        return self._database.write(lambda connection: chained(connection, entries))

    def read(
        self, after: int, limit: int, place: str = "", kinds: Sequence[str] = ()
    ) -> list[Record]:
        """Events after a sequence number, at a place or below it, of some kinds, oldest first.

        One that somebody made unreadable is told as such, and hides no other.
        """
        where = "seq > ?"
        values: list[Any] = [min(after, FURTHEST)]
        if place:
            where += " AND (place = ? OR substr(place, 1, ?) = ?)"
            values += [place, len(place) + 1, place + "/"]
        if kinds:
            where += f" AND kind IN ({','.join('?' * len(kinds))})"
            values += list(kinds)
        query = f"SELECT {COLUMNS} FROM events WHERE {where} ORDER BY seq LIMIT ?"
        found = self._database.look_up(query, *values, min(max(0, limit), FURTHEST))
        return [_record(row) for row in found]

    def last(self) -> int:
        """Sequence number of the newest event; 0 where there is none."""
        return int(self._database.look_up("SELECT coalesce(max(seq), 0) FROM events")[0][0])


def chained(connection: apsw.Connection, entries: Sequence[Entry]) -> list[Sealed]:
    """Append entries to the chain, inside a transaction that the caller holds."""
    last = rows(connection, "SELECT seq, CAST(seal AS BLOB) FROM events ORDER BY seq DESC LIMIT 1")
    seq, seal = last[0] if last else (0, GENESIS)
    kept = []
    for entry in entries:
        seq += 1
        at = float(entry.at) + 0.0  # SQLite knows no -0.0
        kind, place = plain(entry.kind), plain(entry.place)
        if not math.isfinite(at):
            raise ValueError(f"event {kind} of {place}: found time {at}, expected UTC seconds")
        body = canonical(dict(entry.body))
        seal = seal_on(seal, seq, at, kind, place, body)
        row = (seq, at, kind, place, body, seal)
        connection.execute("INSERT INTO events VALUES(?, ?, ?, ?, ?, ?)", row)
        kept.append(Sealed(seq, seal))
    return kept


def seal_on(before: bytes, seq: int, at: float, kind: str, place: str, body: str) -> bytes:
    """The seal of one event on top of the seal before it; `body` is canonical JSON already."""
    facts = canonical([seq, at, kind, place])[:-1] + f",{body}]"
    return hashlib.sha256(before + facts.encode()).digest()


def canonical(value: Any) -> str:
    """JSON in one form: keys sorted, no spaces, null for a number that is none."""
    return json.dumps(
        plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def plain(value: Any) -> Any:
    """A value as JSON and SQLite can hold it: a gap is None, half a character is a mark."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case Mapping():
            return {plain(str(key)): plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case np.generic() | np.ndarray():
            return plain(value.tolist())
        case float() if not math.isfinite(value):
            return None
    return value


def verify(database: Database) -> Verdict:
    """Walk the whole chain, compare every seal, and look whether the table itself is sound."""
    return database.read(walked)


def walked(
    connection: apsw.Connection, passed: Callable[[int, float, bytes], None] = _nothing
) -> Verdict:
    """Walk the whole chain as `verify` does, inside a transaction that the caller holds.

    Each event that holds is passed on: its number, time and seal.
    """
    verdict = chain_from(connection, 0, passed)
    # the walk follows the leaves; a search from above could still be led past some of them
    if verdict.ok and rows(connection, "PRAGMA integrity_check(events)") != [("ok",)]:
        return Verdict(False, verdict.count, None, DAMAGED)
    return verdict


def chain_from(
    connection: apsw.Connection, start: int, passed: Callable[[int, float, bytes], None] = _nothing
) -> Verdict:
    """Walk the chain behind an event, which is taken as it is; behind 0 it is the whole one."""
    before, good = _seal(connection, start), start
    if before is None:
        return Verdict(False, 0, start, MISSING)
    where = f"WHERE seq > {start:d}" if start else ""  # from 0 on what should not be is seen too
    walk: Iterable[Row] = connection.execute(f"SELECT {COLUMNS} FROM events {where} ORDER BY seq")
    for row in walk:
        if row[0] is None:  # the table is not the one that was made
            return Verdict(False, good - start, None, DAMAGED)
        if row[0] < 1:
            return Verdict(False, good - start, row[0], INSERTED)
        if row[0] != good + 1:
            return Verdict(False, good - start, good + 1, MISSING)
        if not _fits(before, good + 1, row):
            seq, why = _diagnosed(connection, good, row, start)
            return Verdict(False, max(0, min(good, seq - 1) - start), seq, why)
        before, good = row[5], good + 1
        passed(good, row[1], row[5])
    return Verdict(True, good - start)


def _fits(before: bytes | None, seq: int, row: Row | None) -> bool:
    """Whether a row's seal is that of its content at this number, on top of this seal."""
    if before is None or row is None or row[1] is None:
        return False
    kind, place, body = (_text(part) for part in row[2:5])
    if kind is None or place is None or body is None:
        return False
    return bool(seal_on(before, seq, row[1], kind, place, body) == row[5])


def _text(part: bytes | None) -> str | None:
    try:
        return None if part is None else part.decode()
    except UnicodeDecodeError:
        return None


def _record(row: Row) -> Record:
    seq, at, *parts, seal = row
    kind, place, body = (_text(part) for part in parts)
    try:
        values = json.loads(body or "")
    except ValueError:
        values = None
    if at is None or kind is None or place is None or not isinstance(values, dict):
        return Record(seq, at or 0.0, UNREADABLE, place or "", {}, seal or b"")
    return Record(seq, at, kind, place, values, seal or b"")


def _diagnosed(connection: apsw.Connection, good: int, row: Row, start: int) -> tuple[int, str]:
    """What happened to the first row whose seal does not fit, from where it would fit."""
    seq = good + 1
    if _fits(_seal(connection, seq - 2), seq - 1, row):
        return seq - 1, INSERTED  # a forged one pushed it back
    following = _row(connection, seq + 1)
    if _fits(_seal(connection, seq - 1), seq, following):
        return seq, INSERTED
    if _fits(row[5], seq + 2, following):
        return seq, MISSING  # those behind it moved up
    if _fits_elsewhere(connection, row, start):
        return seq, REORDERED
    return seq, ALTERED


def _fits_elsewhere(connection: apsw.Connection, row: Row, start: int) -> bool:
    before = _seal(connection, start)
    query = f"SELECT seq, {SEAL} FROM events WHERE seq > ? ORDER BY seq"
    walk: Iterable[Row] = connection.execute(query, (start,))
    for seq, seal in walk:
        # the seal below its true place may itself have moved there, hence both
        if seq != row[0] and (_fits(before, seq, row) or _fits(seal, seq, row)):
            return True
        before = seal
    return False


def _row(connection: apsw.Connection, seq: int) -> Row | None:
    found = rows(connection, f"SELECT {COLUMNS} FROM events WHERE seq = ?", (seq,))
    return found[0] if found else None


def _seal(connection: apsw.Connection, seq: int) -> bytes | None:
    if seq == 0:
        return GENESIS
    found = _row(connection, seq)
    return None if found is None else found[5]
