"""Who comes in: tokens, links, sessions, origins; each law of the door, and nobody beside it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from network.web import HOST, POWER, Listener, Web, scope

from smartpdu.model.request import Role
from smartpdu.network.http import built
from smartpdu.network.link import COOKIE, TRIES
from smartpdu.network.notice import preferred
from smartpdu.runtime.desk import LINK, SESSION
from smartpdu.runtime.view import Unrecallable
from smartpdu.store.database import StoreError

RACKS = "/api/v1/racks"
TICKS = "/api/v1/events/stream?after=0"


async def session(web: Web, role: Role = Role.OPERATOR) -> str:
    """The secret of a fresh session, which the client no longer shows by itself."""
    opened = await web("GET", f"/login?link={await web.rig.desk.new_link(role)}", role=None)
    web.client.cookies.clear()
    return opened.cookies[COOKIE]


def cookie(secret: str) -> dict[str, str]:
    return {"cookie": f"{COOKIE}={secret}"}


# ---- law 2: an Authorization decides alone ----------------------------------------------------


async def test_a_bad_token_is_refused_though_a_good_session_is_shown_beside_it(web: Web) -> None:
    shown = cookie(await session(web))

    for value in ("Bearer forged", "Bearer", "Basic Zm9yZ2Vk", "bearer  ", ""):
        answer = await web("GET", RACKS, role=None, headers={**shown, "Authorization": value})
        assert answer.status_code == 401, value
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (await web("GET", RACKS, role=None, headers=shown)).status_code == 200


@pytest.mark.parametrize("order", [("operator", "forged"), ("forged", "operator")])
async def test_of_two_tokens_in_one_request_neither_counts(
    web: Web, order: tuple[str, str]
) -> None:
    web.secrets["forged"] = "forged"
    pairs = [("Authorization", f"Bearer {web.secrets[role]}") for role in order]

    assert (await web.client.get(RACKS, headers=pairs)).status_code == 401


async def test_a_stale_session_does_not_spoil_a_good_token(web: Web) -> None:
    assert (await web("GET", RACKS, headers=cookie("stale"))).status_code == 200


async def test_a_name_that_a_client_claims_for_itself_counts_for_nothing(web: Web) -> None:
    claims = {
        "remote-user": "admin",
        "x-remote-user": "admin",
        "x-forwarded-user": "admin",
        "x-forwarded-for": "127.0.0.1",
        "x-http-method-override": "GET",
        "forwarded": "for=127.0.0.1",
    }

    assert (await web("GET", RACKS, role=None, headers=claims)).status_code == 401


@pytest.mark.parametrize("odd", ["\x00", " ", "\xa0", "\r", "x" * 10_000])
async def test_odd_characters_make_no_token_of_another(web: Web, odd: str) -> None:
    secret = web.secrets["operator"]
    for claimed in (secret + odd, odd + secret, secret.upper(), secret[:-1]):
        heard = Listener()
        asked = scope(RACKS, {"authorization": f"Bearer {claimed}"})
        await web.app(asked, heard.receive, heard.send)
        assert heard.status == (200 if claimed.strip() == secret else 401), repr(claimed[:40])


# ---- law 3: a session writes, and opens a websocket, only from the own page --------------------


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (HOST, 202),
        (None, 403),
        ("", 403),
        ("null", 403),
        ("https://rack.test", 403),
        ("http://rack.test:8080", 403),
        ("http://rack.test.evil.test", 403),
        (f"{HOST}, {HOST}", 403),
    ],
)
async def test_a_session_writes_only_with_the_own_origin(
    web: Web, origin: str | None, status: int
) -> None:
    headers = cookie(await session(web))
    if origin is not None:
        headers["Origin"] = origin

    answer = await web("PUT", POWER, role=None, json={"on": False}, headers=headers)

    assert answer.status_code == status
    assert len(web.rig.pdus["source/A"].pulses) == (status == 202)


async def test_a_session_reads_without_an_origin_and_a_token_writes_without_one(web: Web) -> None:
    shown = cookie(await session(web))

    assert (await web("GET", RACKS, role=None, headers=shown)).status_code == 200
    assert (await web("PUT", POWER, json={"on": False})).status_code == 202


async def test_a_viewers_session_may_look_and_not_switch(web: Web) -> None:
    shown = {**cookie(await session(web, Role.VIEWER)), "Origin": HOST}

    assert (await web("GET", RACKS, role=None, headers=shown)).status_code == 200
    refused = await web("PUT", POWER, role=None, json={"on": False}, headers=shown)
    assert refused.status_code == 403
    assert web.rig.pdus["source/A"].pulses == []


async def knocked(web: Web, headers: dict[str, str]) -> tuple[bool, list[Any]]:
    """Whether a websocket reached the app behind the door, and what the client was sent."""
    reached, sent = [], []

    async def app(seen: Any, _receive: Any, _send: Any) -> None:
        reached.append(seen["state"]["principal"])

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    web.app._app = app
    await web.app(scope("/socket", headers, "websocket"), receive, send)
    return bool(reached), sent


async def test_a_websocket_by_session_needs_the_own_origin(web: Web) -> None:
    shown = cookie(await session(web))

    for headers in ({}, {"origin": "http://evil.test"}, {"origin": "null"}):
        reached, sent = await knocked(web, {**shown, **headers})
        assert not reached
        assert [(m["type"], m["code"]) for m in sent] == [("websocket.close", 1008)]
    assert (await knocked(web, {**shown, "origin": HOST}))[0]


async def test_a_websocket_needs_a_credential_and_a_token_is_one(web: Web) -> None:
    reached, sent = await knocked(web, {"origin": HOST})
    assert not reached
    assert sent[0]["code"] == 1008
    assert (await knocked(web, {"authorization": f"Bearer {web.secrets['viewer']}"}))[0]


# ---- law 4: a stream ends with its credential --------------------------------------------------


async def test_a_stream_goes_on_while_its_token_is_good_and_ends_when_it_is_revoked(
    web: Web,
) -> None:
    web.app._recheck = 0.02
    async with web.listens(TICKS) as heard:
        await heard.hears(1)
        await asyncio.sleep(0.2)
        assert not heard.ended.is_set()

        await web.revoke("operator")

        await asyncio.wait_for(heard.ended.wait(), 20)
    assert (await web("GET", RACKS)).status_code == 401


async def test_a_stream_by_session_ends_when_the_session_is_left(web: Web) -> None:
    web.app._recheck = 0.02
    secret, other = await session(web), await session(web)
    async with (
        web.listens(TICKS, cookie(secret), role=None) as left,
        web.listens(TICKS, cookie(other), role=None) as stays,
    ):
        headers = {**cookie(secret), "Origin": HOST}
        gone = await web("POST", "/screen/leave", role=None, headers=headers)
        assert gone.status_code == 200
        await asyncio.wait_for(left.ended.wait(), 20)
        await asyncio.sleep(0.1)
        assert not stays.ended.is_set()


async def test_a_stream_ends_where_nobody_can_tell_whether_its_credential_is_good(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.app._recheck = 0.02

    async def unknown(_secret: str) -> None:
        raise Unrecallable("the disk is gone")

    async with web.listens(TICKS) as heard:
        await heard.hears(1)
        monkeypatch.setattr(web.rig.desk, "principal_of_token", unknown)
        await asyncio.wait_for(heard.ended.wait(), 20)
    assert heard.status == 200


# ---- links ------------------------------------------------------------------------------------


@pytest.mark.requirement("R-14.2-2")
async def test_of_many_who_show_one_link_at_once_one_comes_in(web: Web) -> None:
    link = await web.rig.desk.new_link(Role.ADMIN)
    answers = await asyncio.gather(
        *(web("GET", f"/login?link={link}", role=None) for _ in range(TRIES - 1))
    )

    assert sorted(a.status_code for a in answers) == [303] + [401] * (TRIES - 2)


@pytest.mark.parametrize(("waited", "status"), [(LINK - 1, 303), (LINK + 1, 401)])
async def test_a_link_is_good_for_ten_minutes_and_no_longer(
    web: Web, waited: float, status: int
) -> None:
    assert LINK == 600
    link = await web.rig.desk.new_link(Role.ADMIN)
    web.rig.time.set_wall(waited)

    assert (await web("GET", f"/login?link={link}", role=None)).status_code == status


@pytest.mark.parametrize(("waited", "status"), [(SESSION - 1, 200), (SESSION + 1, 401)])
async def test_a_session_ends_by_itself(web: Web, waited: float, status: int) -> None:
    shown = cookie(await session(web))
    web.rig.time.set_wall(waited)

    assert (await web("GET", RACKS, role=None, headers=shown)).status_code == status


async def test_a_link_that_is_fetched_ahead_or_otherwise_is_not_used_up(web: Web) -> None:
    link = f"/login?link={await web.rig.desk.new_link(Role.ADMIN)}"
    for name in ("sec-purpose", "purpose", "x-purpose", "x-moz"):
        ahead = await web("GET", link, role=None, headers={name: "prefetch"})
        assert (ahead.status_code, "set-cookie" in ahead.headers) == (503, False)
    for method in ("HEAD", "POST", "OPTIONS"):
        assert (await web(method, link, role=None)).status_code == 405

    assert (await web("GET", link, role=None)).status_code == 303


@pytest.mark.parametrize("query", ["", "?link=", "?link=a&link=b", "?link=%00%ff", "?token=x"])
async def test_what_is_no_link_lets_nobody_in(web: Web, query: str) -> None:
    answer = await web("GET", f"/login{query}", role=None)

    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


async def test_of_two_links_in_one_request_neither_counts(web: Web) -> None:
    link = await web.rig.desk.new_link(Role.ADMIN)
    assert (await web("GET", f"/login?link={link}&link=b", role=None)).status_code == 401

    assert (await web("GET", f"/login?link={link}", role=None)).status_code == 303


async def test_the_cookie_is_kept_from_scripts_and_other_sites_and_on_tls_from_plain_http(
    web: Web,
) -> None:
    def marks(answer: Any) -> set[str]:
        return set(answer.headers["set-cookie"].split("; ")[1:])

    plain = await web("GET", f"/login?link={await web.rig.desk.new_link(Role.ADMIN)}", role=None)
    secure = Web(web.rig, web.secrets, built(web.rig.desk, secure=True))
    tls = await secure("GET", f"/login?link={await web.rig.desk.new_link(Role.ADMIN)}", role=None)

    kept = {"HttpOnly", f"Max-Age={SESSION:.0f}", "Path=/", "SameSite=strict"}
    assert marks(plain) == kept
    assert marks(tls) == kept | {"Secure"}


async def test_a_link_opened_from_another_site_leads_on_by_a_page_of_our_own(web: Web) -> None:
    link = await web.rig.desk.new_link(Role.ADMIN)
    answer = await web(
        "GET", f"/login?link={link}", role=None, headers={"sec-fetch-site": "cross-site"}
    )

    assert answer.status_code == 200
    assert 'content="0;url=/"' in answer.text
    assert COOKIE in answer.cookies


async def test_who_shows_too_many_bad_links_waits_a_minute_and_nobody_else_does(web: Web) -> None:
    clock = [0.0]
    web.app._links._clock = lambda: clock[0]
    good = f"/login?link={await web.rig.desk.new_link(Role.ADMIN)}"
    for _ in range(TRIES):
        assert (await web("GET", "/login?link=bad", role=None)).status_code == 401

    held = await web("GET", good, role=None)
    assert (held.status_code, held.headers["retry-after"]) == (429, "60")
    heard = Listener()  # from another address
    await web.app(scope("/login?link=bad", {}), heard.receive, heard.send)
    assert heard.status == 401
    clock[0] = 61.0
    assert (await web("GET", good, role=None)).status_code == 303


async def test_a_link_on_a_disk_that_fails_is_503_and_still_good_afterwards(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = f"/login?link={await web.rig.desk.new_link(Role.ADMIN)}"

    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(web.rig.memory.database, "write", full)
        answer = await web("GET", link, role=None)
    assert answer.status_code == 503
    assert answer.json()["detail"] == "the disk is full"
    assert (await web("GET", link, role=None)).status_code == 303


BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("why", "english", "german"),
    [
        ("x.db: the disk is full (disk full)", "the disk is full", "Datenträger ist voll"),
        ("x.db: input/output error", "does not take anything", "nimmt nichts an"),
    ],
)
async def test_a_browser_is_told_in_its_language_why_nobody_comes_in_and_that_the_link_stays_good(
    web: Web, monkeypatch: pytest.MonkeyPatch, why: str, english: str, german: str
) -> None:
    link = f"/login?link={await web.rig.desk.new_link(Role.ADMIN)}"

    def fails(*_: object) -> None:
        raise StoreError(why)

    with monkeypatch.context() as broken:
        broken.setattr(web.rig.memory.database, "write", fails)
        for language, words, again in (
            ("de-DE,de;q=0.9,en;q=0.8", german, "denselben Link noch einmal öffnen"),
            ("en-GB,en;q=0.9,de;q=0.8", english, "open the same link again"),
        ):
            told = await web(
                "GET", link, role=None, headers={**BROWSER, "accept-language": language}
            )
            assert told.status_code == 503
            assert told.headers["content-type"].startswith("text/html")
            assert told.headers["content-language"] == language[:2]
            assert f'<html lang="{language[:2]}">' in told.text
            assert words in told.text
            assert again in told.text
            assert "x.db" not in told.text, "a stranger need not know where things lie"
            assert "set-cookie" not in told.headers
    assert (await web("GET", link, role=None, headers=BROWSER)).status_code == 303


async def test_a_link_that_was_used_or_is_too_old_says_so_and_the_page_itself_asks_for_one(
    web: Web,
) -> None:
    link, old = [f"/login?link={await web.rig.desk.new_link(Role.ADMIN)}" for _ in range(2)]
    assert (await web("GET", link, role=None)).status_code == 303
    web.client.cookies.clear()
    web.rig.time.set_wall(LINK + 1)
    for shown in (link, old):
        answer = await web("GET", shown, role=None, headers=BROWSER)
        assert answer.status_code == 401
        assert "this login link was used up or has expired" in answer.text
    german = {**BROWSER, "accept-language": "de"}
    assert "verbraucht oder abgelaufen" in (await web("GET", old, None, headers=german)).text
    for path in ("/", "/login"):
        answer = await web("GET", path, role=None, headers=BROWSER)
        assert answer.status_code == 401
        assert "this page needs a login link" in answer.text
        assert "braucht einen Login-Link" in (await web("GET", path, None, headers=german)).text


async def test_a_browser_that_tried_too_often_gets_a_page_as_well(web: Web) -> None:
    for _ in range(TRIES):
        await web("GET", "/login?link=bad", role=None)
    held = await web("GET", "/login?link=bad", role=None, headers=BROWSER)
    assert (held.status_code, held.headers["retry-after"]) == (429, "60")
    assert "Wait a minute" in held.text


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "en"),
        ("fr, *", "en"),
        ("de", "de"),
        ("DE-at;q=0.3", "de"),
        ("en;q=0.2, de;q=0.7", "de"),
        ("de, en", "de"),
        ("en, de", "en"),
        ("de;q=0, fr", "en"),
        ("de;q=much, en;q=0.1", "en"),
        (";;,,;q=,de;q=0.5.5", "en"),
        ("den", "en"),
    ],
)
def test_the_language_is_the_one_that_the_browser_likes_best(accept: str, language: str) -> None:
    assert preferred(accept) == language


async def test_no_secret_is_written_down(web: Web, tmp_path: Path) -> None:
    link = await web.rig.desk.new_link(Role.ADMIN)
    secrets = [link, await session(web), *web.secrets.values()]
    files = [path.read_bytes() for path in sorted(tmp_path.iterdir())]  # noqa: ASYNC240

    assert sum(len(content) for content in files) > 10_000
    for secret in secrets:
        assert len(secret) > 10
        assert all(secret.encode() not in content for content in files)
