"""Intend, act, record, show on a disk that is full, hangs or comes back; each law of the recorder.

The disk is the one that tests of the store use: SQLite writes through it, and it fails when it is
told to.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random

import apsw
import pytest
from lossy_disk import LossyDisk
from runtime.rig import OPERATOR, Rig, settle

from smartpdu.model.command import CommandState
from smartpdu.model.event import ClockStepped
from smartpdu.model.request import Acknowledge, Refusal, Switch
from smartpdu.runtime import recorder
from smartpdu.runtime.memory import HANGS
from smartpdu.runtime.recorder import PATIENCE
from smartpdu.runtime.view import Asked
from smartpdu.store.journal import verify

OUTLET = "rack1/A/outlet/2"
OTHER = "rack1/B/outlet/1"


class Disk(LossyDisk):
    """A disk that is full or hangs from one moment to another."""

    def __init__(self, name: str) -> None:
        super().__init__(name, Random(1))
        self._goes_on = threading.Event()
        self._goes_on.set()

    def full(self, thread: str = "") -> None:
        """Take nothing more, or nothing of one of the memory's threads."""

        def fault(number: int, what: str) -> Exception | None:
            meant = threading.current_thread().name.startswith(thread)
            return apsw.FullError("database or disk is full") if meant else None

        self.fault = fault

    def hangs(self) -> None:
        self._goes_on.clear()
        self.fault = self._waits

    def well(self) -> None:
        self.fault = lambda number, what: None
        self._goes_on.set()

    def _waits(self, number: int, what: str) -> None:
        self._goes_on.wait(20)


@pytest.fixture
def disk() -> Iterator[Disk]:
    made = Disk("recorder")
    yield made
    made.well()
    made.unregister()


@pytest.fixture
async def rig(tmp_path: Path, disk: Disk) -> AsyncIterator[Rig]:
    started = await Rig(tmp_path, disk=disk).start()
    await started.lasts(3)
    started.records_by_itself()
    yield started
    disk.well()
    await started.stop()


def asks(rig: Rig, place: str = OUTLET, on: bool = False) -> "asyncio.Task[Asked]":
    return asyncio.create_task(rig.desk.ask(Switch(rig.desk.new_id(), OPERATOR, place, on)))


async def answered(rig: Rig, asked: "asyncio.Task[Asked]") -> Asked:
    async with asyncio.timeout(20):
        while not asked.done():
            await rig.turn()
    return await asked


async def recorded(rig: Rig, count: int, kind: str) -> list[tuple[str, str]]:
    """All events, once there are so many of a kind."""
    async with asyncio.timeout(20):
        while len(await rig.events([kind])) < count:
            await rig.lasts(1)
    return await rig.events()


async def end(rig: Rig, id: str) -> tuple[CommandState, str]:
    row = await rig.desk.command(id)
    assert row is not None
    return row.state, row.reason


# ---- laws 1 and 2: durable before it leaves, in time or never ----------------------------------


@pytest.mark.requirement("R-3.1-6")
async def test_on_a_full_disk_orders_are_refused_measuring_goes_on_and_all_is_well_again_by_itself(
    rig: Rig, disk: Disk
) -> None:
    disk.full()
    asked = await answered(rig, asks(rig))
    await rig.lasts(3)
    view = rig.desk.look()
    assert asked.refusal is Refusal.UNRECORDED
    assert "the disk is full" in asked.reason
    assert "the disk is full" in view.troubles[0]
    assert ("recording.failing", "house") in {(a.rule, a.place) for a in view.alarms}
    rig.pdus["source/A"].current = 2.5
    await rig.lasts(2)
    assert rig.desk.look().now.phases.current[0] == 2.5

    disk.well()
    await recorded(rig, 1, "AlarmCleared")
    assert rig.desk.look().troubles == ()
    assert rig.pdus["source/A"].pulses == []
    again = await answered(rig, asks(rig))
    await recorded(rig, 1, "CommandDone")
    assert again.command is not None
    assert rig.pdus["source/A"].pulses == [(OUTLET, False)]
    assert verify(rig.memory.database).ok


async def test_while_the_disk_hangs_who_asks_is_refused_in_time_and_the_order_never_leaves(
    rig: Rig, disk: Disk
) -> None:
    disk.hangs()
    asked = asks(rig)
    await settle()
    await rig.lasts(PATIENCE)
    assert not asked.done()
    await rig.lasts(2)
    assert asked.done()
    assert (await asked).refusal is Refusal.UNRECORDED
    assert HANGS in (await asked).reason
    assert rig.desk.look().troubles == (HANGS,)

    disk.well()
    events = await recorded(rig, 1, "CommandRefused")
    await rig.lasts(3)
    assert [kind for kind, place in events if place == OUTLET] == [
        "CommandIntended",  # it did become durable, much too late
        "CommandRefused",
    ]
    assert rig.pdus["source/A"].pulses == []
    assert rig.desk.look().troubles == ()
    assert await rig.memory.open_commands() == []


async def test_an_order_that_a_slow_disk_takes_in_time_leaves_once(rig: Rig, disk: Disk) -> None:
    disk.hangs()
    asked = asks(rig)
    await settle()
    await rig.lasts(PATIENCE - 1)
    assert rig.pdus["source/A"].pulses == []
    disk.well()

    command = (await answered(rig, asked)).command
    assert command is not None
    await recorded(rig, 1, "CommandDone")
    assert rig.pdus["source/A"].pulses == [(OUTLET, False)]
    assert await end(rig, command.id) == (CommandState.DONE, "read back")


async def test_an_order_that_became_durable_just_too_late_never_leaves(
    rig: Rig, disk: Disk
) -> None:
    disk.hangs()
    asked = asks(rig)
    await settle()
    await rig.turn()
    await rig.time.pass_(PATIENCE + 0.5)
    disk.well()

    answer = await asyncio.wait_for(asked, 20)  # no tick meanwhile that would lose patience
    assert answer.refusal is Refusal.UNRECORDED
    await recorded(rig, 1, "CommandRefused")
    assert rig.pdus["source/A"].pulses == []


async def test_what_waited_for_the_disk_is_recorded_before_the_next_order(
    rig: Rig, disk: Disk
) -> None:
    disk.full()
    rig.recorder.put_events(steps(3))
    await rig.turn()
    asked = asks(rig)
    await settle()
    disk.well()

    assert (await answered(rig, asked)).command is not None
    kinds = [kind for kind, place in await rig.events() if place in (OUTLET, "house")]
    assert kinds[-4:] == ["ClockStepped"] * 3 + ["CommandIntended"]


async def test_an_order_that_comes_while_the_disk_hangs_over_another_is_refused_in_time_too(
    rig: Rig, disk: Disk
) -> None:
    disk.hangs()
    first = asks(rig)
    await rig.lasts(3)
    second = asks(rig, OTHER)
    await rig.lasts(4)
    assert (first.done(), second.done()) == (True, False)
    await rig.lasts(3)
    assert (await second).refusal is Refusal.UNRECORDED

    disk.well()
    await recorded(rig, 2, "CommandRefused")
    await rig.lasts(3)
    assert rig.pdus["source/A"].pulses == rig.pdus["source/B"].pulses == []


async def test_one_who_acknowledges_is_told_that_it_could_not_be_recorded(
    rig: Rig, disk: Disk
) -> None:
    rig.pdus["source/B"].manner = "silent"
    await rig.lasts(6)
    for spoil in (disk.hangs, disk.full):
        spoil()
        wish = Acknowledge(rig.desk.new_id(), OPERATOR, "source/B", "gaps.silent")
        asked = asyncio.create_task(rig.desk.ask(wish))
        await rig.lasts(PATIENCE + 3)
        answer = await answered(rig, asked)
        disk.well()
        assert answer.refusal in (Refusal.UNRECORDED, Refusal.UNFIT)
        rig.pdus["source/B"].manner = "honest"
        await rig.lasts(3)
        rig.pdus["source/B"].manner = "silent"  # it calls anew
        await rig.lasts(6)
    assert ("AlarmAcknowledged", "source/B") in await rig.events()


# ---- law 3: shown once it is kept ---------------------------------------------------------------


async def test_followers_hear_nothing_that_the_disk_does_not_have_and_all_of_it_afterwards(
    rig: Rig, disk: Disk
) -> None:
    heard: list[tuple[int, str]] = []

    async def listens() -> None:
        async for told in rig.desk.follow():
            heard.append((told.seq, told.kind))

    listener = asyncio.create_task(listens())
    await rig.lasts(1)
    disk.full()
    rig.pdus["source/B"].manner = "silent"
    await rig.lasts(8)
    assert "gaps.silent" in {alarm.rule for alarm in rig.desk.look().alarms}
    assert heard == []

    disk.well()
    events = await recorded(rig, 2, "AlarmRaised")
    async with asyncio.timeout(20):
        while len(heard) < len(events) - 1:
            await rig.lasts(1)
    assert [kind for _, kind in heard] == [kind for kind, _ in await rig.events()][1:]
    assert [seq for seq, _ in heard] == list(range(2, len(heard) + 2))
    listener.cancel()


# ---- law 4: what waits is bounded, counted and told ---------------------------------------------


def steps(count: int, first: int = 0) -> list[ClockStepped]:
    return [ClockStepped(1.0, "house", float(first + n)) for n in range(count)]


async def told_steps(rig: Rig) -> list[float]:
    return [t.body["step"] for t in await rig.desk.told(0, 10_000, kinds=("ClockStepped",))]


async def test_what_waits_for_the_disk_is_kept_in_its_order_and_before_what_comes_later(
    rig: Rig, disk: Disk
) -> None:
    disk.full()
    for number in range(10):
        rig.recorder.put_events(steps(100, 100 * number))
        await rig.turn()
    disk.well()
    await recorded(rig, 1000, "ClockStepped")

    assert await told_steps(rig) == [float(n) for n in range(1000)]
    assert await rig.events(["RecordingTroubled"]) == []
    assert verify(rig.memory.database).ok


async def test_what_had_to_be_dropped_is_counted_and_told_and_the_newest_is_kept(
    rig: Rig, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "WAITING", 50)
    disk.full()
    rig.recorder.put_events(steps(180))
    await rig.turn()
    disk.well()
    await recorded(rig, 1, "RecordingTroubled")

    (troubled,) = await rig.desk.told(0, 100, kinds=("RecordingTroubled",))
    kept = await told_steps(rig)
    assert troubled.body["lost"] == 180 - len(kept)
    assert "the disk is full" in troubled.body["reason"]
    assert kept == [float(n) for n in range(180 - len(kept), 180)]
    assert 40 <= len(kept) <= 50


async def test_a_command_whose_end_was_dropped_has_its_end_all_the_same(
    rig: Rig, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "WAITING", 50)
    rig.pdus["source/A"].manner = "liar"
    asked = await answered(rig, asks(rig))
    assert asked.command is not None
    disk.full()
    rig.pdus["source/A"].on[1] = False
    await rig.lasts(2)
    rig.recorder.put_events(steps(100))
    await rig.turn()
    assert await end(rig, asked.command.id) == (CommandState.INTENDED, "")
    disk.well()
    await recorded(rig, 1, "RecordingTroubled")

    assert await rig.events(["CommandDone"]) == []
    assert await end(rig, asked.command.id) == (CommandState.DONE, "read back")


async def test_while_the_disk_hangs_what_waits_is_bounded_too(
    rig: Rig, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "WAITING", 20)
    disk.hangs()
    for _ in range(30):  # alarms come and go, and people ask
        rig.pdus["source/A"].manner, rig.pdus["source/B"].manner = "silent", "honest"
        asks(rig, "rack1/B/outlet/1")
        await rig.lasts(4)
        rig.pdus["source/A"].manner, rig.pdus["source/B"].manner = "honest", "silent"
        await rig.lasts(4)
        assert sum(len(t.outcome.events) for t in rig.recorder._inbox) <= 20 + 10
    disk.well()
    await recorded(rig, 1, "RecordingTroubled")
    await rig.lasts(5)

    assert all(not pdu.pulses for pdu in rig.pdus.values())
    assert not rig.recorder._unanswered
    assert await rig.memory.open_commands() == []
    lost = sum(t.body["lost"] for t in await rig.desk.told(0, 1000, kinds=("RecordingTroubled",)))
    assert lost > 0
    assert verify(rig.memory.database).ok


async def test_a_disk_that_fails_only_the_history_is_told_as_loudly(rig: Rig, disk: Disk) -> None:
    disk.full("historian")
    await rig.lasts(14)  # nothing happens but time; a batch of the history is ten seconds
    assert "the disk is full" in rig.desk.look().troubles[0]
    assert ("recording.failing", "house") in {
        (alarm.rule, alarm.place) for alarm in rig.desk.look().alarms
    }
    asked = await answered(rig, asks(rig))
    assert asked.command is not None  # the journal takes it, so it may leave

    disk.well()
    await recorded(rig, 1, "AlarmCleared")
    assert rig.desk.look().troubles == ()
    end = rig.time.wall()
    course = await rig.desk.recall("rack1/A/L1", "voltage", end - 14, end - 2)
    assert (course.mean == 230.0).all()  # what waited in memory was not lost
