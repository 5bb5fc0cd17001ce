"""A breaker that stands open is told at once, and only where it is known to."""

import pytest
from story import Story

from smartpdu.model.event import AlarmCleared, AlarmRaised
from smartpdu.model.rule import Level


@pytest.mark.requirement("R-3.1-5")
def test_an_open_breaker_is_told_at_once_and_over_when_it_is_closed(story: Story) -> None:
    place = story.plant.circuits.path[1]
    story.lasts(10)
    assert story.events == []
    story.now.circuits.closed[1] = 0.0
    story.tick()
    assert [(e.rule, e.place, e.level, e.unit) for e in story.told(AlarmRaised)] == [
        ("breaker.open", place, Level.CRITICAL, "on/off")
    ]
    story.lasts(10)
    assert len(story.told(AlarmRaised)) == 1
    story.now.circuits.closed[1] = 1.0
    story.tick()
    assert [(e.rule, e.place) for e in story.told(AlarmCleared)] == [("breaker.open", place)]


def test_a_breaker_whose_contact_is_not_told_stays_as_it_was(story: Story) -> None:
    story.now.circuits.closed[0] = 0.0
    story.now.circuits.closed[1] = float("nan")
    story.tick()
    story.now.circuits.closed[0] = float("nan")
    story.lasts(30)
    key = ("breaker.open", story.plant.circuits.path[0])
    assert story.standing() == {key: Level.CRITICAL}
    assert len(story.events) == 1
