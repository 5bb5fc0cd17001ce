"""What events tell and how they are asked for; an alarm that there is not."""

from datetime import datetime

import pytest
from network.test_input import problem
from network.web import Web

from smartpdu.model import event

ALARMS = "/api/v1/alarms"
LOADED = {"rule": "load.circuit", "place": "rack1/A/circuit/1"}


async def test_a_time_inside_an_event_is_told_as_its_own_time_is(web: Web) -> None:
    web.rig.pdus["source/A"].current = 15.0
    await web.rig.lasts(30)
    shelf = {**LOADED, "minutes": 5, "reason": "at work"}
    assert (await web("POST", f"{ALARMS}/shelve", json=shelf)).status_code == 200
    await web.rig.lasts(1)
    rows = (await web("GET", "/api/v1/events?kind=AlarmShelved")).json()
    alarms = (await web("GET", ALARMS)).json()
    async with web.listens(f"/api/v1/events/stream?after={rows[0]['seq'] - 1}") as heard:
        streamed = await heard.hears(1)
    page = (await web("GET", "/screen/events")).json()

    (shelved,) = rows
    at, until = (datetime.fromisoformat(t) for t in (shelved["at"], shelved["body"]["until"]))
    assert until.tzinfo is not None
    assert 299 <= (until - at).total_seconds() <= 301
    (alarm,) = (a for a in alarms if a["rule"] == "load.circuit" and a["standing"] == "shelved")
    assert alarm["until"] == shelved["body"]["until"]
    assert f'"until":"{alarm["until"]}"' in streamed[0]["data"]
    assert shelved in page


async def test_events_are_picked_by_kind_and_each_kind_that_there_is_may_be_asked_for(
    web: Web,
) -> None:
    everything = (await web("GET", "/api/v1/events?limit=1000")).json()
    described = (await web("GET", "/api/v1/openapi.json")).json()
    parameters = described["paths"]["/api/v1/events"]["get"]["parameters"]
    kind = next(p["schema"] for p in parameters if p["name"] == "kind")

    assert "HouseStarted" in {e["kind"] for e in everything}
    for name in event.kinds():
        picked = await web("GET", f"/api/v1/events?kind={name}&limit=1000")
        assert picked.json() == [e for e in everything if e["kind"] == name]
    assert kind["items"]["enum"] == list(event.kinds())


def test_the_kinds_of_events_are_those_that_the_model_has() -> None:
    made = {c.__name__ for c in vars(event).values() if isinstance(c, type)} - {"Event", "Level"}

    assert {"AlarmShelved", "CommandDone", "HouseStopped"} < set(event.kinds())
    assert set(event.kinds()) == made - {"Any"}
    assert len(event.kinds()) == len(set(event.kinds()))


@pytest.mark.parametrize("kind", ["bogus", "", "alarmshelved", "AlarmShelved ", "Event"])
async def test_a_kind_that_there_is_not_is_422_and_names_those_there_are(
    web: Web, kind: str
) -> None:
    told = problem(
        await web("GET", "/api/v1/events", params=[("kind", "AlarmShelved"), ("kind", kind)]), 422
    )

    (wrong,) = told["errors"]
    assert (wrong["field"], wrong["found"]) == ("query.kind", kind)
    assert all(name in wrong["expected"] for name in event.kinds())


@pytest.mark.parametrize("verb", ["acknowledge", "shelve", "unshelve"])
@pytest.mark.parametrize("length", [0, 1, 255, 256, 400, 60_000])
@pytest.mark.parametrize("field", ["rule", "place"])
async def test_an_alarm_that_there_is_not_is_404_however_long_its_name(
    web: Web, verb: str, length: int, field: str
) -> None:
    name = {**LOADED, field: "x" * length}
    wish = {**name, "minutes": 5, "reason": "at work"} if verb == "shelve" else name
    problem(await web("POST", f"{ALARMS}/{verb}", json=wish), 404)
    await web.rig.lasts(1)

    written = (await web("GET", "/api/v1/events?limit=1000")).text
    assert "x" * 256 not in written
