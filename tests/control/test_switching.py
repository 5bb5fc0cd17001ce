"""An order from the wish to the read-back: granted, pulsed once, done, refused or disobeyed."""

from dataclasses import replace

import numpy as np
import pytest
from story import HOUSE, OPERATOR, Crossing, Story, crosses, design, tell

from smartpdu.control.switching import unmet
from smartpdu.engine.house import Override
from smartpdu.model.build import built
from smartpdu.model.command import Priority
from smartpdu.model.event import (
    AlarmCleared,
    AlarmRaised,
    CommandDisobeyed,
    CommandDone,
    CommandRefused,
    OutletTurned,
)
from smartpdu.model.request import ReadBack, Recover, Refusal, Withdraw
from smartpdu.model.rule import Level

OUTLET = "rack/A/outlet/1"
DISOBEYED = ("switching.disobeyed", OUTLET)


@pytest.fixture
def rack() -> Story:
    """The common rack, already seen once."""
    made = tell()
    made.lasts(2)
    return made


@pytest.mark.requirement("R-2.1-6")
def test_an_order_is_given_once_and_done_when_it_is_read_back(story: Story) -> None:
    place = story.plant.outlets.path[-1]
    story.lasts(2)
    asked = story.switches(place, False)
    story.tick()
    (command,) = story.commands
    assert (command.id, command.place, command.on, command.by, command.priority) == (
        asked,
        place,
        False,
        "olga",
        Priority.PERSON,
    )
    assert story.answer(asked).refusal is None
    assert story.told(CommandDone) == []
    story.lasts(20)
    (done,) = story.told(CommandDone)
    assert (done.place, done.command, done.on, done.by) == (place, asked, False, "olga")
    assert [(e.place, e.on, e.command) for e in story.told(OutletTurned)] == [(place, False, asked)]
    assert len(story.commands) == 1
    assert story.state.orders == {}
    assert len(story.events) == 2


def test_an_order_is_not_done_before_it_is_read_back(rack: Story) -> None:
    rack.deaf.add(OUTLET)
    rack.switches(OUTLET, False)
    rack.lasts(8)
    assert rack.events == []
    rack.now.outlets.on[0] = 0.0
    rack.tick()
    assert len(rack.told(CommandDone)) == 1
    assert rack.told(AlarmRaised) == []


@pytest.mark.requirement("R-14.2-3")
@pytest.mark.parametrize("true", [True, False])
def test_an_order_for_what_an_outlet_seems_to_be_leaves_once_and_is_done_when_read_back(
    rack: Story, true: bool
) -> None:
    rack.unread = True  # the readings are old
    asked = rack.switches(OUTLET, True)
    rack.tick()
    assert [c.id for c in rack.commands] == [asked]
    assert rack.answer(asked).refusal is None
    rack.lasts(5)
    assert rack.events == []  # it reads on all the time, and that is no answer to the order
    rack.unread = False
    rack.turn(OUTLET, true)
    rack.tick()
    assert [e.command for e in rack.told(CommandDone)] == ([asked] if true else [])
    assert set(rack.state.orders) == (set() if true else {OUTLET})
    assert len(rack.commands) == 1


def test_an_order_whose_source_is_not_read_again_is_no_read_back_whatever_was_read_before(
    rack: Story,
) -> None:
    rack.unread = True
    rack.switches(OUTLET, True)
    rack.lasts(10)
    assert rack.events == []
    rack.tick()
    assert [e.reason for e in rack.told(CommandDisobeyed)] == ["no read-back"]
    assert set(rack.standing()) == {DISOBEYED}
    rack.unread = False
    rack.tick()
    assert [e.rule for e in rack.told(AlarmCleared)] == ["switching.disobeyed"]


def test_a_read_back_of_another_command_or_outlet_is_none_of_this_one(rack: Story) -> None:
    rack.unread = True
    asked = rack.switches(OUTLET, True)
    rack.tick()
    rack.asks(ReadBack("r1", HOUSE, OUTLET, "another"))
    rack.asks(ReadBack("r2", HOUSE, "rack/A/outlet/2", asked))
    rack.asks(ReadBack("r3", OPERATOR, OUTLET, asked))
    rack.lasts(2)
    assert rack.told(CommandDone) == []
    rack.asks(ReadBack("r4", HOUSE, OUTLET, asked))
    rack.tick()
    assert [e.command for e in rack.told(CommandDone)] == [asked]


def test_a_second_order_waits_for_the_first_to_end(rack: Story) -> None:
    rack.deaf.add(OUTLET)
    first, twin = rack.switches(OUTLET, False), rack.switches(OUTLET, True)
    rack.tick()
    later = rack.switches(OUTLET, True)
    rack.tick()
    assert [c.id for c in rack.commands] == [first]
    assert rack.answer(twin).refusal is Refusal.BUSY
    assert rack.answer(later).refusal is Refusal.BUSY
    rack.now.outlets.on[0] = 0.0
    rack.deaf.clear()
    rack.tick()
    rack.switches(OUTLET, True)
    rack.lasts(2)
    assert [c.on for c in rack.commands] == [False, True]
    assert [e.on for e in rack.told(CommandDone)] == [False, True]


def test_what_cannot_be_read_back_is_not_switched(rack: Story) -> None:
    rack.now.outlets.on[0] = np.nan
    asked = rack.switches(OUTLET, False)
    rack.tick()
    assert rack.commands == []
    assert rack.answer(asked).refusal is Refusal.BLIND


def test_what_cannot_be_switched_is_refused_as_unfit() -> None:
    fit = design(tell().shape)
    fixed = replace(fit, outlets=[replace(o, switchable=False) for o in fit.outlets])
    story = tell(plant=built(fixed))
    asked = story.switches(OUTLET, False)
    story.tick()
    assert story.commands == []
    assert story.answer(asked).refusal is Refusal.UNFIT


@pytest.mark.parametrize("place", ["rack/A/outlet/99", "rack/A/circuit/1", "rack", ""])
def test_what_is_no_outlet_is_unknown(rack: Story, place: str) -> None:
    asked = rack.switches(place, False)
    rack.tick()
    assert rack.commands == []
    assert rack.answer(asked).refusal is Refusal.UNKNOWN


@pytest.mark.requirement("R-4.1-7")
def test_an_order_that_is_not_followed_is_told_at_ten_seconds_and_stands(story: Story) -> None:
    place = story.plant.outlets.path[0]
    story.deaf.add(place)
    story.lasts(2)
    asked = story.switches(place, False)
    story.lasts(10)  # given in the first tick, nine seconds old in the last
    assert story.events == []
    story.tick()
    (told,) = story.told(CommandDisobeyed)
    assert (told.place, told.command, told.on) == (place, asked, False)
    (alarm,) = story.told(AlarmRaised)
    assert (alarm.rule, alarm.place, alarm.level) == (
        "switching.disobeyed",
        place,
        Level.CRITICAL,
    )
    story.lasts(100)
    assert len(story.events) == 2
    story.now.outlets.on[0] = 0.0  # it follows after all
    story.tick()
    assert [(e.rule, e.place) for e in story.told(AlarmCleared)] == [("switching.disobeyed", place)]
    assert story.told(CommandDone) == []  # it was settled as disobeyed and stays so
    assert [e.command for e in story.told(OutletTurned)] == [""]


def disobeyed(story: Story) -> None:
    """Let an order fail."""
    story.deaf.add(OUTLET)
    story.switches(OUTLET, False)
    story.lasts(12)
    assert set(story.standing()) == {DISOBEYED}
    story.forgets()


def test_a_new_order_takes_the_place_of_one_that_was_disobeyed(rack: Story) -> None:
    disobeyed(rack)
    rack.deaf.clear()
    asked = rack.switches(OUTLET, False)
    rack.lasts(2)
    assert [c.id for c in rack.commands] == [asked]
    assert [e.command for e in rack.told(CommandDone)] == [asked]
    assert [e.rule for e in rack.told(AlarmCleared)] == ["switching.disobeyed"]


def test_whoever_wants_it_as_it_is_ends_the_alarm_of_the_disobeyed_order(rack: Story) -> None:
    disobeyed(rack)
    rack.switches(OUTLET, True)  # it is still on
    rack.lasts(2)
    assert [c.on for c in rack.commands] == [True]
    assert rack.state.orders == {}
    assert [e.rule for e in rack.told(AlarmCleared)] == ["switching.disobeyed"]


@pytest.mark.requirement("R-4.1-7")
def test_after_a_late_obeyed_order_off_the_order_on_leaves_too_and_the_outlet_ends_on(
    rack: Story,
) -> None:
    disobeyed(rack)  # its OFF is still on the way
    asked = rack.switches(OUTLET, True)  # it still reads on
    rack.tick()
    rack.turn(OUTLET, False)  # now the OFF arrives
    rack.lasts(2)
    assert rack.told(CommandDone) == []
    rack.turn(OUTLET, True)  # and then the ON
    rack.tick()
    assert [(e.command, e.on) for e in rack.told(CommandDone)] == [(asked, True)]
    assert [c.on for c in rack.commands] == [True]


def test_an_order_whose_read_back_is_lost_is_told_as_such(rack: Story) -> None:
    rack.switches(OUTLET, False)
    rack.tick()
    rack.now.outlets.on[:] = np.nan
    rack.lasts(10)
    assert [e.reason for e in rack.told(CommandDisobeyed)] == ["no read-back"]


@pytest.mark.requirement("R-14.2-3")
def test_a_withdrawn_order_is_refused_and_forgotten(rack: Story) -> None:
    rack.deaf.add(OUTLET)
    asked = rack.switches(OUTLET, False)
    rack.tick()
    rack.asks(Withdraw("w0", HOUSE, OUTLET, "another", "no"))
    rack.asks(Withdraw("w1", HOUSE, "rack/A/outlet/2", asked, "no"))
    rack.tick()
    assert rack.events == []
    rack.asks(Withdraw("w2", HOUSE, OUTLET, asked, "the disk is full"))
    rack.lasts(20)
    assert [(type(e), e.command, e.reason) for e in rack.events] == [  # type: ignore[attr-defined]
        (CommandRefused, asked, "the disk is full")
    ]


@pytest.mark.requirement("R-14.2-3")
@pytest.mark.parametrize("on", [True, False])
def test_an_order_from_before_a_restart_is_read_back_and_never_pulsed(on: bool) -> None:
    story = tell()
    story.asks(Recover("r", HOUSE, OUTLET, "old", on, "olga"))
    story.lasts(1)
    told = story.told(CommandDone)
    assert [(e.command, e.by) for e in told] == ([("old", "olga")] if on else [])
    busy = story.switches(OUTLET, False)
    story.lasts(3)
    if not on:  # it was never seen to move
        assert story.answer(busy).refusal is Refusal.BUSY
        (refused,) = story.told(CommandRefused)
        assert (refused.command, "restart" in refused.reason) == ("old", True)
    assert [c.id for c in story.commands] == ([busy] if on else [])
    assert story.told(AlarmRaised) == []
    assert story.state.orders == {}


def test_an_order_from_before_a_restart_raises_no_alarm_however_soon_one_is_due() -> None:
    story = tell(overrides=[Override("switching.disobeyed", "", {"high_critical": 1.0})])
    story.asks(Recover("r", HOUSE, OUTLET, "old", False, "olga"))
    story.lasts(4)
    assert [type(e) for e in story.events] == [CommandRefused]


def test_a_relay_that_moved_while_the_house_was_down_is_done_when_it_is_seen() -> None:
    story = tell()
    story.now.outlets.on[0] = np.nan  # its source does not answer yet
    story.asks(Recover("r", HOUSE, OUTLET, "old", False, "olga"))
    story.lasts(7)
    assert story.events == []
    story.now.outlets.on[0] = 0.0
    story.tick()
    assert [e.command for e in story.told(CommandDone)] == ["old"]
    assert story.commands == []


def test_a_restart_without_any_read_back_ends_in_time_and_claims_nothing_of_the_relay() -> None:
    story = tell()
    story.now.outlets.on[0] = np.nan
    story.asks(Recover("r", HOUSE, OUTLET, "old", False, "olga"))
    story.lasts(10)
    assert story.events == []
    story.lasts(10)
    (told,) = story.events  # it may have moved: "refused" would be a lie
    assert isinstance(told, CommandDisobeyed)
    assert (told.command, told.reason) == ("old", "no read-back")
    assert story.state.orders == {}


@pytest.mark.parametrize("place", ["rack/A/outlet/99", "rack/A/circuit/1"])
def test_an_order_whose_outlet_is_no_more_is_refused(rack: Story, place: str) -> None:
    rack.asks(Recover("r", HOUSE, place, "old", False, "olga"))
    rack.lasts(3)
    assert [(e.place, e.command) for e in rack.told(CommandRefused)] == [(place, "old")]
    assert rack.state.orders == {}


def test_an_outlet_that_turns_by_itself_is_told_without_a_command(story: Story) -> None:
    story.lasts(2)
    story.now.outlets.on[0] = 0.0
    story.now.outlets.current[0] = 0.0
    story.tick()
    story.now.outlets.on[0] = np.nan
    story.tick()
    story.now.outlets.on[0] = 0.0
    story.tick()
    assert [(e.place, e.on, e.command) for e in story.told(OutletTurned)] == [
        (story.plant.outlets.path[0], False, "")
    ]


def test_many_outlets_are_ordered_in_one_tick(story: Story) -> None:
    story.lasts(2)
    for place in story.plant.outlets.path:
        story.switches(place, False)
    story.lasts(2)
    assert [c.place for c in story.commands] == list(story.plant.outlets.path)
    assert [e.place for e in story.told(CommandDone)] == list(story.plant.outlets.path)


def test_a_gap_is_no_state_that_was_ordered() -> None:
    seen = np.array([0.0, 1.0, np.nan])
    assert [unmet(seen, row, True) for row in range(3)] == [True, False, True]
    assert [unmet(seen, row, False) for row in range(3)] == [False, True, True]


def welded(story: Story, amperes: float) -> str:
    """Current through the first outlet, whose relay reads open."""
    story.now.outlets.on[0] = 0.0
    story.now.outlets.current[0] = amperes
    return story.plant.outlets.path[0]


WELDED = Crossing(
    "switching.welded", Level.CRITICAL, welded, 0.0, 0.019, 0.021, 0.0205, 0.019, 5, "A", 0.02
)


@pytest.mark.requirement("R-5.1-3")
def test_current_through_an_open_relay_is_told_in_time_and_over(story: Story) -> None:
    crosses(story, WELDED)


@pytest.mark.requirement("R-5.1-3")
def test_a_coarse_meter_must_see_three_of_its_steps_through_an_open_relay() -> None:
    fine = design(tell().shape)
    coarse = replace(fine, outlets=[replace(o, resolution=0.1) for o in fine.outlets])
    story = tell(plant=built(coarse))
    welded(story, 0.3)
    story.lasts(20)
    assert story.events == []
    welded(story, 0.4)
    story.lasts(6)
    assert [e.rule for e in story.told(AlarmRaised)] == ["switching.welded"]


@pytest.mark.parametrize("lost", ["current", "on"])
def test_a_gap_keeps_the_alarm_of_a_welded_relay(lost: str) -> None:
    story = tell()
    place = story.plant.outlets.path[0]
    story.now.outlets.on[0], story.now.outlets.current[0] = 0.0, 1.0
    story.lasts(10)
    assert story.alarm("switching.welded", place) is not None
    story.forgets()
    getattr(story.now.outlets, lost)[:] = np.nan
    story.lasts(30)
    assert story.told(AlarmCleared) == []


@pytest.mark.requirement("R-5.1-3")
def test_one_reading_alone_never_tells_of_a_welded_relay_however_long_it_is_held() -> None:
    often = design(tell().shape)
    seldom = replace(often, sources=[replace(s, interval=120.0) for s in often.sources])
    story = tell(plant=built(seldom))
    place = welded(story, 1.0)

    def read_and_held(seconds: int) -> None:
        for age in range(seconds):
            story.now.sources.silence[:] = float(age)
            story.tick()

    read_and_held(120)
    assert story.told(AlarmRaised) == []
    welded(story, 0.0)  # it was a pulse of the meter
    read_and_held(120)
    welded(story, 1.0)
    read_and_held(120)
    assert story.told(AlarmRaised) == []
    read_and_held(120)
    assert [(e.rule, e.place) for e in story.told(AlarmRaised)] == [("switching.welded", place)]
    read_and_held(120)
    assert story.told(AlarmCleared) == []
    welded(story, 0.0)
    read_and_held(1)
    assert [e.rule for e in story.told(AlarmCleared)] == ["switching.welded"]
