"""The harmonics of one conductor as they were measured last (8)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from smartpdu.model.units import Second

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """RMS values of the orders 1 to 50, V or A; NaN where samples cannot tell them."""

    place: str
    quantity: str  # "voltage", "current", "neutral_current" or "residual_current"
    at: Second  # UTC of the end of the windows that they are of
    harmonic: Array  # subgroups of IEC 61000-4-7
    interharmonic: Array  # centred subgroups: between each order and the next
    noise: bool  # the fundamental does not stand out of what is beside it


Show = Callable[[str, Sequence[Spectrum]], None]  # all that a feed has now; from any thread


def unshown(_feed: str, _spectra: Sequence[Spectrum]) -> None:
    """Nobody looks at spectra."""
