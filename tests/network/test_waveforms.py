"""Waveforms over REST: a list, and each file as it was written."""

from hashlib import sha256

import pytest
from network.web import Web
from runtime.test_waveforms import dip

from smartpdu.model.event import VoltageDisturbed

LIST = "/api/v1/waveforms"


async def kept(web: Web, content: bytes, start: float = 1_800_000_000.25) -> str:
    """Let something be noticed, and give the name that its event tells."""
    web.rig.waveforms.tell([dip(start)], content)
    for _ in range(100):
        await web.rig.lasts(1)
        told = (await web("GET", "/api/v1/events?kind=VoltageDisturbed")).json()
        if told and told[-1]["body"]["start"].startswith("2027"):
            return str(told[-1]["body"]["waveform"])
    raise AssertionError("nothing was told")


@pytest.mark.requirement("R-14.2-1")
@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
async def test_who_may_see_events_gets_the_file_that_they_name(web: Web, role: str) -> None:
    content = bytes(range(256)) * 100
    name = await kept(web, content)
    (row,) = (await web("GET", LIST, role=role)).json()
    assert row == {
        "name": name,
        "place": "rack1/A/feed",
        "kind": "dip",
        "start": "2027-01-15T08:00:00.125+00:00",
        "part": "whole",
        "bytes": len(content),
        "sha256": sha256(content).hexdigest(),
    }
    answer = await web("GET", f"{LIST}/{name}", role=role)
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_stranger_gets_neither_list_nor_file(web: Web) -> None:
    name = await kept(web, b"samples")
    for path in (LIST, f"{LIST}/{name}"):
        answer = await web("GET", path, role=None)
        assert answer.status_code == 401
        assert b"samples" not in answer.content


async def test_without_any_the_list_is_empty(web: Web) -> None:
    answer = await web("GET", LIST)
    assert (answer.status_code, answer.json()) == (200, [])


@pytest.mark.parametrize(
    "name",
    [
        "none",
        "..%2fsmartpdu.db",
        "..%2F..%2Fetc%2Fpasswd",
        "%2e%2e",
        "smartpdu.db",
        "%00",
        "x" * 500,
    ],
)
async def test_a_name_that_there_is_not_is_a_problem_document(web: Web, name: str) -> None:
    await kept(web, b"samples")
    answer = await web("GET", f"{LIST}/{name}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 404


async def test_an_event_tells_times_as_the_others_and_null_where_it_says_nothing(web: Web) -> None:
    await kept(web, b"samples")
    (told,) = (await web("GET", "/api/v1/events?kind=VoltageDisturbed")).json()
    body = told["body"]
    assert told["place"] == "rack1/A/feed"
    assert set(body) == set(VoltageDisturbed.__slots__)
    assert body["start"] == "2027-01-15T08:00:00.250+00:00"
    assert body["waveform_start"] == "2027-01-15T08:00:00.125+00:00"
    assert (body["largest"], body["lasting"]) == (None, None)
    assert (body["residual"], body["duration"], body["f47"]) == (150.0, 0.1, True)
