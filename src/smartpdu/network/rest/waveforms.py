"""Waveforms of what was noticed, as files in COMTRADE of 2013 (8)."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from smartpdu.network.problem import Problem
from smartpdu.network.rest.answer import fresh
from smartpdu.network.rest.shapes import WaveformRow
from smartpdu.network.rows import moment
from smartpdu.runtime.desk import Desk
from smartpdu.runtime.view import Waveform

FILE = "application/octet-stream"


def router(desk: Desk) -> APIRouter:
    """The routes of waveforms."""
    routes = APIRouter()

    @routes.get(
        "/waveforms", operation_id="waveforms", responses={200: {"model": list[WaveformRow]}}
    )
    async def every() -> Response:
        """All that are kept, the newest first."""
        return fresh([_plain(each) for each in await desk.waveforms()])

    @routes.get(
        "/waveforms/{name}",
        operation_id="waveform",
        response_class=Response,
        responses={
            200: {
                "description": "a recording in one file (.cff of IEEE C37.111-2013)",
                "content": {FILE: {"schema": {"type": "string", "format": "binary"}}},
            }
        },
    )
    async def one(name: str) -> Response:
        """A file, as it was written; its SHA-256 is told with the event."""
        content = await desk.waveform(name)
        if content is None:
            raise Problem(404, f"there is no waveform {name}")
        told = {
            "cache-control": "no-store",
            "content-disposition": f'attachment; filename="{name}"',
        }
        return Response(content, 200, told, FILE)

    return routes


def _plain(waveform: Waveform) -> dict[str, Any]:
    """A waveform as REST tells it."""
    return {
        "name": waveform.name,
        "place": waveform.place,
        "kind": waveform.kind,
        "start": moment(waveform.start),
        "part": waveform.part,
        "bytes": waveform.bytes,
        "sha256": waveform.sha256,
    }
