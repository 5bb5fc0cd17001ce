"""What hangs on an outlet: a cord that was pulled, a power supply that died (6.2, 16.2).

A pulled cord carries nothing at all. A dead power supply is still there: its mains filter draws a
reactive current, but no power to speak of. A server that was switched off by its owner or a hot
spare that sleeps draws its standby power (2 to 20 W), so neither is told.
"""

import numpy as np

from smartpdu.model.plant import Kind
from smartpdu.model.rule import Limits, Rule, Tick, Trace
from smartpdu.model.units import Amperes, Column, Rows, Switches

OPEN = 0.005  # A: less than the mains filter of any power supply draws
STEPS = 20  # a meter must have seen this many of its own steps before its zero says something
CARRIED = 0.02  # A: an outlet that never carried this much had no load
STANDBY = 1.5  # W: any power supply that lives takes more
WORKED = 0.1  # A
FORGET = 7 * 86400.0  # s: an outlet left empty is a matter of course after some weeks


def peak_load(before: Amperes, tick: Tick) -> Amperes:
    """Highest current that each outlet carried, slowly forgotten; 0 once it was switched off."""
    outlets = tick.now.outlets
    peak: Amperes = np.fmax(outlets.current, before * np.exp(-tick.elapsed / FORGET))
    peak[outlets.on == 0] = 0.0
    return peak


def unplugged(tick: Tick) -> Switches:
    """1 for each fed outlet that carries nothing although it carried a load before."""
    used, step = tick.memory["cord.peak"], tick.plant.outlets.resolution
    rows = np.flatnonzero((tick.now.outlets.current < OPEN) & (used > CARRIED))
    rows = rows[used[rows] > STEPS * step[rows]]
    return _marked(tick, rows, tick.now.outlets.current)


def dead_supply(tick: Tick) -> Switches:
    """1 for each fed outlet with a current but no power, although it carried a load before."""
    outlets, used = tick.now.outlets, tick.memory["cord.peak"]
    rows = np.flatnonzero((outlets.active_power < STANDBY) & (used > WORKED))
    rows = rows[outlets.current[rows] >= OPEN]
    rows = rows[used[rows] > STEPS * tick.plant.outlets.resolution[rows]]
    return _marked(tick, rows, outlets.current + outlets.active_power)


def _feeding(tick: Tick, rows: Rows) -> Switches:
    """1 for outlets that are on, behind a closed breaker and a phase under voltage; else 0.

    A gap where the relay or the voltage is not known: then nobody knows.
    """
    outlets = tick.plant.outlets
    phase = outlets.phase[rows]
    share = tick.now.phases.voltage[phase] / tick.plant.phases.nominal_voltage[phase]
    closed = tick.now.circuits.closed[outlets.circuit[rows]] != 0
    on = tick.now.outlets.on[rows]
    fed: Switches = ((on == 1) & closed & (share > 0.5)).astype(np.float64)
    return np.where(np.isnan(on) | np.isnan(share), np.nan, fed)


def _marked(tick: Tick, rows: Rows, seen: Column) -> Switches:
    """0 for each outlet, but for those rows whether they are fed; a gap where nothing is seen."""
    marked = np.where(np.isnan(seen), np.nan, 0.0)
    marked[rows] = _feeding(tick, rows)
    return marked


RULES = (
    Rule("cord.unplugged", Kind.OUTLET, unplugged, Limits(high_warning=1.0, dwell=3.0)),
    Rule("cord.dead_supply", Kind.OUTLET, dead_supply, Limits(high_warning=1.0, dwell=5.0)),
)

TRACES = (Trace("cord.peak", Kind.OUTLET, peak_load),)
