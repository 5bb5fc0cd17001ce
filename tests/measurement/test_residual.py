"""Residual current in two stages, for feeds and for circuits."""

import pytest
from story import Crossing, Story, crosses

from smartpdu.model.event import AlarmCleared, AlarmEased, AlarmRaised
from smartpdu.model.rule import Level


def feed(story: Story, amperes: float) -> str:
    """Let that much flow to earth on the first feed."""
    story.now.feeds.residual_current[0] = amperes
    return story.plant.feeds.path[0]


def circuit(story: Story, amperes: float) -> str:
    """Let that much flow to earth on the last circuit."""
    story.now.circuits.residual_current[-1] = amperes
    return story.plant.circuits.path[-1]


W, C = Level.WARNING, Level.CRITICAL
CROSSINGS = [
    Crossing("residual.feed", W, feed, 0.005, 0.0299, 0.0301, 0.0256, 0.0254, 5, "A", 0.03),
    Crossing("residual.feed", C, feed, 0.005, 0.299, 0.301, 0.2956, 0.2954, 1, "A", 0.3),
    Crossing("residual.circuit", W, circuit, 0.002, 0.0099, 0.0101, 0.0086, 0.0084, 5, "A", 0.01),
    Crossing("residual.circuit", C, circuit, 0.002, 0.0299, 0.0301, 0.0286, 0.0284, 1, "A", 0.03),
]


@pytest.mark.requirement("R-7.3-1")
@pytest.mark.requirement("R-7.3-2")
@pytest.mark.parametrize("crossing", CROSSINGS, ids=str)
def test_leakage_is_told_in_its_stage_in_time_and_over(story: Story, crossing: Crossing) -> None:
    crosses(story, crossing)


@pytest.mark.requirement("R-7.3-2")
def test_a_sweep_up_and_down_crosses_each_stage_once_without_chatter(story: Story) -> None:
    ramp = [k / 1000 for k in range(0, 400, 2)]
    for amperes in (*ramp, *reversed(ramp)):
        feed(story, amperes + 0.002 * (len(story.events) % 2))
        story.lasts(6)
    told = [(type(e), e.level if isinstance(e, AlarmRaised) else None) for e in story.events]
    assert told == [(AlarmRaised, W), (AlarmRaised, C), (AlarmEased, None), (AlarmCleared, None)]


@pytest.mark.requirement("R-7.1-3")
def test_leakage_is_told_although_the_load_is_as_ever(story: Story) -> None:
    story.lasts(60)
    place = circuit(story, 0.012)
    story.lasts(6)
    assert [(e.rule, e.place) for e in story.told(AlarmRaised)] == [("residual.circuit", place)]
