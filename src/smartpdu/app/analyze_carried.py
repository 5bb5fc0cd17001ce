"""When half-cycles had an assumed pace: the voltage that would tell it was away or not sure."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from smartpdu.drivers.recording import Mark, Quality, Recording, counted
from smartpdu.measurement.report import Analysis, Trend

SEVERAL = 6  # times that are told one by one


@dataclass(frozen=True, slots=True)
class Assumed:
    """A time at an assumed pace, in samples since the first, and the voltages it is of."""

    channels: tuple[int, ...]
    first: float
    end: float
    cycle: float  # samples that one was assumed to last


def assumed(found: Analysis) -> tuple[Assumed, ...]:
    """When voltages that are watched had half-cycles at an assumed pace; together where it was."""
    whole: list[Assumed] = []
    watched = sorted(n for system in found.systems for n in system.channels)
    spans = [each for n in watched for each in _spans(found.trends[n])]
    for span in sorted(spans, key=lambda each: each.first):
        if whole and span.first < whole[-1].end + span.cycle:
            last = whole[-1]
            own = tuple(sorted({*last.channels, *span.channels}))
            whole[-1] = Assumed(own, last.first, max(last.end, span.end), last.cycle)
        else:
            whole.append(span)
    return tuple(whole)


def _spans(trend: Trend) -> Iterator[Assumed]:
    known = np.isfinite(trend.at)
    at, carried = trend.at[known], trend.carried[known].astype(np.int8)
    if len(at) < 2:
        return
    edges = np.diff(np.concatenate([[0], carried, [0]]))
    ends = np.append(at[1:], 2 * at[-1] - at[-2])  # each half-cycle ends where the next begins
    begins, stops = np.flatnonzero(edges > 0).tolist(), np.flatnonzero(edges < 0).tolist()
    for begin, stop in zip(begins, stops, strict=True):
        cycle = 2 * (ends[begin] - at[begin])
        yield Assumed((trend.channel,), float(at[begin]), float(ends[stop - 1]), float(cycle))


def carried(recording: Recording, found: Analysis) -> Iterator[Mark]:
    """A mark for each time at an assumed pace; one for all that are too many to be told."""
    spans = assumed(found)
    names = [channel.name for channel in recording.channels]
    last = len(recording.samples) - 1
    for each in spans[:SEVERAL]:
        first, end = max(int(each.first), 0), min(int(np.ceil(each.end)), last)
        begun, ended = (f"{recording.times[sample]:.4f} s" for sample in (first, end))
        who = ", ".join(names[n] for n in each.channels)
        words = (
            f"{who}: half-cycles from {begun} to {ended} have an assumed pace, "
            f"{recording.rate / each.cycle:.5g} Hz: crossings were missing or not sure"
        )
        channel = each.channels[0] if len(each.channels) == 1 else None
        yield Mark(Quality.CARRIED, words, channel, first, end - first)
    more = spans[SEVERAL:]
    if more:
        words = f"half-cycles have an assumed pace in {counted(len(more), 'more place')}"
        first, end = max(int(more[0].first), 0), min(int(np.ceil(more[-1].end)), last)
        yield Mark(Quality.CARRIED, words, None, first, end - first)
