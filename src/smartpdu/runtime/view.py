"""What the desk shows: one frozen view after each tick, and the nouns of its answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.model.alarm import Alarm
from smartpdu.model.command import CommandState
from smartpdu.model.hazard import Hazard
from smartpdu.model.plant import Kind, Plant
from smartpdu.model.request import Refusal
from smartpdu.model.rule import Rule, Trace
from smartpdu.model.snapshot import Snapshot
from smartpdu.model.units import Column


@dataclass(frozen=True, slots=True)
class View:
    """All that can be looked at after a tick; nothing in it changes any more."""

    number: int  # counts the ticks of this run: an ETag of everything that is shown
    site: str
    plant: Plant
    places: Mapping[str, tuple[Kind, int]]
    now: Snapshot
    memory: Mapping[str, Column]  # traces by key, as "load.reserve" for each phase
    rules: tuple[Rule, ...]
    traces: tuple[Trace, ...]
    hazards: Mapping[str, Hazard]
    alarms: tuple[Alarm, ...]  # calling ones first, then the worst and newest
    troubles: tuple[str, ...]  # what the house itself cannot do just now, as "disk full: ..."
    failures: Mapping[str, str]  # why a source does not answer now, by its path


@dataclass(frozen=True, slots=True)
class Told:
    """An event as the journal keeps it."""

    seq: int
    at: float
    kind: str  # the event's class, as "AlarmRaised"
    place: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CommandRow:
    """How far a command has come; times are UTC seconds, None where not yet."""

    id: str
    place: str
    on: bool
    by: str
    state: CommandState
    reason: str
    asked: float
    intended: float | None
    finished: float | None


@dataclass(frozen=True, slots=True)
class Asked:
    """The answer to a request: refused with a reason, or granted; a switch has its command."""

    refusal: Refusal | None
    reason: str = ""
    command: CommandRow | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """A quantity over time: seconds UTC, and least, mean and greatest value of each span."""

    at: NDArray[np.float64]
    least: Column
    mean: Column
    greatest: Column
    unit: str


@dataclass(frozen=True, slots=True)
class Waveform:
    """A file with the samples of something that was noticed."""

    name: str
    place: str
    kind: str  # of the worst disturbance that it shows, or "inrush"
    start: float  # UTC of its first sample, seconds
    part: str  # "whole", "beginning", "end" or "middle" of what it shows
    bytes: int
    sha256: str


class KeyReused(Exception):
    """An idempotency key came again with another wish than `place` and `on`, whose it is."""

    def __init__(self, key: str, place: str, on: bool | None) -> None:
        """Tell whose key it is; only a switch has an `on`."""
        super().__init__(f"{key} was used for {place} before")
        self.key = key
        self.place = place
        self.on = on


class Unrecorded(Exception):
    """What should have been kept could not be; the text is for a person."""


class Unrecallable(Exception):
    """The memory cannot be read just now; the text is for a person."""
