"""What the voltages of a feed were lately: its cycles, ten seconds, and 150 or 180 cycles (8).

A value over a longer time is held while the next such time lasts, and is then a gap; it is one as
well where less than nine tenths of its time rest on real cycles.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from smartpdu.measurement.aggregation import Aggregate
from smartpdu.measurement.frequency import Frequency
from smartpdu.measurement.voltage import SURE
from smartpdu.model.snapshot import Snapshot
from smartpdu.model.units import Hertz, Hertzes

LATE = 1.0  # s after which a value may be known, and be read


@dataclass(frozen=True, slots=True)
class Lately:
    """The last values of a feed."""

    lowest: Hertz = np.nan  # of the cycles since it was read
    highest: Hertz = np.nan
    ten: Frequency | None = None
    very_short: Aggregate | None = None


def turned(past: Lately, cycles: Hertzes) -> Lately:
    """The same with the frequencies of further cycles."""
    known = cycles[np.isfinite(cycles)]
    if not len(known):
        return past
    lowest, highest = np.fmin(past.lowest, known.min()), np.fmax(past.highest, known.max())
    return replace(past, lowest=float(lowest), highest=float(highest))


def land(now: Snapshot, found: Lately, feed: int, phases: Sequence[int]) -> Lately:
    """Write what was found into the row of a feed and those of its phases; what is left of it."""
    feeds, table, rows = now.feeds, now.phases, list(phases)
    feeds.frequency_lowest[feed], feeds.frequency_highest[feed] = found.lowest, found.highest
    ten, short = found.ten, found.very_short
    if ten is not None and _holds(now, ten.begin, ten.end):
        feeds.frequency_averaged[feed] = ten.frequency
    if short is not None and _holds(now, short.begin, short.end):
        if short.sure >= SURE:
            table.voltage_very_short[rows] = short.values["rms"]
            table.thd_voltage_very_short[rows] = short.values["thd"]
            for skewed in short.values["negative_ratio"]:
                feeds.voltage_unbalance_very_short[feed] = skewed
        table.flagged_very_short[rows] = short.flagged
    return replace(found, lowest=np.nan, highest=np.nan)


def _holds(now: Snapshot, begin: float, end: float) -> bool:
    """Whether a value of this time is the last one yet; a clock may be set back as well."""
    return abs(now.at - end) < end - begin + LATE
