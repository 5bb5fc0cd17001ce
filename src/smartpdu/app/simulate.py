"""`smartpdu simulate`: a scenario in virtual time, its events beside the twin's truth."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from smartpdu.app.config import ConfigError, Fault, Site, demo, load
from smartpdu.app.lines import lines
from smartpdu.drivers.simulator import Twin, fault, twin
from smartpdu.drivers.source import SettingsError
from smartpdu.engine.house import House, house
from smartpdu.engine.state import State, first
from smartpdu.engine.step import step
from smartpdu.model.command import SwitchOutlet
from smartpdu.model.event import AlarmFlood, AlarmRaised, Event, body
from smartpdu.model.plant import part
from smartpdu.model.request import Principal, Request, Role, Switch
from smartpdu.model.snapshot import Snapshot, blank, land
from smartpdu.twin.faults import INJECTORS
from smartpdu.twin.world import Truth

START = 1_767_225_600.0  # 2026-01-01T00:00:00Z: virtual time needs some beginning
KEYS = {"site": str, "duration": (int, float), "seed": int, "fault": list, "order": list}
ORDER = {"at": (int, float), "place": str, "on": bool, "by": str}
WORDS = {str: "text", int: "a whole number", list: "tables", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Order:
    """A switch that somebody asks for at a second of the scenario."""

    at: float
    place: str
    on: bool
    by: str = "operator"


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens to a site, and for how long."""

    file: str
    site: Site
    duration: int
    seed: int
    faults: tuple[Mapping[str, Any], ...]
    orders: tuple[Order, ...]


@dataclass(slots=True)
class Run:
    """A scenario as it goes on: the twin, the heart, and what both said."""

    scenario: Scenario
    home: House
    twin: Twin
    state: State
    events: list[Event]
    truths: list[Truth]

    def seconds(self) -> Iterator[tuple[int, list[Event], list[Truth]]]:
        """Each second, with the events and truths that are new in it."""
        pending: list[SwitchOutlet] = []
        silent_since: dict[int, float] = {}
        for second in range(1, self.scenario.duration + 1):
            for command in pending:
                self.twin.switch(self.home.places[command.place][1], command.on)
            told = len(self.twin.truths)
            self.twin.tick()
            now = seen(self.twin, self.home, float(second), silent_since)
            outcome = step(self.home, self.state, now, self._asked(second))
            self.state, pending = outcome.state, list(outcome.commands)
            truths = self.twin.truths[told:]
            self.events += outcome.events
            self.truths += truths
            yield second, list(outcome.events), truths

    def _asked(self, second: int) -> list[Request]:
        return [
            Switch(f"order-{n}", Principal(o.by, Role.OPERATOR), o.place, o.on)
            for n, o in enumerate(self.scenario.orders, 1)
            if second - 1 < o.at <= second
        ]


def seen(lived: Twin, home: House, clock: float, silent_since: dict[int, float]) -> Snapshot:
    """What the sources tell of this second; a silent one leaves gaps, as in the collector."""
    whole = lived.read(START + clock, clock)
    now = replace(whole, at=START + clock, clock=clock)
    now.houses.unrecorded[:] = 0.0
    for row in range(len(home.plant.sources)):
        if lived.life.effects.silent[row]:
            own = part(home.plant, row)
            land(now, blank(own.plant, now.at, clock), own)
            since = silent_since.setdefault(row, clock)
            now.sources.silence[row] = clock - since + 1
        else:
            silent_since.pop(row, None)
            now.sources.silence[row] = 0.0
            now.sources.missing[row] = 0.1 if lived.life.effects.missing[row] else 0.0
    return now


def begun(scenario: Scenario, seed: int | None = None, home: House | None = None) -> Run:
    """A scenario at its second 0; raises ConfigError for what does not fit its site."""
    site = scenario.site
    chosen = scenario.seed if seed is None else seed
    section = {**site.sections.get("twin", {}), "fault": list(scenario.faults)}
    try:
        lived = twin(section, site.plant, 0.0, chosen)
    except SettingsError as error:
        raise ConfigError([_fault(scenario, error)]) from None
    made = home or house(site.plant, site.overrides)
    return Run(scenario, made, lived, first(site.plant, made.traces, START, 0.0), [], [])


def scenario(path: Path) -> Scenario:
    """The scenario of a file; raises ConfigError with file, line, found and expected."""
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except OSError as error:
        found = error.strerror or str(error)
        raise ConfigError([Fault(str(path), 1, "file", found, "a file to read")]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([Fault(str(path), 1, "TOML", str(error), "TOML to read")]) from None
    faults = list(_faults(tables, text, str(path)))
    if faults:
        raise ConfigError(faults)
    name = tables.get("site", "demo")
    site = demo() if name == "demo" else load(path.parent / name)
    orders = tuple(Order(**{**o, "at": float(o["at"])}) for o in tables.get("order", []))
    for number, order in enumerate(orders):
        if order.place not in site.plant.outlets.path:
            line = lines(text).of("order", number, "place")
            wrong = Fault(str(path), line, "order.place", repr(order.place), "an outlet")
            raise ConfigError([wrong])
    return Scenario(
        str(path),
        site,
        int(tables["duration"]),
        tables.get("seed", 1),
        tuple(tables.get("fault", [])),
        orders,
    )


def simulate(path: Path, seed: int | None, as_json: bool, out: TextIO, err: TextIO) -> int:
    """Run a scenario file and print it; the exit code is 2 for a file that cannot be used."""
    try:
        run = begun(scenario(path), seed)
    except ConfigError as error:
        print(error, file=err)
        return 2
    bar = _Bar(err, run.scenario.duration)
    for second, events, truths in run.seconds():
        for truth in truths:
            bar.clear()
            print(_json_truth(truth) if as_json else _line_truth(truth), file=out)
        for event in events:
            bar.clear()
            print(_json_event(event) if as_json else _line_event(event, run.home), file=out)
        bar.show(second)
    bar.clear()
    print(_summary(run, as_json), file=out)
    return 0


def found(run: Run) -> list[dict[str, Any]]:
    """For each fault, the first alarm of its hazard after it, and how long that took."""
    rows = []
    for number, table in enumerate(run.scenario.faults, 1):
        made = fault(number, table)
        key = INJECTORS[made.kind].hazard
        times = [
            e.at - START - made.at
            for e in run.events
            if isinstance(e, AlarmRaised | AlarmFlood) and e.rule == key and e.at - START >= made.at
        ]
        rows.append(
            {
                "fault": made.kind,
                "place": made.place,
                "at": made.at,
                "hazard": key,
                "found_after": min(times) if times else None,
            }
        )
    return rows


def _faults(tables: Mapping[str, Any], text: str, file: str) -> Iterator[Fault]:
    at = lines(text)
    for key, value in tables.items():
        if key not in KEYS:
            expected = f"one of {', '.join(KEYS)}"
            yield Fault(file, at.of(key, 0) or at.of("", 0, key), key, "an unknown key", expected)
        elif isinstance(value, bool) or not isinstance(value, KEYS[key]):  # type: ignore[arg-type]
            yield Fault(file, at.of("", 0, key), key, repr(value), _word(KEYS[key]))
    duration = tables.get("duration")
    if duration is None:
        yield Fault(file, 1, "duration", "nothing", "seconds that the scenario lasts")
    elif isinstance(duration, int | float) and duration < 1:
        yield Fault(file, at.of("", 0, "duration"), "duration", str(duration), "1 s or more")
    for number, order in enumerate(tables.get("order", [])):
        yield from _order_faults(number, order, at, file)


def _order_faults(number: int, order: Mapping[str, Any], at: Any, file: str) -> Iterator[Fault]:
    for key, value in order.items():
        line = at.of("order", number, key)
        if key not in ORDER:
            expected = f"one of {', '.join(ORDER)}"
            yield Fault(file, line, f"order.{key}", "an unknown key", expected)
        elif not isinstance(value, ORDER[key]):  # type: ignore[arg-type]
            yield Fault(file, line, f"order.{key}", repr(value), _word(ORDER[key]))
    for key in ("at", "place", "on"):
        if key not in order:
            yield Fault(file, at.of("order", number), f"order.{key}", "nothing", "a value")


def _word(kind: Any) -> str:
    """What a person calls a type of TOML."""
    return WORDS.get(kind, "a number")


def _fault(made: Scenario, error: SettingsError) -> Fault:
    """A fault of the twin's section, at its line of the scenario file."""
    text = Path(made.file).read_text(encoding="utf-8")
    number = int(error.key.split("[")[1].split("]")[0]) - 1 if "[" in error.key else 0
    key = error.key.rsplit(".", 1)[-1]
    line = lines(text).of("fault", number, key)
    return Fault(made.file, line, error.key.replace("twin.", ""), error.found, error.expected)


def _line_truth(truth: Truth) -> str:
    return f"{truth.at:8.0f} s   truth  {truth.kind:22} {truth.place:28} {truth.detail}"


def _line_event(event: Event, home: House) -> str:
    facts = body(event)
    rule = facts.pop("rule", "")
    title = home.hazards[rule].title.en if rule in home.hazards else rule
    if "places" in facts:
        facts["places"] = len(facts["places"])
    words = ", ".join(f"{k} {_short(v)}" for k, v in facts.items() if v not in ("", None))
    kind = type(event).__name__
    return f"{event.at - START:8.0f} s   event  {kind:22} {event.place:28} {title} ({words})"


def _short(value: Any) -> Any:
    return f"{value:.4g}" if isinstance(value, float) else value


def _json_truth(truth: Truth) -> str:
    facts = {"at": truth.at, "kind": truth.kind, "place": truth.place, "detail": truth.detail}
    return json.dumps({"truth": facts})


def _json_event(event: Event) -> str:
    kind = type(event).__name__
    facts = {"at": event.at - START, "kind": kind, "place": event.place, **body(event)}
    return json.dumps({"event": facts})


def _summary(run: Run, as_json: bool) -> str:
    rows = found(run)
    if as_json:
        return json.dumps({"summary": {"events": len(run.events), "faults": rows}})
    text = [f"\n{run.scenario.duration} s, {len(run.events)} events, {len(rows)} faults"]
    for row in rows:
        after = row["found_after"]
        words = f"found after {after:.0f} s" if after is not None else "NOT FOUND"
        text.append(f"  {row['fault']:16} at {row['place']:24} {row['hazard']:22} {words}")
    return "\n".join(text)


class _Bar:
    """A progress bar on a terminal, for scenarios that take a while."""

    def __init__(self, err: TextIO, total: int) -> None:
        self._err = err
        self._total = total
        self._shown = err.isatty() and total > 3000

    def show(self, second: int) -> None:
        if self._shown and second % 600 == 0:
            done = 30 * second // self._total
            self._err.write(f"\r[{'#' * done}{'.' * (30 - done)}] {second} of {self._total} s")
            self._err.flush()

    def clear(self) -> None:
        if self._shown:
            self._err.write("\r\x1b[K")
            self._err.flush()
