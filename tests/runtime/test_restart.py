"""From one run to the next: what is remembered, what changed meanwhile, and clocks that step."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runtime.rig import Rig, plant

from smartpdu.model.command import CommandState
from smartpdu.model.plant import Plant
from smartpdu.store.database import open_database

OUTLET = "rack1/B/outlet/2"


async def restarted(rig: Rig, built: Plant | None = None, crash: bool = False) -> Rig:
    """The next run, on the same hardware, perhaps with another plant."""
    await (rig.crash() if crash else rig.stop())
    again = Rig(rig.directory, built or rig.plant)
    again.pdus = {path: pdu for path, pdu in rig.pdus.items() if path in again.plant.sources.path}
    for pdu in again.pdus.values():
        pdu.reads.clear()
    again.time.seconds = rig.time.seconds + 60
    return await again.start()


def alarms(rig: Rig) -> set[tuple[str, str]]:
    return {(a.rule, a.place) for a in rig.desk.look().alarms}


def trace(rig: Rig, key: str, place: str) -> float:
    view = rig.desk.look()
    return float(view.memory[key][view.places[place][1]])


@pytest.mark.parametrize("crash", [False, True])
async def test_what_the_heart_has_gathered_is_taken_over(tmp_path: Path, crash: bool) -> None:
    rig = await Rig(tmp_path).start()
    rig.pdus["source/B"].current = 6.0
    await rig.lasts(5)
    peak = trace(rig, "cord.peak", OUTLET)
    rig.pdus["source/B"].current = 1.0
    await rig.lasts(31)  # the state is kept every half minute, should the program crash
    again = await restarted(rig, crash=crash)
    await again.lasts(3)

    assert peak > trace(again, "cord.peak", "rack1/A/outlet/2") > 0
    assert trace(again, "cord.peak", OUTLET) == pytest.approx(peak, rel=1e-3)  # it fades slowly
    await again.stop()


@pytest.mark.parametrize(
    "built", [plant(3, letters="CBA"), plant(1, letters="B"), plant(2, 5, letters="BA")]
)
async def test_alarms_stay_with_their_places_when_the_plant_was_changed(
    tmp_path: Path, built: Plant
) -> None:
    rig = await Rig(tmp_path).start()
    rig.pdus["source/B"].current = 15.0
    await rig.lasts(30)
    before = {(r, p) for r, p in alarms(rig) if p.startswith("rack1/B")}
    assert before
    raised, old = await rig.events(["AlarmRaised"]), set(rig.desk.look().places)
    for pdu in rig.pdus.values():
        pdu.on = [True] * 5
    again = await restarted(rig, built)
    await again.lasts(2)
    assert {(r, p) for r, p in alarms(again) if p in old and p.startswith("rack1/")} == before

    await again.lasts(30)
    assert {(r, p) for r, p in alarms(again) if p in old and p.startswith("rack1/B")} == before
    anew = [place for _, place in await again.events(["AlarmRaised"]) if place in old]
    assert [p for p in anew if p.startswith("rack1/B")] == [
        place for _, place in raised if place.startswith("rack1/B")
    ]
    assert all(not pdu.pulses for pdu in again.pdus.values())
    await again.stop()


async def test_an_order_for_an_outlet_that_is_no_more_is_refused_after_the_restart(
    tmp_path: Path,
) -> None:
    rig = await Rig(tmp_path).start()
    await rig.lasts(3)
    rig.pdus["source/B"].manner = "liar"
    asked = await rig.asks(OUTLET, False)
    assert asked.command is not None
    again = await restarted(rig, plant(1), crash=True)

    row = await again.desk.command(asked.command.id)
    assert row is not None
    assert (row.state, row.reason) == (
        CommandState.REFUSED,
        "cut off by a restart; its outlet is no more",
    )
    assert ("CommandRefused", OUTLET) in await again.events()
    assert await again.memory.open_commands() == []
    await again.stop()


GOOD = {"form": 1, "at": 0.0, "memory": {}, "alarms": [], "on": {}}


@pytest.mark.parametrize(
    "form",
    [
        b"{",
        b"\xff",
        b"[]",
        b"{}",
        {**GOOD, "at": "yesterday"},
        {**GOOD, "at": None},
        {**GOOD, "memory": []},
        {**GOOD, "memory": {"cord.peak": [1]}},
        {**GOOD, "memory": {"cord.peak": {OUTLET: "much"}}},
        {**GOOD, "alarms": {"rule": 1}},
        {**GOOD, "alarms": [{"rule": "load.circuit"}]},
        {**GOOD, "alarms": [{"standing": "sleeping", "level": 9}]},
        {**GOOD, "on": [1, 2]},
        {**GOOD, "on": {OUTLET: "on"}},
    ],
)
async def test_a_state_that_cannot_be_taken_over_is_no_reason_not_to_start(
    tmp_path: Path, form: bytes | dict[str, Any]
) -> None:
    blob = form if isinstance(form, bytes) else json.dumps(form).encode()
    database = open_database(tmp_path / "smartpdu.db")
    database.change("INSERT INTO states VALUES('heart', ?)", blob)
    database.close()

    rig = await Rig(tmp_path).start()
    await rig.lasts(3)
    asked = await rig.asks(OUTLET, False)
    await rig.lasts(2)
    assert asked.command is not None
    assert rig.pdus["source/B"].pulses == [(OUTLET, False)]
    assert await rig.memory.read_state() is not None
    await rig.stop()


@pytest.mark.parametrize("step", [3600.0, -3600.0, 86400.0 * 365, -5.0])
async def test_a_clock_that_is_set_is_told_and_changes_no_judgement(rig: Rig, step: float) -> None:
    rig.pdus["source/B"].current = 15.0
    await rig.lasts(2)  # beyond its limit, and not for long enough to be told
    rig.time.set_wall(step)
    await rig.lasts(2)

    (told,) = await rig.desk.told(0, 100, kinds=("ClockStepped",))
    assert told.body["step"] == step
    assert alarms(rig) == set()
    await rig.lasts(30)
    assert ("load.circuit", "rack1/B/circuit/1") in alarms(rig)
    assert rig.desk.look().now.sources.silence.max() < 2.0


async def test_a_clock_that_drifts_is_not_told(rig: Rig) -> None:
    for _ in range(50):
        rig.time.set_wall(0.5)
        await rig.lasts(1)

    assert await rig.events(["ClockStepped"]) == []


async def test_after_a_step_back_history_keeps_what_it_had_and_goes_on_where_it_was_left(
    rig: Rig,
) -> None:
    start = int(rig.time.wall()) + 1
    await rig.lasts(20)
    rig.time.set_wall(-10.0)
    rig.pdus["source/A"].current = 3.0
    await rig.lasts(20)
    await rig.memory.flush()
    course = await rig.desk.recall("rack1/A/L1", "current", start, start + 29, 29)

    assert course.mean[:19].tolist() == [1.0] * 19
    assert course.mean[21:28].tolist() == [3.0] * 7
    assert np.isfinite(course.mean[:28]).all()
