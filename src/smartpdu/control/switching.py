"""Switching outlets (4.1, 5.1, 14.2): who may be switched now, and whether the relay obeyed.

An order is durable before it leaves and is done only when the outlet was read back after that in
the state that was ordered. One for what an outlet seems to be already leaves like any other: what
was read before it may be old.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from smartpdu.model.command import Priority, SwitchOutlet
from smartpdu.model.plant import Kind
from smartpdu.model.request import Answer, Refusal, Request, Switch
from smartpdu.model.rule import Limits, Rule, Tick
from smartpdu.model.units import Amperes, Column, Seconds

OBEY_WITHIN = 10.0  # the slowest agents we know take 3 to 5 s to show a switched outlet
CONDUCTS_FOR = 5.0  # s
FRESH = CONDUCTS_FOR / 2  # s that a reading counts: no single one is enough for an alarm
LEAK = 0.02  # A: more than this through an open relay and it is none (science: weld detection)


def waiting(tick: Tick) -> Seconds:
    """Time that each outlet was ordered into a state and has not been seen in it."""
    waited = np.zeros(len(tick.plant.outlets))
    waited[tick.wishes.outlet] = tick.wishes.waited
    return waited


def through_open_relay(tick: Tick) -> Amperes:
    """Current of each outlet whose relay reads open; a gap where nothing new was read."""
    outlets = tick.now.outlets
    # what is not read keeps the level it had; 0 would say that nothing flows
    current = np.where(np.isnan(outlets.on), np.nan, 0.0)
    rows = np.flatnonzero(outlets.on == 0)
    # A meter whose smallest step is coarse says nothing below a few of its steps.
    floor = np.maximum(LEAK, 3 * tick.plant.outlets.resolution[rows])
    seen = outlets.current[rows]
    current[rows] = np.where(seen <= floor, 0.0, seen)
    current[tick.now.sources.silence[tick.plant.outlets.source] > FRESH] = np.nan
    return current


RULES = (
    Rule(
        "switching.disobeyed",
        Kind.OUTLET,
        waiting,
        Limits(high_critical=OBEY_WITHIN),
    ),
    Rule(
        "switching.welded",
        Kind.OUTLET,
        through_open_relay,
        Limits(high_critical=LEAK, dwell=CONDUCTS_FOR),
    ),
)


def switch(
    requests: Iterable[Request],
    tick: Tick,
    rows: Mapping[str, tuple[Kind, int]],
    busy: frozenset[str],
) -> tuple[list[SwitchOutlet], list[Answer]]:
    """What people want switched and may have, and an answer to each who may not."""
    wanted: list[SwitchOutlet] = []
    answers: list[Answer] = []
    for request in requests:
        if not isinstance(request, Switch):
            continue
        refusal = hindrance(request.place, tick, rows, busy)
        if refusal is None:
            wanted.append(_order(request))
        else:
            answers.append(Answer(request.id, *refusal))
    return wanted, answers


def hindrance(
    place: str, tick: Tick, rows: Mapping[str, tuple[Kind, int]], busy: frozenset[str]
) -> tuple[Refusal, str] | None:
    """Why this outlet cannot be switched now, or None where it can."""
    kind, row = rows.get(place, (Kind.OUTLET, -1))
    if row < 0 or kind is not Kind.OUTLET:
        return Refusal.UNKNOWN, f"there is no outlet {place}"
    if not tick.plant.outlets.switchable[row]:
        return Refusal.UNFIT, "this outlet cannot be switched"
    if place in busy:
        return Refusal.BUSY, "an earlier order of this outlet is still open"
    if np.isnan(tick.now.outlets.on[row]):
        return Refusal.BLIND, "the outlet cannot be read back now, so the effect would not be seen"
    return None


def unmet(tick_on: Column, row: int, on: bool) -> bool:
    """Whether the outlet of that row is not read back in the state that was ordered."""
    return bool(tick_on[row] != float(on))


def _order(request: Switch) -> SwitchOutlet:
    return SwitchOutlet(request.id, request.place, request.on, request.by.name, Priority.PERSON)
