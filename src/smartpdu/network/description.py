"""The OpenAPI 3.1 description, completed by what the door and the problem documents add (14.2)."""

from typing import Any

import msgspec
from fastapi import FastAPI

from smartpdu.network.link import COOKIE
from smartpdu.network.problem import MEDIA, TITLES, ProblemDocument

ANY = (401, 422, 503)  # of every operation: who asks, a fault in the request, no memory
WRITE = (403, 404, 409, 411, 413, 415)  # of those with a body
TEMPLATE = "#/components/schemas/{model}"
HEADERS = {
    "switch_outlet": (202, "Location", "where the command is found"),
    "events": (200, "Link", "the next page, where there may be one"),
    "listed": (200, "ETag", "changes with every tick"),
}
SCHEMES = {
    "token": {"type": "http", "scheme": "bearer"},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
}


class Description:
    """The bytes of the description, made when they are asked for the first time."""

    def __init__(self, app: FastAPI) -> None:
        """The description of an app."""
        self._app = app
        self._body = b""

    def body(self) -> bytes:
        """The description as JSON."""
        if not self._body:
            self._body = msgspec.json.encode(completed(self._app.openapi()))
        return self._body


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """The description with credentials, problem documents and headers of every operation."""
    parts = document.setdefault("components", {})
    schema = ProblemDocument.model_json_schema(ref_template=TEMPLATE)
    parts["schemas"] = {
        name: shape
        for name, shape in parts.get("schemas", {}).items()
        if name not in ("HTTPValidationError", "ValidationError")
    } | {**schema.pop("$defs", {}), ProblemDocument.__name__: schema}
    parts["securitySchemes"] = SCHEMES
    document["security"] = [{name: []} for name in SCHEMES]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _complete(path, operation)
    return document


def _complete(path: str, operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    answers.pop("422", None)  # in FastAPI's own form, which is never sent
    statuses = {*ANY, *(WRITE if "requestBody" in operation else ())}
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _sent(parameter["schema"])
    names = {parameter["name"] for parameter in operation.get("parameters", ())}
    if "{" in path or "rack" in names:
        statuses.add(404)
    for status in sorted(statuses):
        answers[str(status)] = _problem(status)
    kind = operation["operationId"]
    header = HEADERS.get("listed" if kind.startswith("list_") else kind)
    if header is not None:
        status, name, words = header
        told = {"description": words, "schema": {"type": "string"}}
        answers[str(status)]["headers"] = {name: told}


def _sent(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter that is there: one that may be left out is never sent as null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) != 1:
        return schema
    return {**choices[0], **{name: value for name, value in schema.items() if name != "anyOf"}}


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": TEMPLATE.format(model=ProblemDocument.__name__)}
    return {"description": TITLES[status], "content": {MEDIA: {"schema": schema}}}
