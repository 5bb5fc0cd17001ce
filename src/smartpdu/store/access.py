"""Who may come in: bearer tokens, one-time links and browser sessions; only hashes are kept (14.2).

The secrets are 256 random bits, so a plain SHA-256 of one cannot be searched through. All times
are UTC seconds. All of this works from a second process while the first one runs.
"""

import hashlib
from dataclasses import dataclass

import apsw

from smartpdu.store.database import Database, rows


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token as it is listed."""

    id: str
    name: str
    role: str
    created: float
    revoked: float | None


def create_token(database: Database, role: str, at: float, secret: str, name: str = "") -> str:
    """Keep a new token's hash; gives its id, by which it is listed and revoked."""
    mark = hashed(secret)
    id = mark.hex()[:12]
    query = "INSERT INTO tokens VALUES(?, ?, ?, ?, ?, NULL)"
    database.change(query, id, name, role, mark, at)
    return id


def tokens(database: Database) -> list[Token]:
    """All tokens, oldest first."""
    query = "SELECT id, name, role, created, revoked FROM tokens ORDER BY created, id"
    return [Token(*row) for row in database.look_up(query)]


def revoke_token(database: Database, id: str, at: float) -> bool:
    """Revoke a token; whether there was a valid one of this id."""
    query = "UPDATE tokens SET revoked = ? WHERE id = ? AND revoked IS NULL RETURNING 1"
    return bool(database.change(query, at, id))


def valid_token(database: Database, secret: str) -> Token | None:
    """The token that this secret opens, unless it was revoked."""
    query = "SELECT id, name, role, created, revoked FROM tokens WHERE hash = ? AND revoked IS NULL"
    found = database.look_up(query, hashed(secret))
    return Token(*found[0]) if found else None


def create_link(database: Database, role: str, secret: str, expires: float) -> None:
    """Keep a one-time link."""
    query = "INSERT INTO links VALUES(?, ?, ?)"
    database.change(query, hashed(secret), role, expires)


def redeem_link(
    database: Database, secret: str, at: float, session: str, lasts: float
) -> str | None:
    """Exchange a link for a session of so many seconds; its role, or None if it is no good.

    One transaction: of two that show the same link at once, one gets in.
    """

    def action(connection: apsw.Connection) -> str | None:
        query = "DELETE FROM links WHERE hash = ? AND expires > ? RETURNING role"
        found = rows(connection, query, (hashed(secret), at))
        connection.execute("DELETE FROM links WHERE expires <= ?", (at,))
        connection.execute("DELETE FROM sessions WHERE expires <= ?", (at,))
        if not found:
            return None
        row = (hashed(session), found[0][0], at + lasts)
        connection.execute("INSERT INTO sessions VALUES(?, ?, ?)", row)
        return str(found[0][0])

    return database.write(action)


def role_of_session(database: Database, secret: str, at: float) -> str | None:
    """Role of a session that lasts."""
    query = "SELECT role FROM sessions WHERE hash = ? AND expires > ?"
    found = database.look_up(query, hashed(secret), at)
    return str(found[0][0]) if found else None


def end_session(database: Database, secret: str) -> None:
    """End a session."""
    query = "DELETE FROM sessions WHERE hash = ?"
    database.change(query, hashed(secret))


def hashed(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
