"""Reads recordings from tables of text: a heading with names and units, then a row per sample."""

import csv
import re
from dataclasses import dataclass, replace
from datetime import datetime
from math import nan

import numpy as np
from numpy.typing import NDArray

from smartpdu.drivers.recording import (
    Channel,
    Mark,
    Quality,
    Recording,
    RecordingError,
    Stretch,
    counted,
    missing,
    quoted,
)
from smartpdu.drivers.recording_dates import dated
from smartpdu.drivers.recording_names import channel, headed
from smartpdu.drivers.recording_text import BLANK, Table, decoded, table
from smartpdu.drivers.recording_timing import rated, stamped
from smartpdu.model.units import Hertz, Second, Seconds

TIME = re.compile(r"t|time|zeit|timestamp|temps|время|时间", re.IGNORECASE)
SCALES = {"s": 1.0, "sec": 1.0, "": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
NUMBER = re.compile(
    r"\s*[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?\s*|\s*nan\s*|\s*", re.IGNORECASE
)
FRACTION = re.compile(r"[+-]?(\d*(?:[.,](\d*))?)(?:[eE]([+-]?\d{1,2}))?")
BEGUN = re.compile(rb"\s*(?:[+-]|[+-]?[\d.,]+[eE][+-]?)")  # a number of which the rest is cut off
MOST = 20_000  # columns
SEVERAL = 6  # columns that are told one by one
LONG = 300  # letters of names that a message repeats
NEAR = 0.01  # of all the time there is: so far a rate that is given may be off the time stamps
HEAD = 1 << 20  # bytes in which the heading stands
LOOKED_AT = 200  # rows that tell how finely times are written


@dataclass(frozen=True, slots=True)
class _Heading:
    """The columns of a table, and where its numbers begin."""

    columns: tuple[tuple[str, str], ...]  # name and unit
    separator: str
    line: int  # on which the names stand
    lines: int  # before the first row


def separated(
    raw: bytes, file: str, rate: Hertz | None = None, encoding: str | None = None
) -> Recording:
    """The recording of a table; its rate is given, or told by a column of times."""
    if b"\0" in raw[:HEAD]:  # two bytes for a letter
        raw = decoded(raw, file, encoding).encode("utf-8")
    raw = _parted(raw)
    text = decoded(raw[:HEAD][: raw.rfind(b"\n", 0, HEAD) + 1 or HEAD], file, encoding)
    heading, twins = _apart(_heading(text, file), file)
    body, cut = _whole(_body(raw, heading), heading, file)
    clock = [n for n, (name, _) in enumerate(heading.columns) if TIME.fullmatch(name)][:1]
    start = None
    for n in clock:
        body, start = dated(body, n, heading.separator.encode(), file, heading.lines + 1)
        if start is not None:
            heading, text = (
                _in_seconds(heading, n),
                "\n" * heading.lines + body[:HEAD].decode("latin-1"),
            )
    values = _numbers(body, heading, file)
    rest = [n for n in range(len(heading.columns)) if n not in clock]
    if not rest:
        raise RecordingError(file, "line 1", "no channel beside the time", "one at least")
    about = [channel(*heading.columns[n]) for n in rest]
    samples = values[:, rest] * [factor for _, factor in about]
    samples[~np.isfinite(samples)] = np.nan
    times, stretches, marks = _times(text, heading, values, clock, rate, file)
    channels = tuple(each for each, _ in about)
    return _recorded(file, start, channels, stretches, times, samples, (*twins, *cut, *marks))


def _parted(raw: bytes) -> bytes:
    """A table whose columns only blanks part, with tabs in their place."""
    lines = [line for line in raw[:HEAD].split(b"\n", 50)[:50] if line.strip()]
    lines = [line for line in lines if not line.startswith(b"#")][:2]
    if len(lines) < 2 or any(mark in lines[0] for mark in (b",", b";", b"\t")):
        return raw
    fields = lines[1].split()
    if len(fields) < 2 or len(lines[0].split()) != len(fields):
        return raw
    if not all(NUMBER.fullmatch(field.decode("latin-1")) for field in fields):
        return raw
    return re.sub(rb"(?<=\S) +(?=\S)", b"\t", raw)


def _in_seconds(heading: _Heading, column: int) -> _Heading:
    """A heading whose times are in seconds, whatever clock it says they are of."""
    columns = list(heading.columns)
    columns[column] = (columns[column][0], "s")
    return replace(heading, columns=tuple(columns))


def _recorded(
    file: str,
    start: datetime | None,
    channels: tuple[Channel, ...],
    stretches: tuple[Stretch, ...],
    times: Seconds,
    samples: NDArray[np.float64],
    marks: tuple[Mark, ...],
) -> Recording:
    lost = tuple(missing(samples, channels, times))
    return Recording(
        file, start, nan, nan, channels, stretches, times, samples, marks=(*marks, *lost)
    )


def _heading(text: str, file: str) -> _Heading:
    """The heading: the first line that is no comment; a second one may hold the units."""
    lines = text.split("\n", 50)[:50]
    start = next((n for n, line in enumerate(lines) if line.strip() and line[0] != "#"), None)
    if start is None:
        raise RecordingError(file, "line 1", "nothing", "a heading that names the channels")
    separator = max(";\t,", key=lambda each: (lines[start].count(each), each == ";"))
    names = _fields(lines[start], separator, file, start + 1)
    if all(NUMBER.fullmatch(name) for name in names):
        raise _unnamed(names, separator, file, start + 1)
    if len(names) > MOST:
        raise RecordingError(file, f"line {start + 1}", f"{len(names)} columns", f"{MOST} at most")
    columns, line = [headed(name) for name in names], start + 1
    below = _fields(lines[start + 1], separator, file, start + 2) if start + 1 < len(lines) else []
    if len(below) == len(names) and _units(below):
        units = [each.strip().strip("()[]") for each in below]
        columns = [(n, u or unit) for (n, unit), u in zip(columns, units, strict=True)]
        start += 1
    return _Heading(tuple(columns), separator, line, start + 1)


def _unnamed(fields: list[str], separator: str, file: str, line: int) -> RecordingError:
    """What is wrong with a table that begins with numbers, and a heading that it might have."""
    number = len(fields)
    example = (separator if number > 1 else ",").join(
        ("t (s)", "U1 (V)", "I1 (A)")[: max(number, 2)]
    )
    found = f"{number} numbers ({quoted(fields[0])} first)" if number > 1 else quoted(fields[0])
    columns = f"each of its {number} columns" if number > 1 else "its columns"
    words = f"a line above that names {columns}, as {quoted(example)}"
    return RecordingError(file, f"line {line}", found, words)


def _apart(heading: _Heading, file: str) -> tuple[_Heading, tuple[Mark, ...]]:
    """A heading in which each column has a name of its own, and which had none."""
    places: dict[str, list[int]] = {}
    for column, (name, _) in enumerate(heading.columns, 1):
        places.setdefault(name, []).append(column)
    columns, marks = list(heading.columns), []
    for name, own in places.items():
        later = own[1:] if name else own
        for column in later:
            columns[column - 1] = (
                _free(f"{name} #{column}".strip(), places),
                columns[column - 1][1],
            )
        if later:
            found = f"{quoted(name) if name else 'no name'} over {_listed(own)}"
            words = f"found {found}, expected a name of its own for each"
            new = f"{quoted(columns[later[0] - 1][0])}{' and so on' if later[1:] else ''}"
            words = f"{file}, line {heading.line}: {words}; called {new}"
            marks.append(Mark(Quality.DISAGREES, words))
    return replace(heading, columns=tuple(columns)), tuple(marks)


def _listed(columns: list[int]) -> str:
    """Columns by their numbers: all of a few, of many the first."""
    if len(columns) == 1:
        return f"column {columns[0]}"
    few = len(columns) <= SEVERAL
    shown = columns[:-1] if few else columns[:SEVERAL]
    last = f"{columns[-1]}" if few else f"{len(columns) - SEVERAL} more"
    return f"columns {', '.join(map(str, shown))} and {last}"


def _free(name: str, taken: dict[str, list[int]]) -> str:
    """A name that no column has yet."""
    while name in taken:
        name = f"{name}'"
    return name


def _units(fields: list[str]) -> bool:
    """Whether a line below the heading holds units: something, and no number."""
    told = [each for each in fields if each.strip()]
    return bool(told) and not any(NUMBER.fullmatch(each) for each in told)


def _fields(line: str, separator: str, file: str, number: int) -> list[str]:
    try:
        return next(csv.reader([line.strip("\r\n")], delimiter=separator), [])
    except csv.Error as error:
        raise RecordingError(file, f"line {number}", str(error), "fields of a table") from None


def _body(raw: bytes, heading: _Heading) -> bytes:
    """What follows the heading."""
    start = 0
    for _ in range(heading.lines):
        start = raw.find(b"\n", start) + 1 or len(raw)
    return raw[start:].replace(b'"', b"")


def _whole(body: bytes, heading: _Heading, file: str) -> tuple[bytes, tuple[Mark, ...]]:
    """The rows of a table without a last one that is cut off: it is short, and has no line end."""
    end = body.rfind(b"\n") + 1
    rest, number = body[end:], len(heading.columns)
    fields = rest.split(heading.separator.encode())
    short = len(fields) < number or (len(fields) == number and BEGUN.fullmatch(fields[-1]))
    if not rest.strip(BLANK) or rest.endswith(b"\r") or not short or not body[:end].strip():
        return body, ()
    line = heading.lines + 1 + body.count(b"\n")
    found = f"{counted(len(fields), 'field')} of {number}" if len(fields) < number else "half a row"
    words = f"{file}, line {line}: found {found} and the end of the file; left out"
    return body[:end], (Mark(Quality.TRUNCATED, words, first=body.count(b"\n"), count=1),)


def _numbers(body: bytes, heading: _Heading, file: str) -> NDArray[np.float64]:
    decimal = b"." if heading.separator == "," else b","
    at = Table(file, heading.lines + 1, len(heading.columns), heading.separator.encode(), decimal)
    values = table(body, at, len(body) + 1)
    if not len(values):
        raise RecordingError(file, f"line {heading.lines + 1}", "the end", "a row of numbers")
    return values


def _times(
    text: str,
    heading: _Heading,
    values: NDArray[np.float64],
    clock: list[int],
    rate: Hertz | None,
    file: str,
) -> tuple[Seconds, tuple[Stretch, ...], tuple[Mark, ...]]:
    if rate is not None:
        if not 1e-6 <= rate <= 1e9:
            raise RecordingError(file, "", f"a rate of {rate:g}", "one above 0")
        if clock:
            _agreeing(text, heading, values, clock[0], rate, file)
        return *rated([(rate, len(values))], len(values)), ()
    if not clock:
        words = 'a column of times, as "t (s)", or a rate that is given'
        names = ", ".join(quoted(name) for name, _ in heading.columns)
        found = f"no column of times and no rate, columns being {names[:LONG]}"
        raise RecordingError(file, "", found, words)
    unit = heading.columns[clock[0]][1]
    scale = SCALES.get(unit.lower())
    if scale is None:
        raise RecordingError(file, "line 1", f"times in {quoted(unit)}", "s, ms, us or ns")
    quantum = _quantum(text, heading, clock[0]) * scale
    return stamped(values[:, clock[0]] * scale, quantum, file)


def _agreeing(
    text: str,
    heading: _Heading,
    values: NDArray[np.float64],
    column: int,
    rate: Hertz,
    file: str,
) -> None:
    """Raise where a rate that is given is not that of the time stamps, as far as there are any."""
    rows = np.flatnonzero(np.isfinite(values[:, column]))
    scale = SCALES.get(heading.columns[column][1].lower())
    if len(rows) < 2 or scale is None:  # they say nothing
        return
    times = (values[rows, column] - values[rows[0], column]) * scale
    due = (rows - rows[0]) / rate
    span = float(max(due[-1], np.abs(times).max()))
    if np.abs(times - due).max() <= NEAR * span + 2 * _quantum(text, heading, column) * scale:
        return
    pace = f"{(rows[-1] - rows[0]) / times[-1]:.6g} S/s" if times[-1] > 0 else "no rate"
    found = f"time stamps of {pace} beside a rate of {rate:.6g} S/s"
    raise RecordingError(file, "", found, "one that agrees with them, or none")


def _quantum(text: str, heading: _Heading, column: int) -> Second:
    """The smallest step that the times of the first rows can tell, as they are written."""
    lines = text.split("\n", heading.lines + LOOKED_AT)[heading.lines : -1]
    fields = [line.replace('"', "").split(heading.separator, column + 1) for line in lines]
    return min((_step(each[column]) for each in fields if len(each) > column), default=1.0)


def _step(number: str) -> Second:
    """What one more in the last digit of a number means; 1 for zero, which may be written short."""
    found = FRACTION.fullmatch(number.strip())
    if not found or not found[1].strip("0"):
        return 1.0
    exponent = int(found[3] or 0) - len(found[2] or "")
    return float(10.0**exponent)
