"""`smartpdu simulate`: a scenario in virtual time, its events beside the twin's truth."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from smartpdu.app.fault import ConfigError
from smartpdu.app.scenario import Scenario, scenario, setting_fault
from smartpdu.drivers.scene import sampled
from smartpdu.drivers.simulator import Twin, lose_values, twin
from smartpdu.drivers.source import SettingsError
from smartpdu.engine.house import House, house
from smartpdu.engine.state import State, first
from smartpdu.engine.step import step
from smartpdu.model.command import SwitchOutlet
from smartpdu.model.event import AlarmFlood, AlarmRaised, Event, body
from smartpdu.model.plant import Plant, part
from smartpdu.model.request import Principal, ReadBack, Request, Role, Switch
from smartpdu.model.snapshot import Snapshot, blank, land
from smartpdu.twin.faults import INJECTORS, Fault
from smartpdu.twin.world import Truth

START = 1_767_225_600.0  # 2026-01-01T00:00:00Z: virtual time needs some beginning
HOUSE = Principal("house", Role.ADMIN)
UNSAMPLED = (
    "smartpdu: note: the site has waves = true in [twin], and simulate measures no waves: readings "
    "are those that the twin computes, without dips, inrush or power quality from samples; "
    "`smartpdu run` measures them"
)
LONG = 1500  # s of a scenario that take more than a moment


@dataclass(slots=True)
class Run:
    """A scenario as it goes on: the twin, the heart, and what both said."""

    scenario: Scenario
    home: House
    twin: Twin
    state: State
    events: list[Event] = field(default_factory=list)
    silent_since: dict[int, float] = field(default_factory=dict)

    def seconds(self) -> Iterator[tuple[int, list[Event], list[Truth]]]:
        """Each second, with the events and truths that are new in it."""
        pending: list[SwitchOutlet] = []
        for second in range(1, self.scenario.duration + 1):
            for command in pending:  # granted a second ago, so its source was not silent then
                self.twin.switch(self.home.places[command.place][1], command.on)
            told = len(self.twin.truths)
            self.twin.tick()
            now = seen(self.twin, self.home.plant, float(second), self.silent_since)
            back = [ReadBack(f"read-{c.id}", HOUSE, c.place, c.id) for c in pending]
            outcome = step(self.home, self.state, now, [*back, *self._asked(second)])
            self.state, pending = outcome.state, list(outcome.commands)
            self.events += outcome.events
            yield second, list(outcome.events), self.twin.truths[told:]

    def _asked(self, second: int) -> list[Request]:
        """What people ask for in this second."""
        return [
            Switch(f"order-{n}", Principal(o.by, Role.OPERATOR), o.place, o.on)
            for n, o in enumerate(self.scenario.orders, 1)
            if max(1, o.at) <= second < max(1, o.at) + 1
        ]


def seen(lived: Twin, plant: Plant, clock: float, silent_since: dict[int, float]) -> Snapshot:
    """What the sources tell of this second; a silent one leaves gaps, as in the collector."""
    now = replace(lived.read(START + clock, clock), at=START + clock, clock=clock)
    now.houses.unrecorded[:] = 0.0
    for row in np.flatnonzero(lived.life.effects.missing).tolist():
        lose_values(now, np.flatnonzero(plant.outlets.source == row), np.array([row]))
    silent = np.flatnonzero(lived.life.effects.silent).tolist()
    for row in [row for row in silent_since if row not in silent]:
        del silent_since[row]
    for row in silent:
        own = part(plant, row)
        land(now, blank(own.plant, now.at, clock), own)
        now.sources.silence[row] = clock - silent_since.setdefault(row, clock) + 1
    return now


def begun(scenario: Scenario, seed: int | None = None, home: House | None = None) -> Run:
    """A scenario at its second 0; raises ConfigError for what does not fit its site."""
    site = scenario.site
    section = {**site.sections.get("twin", {}), "fault": list(scenario.faults)}
    try:
        lived = twin(section, site.plant, 0.0, scenario.seed if seed is None else seed)
    except SettingsError as error:
        raise ConfigError([setting_fault(scenario, error)]) from None
    made = home or house(site.plant, site.overrides)
    return Run(scenario, made, lived, first(site.plant, made.traces, START, 0.0))


def simulate(path: Path, seed: int | None, as_json: bool, out: TextIO, err: TextIO) -> int:
    """Run a scenario file and print it.

    The exit code is 2 for a file that cannot be used, 1 where a fault was not found.
    """
    try:
        run = begun(scenario(path), seed)
    except ConfigError as error:
        print(error, file=err)
        return 2
    if sampled(run.scenario.site.sections.get("twin", {})):
        print(UNSAMPLED, file=err)
    bar = _Bar(err, run.scenario.duration)
    for second, events, truths in run.seconds():
        if truths or events:
            bar.clear()
        for truth in truths:
            print(_json_truth(truth) if as_json else _line_truth(truth), file=out)
        for event in events:
            print(_json_event(event) if as_json else _line_event(event, run.home), file=out)
        bar.show(second)
    bar.clear()
    rows = found(run)
    print(_summary(run, rows, as_json), file=out)
    return 1 if _missed(rows) else 0


def found(run: Run) -> list[dict[str, Any]]:
    """For each fault, the first alarm of its hazard at or in its place, and how long that took."""
    return [
        {
            "fault": fault.kind,
            "place": fault.place,
            "at": fault.at,
            "hazard": INJECTORS[fault.kind].hazard,
            "found_after": _found_after(fault, run),
        }
        for fault, _ in run.twin.faults
    ]


def within(plant: Plant, place: str) -> set[str]:
    """The place and where an alarm of it may stand: the phases of a feed, probes of a rack."""
    inside = {place}
    if place in plant.feeds.path:
        row = plant.feeds.path.index(place)
        inside |= {plant.phases.path[p] for p in np.flatnonzero(plant.phases.feed == row).tolist()}
    if place in plant.racks.path:
        row = plant.racks.path.index(place)
        inside |= {plant.probes.path[p] for p in np.flatnonzero(plant.probes.rack == row).tolist()}
    return inside


def _found_after(fault: Fault, run: Run) -> float | None:
    key, inside = INJECTORS[fault.kind].hazard, within(run.home.plant, fault.place)
    for event in run.events:
        if not isinstance(event, AlarmRaised | AlarmFlood) or event.rule != key:
            continue
        told = event.places if isinstance(event, AlarmFlood) else (event.place,)
        if event.at - START >= fault.at and inside & set(told):
            return event.at - START - fault.at
    return None


def _line_truth(truth: Truth) -> str:
    until = f" until {truth.end:.0f} s" if isfinite(truth.end) else ""
    return f"{truth.at:8.0f} s   truth  {truth.kind:22} {truth.place:28} {truth.detail}{until}"


def _line_event(event: Event, home: House) -> str:
    facts = body(event)
    rule = facts.pop("rule", "")
    title = home.hazards[rule].title.en if rule in home.hazards else rule
    if "places" in facts:
        facts["places"] = len(facts["places"])
    words = ", ".join(f"{k} {_short(v)}" for k, v in facts.items() if v not in ("", None))
    kind = type(event).__name__
    said = f"{title} ({words})".strip()
    return f"{event.at - START:8.0f} s   event  {kind:22} {event.place:28} {said}"


def _short(value: Any) -> Any:
    return f"{value:.4g}" if isinstance(value, float) else value


def _json_truth(truth: Truth) -> str:
    facts = {"at": truth.at, "kind": truth.kind, "place": truth.place, "detail": truth.detail}
    end = truth.end if isfinite(truth.end) else None
    return json.dumps({"truth": {**facts, "end": end}})


def _json_event(event: Event) -> str:
    kind = type(event).__name__
    facts = {"at": event.at - START, "kind": kind, "place": event.place, **body(event)}
    return json.dumps({"event": facts})


def _missed(rows: list[dict[str, Any]]) -> int:
    """How many faults were not found."""
    return sum(row["found_after"] is None for row in rows)


def _summary(run: Run, rows: list[dict[str, Any]], as_json: bool) -> str:
    if as_json:
        facts = {"events": len(run.events), "faults": rows, "not_found": _missed(rows)}
        return json.dumps({"summary": facts})
    counts = f"{_counted(len(run.events), 'event')}, {_counted(len(rows), 'fault')}"
    text = [f"\n{run.scenario.duration} s, {counts}"]
    for row in rows:
        after = row["found_after"]
        words = f"found after {after:.0f} s" if after is not None else "NOT FOUND"
        text.append(f"  {row['fault']:16} at {row['place']:24} {row['hazard']:22} {words}")
    return "\n".join(text)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


class _Bar:
    """A progress bar on a terminal, for scenarios that take a while."""

    def __init__(self, err: TextIO, total: int) -> None:
        self._err = err
        self._total = total
        self._shown = err.isatty() and total > LONG

    def show(self, second: int) -> None:
        if self._shown and second % 300 == 0:
            done = 30 * second // self._total
            self._err.write(f"\r[{'#' * done}{'.' * (30 - done)}] {second} of {self._total} s")
            self._err.flush()

    def clear(self) -> None:
        if self._shown:
            self._err.write("\r\x1b[K")
            self._err.flush()
