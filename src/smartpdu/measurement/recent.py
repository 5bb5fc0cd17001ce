"""The last samples of a stream, kept as they came while somebody may still ask for them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Recent:
    """Samples in parts, (samples, channels) each."""

    first: int = 0  # number of the first sample, counted from the stream's first
    parts: tuple[Array, ...] = ()

    @property
    def end(self) -> int:
        """Number of the next sample."""
        return self.first + sum(len(part) for part in self.parts)


def extended(recent: Recent, block: Array, needed: float) -> Recent:
    """With further samples, and without those before the one that is needed first.

    A block that may still be written to is copied.
    """
    own = np.array(block) if block.flags.writeable else block
    first, parts = recent.first, (*recent.parts, own)
    while len(parts) > 1 and first + len(parts[0]) <= needed:
        first += len(parts[0])
        parts = parts[1:]
    return Recent(first, parts)


def span(recent: Recent, first: int, end: int) -> Array:
    """The samples from `first` up to, but without, `end`."""
    start, found = recent.first, []
    for part in recent.parts:
        if start < end and start + len(part) > first:
            found.append(part[max(0, first - start) : end - start])
        start += len(part)
    return found[0] if len(found) == 1 else np.concatenate(found)
