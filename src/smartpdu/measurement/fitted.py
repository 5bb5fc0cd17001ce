"""Frequency and harmonics of a recording too short for a window, by least squares (8).

IEC 61000-4-7 measures over ten or twelve cycles. Where there are fewer, a constant and the
harmonics of one fundamental are fitted to the samples of the whole cycles there are: for a periodic
wave this is exact, however few samples a cycle has and wherever it begins. What does not fit is
kept apart, and counts in RMS values and power as well.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from smartpdu.measurement.harmonics import ORDERS
from smartpdu.model.units import Hertz

Array = NDArray[Any]

SLOWEST, FASTEST = 40.0, 72.0  # Hz: what is looked for
FINE = 2000.0  # Hz: the frequency is looked for at this rate or up to twice of it
STEP = 0.5  # Hz: the fit of a quarter of a second is bent over several
FEW, MANY = 5, 25  # orders with which the frequency is looked for, and refined
FINEST = 6000.0  # Hz, for that
REPEATED = 1.5  # cycles: in one alone, so many harmonics fit any frequency
LOOKED_AT = 0.25  # s
ALMOST = 0.95  # of a cycle that there must be
PERIODIC = 0.6  # share of the alternating power that must fit, or there is no frequency
FIRST = 0.01  # of the RMS value that the fundamental must have in one channel at least
SINE = 0.8  # share of the alternating power that is one sine, of a frequency that was told
FAINT = 1e-5  # of the largest sample: less alternates is rounding
SLACK = 0.5  # of a sample that the last cycle may lack
REACH = 0.47  # of the rate: an order beyond is not in the samples


@dataclass(frozen=True, slots=True)
class Fit:
    """A constant, harmonics and the rest of each channel; NaN where samples are missing."""

    mean: Array
    phasor: Array  # complex RMS of each order at the first sample, (ORDERS, channels)
    rest: Array  # samples less the fit


def reach(rate: Hertz, frequency: Hertz) -> int:
    """The highest order that samples at this rate can hold."""
    return min(ORDERS, int(REACH * rate / frequency))


def frequency(samples: Array, rate: Hertz) -> Hertz:
    """The frequency that all channels have in common; NaN where they have none."""
    slowest = max(SLOWEST, rate / (len(samples) + SLACK))  # a whole cycle is needed
    own = _like(samples[: int(LOOKED_AT * rate) + 1])
    if not own.size or slowest >= FASTEST:
        return np.nan
    own, slow = _thinned(own, rate, FINE)
    if slowest > SLOWEST and _roughly(own, slow) < ALMOST * slowest:
        return np.nan

    def left(value: float) -> float:
        return float(_left(own, slow, value, FEW).mean())

    grid = np.arange(slowest, FASTEST + STEP, STEP)
    coarse = float(min(grid, key=left))
    found = _least(left, max(coarse - STEP, slowest), coarse + STEP)
    fits = _left(own, slow, found, FEW).max() <= 1 - PERIODIC
    return found if fits and _first(own, slow, found).max() >= FIRST else np.nan


def is_sine(samples: Array, rate: Hertz, frequency: Hertz) -> bool:
    """Whether each channel is mostly one sine of this frequency, over a cycle at least."""
    own = _like(samples)
    if not own.size or len(own) + SLACK < ALMOST * rate / frequency:
        return False
    own, slow = _thinned(own, rate, FINE)
    return bool(_left(own, slow, frequency, 1).max() <= 1 - SINE)


def _first(own: Array, rate: Hertz, frequency: Hertz) -> Array:
    """The fundamental of each channel beside its other harmonics, RMS: else it may be none."""
    orders = min(FEW, reach(rate, frequency), len(own) // 4)
    parts = np.linalg.lstsq(_basis(len(own), rate, frequency, orders), own, rcond=None)[0]
    return np.asarray(np.hypot(parts[1], parts[1 + orders]) / np.sqrt(2))


def _roughly(own: Array, rate: Hertz) -> Hertz:
    """The frequency of the one sine that fits best, of which there may be half a cycle only."""
    grid = np.arange(SLOWEST / 2, FASTEST, STEP)
    return float(min(grid, key=lambda value: float(_left(own, rate, value, 1).mean())))


def refined(samples: Array, rate: Hertz, near: Hertz) -> Hertz:
    """A frequency found with more harmonics, where there is more than a cycle to tell it by."""
    own = _like(samples)
    if not own.size or len(own) * near < REPEATED * rate:
        return near
    own, slow = _thinned(own, rate, FINEST)
    span = rate / len(own) / 8  # Hz: less than the width of a line
    return _least(
        lambda value: float(_left(own, slow, value, MANY).mean()), near - span, near + span
    )


def _like(samples: Array) -> Array:
    """Channels without a gap that alternate, each less its mean and brought to 1."""
    own = np.array(samples, float)
    own = own[:, np.isfinite(own).all(axis=0)]
    if not own.size:
        return own
    largest = np.abs(own).max(axis=0)
    own -= own.mean(axis=0)
    spread = np.sqrt(np.square(own).mean(axis=0))
    alive = spread > FAINT * largest
    return np.asarray(own[:, alive] / spread[alive])


def _thinned(own: Array, rate: Hertz, least: Hertz) -> tuple[Array, Hertz]:
    """Means of neighbours at a lower rate."""
    every = max(1, int(rate // least))
    whole = own[: len(own) // every * every]
    return whole.reshape(-1, every, own.shape[1]).mean(axis=1), rate / every


def _least(left: Callable[[float], float], low: Hertz, high: Hertz) -> Hertz:
    found = minimize_scalar(left, bounds=(low, high), method="bounded", options={"xatol": 1e-6})
    return float(found.x)


def _left(samples: Array, rate: Hertz, frequency: Hertz, most: int) -> Array:
    """Share of each channel's power that no harmonics of this frequency explain."""
    orders = min(most, reach(rate, frequency), len(samples) // 4)
    if not orders:
        return np.ones(samples.shape[1])
    basis = np.linalg.qr(_basis(len(samples), rate, frequency, orders))[0]
    rest = samples - basis @ (basis.T @ samples)
    return np.asarray(np.square(rest).mean(axis=0) / np.square(samples).mean(axis=0))


def _basis(number: int, rate: Hertz, frequency: Hertz, orders: int) -> Array:
    """A constant, cosines and sines, (samples, 1 + 2 orders)."""
    turns = 2 * np.pi * frequency / rate * np.arange(number)
    angle = np.outer(turns, np.arange(1, orders + 1))
    return np.hstack([np.ones((number, 1)), np.cos(angle), np.sin(angle)])


def fitted(samples: Array, rate: Hertz, frequency: Hertz) -> Fit:
    """The harmonics of these samples of a cycle at least; NaN beyond what they can hold."""
    number, channels = samples.shape
    orders = min(reach(rate, frequency), (number - 1) // 2)
    basis = _basis(number, rate, frequency, orders)
    found = np.full((2 * orders + 1, channels), np.nan)
    whole = np.isfinite(samples).all(axis=0)
    if whole.any():
        found[:, whole] = np.linalg.lstsq(basis, samples[:, whole].astype(float), rcond=None)[0]
    for c in np.flatnonzero(~whole).tolist():
        there = np.isfinite(samples[:, c])
        if there.mean() >= PERIODIC and there.sum() >= 2 * len(found):
            found[:, c] = np.linalg.lstsq(basis[there], samples[there, c], rcond=None)[0]
    phasor = np.full((ORDERS, channels), np.nan, complex)
    phasor[:orders] = (found[1 : orders + 1] - 1j * found[orders + 1 :]) / np.sqrt(2)
    return Fit(found[0], phasor, samples - basis @ found)
