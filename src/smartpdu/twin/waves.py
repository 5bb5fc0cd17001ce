"""Sampled waveforms with known content, made of the twin's own life (whitepaper 7, 8, 16.2).

The laws of this file:

1. But for inrush, every channel is the sum of sines that `phasors` tells.
2. The phase goes on from block to block, and blocks are of one length: the same dice give the same
   samples.
3. A cord that is newly fed draws its inrush on top, until its capacitor is full.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from smartpdu.model.units import Column, Flags, Ratio, Ratios, Rows, Volts
from smartpdu.twin import inrush
from smartpdu.twin.phasors import Phasors, Waves, cord_phase, fed, live, phasors
from smartpdu.twin.spectrum import ORDERS
from smartpdu.twin.world import Life

WANDER, MEMORY = 2e-4, 60.0  # of the nominal frequency, and s: how the grid's frequency wanders
CLOSES = 0.02  # s within which contacts close that are told to at once

Samples = NDArray[np.float32]  # (samples, channels)


@dataclass(frozen=True, slots=True)
class Moment:
    """Where the waves stand between two blocks."""

    sample: int
    turns: Column  # of each feed's fundamental
    drift: Ratio  # of the grid's frequency
    live: Flags  # phases under voltage
    fed: Flags  # cords under voltage
    charge: Volts  # of each cord's capacitor
    warmth: Ratios  # of each cord's limiter


@dataclass(frozen=True, slots=True)
class Dip:
    """A voltage that drops for some samples: what is left of it on these phases."""

    first: int
    last: int
    phases: Flags
    left: Ratio


def first(made: Waves, life: Life) -> Moment:
    """The waves before their first block: what is fed is full and warm."""
    supplied = fed(made.world, life)
    peak = np.sqrt(2) * life.voltage[cord_phase(made.world)]
    return Moment(
        0,
        np.zeros(len(made.world.plant.feeds)),
        0.0,
        live(made.world, life.voltage),
        supplied,
        np.where(supplied, peak, 0.0),
        supplied.astype(np.float64),
    )


def sampled(
    made: Waves,
    before: Moment,
    life: Life,
    dice: np.random.Generator,
    steady: tuple[Phasors, ...] | None = None,
    dips: Iterable[Dip] = (),
) -> tuple[Moment, Samples]:
    """The next block of a life; `steady` are its phasors, where they are known already."""
    world, count = made.world, made.count
    keep = np.exp(-count / made.rate / MEMORY)
    drift = before.drift * keep + WANDER * np.sqrt(1 - keep**2) * dice.standard_normal()
    nominal = world.plant.feeds.nominal_frequency
    step = nominal * life.effects.frequency * (1 + drift) / made.rate
    found = np.empty((count, made.branches[-1].columns.stop), np.float32)
    known = phasors(made, life) if steady is None else steady
    near = [dip for dip in dips if dip.first < before.sample + count and dip.last > before.sample]
    sines = [_sines(before.turns[b.feed], step[b.feed], count) for b in made.branches]
    for begin, end in pairwise(_edges(before.sample, count, near)):
        now = [d for d in near if d.first <= before.sample + begin < d.last]
        own = phasors(made, life, _left(now)) if now else known
        for branch, sine, phasor in zip(made.branches, sines, own, strict=True):
            np.matmul(sine[begin:end], _weights(phasor), out=found[begin:end, branch.columns])
    after = replace(
        before,
        sample=before.sample + count,
        turns=np.mod(before.turns + step * count, 1.0),
        drift=float(drift),
        live=live(world, life.voltage),
        fed=fed(world, life),
    )
    return _filling(made, before, after, np.sqrt(2) * life.voltage, found, dice), found


def _filling(
    made: Waves,
    before: Moment,
    after: Moment,
    peak: Volts,
    found: Samples,
    dice: np.random.Generator,
) -> Moment:
    """Add the currents that fill capacitors, and tell how full and warm all is then."""
    world, count = made.world, made.count
    elapsed = count / made.rate
    phase = cord_phase(world)
    peak = peak[phase]
    fresh = after.fed & ~before.fed
    rows = np.flatnonzero(after.fed & (before.charge < inrush.FULL * peak))
    charge = np.where(after.fed, np.maximum(before.charge, peak), before.charge)
    charge = np.where(after.fed, charge, charge * np.exp(-elapsed / inrush.BLEEDS))
    warmth = inrush.warmed(before.warmth, after.fed, elapsed)
    if len(rows):
        begin = np.zeros(len(rows))
        told = fresh[rows] & before.live[phase[rows]]  # by its own contact, not with the whole line
        begin[told] = dice.uniform(0, CLOSES * made.rate, int(told.sum()))
        volts = found[:, made.voltage[phase[rows]]].astype(np.float64)
        volts[np.arange(count)[:, None] < begin] = 0.0
        resist = inrush.resistance(made.filters.limiter, before.warmth)[rows]
        capacity = made.filters.capacity[rows]
        pulses, charge[rows] = inrush.charged(
            volts, before.charge[rows], resist, capacity, 1 / made.rate
        )
        _added(made, rows, pulses, found)
    return replace(after, charge=charge, warmth=warmth)


def _added(made: Waves, rows: Rows, pulses: NDArray[np.float64], found: Samples) -> None:
    """Add currents of these cords to all channels that they flow through."""
    outlet = made.world.cords.outlet[rows]
    for branch in made.branches:
        own = np.flatnonzero(np.isin(outlet, branch.outlets))
        if len(own):
            element = len(branch.phases) + np.searchsorted(branch.outlets, outlet[own])
            found[:, branch.columns] += (pulses[:, own] @ branch.joins[element]).astype(np.float32)


def _sines(turns: float, step: float, count: int) -> Samples:
    """Sines, then cosines of each order at each sample."""
    turn = np.exp(2j * np.pi * np.mod(turns + step * np.arange(count), 1.0))
    twice, order = turn * turn, [turn]
    for _ in ORDERS[1:]:
        order.append(order[-1] * twice)
    columns = np.array(order)
    return np.ascontiguousarray(np.concatenate([columns.imag, columns.real]).T, dtype=np.float32)


def _weights(phasor: Phasors) -> Samples:
    """What sines and cosines are taken by."""
    both = np.sqrt(2) * np.concatenate([phasor.real, phasor.imag])
    return np.asarray(both, dtype=np.float32)


def _edges(sample: int, count: int, dips: Iterable[Dip]) -> list[int]:
    inner = {edge - sample for dip in dips for edge in (dip.first, dip.last)}
    return [0, *sorted(edge for edge in inner if 0 < edge < count), count]


def _left(dips: Iterable[Dip]) -> Ratios:
    left: Ratios = np.prod([np.where(dip.phases, dip.left, 1.0) for dip in dips], axis=0)
    return left
