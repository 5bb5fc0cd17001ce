"""Every rule and trace of the house, on one page; the order is the order of the whitepaper."""

from smartpdu.control import switching
from smartpdu.measurement import gaps, residual, supply_quality
from smartpdu.model.hazard import CATALOGUE, Hazard
from smartpdu.model.rule import Rule, Trace
from smartpdu.power import breaker, cord, load, supply
from smartpdu.safety import climate, contact

RULES: tuple[Rule, ...] = (
    *supply.RULES,
    *load.RULES,
    *breaker.RULES,
    *cord.RULES,
    *residual.RULES,
    *supply_quality.RULES,
    *climate.RULES,
    *contact.RULES,
    *switching.RULES,
    *gaps.RULES,
)

TRACES: tuple[Trace, ...] = (*load.TRACES, *cord.TRACES, *climate.TRACES)

HAZARDS: dict[str, Hazard] = {hazard.key: hazard for hazard in CATALOGUE}
