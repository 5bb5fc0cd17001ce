"""A view as a page takes it: the plan once, then a small row of numbers for each tick.

Null is a gap. Lists stand in the order of the plan's rows, so a tick carries no names.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import floor, isnan
from typing import Any

import numpy as np

from smartpdu.model.alarm import Alarm, Standing
from smartpdu.model.hazard import Hazard
from smartpdu.model.plant import Kind
from smartpdu.model.request import Principal, Role
from smartpdu.model.rule import Bound, Level
from smartpdu.model.table import total
from smartpdu.model.units import Column, Rows
from smartpdu.network.rest.shapes import LONGEST_REASON, LONGEST_SHELF
from smartpdu.network.rows import STALE, facts, moment
from smartpdu.network.screens.scope import Scope, racks_of
from smartpdu.runtime.view import View

MOST_ALARMS = 100  # that a page lists; how many more there are is told
LOADED = {Kind.PHASE: "load.phase", Kind.CIRCUIT: "load.circuit", Kind.OUTLET: "load.outlet"}
SHELVED = Standing.SHELVED


def plan(view: View, scope: Scope, mark: str, principal: Principal) -> dict[str, Any]:
    """What is built in a rack, what alarms mean, and what this person may do."""
    racks = view.plant.racks
    tables = {kind.value: list(_places(view, kind, rows)) for kind, rows in scope.rows.items()}
    return {
        **tables,
        "mark": mark,
        "site": view.site,
        "racks": [{"path": p, "name": n} for p, n in zip(racks.path, racks.name, strict=True)],
        "rack": racks.path[scope.rack] if scope.rack >= 0 else None,
        "role": principal.role.value,
        "may_switch": principal.role in (Role.OPERATOR, Role.ADMIN),
        "shelf": {"minutes": LONGEST_SHELF, "reason": LONGEST_REASON},
        "hazards": {key: _meaning(hazard) for key, hazard in view.hazards.items()},
    }


def tick(view: View, scope: Scope, mark: str) -> dict[str, Any]:
    """What is measured now in a rack, its alarms, and how the other racks stand."""
    now, memory = view.now, view.memory
    o, c, p, f, t = now.outlets, now.circuits, now.phases, now.feeds, now.probes
    columns: dict[Kind, tuple[tuple[Column, int], ...]] = {
        Kind.SOURCE: ((now.sources.silence, 1), (_stale(view), 0)),
        Kind.FEED: (
            (f.active_power, 0),
            (f.frequency, 2),
            (f.residual_current, 4),
            (f.active_energy / 3.6e6, 1),
        ),
        Kind.PHASE: ((p.voltage, 0), (p.current, 2), (memory["load.reserve"], 2)),
        Kind.CIRCUIT: ((c.closed, 0), (c.current, 1)),
        Kind.OUTLET: (
            (o.on, 0),
            (o.current, 2),
            (o.active_power, 0),
            (o.contact_temperature, 0),
        ),
        Kind.PROBE: ((t.temperature, 1), (t.humidity, 0), (memory["climate.dew_point"], 1)),
        Kind.DOOR: ((now.doors.open, 0),),
    }
    alarms = [a for a in view.alarms if a.place in scope.paths]
    return {
        "mark": mark,
        "at": floor(now.at * 1000) / 1000,
        "troubles": list(view.troubles),
        "racks": overview(view),
        "counts": [_count(view, Level.CRITICAL), _count(view, Level.WARNING)],
        **{kind.value: _rows(scope.rows[kind], *columns[kind]) for kind in columns},
        "alarms": [_alarm(view, a) for a in alarms[:MOST_ALARMS]],
        "more_alarms": max(0, len(alarms) - MOST_ALARMS),
        "levels": worst(alarms),
    }


def worst(alarms: Sequence[Alarm]) -> Mapping[str, int]:
    """The worst level of each place that has an alarm which is not shelved."""
    levels: dict[str, int] = {}
    for alarm in alarms:
        if alarm.standing is not SHELVED and alarm.level > 0:
            levels[alarm.place] = max(levels.get(alarm.place, 0), int(alarm.level))
    return levels


def overview(view: View) -> list[list[float | None]]:
    """For each rack its active power, its worst level, and how many alarms are not shelved."""
    racks = len(view.plant.racks)
    power = total(view.now.feeds.active_power, view.plant.feeds.rack, racks)
    levels, counts = np.zeros(racks), np.zeros(racks)
    for alarm in view.alarms:
        place = view.places.get(alarm.place)
        if place is None or alarm.standing is SHELVED or alarm.level == 0:
            continue
        rows = racks_of(view.plant, *place)
        levels[rows] = np.maximum(levels[rows], alarm.level)
        counts[rows] += 1
    return _rows(np.arange(racks), (power, 0), (levels, 0), (counts, 0))


def _count(view: View, level: Level) -> int:
    return sum(a.level is level and a.standing is not SHELVED for a in view.alarms)


def _places(view: View, kind: Kind, rows: Rows) -> Iterator[dict[str, Any]]:
    for row in rows.tolist():
        told = facts(view, kind, row)
        if kind in LOADED:
            told |= _limits(view, LOADED[kind], row)
        yield told


def _limits(view: View, key: str, row: int) -> dict[str, float | None]:
    """The shares of the rating at which a load of this row becomes a warning, and critical."""
    limits = next((rule.limits for rule in view.rules if rule.key == key), None)
    if limits is None:
        return {"warning": None, "critical": None}
    warning, critical = limits.high_warning, limits.high_critical
    return {"warning": _bound(warning, row), "critical": _bound(critical, row)}


def _bound(bound: Bound, row: int) -> float | None:
    if bound is None:
        return None
    return float(bound[row]) if isinstance(bound, np.ndarray) else float(bound)


def _meaning(hazard: Hazard) -> dict[str, Any]:
    words = {"title": hazard.title, "cause": hazard.cause, "action": hazard.action}
    told: dict[str, Any] = {name: {"en": t.en, "de": t.de} for name, t in words.items()}
    return told | {"shelvable": hazard.shelvable}


def _alarm(view: View, alarm: Alarm) -> dict[str, Any]:
    return {
        "rule": alarm.rule,
        "place": alarm.place,
        "standing": alarm.standing.value,
        "level": int(alarm.level),
        "value": None if isnan(alarm.value) else round(alarm.value, 5),
        "limit": None if isnan(alarm.limit) else round(alarm.limit, 5),
        "unit": alarm.unit,
        "since": moment(alarm.since),  # as the event of the same instant is told
        "by": alarm.by,
        "until": moment(alarm.until) if alarm.until else None,
        "reason": alarm.reason,
        "failure": view.failures.get(alarm.place, ""),
    }


def _stale(view: View) -> Column:
    """Which sources have been silent so long that what they told last is old."""
    late = view.now.sources.silence > STALE * view.plant.sources.interval
    return late.astype(np.float64)


def _rows(rows: Rows, *columns: tuple[Column, int]) -> list[list[float | None]]:
    lists = [_told(column[rows], digits) for column, digits in columns]
    return [list(row) for row in zip(*lists, strict=True)]


def _told(column: Column, digits: int) -> list[float | None]:
    if digits == 0:
        return [None if isnan(v) else round(v) for v in column.tolist()]
    return [None if isnan(v) else round(v, digits) for v in column.tolist()]
