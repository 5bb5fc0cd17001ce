"""What shall be done by the hands."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Priority(IntEnum):
    """Whose order stands first; a smaller number wins."""

    FIRE = 0
    OVERLOAD = 1
    PERSON = 2
    START = 3


class CommandState(StrEnum):
    """How far a command has come."""

    INTENDED = "intended"
    DONE = "done"
    REFUSED = "refused"
    DISOBEYED = "disobeyed"


@dataclass(frozen=True, slots=True)
class SwitchOutlet:
    """Turn one outlet; the id is the request's, so that one request moves a relay once at most."""

    id: str
    place: str
    on: bool
    by: str
    priority: Priority
