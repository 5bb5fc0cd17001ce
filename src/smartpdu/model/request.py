"""What somebody asks for, who asks, and the answer."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a principal may do; each role may also do what the one before may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a token, a session or the house itself."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Request:
    """Something that one principal asks for at one place; an input of the next step."""

    id: str
    by: Principal
    place: str


@dataclass(frozen=True, slots=True)
class Switch(Request):
    """Turn an outlet on or off."""

    on: bool


@dataclass(frozen=True, slots=True)
class Acknowledge(Request):
    """Tell the house that a person knows of the alarm of a rule at this place."""

    rule: str


@dataclass(frozen=True, slots=True)
class Shelve(Request):
    """Put an alarm aside until a time (UTC, seconds), with a reason."""

    rule: str
    until: float
    reason: str


@dataclass(frozen=True, slots=True)
class Unshelve(Request):
    """Let a shelved alarm count again."""

    rule: str


@dataclass(frozen=True, slots=True)
class Withdraw(Request):
    """The loop's own word that a command could not be recorded, so it never left."""

    command: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReadBack(Request):
    """The loop's own word that the outlet's source was read anew after a command had left."""

    command: str


@dataclass(frozen=True, slots=True)
class Recover(Request):
    """The loop's own word that a command was intended before a restart; its effect is read back."""

    command: str
    on: bool
    owner: str


class Refusal(StrEnum):
    """Why a request is not granted."""

    FORBIDDEN = "forbidden"  # the role may not
    UNKNOWN = "unknown"  # no such place or alarm
    UNFIT = "unfit"  # the place cannot do that
    BUSY = "busy"  # an earlier order of the same outlet is still open
    BLIND = "blind"  # the source is silent, so an effect could not be seen
    OUTRANKED = "outranked"  # a stronger order stands
    UNRECORDED = "unrecorded"  # the order could not be made durable


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request in the step; a granted switch has a command of the same id."""

    request: str
    refusal: Refusal | None = None
    reason: str = ""
