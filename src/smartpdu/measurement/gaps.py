"""How long a source has been silent, and how much of its answer is missing."""

from smartpdu.model.plant import Kind
from smartpdu.model.rule import Limits, Rule, Tick
from smartpdu.model.units import Ratios, Seconds

SILENT = "gaps.silent"
STALE = 3.0  # intervals without an answer after which readings are old (NUT: the same idea)
UNKEPT = 1.0  # s; an order of a person is refused at once, this is for everything else
BLIND = 30.0  # intervals after which nobody watches this place any more


def silence(tick: Tick) -> Ratios:
    """Intervals that each source has been silent."""
    return tick.now.sources.silence / tick.plant.sources.interval


def missing(tick: Tick) -> Ratios:
    """Share of the values expected of each source that its last answer did not hold."""
    return tick.now.sources.missing


def unrecorded(tick: Tick) -> Seconds:
    """Time that the journal has not taken what shall be kept."""
    return tick.now.houses.unrecorded


RULES = (
    Rule("recording.failing", Kind.HOUSE, unrecorded, Limits(high_critical=UNKEPT)),
    Rule(
        SILENT,
        Kind.SOURCE,
        silence,
        Limits(high_warning=STALE, high_critical=BLIND, hysteresis=0.5),
    ),
    Rule(
        "gaps.missing",
        Kind.SOURCE,
        missing,
        Limits(high_warning=0.001, high_critical=0.5, dwell=3.0),
    ),
)
