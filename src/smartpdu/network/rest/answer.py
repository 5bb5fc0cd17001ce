"""An answer that is true now: JSON, which nobody on the way may keep."""

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi.responses import Response


def fresh(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The answer with this body."""
    kept = {"cache-control": "no-store", **(headers or {})}
    return Response(msgspec.json.encode(body), status, kept, "application/json")
