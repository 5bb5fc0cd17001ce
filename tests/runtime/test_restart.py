"""From one run to the next: what is remembered, what changed meanwhile, and clocks that step."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runtime.rig import Rig, plant

from smartpdu.model.command import CommandState
from smartpdu.model.plant import Plant
from smartpdu.store.database import open_database

OUTLET = "rack1/B/outlet/2"


async def restarted(
    rig: Rig,
    built: Plant | None = None,
    crash: bool = False,
    away: float = 60,
    silent: Iterable[str] = (),
    step: float = 0.0,
) -> Rig:
    """The next run, on the same hardware, perhaps with another plant; some of it is silent."""
    await (rig.crash() if crash else rig.stop())
    again = Rig(rig.directory, built or rig.plant)
    again.pdus = {path: pdu for path, pdu in rig.pdus.items() if path in again.plant.sources.path}
    for pdu in again.pdus.values():
        pdu.reads.clear()
    for path in silent:
        again.pdus[path].manner = "silent"
    again.time.seconds = rig.time.seconds + away
    again.time.set_wall(step)
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


SILENT = ("gaps.silent", "source/B")
WARNED, ALARMED = ("AlarmRaised", "warning"), ("AlarmRaised", "critical")
CLEARED = ("AlarmCleared", "")
TOLD = ("AlarmRaised", "AlarmEased", "AlarmCleared")


async def about_b(rig: Rig) -> list[tuple[str, str]]:
    """What the journal tells of B's silence: what happened, and the level it came to."""
    told = await rig.desk.told(0, 10_000, kinds=TOLD, place=SILENT[1])
    return [(t.kind, t.body.get("level", "")) for t in told if t.body["rule"] == SILENT[0]]


def since(rig: Rig) -> float:
    (alarm,) = [a for a in rig.desk.look().alarms if (a.rule, a.place) == SILENT]
    return float(alarm.since)


def silence(rig: Rig) -> float:
    """Seconds that B has been silent."""
    view = rig.desk.look()
    return float(view.now.sources.silence[view.places[SILENT[1]][1]])


@pytest.mark.parametrize("crash", [False, True])
async def test_a_source_that_was_silent_before_a_restart_is_silent_until_it_answers(
    tmp_path: Path, crash: bool
) -> None:
    rig = await Rig(tmp_path).start()
    await rig.lasts(3)
    heard = rig.pdus["source/B"].reads[-1]
    rig.pdus["source/B"].manner = "silent"
    await rig.lasts(6)
    assert await about_b(rig) == [WARNED]
    began = since(rig)

    again = await restarted(rig, crash=crash, away=600, silent=["source/B"])
    await again.lasts(1)
    assert SILENT in alarms(again)
    await again.lasts(1)
    assert await about_b(again) == [WARNED]  # nobody was there to see it for longer
    await again.lasts(5)
    assert await about_b(again) == [WARNED, ALARMED]
    assert since(again) == began
    assert silence(again) == pytest.approx(again.time.seconds - heard)

    third = await restarted(again, crash=crash, silent=["source/B"])
    await third.lasts(10)
    assert (since(third), len(await about_b(third))) == (began, 2)
    assert silence(third) == pytest.approx(third.time.seconds - heard)
    third.pdus["source/B"].manner = "honest"
    await third.lasts(3)
    assert (await about_b(third))[2:] == [CLEARED]
    assert silence(third) < 2.0
    third.pdus["source/B"].manner = "silent"
    await third.lasts(3)
    assert silence(third) < 5.0  # what was before its answer is forgotten
    await third.stop()


async def test_a_source_that_answers_at_once_after_a_restart_ends_its_silence_and_worsens_nothing(
    tmp_path: Path,
) -> None:
    rig = await Rig(tmp_path).start()
    rig.pdus["source/B"].manner = "silent"
    await rig.lasts(6)
    again = await restarted(rig, away=3600)
    await again.lasts(3)

    assert await about_b(again) == [WARNED, CLEARED]
    await again.stop()


async def test_a_source_that_falls_silent_while_the_program_is_away_has_its_normal_dwell(
    tmp_path: Path,
) -> None:
    rig = await Rig(tmp_path).start()
    await rig.lasts(5)
    again = await restarted(rig, away=3600, silent=["source/B"])
    await again.lasts(2)
    assert SILENT not in alarms(again)
    assert silence(again) == pytest.approx(2.0)
    await again.lasts(3)
    assert await about_b(again) == [WARNED]
    await again.stop()


@pytest.mark.parametrize("step", [-86400.0 * 365, 86400.0])
async def test_a_clock_that_is_wrong_after_a_boot_ends_no_silence(
    tmp_path: Path, step: float
) -> None:
    rig = await Rig(tmp_path).start()
    await rig.lasts(3)
    heard = rig.time.wall()
    rig.pdus["source/B"].manner = "silent"
    await rig.lasts(6)
    again = await restarted(rig, silent=["source/B"], step=step)
    await again.lasts(10)
    assert CLEARED not in await about_b(again)
    again.time.set_wall(-step)  # it is set right
    await again.lasts(2)
    assert again.time.wall() - silence(again) == pytest.approx(heard, abs=1.0)
    assert CLEARED not in await about_b(again)
    await again.stop()


async def test_a_state_of_before_without_times_of_answers_still_keeps_the_silence(
    tmp_path: Path,
) -> None:
    rig = await Rig(tmp_path).start()
    rig.pdus["source/B"].manner = "silent"
    await rig.lasts(6)
    await rig.stop()
    database = open_database(tmp_path / "smartpdu.db")
    ((blob,),) = database.look_up("SELECT form FROM states WHERE name = 'heart'")
    plain = json.loads(blob)
    assert set(plain.pop("heard")) == {"source/A", "source/B"}
    database.change("UPDATE states SET form = ?", json.dumps(plain).encode())
    database.close()

    again = Rig(tmp_path)
    again.time.seconds = rig.time.seconds + 5
    again.pdus = rig.pdus
    again.pdus["source/B"].manner = "silent"
    await again.start()
    await again.lasts(10)
    assert await about_b(again) == [WARNED]
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
        {**GOOD, "heard": [1]},
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
