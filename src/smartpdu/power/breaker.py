"""Branch breakers (5): in this first form, one that stands open."""

from smartpdu.model.plant import Kind
from smartpdu.model.rule import Limits, Rule, Tick
from smartpdu.model.units import Switches


def contact(tick: Tick) -> Switches:
    """The contact of each breaker: 1 closed, 0 open; a gap where it is not told."""
    return tick.now.circuits.closed


RULES = (Rule("breaker.open", Kind.CIRCUIT, contact, Limits(low_critical=0.0, hysteresis=0.5)),)
