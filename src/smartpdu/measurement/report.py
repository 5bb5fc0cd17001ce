"""The analysis of a recording: what its channels, its phases and its events are (5, 8).

All is measured as it is in live samples: by windows of ten or twelve cycles and by half-cycles.
RMS values, direct parts, power and phasors are those of all whole cycles; harmonics those of the
windows that no dip, swell or interruption touches, where there are any. A recording too short for a
window is analysed over the whole cycles it has, and one without cycles by its samples alone.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement.crossing import CARRIED
from smartpdu.measurement.disturbance import FLAGGING, Disturbance
from smartpdu.measurement.fitted import SLACK, fitted, frequency, reach, refined
from smartpdu.measurement.harmonics import ORDERS
from smartpdu.measurement.report_bridged import bridged
from smartpdu.measurement.report_follow import (
    Event,
    Followed,
    briefly,
    events,
    followed,
    mean_frequency,
    own_frequency,
)
from smartpdu.measurement.report_layout import (
    Layout,
    Material,
    Part,
    System,
    common_frequency,
    layout,
    looks,
    runs,
)
from smartpdu.measurement.report_steady import LEAST, steady
from smartpdu.measurement.report_values import Extent, Values, by_fit, by_windows, without_cycles
from smartpdu.model.units import Hertz

Array = NDArray[Any]

THD_ORDERS = 40  # IEC 61000-4-7
MOST = 1e18  # of any unit: what is beyond has no square in single precision, and is no value
RARE = 0.01  # of a channel's samples that are none: where there are more, all are
FAINT = 1e-6  # of the RMS value: a fundamental below it is none
SHARE = 0.5  # of the RMS value: so much the fundamental of what is no voltage of a phase must have


@dataclass(frozen=True, slots=True, eq=False)
class Power:
    """The power of a voltage and a current; NaN where it cannot be had."""

    voltage: int
    current: int
    active: float
    reactive: float  # of the fundamental, positive where the current lags
    apparent: float
    power_factor: float
    displacement_factor: float


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """RMS of one cycle of a channel, anew at each half-cycle."""

    channel: int
    at: Array  # the middle of each cycle, in samples since the recording's first
    rms: Array
    carried: Array  # whether the pace of a cycle is assumed, as no voltage told it


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What a recording holds; arrays have one value for each of its channels."""

    frequency: Hertz
    nominal_frequency: Hertz
    extent: Extent | None  # None: there are no cycles, and values are those of all samples
    systems: tuple[System, ...]
    frequencies: Array
    rms: Array
    mean: Array  # the direct part
    peak: Array
    crest_factor: Array
    thd: Array  # %
    harmonics: Array  # % of the fundamental, (ORDERS, channels)
    phasor: Array  # of the fundamental, complex RMS, from the leading voltage on
    powers: tuple[Power, ...]
    events: tuple[Event, ...]  # of channels, in samples since the recording's first
    trends: tuple[Trend, ...]
    told: bool  # whether cycles are as long as the recorder says, and no frequency was found
    beyond: tuple[int, ...] = ()  # channels with values too large to be measured: there are none


def analysis(material: Material) -> Generator[float, None, Analysis]:
    """Analyse a recording; gives the share that is done, and at its end the analysis."""
    samples, beyond = _measurable(material.samples)
    found = yield from _analysed(replace(material, samples=samples))
    return replace(found, beyond=beyond)


def _measurable(samples: Array) -> tuple[Array, tuple[int, ...]]:
    """Samples without values that are too large, and the channels that have some."""
    large = np.fmax.reduce(samples, axis=0, initial=0.0) > MOST
    large |= np.fmin.reduce(samples, axis=0, initial=0.0) < -MOST
    beyond = np.flatnonzero(large)
    if len(beyond):
        samples = samples.copy()
        none = ~(np.abs(samples[:, beyond]) <= MOST)
        none |= none.mean(axis=0) > RARE
        samples[:, beyond] = np.where(none, np.nan, samples[:, beyond])
    return samples, tuple(beyond.tolist())


def _analysed(original: Material) -> Generator[float, None, Analysis]:
    """Analyse a recording whose values are all of a size."""
    material = bridged(original)
    laid = layout(material)
    if laid is None:
        return _without_cycles(original)
    own = runs(material, laid)
    total, done, found = sum(run.end - run.first for run in own), 0, []
    for run in own:
        steps = followed(material, laid, run)
        while True:
            try:
                done += next(steps)
            except StopIteration as end:
                found.append(end.value)
                break
            yield done / total
    windows = any(f.windows for f in found)
    if windows and any(len(f.halves.end) for f in found):
        return _whole(material, laid, found)
    # the mains may have been there too shortly for the stream, however long the rest is
    few = _short(original, laid, runs(original, laid))
    if few is not None:
        return few
    return _whole(material, laid, found) if windows else _without_cycles(original)


def _whole(material: Material, laid: Layout, found: Sequence[Followed]) -> Analysis:
    """The analysis of a recording that has windows."""
    happened = events(laid, found)
    loud = [(d.start, d.end) for d in happened if isinstance(d, Disturbance) and d.kind in FLAGGING]
    times = np.nan_to_num(np.array(loud, float).reshape(-1, 2), nan=np.inf)
    times[:, 0] = np.where(np.isinf(times[:, 0]), -np.inf, times[:, 0])
    values, extent = by_windows(material, laid, found, times)
    groups = own_frequency(found, int(laid.group[-1]) + 1)
    leading = groups[np.isin(laid.leaders, _lead(laid)) & np.isfinite(groups)]
    pace = leading[0] if len(leading) else mean_frequency(laid, found, times)
    pace = np.nan if laid.told else float(pace)
    return _assembled(material, laid, values, (pace, groups), extent, happened, found)


def _short(material: Material, laid: Layout, own: Sequence[Part]) -> Analysis | None:
    """The analysis of the whole cycles of the longest run, too few for a window; None: of none."""
    if not own:
        return None
    run = max(own, key=lambda each: each.end - each.first)
    samples = material.samples[run.first : run.end][:, laid.column].astype(float)
    lead = tuple(np.flatnonzero(np.isin(laid.column, _lead(laid))).tolist())
    first, last = _part(samples[:, lead], run.rate, looks(laid.frequency) if laid.told else LEAST)
    entire, samples = samples, samples[first:last]
    pace = laid.frequency if laid.told else common_frequency(samples, run.rate, lead)
    few = 2 * int(laid.channels(run.rate).cycles)
    if np.isfinite(pace) and not laid.told and len(samples) * pace <= few * run.rate:
        pace = refined(samples[:, lead], run.rate, pace)
    cycles = int((len(samples) + SLACK) * pace / run.rate) if np.isfinite(pace) else 0
    if not 1 <= cycles <= few:  # so many cycles without a window are none
        return None
    number = min(len(samples), round(cycles * run.rate / pace))
    fit = fitted(samples[:number], run.rate, pace)
    brief = briefly(laid, run, entire, fit, pace, (first, last))
    begin = float(run.first + first)
    end = begin + cycles * run.rate / pace
    extent = Extent(cycles, begin, end, 0, 0, reach(run.rate, pace), run.rate)
    lives = np.isin(laid.leaders, _lead(laid))
    groups = np.array(
        [
            frequency(samples[:, [k]], run.rate) if live else np.nan
            for k, live in zip(_heads(laid), lives, strict=True)
        ]
    )
    happened = events(laid, [brief])
    values = by_fit(laid, fit)
    if laid.told:
        pace, groups = np.nan, np.full_like(groups, np.nan)
    return _assembled(material, laid, values, (pace, groups), extent, happened, [brief])


def _part(lead: Array, rate: Hertz, least: float) -> tuple[int, int]:
    """What of the leading channels shows the mains: all, or where they are strong."""
    if np.isfinite(frequency(lead, rate)):
        return 0, len(lead)
    return steady(lead, rate, least) or (0, len(lead))


def _lead(laid: Layout) -> Array:
    """The channels that give the frequency."""
    return np.array(laid.systems[0].channels if laid.systems else [laid.column[0]])


def _heads(laid: Layout) -> list[int]:
    """The column of each group's voltage."""
    return np.flatnonzero(np.diff(laid.group, prepend=-1)).tolist()


def _without_cycles(material: Material) -> Analysis:
    """The analysis of samples that have no cycle of the mains."""
    channels = material.samples.shape[1]
    everything = np.arange(channels)
    alone, pairs = np.zeros(channels, int), material.pairs
    laid = Layout(everything, alone, np.ones(channels), pairs, (), np.nan, np.nan, 0.0)
    paces = (np.nan, np.full(1, np.nan))
    return _assembled(material, laid, without_cycles(material), paces, None, (), ())


def _assembled(
    material: Material,
    laid: Layout,
    values: Values,
    paces: tuple[Hertz, Array],
    extent: Extent | None,
    happened: tuple[Event, ...],
    found: Sequence[Followed],
) -> Analysis:
    channels = range(material.samples.shape[1])
    own = np.array([np.flatnonzero(laid.column == c)[0] for c in channels], int)
    mean, rms, peak = _of_samples(material)
    if extent is not None:
        mean = np.where(np.isfinite(values.mean[own]), values.mean[own], mean)
        rms = np.where(np.isfinite(values.rms[own]), values.rms[own], rms)
    harmonics = _shares(material, laid, values.harmonic[:, own], rms)
    orders = extent.orders if extent is not None else 0
    thd = np.sqrt(np.nansum(np.square(harmonics[1:THD_ORDERS]), axis=0))
    thd = np.where(np.isfinite(harmonics[0]) & (orders > 1), thd, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        crest = np.where(rms > 0, peak / rms, np.nan)
    return Analysis(
        paces[0], laid.nominal_frequency, extent, laid.systems, paces[1][laid.group[own]],
        rms, mean, peak, crest, thd, harmonics, values.phasor[own],
        _powers(material, laid, values), happened, _trends(laid, own, found), laid.told,
    )  # fmt: skip


def _of_samples(material: Material) -> tuple[Array, Array, Array]:
    """Mean, RMS and peak of all samples that are there, channel by channel."""
    found = np.full((3, material.samples.shape[1]), np.nan)
    for c in range(found.shape[1]):
        there = material.samples[:, c].astype(float)
        there = there[np.isfinite(there)]
        if len(there):
            found[:, c] = there.mean(), np.sqrt(np.square(there).mean()), np.abs(there).max()
    return found[0], found[1], found[2]


def _shares(material: Material, laid: Layout, harmonic: Array, rms: Array) -> Array:
    """Harmonics in percent of the fundamental; NaN for a channel that has none.

    A current may be all harmonics, but what is no voltage of a phase may be noise.
    """
    known = {*material.currents, *(c for system in laid.systems for c in system.channels)}
    least = np.array([FAINT if c in known else SHARE for c in range(len(rms))]) * rms
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = 100 * harmonic / harmonic[0]
        return np.where(((rms > 0) & (harmonic[0] > least))[None], shares, np.nan).reshape(
            ORDERS, -1
        )


def _powers(material: Material, laid: Layout, values: Values) -> tuple[Power, ...]:
    found = []
    for k, ((v, i), (voltage, current)) in enumerate(zip(laid.pairs, material.pairs, strict=True)):
        first, power = complex(values.fundamental[k]), float(values.power[k])
        apparent = float(values.rms[v] * values.rms[i]) if v >= 0 else np.nan
        found.append(
            Power(
                voltage,
                current,
                power,
                first.imag,
                apparent,
                power / apparent if apparent > 0 else np.nan,
                first.real / abs(first) if abs(first) > 0 else np.nan,
            )
        )
    return tuple(found)


def _trends(laid: Layout, own: Array, found: Sequence[Followed]) -> tuple[Trend, ...]:
    trends = []
    for channel, column in enumerate(own.tolist()):
        parts = []
        for f in found:
            rows = np.flatnonzero(f.halves.group == laid.group[column])
            start, rms = f.run.first + f.halves.start[rows], f.halves.cycle[rows, column]
            parts.append(np.stack([start, rms, f.halves.mark[rows] == CARRIED]))
        at, rms, mark = np.concatenate(parts, axis=1) if parts else np.zeros((3, 0))
        trends.append(Trend(channel, at, rms, mark > 0))
    return tuple(trends)
