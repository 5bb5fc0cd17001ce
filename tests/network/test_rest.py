"""REST behind its door: the whole app in process, over a real house with real relays of the rig."""

import pytest
from network.web import HOST, OUTLET, POWER
from openapi_spec_validator import validate

from smartpdu.model.request import Role
from smartpdu.store import access


@pytest.mark.requirement("R-14.2-1")
@pytest.mark.parametrize(
    "kind", ["racks", "pdus", "feeds", "phases", "circuits", "outlets", "probes", "doors"]
)
async def test_lists_are_arrays_of_rows_and_each_row_is_found_by_its_path(web, kind) -> None:
    rows = (await web("GET", f"/api/v1/{kind}")).json()

    assert isinstance(rows, list)
    for row in rows:
        one = (await web("GET", f"/api/v1/{kind}/{row['path']}")).json()
        assert one["path"] == row["path"]
        for reading in one["readings"].values():
            assert set(reading) == {"value", "unit", "at", "quality"}


async def test_a_reading_has_value_unit_time_and_quality_and_a_gap_is_null(web) -> None:
    readings = (await web("GET", f"/api/v1/outlets/{OUTLET}")).json()["readings"]

    assert readings["current"]["value"] == 1.0
    assert readings["current"]["unit"] == "A"
    assert readings["current"]["quality"] == "good"
    assert readings["on"]["value"] is True
    assert readings["voltage"] == {**readings["voltage"], "value": None, "quality": "gap"}


@pytest.mark.requirement("R-14.2-3")
async def test_a_switch_is_202_with_a_command_that_becomes_done(web) -> None:
    answer = await web("PUT", POWER, json={"on": False})

    assert answer.status_code == 202
    where = answer.headers["location"]
    assert where.startswith("/api/v1/commands/")
    assert answer.json()["state"] == "intended"
    await web.rig.lasts(3)
    told = (await web("GET", where)).json()
    assert (told["state"], told["on"], told["place"]) == ("done", False, OUTLET)
    assert web.rig.pdus["source/A"].pulses == [(OUTLET, False)]


async def test_who_asked_is_told_by_the_id_of_the_token_and_by_its_name(web) -> None:
    id = await web.rig.memory.access(access.create_token, "operator", 0.0, "named", "night shift")
    named = {"Authorization": "Bearer named"}
    answer = await web("PUT", POWER, role=None, json={"on": False}, headers=named)
    await web.rig.lasts(3)
    events = (await web("GET", "/api/v1/events?limit=1000")).json()
    told = {e["body"]["by"] for e in events if e["kind"] in ("CommandIntended", "CommandDone")}

    assert answer.json()["by"] == f"token:{id} night shift"
    assert told == {f"token:{id} night shift"}


@pytest.mark.requirement("R-14.2-3")
async def test_a_key_replays_its_command_and_another_body_is_422(web) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = await web("PUT", POWER, json={"on": False}, headers=dict(key))
    again = await web("PUT", POWER, json={"on": False}, headers=dict(key))
    other = await web("PUT", POWER, json={"on": True}, headers=dict(key))
    await web.rig.lasts(3)

    assert again.headers["location"] == first.headers["location"]
    assert other.status_code == 422
    assert other.headers["content-type"] == "application/problem+json"
    assert len(web.rig.pdus["source/A"].pulses) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.on"),
        ({"on": 1}, "body.on"),
        ({"on": "true"}, "body.on"),
        ({"on": True, "force": True}, "body.force"),
    ],
)
async def test_a_body_with_a_fault_is_422_and_names_the_field(web, body, field) -> None:
    answer = await web("PUT", POWER, json=body)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == field
    assert web.rig.pdus["source/A"].pulses == []


@pytest.mark.parametrize("text", ["", "{", "[]", '"on"'])
async def test_a_body_that_is_no_object_is_422(web, text) -> None:
    headers = {"content-type": "application/json"}
    answer = await web("PUT", POWER, content=text, headers=headers)

    assert answer.status_code == 422


async def test_refusals_have_their_own_status(web) -> None:
    viewer = await web("PUT", POWER, role="viewer", json={"on": False})
    nowhere = await web("PUT", "/api/v1/outlets/rack1/A/outlet/99/power", json={"on": False})
    web.rig.pdus["source/A"].manner = "liar"
    first = await web("PUT", POWER, json={"on": False})
    busy = await web("PUT", POWER, json={"on": True})
    web.rig.pdus["source/B"].manner = "silent"
    await web.rig.lasts(3)
    blind = await web("PUT", "/api/v1/outlets/rack1/B/outlet/1/power", json={"on": False})

    assert first.status_code == 202
    assert [a.status_code for a in (viewer, nowhere, busy, blind)] == [403, 404, 409, 409]
    assert all(a.headers["content-type"] == "application/problem+json" for a in (viewer, busy))


@pytest.mark.requirement("R-14.2-2")
async def test_without_credentials_only_health_and_login_answer(web) -> None:
    paths = list((await web("GET", "/api/v1/openapi.json")).json()["paths"])
    paths += ["/", "/screen/plan", "/screen/ticks", "/screen/static/app.js", "/nothing"]
    paths += ["//healthz", "/healthz/", "/%68ealthz/x", "/api/v1/outlets;x", "/API/V1/outlets"]
    for path in paths:
        for method in ("GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS"):
            bare = await web(method, path, role=None)
            web.secrets["forged"] = "forged"
            forged = await web(method, path, role="forged")
            assert {bare.status_code, forged.status_code} == {401}, (method, path)
    assert (await web("GET", "/healthz", role=None)).json() == {"status": "ok"}


async def test_a_revoked_token_is_refused_at_the_next_request(web) -> None:
    assert (await web("GET", "/api/v1/racks")).status_code == 200
    tokens = await web.rig.memory.consult(access.tokens)
    operator = next(t for t in tokens if t.role == "operator")
    await web.rig.memory.access(access.revoke_token, operator.id, 1.0)

    assert (await web("GET", "/api/v1/racks")).status_code == 401


async def test_the_description_is_openapi_3_1_and_valid(web) -> None:
    described = (await web("GET", "/api/v1/openapi.json")).json()

    assert described["openapi"].startswith("3.1")
    validate(described)
    assert "/api/v1/outlets/{path}/power" in described["paths"]


async def test_an_unchanged_view_is_304(web) -> None:
    bearer = {"Authorization": f"Bearer {web.secrets['viewer']}"}
    first = await web.client.get("/api/v1/outlets", headers=bearer)
    headers = {**bearer, "If-None-Match": first.headers["etag"]}

    assert (await web.client.get("/api/v1/outlets", headers=headers)).status_code == 304
    await web.rig.lasts(1)
    assert (await web.client.get("/api/v1/outlets", headers=headers)).status_code == 200


@pytest.mark.requirement("R-14.2-4")
async def test_events_are_paged_by_cursor(web) -> None:
    await web("PUT", POWER, json={"on": False})
    await web.rig.lasts(3)
    everything = (await web("GET", "/api/v1/events?limit=1000")).json()
    seen, path = [], "/api/v1/events?limit=2"
    while path:
        page = await web("GET", path)
        seen += page.json()
        path = page.links.get("next", {}).get("url", "")

    assert seen == everything
    assert [e["seq"] for e in seen] == sorted(e["seq"] for e in seen)
    assert len(seen) >= 3


async def test_the_stream_goes_on_after_the_last_event_that_was_heard(web) -> None:
    await web("PUT", POWER, json={"on": False})
    await web.rig.lasts(3)
    everything = (await web("GET", "/api/v1/events?limit=1000")).json()
    followed = web.rig.desk.follow(everything[0]["seq"])
    told = [await anext(followed) for _ in everything[1:]]
    await followed.aclose()

    assert [t.seq for t in told] == [e["seq"] for e in everything[1:]]


async def test_alarms_are_told_with_cause_and_action_and_can_be_acknowledged(web) -> None:
    web.rig.pdus["source/A"].manner = "silent"
    await web.rig.lasts(5)
    alarm = (await web("GET", "/api/v1/alarms")).json()[0]
    name = {"rule": alarm["rule"], "place": alarm["place"]}
    viewer = await web("POST", "/api/v1/alarms/acknowledge", role="viewer", json=name)
    known = await web("POST", "/api/v1/alarms/acknowledge", json=name)

    assert (alarm["name"], alarm["failure"]) == ("A (rack1, PDU A)", "no answer")
    assert all(alarm[k][tongue] for k in ("title", "cause", "action") for tongue in ("en", "de"))
    assert (viewer.status_code, known.status_code) == (403, 200)
    assert (await web("GET", "/api/v1/alarms")).json()[0]["standing"] == "known"


async def test_a_source_tells_what_it_reads_and_why_it_does_not_answer_until_it_does(web) -> None:
    async def told() -> list[tuple[str, str]]:
        return [(s["name"], s["failure"]) for s in (await web("GET", "/api/v1/sources")).json()]

    well = [("A (rack1, PDU A)", ""), ("B (rack1, PDU B)", "")]
    assert await told() == well
    web.rig.pdus["source/A"].manner = "silent"
    await web.rig.lasts(1)
    assert await told() == [("A (rack1, PDU A)", "no answer"), well[1]]
    web.rig.pdus["source/A"].manner = "broken"
    await web.rig.lasts(5)
    assert await told() == [("A (rack1, PDU A)", "a bug in a driver"), well[1]]
    web.rig.pdus["source/A"].manner = "honest"
    await web.rig.lasts(2)
    assert await told() == well
    assert {a["failure"] for a in (await web("GET", "/api/v1/alarms")).json()} == {""}


async def test_history_is_told_with_gaps_as_null(web) -> None:
    await web.rig.lasts(5)
    path = "/api/v1/history/rack1/A/L1?quantity=voltage&points=3600"
    course = (await web("GET", path)).json()

    assert course["unit"] == "V"
    assert set(course["mean"]) == {230.0, None}
    wrong = await web("GET", "/api/v1/history/rack1/A/L1?quantity=colour")
    assert wrong.status_code == 404


async def test_a_link_opens_once_and_its_cookie_writes_only_from_the_own_page(web) -> None:
    link = await web.rig.desk.new_link(Role.OPERATOR)
    opened = await web("GET", f"/login?link={link}", role=None)
    cookie = opened.headers["set-cookie"]
    own = {"Origin": HOST}

    assert opened.status_code == 303
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "smartpdu_session="))
    assert (await web("GET", "/api/v1/racks", role=None)).status_code == 200
    for headers in ({}, {"Origin": "http://evil.test"}, {"Origin": "null"}):
        foreign = await web("PUT", POWER, role=None, json={"on": False}, headers=headers)
        assert foreign.status_code == 403
    assert (await web("PUT", POWER, role=None, json={"on": False}, headers=own)).status_code == 202
    web.client.cookies.clear()
    assert (await web("GET", f"/login?link={link}", role=None)).status_code == 401


async def test_a_link_is_no_good_after_ten_minutes(web) -> None:
    link = await web.rig.desk.new_link(Role.ADMIN)
    await web.rig.lasts(601, every=601)

    assert (await web("GET", f"/login?link={link}", role=None)).status_code == 401


async def test_every_answer_forbids_frames_and_sniffing(web) -> None:
    for path in ("/healthz", "/", "/api/v1/racks", "/nothing"):
        headers = (await web("GET", path, role=None)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "server" not in headers
