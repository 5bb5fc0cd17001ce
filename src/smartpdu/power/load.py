"""Share of its rating that a feed, phase, circuit or socket carries; what is left (4.1, 3.2)."""

import numpy as np

from smartpdu.model.plant import Kind
from smartpdu.model.rule import Limits, Rule, Tick, Trace
from smartpdu.model.table import highest, total
from smartpdu.model.units import Amperes, Ratios

CONTINUOUS = 0.8  # of the rating for a load that lasts: whitepaper 3.2, NEC 210.20

# A peak of a few seconds is what a breaker is made to ride through.
LIMITS = Limits(
    high_warning=CONTINUOUS, high_critical=1.0, hysteresis=0.02, dwell=10.0, dwell_critical=5.0
)


def feed_load(tick: Tick) -> Ratios:
    """Share of its rated apparent power that each feed carries."""
    return tick.now.feeds.apparent_power / tick.plant.feeds.rated_power


def phase_load(tick: Tick) -> Ratios:
    """Share of its rated current that each phase carries."""
    return tick.now.phases.current / tick.plant.phases.rated_current


def circuit_load(tick: Tick) -> Ratios:
    """Share of its rated current that each circuit carries."""
    return tick.now.circuits.current / tick.plant.circuits.rated_current


def outlet_load(tick: Tick) -> Ratios:
    """Share of its rated current that each outlet carries."""
    return tick.now.outlets.current / tick.plant.outlets.rated_current


def neutral_load(tick: Tick) -> Ratios:
    """Share of the rated current of its phases that each feed's neutral carries.

    Harmonics of the orders 3, 9, 15 add up in it, and no breaker watches it.
    """
    phases, feeds = tick.plant.phases, tick.plant.feeds
    rated = highest(phases.rated_current, phases.feed, len(feeds))
    return tick.now.feeds.neutral_current / rated


def reserve_alone(_before: Amperes, tick: Tick) -> Amperes:
    """Continuous current left on each phase if its side had to carry the rack alone.

    The currents of the same line of all feeds of the rack add up on it (science 4.5); feeds of one
    side, as those of two PDUs on A, share them.
    """
    phases = tick.plant.phases
    lines = int(phases.line.max(initial=0)) + 1
    sides = int(tick.plant.feeds.side.max(initial=0)) + 1
    side = (phases.rack * sides + tick.plant.feeds.side[phases.feed]) * lines + phases.line
    line = phases.rack * lines + phases.line
    rack = total(tick.now.phases.current, line, len(tick.plant.racks) * lines)
    sharing = np.bincount(side)[side]
    reserve: Amperes = CONTINUOUS * phases.rated_current - rack[line] / sharing
    return reserve


RULES = (
    Rule("load.feed", Kind.FEED, feed_load, LIMITS),
    Rule("load.phase", Kind.PHASE, phase_load, LIMITS),
    Rule("load.circuit", Kind.CIRCUIT, circuit_load, LIMITS),
    Rule("load.outlet", Kind.OUTLET, outlet_load, LIMITS),
    Rule("load.neutral", Kind.FEED, neutral_load, LIMITS),
)

TRACES = (Trace("load.reserve", Kind.PHASE, reserve_alone, start=np.nan),)
