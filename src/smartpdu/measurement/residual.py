"""What flows out and does not come back (7): in this first form, its limits for each feed."""

from smartpdu.model.plant import Kind
from smartpdu.model.rule import Limits, Rule, Tick
from smartpdu.model.units import LeakageAmperes


def residual(tick: Tick) -> LeakageAmperes:
    """Residual current of each feed."""
    return tick.now.feeds.residual_current


def circuit_residual(tick: Tick) -> LeakageAmperes:
    """Residual current of each circuit that has a meter for it."""
    return tick.now.circuits.residual_current


# 30 mA: half of it may trip an RCD for persons; 300 mA: protection against fire (VDE 0100-410).
RULES = (
    Rule(
        "residual.feed",
        Kind.FEED,
        residual,
        Limits(
            high_warning=0.030,
            high_critical=0.300,
            hysteresis=0.0045,
            dwell=5.0,
            dwell_critical=1.0,
        ),
    ),
    Rule(
        "residual.circuit",
        Kind.CIRCUIT,
        circuit_residual,
        Limits(
            high_warning=0.010,
            high_critical=0.030,
            hysteresis=0.0015,
            dwell=5.0,
            dwell_critical=1.0,
        ),
    ),
)
