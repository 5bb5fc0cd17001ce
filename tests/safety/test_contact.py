"""Contacts that grow hot, by themselves and above the air around them."""

import numpy as np
import pytest
from story import Crossing, Story, crosses

from smartpdu.model.event import AlarmRaised
from smartpdu.model.rule import Level


def contact(story: Story, celsius: float) -> str:
    """Temperature at the contacts of the last outlet."""
    story.now.outlets.contact_temperature[-1] = celsius
    return story.plant.outlets.path[-1]


def rise(story: Story, kelvin: float) -> str:
    """Temperature of the last outlet above the air, which has 22 °C."""
    return contact(story, 22.0 + kelvin)


W, C = Level.WARNING, Level.CRITICAL
ROSE, HOT = frozenset({"contact.rise"}), frozenset({"contact.hot"})
CROSSINGS = [
    Crossing("contact.hot", W, contact, 26, 59.9, 60.1, 59.1, 58.9, 10, "°C", 60.0, ROSE),
    Crossing("contact.hot", C, contact, 26, 69.9, 70.1, 69.1, 68.9, 10, "°C", 70.0, ROSE),
    Crossing("contact.rise", W, rise, 4, 29.9, 30.1, 29.1, 28.9, 10, "K", 30.0),
    Crossing("contact.rise", C, rise, 4, 44.9, 45.1, 44.1, 43.9, 10, "K", 45.0, HOT),
]


@pytest.mark.requirement("R-6.3-1")
@pytest.mark.parametrize("crossing", CROSSINGS, ids=str)
def test_a_hot_contact_is_told_in_time_and_over(story: Story, crossing: Crossing) -> None:
    crosses(story, crossing)


@pytest.mark.requirement("R-6.3-1")
def test_a_contact_is_told_at_a_small_load(story: Story) -> None:
    story.now.outlets.current[-1] = 0.3 * 10
    place = rise(story, 35.0)
    story.lasts(11)
    assert [(e.rule, e.place) for e in story.told(AlarmRaised)] == [("contact.rise", place)]


def test_the_rise_is_above_the_warmest_air_and_unknown_without_any(story: Story) -> None:
    rise(story, 30.5)
    story.now.probes.temperature[1] = 24.0
    story.lasts(20)
    assert story.events == []
    story.now.probes.temperature[:] = np.nan
    story.lasts(20)
    assert story.events == []
