"""Which moment of UTC a sample was taken in, and the ticks that values are aligned to (8)."""

from dataclasses import dataclass
from math import ceil, floor

from smartpdu.model.units import Hertz, Second

WAVER = 5.0  # s that a clock may be set back over a tick and the tick is not repeated: leap seconds


@dataclass(frozen=True, slots=True)
class Clock:
    """One sample whose moment is known, and the true rate; a clock that steps is another one."""

    sample: float  # in samples since the stream's first
    at: float  # UTC, when it was taken
    rate: Hertz

    def moment(self, sample: float) -> float:
        """UTC of a sample, or of a moment between two."""
        return self.at + (sample - self.sample) / self.rate

    def place(self, moment: float) -> float:
        """Where a moment of UTC lies among the samples."""
        return self.sample + (moment - self.at) * self.rate


def ticks(clock: Clock, length: Second, begin: float, end: float) -> tuple[float, ...]:
    """Ticks of an interval of UTC from the sample `begin` up to, but without, `end`."""
    first, last = floor(clock.moment(begin) / length), ceil(clock.moment(end) / length)
    places = (clock.place(k * length) for k in range(first, last + 1))
    return tuple(place for place in places if begin <= place < end)


def interval(clock: Clock, sample: float, length: Second, running: float | None) -> float:
    """When the interval that a sample belongs to begins; `running` is the one under way.

    A sample on the tick belongs to the interval that begins there. A clock that is set back a
    little does not bring back an interval that had ended.
    """
    if running is not None:
        late = sample >= clock.place(running + length)
        if not late and clock.moment(sample) >= running - WAVER:
            return running
    number = floor(clock.moment(sample) / length)
    # places decide: UTC in seconds is too coarse for a sample that lies a hair before a tick
    return (number - 1 if clock.place(number * length) > sample else number) * length
