"""What was measured over the whole cycles of a recording: by its windows, or by a fit to a few."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement.crossing import REAL
from smartpdu.measurement.cycles import SWITCHED
from smartpdu.measurement.fitted import SLOWEST, Fit, reach
from smartpdu.measurement.harmonics import ORDERS, is_noise
from smartpdu.measurement.report_coherent import UNKNOWN, Turning, coherent, turning
from smartpdu.measurement.report_follow import SETTLES, Followed, Spectrum, filled
from smartpdu.measurement.report_layout import Layout, Material
from smartpdu.measurement.sums import means
from smartpdu.model.units import Hertz

Array = NDArray[Any]

FEW = 3  # bounds of half-cycles that make a cycle
LATE = 6.0  # cycles after which the first bound of a voltage that was there would be found
SELDOM = 0.1  # of the windows: noise stands out in fewer, a load that is seldom on in more
DIRECT = 0.95  # of the RMS value: a voltage of which so much is direct has no cycles
TAPS = 24  # samples beside a window of which its spectrum is made too


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """Of each column of the layout, or of each pair; NaN where it cannot be had."""

    mean: Array
    rms: Array
    harmonic: Array  # (ORDERS, columns), RMS
    phasor: Array  # of the fundamental, complex RMS, where the first column's is real
    power: Array  # of each pair
    fundamental: Array  # of each pair, complex: active and reactive power of the fundamental


@dataclass(frozen=True, slots=True)
class Extent:
    """What values rest on."""

    cycles: int
    start: float  # in samples since the recording's first
    end: float
    windows: int  # of ten or twelve cycles; 0 where there are too few
    calm: int  # of them, those that harmonics are taken from
    orders: int  # the highest one that the rate allows
    rate: Hertz  # of the samples that harmonics are taken from
    touched: int = 0  # windows that a dip, swell or interruption touches


def by_fit(layout: Layout, fit: Fit) -> Values:
    """The values of a fit to whole cycles."""
    rest, phasor = fit.rest, fit.phasor
    squares = np.square(np.abs(phasor))
    rms = np.sqrt(np.square(fit.mean) + np.nansum(squares, axis=0) + _mean(np.square(rest)))
    power, fundamental = np.full((2, len(layout.pairs)), UNKNOWN)
    for k, (v, i) in enumerate(layout.pairs):
        if v >= 0:
            product = phasor[:, v] * phasor[:, i].conj()
            fundamental[k] = product[0]
            power[k] = fit.mean[v] * fit.mean[i] + np.nansum(product.real)
            power[k] += _mean(rest[:, v] * rest[:, i])
    turn = phasor[0, 0].conj() / np.abs(phasor[0, 0])
    return Values(fit.mean, rms, np.abs(phasor), phasor[0] * turn, power.real, fundamental)


def _mean(values: Array) -> Array:
    """The mean over the first axis of what is there; NaN of what never is."""
    return _averaged(np.nan_to_num(values), np.isfinite(values))


def by_windows(
    material: Material, layout: Layout, all_followed: Sequence[Followed], loud: Array
) -> tuple[Values, Extent]:
    """The values of all whole cycles; harmonics of windows that nothing disturbed, if any.

    `loud` are the times of dips, swells and interruptions, (events, 2).
    """
    rate = max(all_followed, key=lambda each: len(each.windows)).run.rate
    mean, square, power, turned, (cycles, start, end) = _sums(material, layout, all_followed)
    taken = [(f, w) for f in all_followed if f.run.rate == rate for w in f.windows]
    calm = [k for k, (f, w) in enumerate(taken) if _is_calm(f, w, loud)]
    touched = sum(_is_touched(f, w, loud) for f, w in taken)
    orders = reach(rate, max(w.cycles / (w.end - w.start) for _, w in taken) * rate)
    harmonic = _spectra(taken, calm)
    harmonic[orders:] = np.nan
    phasor, fundamental = coherent(turned, layout.pairs)
    paired, current = np.array(layout.pairs, np.int64).reshape(-1, 2).T
    values = Values(
        mean,
        np.sqrt(square),
        harmonic,
        phasor / layout.scale,
        np.where(paired >= 0, power[current], np.nan),
        fundamental / (layout.scale[paired] * layout.scale[current]),
    )
    return values, Extent(cycles, start, end, len(taken), len(calm), orders, rate, touched)


def _spectra(taken: Sequence[tuple[Followed, Spectrum]], calm: list[int]) -> Array:
    """Harmonics of each column.

    From windows that are calm and not the first, whose filter had to settle, and without an inrush
    of the column; where there are none of these, from the others. NaN where the fundamental is
    noise.
    """
    there = np.stack([_there(f, w) for f, w in taken])
    steady = there & ~np.stack([_rushed(f, w) for f, w in taken])
    orders = np.stack([w.orders.astype(float) for _, w in taken])
    squares, stands = np.square(orders), ~is_noise(orders[:, 0], orders[:, ORDERS])
    settled = [k for k in calm if taken[k][1] is not taken[k][0].windows[0]]
    averaged = np.full(squares.shape[1:], np.nan)
    for some, fit in ((settled, steady), (calm, there), (list(range(len(taken))), there)):
        found = np.sqrt(_averaged(squares[some], fit[some][:, None]))
        averaged = np.where(np.isfinite(averaged), averaged, found)
    noise = (stands & there).sum(axis=0) <= SELDOM * there.sum(axis=0)
    return np.where(noise, np.nan, averaged[:ORDERS])


def _averaged(values: Array, there: Array) -> Array:
    """The mean over the first axis of what is there; NaN of what never is."""
    with np.errstate(invalid="ignore"):
        found: Array = np.where(there, values, 0).sum(axis=0) / there.sum(axis=0)
    return found


def _is_calm(f: Followed, w: Spectrum, loud: Array) -> bool:
    return w.mark in (REAL, SWITCHED) and not _is_touched(f, w, loud)


def _is_touched(f: Followed, w: Spectrum, loud: Array) -> bool:
    """Whether a dip, swell or interruption touches a window, or shakes its cycles still."""
    first, cycle = f.run.first, (w.end - w.start) / w.cycles
    touched = (loud[:, 0] < w.end + first) & (loud[:, 1] + SETTLES * cycle > w.start + first)
    return bool(touched.any())


def _there(f: Followed, w: Spectrum) -> Array:
    """Of each column, whether no sample of a window is missing."""
    first, last = int(w.start) - TAPS, int(w.end) + TAPS
    return f.whole(first, last)


def _rushed(f: Followed, w: Spectrum) -> Array:
    """Of each column, whether an inrush touches a window."""
    found = np.zeros(f.halves.half.shape[1], bool)
    for each in f.inrushes:
        found[each.channel] |= each.start < w.end and each.end > w.start
    return found


def _sums(
    material: Material, layout: Layout, all_followed: Sequence[Followed]
) -> tuple[Array, Array, Array, list[Turning], tuple[int, float, float]]:
    """Mean value, square and product of each column over all whole cycles, and their extent.

    Beside them the fundamental of each of these cycles, scaled.
    """
    turned: list[Turning] = []
    columns = len(layout.column)
    total, weight = np.zeros((3, columns)), np.zeros(columns)
    cycles, begin, end = 0, np.inf, -np.inf
    channels = layout.channels(all_followed[0].run.rate)
    for f in all_followed:
        bounds = _bounds(f)
        if len(bounds) < 2:
            continue
        starts = bounds[: -1 : channels.cycles]
        for k, (start, stop) in enumerate(zip(starts, [*starts[1:], bounds[-1]], strict=True)):
            first, last = int(start), int(np.ceil(stop)) + 1
            block = filled(material, layout, f.run, first, last, scaled=True)
            found = means(block, first, start, stop, channels.partner)[:3]
            own = f.whole(first, last) * (stop - start) / f.run.rate
            total += found * own
            weight += own
            each = bounds[k * channels.cycles :][: channels.cycles + 1] - first
            lasted = np.outer(np.diff(each) / f.run.rate, f.whole(first, last))
            turned.append(Turning(turning(block, each), lasted))
        cycles += len(bounds) - 1
        begin = min(begin, f.run.first + bounds[0])
        end = max(end, f.run.first + bounds[-1])
    scale = layout.scale
    with np.errstate(invalid="ignore"):
        mean, square, power = total / weight
    return (
        mean / scale,
        square / scale**2,
        power / (scale * scale[channels.partner]),
        turned,
        (cycles, float(begin), float(end)),
    )


def _bounds(f: Followed) -> Array:
    """The bounds of whole cycles of the leading voltage; those of half-cycles are exact at once."""
    if len(f.at) < 2:
        return f.at
    halves = f.halves.end[f.halves.group == 0]
    cycle = f.at[1] - f.at[0]
    if f.at[0] > LATE * cycle:  # the voltage came later
        halves = halves[halves > f.at[0] - cycle / 4]
    if len(halves) < FEW:
        return f.at
    last = halves[-1] + (halves[-1] - halves[-2])  # the next one, which needs no crossing
    halves = np.append(halves, last)[: None if last <= f.run.end - f.run.first - 1 else -1]
    return halves[::2]


def without_cycles(material: Material) -> Values:
    """What can be said where no cycle is found: the power of what a direct voltage feeds."""
    columns, pairs = material.samples.shape[1], len(material.pairs)
    nothing, unknown = np.full(columns, np.nan), np.full(columns, UNKNOWN)
    rms, power = nothing.copy(), np.full(pairs, np.nan)
    longest = max((part.end - part.first) / part.rate for part in material.parts)
    for k, (v, i) in enumerate(material.pairs if longest >= 1 / SLOWEST else ()):
        both = material.samples[:, [v, i]].astype(float)
        both = both[np.isfinite(both).all(axis=1)]
        if len(both) and abs(both[:, 0].mean()) > DIRECT * np.sqrt(_mean(np.square(both[:, 0]))):
            rms[[v, i]] = np.sqrt(_mean(np.square(both)))
            power[k] = _mean(both.prod(axis=1))
    harmonic = np.full((ORDERS, columns), np.nan)
    return Values(nothing, rms, harmonic, unknown, power, np.full(pairs, UNKNOWN))
