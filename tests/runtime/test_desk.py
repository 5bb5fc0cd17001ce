"""The one door: followed from any place without loss, asked with a key by many at once."""

import asyncio

import pytest
from runtime.rig import OPERATOR, Rig, settle

from smartpdu.model.event import ClockStepped
from smartpdu.model.request import Principal, Refusal, Role, Switch
from smartpdu.runtime import desk as the_desk
from smartpdu.runtime.loop import KEY_LIFE
from smartpdu.runtime.view import Asked, KeyReused, Told

OUTLET = "rack1/A/outlet/2"
OTHER = "rack1/B/outlet/2"
ALICE = Principal("alice", Role.OPERATOR)


def asks(
    rig: Rig, on: bool, key: str | None, place: str = OUTLET, by: Principal = OPERATOR
) -> "asyncio.Task[Asked]":
    return asyncio.create_task(rig.desk.ask(Switch(rig.desk.new_id(), by, place, on), key))


async def all_answered(rig: Rig, tasks: list["asyncio.Task[Asked]"]) -> list[Asked | BaseException]:
    """What came of all, while the house turns."""
    together = asyncio.gather(*tasks, return_exceptions=True)
    async with asyncio.timeout(20):
        while not together.done():
            await rig.turn()
            await asyncio.sleep(0.001)
    return list(await together)


async def records(rig: Rig, count: int, of: int = 7) -> None:
    """Many events come into the journal, some at a time."""
    for first in range(0, count, of):
        some = range(first, min(first + of, count))
        rig.recorder.put_events([ClockStepped(1.0, "house", float(n)) for n in some])
        await rig.recorder.drain()


# ---- follow -------------------------------------------------------------------------------------


class Follower:
    """One who follows at a speed of his own."""

    def __init__(self, rig: Rig, after: int | None, pause: float) -> None:
        self.heard: list[Told] = []
        self._news = asyncio.Event()
        self._events = rig.desk.follow(after)
        self._pause = pause
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        async for told in self._events:
            self.heard.append(told)
            self._news.set()
            await asyncio.sleep(self._pause)

    async def hears(self, count: int) -> list[int]:
        """Numbers of what was heard, once it is so much."""
        async with asyncio.timeout(20):
            while len(self.heard) < count:
                self._news.clear()
                await self._news.wait()
        await settle()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        return [told.seq for told in self.heard]


@pytest.mark.requirement("R-14.2-4")
async def test_each_of_many_followers_hears_all_after_its_place_once_and_in_order(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(the_desk, "PAGE", 5)
    await records(rig, 40)
    last = await rig.desk.last()
    places = [0, 1, last // 2, last - 1, last, None]
    fast = [Follower(rig, place, 0.0) for place in places]
    slow = Follower(rig, 0, 0.002)  # much slower than what comes
    await settle()
    await rig.desk.last()  # readers wait in a row: the follower from now on has found its place
    await records(rig, 150)

    end = last + 150
    for place, follower in zip(places, fast, strict=True):
        after = last if place is None else place
        assert await follower.hears(end - after) == list(range(after + 1, end + 1))
    assert await slow.hears(end) == list(range(1, end + 1))


async def test_a_single_event_is_heard_by_one_who_has_heard_all_before(rig: Rig) -> None:
    last = await rig.desk.last()
    follower = Follower(rig, last, 0.0)
    await settle()
    await rig.desk.last()
    await records(rig, 1)

    assert await follower.hears(1) == [last + 1]


async def test_a_follower_may_come_and_go_at_any_moment_while_events_are_recorded(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(the_desk, "PAGE", 3)
    recording = asyncio.create_task(records(rig, 200, of=3))
    heard: list[int] = []
    for _ in range(60):  # its line breaks again and again
        follower = Follower(rig, heard[-1] if heard else 0, 0.0)
        await asyncio.sleep(0.002)
        follower.task.cancel()
        await asyncio.gather(follower.task, return_exceptions=True)
        heard += [told.seq for told in follower.heard]
    await recording
    end = await rig.desk.last()
    heard += await Follower(rig, heard[-1], 0.0).hears(end - heard[-1])

    assert heard == list(range(1, end + 1))
    assert end >= 200


async def test_a_follower_who_does_not_listen_holds_up_nobody(rig: Rig) -> None:
    stuck = rig.desk.follow(0)
    await anext(stuck)
    await records(rig, 600)
    asked = await rig.asks(OUTLET, False)
    await rig.lasts(2)

    assert asked.command is not None
    assert rig.pdus["source/A"].pulses == [(OUTLET, False)]
    assert (await anext(stuck)).seq == 2
    await stuck.aclose()


async def test_who_is_slow_to_look_misses_views_and_never_the_newest(rig: Rig) -> None:
    views = rig.desk.views()
    first = await anext(views)
    await rig.lasts(5)
    second = await anext(views)
    waits = asyncio.create_task(anext(views))
    await settle()

    assert second.number == first.number + 5 == rig.desk.look().number
    assert not waits.done()
    await rig.lasts(1)
    assert (await waits).number == second.number + 1
    await views.aclose()


# ---- ask ----------------------------------------------------------------------------------------


@pytest.mark.requirement("R-14.2-3")
async def test_of_two_wishes_under_one_key_at_once_one_counts_and_the_other_is_told(
    rig: Rig,
) -> None:
    tasks = [asks(rig, on, "k") for on in (False, True) * 10]
    answers = await all_answered(rig, tasks)
    await rig.lasts(3)

    won = [a for a in answers if isinstance(a, Asked)]
    assert sum(isinstance(a, KeyReused) for a in answers) == 10
    assert len({a.command.id for a in won if a.command}) == 1
    assert rig.pdus["source/A"].pulses == [(OUTLET, False)]


async def test_the_same_key_for_another_outlet_is_another_wish(rig: Rig) -> None:
    await rig.asks(OUTLET, False, key="k")
    with pytest.raises(KeyReused):
        await rig.asks(OTHER, False, key="k")
    await rig.lasts(3)

    assert rig.pdus["source/B"].pulses == []


async def test_a_key_belongs_to_who_used_it(rig: Rig) -> None:
    tasks = [asks(rig, False, "k"), asks(rig, False, "k", OTHER, ALICE)]
    mine, hers = await all_answered(rig, tasks)

    assert isinstance(mine, Asked)
    assert isinstance(hers, Asked)
    assert mine.command is not None
    assert hers.command is not None
    assert (mine.command.place, hers.command.place) == (OUTLET, OTHER)
    assert (mine.command.by, hers.command.by) == (OPERATOR.name, ALICE.name)


async def test_without_a_key_each_call_is_a_request_of_its_own(rig: Rig) -> None:
    rig.pdus["source/A"].manner = "liar"
    first, second = await all_answered(rig, [asks(rig, False, None) for _ in range(2)])
    assert isinstance(first, Asked)
    assert isinstance(second, Asked)
    assert {first.refusal, second.refusal} in ({None, Refusal.BUSY}, {None, Refusal.OUTRANKED})
    rig.pdus["source/A"].manner = "honest"
    rig.pdus["source/A"].on[1] = False
    await rig.lasts(3)
    third, fourth = await rig.asks(OUTLET, True), await rig.asks(OUTLET, True)
    await rig.lasts(3)
    assert third.command is not None
    assert fourth.refusal is Refusal.BUSY or fourth.command is not None
    assert fourth.command is None or fourth.command.id != third.command.id


async def test_a_key_whose_order_was_refused_may_be_used_again(rig: Rig) -> None:
    rig.pdus["source/A"].manner = "silent"
    await rig.lasts(5)
    assert (await rig.asks(OUTLET, False, key="k")).refusal is Refusal.BLIND
    rig.pdus["source/A"].manner = "honest"
    await rig.lasts(3)

    assert (await rig.asks(OUTLET, False, key="k")).command is not None
    await rig.lasts(3)
    assert rig.pdus["source/A"].pulses == [(OUTLET, False)]


async def test_who_asked_and_left_gets_the_same_command_when_he_asks_again(rig: Rig) -> None:
    gone = asks(rig, False, "k")
    await settle()
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    again = await rig.asks(OUTLET, False, key="k")
    await rig.lasts(3)

    assert again.command is not None
    row = await rig.desk.command(again.command.id)
    assert row is not None
    assert row.state.value == "done"
    assert rig.pdus["source/A"].pulses == [(OUTLET, False)]
    assert len(await rig.events(["CommandIntended"])) == 1


async def test_a_key_is_remembered_for_a_day_and_then_forgotten_while_its_command_stays(
    rig: Rig,
) -> None:
    first = await rig.asks(OUTLET, False, key="k")
    await rig.lasts(3)
    rig.time.set_wall(KEY_LIFE - 100)
    await tended(rig)
    assert first.command is not None
    same = await rig.asks(OUTLET, False, key="k")
    assert same.command is not None
    assert same.command.id == first.command.id

    rig.time.set_wall(120)
    await tended(rig)
    other = await rig.asks(OUTLET, True, key="k")
    assert other.command is not None
    assert other.command.id != first.command.id
    assert await rig.desk.command(first.command.id) is not None


async def tended(rig: Rig) -> None:
    """A minute passes, and what the loop does once a minute is done."""
    await rig.lasts(61)
    assert rig.loop._tending is not None
    await rig.loop._tending


async def test_ids_of_requests_are_never_the_same(rig: Rig) -> None:
    assert len({rig.desk.new_id() for _ in range(1000)}) == 1000
