"""Who may come in: bearer tokens, one-time links and browser sessions; only hashes are kept.

The secrets are 256 random bits, so a plain SHA-256 of them cannot be searched through.
"""

import hashlib
from dataclasses import dataclass

import apsw

from smartpdu.store.database import Database


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token as it is listed."""

    id: str
    name: str
    role: str
    created: float
    revoked: float | None


def create_token(database: Database, name: str, role: str, secret: str, at: float) -> str:
    """Keep a new token's hash; gives its id."""
    mark = hashed(secret)
    id = mark.hex()[:12]
    query = "INSERT INTO tokens VALUES(?, ?, ?, ?, ?, NULL)"
    database.write(lambda c: c.execute(query, (id, name, role, mark, at)).fetchall())
    return id


def tokens(database: Database) -> list[Token]:
    """All tokens, oldest first."""
    query = "SELECT id, name, role, created, revoked FROM tokens ORDER BY created"
    return [Token(*row) for row in database.read(lambda c: c.execute(query).fetchall())]


def revoke_token(database: Database, id: str, at: float) -> bool:
    """Revoke a token; whether there was a valid one of this id."""

    def action(connection: apsw.Connection) -> bool:
        query = "UPDATE tokens SET revoked = ? WHERE id = ? AND revoked IS NULL"
        connection.execute(query, (at, id))
        return connection.changes() == 1

    return database.write(action)


def role_of_token(database: Database, secret: str) -> tuple[str, str] | None:
    """Id and role of a valid token."""
    query = "SELECT id, role FROM tokens WHERE hash = ? AND revoked IS NULL"
    found: tuple[str, str] | None = database.read(
        lambda c: c.execute(query, (hashed(secret),)).fetchone()
    )
    return found


def create_link(database: Database, role: str, secret: str, expires: float) -> None:
    """Keep a one-time link."""
    query = "INSERT INTO links VALUES(?, ?, ?)"
    database.write(lambda c: c.execute(query, (hashed(secret), role, expires)).fetchall())


def redeem_link(
    database: Database, secret: str, at: float, session: str, lasts: float
) -> str | None:
    """Exchange a link for a session in one transaction; the role, or None if it is no good."""

    def action(connection: apsw.Connection) -> str | None:
        query = "DELETE FROM links WHERE hash = ? AND expires >= ? RETURNING role"
        found = connection.execute(query, (hashed(secret), at)).fetchall()
        connection.execute("DELETE FROM links WHERE expires < ?", (at,))
        connection.execute("DELETE FROM sessions WHERE expires < ?", (at,))
        if not found:
            return None
        row = (hashed(session), found[0][0], at + lasts)
        connection.execute("INSERT INTO sessions VALUES(?, ?, ?)", row)
        return str(found[0][0])

    return database.write(action)


def role_of_session(database: Database, secret: str, at: float) -> str | None:
    """Role of a session that lasts."""
    query = "SELECT role FROM sessions WHERE hash = ? AND expires >= ?"
    found: str | None = database.read(lambda c: c.execute(query, (hashed(secret), at)).get)
    return found


def end_session(database: Database, secret: str) -> None:
    """End a session."""
    query = "DELETE FROM sessions WHERE hash = ?"
    database.write(lambda c: c.execute(query, (hashed(secret),)).fetchall())


def hashed(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()
