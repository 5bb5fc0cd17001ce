"""Each source for itself: one that is slow, hangs or breaks delays no other and leaves gaps."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runtime.rig import Rig, plant, settle

from smartpdu.model.command import CommandState
from smartpdu.model.rule import Level
from smartpdu.model.snapshot import blank
from smartpdu.runtime import collector
from smartpdu.runtime.collector import EAGER, EAGER_INTERVAL, GIVE_UP, PATIENCE

OUTLET = "rack1/A/outlet/2"
OTHER = "rack1/B/outlet/2"


def voltage(rig: Rig, letter: str) -> float:
    view = rig.desk.look()
    return float(view.now.phases.voltage[view.places[f"rack1/{letter}/L1"][1]])


async def state(rig: Rig, id: str) -> tuple[CommandState, str]:
    row = await rig.desk.command(id)
    assert row is not None
    return row.state, row.reason


@pytest.mark.parametrize("manner", ["hangs", "slow", "silent", "broken", "many", "cancelled"])
async def test_a_source_in_any_manner_of_failure_delays_no_other_and_comes_back(
    rig: Rig, manner: str
) -> None:
    a, b = rig.pdus["source/A"], rig.pdus["source/B"]
    a.manner = manner
    b.reads.clear()
    await rig.lasts(10)

    assert np.isnan(voltage(rig, "A")) or manner == "slow"
    assert voltage(rig, "B") == 230.0
    assert np.allclose(np.diff(b.reads), 1.0)
    assert len(b.reads) >= 9
    assert {(x.rule, x.place) for x in rig.desk.look().alarms} == {("gaps.silent", "source/A")}
    asked = await rig.asks(OTHER, False)
    await rig.lasts(2)
    assert asked.command is not None
    assert (await state(rig, asked.command.id))[0] is CommandState.DONE

    a.manner = "honest"
    await rig.lasts(GIVE_UP + 2)
    assert voltage(rig, "A") == 230.0
    assert {alarm.level for alarm in rig.desk.look().alarms} == {Level.NORMAL}


@pytest.mark.parametrize("wrong", [None, "text", "short"])
async def test_a_source_that_answers_with_something_else_leaves_gaps(rig: Rig, wrong: Any) -> None:
    pdu = rig.pdus["source/A"]
    honest = pdu.read

    async def garbage() -> Any:
        if wrong != "short":
            return wrong
        piece = blank(plant(1, 2), rig.time.wall(), rig.time.clock())
        piece.phases.voltage[:] = 999.0
        return piece

    pdu.read = garbage  # type: ignore[method-assign]
    await rig.lasts(3)
    assert np.isnan(voltage(rig, "A"))
    assert voltage(rig, "B") == 230.0

    pdu.read = honest  # type: ignore[method-assign]
    await rig.lasts(2)
    assert voltage(rig, "A") == 230.0


async def test_what_a_hanging_source_told_before_becomes_a_gap_and_is_not_shown_as_old(
    rig: Rig,
) -> None:
    rig.pdus["source/A"].manner = "hangs"
    await rig.lasts(3)
    assert voltage(rig, "A") == 230.0  # it answered less than three intervals ago
    await rig.lasts(2)

    assert np.isnan(voltage(rig, "A"))
    assert (await rig.asks(OUTLET, False)).refusal is not None


async def test_a_read_that_hangs_is_given_up_and_the_source_is_asked_again(rig: Rig) -> None:
    pdu = rig.pdus["source/A"]
    pdu.manner = "hangs"
    await rig.lasts(2)
    pdu.manner, waits = "honest", len(pdu.reads)
    await rig.lasts(GIVE_UP - 5)
    assert len(pdu.reads) == waits
    await rig.lasts(5)
    assert len(pdu.reads) > waits
    assert voltage(rig, "A") == 230.0


async def test_an_order_that_waits_for_a_busy_source_too_long_is_refused_and_never_leaves(
    rig: Rig,
) -> None:
    pdu = rig.pdus["source/A"]
    pdu.manner = "hangs"
    await rig.lasts(1)  # its read hangs, and what it told last is not old yet
    asked = await rig.asks(OUTLET, False)
    assert asked.command is not None
    await rig.lasts(PATIENCE - 2)
    assert (await state(rig, asked.command.id))[0] is CommandState.INTENDED
    await rig.lasts(4)

    assert await state(rig, asked.command.id) == (
        CommandState.REFUSED,
        "the source was busy for too long; the order never left",
    )
    pdu.manner = "honest"
    await rig.lasts(GIVE_UP + 5)
    assert pdu.pulses == []
    assert voltage(rig, "A") == 230.0
    kinds = [kind for kind, place in await rig.events() if place == OUTLET]
    assert kinds == ["CommandIntended", "CommandRefused"]


async def test_orders_that_wait_together_leave_in_their_order(rig: Rig) -> None:
    pdu = rig.pdus["source/A"]
    pdu.manner = "slow"
    await rig.lasts(1)
    places = [f"rack1/A/outlet/{n}" for n in (3, 1, 2)]
    for place in places:
        assert (await rig.asks(place, False)).command is not None
    pdu.manner = "honest"
    await rig.lasts(8)

    assert pdu.pulses == [(place, False) for place in places]


async def test_an_order_is_read_back_soon_though_its_source_is_read_seldom(
    tmp_path: Path,
) -> None:
    rig = await Rig(tmp_path, plant(interval=60.0)).start()
    await rig.lasts(3)
    pdu = rig.pdus["source/A"]
    pdu.reads.clear()
    asked = await rig.asks(OUTLET, False)
    start = rig.time.clock()
    await rig.lasts(EAGER + 1, every=0.05)

    assert asked.command is not None
    row = await rig.desk.command(asked.command.id)
    assert row is not None
    assert row.finished is not None
    assert row.intended is not None
    assert row.finished - row.intended <= 1.2
    eager = [at - start for at in pdu.reads]
    assert len(eager) == pytest.approx(EAGER / EAGER_INTERVAL, abs=2)
    assert max(eager) <= EAGER + EAGER_INTERVAL
    assert len(rig.pdus["source/B"].reads) == 1
    await rig.stop()


async def test_a_slow_relay_is_seen_as_soon_as_it_has_moved(tmp_path: Path) -> None:
    rig = await Rig(tmp_path, plant(interval=60.0)).start()
    await rig.lasts(3)
    pdu = rig.pdus["source/A"]
    pdu.manner = "liar"
    asked = await rig.asks(OUTLET, False)
    await rig.lasts(0.5, every=0.05)
    pdu.on[1] = False
    await rig.lasts(0.5, every=0.05)

    assert asked.command is not None
    assert await state(rig, asked.command.id) == (CommandState.DONE, "read back")
    await rig.stop()


async def test_an_answer_that_was_cut_off_is_cleared_up_by_the_read_back(rig: Rig) -> None:
    rig.pdus["source/A"].manner = "mumbles"
    asked = await rig.asks(OUTLET, False)
    await rig.lasts(2)

    assert asked.command is not None
    assert await state(rig, asked.command.id) == (CommandState.DONE, "read back")
    assert len(rig.pdus["source/A"].pulses) == 1


async def test_a_device_that_never_says_whether_it_obeyed_is_let_go(rig: Rig) -> None:
    pdu = rig.pdus["source/A"]

    async def deaf(command: object) -> None:
        await rig.time.sleep(1e9)

    pdu.obey = deaf  # type: ignore[method-assign]
    asked = await rig.asks(OUTLET, False)
    await rig.lasts(12)
    assert asked.command is not None
    assert (await state(rig, asked.command.id))[0] is CommandState.DISOBEYED
    await rig.lasts(GIVE_UP)
    assert voltage(rig, "A") == 230.0


async def test_every_source_is_let_go_of_at_the_end_though_one_fails_at_it(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).start()
    closed: list[str] = []

    def closing(letter: str) -> Any:
        async def close() -> None:
            closed.append(letter)
            raise OSError("already gone")

        return close

    for letter in "AB":
        rig.pdus[f"source/{letter}"].close = closing(letter)  # type: ignore[method-assign]
    await rig.stop()

    assert sorted(closed) == ["A", "B"]


async def test_a_silent_source_is_logged_once_and_once_when_it_answers(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []

    class Log:
        def __getattr__(self, level: str) -> Any:
            return lambda event, **facts: lines.append(f"{event} {facts['source']}")

    monkeypatch.setattr(collector, "log", Log())
    rig.pdus["source/A"].manner = "silent"
    await rig.lasts(5)
    rig.pdus["source/A"].manner = "honest"
    await rig.lasts(5)

    assert lines == ["source_silent source/A", "source_answers source/A"]


async def test_the_picture_of_a_tick_does_not_change_afterwards(rig: Rig) -> None:
    now = rig.desk.look().now
    before = now.phases.current.copy()
    rig.pdus["source/A"].current = 7.0
    await rig.lasts(2)
    await settle()

    assert (now.phases.current == before).all()
    with pytest.raises(ValueError, match="read-only"):
        now.phases.current[0] = 1.0
