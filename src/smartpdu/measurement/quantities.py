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
from smartpdu.measurement.waveform import Window

Array = NDArray[Any]

TURN = np.exp(2j * np.pi / 3)


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
    partner, rms = channels.partner, window.rms
    harmonic = window.spectra.harmonic.astype(float)
    fundamental = window.spectra.phasor[0].astype(complex)
    peak = np.maximum(-window.low, window.high)
    squares = np.square(harmonic)
    distortion = np.sqrt(squares[1:orders].sum(axis=0))
    order = np.arange(1, len(harmonic) + 1)[:, None]
    is_voltage = partner == np.arange(len(partner))
    power = np.where(is_voltage, np.nan, window.power)
    apparent = np.where(is_voltage, np.nan, rms[partner] * rms)
    first = np.where(is_voltage, np.nan, fundamental[partner] * fundamental.conj())
    with np.errstate(divide="ignore", invalid="ignore"):
        return Quantities(
            rms,
            window.mean,
            peak,
            peak / rms,
            100 * distortion / harmonic[0],
            100 * distortion / np.sqrt(squares[0] + np.square(distortion)),
            (np.square(order * harmonic).sum(axis=0)) / squares.sum(axis=0),
            power,
            first.imag,
            apparent,
            np.sqrt(np.maximum(np.square(apparent) - np.square(power), 0.0)),
            power / apparent,
            first.real / np.abs(first),
        )


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
    a, b, c = (complex(p) for p in phasors)
    return Symmetry(
        (a + b + c) / 3, (a + TURN * b + TURN**2 * c) / 3, (a + TURN**2 * b + TURN * c) / 3
    )


def neutral_current(phasors: Array) -> float:
    """RMS current that three phases give back through the neutral, (orders, 3) phasors."""
    return float(np.sqrt(np.square(np.abs(phasors.sum(axis=1))).sum()))


def demand_distortion(harmonic: Array, rated: float, orders: int = 40) -> Array:
    """TDD: harmonic currents of a rated current, % (IEEE 519); harmonic is (orders, channels)."""
    currents = np.sqrt(np.square(harmonic[1:orders].astype(float)).sum(axis=0))
    return np.asarray(100 * currents / rated)
