"""Events of the journal, by page and as a stream; alarms that stand and what people say of them."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import Field

from smartpdu.model.alarm import Alarm
from smartpdu.model.event import kinds
from smartpdu.model.request import Acknowledge, Principal, Shelve, Unshelve
from smartpdu.model.request import Request as Wish
from smartpdu.network.problem import Problem, fault, refused, sentence
from smartpdu.network.rest.answer import fresh
from smartpdu.network.rest.shapes import (
    LONGEST_NAME,
    AlarmName,
    AlarmRow,
    Event,
    Granted,
    ShelveWish,
)
from smartpdu.network.rows import moment, named
from smartpdu.runtime.desk import Desk
from smartpdu.runtime.view import Told, Unrecallable, View

HEARTBEAT = 15.0  # s between signs of life on a quiet stream
STREAM = "text/event-stream"
LAST = 2**53  # a greater number is no place in any journal, and JavaScript cannot hold it
Cursor = Annotated[int, Query(ge=0, le=LAST)]
KINDS = kinds()
Named = Annotated[str, Field(json_schema_extra={"enum": list(KINDS)})]
MOMENTS = frozenset({"until", "start", "waveform_start"})  # fields of events that are times


def router(desk: Desk) -> APIRouter:
    """The routes of events and alarms."""
    routes = APIRouter()

    @routes.get("/events", operation_id="events", responses={200: {"model": list[Event]}})
    async def events(
        request: Request,
        after: Cursor = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        place: str = "",
        kind: Annotated[list[Named] | None, Query(max_length=50)] = None,
    ) -> Response:
        """Events after a sequence number, oldest first; the next page is in the Link header."""
        await _known(desk, "query.after", after)
        told = await desk.told(after, limit, place, named_kinds(kind or ()))
        headers: dict[str, str] = {}
        if len(told) == limit:
            following = request.url.include_query_params(after=told[-1].seq)
            headers["link"] = f'<{following.path}?{following.query}>; rel="next"'
        return fresh([plain(t) for t in told], headers=headers)

    @routes.get(
        "/events/stream",
        operation_id="stream",
        response_class=StreamingResponse,
        responses={200: {"content": {STREAM: {"schema": {"type": "string"}}}}},
    )
    async def stream(
        after: Cursor | None = None,
        last_event_id: Annotated[int | None, Header(ge=0, le=LAST)] = None,
    ) -> StreamingResponse:
        """Every event from now on, or after Last-Event-ID, as server-sent events."""
        heard = last_event_id if last_event_id is not None else after
        field = "header.last-event-id" if last_event_id is not None else "query.after"
        place = await _known(desk, field, heard)
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(_lines(desk, place), 200, headers, STREAM)

    @routes.get("/alarms", operation_id="alarms", responses={200: {"model": list[AlarmRow]}})
    async def alarms() -> Response:
        """All alarms that are not calm: calling ones first, then the worst and newest."""
        view = desk.look()
        return fresh([alarm_row(view, a) for a in view.alarms])

    @routes.post("/alarms/acknowledge", operation_id="acknowledge", response_model=Granted)
    async def acknowledge(request: Request, name: AlarmName) -> Granted:
        """Say that you know of an alarm."""
        _possible(name)
        wish = Acknowledge(desk.new_id(), _who(request), name.place, name.rule)
        return await _asked(desk, wish)

    @routes.post("/alarms/shelve", operation_id="shelve", response_model=Granted)
    async def shelve(request: Request, name: ShelveWish) -> Granted:
        """Put an alarm aside for some minutes, with a reason."""
        _possible(name)
        until = desk.look().now.at + 60 * name.minutes
        wish = Shelve(desk.new_id(), _who(request), name.place, name.rule, until, name.reason)
        return await _asked(desk, wish)

    @routes.post("/alarms/unshelve", operation_id="unshelve", response_model=Granted)
    async def unshelve(request: Request, name: AlarmName) -> Granted:
        """Let a shelved alarm count again."""
        _possible(name)
        return await _asked(desk, Unshelve(desk.new_id(), _who(request), name.place, name.rule))

    return routes


def plain(told: Told) -> dict[str, Any]:
    """An event as REST tells it."""
    return {
        "seq": told.seq,
        "at": moment(told.at),
        "kind": told.kind,
        "place": told.place,
        "body": {name: _timed(name, value) for name, value in told.body.items()},
    }


def named_kinds(names: Iterable[str]) -> tuple[str, ...]:
    """Kinds of events; one that is mistyped is refused, for nothing would ever be found."""
    asked = tuple(names)
    wrong = [name for name in asked if name not in KINDS]
    faults = [fault("query.kind", name, f"one of {', '.join(KINDS)}") for name in wrong]
    if faults:
        raise Problem(422, sentence(faults[0]), faults)
    return asked


def alarm_row(view: View, alarm: Alarm) -> dict[str, Any]:
    """An alarm with its meaning in two languages."""
    hazard = view.hazards[alarm.rule]
    return {
        "rule": alarm.rule,
        "place": alarm.place,
        "name": named(view, alarm.place),
        "standing": alarm.standing.value,
        "level": alarm.level.name.lower(),
        "value": _number(alarm.value),
        "limit": _number(alarm.limit),
        "unit": alarm.unit,
        "since": moment(alarm.since),
        "by": alarm.by,
        "until": moment(alarm.until) if alarm.until else None,
        "reason": alarm.reason,
        "title": {"en": hazard.title.en, "de": hazard.title.de},
        "cause": {"en": hazard.cause.en, "de": hazard.cause.de},
        "failure": view.failures.get(alarm.place, ""),
        "action": {"en": hazard.action.en, "de": hazard.action.de},
    }


async def _known(desk: Desk, field: str, place: int | None) -> int:
    """The place, or the end of the journal; one beyond it is of another journal, or mistyped."""
    last = await desk.last()
    if place is not None and place > last:
        expected = f"a sequence number of this journal, {last} at most"
        told = fault(field, str(place), expected)
        raise Problem(422, sentence(told), [told])
    return last if place is None else place


async def _lines(desk: Desk, after: int) -> AsyncIterator[bytes]:
    yield b": smartpdu\n\n"
    followed = desk.follow(after)
    waiting: asyncio.Future[Told] | None = None
    try:
        while True:
            if waiting is None:
                waiting = asyncio.ensure_future(anext(followed))
            done, _ = await asyncio.wait({waiting}, timeout=HEARTBEAT)
            if not done:
                yield b": still here\n\n"
                continue
            try:
                told, waiting = waiting.result(), None
            except Unrecallable:  # its client comes back and is told why, with a status
                return
            data = msgspec.json.encode(plain(told)).decode()
            yield f"id: {told.seq}\nevent: {told.kind}\ndata: {data}\n\n".encode()
    finally:
        if waiting is not None:
            waiting.cancel()
            with suppress(asyncio.CancelledError, Unrecallable):
                await waiting
        await followed.aclose()


def _possible(name: AlarmName) -> None:
    """Nothing has so long a name; it is not written down either."""
    if max(len(name.rule), len(name.place)) > LONGEST_NAME:
        raise Problem(404, "there is no alarm of such a long name")


async def _asked(desk: Desk, wish: Wish) -> Granted:
    asked = await desk.ask(wish)
    if asked.refusal is not None:
        raise refused(asked.refusal, asked.reason)
    return Granted(done=True)


def _who(request: Request) -> Principal:
    principal: Principal = request.state.principal
    return principal


def _timed(name: str, value: Any) -> Any:
    return moment(value) if name in MOMENTS and value is not None else value


def _number(value: float) -> float | None:
    return None if value != value else round(value, 6)  # noqa: PLR0124 - NaN
