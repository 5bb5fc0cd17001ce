"""What a tick's changes and people's words do to the alarms, and which events tell of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from smartpdu.engine.alarm import Sign, moved, over
from smartpdu.engine.judge import Changes
from smartpdu.model.alarm import Alarm, Key, Standing
from smartpdu.model.event import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmEased,
    AlarmFlood,
    AlarmRaised,
    AlarmShelved,
    AlarmUnshelved,
    Event,
)
from smartpdu.model.hazard import Hazard
from smartpdu.model.plant import Kind, Plant
from smartpdu.model.request import Acknowledge, Answer, Refusal, Request, Shelve, Unshelve
from smartpdu.model.rule import Level, Rule

FLOOD = 20  # more changes than this of one rule in one rack and tick are told as one event
LONGEST_SHELF = 7 * 86400.0  # IEC 62682: shelving is for a limited time


@dataclass(frozen=True, slots=True)
class Lived:
    """The alarms after a tick, what happened to them, and the answers to people."""

    alarms: Mapping[Key, Alarm]
    events: list[Event]
    answers: list[Answer]


def live(
    alarms: Mapping[Key, Alarm],
    changes: Iterable[tuple[Rule, Changes]],
    requests: Iterable[Request],
    plant: Plant,
    hazards: Mapping[str, Hazard],
    at: float,
) -> Lived:
    """The alarms after this tick's changes, the ends of shelving, and what people said of them."""
    lived = Lived(dict(alarms), [], [])
    for rule, change in changes:
        _judged(lived, rule, change, plant, at)
    for alarm in over(alarms.values(), at):
        _unshelved(lived, alarm, "", at)
    for request in requests:
        _said(lived, request, hazards, at)
    return lived


def _judged(lived: Lived, rule: Rule, change: Changes, plant: Plant, at: float) -> None:
    paths = plant.table(rule.kind).path
    unit = rule.unit.symbol
    flooded = _flooded(change, plant, rule)
    tuples = zip(
        change.row.tolist(),
        change.before.tolist(),
        change.after.tolist(),
        change.value.tolist(),
        change.limit.tolist(),
        strict=True,
    )
    for spot, (row, before, after, value, limit) in enumerate(tuples):
        event = _changed(lived, rule.key, paths[row], (before, after, value, limit, unit), at)
        if event is None:  # shelved: it is not told, in a flood neither
            flooded.pop(spot, None)
        elif spot not in flooded:
            lived.events.append(event)
    lived.events.extend(_floods(flooded, change, plant, rule, at))


def _changed(
    lived: Lived,
    rule: str,
    place: str,
    change: tuple[int, int, float, float, str],
    at: float,
) -> Event | None:
    """Move one alarm by one change of level; the event that tells it, if it is to be told."""
    before, after, value, limit, unit = change
    level = Level(after)
    alarm = lived.alarms.get((rule, place))
    if alarm is None:
        alarm = Alarm(rule, place, Standing.CALM, level, value, limit, unit, at)
    newer = replace(alarm, level=level, value=value, limit=limit)
    silent = alarm.standing is Standing.SHELVED
    if after > before:
        since, by = (at if before == 0 else alarm.since), (alarm.by if silent else "")
        _keep(lived, moved(replace(newer, since=since, by=by), Sign.RAISE))
        return None if silent else AlarmRaised(at, place, rule, level, value, limit, unit)
    if after:
        _keep(lived, newer)
        return None if silent else AlarmEased(at, place, rule, level, value, unit)
    _keep(lived, moved(newer, Sign.CLEAR))
    return None if silent else AlarmCleared(at, place, rule, value, unit)


def _keep(lived: Lived, alarm: Alarm | None) -> None:
    if alarm is None:
        return
    alarms: dict[Key, Alarm] = lived.alarms  # type: ignore[assignment]
    if alarm.standing is Standing.CALM:
        alarms.pop((alarm.rule, alarm.place), None)
    else:
        alarms[alarm.rule, alarm.place] = alarm


def _flooded(change: Changes, plant: Plant, rule: Rule) -> dict[int, tuple[str, int]]:
    """For each change that is part of a flood, its rack's path and the level it went to."""
    if len(change.row) <= FLOOD or rule.kind in (Kind.HOUSE, Kind.SOURCE, Kind.RACK):
        return {}
    racks = getattr(plant.table(rule.kind), "rack")[change.row]  # noqa: B009 - by kind
    group = racks * 3 + change.after
    _, inverse, counts = np.unique(group, return_inverse=True, return_counts=True)
    spots = np.flatnonzero(counts[inverse] > FLOOD)
    return {int(s): (plant.racks.path[int(racks[s])], int(change.after[s])) for s in spots.tolist()}


def _floods(
    flooded: Mapping[int, tuple[str, int]], change: Changes, plant: Plant, rule: Rule, at: float
) -> list[Event]:
    groups: dict[tuple[str, int], list[str]] = {}
    paths = plant.table(rule.kind).path
    for spot, group in flooded.items():
        groups.setdefault(group, []).append(paths[int(change.row[spot])])
    return [
        AlarmFlood(at, rack, rule.key, Level(level), tuple(places))
        for (rack, level), places in groups.items()
    ]


def _said(lived: Lived, request: Request, hazards: Mapping[str, Hazard], at: float) -> None:
    if not isinstance(request, Acknowledge | Shelve | Unshelve):
        return
    alarm = lived.alarms.get((request.rule, request.place))
    if alarm is None:
        lived.answers.append(_no(request, Refusal.UNKNOWN, "no such alarm stands"))
        return
    match request:
        case Acknowledge():
            _acknowledged(lived, alarm, request, at)
        case Shelve():
            _shelved(lived, alarm, request, hazards, at)
        case _ if alarm.standing is Standing.SHELVED:
            _unshelved(lived, alarm, request.by.name, at)
            lived.answers.append(Answer(request.id))
        case _:
            lived.answers.append(_no(request, Refusal.UNFIT, "the alarm is not shelved"))


def _acknowledged(lived: Lived, alarm: Alarm, request: Acknowledge, at: float) -> None:
    known = moved(replace(alarm, by=request.by.name), Sign.ACKNOWLEDGE)
    if known is None:
        reason = f"the alarm is {alarm.standing.value}: only a calling or passed one can be known"
        lived.answers.append(_no(request, Refusal.UNFIT, reason))
        return
    _keep(lived, known)
    lived.events.append(AlarmAcknowledged(at, alarm.place, alarm.rule, request.by.name))
    lived.answers.append(Answer(request.id))


def _shelved(
    lived: Lived, alarm: Alarm, request: Shelve, hazards: Mapping[str, Hazard], at: float
) -> None:
    hazard = hazards.get(alarm.rule)
    shelved = moved(alarm, Sign.SHELVE)
    if shelved is None or (hazard is not None and not hazard.shelvable):
        reason = f"an alarm that is {alarm.standing.value} or of this kind cannot be shelved"
        lived.answers.append(_no(request, Refusal.UNFIT, reason))
    elif not at < request.until <= at + LONGEST_SHELF:
        reason = "shelving needs an end in the future, seven days away at most"
        lived.answers.append(_no(request, Refusal.UNFIT, reason))
    else:
        name = request.by.name
        _keep(lived, replace(shelved, by=name, until=request.until, reason=request.reason))
        lived.events.append(
            AlarmShelved(at, alarm.place, alarm.rule, name, request.until, request.reason)
        )
        lived.answers.append(Answer(request.id))


def _unshelved(lived: Lived, alarm: Alarm, by: str, at: float) -> None:
    current = lived.alarms.get((alarm.rule, alarm.place), alarm)
    plain = replace(current, by="", until=0.0, reason="")
    calm = moved(plain, Sign.UNSHELVE) or plain  # only what is shelved comes here
    lived.events.append(AlarmUnshelved(at, alarm.place, alarm.rule, by))
    _keep(lived, calm)
    if current.level > 0:
        _keep(lived, moved(calm, Sign.RAISE))  # it stands since it was raised, not since now
        lived.events.append(
            AlarmRaised(
                at,
                current.place,
                current.rule,
                current.level,
                current.value,
                current.limit,
                current.unit,
            )
        )


def _no(request: Request, refusal: Refusal, reason: str) -> Answer:
    return Answer(request.id, refusal, reason)
