"""What follows the samples of a feed beside its readings: registers, statistics, disturbances."""

from typing import Any, Protocol

from numpy.typing import NDArray

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.clock import Clock
from smartpdu.measurement.waveform import Measured, Stream
from smartpdu.model.snapshot import Snapshot


class Follower(Protocol):
    """Is told of every run of one feed; what it holds outlives a gap."""

    def begin(self, channels: Channels) -> None:
        """A new run begins at such a rate; what was measured before it has ended."""
        ...

    def take(self, stream: Stream, clock: Clock, block: NDArray[Any], measured: Measured) -> None:
        """Further samples of the run, when they were taken, and what became complete with them."""
        ...

    def land(self, now: Snapshot) -> None:
        """Write what there is to tell into the rows of the feed's source."""
        ...
