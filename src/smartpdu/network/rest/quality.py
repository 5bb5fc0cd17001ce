"""The voltages of each feed against EN 50160, this week and the one before (8)."""

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import APIRouter
from fastapi.responses import Response

from smartpdu.network.rest.shapes import QualityRow
from smartpdu.network.rows import moment
from smartpdu.runtime.desk import Desk

MOMENTS = ("begin", "end", "worst_end")


def router(desk: Desk) -> APIRouter:
    """The route of voltage quality."""
    routes = APIRouter()

    @routes.get(
        "/voltage-quality",
        operation_id="voltage_quality",
        summary="Verdicts on the voltages of each feed",
        responses={200: {"model": list[QualityRow]}},
    )
    async def every() -> Response:
        """Of each feed whose voltages are sampled, as it stood within the last minute."""
        body = msgspec.json.encode([_plain(each) for each in await desk.voltage_quality()])
        return Response(body, 200, {"cache-control": "no-store"}, "application/json")

    return routes


def _plain(told: Mapping[str, Any]) -> dict[str, Any]:
    """The same with times as REST tells them."""
    return {name: _value(name, value) for name, value in told.items()}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return _plain(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return moment(value) if name in MOMENTS and value is not None else value
