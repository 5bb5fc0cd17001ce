"""What is needed before a recording can be measured: its frequency, its systems, their levels."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.fitted import (
    FASTEST,
    LOOKED_AT,
    SLACK,
    SLOWEST,
    frequency,
    is_sine,
)
from smartpdu.measurement.report_steady import LOOK, steady
from smartpdu.model.units import Flags, Hertz, Rows, Volt

Array = NDArray[Any]

STRONG = 0.7  # of the strongest quarter of a second: there the frequency is looked for
LIVES = 0.1  # of its system's highest level: a weaker voltage is none
ALIKE = 0.25  # of each other that levels of one system may differ
NEAR = 0.05  # of a level: what counts to it
MOSTLY = 0.8  # share of the time after which a level is the usual one
FIRST = 6  # half-cycles at the beginning
ABOVE, WELL_ABOVE = 1.1, 1.25  # times the usual level: a dip follows, with a trigger and without
SOON = 2.0  # cycles before a trigger that tell what was before
COARSE = 4.0  # samples of a cycle that are needed to see it
TRIED = 3  # currents, and other channels, that are asked for the frequency
WHOLE = 0.5  # of its samples that a voltage must have to make power
LIKELY = 0.5  # of a nominal voltage that is given: so far off may be a level that is meant
SIZE = 256.0  # to which columns are scaled
FOLLOWED = 0.15  # of a nominal frequency that the measured one may be off it
SEEN = 1.2  # cycles that are enough to see a sine of a frequency that is told
MIDDLE = 55.0  # Hz, between the two nominal frequencies


@dataclass(frozen=True, slots=True)
class Part:
    """Samples that follow each other at one rate."""

    first: int
    end: int  # one after the last
    rate: Hertz


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """A recording as it is analysed: samples side by side, and what they are."""

    samples: Array  # (samples, channels); NaN for a gap
    parts: tuple[Part, ...]
    voltages: tuple[int, ...]
    currents: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...] = ()  # a voltage and a current that make power
    systems: tuple[tuple[int, ...], ...] = ()  # voltages that may be one three-phase system
    nominal_frequency: Hertz = np.nan  # 50 or 60; NaN: found
    nominal_voltage: Volt = np.nan  # NaN: found
    trigger: float = np.nan  # sample at which the recorder saw something; NaN: not known
    told_frequency: Hertz = np.nan  # as the recorder says; NaN: it does not
    holes: Mapping[int, Flags] = field(default_factory=dict)  # of a channel: samples put there


@dataclass(frozen=True, slots=True)
class System:
    """Voltages that are judged together, and what they are meant to be."""

    channels: tuple[int, ...]
    nominal: Volt
    at_first: bool = False  # whether that is what they were at first, not mostly


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The channels as the measurement wants them: groups side by side, each voltage first."""

    column: Rows  # for each column, its channel; one with two voltages has two columns
    group: Rows
    scale: Array  # of each column, a power of two: so that all are of one size
    pairs: tuple[tuple[int, int], ...]  # columns of each pair; -1 where it makes no power
    systems: tuple[System, ...]
    frequency: Hertz  # where it was first looked for
    nominal_frequency: Hertz
    reference: Volt  # level of the leading voltage, or of the current in its place, scaled
    told: bool = False  # whether the frequency is the one that the recorder says

    def channels(self, rate: Hertz) -> Channels:
        """The channels at this rate."""
        return Channels(rate, self.nominal_frequency, self.reference, self.group)

    @property
    def leaders(self) -> Rows:
        """The channel of each group's voltage."""
        return self.column[np.flatnonzero(np.diff(self.group, prepend=-1))]


def layout(material: Material) -> Layout | None:
    """How the channels are laid out; None where no channel has a frequency of the mains."""
    longest = max(material.parts, key=lambda part: part.end - part.first)
    own = material.samples[longest.first : longest.end]
    found = [
        (members, value)
        for system in _by_strength(own, material.systems)
        for members, value in _living(own, longest.rate, system)
    ]
    told = not found
    if told:  # too little to tell a frequency, but enough to see that it may be the one told
        found = _as_told(own, longest.rate, material)
        told = bool(found)
    if found:
        value = found[0][1]
        early = SOON * longest.rate / value
        above = ABOVE if material.trigger - longest.first >= early else WELL_ABOVE
        rate = longest.rate
        each = [s for group, pace in found for s in _systems(own, rate, group, pace, above)]
        if told:  # of a moment the whole cycle is the strongest, all others are cut
            each = [_strongest(own, rate, system, value) for system in each]
        systems = _meant(each, material.nominal_voltage)
        lead = [c for system in systems for c in system.channels]
    else:
        lead, value, systems = *_lone(material, own, longest.rate), ()
    if not lead:
        return None
    nominal = _nominal(material, value)
    reference = systems[0].nominal if systems else _level(own[:, lead], longest.rate, value)
    column, group, pairs = _laid(material, lead)
    scale = _scales(material.samples[:, column], group, lead, column, reference)
    return Layout(
        column, group, scale, pairs, systems, value, nominal, float(reference * scale[0]), told
    )


def _nominal(material: Material, value: Hertz) -> Hertz:
    """50 or 60 Hz: as given, as the recorder says where that may be, or the nearer one."""
    if np.isfinite(material.nominal_frequency):
        return material.nominal_frequency
    told = material.told_frequency
    if told in (50.0, 60.0) and abs(value / told - 1) <= FOLLOWED:
        return told
    return 50.0 if value < MIDDLE else 60.0


def looks(told: Hertz) -> float:
    """How long a voltage must be strong to be seen as a sine of a frequency that is told."""
    return SEEN / told / LOOK


def _as_told(own: Array, rate: Hertz, material: Material) -> list[tuple[tuple[int, ...], Hertz]]:
    """Systems whose strong part is a sine of the frequency that the recorder says."""
    told, found = material.told_frequency, []
    if SLOWEST <= told <= FASTEST and rate >= COARSE * told:
        for system in _by_strength(own, material.systems):
            level = spread(own[:, system])
            live = tuple(c for c, s in zip(system, level, strict=True) if s > LIVES * level.max())
            part = steady(own[:, live], rate, looks(told)) if live else None
            if part and is_sine(own[slice(*part), live], rate, told):
                found.append((live, told))
    return found


def _by_strength(own: Array, systems: Iterable[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Systems with most voltages first, and of these the strongest."""
    with np.errstate(invalid="ignore"):
        return sorted(systems, key=lambda s: (-len(s), -float(np.nanmax(spread(own[:, s])))))


def _living(
    own: Array, rate: Hertz, system: tuple[int, ...]
) -> list[tuple[tuple[int, ...], Hertz]]:
    """Those voltages of a system that live, with their frequency; none where none does."""
    level = spread(own[:, system])
    members = tuple(c for c, s in zip(system, level, strict=True) if s >= LIVES * level.max())
    value = common_frequency(own, rate, members)
    if not np.isfinite(value):  # one of them may be noise
        members = tuple(c for c in members if np.isfinite(common_frequency(own, rate, (c,))))
        value = common_frequency(own, rate, members) if members else np.nan
    return [(members, value)] if np.isfinite(value) else []


def spread(samples: Array) -> Array:
    """How far each channel alternates; 0 where it is missing."""
    found = np.zeros(samples.shape[1])
    for c in range(samples.shape[1]):
        there = samples[np.isfinite(samples[:, c]), c]
        found[c] = there.std(dtype=float) if len(there) else 0.0
    return found


def _lone(material: Material, own: Array, rate: Hertz) -> tuple[list[int], Hertz]:
    """The strongest channel that has a frequency, where no voltage has one."""
    level = spread(own)
    rest = set(range(own.shape[1])) - set(material.voltages) - set(material.currents)
    for kind in (material.voltages, material.currents, rest):
        for c in sorted(kind, key=lambda c: -level[c])[:TRIED]:
            value = common_frequency(own, rate, (c,))
            if np.isfinite(value):
                return [c], value
    return [], np.nan


def common_frequency(own: Array, rate: Hertz, channels: tuple[int, ...]) -> Hertz:
    """The frequency of these channels where they first are strong; NaN where they have none."""
    size = max(int(LOOKED_AT * rate) + 1, 2)
    starts = range(0, max(len(own) - size, 0) + 1, size)
    blocks = [own[start : start + size, channels] for start in starts]
    strength = np.array([block.astype(float).std(axis=0).max() for block in blocks])
    if not np.isfinite(strength).any():  # each has a gap
        return frequency(own[:, channels], rate)
    strong = np.flatnonzero(strength >= STRONG * np.nanmax(strength))
    value = frequency(blocks[strong[0]], rate)
    part = None if np.isfinite(value) else steady(own[:, channels], rate)
    return value if part is None else frequency(own[slice(*part), channels], rate)


def cycle_rms(samples: Array, bounds: Array) -> tuple[Array, Array]:
    """RMS of each half-cycle, and of the cycle that ends with it; bounds may lie between samples.

    NaN where there is no cycle yet, and where samples are missing.
    """
    square = np.square(samples.astype(float))
    total = np.concatenate([[0.0], np.cumsum((square[1:] + square[:-1]) / 2)])
    row = np.minimum(bounds.astype(int), len(square) - 2)
    part = bounds - row
    at = total[row] + part * (square[row] + (square[row + 1] - square[row]) * part / 2)
    lasted = np.diff(bounds)
    half = np.sqrt(np.maximum(np.diff(at), 0.0) / lasted)
    cycle = np.sqrt(np.maximum(at[2:] - at[:-2], 0.0) / (lasted[1:] + lasted[:-1]))
    return half, np.concatenate([[np.nan], cycle])


def _cycles(own: Array, rate: Hertz, value: Hertz) -> Array:
    """Alternating RMS of each cycle of this frequency, anew at each half, (rows, channels)."""
    cycle = rate / value
    bounds = np.arange(0.0, len(own) - 1, cycle / 2)
    whole_cycles = round(max(len(own) // cycle, 1.0) * cycle)
    found = np.full((max(len(bounds) - 2, 0), own.shape[1]), np.nan)
    for c in range(own.shape[1] if len(found) else 0):
        there = np.isfinite(own[:, c])
        filled = np.where(there, own[:, c], 0.0)
        some = slice(whole_cycles)
        mean = filled[some].sum(dtype=float) / max(there[some].sum(), 1)
        rms = cycle_rms(np.where(there, filled - mean, 0.0), bounds)[1][1:]
        lost = np.concatenate([[0], np.cumsum(~there)])
        row = bounds.astype(int)
        whole = lost[np.minimum(row[2:] + 2, len(own))] == lost[row[:-2]]
        found[:, c] = np.where(whole, rms, np.nan)
    return found


def usual(values: Array, above: float = WELL_ABOVE) -> tuple[float, bool]:
    """The level that voltages usually have, (half-cycles, voltages), whatever happened to them.

    It is what they mostly were, where that is most of the time; otherwise what they were at first,
    as a recorder that is triggered has the time before. It is that as well where it was so many
    times above: a dip lasts more often than a swell is that high. NaN where they had none; beside
    it whether it is what they were at first, and not mostly.
    """
    known = values[np.isfinite(values)]
    high = float(np.quantile(known, 0.95)) if len(known) else 0.0
    if len(known) and high < LIVES * known.max():  # there for a moment only
        high = float(known.max())
    alive = np.sort(known[known >= LIVES * high])
    if not high > 0:
        return np.nan, False
    count = np.searchsorted(alive, alive * (1 + NEAR), "right")
    count -= np.searchsorted(alive, alive * (1 - NEAR), "left")
    level, share = _middle(alive, float(alive[count.argmax()])), count.max() / len(known)
    start = _begun(values)
    if share >= MOSTLY and start < above * level:
        return level, False
    return (_middle(alive, start), True) if start >= high / 2 else (level, False)


def _begun(values: Array) -> float:
    """The level of the first half-cycles; of the very first ones where it changes in them."""
    for some in (values[:FIRST], values[: FIRST // 2]):
        known = some[np.isfinite(some)]
        level = float(np.median(known)) if len(known) else 0.0
        if np.count_nonzero(np.abs(known - level) <= NEAR * level) * 2 > len(known):
            break
    return level


def _middle(values: Array, level: float) -> float:
    near = values[np.abs(values / level - 1) <= NEAR]
    return float(np.median(near)) if len(near) else level


def _level(own: Array, rate: Hertz, value: Hertz) -> float:
    """The usual level, or of less than a cycle and a half, the only one."""
    cycles = _cycles(own, rate, value)
    found, _ = usual(cycles)
    return found if np.isfinite(found) else float(spread(own).max())


def _systems(
    own: Array, rate: Hertz, voltages: tuple[int, ...], value: Hertz, above: float
) -> list[System]:
    """Of voltages with one name those that live, as one system, or several where levels differ."""
    cycles = _cycles(own[:, voltages], rate, value)
    levels = np.array([usual(cycles[:, k : k + 1], above)[0] for k in range(len(voltages))])
    if not np.isfinite(levels).any():
        levels = spread(own[:, voltages])
    lives = np.flatnonzero(levels >= LIVES * np.nanmax(levels))
    members: list[list[int]] = []
    for k in lives[np.argsort(-levels[lives], kind="stable")].tolist():
        if members and levels[k] >= (1 - ALIKE) * levels[members[-1][0]]:
            members[-1].append(k)
        else:
            members.append([k])
    found = []
    for each in members:
        level, at_first = usual(cycles[:, each], above)
        level = level if np.isfinite(level) else float(levels[each].max())
        found.append(System(tuple(voltages[k] for k in sorted(each)), level, at_first))
    return found


def _strongest(own: Array, rate: Hertz, system: System, value: Hertz) -> System:
    """A system with the highest level that it had."""
    highest = float(np.nanmax(_cycles(own[:, system.channels], rate, value)))
    return replace(system, nominal=highest, at_first=True)


def _meant(systems: list[System], given: Volt) -> tuple[System, ...]:
    """Systems with the nominal voltage that is given: those it may be meant for, or else all."""
    if not np.isfinite(given):
        return tuple(systems)
    near = [abs(system.nominal / given - 1) <= LIKELY for system in systems]
    return tuple(
        replace(system, nominal=given) if fits or not any(near) else system
        for system, fits in zip(systems, near, strict=True)
    )


def _laid(material: Material, lead: list[int]) -> tuple[Rows, Rows, tuple[tuple[int, int], ...]]:
    """Columns, groups and pairs: voltages that lead or have a current; all else with the first."""
    whole = np.isfinite(material.samples).mean(axis=0) > WHOLE
    heads = list(dict.fromkeys([*lead, *(v for v, _ in material.pairs if whole[v])]))
    tails: dict[int, list[int]] = {v: [] for v in heads}
    for v, i in material.pairs:
        if v in tails and i not in tails[v]:
            tails[v].append(i)
    placed = {*heads, *(i for own in tails.values() for i in own)}
    tails[heads[0]] += [c for c in range(material.samples.shape[1]) if c not in placed]
    column: list[int] = []
    group: list[int] = []
    place: dict[tuple[int, int], int] = {}
    for g, v in enumerate(heads):
        for c in (v, *tails[v]):
            place[v, c] = len(column)
            column.append(c)
            group.append(g)
    pairs = tuple((place.get((v, v), -1), place.get((v, i), -1)) for v, i in material.pairs)
    return np.array(column), np.array(group), pairs


def _scales(samples: Array, group: Rows, lead: list[int], column: Rows, reference: float) -> Array:
    """Powers of two that bring columns near one size.

    A voltage that does not live stays as faint as it is, so that its noise gives no cycles.
    """
    level = np.fmax.reduce(np.abs(samples), axis=0, initial=0.0).astype(float)
    faint = (np.diff(group, prepend=-1) > 0) & ~np.isin(column, lead)
    level[(level == 0) | faint] = reference
    return np.asarray(2.0 ** np.round(np.log2(SIZE / level)))


def runs(material: Material, layout: Layout) -> list[Part]:
    """Parts without a gap in the voltages that lead, fine enough and long enough for a cycle."""
    pace = layout.frequency
    there: Flags = ~np.isnan(material.samples[:, layout.leaders].sum(axis=1))
    found = []
    for part in material.parts:
        edges = np.diff(np.concatenate([[0], there[part.first : part.end].astype(np.int8), [0]]))
        begins, ends = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
            if part.rate >= COARSE * pace and end - begin + SLACK >= part.rate / pace:
                found.append(Part(part.first + begin, part.first + end, part.rate))
    return found
