"""Thresholds that a device holds, as limits of our rules."""

from collections.abc import Iterator, Mapping
from typing import Any

from smartpdu.drivers.survey import Row
from smartpdu.engine.catalogue import RULES
from smartpdu.model.plant import Kind
from smartpdu.model.reach import clears, unreachable
from smartpdu.model.rule import BOUNDS

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
RULED_BY = {rule.key: rule for rule in RULES}
DEFAULTS = {rule.key: rule.limits for rule in RULES}


def limits_of(
    kind: Kind, row: Row, values: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, float]]]:
    """For each rule that a device has thresholds for, the bounds of one place."""
    for column in row.limits:
        rule, bounds = _told(kind, row, column, values)
        if bounds and _usable(bounds, rule):
            yield rule, ordered(bounds, rule)


def contradictions(kind: Kind, row: Row, values: Mapping[str, Any]) -> Iterator[str]:
    """The columns of which a device has thresholds that cross, or that a rule cannot have."""
    for column in row.limits:
        rule, bounds = _told(kind, row, column, values)
        if bounds and not _usable(bounds, rule):
            yield column


def _told(
    kind: Kind, row: Row, column: str, values: Mapping[str, Any]
) -> tuple[str, dict[str, float]]:
    """The rule of a column, and the bounds told that this rule has, in its own unit."""
    rule, rating = RULED.get((kind, column), ("", ""))
    whole = float(values[rating]) if rating else 1.0
    return rule, {
        bound: float(f"{value if share else value / whole:.6g}")
        for bound, (value, share) in row.limits[column].items()
        if getattr(DEFAULTS.get(rule), bound, None) is not None and (value > 0 or not rating)
    }


def _usable(bounds: Mapping[str, float], rule: str) -> bool:
    """Whether a rule with these bounds can call and fall silent again."""
    if not _in_order(bounds) or any(unreachable(k, v, RULED_BY[rule]) for k, v in bounds.items()):
        return False
    limits = RULED_BY[rule].limits.changed(**ordered(bounds, rule))
    return clears(limits, RULED_BY[rule])


def _in_order(bounds: Mapping[str, float]) -> bool:
    values = [bounds[bound] for bound in BOUNDS if bound in bounds]
    return values == sorted(values)


def ordered(bounds: Mapping[str, float], rule: str) -> dict[str, float]:
    """The bounds told, and those of our own moved aside that would stand beyond one of them."""
    made = {}
    for number, bound in enumerate(BOUNDS):
        ours = getattr(DEFAULTS[rule], bound)
        if bound in bounds:
            made[bound] = bounds[bound]
        elif ours is not None:
            below = [bounds[milder] for milder in BOUNDS[:number] if milder in bounds]
            above = [bounds[milder] for milder in BOUNDS[number:] if milder in bounds]
            moved = min([max([ours, *below]), *above])
            if moved != ours:
                made[bound] = moved
    return made
