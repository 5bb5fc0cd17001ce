"""A rack to tell stories with: time passes as the story says, hands obey unless told otherwise."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

import numpy as np
import pytest

from smartpdu.engine.catalogue import RULES, TRACES
from smartpdu.engine.house import House, Override, house
from smartpdu.engine.state import State, first
from smartpdu.engine.step import Outcome, step
from smartpdu.model.alarm import Alarm
from smartpdu.model.build import (
    CircuitSpec,
    Design,
    DoorSpec,
    FeedSpec,
    OutletSpec,
    PduSpec,
    PhaseSpec,
    ProbeSpec,
    RackSpec,
    SourceSpec,
    built,
)
from smartpdu.model.command import SwitchOutlet
from smartpdu.model.event import AlarmCleared, AlarmEased, AlarmFlood, AlarmRaised, Event
from smartpdu.model.plant import Plant
from smartpdu.model.request import (
    Acknowledge,
    Answer,
    Principal,
    ReadBack,
    Request,
    Role,
    Shelve,
    Switch,
)
from smartpdu.model.request import Unshelve as UnshelveRequest
from smartpdu.model.rule import Level, Rule, Trace
from smartpdu.model.snapshot import Snapshot, blank, frozen

OPERATOR = Principal("olga", Role.OPERATOR)
VIEWER = Principal("viktor", Role.VIEWER)
HOUSE = Principal("house", Role.ADMIN)
START = 1_800_000_000.0  # UTC of every story's beginning

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Shape:
    """How a story's rack is built."""

    pdus: int = 2
    phases: int = 3
    frequency: float = 50.0
    voltage: float = 230.0
    racks: int = 1
    outlets: int = 8  # of each PDU, over its phases in turn

    def __str__(self) -> str:
        return f"{self.pdus} PDUs, {self.phases} phases, {self.frequency:.0f} Hz"


SHAPES = (
    Shape(),
    Shape(pdus=1, phases=1, frequency=60.0, voltage=120.0),
    Shape(pdus=4, phases=3, frequency=60.0, voltage=120.0),
    Shape(pdus=4, phases=1),
)


def design(shape: Shape) -> Design:
    """The description of a rack of that shape; two circuits for each phase."""
    rows: dict[str, list[Any]] = {name: [] for name in Design.__dataclass_fields__}
    for r in range(shape.racks):
        rack = "rack" if shape.racks == 1 else f"rack{r + 1}"
        rows["racks"].append(RackSpec(rack))
        for letter in "ABCD"[: shape.pdus]:
            _pdu(rows, shape, rack, letter)
        source = f"source/{rack}/A"
        rows["probes"] += [
            ProbeSpec(f"{rack}/probe/{at}", rack, source, position=at) for at in ("top", "bottom")
        ]
        rows["doors"].append(DoorSpec(f"{rack}/door/front", rack, source))
    return Design(**rows)


def _pdu(rows: dict[str, list[Any]], shape: Shape, rack: str, letter: str) -> None:
    pdu, source = f"{rack}/{letter}", f"source/{rack}/{letter}"
    rows["sources"].append(SourceSpec(source))
    rows["pdus"].append(PduSpec(pdu, rack, source))
    power = 32 * shape.voltage * shape.phases
    rows["feeds"].append(
        FeedSpec(f"{pdu}/feed", pdu, letter, power, nominal_frequency=shape.frequency)
    )
    for line in range(shape.phases):
        phase = f"{pdu}/L{line + 1}"
        rows["phases"].append(PhaseSpec(phase, f"{pdu}/feed", 32.0, nominal_voltage=shape.voltage))
        rows["circuits"] += [
            CircuitSpec(f"{pdu}/circuit/{2 * line + k}", phase, 16.0) for k in (1, 2)
        ]
    rows["outlets"] += [
        OutletSpec(f"{pdu}/outlet/{n + 1}", f"{pdu}/circuit/{n % (2 * shape.phases) + 1}")
        for n in range(shape.outlets)
    ]


def quiet(plant: Plant) -> Snapshot:
    """Readings of a plant in which nothing is wrong; their columns may be changed."""
    now = blank(plant, START, 0.0)
    volts = plant.phases.nominal_voltage
    outlet_volts = volts[plant.outlets.phase] if len(plant.outlets) else np.empty(0)
    for readings, values in (
        (now.houses, {"unrecorded": 0.0}),
        (now.sources, {"silence": 0.0, "missing": 0.0}),
        (now.phases, {"voltage": volts, "current": 6.0, "active_power": 6.0 * volts}),
        (now.feeds, {"apparent_power": 0.2 * plant.feeds.rated_power, "residual_current": 0.005}),
        (now.feeds, {"frequency": plant.feeds.nominal_frequency, "active_power": 4_000.0}),
        (now.circuits, {"closed": 1.0, "current": 3.0, "residual_current": 0.002}),
        (now.outlets, {"on": 1.0, "voltage": outlet_volts, "current": 1.0}),
        (now.outlets, {"active_power": outlet_volts, "contact_temperature": 26.0}),
        (now.probes, {"temperature": 22.0, "humidity": 45.0}),
        (now.doors, {"open": 0.0}),
    ):
        for name, value in values.items():
            getattr(readings, name)[:] = value
    return now


@dataclass
class Story:
    """A house whose readings and hands are the story's; what it tells is kept in order."""

    plant: Plant
    house: House
    state: State
    now: Snapshot
    shape: Shape = field(default_factory=Shape)
    events: list[Event] = field(default_factory=list)
    commands: list[SwitchOutlet] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    deaf: set[str] = field(default_factory=set)  # outlets whose relays do not move
    unread: bool = False  # whether readings are old: nothing is read after an order has left
    left: list[SwitchOutlet] = field(default_factory=list)  # and not read back yet
    clock: float = 0.0
    asked: list[Request] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def at(self) -> float:
        """UTC of the last tick."""
        return START + self.clock

    def lasts(self, seconds: float, every: float = 1.0) -> None:
        """Time passes, a tick for each `every` seconds; relays move between ticks."""
        for _ in range(round(seconds / every)):
            self.tick(every)

    def tick(self, every: float = 1.0) -> Outcome:
        """One tick: what was asked since the last one is its input."""
        self.clock += every
        if not self.unread:
            for c in self.left:
                self.asks(ReadBack(f"read-{c.id}", HOUSE, c.place, c.id))
            self.left = []
        asked, self.asked = self.asked, []
        outcome = step(self.house, self.state, self.seen(), asked)
        self.state = outcome.state
        self.events += outcome.events
        self.commands += outcome.commands
        self.left += outcome.commands
        self.answers += outcome.answers
        for command in outcome.commands:
            if command.place not in self.deaf:
                self.turn(command.place, command.on)
        return outcome

    def turn(self, place: str, on: bool) -> None:
        """Let a relay move, and the current through it with it."""
        row, outlets = self.row(place), self.now.outlets
        outlets.on[row] = on
        outlets.current[row] = 1.0 if on else 0.0
        outlets.active_power[row] = outlets.voltage[row] if on else 0.0

    def seen(self) -> Snapshot:
        """What a tick sees now: a copy that nobody can change."""
        return frozen(self.now, self.at, self.clock)

    def row(self, place: str) -> int:
        """The row of a place."""
        return self.house.places[place][1]

    def asks(self, request: Request) -> str:
        """Leave a request for the next tick; gives its id."""
        self.asked.append(request)
        return request.id

    def switches(self, place: str, on: bool, by: Principal = OPERATOR) -> str:
        """Ask for a switch; gives the id of request and command."""
        return self.asks(Switch(self.id(), by, place, on))

    def acknowledges(self, rule: str, place: str, by: Principal = OPERATOR) -> str:
        """Say that somebody knows of an alarm."""
        return self.asks(Acknowledge(self.id(), by, place, rule))

    def shelves(self, rule: str, place: str, seconds: float, reason: str = "work") -> str:
        """Put an alarm aside for some seconds from the last tick."""
        return self.asks(Shelve(self.id(), OPERATOR, place, rule, self.at + seconds, reason))

    def unshelves(self, rule: str, place: str) -> str:
        """Let a shelved alarm count again."""
        return self.asks(UnshelveRequest(self.id(), OPERATOR, place, rule))

    def id(self) -> str:
        """A fresh id."""
        return f"request-{next(self.numbers)}"

    def answer(self, request: str) -> Answer:
        """The one answer to a request."""
        (found,) = [a for a in self.answers if a.request == request]
        return found

    def told(self, kind: type[E]) -> list[E]:
        """Events of one kind so far."""
        return [e for e in self.events if isinstance(e, kind)]

    def forgets(self) -> None:
        """Leave out what was told until now."""
        for kept in (self.events, self.commands, self.answers):
            kept.clear()

    def alarm(self, rule: str, place: str) -> Alarm | None:
        """The alarm of a rule at a place, if it is not calm."""
        return self.state.alarms.get((rule, place))

    def standing(self) -> dict[tuple[str, str], Level]:
        """Level of every alarm that is not calm."""
        return {key: alarm.level for key, alarm in self.state.alarms.items()}


def tell(
    shape: Shape | None = None,
    *,
    plant: Plant | None = None,
    overrides: Iterable[Override] = (),
    rules: tuple[Rule, ...] = RULES,
    traces: tuple[Trace, ...] = TRACES,
) -> Story:
    """A story on a rack of that shape, or on a plant of its own."""
    chosen = shape or Shape()
    what = plant or built(design(chosen))
    home = house(what, overrides, rules, traces)
    return Story(what, home, first(what, traces, START, 0.0), quiet(what), chosen)


@pytest.fixture(params=SHAPES, ids=str)
def story(request: pytest.FixtureRequest) -> Story:
    """A story for each shape: one and three phases, 50 and 60 Hz, one, two and four PDUs."""
    return tell(request.param)


@dataclass(frozen=True, slots=True)
class Crossing:
    """How a rule's value crosses one limit and comes back, in plain numbers.

    `put` writes a value into the story's readings and gives the place whose alarm it is;
    the numbers stand here once more, so that a changed limit of the product is seen.
    """

    rule: str
    level: Level
    put: Callable[[Story, float], str]
    calm: float  # well inside
    inside: float  # as far as the value may go without this level
    beyond: float  # as little as it must go for it
    held: float  # back inside, but not by more than the hysteresis: the level stays
    back: float  # far enough back for this level to end
    dwell: int  # s that the value must stay beyond
    unit: str
    limit: float
    also: frozenset[str] = frozenset()  # rules that rightly tell of the same readings

    def __str__(self) -> str:
        return f"{self.rule} {self.level.name.lower()}"


def crosses(story: Story, crossing: Crossing) -> None:
    """Tell a crossing: nothing inside, raised in time and with its facts, held, then over."""
    _is_calm_inside(story, crossing)
    place = _is_raised_in_time(story, crossing)
    _stays_within_the_hysteresis(story, crossing, place)
    _ends(story, crossing, place)
    allowed = {crossing.rule, *crossing.also}
    others = {rule for e in story.events if (rule := getattr(e, "rule", ""))} - allowed
    assert not others, f"{crossing.rule} made {others} speak"


def _of(story: Story, crossing: Crossing) -> list[Event]:
    return [e for e in story.events if getattr(e, "rule", "") == crossing.rule]


def _is_calm_inside(story: Story, crossing: Crossing) -> None:
    crossing.put(story, crossing.calm)
    story.lasts(3)
    assert story.events == []
    crossing.put(story, crossing.inside)
    story.lasts(2 * crossing.dwell + 5)
    raised = [e for e in _of(story, crossing) if isinstance(e, AlarmRaised)]
    assert [e for e in raised if e.level >= crossing.level] == []
    crossing.put(story, crossing.calm)
    story.lasts(crossing.dwell + 5)
    assert crossing.rule not in {key[0] for key, level in story.standing().items() if level}
    story.forgets()


def _is_raised_in_time(story: Story, crossing: Crossing) -> str:
    place = crossing.put(story, crossing.beyond)
    story.lasts(crossing.dwell)
    early = [e for e in story.told(AlarmRaised) if e.rule == crossing.rule]
    assert [e for e in early if e.level >= crossing.level] == []
    story.tick()
    raised = [
        e for e in story.told(AlarmRaised) if (e.rule, e.level) == (crossing.rule, crossing.level)
    ]
    assert [(e.place, e.unit, e.at) for e in raised] == [(place, crossing.unit, story.at)]
    np.testing.assert_allclose([raised[0].limit], [crossing.limit], rtol=1e-9)
    assert story.standing()[crossing.rule, place] is crossing.level
    return place


def _stays_within_the_hysteresis(story: Story, crossing: Crossing, place: str) -> None:
    story.forgets()
    crossing.put(story, crossing.held)
    story.lasts(5)
    assert _of(story, crossing) == []
    assert story.standing()[crossing.rule, place] is crossing.level


def _ends(story: Story, crossing: Crossing, place: str) -> None:
    crossing.put(story, crossing.back)
    story.lasts(1)
    told = _of(story, crossing)
    assert [type(e) for e in told if e.place == place] == [
        AlarmEased if story.standing()[crossing.rule, place] else AlarmCleared
    ]
    assert story.standing()[crossing.rule, place] < crossing.level
    crossing.put(story, crossing.calm)
    story.lasts(3)
    assert not story.standing()[crossing.rule, place]


def flooded(events: Iterable[Event]) -> list[AlarmFlood]:
    """The floods among events."""
    return [e for e in events if isinstance(e, AlarmFlood)]
