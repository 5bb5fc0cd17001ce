"""Settings by name, and the state of the heart between two runs."""

import json
from typing import Any

from smartpdu.store.database import Database
from smartpdu.store.journal import canonical


def read(database: Database, key: str, default: Any = None) -> Any:
    """A setting, or the default where it was never written."""
    query = "SELECT value FROM settings WHERE key = ?"
    found = database.read(lambda c: c.execute(query, (key,)).get)
    return default if found is None else json.loads(found)


def write(database: Database, key: str, value: Any) -> None:
    """Keep a setting; it is on the disk when this returns."""
    query = "INSERT OR REPLACE INTO settings VALUES(?, ?)"
    database.write(lambda c: c.execute(query, (key, canonical(value))).fetchall())


def read_state(database: Database, name: str) -> bytes | None:
    """A state that was kept under a name."""
    query = "SELECT form FROM states WHERE name = ?"
    found: bytes | None = database.read(lambda c: c.execute(query, (name,)).get)
    return found


def write_state(database: Database, name: str, form: bytes) -> None:
    """Keep a state under a name."""
    query = "INSERT OR REPLACE INTO states VALUES(?, ?)"
    database.write(lambda c: c.execute(query, (name, form)).fetchall())
