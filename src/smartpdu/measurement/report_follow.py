"""A recording's samples as a stream: its windows, its half-cycles, and what happened in them."""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement import dip, inrush, transient
from smartpdu.measurement.crossing import CARRIED, REAL
from smartpdu.measurement.disturbance import FLAGGING, Disturbance, Kind
from smartpdu.measurement.fitted import Fit
from smartpdu.measurement.halves import Halves
from smartpdu.measurement.inrush import Inrush
from smartpdu.measurement.report_before import led
from smartpdu.measurement.report_layout import Layout, Material, Part, System, cycle_rms, spread
from smartpdu.measurement.report_seen import seen
from smartpdu.measurement.waveform import Bounds, Stream, Window
from smartpdu.model.units import Hertz

Array = NDArray[Any]
Event: TypeAlias = Disturbance | Inrush

SETTLES = 4.0  # cycles after a beginning or a dip in which crossings are still shaken
MANY = 8  # cycles, of which those may be left out
RUSH = 0.25  # of the smallest current: a rise below is none
SHORTED = 0.5  # of the voltage: where less is left, a current that rises is that of a fault
ASIDE = 2.0  # cycles before, in which it rises already, and after, in which loads return
BESIDE = 3  # samples around a transient that must be there
TAKEN = 0.5  # s of samples that are taken at once


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """What is kept of a window."""

    start: float  # in samples since the run's first
    end: float
    cycles: int
    mark: int
    orders: Array  # (ORDERS + 1, columns), RMS: harmonics, and what is beside the fundamental


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """What the stream of one run gave, in samples since the run's first."""

    run: Part
    windows: tuple[Spectrum, ...]
    halves: Halves
    at: Array  # bounds of cycles
    mark: Array
    transients: tuple[Disturbance, ...]  # of columns
    lost: dict[int, Array]  # of a column with gaps: samples missing before each
    inrushes: tuple[Inrush, ...] = ()  # of columns

    def whole(self, first: int, last: int) -> Array:
        """Of each column, whether no sample is missing from `first` up to `last`."""
        found = np.ones(self.halves.half.shape[1], bool)
        for column, lost in self.lost.items():
            end = min(last, len(lost) - 1)
            found[column] = lost[end] == lost[max(first, 0)]
        return found


def filled(
    material: Material, layout: Layout, run: Part, first: int, last: int, scaled: bool = False
) -> Array:
    """Samples of a run as columns, in single precision; zeros in gaps, which `whole` tells."""
    rows = slice(run.first + max(first, 0), min(run.first + last, run.end))
    own = material.samples[rows][:, layout.column]
    if scaled:
        own = own * layout.scale
    return np.nan_to_num(own.astype(np.float32), copy=False, nan=0.0)


def followed(material: Material, layout: Layout, run: Part) -> Generator[int, None, Followed]:
    """Take a run's samples; gives how many were taken each time."""
    channels = layout.channels(run.rate)
    stream, scale = Stream(channels), layout.scale
    limits = _beyond(material, layout)
    halves: list[Halves] = []
    windows: list[Spectrum] = []
    bounds: list[Bounds] = []
    told: list[Disturbance] = []
    states = [
        transient.still(replace(channels, nominal_voltage=system.nominal), [columns])
        for system, columns in _systems(layout)
    ]
    entered: list[Inrush] = []
    rushes = [
        (system, inrush.calm(replace(channels, nominal_voltage=system.nominal), limits))
        for system in layout.systems
    ]
    size = max(int(TAKEN * run.rate), 1)
    for first in range(0, run.end - run.first, size):
        block = filled(material, layout, run, first, first + size)
        measured = stream.take(filled(material, layout, run, first, first + size, scaled=True))
        own = _unscaled(measured.halves, scale)
        for k, state in enumerate(states):
            states[k], struck = transient.struck(state, block, own)
            told += struck
        for k, (system, rush) in enumerate(rushes):
            rush, rushed = inrush.rushed(rush, block, own)  # noqa: PLW2901
            rushes[k] = (system, rush)
            entered += _own(material, layout, system, rushed)
        halves.append(own)
        bounds.append(measured.bounds)
        windows += [_spectrum(window, scale) for window in measured.windows]
        yield len(block)
    at, mark = (np.concatenate([getattr(b, name) for b in bounds]) for name in Bounds.__slots__)
    lost = _lost(material, layout, run)
    all_told = transient.together(d for d in told if not _at_hole(d, lost))
    cycle = run.rate / layout.frequency

    def taken(number: int) -> Array:
        return filled(material, layout, run, 0, number)

    heads = np.flatnonzero(np.diff(layout.group, prepend=-1))
    whole = seen(led(_joined(halves), taken, layout.group, cycle), taken, heads)
    found = Followed(run, tuple(windows), whole, at, mark, all_told, lost, tuple(entered))
    return replace(found, halves=_known(found, layout.group))


def _at_hole(d: Disturbance, lost: dict[int, Array]) -> bool:
    """Whether a transient lies where samples are missing."""
    missing = (lost[c] for c in d.channels if c in lost)
    return any(
        m[min(int(d.end) + BESIDE, len(m) - 1)] > m[max(int(d.start) - BESIDE, 0)] for m in missing
    )


def _known(f: Followed, group: Array) -> Halves:
    """The half-cycles of a run, NaN in those columns of which a sample is missing."""
    halves = replace(f.halves, half=f.halves.half.copy(), cycle=f.halves.cycle.copy())
    for column, lost in f.lost.items():
        rows = np.flatnonzero((halves.group == group[column]) & np.isfinite(halves.start))
        start, end = halves.start[rows], halves.end[rows]
        count = np.take(lost, end.astype(int) + 2, mode="clip")
        for begin, values in ((start, halves.half), (2 * start - end, halves.cycle)):
            lacks = count > np.take(lost, begin.astype(int), mode="clip")
            values[rows[lacks], column] = np.nan
    return halves


def _spectrum(window: Window, scale: Array) -> Spectrum:
    """What is kept of a window, as the columns are without their scale."""
    found = window.spectra
    orders = np.concatenate([found.harmonic, found.interharmonic[:1]])
    orders = (orders / scale).astype(np.float32)
    return Spectrum(window.start, window.end, window.cycles, window.mark, orders)


def _unscaled(halves: Halves, scale: Array) -> Halves:
    return replace(halves, half=halves.half / scale, cycle=halves.cycle / scale)


def _joined(parts: list[Halves]) -> Halves:
    return Halves(*(np.concatenate([getattr(p, name) for p in parts]) for name in Halves.__slots__))


def _beyond(material: Material, layout: Layout) -> inrush.Limits:
    """From when on it is an inrush: where all currents are large, a share of the smallest."""
    limits = inrush.Limits()
    levels = spread(material.samples[:, [i for _, i in material.pairs]])
    alive = levels[levels > 0].tolist()
    factor = max(1.0, RUSH * min(alive, default=0.0) / limits.threshold)
    return inrush.Limits(limits.threshold * factor, limits.hysteresis * factor)


def _own(
    material: Material, layout: Layout, system: System, found: Iterable[Inrush]
) -> list[Inrush]:
    """Those inrushes that are of currents of this system."""
    heads = layout.leaders[layout.group]
    return [
        each
        for each in found
        if int(heads[each.channel]) in system.channels
        and (int(heads[each.channel]), int(layout.column[each.channel])) in material.pairs
    ]


def _systems(layout: Layout) -> list[tuple[System, tuple[int, ...]]]:
    """Each system and the columns of its voltages."""
    heads = {int(c): k for k, c in reversed(list(enumerate(layout.column)))}
    return [(s, tuple(heads[c] for c in s.channels)) for s in layout.systems]


def _lost(material: Material, layout: Layout, run: Part) -> dict[int, Array]:
    found = {}
    for k, c in enumerate(layout.column.tolist()):
        absent = np.isnan(material.samples[run.first : run.end, c])
        if c in material.holes:
            absent |= material.holes[c][run.first : run.end]
        if absent.any():
            found[k] = np.concatenate([[0], np.cumsum(absent)])
    return found


def briefly(
    layout: Layout, run: Part, samples: Array, fit: Fit, pace: Hertz, seen: tuple[int, int]
) -> Followed:
    """A run too short for windows: half-cycles between the zeros of the fundamental that fits.

    It fits where it was seen, from one sample up to another; the rest goes on at its pace.
    """
    channels = layout.channels(run.rate)
    cycle = run.rate / pace
    columns, rows = samples.shape[1], []
    for g, (head, end) in enumerate(channels.spans.tolist()):
        angle = np.angle(fit.phasor[0, head]) - 2 * np.pi * seen[0] / cycle
        first = (np.pi / 2 - angle) % np.pi / np.pi * cycle / 2
        bounds = np.arange(first, len(samples) - 1, cycle / 2)
        half = np.full((max(len(bounds) - 1, 0), columns), np.nan)
        whole = half.copy()
        for c in range(head, end):
            if len(half):
                half[:, c], whole[:, c] = cycle_rms(samples[:, c], bounds)
        group = np.full(len(half), g)
        beside = (bounds[:-1] < seen[0] - cycle / 2) | (bounds[1:] > seen[1] + cycle / 2)
        how = np.where(beside, CARRIED, REAL)
        rows.append((group, bounds[:-1], bounds[1:], how, half, whole))
    halves = Halves(*(np.concatenate(each) for each in zip(*rows, strict=True)))
    order = np.argsort(halves.end, kind="stable")
    halves = Halves(*(getattr(halves, name)[order] for name in Halves.__slots__))
    told = [
        d
        for system, own in _systems(layout)
        for d in transient.recorded(
            replace(channels, nominal_voltage=system.nominal), samples, cycle, [own]
        )
    ]
    nothing = np.zeros(0)
    return Followed(run, (), halves, nothing, nothing.astype(int), tuple(told), {})


def events(layout: Layout, all_followed: Sequence[Followed]) -> tuple[Event, ...]:
    """What happened, by its start; in samples since the recording's first, and its channels."""
    found: list[Disturbance] = []
    for f in all_followed:
        found += [_moved(d, f.run.first) for d in f.transients]
    for system, columns in _systems(layout):
        found += _judged(layout, system, columns, all_followed)
    named = [
        replace(d, system=_named(layout, d.system), channels=_named(layout, d.channels))
        for d in found
    ]
    entered = [
        replace(
            each,
            channel=int(layout.column[each.channel]),
            start=each.start + f.run.first,
            end=each.end + f.run.first,
        )
        for f in all_followed
        for each in f.inrushes
    ]
    aside = ASIDE * max((f.run.rate for f in all_followed), default=0.0) / layout.frequency
    rushed = [each for each in entered if not _is_fault(each, named, aside)]
    return tuple(sorted([*named, *rushed], key=lambda d: d.start))


def _is_fault(entered: Inrush, found: Iterable[Disturbance], aside: float) -> bool:
    """Whether a current rose because of a fault, which takes the voltage away at that time."""
    return any(
        d.kind == Kind.DIP
        and d.residual < SHORTED * d.reference
        and not entered.start < d.start - aside
        and not entered.start >= d.end - aside
        for d in found
    )


def _judged(
    layout: Layout, system: System, columns: tuple[int, ...], all_followed: Sequence[Followed]
) -> list[Disturbance]:
    """Dips, swells, interruptions and rapid changes of one system; what lasts has no end."""
    last: dict[tuple[str, str], Disturbance] = {}
    state = None
    for f in all_followed:
        channels = replace(layout.channels(f.run.rate), nominal_voltage=system.nominal)
        if state is None:
            state = dip.quiet(channels, [columns])
        else:
            state, told = dip.gapped(state)
            last |= {(d.kind, repr(d.start)): d for d in told}
        halves = replace(
            f.halves, start=f.halves.start + f.run.first, end=f.halves.end + f.run.first
        )
        state, told = dip.disturbed(state, halves)
        last |= {(d.kind, repr(d.start)): d for d in told}
    if state is not None:
        last |= {(d.kind, repr(d.start)): d for s in state.systems for d in s.running}
    return [_begun_before(d, layout, all_followed[0].run) for d in last.values()]


def _begun_before(d: Disturbance, layout: Layout, run: Part) -> Disturbance:
    """A disturbance without a beginning where it was there when the recording began."""
    early = d.kind in FLAGGING and d.start <= run.first + run.rate / layout.frequency
    return replace(d, start=np.nan) if early and not d.whole else d


def _moved(d: Disturbance, by: float) -> Disturbance:
    return replace(d, start=d.start + by, end=d.end + by)


def _named(layout: Layout, columns: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(layout.column[c]) for c in columns)


def mean_frequency(layout: Layout, all_followed: Sequence[Followed], loud: Array) -> Hertz:
    """The frequency over all cycles whose bounds were measured.

    Cycles of a dip, swell or interruption bend it: without others it is the one first found.
    """
    spans, quiet = [], []
    for f in all_followed:
        some = slice(int(SETTLES) if len(f.at) > MANY else 0, None)
        at, mark = f.at[some], f.mark[some]
        real = (mark[1:] == REAL) & (mark[:-1] != CARRIED)
        begin, end = at[:-1][real] + f.run.first, at[1:][real] + f.run.first
        late = SETTLES * f.run.rate / layout.nominal_frequency
        touched = (loud[:, :1] < end) & (loud[:, 1:] + late > begin)
        spans.append((end - begin) / f.run.rate)
        quiet.append(~touched.any(axis=0))
    span, calm = np.concatenate(spans), np.concatenate(quiet)
    if not calm.any():
        return layout.frequency
    span = span[calm]
    return len(span) / float(span.sum()) if len(span) else np.nan


def own_frequency(all_followed: Sequence[Followed], groups: int) -> Array:
    """The same of each group's voltage, by its own half-cycles."""
    found = np.full(groups, np.nan)
    for g in range(groups):
        number, lasted = 0, 0.0
        for f in all_followed:
            real = (f.halves.group == g) & (f.halves.mark == REAL) & np.isfinite(f.halves.start)
            number += int(real.sum())
            lasted += float((f.halves.end - f.halves.start)[real].sum()) / f.run.rate
        if number:
            found[g] = number / lasted / 2
    return found
