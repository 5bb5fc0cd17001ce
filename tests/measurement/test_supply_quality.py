"""Distortion and unbalance of the voltages that a rack is supplied with, in two stages."""

import numpy as np
import pytest
from story import Crossing, Story, crosses

from smartpdu.model.event import AlarmRaised
from smartpdu.model.rule import Level


def distorted(story: Story, percent: float) -> str:
    """Distort the voltage of the last phase."""
    story.now.phases.thd_voltage[-1] = percent
    return story.plant.phases.path[-1]


def skewed(story: Story, percent: float) -> str:
    """Unbalance the voltages of the first feed."""
    story.now.feeds.voltage_unbalance[0] = percent
    return story.plant.feeds.path[0]


W, C = Level.WARNING, Level.CRITICAL
CROSSINGS = [
    Crossing("quality.distortion", W, distorted, 2.5, 7.99, 8.01, 7.71, 7.69, 60, "%", 8.0),
    Crossing("quality.distortion", C, distorted, 2.5, 9.99, 10.01, 9.71, 9.69, 30, "%", 10.0),
    Crossing("quality.unbalance", W, skewed, 0.4, 1.99, 2.01, 1.91, 1.89, 60, "%", 2.0),
    Crossing("quality.unbalance", C, skewed, 0.4, 2.99, 3.01, 2.91, 2.89, 30, "%", 3.0),
]


@pytest.mark.requirement("R-8.2-2")
@pytest.mark.requirement("R-8.2-3")
@pytest.mark.parametrize("crossing", CROSSINGS, ids=str)
def test_a_supply_beyond_the_standards_is_told_in_time_and_over(
    story: Story, crossing: Crossing
) -> None:
    crosses(story, crossing)


def test_a_lost_phase_is_told_as_that_and_not_as_unbalance(story: Story) -> None:
    skewed(story, 50.0)
    story.now.phases.voltage[0] = 0.0
    story.lasts(90)
    alone = (story.plant.phases.feed == 0).sum() == 1
    told = [event.rule for event in story.told(AlarmRaised)]
    assert told == ["supply.feed" if alone else "supply.phase"]


def test_a_meter_that_does_not_tell_unbalance_raises_nothing(story: Story) -> None:
    story.now.feeds.voltage_unbalance[:] = np.nan
    story.lasts(90)
    assert story.told(AlarmRaised) == []
