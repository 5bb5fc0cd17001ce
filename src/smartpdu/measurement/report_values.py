"""What was measured over the whole cycles of a recording: by its windows, or by a fit to a few."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement.crossing import REAL
from smartpdu.measurement.cycles import SWITCHED
from smartpdu.measurement.fitted import Fit, reach
from smartpdu.measurement.harmonics import ORDERS
from smartpdu.measurement.report_follow import Followed, Spectrum, filled
from smartpdu.measurement.report_layout import Layout, Material
from smartpdu.measurement.sums import means
from smartpdu.model.units import Hertz

Array = NDArray[Any]

EDGE = 3  # cycles at either end that no bound was found for, as the filter had to settle
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


def by_fit(layout: Layout, fit: Fit) -> Values:
    """The values of a fit to whole cycles."""
    rest, phasor = fit.rest, fit.phasor
    squares = np.square(np.abs(phasor))
    rms = np.sqrt(
        np.square(fit.mean) + np.nansum(squares, axis=0) + np.nanmean(np.square(rest), axis=0)
    )
    power, fundamental = np.full((2, len(layout.pairs)), complex(np.nan, np.nan))
    for k, (v, i) in enumerate(layout.pairs):
        if v >= 0:
            product = phasor[:, v] * phasor[:, i].conj()
            fundamental[k] = product[0]
            power[k] = fit.mean[v] * fit.mean[i] + np.nansum(product.real)
            power[k] += np.nanmean(rest[:, v] * rest[:, i])
    turn = phasor[0, 0].conj() / np.abs(phasor[0, 0])
    return Values(fit.mean, rms, np.abs(phasor), phasor[0] * turn, power.real, fundamental)


def by_windows(
    material: Material, layout: Layout, all_followed: Sequence[Followed], loud: Array
) -> tuple[Values, Extent]:
    """The values of all whole cycles; harmonics of windows that nothing disturbed, if any.

    `loud` are the times of dips, swells and interruptions, (events, 2).
    """
    most = max(all_followed, key=lambda each: len(each.windows))
    rate = most.run.rate
    own = [f for f in all_followed if f.run.rate == rate]
    mean, square, power, extent = _sums(material, layout, all_followed)
    taken = [(f, w) for f in own for w in f.windows]
    calm = [k for k, (f, w) in enumerate(taken) if _is_calm(f, w, loud)]
    pace = max(w.cycles / (w.end - w.start) for _, w in taken) * rate
    orders = reach(rate, pace)
    there = np.stack([_there(f, w) for f, w in taken])
    phasors = np.stack([w.phasor for _, w in taken]).astype(complex)
    chosen = calm or list(range(len(taken)))
    harmonic = np.stack([taken[k][1].harmonic for k in chosen]).astype(float)
    harmonic = np.sqrt(_averaged(np.square(harmonic), there[chosen][:, None]))
    harmonic[orders:] = np.nan
    lead = phasors[chosen, :1]
    with np.errstate(divide="ignore", invalid="ignore"):
        turned = phasors[chosen] * lead.conj() / np.abs(lead)
    places = np.array(layout.pairs, np.int64).reshape(-1, 2)
    v, i = places[:, 0], places[:, 1]
    fundamental = _averaged(phasors[:, v] * phasors[:, i].conj(), there[:, v] & there[:, i])
    values = Values(
        mean,
        np.sqrt(square),
        harmonic,
        _averaged(turned, there[chosen]),
        np.where(v >= 0, power[i], np.nan),
        np.where(v >= 0, fundamental, complex(np.nan, np.nan)),
    )
    found = Extent(extent[0], extent[1], extent[2], len(taken), len(calm), orders, rate)
    return values, found


def _averaged(values: Array, there: Array) -> Array:
    """The mean over the first axis of what is there; NaN of what never is."""
    with np.errstate(invalid="ignore"):
        found: Array = np.where(there, values, 0).sum(axis=0) / there.sum(axis=0)
    return found


def _is_calm(f: Followed, w: Spectrum, loud: Array) -> bool:
    first = f.run.first
    touched = (loud[:, 0] < w.end + first) & ~(loud[:, 1] <= w.start + first)
    return w.mark in (REAL, SWITCHED) and not touched.any()


def _there(f: Followed, w: Spectrum) -> Array:
    """Of each column, whether no sample of a window is missing."""
    first, last = int(w.start) - TAPS, int(w.end) + TAPS
    return f.whole(first, last)


def _sums(
    material: Material, layout: Layout, all_followed: Sequence[Followed]
) -> tuple[Array, Array, Array, tuple[int, float, float]]:
    """Mean value, square and product of each column over all whole cycles, and their extent."""
    columns = len(layout.column)
    total, weight = np.zeros((3, columns)), np.zeros(columns)
    cycles, begin, end = 0, np.inf, -np.inf
    channels = layout.channels(all_followed[0].run.rate)
    for f in all_followed:
        bounds = _extended(f)
        starts = bounds[: -1 : channels.cycles]
        for start, stop in zip(starts, [*starts[1:], bounds[-1]], strict=True):
            first, last = int(start), int(np.ceil(stop)) + 1
            block = filled(material, layout, f.run, first, last, scaled=True)
            found = means(block, first, start, stop, channels.partner, channels.spans)[:3]
            own = f.whole(first, last) * (stop - start) / f.run.rate
            total += found * own
            weight += own
        if len(bounds) > 1:
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
        (cycles, float(begin), float(end)),
    )


def _extended(f: Followed) -> Array:
    """The bounds of cycles, and those that must lie before and after them."""
    at = f.at
    if len(at) < 2:
        return at
    first, last = at[1] - at[0], at[-1] - at[-2]
    before = at[0] - first * np.arange(EDGE, 0, -1)
    if before[0] > first:  # there were none before: the voltage came later
        before = before[:0]
    after = at[-1] + last * np.arange(1, EDGE + 1)
    end = f.run.end - f.run.first - 1
    return np.concatenate([before[before > 0], at, after[after <= end]])


def no_values(layout: Layout) -> Values:
    """Nothing could be measured of cycles."""
    columns, pairs = len(layout.column), len(layout.pairs)
    nothing, none = np.full(columns, np.nan), np.full(pairs, np.nan)
    harmonic, unknown = np.full((ORDERS, columns), np.nan), complex(np.nan, np.nan)
    return Values(
        nothing, nothing, harmonic, np.full(columns, unknown), none, np.full(pairs, unknown)
    )
