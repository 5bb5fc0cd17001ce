"""The part of a recording that shows the mains, where the rest shows that they were away.

A file of a disturbance may have six cycles before it, and nothing behind them. What the mains were
is then told by the part in which they were strong.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.model.units import Hertz

Array = NDArray[Any]

LOOK = 0.02  # s over which it is seen whether the mains are there
STEADY = 0.7  # of the largest power: more than it may waver within such a time
BESIDE = 0.4  # of such a time that may lie beside the part, at its ends
LEAST = 1.5  # such times that are enough to tell a frequency


def steady(samples: Array, rate: Hertz, least: float = LEAST) -> tuple[int, int] | None:
    """The longest part in which these channels are strong: its first sample and its end.

    None where it lasts for less than so many times the look.
    """
    width = max(round(LOOK * rate), 1)
    if len(samples) < least * width:
        return None
    square = np.square(np.nan_to_num(samples.astype(float))).sum(axis=1)
    total = np.concatenate([[0.0], np.cumsum(square)])
    power = total[width:] - total[:-width]
    strong = (power >= STEADY * power.max()).astype(np.int8)
    edges = np.diff(np.concatenate([[0], strong, [0]]))
    begins, ends = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)
    best = int((ends - begins).argmax())
    first, end = int(begins[best]), int(ends[best]) - 1 + width
    first += int(BESIDE * width) if first > 0 else 0
    end -= int(BESIDE * width) if end < len(samples) else 0
    return (first, end) if end - first >= least * width else None
