"""What equipment is made to bear of a dip, a swell or a blow: ITIC and SEMI F47 (5, 8).

Both are curves of voltage over duration. ITIC (CBEMA, 2000) is written for 120 V and is applied to
230 V by custom; SEMI F47-0706 is that of makers of semiconductors.
"""

from enum import StrEnum
from math import log

from smartpdu.model.units import Percent, Second

LEAST = ((0.020, 0.0), (0.5, 70.0), (10.0, 80.0))  # up to this long, down to so much; then 90 %
STEADY = (90.0, 110.0)
MOST = ((0.003, 140.0), (0.5, 120.0))  # beyond a millisecond: up to this long, up to so much
BLOW = ((1e-4 / 0.6, 500.0), (0.001, 200.0))  # 0.01 of a cycle of 60 Hz; a line in its logarithm
F47 = ((0.2, 50.0), (0.5, 70.0), (1.0, 80.0))
SHORT = 0.05  # s: of shorter dips SEMI F47 asks nothing


class Zone(StrEnum):
    """Where an event lies on the curve of ITIC."""

    TOLERATED = "no interruption in function"
    INTERRUPTED = "no damage"  # function may cease
    PROHIBITED = "prohibited"  # equipment may be damaged


def itic(voltage: Percent, duration: Second) -> Zone:
    """The zone of a voltage in percent of nominal, RMS or its equivalent, that lasts so long."""
    if voltage > _most(duration):
        return Zone.PROHIBITED
    least = next((low for until, low in LEAST if duration <= until), STEADY[0])
    return Zone.TOLERATED if voltage >= least else Zone.INTERRUPTED


def semi_f47(voltage: Percent, duration: Second) -> bool:
    """Whether equipment must ride through a dip to this voltage that lasts so long."""
    if duration < SHORT:
        return False
    return any(duration <= until and voltage >= low for until, low in F47)


def _most(duration: Second) -> Percent:
    (first, high), (second, low) = BLOW
    if duration <= first:
        return high
    if duration <= second:
        return high + (low - high) * log(duration / first) / log(second / first)
    return next((high for until, high in MOST if duration <= until), STEADY[1])
