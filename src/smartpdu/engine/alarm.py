"""The life of an alarm, one table, after IEC 62682 (ISA-18.2); floods are told as one event.

The laws of this file:

1. LIFE is the whole life; nothing else moves an alarm from one standing to another.
2. From every standing there is a way back to CALM.
3. A value that becomes worse calls again, even where somebody knew of the milder level.
4. Shelving always has an end; what is wrong then, calls.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum

from smartpdu.model.alarm import Alarm, Key, Standing


class Sign(StrEnum):
    """What moves an alarm on."""

    RAISE = "raise"
    CLEAR = "clear"
    ACKNOWLEDGE = "acknowledge"
    SHELVE = "shelve"
    UNSHELVE = "unshelve"


LIFE: Mapping[Standing, Mapping[Sign, Standing]] = {
    Standing.CALM: {Sign.RAISE: Standing.CALLING},
    Standing.CALLING: {
        Sign.RAISE: Standing.CALLING,
        Sign.ACKNOWLEDGE: Standing.KNOWN,
        Sign.CLEAR: Standing.PASSED,
        Sign.SHELVE: Standing.SHELVED,
    },
    Standing.KNOWN: {
        Sign.RAISE: Standing.CALLING,
        Sign.CLEAR: Standing.CALM,
        Sign.SHELVE: Standing.SHELVED,
    },
    Standing.PASSED: {
        Sign.RAISE: Standing.CALLING,
        Sign.ACKNOWLEDGE: Standing.CALM,
    },
    Standing.SHELVED: {
        Sign.RAISE: Standing.SHELVED,
        Sign.CLEAR: Standing.SHELVED,
        Sign.UNSHELVE: Standing.CALM,
    },
}

URGENT = (Standing.CALLING, Standing.KNOWN, Standing.PASSED, Standing.SHELVED, Standing.CALM)


def moved(alarm: Alarm, sign: Sign) -> Alarm | None:
    """The alarm after a sign; None where its standing does not know that sign."""
    standing = LIFE[alarm.standing].get(sign)
    return None if standing is None else replace(alarm, standing=standing)


def standing_alarms(alarms: Mapping[Key, Alarm]) -> list[Alarm]:
    """All alarms: what calls stands first, and of one standing the worst and newest."""

    def rank(alarm: Alarm) -> tuple[float, float, float, str, str]:
        standing = URGENT.index(alarm.standing)
        return standing, -alarm.level, -alarm.since, alarm.place, alarm.rule

    return sorted(alarms.values(), key=rank)


def over(alarms: Iterable[Alarm], at: float) -> list[Alarm]:
    """Those alarms whose shelving has ended."""
    return [a for a in alarms if a.standing is Standing.SHELVED and a.until <= at]
