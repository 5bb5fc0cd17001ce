"""Commands and how far they came; an intent and its event are one transaction of the journal.

A command that has an end never changes again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from smartpdu.store.database import Database
from smartpdu.store.journal import Entry, Sealed, canonical, chain

FIELDS = "id, key, principal, fingerprint, place, wish, state, reason, asked, intended, finished"


@dataclass(frozen=True, slots=True)
class Order:
    """A command that is about to be intended."""

    id: str
    key: str | None
    principal: str
    fingerprint: str
    place: str
    wish: Mapping[str, Any]
    asked: float


@dataclass(frozen=True, slots=True)
class Settled:
    """The end of a command: done, refused or disobeyed."""

    id: str
    state: str
    reason: str
    at: float


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

    def intend(self, orders: Sequence[Order], entries: Sequence[Entry]) -> list[Sealed]:
        """Keep orders as intended, with the events that tell of them, in one transaction."""
        at = entries[0].at if entries else orders[0].asked

        def action(connection: apsw.Connection) -> list[Sealed]:
            for o in orders:
                row = (o.id, o.key, o.principal, o.fingerprint, o.place, canonical(dict(o.wish)))
                connection.execute(
                    f"INSERT INTO commands({FIELDS}) "
                    "VALUES(?, ?, ?, ?, ?, ?, 'intended', '', ?, ?, NULL)",
                    (*row, o.asked, at),
                )
            return chain(connection, entries)

        return self._database.write(action)

    def settle(self, ends: Sequence[Settled], entries: Sequence[Entry]) -> list[Sealed]:
        """Keep ends of commands, and events, in one transaction; an end that stands, stands."""

        def action(connection: apsw.Connection) -> list[Sealed]:
            for end in ends:
                connection.execute(
                    "UPDATE commands SET state = ?, reason = ?, finished = ? "
                    "WHERE id = ? AND state = 'intended'",
                    (end.state, end.reason, end.at, end.id),
                )
            return chain(connection, entries)

        return self._database.write(action)

    def find(self, id: str) -> StoredCommand | None:
        """A command by its id."""
        return self._one("id = ?", (id,))

    def by_key(self, principal: str, key: str) -> StoredCommand | None:
        """A command by who asked and under which idempotency key."""
        return self._one("principal = ? AND key = ?", (principal, key))

    def open(self) -> list[StoredCommand]:
        """Commands that were intended and have no end yet, oldest first."""
        return self._all("state = 'intended' ORDER BY intended", ())

    def forget_keys(self, before: float) -> None:
        """Forget the keys of commands that were asked before a time; the commands stay."""
        query = "UPDATE commands SET key = NULL WHERE key IS NOT NULL AND asked < ?"
        self._database.write(lambda c: c.execute(query, (before,)).fetchall())

    def _one(self, where: str, values: tuple[str, ...]) -> StoredCommand | None:
        found = self._all(where, values)
        return found[0] if found else None

    def _all(self, where: str, values: tuple[str, ...]) -> list[StoredCommand]:
        query = f"SELECT {FIELDS} FROM commands WHERE {where}"
        rows = self._database.read(lambda c: c.execute(query, values).fetchall())
        return [StoredCommand(*r[:5], json.loads(r[5]), *r[6:]) for r in rows]
