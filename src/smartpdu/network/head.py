"""HEAD is GET without the body, so that a monitor can ask whether something is there (RFC 9110)."""

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send


def heading(app: ASGIApp) -> ASGIApp:
    """An app that answers HEAD wherever it answers GET; a stream ends with its headers."""

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD":
            head = Head(receive, send)
            await app({**scope, "method": "GET"}, head.receive, head.send)
        else:
            await app(scope, receive, send)

    return asked


class Head:
    """One answer of which only the headers are sent; its client is then as good as gone."""

    def __init__(self, receive: Receive, send: Send) -> None:
        """The head of an answer to a client."""
        self._receive = receive
        self._send = send
        self._sent = asyncio.Event()

    async def send(self, message: Message) -> None:
        """Send the headers and let the body go."""
        if message["type"] == "http.response.start":
            await self._send(message)
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
            self._sent.set()

    async def receive(self) -> Message:
        """What the client sends, until it has its headers."""
        came = asyncio.ensure_future(self._receive())
        sent = asyncio.ensure_future(self._sent.wait())
        try:
            await asyncio.wait({came, sent}, return_when=asyncio.FIRST_COMPLETED)
            return {"type": "http.disconnect"} if sent.done() else came.result()
        finally:
            for waiting in (came, sent):
                waiting.cancel()
                with suppress(asyncio.CancelledError):
                    await waiting
