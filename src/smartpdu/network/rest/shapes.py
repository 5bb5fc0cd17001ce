"""The shapes of REST's bodies, as the OpenAPI description shows them."""

from typing import Any

from pydantic import BaseModel, ConfigDict, StrictBool, StrictFloat, StrictInt, StrictStr


class Reading(BaseModel):
    """One value with its unit, time and quality; null is a gap."""

    value: float | int | bool | None
    unit: str
    at: str
    quality: str  # good, computed, stale, gap


class Place(BaseModel):
    """A place of the plant with its facts and readings."""

    model_config = ConfigDict(extra="allow")

    path: str
    name: str
    readings: dict[str, Reading]


class History(BaseModel):
    """A quantity over time, in equal spans; null is a gap."""

    path: str
    quantity: str
    unit: str
    at: list[str]
    least: list[float | None]
    mean: list[float | None]
    greatest: list[float | None]


class Event(BaseModel):
    """An event of the journal."""

    seq: int
    at: str
    kind: str
    place: str
    body: dict[str, Any]


class AlarmRow(BaseModel):
    """An alarm that stands, with what it means and what to do."""

    rule: str
    place: str
    standing: str
    level: str
    value: float | None
    limit: float | None
    unit: str
    since: str
    by: str
    until: str | None
    reason: str
    title: dict[str, str]
    cause: dict[str, str]
    action: dict[str, str]


class PowerWish(BaseModel):
    """What an outlet shall be."""

    model_config = ConfigDict(extra="forbid")

    on: StrictBool


class AlarmName(BaseModel):
    """An alarm by its rule and place."""

    model_config = ConfigDict(extra="forbid")

    rule: StrictStr
    place: StrictStr


class ShelveWish(AlarmName):
    """For how long and why an alarm is put aside."""

    minutes: StrictInt | StrictFloat
    reason: StrictStr


class Command(BaseModel):
    """How far a command has come."""

    id: str
    place: str
    on: bool
    by: str
    state: str
    reason: str
    asked: str
    intended: str | None
    finished: str | None


class Granted(BaseModel):
    """A request that was carried out."""

    done: bool
