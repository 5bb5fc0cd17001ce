"""The history of a place: one quantity over time, and what of a place has a history."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from smartpdu.model.plant import Kind
from smartpdu.model.snapshot import quantities
from smartpdu.network.problem import Problem, fault, sentence
from smartpdu.network.rest.answer import fresh
from smartpdu.network.rest.instant import Instant
from smartpdu.network.rest.shapes import History
from smartpdu.network.rows import BY_HOUR, SUMMED, moment
from smartpdu.runtime.desk import Desk
from smartpdu.runtime.view import Course, View

HOUR = 3600.0
LONGEST = 3660 * 24 * HOUR  # ten years
TIMES = "seconds since 1970 in UTC, or RFC 3339 with its zone"
MOST = 20  # feeds that a fault names
Start = Annotated[
    Instant | None, Query(alias="from", description=f"{TIMES}; else an hour before `to`")
]
End = Annotated[Instant | None, Query(alias="to", description=f"{TIMES}; else now")]


def router(desk: Desk) -> APIRouter:
    """The route of all histories."""
    routes = APIRouter()

    @routes.get(
        "/history/{path:path}",
        operation_id="history",
        summary="A quantity of a place over time",
        responses={200: {"model": History}},
    )
    async def history(
        path: str,
        quantity: str,
        start: Start = None,
        end: End = None,
        points: Annotated[int, Query(ge=1, le=5000)] = 500,
    ) -> Response:
        """Least, mean and greatest value of each span.

        What is measured at a place has a history; what is computed from it has none. The power of
        a rack or a PDU is the sum of its feeds: each of these has a history.
        """
        view = desk.look()
        last = view.now.at + 1 if end is None else end
        first = last - HOUR if start is None else start
        _check(first, last)
        try:
            course = await desk.recall(path, quantity, first, last, points)
        except KeyError:
            raise unkept(view, path, quantity) from None
        return fresh(told(path, quantity, course))

    return routes


def told(path: str, quantity: str, course: Course) -> dict[str, Any]:
    """A course as REST tells it."""
    unit = BY_HOUR.get(course.unit, course.unit)
    scale = 1.0 if unit == course.unit else 1 / HOUR
    return {
        "path": path,
        "quantity": quantity,
        "unit": unit,
        "at": [moment(at) for at in course.at.tolist()],
        "least": _values(course.least, scale),
        "mean": _values(course.mean, scale),
        "greatest": _values(course.greatest, scale),
    }


def unkept(view: View, path: str, quantity: str) -> Problem:
    """The problem of a history that there is not: it says what of this place has one."""
    if path not in view.places:
        return Problem(404, f"there is no place {path}")
    kind, row = view.places[path]
    if kind in (Kind.RACK, Kind.PDU) and quantity in SUMMED:
        feeds = view.plant.feeds
        by = feeds.rack if kind is Kind.RACK else feeds.pdu
        own = [feed for feed, of in zip(feeds.path, by.tolist(), strict=True) if of == row]
        expected = f"one of the feeds that it is the sum of: {_some(own)}"
        wrong = fault("path", path, expected)
    else:
        kept = () if kind is Kind.HOUSE else tuple(quantities(kind))
        expected = f"a quantity that is measured there: {', '.join(kept) or 'none'}"
        wrong = fault("query.quantity", quantity, expected)
    return Problem(404, f"{path} has no history of {quantity}; {sentence(wrong)}", [wrong])


def _some(names: list[str]) -> str:
    more = [f"{len(names) - MOST} more"] if len(names) > MOST else []
    return ", ".join([*names[:MOST], *more]) or "none"


def _check(first: float, last: float) -> None:
    if not first < last <= first + LONGEST:
        expected = f"a time before to, {moment(last)}, by ten years at most"
        wrong = fault("query.from", moment(first), expected)
        raise Problem(422, sentence(wrong), [wrong])


def _values(column: Any, scale: float) -> list[float | None]:
    return [None if v != v else round(v * scale, 6) for v in column.tolist()]  # noqa: PLR0124 - NaN
