"""The .cfg of a COMTRADE recording: IEEE C37.111 of 1991, 1999 and 2013 (IEC 60255-24)."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from math import inf, isfinite, nan

from smartpdu.drivers.comtrade_moments import Moment, moment, zone
from smartpdu.drivers.recording import (
    Channel,
    Mark,
    Quality,
    RecordingError,
    quoted,
)
from smartpdu.drivers.recording_names import channel

FORMS = ("ASCII", "BINARY", "BINARY32", "FLOAT32")
MOST = 20_000  # channels of one kind; no recorder comes near
SLOWEST = 1e-6  # samples in a second
WIDEST = 1e30  # a scale beyond would leave single precision
COUNT = re.compile(r"(\d{1,9})\s*([AD])", re.IGNORECASE)
YEAR = re.compile(r"\b(19|20)\d\d\b")


@dataclass(frozen=True, slots=True)
class Analog:
    """A channel of samples, and how its numbers become them."""

    channel: Channel
    multiplier: float
    offset: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class Config:
    """All that a .cfg says."""

    name: str
    revision: int
    analog: tuple[Analog, ...]
    digital: tuple[str, ...]
    nominal_frequency: float
    rates: tuple[tuple[float, int], ...]  # each with the number of its last sample; 0: untold
    start: datetime | None
    trigger: float
    form: str
    tick: float  # seconds that one of a time stamp means
    marks: tuple[Mark, ...]


@dataclass(slots=True)
class _Lines:
    """The lines of a .cfg, taken one after another, and what was wrong with them."""

    file: str
    lines: list[str]
    at: int = 0
    marks: list[Mark] = field(default_factory=list)

    def next(self, expected: str) -> list[str]:
        """The fields of the next line; raises where there is none."""
        if self.at >= len(self.lines):
            raise RecordingError(self.file, f"line {self.at + 1}", "the end", expected)
        self.at += 1
        return [each.strip() for each in self.lines[self.at - 1].split(",")]

    def rest(self) -> list[str]:
        """The fields of the next line, which may be missing: then they are empty."""
        return self.next("") if self.at < len(self.lines) else [""]

    def peek(self) -> str:
        """The next line, not taken."""
        return self.lines[self.at] if self.at < len(self.lines) else ""

    def fail(self, found: str, expected: str) -> RecordingError:
        """What is wrong with the line that was taken last."""
        return RecordingError(self.file, f"line {self.at}", found, expected)

    def number(self, text: str, name: str, default: float = nan, most: float = inf) -> float:
        """A number; the default where the field is empty."""
        try:
            value = float(text) if text else default
        except ValueError:
            raise self.fail(quoted(text), f"{name}, a number") from None
        if text and (not isfinite(value) or abs(value) > most or "_" in text):
            raise self.fail(
                quoted(text), f"{name}, a number" + ("" if most == inf else f" to {most:g}")
            )
        return value

    def mark(self, words: str) -> None:
        """Keep that something in the line that was taken last is not as it should be."""
        self.marks.append(Mark(Quality.DISAGREES, f"{self.file}, line {self.at}: {words}"))


def config(text: str, file: str) -> Config:
    """What the text of a .cfg says; raises RecordingError for one that says too little."""
    lines = _Lines(file, re.split(r"\r\n|\n|\r", text.strip("\ufeff\x1a")))
    name, revision = _station(lines)
    analogs, digitals = _counts(lines)
    analog = tuple(_analog(lines, number) for number in range(1, analogs + 1))
    digital = tuple(_digital(lines, number) for number in range(1, digitals + 1))
    frequency = lines.number(lines.next("the line frequency")[0], "the line frequency")
    rates = _rates(lines)
    start, event = (_moment(lines, revision, name) for name in ("start", "trigger"))
    form = lines.next("the form of the data")[0].upper().replace(" ", "")
    if form not in FORMS:
        raise lines.fail(quoted(form), f"the form of the data, one of {', '.join(FORMS)}")
    multiplier = lines.number(lines.rest()[0].rstrip("\x1a"), "the time multiplier", 1.0, 1e12)
    if multiplier <= 0:
        raise lines.fail(f"{multiplier:g}", "a time multiplier above 0")
    offset = zone(lines.rest()[0]) if revision >= 2013 else None
    fine = any(each and each.digits > 6 for each in (start, event))
    return Config(
        name,
        revision,
        analog,
        digital,
        frequency if 0 < frequency < 1e4 else nan,
        rates,
        start.at.replace(tzinfo=offset) if start else None,
        (event.since(start) if start and event else nan),
        form,
        multiplier * (1e-9 if fine else 1e-6),
        tuple(lines.marks),
    )


def _station(lines: _Lines) -> tuple[str, int]:
    """Name of station and device, and the year of the standard; that of 1991 had no year."""
    fields = lines.next("station, device, revision")
    if len(fields) < 2:
        raise lines.fail(f"{len(fields)} field", "station, device, revision")
    year = YEAR.search(fields[-1]) if len(fields) > 2 else None
    if len(fields) > 2 and not year:
        lines.mark(f"found the revision {quoted(fields[-1])}, expected a year")
    name = " ".join(each for each in fields[: 2 if len(fields) < 4 else -1] if each)
    return name, int(year[0]) if year else 1999 if len(fields) > 2 else 1991


def _counts(lines: _Lines) -> tuple[int, int]:
    """How many analog and digital channels there are; bounded by the lines of the file."""
    fields = lines.next("the numbers of channels")
    counts = {found[2].upper(): int(found[1]) for f in fields if (found := COUNT.fullmatch(f))}
    if not counts:
        raise lines.fail(quoted(",".join(fields)), "the numbers of channels, as 8,6A,2D")
    analogs, digitals = counts.get("A", 0), counts.get("D", 0)
    total = fields[0]
    if analogs == 0:
        raise lines.fail("no analog channel", "at least one")
    if max(analogs, digitals) > MOST:
        raise lines.fail(f"{max(analogs, digitals)} channels", f"{MOST} at most")
    if analogs + digitals > len(lines.lines) - lines.at:
        words = f"{analogs} + {digitals} channels and {len(lines.lines) - lines.at} lines after it"
        raise lines.fail(words, "a line for each channel")
    if total.isdecimal() and len(fields) > 2 and total != str(analogs + digitals):
        lines.mark(f"found {total} channels in all, and {analogs} + {digitals} of two kinds")
    return analogs, digitals


def _analog(lines: _Lines, number: int) -> Analog:
    fields = lines.next(f"analog channel {number}")
    if len(fields) < 7:
        raise lines.fail(f"{len(fields)} fields", f"analog channel {number}, 10 or 13 fields")
    if len(fields) > 13:  # a name with commas
        more = len(fields) - 13
        fields[1 : 2 + more] = [" ".join(fields[1 : 2 + more])]
    fields += [""] * (13 - len(fields))
    if not fields[5]:
        lines.mark("found no multiplier, taken as 1")
    multiplier = lines.number(fields[5], "the multiplier", 1.0, WIDEST)
    offset = lines.number(fields[6], "the offset", 0.0, WIDEST)
    first, second = (_ratio(fields[n]) for n in (10, 11))
    about, factor = channel(fields[1] or str(number), fields[4], fields[2])
    about = Channel(
        about.name,
        about.kind,
        about.unit,
        about.phase,
        lines.number(fields[7], "the skew", 0.0, WIDEST) / 1e6,
        first / second,
        fields[12].upper() if fields[12].upper() in ("P", "S") else "",
    )
    lowest = lines.number(fields[8], "the lowest", -inf)
    highest = lines.number(fields[9], "the highest", inf)
    return Analog(about, multiplier * factor, offset * factor, lowest, highest)


def _ratio(text: str) -> float:
    """One side of a transformer's ratio; 1 where none is told that could be one."""
    try:
        value = float(text)
    except ValueError:
        return 1.0
    return value if 1e-6 <= value <= 1e12 else 1.0


def _digital(lines: _Lines, number: int) -> str:
    fields = lines.next(f"digital channel {number}")
    if not 2 <= len(fields) < 10:  # from 10 on it is an analog one
        raise lines.fail(f"{len(fields)} fields", f"digital channel {number}, 3 or 5 fields")
    return fields[1] or str(number)


def _rates(lines: _Lines) -> tuple[tuple[float, int], ...]:
    """Each rate and the number of the last sample that has it."""
    text = lines.next("how many rates")[0]
    if not text.isdecimal() or len(text) > 6:
        raise lines.fail(quoted(text), "how many rates, a whole number")
    rates: list[tuple[float, int]] = []
    for number in range(max(int(text), 1)):
        if int(text) == 0 and "/" in lines.peek():
            return ((0.0, 0),)  # some leave out the line of a rate that is none
        fields = lines.next(f"rate {number + 1}")
        rate = lines.number(fields[0], "a rate", 0.0, 1e9)
        last = lines.number(fields[1] if len(fields) > 1 else "", "the rate's last sample", nan)
        if rate and not rate >= SLOWEST:
            raise lines.fail(quoted(fields[0]), f"a rate of at least {SLOWEST:g}, or 0 for none")
        if not last >= 1 or last != int(last) or last > 2**53:
            raise lines.fail(quoted(",".join(fields)), "a rate and the number of its last sample")
        if rates and last <= rates[-1][1]:
            raise lines.fail(f"{last:.0f}", f"a last sample after {rates[-1][1]}")
        rates.append((rate, int(last)))
    return tuple(rates)


def _moment(lines: _Lines, revision: int, name: str) -> Moment | None:
    """A date and time; None, and a mark, where it cannot be one."""
    fields = lines.next(f"date and time of the {name}")
    found, words = moment(",".join(fields), revision)
    if words:
        lines.mark(f"{name}: {words}")
    return found
