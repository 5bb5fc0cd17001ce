"""Settings by name, and the state of the heart between two runs."""

import json
from typing import Any

import apsw

from smartpdu.store.database import Database, rows
from smartpdu.store.journal import canonical


def read(database: Database, key: str, default: Any = None) -> Any:
    """A setting, or the default where it was never written."""
    query = "SELECT value FROM settings WHERE key = ?"

    def found(connection: apsw.Connection) -> Any:
        for (value,) in rows(connection, query, (key,)):
            return json.loads(value)
        return default

    return database.read(found)


def write(database: Database, key: str, value: Any) -> None:
    """Keep a setting; it is on the disk when this returns."""
    query = "INSERT OR REPLACE INTO settings VALUES(?, ?)"
    database.change(query, key, canonical(value))


def read_state(database: Database, name: str) -> bytes | None:
    """The state that was kept last under a name."""
    query = "SELECT form FROM states WHERE name = ?"
    found = database.look_up(query, name)
    return bytes(found[0][0]) if found else None


def put_state(connection: apsw.Connection, name: str, form: bytes) -> None:
    """Keep a state in the place of the one before, inside a transaction that the caller holds."""
    connection.execute("INSERT OR REPLACE INTO states VALUES(?, ?)", (name, form))
