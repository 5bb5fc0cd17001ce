"""The loop, recorder, collector and desk together, on a virtual clock and a real store."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from runtime.rig import OPERATOR, VIEWER, Rig, plant

from smartpdu.model.command import CommandState
from smartpdu.model.request import Refusal, Switch
from smartpdu.model.snapshot import Snapshot
from smartpdu.runtime.view import Asked, KeyReused, Unrecorded

OUTLET = "rack1/A/outlet/2"


@pytest.mark.requirement("R-14.2-3")
async def test_an_order_is_intended_pulsed_once_and_done_after_read_back(rig: Rig) -> None:
    asked = await rig.asks(OUTLET, False)

    assert asked.command is not None
    assert asked.command.state is CommandState.INTENDED
    await rig.lasts(3)
    row = await rig.desk.command(asked.command.id)
    assert row is not None
    assert row.state is CommandState.DONE
    assert rig.pdus["source/A"].pulses == [(OUTLET, False)]
    kinds = [kind for kind, place in await rig.events() if place == OUTLET]
    assert kinds == ["CommandIntended", "OutletTurned", "CommandDone"]


async def test_the_intent_is_recorded_before_the_relay_moves(rig: Rig) -> None:
    recorded: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    pdu = rig.pdus["source/A"]
    obey = pdu.obey

    async def watching(command):
        recorded.set_result(len(await rig.events(["CommandIntended"])))
        await obey(command)

    pdu.obey = watching  # type: ignore[method-assign]
    await rig.asks(OUTLET, False)
    await rig.lasts(2)

    assert await asyncio.wait_for(recorded, 10) == 1  # the look into the journal takes real time


async def state(rig: Rig, asked: Asked) -> CommandState:
    """How far the command of that answer has come."""
    assert asked.command is not None
    row = await rig.desk.command(asked.command.id)
    assert row is not None
    return row.state


@pytest.mark.requirement("R-2.1-6")
@pytest.mark.parametrize("on", [True, False])
async def test_no_order_is_done_from_a_reading_of_before_it(tmp_path: Path, on: bool) -> None:
    rig = await Rig(tmp_path, plant(interval=120.0)).start()
    pdu = rig.pdus["source/A"]
    pdu.on[1] = on
    await rig.lasts(125)
    pdu.on[1] = not on  # a hand turns it at the device
    await rig.lasts(4)
    assert len(pdu.reads) == 2
    asked = await rig.asks(OUTLET, on)
    assert await state(rig, asked) is CommandState.INTENDED
    await rig.lasts(3)

    assert await state(rig, asked) is CommandState.DONE
    assert pdu.on[1] is on
    assert pdu.pulses == [(OUTLET, on)]
    await rig.stop()


async def test_an_order_to_a_device_that_answers_no_more_is_not_done_though_it_read_so(
    tmp_path: Path,
) -> None:
    rig = await Rig(tmp_path, plant(interval=120.0)).start()
    await rig.lasts(5)
    rig.pdus["source/A"].manner = "silent"
    asked = await rig.asks(OUTLET, True)
    await rig.lasts(15)

    assert await state(rig, asked) is CommandState.DISOBEYED
    assert ("CommandDone", OUTLET) not in await rig.events()
    await rig.stop()


async def test_a_read_that_began_before_the_order_left_is_no_read_back(tmp_path: Path) -> None:
    rig = await Rig(tmp_path, plant(interval=120.0)).start()
    pdu = rig.pdus["source/A"]
    read = pdu.read

    async def slow() -> Snapshot:
        seen = await read()  # what is so at the beginning, told seconds later
        await pdu.ports.sleep(3.0)
        return seen

    await rig.lasts(118)
    pdu.read = slow  # type: ignore[method-assign]
    await rig.lasts(3, every=0.5)  # a read begins
    pdu.on[1] = False  # a hand turns it, after it was looked at
    asked = await rig.asks(OUTLET, True)
    await rig.lasts(3, every=0.5)
    assert pdu.pulses == [(OUTLET, True)]  # the read is over, and the order has left
    assert await state(rig, asked) is CommandState.INTENDED
    await rig.lasts(3, every=0.5)

    assert await state(rig, asked) is CommandState.DONE
    assert pdu.on[1]
    await rig.stop()


async def test_an_agent_that_shows_an_outlet_late_is_read_until_it_does(tmp_path: Path) -> None:
    rig = await Rig(tmp_path, plant(interval=120.0)).start()
    pdu = rig.pdus["source/A"]
    await rig.lasts(5)
    pdu.manner = "liar"
    asked = await rig.asks(OUTLET, False)
    await rig.lasts(5)
    assert await state(rig, asked) is CommandState.INTENDED
    pdu.on[1] = False
    await rig.lasts(2)

    assert await state(rig, asked) is CommandState.DONE
    reads = len(pdu.reads)
    await rig.lasts(30)
    assert len(pdu.reads) < reads + 10  # and then it is read as seldom as before
    await rig.stop()


async def test_a_later_event_never_has_an_earlier_time_and_no_order_ends_before_its_intent(
    tmp_path: Path,
) -> None:
    rig = await Rig(tmp_path).start()
    await rig.lasts(3)
    asked: list[asyncio.Task[Asked]] = []
    for n in range(12):  # the loop turns, and the disk takes it later, several turns at once
        for place in (OUTLET, "rack1/B/outlet/1", "rack1/B/outlet/99"):
            wish = Switch(rig.desk.new_id(), OPERATOR, place, n % 3 == 0)
            asked.append(asyncio.create_task(rig.desk.ask(wish)))
        for _ in range(4):
            await rig.time.pass_(0.2)
            await rig.loop.turn()
        if n < 11:
            await rig.lasts(1)
    await rig.stop()
    again = Rig(tmp_path, rig.plant)
    again.time.seconds = rig.time.seconds + 60
    again.pdus = rig.pdus
    await again.start()
    await again.lasts(15)

    times = [t.at for t in await again.desk.told(0, 10_000)]
    assert times == sorted(times)
    kinds = {kind for kind, _ in await again.events()}
    assert {"CommandIntended", "CommandDone", "RequestRefused", "HouseStopped"} <= kinds
    commands = [answer.command for task in asked if (answer := await task).command]
    assert len(commands) > 12
    for command in commands:
        row = await again.desk.command(command.id)
        assert row is not None
        assert row.intended is not None
        assert row.finished is not None
        assert row.asked <= row.intended < row.finished
    await again.stop()


async def test_a_relay_that_says_yes_and_does_nothing_is_told_as_disobeyed(rig: Rig) -> None:
    rig.pdus["source/A"].manner = "liar"
    asked = await rig.asks(OUTLET, False)
    await rig.lasts(12)

    assert asked.command is not None
    row = await rig.desk.command(asked.command.id)
    assert row is not None
    assert row.state is CommandState.DISOBEYED
    alarms = {(a.rule, a.place) for a in rig.desk.look().alarms}
    assert ("switching.disobeyed", OUTLET) in alarms


async def test_a_device_that_refuses_ends_as_refused_with_its_reason(rig: Rig) -> None:
    rig.pdus["source/A"].manner = "refuses"
    asked = await rig.asks(OUTLET, False)
    await rig.lasts(3)

    assert asked.command is not None
    row = await rig.desk.command(asked.command.id)
    assert row is not None
    assert row.state is CommandState.REFUSED
    assert "does not allow" in row.reason


@pytest.mark.parametrize(
    ("place", "by", "refusal"),
    [
        ("rack1/A/outlet/99", None, Refusal.UNKNOWN),
        ("rack1/A/L1", None, Refusal.UNKNOWN),
        (OUTLET, VIEWER, Refusal.FORBIDDEN),
    ],
)
async def test_what_may_not_be_is_refused(rig: Rig, place: str, by, refusal: Refusal) -> None:
    asked = await (rig.asks(place, False, by=by) if by else rig.asks(place, False))

    assert asked.refusal is refusal
    assert ("RequestRefused", place) in await rig.events()
    assert rig.pdus["source/A"].pulses == []


async def test_a_silent_source_leaves_gaps_an_alarm_and_the_others_alone(rig: Rig) -> None:
    rig.pdus["source/A"].manner = "silent"
    await rig.lasts(6)

    view = rig.desk.look()
    a, b = (view.places[f"rack1/{p}/L1"][1] for p in "AB")
    assert np.isnan(view.now.phases.voltage[a])
    assert view.now.phases.voltage[b] == 230.0
    assert {(x.rule, x.place) for x in view.alarms} == {("gaps.silent", "source/A")}
    assert (await rig.asks(OUTLET, False)).refusal is Refusal.BLIND
    rig.pdus["source/A"].manner = "honest"
    await rig.lasts(2)
    assert ("AlarmCleared", "source/A") in await rig.events()


@pytest.mark.parametrize("manner", ["hangs", "broken"])
async def test_a_source_that_hangs_or_breaks_delays_no_other(rig: Rig, manner: str) -> None:
    rig.pdus["source/A"].manner = manner
    await rig.lasts(5)
    asked = await rig.asks("rack1/B/outlet/1", False)
    await rig.lasts(3)

    assert asked.command is not None
    row = await rig.desk.command(asked.command.id)
    assert row is not None
    assert row.state is CommandState.DONE


@pytest.mark.requirement("R-14.2-3")
async def test_the_same_key_gives_the_same_command_and_one_pulse(rig: Rig) -> None:
    first = await rig.asks(OUTLET, False, key="k1")
    again = [await rig.asks(OUTLET, False, key="k1") for _ in range(5)]
    await rig.lasts(3)
    late = await rig.asks(OUTLET, False, key="k1")

    assert first.command is not None
    assert {a.command.id for a in [*again, late] if a.command} == {first.command.id}
    assert len(rig.pdus["source/A"].pulses) == 1
    with pytest.raises(KeyReused):
        await rig.asks(OUTLET, True, key="k1")


async def test_a_hundred_retries_at_once_pulse_once(rig: Rig) -> None:
    asked = await asyncio.gather(*(rig.asks(OUTLET, False, key="storm") for _ in range(100)))
    await rig.lasts(3)

    assert len({a.command.id for a in asked if a.command}) == 1
    assert len(rig.pdus["source/A"].pulses) == 1


async def test_an_order_that_cannot_be_recorded_is_refused_and_never_leaves(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise Unrecorded("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(rig.memory, "intend", full)
        broken.setattr(rig.memory, "keep", full)
        asked = await rig.asks(OUTLET, False)
        await rig.lasts(4)
        assert asked.refusal is Refusal.UNRECORDED
        assert rig.desk.look().troubles == ("disk full",)
        assert ("recording.failing", "house") in {(a.rule, a.place) for a in rig.desk.look().alarms}
    await rig.lasts(4)

    assert rig.pdus["source/A"].pulses == []
    assert ("AlarmRaised", "house") in await rig.events()
    assert ("AlarmCleared", "house") in await rig.events()
    assert rig.desk.look().troubles == ()


async def test_followers_see_only_what_is_recorded_each_once_and_in_order(rig: Rig) -> None:
    seen: list[int] = []

    async def follower() -> None:
        async for told in rig.desk.follow(0):
            seen.append(told.seq)

    task = asyncio.create_task(follower())
    await rig.asks(OUTLET, False)
    await rig.lasts(3)
    await asyncio.sleep(0.05)
    task.cancel()

    everything = [t.seq for t in await rig.desk.told(0, 1000)]
    assert seen == everything


async def test_a_crash_between_intent_and_pulse_never_pulses_after_the_restart(
    tmp_path: Path,
) -> None:
    rig = await Rig(tmp_path).start()
    await rig.lasts(3)
    rig.collector.send = lambda command: None  # type: ignore[method-assign]
    rig.recorder._send = lambda command: None
    asked = await rig.asks(OUTLET, False, key="cut")
    await rig.crash()

    again = Rig(tmp_path, rig.plant)
    again.pdus = rig.pdus
    await again.start()
    await again.lasts(8)

    assert asked.command is not None
    row = await again.desk.command(asked.command.id)
    assert row is not None
    assert row.state is CommandState.REFUSED
    assert again.pdus["source/A"].pulses == []
    replay = await again.asks(OUTLET, False, key="cut")
    assert replay.command is not None
    assert replay.command.id == asked.command.id
    await again.stop()


async def test_a_crash_after_the_pulse_ends_as_done_without_a_second_pulse(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).start()
    await rig.lasts(3)
    asked = await rig.asks(OUTLET, False)
    await rig.time.pass_(0.5)
    await rig.crash()

    again = Rig(tmp_path, rig.plant)
    again.pdus = rig.pdus
    await again.start()
    await again.lasts(3)

    assert asked.command is not None
    row = await again.desk.command(asked.command.id)
    assert row is not None
    assert row.state is CommandState.DONE
    assert again.pdus["source/A"].pulses == [(OUTLET, False)]
    await again.stop()


async def of_the_rack(rig: Rig) -> tuple[set[tuple[str, str]], list[tuple[str, str]]]:
    """Alarms that stand and were raised in the rack; a busy disk is no matter of it."""
    stand = {(a.rule, a.place) for a in rig.desk.look().alarms if a.place != "house"}
    return stand, [e for e in await rig.events(["AlarmRaised"]) if e[1] != "house"]


async def test_alarms_that_stood_before_a_restart_stand_after_it_and_are_not_raised_again(
    tmp_path: Path,
) -> None:
    rig = await Rig(tmp_path, plant(outlets=1)).start()
    rig.pdus["source/A"].current = 15.0
    await rig.lasts(30)
    before, raised = await of_the_rack(rig)
    await rig.stop()

    again = Rig(tmp_path, rig.plant)
    again.pdus = rig.pdus
    await again.start()
    await again.lasts(30)

    assert await of_the_rack(again) == (before, raised)
    assert before
    assert raised
    await again.stop()


async def test_a_restart_moves_no_outlet(tmp_path: Path) -> None:
    pdus: dict = {}
    for _ in range(5):
        rig = Rig(tmp_path)
        rig.pdus = pdus
        await rig.start()
        await rig.lasts(2)
        await rig.stop()

    assert all(not pdu.pulses for pdu in pdus.values())


async def test_history_can_be_recalled_with_gaps_as_gaps(rig: Rig) -> None:
    await rig.lasts(10)
    rig.pdus["source/A"].manner = "silent"
    await rig.lasts(10)
    end = rig.time.wall()
    course = await rig.desk.recall("rack1/A/L1", "voltage", end - 22, end)

    assert course.unit == "V"
    assert np.nanmin(course.mean) == np.nanmax(course.mean) == pytest.approx(230.0)
    assert np.isnan(course.mean[-5:]).all()
    with pytest.raises(KeyError):
        await rig.desk.recall("rack1/A/L1", "colour", end - 22, end)


async def test_a_step_of_the_wall_clock_is_told(rig: Rig) -> None:
    rig.time.set_wall(3600.0)
    await rig.lasts(2)

    assert ("ClockStepped", "house") in await rig.events()
