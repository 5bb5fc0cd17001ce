"""One tick: a snapshot and requests in; a new state, events, commands and answers out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from smartpdu.control.authority import authorise
from smartpdu.control.decide import decide
from smartpdu.control.switching import switch
from smartpdu.engine.house import House
from smartpdu.engine.judge import CALM, Changes, Held, judge
from smartpdu.engine.life import live
from smartpdu.engine.orders import Followed, follow, wishes
from smartpdu.engine.state import State
from smartpdu.model.command import SwitchOutlet
from smartpdu.model.event import Event, OutletTurned, RequestRefused, RuleBroken
from smartpdu.model.request import Answer, Refusal, Request
from smartpdu.model.rule import Rule, Tick
from smartpdu.model.snapshot import Snapshot
from smartpdu.model.units import Column

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from one tick."""

    state: State
    events: tuple[Event, ...]
    commands: tuple[SwitchOutlet, ...]  # to be made durable, then sent
    answers: tuple[Answer, ...]


def step(house: House, state: State, now: Snapshot, requests: Sequence[Request]) -> Outcome:
    """Fold one snapshot and the requests into the state, and tell what follows from it."""
    granted, denied = authorise(requests)  # who may, who may not
    followed = follow(house, state, now, granted)  # what became of earlier orders
    tick, broken = remember(house, state, now, followed)  # traces: the past, one tick on
    held, changes, failing = watch(house, state, tick)  # rules: who became worse, better
    lived = live(state.alarms, changes, granted, house.plant, house.hazards, now.at)
    wanted, hindered = switch(granted, tick, house.places, followed.busy)
    commands, outranked = decide(wanted)
    answers = _all(denied, lived.answers, hindered, outranked, _yes(commands))
    turned, on = _turned(house, state, now, followed)
    events = _all(
        _broke(state, {**broken, **failing}, now.at),
        turned,
        followed.events,
        lived.events,
        _refused(answers, requests, now.at),
    )
    after = State(
        now.at,
        now.clock,
        tick.memory,
        held,
        lived.alarms,
        followed.with_orders(commands, now.clock),
        on,
        frozenset(broken) | frozenset(failing),
    )
    return Outcome(after, tuple(events), tuple(commands), tuple(answers))


def remember(
    house: House, state: State, now: Snapshot, followed: Followed
) -> tuple[Tick, dict[str, str]]:
    """The tick with its traces one step on; a trace that fails stays as it was."""
    elapsed = max(0.0, now.clock - state.clock)
    memory: dict[str, Column] = dict(state.memory)
    wished = wishes(house, followed.orders, now)
    tick = Tick(house.plant, now, elapsed, memory, wished)
    broken: dict[str, str] = {}
    for trace in house.traces:
        try:
            memory[trace.key] = trace.fold(state.memory[trace.key], tick)
        except Exception as error:  # noqa: BLE001 - a trace may fail; the house goes on
            broken[trace.key] = repr(error)
    return tick, broken


def watch(
    house: House, state: State, tick: Tick
) -> tuple[Mapping[str, Held], list[tuple[Rule, Changes]], dict[str, str]]:
    """The levels of all rules after this tick, and which changed; a failing rule holds its own."""
    held: dict[str, Held] = {}
    changes: list[tuple[Rule, Changes]] = []
    broken: dict[str, str] = {}
    for rule in house.rules:
        before = state.held.get(rule.key, CALM)
        try:
            held[rule.key], change = judge(rule.measure(tick), rule.limits, before, tick.elapsed)
        except Exception as error:  # noqa: BLE001 - a rule may fail; the others run
            held[rule.key] = before
            broken[rule.key] = repr(error)
            continue
        if change.row.size:
            changes.append((rule, change))
    return held, changes, broken


def _turned(
    house: House, state: State, now: Snapshot, followed: Followed
) -> tuple[list[Event], Column]:
    """Outlets that are seen in another state than before, and the last known state of all."""
    seen = now.outlets.on
    gaps = np.isnan(seen)
    on = np.where(gaps, state.on, seen) if gaps.any() else seen
    changed = np.flatnonzero((on != state.on) & ~np.isnan(state.on))
    paths = house.plant.outlets.path
    by = {e.place: e.command for e in followed.done}
    events: list[Event] = [
        OutletTurned(now.at, paths[row], bool(on[row]), by.get(paths[row], ""))
        for row in changed.tolist()
    ]
    return events, on


def _broke(state: State, broken: Mapping[str, str], at: float) -> list[Event]:
    return [
        RuleBroken(at, "", key, error) for key, error in broken.items() if key not in state.broken
    ]


def _refused(answers: Iterable[Answer], requests: Sequence[Request], at: float) -> list[Event]:
    asked = {request.id: request for request in requests}
    return [
        RequestRefused(
            at, asked[a.request].place, a.request, asked[a.request].by.name, a.refusal, a.reason
        )
        for a in answers
        if isinstance(a.refusal, Refusal)
    ]


def _yes(orders: Iterable[SwitchOutlet]) -> list[Answer]:
    return [Answer(order.id) for order in orders]


def _all(*lists: Iterable[T]) -> list[T]:
    return [item for items in lists for item in items]
