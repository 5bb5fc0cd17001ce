"""When the loop turns: every second, and at once when somebody asks or a source answers anew."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from runtime.rig import OPERATOR, Rig, settle

from smartpdu.model.request import Acknowledge


@pytest.fixture
async def turning(tmp_path: Path) -> AsyncIterator[tuple[Rig, list[float]]]:
    """A house whose loop runs, and the times at which it turned."""
    rig = await Rig(tmp_path).start()
    turns: list[float] = []
    turn = rig.loop.turn

    async def watched() -> None:
        turns.append(rig.time.clock())
        await turn()

    rig.loop.turn = watched  # type: ignore[method-assign]
    task = asyncio.create_task(rig.loop.run())
    await settle()
    yield rig, turns
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await rig.stop()


async def lasts(rig: Rig, seconds: float) -> None:
    for _ in range(round(seconds * 20)):
        await rig.time.pass_(0.05)


async def test_the_loop_turns_every_second(turning: tuple[Rig, list[float]]) -> None:
    rig, turns = turning
    await lasts(rig, 3)
    turns.clear()
    await lasts(rig, 10)

    assert len(turns) == 10


async def test_requests_make_no_second_pass_without_a_turn(
    turning: tuple[Rig, list[float]],
) -> None:
    rig, turns = turning
    await lasts(rig, 3)
    for _ in range(40):  # a busy client asks twenty times a second
        rig.desk.leave_request(Acknowledge(rig.desk.new_id(), OPERATOR, "rack1", "no.such"))
        await rig.time.pass_(0.05)
    turns.clear()
    await lasts(rig, 10)

    assert len(turns) == 10


@pytest.mark.requirement("R-3.1-6")
async def test_outlets_can_be_switched_as_soon_as_their_source_answers(
    turning: tuple[Rig, list[float]],
) -> None:
    rig, turns = turning
    started = turns[0]
    await lasts(rig, 0.2)

    assert [t - started < 0.2 for t in turns] == [True] * len(turns)
    assert not any(rig.desk.look().now.outlets.on != 1.0)
