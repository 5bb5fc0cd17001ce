"""What is remembered moves with its place, and comes back from disk as it went."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from story import Shape, Story, design, quiet, tell

from smartpdu.engine.catalogue import RULES, TRACES
from smartpdu.engine.house import Override, house
from smartpdu.engine.judge import level_of
from smartpdu.engine.state import State, carry, first, taken, written
from smartpdu.model.alarm import Standing
from smartpdu.model.build import Design, OutletSpec, built
from smartpdu.model.event import AlarmEased, AlarmFlood, AlarmRaised, AlarmUnshelved
from smartpdu.model.plant import Kind, Plant
from smartpdu.model.rule import Level


def troubled(release: float = 0.0) -> Story:
    """A rack in which much is wrong, at every stage of an alarm's life."""
    slow = Override("contact.rise", "", {"release": release})
    story = tell(Shape(outlets=6), overrides=[slow])
    story.lasts(2)
    story.now.circuits.current[:] = [17, 3, 14, 3, 3, 3, 3, 3, 3, 3, 3, 20]
    story.now.outlets.contact_temperature[:] = np.linspace(40, 75, 12)
    story.now.sources.silence[1] = 5.0
    story.now.feeds.residual_current[0] = np.nan
    story.lasts(15)
    story.acknowledges("load.circuit", "rack/A/circuit/1")
    story.tick()
    story.shelves("load.circuit", "rack/A/circuit/3", 3600)
    story.now.circuits.current[-1] = 3
    story.now.outlets.contact_temperature[-2] = 72.0
    story.now.outlets.contact_temperature[9] = 55.0  # back inside its critical bound
    story.now.outlets.contact_temperature[11] = 26.0  # back inside both
    story.now.outlets.current[3] = 9.0
    story.lasts(5)  # load.outlet is being watched and not yet told
    return story


def by_path(state: State, plant: Plant) -> dict[str, object]:
    """All that a state remembers, by place instead of by row."""
    found: dict[str, object] = {f"alarm {k}": a for k, a in state.alarms.items()}
    for rule in RULES:
        held = state.held.get(rule.key)
        for spot, row in enumerate([] if held is None else held.row.tolist()):
            watches = (held.warned, held.alarmed, held.eased, held.inside)
            place = plant.table(rule.kind).path[row]
            values = [None if np.isnan(w[spot]) else float(w[spot]) for w in watches]
            found[f"held {rule.key} {place}"] = (int(held.level[spot]), *values)
    for trace in TRACES:
        column = state.memory[trace.key]
        for path, value in zip(plant.table(trace.kind).path, column.tolist(), strict=True):
            found[f"memory {trace.key} {path}"] = repr(value)
    for path, on in zip(plant.outlets.path, state.on.tolist(), strict=True):
        found[f"on {path}"] = repr(on)
    found |= {f"order {place}": order for place, order in state.orders.items()}
    return found


def shuffled(plan: Design, dice, gone: frozenset[str]) -> Design:
    """The same places in another order, without those outlets."""
    rows = {}
    for name in Design.__dataclass_fields__:
        specs = [s for s in getattr(plan, name) if s.path not in gone]
        rows[name] = dice.sample(specs, len(specs))
    return Design(**rows)


@settings(max_examples=40)
@given(some.randoms(use_true_random=False), some.sets(some.integers(1, 6)), some.booleans())
def test_what_is_remembered_moves_with_its_place(dice, gone, added) -> None:
    story = troubled(release=60.0)
    story.deaf.add("rack/B/outlet/3")
    story.switches("rack/B/outlet/3", False)
    story.tick()
    lost = frozenset(f"rack/B/outlet/{n}" for n in gone)
    plan = shuffled(design(story.shape), dice, lost)
    if added:
        new = OutletSpec("rack/A/outlet/new", "rack/A/circuit/1")
        plan = replace(plan, outlets=[new, *plan.outlets])
    plant = built(plan)
    carried = carry(story.state, story.plant, plant, RULES, TRACES)
    before, after = by_path(story.state, story.plant), by_path(carried, plant)
    stays = {k: v for k, v in before.items() if not any(path in k for path in lost)}
    fresh = {k for k in after if "outlet/new" in k}
    assert {k: v for k, v in after.items() if k not in fresh} == stays
    assert all(k.startswith(("memory", "on")) for k in fresh)
    assert bool(fresh) == added
    for rule in RULES:
        assert (np.diff(carried.held[rule.key].row) > 0).all()


def test_after_a_change_of_the_plant_nothing_is_told_a_second_time() -> None:
    story = troubled()
    plan = design(story.shape)
    turned = Design(**{n: list(reversed(getattr(plan, n))) for n in Design.__dataclass_fields__})
    plant = built(turned)
    moved = Story(
        plant, house(plant), carry(story.state, story.plant, plant, RULES, TRACES), quiet(plant)
    )
    for kind in Kind:
        if kind in (Kind.RACK, Kind.PDU):
            continue
        new, old = moved.now.readings(kind), story.now.readings(kind)
        paths = story.plant.table(kind).path
        rows = [paths.index(path) for path in plant.table(kind).path]
        for name in type(new).__dataclass_fields__:
            getattr(new, name)[:] = getattr(old, name)[rows]
    moved.clock = story.clock
    story.forgets()
    story.lasts(30)
    moved.lasts(30)
    assert moved.standing() == story.standing()
    assert sorted(map(repr, moved.events)) == sorted(map(repr, story.events))


def test_an_alarm_whose_rule_or_kind_of_place_is_gone_is_forgotten() -> None:
    story = troubled()
    rules = tuple(rule for rule in RULES if rule.key != "load.circuit")
    carried = carry(story.state, story.plant, story.plant, rules, TRACES)
    assert {key[0] for key in story.state.alarms} - {key[0] for key in carried.alarms} == {
        "load.circuit"
    }
    plan = design(story.shape)
    renamed = {o.path: f"{o.path}/old" for o in plan.outlets}
    swapped = replace(
        plan,
        outlets=[replace(o, path=renamed[o.path]) for o in plan.outlets],
        probes=[*plan.probes, replace(plan.probes[0], path="rack/A/outlet/6")],
    )
    plant = built(swapped)
    carried = carry(story.state, story.plant, plant, RULES, TRACES)
    assert not [key for key in carried.alarms if "/outlet/" in key[1]]


def test_a_first_rack_comes_into_an_empty_plant() -> None:
    empty = built(Design())
    full = built(design(Shape(pdus=1)))
    carried = carry(first(empty, TRACES, 5.0, 6.0), empty, full, RULES, TRACES)
    fresh = first(full, TRACES, 5.0, 6.0)
    assert by_path(carried, full) == by_path(fresh, full)
    assert (carried.at, carried.clock) == (5.0, 6.0)


def test_a_trace_that_is_new_starts_at_its_start() -> None:
    story = troubled()
    old = replace(story.state, memory={})
    carried = carry(old, story.plant, story.plant, RULES, TRACES)
    for trace in TRACES:
        assert np.array_equal(
            carried.memory[trace.key],
            first(story.plant, TRACES, 0, 0).memory[trace.key],
            equal_nan=True,
        )


def through_json(story: Story) -> State:
    """The state as another process reads it."""
    text = json.dumps(written(story.state, story.plant, TRACES), allow_nan=False)
    return taken(json.loads(text), story.plant, RULES, TRACES, 5_000.0)


def test_a_state_comes_back_from_json_with_all_that_counts() -> None:
    story = troubled()
    back = through_json(story)
    assert back.alarms == story.state.alarms
    assert {type(a.level) for a in back.alarms.values()} == {Level}
    assert {type(a.standing) for a in back.alarms.values()} == {Standing}
    for key, column in story.state.memory.items():
        assert np.array_equal(back.memory[key], column, equal_nan=True)
    assert np.array_equal(back.on, story.state.on, equal_nan=True)
    assert (back.at, back.clock) == (story.state.at, 5_000.0)
    for rule in RULES:
        rows = range(len(story.plant.table(rule.kind)))
        held, mine = back.held.get(rule.key), story.state.held[rule.key]
        levels = [0 if held is None else level_of(held, row) for row in rows]
        assert levels == [level_of(mine, row) for row in rows]


@pytest.mark.requirement("R-3.1-5")
def test_after_a_restart_standing_alarms_are_not_raised_again_and_the_shelved_stay_so() -> None:
    story = troubled()
    kept = story.state.alarms
    shelved = [a for a in kept.values() if a.standing is Standing.SHELVED]
    assert {a.standing for a in kept.values()} == set(Standing) - {Standing.CALM}
    story.state = replace(through_json(story), clock=story.clock)
    story.forgets()
    story.now.outlets.current[3] = 1.0
    story.lasts(120)
    told = {(e.rule, e.place) for e in story.told(AlarmRaised)}
    assert told == set()
    assert story.told(AlarmFlood) == story.told(AlarmEased) == story.told(AlarmUnshelved) == []
    assert story.state.alarms == kept
    story.lasts(shelved[0].until - story.at)
    assert [(e.rule, e.place) for e in story.told(AlarmUnshelved)] == [
        (a.rule, a.place) for a in shelved
    ]


def test_what_was_kept_of_places_and_rules_that_are_gone_is_left_out() -> None:
    story = troubled()
    plain = json.loads(json.dumps(written(story.state, story.plant, TRACES)))
    smaller = built(design(Shape(pdus=1, outlets=6)))
    rules = tuple(rule for rule in RULES if rule.key != "load.circuit")
    back = taken(plain, smaller, rules, TRACES, 0.0)
    paths = {p for kind in Kind for p in smaller.table(kind).path}
    assert back.alarms
    assert {place for _, place in back.alarms} <= paths
    assert "load.circuit" not in {rule for rule, _ in back.alarms}
    assert back.on.tolist() == [1.0] * 6


def test_a_place_that_is_new_since_the_state_was_kept_starts_fresh() -> None:
    story = tell(Shape(pdus=1, outlets=1))
    story.lasts(2)
    plain = json.loads(json.dumps(written(story.state, story.plant, TRACES)))
    larger = built(design(Shape(pdus=1, outlets=2)))
    back = taken(plain, larger, RULES, TRACES, 0.0)
    assert back.memory["cord.peak"].tolist() == [1.0, 0.0]
    assert back.on[0] == 1.0
    assert np.isnan(back.on[1])
