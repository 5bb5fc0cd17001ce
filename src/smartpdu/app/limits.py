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
from smartpdu.model.reach import LASTING, LONGEST, clears, loose, unreachable
from smartpdu.model.rule import BOUNDS, Limits, Rule

LIMIT = {"rule": str, "place": str} | dict.fromkeys((*BOUNDS, *TIMES), float)


def override(table: Mapping[str, Any]) -> Override:
    """The limits that one table [[limit]] sets."""
    values = {k: float(v) for k, v in table.items() if k in LIMIT and fits(v, float)}
    return Override(table["rule"], table.get("place", ""), values)


def limit_faults(
    rows: Sequence[Mapping[str, Any]], plant: Plant | None, file: str, at: Lines
) -> Iterator[Fault]:
    """Rules and places that are not known, bounds in no order, and limits that silence a rule."""
    ruled = {rule.key: rule for rule in RULES}
    index = None if plant is None else places(plant)
    seen: set[tuple[str, str, str]] = set()
    wrong: set[str] = set()
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
        flaws = list(_number_faults(ruled[rule], wanted, number, file, at))
        yield from flaws
        wrong |= {rule} if flaws else set()
        if plant is not None and index is not None:
            if expected := _misplaced(ruled[rule], wanted, index):
                line = at.of("limit", number, "place")
                yield Fault(file, line, "limit.place", repr(place), expected)
                wrong.add(rule)
                continue
            limits = limited(ruled[rule], wanted, plant, index)
            if ordered(limits):
                ruled[rule] = replace(ruled[rule], limits=limits)
            else:
                line, found = at.of("limit", number), f"bounds of {rule} that cross"
                yield Fault(file, line, "limit", found, " <= ".join(BOUNDS))
                wrong.add(rule)
    if plant is not None:
        calm = [rule for rule in ruled.values() if rule.key not in wrong]
        yield from _restless(rows, calm, file, at)


def _restless(
    rows: Sequence[Mapping[str, Any]], ruled: Sequence[Rule], file: str, at: Lines
) -> Iterator[Fault]:
    """Rules whose alarms would never end, told at the table that sets their hysteresis."""
    for rule in ruled:
        own = [number for number, row in enumerate(rows) if row.get("rule") == rule.key]
        if not own or clears(rule.limits, rule):
            continue
        setting = [number for number in own if "hysteresis" in rows[number]]
        number, key = (setting[-1], "hysteresis") if setting else (own[-1], "")
        found = f"a hysteresis of {rule.limits.hysteresis:g} that leaves no calm"
        expected = f"bounds of {rule.key} further apart, or a smaller one: it would never clear"
        where = f"limit.{key}" if key else "limit"
        yield Fault(file, at.of("limit", number, key), where, found, expected)


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


def _number_faults(
    rule: Rule, override: Override, number: int, file: str, at: Lines
) -> Iterator[Fault]:
    line = at.of("limit", number)
    if not override.values:
        yield Fault(file, line, "limit", "no value", f"one of {', '.join((*BOUNDS, *TIMES))}")
    for key, value in override.values.items():
        if expected := _expected(rule, key, value):
            where = f"limit.{key}"
            yield Fault(file, at.of("limit", number, key), where, str(value), expected)


def _expected(rule: Rule, key: str, value: float) -> str:
    """What is expected of a number of a limit; empty where it fits."""
    if key not in TIMES:
        return unreachable(key, value, rule) if isfinite(value) else "a number"
    if not isfinite(value) or value < 0:
        return "0 or a number above 0"
    if key != "hysteresis" and value > LONGEST:
        return f"at most {LONGEST:g} s, a day"
    return ""


def odd(rule: Rule, values: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """Keys of a limit that may be a slip, with words: bounds far looser than usual, long waits."""
    unit = "" if rule.unit.symbol == "1" else f" {rule.unit.symbol}"
    for key, value in values.items():
        if key in BOUNDS and (usual := loose(key, value, rule)) is not None:
            yield key, f"{value:g}{unit}, far looser than the usual {usual:g}{unit}: is it meant?"
        elif key in TIMES and key != "hysteresis" and value > LASTING:
            yield key, f"{value:g} s: it is told so much later; is it meant?"


def ordered(limits: Limits) -> bool:
    """Whether no bound lies beyond a worse one, in any row."""
    bounds = [b for b in (getattr(limits, name) for name in BOUNDS) if b is not None]
    return all(
        not bool(np.any(np.asarray(low) > np.asarray(high)))
        for number, low in enumerate(bounds)
        for high in bounds[number + 1 :]
    )
