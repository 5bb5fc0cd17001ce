"""Times of a table that are dates of ISO 8601, brought to seconds since the first of them."""

import re
from datetime import datetime

from smartpdu.drivers.recording import RecordingError, quoted

DATE = re.compile(rb"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?")
EXPECTED = "a date and time like that of the first row"
NANO = 9  # digits


def dated(
    body: bytes, column: int, separator: bytes, file: str, line: int
) -> tuple[bytes, datetime | None]:
    """A table whose times are numbers, and its first moment; None where they were no dates.

    Raises RecordingError where only some are, or where one is of no day that there is.
    """
    lines = body.split(b"\n")
    rows = [n for n, row in enumerate(lines) if row.strip()]
    first = DATE.fullmatch(_field(lines[rows[0]], column, separator)) if rows else None
    if first is None:
        return body, None
    digits = len(first[2] or b"")
    known: dict[bytes, int] = {}  # whole seconds: of each there are many rows
    origin = _nanoseconds(lines[rows[0]], column, separator, known, (file, line + rows[0]))
    for n in rows:
        at = _nanoseconds(lines[n], column, separator, known, (file, line + n))
        fields = lines[n].split(separator)
        fields[column] = f"{(at - origin) / 10**NANO:.{digits}f}".encode()
        lines[n] = separator.join(fields)
    start = datetime.fromisoformat(first[0].replace(b",", b".").decode())
    return b"\n".join(lines), start


def _nanoseconds(
    row: bytes, column: int, separator: bytes, known: dict[bytes, int], where: tuple[str, int]
) -> int:
    """A row's time since 1970, as its own clock has it."""
    field = _field(row, column, separator)
    found = DATE.fullmatch(field)
    try:
        if not found:
            raise ValueError("no date")
        second = found[1] + (found[3] or b"+00:00")
        if second not in known:
            known[second] = int(datetime.fromisoformat(second.decode()).timestamp())
    except ValueError:
        text = quoted(field.decode("latin-1"))
        raise RecordingError(where[0], f"line {where[1]}", text, EXPECTED) from None
    fraction = int((found[2] or b"0").ljust(NANO, b"0"))
    return known[second] * int(10**NANO) + fraction


def _field(row: bytes, column: int, separator: bytes) -> bytes:
    fields = row.split(separator, column + 1)
    return fields[column].strip() if len(fields) > column else b""
