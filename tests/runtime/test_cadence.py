"""When the loop turns: every second, and at once when somebody asks or a source answers anew."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from runtime.rig import OPERATOR, Rig, settle

from smartpdu.model.request import Acknowledge
from smartpdu.model.snapshot import Snapshot


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
async def test_outlets_can_be_switched_as_soon_as_their_source_answers_again(
    turning: tuple[Rig, list[float]],
) -> None:
    rig, turns = turning
    pdu = rig.pdus["source/A"]
    pdu.manner = "silent"
    await lasts(rig, 5)
    assert np.isnan(rig.desk.look().now.outlets.on[0])
    read = pdu.read

    async def slow() -> Snapshot:
        await pdu.ports.sleep(0.35)
        return await read()

    pdu.read, pdu.manner = slow, "honest"  # type: ignore[method-assign]
    answered = rig.time.clock()
    while np.isnan(rig.desk.look().now.outlets.on[0]):
        await lasts(rig, 0.05)
    assert turns[-1] - answered < 1.5  # a read each second, 0.35 s for its answer, no wait then
    assert round(turns[-1] % 1, 2) == pytest.approx(0.35)
