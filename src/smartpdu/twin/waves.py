"""Sampled waveforms with known content, made of the twin's own life (whitepaper 7, 8, 16.2).

The laws of this file:

1. What flows is the life's: each outlet draws its power, its reactive current and its harmonic
   current; harmonics that meet in voltage and current are part of that power.
2. All is a sum of few orders, so that every channel is known in closed form: `phasors`.
3. The phase goes on from block to block, and blocks are of one length: the same dice give the same
   samples.
4. A cord that is newly fed draws its inrush on top, until its capacitor is full.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from smartpdu.model.units import Column, Flags, Hertz, Ratio, Ratios, Rows, Volts
from smartpdu.twin import inrush
from smartpdu.twin.plan import World
from smartpdu.twin.spectrum import ORDERS, current_shape, voltage_shape
from smartpdu.twin.taps import Branch, branches
from smartpdu.twin.world import DEAD_VOLTAGE, Life, conducting

WANDER, MEMORY = 2e-4, 60.0  # of the nominal frequency, and s: how the grid's frequency wanders
CLOSES = 0.02  # s within which contacts close that are told to at once

Phasors = NDArray[np.complex128]  # (orders, columns): RMS values, against a sine
Samples = NDArray[np.float32]  # (samples, channels)


@dataclass(frozen=True, slots=True)
class Waves:
    """How a twin is sampled: all of it that does not change."""

    world: World
    rate: Hertz
    count: int  # samples of one block
    branches: tuple[Branch, ...]  # one for each feed
    voltage: Rows  # channel of each phase's voltage
    shape: Phasors  # of each phase's voltage, from the third order on
    filters: inrush.Filters  # of each cord


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


def waves(world: World, rate: Hertz, count: int, dice: np.random.Generator) -> Waves:
    """The waves of a twin at a rate, in blocks of so many samples."""
    found = branches(world.plant)
    voltage = {
        tap.row: branch.columns.start + column
        for branch in found
        for column, tap in enumerate(branch.taps)
        if tap.quantity == "voltage"
    }
    phases = len(world.plant.phases)
    rows = np.array([voltage[row] for row in range(phases)], dtype=np.int64)
    shape = voltage_shape(phases, dice)
    return Waves(world, rate, count, found, rows, shape, inrush.filters(world.cords.rated))


def first(made: Waves, life: Life) -> Moment:
    """The waves before their first block: what is fed is full and warm."""
    supplied = fed(made.world, life)
    peak = np.sqrt(2) * life.voltage[_phase(made.world)]
    return Moment(
        0,
        np.zeros(len(made.branches)),
        0.0,
        _live(made.world, life.voltage),
        supplied,
        np.where(supplied, peak, 0.0),
        supplied.astype(np.float64),
    )


def fed(world: World, life: Life) -> Flags:
    """Which cords are under voltage."""
    outlet = world.cords.outlet
    live = (conducting(world, life) & _live(world, life.voltage)[world.plant.outlets.phase])[outlet]
    under: Flags = live & ~life.effects.pulled[outlet]
    return under


def phasors(made: Waves, life: Life, left: Ratios | float = 1.0) -> tuple[Phasors, ...]:
    """What the channels of each feed carry, but for inrush; `left` is what dips leave."""
    world, plant = made.world, made.world.plant
    volts = life.voltage * left
    distortion = world.distortion / 100
    pure = volts / np.sqrt(1 + distortion**2)
    voltage = np.concatenate([pure[None] + 0j, pure * distortion * made.shape])
    supplied = fed(world, life) & _live(world, volts)[_phase(world)]
    leak = np.zeros((len(ORDERS), len(plant.outlets)), dtype=np.complex128)
    faster = life.effects.frequency[plant.phases.feed]
    capacitive = 1j * ORDERS[:, None] * voltage * faster / 230
    leak[:, world.cords.outlet] = (
        capacitive[:, _phase(world)] * world.cords.leakage * supplied
    )  # leads by a quarter
    fault = life.effects.leak * voltage / plant.phases.nominal_voltage
    line = np.exp(-2j * np.pi / 3 * ORDERS[:, None] * plant.phases.line)
    by = plant.outlets.phase
    leak, outlet = leak * line[:, by], _drawn(made, life, voltage) * line[:, by]
    away = fault * line + _summed(leak, by, len(plant.phases))
    parts = (voltage * line, outlet + leak, fault * line, away)
    return tuple(branch.elements(*parts) @ branch.joins for branch in made.branches)


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
        live=_live(world, life.voltage),
        fed=fed(world, life),
    )
    return _filling(made, before, after, np.sqrt(2) * life.voltage, found, dice), found


def _drawn(made: Waves, life: Life, voltage: Phasors) -> Phasors:
    """Current that each outlet's load draws, against its own phase's voltage."""
    world, flow = made.world, life.flow
    by = world.plant.outlets.phase
    own, pure = voltage[:, by], voltage[0, by].real
    working = (pure > DEAD_VOLTAGE * world.nominal) & conducting(world, life)
    corrected = np.ones(len(by), dtype=np.bool_)
    corrected[world.cords.outlet] = world.cords.corrected
    share = flow.harmonic / np.maximum(np.abs(flow.current), 1e-9)
    higher = flow.harmonic * current_shape(share, corrected) * working
    left = flow.power * working - (own[1:].real * higher).sum(axis=0)
    first = np.divide(left, pure, out=np.zeros_like(pure), where=working)
    return np.concatenate([(first + 1j * flow.current.imag * working)[None], higher])


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
    phase = _phase(world)
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


def _live(world: World, volts: Volts) -> Flags:
    live: Flags = volts > DEAD_VOLTAGE * world.plant.phases.nominal_voltage
    return live


def _phase(world: World) -> Rows:
    """The phase of each cord."""
    return world.plant.outlets.phase[world.cords.outlet]


def _summed(values: Phasors, by: Rows, rows: int) -> Phasors:
    found: Phasors = values @ (by[:, None] == np.arange(rows))
    return found
