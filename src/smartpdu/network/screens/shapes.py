"""A view as the page takes it: the plan once, then a small row of numbers for each tick.

Null is a gap. Lists stand in the order of the plant's rows, so a tick carries no names.
"""

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

from smartpdu.model.plant import Kind
from smartpdu.model.request import Principal, Role
from smartpdu.model.units import Column
from smartpdu.network.rest.events import alarm_row
from smartpdu.network.rows import facts
from smartpdu.runtime.view import View

DRAWN = (
    Kind.RACK,
    Kind.PDU,
    Kind.FEED,
    Kind.PHASE,
    Kind.CIRCUIT,
    Kind.OUTLET,
    Kind.PROBE,
    Kind.DOOR,
    Kind.SOURCE,
)


def plan(view: View, principal: Principal) -> dict[str, Any]:
    """What is built, and what this person may do."""
    tables = {
        kind.value: [facts(view, kind, n) for n in range(len(view.plant.table(kind)))]
        for kind in DRAWN
    }
    may = principal.role in (Role.OPERATOR, Role.ADMIN)
    return {"site": view.site, "role": principal.role.value, "may_switch": may, **tables}


def tick(view: View) -> dict[str, Any]:
    """What is measured now, and the alarms that stand."""
    now, levels = view.now, worst(view)
    o, c, p, f, t = now.outlets, now.circuits, now.phases, now.feeds, now.probes
    return {
        "number": view.number,
        "at": now.at,
        "troubles": list(view.troubles),
        "outlets": _table(
            (o.on, 0), (o.current, 2), (o.active_power, 0), (o.contact_temperature, 0)
        ),
        "circuits": _table((c.closed, 0), (c.current, 1)),
        "phases": _table(
            (p.voltage, 0), (p.current, 1), (p.active_power, 0), (view.memory["load.reserve"], 1)
        ),
        "feeds": _table(
            (f.active_power, 0),
            (f.apparent_power, 0),
            (f.frequency, 2),
            (f.residual_current, 4),
            (f.active_energy / 3.6e6, 1),
        ),
        "probes": _table(
            (t.temperature, 1), (t.humidity, 0), (view.memory["climate.dew_point"], 1)
        ),
        "doors": _table((now.doors.open, 0)),
        "levels": levels,
        "alarms": [alarm_row(view, alarm) for alarm in view.alarms[:100]],
        "more_alarms": max(0, len(view.alarms) - 100),
    }


def worst(view: View) -> Mapping[str, int]:
    """The worst level of each place that has an alarm which is not shelved."""
    levels: dict[str, int] = {}
    for alarm in view.alarms:
        if alarm.standing.value != "shelved" and alarm.level > 0:
            levels[alarm.place] = max(levels.get(alarm.place, 0), int(alarm.level))
    return levels


def _table(*columns: tuple[Column, int]) -> list[list[float | None]]:
    lists: list[Sequence[float | None]] = [_told(column, digits) for column, digits in columns]
    return [list(row) for row in zip(*lists, strict=True)]


def _told(column: Column, digits: int) -> list[float | None]:
    return [None if isnan(v) else round(v, digits) for v in column.tolist()]
