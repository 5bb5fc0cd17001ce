"""What a crash may not do to alarms and outlets: tell twice, hide, forget what a person said."""

from pathlib import Path

import pytest
from runtime.rig import OPERATOR, Rig, plant

from smartpdu.model.alarm import Standing
from smartpdu.model.event import OutletTurned
from smartpdu.model.request import Acknowledge
from smartpdu.runtime.view import Unrecorded

OUTLET = "rack1/A/outlet/2"


async def crashed(rig: Rig) -> Rig:
    """The house after a crash, with the same hardware."""
    await rig.crash()
    again = Rig(rig.directory, rig.plant)
    again.pdus = rig.pdus
    return await again.start()


async def overloaded(directory: Path) -> Rig:
    rig = await Rig(directory, plant(outlets=1)).start()
    await rig.lasts(3)
    rig.pdus["source/A"].current = 15.0
    return rig


async def raised_or_cleared(rig: Rig) -> list[tuple[str, str]]:
    return sorted(await rig.events(["AlarmRaised", "AlarmCleared"]))


@pytest.mark.requirement("R-12.2-4")
async def test_an_alarm_that_was_told_is_not_told_again_after_a_crash(tmp_path: Path) -> None:
    rig = await overloaded(tmp_path)
    while not (told := await raised_or_cleared(rig)):
        await rig.time.pass_(1.0)
        await rig.loop.turn()
        await rig.recorder.drain()
    again = await crashed(rig)
    standing = {("AlarmRaised", a.place) for a in again.loop._state.alarms.values()}

    assert standing == set(told)
    await again.lasts(30)
    assert len(await raised_or_cleared(again)) == len(set(await raised_or_cleared(again)))
    await again.stop()


@pytest.mark.requirement("R-12.2-4")
async def test_an_alarm_that_a_crash_kept_from_being_recorded_is_told_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise Unrecorded("disk full")

    rig = await overloaded(tmp_path)
    monkeypatch.setattr(rig.memory, "keep", full)
    await rig.lasts(40)
    lost = {(a.rule, a.place) for a in rig.desk.look().alarms} - {("recording.failing", "house")}
    assert lost
    again = await crashed(rig)
    await again.lasts(40)

    assert {("AlarmRaised", place) for _, place in lost} <= set(await raised_or_cleared(again))
    await again.stop()


@pytest.mark.requirement("R-12.2-4")
async def test_an_outlet_that_turned_is_told_once_whatever_crashes_follow(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).start()
    await rig.lasts(3)
    rig.pdus["source/A"].on[1] = False  # by hand, at the PDU
    await rig.lasts(2)
    for _ in range(3):
        rig = await crashed(rig)
        await rig.lasts(3)
    rig.pdus["source/A"].on[1] = True
    await rig.lasts(2)

    told = await rig.desk.told(0, 1_000, OUTLET, (OutletTurned.__name__,))
    assert [event.body["on"] for event in told] == [False, True]
    await rig.stop()


async def test_an_outlet_that_turned_while_the_house_was_down_is_told(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).start()
    await rig.lasts(3)
    rig.pdus["source/A"].on[1] = False
    rig = await crashed(rig)
    await rig.lasts(3)

    assert await rig.events([OutletTurned.__name__]) == [("OutletTurned", OUTLET)]
    await rig.stop()


async def test_an_alarm_that_somebody_knows_of_is_known_after_a_crash(tmp_path: Path) -> None:
    rig = await overloaded(tmp_path)
    await rig.lasts(30)
    (alarm, *_) = rig.desk.look().alarms
    wish = Acknowledge(rig.desk.new_id(), OPERATOR, alarm.place, alarm.rule)
    rig.desk.leave_request(wish)
    await rig.loop.turn()
    await rig.recorder.drain()
    again = await crashed(rig)
    await again.lasts(2)

    found = {(a.rule, a.place): a for a in again.desk.look().alarms}[alarm.rule, alarm.place]
    assert (found.standing, found.by) == (Standing.KNOWN, OPERATOR.name)
    await again.stop()
