"""Which frames of a board belong where: gaps, repeated and late ones, restarts; all counted.

The laws of this file:

1. A frame is taken once, and only where it follows what was taken before or lies after it.
2. What was lost stays lost: a frame that comes too late fills nothing.
3. A board that starts anew is followed, and so is one that counts anew without saying so.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum

from smartpdu.drivers.frames import Frame, Malformed

REMEMBERED = 256  # frames that are known to be repeated when they come again
AGAIN = 1.0  # s of frames in a row that all seem late: the board counts anew


class Fate(Enum):
    """What becomes of a frame."""

    FOLLOWS = "follows"
    BEGINS = "begins"  # after a gap or a restart
    DROPPED = "dropped"


@dataclass(slots=True)
class Tally:
    """What came and what did not, since the source was opened."""

    frames: int = 0
    samples: int = 0
    gaps: int = 0
    lost: int = 0  # samples
    repeated: int = 0
    late: int = 0
    malformed: int = 0
    unfit: int = 0  # of another number of channels than the site says
    foreign: int = 0  # from somebody else than the board
    clipped: int = 0  # counts at the end of the scale
    restarts: int = 0
    why: str = field(default="", compare=False)  # the last frame was no good


class Reception:
    """Follows the frames of one board."""

    def __init__(self, channels: int) -> None:
        """A reception of a board with so many channels that has heard nothing."""
        self.tally = Tally()
        self._channels = channels
        self._board: tuple[int, float, int] | None = None  # boot, rate and bits
        self._due = 0  # counter of the sample that comes next
        self._known: deque[tuple[int, int]] = deque(maxlen=REMEMBERED)
        self._late = 0  # samples of late frames in a row
        self._late_due = 0

    def heard(self, frame: Frame | Malformed) -> Fate:
        """What becomes of what came."""
        if isinstance(frame, Malformed):
            self.tally.malformed += 1
            self.tally.why = str(frame)
            return Fate.DROPPED
        samples, channels = frame.counts.shape
        if channels != self._channels:
            self.tally.unfit += 1
            self.tally.why = f"it has {channels} channels, the site says {self._channels}"
            return Fate.DROPPED
        fate = self._placed(frame, samples)
        if fate is not Fate.DROPPED:
            self.tally.frames += 1
            self.tally.samples += samples
            self._known.append((frame.sequence, frame.counter))
            self._due, self._late = frame.counter + samples, 0
        return fate

    def _placed(self, frame: Frame, samples: int) -> Fate:
        board = (frame.boot, frame.rate, frame.form.bits)
        if board != self._board:
            self.tally.restarts += self._board is not None
            self._board = board
            self._known.clear()
            return Fate.BEGINS
        if frame.counter == self._due:
            return Fate.FOLLOWS
        if frame.counter > self._due:
            self.tally.gaps += 1
            self.tally.lost += frame.counter - self._due
            return Fate.BEGINS
        return self._behind(frame, samples)

    def _behind(self, frame: Frame, samples: int) -> Fate:
        """A frame before what was taken: repeated, late, or the board counts anew."""
        if (frame.sequence, frame.counter) in self._known:
            self.tally.repeated += 1
            return Fate.DROPPED
        self._late = samples + (self._late if frame.counter == self._late_due else 0)
        self._late_due = frame.counter + samples
        if self._late >= AGAIN * frame.rate:
            self.tally.restarts += 1
            self._known.clear()
            return Fate.BEGINS
        self.tally.late += 1
        return Fate.DROPPED
