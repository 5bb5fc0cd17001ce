"""A recording of sampled waveforms, whatever file it came from, and what was wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from math import nan

import numpy as np
from numpy.typing import NDArray

from smartpdu.model.units import Hertz, Second, Seconds, Volt

Samples = NDArray[np.float32] | NDArray[np.float64]  # (samples, channels)
LONGEST = 60  # characters of somebody else's text that a message repeats


class RecordingError(Exception):
    """A file that cannot be read as a recording: where in it, what was found, what is expected."""

    def __init__(self, file: str, where: str, found: str, expected: str) -> None:
        place = f"{file}, {where}" if where else file
        super().__init__(f"{place}: found {found}, expected {expected}")
        self.file = file
        self.where = where  # as "line 3" or "byte 120"
        self.found = found
        self.expected = expected


class Quality(StrEnum):
    """What may be wrong with a recording that can be used all the same."""

    CLIPPED = "clipped"  # the converter was at its end
    MISSING = "missing"  # samples that the recorder did not have; NaN
    TRUNCATED = "truncated"  # the file ends early
    CORRUPT = "corrupt"  # fields that are no numbers; taken as missing
    SURPLUS = "surplus"  # the file holds more than its configuration says; left out
    UNEVEN = "uneven"  # the time between samples is not what it should be
    DISAGREES = "disagrees"  # two places of the file say different things
    CARRIED = "carried"  # crossings did not tell the pace of half-cycles; it is assumed


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that was wrong, and where: a channel or all, its first sample, how many."""

    quality: Quality
    words: str
    channel: int | None = None
    first: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True)
class Channel:
    """One column of samples; voltages are in V and currents in A, whatever the file had."""

    name: str
    kind: str  # "voltage", "current" or "other"
    unit: str
    phase: str = ""
    skew: Second = 0.0  # how much later than its row a sample was taken
    ratio: float = 1.0  # of the transformer: primary over secondary
    side: str = ""  # "P" or "S", where the samples are told to be of one


@dataclass(frozen=True, slots=True)
class Stretch:
    """Samples that follow each other at one rate."""

    rate: Hertz
    first: int
    end: int  # one after the last


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Waveforms of several channels side by side; NaN is a sample that is not there."""

    name: str  # of what recorded it
    start: datetime | None  # of the first sample; without a zone where none is told
    trigger: Second  # after the first sample; NaN where unknown
    nominal_frequency: Hertz  # NaN where unknown
    channels: tuple[Channel, ...]
    stretches: tuple[Stretch, ...]
    times: Seconds  # of each sample, after the first
    samples: Samples
    digital: tuple[str, ...] = ()
    states: NDArray[np.uint16] | None = None  # (samples, words): 16 digital channels in a word
    marks: tuple[Mark, ...] = ()
    nominal_voltage: Volt = nan  # as the recorder knew it
    about: tuple[tuple[str, str], ...] = ()  # what else it knew: a name and what it is

    @property
    def rate(self) -> Hertz:
        """The rate of the longest stretch."""
        return max(self.stretches, key=lambda each: each.end - each.first).rate

    def state(self, number: int) -> NDArray[np.bool_]:
        """One digital channel, sample by sample."""
        if self.states is None or not 0 <= number < len(self.digital):
            raise IndexError(f"found digital channel {number}, expected 0 to {len(self.digital)}")
        on: NDArray[np.bool_] = (self.states[:, number // 16] >> (number % 16) & 1).astype(bool)
        return on


def quoted(text: object) -> str:
    """Somebody else's text as a message repeats it: quoted and short."""
    shown = repr(text)
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}..."


def primary(recording: Recording) -> Recording:
    """A recording with all that was taken behind a transformer as it was before it."""
    factors = [c.ratio if c.side == "S" else 1.0 for c in recording.channels]
    if all(factor == 1.0 for factor in factors):
        return recording
    samples = recording.samples * np.array(factors, recording.samples.dtype)
    channels = tuple(replace(c, side="P") if c.side else c for c in recording.channels)
    return replace(recording, samples=samples, channels=channels)


def counted(number: int, word: str) -> str:
    """So many of something, in words: 1 sample, 2 samples."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def missing(samples: Samples, channels: tuple[Channel, ...], times: Seconds) -> Iterator[Mark]:
    """A mark for each channel of which samples are not there, and when."""
    absent = np.isnan(samples)
    for channel in np.flatnonzero(absent.any(axis=0)).tolist():
        count = int(np.count_nonzero(absent[:, channel]))
        places = np.flatnonzero(np.diff(np.concatenate([[False], absent[:, channel], [False]])))
        first, last = int(places[0]), int(places[-1]) - 1
        is_are = f"{counted(count, 'sample')} {'is' if count == 1 else 'are'} missing"
        gaps = f" in {len(places) // 2} places" if len(places) > 2 else ""
        when = f"from {times[first]:.5f} s to {times[last]:.5f} s"
        if count == 1:
            when = f"at {times[first]:.5f} s"
        words = f"{channels[channel].name}: {is_are}{gaps}, {when}"
        yield Mark(Quality.MISSING, words, channel, first, count)
