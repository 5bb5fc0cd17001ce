"""Where the twin's waves are tapped: channels of each feed, and how its currents join (1, 3, 7).

At every sample outlets add up to circuits and phases; what of it flows back makes the neutral,
what does not makes the residual current.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartpdu.model.plant import Kind, Plant
from smartpdu.model.units import Rows

Joins = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tap:
    """What one channel measures: a quantity of a place."""

    kind: Kind
    row: int
    quantity: str


@dataclass(frozen=True, slots=True)
class Branch:
    """The channels of one feed, side by side."""

    feed: int
    phases: Rows
    outlets: Rows
    columns: slice
    taps: tuple[Tap, ...]
    joins: Joins  # (elements, channels): which elements make each channel

    def elements(self, *parts: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Voltages, outlet currents, faults beside them and all leakage, as `joins` has them."""
        voltage, outlet, fault, leak = parts
        own = (voltage[:, self.phases], outlet[:, self.outlets], fault[:, self.phases])
        return np.concatenate([*own, leak[:, self.phases]], axis=1)


def branches(plant: Plant) -> tuple[Branch, ...]:
    """All channels that a plant can have: of each phase its voltage first, then its currents."""
    found: list[Branch] = []
    for feed in np.unique(plant.phases.feed).tolist():
        start = found[-1].columns.stop if found else 0
        found.append(_branch(plant, feed, start))
    return tuple(found)


def _branch(plant: Plant, feed: int, start: int) -> Branch:
    phases = np.flatnonzero(plant.phases.feed == feed)
    outlets = np.flatnonzero(np.isin(plant.outlets.phase, phases))
    taps: list[Tap] = []
    for number, phase in enumerate(phases.tolist()):
        taps += [Tap(Kind.PHASE, phase, "voltage"), Tap(Kind.PHASE, phase, "current")]
        if number == 0:
            taps += [Tap(Kind.FEED, feed, f"{which}_current") for which in ("neutral", "residual")]
        for kind in (Kind.CIRCUIT, Kind.OUTLET):
            owner = plant.circuits.phase if kind is Kind.CIRCUIT else plant.outlets.phase
            taps += [Tap(kind, row, "current") for row in np.flatnonzero(owner == phase).tolist()]
    joins = np.stack([_join(plant, tap, phases, outlets) for tap in taps], axis=1)
    return Branch(feed, phases, outlets, slice(start, start + len(taps)), tuple(taps), joins)


def _join(plant: Plant, tap: Tap, phases: Rows, outlets: Rows) -> Joins:
    """How much of each element is in a channel: voltages, outlets, faults, leakage."""
    voltage, fault, leak = (np.zeros(len(phases)) for _ in range(3))
    outlet = np.zeros(len(outlets))
    match tap.kind, tap.quantity:
        case Kind.PHASE, "voltage":
            voltage[phases == tap.row] = 1
        case Kind.PHASE, _:
            outlet[plant.outlets.phase[outlets] == tap.row] = 1
            fault[phases == tap.row] = 1
        case Kind.CIRCUIT, _:
            outlet[plant.outlets.circuit[outlets] == tap.row] = 1
        case Kind.OUTLET, _:
            outlet[outlets == tap.row] = 1
        case Kind.FEED, "neutral_current":
            outlet[:], fault[:], leak[:] = 1, 1, -1
        case _:
            leak[:] = 1
    return np.concatenate([voltage, outlet, fault, leak])
