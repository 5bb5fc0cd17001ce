"""The voltage against EN 50160 and the classes of IEC 61000-2-4, and its unbalance (8).

Each interval of ten minutes, ten seconds or two hours is held against each criterion and counted:
N intervals are judged, of them N1 or N2 lie beyond. Flagged intervals and gaps are not judged, but
counted too: a verdict tells what it rests on. What is counted is a value and survives a restart as
plain data.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.quantities import symmetry
from smartpdu.measurement.waveform import Window
from smartpdu.model.units import Column, Flags, Percent, Percents, Rows, Second

Array = NDArray[Any]

TEN_SECONDS, TEN_MINUTES, TWO_HOURS = 10.0, 600.0, 7200.0
WEEK, YEAR = 7 * 86_400.0, 365 * 86_400.0
SURE = 0.9  # share of an interval that must rest on real cycles for it to be judged
FAINT = 0.03  # of the nominal voltage: less is none
BASIC = ("voltage", "thd", "unbalance")  # what is to be judged before a whole is
NOTHING = 1e-9  # beyond a bound by no more than rounding is within


@dataclass(frozen=True, slots=True)
class Unbalance:
    """Of each three-phase system."""

    negative_ratio: Percents
    zero_ratio: Percents


def unbalance(channels: Channels, window: Window, systems: Rows) -> Unbalance:
    """Unbalance of the fundamental; `systems` are three voltages each, (systems, 3)."""
    least = FAINT * channels.nominal_voltage
    found = [symmetry(window.spectra.phasor[0, system]) for system in systems]
    ratios = [
        (s.negative_ratio, s.zero_ratio) if abs(s.positive) > least else (np.nan, np.nan)
        for s in found
    ]
    both = np.reshape(np.array(ratios, float), (-1, 2))
    return Unbalance(both[:, 0], both[:, 1])


@dataclass(frozen=True, slots=True)
class Criterion:
    """How often a quantity must lie within which bounds.

    Voltage and frequency count as a deviation from the nominal value, harmonics of the fundamental.
    """

    key: str
    quantity: str
    low: Percent  # the bounds are within
    high: Percent
    share: Percent  # of the intervals
    interval: Second = TEN_MINUTES
    period: Second = WEEK
    order: int = 0  # of a harmonic


def _harmonics(limits: Mapping[int, Percent]) -> tuple[Criterion, ...]:
    return tuple(
        Criterion(f"harmonic {order}", "harmonic", -np.inf, high, 95.0, order=order)
        for order, high in limits.items()
    )


# EN 50160, low voltage, fed by a grid that spans countries
EN_50160 = (
    Criterion("voltage", "voltage", -10.0, 10.0, 95.0),
    Criterion("voltage, all", "voltage", -15.0, 10.0, 100.0),
    Criterion("frequency", "frequency", -1.0, 1.0, 99.5, TEN_SECONDS, YEAR),
    Criterion("frequency, all", "frequency", -6.0, 4.0, 100.0, TEN_SECONDS, YEAR),
    Criterion("thd", "thd", -np.inf, 8.0, 95.0),
    Criterion("unbalance", "unbalance", -np.inf, 2.0, 95.0),
    Criterion("flicker", "flicker", -np.inf, 1.0, 95.0, TWO_HOURS),  # Plt, a number without unit
    *_harmonics({2: 2.0, 3: 5.0, 4: 1.0, 5: 6.0, 7: 5.0, 9: 1.5, 11: 3.5, 13: 3.0, 15: 0.5}),
    *_harmonics({17: 2.0, 19: 1.5, 21: 0.5, 23: 1.5, 25: 1.5}),
    *_harmonics(dict.fromkeys(range(6, 25, 2), 0.5)),
)


def _class(
    low: Percent, high: Percent, thd: Percent, skewed: Percent, limits: Mapping[int, Percent]
) -> tuple[Criterion, ...]:
    return (
        Criterion("voltage", "voltage", low, high, 95.0),
        Criterion("frequency", "frequency", -1.0, 1.0, 95.0, TEN_SECONDS),
        Criterion("thd", "thd", -np.inf, thd, 95.0),
        Criterion("unbalance", "unbalance", -np.inf, skewed, 95.0),
        *_harmonics(limits),
    )


# IEC 61000-2-4: of protected supplies, of common ones, of supplies inside a plant
CLASSES = {
    1: _class(-8.0, 8.0, 5.0, 2.0, {3: 3.0, 5: 3.0, 7: 3.0, 9: 1.5, 11: 3.0, 13: 3.0}),
    2: _class(-10.0, 10.0, 8.0, 2.0, {3: 5.0, 5: 6.0, 7: 5.0, 9: 1.5, 11: 3.5, 13: 3.0}),
    3: _class(-15.0, 10.0, 10.0, 3.0, {3: 6.0, 5: 8.0, 7: 7.0, 9: 2.5, 11: 5.0, 13: 4.5}),
}


@dataclass(frozen=True, slots=True)
class Observed:
    """One interval: values of each quantity at each place, and whether they are flagged."""

    end: float  # UTC, its stamp
    values: Mapping[str, Array]  # (places,), harmonics (orders, places); NaN for a gap
    flagged: Mapping[str, Flags]


def observed(
    channels: Channels,
    systems: Rows,
    end: float,
    values: Mapping[str, Array],
    flagged: Flags,
    sure: float,
) -> Observed:
    """What an aggregate tells of its voltages and three-phase systems."""
    v = channels.voltage
    harmonic = values["harmonic"][:, v]
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(harmonic[0] > 0, 100 * harmonic / harmonic[0], np.nan)
    found = {
        "voltage": 100 * (values["rms"][v] / channels.nominal_voltage - 1),
        "thd": values["thd"][v],
        "harmonic": shares,
        "unbalance": values["negative_ratio"],
    }
    if sure < SURE:
        found = {name: np.full_like(value, np.nan) for name, value in found.items()}
    own = flagged[v]
    three: Flags = np.array([flagged[system].any() for system in systems], np.bool_)
    flags = {"voltage": own, "thd": own, "harmonic": own, "unbalance": three}
    return Observed(end, found, flags)


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted against one criterion, an entry for each place."""

    judged: Rows  # N: intervals that count
    beyond: Rows  # N1 or N2: of them, those outside the bounds
    flagged: Rows  # not judged: a dip, swell or interruption
    gaps: Rows  # not judged: no value
    worst: Column  # the value that lay farthest out, or nearest to it
    worst_end: Column  # UTC, the stamp of its interval


COUNTS = ("judged", "beyond", "flagged", "gaps")
WORST = ("worst", "worst_end")
Statistics = Mapping[str, Tally]


def counted(
    criteria: Iterable[Criterion], past: Statistics, interval: Observed
) -> dict[str, Tally]:
    """The statistics with one more interval; criteria of other quantities stay as they are."""
    found = dict(past)
    for criterion in criteria:
        if criterion.quantity in interval.values:
            found[criterion.key] = _tallied(criterion, past.get(criterion.key), interval)
    return found


def _tallied(criterion: Criterion, past: Tally | None, interval: Observed) -> Tally:
    values, flagged = interval.values[criterion.quantity], interval.flagged[criterion.quantity]
    if criterion.order:
        values = values[criterion.order - 1]
    past = past or _none(len(values))
    gap = np.isnan(values) & ~flagged
    judged = ~gap & ~flagged & ~np.isnan(values)
    excess = _excess(criterion, values)
    farther = judged & ~(excess <= _excess(criterion, past.worst))
    return Tally(
        past.judged + judged,
        past.beyond + (judged & (excess > NOTHING)),
        past.flagged + flagged,
        past.gaps + gap,
        np.where(farther, values, past.worst),
        np.where(farther, interval.end, past.worst_end),
    )


def _none(places: int) -> Tally:
    zero, unknown = np.zeros(places, np.int64), np.full(places, np.nan)
    return Tally(zero, zero, zero, zero, unknown, unknown)


def _excess(criterion: Criterion, values: Column) -> Column:
    return np.maximum(criterion.low - values, values - criterion.high)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one place kept a criterion, and what that rests on."""

    criterion: Criterion
    place: int
    kept: bool | None  # None: there is nothing to judge by
    judged: int
    beyond: int
    flagged: int
    gaps: int
    missing: int  # intervals of the whole period that have not been seen
    worst: float
    worst_end: float

    @property
    def within(self) -> Percent:
        """Share of the judged intervals that lay within."""
        return 100 * (self.judged - self.beyond) / self.judged if self.judged else np.nan


def verdicts(criteria: Iterable[Criterion], statistics: Statistics) -> tuple[Verdict, ...]:
    """A verdict for each criterion and place that was counted."""
    return tuple(
        _verdict(criterion, statistics[criterion.key], place)
        for criterion in criteria
        if criterion.key in statistics
        for place in range(len(statistics[criterion.key].judged))
    )


def _verdict(criterion: Criterion, tally: Tally, place: int) -> Verdict:
    counts = (tally.judged, tally.beyond, tally.flagged, tally.gaps)
    judged, beyond, flagged, gaps = (int(count[place]) for count in counts)
    whole = round(criterion.period / criterion.interval)
    kept = 100 * beyond <= (100 - criterion.share) * judged if judged else None
    missing = max(0, whole - judged - flagged - gaps)
    worst, end = float(tally.worst[place]), float(tally.worst_end[place])
    return Verdict(criterion, place, kept, judged, beyond, flagged, gaps, missing, worst, end)


def whole(criteria: Iterable[Criterion], statistics: Statistics) -> bool | None:
    """Whether everything was kept; None: not all voltages, THD and unbalances were judged yet."""
    found = verdicts(criteria, statistics)
    if any(verdict.kept is False for verdict in found):
        return False
    basic = [verdict.kept for verdict in found if verdict.criterion.quantity in BASIC]
    known = bool(basic) and statistics.keys() >= set(BASIC) and None not in basic
    return True if known else None


def best_class(statistics: Mapping[int, Statistics]) -> int | None:
    """The first class of IEC 61000-2-4 of which the whole was kept; None: not one, or not yet."""
    for number, criteria in CLASSES.items():
        if whole(criteria, statistics.get(number, {})):
            return number
    return None


def written(statistics: Statistics) -> dict[str, dict[str, list[float | None]]]:
    """The statistics as plain data."""
    return {
        key: {name: _plain(getattr(tally, name)) for name in COUNTS + WORST}
        for key, tally in statistics.items()
    }


def taken(plain: Mapping[str, Mapping[str, list[float | None]]]) -> dict[str, Tally]:
    """The statistics that were written so."""
    found = {}
    for key, tally in plain.items():
        judged, beyond, flagged, gaps = (np.array(tally[n], np.int64) for n in COUNTS)
        worst, end = (np.array(tally[n], np.float64) for n in WORST)
        found[key] = Tally(judged, beyond, flagged, gaps, worst, end)
    return found


def _plain(column: Array) -> list[float | None]:
    return [None if isnan(value) else value for value in column.tolist()]
