"""Loads against their ratings, and what one feed could still carry alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from story import Crossing, Shape, Story, crosses, design, tell

from smartpdu.engine.house import Override
from smartpdu.model.build import built
from smartpdu.model.event import AlarmRaised
from smartpdu.model.rule import Level


def feed(story: Story, share: float) -> str:
    """Load the last feed with a share of its rated power."""
    story.now.feeds.apparent_power[-1] = share * story.plant.feeds.rated_power[-1]
    return story.plant.feeds.path[-1]


def phase(story: Story, share: float) -> str:
    """Load the last phase with a share of its rated current."""
    story.now.phases.current[-1] = share * 32.0
    return story.plant.phases.path[-1]


def circuit(story: Story, share: float) -> str:
    """Load the second circuit with a share of its rated current."""
    story.now.circuits.current[1] = share * 16.0
    return story.plant.circuits.path[1]


def outlet(story: Story, share: float) -> str:
    """Load the third outlet with a share of its rated current."""
    story.now.outlets.current[2] = share * 10.0
    return story.plant.outlets.path[2]


def neutral(story: Story, share: float) -> str:
    """Load the neutral of the first feed with a share of the rated current of its phases."""
    story.now.feeds.neutral_current[0] = share * 32.0
    return story.plant.feeds.path[0]


PLACES = (
    ("feed", feed),
    ("phase", phase),
    ("circuit", circuit),
    ("outlet", outlet),
    ("neutral", neutral),
)
CROSSINGS = [
    Crossing(f"load.{name}", level, put, 0.2, *rest, dwell, "1", limit)  # type: ignore[arg-type]
    for name, put in PLACES
    for level, rest, dwell, limit in (
        (Level.WARNING, (0.799, 0.801, 0.781, 0.779), 10, 0.8),
        (Level.CRITICAL, (0.999, 1.001, 0.981, 0.979), 5, 1.0),
    )
]


@pytest.mark.requirement("R-3.2-8")
@pytest.mark.requirement("R-4.1-1")
@pytest.mark.parametrize("crossing", CROSSINGS, ids=str)
def test_a_load_beyond_its_share_is_told_in_time_and_over(story: Story, crossing: Crossing) -> None:
    crosses(story, crossing)


@pytest.mark.requirement("R-8.1-3")
def test_a_neutral_is_overloaded_by_harmonics_while_no_phase_is(story: Story) -> None:
    story.now.phases.current[:] = 20.0  # of 32 A; two thirds of it are of the third order
    story.now.feeds.neutral_current[0] = 33.0
    story.lasts(11)
    assert [(e.rule, e.place, e.level) for e in story.told(AlarmRaised)] == [
        ("load.neutral", story.plant.feeds.path[0], Level.CRITICAL)
    ]


@pytest.mark.requirement("R-6.1-1")
def test_a_c13_outlet_is_overloaded_although_its_breaker_is_not(story: Story) -> None:
    story.now.outlets.current[0] = 10.5
    story.now.circuits.current[0] = 10.5
    story.lasts(11)
    assert [(e.rule, e.place, e.level) for e in story.told(AlarmRaised)] == [
        ("load.outlet", story.plant.outlets.path[0], Level.CRITICAL)
    ]


def test_a_peak_that_a_breaker_rides_through_is_not_told(story: Story) -> None:
    for _ in range(10):
        story.now.circuits.current[0] = 20.0
        story.lasts(5)
        story.now.circuits.current[0] = 5.0
        story.lasts(5)
    assert story.events == []


@pytest.mark.requirement("R-3.2-8")
def test_an_operator_may_set_another_limit_at_one_place() -> None:
    story = tell(overrides=[Override("load.circuit", "rack/A/circuit/2", {"high_warning": 0.5})])
    story.now.circuits.current[:] = 9.0  # 56 % of all
    story.lasts(11)
    assert [(e.place, e.limit) for e in story.told(AlarmRaised)] == [("rack/A/circuit/2", 0.5)]


@pytest.mark.requirement("R-3.2-7")
def test_the_reserve_of_each_line_is_what_is_left_if_one_feed_carries_all() -> None:
    story = tell(Shape())
    story.now.phases.current[:] = [14, 9, 11, 8, 10, 6]
    story.lasts(1)
    reserve = story.state.memory["load.reserve"]
    np.testing.assert_allclose(reserve, [3.6, 6.6, 8.6] * 2, rtol=1e-12)


def test_two_feeds_of_one_side_carry_the_rack_together() -> None:
    drawn = design(Shape(pdus=4, phases=1))
    feeds = [replace(feed, label="AB"[number % 2]) for number, feed in enumerate(drawn.feeds)]
    story = tell(plant=built(replace(drawn, feeds=feeds)))
    story.now.phases.current[:] = [10, 8, 6, 4]
    story.lasts(1)
    np.testing.assert_allclose(story.state.memory["load.reserve"], 0.8 * 32 - 28 / 2)


@given(some.integers(1, 4), some.integers(1, 3), some.integers(1, 3), some.randoms())
def test_the_reserve_is_that_of_a_loop_over_racks_and_lines(pdus, phases, racks, dice) -> None:
    story = tell(Shape(pdus=pdus, phases=phases, racks=racks, outlets=1))
    plant, current = story.plant.phases, story.now.phases.current
    current[:] = [dice.uniform(0, 30) for _ in current]
    if dice.random() < 0.5:
        current[dice.randrange(len(current))] = np.nan
    story.lasts(1)
    expected = []
    for row, path in enumerate(plant.path):
        rack, line = path.split("/")[0], path.rsplit("/", 1)[1]
        peers = [p for p in plant.path if p.startswith(f"{rack}/") and p.endswith(f"/{line}")]
        carried = sum(current[plant.path.index(p)] for p in peers)
        expected.append(0.8 * plant.rated_current[row] - carried)  # each feed has its own side
    np.testing.assert_allclose(story.state.memory["load.reserve"], expected)
