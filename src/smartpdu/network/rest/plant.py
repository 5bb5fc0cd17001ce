"""Places and their readings."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Query
from fastapi.responses import Response

from smartpdu.model.plant import Kind
from smartpdu.network.problem import Problem
from smartpdu.network.rest.shapes import KINDS, place_shape
from smartpdu.network.rows import row, rows
from smartpdu.runtime.desk import Desk
from smartpdu.runtime.view import View


class Encoded:
    """Lists of a view as bytes, made once however many ask."""

    def __init__(self) -> None:
        """Nothing is made yet."""
        self._number = -1
        self._bodies: dict[Kind, bytes] = {}

    def body(self, view: View, kind: Kind) -> bytes:
        """All places of a kind as JSON."""
        if view.number != self._number:
            self._number, self._bodies = view.number, {}
        if kind not in self._bodies:
            self._bodies[kind] = msgspec.json.encode(rows(view, kind))
        return self._bodies[kind]


def router(desk: Desk) -> APIRouter:
    """The routes of all kinds of places."""
    routes = APIRouter()
    encoded = Encoded()
    for kind in KINDS:
        _add_kind(routes, desk, kind, encoded)
    return routes


def _add_kind(routes: APIRouter, desk: Desk, kind: Kind, encoded: Encoded) -> None:
    name = kind.value
    shape = place_shape(kind)

    async def listed(
        rack: Annotated[str | None, Query(description="only places of this rack")] = None,
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        view = desk.look()
        tag = f'"{view.number}-{view.now.at * 1000:.0f}"'  # another run counts anew
        headers = {"etag": tag, "cache-control": "no-store"}
        if if_none_match == tag:
            return Response(status_code=304, headers=headers)
        if rack is None:
            return _json(encoded.body(view, kind), headers)
        return _json(msgspec.json.encode(_of_rack(view, kind, rack)), headers)

    async def one(path: str) -> Response:
        view = desk.look()
        found, number = view.places.get(path, (None, -1))
        if found is not kind:
            raise Problem(404, f"there is no {name[:-1]} {path}")
        body = msgspec.json.encode(row(view, kind, number))
        return _json(body, {"cache-control": "no-store"})

    routes.add_api_route(
        f"/{name}",
        listed,
        methods=["GET"],
        operation_id=f"list_{name}",
        summary=f"All {name} with their readings",
        responses={
            200: {"model": list[shape]},  # type: ignore[valid-type]
            304: {"description": "nothing new"},
        },
    )
    routes.add_api_route(
        f"/{name}/{{path:path}}",
        one,
        methods=["GET"],
        operation_id=f"one_of_{name}",
        summary=f"One of the {name}",
        responses={200: {"model": shape}},
    )


def _of_rack(view: View, kind: Kind, rack: str) -> list[dict[str, Any]]:
    if rack not in view.plant.racks.path:
        raise Problem(404, f"there is no rack {rack}")
    return [r for r in rows(view, kind) if r.get("rack", r["path"]) == rack]


def _json(body: bytes, headers: dict[str, str]) -> Response:
    return Response(body, 200, headers, "application/json")
