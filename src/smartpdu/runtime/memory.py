"""The memory as the loop sees it: the store's calls, each in a thread, in the order they came.

The writer has one thread of its own, so the journal's order is the order of the ticks; readers use
another, so that a long look back delays no order. A slow or broken disk holds up neither the loop
nor the collector, and what waits for it is bounded.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import structlog

from smartpdu.model.command import CommandState, SwitchOutlet
from smartpdu.model.event import Event, body
from smartpdu.model.units import Column
from smartpdu.runtime.view import CommandRow, Course, Told, Unrecallable, Unrecorded
from smartpdu.store.commands import Commands, Order, Settled, StoredCommand
from smartpdu.store.database import Database, StoreError, open_database
from smartpdu.store.history import History, Series
from smartpdu.store.journal import Entry, Journal, Record, Sealed
from smartpdu.store.settings import read_state

T = TypeVar("T")
Form = Callable[[], Mapping[str, Any]]  # called in the writer's thread: a large state takes time

HEART = "heart"

LATE = 15  # rows of history that may wait for the disk before that is told
PENDING = 600  # rows of history that wait at most
HANGS = "the disk does not answer"

log = structlog.get_logger()


class Memory:
    """One database file with the journal, commands, settings, access and history in it."""

    def __init__(self, database: Database, series: Sequence[Series] = (), batch: float = 10.0):
        """The memory over an open database; `close` ends its threads and the database."""
        self.database = database
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="reader")
        self._historian = ThreadPoolExecutor(1, thread_name_prefix="historian")
        self._journal = Journal(database)
        self._commands = Commands(database)
        self._history = History(database, series, batch=batch)
        self._handed = 0  # rows of history given to its thread, and those that it is done with
        self._written = 0
        self._unwritten = ""
        self._damaged: set[tuple[str, int]] = set()  # chunks of which somebody was told
        self.overtaken = 0  # rows that were let go because the disk did not answer

    @property
    def troubles(self) -> tuple[str, ...]:
        """Why the history cannot be kept just now; the recorder tells of the rest."""
        hangs = HANGS if self._handed - self._written > LATE else ""
        return tuple(filter(None, (self._unwritten or hangs,)))

    @classmethod
    def at(cls, directory: Path, held: Callable[[], None] | None = None) -> "Memory":
        """The memory in a data directory; raises Unrecorded where it cannot be opened.

        It takes nothing more where `held` raises OSError: the directory is no longer ours.
        """
        try:
            return cls(open_database(directory / "smartpdu.db", held=held))
        except StoreError as error:
            raise Unrecorded(str(error)) from error

    async def write(self, action: Callable[[], T]) -> T:
        """Do something with the store in the writer's thread."""
        return await self._done(self._writer, action)

    async def _done(self, thread: ThreadPoolExecutor, action: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(thread, action)
        except StoreError as error:
            raise Unrecorded(str(error)) from error

    async def read(self, action: Callable[[], T]) -> T:
        """Look something up in the reader's thread."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._reader, action)
        except StoreError as error:
            raise Unrecallable(str(error)) from error

    async def intend(self, orders: Sequence[Order], events: Iterable[Event]) -> list[Told]:
        """Make orders durable, with the events that tell of them; nothing is kept if it fails."""
        entries = [_entry(event) for event in events]
        sealed = await self.write(lambda: self._commands.intend(orders, entries))
        return _told(sealed, entries)

    async def keep(
        self, events: Sequence[Event], settled: Sequence[Settled], state: Form | None = None
    ) -> list[Told]:
        """Keep events, and in the same transaction the ends of commands and the heart's state."""
        entries = [_entry(event) for event in events]

        def kept() -> list[Sealed]:
            states = [] if state is None else [(HEART, _written(state()))]
            return self._commands.settle(settled, entries, *states)

        return _told(await self.write(kept), entries)

    async def told(
        self, after: int, limit: int, place: str = "", kinds: tuple[str, ...] = ()
    ) -> list[Told]:
        """Events of the journal after a sequence number, oldest first."""
        records = await self.read(lambda: self._journal.read(after, limit, place, kinds))
        return [_read(record) for record in records]

    async def last(self) -> int:
        """Sequence number of the newest event."""
        return await self.read(self._journal.last)

    async def command(self, id: str) -> CommandRow | None:
        """A command by its id."""
        return _row(await self.read(lambda: self._commands.find(id)))

    async def command_by_key(self, principal: str, key: str) -> tuple[CommandRow, str] | None:
        """A command by who asked and its idempotency key, with the fingerprint of its body."""
        found = await self.read(lambda: self._commands.by_key(principal, key))
        row = _row(found)
        return None if row is None or found is None else (row, found.fingerprint)

    async def open_commands(self) -> list[CommandRow]:
        """Commands that were intended and have no end yet."""
        found = await self.read(self._commands.open)
        return [row for row in (_row(command) for command in found) if row is not None]

    async def forget_keys(self, before: float) -> None:
        """Forget idempotency keys of commands that were asked before a time."""
        await self.write(lambda: self._commands.forget_keys(before))

    def declare(self, series: Sequence[Series]) -> None:
        """Say which series each following row of `remember` holds."""
        self._historian.submit(self._history.declare, series)

    def remember(self, at: float, values: Column) -> None:
        """Take one row of history; it is written with its batch, in a thread of its own."""
        if self._handed - self._written >= PENDING:
            self.overtaken += 1
            return
        self._handed += 1
        self._historian.submit(self._take, at, values)

    def _take(self, at: float, values: Column) -> None:
        try:
            self._history.append(at, values)
        except (StoreError, ValueError) as error:  # it stays in memory for some minutes
            self._tell_unwritten(str(error))
        else:
            self._tell_unwritten("")
        finally:
            self._written += 1

    def _tell_unwritten(self, why: str) -> None:
        """Say once when history begins and when it ends to wait for the disk."""
        if why and not self._unwritten:
            log.error("history_failing", why=why)
        if self._unwritten and not why:
            log.info("history_writes_again")
        self._unwritten = why

    async def tend(self, at: float) -> None:
        """Seal, roll up and forget history; a chunk that was found damaged is told once."""
        await self._done(self._historian, lambda: self._history.tend(at))
        for table, id in set(self._history.spoiled) - self._damaged:
            self._damaged.add((table, id))
            log.error("history_damaged", table=table, chunk=id)

    async def flush(self) -> None:
        """Write the history that is still in memory."""
        await self._done(self._historian, self._history.flush)

    async def course(self, key: str, unit: str, start: float, end: float, points: int) -> Course:
        """A series over time."""
        trend = await self.read(lambda: self._history.trend(key, start, end, points))
        return Course(trend.at, trend.minimum, trend.mean, trend.maximum, unit)

    async def read_state(self) -> dict[str, Any] | None:
        """The state of the heart of the last run, or None; ValueError where it is none."""
        blob = await self.read(lambda: read_state(self.database, HEART))
        if blob is None:
            return None
        plain = json.loads(blob)
        if not isinstance(plain, dict):
            raise ValueError(f"found a {type(plain).__name__}, expected an object")  # noqa: TRY004
        return plain

    async def access(self, action: Callable[..., T], *arguments: Any) -> T:
        """One of the functions of store.access, with the database before its arguments."""
        return await self.write(lambda: action(self.database, *arguments))

    async def consult(self, action: Callable[..., T], *arguments: Any) -> T:
        """One of the functions of store.access that only read."""
        return await self.read(lambda: action(self.database, *arguments))

    async def close(self) -> None:
        """Write what is left and let go of the file."""
        with suppress(Unrecorded):  # said already; closing goes on
            await self.flush()
        self._historian.shutdown()
        self._writer.shutdown()
        self._reader.shutdown()
        self.database.close()


def order(command: SwitchOutlet, key: str | None, fingerprint: str, asked: float) -> Order:
    """A command as the store keeps it."""
    wish = {"on": command.on}
    return Order(command.id, key, command.by, fingerprint, command.place, wish, asked)


def settled(event: Any, state: CommandState) -> Settled:
    """The end of a command as the store keeps it."""
    return Settled(event.command, state.value, event.reason, event.at)


def _entry(event: Event) -> Entry:
    return Entry(event.at, type(event).__name__, event.place, body(event))


def _told(sealed: Sequence[Any], entries: Sequence[Entry]) -> list[Told]:
    return [
        Told(seal.seq, entry.at, entry.kind, entry.place, entry.body)
        for seal, entry in zip(sealed, entries, strict=True)
    ]


def _read(record: Record) -> Told:
    return Told(record.seq, record.at, record.kind, record.place, record.body)


def _row(found: StoredCommand | None) -> CommandRow | None:
    if found is None:
        return None
    return CommandRow(
        found.id,
        found.place,
        bool(found.wish["on"]),
        found.principal,
        CommandState(found.state),
        found.reason,
        found.asked,
        found.intended,
        found.finished,
    )


def _written(form: Mapping[str, Any]) -> bytes:
    return json.dumps(form, default=_number).encode()


def _number(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"cannot keep a {type(value).__name__}")
