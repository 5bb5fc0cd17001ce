"""Plain data as bytes with their checksum before them: what changed on the disk is found out."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any


class Damaged(Exception):
    """Bytes that are not what was written; the text says why."""


def sealed(form: int, content: Mapping[str, Any]) -> bytes:
    """The bytes of plain data of such a form; raises ValueError for numbers that are none."""
    text = json.dumps({"form": form, **content}, allow_nan=False).encode()
    return sha256(text).hexdigest().encode() + b"\n" + text


def unsealed(form: int, whole: bytes) -> dict[str, Any]:
    """The plain data that was written so; raises Damaged."""
    seal, _, text = whole.partition(b"\n")
    if sha256(text).hexdigest().encode() != seal:
        raise Damaged("its checksum does not fit")
    try:
        content: dict[str, Any] = json.loads(text)
        found = content.pop("form")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Damaged(f"it is not of ours: {error!r}") from error
    if found != form:
        raise Damaged(f"it is of form {found!r}, this program knows {form}")
    return content
