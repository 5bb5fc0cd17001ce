"""What the voltages of a feed were in a week, against EN 50160 and IEC 61000-2-4 (8).

Weeks begin on Monday at 0:00 UTC. The bounds of the frequency, which EN 50160 sets for a year, are
judged by the week as well: a week that keeps them is a part of a year that does.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, isnan
from typing import Any

from smartpdu.measurement.voltage import (
    CLASSES,
    EN_50160,
    WEEK,
    Criterion,
    Observed,
    Statistics,
    Verdict,
    best_class,
    counted,
    taken,
    verdicts,
    whole,
    written,
)
from smartpdu.model.event import VoltageWeek

MONDAY = 4 * 86_400.0  # the first one of 1970; weeks are counted from it
CRITERIA = tuple(replace(criterion, period=WEEK) for criterion in EN_50160)
OF_FEED = ("unbalance", "frequency")  # all else is of its phases
SHOWN = ("judged", "beyond", "flagged", "gaps", "missing")


@dataclass(frozen=True, slots=True)
class Week:
    """What was counted in a week so far."""

    number: int
    statistics: Statistics = field(default_factory=dict)
    classes: Mapping[int, Statistics] = field(default_factory=dict)

    @property
    def begin(self) -> float:
        """UTC of its Monday."""
        return MONDAY + self.number * WEEK


def number(end: float) -> int:
    """The week in which an interval ended."""
    return ceil((end - MONDAY) / WEEK) - 1


def more(week: Week, interval: Observed) -> Week:
    """The week with one more interval of ten minutes, ten seconds or two hours."""
    classes = {
        key: counted(criteria, week.classes.get(key, {}), interval)
        for key, criteria in CLASSES.items()
    }
    return replace(week, statistics=counted(CRITERIA, week.statistics, interval), classes=classes)


def report(week: Week, feed: str, phases: Sequence[str]) -> dict[str, Any]:
    """A week as plain data: a verdict for each criterion and place."""
    found = verdicts(CRITERIA, week.statistics)
    return {
        "feed": feed,
        "begin": week.begin,
        "end": week.begin + WEEK,
        "kept": whole(CRITERIA, week.statistics),
        "covered": _covered(found),
        "iec_61000_2_4_class": best_class(week.classes),
        "verdicts": [_plain(verdict, feed, phases) for verdict in found],
    }


def event(at: float, week: Week, feed: str, phases: Sequence[str]) -> VoltageWeek:
    """A week that is over, as an event."""
    found = verdicts(CRITERIA, week.statistics)
    named = [(f"{_place(v, feed, phases)}: {v.criterion.key}", v) for v in found]
    return VoltageWeek(
        at,
        feed,
        week.begin,
        week.begin + WEEK,
        whole(CRITERIA, week.statistics),
        best_class(week.classes),
        tuple(name for name, v in named if v.kept is False),
        tuple(name for name, v in named if v.kept is None),
        _covered(found),
    )


def write(week: Week) -> dict[str, Any]:
    """A week as plain data that can be gone on with."""
    classes = {str(key): written(own) for key, own in week.classes.items()}
    return {"number": week.number, "statistics": written(week.statistics), "classes": classes}


def read(plain: Mapping[str, Any]) -> Week:
    """The week that was written so."""
    classes = {int(key): taken(own) for key, own in plain["classes"].items()}
    return Week(int(plain["number"]), taken(plain["statistics"]), classes)


def _covered(found: Sequence[Verdict]) -> float:
    """Share of the ten minutes of a week that the voltage was judged in."""
    tens = [v for v in found if v.criterion.key == "voltage"]
    every = sum(v.judged + v.flagged + v.gaps + v.missing for v in tens)
    return round(sum(v.judged for v in tens) / every, 4) if every else 0.0


def _place(verdict: Verdict, feed: str, phases: Sequence[str]) -> str:
    return feed if verdict.criterion.quantity in OF_FEED else phases[verdict.place]


def _plain(verdict: Verdict, feed: str, phases: Sequence[str]) -> dict[str, Any]:
    criterion = verdict.criterion
    return {
        "place": _place(verdict, feed, phases),
        "criterion": criterion.key,
        "kept": verdict.kept,
        "within": _number(verdict.within),
        "required": criterion.share,
        **dict(_bounds(criterion)),
        "interval": criterion.interval,
        **{name: getattr(verdict, name) for name in SHOWN},
        "worst": _number(verdict.worst),
        "worst_end": _number(verdict.worst_end),
    }


def _bounds(criterion: Criterion) -> Iterator[tuple[str, float | None]]:
    for name in ("low", "high"):
        value = getattr(criterion, name)
        yield name, value if abs(value) < float("inf") else None


def _number(value: float) -> float | None:
    return None if isnan(value) else value
