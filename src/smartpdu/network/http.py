"""One web server for REST and the pages: a door, problem documents, and an OpenAPI description."""

import asyncio
from contextlib import nullcontext

import uvicorn
from fastapi import Depends, FastAPI
from fastapi.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smartpdu.model.listening import Listening
from smartpdu.network.description import Description
from smartpdu.network.head import heading
from smartpdu.network.login import Door
from smartpdu.network.problem import tell_problems
from smartpdu.network.rest import commands, events, history, plant, quality, spectra, waveforms
from smartpdu.network.rest.body import only_plain
from smartpdu.network.rest.parameters import only_known
from smartpdu.network.screens import page
from smartpdu.runtime.desk import Desk

API = "/api/v1"


def check(listening: Listening) -> None:
    """The address was checked where it was parsed; nothing more is asked."""


def built(desk: Desk, secure: bool = False) -> Door:
    """The whole app behind its door."""
    app = FastAPI(
        title="SmartPDU",
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    tell_problems(app)
    checks = [Depends(only_known), Depends(only_plain)]
    for part in (
        commands,
        events,
        history,
        quality,
        spectra,
        waveforms,
        plant,
    ):  # the more special paths stand first
        app.include_router(part.router(desk), prefix=API, dependencies=checks)
    description = Description(app)

    @app.get(f"{API}/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return Response(description.body(), 200, None, JSON)

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> Response:
        well = not desk.look().troubles
        body = b'{"status":"ok"}' if well else b'{"status":"troubled"}'
        return Response(body, 200 if well else 503, {"cache-control": "no-store"}, JSON)

    page.mount(app, desk)
    return Door(heading(app), desk, secure)


JSON = "application/json"


def ending(app: ASGIApp) -> ASGIApp:
    """An app whose open streams end when the program does, which is no error of theirs."""

    async def ended(scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await app(scope, receive, sending)
        except asyncio.CancelledError:
            if not started:
                raise
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return ended


async def serve(desk: Desk, listening: Listening) -> None:
    """Serve until cancelled."""
    config = uvicorn.Config(
        ending(built(desk, secure=bool(listening.cert))),
        host=listening.host,
        port=listening.port,
        ssl_certfile=listening.cert or None,
        ssl_keyfile=listening.key or None,
        http="h11",
        ws="websockets-sansio",
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    # the program has signal handlers of its own
    server.capture_signals = nullcontext  # type: ignore[method-assign,assignment]
    await server.serve()
