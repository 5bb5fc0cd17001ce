"""HEAD is GET without the body, so that a monitor can ask whether something is there (RFC 9110)."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


def heading(app: ASGIApp) -> ASGIApp:
    """An app that answers HEAD wherever it answers GET; a stream ends with its headers."""

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD":
            await app({**scope, "method": "GET"}, receive, headers_of(send))
        else:
            await app(scope, receive, send)

    return asked


def headers_of(send: Send) -> Send:
    """A way to send that lets the body go; the server then says that its client needs no more."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return sent
