"""A time as somebody may ask for it: seconds since 1970 in UTC, or RFC 3339 with its zone."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

FAR = 2.0**33  # s: the year 2242
EXAMPLE = "2026-11-25T10:00:00Z"
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")
# a plus that is not escaped comes out of a query as a blank; nothing else can be meant by it
TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?)"
    r"([Zz]|[+ -][0-9]{2}:[0-9]{2})?"
)
SECONDS = {"type": "number", "minimum": 0, "maximum": FAR}
SCHEMA = {
    "anyOf": [{"type": "string", "format": "date-time"}, SECONDS],
    "examples": [EXAMPLE, "2026-11-25T11:00:00+01:00", 1795600800],
}


def seconds(text: str) -> float:
    """A time in seconds UTC; what is none is told as a fault."""
    at = float(text) if NUMBER.fullmatch(text) else _timestamp(text)
    if not 0 <= at <= FAR:
        raise _fault("a time from 1970 to 2242")
    return at


def _timestamp(text: str) -> float:
    found = TIME.fullmatch(text)
    if found is None:
        raise _fault(f"seconds UTC, or a time as {EXAMPLE} (RFC 3339)")
    day, clock, zone = found.groups()
    if zone is None:
        raise _fault(f"a time with its zone, as {EXAMPLE} or 2026-11-25T11:00:00+01:00")
    shift = "+00:00" if zone in "Zz" else zone.replace(" ", "+")
    try:
        return datetime.fromisoformat(f"{day}T{clock}{shift}").timestamp()
    except ValueError:
        raise _fault("a day and an hour that there are") from None


def _fault(expected: str) -> PydanticCustomError:
    return PydanticCustomError("instant", "{expected}", {"expected": expected})


Instant = Annotated[float, BeforeValidator(seconds), WithJsonSchema(SCHEMA, mode="validation")]
