"""Contacts that grow hot (6.3): in this first form, limits of the temperature at the socket."""

from smartpdu.model.plant import Kind
from smartpdu.model.rule import Limits, Rule, Tick
from smartpdu.model.table import highest
from smartpdu.model.units import Celsiuses, Kelvins


def contact_temperature(tick: Tick) -> Celsiuses:
    """Temperature at the contacts of each outlet."""
    return tick.now.outlets.contact_temperature


def contact_rise(tick: Tick) -> Kelvins:
    """Temperature of each outlet's contacts above the warmest air of its rack."""
    probes, outlets = tick.plant.probes, tick.plant.outlets
    air = highest(tick.now.probes.temperature, probes.rack, len(tick.plant.racks))
    rise: Kelvins = tick.now.outlets.contact_temperature - air[outlets.rack]
    return rise


RULES = (
    Rule(
        "contact.hot",
        Kind.OUTLET,
        contact_temperature,
        # IEC 60320: the inlets C14 and C20 are made for 70 °C at their pins
        Limits(high_warning=60.0, high_critical=70.0, hysteresis=1.0, dwell=10.0),
    ),
    Rule(
        "contact.rise",
        Kind.OUTLET,
        contact_rise,
        # 45 K is the temperature rise that IEC 60320 allows at rated current
        Limits(high_warning=30.0, high_critical=45.0, hysteresis=1.0, dwell=10.0),
    ),
)
