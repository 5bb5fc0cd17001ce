"""How far the measure of a rule can reach: a limit beyond it never calls, or never falls silent."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from smartpdu.model.rule import BOUNDS, Limits, Rule
from smartpdu.model.units import Column

LONGEST = 86400.0  # s: what must last longer than a day to be told protects nobody
LASTING = 3600.0  # s: what is told an hour late is worth a look
LOOSE = 5.0  # times the usual bound: more is a slip, as A for mA, or a wish worth a look
APART = 25.0  # degrees from the usual bound, the same for a scale whose zero means nothing
DEGREES = ("°C", "K")


@dataclass(frozen=True, slots=True)
class Reach:
    """The least and the most that a measure can be, and why."""

    least: float
    most: float
    why: str

    def __str__(self) -> str:
        return f"{self.least:g} to {self.most:g}"


UNITS: Mapping[str, Reach] = {
    "1": Reach(0, 2, "above twice its rating no meter tells on, and a breaker has ended it"),
    "on/off": Reach(0, 1, "it is 0 or 1"),
    "A": Reach(0, 3, "ten times the 0.3 A at which fire begins (IEC 60364-4-42)"),
    "°C": Reach(-40, 120, "sensors tell no more, and connectors soften (IEC 60320)"),
    "%": Reach(0, 100, "it is a share of the whole"),
    "K": Reach(-60, 120, "sensors tell no more"),
    "s": Reach(0, 3600, "what is known an hour late protects nothing"),
}
RULES: Mapping[str, Reach] = {
    "gaps.silent": Reach(0, 300, "intervals: a source that is silent for longer is gone"),
    "gaps.missing": Reach(0, 1, "it is a share of the whole"),
}


def reach(rule: Rule) -> Reach:
    """How far the measure of a rule can reach."""
    return RULES.get(rule.key) or UNITS[rule.unit.symbol]


def unreachable(name: str, value: float, rule: Rule) -> str:
    """What is expected of a bound that is always or never met; empty where it can be both."""
    can = reach(rule)
    high = name.startswith("high")
    if can.least < value <= can.most if high else can.least <= value < can.most:
        return ""
    ends = ("above ", "at most ") if high else ("at least ", "below ")
    unit = "" if rule.unit.symbol == "1" else f" {rule.unit.symbol}"
    return f"{ends[0]}{can.least:g} and {ends[1]}{can.most:g}{unit}: {can.why}"


def clears(limits: Limits, rule: Rule) -> bool:
    """Whether in each row there is a value at which an alarm of these limits ends."""
    can, inside = reach(rule), limits.hysteresis
    low: Column = np.full(1, can.least)
    high: Column = np.full(1, can.most)
    for name in BOUNDS:
        bound = getattr(limits, name)
        if bound is None:
            continue
        column = np.asarray(bound, dtype=np.float64)
        if name.startswith("low"):
            low = np.fmax(low, column + inside)
        else:
            high = np.fmin(high, column - inside)
    return bool(np.all(low < high))


def loose(name: str, value: float, rule: Rule) -> float | None:
    """The usual bound, where another one is far looser; None where it is not, or none is usual."""
    usual = getattr(rule.limits, name)
    if usual is None or isinstance(usual, np.ndarray):
        return None
    further = value - usual if name.startswith("high") else usual - value
    if rule.unit.symbol in DEGREES:
        return usual if further > APART else None
    less, more = (usual, value) if name.startswith("high") else (value, usual)
    return usual if more > 0 and more > LOOSE * less else None
