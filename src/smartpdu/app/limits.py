"""The limits of a site file: rules and places that exist, bounds that are in order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from math import isfinite
from typing import Any

import numpy as np

from smartpdu.app.fault import Fault, fits
from smartpdu.drivers.lines import Lines
from smartpdu.drivers.source import nearest
from smartpdu.engine.catalogue import RULES
from smartpdu.engine.house import TIMES, Override, limited
from smartpdu.model.plant import Kind, Plant, places
from smartpdu.model.rule import BOUNDS, Limits, Rule

LIMIT = {"rule": str, "place": str} | dict.fromkeys((*BOUNDS, *TIMES), float)


def override(table: Mapping[str, Any]) -> Override:
    """The limits that one table [[limit]] sets."""
    values = {k: float(v) for k, v in table.items() if k in LIMIT and fits(v, float)}
    return Override(table["rule"], table.get("place", ""), values)


def limit_faults(
    rows: Sequence[Mapping[str, Any]], plant: Plant | None, file: str, at: Lines
) -> Iterator[Fault]:
    """Rules and places that are not known, and bounds that are in no order."""
    ruled = {rule.key: rule for rule in RULES}
    index = None if plant is None else places(plant)
    seen: set[tuple[str, str, str]] = set()
    for number, row in enumerate(rows):
        rule, place = row.get("rule"), row.get("place", "")
        if not isinstance(rule, str) or not isinstance(place, str):
            continue
        if rule not in ruled:
            line = at.of("limit", number, "rule")
            yield Fault(file, line, "limit.rule", repr(rule), nearest(rule, sorted(ruled)))
            continue
        wanted = override(row)
        for key in wanted.values:
            if (rule, place, key) in seen:
                line, found = at.of("limit", number, key), f"a second value for {rule} {place}"
                yield Fault(file, line, f"limit.{key}", found.rstrip(), "each limit once")
            seen.add((rule, place, key))
        yield from _number_faults(wanted, number, file, at)
        if plant is not None and index is not None:
            if expected := _misplaced(ruled[rule], wanted, index):
                line = at.of("limit", number, "place")
                yield Fault(file, line, "limit.place", repr(place), expected)
                continue
            limits = limited(ruled[rule], wanted, plant, index)
            if ordered(limits):
                ruled[rule] = replace(ruled[rule], limits=limits)
            else:
                line, found = at.of("limit", number), f"bounds of {rule} that cross"
                yield Fault(file, line, "limit", found, " <= ".join(BOUNDS))


def _misplaced(rule: Rule, wanted: Override, index: Mapping[str, tuple[Kind, int]]) -> str:
    """What is expected of the place of a limit; empty where it fits."""
    if not wanted.place:
        return ""
    if index.get(wanted.place, (None, -1))[0] is not rule.kind:
        fitting = [path for path, (kind, _) in index.items() if kind is rule.kind]
        close = get_close_matches(wanted.place, fitting, 1)
        named = f", as {close[0]!r}" if close else ""
        return f"one of the {rule.kind.value}, which {rule.key} watches{named}"
    times = sorted(set(wanted.values) - set(BOUNDS))
    return f"no place beside {times[0]}, which holds for all places" if times else ""


def _number_faults(override: Override, number: int, file: str, at: Lines) -> Iterator[Fault]:
    line = at.of("limit", number)
    if not override.values:
        yield Fault(file, line, "limit", "no value", f"one of {', '.join((*BOUNDS, *TIMES))}")
    for key, value in override.values.items():
        expected = "0 or a number above 0" if key in TIMES else "a number"
        if not isfinite(value) or (key in TIMES and value < 0):
            yield Fault(file, at.of("limit", number, key), f"limit.{key}", str(value), expected)


def ordered(limits: Limits) -> bool:
    """Whether no bound lies beyond a worse one, in any row."""
    bounds = [b for b in (getattr(limits, name) for name in BOUNDS) if b is not None]
    return all(
        not bool(np.any(np.asarray(low) > np.asarray(high)))
        for number, low in enumerate(bounds)
        for high in bounds[number + 1 :]
    )
