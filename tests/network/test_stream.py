"""Events as a page and as a stream: from a place in the journal, each once, in order, at once."""

import asyncio
import json

import pytest
from network.web import POWER, Web

from smartpdu.network.rest import events as rest
from smartpdu.runtime.view import Told
from smartpdu.store.database import StoreError

STREAM = "/api/v1/events/stream"


async def happens(web: Web, count: int = 1) -> None:
    """Some events come into the journal: an outlet is switched to and fro."""
    for number in range(count):
        assert (await web("PUT", POWER, json={"on": number % 2 == 1})).status_code == 202
        await web.rig.lasts(2)


async def everything(web: Web) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = (await web("GET", "/api/v1/events?limit=1000")).json()
    return rows


@pytest.mark.requirement("R-14.2-4")
async def test_a_stream_tells_each_event_once_with_its_number_kind_and_whole_row(web: Web) -> None:
    async with web.listens(f"{STREAM}?after=0") as heard:
        await happens(web, 3)
        rows = await everything(web)
        told = await heard.hears(len(rows))

    assert heard.headers["content-type"].startswith("text/event-stream")
    assert len(rows) >= 10
    assert [json.loads(t["data"]) for t in told] == rows
    assert [(int(t["id"]), t["event"]) for t in told] == [(r["seq"], r["kind"]) for r in rows]


async def test_a_stream_without_a_place_tells_only_what_comes_from_now_on(web: Web) -> None:
    await happens(web)
    before = len(await everything(web))
    async with web.listens(STREAM) as heard:
        await heard.begins()
        await happens(web)
        after = (await everything(web))[before:]
        told = await heard.hears(len(after))

    assert [json.loads(t["data"]) for t in told] == after


@pytest.mark.requirement("R-14.2-4")
async def test_a_stream_that_broke_off_goes_on_after_the_last_event_that_was_heard(
    web: Web,
) -> None:
    numbers: list[str] = []
    last = {"Last-Event-ID": "0"}
    for _ in range(4):  # its client leaves and comes back, while things go on happening
        async with web.listens(f"{STREAM}?after=0", last) as heard:
            await happens(web)
            numbers += [told["id"] for told in await heard.hears(2)]
            last = {"Last-Event-ID": numbers[-1]}
        await happens(web)
    rows = await everything(web)
    async with web.listens(STREAM, last) as heard:
        missing = len(rows) - len(numbers)
        numbers += [told["id"] for told in await heard.hears(missing)]

    assert [int(n) for n in numbers] == [row["seq"] for row in rows]


async def test_an_event_is_heard_as_soon_as_it_is_recorded_and_not_at_the_next_tick(
    web: Web,
) -> None:
    last = (await everything(web))[-1]["seq"]
    async with web.listens(f"{STREAM}?after={last}") as heard:
        await heard.begins()
        await asyncio.sleep(0.05)  # so that it waits for news, and does not find it by itself
        web.rig.desk._asked.clear()
        asked = asyncio.create_task(web.client.put(POWER, json={"on": False}, headers=bearer(web)))
        await web.rig.desk.wait_asked()
        await web.rig.loop.turn()  # the only one: what is recorded after it wakes nobody else
        await web.rig.recorder.drain()

        assert [told["event"] for told in await heard.hears(1)] == ["CommandIntended"]
        assert (await asked).status_code == 202


def bearer(web: Web) -> dict[str, str]:
    return {"Authorization": f"Bearer {web.secrets['operator']}"}


async def test_a_quiet_stream_shows_that_it_lives(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "HEARTBEAT", 0.02)
    async with web.listens(STREAM) as heard:
        await heard.comes(lambda: heard.body.count(b": still here\n\n") >= 2)
    assert heard.body.startswith(b": smartpdu\n\n: still here\n\n: still here\n\n")
    assert heard.events() == []


async def test_a_stream_whose_journal_cannot_be_read_ends_and_the_next_one_is_told_why(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = Told(10**6, 0.0, "Nothing", "house", {})
    async with web.listens(f"{STREAM}?after=0") as heard:
        await heard.hears(1)

        def broken(*_: object) -> None:
            raise StoreError("the disk is gone")

        with monkeypatch.context() as gone:
            gone.setattr(web.rig.memory.database, "read", broken)
            web.rig.desk.tell([forged])  # it looks for news
            await asyncio.wait_for(heard.ended.wait(), 20)
            again = await web("GET", STREAM)
    assert (again.status_code, again.json()["detail"]) == (503, "the disk is gone")


@pytest.mark.parametrize("path", ["/api/v1/events", STREAM])
async def test_a_place_that_the_journal_has_not_reached_is_refused(web: Web, path: str) -> None:
    last = (await everything(web))[-1]["seq"]
    beyond = await web("GET", f"{path}?after={last + 1}")

    assert beyond.status_code == 422
    fault = beyond.json()["errors"][0]
    assert fault == {
        "field": "query.after",
        "found": str(last + 1),
        "expected": f"a sequence number of this journal, {last} at most",
    }
    assert (await web("GET", f"/api/v1/events?after={last}")).json() == []


async def test_pages_can_be_filtered_by_place_and_kind_and_hold_what_lies_below(web: Web) -> None:
    await happens(web, 2)
    kinds = "kind=CommandIntended&kind=CommandDone"
    rows = (await web("GET", f"/api/v1/events?place=rack1/A&{kinds}&limit=3")).json()

    assert [r["kind"] for r in rows] == ["CommandIntended", "CommandDone", "CommandIntended"]
    assert (await web("GET", "/api/v1/events?place=rack1/B")).json() == []
    assert (await web("GET", "/api/v1/events?place=rack1/A/outlet/22")).json() == []


async def test_the_next_page_keeps_the_filter(web: Web) -> None:
    await happens(web, 3)
    path, seen = "/api/v1/events?place=rack1/A&kind=CommandDone&limit=1", []
    while path:
        page = await web("GET", path)
        seen += [row["kind"] for row in page.json()]
        path = page.links.get("next", {}).get("url", "")

    assert seen == ["CommandDone"] * 3


async def test_many_listeners_hear_the_same(web: Web) -> None:
    async with (
        web.listens(f"{STREAM}?after=0") as one,
        web.listens(f"{STREAM}?after=0") as other,
    ):
        await happens(web, 2)
        count = len(await everything(web))
        assert await one.hears(count) == await other.hears(count)
