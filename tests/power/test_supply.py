"""Feeds and phases that are lost, low, high or off frequency: told in time, and not before."""

import pytest
from story import Crossing, Story, crosses

from smartpdu.model.event import AlarmCleared, AlarmRaised
from smartpdu.model.rule import Level

WARNING, CRITICAL = Level.WARNING, Level.CRITICAL


def feed_voltage(story: Story, share: float) -> str:
    """Put all phases of the first feed at a share of their voltage."""
    own = story.plant.phases.feed == 0
    story.now.phases.voltage[own] = share * story.plant.phases.nominal_voltage[own]
    return story.plant.feeds.path[0]


def phase_voltage(story: Story, share: float) -> str:
    """Put the first phase at a share of its voltage."""
    story.now.phases.voltage[0] = share * story.plant.phases.nominal_voltage[0]
    return story.plant.phases.path[0]


def feed_frequency(story: Story, share: float) -> str:
    """Put the first feed at a share of its frequency."""
    story.now.feeds.frequency[0] = share * story.plant.feeds.nominal_frequency[0]
    return story.plant.feeds.path[0]


FEED = Crossing(
    "supply.feed",
    CRITICAL,
    feed_voltage,
    calm=1.0,
    inside=0.11,
    beyond=0.09,
    held=0.19,
    back=0.21,
    dwell=0,
    unit="1",
    limit=0.1,
    also=frozenset({"supply.voltage"}),  # between dead and 85 % the voltage is told
)
VOLTAGE = [
    Crossing("supply.voltage", level, phase_voltage, 1.0, *rest, dwell, "1", limit)  # type: ignore[arg-type]
    for level, rest, dwell, limit in (
        (WARNING, (1.099, 1.101, 1.091, 1.089), 10, 1.10),
        (CRITICAL, (1.149, 1.151, 1.141, 1.139), 3, 1.15),
        (WARNING, (0.901, 0.899, 0.909, 0.911), 10, 0.90),
        (CRITICAL, (0.851, 0.849, 0.859, 0.861), 3, 0.85),
    )
]
FREQUENCY = [
    Crossing("supply.frequency", level, feed_frequency, 1.0, *rest, dwell, "1", limit)  # type: ignore[arg-type]
    for level, rest, dwell, limit in (
        (WARNING, (1.0099, 1.0101, 1.0091, 1.0089), 10, 1.01),
        (CRITICAL, (1.0399, 1.0401, 1.0391, 1.0389), 3, 1.04),
        (WARNING, (0.9901, 0.9899, 0.9909, 0.9911), 10, 0.99),
        (CRITICAL, (0.9401, 0.9399, 0.9409, 0.9411), 3, 0.94),
    )
]


@pytest.mark.requirement("R-3.1-5")
@pytest.mark.parametrize("crossing", [FEED, *VOLTAGE, *FREQUENCY], ids=str)
def test_the_supply_is_told_in_time_and_over(story: Story, crossing: Crossing) -> None:
    crosses(story, crossing)


@pytest.mark.requirement("R-3.1-5")
def test_a_lost_feed_is_told_once_and_not_for_each_of_its_phases(story: Story) -> None:
    story.lasts(3)
    feed_voltage(story, 0.0)
    story.now.feeds.frequency[0] = float("nan")  # a dead feed has none
    story.lasts(60)
    raised = story.told(AlarmRaised)
    assert [(e.rule, e.place, e.level) for e in raised] == [
        ("supply.feed", story.plant.feeds.path[0], CRITICAL)
    ]


def test_one_dead_phase_of_a_living_feed_is_told_as_a_phase(story: Story) -> None:
    phase_voltage(story, 0.02)
    story.lasts(60)
    alone = story.shape.phases == 1  # its only phase is the whole feed
    place = story.plant.feeds.path[0] if alone else story.plant.phases.path[0]
    rule = "supply.feed" if alone else "supply.phase"
    assert [(e.rule, e.place) for e in story.told(AlarmRaised)] == [(rule, place)]
    phase_voltage(story, 1.0)
    story.lasts(1)
    assert story.standing() == {(rule, place): Level.NORMAL}  # passed, nobody acknowledged it


def test_a_voltage_that_was_low_and_is_lost_is_not_told_to_be_back_inside(story: Story) -> None:
    feed_voltage(story, 0.5)
    story.lasts(10)
    feed_voltage(story, 0.0)
    story.lasts(60)
    assert story.told(AlarmCleared) == []
    own = [
        p for p, f in zip(story.plant.phases.path, story.plant.phases.feed, strict=True) if f == 0
    ]
    standing = story.standing()
    assert {key for key, level in standing.items() if level == CRITICAL} == {
        ("supply.feed", story.plant.feeds.path[0]),
        *(("supply.voltage", path) for path in own),
    }
    feed_voltage(story, 1.0)
    story.lasts(10)
    over = [e for e in story.told(AlarmCleared) if e.rule == "supply.voltage"]
    assert [(e.place, e.value) for e in over] == [(path, pytest.approx(1)) for path in own]


def test_a_phase_that_was_lost_before_its_feed_is_not_told_to_be_back(story: Story) -> None:
    if story.shape.phases == 1:
        return  # its only phase is the whole feed
    phase_voltage(story, 0.02)
    story.lasts(10)
    feed_voltage(story, 0.0)
    story.lasts(60)
    assert story.told(AlarmCleared) == []


def test_a_phase_that_cannot_be_read_is_no_lost_phase(story: Story) -> None:
    story.now.phases.voltage[:] = float("nan")
    story.now.feeds.frequency[:] = float("nan")
    story.lasts(60)
    assert story.events == []
