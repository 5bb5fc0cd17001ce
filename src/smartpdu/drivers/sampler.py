"""Takes the frames of a board and tells the rows of its source (7, 8).

The laws of this file:

1. After a gap all begins anew: no value is made of samples from both sides of it, and none of
   samples that did not come.
2. A value is of what was measured since the source was last read; where nothing was, it is a gap.
3. How much is missing is told beside it: samples that were lost, channels without
   a value, and clipped ones, whose values are less than what was there.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from math import nan
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from smartpdu.drivers.board import Board, Course
from smartpdu.drivers.calibration import Calibrator
from smartpdu.drivers.follower import Follower
from smartpdu.drivers.frames import SLOWEST, Form, Frame, Malformed, picked
from smartpdu.drivers.landing import DEAD, land, land_dead
from smartpdu.drivers.moments import Moments
from smartpdu.drivers.reception import Fate, Reception, Tally
from smartpdu.measurement.compiled import ANEW
from smartpdu.measurement.prepared import prepare
from smartpdu.measurement.waveform import Stream, Window
from smartpdu.model.snapshot import Snapshot

STALE = 0.6  # s: an older window tells nothing of now

Array = NDArray[Any]

log = structlog.get_logger()


class Run:
    """The samples of one feed since the last gap, and the windows they gave."""

    def __init__(
        self, course: Course, moments: Moments, followers: Sequence[Follower] = ()
    ) -> None:
        """A run that waits for its first sample."""
        self.course = course
        self._moments = moments
        self._followers = followers
        self._fresh: list[Window] = []  # since the source was last read; a gap leaves them
        self._rate = 0.0
        self.begin(SLOWEST, 0)

    def begin(self, rate: float, most: int) -> None:
        """Begin anew at this rate, with counts up to the most."""
        if rate != self._rate:
            self._fresh = []  # they count in samples of the old one
            self._channels = self.course.channels(rate)
            self._calibrator = Calibrator(self.course.calibration, rate)
        self._rate, self._most = rate, most
        self._calibrator.begin()
        self._held: list[Array] = []  # until there is enough for a window
        self._stream: Stream | None = None
        self._latest: list[Window] = []
        self._taken = 0
        self._square, self._squared = np.zeros(len(self.course.lines)), 0
        for follower in self._followers:
            follower.begin(self._channels)

    def take(self, counts: Array) -> None:
        """Take further counts of all channels of the board."""
        values = self._calibrator.take(picked(counts, self.course.columns))
        self._taken += len(values)
        if not self._latest:
            self._square += np.einsum("tc,tc->c", values, values, dtype=np.float64)
            self._squared += len(values)
        self._held.append(values)
        if self._stream is None:
            if self._taken < self._channels.cycles * self._channels.cycle:
                return  # a run this short gives nothing: do not begin one for every lost frame
            self._stream = Stream(self._channels)
        for block in self._held:
            measured = self._stream.take(block)
            self._fresh += measured.windows
            for follower in self._followers:
                clock = replace(self._moments.clock, sample=self._calibrator.lead)
                follower.take(self._stream, clock, block, measured)
        self._held = []
        if self._fresh:
            self._latest = self._fresh[-1:]

    def land(self, now: Snapshot) -> bool:
        """Write what was measured since the last time; False where there is nothing to tell."""
        for follower in self._followers:
            follower.land(now)
        windows, self._fresh = self._fresh or self._young(), []
        if windows:
            land(now, self.course, self._channels, windows, self._most)
            return True
        return self._dead(now)

    def _young(self) -> list[Window]:
        return [w for w in self._latest if self._taken - w.end <= STALE * self._rate]

    def _dead(self, now: Snapshot) -> bool:
        """Tell that there is no voltage, where there was none since the run began."""
        count, squares = self._squared, self._square
        if self._latest or count < self._channels.cycles * self._channels.cycle or not count:
            return False
        rms = np.sqrt(squares / count)
        if (rms[self._channels.voltage] > DEAD * self.course.nominal_voltage).any():
            return False
        land_dead(now, self.course, rms)
        self._square, self._squared = np.zeros_like(squares), 0
        return True


@cache
def _ready() -> None:
    """Compile before the first sample comes, or the source would be silent meanwhile."""
    if ANEW:
        log.info("loops_are_compiled", why="this once; the start takes up to a minute longer")
    prepare()


class Sampler:
    """All runs of a board."""

    def __init__(
        self, board: Board, followed: Callable[[Course], Sequence[Follower]] = lambda _: ()
    ) -> None:
        """A sampler that has heard nothing; `followed` gives what follows the samples of a feed."""
        _ready()
        self._reception = Reception(board.channels)
        self._moments, self._begun = Moments(), 0
        self._counts: tuple[int, float] | None = None  # boot and rate that samples count by
        self._runs = [Run(course, self._moments, followed(course)) for course in board.courses]
        self._told = (0, 0)  # samples and lost ones when it was last read
        self._clipped = np.zeros(board.channels, dtype=np.bool_)  # since then

    @property
    def tally(self) -> Tally:
        """What came and what did not."""
        return self._reception.tally

    def take(self, frames: Iterable[Frame | Malformed], arrived: float = nan) -> None:
        """Take what came from the board, until that moment of UTC."""
        together: list[Frame] = []
        for frame in frames:
            fate = self._reception.heard(frame)
            if fate is Fate.DROPPED or isinstance(frame, Malformed):
                continue
            if fate is Fate.BEGINS:
                self._flush(together, arrived)
                together = []
                self._begin(frame)
                for run in self._runs:
                    run.begin(frame.rate, frame.form.most)
            together.append(frame)
        self._flush(together, arrived)

    def land(self, now: Snapshot) -> None:
        """Write all rows, and how much of them is missing."""
        told = [len(run.course.lines) * (not run.land(now)) for run in self._runs]
        whole = sum(len(run.course.lines) for run in self._runs)
        tally = self.tally
        came, lost = tally.samples - self._told[0], tally.lost - self._told[1]
        self._told = (tally.samples, tally.lost)
        cut = sum(int(self._clipped[run.course.columns].sum()) for run in self._runs)
        self._clipped[:] = False
        lacking = max(sum(told) / whole, lost / max(came + lost, 1), cut / whole)
        now.sources.missing[:] = np.fmax(now.sources.missing, lacking)  # beside what followers lack

    def _begin(self, frame: Frame) -> None:
        """Begin to count from this frame; a board that only lost some counts on."""
        board = (frame.boot, frame.rate)
        if board == self._counts and frame.counter >= self._begun:
            self._moments.go_on(frame.counter - self._begun)
        else:
            self._moments.begin(frame.rate)
        self._counts, self._begun = board, frame.counter

    def _flush(self, frames: list[Frame], arrived: float) -> None:
        if not frames:
            return
        last = frames[-1]
        next_, told = last.counter + len(last.counts), last.at + len(last.counts) / last.rate
        self._moments.heard(next_ - self._begun, arrived, told)
        counts = np.concatenate([frame.counts for frame in frames])
        ends = clipped(counts, frames[0].form)
        self.tally.clipped += int(ends.sum())
        self._clipped |= ends > 0
        for run in self._runs:
            run.take(counts)


def clipped(counts: Array, form: Form) -> Array:
    """How many counts of each channel stand at the end of the scale."""
    if counts.max() < form.most and counts.min() > -form.most - 1:
        return np.zeros(counts.shape[1], dtype=np.int64)
    ends: Array = ((counts >= form.most) | (counts <= -form.most - 1)).sum(axis=0)
    return ends
