"""The memory in its threads: in order, apart from each other, bounded, and told when it cannot."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import structlog

from smartpdu.model.event import ClockStepped, CommandIntended
from smartpdu.runtime import memory as the_memory
from smartpdu.runtime.memory import HANGS, LATE, Memory
from smartpdu.runtime.view import Unrecallable, Unrecorded
from smartpdu.store.commands import Order
from smartpdu.store.database import Database, StoreError
from smartpdu.store.history import Series

START = 1_800_000_000.0
VOLTAGE = Series("rack1/A/L1:voltage", 2)


@pytest.fixture
async def memory(tmp_path: Path) -> AsyncIterator[Memory]:
    made = Memory.at(tmp_path)
    yield made
    await made.close()


def steps(*numbers: int) -> list[ClockStepped]:
    return [ClockStepped(START, "house", float(n)) for n in numbers]


def held(database: Database, monkeypatch: pytest.MonkeyPatch, thread: str) -> threading.Event:
    """The disk takes nothing from one of the threads until this is set."""
    goes_on = threading.Event()
    write = database.write

    def waits(action: Callable[..., Any]) -> Any:
        if threading.current_thread().name.startswith(thread):
            goes_on.wait(20)
        return write(action)

    monkeypatch.setattr(database, "write", waits)
    return goes_on


async def test_events_are_kept_in_the_order_in_which_they_came(memory: Memory) -> None:
    await asyncio.gather(*(memory.keep(steps(2 * n, 2 * n + 1), []) for n in range(50)))

    told = await memory.told(0, 1000)
    assert [t.body["step"] for t in told] == [float(n) for n in range(100)]
    assert [t.seq for t in told] == list(range(1, 101)) == list(range(1, await memory.last() + 1))


async def test_one_can_look_back_while_the_disk_takes_nothing(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    await memory.keep(steps(1), [])
    goes_on = held(memory.database, monkeypatch, "writer")
    waits = asyncio.create_task(memory.keep(steps(2), []))
    await asyncio.sleep(0.05)

    told = await asyncio.wait_for(memory.told(0, 10), 5)
    assert [t.body["step"] for t in told] == [1.0]
    assert not waits.done()
    goes_on.set()
    await waits


async def test_a_long_look_back_delays_no_order(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()
    look = asyncio.create_task(memory.read(lambda: goes_on.wait(20)))
    order = Order("c1", "k", "olga", "f", "rack1/A/outlet/1", {"on": True}, START)
    event = CommandIntended(START, "rack1/A/outlet/1", "c1", True, "olga")
    await asyncio.wait_for(memory.intend([order], [event]), 5)

    goes_on.set()
    await look
    row = await memory.command("c1")
    assert row is not None
    assert (row.on, row.by, row.asked, row.intended) == (True, "olga", START, START)
    found = await memory.command_by_key("olga", "k")
    assert found is not None
    assert (found[0].id, found[1]) == ("c1", "f")


async def test_an_intent_that_fails_leaves_nothing_behind(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = Order("c1", None, "olga", "f", "rack1/A/outlet/1", {"on": True}, START)
    twice = [order, order]  # the second breaks the transaction of both
    event = CommandIntended(START, "rack1/A/outlet/1", "c1", True, "olga")
    with pytest.raises(Unrecorded):
        await memory.intend(twice, [event, event])

    assert await memory.command("c1") is None
    assert await memory.told(0, 10) == []


async def test_an_error_of_the_store_is_told_in_words_and_never_as_itself(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise StoreError("the disk is gone")

    with monkeypatch.context() as gone:
        gone.setattr(memory.database, "write", broken)
        gone.setattr(memory.database, "read", broken)
        with pytest.raises(Unrecorded, match="the disk is gone"):
            await memory.keep(steps(1), [])
        with pytest.raises(Unrecallable, match="the disk is gone"):
            await memory.told(0, 1)
        with pytest.raises(Unrecallable):
            await memory.course("a:b", "V", START, START + 10, 10)
    assert await memory.told(0, 10) == []


def test_a_folder_that_cannot_be_used_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(Unrecorded, match="cannot be opened"):
        Memory.at(tmp_path / "none")


# ---- history ----------------------------------------------------------------------------------


async def test_history_comes_back_from_memory_and_after_a_restart(
    tmp_path: Path, memory: Memory
) -> None:
    memory.declare([VOLTAGE])
    for second in range(30):
        gap = second in range(5, 8)
        memory.remember(START + second, np.array([np.nan if gap else 230.0 + second]))
    await memory.flush()
    expected = [np.nan if n in range(5, 8) else 230.0 + n for n in range(30)]

    course = await memory.course(VOLTAGE.key, "V", START, START + 30, 30)
    assert course.unit == "V"
    np.testing.assert_allclose(course.mean, expected)
    np.testing.assert_allclose(course.at, START + np.arange(30))
    again = Memory.at(tmp_path)
    course = await again.course(VOLTAGE.key, "V", START, START + 30, 30)
    np.testing.assert_allclose(course.mean, expected)
    await again.close()


async def test_the_end_of_the_program_keeps_the_last_seconds(tmp_path: Path) -> None:
    memory = Memory.at(tmp_path)
    memory.declare([VOLTAGE])
    memory.remember(START, np.array([230.0]))  # its batch is far from full
    await memory.close()

    again = Memory.at(tmp_path)
    assert (await again.course(VOLTAGE.key, "V", START, START + 1, 1)).mean.tolist() == [230.0]
    await again.close()


async def test_history_that_the_disk_does_not_take_is_bounded_told_and_delays_no_order(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(the_memory, "PENDING", 40)
    memory.declare([VOLTAGE])
    goes_on = held(memory.database, monkeypatch, "historian")
    for second in range(10):
        memory.remember(START + second, np.array([230.0]))
    assert memory.troubles == ()
    for second in range(10, 100):
        memory.remember(START + second, np.array([230.0]))
    assert memory.troubles == (HANGS,)
    assert memory.overtaken >= 100 - 40 - LATE
    await asyncio.wait_for(memory.keep(steps(1), []), 5)

    goes_on.set()
    await memory.flush()
    assert memory.troubles == ()
    course = await memory.course(VOLTAGE.key, "V", START, START + 100, 100)
    assert np.isfinite(course.mean).sum() == 100 - memory.overtaken


async def test_a_history_that_cannot_be_written_is_told_until_it_can(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.declare([VOLTAGE])

    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(memory.database, "write", full)
        for second in range(20):
            memory.remember(START + second, np.array([230.0]))
        with pytest.raises(Unrecorded):
            await memory.flush()
        assert memory.troubles == ("the disk is full",)
    memory.remember(START + 20, np.array([230.0]))
    await memory.flush()

    assert memory.troubles == ()
    course = await memory.course(VOLTAGE.key, "V", START, START + 21, 21)
    assert (course.mean == 230.0).all()


# ---- the state of the heart ---------------------------------------------------------------------


async def test_a_damaged_piece_of_history_is_a_gap_and_told_once(memory: Memory) -> None:
    memory.declare([VOLTAGE])
    for second in range(20):
        memory.remember(START + second, np.array([230.0]))
    await memory.tend(START + 3_700)
    memory.database.change("UPDATE seconds SET form = zeroblob(length(form))")
    with structlog.testing.capture_logs() as told:
        course = await memory.course(VOLTAGE.key, "V", START, START + 20, 20)
        assert np.isnan(course.mean).all()
        for _ in range(3):
            await memory.tend(START + 3_800)
    (line,) = [entry for entry in told if entry["event"] == "history_damaged"]
    assert (line["log_level"], line["table"]) == ("error", "seconds")


async def test_the_state_comes_back_as_it_was_kept(memory: Memory) -> None:
    assert await memory.read_state() is None
    plain = {"form": 1, "at": np.float64(5.5), "on": {"a": None, "b": 1.0}, "n": np.int64(3)}
    await memory.keep([], [], lambda: plain)

    assert await memory.read_state() == {"form": 1, "at": 5.5, "on": {"a": None, "b": 1.0}, "n": 3}


@pytest.mark.parametrize("blob", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"text"'])
async def test_a_state_that_is_none_is_a_value_error(memory: Memory, blob: bytes) -> None:
    memory.database.change("INSERT OR REPLACE INTO states VALUES('heart', ?)", blob)

    with pytest.raises(ValueError, match=r"."):
        await memory.read_state()
