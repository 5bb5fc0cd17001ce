"""Switching outlets: the wish, and how far its command has come."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response

from smartpdu.model.request import Principal, Switch
from smartpdu.network.problem import Problem, fault, refused, sentence
from smartpdu.network.rest.answer import fresh
from smartpdu.network.rest.shapes import LONGEST_NAME, Command, PowerWish
from smartpdu.network.rows import moment
from smartpdu.runtime.desk import Desk
from smartpdu.runtime.view import CommandRow, KeyReused

LONGEST_KEY = 255


def router(desk: Desk) -> APIRouter:
    """The routes of outlets' power and of commands."""
    routes = APIRouter()

    @routes.put(
        "/outlets/{path:path}/power",
        operation_id="switch_outlet",
        status_code=202,
        responses={202: {"model": Command, "description": "recorded; follow Location"}},
    )
    async def switch_outlet(
        request: Request,
        path: str,
        wish: PowerWish,
        idempotency_key: Annotated[str | None, Header()] = None,
    ) -> Response:
        """Turn an outlet on or off; the answer comes once the intent is durable."""
        key = checked_key(idempotency_key)
        if len(path) > LONGEST_NAME:  # nothing is called so; it is not written down either
            raise Problem(404, "there is no outlet of such a long path")
        principal: Principal = request.state.principal
        switch = Switch(desk.new_id(), principal, path, wish.on)
        try:
            asked = await desk.ask(switch, key)
        except KeyReused as reused:
            raise other_wish(switch, reused) from None
        if asked.refusal is not None or asked.command is None:
            assert asked.refusal is not None
            raise refused(asked.refusal, asked.reason)
        where = f"/api/v1/commands/{asked.command.id}"
        return fresh(plain(asked.command), 202, {"location": where})

    @routes.get("/commands/{id}", operation_id="command", responses={200: {"model": Command}})
    async def command(id: str) -> Response:
        """How far a command has come."""
        row = await desk.command(id)
        if row is None:
            raise Problem(404, f"there is no command {id}")
        return fresh(plain(row))

    return routes


def checked_key(key: str | None) -> str | None:
    """An idempotency key that can be kept."""
    if key is None:
        return None
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        expected = f"1 to {LONGEST_KEY} printable characters of ASCII"
        told = fault("header.idempotency-key", json.dumps(key), expected)
        raise Problem(422, f"header.idempotency-key: expected {expected}", [told])
    return key


def other_wish(switch: Switch, reused: KeyReused) -> Problem:
    """The problem of a key that belongs to another wish, with each point where that differs."""
    faults = []
    if switch.place != reused.place:
        faults.append(fault("path", switch.place, reused.place))
    if switch.on is not reused.on:
        faults.append(fault("body.on", json.dumps(switch.on), json.dumps(reused.on)))
    what = " and ".join({"path": "outlet", "body.on": "body"}[told["field"]] for told in faults)
    used = f"the Idempotency-Key {reused.key} was used with another {what} before"
    return Problem(422, "; ".join([used, *map(sentence, faults)]), faults)


def plain(row: CommandRow) -> dict[str, Any]:
    """A command as REST tells it."""
    return {
        "id": row.id,
        "place": row.place,
        "on": row.on,
        "by": row.by,
        "state": row.state.value,
        "reason": row.reason,
        "asked": moment(row.asked),
        "intended": None if row.intended is None else moment(row.intended),
        "finished": None if row.finished is None else moment(row.finished),
    }
