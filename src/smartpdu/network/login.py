"""Who asks: bearer tokens, one-time links, browser sessions; deny by default (14.2).

The laws of this file:

1. Only the paths of PUBLIC answer without credentials, and only as they are written there.
2. An Authorization that is shown decides alone: where it is no good, no cookie helps, and of two
   neither counts.
3. A write by cookie needs the page's own origin, and so does a websocket: no other page can make
   a browser switch.
4. A stream ends soon after the credential that opened it was taken away.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from time import monotonic

from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smartpdu.model.request import Principal
from smartpdu.network.link import COOKIE, Links
from smartpdu.network.notice import notice
from smartpdu.network.problem import document
from smartpdu.runtime.desk import Desk
from smartpdu.runtime.view import Unrecallable, Unrecorded

LOGIN = "/login"
PUBLIC = frozenset({"/healthz", LOGIN})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LARGEST = 65_536  # bytes of a body; the largest wish is far smaller
DIGITS = 20  # of a length; Python itself refuses to count with thousands of them
JSON = "application/json"
RECHECK = 3.0  # s between two looks at the credential of a stream

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
        b"frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    ),
)


class Door:
    """The outermost layer of the app: nobody passes it unknown, and every answer is marked."""

    def __init__(
        self,
        app: ASGIApp,
        desk: Desk,
        secure: bool = False,
        clock: Callable[[], float] = monotonic,
        recheck: float = RECHECK,
    ) -> None:
        """A door before an app; `secure` says that the address is TLS."""
        self._app = app
        self._desk = desk
        self._scheme = "https" if secure else "http"
        self._links = Links(desk, secure, clock)
        self._recheck = recheck

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] == "http":
            send = marked(send)
        try:
            await self._pass(scope, receive, send)
        except (Unrecallable, Unrecorded) as error:
            await _refuse(scope, receive, send, 503, str(error))

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = joined(scope["headers"])
        http = scope["type"] == "http"
        if http and scope["path"] == LOGIN:
            await (await self._links.answer(scope, headers))(scope, receive, send)
            return
        if http and scope["path"] in PUBLIC:
            await self._app(scope, receive, send)
            return
        known = self._known(headers)
        principal = await known()
        if principal is None:
            await _stranger(scope, receive, send)
            return
        writes = not http or scope["method"] not in SAFE
        by_cookie = "authorization" not in headers
        if by_cookie and writes and not self._own_origin(headers):
            await _refuse(scope, receive, send, 403, "the Origin is not this page's own")
            return
        if http and writes and (fault := _unfit_body(headers)) is not None:
            await _refuse(scope, receive, send, *fault)
            return
        scope.setdefault("state", {})["principal"] = principal
        scope["state"]["session"] = session_of(headers) if by_cookie else ""
        await self._watched(scope, receive, send, None if writes else known)

    def _known(self, headers: Mapping[str, str]) -> Callable[[], Awaitable[Principal | None]]:
        """A look at who shows these headers, which can be taken again."""
        scheme, _, secret = headers.get("authorization", "").partition(" ")
        session = "" if "authorization" in headers else session_of(headers)

        async def known() -> Principal | None:
            if scheme.lower() == "bearer" and secret.strip():
                return await self._desk.principal_of_token(secret.strip())
            return await self._desk.principal_of_session(session) if session else None

        return known

    def _own_origin(self, headers: Mapping[str, str]) -> bool:
        return headers.get("origin", "") == f"{self._scheme}://{headers.get('host', '')}"

    async def _watched(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        known: Callable[[], Awaitable[Principal | None]] | None,
    ) -> None:
        """The app's answer; one that goes on and on ends once its asker is not known any more."""
        if known is None:
            await self._app(scope, receive, send)
            return
        ended = open_ = False

        async def sending(message: Message) -> None:
            nonlocal open_
            open_ = message["type"] == "http.response.start" or bool(message.get("more_body"))
            await send(message)

        async def receiving() -> Message:
            nonlocal ended
            while True:  # only an answer that goes on waits here: for its client to leave
                try:
                    return await asyncio.wait_for(receive(), self._recheck)
                except TimeoutError:
                    if not await _still(known):
                        ended = True
                        return {"type": "http.disconnect"}

        await self._app(scope, receiving, sending)
        if ended and open_:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def marked(send: Send) -> Send:
    """A way to send that adds the headers of safety to an answer that has none of its own."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower() for name, _ in message["headers"]}
            added = [header for header in HEADERS if header[0] not in own]
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return sent


def joined(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name; one that came twice is both, so that it fits nothing it should not."""
    headers: dict[str, str] = {}
    for name, value in pairs:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        between = "; " if key == "cookie" else ", "
        headers[key] = f"{headers[key]}{between}{text}" if key in headers else text
    return headers


async def _still(known: Callable[[], Awaitable[Principal | None]]) -> bool:
    """Whether an asker is known still; where nobody can tell, he is not."""
    try:
        return await known() is not None
    except Unrecallable:
        return False


def session_of(headers: Mapping[str, str]) -> str:
    """The secret of the session that a request shows, or nothing."""
    return cookie_parser(headers.get("cookie", "")).get(COOKIE, "")


def _unfit_body(headers: Mapping[str, str]) -> tuple[int, str] | None:
    if "transfer-encoding" in headers:
        return 411, "a body needs its Content-Length"
    length = headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > DIGITS or int(length) > LARGEST:
        return 413, f"Content-Length: found {length[:20]}, expected {LARGEST} bytes at most"
    if int(length) and "content-encoding" in headers:
        return 415, f"Content-Encoding: found {headers['content-encoding'][:80]}, expected none"
    kind = headers.get("content-type", "nothing")
    if int(length) and kind.partition(";")[0].strip().lower() != JSON:
        return 415, f"Content-Type: found {kind[:80]}, expected {JSON}"
    return None


async def _stranger(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http" and scope["path"] == "/" and scope["method"] in SAFE:
        await notice("closed", 401, joined(scope["headers"]))(scope, receive, send)
        return
    await _refuse(scope, receive, send, 401, "a bearer token or a session is needed")


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, why: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": why[:120]})
        return
    asks = {"www-authenticate": 'Bearer realm="smartpdu"'} if status == 401 else {}
    await document(status, why, (), asks)(scope, receive, send)
