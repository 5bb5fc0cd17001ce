"""What the seals of a journal show, from a file that is only read (12.2).

A chain that holds shows that nothing was changed, taken out, moved or put in by somebody who did
not make all seals behind it anew. Whoever can write the file can do that, and can cut events off
at the end. Both are seen by whoever kept a seal elsewhere: it stands in the chain, or not any more.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import apsw

from smartpdu.store.database import PATIENCE, Database, StoreError, rows, words
from smartpdu.store.journal import GENESIS, Verdict, chain_from, walked
from smartpdu.store.schema import MARK, STEPS

BATCH = 5_000  # events between two words of how far it has come
AGAIN = 3  # times that a file which another program began to write meanwhile is read anew


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found: the chain, from when to when, its last seal, where the kept one stands."""

    verdict: Verdict
    first: float | None  # UTC, s
    last: float | None
    seal: bytes  # of the last event that holds
    kept: int | None  # number of the event that has the seal which was asked for


class _Passed:
    """What is remembered of the events that hold."""

    def __init__(self, wanted: bytes, tell: Callable[[int], None]) -> None:
        self.first: float | None = None
        self.last: float | None = None
        self.seal = GENESIS
        self.kept = 0 if wanted == GENESIS else None
        self._wanted = wanted
        self._tell = tell

    def take(self, seq: int, at: float, seal: bytes) -> None:
        """Take the next event."""
        if self.first is None:
            self.first = at
        self.last, self.seal = at, seal
        if seal == self._wanted:
            self.kept = seq
        if seq % BATCH == 0:
            self._tell(seq)


def prove(path: Path, wanted: bytes, tell: Callable[[int, int], None]) -> Proof:
    """Read a journal, also while a program writes it, and change nothing; raises StoreError.

    `tell` hears how many events of how many were looked at.
    """
    for _ in range(AGAIN):
        quiet = not _log(path).exists()
        before = _mark(path)
        proof = _read(path, quiet, lambda connection: _proved(connection, wanted, tell))
        if not quiet or (_mark(path) == before and not _log(path).exists()):
            return proof
    raise StoreError(f"{path}: it is opened and closed all the time; nothing was shown")


def newest_hold(database: Database, count: int) -> Verdict:
    """Whether the newest events, so many, are a chain; the one before them is taken as it is."""

    def action(connection: apsw.Connection) -> Verdict:
        last = int(rows(connection, "SELECT coalesce(max(seq), 0) FROM events")[0][0])
        return chain_from(connection, max(0, last - count))

    return database.read(action)


def _proved(connection: apsw.Connection, wanted: bytes, tell: Callable[[int, int], None]) -> Proof:
    total = int(rows(connection, "SELECT count(*) FROM events")[0][0])
    passed = _Passed(wanted, lambda done: tell(done, total))
    verdict = walked(connection, passed.take)
    return Proof(verdict, passed.first, passed.last, passed.seal, passed.kept)


def _read(path: Path, quiet: bool, action: Callable[[apsw.Connection], Proof]) -> Proof:
    """Do something in one look at a file; a quiet one has no log, and none is made beside it."""
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    how = "immutable=1" if quiet else "mode=ro"
    try:
        connection = apsw.Connection(f"{path.absolute().as_uri()}?{how}", flags=flags)
        try:
            connection.set_busy_timeout(PATIENCE)
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            connection.execute("BEGIN")
            _must_be_ours(connection, path)
            return action(connection)
        finally:
            with suppress(apsw.Error):  # what was found first is told
                connection.close(True)
    except apsw.Error as error:
        raise StoreError(f"{path}: {words(error)}") from error


def _must_be_ours(connection: apsw.Connection, path: Path) -> None:
    form, mark = connection.pragma("user_version"), connection.pragma("application_id")
    if mark != MARK:
        raise StoreError(f"{path}: found no memory of SmartPDU in it")
    if not 0 < form <= len(STEPS):
        raise StoreError(f"{path}: found form {form} of the memory, expected 1 to {len(STEPS)}")


def _log(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _mark(path: Path) -> tuple[int, int, int]:
    """What changes when somebody writes into a file; raises StoreError where there is none."""
    try:
        found: os.stat_result = path.stat()
    except OSError as error:
        raise StoreError(f"{path}: cannot be opened ({error.strerror})") from error
    return found.st_ino, found.st_size, found.st_mtime_ns
