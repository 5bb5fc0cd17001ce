"""Thresholds that a device holds, as limits of our rules."""

from collections.abc import Iterator, Mapping
from typing import Any

from smartpdu.drivers.survey import Row
from smartpdu.engine.catalogue import RULES
from smartpdu.engine.house import BOUNDS
from smartpdu.model.plant import Kind

RULED = {  # a device's threshold of a column: our rule, and the rating of which it is a share
    (Kind.PHASE, "current"): ("load.phase", "rated_current"),
    (Kind.CIRCUIT, "current"): ("load.circuit", "rated_current"),
    (Kind.OUTLET, "current"): ("load.outlet", "rated_current"),
    (Kind.PHASE, "voltage"): ("supply.voltage", "nominal_voltage"),
    (Kind.FEED, "residual_current"): ("residual.feed", ""),
    (Kind.CIRCUIT, "residual_current"): ("residual.circuit", ""),
    (Kind.PROBE, "temperature"): ("climate.temperature", ""),
    (Kind.PROBE, "humidity"): ("climate.humidity", ""),
}
DEFAULTS = {rule.key: rule.limits for rule in RULES}


def limits_of(
    kind: Kind, row: Row, values: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, float]]]:
    """For each rule that a device has thresholds for, the bounds of one place."""
    for column, told in row.limits.items():
        rule, rating = RULED.get((kind, column), ("", ""))
        whole = float(values[rating]) if rating else 1.0
        bounds = {
            bound: round(value if share else value / whole, 4)
            for bound, (value, share) in told.items()
            if getattr(DEFAULTS.get(rule), bound, None) is not None
        }
        if bounds:
            yield rule, ordered(bounds, rule)


def ordered(bounds: Mapping[str, float], rule: str) -> dict[str, float]:
    """The bounds told, and those of our own moved aside that would stand beyond one of them."""
    ours = {bound: getattr(DEFAULTS[rule], bound) for bound in BOUNDS}
    made = dict(bounds)
    for worse, milder, side in (
        ("high_critical", "high_warning", max),
        ("low_critical", "low_warning", min),
    ):
        if milder in bounds and worse not in bounds and ours[worse] is not None:
            moved = side(ours[worse], bounds[milder])
            if moved != ours[worse]:
                made[worse] = moved
        if worse in bounds and milder not in bounds and ours[milder] is not None:
            moved = (min if side is max else max)(ours[milder], bounds[worse])
            if moved != ours[milder]:
                made[milder] = moved
    return {bound: made[bound] for bound in BOUNDS if bound in made}
