"""What alarms live through: called, known, passed, put aside, worse, and in floods."""

from dataclasses import replace

import numpy as np
import pytest
from story import OPERATOR, Shape, Story, flooded, tell

from smartpdu.engine.catalogue import RULES
from smartpdu.engine.house import Override
from smartpdu.model.alarm import Standing
from smartpdu.model.event import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmEased,
    AlarmRaised,
    AlarmShelved,
    AlarmUnshelved,
    RequestRefused,
)
from smartpdu.model.request import Acknowledge, Refusal, Shelve, Unshelve
from smartpdu.model.rule import Level

RULE, PLACE = "contact.rise", "rack/A/outlet/1"
WEEK = 7 * 86_400.0
ALONE = tuple(rule for rule in RULES if rule.key == RULE)


def rises(story: Story, kelvin: float) -> None:
    """Let the first contact stand that much above the air, for as long as is needed to see it."""
    story.now.outlets.contact_temperature[0] = 22.0 + kelvin
    story.lasts(11)


@pytest.fixture
def warned() -> Story:
    """A rack with one warning that calls."""
    story = tell(rules=ALONE)
    rises(story, 31)
    assert standing(story) is Standing.CALLING
    story.forgets()
    return story


def standing(story: Story) -> Standing:
    """Where the alarm stands in its life."""
    alarm = story.alarm(RULE, PLACE)
    return Standing.CALM if alarm is None else alarm.standing


def kinds(story: Story) -> list[type]:
    """What was told, in order."""
    return [type(event) for event in story.events]


@pytest.mark.requirement("R-1.1-8")
def test_an_alarm_keeps_what_it_is_about() -> None:
    story = tell()
    rises(story, 31)
    (raised,) = story.told(AlarmRaised)
    alarm = story.alarm(RULE, PLACE)
    assert alarm is not None
    assert (alarm.level, alarm.value, alarm.limit, alarm.unit) == (Level.WARNING, 31, 30, "K")
    assert alarm.since == raised.at
    assert (alarm.by, alarm.until, alarm.reason) == ("", 0.0, "")


def test_an_alarm_that_passes_unseen_waits_to_be_acknowledged(warned: Story) -> None:
    rises(warned, 4)
    assert standing(warned) is Standing.PASSED
    assert warned.standing() == {(RULE, PLACE): Level.NORMAL}
    warned.acknowledges(RULE, PLACE)
    warned.tick()
    assert standing(warned) is Standing.CALM
    assert kinds(warned) == [AlarmCleared, AlarmAcknowledged]


def test_an_alarm_that_somebody_knows_ends_by_itself(warned: Story) -> None:
    asked = warned.acknowledges(RULE, PLACE)
    warned.tick()
    assert standing(warned) is Standing.KNOWN
    alarm = warned.alarm(RULE, PLACE)
    assert alarm is not None
    assert alarm.by == "olga"
    assert warned.answer(asked).refusal is None
    rises(warned, 4)
    assert standing(warned) is Standing.CALM
    assert kinds(warned) == [AlarmAcknowledged, AlarmCleared]


def test_an_alarm_cannot_be_acknowledged_twice_and_what_is_calm_not_at_all(warned: Story) -> None:
    warned.acknowledges(RULE, PLACE)
    warned.tick()
    again = warned.acknowledges(RULE, PLACE)
    nothing = warned.acknowledges("load.feed", "rack/A/feed")
    nowhere = warned.acknowledges("no.rule", "nowhere")
    warned.tick()
    assert warned.answer(again).refusal is Refusal.UNFIT
    assert "known" in warned.answer(again).reason
    assert warned.answer(nothing).refusal is Refusal.UNKNOWN
    assert warned.answer(nowhere).refusal is Refusal.UNKNOWN
    assert len(warned.told(RequestRefused)) == 3


def test_what_becomes_worse_calls_again_although_it_was_known(warned: Story) -> None:
    warned.acknowledges(RULE, PLACE)
    warned.tick()
    before = warned.alarm(RULE, PLACE)
    rises(warned, 46)
    alarm = warned.alarm(RULE, PLACE)
    assert alarm is not None
    assert before is not None
    assert (alarm.standing, alarm.level, alarm.by) == (Standing.CALLING, Level.CRITICAL, "")
    assert (alarm.since, alarm.value, alarm.limit) == (before.since, 46, 45)


def test_what_becomes_milder_stays_known(warned: Story) -> None:
    rises(warned, 46)
    warned.acknowledges(RULE, PLACE)
    warned.tick()
    rises(warned, 40)
    alarm = warned.alarm(RULE, PLACE)
    assert alarm is not None
    assert (alarm.standing, alarm.level, alarm.by) == (Standing.KNOWN, Level.WARNING, "olga")
    assert kinds(warned) == [AlarmRaised, AlarmAcknowledged, AlarmEased]


def test_what_passed_and_comes_back_calls_anew(warned: Story) -> None:
    rises(warned, 4)
    rises(warned, 31)
    alarm = warned.alarm(RULE, PLACE)
    assert alarm is not None
    assert (alarm.standing, alarm.since) == (Standing.CALLING, warned.told(AlarmRaised)[0].at)


def test_a_shelved_alarm_is_silent_whatever_it_does(warned: Story) -> None:
    warned.shelves(RULE, PLACE, 3600, "contact is being replaced")
    warned.tick()
    (shelved,) = warned.told(AlarmShelved)
    assert (shelved.by, shelved.until, shelved.reason) == (
        "olga",
        warned.at - 1 + 3600,
        "contact is being replaced",
    )
    warned.forgets()
    for kelvin in (46, 40, 4, 46, 4):
        rises(warned, kelvin)
    assert warned.events == []
    alarm = warned.alarm(RULE, PLACE)
    assert alarm is not None
    assert (alarm.standing, alarm.by, alarm.level) == (Standing.SHELVED, "olga", Level.NORMAL)


@pytest.mark.parametrize("kelvin", [31, 46])
def test_at_the_end_of_shelving_what_is_wrong_then_calls(warned: Story, kelvin: float) -> None:
    before = warned.alarm(RULE, PLACE)
    assert before is not None
    warned.shelves(RULE, PLACE, 60)
    rises(warned, kelvin)
    warned.forgets()
    warned.lasts(48)
    assert warned.events == []
    warned.tick()
    assert kinds(warned) == [AlarmUnshelved, AlarmRaised]
    (raised,) = warned.told(AlarmRaised)
    assert raised.level is (Level.CRITICAL if kelvin > 45 else Level.WARNING)
    alarm = warned.alarm(RULE, PLACE)
    assert alarm is not None
    assert (alarm.standing, alarm.by, alarm.until) == (Standing.CALLING, "", 0.0)
    assert (alarm.reason, alarm.since) == ("", before.since)
    assert before.since == warned.at - 60


def test_at_the_end_of_shelving_what_has_passed_is_calm(warned: Story) -> None:
    warned.shelves(RULE, PLACE, 60)
    warned.tick()
    rises(warned, 4)
    warned.lasts(60)
    assert kinds(warned) == [AlarmShelved, AlarmUnshelved]
    assert warned.state.alarms == {}


def test_what_changes_as_its_shelving_ends_is_told_once(warned: Story) -> None:
    warned.shelves(RULE, PLACE, 60)
    warned.lasts(49)
    warned.now.outlets.contact_temperature[0] = 22.0 + 46
    warned.lasts(10)
    warned.forgets()
    warned.tick()  # its critical dwell and its shelf end in this one
    assert kinds(warned) == [AlarmUnshelved, AlarmRaised]
    assert [e.level for e in warned.told(AlarmRaised)] == [Level.CRITICAL]


def test_a_person_ends_shelving_and_only_where_there_is_any(warned: Story) -> None:
    early = warned.unshelves(RULE, PLACE)
    warned.tick()
    assert warned.answer(early).refusal is Refusal.UNFIT
    warned.shelves(RULE, PLACE, 3600)
    warned.tick()
    warned.forgets()
    asked = warned.unshelves(RULE, PLACE)
    warned.tick()
    assert warned.answer(asked).refusal is None
    assert [(type(e), getattr(e, "by", "")) for e in warned.events] == [
        (AlarmUnshelved, "olga"),
        (AlarmRaised, ""),
    ]


@pytest.mark.parametrize("seconds", [-1.0, 0.0, WEEK + 2, float("nan"), float("inf")])
def test_shelving_needs_an_end_within_a_week(warned: Story, seconds: float) -> None:
    asked = warned.shelves(RULE, PLACE, seconds)
    warned.tick()
    assert warned.answer(asked).refusal is Refusal.UNFIT
    assert "seven days" in warned.answer(asked).reason
    assert standing(warned) is Standing.CALLING


def test_shelving_may_last_a_week(warned: Story) -> None:
    warned.shelves(RULE, PLACE, WEEK)
    warned.tick()
    assert standing(warned) is Standing.SHELVED


def test_what_has_passed_or_is_shelved_cannot_be_shelved(warned: Story) -> None:
    warned.shelves(RULE, PLACE, 3600)
    warned.tick()
    again = warned.shelves(RULE, PLACE, 7200)
    warned.tick()
    assert warned.answer(again).refusal is Refusal.UNFIT
    warned.unshelves(RULE, PLACE)
    warned.tick()
    rises(warned, 4)
    passed = warned.shelves(RULE, PLACE, 3600)
    warned.tick()
    assert warned.answer(passed).refusal is Refusal.UNFIT


def test_a_lost_feed_cannot_be_shelved() -> None:
    story = tell()
    story.now.phases.voltage[story.plant.phases.feed == 0] = 0.0
    story.tick()
    asked = story.shelves("supply.feed", "rack/A/feed", 60)
    story.tick()
    assert story.answer(asked).refusal is Refusal.UNFIT
    assert story.standing() == {("supply.feed", "rack/A/feed"): Level.CRITICAL}


HALL = Shape(racks=2, outlets=24)


@pytest.mark.requirement("R-3.1-5")
def test_a_flood_is_told_once_for_each_rack_with_all_its_places() -> None:
    story = tell(HALL)
    story.lasts(2)
    story.now.outlets.contact_temperature[:] = 55.0
    story.lasts(11)
    racks = story.plant.outlets.rack
    paths = np.array(story.plant.outlets.path)
    assert [(e.place, e.rule, e.level, set(e.places)) for e in flooded(story.events)] == [
        (rack, RULE, Level.WARNING, set(paths[racks == row]))
        for row, rack in enumerate(story.plant.racks.path)
    ]
    assert len(story.events) == 2
    assert len(story.state.alarms) == len(paths)
    assert {a.standing for a in story.state.alarms.values()} == {Standing.CALLING}


def test_twenty_changes_are_told_one_by_one_and_twenty_one_are_a_flood() -> None:
    for many, floods in ((20, 0), (21, 1)):
        story = tell(HALL)
        story.lasts(2)
        story.now.outlets.contact_temperature[:many] = 55.0
        story.lasts(11)
        assert len(flooded(story.events)) == floods
        assert len(story.told(AlarmRaised)) == (0 if floods else many)
        assert len(story.state.alarms) == many


def test_changes_to_different_levels_are_different_stories() -> None:
    story = tell(HALL)
    story.lasts(2)
    first = np.flatnonzero(story.plant.outlets.rack == 0)
    story.now.outlets.contact_temperature[first[:15]] = 55.0
    story.now.outlets.contact_temperature[first[15:35]] = 68.0
    story.lasts(11)
    rises = [e.level for e in story.told(AlarmRaised) if e.rule == RULE]
    assert flooded(story.events) == []
    assert (rises.count(Level.WARNING), rises.count(Level.CRITICAL)) == (15, 20)


def test_a_rack_with_few_changes_is_told_one_by_one_beside_a_flood() -> None:
    story = tell(HALL)
    story.lasts(2)
    first = story.plant.outlets.rack == 0
    story.now.outlets.contact_temperature[first] = 55.0
    story.now.outlets.contact_temperature[-3:] = 55.0
    story.lasts(11)
    assert [e.place for e in flooded(story.events)] == ["rack1"]
    assert [e.place for e in story.told(AlarmRaised)] == list(story.plant.outlets.path[-3:])


def test_the_end_of_a_flood_is_told_once_too() -> None:
    story = tell(HALL)
    story.lasts(2)
    story.now.outlets.contact_temperature[:] = 55.0
    story.lasts(11)
    story.forgets()
    story.now.outlets.contact_temperature[:] = 26.0
    story.lasts(2)
    assert [(e.place, e.level) for e in story.events] == [  # type: ignore[attr-defined]
        ("rack1", Level.NORMAL),
        ("rack2", Level.NORMAL),
    ]


def test_what_is_shelved_is_not_part_of_a_flood() -> None:
    story = tell(HALL)
    story.now.outlets.contact_temperature[0] = 55.0
    story.lasts(12)
    place = story.plant.outlets.path[0]
    story.shelves(RULE, place, 3600)
    story.tick()
    story.forgets()
    story.now.outlets.contact_temperature[story.plant.outlets.rack == 0] = 68.0
    story.lasts(11)
    (flood,) = [e for e in flooded(story.events) if (e.rule, e.level) == (RULE, Level.CRITICAL)]
    assert place not in flood.places
    assert len(flood.places) == (story.plant.outlets.rack == 0).sum() - 1


def test_a_level_whose_alarm_was_lost_clears_without_leaving_one(warned: Story) -> None:
    warned.state = replace(warned.state, alarms={})
    rises(warned, 4)
    assert kinds(warned) == [AlarmCleared]
    assert warned.state.alarms == {}


def test_sources_and_racks_are_always_told_one_by_one() -> None:
    story = tell(Shape(racks=24, pdus=1, outlets=1))
    story.now.sources.silence[:] = 5.0
    story.now.probes.humidity[:] = 100.0
    story.lasts(62)
    rules = [e.rule for e in story.told(AlarmRaised)]
    assert rules.count("gaps.silent") == 24
    assert rules.count("climate.dew") == 24
    assert flooded(story.events) == []  # two probes in each rack are none


def test_people_speak_of_one_alarm_and_no_other() -> None:
    story = tell(overrides=[Override(RULE, "", {"high_warning": 29.0})])
    story.now.outlets.contact_temperature[:3] = 52.0
    story.lasts(12)
    for request in (
        Acknowledge("a", OPERATOR, story.plant.outlets.path[1], RULE),
        Shelve("b", OPERATOR, story.plant.outlets.path[2], RULE, story.at + 60, ""),
        Unshelve("c", OPERATOR, story.plant.outlets.path[0], RULE),
    ):
        story.asks(request)
    story.tick()
    assert [a.standing for a in story.state.alarms.values()] == [
        Standing.CALLING,
        Standing.KNOWN,
        Standing.SHELVED,
    ]
