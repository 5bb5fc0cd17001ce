"""When the samples of a recording were taken: by rates that are told, or by time stamps."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from smartpdu.drivers.recording import Mark, Quality, RecordingError, Stretch
from smartpdu.model.units import Hertz, Rows, Second, Seconds

MOST = 64  # stretches; what changes more often has no rate
TOLERANCE = 0.1  # of the time between two samples
COARSE = 0.5  # samples in the smallest step of the stamps, from which on their line tells the rate


def rated(rates: Sequence[tuple[Hertz, int]], rows: int) -> tuple[Seconds, tuple[Stretch, ...]]:
    """Times and stretches of samples of which each rate's last is told, from 1 on.

    Samples beyond the last one go on at the last rate.
    """
    steps = np.empty(rows)
    stretches = []
    first = 0
    for rate, last in rates:
        end = rows if (rate, last) == rates[-1] else min(last, rows)
        steps[first:end] = 1.0 / rate
        if end > first:
            stretches.append(Stretch(rate, first, end))
        first = end
    if len(stretches) == 1:  # without the sum's rounding
        return np.arange(rows) / stretches[0].rate, tuple(stretches)
    steps[:1] = 0.0
    return np.cumsum(steps), tuple(stretches)


def stamped(
    times: Seconds, quantum: Second, file: str
) -> tuple[Seconds, tuple[Stretch, ...], tuple[Mark, ...]]:
    """Times from the first sample on, stretches of one rate each, and what is uneven in them.

    The quantum is the smallest step that the stamps can tell.
    """
    _check(times, file)
    times = times - times[0]
    if quantum > 0 and len(times) > 2 and np.ptp(np.diff(times)) <= 2 * quantum:
        whole = _stretch(times, 0, len(times))
        if quantum * whole.rate > COARSE:  # both ends may be off by as much as some samples
            slope = np.polynomial.Polynomial.fit(np.arange(len(times)), times, 1).convert().coef[1]
            whole = replace(whole, rate=float(1 / slope))
        return times, (whole,), ()
    steps = np.diff(times)
    change = np.abs(np.diff(steps))
    limit = TOLERANCE * np.minimum(steps[1:], steps[:-1]) + 2 * quantum
    bounds = [0, *(np.flatnonzero(change > limit) + 1).tolist(), len(steps)]
    if len(bounds) > 2 * MOST:
        words = f"{file}: the time between samples changes {len(bounds) - 2} times"
        mark = Mark(Quality.UNEVEN, words, count=len(times))
        return times, (_stretch(times, 0, len(times)),), (mark,)
    return times, *_parts(times, bounds, file)


def _parts(
    times: Seconds, bounds: Sequence[int], file: str
) -> tuple[tuple[Stretch, ...], tuple[Mark, ...]]:
    """Stretches between the steps at which the rate changes; a single step apart is a gap."""
    stretches: list[Stretch] = []
    marks: list[Mark] = []
    for begin, end in pairwise(bounds):
        first = stretches[-1].end if stretches and stretches[-1].end > begin else begin
        span = times[end] - times[begin]
        if (end - begin == 1 and len(bounds) > 2) or not times[end] > times[first]:
            words = f"{file}: {span:.6g} s between the samples {begin + 1} and {end + 1}"
            marks.append(Mark(Quality.UNEVEN, words, first=begin, count=end - begin + 1))
        elif end > first:
            stretches.append(_stretch(times, first, end + 1))
    if not stretches:
        return (_stretch(times, 0, len(times)),), tuple(marks)
    return tuple(stretches), tuple(marks)


def _stretch(times: Seconds, first: int, end: int) -> Stretch:
    return Stretch(float((end - 1 - first) / (times[end - 1] - times[first])), first, end)


def _check(times: Seconds, file: str) -> None:
    absent = np.flatnonzero(~np.isfinite(times))
    if len(absent):
        where = f"sample {absent[0] + 1}"
        raise RecordingError(file, where, "no time stamp", "one, where no rate is told")
    back = np.flatnonzero(np.diff(times) < 0)
    if len(back):
        where = f"sample {back[0] + 2}"
        raise RecordingError(file, where, "a time stamp before the last one", "one after it")
    if len(times) < 2 or times[-1] == times[0]:
        raise RecordingError(file, "", "no two different time stamps", "a rate or time stamps")


def unwrapped(stamps: Seconds) -> Seconds:
    """Stamps of 32 bits that began again at 0, as if they had more."""
    again = np.diff(stamps, prepend=stamps[:1]) < -(2.0**31)
    return stamps + np.cumsum(again) * 2.0**32 if again.any() else stamps


def spread(numbers: Seconds) -> Rows | None:
    """The row of each sample by its number, with room for those that are not there.

    None where the numbers do not count up, or leave out more than there is.
    """
    if len(numbers) < 2 or not np.isfinite(numbers).all():
        return None
    steps = np.diff(numbers)
    step = float(np.median(steps))
    if step < 1 or (steps <= 0).any() or (steps % step != 0).any():
        return None
    rows = (numbers - numbers[0]) / step
    return rows.astype(np.int64) if rows[-1] < 2 * len(numbers) else None
