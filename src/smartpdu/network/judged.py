"""Verdicts on voltages as interfaces tell them: as they are kept, with times in words (8)."""

from collections.abc import Mapping
from typing import Any

from smartpdu.network.rows import moment

MOMENTS = ("begin", "end", "worst_end")


def judged(told: Mapping[str, Any]) -> dict[str, Any]:
    """A feed's verdicts with its times in UTC; REST and `smartpdu quality --json` tell the same."""
    return {name: _value(name, value) for name, value in told.items()}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return judged(value)
    if isinstance(value, list):
        return [judged(each) for each in value]
    return moment(value) if name in MOMENTS and value is not None else value
