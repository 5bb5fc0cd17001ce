"""A stream of samples cut into gapless windows of ten or twelve cycles, and into half-cycles."""

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement import crossing, cycles, grid, halves, harmonics, pace, sums
from smartpdu.measurement.channels import Channels

Array = NDArray[Any]

HELD = 4  # windows that the buffer holds


@dataclass(frozen=True, slots=True)
class Window:
    """What was measured over ten or twelve whole cycles."""

    start: float  # in samples since the stream's first
    end: float
    cycles: int
    mark: int  # the worst way in which one of its cycles was found
    mean: Array  # of each channel
    rms: Array
    power: Array  # with the group's voltage; of a voltage, its mean square
    low: Array
    high: Array
    spectra: harmonics.Spectra


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where cycles of the leading voltage end and the next begin, one row each."""

    at: Array  # in samples since the stream's first
    mark: Array  # how each was found


@dataclass(frozen=True, slots=True)
class Measured:
    """What became complete with further samples."""

    halves: halves.Halves
    windows: tuple[Window, ...]
    bounds: Bounds


class Stream:
    """Takes samples in blocks of any size; the same samples give the same windows, bit by bit."""

    def __init__(self, channels: Channels) -> None:
        """A stream at its first sample."""
        self.channels = channels
        self._partner, self._spans = channels.partner, channels.spans
        self._voltage = channels.voltage
        self._watch = crossing.watch(channels)
        self._cycles = cycles.cycles()
        self._pace = pace.pace(channels)
        self._sweep = halves.sweep(len(self._spans), len(channels.group))
        self._grid = grid.grid(channels)
        self._reach = self._grid.weights.shape[1] // 2 + 1
        self._most = int(channels.cycles * channels.cycle)
        self._rows = np.zeros((HELD * self._most, len(channels.group)), np.float32)
        self._first = 0  # number of the first row
        self._taken = 0  # samples so far
        self._looked = 0  # of them, those searched for crossings
        self._starts = deque([0])  # numbers of the cycles that windows under way begin with
        self._ticks: deque[float] = deque()

    def take(self, block: Array) -> Measured:
        """Take further samples, (samples, channels), in volts and amperes."""
        begins = range(0, max(len(block), 1), self._most)
        parts = [self._take(block[k : k + self._most]) for k in begins]
        return parts[0] if len(parts) == 1 else joined(parts, len(self.channels.group))

    def _take(self, block: Array) -> Measured:
        if self._taken - self._first + len(block) > len(self._rows):
            self._forget()
        here = self._taken - self._first
        if here + len(block) > len(self._rows):  # a voltage that comes and goes is told of later
            more = np.zeros((self._most, self._rows.shape[1]), np.float32)
            self._rows = np.concatenate([self._rows, more])
        self._rows[here : here + len(block)] = block
        self._taken += len(block)
        every = self._watch.every
        whole = (self._taken - self._looked) // every * every
        if whole:
            own = self._rows[self._looked - self._first :][:whole]
            crossing.follow(self._watch, own, self._voltage, self._looked)
            self._looked += whole
        pace.run_on(self._pace, self._watch, self._taken)
        found = halves.swept(self._sweep, self._pace, self._rows, self._first, self._spans)
        before = int(self._cycles.found[0])
        cycles.count(self._cycles, self._watch)
        return Measured(found, self._windows(), self._bounds(before))

    def _bounds(self, before: int) -> Bounds:
        """Those found since there were so many."""
        line = np.arange(before, int(self._cycles.found[0])) % crossing.ROOM
        return Bounds(self._cycles.at[line], self._cycles.mark[line])

    def resynchronise(self, sample: float) -> None:
        """Begin a window at the first cycle after this moment; the one under way still ends.

        The tick of ten minutes of IEC 61000-4-30, told before the sample comes.
        """
        self._ticks.append(sample)

    def _windows(self) -> tuple[Window, ...]:
        self._begin()
        found = []
        number, known = self.channels.cycles, int(self._cycles.found[0])
        while known > self._starts[0] + number:
            first = self._starts[0]
            line = np.arange(first, first + number + 1) % crossing.ROOM
            start, end = self._cycles.at[line[0]], self._cycles.at[line[-1]]
            if end + self._reach >= self._taken:
                break
            self._starts.popleft()
            if not self._starts:
                self._starts.append(first + number)
            if start >= self._reach:  # what lies before the first sample is not known
                mark = int(self._cycles.mark[line].max())
                found.append(self._window(float(start), float(end), mark))
        return tuple(found)

    def _begin(self) -> None:
        """Find the cycles that begin a window because a tick has passed."""
        while self._ticks and self._cycles.found[0]:
            last = int(self._cycles.found[0]) - 1
            if self._cycles.at[last % crossing.ROOM] < self._ticks[0]:
                return
            line = np.arange(self._starts[-1], last + 1)
            begins = line[
                np.searchsorted(self._cycles.at[line % crossing.ROOM], self._ticks.popleft())
            ]
            ends = self._starts[-1] + self.channels.cycles
            while ends < begins:  # windows that end before the tick
                self._starts.append(ends)
                ends += self.channels.cycles
            if begins > self._starts[-1]:
                self._starts.append(int(begins))

    def _window(self, start: float, end: float, mark: int) -> Window:
        number = self.channels.cycles
        mean = sums.means(self._rows, self._first, start, end, self._partner)
        rms = np.sqrt(np.maximum(mean[1], 0.0))
        step = (end - start) / grid.POINTS
        grid.fill(self._grid, self._rows, self._first, start, step)
        found = harmonics.spectra(self._grid, number, (end - start) / number)
        return Window(start, end, number, mark, mean[0], rms, mean[2], mean[3], mean[4], found)

    def _forget(self) -> None:
        """Move what is still needed to the beginning."""
        needed = [self._looked - pace.PAST * 2 * self.channels.cycle]  # where half-cycles begin
        if self._sweep.done.any():
            needed = [self._looked, *self._sweep.at[self._sweep.done > 0]]
        first = self._starts[0]
        if self._cycles.found[0] > first:
            needed.append(self._cycles.at[first % crossing.ROOM])
        kept = max(self._first, int(min(needed)) - self._reach - 2)
        left = self._rows[kept - self._first : self._taken - self._first]
        self._rows[: len(left)] = left
        self._first = kept
        np.maximum(self._sweep.at, kept, out=self._sweep.at)  # of voltages that never lived


def joined(parts: list[Measured], channels: int) -> Measured:
    """Several as one."""
    fields = halves.Halves.__slots__
    whole = [np.concatenate([getattr(p.halves, f) for p in parts]) for f in fields]
    bounds = [np.concatenate([getattr(p.bounds, f) for p in parts]) for f in Bounds.__slots__]
    windows = tuple(w for p in parts for w in p.windows)
    return Measured(halves.Halves(*whole), windows, Bounds(*bounds))
