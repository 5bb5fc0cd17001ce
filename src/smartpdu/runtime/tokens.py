"""Bearer tokens from another process than the one that runs; valid at its next request."""

from collections.abc import Callable
from errno import ENOTDIR
from os import strerror
from pathlib import Path
from typing import TypeVar

from smartpdu.store import access
from smartpdu.store.access import Token
from smartpdu.store.database import Database, StoreError, open_database

T = TypeVar("T")


FILE = "smartpdu.db"


class TokenError(Exception):
    """Tokens that cannot be read or written; the text is for a person."""


class NoMemory(TokenError):
    """A directory in which no SmartPDU has kept anything yet."""


def kept(data: Path) -> bool:
    """Whether a SmartPDU keeps its memory in this directory; raises TokenError if none can."""
    try:
        if data.exists() and not data.is_dir():
            raise NotADirectoryError(ENOTDIR, strerror(ENOTDIR))
        return (data / FILE).exists()
    except OSError as error:
        raise _unusable(data, error) from None


def created(data: Path, name: str, role: str, secret: str, at: float) -> str:
    """Keep a new token, in a new memory where there is none; gives its id."""
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(data, error) from None
    return _with(data, lambda database: access.create_token(database, role, at, secret, name))


def listed(data: Path) -> list[Token]:
    """All tokens; raises NoMemory rather than making one."""
    return _with_kept(data, access.tokens)


def revoked(data: Path, id: str, at: float) -> bool:
    """End a token; whether there was one. Raises NoMemory rather than making one."""
    return _with_kept(data, lambda database: access.revoke_token(database, id, at))


def _with_kept(data: Path, action: Callable[[Database], T]) -> T:
    if not kept(data):
        raise NoMemory(f"there is no SmartPDU data directory at {data}")
    return _with(data, action)


def _with(data: Path, action: Callable[[Database], T]) -> T:
    try:
        database = open_database(data / FILE)
    except StoreError as error:
        raise TokenError(str(error)) from None
    try:
        return action(database)
    except StoreError as error:
        raise TokenError(str(error)) from None
    finally:
        database.close()


def _unusable(data: Path, error: OSError) -> TokenError:
    return TokenError(f"the data directory {data} cannot be used: {error.strerror}")
