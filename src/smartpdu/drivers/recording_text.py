"""Text of recordings: which encoding it has, and its tables of numbers, read at once."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from smartpdu.drivers.recording import RecordingError, counted, quoted

LARGEST = 1 << 28  # bytes of a table; its numbers may take four times as many
BLOCK = 1 << 20  # bytes of text that are read at once
FIELD = 1000  # bytes that a number and the blanks around it take at most
JUDGED = 1 << 18  # bytes by which an encoding is judged
MARKED = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
WORD = re.compile(rb"[A-Za-z\xa8\xb8\xc0-\xff]+")
PAIRED = re.compile(rb"(?:[\xa1-\xa9\xb0-\xf7][\xa1-\xfe])+")  # GB 2312
COMMON = 0xD7  # the last lead byte of its common characters; small Cyrillic letters lie beyond
HIGH = re.compile(rb"[\x80-\xff]+")
ONE_OF = 100  # fields of a large table, that may be no number
ONE_OF_FEW, FEW = 10, 100  # fields of a small one, of which not more than so many may be none
BLANK = b" \t\r\x1a"
EMPTY = re.compile(rb"(?<=,)[ \t]*(?=,|$)|^[ \t]*(?=,)", re.MULTILINE)
EMPTIES = ((b",,", b",nan,"), (b",\n", b",nan\n"), (b"\n,", b"\nnan,"))
CONTROL = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f]")


def decoded(raw: bytes, file: str, encoding: str | None = None) -> str:
    """The text of a file, in the encoding that is given or that it most likely has."""
    names = [encoding] if encoding else _likely(raw)
    for name in names:
        try:
            text = raw.decode(name)
        except UnicodeDecodeError as error:
            place, byte = error.start, raw[error.start : error.start + 1]
        except (LookupError, UnicodeError, ValueError):
            raise RecordingError(file, "", f"encoding {quoted(name)}", "one that exists") from None
        else:
            return _plain(text, file)
    expected = f"text in {', '.join(names)}"
    raise RecordingError(file, f"byte {place}", f"0x{byte.hex()}", expected)


def _plain(text: str, file: str) -> str:
    found = CONTROL.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        code = f"the control character 0x{ord(found[0]):02x}"
        raise RecordingError(file, f"line {line}", code, "text")
    return text.rstrip("\x1a")


def _likely(raw: bytes) -> list[str]:
    """Encodings that a text may have, the likeliest first."""
    for mark, name in MARKED.items():
        if raw.startswith(mark):
            return [name]
    head = raw[:JUDGED]
    runs = HIGH.findall(head)
    if runs and _chinese(runs):
        rest = ["gbk", "cp1251", "cp1252"]
    elif _cyrillic(head):
        rest = ["cp1251", "cp1252", "gbk"]
    else:
        rest = ["cp1252", "cp1251", "gbk"]
    return ["utf-8", *rest]


def _chinese(runs: list[bytes]) -> bool:
    if not all(PAIRED.fullmatch(run) for run in runs):
        return False
    leads = [lead for run in runs for lead in run[::2]]
    common = sum(lead <= COMMON for lead in leads)
    return common * 5 >= len(leads) * 4


def _cyrillic(raw: bytes) -> bool:
    """Whether most words with letters beyond ASCII have no other letters.

    So it is in Russian, while in German or French they stand among those of ASCII.
    """
    words = [word for word in WORD.findall(raw) if max(word) > 127]
    alone = [word for word in words if min(word) > 127]
    return len(alone) * 2 > len(words)


@dataclass(frozen=True, slots=True)
class Table:
    """Where a table of numbers stands: in which file, from which line on, with which columns."""

    file: str
    line: int
    columns: int
    separator: bytes = b","
    decimal: bytes = b"."


@dataclass(frozen=True, slots=True)
class Odd:
    """A field of a table that is no number, or a row that has not as many as it should."""

    row: int
    column: int | None  # None: all of the row
    line: int
    found: str
    fields: int  # that are lost by it

    @property
    def where(self) -> str:
        """Its place in the file."""
        return f"line {self.line}" + ("" if self.column is None else f", field {self.column + 1}")


def table(raw: bytes, place: Table, most: int, odd: list[Odd] | None = None) -> NDArray[np.float64]:
    """Numbers of a table, (rows, columns), at most so many rows; NaN where a field is empty.

    What it takes is bounded by the size of the text, whatever the text says. Fields that are no
    numbers are NaN as well and are added to `odd`, if it is given and they are few.
    """
    if len(raw) > LARGEST:
        words = f"{LARGEST} at most in a table"
        raise RecordingError(place.file, "", f"{len(raw)} bytes", words)
    rows = min(most, raw.count(b"\n") + 1, len(raw) // max(place.columns, 1) + 1)
    found = np.empty((rows, place.columns))
    done, line = 0, place.line
    fields = rows * place.columns
    spare = max(fields // ONE_OF, min(fields // ONE_OF_FEW, FEW)) if odd is not None else 0
    for text, lines in _blocks(raw):
        if len(text) > BLOCK + FIELD * place.columns:
            words = f"{FIELD * place.columns} at most for {counted(place.columns, 'field')}"
            longest = max(map(len, text.split(b"\n")))
            raise RecordingError(place.file, f"line {line}", f"a line of {longest} bytes", words)
        values = _values(text, place, line, None if odd is None else (odd, done, spare))
        values = values[: rows - done]
        found[done : done + len(values)] = values
        done, line = done + len(values), line + lines
        if done == rows:
            break
    return found[:done]


def _blocks(raw: bytes) -> Iterator[tuple[bytes, int]]:
    """A text in blocks of whole lines, and how many lines each has."""
    start = 0
    while start < len(raw):
        end = raw.find(b"\n", min(start + BLOCK, len(raw)) - 1) + 1 or len(raw)
        block = raw[start:end]
        yield block, block.count(b"\n")
        start = end


def _values(
    text: bytes, place: Table, line: int, odd: tuple[list[Odd], int, int] | None
) -> NDArray[np.float64]:
    lines = [row for each in text.split(b"\n") if (row := each.strip(BLANK))]
    if not lines:
        return np.empty((0, place.columns))
    if lines[0].count(place.separator) + 1 != place.columns:
        return _mended(text, place, line, odd)
    plain = b"\n".join(lines)
    if place.decimal != b".":
        plain = plain.replace(place.decimal, b".")
    if place.separator != b",":
        plain = plain.replace(place.separator, b",")
    for empty in (_filled, partial(EMPTY.sub, b"nan")):  # the second takes four times as long
        plain = empty(plain)
        try:
            values = np.loadtxt(BytesIO(plain), delimiter=",", comments=None, ndmin=2)
        except ValueError:
            continue
        if values.shape == (len(lines), place.columns):
            return values
    return _mended(text, place, line, odd)


def _mended(
    text: bytes, place: Table, line: int, odd: tuple[list[Odd], int, int] | None
) -> NDArray[np.float64]:
    """The numbers of a text in which some fields are none; raises where these are too many.

    `odd` holds those of the text before, its number of rows, and how many may be odd.
    """
    told, done, spare = odd or ([], 0, 0)
    rows: list[bytes] = []
    before, lost = len(told), sum(each.fields for each in told)
    for number, each in enumerate(text.split(b"\n"), line):
        row = each.strip(BLANK)
        if not row:
            continue
        new = list(_odd(row, place, number, done + len(rows)))
        told += new
        lost += sum(each.fields for each in new)
        if new and lost > spare:
            raise _too_many(told, place, spare)
        rows.append(_without(row, place, new))
    if len(told) == before:  # it is something else that is wrong with it
        raise RecordingError(place.file, f"line {line}", "text", "numbers")
    return _values(b"\n".join(rows), place, line, None)


def _odd(row: bytes, place: Table, line: int, number: int) -> Iterator[Odd]:
    """What in a row is no number: fields, or all of it where it has too few or too many."""
    fields = row.split(place.separator)
    if len(fields) != place.columns:
        yield Odd(number, None, line, counted(len(fields), "field"), place.columns)
        return
    for column, field in enumerate(fields):
        if not _number(field.replace(place.decimal, b".")):
            yield Odd(number, column, line, quoted(field.decode("latin-1")), 1)


def _without(row: bytes, place: Table, odd: list[Odd]) -> bytes:
    """A row with nothing where it is no number."""
    if not odd:
        return row
    if odd[0].column is None:
        return place.separator.join([b"nan"] * place.columns)
    fields = row.split(place.separator)
    for each in odd:
        fields[each.column or 0] = b"nan"
    return place.separator.join(fields)


def _too_many(odd: list[Odd], place: Table, spare: int) -> RecordingError:
    first, more = odd[0], len(odd) - 1
    found = f"{first.found} and {more} more that are wrong" if more else first.found
    expected = counted(place.columns, "field") if first.column is None else "a number"
    bound = f" ({counted(spare, 'field')} at most may be none)" if spare else ""
    return RecordingError(place.file, first.where, found, f"{expected}{bound}")


def _filled(plain: bytes) -> bytes:
    """A table with a word in the place of fields in which there is not even a blank."""
    for empty, word in EMPTIES:
        while empty in plain:
            plain = plain.replace(empty, word)
    return plain


def _number(field: bytes) -> bool:
    try:
        return not field.strip() or (b"_" not in field and float(field) is not None)
    except ValueError:
        return False
