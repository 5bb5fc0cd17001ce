"""One-time links: a browser shows the one from the terminal and gets a session (14.2).

A link is used up by opening it, so only a person's opening may count: what a browser fetches ahead
of a click gets nothing. The cookie is SameSite=Strict, which a browser withholds from a redirect
that began on a foreign page (a terminal in the browser, a mail); there a page of our own leads on.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Scope

from smartpdu.network.notice import notice, page, plain_page, wants_page
from smartpdu.network.problem import document
from smartpdu.runtime.desk import SESSION, Desk
from smartpdu.runtime.view import Unrecorded

COOKIE = "smartpdu_session"
TRIES, WINDOW = 20, 60.0  # links that were no good, in so many seconds, before a client waits
CLIENTS = 1_000  # clients whose failures are remembered
AHEAD = ("sec-purpose", "purpose", "x-purpose", "x-moz")  # who fetches before anyone has clicked
FULL = "the disk is full"  # as the memory says it
OWN = ("", "none", "same-origin")  # Sec-Fetch-Site of an opening that no foreign page began

REFRESH = '<meta http-equiv="refresh" content="0;url=/">'
OPENED = page('<p><a href="/">SmartPDU</a></p>', REFRESH)


class Links:
    """What /login answers; remembers who showed links that were no good."""

    def __init__(self, desk: Desk, secure: bool, clock: Callable[[], float]) -> None:
        """Nobody has failed yet; `secure` says that the address is TLS."""
        self._desk = desk
        self._secure = secure
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    async def answer(self, scope: Scope, headers: Mapping[str, str]) -> Response:
        """Exchange a link for a session cookie, or say why not."""
        if scope["method"] != "GET":
            return document(405, "", (), {"allow": "GET"})
        if any(headers.get(name) for name in AHEAD):
            return document(503, "a link is for a person to open, not to be fetched ahead")
        failures = self._failures_of((scope.get("client") or ("",))[0])
        if len(failures) == TRIES and self._clock() - failures[0] < WINDOW:
            return _held_off(headers)
        link = parse_qs(scope["query_string"].decode("latin-1")).get("link", [])
        try:
            found = await self._desk.redeem(link[0]) if len(link) == 1 else None
        except Unrecorded as error:
            return _unrecorded(str(error), headers)
        if found is None:
            failures.append(self._clock())
            return notice("used" if len(link) == 1 else "closed", 401, headers)
        return self._opened(found[0], headers.get("sec-fetch-site", "") in OWN)

    def _opened(self, session: str, direct: bool) -> Response:
        answer: Response = (
            RedirectResponse("/", 303) if direct else HTMLResponse(OPENED, 200, plain_page())
        )
        answer.set_cookie(
            COOKIE,
            session,
            max_age=int(SESSION),
            httponly=True,
            samesite="strict",
            secure=self._secure,
            path="/",
        )
        return answer

    def _failures_of(self, client: str) -> deque[float]:
        failures = self._failures.setdefault(client, deque(maxlen=TRIES))
        self._failures.move_to_end(client)
        if len(self._failures) > CLIENTS:
            self._failures.popitem(last=False)
        return failures


def _held_off(headers: Mapping[str, str]) -> Response:
    wait = {"retry-after": str(int(WINDOW))}
    if wants_page(headers):
        return notice("too_many", 429, headers, wait)
    return document(429, "too many links that were no good; wait a minute", (), wait)


def _unrecorded(why: str, headers: Mapping[str, str]) -> Response:
    if wants_page(headers):
        return notice("disk_full" if FULL in why else "unrecorded", 503, headers)
    return document(503, why)
