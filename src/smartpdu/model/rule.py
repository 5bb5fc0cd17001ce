"""Rules and traces: a measure with limits, a quantity with a past, and the tick they look at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, get_args, get_type_hints

from smartpdu.model.plant import Kind, Plant
from smartpdu.model.snapshot import Snapshot
from smartpdu.model.units import Column, Rows, Second, Seconds, Switches, Unit


class Level(IntEnum):
    """How far a value stands beyond its limits."""

    NORMAL = 0
    WARNING = 1
    CRITICAL = 2


@dataclass(frozen=True, slots=True)
class Wishes:
    """Outlets that were ordered into a state and have not been seen in it yet."""

    outlet: Rows
    on: Switches
    waited: Seconds


@dataclass(frozen=True, slots=True)
class Tick:
    """All that a rule may look at: what is built, measured, remembered and ordered."""

    plant: Plant
    now: Snapshot
    elapsed: Second  # since the tick before, by the monotonic clock
    memory: Mapping[str, Column]
    wishes: Wishes


Bound = float | Column | None  # one number, or a number for each row; None is no limit


BOUNDS = ("low_critical", "low_warning", "high_warning", "high_critical")  # from low to high


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits after Redfish's thresholds: four bounds, a hysteresis, and how long a value must stay.

    A value at or beyond a bound for `dwell` (critical: `dwell_critical`) seconds takes that level;
    it leaves it once it is back inside by more than `hysteresis` for `release` seconds.
    """

    low_critical: Bound = None
    low_warning: Bound = None
    high_warning: Bound = None
    high_critical: Bound = None
    hysteresis: float = 0.0
    dwell: float = 0.0
    dwell_critical: float | None = None
    release: float = 0.0

    def changed(self, **values: Bound) -> "Limits":
        """These limits with some of them replaced."""
        return replace(self, **values)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Rule:
    """A phenomenon that is watched: a measure for each row of a kind of place, and its limits."""

    key: str  # phenomenon.state, the key of the hazard catalogue
    kind: Kind
    measure: Callable[[Tick], Column]
    limits: Limits

    @property
    def unit(self) -> Unit:
        """The unit of the measure, from its annotation."""
        hint = get_type_hints(self.measure, include_extras=True)["return"]
        return next(note for note in get_args(hint)[1:] if isinstance(note, Unit))


@dataclass(frozen=True, slots=True)
class Trace:
    """A quantity with a past: a fold of what it was and a tick into what it is."""

    key: str
    kind: Kind
    fold: Callable[[Column, Tick], Column]
    start: float = 0.0
    about: str = field(default="", kw_only=True)

    @property
    def unit(self) -> Unit:
        """The unit of the trace, from its annotation."""
        hint: Any = get_type_hints(self.fold, include_extras=True)["return"]
        return next(note for note in get_args(hint)[1:] if isinstance(note, Unit))
