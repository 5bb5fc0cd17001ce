"""HEAD tells what GET would tell, without a body, and does nothing."""

import asyncio

import httpx
import pytest
from network.test_description import example
from network.web import OUTLET, PATIENCE, POWER, Listener, Web, scope

VARYING = frozenset({"etag"})  # the house turns between two requests


async def head(web: Web, path: str, role: str | None = "operator") -> httpx.Response:
    return await asyncio.wait_for(web("HEAD", path, role=role), PATIENCE)


async def test_head_has_the_status_and_the_headers_of_get_and_no_body(web: Web) -> None:
    described = (await web("GET", "/api/v1/openapi.json")).json()["paths"]
    paths = [example(p) for p, operations in described.items() if "get" in operations]
    paths += ["/", "/healthz", "/api/v1/openapi.json", "/nothing", "/screen/static/app.js"]
    paths += ["/api/v1/outlets/none", "/api/v1/events?after=x", "/api/v1/events?limit=1"]
    for path in paths:
        if path.endswith("/stream"):
            continue
        answers = [await web("GET", path), await head(web, path)]
        got, told = [
            (a.status_code, {n for n in a.headers if n not in VARYING}, a.headers["content-type"])
            for a in answers
        ]
        assert got == told, path
        assert answers[0].content != b""
        assert answers[1].content == b"", path
        assert int(answers[1].headers["content-length"]) > 0


@pytest.mark.parametrize(
    "path", ["/api/v1/outlets", "/api/v1/events/stream?after=0", "/screen/static/app.js", "/none"]
)
async def test_not_one_byte_of_the_body_is_handed_to_the_server(web: Web, path: str) -> None:
    bearer = {"authorization": f"Bearer {web.secrets['viewer']}"}
    listener = Listener()  # fails where anything comes after the end
    asked = {**scope(path, bearer), "method": "HEAD"}
    task = asyncio.create_task(web.app(asked, listener.receive, listener.send))
    await asyncio.wait_for(listener.ended.wait(), PATIENCE)
    listener.gone.set()
    await asyncio.wait_for(task, PATIENCE)

    assert listener.status == (404 if path == "/none" else 200)
    assert listener.body == b""


@pytest.mark.parametrize("path", ["/api/v1/events/stream", "/screen/live"])
async def test_the_head_of_a_stream_ends(web: Web, path: str) -> None:
    before = asyncio.all_tasks()
    for _ in range(3):
        answer = await head(web, path)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-type"].startswith("text/event-stream")
    assert asyncio.all_tasks() == before


async def test_head_needs_credentials_where_get_does(web: Web) -> None:
    for path in ("/api/v1/racks", "/api/v1/events/stream", "/"):
        assert (await head(web, path, role=None)).status_code == 401
    assert (await head(web, "/healthz", role=None)).status_code == 200


async def test_head_of_what_is_written_is_not_offered(web: Web) -> None:
    answer = await head(web, "/api/v1/alarms/shelve")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert (await head(web, POWER)).status_code in (404, 405)
    await web.rig.lasts(3)
    assert web.rig.pdus["source/A"].pulses == []
    assert (await head(web, f"/api/v1/outlets/{OUTLET}")).status_code == 200
