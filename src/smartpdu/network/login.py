"""Who asks: bearer tokens, one-time links, browser sessions; deny by default (14.2).

Only the paths of PUBLIC answer without credentials. A write by cookie needs the page's own origin,
so no other page can make a browser switch; so does the page's websocket.
"""

from collections import deque
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from time import monotonic
from urllib.parse import parse_qs

from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smartpdu.model.request import Principal
from smartpdu.network.problem import document
from smartpdu.runtime.desk import SESSION, Desk
from smartpdu.runtime.view import Unrecallable

COOKIE = "smartpdu_session"
PUBLIC = frozenset({"/healthz", "/login"})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
TRIES, WINDOW = 20, 60.0  # failed logins in so many seconds before the door is shut for a while


HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
)

CLOSED = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>SmartPDU</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1.5rem}
h1{font-size:1.3rem}code{background:#8882;padding:.1em .3em}</style></head><body>
<h1>SmartPDU: this page needs a login link</h1>
<p>The program prints a link when it starts. It lets one browser in, once, within 10 minutes.
For a new one, start <code>smartpdu run</code> again; no outlet moves by that.</p>
<p lang="de">Das Programm gibt beim Start einen Link aus. Er lässt einen Browser einmal hinein,
innerhalb von 10 Minuten. Für einen neuen <code>smartpdu run</code> neu starten; dabei schaltet
keine Steckdose.</p></body></html>"""


class Door:
    """The outermost layer of the app: nobody passes it unknown, and every answer is marked."""

    def __init__(self, app: ASGIApp, desk: Desk, secure: bool) -> None:
        """A door before an app; `secure` says that the address is TLS."""
        self._app = app
        self._desk = desk
        self._secure = secure
        self._failures: deque[float] = deque(maxlen=TRIES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] == "http":
            send = self._marked(send)
        try:
            await self._pass(scope, receive, send)
        except Unrecallable as error:
            await document(503, str(error))(scope, receive, send)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if scope["type"] == "http" and path == "/login" and scope["method"] == "GET":
            await (await self._login(scope))(scope, receive, send)
            return
        if scope["type"] == "http" and path in PUBLIC:
            await self._app(scope, receive, send)
            return
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        principal, by_cookie = await self._known(headers)
        if principal is None:
            await self._stranger(scope, receive, send)
            return
        writes = scope["type"] == "websocket" or scope["method"] not in SAFE
        if by_cookie and writes and not self._own_origin(headers):
            await self._refuse(scope, receive, send, 403, "the Origin is not this page's own")
            return
        scope.setdefault("state", {})["principal"] = principal
        scope["state"]["session"] = _cookie(headers) if by_cookie else ""
        await self._app(scope, receive, send)

    async def _known(self, headers: Mapping[str, str]) -> tuple[Principal | None, bool]:
        scheme, _, secret = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and secret:
            return await self._desk.principal_of_token(secret.strip()), False
        session = _cookie(headers)
        return (await self._desk.principal_of_session(session), True) if session else (None, False)

    def _own_origin(self, headers: Mapping[str, str]) -> bool:
        scheme = "https" if self._secure else "http"
        return headers.get("origin", "") == f"{scheme}://{headers.get('host', '')}"

    async def _stranger(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/" and scope["method"] in SAFE:
            page = HTMLResponse(CLOSED, 401, {"cache-control": "no-store", **_policy("'none'")})
            await page(scope, receive, send)
            return
        await self._refuse(scope, receive, send, 401, "a bearer token or a session is needed")

    async def _refuse(
        self, scope: Scope, receive: Receive, send: Send, status: int, why: str
    ) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": why})
            return
        asks = {"www-authenticate": 'Bearer realm="smartpdu"'} if status == 401 else {}
        await document(status, why, (), asks)(scope, receive, send)

    async def _login(self, scope: Scope) -> Response:
        """Exchange a one-time link for a session cookie."""
        now = monotonic()
        if len(self._failures) == TRIES and now - self._failures[0] < WINDOW:
            return document(429, "too many links that were no good; wait a minute")
        query = parse_qs(scope["query_string"].decode("latin-1"))
        link = query.get("link", [""])[0]
        found = await self._desk.redeem(link) if link else None
        if found is None:
            self._failures.append(now)
            return HTMLResponse(CLOSED, 401, {"cache-control": "no-store", **_policy("'none'")})
        answer = RedirectResponse("/", 303, {"cache-control": "no-store"})
        answer.set_cookie(
            COOKIE,
            found[0],
            max_age=int(SESSION),
            httponly=True,
            samesite="strict",
            secure=self._secure,
            path="/",
        )
        return answer

    def _marked(self, send: Send) -> Send:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}
                kept = [h for h in HEADERS if h[0] not in own]
                if b"content-security-policy" not in own:
                    kept.append((b"content-security-policy", POLICY.encode()))
                message = {**message, "headers": [*message["headers"], *kept]}
            await send(message)

        return marked


POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


def _policy(source: str) -> dict[str, str]:
    return {
        "content-security-policy": f"default-src {source}; style-src 'unsafe-inline'; "
        "frame-ancestors 'none'"
    }


def _cookie(headers: Mapping[str, str]) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel is not None else ""
