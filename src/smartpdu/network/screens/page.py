"""The first page: a rack as it stands, live without reload (whitepaper 1.3, 3.2, 4.2).

The page is plain files and a stream: one small JSON for each tick that all open pages share, so
that its cost does not grow with the outlets, and nothing is done while no page is open. Charts
are drawn by ECharts, whose file comes with the NiceGUI wheel; NiceGUI itself is not imported.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles

from smartpdu.network.rest.events import plain
from smartpdu.network.rows import moment
from smartpdu.network.screens.shapes import plan, tick
from smartpdu.runtime.desk import Desk
from smartpdu.runtime.view import View

HERE = Path(__file__).parent / "static"
HOUR = 3600.0
POINTS = 360
JSON = "application/json"
FRESH = {"cache-control": "no-cache"}


def mount(app: FastAPI, desk: Desk) -> None:
    """Add the page and what it needs to an app."""
    routes = APIRouter(include_in_schema=False)
    shared = Shared()

    @routes.get("/")
    async def page() -> FileResponse:
        return FileResponse(HERE / "index.html", headers=FRESH)

    @routes.get("/screen/plan")
    async def the_plan(request: Request) -> Response:
        body = plan(desk.look(), request.state.principal)
        return Response(msgspec.json.encode(body), 200, {"cache-control": "no-store"}, JSON)

    @routes.get("/screen/events")
    async def newest() -> Response:
        told = [plain(t) for t in await desk.told_last(40)]
        return Response(msgspec.json.encode(told), 200, {"cache-control": "no-store"}, JSON)

    @routes.get("/screen/power")
    async def power() -> Response:
        body = await last_hour(desk)
        return Response(msgspec.json.encode(body), 200, {"cache-control": "no-store"}, JSON)

    @routes.get("/screen/ticks")
    async def ticks() -> StreamingResponse:
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(shared.lines(desk), 200, headers, "text/event-stream")

    @routes.post("/screen/leave")
    async def leave(request: Request) -> Response:
        await desk.leave(request.state.session)
        return Response(b"{}", 200, {"clear-site-data": '"cookies"'}, JSON)

    app.include_router(routes)
    charts = charts_folder()
    if charts is not None:
        app.mount("/screen/charts", StaticFiles(directory=charts), name="charts")
    app.mount("/screen/static", Fresh(directory=HERE), name="static")


class Fresh(StaticFiles):
    """Static files that a browser asks again for, so that an update shows at once."""

    def file_response(self, *arguments: Any, **named: Any) -> Response:
        """The file, to be revalidated by its ETag."""
        answer = super().file_response(*arguments, **named)
        answer.headers["cache-control"] = "no-cache"
        return answer


class Shared:
    """The bytes of the newest tick, made once for all open pages."""

    def __init__(self) -> None:
        """Nothing is made yet."""
        self._number = -1
        self._bytes = b""

    def line(self, view: View) -> bytes:
        """A tick as one server-sent event."""
        if view.number != self._number:
            self._number = view.number
            self._bytes = b"data: " + msgspec.json.encode(tick(view)) + b"\n\n"
        return self._bytes

    async def lines(self, desk: Desk) -> AsyncIterator[bytes]:
        """Every tick from now on."""
        views = desk.views()
        try:
            async for view in views:
                yield self.line(view)
        finally:
            with suppress(asyncio.CancelledError):
                await views.aclose()


async def last_hour(desk: Desk) -> dict[str, Any]:
    """Active power of each feed in the last hour, in W; null is a gap."""
    view = desk.look()
    end = view.now.at
    feeds = []
    times: list[str] = []
    for path in view.plant.feeds.path:
        try:
            course = await desk.recall(path, "active_power", end - HOUR, end, POINTS)
        except KeyError:  # nothing was ever measured there
            continue
        times = [moment(at) for at in course.at.tolist()]
        mean = [None if v != v else round(v, 1) for v in course.mean.tolist()]  # noqa: PLR0124
        feeds.append({"path": path, "power": mean})
    return {"at": times, "feeds": feeds}


def charts_folder() -> Path | None:
    """Where the chart library's files lie, or None where it is not installed."""
    found = find_spec("nicegui")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / "elements" / "echart" / "dist"
    return folder if folder.is_dir() else None
