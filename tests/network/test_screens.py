"""What a page is told: its rack alone, gaps as null, what is old marked, one stream for all."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import msgspec
import numpy as np
import pytest
from runtime.rig import OPERATOR, VIEWER, Rig, settle

from smartpdu.app.config import demo
from smartpdu.engine.catalogue import HAZARDS, RULES, TRACES
from smartpdu.engine.house import Override
from smartpdu.engine.house import house as house_of
from smartpdu.model.build import (
    CircuitSpec,
    Design,
    FeedSpec,
    OutletSpec,
    PduSpec,
    PhaseSpec,
    RackSpec,
    SourceSpec,
    built,
)
from smartpdu.model.plant import Kind, Plant, places
from smartpdu.model.request import Role, Shelve
from smartpdu.model.snapshot import READINGS, blank
from smartpdu.network.http import built as built_app
from smartpdu.network.rows import moment
from smartpdu.network.screens.scope import Scope, mark, scope
from smartpdu.network.screens.shapes import plan, tick
from smartpdu.network.screens.stream import Ticks
from smartpdu.runtime.view import Unrecallable, View
from smartpdu.store import access
from smartpdu.twin.rack import standard_racks

PARTS = ("sources", "feeds", "phases", "circuits", "outlets", "probes", "doors")


def two_racks() -> Plant:
    """Two racks with a one-phase PDU each; one source reads both."""
    racks = ("r1", "r2")
    return built(
        Design(
            sources=[SourceSpec("source")],
            racks=[RackSpec(r) for r in racks],
            pdus=[PduSpec(f"{r}/A", r, "source") for r in racks],
            feeds=[FeedSpec(f"{r}/A/feed", f"{r}/A", "A", 3_680) for r in racks],
            phases=[PhaseSpec(f"{r}/A/L1", f"{r}/A/feed", 16) for r in racks],
            circuits=[CircuitSpec(f"{r}/A/circuit/1", f"{r}/A/L1", 16) for r in racks],
            outlets=[
                OutletSpec(f"{r}/A/outlet/{n}", f"{r}/A/circuit/1") for r in racks for n in (1, 2)
            ],
        )
    )


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    rig = await Rig(tmp_path).start()
    await rig.lasts(3)
    yield rig
    await rig.stop()


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Rig]:
    rig = await Rig(tmp_path, two_racks()).start()
    await rig.lasts(3)
    yield rig
    await rig.stop()


def bytes_of_tick(plant: Plant) -> int:
    """How large a tick of the first rack is when every value has many digits."""
    now = blank(plant, 1_800_000_000.125, 0.0)
    for kind in READINGS:
        for quantity in READINGS[kind].__slots__:
            getattr(now.readings(kind), quantity)[:] = 1234.5678
    memory = {t.key: np.full(len(plant.table(t.kind)), 12.3456) for t in TRACES}
    view = View(1, "x", plant, places(plant), now, memory, RULES, TRACES, HAZARDS, (), (), {})
    own = scope(plant)
    assert own is not None
    return len(msgspec.json.encode(tick(view, own, "m" * 16)))


def whole(rig: Rig, rack: str | None = None) -> dict:
    """The tick of a rack."""
    return tick(rig.desk.look(), of(rig, rack), "mark")


def of(rig: Rig, rack: str | None = None) -> Scope:
    found = scope(rig.plant, rack)
    assert found is not None
    return found


async def test_a_tick_has_a_row_for_each_place_of_the_plan_in_its_order(rig) -> None:
    told = plan(rig.desk.look(), of(rig), "mark", OPERATOR)
    ticked = whole(rig)

    for part in PARTS:
        assert len(ticked[part]) == len(told[part]), part
    assert [o["path"] for o in told["outlets"]] == list(rig.plant.outlets.path)
    assert ticked["outlets"][0] == [1, 1.0, None, None]
    assert ticked["phases"][0] == [230, 1.0, pytest.approx(0.8 * 16 - 2)]


async def test_a_silent_source_leaves_nulls_and_no_zero(rig) -> None:
    rig.pdus["source/A"].manner = "silent"
    await rig.lasts(5)
    ticked = whole(rig)

    assert ticked["outlets"][0] == [None, None, None, None]
    assert ticked["feeds"][0] == [None, None, None, None]
    assert ticked["phases"][0] == [None, None, None]
    assert ticked["phases"][1][:2] == [230, 1.0]
    assert ticked["phases"][1][2] is None, "a reserve without A's current would be a guess"
    assert [stale for _, stale in ticked["sources"]] == [1, 0]


async def test_a_source_that_hangs_is_told_as_silent_and_for_how_long(rig) -> None:
    rig.pdus["source/A"].manner = "hangs"
    await rig.lasts(3)
    fresh = whole(rig)
    await rig.lasts(2)
    old = whole(rig)

    assert fresh["sources"][0][1] == 0
    assert old["sources"][0] == [5.0, 1]
    assert old["outlets"][0] == [None, None, None, None]
    assert old["sources"][1][1] == 0


async def test_a_page_is_told_its_own_rack_and_of_the_others_only_how_they_stand(hall) -> None:
    hall.pdus["source"].current = 20.0
    await hall.lasts(30)
    first, second = whole(hall), whole(hall, "r2")

    assert {a["place"].split("/")[0] for a in first["alarms"]} == {"r1"}
    assert {a["place"].split("/")[0] for a in second["alarms"]} == {"r2"}
    assert set(first["levels"].values()) == {2}
    assert first["racks"] == second["racks"]
    counts = [count for _, _, count in first["racks"]]
    assert counts == [len(first["alarms"]), len(second["alarms"])]
    assert first["counts"] == [sum(counts), 0]


async def test_an_alarm_of_a_source_counts_in_every_rack_that_it_reads(hall) -> None:
    hall.pdus["source"].manner = "silent"
    await hall.lasts(10)

    assert [a["rule"] for a in whole(hall, "r2")["alarms"]] == ["gaps.silent"]
    assert [row[1:] for row in whole(hall)["racks"]] == [[1, 1], [1, 1]]
    assert whole(hall)["counts"] == [0, 1]
    assert [row[0] for row in whole(hall)["racks"]] == [None, None]


async def test_a_shelved_alarm_is_listed_and_no_longer_counted(hall) -> None:
    hall.pdus["source"].current = 20.0
    await hall.lasts(30)
    before = whole(hall)
    alarm = next(a for a in before["alarms"] if a["rule"] == "load.circuit")
    until = hall.time.wall() + 600
    wish = Shelve(hall.desk.new_id(), OPERATOR, alarm["place"], alarm["rule"], until, "known load")
    asked = asyncio.create_task(hall.desk.ask(wish))
    await settle()
    await hall.turn()
    assert (await asked).refusal is None
    after = whole(hall)

    assert len(after["alarms"]) == len(before["alarms"])
    assert after["counts"][0] == before["counts"][0] - 1
    assert alarm["place"] in before["levels"]
    assert alarm["place"] not in after["levels"]


async def test_the_time_of_an_alarm_is_that_of_its_event_to_the_millisecond(hall) -> None:
    await hall.time.pass_(0.8765)  # a tick is seldom on the whole second
    hall.pdus["source"].current = 20.0
    await hall.lasts(30)
    raised = {
        (t.body["rule"], t.place): moment(t.at)
        for t in await hall.desk.told(0, 1000)
        if t.kind == "AlarmRaised" and t.place in of(hall).paths
    }
    alarms = whole(hall)["alarms"]

    assert alarms
    assert {(a["rule"], a["place"]): a["since"] for a in alarms} == raised
    assert {a["until"] for a in alarms} == {None}


async def test_only_who_may_switch_is_offered_to(rig) -> None:
    view = rig.desk.look()

    assert plan(view, of(rig), "", OPERATOR)["may_switch"] is True
    assert plan(view, of(rig), "", VIEWER)["may_switch"] is False


async def test_the_plan_tells_the_limits_of_each_row(rig) -> None:
    own = Override("load.circuit", "rack1/B/circuit/1", {"high_warning": 0.5})
    view = replace(rig.desk.look(), rules=house_of(rig.plant, [own]).rules)
    circuits = plan(view, of(rig), "", OPERATOR)["circuits"]

    assert [c["warning"] for c in circuits] == [0.8, 0.5]
    assert [c["critical"] for c in circuits] == [1.0, 1.0]


def test_a_plant_that_changed_in_any_place_has_another_mark() -> None:
    design, _ = standard_racks()
    same, renamed = built(design), built(standard_racks()[0])
    outlet = replace(design.outlets[3], name="another name")
    rated = replace(design.outlets[3], rated_current=11.0)
    marks = {
        mark(built(replace(design, outlets=[*design.outlets[:3], o, *design.outlets[4:]])))
        for o in (outlet, rated)
    }

    assert mark(same) == mark(renamed)
    assert len(marks | {mark(same)}) == 3


def test_a_tick_stays_small_and_does_not_grow_with_the_other_racks() -> None:
    one, many = demo().plant, built(standard_racks(racks=50)[0])

    assert len(many.outlets) == 2_000
    assert bytes_of_tick(one) < 2_500
    assert bytes_of_tick(many) < bytes_of_tick(one) + 50 * 20


def test_a_site_without_a_rack_has_an_empty_page() -> None:
    empty = scope(built(Design(sources=[SourceSpec("s")])))

    assert empty is not None
    assert empty.rack == -1
    assert [len(rows) for kind, rows in empty.rows.items() if kind is not Kind.HOUSE] == [0] * 9


# ---- the stream ----------------------------------------------------------------------------


async def test_pages_of_a_rack_share_the_bytes_of_a_tick(hall) -> None:
    ticks = Ticks()
    view = hall.desk.look()
    first, again = ticks.line(view, of(hall)), ticks.line(view, of(hall))
    other, other_again = ticks.line(view, of(hall, "r2")), ticks.line(view, of(hall, "r2"))
    await hall.lasts(1)
    later = ticks.line(hall.desk.look(), of(hall))

    assert first is again
    assert other is other_again
    assert other is not first
    assert later != first


async def test_a_stream_tells_ticks_and_events_and_where_to_go_on(rig) -> None:
    before = (await rig.desk.told_last(1))[-1].seq
    lines = Ticks().lines(rig.desk, of(rig), before)
    heard = [await anext(lines), await anext(lines)]
    await rig.asks("rack1/A/outlet/1", False)
    await rig.lasts(3)
    while b"CommandDone" not in heard[-1]:
        heard.append(await asyncio.wait_for(anext(lines), 5))
    await lines.aclose()

    events = [line.decode().split("\n") for line in heard if line.startswith(b"id: ")]
    numbers = [int(line[0].removeprefix("id: ")) for line in events]
    assert heard[0] == b"retry: 1500\n\n"
    assert json.loads(heard[1].removeprefix(b"data: "))["outlets"][0][0] == 1
    assert {line[1] for line in events} == {"event: told"}
    assert numbers == list(range(before + 1, before + 1 + len(numbers)))
    assert [json.loads(line[2].removeprefix("data: "))["seq"] for line in events] == numbers


async def test_a_page_hears_the_events_of_its_rack_and_of_the_house_alone(hall, client) -> None:
    await hall.asks("r1/A/outlet/1", False)
    await hall.asks("r2/A/outlet/2", False)
    await hall.lasts(3)
    everything = {t.place for t in await hall.desk.told(0, 1000)}
    past = (await client.get("/screen/events?rack=r2")).json()
    lines, heard = Ticks().lines(hall.desk, of(hall, "r2"), 0), [b""]
    while b"CommandDone" not in heard[-1]:
        heard.append(await asyncio.wait_for(anext(lines), 5))
    await lines.aclose()
    streamed = [json.loads(line.split(b"data: ")[1]) for line in heard if line.startswith(b"id: ")]

    assert everything == {"house", "r1/A/outlet/1", "r2/A/outlet/2"}
    assert {e["place"] for e in past} == {"house", "r2/A/outlet/2"}
    assert [e["seq"] for e in streamed] == [e["seq"] for e in past][: len(streamed)]


async def test_ticks_go_on_while_the_journal_cannot_be_read(rig, monkeypatch) -> None:
    lines = Ticks().lines(rig.desk, of(rig), 0)
    read = rig.memory.told

    async def unreadable(*_: object) -> None:
        raise Unrecallable("the disk is gone")

    monkeypatch.setattr(rig.memory, "told", unreadable)
    heard = [await anext(lines) for _ in range(2)]
    for _ in range(3):
        await rig.lasts(1)
        heard.append(await asyncio.wait_for(anext(lines), 5))
    assert all(line.startswith(b"data: ") for line in heard[1:])

    monkeypatch.setattr(rig.memory, "told", read)
    told = b""
    while not told.startswith(b"id: "):
        await rig.lasts(1)
        told = await asyncio.wait_for(anext(lines), 5)
    await lines.aclose()
    assert b"HouseStarted" in told


async def test_nothing_is_left_waiting_when_a_page_is_closed(rig) -> None:
    before = asyncio.all_tasks()
    pages = [Ticks().lines(rig.desk, of(rig), 0) for _ in range(5)]
    for page in pages:
        heard = [await anext(page) for _ in range(3)]
        assert heard[2].startswith(b"id: ")
    assert len(asyncio.all_tasks() - before) >= 5
    for page in pages:
        await page.aclose()
    await settle()

    assert asyncio.all_tasks() - before == set()


# ---- the routes ----------------------------------------------------------------------------


@pytest.fixture
async def client(hall) -> AsyncIterator[httpx.AsyncClient]:
    await hall.memory.access(access.create_token, Role.VIEWER, 0.0, "secret")
    headers = {"Authorization": "Bearer secret"}
    transport = httpx.ASGITransport(built_app(hall.desk))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://rack.test", headers=headers
    ) as client:
        yield client


async def test_a_rack_that_is_not_there_is_404_everywhere(client) -> None:
    for path in ("plan", "power", "live"):
        answer = await client.get(f"/screen/{path}?rack=nothing")
        assert answer.status_code == 404, path
        assert answer.json()["detail"] == "there is no rack nothing"
    assert (await client.get("/screen/plan?rack=r2")).json()["rack"] == "r2"
    assert (await client.get("/screen/plan")).json()["rack"] == "r1"


async def test_the_last_hour_has_null_where_nothing_was_read(client, hall) -> None:
    hall.pdus["source"].manner = "silent"
    await hall.lasts(30)
    empty = (await client.get("/screen/power?rack=r2")).json()

    for feed in empty["feeds"]:
        assert feed["path"] == "r2/A/feed"
        assert set(feed["power"]) == {None}


async def test_scripts_come_only_from_the_program_itself(client) -> None:
    page = await client.get("/")
    policy = dict(
        part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";")
    )

    assert policy["default-src"] == "'self'"
    assert "script-src" not in policy
    assert "<script>" not in page.text
    assert "http:" not in page.text
    assert "https:" not in page.text
    charts = await client.get("/screen/charts/index.js")
    assert charts.status_code == 200
    assert charts.headers["cache-control"] == "no-cache", "asked again, but not sent again"
    again = await client.get(
        "/screen/charts/index.js", headers={"If-None-Match": charts.headers["etag"]}
    )
    assert again.status_code == 304


async def test_the_alarm_of_a_silent_source_says_where_it_is_and_why_it_does_not_answer(
    hall,
) -> None:
    hall.pdus["source"].manner = "silent"
    await hall.lasts(6)
    alarms = {(a["rule"], a["place"]): a["failure"] for a in whole(hall)["alarms"]}
    assert alarms["gaps.silent", "source"] == "no answer"
    (source,) = plan(hall.desk.look(), of(hall), "", OPERATOR)["sources"]
    assert source["name"].startswith("source (")
