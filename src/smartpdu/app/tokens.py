"""`smartpdu token`: bearer tokens, made and ended while the house runs or before it first does."""

import json
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from smartpdu.runtime.tokens import NoMemory, TokenError, created, kept, listed, revoked


def create(data: Path, role: str, name: str, out: TextIO, err: TextIO) -> int:
    """Print a new token alone."""
    secret = f"spdu_{secrets.token_urlsafe(32)}"
    if not _sayable(name):
        print(f"smartpdu: --name: found {escaped(name)}, expected UTF-8 text", file=err)
        return 2
    try:
        new = not kept(data)
        created(data, name, role, secret, time.time())
    except TokenError as error:
        return _told(error, err)
    if new:
        print(
            f"smartpdu: made a new data directory at {data}: nobody has run there yet; "
            "the token is good only where `smartpdu run` uses the same one (--data, SMARTPDU_DATA)",
            file=err,
        )
    print(secret, file=out)
    return 0


def show(data: Path, as_json: bool, out: TextIO, err: TextIO) -> int:
    """Print all tokens."""
    try:
        rows = listed(data)
    except TokenError as error:
        return _told(error, err)
    for row in rows:
        made = datetime.fromtimestamp(row.created, UTC).isoformat(timespec="seconds")
        if as_json:
            facts = {"id": row.id, "name": row.name, "role": row.role, "created": made}
            print(json.dumps({**facts, "revoked": row.revoked is not None}), file=out)
        else:
            state = "revoked" if row.revoked is not None else "valid"
            line = f"{row.id}  {row.role:8}  {made}  {state:7}  {escaped(row.name)}"
            print(line.rstrip(), file=out)
    return 0


def revoke(data: Path, id: str, out: TextIO, err: TextIO) -> int:
    """End a token."""
    try:
        done = revoked(data, id, time.time()) if _sayable(id) else False
    except TokenError as error:
        return _told(error, err)
    if not done:
        print(
            f"smartpdu: found no valid token {escaped(id)}, expected one of `smartpdu token list`",
            file=err,
        )
        return 2
    print(f"token {id} is revoked", file=out)
    return 0


def escaped(text: str) -> str:
    """A text with each sign that a terminal would obey, and each backslash, written out."""
    return "".join(
        c if c.isprintable() and c != "\\" else c.encode("unicode_escape").decode() for c in text
    )


def _sayable(text: str) -> bool:
    """Whether a text from the command line is one; bytes that were none come as surrogates."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


def _told(error: TokenError, err: TextIO) -> int:
    print(f"smartpdu: {error}", file=err)
    return 2 if isinstance(error, NoMemory) else 1
