"""Dips, swells, interruptions and rapid changes of voltages (5, 8; IEC 61000-4-30, class A).

All is judged by Urms(1/2), the RMS value of one cycle anew at each half-cycle, of each voltage
between its own crossings. Voltages of one three-phase system are judged together:

* a dip begins when one of them falls below its threshold, and ends when all are back beyond it
  by the hysteresis; a swell likewise;
* an interruption begins when all are below its threshold, and ends when one is back. It lies
  within a dip, and both are told.

A disturbance is stamped from the first cycle that is out to the first that is back, each where
it begins: it lasts as many half-cycles as Urms(1/2) was out. What is under way is a value that a
fold carries from block to block; the same half-cycles give the same disturbances, however they
came. A gap ends nothing: what lasts over it, or is there when sight returns, says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement import rapid_change
from smartpdu.measurement.channels import Channels
from smartpdu.measurement.disturbance import FLAGGING, Disturbance, Kind, Limits
from smartpdu.measurement.halves import Halves
from smartpdu.model.units import Volt

Array = NDArray[Any]

KEPT, FRESH = 0.9967, 0.0033  # of the sliding reference, at each ten or twelve cycles


@dataclass(frozen=True, slots=True)
class Mean:
    """A voltage's squares summed towards its next ten or twelve cycles."""

    square: float = 0.0
    lasted: float = 0.0
    halves: int = 0
    disturbed: bool = False


@dataclass(frozen=True, slots=True)
class System:
    """The voltages that are judged together, and what is under way with them."""

    groups: tuple[int, ...]
    channels: tuple[int, ...]
    latest: tuple[float, ...]  # Urms(1/2) of each voltage; NaN where it is not known
    before: tuple[float, ...]  # where the half-cycle before began
    reference: tuple[Volt, ...]
    means: tuple[Mean, ...]
    change: rapid_change.Change
    running: tuple[Disturbance, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """What is under way with all systems."""

    limits: Limits
    nominal: Volt
    halves: int  # of ten or twelve cycles
    systems: tuple[System, ...]


def quiet(
    channels: Channels, systems: Iterable[Iterable[int]] = (), limits: Limits | None = None
) -> State:
    """Nothing is under way; `systems` are voltages judged together, else each is by itself."""
    own = [tuple(int(c) for c in system) for system in systems]
    own = own or [(int(c),) for c in channels.voltage]
    return State(
        limits or Limits(),
        channels.nominal_voltage,
        2 * channels.cycles,
        tuple(_begun(channels, system) for system in own),
    )


def _begun(channels: Channels, system: tuple[int, ...]) -> System:
    unknown = (np.nan,) * len(system)
    return System(
        groups=tuple(int(channels.group[c]) for c in system),
        channels=system,
        latest=unknown,
        before=unknown,
        reference=(channels.nominal_voltage,) * len(system),
        means=(Mean(),) * len(system),
        change=rapid_change.unknown(len(system), int(2 * channels.nominal_frequency)),
    )


def disturbed(past: State, halves: Halves) -> tuple[State, tuple[Disturbance, ...]]:
    """What is under way after further half-cycles; what began with them, and what ended.

    A disturbance is told when it begins, without an end, and again when it has ended.
    """
    if not len(halves.end):
        return past, ()
    systems, told = [], []
    for system in past.systems:
        now, found = _judged(past, system, halves)
        systems.append(now)
        told += found
    return replace(past, systems=tuple(systems)), tuple(told)


def gapped(past: State) -> tuple[State, tuple[Disturbance, ...]]:
    """What is under way when samples are missing from here on; what lasts is told to be broken."""
    systems, told = [], []
    for system in past.systems:
        change, rapid = rapid_change.gapped(system.change)
        running = tuple(replace(d, whole=False) for d in system.running)
        told += [*running, *(_rapid(past, system, r) for r in rapid)]
        nothing = (np.nan,) * len(system.groups)
        means = (Mean(),) * len(system.groups)
        systems.append(
            replace(
                system, latest=nothing, before=nothing, means=means, change=change, running=running
            )
        )
    return replace(past, systems=tuple(systems)), tuple(told)


def _judged(past: State, system: System, halves: Halves) -> tuple[System, list[Disturbance]]:
    rows = np.flatnonzero(np.isin(halves.group, system.groups))
    if not len(rows):
        return system, []
    places = np.zeros(max(system.groups) + 1, np.int64)
    places[list(system.groups)] = range(len(system.groups))
    place = places[halves.group[rows]]
    channel = np.array(system.channels)[place]
    values, halved = halves.cycle[rows, channel], halves.half[rows, channel]
    starts, lasted = halves.start[rows], halves.end[rows] - halves.start[rows]
    if _calm(past, system, values):
        return _passed(past, system, place, values, starts)
    system = replace(system, change=rapid_change.copied(system.change))
    told: list[Disturbance] = []
    for row, g in enumerate(place.tolist()):
        half = (float(halved[row]), float(lasted[row]))
        system, found = _stepped(past, system, g, float(values[row]), float(starts[row]), half)
        told += found
    return system, told


def _calm(past: State, system: System, values: Array) -> bool:
    """Whether nothing is under way and nothing can begin with these values."""
    if system.running or past.limits.sliding or not np.isfinite(values).all():
        return False
    low = max(past.limits.dip, past.limits.interruption) * past.nominal / 100
    return bool(values.min() >= low and values.max() <= past.limits.swell * past.nominal / 100)


def _passed(
    past: State, system: System, place: Array, values: Array, starts: Array
) -> tuple[System, list[Disturbance]]:
    """A system after values that are no dip or swell; only its rapid changes are looked at."""
    latest, before = list(system.latest), list(system.before)
    stamps = np.empty(len(values))
    for g in range(len(latest)):
        own = np.flatnonzero(place == g)
        if len(own):
            stamps[own] = np.concatenate([[before[g]], starts[own[:-1]]])
            latest[g], before[g] = float(values[own[-1]]), float(starts[own[-1]])
    band = _band(past)
    change, rapid = rapid_change.passed(system.change, place, values, stamps, band)
    system = replace(system, latest=tuple(latest), before=tuple(before), change=change)
    return system, [_rapid(past, system, r) for r in rapid]


def _stepped(
    past: State, system: System, g: int, value: float, start: float, half: tuple[float, float]
) -> tuple[System, list[Disturbance]]:
    """A system after one more half-cycle of one of its voltages."""
    stamp = system.before[g]
    before = _put(system.before, g, start)
    if np.isnan(value):
        return replace(system, before=before), []
    known, latest = system.latest, _put(system.latest, g, value)
    system = replace(system, before=before, latest=latest)
    running, told = [], []
    for kind in FLAGGING:
        now = next((d for d in system.running if d.kind is kind), None)
        now, changed = _event(past, system, kind, now, (g, stamp, known))
        running += [] if now is None or now.end == now.end else [now]
        told += [now] if changed and now is not None else []
    out = bool(running) or bool(told)
    change, rapid = rapid_change.stepped(system.change, g, value, stamp, _band(past), out)
    told += [_rapid(past, system, r) for r in rapid]
    system = replace(system, running=tuple(running), change=change)
    return (_slid(past, system, g, half, out) if past.limits.sliding else system), told


def _event(
    past: State,
    system: System,
    kind: Kind,
    now: Disturbance | None,
    cause: tuple[int, float, tuple[float, ...]],
) -> tuple[Disturbance | None, bool]:
    """A disturbance of this kind after the half-cycle, and whether it has just begun or ended."""
    g, stamp, known = cause
    latest = np.array(system.latest)
    out, back = _sides(past, system, kind, latest)
    together = np.all if kind is Kind.INTERRUPTION else np.any
    channels = {c for c, is_out in zip(system.channels, out, strict=True) if is_out}
    worst = float((np.nanmax if kind is Kind.SWELL else np.nanmin)(latest))
    if now is None:
        if not together(out):
            return None, False
        whole = not (np.isnan(known).any() if kind is Kind.INTERRUPTION else np.isnan(known[g]))
        reference = past.nominal if kind is Kind.INTERRUPTION else system.reference[g]
        own = tuple(sorted(channels))
        begun = Disturbance(
            kind, system.channels, stamp, np.nan, own, reference, worst, whole=whole
        )
        return begun, True
    if (np.any if kind is Kind.INTERRUPTION else np.all)(back):
        return replace(now, end=max(stamp, now.start)), True
    worse = max(worst, now.residual) if kind is Kind.SWELL else min(worst, now.residual)
    every = tuple(sorted({*now.channels, *channels}))
    return replace(now, residual=worse, channels=every), False


def _sides(past: State, system: System, kind: Kind, latest: Array) -> tuple[Array, Array]:
    """Of each voltage, whether it is beyond the threshold, and whether it is surely back."""
    limits, reference = past.limits, np.array(system.reference) / 100
    slack = limits.hysteresis * past.nominal / 100
    match kind:
        case Kind.SWELL:
            return latest > limits.swell * reference, latest <= limits.swell * reference - slack
        case Kind.INTERRUPTION:
            threshold = limits.interruption * past.nominal / 100
            return latest < threshold, latest >= threshold + slack
    return latest < limits.dip * reference, latest >= limits.dip * reference + slack


def _band(past: State) -> tuple[Volt, Volt]:
    """How far a steady voltage may be off its mean: before a rapid change, and after."""
    wide = past.limits.rapid_change * past.nominal / 100
    return wide, wide - past.limits.rapid_change_hysteresis * past.nominal / 100


def _rapid(past: State, system: System, found: rapid_change.Found) -> Disturbance:
    return Disturbance(
        Kind.RAPID_CHANGE, system.channels, found.start, found.end,
        tuple(system.channels[g] for g in found.voltages), past.nominal,
        largest=found.largest, lasting=found.lasting, whole=found.whole,
    )  # fmt: skip


def _slid(past: State, system: System, g: int, half: tuple[float, float], out: bool) -> System:
    """A system whose reference has moved on by ten or twelve cycles, if they were undisturbed."""
    mean, (rms, lasted) = system.means[g], half
    if np.isnan(rms * lasted):
        return system
    mean = Mean(
        mean.square + rms * rms * lasted,
        mean.lasted + lasted,
        mean.halves + 1,
        mean.disturbed or out,
    )
    reference = system.reference
    if mean.halves == past.halves:
        if not mean.disturbed:
            now = KEPT * reference[g] + FRESH * float(np.sqrt(mean.square / mean.lasted))
            reference = _put(reference, g, now)
        mean = Mean()
    means = (*system.means[:g], mean, *system.means[g + 1 :])
    return replace(system, reference=reference, means=means)


def _put(values: tuple[float, ...], place: int, value: float) -> tuple[float, ...]:
    return (*values[:place], value, *values[place + 1 :])
