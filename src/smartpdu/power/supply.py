"""The supply of the rack: feeds and phases lost, too low, too high or off frequency (3)."""

import numpy as np

from smartpdu.model.plant import Kind
from smartpdu.model.rule import Limits, Rule, Tick
from smartpdu.model.table import highest
from smartpdu.model.units import Ratios

DEAD = 0.1  # of the nominal voltage: below this a conductor is not fed (EN 50160: interruption)


def feed_alive(tick: Tick) -> Ratios:
    """Highest phase voltage of each feed, as a share of the nominal one."""
    share = tick.now.phases.voltage / tick.plant.phases.nominal_voltage
    return highest(share, tick.plant.phases.feed, len(tick.plant.feeds))


def phase_alive(tick: Tick) -> Ratios:
    """Voltage of each phase as a share of the nominal one; not judged where its feed is dead."""
    share = tick.now.phases.voltage / tick.plant.phases.nominal_voltage
    feed = feed_alive(tick)[tick.plant.phases.feed]
    return np.where(feed < DEAD, np.nan, share)  # a dead feed is told once, not for each phase


def phase_voltage(tick: Tick) -> Ratios:
    """Voltage of each phase as a share of the nominal one; not judged where it is dead.

    An alarm that stands goes on standing until the voltage is back: it is not cleared by its loss.
    """
    share = tick.now.phases.voltage / tick.plant.phases.nominal_voltage
    return np.where(share < DEAD, np.nan, share)


def frequency(tick: Tick) -> Ratios:
    """Frequency of each feed as a share of the nominal one; a dead feed has none."""
    return tick.now.feeds.frequency / tick.plant.feeds.nominal_frequency


RULES = (
    Rule("supply.feed", Kind.FEED, feed_alive, Limits(low_critical=DEAD, hysteresis=0.1)),
    Rule("supply.phase", Kind.PHASE, phase_alive, Limits(low_critical=DEAD, hysteresis=0.1)),
    Rule(
        "supply.voltage",
        Kind.PHASE,
        phase_voltage,
        # EN 50160: the mean stays within 10 %; beyond 15 % power supplies begin to drop out
        Limits(0.85, 0.90, 1.10, 1.15, hysteresis=0.01, dwell=10.0, dwell_critical=3.0),
    ),
    Rule(
        "supply.frequency",
        Kind.FEED,
        frequency,
        # EN 50160: 1 % for 99.5 % of a year, -6 to +4 % always
        Limits(0.94, 0.99, 1.01, 1.04, hysteresis=0.001, dwell=10.0, dwell_critical=3.0),
    ),
)
