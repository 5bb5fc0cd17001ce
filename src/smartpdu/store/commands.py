"""Commands and how far they came; an intent and its event are one transaction of the journal.

A command that has an end keeps it. An idempotency key of a principal names one command only.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from smartpdu.store.database import Database, StoreError, rows
from smartpdu.store.journal import Entry, Sealed, canonical, chained
from smartpdu.store.settings import put_state

FIELDS = "id, key, principal, fingerprint, place, wish, state, reason, asked, intended, finished"
ENDS = frozenset({"done", "refused", "disobeyed"})


class KeyReused(StoreError):
    """An idempotency key that already belongs to another command, which `command` names."""

    def __init__(self, order: "Order", command: str, same: bool) -> None:
        """Tell whose key it is, and whether it was the same wish."""
        what = "the same wish" if same else "another wish"
        super().__init__(
            f"key {order.key!r} of {order.principal} belongs to command {command} with {what}"
        )
        self.command = command
        self.same = same


@dataclass(frozen=True, slots=True)
class Order:
    """A command that is about to be intended."""

    id: str
    key: str | None
    principal: str
    fingerprint: str  # what is wished, in short: two that differ are not the same wish
    place: str
    wish: Mapping[str, Any]
    asked: float  # UTC, s


@dataclass(frozen=True, slots=True)
class Settled:
    """The end of a command: done, refused or disobeyed."""

    id: str
    state: str
    reason: str
    at: float  # UTC, s


@dataclass(frozen=True, slots=True)
class StoredCommand:
    """A command as it is kept."""

    id: str
    key: str | None
    principal: str
    fingerprint: str
    place: str
    wish: Mapping[str, Any]
    state: str
    reason: str
    asked: float
    intended: float | None
    finished: float | None


class Commands:
    """The commands of a database."""

    def __init__(self, database: Database) -> None:
        """The commands of a database."""
        self._database = database
        self.unmoved: tuple[str, ...] = ()  # ids of the last `settle` that were not open

    def intend(self, orders: Sequence[Order], entries: Sequence[Entry]) -> list[Sealed]:
        """Keep orders as intended, with the events that tell of them, in one transaction.

        On the disk when this returns. Raises StoreError; KeyReused if a key is taken.
        """

        def action(connection: apsw.Connection) -> list[Sealed]:
            for order in orders:
                at = entries[0].at if entries else order.asked
                _enter(connection, order, "intended", "", at, None)
            return chained(connection, entries)

        return self._database.write(action)

    def settle(
        self, ends: Sequence[Settled], entries: Sequence[Entry], *states: tuple[str, bytes]
    ) -> list[Sealed]:
        """Keep ends of commands, events, and states by name, in one transaction.

        An end that stands, stands: `unmoved` then names those commands, and those never intended.
        """
        for end in ends:
            if end.state not in ENDS:
                raise ValueError(f"command {end.id}: found end {end.state!r}, expected {ENDS}")

        def action(connection: apsw.Connection) -> tuple[list[Sealed], tuple[str, ...]]:
            still = tuple(end.id for end in ends if not _ended(connection, end))
            for name, form in states:
                put_state(connection, name, form)
            return chained(connection, entries), still

        sealed, self.unmoved = self._database.write(action)
        return sealed

    def refuse(
        self, order: Order, reason: str, at: float, entries: Sequence[Entry]
    ) -> list[Sealed]:
        """Keep an order that was refused at once and never intended, with its events."""

        def action(connection: apsw.Connection) -> list[Sealed]:
            _enter(connection, order, "refused", reason, None, at)
            return chained(connection, entries)

        return self._database.write(action)

    def find(self, id: str) -> StoredCommand | None:
        """A command by its id."""
        return self._one("id = ?", (id,))

    def by_key(self, principal: str, key: str) -> StoredCommand | None:
        """A command by who asked and under which idempotency key."""
        return self._one("principal = ? AND key = ?", (principal, key))

    def open(self) -> list[StoredCommand]:
        """Commands that were intended and have no end yet, oldest first."""
        return self._all("state = 'intended' ORDER BY intended, id", ())

    def forget_keys(self, before: float) -> int:
        """Forget the keys of commands that were asked before a time; how many. Commands stay."""
        query = "UPDATE commands SET key = NULL WHERE key IS NOT NULL AND asked < ? RETURNING 1"
        return len(self._database.change(query, before))

    def _one(self, where: str, values: tuple[str, ...]) -> StoredCommand | None:
        found = self._all(where, values)
        return found[0] if found else None

    def _all(self, where: str, values: tuple[str, ...]) -> list[StoredCommand]:
        query = f"SELECT {FIELDS} FROM commands WHERE {where}"

        def found(connection: apsw.Connection) -> list[StoredCommand]:
            kept = rows(connection, query, values)
            return [StoredCommand(*(*r[:5], json.loads(r[5]), *r[6:])) for r in kept]

        return self._database.read(found)


def _enter(
    connection: apsw.Connection,
    order: Order,
    state: str,
    reason: str,
    intended: float | None,
    finished: float | None,
) -> None:
    query = "SELECT id, fingerprint FROM commands WHERE principal = ? AND key = ?"
    for command, fingerprint in rows(connection, query, (order.principal, order.key)):
        raise KeyReused(order, command, fingerprint == order.fingerprint)
    who = (order.id, order.key, order.principal, order.fingerprint, order.place)
    how = (canonical(dict(order.wish)), state, reason, order.asked, intended, finished)
    query = f"INSERT INTO commands({FIELDS}) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    connection.execute(query, who + how)


def _ended(connection: apsw.Connection, end: Settled) -> bool:
    query = (
        "UPDATE commands SET state = ?, reason = ?, finished = ? "
        "WHERE id = ? AND state = 'intended' RETURNING 1"
    )
    return bool(rows(connection, query, (end.state, end.reason, end.at, end.id)))
