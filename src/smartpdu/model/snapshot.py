"""What is measured now: one column for each quantity, a row for each place, NaN for a gap."""

from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import numpy as np

from smartpdu.model.plant import Kind, Part, Plant
from smartpdu.model.units import (
    Amperes,
    Celsiuses,
    Column,
    Hertzes,
    Joules,
    LeakageAmperes,
    Percents,
    Ratios,
    Seconds,
    Switches,
    Unit,
    Vars,
    VarSeconds,
    VoltAmperes,
    Volts,
    Watts,
)


@dataclass(frozen=True, slots=True)
class HouseReadings:
    """How well the program itself works."""

    unrecorded: Seconds  # how long the journal has not taken what shall be kept; 0 if it does


@dataclass(frozen=True, slots=True)
class SourceReadings:
    """How well the sources answer."""

    silence: Seconds  # since the last answer
    missing: Ratios  # share of the expected values that the last answer did not hold


@dataclass(frozen=True, slots=True)
class FeedReadings:
    """Readings of the feeds.

    Active energy is what was taken, exported what was given back; reactive energy counts by the
    signs of active and reactive power in four quadrants (IEC 62053-23). A residual current has
    a direct part, one at the mains' frequency, one up to 1 kHz, and one above; of its
    fundamental, one part is in phase with the voltage of the first phase, or of the circuit, and
    one a quarter of a turn ahead.
    """

    active_power: Watts
    apparent_power: VoltAmperes
    reactive_power: Vars  # of the fundamental; positive where the current lags
    power_factor: Ratios
    frequency: Hertzes
    frequency_lowest: Hertzes  # of the cycles since it was read last
    frequency_highest: Hertzes
    frequency_averaged: Hertzes  # over the last ten seconds of UTC
    voltage_unbalance: Percents  # negative sequence of the positive
    voltage_unbalance_zero: Percents  # zero sequence of the positive
    voltage_unbalance_very_short: Percents  # over the last 150 or 180 cycles
    active_energy: Joules
    exported_energy: Joules
    reactive_energy_1: VarSeconds
    reactive_energy_2: VarSeconds
    reactive_energy_3: VarSeconds
    reactive_energy_4: VarSeconds
    uncounted: Seconds  # in which its energy was not counted
    neutral_current: Amperes
    residual_current: LeakageAmperes
    residual_direct: LeakageAmperes
    residual_mains: LeakageAmperes
    residual_middle: LeakageAmperes
    residual_above: LeakageAmperes
    residual_in_phase: LeakageAmperes
    residual_ahead: LeakageAmperes  # negative: behind


@dataclass(frozen=True, slots=True)
class PhaseReadings:
    """Readings of the line conductors; voltage is line to neutral."""

    voltage: Volts
    current: Amperes
    active_power: Watts
    apparent_power: VoltAmperes
    reactive_power: Vars
    power_factor: Ratios
    displacement_factor: Ratios  # cos phi of the fundamental
    crest_factor: Ratios
    thd_voltage: Percents
    thd_current: Percents
    tdd_current: Percents  # harmonics of the rated current
    k_factor: Ratios
    voltage_very_short: Volts  # over the last 150 or 180 cycles
    thd_voltage_very_short: Percents
    flagged_very_short: Switches  # a dip, swell or interruption fell into them
    flicker_short: Ratios  # Pst of the last ten minutes
    flicker_long: Ratios  # Plt of the last two hours
    active_energy: Joules
    exported_energy: Joules
    reactive_energy_1: VarSeconds
    reactive_energy_2: VarSeconds
    reactive_energy_3: VarSeconds
    reactive_energy_4: VarSeconds


@dataclass(frozen=True, slots=True)
class CircuitReadings:
    """Readings of the branch circuits; closed is the breaker's own contact."""

    closed: Switches
    voltage: Volts
    current: Amperes
    active_power: Watts
    apparent_power: VoltAmperes
    power_factor: Ratios
    tdd_current: Percents
    k_factor: Ratios
    active_energy: Joules
    exported_energy: Joules
    residual_current: LeakageAmperes
    residual_direct: LeakageAmperes
    residual_mains: LeakageAmperes
    residual_middle: LeakageAmperes
    residual_above: LeakageAmperes
    residual_in_phase: LeakageAmperes
    residual_ahead: LeakageAmperes  # negative: behind


@dataclass(frozen=True, slots=True)
class OutletReadings:
    """Readings of the outlets; on is the relay as read back."""

    on: Switches
    voltage: Volts
    current: Amperes
    active_power: Watts
    apparent_power: VoltAmperes
    reactive_power: Vars
    power_factor: Ratios
    displacement_factor: Ratios
    crest_factor: Ratios
    thd_voltage: Percents
    thd_current: Percents
    frequency: Hertzes
    active_energy: Joules
    exported_energy: Joules
    reactive_energy_1: VarSeconds
    reactive_energy_2: VarSeconds
    reactive_energy_3: VarSeconds
    reactive_energy_4: VarSeconds
    contact_temperature: Celsiuses


@dataclass(frozen=True, slots=True)
class ProbeReadings:
    """Readings of the air sensors."""

    temperature: Celsiuses
    humidity: Percents  # relative


@dataclass(frozen=True, slots=True)
class DoorReadings:
    """Readings of the door contacts."""

    open: Switches


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One frozen picture of all readings; every rule of a tick sees the same numbers."""

    at: float  # UTC, seconds since 1970
    clock: float  # monotonic seconds; only differences mean anything
    houses: HouseReadings
    sources: SourceReadings
    feeds: FeedReadings
    phases: PhaseReadings
    circuits: CircuitReadings
    outlets: OutletReadings
    probes: ProbeReadings
    doors: DoorReadings

    def readings(self, kind: Kind) -> Any:
        """The readings of that kind of place."""
        return getattr(self, kind.value)


READINGS: dict[Kind, type] = {
    Kind.HOUSE: HouseReadings,
    Kind.SOURCE: SourceReadings,
    Kind.FEED: FeedReadings,
    Kind.PHASE: PhaseReadings,
    Kind.CIRCUIT: CircuitReadings,
    Kind.OUTLET: OutletReadings,
    Kind.PROBE: ProbeReadings,
    Kind.DOOR: DoorReadings,
}


@cache
def quantities(kind: Kind) -> dict[str, Unit]:
    """Name and unit of each quantity that is measured at that kind of place."""
    if kind not in READINGS:
        return {}
    return {
        name: next(note for note in get_args(hint)[1:] if isinstance(note, Unit))
        for name, hint in get_type_hints(READINGS[kind], include_extras=True).items()
        if get_origin(hint) is Annotated
    }


def blank(plant: Plant, at: float, clock: float) -> Snapshot:
    """A snapshot of the plant in which nothing is known yet."""
    columns = {
        kind.value: READINGS[kind](
            **{
                field.name: np.full(len(plant.table(kind)), np.nan)
                for field in fields(READINGS[kind])
            }
        )
        for kind in READINGS
    }
    return Snapshot(at=at, clock=clock, **columns)


def land(frame: Snapshot, piece: Snapshot, part: Part) -> None:
    """Write a source's own snapshot into its rows of the whole frame."""
    for kind in READINGS:
        here, there, rows = frame.readings(kind), piece.readings(kind), part.rows[kind]
        for field in fields(here):
            getattr(here, field.name)[rows] = getattr(there, field.name)


def frozen(frame: Snapshot, at: float, clock: float) -> Snapshot:
    """A copy of the frame that nobody can change any more."""
    columns = {kind.value: _copy(frame.readings(kind)) for kind in READINGS}
    return Snapshot(at=at, clock=clock, **columns)


def _copy(readings: Any) -> Any:
    def still(column: Column) -> Column:
        copy = column.copy()
        copy.flags.writeable = False
        return copy

    names = [field.name for field in fields(readings)]
    return type(readings)(**{name: still(getattr(readings, name)) for name in names})
