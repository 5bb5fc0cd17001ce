"""Errors as problem documents (RFC 9457): what was found, what is expected, and nothing inside."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from smartpdu.model.request import Refusal
from smartpdu.runtime.view import Unrecallable, Unrecorded

MEDIA = "application/problem+json"

STATUS = {
    Refusal.FORBIDDEN: 403,
    Refusal.UNKNOWN: 404,
    Refusal.UNFIT: 409,
    Refusal.BUSY: 409,
    Refusal.BLIND: 409,
    Refusal.OUTRANKED: 409,
    Refusal.UNRECORDED: 503,
}
TITLES = {
    401: "Credentials are missing or not valid",
    403: "This may not be done",
    404: "There is no such thing",
    405: "This method is not offered here",
    409: "This cannot be done now",
    411: "The length of the body is missing",
    413: "The body is too large",
    415: "The body is of another kind than expected",
    422: "The request has a fault",
    429: "Too many tries",
    500: "Something inside failed",
    503: "This cannot be done for now",
}

EXPECTED = {  # where pydantic speaks of Python, or of inputs
    "model_attributes_type": "an object",
    "missing": "a value",
    "extra_forbidden": "no such field",
    "bool_type": "true or false",
    "string_type": "a text",
    "string_unicode": "a text of whole characters",
    "string_too_long": "{max_length} characters at most",
    "string_pattern_mismatch": "a text that is not blank",  # the only pattern that a body has
    "too_long": "{max_length} at most",
    "float_type": "a number",
    "finite_number": "a finite number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
}
LONGEST_FIELD = 80  # characters of what somebody sent that a fault tells
LONGEST_FOUND = 200
LONGEST_DETAIL = 1000
EXCERPT = 20

log = structlog.get_logger()


class FaultRow(BaseModel):
    """One fault of a request: where it is, what was found there, and what is expected."""

    model_config = ConfigDict(extra="forbid")

    field: str
    found: str
    expected: str


class ProblemDocument(BaseModel):
    """A problem document as the OpenAPI description shows it."""

    model_config = ConfigDict(extra="forbid")

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    errors: list[FaultRow] = []


class Problem(Exception):
    """An error that becomes a problem document."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})


def refused(refusal: Refusal, reason: str) -> Problem:
    """The problem of a request that was not granted."""
    return Problem(STATUS[refusal], reason)


def fault(field: str, found: str, expected: str) -> dict[str, str]:
    """One fault of a request; what somebody sent is told in short, and as text that can be sent."""
    return {
        "field": _short(_sendable(field), LONGEST_FIELD),
        "found": _short(_sendable(found), LONGEST_FOUND),
        "expected": expected,
    }


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _sendable(text: str) -> str:
    """Text without halves of characters, which JSON can escape and UTF-8 cannot hold."""
    return text.encode("utf-8", "backslashreplace").decode()


def document(
    status: int,
    detail: str,
    errors: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document as an answer."""
    title = TITLES.get(status, "An error")
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
    if detail:
        body["detail"] = _short(_sendable(detail), LONGEST_DETAIL)
    if errors:
        body["errors"] = list(errors)
    kept = {"cache-control": "no-store", **(headers or {})}
    return Response(msgspec.json.encode(body), status, kept, MEDIA)


def tell_problems(app: FastAPI) -> None:
    """Let every error of an app become a problem document."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Unrecallable, _no_memory)
    app.add_exception_handler(Unrecorded, _no_memory)
    app.add_exception_handler(Exception, _inside)


async def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return document(error.status, error.detail, error.errors, error.headers)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [_told(wrong, error.body) for wrong in error.errors()]
    return document(422, sentence(errors[0]) if errors else "", errors)


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:  # FastAPI's own word for JSON that Python gives up on
        told = fault("body", "something else", "JSON that can be read")
        return document(422, sentence(told), [told])
    detail = "" if error.status_code in (404, 405) else str(error.detail)
    return document(error.status_code, detail, (), _with_head(error.headers or {}))


def _with_head(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers of which Allow names HEAD wherever it names GET."""
    offered = headers.get("Allow", "").split(", ")
    more = {"Allow": ", ".join([*offered, "HEAD"])} if "GET" in offered else {}
    return {**headers, **more}


async def _no_memory(_request: Request, error: Exception) -> Response:
    return document(503, str(error))


async def _inside(request: Request, error: Exception) -> Response:
    log.error("request_failed", path=request.url.path, why=repr(error))
    return document(500, "")


def _told(wrong: Mapping[str, Any], body: Any) -> dict[str, str]:
    """A fault that FastAPI or pydantic found, in the words of JSON and not in those of Python."""
    if wrong["type"] == "json_invalid":
        spot = int(wrong["loc"][-1])
        rest = body[spot : spot + EXCERPT]
        found = f"{json.dumps(rest)} at character {spot + 1}" if rest else "its end"
        return fault("body", found, f"JSON: {wrong['ctx']['error']}")
    found = "nothing" if wrong["type"] == "missing" else _as_json(wrong.get("input"))
    words = EXPECTED.get(wrong["type"])
    expected = wrong["msg"] if words is None else words.format(**wrong.get("ctx", {}))
    return fault(".".join(str(part) for part in wrong["loc"]), found, expected)


def sentence(told: Mapping[str, str]) -> str:
    """A fault as one line."""
    return f"{told['field']}: found {told['found']}, expected {told['expected']}"


def _as_json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return "something that cannot be told"
