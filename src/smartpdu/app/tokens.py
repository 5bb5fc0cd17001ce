"""`smartpdu token`: bearer tokens, made and ended while the house runs."""

import json
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from smartpdu.runtime.tokens import TokenError, created, listed, revoked


def create(data: Path, role: str, name: str, out: TextIO, err: TextIO) -> int:
    """Print a new token alone."""
    secret = f"spdu_{secrets.token_urlsafe(32)}"
    try:
        created(data, name, role, secret, time.time())
    except TokenError as error:
        print(f"smartpdu: {error}", file=err)
        return 1
    print(secret, file=out)
    return 0


def show(data: Path, as_json: bool, out: TextIO, err: TextIO) -> int:
    """Print all tokens."""
    try:
        rows = listed(data)
    except TokenError as error:
        print(f"smartpdu: {error}", file=err)
        return 1
    for row in rows:
        made = datetime.fromtimestamp(row.created, UTC).isoformat(timespec="seconds")
        if as_json:
            facts = {"id": row.id, "name": row.name, "role": row.role, "created": made}
            print(json.dumps({**facts, "revoked": row.revoked is not None}), file=out)
        else:
            state = "revoked" if row.revoked is not None else "valid"
            print(f"{row.id}  {row.role:8}  {made}  {state:7}  {row.name}", file=out)
    return 0


def revoke(data: Path, id: str, out: TextIO, err: TextIO) -> int:
    """End a token."""
    try:
        done = revoked(data, id, time.time())
    except TokenError as error:
        print(f"smartpdu: {error}", file=err)
        return 1
    if not done:
        print(
            f"smartpdu: found no valid token {id}, expected one of `smartpdu token list`", file=err
        )
        return 2
    print(f"token {id} is revoked", file=out)
    return 0
