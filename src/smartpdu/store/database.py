"""One SQLite file, opened and brought to today's form, and the words for what goes wrong with it.

Written through apsw, which brings an SQLite that is free of the WAL-reset race of 3.7.0 to 3.51.2.
The laws of this file:

1. WAL with synchronous FULL: a transaction is on the disk when its call returns.
2. After a failed write or sync nothing of it is acknowledged, and the connection is opened anew:
   what the system believes to be written after a failed sync may be lost. While the program runs
   it is not found either; only after a crash may it be (it was never acknowledged, but written).
3. Nobody above sees an error of SQLite: all of them are StoreError, in words for a person.
4. A file that is not ours, or of a form that we do not know, is left as it is, byte for byte.
5. Nothing is acknowledged that went into a file which is no longer where it was: SQLite itself
   writes on into one that was deleted, and would make a new one where it is opened anew.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import apsw

from smartpdu.store.schema import MARK, STEPS

T = TypeVar("T")
Row = tuple[Any, ...]

OLDEST = (3, 51, 3)  # SQLite before this can corrupt a WAL file under two connections
PATIENCE = 5_000  # ms that one process waits for another one's transaction
SYNCHRONOUS = ("FULL", "EXTRA", "NORMAL", "OFF")
PARTS = ("", "-wal", "-shm")  # of a database that is in use: what is read anew lies in all of them
MOVED = "a file of the database was removed or replaced while in use"

WORDS: tuple[tuple[type[apsw.Error], str], ...] = (
    (apsw.FullError, "the disk is full"),
    (apsw.ReadOnlyError, "the disk or the file is read-only"),
    (apsw.IOError, "input/output error"),
    (apsw.NotADBError, "not a database"),
    (apsw.CorruptError, "the file is damaged"),
    (apsw.CantOpenError, "cannot be opened"),
    (apsw.BusyError, "locked by another program"),
    (apsw.LockedError, "locked by another program"),
)
HARMLESS = (apsw.BusyError, apsw.ConstraintError)  # after these the connection can be trusted


class StoreError(Exception):
    """The memory cannot be read or written; the text says which file and why, for a person."""


class Database:
    """A connection that writes and one that reads, each used by one thread at a time.

    A third one only stays. While it does, SQLite keeps the index of its log, which does not know
    what a failed transaction left there; without it the next one to open would read that as kept.
    """

    def __init__(
        self,
        path: Path,
        vfs: str | None = None,
        synchronous: str = "FULL",
        held: Callable[[], None] | None = None,
    ) -> None:
        """Open, check and migrate the file; raises StoreError.

        `held` raises OSError where something else that must stay in its place does not.
        """
        self.path = path
        self._held = held
        self._known: dict[Path, os.stat_result] = {}  # files as they were found when opened
        self._made = False
        self._vfs = vfs
        self._synchronous = synchronous
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        self._writer: apsw.Connection | None = None
        self._reader: apsw.Connection | None = None
        self._anchor: apsw.Connection | None = None
        try:
            self.write(self._migrated)
            with self._told():
                self._anchor = self._opened()
            self._known, self._made = _found(path), True
        except StoreError:
            self.close()
            raise

    def write(self, action: Callable[[apsw.Connection], T]) -> T:
        """Do something in one transaction that is on the disk when this returns.

        Raises StoreError, or what the action raises; nothing of the action is kept then.
        """
        with self._writing, self._told():
            self._must_be_there()
            if self._writer is None:
                self._writer = self._opened()
            try:
                result = _in_transaction(self._writer, "IMMEDIATE", action)
            except apsw.Error as error:
                if not isinstance(error, HARMLESS):
                    _let_go(self._writer)
                    self._writer = None
                raise
            self._must_be_there()  # it may have gone while it was written
            return result

    def read(self, action: Callable[[apsw.Connection], T]) -> T:
        """Look something up; all that the action reads is of one moment."""
        with self._reading, self._told():
            if self._reader is None:
                self._reader = self._opened()
                self._reader.execute("PRAGMA query_only = ON")
            try:
                return _in_transaction(self._reader, "DEFERRED", action)
            except apsw.Error as error:
                if not isinstance(error, HARMLESS):
                    _let_go(self._reader)
                    self._reader = None
                raise

    def look_up(self, query: str, *values: Any) -> list[Row]:
        """All rows that a query gives."""
        return self.read(lambda connection: rows(connection, query, values))

    def change(self, query: str, *values: Any) -> list[Row]:
        """Do one statement in a transaction of its own; the rows that it returns."""
        return self.write(lambda connection: rows(connection, query, values))

    def close(self) -> None:
        """Let go of the file."""
        with self._writing, self._reading:
            for connection in (self._reader, self._writer, self._anchor):
                _let_go(connection)
            self._reader = self._writer = self._anchor = None
            self._known = {}

    def _must_be_there(self) -> None:
        """Raise StoreError unless every file is still the one that was opened.

        While they are open, the system gives their numbers to no other file.
        """
        if self._held is not None:
            self._held()
        for file, known in self._known.items():
            try:
                stays = os.path.samestat(file.stat(), known)
            except FileNotFoundError:
                stays = False
            if not stays:
                raise StoreError(f"{file}: {MOVED}")

    def _opened(self) -> apsw.Connection:
        self._must_be_there()
        flags = apsw.SQLITE_OPEN_READWRITE | (0 if self._made else apsw.SQLITE_OPEN_CREATE)
        connection = apsw.Connection(str(self.path), flags=flags, vfs=self._vfs)
        try:
            connection.set_busy_timeout(PATIENCE)
            # another program's file is told before its mode is changed
            _in_transaction(connection, "DEFERRED", self._form)
            if _mode_with_log(connection) != "wal":
                raise StoreError(f"{self.path}: no write-ahead log can be kept on this disk")
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
            connection.execute("PRAGMA foreign_keys = ON; PRAGMA cache_size = -1000")
        except BaseException:
            _let_go(connection)
            raise
        return connection

    def _form(self, connection: apsw.Connection) -> int:
        """Which form of the memory the file has, 0 if it is empty; raises StoreError."""
        form, mark = connection.pragma("user_version"), connection.pragma("application_id")
        filled = rows(connection, "SELECT 1 FROM sqlite_master LIMIT 1")
        if mark != MARK and (mark or form or filled):
            raise StoreError(f"{self.path}: found a database of another program, not SmartPDU's")
        if not 0 <= form <= len(STEPS):
            raise StoreError(
                f"{self.path}: found form {form} of the memory, expected at most {len(STEPS)}: "
                "it was written by a newer SmartPDU"
            )
        return int(form)

    def _migrated(self, connection: apsw.Connection) -> None:
        """Bring the file to today's form; one that has it is not written to."""
        form = self._form(connection)  # another process may have been here since it was opened
        if form == len(STEPS):
            return
        for step in STEPS[form:]:
            connection.execute(step)
        connection.execute(f"PRAGMA user_version = {len(STEPS)}; PRAGMA application_id = {MARK}")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except apsw.Error as error:
            raise StoreError(f"{self.path}: {words(error)}") from error
        except OSError as error:
            raise StoreError(f"{error.filename}: {error.strerror}") from error
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise StoreError(f"{self.path}: the file is damaged ({error})") from error


def open_database(
    path: Path,
    *,
    vfs: str | None = None,
    synchronous: str = "FULL",
    held: Callable[[], None] | None = None,
) -> Database:
    """The database in a file, made where there is none; raises StoreError.

    A new file is readable by its owner alone: it holds what tells who may come in.
    """
    if tuple(int(part) for part in apsw.sqlite_lib_version().split(".")) < OLDEST:
        raise StoreError(f"SQLite {apsw.sqlite_lib_version()} is too old: 3.51.3 is needed")
    if synchronous not in SYNCHRONOUS:
        raise ValueError(f"synchronous: found {synchronous!r}, expected one of {SYNCHRONOUS}")
    if vfs is None:
        try:
            path.touch(mode=0o600)
        except OSError as error:
            raise StoreError(f"{path}: cannot be opened ({error.strerror})") from error
    return Database(path, vfs, synchronous, held)


def rows(connection: apsw.Connection, query: str, values: Sequence[Any] = ()) -> list[Row]:
    """All rows that a query gives, inside a transaction that the caller holds."""
    return connection.execute(query, values).fetchall()


def _found(path: Path) -> dict[Path, os.stat_result]:
    """The files of an open database; none where another kind of disk keeps them."""
    files = (path.with_name(path.name + part) for part in PARTS)
    return {file: file.stat() for file in files if file.exists()}


def _in_transaction(
    connection: apsw.Connection, kind: str, action: Callable[[apsw.Connection], T]
) -> T:
    connection.execute(f"BEGIN {kind}")
    try:
        result = action(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            with suppress(apsw.Error):  # the first error is the one to tell
                connection.execute("ROLLBACK")
        raise
    return result


def _mode_with_log(connection: apsw.Connection) -> str:
    """Switch to the log; where processes switch a new file at once, SQLite itself does not wait."""
    end = time.monotonic() + PATIENCE / 1000
    while True:
        try:
            return str(connection.pragma("journal_mode", "WAL"))
        except apsw.BusyError:
            if time.monotonic() > end:
                raise
        time.sleep(0.01)


def _let_go(connection: apsw.Connection | None) -> None:
    if connection is not None:
        with suppress(apsw.Error):  # a disk that failed may fail here as well
            connection.close(True)


def words(error: apsw.Error) -> str:
    """What is wrong with a file, for a person."""
    for kind, text in WORDS:
        if isinstance(error, kind):
            return f"{text} ({error})"
    return str(error)
