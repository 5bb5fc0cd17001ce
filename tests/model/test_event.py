"""Events as plain values: nothing is lost, nothing is no JSON."""

import json
from dataclasses import fields
from typing import Any

import pytest

from smartpdu.model import event as module
from smartpdu.model.event import AlarmFlood, AlarmRaised, Event, body
from smartpdu.model.rule import Level
from smartpdu.model.units import Ampere, Second, Volt

KINDS = [
    kind
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
]
VALUES: dict[Any, Any] = {
    float: 1.5,
    str: "x",
    bool: True,
    int: 3,
    Level: Level.CRITICAL,
    tuple[str, ...]: ("a", "b"),
    bool | None: None,
    str | None: None,
    int | None: None,
    Second: 1.5,
    Volt: 1.5,
    Ampere: 1.5,
}


@pytest.mark.requirement("R-14.2-4")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_event_becomes_plain_json_with_all_its_fields(kind: type[Event]) -> None:
    values = {field.name: VALUES[field.type] for field in fields(kind)}
    plain = body(kind(**values))
    assert set(plain) | {"at", "place"} == set(values)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_none_becomes_null(value: float) -> None:
    plain = body(AlarmRaised(1.0, "p", "r", Level.WARNING, value, 2.0, "A"))
    assert plain == {"rule": "r", "level": "warning", "value": None, "limit": 2.0, "unit": "A"}


def test_a_flood_names_all_its_places_in_their_order() -> None:
    plain = body(AlarmFlood(1.0, "rack", "r", Level.NORMAL, ("b", "a")))
    assert plain == {"rule": "r", "level": "normal", "places": ["b", "a"]}
