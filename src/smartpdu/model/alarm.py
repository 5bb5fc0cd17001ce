"""Alarms as they stand: where each is in its life, how bad it is, and who knows of it."""

from dataclasses import dataclass
from enum import StrEnum

from smartpdu.model.rule import Level


class Standing(StrEnum):
    """Where an alarm stands in its life."""

    CALM = "calm"
    CALLING = "calling"  # active, nobody has said that he knows
    KNOWN = "known"  # active, acknowledged
    PASSED = "passed"  # over, but nobody has acknowledged it
    SHELVED = "shelved"  # put aside until a time


Key = tuple[str, str]  # rule and place


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm that is not calm."""

    rule: str
    place: str
    standing: Standing
    level: Level  # of the value now; NORMAL once it has passed
    value: float
    limit: float
    unit: str
    since: float  # UTC, when it was raised
    by: str = ""  # who acknowledged or shelved it
    until: float = 0.0  # end of shelving
    reason: str = ""
