"""What can be understood in two ways moves no relay, and a fault is told in the words of JSON."""

import asyncio
from typing import Any

import httpx
import pytest
from network.test_input import problem
from network.web import JSON, OUTLET, PATIENCE, POWER, Web

ALARMS = "/api/v1/alarms"


async def stays(web: Web) -> None:
    """Fail where any order was intended, any relay pulsed, or the outlet is not on any more."""
    await web.rig.lasts(3)
    told = (await web("GET", "/api/v1/events?limit=1000")).json()
    outlet = (await web("GET", f"/api/v1/outlets/{OUTLET}")).json()
    row = web.rig.desk.look().plant.outlets.path.index(OUTLET)

    assert {e["kind"] for e in told} & {"CommandIntended", "OutletTurned"} == set()
    assert outlet["readings"]["on"]["value"] is True
    assert web.rig.pdus["source/A"].pulses == []
    assert web.rig.pdus["source/A"].on[row]


async def test_an_order_that_is_understood_in_one_way_does_move_the_relay(web: Web) -> None:
    headers = {**JSON, "Idempotency-Key": "once"}
    answer = await web("PUT", POWER, content=b'{"on": false}', headers=headers)
    assert answer.status_code == 202

    with pytest.raises(AssertionError):
        await stays(web)


@pytest.mark.parametrize(
    "text",
    [
        '{"on": true, "on": false}',
        '{"on": false, "on": false}',
        '{"on": false, "\\u006fn": false}',
        '{"on": 1, "on": 2, "on": false}',
    ],
)
async def test_a_key_that_stands_twice_is_422_and_moves_nothing(web: Web, text: str) -> None:
    answer = await web("PUT", POWER, content=text.encode(), headers=JSON)

    times = text.count(":")
    expected = {"field": "body.on", "found": f"{times} of them", "expected": "one"}
    assert problem(answer, 422)["errors"] == [expected]
    await stays(web)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
async def test_a_word_that_json_does_not_know_is_told_as_it_was_sent(web: Web, word: str) -> None:
    answer = await web("PUT", POWER, content=f'{{"on": {word}}}'.encode(), headers=JSON)

    told = problem(answer, 422)["errors"][0]
    assert told["field"] == "body.on"
    assert told["found"] == word
    assert "JSON" in told["expected"]
    await stays(web)


@pytest.mark.parametrize("keys", [("a", "b"), ("a", "a"), ("", "a")])
async def test_two_keys_of_one_order_are_422_and_move_nothing(
    web: Web, keys: tuple[str, str]
) -> None:
    headers = [*JSON.items(), *(("Idempotency-Key", key) for key in keys)]
    headers.append(("Authorization", f"Bearer {web.secrets['operator']}"))
    request = web.client.build_request("PUT", POWER, content=b'{"on": false}', headers=headers)
    assert len(request.headers.get_list("idempotency-key")) == 2

    asked = asyncio.create_task(web.client.send(request))
    await web.turns_until(asked)
    told = problem(await asked, 422)
    assert told["errors"][0]["field"] == "header.idempotency-key"
    assert told["errors"][0]["found"] == "2 of them"
    await stays(web)


@pytest.mark.parametrize("coding", ["gzip", "identity", "br, gzip", ""])
async def test_a_body_in_a_coding_is_415_and_moves_nothing(web: Web, coding: str) -> None:
    headers = {**JSON, "Content-Encoding": coding}
    answer = await web("PUT", POWER, content=b'{"on": false}', headers=headers)

    assert problem(answer, 415)["detail"].startswith(f"Content-Encoding: found {coding}")
    await stays(web)


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ('{"on": tru}', '"tru}" at character 8', "JSON: Expecting value"),
        ('{"on": true', "its end", "JSON: Expecting ',' delimiter"),
        ("{'on': true}", "\"'on': true}\" at character 2", "JSON: Expecting property name"),
        ('{"on": true} x', '"x" at character 14', "JSON: Extra data"),
        ('{"on": True}', '"True}" at character 8', "JSON: Expecting value"),
    ],
)
async def test_broken_json_is_told_with_the_character_where_it_breaks(
    web: Web, text: str, found: str, expected: str
) -> None:
    told = problem(await web("PUT", POWER, content=text.encode(), headers=JSON), 422)

    assert told["errors"][0]["field"] == "body"
    assert told["errors"][0]["found"] == found
    assert told["errors"][0]["expected"].startswith(expected)
    assert found in told["detail"]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("null", "null"),
        ("[true, null]", "[true, null]"),
        ('{"a": false}', '{"a": false}'),
        ('"off"', '"off"'),
        ('"\\ud800"', '"\\ud800"'),
        ('"ä"', '"ä"'),
        ("1e999", "Infinity"),
    ],
)
async def test_a_fault_is_told_in_the_words_of_json(web: Web, value: str, found: str) -> None:
    answer = await web("PUT", POWER, content=f'{{"on": {value}}}'.encode(), headers=JSON)

    expected = {"field": "body.on", "found": found, "expected": "true or false"}
    assert problem(answer, 422)["errors"] == [expected]


async def test_no_fault_speaks_of_python(web: Web) -> None:
    wishes: list[Any] = [None, True, [None], "x", 5, {}, {"on": None}, {"on": True, "by": None}]
    wishes += [{"rule": None, "place": True, "minutes": None, "reason": False, "x": None}]
    for wish in wishes:
        for method, path in (("PUT", POWER), ("POST", f"{ALARMS}/shelve")):
            answer = await web(method, path, json=wish)
            problem(answer, 422)
            for word in ("None", "True", "False", "dict", "nan"):
                assert word not in answer.text, (wish, answer.text)


async def test_a_fault_repeats_only_the_beginning_of_what_was_sent(web: Web) -> None:
    long = "x" * 5000
    for path in (
        f"/api/v1/outlets/{long}",
        f"/api/v1/commands/{long}",
        f"/api/v1/events?after={long}",
        f"/api/v1/events?{long}=1",
        f"/api/v1/history/{long}?quantity=voltage",
        f"/api/v1/history/rack1/A/L1?quantity={long}",
    ):
        answer = await web("GET", path)
        assert 100 < len(answer.text) < 2500, path
        assert "x..." in answer.text


async def test_a_key_that_is_half_a_character_is_422(web: Web) -> None:
    for text in ('{"\\ud800": 1}', '{"\\ud800": 1, "\\ud800": 1}', '{"on": {"\\ud800": NaN}}'):
        problem(await web("PUT", POWER, content=text.encode(), headers=JSON), 422)
    await stays(web)


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
async def test_a_body_that_is_not_utf_8_is_422_and_moves_nothing(web: Web, coding: str) -> None:
    answer = await web("PUT", POWER, content='{"on": false}'.encode(coding), headers=JSON)

    expected = {"field": "body", "found": "another coding", "expected": "JSON in UTF-8"}
    assert problem(answer, 422)["errors"] == [expected]
    await stays(web)


async def test_a_mark_before_utf_8_is_no_fault(web: Web) -> None:
    answer = await web("PUT", POWER, content=b'\xef\xbb\xbf{"on": false}', headers=JSON)
    assert answer.status_code == 202


async def test_a_body_of_any_depth_is_422(web: Web) -> None:
    statuses = set()
    for depth in range(1, 1100, 3):
        text = '{"on":' * depth + "false" + "}" * depth if depth > 1 else '{"on": [false]}'
        answer: httpx.Response = await web("PUT", POWER, content=text.encode(), headers=JSON)
        statuses.add(answer.status_code)
    assert statuses == {422}
    await stays(web)


OTHER = "rack1/A/outlet/1"


@pytest.mark.requirement("R-14.2-3")
@pytest.mark.parametrize("done", [True, False], ids=["after its end", "at once"])
@pytest.mark.parametrize(
    ("outlet", "on", "what", "faults"),
    [
        (OTHER, False, "outlet", [("path", OTHER, OUTLET)]),
        (OUTLET, True, "body", [("body.on", "true", "false")]),
        (OTHER, True, "outlet and body", [("path", OTHER, OUTLET), ("body.on", "true", "false")]),
    ],
)
async def test_a_key_of_another_wish_is_422_and_says_what_differs(
    web: Web, done: bool, outlet: str, on: bool, what: str, faults: list[tuple[str, str, str]]
) -> None:
    headers = {"Idempotency-Key": "k-1"}
    path = f"/api/v1/outlets/{outlet}/power"
    if done:
        first = asyncio.create_task(web("PUT", POWER, json={"on": False}, headers=headers))
        await first
        await web.rig.lasts(3)
    else:  # it waits for a turn of the house
        web.rig.desk._asked.clear()  # what was asked before is no sign of this one
        bearer = {**headers, "Authorization": f"Bearer {web.secrets['operator']}"}
        asked = web.client.put(POWER, json={"on": False}, headers=bearer)
        first = asyncio.create_task(asked)
        await asyncio.wait_for(web.rig.desk.wait_asked(), PATIENCE)
        assert not first.done()
    told = problem(await web("PUT", path, json={"on": on}, headers=headers), 422)
    await web.turns_until(first)
    await web.rig.lasts(3)

    assert (await first).status_code == 202
    assert told["detail"].startswith(f"the Idempotency-Key k-1 was used with another {what} before")
    assert [tuple(fault.values()) for fault in told["errors"]] == faults
    assert web.rig.pdus["source/A"].pulses == [(OUTLET, False)]
