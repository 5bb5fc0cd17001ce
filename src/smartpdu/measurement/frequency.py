"""The frequency: of each cycle, and of ten seconds by whole cycles (8, IEC 61000-4-30)."""

from dataclasses import dataclass, replace

import numpy as np

from smartpdu.measurement.clock import Clock, interval
from smartpdu.measurement.crossing import CARRIED, REAL
from smartpdu.measurement.waveform import Bounds
from smartpdu.model.units import Hertz, Hertzes, Second

TEN_SECONDS = 10.0
LACKING = (
    0.1  # s of ten that may hold no whole cycle: two cut cycles at 42.5 Hz, and a clock's trim
)


@dataclass(frozen=True, slots=True)
class Frequency:
    """The frequency over ten seconds of UTC."""

    begin: float  # UTC
    end: float  # UTC, the stamp
    frequency: Hertz  # NaN where cycles were carried on or are missing
    cycles: int  # whole ones that were counted


@dataclass(frozen=True, slots=True)
class Count:
    """Cycles counted so far in the ten seconds under way; a new stream begins with a new one."""

    begin: float | None = None  # UTC of the ten seconds; None before the first bound
    last: float = np.nan  # the last bound, in samples since the stream's first
    mark: int = REAL  # and how it was found
    cycles: int = 0
    lasted: Second = 0.0  # all these cycles together
    carried: bool = False


def counted(past: Count, bounds: Bounds, clock: Clock) -> tuple[Count, tuple[Frequency, ...]]:
    """The count with further bounds of cycles, and the ten seconds that they complete."""
    count, done = past, []
    for at, mark in zip(bounds.at.tolist(), bounds.mark.tolist(), strict=True):
        begin = interval(clock, at, TEN_SECONDS, count.begin)
        if begin == count.begin:
            count = replace(
                count,
                last=at,
                mark=mark,
                cycles=count.cycles + 1,
                lasted=count.lasted + (at - count.last) / clock.rate,
                carried=count.carried or mark == CARRIED,
            )
            continue
        if count.begin is not None:
            done.append(_frequency(count))
        count = Count(begin, at, mark, carried=mark == CARRIED)
    return count, tuple(done)


def _frequency(count: Count) -> Frequency:
    begin = count.begin or 0.0
    whole = count.lasted >= TEN_SECONDS - LACKING and not count.carried
    value = count.cycles / count.lasted if whole else np.nan
    return Frequency(begin, begin + TEN_SECONDS, value, count.cycles)


def cycle_frequency(past: Count, bounds: Bounds, clock: Clock) -> Hertzes:
    """The frequency of the cycle that ends with each bound; NaN where it was not measured."""
    at = np.concatenate([[past.last], bounds.at])
    mark = np.concatenate([[past.mark], bounds.mark])
    measured = (mark[1:] == REAL) & (mark[:-1] != CARRIED)
    frequency: Hertzes = np.where(measured, clock.rate / np.diff(at), np.nan)
    return frequency
