"""Disturbances that have no end yet, over a gap of the samples or a restart (8).

Where samples are counted anew, what lasts goes on by the moment of UTC in which it began.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from math import isfinite, nan

from smartpdu.measurement import dip
from smartpdu.measurement.clock import Clock
from smartpdu.measurement.disturbance import Disturbance, Kind
from smartpdu.model.units import Hertz, Volt


@dataclass(frozen=True, slots=True)
class Unended:
    """A disturbance of a feed that lasts, as it was known last."""

    kind: Kind
    channels: tuple[int, ...]  # that were out
    start: float  # UTC
    seen: float  # UTC until when it was seen
    reference: Volt
    residual: Volt
    told: bool  # that it lasts


def lasting(
    state: dip.State,
    clock: Clock,
    starts: Mapping[Kind, float],
    seen: Mapping[Kind, float],
    told: Collection[Kind],
) -> tuple[Unended, ...]:
    """What lasts in a state whose samples count by this clock, by the moments that are known."""
    running = [d for system in state.systems for d in system.running]
    found = [
        Unended(
            d.kind,
            d.channels,
            starts.get(d.kind, clock.moment(d.start)),
            seen.get(d.kind, nan),
            d.reference,
            d.residual,
            d.kind in told,
        )
        for d in running
    ]
    return tuple(one for one in found if isfinite(one.start))


def resumed(quiet: dip.State, left: Iterable[Unended], rate: Hertz) -> tuple[dip.State, Clock]:
    """A quiet state of one system in which that lasts, and the clock that its samples count by."""
    clock = Clock(0.0, max((one.start for one in left), default=nan), rate)
    (system,) = quiet.systems
    running = tuple(
        Disturbance(
            *(one.kind, system.channels, clock.place(one.start), nan),
            *(one.channels, one.reference, one.residual),
            whole=False,
        )
        for one in left
    )
    return replace(quiet, systems=(replace(system, running=running),)), clock


def moved(state: dip.State, before: Clock, after: Clock) -> dip.State:
    """The same where samples are counted anew; what has no known place is let go."""

    def placed(system: dip.System) -> dip.System:
        starts = [after.place(before.moment(d.start)) for d in system.running]
        known = zip(system.running, starts, strict=True)
        running = tuple(replace(d, start=s) for d, s in known if isfinite(s))
        return replace(system, running=running)

    return replace(state, systems=tuple(placed(system) for system in state.systems))
