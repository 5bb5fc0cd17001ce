"""The OpenAPI document tells the truth: every operation is asked for every answer it names.

Each answer must be of a status, a kind and a shape that the document has; and each status that the
document has must really have been seen.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest
from app.test_quality import week
from jsonschema import Draft202012Validator
from network.web import JSON, OUTLET, POWER, Web
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from smartpdu.drivers.sealed import sealed
from smartpdu.engine.catalogue import TRACES
from smartpdu.model.event import VoltageDisturbed
from smartpdu.model.plant import Kind
from smartpdu.model.spectrum import Spectrum
from smartpdu.network.rest.meaning import COMPUTED, FACTS
from smartpdu.network.rest.shapes import KINDS
from smartpdu.store.database import StoreError

ALARM = "/api/v1/alarms"
DIP = VoltageDisturbed(
    *(1_800_000_001.0, "rack1/A/feed", "dip", ("rack1/A/L1",), 1_800_000_000.25, 0.1, 150.0, 230.0),
    *(float("nan"), float("nan"), "interrupted", True, True),
    waveform_start=1_800_000_000.125,
    waveform_part="whole",
)
ORDERS = np.array([1.0] + 49 * [np.nan])
SPECTRUM = Spectrum("rack1/A/L1", "current", 1_800_000_000.25, ORDERS, ORDERS, noise=False)
WAVEFORM = "20270115T080000.125Z_dip_rack1,A,feed.cff"


class Judge:
    """Compares answers with the document, and remembers what was seen."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        resource = Resource(document, DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource("urn:api", resource)
        self.seen: dict[str, set[str]] = defaultdict(set)

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for path, operations in self.document["paths"].items():
            for method, operation in operations.items():
                yield method.upper(), path, operation

    def accept(self, name: str, answer: httpx.Response) -> None:
        """Fail for an answer that the document does not tell."""
        operation = next(o for _, _, o in self.operations() if o["operationId"] == name)
        status = str(answer.status_code)
        assert status in operation["responses"], (name, status, answer.text)
        self.seen[name].add(status)
        told = operation["responses"][status]
        for header in told.get("headers", {}):
            assert header == "Link" or header in answer.headers, (name, status, header)
        content = told.get("content", {})
        kind = answer.headers.get("content-type", "").partition(";")[0]
        if not content:
            assert answer.content == b"", (name, status)
            return
        assert set(content) == {kind}, (name, status, kind)
        if kind in ("text/event-stream", "application/octet-stream"):
            return
        pointer = f"#/paths/{_escaped(operation, self)}/responses/{status}"
        kind = kind.replace("/", "~1")
        schema = {"$ref": f"urn:api{pointer}/content/{kind}/schema"}
        checker = Draft202012Validator.FORMAT_CHECKER
        made = Draft202012Validator(schema, registry=self._registry, format_checker=checker)
        faults = [f"{e.json_path}: {e.message}" for e in made.iter_errors(answer.json())]
        assert not faults, (name, status, faults)


def _escaped(wanted: dict[str, Any], judge: Judge) -> str:
    """Where an operation stands in the document, as a part of a JSON pointer in a URI."""
    for method, path, operation in judge.operations():
        if operation is wanted:
            place = path.replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
            return f"{place}/{method.lower()}"
    raise AssertionError("no such operation")


@pytest.fixture
async def judge(web: Web) -> Judge:
    described = (await web("GET", "/api/v1/openapi.json")).json()
    validate(described)
    return Judge(described)


def example(path: str) -> str:
    """The address of an operation with something that is really there."""
    kind = path.split("/")[3]
    there = {
        "sources": "source/A",
        "racks": "rack1",
        "pdus": "rack1/A",
        "feeds": "rack1/A/feed",
        "phases": "rack1/A/L1",
        "circuits": "rack1/A/circuit/1",
        "outlets": OUTLET,
        "probes": "rack1/A/probe",
        "doors": "rack1/door",
        "history": "rack1/A/L1",
        "spectra": SPECTRUM.place,
    }
    path = path.replace("{name}", WAVEFORM)
    filled = path.replace("{path}", there.get(kind, "")).replace("{id}", "none")
    return f"{filled}?quantity=voltage" if kind == "history" else filled


ALARMED = {"rule": "load.circuit", "place": "rack1/A/circuit/1"}
BODIES: dict[str, dict[str, Any]] = {
    "switch_outlet": {"on": False},
    "acknowledge": ALARMED,
    "unshelve": ALARMED,
    "shelve": {**ALARMED, "minutes": 5, "reason": "at work"},
}


@pytest.mark.requirement("R-14.2-1")
async def test_every_answer_is_told_by_the_document_and_every_told_answer_is_given(
    web: Web, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    for method, path, operation in judge.operations():
        await _common_answers(web, judge, method, path, operation)
    await _good_answers(web, judge)
    await _conflicts(web, judge)
    await _failing(web, judge, monkeypatch)

    told = {o["operationId"]: set(o["responses"]) for _, _, o in judge.operations()}
    assert dict(judge.seen) == told


async def _common_answers(
    web: Web, judge: Judge, method: str, path: str, operation: dict[str, Any]
) -> None:
    """No credentials, an unknown parameter, nothing there; for writes also every unfit body."""
    name, where = operation["operationId"], example(path)
    beside = "&" if "?" in where else "?"
    body = BODIES.get(name)
    sent: dict[str, Any] = {} if body is None else {"json": body}
    judge.accept(name, await web(method, where, role=None, **sent))
    judge.accept(name, await web(method, f"{where}{beside}colour=red", **sent))
    if "{name}" in path:
        judge.accept(name, await web(method, path.replace("{name}", "none"), **sent))
    if "{path}" in path:
        nowhere = path.replace("{path}", "no/such")
        nowhere += "?quantity=voltage" if name == "history" else ""
        judge.accept(name, await web(method, nowhere, **sent))
    if "rack" in {p["name"] for p in operation.get("parameters", ())}:
        judge.accept(name, await web(method, f"{where}?rack=none"))
    if body is None:
        return
    judge.accept(name, await web(method, where, role="viewer", **sent))
    judge.accept(name, await web(method, where, content=b"{}", headers={"content-type": "a/b"}))
    judge.accept(name, await web(method, where, content=b" " * 70_000, headers=JSON))
    judge.accept(name, await web(method, where, content=_pieces(), headers=JSON))
    if name != "switch_outlet":
        judge.accept(name, await web(method, where, **sent))  # no such alarm stands yet


async def _pieces() -> Any:
    yield b'{"on": '
    yield b"false}"


async def _good_answers(web: Web, judge: Judge) -> None:
    await web.rig.lasts(2)
    web.rig.waveforms.tell([DIP], b"samples")
    feeds = {"rack1/A/feed": {"now": week([(1.0, -12.0)]), "last": None}}
    web.rig.spectra.show("rack1/A/feed", [SPECTRUM, replace(SPECTRUM, noise=True)])
    (web.rig.directory / "quality.kept").write_bytes(sealed(1, {"feeds": feeds}))
    for method, path, operation in judge.operations():
        name = operation["operationId"]
        if method == "GET" and name != "stream":
            judge.accept(name, await web(method, example(path)))
        if name.startswith("list_"):
            tag = (await web(method, example(path))).headers["etag"]
            bearer = {"Authorization": f"Bearer {web.secrets['viewer']}", "If-None-Match": tag}
            judge.accept(name, await web.client.get(example(path), headers=bearer))
    async with web.listens("/api/v1/events/stream") as listener:
        await listener.hears(0)
        async with web.listens("/api/v1/events/stream?after=0") as heard:
            await heard.hears(1)
        judge.accept("stream", httpx.Response(listener.status, headers=listener.headers))
    switched = await web("PUT", POWER, json={"on": False})
    judge.accept("switch_outlet", switched)
    judge.accept("command", await web("GET", switched.headers["location"]))
    web.rig.pdus["source/A"].manner = "liar"
    await web.rig.lasts(3)
    judge.accept("command", await web("GET", switched.headers["location"]))


async def _conflicts(web: Web, judge: Judge) -> None:
    web.rig.pdus["source/A"].current = 15.0
    web.rig.pdus["source/B"].manner = "silent"
    await web.rig.lasts(30)
    standing = await web("GET", ALARM)
    judge.accept("alarms", standing)
    assert (ALARMED["rule"], ALARMED["place"]) in {
        (alarm["rule"], alarm["place"]) for alarm in standing.json()
    }
    for name in ("unshelve", "acknowledge", "acknowledge", "shelve", "shelve", "unshelve"):
        judge.accept(name, await web("POST", f"{ALARM}/{name}", json=BODIES[name]))
        judge.accept("alarms", await web("GET", ALARM))
    dark = "/api/v1/outlets/rack1/B/outlet/1/power"
    judge.accept("switch_outlet", await web("PUT", dark, json={"on": False}))
    judge.accept("list_outlets", await web("GET", "/api/v1/outlets"))
    judge.accept("events", await web("GET", "/api/v1/events?limit=1000"))
    judge.accept("events", await web("GET", "/api/v1/events?limit=1"))


async def _failing(web: Web, judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise StoreError("the disk is gone")

    monkeypatch.setattr(web.rig.memory.database, "read", broken)
    for method, path, operation in judge.operations():
        name = operation["operationId"]
        sent = {"json": BODIES[name]} if name in BODIES else {}
        answer = await web(method, example(path), **sent)
        assert answer.status_code == 503, name
        judge.accept(name, answer)
    monkeypatch.undo()


async def test_rows_hold_the_facts_that_the_document_names_and_no_others(
    web: Web, judge: Judge
) -> None:
    shapes = judge.document["components"]["schemas"]

    outlet = (await web("GET", f"/api/v1/outlets/{OUTLET}")).json()
    assert set(outlet) == set(shapes["OutletRow"]["required"])
    assert shapes["OutletRow"]["additionalProperties"] is False
    assert shapes["OutletRow"]["properties"]["rated_current"]["type"] == "number"
    assert shapes["OutletRow"]["properties"]["switchable"]["type"] == "boolean"
    assert shapes["PhaseRow"]["properties"]["line"]["type"] == "integer"
    assert shapes["PhaseRow"]["properties"]["feed"]["type"] == "string"


async def test_the_document_says_how_to_come_in(judge: Judge) -> None:
    schemes = judge.document["components"]["securitySchemes"]

    assert judge.document["security"] == [{"token": []}, {"session": []}]
    assert schemes["token"] == {"type": "http", "scheme": "bearer"}
    assert (schemes["session"]["in"], schemes["session"]["name"]) == ("cookie", "smartpdu_session")


def test_the_judge_refuses_an_answer_of_another_shape_or_status() -> None:
    shape = {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]}
    content = {"application/json": {"schema": shape}}
    operation = {"operationId": "x", "responses": {"200": {"content": content}}}
    judge = Judge({"openapi": "3.1.0", "paths": {"/x/{path}": {"get": operation}}})

    judge.accept("x", httpx.Response(200, json={"on": True}))
    for wrong in (
        httpx.Response(200, json={"on": 1}),
        httpx.Response(201, json={"on": True}),
        httpx.Response(200, text="{}"),
    ):
        with pytest.raises(AssertionError):
            judge.accept("x", wrong)


async def test_no_parameter_is_said_to_be_null_for_that_cannot_be_sent(judge: Judge) -> None:
    schemas = [
        parameter["schema"]
        for _, _, operation in judge.operations()
        for parameter in operation.get("parameters", ())
    ]

    assert len(schemas) > 20
    assert "null" not in str(schemas)
    assert {"items", "type", "maxItems"} <= set(next(s for s in schemas if "items" in s))


async def test_what_a_name_does_not_tell_the_description_does(web: Web) -> None:
    shapes = (await web("GET", "/api/v1/openapi.json")).json()["components"]["schemas"]
    rows = {kind: shapes[f"{kind.value.capitalize()[:-1]}Row"]["properties"] for kind in KINDS}

    assert "lost and carry together" in rows[Kind.FEED]["side"]["description"]
    assert "description" not in rows[Kind.FEED]["rated_power"]
    for trace in TRACES:
        assert f"`{trace.key}`: " in rows[trace.kind]["readings"]["description"]
    assert {key for _, key in COMPUTED} == {trace.key for trace in TRACES}
    assert set(FACTS) <= {name for row in rows.values() for name in row}
