"""One SQLite file, its tables and migrations, and the words for what goes wrong with it.

Written through apsw, which brings an SQLite that is free of the WAL-reset race of 3.7.0 to 3.51.2.
WAL with synchronous FULL: a transaction is on the disk when its call returns.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import apsw

T = TypeVar("T")

MIGRATIONS = (
    """
    CREATE TABLE events(
        seq INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, place TEXT NOT NULL,
        body TEXT NOT NULL, seal BLOB NOT NULL);
    CREATE INDEX events_place ON events(place, seq);
    CREATE TRIGGER events_stay BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
    CREATE TRIGGER events_keep BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
    CREATE TABLE commands(
        id TEXT PRIMARY KEY, key TEXT, principal TEXT NOT NULL, fingerprint TEXT NOT NULL,
        place TEXT NOT NULL, wish TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL,
        asked REAL NOT NULL, intended REAL, finished REAL);
    CREATE UNIQUE INDEX commands_key ON commands(principal, key) WHERE key IS NOT NULL;
    CREATE INDEX commands_open ON commands(state) WHERE state = 'intended';
    CREATE TABLE settings(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE states(name TEXT PRIMARY KEY, form BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE tokens(
        id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, hash BLOB UNIQUE NOT NULL,
        created REAL NOT NULL, revoked REAL);
    CREATE TABLE links(
        hash BLOB PRIMARY KEY, role TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
    CREATE TABLE sessions(
        hash BLOB PRIMARY KEY, role TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
    CREATE TABLE series(id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, digits INTEGER NOT NULL);
    CREATE TABLE hot(
        id INTEGER PRIMARY KEY, hour INTEGER NOT NULL, layout INTEGER NOT NULL,
        form BLOB NOT NULL);
    CREATE INDEX hot_hour ON hot(hour);
    CREATE TABLE layouts(id INTEGER PRIMARY KEY, ids BLOB UNIQUE NOT NULL);
    CREATE TABLE chunks(
        tier INTEGER NOT NULL, start INTEGER NOT NULL, series INTEGER NOT NULL,
        form BLOB NOT NULL, PRIMARY KEY(tier, start, series)) WITHOUT ROWID;
    """,
)

OLDEST = (3, 51, 3)  # SQLite before this can corrupt a WAL file under two connections


class StoreError(Exception):
    """The memory cannot be read or written; the text says which file and why, for a person."""


class Database:
    """A connection that writes and one that reads, each used by one thread at a time."""

    def __init__(self, path: Path, vfs: str | None = None, synchronous: str = "FULL") -> None:
        """Open, check and migrate the file; raises StoreError."""
        self.path = path
        self._vfs = vfs
        self._synchronous = synchronous
        self._writing = threading.RLock()
        self._reading = threading.RLock()
        self._writer: apsw.Connection | None = None
        self._reader: apsw.Connection | None = None
        with self._told():
            self._migrate(self._opened_writer())

    def write(self, action: Callable[[apsw.Connection], T]) -> T:
        """Run an action in one transaction that is on the disk when this returns.

        After a failed write or sync the connection is opened anew, since what it believes to be
        written may not be; nothing of the action is kept then.
        """
        with self._writing, self._told():
            connection = self._opened_writer()
            try:
                return _in_transaction(connection, action)
            except (apsw.IOError, apsw.FullError, apsw.CorruptError, apsw.CantOpenError):
                self._let_go_of_writer()
                raise

    def read(self, action: Callable[[apsw.Connection], T]) -> T:
        """Run an action that only reads."""
        with self._reading, self._told():
            if self._reader is None:
                self._reader = self._connect(apsw.SQLITE_OPEN_READONLY)
            return action(self._reader)

    def close(self) -> None:
        """Let go of the file."""
        with self._writing, self._reading:
            for connection in (self._reader, self._writer):
                if connection is not None:
                    connection.close(True)
            self._reader = self._writer = None

    def _opened_writer(self) -> apsw.Connection:
        if self._writer is None:
            flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
            self._writer = self._connect(flags)
            self._writer.execute("PRAGMA journal_mode = WAL")
            self._writer.execute(f"PRAGMA synchronous = {self._synchronous}")
            self._writer.execute("PRAGMA foreign_keys = ON")
        return self._writer

    def _let_go_of_writer(self) -> None:
        if self._writer is not None:
            writer, self._writer = self._writer, None
            try:
                writer.close(True)
            except apsw.Error:
                pass  # it failed already; a fresh one is opened at the next write

    def _connect(self, flags: int) -> apsw.Connection:
        connection = apsw.Connection(str(self.path), flags=flags, vfs=self._vfs)
        connection.set_busy_timeout(5_000)
        connection.execute("PRAGMA cache_size = -2000")
        return connection

    def _migrate(self, connection: apsw.Connection) -> None:
        version = connection.pragma("user_version")
        if version > len(MIGRATIONS):
            known = len(MIGRATIONS)
            raise StoreError(
                f"{self.path}: found form {version}, expected at most {known}: "
                "it was written by a newer SmartPDU"
            )
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            steps = f"{script}; PRAGMA user_version = {number}"
            _in_transaction(connection, lambda c, s=steps: c.execute(s).fetchall())

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except apsw.Error as error:
            raise StoreError(f"{self.path}: {_words(error)}") from error


def open_database(path: Path, *, vfs: str | None = None, synchronous: str = "FULL") -> Database:
    """The database in a file, made where there is none; raises StoreError."""
    if tuple(int(part) for part in apsw.sqlite_lib_version().split(".")) < OLDEST:
        raise StoreError(f"SQLite {apsw.sqlite_lib_version()} is too old: 3.51.3 is needed")
    return Database(path, vfs, synchronous)


def _in_transaction(connection: apsw.Connection, action: Callable[..., T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = action(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def _words(error: apsw.Error) -> str:
    words: dict[type[Any], str] = {
        apsw.FullError: "disk full",
        apsw.ReadOnlyError: "read-only",
        apsw.IOError: "input/output error",
        apsw.NotADBError: "not a SmartPDU database",
        apsw.CorruptError: "the file is damaged",
        apsw.CantOpenError: "cannot be opened",
        apsw.BusyError: "locked by another program",
    }
    for kind, text in words.items():
        if isinstance(error, kind):
            return f"{text} ({error})"
    return str(error)
