"""What happened, as frozen facts; the journal keeps them for ever."""

from dataclasses import asdict, dataclass
from math import isfinite, nan
from typing import Any

from smartpdu.model.rule import Level
from smartpdu.model.units import Ampere, Second, Volt


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at a time (UTC, seconds) and a place (a path of the plant)."""

    at: float
    place: str


@dataclass(frozen=True, slots=True)
class AlarmRaised(Event):
    """A value went beyond a limit, or further beyond."""

    rule: str
    level: Level
    value: float
    limit: float
    unit: str


@dataclass(frozen=True, slots=True)
class AlarmEased(Event):
    """A critical value is a warning again."""

    rule: str
    level: Level
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class AlarmCleared(Event):
    """A value is back inside its limits."""

    rule: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class AlarmFlood(Event):
    """Many places of one rack changed the same alarm in one tick: told once, with all of them."""

    rule: str
    level: Level
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlarmAcknowledged(Event):
    """A person knows of the alarm."""

    rule: str
    by: str


@dataclass(frozen=True, slots=True)
class AlarmShelved(Event):
    """A person put the alarm aside until a time."""

    rule: str
    by: str
    until: float
    reason: str


@dataclass(frozen=True, slots=True)
class AlarmUnshelved(Event):
    """A shelved alarm counts again, by a person or because its time is over."""

    rule: str
    by: str


@dataclass(frozen=True, slots=True)
class RequestRefused(Event):
    """A request was not granted."""

    request: str
    by: str
    refusal: str
    reason: str


@dataclass(frozen=True, slots=True)
class CommandIntended(Event):
    """A relay shall move; this is durable before it does."""

    command: str
    on: bool
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CommandDone(Event):
    """The outlet was read back in the state that was ordered."""

    command: str
    on: bool
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class CommandRefused(Event):
    """An order was not carried out, and why."""

    command: str
    on: bool
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class CommandDisobeyed(Event):
    """The outlet was ordered and did not follow in time."""

    command: str
    on: bool
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class OutletTurned(Event):
    """An outlet changed its state; the command is empty where nobody of us asked for it."""

    on: bool
    command: str


@dataclass(frozen=True, slots=True)
class VoltageDisturbed(Event):
    """A voltage dipped, swelled, was gone, changed at once or was struck.

    What says nothing of it is NaN. It is told when it is over; where it lasts, once before, then
    without a duration; and where the program stops meanwhile, once more without one and not whole.
    Where it ended while nobody measured, it is told without a duration, but with its bounds.
    """

    disturbance: str  # "dip", "swell", "interruption", "rapid voltage change" or "transient"
    phases: tuple[str, ...]  # paths of those that were out
    start: float  # UTC, seconds; the very same each time that it is told
    duration: Second
    residual: Volt  # least of a dip or interruption, greatest of a swell, RMS of a cycle
    reference: Volt
    largest: Volt  # off the voltage before: of a rapid change dUmax, of a transient its peak
    lasting: Volt  # of a rapid change dUss
    itic: str | None  # "tolerated", "interrupted" or "prohibited"; None where it says nothing
    f47: bool | None  # whether SEMI F47 asks equipment to ride through; None where it says nothing
    whole: bool  # nothing of it lay in a gap or before the first sample
    waveform: str = ""  # name of the file with its samples; empty where there is none
    sha256: str = ""  # of that file
    waveform_start: float = nan  # UTC of that file's first sample, seconds
    waveform_part: str = ""  # "whole", "beginning", "end" or "middle" of it, as the file shows
    end_unseen: bool = False  # it is over; when that was, lay in a gap or a stop of the program
    at_least: Second = nan  # that it lasted, where its end was not seen
    at_most: Second = nan


@dataclass(frozen=True, slots=True)
class InrushCaptured(Event):
    """A load drew far more for a moment than before and after."""

    start: float  # UTC, seconds
    duration: Second
    peak: Ampere
    width: Second  # that it was beyond half of its peak
    i2t: float  # A²s
    rms: Ampere  # greatest of a half-cycle
    before: Ampere
    after: Ampere
    angle: float  # degrees since the voltage rose through zero when it began
    cause: str  # as "outlet switched on", "voltage returned" or "load plugged in"
    settled: bool  # whether it ended; not where it was told because it lasts
    waveform: str = ""
    sha256: str = ""
    waveform_start: float = nan
    waveform_part: str = ""


@dataclass(frozen=True, slots=True)
class VoltageWeek(Event):
    """A week of a feed's voltages is over, and was held against EN 50160."""

    start: float  # UTC, a Monday
    until: float  # UTC
    kept: bool | None  # None: not all voltages, THD and unbalances were judged
    iec_61000_2_4: int | None  # the first class that was kept; None: not one, or not judged
    failed: tuple[str, ...]  # place and criterion of what was not kept
    unknown: tuple[str, ...]  # and of what there was nothing to judge by
    covered: float  # share of the ten minutes of the week that were judged


@dataclass(frozen=True, slots=True)
class RuleBroken(Event):
    """A rule or a trace failed; its levels are held until it works again."""

    rule: str
    error: str


@dataclass(frozen=True, slots=True)
class HouseStarted(Event):
    """The program began to turn; boot is unique for each start."""

    boot: str
    version: str
    plant: str  # fingerprint of what is built


@dataclass(frozen=True, slots=True)
class HouseStopped(Event):
    """The program was told to stop and did."""

    boot: str


@dataclass(frozen=True, slots=True)
class RecordingTroubled(Event):
    """The memory could not be written; said as soon as it can be."""

    reason: str
    lost: int  # events that could not be kept


@dataclass(frozen=True, slots=True)
class ClockStepped(Event):
    """The wall clock was set against the monotonic clock."""

    step: float


def kinds() -> tuple[str, ...]:
    """The names of all events, in the order in which they stand here."""
    return tuple(dict.fromkeys(event.__name__ for event in Event.__subclasses__()))


def body(event: Event) -> dict[str, Any]:
    """The event's own fields as plain values; a number that is none becomes null."""
    plain = asdict(event)
    del plain["at"], plain["place"]
    return {name: _plain(value) for name, value in plain.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Level):
        return value.name.lower()
    if isinstance(value, float) and not isfinite(value):
        return None
    return list(value) if isinstance(value, tuple) else value
