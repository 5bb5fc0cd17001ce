"""A cord that was pulled and a supply that died are told apart, and from all that is harmless."""

from dataclasses import replace

import numpy as np
import pytest
from story import Story, design, tell

from smartpdu.model.build import built
from smartpdu.model.event import AlarmCleared, AlarmRaised
from smartpdu.model.rule import Level

DAY = 86_400.0


def draws(story: Story, current: float, power: float) -> str:
    """What the first outlet's load draws from now on."""
    story.now.outlets.current[0] = current
    story.now.outlets.active_power[0] = power
    return story.plant.outlets.path[0]


def raised(story: Story) -> list[tuple[str, str, Level]]:
    """All alarms that were raised."""
    return [(e.rule, e.place, e.level) for e in story.told(AlarmRaised)]


@pytest.mark.requirement("R-6.2-4")
def test_a_pulled_cord_is_told_after_three_seconds_and_over_when_it_is_back(story: Story) -> None:
    story.lasts(5)
    place = draws(story, 0.0, 0.0)
    story.lasts(3)
    assert story.events == []
    story.tick()
    assert raised(story) == [("cord.unplugged", place, Level.WARNING)]
    assert {e.unit for e in story.told(AlarmRaised)} == {"on/off"}, "a state is no share"
    draws(story, 1.0, 200.0)
    story.lasts(1)
    assert [e.rule for e in story.told(AlarmCleared)] == ["cord.unplugged"]


def test_a_dead_supply_still_draws_through_its_filter_and_is_told_as_such(story: Story) -> None:
    story.lasts(5)
    place = draws(story, 0.06, 0.4)
    story.lasts(5)
    assert story.events == []
    story.tick()
    assert raised(story) == [("cord.dead_supply", place, Level.WARNING)]
    assert {e.unit for e in story.told(AlarmRaised)} == {"on/off"}, "a state is no share"


@pytest.mark.parametrize(
    ("current", "power"),
    [(0.02, 2.0), (0.09, 15.0), (0.006, 1.6)],
    ids=["hot spare asleep", "server off, standby", "just inside both"],
)
def test_a_load_that_sleeps_is_neither(story: Story, current: float, power: float) -> None:
    story.lasts(5)
    draws(story, current, power)
    story.lasts(120)
    assert story.events == []


def test_an_outlet_without_its_breaker_or_phase_is_no_pulled_cord(story: Story) -> None:
    story.lasts(5)
    draws(story, 0.0, 0.0)
    story.now.circuits.closed[0] = 0.0
    story.lasts(30)
    assert {rule for rule, _, _ in raised(story)} == {"breaker.open"}


def test_an_outlet_without_voltage_is_no_pulled_cord(story: Story) -> None:
    story.lasts(5)
    draws(story, 0.0, 0.0)
    story.now.phases.voltage[story.plant.outlets.phase[0]] = 0.0
    story.lasts(30)
    assert not {rule for rule, _, _ in raised(story)} & {"cord.unplugged", "cord.dead_supply"}


def test_an_outlet_that_was_switched_off_is_no_pulled_cord_then_nor_later(story: Story) -> None:
    story.lasts(5)
    draws(story, 0.0, 0.0)
    story.now.outlets.on[0] = 0.0
    story.lasts(30)
    story.now.outlets.on[0] = 1.0  # switched on again with nothing behind it
    story.lasts(30)
    assert raised(story) == []


def test_an_outlet_that_never_carried_anything_is_not_told(story: Story) -> None:
    draws(story, 0.0, 0.0)
    story.lasts(30)
    assert story.events == []


def test_the_zero_of_a_coarse_meter_says_nothing_below_its_steps() -> None:
    fine = design(tell().shape)
    coarse = replace(fine, outlets=[replace(o, resolution=0.1) for o in fine.outlets])
    story = tell(plant=built(coarse))
    for carried, told in ((1.9, []), (2.1, [("cord.unplugged", "rack/A/outlet/1")])):
        draws(story, carried, 400.0)
        story.lasts(5)
        draws(story, 0.0, 0.0)
        story.lasts(10)
        assert [(e.rule, e.place) for e in story.told(AlarmRaised)] == told


def test_a_gap_keeps_what_is_known_of_a_load(story: Story) -> None:
    story.lasts(5)
    draws(story, np.nan, np.nan)
    story.lasts(30)
    assert story.events == []
    place = draws(story, 0.0, 0.0)
    story.lasts(4)
    assert raised(story) == [("cord.unplugged", place, Level.WARNING)]


def test_an_outlet_left_empty_is_a_matter_of_course_after_some_weeks(story: Story) -> None:
    story.lasts(5)
    draws(story, 0.0, 0.0)
    story.lasts(26 * DAY, every=DAY)
    assert story.told(AlarmCleared) == []
    story.lasts(3 * DAY, every=DAY)
    assert [e.rule for e in story.told(AlarmCleared)] == ["cord.unplugged"]


@pytest.mark.parametrize("lost", ["current", "active_power", "on"])
def test_a_gap_keeps_what_is_known_of_a_dead_supply(lost: str) -> None:
    story = tell()
    story.lasts(5)
    place = story.plant.outlets.path[0]
    story.now.outlets.active_power[0] = 0.0
    story.lasts(10)
    assert story.alarm("cord.dead_supply", place) is not None
    story.forgets()
    getattr(story.now.outlets, lost)[:] = np.nan
    story.lasts(30)
    assert story.told(AlarmCleared) == []
    assert story.alarm("cord.dead_supply", place) is not None
