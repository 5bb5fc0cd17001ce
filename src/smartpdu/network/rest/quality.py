"""The voltages of each feed against EN 50160, this week and the one before (8)."""

from fastapi import APIRouter
from fastapi.responses import Response

from smartpdu.network.judged import judged
from smartpdu.network.rest.answer import fresh
from smartpdu.network.rest.shapes import QualityRow
from smartpdu.runtime.desk import Desk


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
        return fresh([judged(each) for each in await desk.voltage_quality()])

    return routes
