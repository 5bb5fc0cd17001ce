"""Bearer tokens from another process than the one that runs; valid at its next request."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from smartpdu.store import access
from smartpdu.store.access import Token
from smartpdu.store.database import Database, StoreError, open_database

T = TypeVar("T")


class TokenError(Exception):
    """Tokens that cannot be read or written; the text is for a person."""


def created(data: Path, name: str, role: str, secret: str, at: float) -> str:
    """Keep a new token; gives its id."""
    return _with(data, lambda database: access.create_token(database, role, at, secret, name))


def listed(data: Path) -> list[Token]:
    """All tokens."""
    return _with(data, access.tokens)


def revoked(data: Path, id: str, at: float) -> bool:
    """End a token; whether there was one."""
    return _with(data, lambda database: access.revoke_token(database, id, at))


def _with(data: Path, action: Callable[[Database], T]) -> T:
    try:
        data.mkdir(parents=True, exist_ok=True)
        database = open_database(data / "smartpdu.db")
    except OSError as error:
        raise TokenError(f"the data directory {data} cannot be used: {error.strerror}") from None
    except StoreError as error:
        raise TokenError(str(error)) from None
    try:
        return action(database)
    except StoreError as error:
        raise TokenError(str(error)) from None
    finally:
        database.close()
