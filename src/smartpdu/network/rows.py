"""A view as rows of plain values: places, their facts, and readings with unit, time and quality."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from math import floor, isnan
from typing import Any

import numpy as np

from smartpdu.model.plant import PARENTS, Kind
from smartpdu.model.snapshot import quantities
from smartpdu.model.table import total
from smartpdu.model.units import Column, Unit
from smartpdu.runtime.view import View

HOUR = 3600.0  # s: J and var s become Wh and varh, which exist only at the interfaces
BY_HOUR = {"J": "Wh", "var s": "varh"}
STALE = 3.0  # intervals of silence after which a value counts as old
SUMMED = ("active_power", "apparent_power")  # of the feeds, told at their rack and their PDU
BARE = ("path", "name", "address", *PARENTS)


def moment(at: float) -> str:
    """A time as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def rows(view: View, kind: Kind) -> list[dict[str, Any]]:
    """All places of a kind with their facts and readings."""
    return [row(view, kind, number) for number in range(len(view.plant.table(kind)))]


def row(view: View, kind: Kind, number: int) -> dict[str, Any]:
    """One place with its facts and readings."""
    told = facts(view, kind, number)
    if kind is Kind.SOURCE:
        told["failure"] = view.failures.get(told["path"], "")
    return {**told, "readings": readings(view, kind, number)}


def named(view: View, place: str) -> str:
    """The name of a place; of a source it says what that reads."""
    kind, number = view.places[place]
    name: str = view.plant.table(kind).name[number]
    return name


def facts(view: View, kind: Kind, number: int) -> dict[str, Any]:
    """What is built: path, name, the paths of what it belongs to, ratings."""
    table = view.plant.table(kind)
    told: dict[str, Any] = {"path": table.path[number], "name": table.name[number]}
    for field in fields(table):
        value = getattr(table, field.name)[number]
        if field.name in PARENTS:
            told[field.name] = view.plant.table(PARENTS[field.name]).path[int(value)]
        elif field.name not in BARE:
            told[field.name] = value.item() if isinstance(value, np.generic) else value
    if "line" in told:
        told["line"] += 1  # people count from one, as in the site's file
    return told


def readings(view: View, kind: Kind, number: int) -> dict[str, Any]:
    """What is measured at a place and what follows from it, by quantity."""
    at, stale = _time(view, kind, number)
    measured = view.now.readings(kind) if quantities(kind) else None
    told = {
        name: _reading(float(getattr(measured, name)[number]), unit, at, stale)
        for name, unit in quantities(kind).items()
    }
    for trace in view.traces:
        if trace.kind is kind:
            value = float(view.memory[trace.key][number])
            told[trace.key] = _computed(value, trace.unit, at)
    for name, unit, column in _sums(view, kind):
        told[name] = _computed(float(column[number]), unit, at)
    return told


def _reading(value: float, unit: Unit, at: str, stale: bool) -> dict[str, Any]:
    if isnan(value):
        return {"value": None, "unit": shown(unit), "at": at, "quality": "gap"}
    quality = "stale" if stale else "good"
    return {"value": plain(value, unit), "unit": shown(unit), "at": at, "quality": quality}


def _computed(value: float, unit: Unit, at: str) -> dict[str, Any]:
    quality = "gap" if isnan(value) else "computed"
    told = None if isnan(value) else plain(value, unit)
    return {"value": told, "unit": shown(unit), "at": at, "quality": quality}


def plain(value: float, unit: Unit) -> float | int | bool:
    """A value as it is told: rounded to its digits, energy by whole hours, a switch as a truth."""
    if unit.symbol == "on/off":
        return value != 0
    if unit.symbol in BY_HOUR:
        return floor(value / HOUR)
    return round(value, unit.digits)


def shown(unit: Unit) -> str:
    """The unit as it is told."""
    return BY_HOUR.get(unit.symbol, unit.symbol)


def _time(view: View, kind: Kind, number: int) -> tuple[str, bool]:
    """When the readings of a place were taken, and whether they are old."""
    source = getattr(view.plant.table(kind), "source", None)
    if source is None or kind is Kind.SOURCE:
        return moment(view.now.at), False
    spot = int(source[number])
    silence = float(view.now.sources.silence[spot])
    old = silence > STALE * float(view.plant.sources.interval[spot])
    return moment(view.now.at - (0.0 if isnan(silence) else silence)), old


def _sums(view: View, kind: Kind) -> Iterator[tuple[str, Unit, Column]]:
    """Power of racks and PDUs: the sum of their feeds; a gap in one feed is a gap in the sum."""
    if kind not in (Kind.RACK, Kind.PDU):
        return
    feeds = view.plant.feeds
    by = feeds.rack if kind is Kind.RACK else feeds.pdu
    for name in SUMMED:
        column = getattr(view.now.feeds, name)
        yield name, quantities(Kind.FEED)[name], total(column, by, len(view.plant.table(kind)))
