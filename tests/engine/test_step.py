"""The step: pure, the same for a part as for the whole, and not stopped by one broken rule."""

from dataclasses import fields, is_dataclass
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from story import OPERATOR, Shape, Story, quiet, tell

from smartpdu.engine.catalogue import RULES, TRACES
from smartpdu.engine.house import house
from smartpdu.engine.state import first
from smartpdu.engine.step import step
from smartpdu.model.event import AlarmRaised, Event, RuleBroken
from smartpdu.model.plant import Kind, Plant, part, picked
from smartpdu.model.request import Switch
from smartpdu.model.rule import Level, Limits, Rule, Tick, Trace
from smartpdu.model.snapshot import READINGS, frozen
from smartpdu.model.units import Ratios


def fails(tick: Tick) -> Ratios:
    """A measure with a bug, for as long as the first door stands open."""
    if tick.now.doors.open[0]:
        raise ZeroDivisionError("a bug")
    return tick.now.circuits.current / 16.0


def folds_badly(before: Ratios, tick: Tick) -> Ratios:
    """A trace with a bug, likewise; otherwise it counts ticks."""
    if tick.now.doors.open[0]:
        raise KeyError("another bug")
    return before + 1


SEEDS = some.integers(0, 2**32).map(Random)
BROKEN = Rule("load.broken", Kind.CIRCUIT, fails, Limits(high_critical=1.0))
TRACE = Trace("load.count", Kind.CIRCUIT, folds_badly)


def test_a_rule_that_fails_is_told_once_holds_its_alarms_and_stops_no_other() -> None:
    story = tell(rules=(BROKEN, *RULES), traces=(TRACE, *TRACES))
    story.now.circuits.current[0] = 17.0
    story.lasts(2)
    assert story.standing() == {("load.broken", "rack/A/circuit/1"): Level.CRITICAL}
    count = story.state.memory["load.count"].copy()
    story.forgets()
    story.now.doors.open[:] = 1.0
    story.now.circuits.current[0] = 3.0
    story.now.circuits.closed[1] = 0.0
    story.lasts(10)
    assert sorted((e.rule, e.error) for e in story.told(RuleBroken)) == [
        ("load.broken", "ZeroDivisionError('a bug')"),
        ("load.count", "KeyError('another bug')"),
    ]
    assert [e.rule for e in story.told(AlarmRaised)] == ["breaker.open"]
    assert story.standing()["load.broken", "rack/A/circuit/1"] is Level.CRITICAL
    assert np.array_equal(story.state.memory["load.count"], count)
    story.now.doors.open[:] = 0.0
    story.lasts(1)
    assert story.standing()["load.broken", "rack/A/circuit/1"] is Level.NORMAL
    assert np.array_equal(story.state.memory["load.count"], count + 1)
    story.forgets()
    story.now.doors.open[:] = 1.0
    story.lasts(3)
    assert len(story.told(RuleBroken)) == 2


def test_a_rule_that_fails_from_the_first_tick_holds_nothing() -> None:
    story = tell(rules=(BROKEN, *RULES))
    story.now.doors.open[:] = 1.0
    story.lasts(3)
    assert story.standing() == {}
    assert [e.rule for e in story.told(RuleBroken)] == ["load.broken"]


def random_readings(story: Story, dice: Random) -> None:
    """Anything may be wrong, and anything may be unknown."""
    fresh = quiet(story.plant)
    for kind in READINGS:
        for field in fields(READINGS[kind]):
            column = getattr(story.now.readings(kind), field.name)
            column[:] = getattr(fresh.readings(kind), field.name)
            for row in range(len(column)):
                fate = dice.random()
                if fate < 0.05:
                    column[row] = np.nan
                elif fate < 0.2 and field.name not in ("on", "closed", "open"):
                    column[row] *= dice.choice([0.0, 0.5, 1.5, 4.0, 12.0])
                elif fate < 0.1:
                    column[row] = 1.0 - column[row]


def random_requests(story: Story, dice: Random) -> None:
    """A few people want something."""
    for _ in range(dice.randrange(3)):
        outlets = story.plant.outlets.path
        story.switches(dice.choice(outlets), dice.random() < 0.5)
    for rule, place in list(story.state.alarms)[: dice.randrange(4)]:
        if dice.random() < 0.5:
            story.acknowledges(rule, place)
        else:
            story.shelves(rule, place, dice.choice([2, 30, 3600]))


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same all the way down."""
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if is_dataclass(one):
        return type(one) is type(other) and all(
            same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one)
        )
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(v, other[k]) for k, v in one.items())
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@settings(max_examples=15)
@given(SEEDS)
def test_the_step_is_pure_and_the_same_each_time(dice) -> None:
    story = tell(Shape(outlets=6))
    for _ in range(12):
        random_readings(story, dice)
        random_requests(story, dice)
        before, asked, now = story.state, list(story.asked), story.seen()
        again = frozen(now, now.at, now.clock)
        for column in [*before.memory.values(), before.on]:
            column.flags.writeable = False
        outcome = story.tick()
        twice = step(story.house, before, again, asked)
        thrice = step(story.house, before, again, asked)
        assert same(twice, thrice)
        assert twice.state.at == now.at
        assert outcome.state is story.state


@settings(max_examples=25)
@given(SEEDS, some.sampled_from([1, 5, 20]))
@pytest.mark.requirement("R-1.1-1")
def test_a_plant_split_in_two_and_stepped_tells_what_the_whole_tells(dice, every) -> None:
    shape = Shape(racks=2, outlets=6)
    whole = tell(shape)
    halves = [half_of(whole, rack) for rack in ("rack1", "rack2")]
    for _ in range(14):
        random_readings(whole, dice)
        whole.now.houses.unrecorded[:] = 0.0
        random_requests(whole, dice)
        for half, rows in halves:
            for kind in READINGS:
                for field in fields(READINGS[kind]):
                    mine = getattr(half.now.readings(kind), field.name)
                    mine[:] = getattr(whole.now.readings(kind), field.name)[rows[kind]]
            places = set(half.house.places)
            half.asked = [r for r in whole.asked if r.place in places]
        for one in (whole, *(half for half, _ in halves)):
            one.deaf = set(one.plant.outlets.path)  # relays are in the readings already
            one.lasts(every, every)
    for kept in ("events", "commands", "answers"):
        parts = [item for half, _ in halves for item in getattr(half, kept)]
        assert told(getattr(whole, kept)) == told(parts)
    assert whole.events
    joined = {k: v for half, _ in halves for k, v in half.state.alarms.items()}
    assert dict(whole.state.alarms) == joined


def told(items: list[Any]) -> list[str]:
    """Events, commands or answers in an order of their own."""
    return sorted(repr(item) for item in items)


def half_of(whole: Story, rack: str) -> tuple[Story, dict[Kind, np.ndarray]]:
    """A story of one rack of a plant, and where its rows stand in the whole."""
    plant, rows = whole.plant, {}
    for kind in Kind:
        paths = plant.table(kind).path
        mine = [r for r, p in enumerate(paths) if kind is Kind.HOUSE or rack in p.split("/")]
        rows[kind] = np.array(mine, dtype=np.int64)
    own = Plant(**{k.value: picked(plant.table(k), rows[k], rows) for k in Kind})  # type: ignore[arg-type]
    return tell(plant=own), rows


def test_time_that_goes_back_counts_as_none() -> None:
    story = tell()
    story.now.circuits.current[0] = 17.0
    story.lasts(5)
    for _ in range(20):
        story.tick(-1.0)
    assert story.events == []
    story.lasts(1)
    assert [e.rule for e in story.told(AlarmRaised)] == ["load.circuit"]


def test_events_of_a_tick_all_carry_its_time() -> None:
    story = tell()
    story.lasts(3)
    story.now.circuits.closed[:] = 0.0
    story.now.outlets.on[2] = 0.0
    story.switches("nowhere", True)
    outcome = story.tick()
    assert len(outcome.events) > 5
    assert {event.at for event in outcome.events} == {story.at}
    assert all(isinstance(event, Event) for event in outcome.events)


def test_a_plant_of_nothing_turns_too() -> None:
    empty = tell(Shape(racks=0))
    empty.switches("rack/A/outlet/1", True)
    empty.lasts(3)
    assert len(empty.answers) == 1
    assert empty.standing() == {}


def test_a_request_is_an_input_of_one_step_only() -> None:
    story = tell()
    home = house(story.plant)
    begun = first(story.plant, TRACES, story.at, 0.0)
    asked = [Switch("1", OPERATOR, "rack/A/outlet/1", False)]
    outcome = step(home, begun, story.seen(), asked)
    after = step(home, outcome.state, story.seen(), [])
    assert len(outcome.commands) == 1
    assert after.commands == ()
    assert part(story.plant, 0).plant.outlets.path
