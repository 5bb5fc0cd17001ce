"""The page: a rack as it stands, live without reload (whitepaper 1.3, 3.2, 4.2).

The page is plain files and a stream, so that its cost does not grow with the outlets. Charts are
drawn by ECharts, whose files come with the NiceGUI wheel; NiceGUI itself is not imported.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, FastAPI, Header, Query, Request
from fastapi.responses import FileResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles

from smartpdu.model.plant import Kind
from smartpdu.network.problem import Problem
from smartpdu.network.rest.events import plain
from smartpdu.network.rows import moment
from smartpdu.network.screens.scope import Scope, scope
from smartpdu.network.screens.shapes import plan
from smartpdu.network.screens.stream import Ticks
from smartpdu.runtime.desk import Desk

HERE = Path(__file__).parent / "static"
HOUR = 3600.0
POINTS = 360
EVENTS = 40  # that a page shows
SEARCHED = 500  # newest events among which those of a rack are looked for
JSON = "application/json"
FRESH = {"cache-control": "no-cache"}
Place = Annotated[int, Query(ge=0)]


def mount(app: FastAPI, desk: Desk) -> None:
    """Add the page and what it needs to an app."""
    routes = APIRouter(include_in_schema=False)
    shared = Ticks()

    @routes.get("/")
    async def page() -> FileResponse:
        return FileResponse(HERE / "index.html", headers=FRESH)

    @routes.get("/screen/plan")
    async def the_plan(request: Request, rack: str | None = None) -> Response:
        view, own = desk.look(), _scope(desk, rack)
        return _json(plan(view, own, shared.mark(view.plant), request.state.principal))

    @routes.get("/screen/events")
    async def newest(rack: str | None = None) -> Response:
        own = _scope(desk, rack)
        told = [t for t in await desk.told_last(SEARCHED) if t.place in own.paths]
        return _json([plain(t) for t in told[-EVENTS:]])

    @routes.get("/screen/power")
    async def power(rack: str | None = None) -> Response:
        return _json(await last_hour(desk, _scope(desk, rack)))

    @routes.get("/screen/live")
    async def live(
        rack: str | None = None,
        after: Place = 0,
        last_event_id: Annotated[int | None, Header(ge=0)] = None,
    ) -> StreamingResponse:
        place = after if last_event_id is None else last_event_id
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        lines = shared.lines(desk, _scope(desk, rack), place)
        return StreamingResponse(lines, 200, headers, "text/event-stream")

    @routes.post("/screen/leave")
    async def leave(request: Request) -> Response:
        await desk.leave(request.state.session)
        return Response(b"{}", 200, {"clear-site-data": '"cookies"'}, JSON)

    app.include_router(routes)
    charts = charts_folder()
    if charts is not None:
        app.mount("/screen/charts", Fresh(directory=charts), name="charts")
    app.mount("/screen/static", Fresh(directory=HERE), name="static")


class Fresh(StaticFiles):
    """Static files that a browser asks again for, so that an update shows at once."""

    def file_response(self, *arguments: Any, **named: Any) -> Response:
        """The file, to be revalidated by its ETag."""
        answer = super().file_response(*arguments, **named)
        answer.headers["cache-control"] = "no-cache"
        return answer


async def last_hour(desk: Desk, own: Scope) -> dict[str, Any]:
    """Active power of each feed of a rack in the last hour, in W; null is a gap."""
    view = desk.look()
    end = view.now.at
    feeds = []
    times: list[str] = []
    for row in own.rows[Kind.FEED].tolist():
        path = view.plant.feeds.path[row]
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


def _scope(desk: Desk, rack: str | None) -> Scope:
    own = scope(desk.look().plant, rack)
    if own is None:
        raise Problem(404, f"there is no rack {rack}")
    return own


def _json(body: Any) -> Response:
    return Response(msgspec.json.encode(body), 200, {"cache-control": "no-store"}, JSON)
