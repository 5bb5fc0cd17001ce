"""The voltage that a rack is supplied with, as it is now: its distortion and its unbalance (8).

Weeks against EN 50160 are counted from samples, see voltage.py; these rules see what harms now,
whoever measured it.
"""

import numpy as np

from smartpdu.model.plant import Kind
from smartpdu.model.rule import Limits, Rule, Tick
from smartpdu.model.table import lowest
from smartpdu.model.units import Percents

DEAD = 0.1  # of the nominal voltage: a lost phase is told as such, not as unbalance


def voltage_distortion(tick: Tick) -> Percents:
    """Total harmonic distortion of the voltage of each phase."""
    return tick.now.phases.thd_voltage


def voltage_unbalance(tick: Tick) -> Percents:
    """Unbalance of the voltages of each feed; 0 where one of them is lost."""
    phases = tick.plant.phases
    share = tick.now.phases.voltage / phases.nominal_voltage
    least = lowest(share, phases.feed, len(tick.plant.feeds))
    return np.where(least < DEAD, 0.0, tick.now.feeds.voltage_unbalance)


RULES = (
    Rule(
        "quality.distortion",
        Kind.PHASE,
        voltage_distortion,
        # EN 50160 and IEC 61000-2-4 class 2: 8 %; class 3, for what is made to stand it: 10 %
        Limits(
            high_warning=8.0, high_critical=10.0, hysteresis=0.3, dwell=60.0, dwell_critical=30.0
        ),
    ),
    Rule(
        "quality.unbalance",
        Kind.FEED,
        voltage_unbalance,
        # EN 50160 and IEC 61000-2-4 class 2: 2 %; class 3: 3 %
        Limits(
            high_warning=2.0, high_critical=3.0, hysteresis=0.1, dwell=60.0, dwell_critical=30.0
        ),
    ),
)
