"""What one window says of each channel, each phase and each three-phase group (7, 8, 16.1).

Power has several meanings in a distorted network, and they are kept apart (IEEE 1459): active
power P, reactive power of the fundamental Q1, positive where the current lags, apparent power
S = U I, and what of it is neither P, the nonactive power N. The power factor is P / S, the
displacement factor cos phi that of the fundamental alone.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.compiled import COMPILES, compiled
from smartpdu.measurement.waveform import Window

Array = NDArray[Any]

TURN = complex(-0.5, 0.75**0.5)  # a third of a cycle
FOUND = 11  # quantities that follow from a window


@dataclass(frozen=True, slots=True)
class Quantities:
    """One value for each channel; of powers, NaN for voltages."""

    rms: Array
    mean: Array  # the direct part
    peak: Array
    crest_factor: Array
    thd: Array  # of the fundamental, %, orders 2 to 40 (IEC 61000-4-7)
    thd_rms: Array  # the same of the RMS value, %
    k_factor: Array  # sum of (order x share)^2 (IEEE C57.110)
    active_power: Array
    reactive_power: Array  # of the fundamental
    apparent_power: Array
    nonactive_power: Array
    power_factor: Array
    displacement_factor: Array


def quantities(channels: Channels, window: Window, orders: int = 40) -> Quantities:
    """The quantities of a window."""
    found = np.empty((FOUND, len(window.rms)))
    told = _told if COMPILES else _told_plain
    peak = np.maximum(-window.low, window.high)
    told(
        channels.partner, window.rms, window.power, peak, window.spectra.harmonic,
        window.spectra.phasor[0], orders, found,
    )  # fmt: skip
    return Quantities(window.rms, window.mean, *found)


@compiled
def _told(
    partner: Array,
    rms: Array,
    power: Array,
    peak: Array,
    harmonic: Array,
    phasor: Array,
    orders: int,
    found: Array,
) -> None:
    """Fill the rows of what follows from a window, in the order of the fields."""
    channels = len(rms)
    squares, weighted, whole = found[2], found[3], found[4]
    squares[:], weighted[:], whole[:] = 0.0, 0.0, 0.0
    for h in range(len(harmonic)):
        order = float((h + 1) * (h + 1))
        for c in range(channels):
            square = float(harmonic[h, c]) * float(harmonic[h, c])
            if 0 < h < orders:
                squares[c] += square
            weighted[c] += order * square
            whole[c] += square
    for c in range(channels):
        first, distortion = float(harmonic[0, c]), squares[c]
        v = partner[c]
        found[0, c], found[1, c] = peak[c], peak[c] / rms[c]
        found[4, c] = weighted[c] / whole[c]
        found[2, c] = 100 * np.sqrt(distortion) / first
        found[3, c] = 100 * np.sqrt(distortion) / np.sqrt(first * first + distortion)
        if v == c:
            found[5:, c] = np.nan
            continue
        apparent = rms[v] * rms[c]
        a, b = complex(phasor[v]), complex(phasor[c])
        real, imaginary = a.real * b.real + a.imag * b.imag, a.imag * b.real - a.real * b.imag
        found[5, c], found[6, c], found[7, c] = power[c], imaginary, apparent
        found[8, c] = np.sqrt(max(apparent * apparent - power[c] * power[c], 0.0))
        found[9, c] = power[c] / apparent
        found[10, c] = real / np.sqrt(real * real + imaginary * imaginary)


def _told_plain(
    partner: Array,
    rms: Array,
    power: Array,
    peak: Array,
    harmonic: Array,
    phasor: Array,
    orders: int,
    found: Array,
) -> None:
    squares = np.square(harmonic, dtype=float)
    distortion = squares[1:orders].sum(axis=0)
    order = np.square(np.arange(1.0, len(squares) + 1))
    own = phasor.astype(complex)
    first = own[partner] * own.conj()
    apparent = rms[partner] * rms
    with np.errstate(divide="ignore", invalid="ignore"):
        found[0], found[1] = peak, peak / rms
        found[2] = 100 * np.sqrt(distortion / squares[0])
        found[3] = 100 * np.sqrt(distortion / (squares[0] + distortion))
        found[4] = order @ squares / squares.sum(axis=0)
        found[5], found[6], found[7] = power, first.imag, apparent
        found[8] = np.sqrt(np.maximum(np.square(apparent) - np.square(power), 0.0))
        found[9] = power / apparent
        found[10] = first.real / np.abs(first)
    found[5:, partner == np.arange(len(partner))] = np.nan


@dataclass(frozen=True, slots=True)
class Symmetry:
    """The symmetrical components of three phasors, and what they say of unbalance."""

    zero: complex
    positive: complex
    negative: complex

    @property
    def negative_ratio(self) -> float:
        """u2: the negative sequence of the positive, %."""
        return float(100 * abs(self.negative) / abs(self.positive))

    @property
    def zero_ratio(self) -> float:
        """u0: the zero sequence of the positive, %."""
        return float(100 * abs(self.zero) / abs(self.positive))


def symmetry(phasors: Array) -> Symmetry:
    """The components of three phasors of the fundamental, in the order of the lines."""
    a, b, c = phasors.tolist()
    back = TURN.conjugate()
    return Symmetry((a + b + c) / 3, (a + TURN * b + back * c) / 3, (a + back * b + TURN * c) / 3)


def neutral_current(phasors: Array) -> float:
    """RMS current that three phases give back through the neutral, (orders, 3) phasors."""
    return float(np.sqrt(np.square(np.abs(phasors.sum(axis=1))).sum()))


def demand_distortion(harmonic: Array, rated: float, orders: int = 40) -> Array:
    """TDD: harmonic currents of a rated current, % (IEEE 519); harmonic is (orders, channels)."""
    currents = np.sqrt(np.square(harmonic[1:orders].astype(float)).sum(axis=0))
    return np.asarray(100 * currents / rated)
