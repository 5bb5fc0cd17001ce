"""What an open page is told: each tick and each event, on one connection (whitepaper 14.2).

A browser opens six connections to a host at most, so a page takes only one. The bytes of a tick
are made once for all pages that show the same rack, and nothing is made while no page is open.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

import msgspec

from smartpdu.model.plant import Plant
from smartpdu.network.rest.events import plain
from smartpdu.network.screens.scope import Scope, mark
from smartpdu.network.screens.shapes import tick
from smartpdu.runtime.desk import Desk
from smartpdu.runtime.view import Told, Unrecallable, View

AGAIN = b"retry: 1500\n\n"  # ms until a page that lost us asks again


class Ticks:
    """The bytes of the newest tick of each rack that somebody looks at."""

    def __init__(self) -> None:
        """Nothing is made yet."""
        self._made: dict[int, tuple[int, bytes]] = {}
        self._marked: tuple[Plant, str] | None = None

    def mark(self, plant: Plant) -> str:
        """The fingerprint of a plant, made once."""
        if self._marked is None or self._marked[0] is not plant:
            self._marked = plant, mark(plant)
        return self._marked[1]

    def line(self, view: View, scope: Scope) -> bytes:
        """A tick as one server-sent event."""
        number, line = self._made.get(scope.rack, (-1, b""))
        if number != view.number:
            body = tick(view, scope, self.mark(view.plant))
            line = b"data: " + msgspec.json.encode(body) + b"\n\n"
            self._made[scope.rack] = view.number, line
        return line

    async def lines(self, desk: Desk, scope: Scope, after: int) -> AsyncIterator[bytes]:
        """Every tick of a rack from now on, and its events after a place in the journal."""
        yield AGAIN
        streams: dict[str, AsyncGenerator[Any, None]] = {"tick": desk.views()}
        waiting: dict[str, asyncio.Future[Any]] = {}
        try:
            while True:
                for name in streams.keys() - waiting.keys():
                    waiting[name] = asyncio.ensure_future(anext(streams[name]))
                await asyncio.wait(waiting.values(), return_when=asyncio.FIRST_COMPLETED)
                if waiting["tick"].done():
                    yield self.line(waiting.pop("tick").result(), scope)
                    streams.setdefault("event", desk.follow(after))
                if "event" in waiting and waiting["event"].done():
                    told = _heard(waiting.pop("event"))
                    if told is None:  # the journal cannot be read: asked again with the next tick
                        del streams["event"]
                    else:
                        after = told.seq
                        if told.place in scope.paths:
                            yield event(told)
        finally:
            await _ended(streams, waiting)


def event(told: Told) -> bytes:
    """An event as one server-sent event; its id is where a page that lost us goes on."""
    data = msgspec.json.encode(plain(told))
    return f"id: {told.seq}\nevent: told\ndata: ".encode() + data + b"\n\n"


def _heard(answer: asyncio.Future[Told]) -> Told | None:
    try:
        return answer.result()
    except Unrecallable:
        return None


async def _ended(
    streams: Mapping[str, AsyncGenerator[Any, None]],
    waiting: Mapping[str, asyncio.Future[Any]],
) -> None:
    for future in waiting.values():
        future.cancel()
    await asyncio.gather(*waiting.values(), return_exceptions=True)
    for stream in streams.values():
        await stream.aclose()
