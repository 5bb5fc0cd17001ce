"""Wrong input over HTTP: a problem document that names field, found and expected; nothing moves."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from network.web import JSON, OUTLET, POWER, Web, opened
from runtime.rig import Rig

from smartpdu.runtime.view import Unrecallable
from smartpdu.store.database import StoreError

MEDIA = "application/problem+json"
ALARMS = "/api/v1/alarms"
FULL = os.environ.get("SMARTPDU_DEPTH") == "full"
HUGE = "1" + "0" * 400


def problem(answer: Any, status: int) -> dict[str, Any]:
    """The problem document of an answer, which must be one of this status."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, MEDIA), answer.text
    told: dict[str, Any] = answer.json()
    assert told["status"] == status
    assert told["title"] not in ("", "An error")
    assert "Traceback" not in answer.text
    assert "smartpdu." not in answer.text.lower().replace("smartpdu.db", "")
    return told


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/v1/events?after=-1", "query.after"),
        ("/api/v1/events?after=x", "query.after"),
        ("/api/v1/events?after=1.5", "query.after"),
        (f"/api/v1/events?after={HUGE}", "query.after"),
        ("/api/v1/events?after=9223372036854775808", "query.after"),
        ("/api/v1/events?limit=0", "query.limit"),
        ("/api/v1/events?limit=-1", "query.limit"),
        ("/api/v1/events?limit=1001", "query.limit"),
        ("/api/v1/events?aftr=1", "query.aftr"),
        ("/api/v1/events?after=0&after=1", "query.after"),
        ("/api/v1/events?" + "kind=HouseStarted&" * 51, "query.kind"),
        ("/api/v1/events?kind=bogus", "query.kind"),
        ("/api/v1/events/stream?after=-1", "query.after"),
        ("/api/v1/outlets?rak=rack1", "query.rak"),
        (f"/api/v1/outlets/{OUTLET}?rack=rack1", "query.rack"),
        ("/api/v1/alarms?place=x", "query.place"),
        ("/api/v1/commands/x?y", "query.y"),
        ("/api/v1/history/rack1/A/L1", "query.quantity"),
        ("/api/v1/history/rack1/A/L1?quantity=voltage&points=0", "query.points"),
        ("/api/v1/history/rack1/A/L1?quantity=voltage&points=5001", "query.points"),
        ("/api/v1/history/rack1/A/L1?quantity=voltage&from=nan", "query.from"),
        ("/api/v1/history/rack1/A/L1?quantity=voltage&from=inf", "query.from"),
        ("/api/v1/history/rack1/A/L1?quantity=voltage&from=-1", "query.from"),
        ("/api/v1/history/rack1/A/L1?quantity=voltage&to=1e15", "query.to"),
        ("/api/v1/history/rack1/A/L1?quantity=voltage&to=yesterday", "query.to"),
    ],
)
async def test_a_wrong_parameter_is_422_and_named(web: Web, path: str, field: str) -> None:
    told = problem(await web("GET", path), 422)

    assert told["errors"][0]["field"] == field
    assert set(told["errors"][0]) == {"field", "found", "expected"}


@pytest.mark.parametrize("span", ["from=5&to=5", "from=6&to=5", "from=0&to=8000000000"])
async def test_a_span_that_is_none_or_too_long_is_422(web: Web, span: str) -> None:
    told = problem(await web("GET", f"/api/v1/history/rack1/A/L1?quantity=voltage&{span}"), 422)

    assert told["detail"].startswith("query.from: found")


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("header", "Last-Event-ID: -1"),
        ("header", "Last-Event-ID: abc"),
        ("header", f"Last-Event-ID: {HUGE}"),
        ("header", "Last-Event-ID: 10000"),
    ],
)
async def test_a_wrong_place_in_a_header_is_422(web: Web, place: str, text: str) -> None:
    name, value = text.split(": ")
    told = problem(await web("GET", "/api/v1/events/stream", headers={name: value}), 422)

    assert told["errors"][0]["field"] == f"{place}.last-event-id"


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "\x7f", "\xa0", "\xe4"])
async def test_a_key_that_cannot_be_kept_is_422_and_nothing_moves(web: Web, key: str) -> None:
    headers = {"Idempotency-Key": key.encode("latin-1")}
    answer = await web("PUT", POWER, json={"on": False}, headers=headers)
    await web.rig.lasts(2)

    assert problem(answer, 422)["errors"][0]["field"] == "header.idempotency-key"
    assert web.rig.pdus["source/A"].pulses == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "null",
        "[]",
        "1",
        '"on"',
        "{'on': true}",
        '{"on": NaN}',
        '{"on": null}',
        '{"on": [true]}',
        '{"on": {"on": true}}',
        '{"On": true}',
        f'{{"on": {HUGE}}}',
        '{"on": true, "on ": true}',
        "[" * 30_000,
        '{"on":' * 10_000,
        "\ufeff{",
        '{"on": "\\ud800"}',
    ],
)
async def test_a_body_that_is_not_the_wish_is_422_and_nothing_moves(web: Web, text: str) -> None:
    answer = await web("PUT", POWER, content=text.encode(), headers=JSON)
    await web.rig.lasts(2)

    problem(answer, 422)
    assert web.rig.pdus["source/A"].pulses == []


async def test_bytes_that_are_no_text_are_refused(web: Web) -> None:
    for body in (b'{"on": "\xff\xfe"}', b"\x00\x01\x02", b'\xff\xfe{"on": true}'):
        answer = await web("PUT", POWER, content=body, headers=JSON)
        problem(answer, 422)
    assert web.rig.pdus["source/A"].pulses == []


@pytest.mark.parametrize(
    "change",
    [
        {"minutes": 0},
        {"minutes": -5},
        {"minutes": 7 * 24 * 60 + 1},
        {"minutes": "5"},
        {"minutes": True},
        {"minutes": None},
        {"reason": None},
        {"reason": 5},
        {"reason": "x" * 501},
        {"reason": ""},
        {"reason": " \t\n\u00a0\u2003"},
        {"place": None},
        {"rule": ["load.circuit"]},
        {"colour": "red"},
    ],
)
async def test_a_shelf_that_cannot_be_is_422(web: Web, change: dict[str, Any]) -> None:
    wish = {"rule": "load.circuit", "place": "rack1/A/circuit/1", "minutes": 5, "reason": "x"}
    answer = await web("POST", f"{ALARMS}/shelve", json={**wish, **change})

    assert problem(answer, 422)["errors"][0]["field"] == f"body.{next(iter(change))}"


@pytest.mark.parametrize("minutes", ["NaN", "Infinity", "-Infinity", "1e999", HUGE])
async def test_a_time_that_is_no_number_is_422(web: Web, minutes: str) -> None:
    text = f'{{"rule": "a", "place": "b", "reason": "c", "minutes": {minutes}}}'
    answer = await web("POST", f"{ALARMS}/shelve", content=text, headers=JSON)

    assert problem(answer, 422)["errors"][0]["field"] == "body.minutes"


@pytest.mark.parametrize(("size", "status"), [(65_536, 202), (65_537, 413), (10_000_000, 413)])
async def test_a_body_has_a_bound(web: Web, size: int, status: int) -> None:
    body = b'{"on": false}'.ljust(size)
    answer = await web("PUT", POWER, content=body, headers=JSON)

    assert answer.status_code == status
    if status == 413:
        assert "expected 65536 bytes at most" in problem(answer, 413)["detail"]


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", " ", "9" * 5000])
async def test_a_length_that_is_none_is_413(web: Web, length: str) -> None:
    headers = {**JSON, "content-length": length}
    problem(await web("PUT", POWER, content=b"{}", headers=headers), 413)
    assert web.rig.pdus["source/A"].pulses == []


async def test_a_body_of_unknown_length_is_411(web: Web) -> None:
    async def pieces() -> Any:
        yield b'{"on": false}'

    problem(await web("PUT", POWER, content=pieces(), headers=JSON), 411)
    assert web.rig.pdus["source/A"].pulses == []


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"]
)
async def test_a_body_of_another_kind_is_415(web: Web, kind: str) -> None:
    answer = await web("PUT", POWER, content=b'{"on": false}', headers={"content-type": kind})

    told = problem(answer, 415)
    assert told["detail"].endswith("expected application/json")
    assert web.rig.pdus["source/A"].pulses == []


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
async def test_json_may_say_its_letters(web: Web, kind: str) -> None:
    answer = await web("PUT", POWER, content=b'{"on": false}', headers={"content-type": kind})

    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", POWER, {"PUT"}),
        ("POST", "/api/v1/outlets", {"GET", "HEAD"}),
        ("PUT", "/api/v1/events", {"GET", "HEAD"}),
        ("GET", f"{ALARMS}/shelve", {"POST"}),
        ("PATCH", "/api/v1/openapi.json", {"GET", "HEAD"}),
    ],
)
async def test_a_method_that_is_not_offered_is_405_and_the_others_are_named(
    web: Web, method: str, path: str, allowed: set[str]
) -> None:
    answer = await web(method, path)

    problem(answer, 405)
    assert set(answer.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1",
        "/api/v2/outlets",
        "/api/v1/outlets/rack1/A/outlet/2/",
        "/api/v1/outlets//rack1/A/outlet/2",
        "/api/v1/outlets/rack1/A/L1",
        "/api/v1/phases/rack1/A/outlet/2",
        "/api/v1/outlets/%00",
        "/api/v1/outlets/%ff%fe",
        "/api/v1/outlets/" + "x" * 5000,
        "/api/v1/commands/' OR 1=1 --",
        "/api/v1/history/x?quantity=voltage",
        "/api/v1/history/rack1/A/L1?quantity=colour",
        "/api/v1/outlets?rack=none",
    ],
)
async def test_what_is_not_there_is_404(web: Web, path: str) -> None:
    problem(await web("GET", path), 404)


async def test_a_path_may_come_escaped_or_not(web: Web) -> None:
    plain = await web("GET", f"/api/v1/outlets/{OUTLET}")
    escaped = await web("GET", f"/api/v1/outlets/{OUTLET.replace('/', '%2F')}")
    switched = await web("PUT", POWER.replace("/outlet/", "%2Foutlet%2F"), json={"on": False})

    assert escaped.json() == plain.json()
    assert switched.json()["place"] == OUTLET


async def test_a_place_of_endless_length_is_not_written_into_the_journal(web: Web) -> None:
    long = "x" * 5000
    problem(await web("PUT", f"/api/v1/outlets/{long}/power", json={"on": False}), 404)
    name = {"rule": "gaps.silent", "place": long}
    problem(await web("POST", f"{ALARMS}/acknowledge", json=name), 404)

    assert long not in (await web("GET", "/api/v1/events?limit=1000")).text


async def test_words_of_a_person_stay_words(web: Web) -> None:
    web.rig.pdus["source/A"].current = 15.0
    await web.rig.lasts(30)
    reason = "a\r\nid: 9\n\nevent: forged\n\x1b[31m \u202e <script>=cmd()"
    name = {"rule": "load.circuit", "place": "rack1/A/circuit/1"}
    shelved = await web("POST", f"{ALARMS}/shelve", json={**name, "minutes": 5, "reason": reason})
    assert shelved.status_code == 200

    async with web.listens("/api/v1/events/stream?after=0") as heard:
        rows = (await web("GET", "/api/v1/events?limit=1000")).json()
        told = await heard.hears(len(rows))
    assert {t["event"] for t in told} == {r["kind"] for r in rows}
    data = next(json.loads(t["data"]) for t in told if t["event"] == "AlarmShelved")
    assert data["body"]["reason"] == reason


async def test_a_fault_inside_is_500_and_says_nothing_of_the_inside(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def bug(*_: object) -> None:
        raise RuntimeError("the inner secret")

    monkeypatch.setattr(web.rig.desk, "command", bug)
    answer = await web("GET", "/api/v1/commands/x")

    assert problem(answer, 500)["title"] == "Something inside failed"
    assert "secret" not in answer.text


async def test_what_cannot_be_looked_up_just_now_is_503_and_says_why(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: object) -> None:
        raise Unrecallable("the disk is gone")

    monkeypatch.setattr(web.rig.desk, "command", gone)
    monkeypatch.setattr(web.rig.desk, "recall", gone)
    for path in ("/api/v1/commands/x", "/api/v1/history/rack1/A/L1?quantity=voltage"):
        assert problem(await web("GET", path), 503)["detail"] == "the disk is gone"


async def test_an_order_that_cannot_be_recorded_is_503_and_health_says_so(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(web.rig.memory.database, "write", full)
        told = problem(await web("PUT", POWER, json={"on": False}), 503)
        await web.rig.lasts(3)
        health = await web("GET", "/healthz", role=None)
        alarms = (await web("GET", ALARMS)).json()
        rows = (await web("GET", "/api/v1/racks")).json()
    assert told["detail"] == "the disk is full"
    assert (health.status_code, health.json()) == (503, {"status": "troubled"})
    assert ("recording.failing", "house") in {(a["rule"], a["place"]) for a in alarms}
    assert rows[0]["readings"]["apparent_power"]["value"] == 2000.0
    await web.rig.lasts(3)
    assert (await web("GET", "/healthz", role=None)).status_code == 200
    assert (await web("PUT", POWER, json={"on": False})).status_code == 202
    await web.rig.lasts(2)
    assert len(web.rig.pdus["source/A"].pulses) == 1


json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=20),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=3),
    max_leaves=5,
)
bodies = some.one_of(
    some.binary(max_size=60),
    json_values.map(lambda value: json.dumps(value).encode()),
    some.dictionaries(
        some.sampled_from(["on", "rule", "place", "minutes", "reason", "x"]), json_values
    ).map(lambda value: json.dumps(value).encode()),
)
writes = some.sampled_from([POWER, *(f"{ALARMS}/{v}" for v in ("acknowledge", "shelve"))])
words = some.text(some.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
reads = some.builds(
    lambda path, pairs: (path, pairs),
    some.sampled_from(["events", "outlets", "racks", "history/rack1/A/L1", "alarms", "commands/x"]),
    some.lists(
        some.tuples(
            some.sampled_from(
                ["after", "limit", "place", "kind", "rack", "quantity", "from", "to"]
            ),
            some.one_of(words, some.integers().map(str), some.floats().map(str)),
        ),
        max_size=3,
    ),
)


@settings(max_examples=200 if FULL else 25, suppress_health_check=list(HealthCheck))
@given(some.data())
async def test_no_input_at_all_breaks_anything_inside(
    tmp_path_factory: pytest.TempPathFactory, data: some.DataObject
) -> None:
    web = await opened(await Rig(Path(tmp_path_factory.mktemp("rig"))).start())
    try:
        for _ in range(10):
            where, body = data.draw(writes), data.draw(bodies)
            path, pairs = data.draw(reads)
            written = await web(
                "POST" if "alarms" in where else "PUT", where, content=body, headers=JSON
            )
            read = await web("GET", f"/api/v1/{path}", params=pairs)
            for answer in (written, read):
                assert answer.status_code < 500, answer.text
                if answer.status_code >= 400:
                    problem(answer, answer.status_code)
    finally:
        await web.rig.stop()
