"""Dates and times as a .cfg of COMTRADE writes them, to the nanosecond."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from smartpdu.drivers.recording import quoted
from smartpdu.model.units import Second

MOMENT = re.compile(
    r"\s*(\d{1,4})/(\d{1,2})/(\d{1,4})\s*[, ]\s*(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.](\d{0,12}))?\s*"
)
ZONE = re.compile(r"([+-]?)(\d{1,2})(?:h(\d{1,2}))?")


@dataclass(frozen=True, slots=True)
class Moment:
    """A date and time; what is finer than a microsecond stands beside it."""

    at: datetime
    rest: int  # nanoseconds, 0 to 999
    digits: int  # of the second's fraction, as written

    def since(self, other: "Moment") -> Second:
        """Seconds from another moment on."""
        span = (self.at - other.at) // timedelta(microseconds=1)
        return (span * 1000 + self.rest - other.rest) / 1e9


def moment(text: str, revision: int) -> tuple[Moment | None, str]:
    """A date and time, and words for what is wrong with it; day first, before 1999 month first."""
    found = MOMENT.fullmatch(text)
    if not found:
        return None, f"found {quoted(text)}, expected dd/mm/yyyy,hh:mm:ss.ssssss"
    one, two, year = (int(found[n]) for n in (1, 2, 3))
    if len(found[1]) == 4:
        one, year = year, one
    day, month = (two, one) if revision < 1999 and one <= 12 else (one, two)
    if month > 12:
        day, month = month, day
    if len(found[3]) <= 2 and len(found[1]) <= 2:
        year += 2000 if year < 70 else 1900
    fraction = (found[7] or "")[:9]
    nanoseconds = int(fraction.ljust(9, "0"))
    hour, minute, second = (int(found[n]) for n in (4, 5, 6))
    try:
        at = datetime(year, month, day, hour, minute, second, nanoseconds // 1000, tzinfo=None)  # noqa: DTZ001 - the zone is told elsewhere, or nowhere
    except ValueError:
        return None, f"found {quoted(text)}, expected a date that there is"
    return Moment(at, nanoseconds % 1000, len(fraction)), ""


def zone(text: str) -> timezone | None:
    """How far a clock is from UTC, as "+9" or "-5h30"; None where it says nothing."""
    found = ZONE.fullmatch(text.strip())
    if not found or int(found[2]) > 14:
        return None
    span = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    return UTC if not span else timezone(-span if found[1] == "-" else span)
