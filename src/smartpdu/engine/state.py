"""All that is remembered from one tick to the next; carried over by path when the plant changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from math import isnan
from typing import Any

import numpy as np

from smartpdu.engine.judge import CALM, Held
from smartpdu.model.alarm import Alarm, Key, Standing
from smartpdu.model.command import Priority
from smartpdu.model.plant import Kind, Plant
from smartpdu.model.rule import Level, Rule, Trace
from smartpdu.model.units import Column, Rows


@dataclass(frozen=True, slots=True)
class Order:
    """An order that stands at one outlet until it is seen obeyed or replaced."""

    command: str
    place: str
    on: bool
    by: str
    priority: Priority
    since: float  # monotonic clock of the step that gave it
    recovered: bool = False  # from before a restart: read back, never sent again
    read: bool = False  # whether its source was read anew since it left
    settled: bool = False  # told as disobeyed; the wish stands and its alarm with it


@dataclass(frozen=True, slots=True)
class State:
    """What the step hands to the next one."""

    at: float
    clock: float
    memory: Mapping[str, Column]  # traces, by key
    held: Mapping[str, Held]  # levels, by rule key
    alarms: Mapping[Key, Alarm]
    orders: Mapping[str, Order]  # by place
    on: Column  # last known state of each outlet
    broken: frozenset[str] = field(default_factory=frozenset)  # rules that fail just now


def first(plant: Plant, traces: tuple[Trace, ...], at: float, clock: float) -> State:
    """The state before the first tick: nothing is remembered."""
    memory = {t.key: np.full(len(plant.table(t.kind)), t.start) for t in traces}
    unknown = np.full(len(plant.outlets), np.nan)
    return State(at, clock, memory, {}, {}, {}, unknown)


def carry(
    state: State, old: Plant, new: Plant, rules: tuple[Rule, ...], traces: tuple[Trace, ...]
) -> State:
    """The same state for a changed plant: rows move by path; what is gone is forgotten."""
    spots = {kind: _spots(old, new, kind) for kind in Kind}
    paths = {kind: frozenset(new.table(kind).path) for kind in Kind}
    watched = {rule.key: paths[rule.kind] for rule in rules}
    fresh = first(new, traces, state.at, state.clock)
    memory = {
        t.key: _moved(state.memory[t.key], spots[t.kind], t.start)
        if t.key in state.memory
        else fresh.memory[t.key]
        for t in traces
    }
    held = {r.key: _shifted(state.held.get(r.key, CALM), spots[r.kind]) for r in rules}
    return replace(
        fresh,
        memory=memory,
        held=held,
        alarms={k: a for k, a in state.alarms.items() if k[1] in watched.get(k[0], ())},
        orders={place: o for place, o in state.orders.items() if place in paths[Kind.OUTLET]},
        on=_moved(state.on, spots[Kind.OUTLET], np.nan),
    )


def _spots(old: Plant, new: Plant, kind: Kind) -> Rows:
    """For each row of the new table, the row of the same path in the old one, or -1."""
    rows = {path: row for row, path in enumerate(old.table(kind).path)}
    return np.array([rows.get(path, -1) for path in new.table(kind).path], dtype=np.int64)


def _moved(column: Column, spots: Rows, start: float) -> Column:
    if not len(column):
        return np.full(len(spots), start)
    return np.where(spots >= 0, column[np.maximum(spots, 0)], start)


def _shifted(held: Held, spots: Rows) -> Held:
    stays = np.flatnonzero(np.isin(spots, held.row))
    where = np.searchsorted(held.row, spots[stays])
    return Held(
        stays,
        held.level[where],
        held.warned[where],
        held.alarmed[where],
        held.eased[where],
        held.inside[where],
    )


def written(state: State, plant: Plant, traces: tuple[Trace, ...]) -> dict[str, Any]:
    """The state as plain values that can be kept and taken over by another worker."""
    kinds = {t.key: t.kind for t in traces}
    return {
        "form": 1,
        "at": state.at,
        "memory": {
            key: dict(zip(plant.table(kinds[key]).path, _plain(column), strict=True))
            for key, column in state.memory.items()
        },
        "alarms": [{f.name: getattr(a, f.name) for f in fields(a)} for a in state.alarms.values()],
        "on": dict(zip(plant.outlets.path, _plain(state.on), strict=True)),
    }


def taken(
    plain: Mapping[str, Any],
    plant: Plant,
    rules: tuple[Rule, ...],
    traces: tuple[Trace, ...],
    clock: float,
) -> State:
    """The state read back; levels are held as the alarms say, so none is raised a second time."""
    fresh = first(plant, traces, float(plain["at"]), clock)
    memory = {
        t.key: np.array(
            [
                np.nan if value is None else value
                for value in _kept(plain["memory"].get(t.key, {}), plant, t)
            ],
            dtype=np.float64,
        )
        for t in traces
    }
    kinds = {r.key: r.kind for r in rules}
    alarms = [_alarm(entry) for entry in plain["alarms"]]
    rows = {k: {p: i for i, p in enumerate(plant.table(k).path)} for k in Kind}
    alive = {
        (a.rule, a.place): a for a in alarms if a.rule in kinds and a.place in rows[kinds[a.rule]]
    }
    held: dict[str, Held] = {}
    for rule in rules:
        levels = sorted(
            (rows[rule.kind][a.place], int(a.level))
            for a in alive.values()
            if a.rule == rule.key and a.level > 0
        )
        if levels:
            held[rule.key] = _standing(levels)
    on = [plain["on"].get(p) for p in plant.outlets.path]
    return replace(
        fresh,
        memory=memory,
        held=held,
        alarms=alive,
        on=np.array([np.nan if v is None else v for v in on], dtype=np.float64),
    )


def _kept(values: Mapping[str, float | None], plant: Plant, trace: Trace) -> list[float | None]:
    return [values.get(path, trace.start) for path in plant.table(trace.kind).path]


def _standing(levels: list[tuple[int, int]]) -> Held:
    row = np.array([r for r, _ in levels], dtype=np.int64)
    level = np.array([v for _, v in levels], dtype=np.int8)
    none = np.full(len(row), np.nan)
    return Held(row, level, none, none, none, none)


def _alarm(entry: Mapping[str, Any]) -> Alarm:
    return Alarm(
        **{**entry, "standing": Standing(entry["standing"]), "level": Level(entry["level"])}
    )


def _plain(column: Column) -> list[float | None]:
    return [None if isnan(value) else value for value in column.tolist()]
