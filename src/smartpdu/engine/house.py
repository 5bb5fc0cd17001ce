"""The house: what is built, what is watched, and with which limits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from smartpdu.engine.catalogue import HAZARDS, RULES, TRACES
from smartpdu.model.hazard import Hazard
from smartpdu.model.plant import Kind, Plant, places
from smartpdu.model.rule import BOUNDS, Bound, Limits, Rule, Trace


@dataclass(frozen=True, slots=True)
class Override:
    """Limits that an operator set for a rule, at one place or at all."""

    rule: str
    place: str  # empty: every place of the rule's kind
    values: Mapping[str, float]  # names of fields of Limits


@dataclass(frozen=True, slots=True)
class House:
    """All that a step needs and does not change."""

    plant: Plant
    places: Mapping[str, tuple[Kind, int]]
    rules: tuple[Rule, ...]
    traces: tuple[Trace, ...]
    hazards: Mapping[str, Hazard]


TIMES = tuple(f.name for f in fields(Limits) if f.name not in BOUNDS)


def house(
    plant: Plant,
    overrides: Iterable[Override] = (),
    rules: tuple[Rule, ...] = RULES,
    traces: tuple[Trace, ...] = TRACES,
) -> House:
    """The house for a plant; raises ValueError for an override that fits no rule or place."""
    index = places(plant)
    ruled = {rule.key: rule for rule in rules}
    for override in overrides:
        if override.rule not in ruled:
            known = ", ".join(sorted(ruled))
            raise ValueError(f"no rule is called {override.rule!r}; there are {known}")
        rule = ruled[override.rule]
        ruled[rule.key] = replace(rule, limits=limited(rule, override, plant, index))
    return House(plant, index, tuple(ruled.values()), traces, HAZARDS)


def limited(
    rule: Rule, override: Override, plant: Plant, index: Mapping[str, tuple[Kind, int]]
) -> Limits:
    """The rule's limits with one override in them."""
    if not override.place:
        return rule.limits.changed(**override.values)
    kind, row = index.get(override.place, (None, -1))
    if kind is not rule.kind:
        raise ValueError(f"{override.place!r} is no place that the rule {rule.key} watches")
    times = sorted(set(override.values) - set(BOUNDS))
    if times:
        raise ValueError(f"{times[0]!r} holds for all places; only bounds differ by place")
    rows = len(plant.table(rule.kind))
    bounds: dict[str, Bound] = {}
    for name, value in override.values.items():
        column = _column(getattr(rule.limits, name), rows)
        column[row] = value
        bounds[name] = column
    return rule.limits.changed(**bounds)


def _column(bound: Bound, rows: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if isinstance(bound, np.ndarray):
        return bound.copy()
    return np.full(rows, np.nan if bound is None else bound)
