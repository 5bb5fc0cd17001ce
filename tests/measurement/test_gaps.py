"""Silent sources, answers with holes, and a journal that takes nothing."""

import numpy as np
import pytest
from story import Crossing, Story, crosses, tell

from smartpdu.model.event import AlarmRaised
from smartpdu.model.plant import Kind, part
from smartpdu.model.rule import Level
from smartpdu.model.snapshot import READINGS, blank, land


def silence(story: Story, seconds: float) -> str:
    """Seconds since the last answer of the last source."""
    story.now.sources.silence[-1] = seconds
    return story.plant.sources.path[-1]


def missing(story: Story, share: float) -> str:
    """Share of the values that the first source's answer did not hold."""
    story.now.sources.missing[0] = share
    return story.plant.sources.path[0]


def unrecorded(story: Story, seconds: float) -> str:
    """Seconds that the journal has taken nothing."""
    story.now.houses.unrecorded[0] = seconds
    return "house"


W, C = Level.WARNING, Level.CRITICAL
CROSSINGS = [
    Crossing("gaps.silent", W, silence, 0.0, 2.99, 3.01, 2.51, 2.49, 0, "1", 3.0),
    Crossing("gaps.silent", C, silence, 0.0, 29.9, 30.1, 29.6, 29.4, 0, "1", 30.0),
    Crossing("gaps.missing", W, missing, 0.0, 0.0009, 0.0011, 0.001, 0.0009, 3, "1", 0.001),
    Crossing("gaps.missing", C, missing, 0.0, 0.49, 0.51, 0.5, 0.49, 3, "1", 0.5),
    Crossing("recording.failing", C, unrecorded, 0.0, 0.99, 1.01, 1.0, 0.99, 0, "s", 1.0),
]


@pytest.mark.parametrize("crossing", CROSSINGS, ids=str)
def test_what_is_missing_is_told_in_time_and_over(story: Story, crossing: Crossing) -> None:
    crosses(story, crossing)


def test_silence_counts_in_intervals_of_the_source() -> None:
    story = tell()
    story.plant.sources.interval[:] = 10.0
    silence(story, 29.0)
    story.lasts(5)
    assert story.events == []
    silence(story, 31.0)
    story.lasts(1)
    assert [e.value for e in story.told(AlarmRaised)] == [3.1]


@pytest.mark.parametrize("kind", list(READINGS))
def test_a_kind_of_place_that_cannot_be_read_at_all_raises_nothing(
    story: Story, kind: Kind
) -> None:
    story.lasts(3)
    nothing = blank(story.plant, story.at, story.clock)
    for name in READINGS[kind].__dataclass_fields__:
        getattr(story.now.readings(kind), name)[:] = getattr(nothing.readings(kind), name)
    story.lasts(120)
    assert story.events == []


def test_a_source_that_falls_silent_in_trouble_keeps_its_alarms(story: Story) -> None:
    story.now.circuits.current[0] = 17.0
    story.lasts(6)
    own = part(story.plant, 0)
    land(story.now, blank(own.plant, 0, 0), own)
    story.now.sources.silence[0] = 5.0
    story.lasts(600)
    standing = story.standing()
    assert standing["load.circuit", story.plant.circuits.path[0]] is Level.CRITICAL
    assert standing["gaps.silent", story.plant.sources.path[0]] is Level.WARNING
    assert len(standing) == 2
    assert np.isnan(story.seen().circuits.current[0])
