"""Histories are asked for by times as people and programs write them; what has none is told."""

from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from network.test_input import problem
from network.web import Web

HISTORY = "/api/v1/history"
PHASE = f"{HISTORY}/rack1/A/L1"
START = 1_800_000_000  # when the clock of the rig begins: 2027-01-15T08:00:00Z


async def course(web: Web, start: str, end: str = "1800000008") -> Any:
    query = {"quantity": "voltage", "from": start, "to": end, "points": "8"}
    answer = await web("GET", PHASE, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    "start",
    [
        "1800000002.0",
        "1.800000002e9",
        "2027-01-15T08:00:02Z",
        "2027-01-15t08:00:02z",
        "2027-01-15 08:00:02.000Z",
        "2027-01-15T08:00:02+00:00",
        "2027-01-15T08:00:02-00:00",
        "2027-01-15T09:00:02+01:00",
        "2027-01-15T09:00:02 01:00",
        "2027-01-14T22:30:02-09:30",
    ],
)
async def test_a_time_may_be_seconds_or_rfc_3339_with_any_zone(web: Web, start: str) -> None:
    await web.rig.lasts(8)
    plain = await course(web, "1800000002")
    other = await course(web, "1800000004")

    assert await course(web, start) == plain != other
    assert any(value is not None for value in plain["mean"])
    assert datetime.fromisoformat(plain["at"][0]).timestamp() >= START + 2


async def test_a_time_that_was_answered_can_be_asked_for_as_it_stands(web: Web) -> None:
    await web.rig.lasts(8)
    path = f"{PHASE}?quantity=voltage&points=8&from={START + 1}&to={START + 8}"
    at = (await web("GET", path)).json()["at"]

    bare = f"{PHASE}?quantity=voltage&points=8&from={at[2]}&to={at[6]}"  # its + is not escaped
    again = (await web("GET", bare)).json()
    assert again == await course(web, str(START + 3), str(START + 7))


@pytest.mark.parametrize("name", ["from", "to"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2027-01-15T08:00:02", "a time with its zone"),
        ("2027-01-15 08:00:02.5", "a time with its zone"),
        ("2027-01-15", "RFC 3339"),
        ("2027-01-15T08:00Z", "RFC 3339"),
        ("2027-01-15T08:00:02 CET", "RFC 3339"),
        ("2027-02-30T08:00:02Z", "that there are"),
        ("2027-01-15T25:00:02Z", "that there are"),
        ("2027-01-15T08:00:02+25:00", "that there are"),
        ("0001-01-01T00:00:00Z", "from 1970 to 2242"),
        ("9999-12-31T23:59:59Z", "from 1970 to 2242"),
        ("20270115T080002Z", "RFC 3339"),
        ("yesterday", "RFC 3339"),
        ("", "RFC 3339"),
        ("nan", "RFC 3339"),
        ("1_800_000_000", "RFC 3339"),
        ("\u0661\u0662", "RFC 3339"),
    ],
)
async def test_a_time_that_is_none_is_422_and_says_what_is_one(
    web: Web, name: str, text: str, expected: str
) -> None:
    told = problem(await web("GET", PHASE, params={"quantity": "voltage", name: text}), 422)

    (wrong,) = told["errors"]
    assert (wrong["field"], wrong["found"]) == (f"query.{name}", f'"{text}"'), wrong
    assert expected in wrong["expected"]


async def test_a_span_that_is_none_is_told_as_times(web: Web) -> None:
    query = {"quantity": "voltage", "from": f"{START + 5}", "to": "2027-01-15T08:00:05Z"}
    (wrong,) = problem(await web("GET", PHASE, params=query), 422)["errors"]

    assert wrong["field"] == "query.from"
    assert wrong["found"] == "2027-01-15T08:00:05.000+00:00"
    assert "2027-01-15T08:00:05.000+00:00" in wrong["expected"]


async def test_the_description_tells_both_ways_and_its_examples_are_good(web: Web) -> None:
    described = (await web("GET", "/api/v1/openapi.json")).json()
    parameters = described["paths"][f"{HISTORY}/{{path}}"]["get"]["parameters"]

    for name in ("from", "to"):
        (told,) = (p for p in parameters if p["name"] == name)
        choices, examples = told["schema"]["anyOf"], told["schema"]["examples"]
        assert [c["type"] for c in choices] == ["string", "number"]
        assert "date-time" in {c.get("format") for c in choices}
        assert "RFC 3339" in told["description"]
        assert {type(example) for example in examples} == {str, int}
        checker = Draft202012Validator(told["schema"], format_checker=None)
        for example in examples:
            checker.validate(example)
            query = {"quantity": "voltage", name: example}
            answer = await web("GET", PHASE, params=query)
            fault = answer.json().get("errors", [{"field": "query.from", "expected": ""}])[0]
            assert answer.status_code == 200 or "a time before to" in fault["expected"]


@pytest.mark.parametrize(
    ("path", "feeds"),
    [("rack1", "rack1/A/feed, rack1/B/feed"), ("rack1/B", "rack1/B/feed")],
)
@pytest.mark.parametrize("quantity", ["active_power", "apparent_power"])
async def test_a_sum_has_no_history_and_says_whose_histories_there_are(
    web: Web, path: str, feeds: str, quantity: str
) -> None:
    await web.rig.lasts(3)
    told = problem(await web("GET", f"{HISTORY}/{path}?quantity={quantity}"), 404)

    (wrong,) = told["errors"]
    assert (wrong["field"], wrong["found"]) == ("path", path)
    assert wrong["expected"].endswith(f": {feeds}")
    for feed in feeds.split(", "):
        one = await web("GET", f"{HISTORY}/{feed}?quantity={quantity}")
        assert one.status_code == 200


@pytest.mark.parametrize(
    ("path", "quantity"), [("rack1/A/L1", "colour"), ("rack1/A/L1", "load.reserve"), ("rack1", "x")]
)
async def test_a_quantity_without_a_history_is_404_and_those_that_have_one_are_named(
    web: Web, path: str, quantity: str
) -> None:
    told = problem(await web("GET", f"{HISTORY}/{path}?quantity={quantity}"), 404)

    (wrong,) = told["errors"]
    assert (wrong["field"], wrong["found"]) == ("query.quantity", quantity)
    kept = wrong["expected"].partition(": ")[2].split(", ")
    assert (kept == ["none"]) == (path == "rack1")
    for name in kept if path != "rack1" else ():
        assert (await web("GET", f"{HISTORY}/{path}?quantity={name}")).status_code == 200


async def test_the_house_itself_and_a_place_that_there_is_not_have_no_history(web: Web) -> None:
    for path in ("house", "rack9", "rack1/A/L1:voltage"):
        problem(await web("GET", f"{HISTORY}/{path}?quantity=voltage"), 404)
    nowhere = (await web("GET", f"{HISTORY}/rack9?quantity=voltage")).json()
    assert nowhere["detail"] == "there is no place rack9"


def test_the_clock_of_these_tests_is_the_one_of_the_rig() -> None:
    assert datetime(2027, 1, 15, 8, tzinfo=UTC).timestamp() == START
