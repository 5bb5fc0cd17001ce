"""What a residual current is made of: its bands of frequency, and how it stands to the voltage (7).

In phase with the voltage it flows through insulation or moisture; a quarter of a turn ahead it
flows through the capacitors of filters. Smooth direct current makes an RCD of type A blind.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.voltage import FAINT
from smartpdu.measurement.waveform import Window
from smartpdu.model.units import LeakageAmperes, Rows

Array = NDArray[Any]

MIDDLE = 1000.0  # Hz: up to here an RCD of type F or B sees alternating current
ROUNDING = 6e-8  # of the largest channel: what a spectrum may be off in another


@dataclass(frozen=True, slots=True)
class ResidualBands:
    """RMS values of each residual current; their squares add up to that of the whole."""

    direct: LeakageAmperes  # with its sign
    mains: LeakageAmperes  # 50 or 60 Hz, and up to the second order
    middle: LeakageAmperes  # from the second order, 100 or 120 Hz, to 1 kHz
    above: LeakageAmperes  # a change within the window shows here too
    whole: LeakageAmperes


def residual_bands(channels: Channels, window: Window, residual: Rows) -> ResidualBands:
    """The bands of the channels that measure residual currents."""
    harmonic = np.square(window.spectra.harmonic[:, residual].astype(float))
    between = np.square(window.spectra.interharmonic[:, residual].astype(float))
    whole, direct = window.rms[residual], window.mean[residual]
    # a subgroup and what lies between it and the next order
    orders = int(MIDDLE // channels.nominal_frequency)
    mains = harmonic[0] + between[0]
    middle = harmonic[1:orders].sum(axis=0) + between[1 : orders - 1].sum(axis=0)
    high = harmonic[orders:].sum(axis=0) + between[orders - 1 :].sum(axis=0)
    rest = np.square(whole) - np.square(direct) - mains - middle - high
    hidden = ROUNDING * window.rms.max()
    rest = np.where(rest > hidden * (2 * whole + hidden), rest, 0.0)
    return ResidualBands(direct, np.sqrt(mains), np.sqrt(middle), np.sqrt(high + rest), whole)


@dataclass(frozen=True, slots=True)
class Leakage:
    """The fundamental of residual currents as it stands to a voltage."""

    resistive: LeakageAmperes  # in phase
    capacitive: LeakageAmperes  # a quarter of a turn ahead; negative: behind


def leakage(channels: Channels, window: Window, residual: Rows, voltage: Rows) -> Leakage:
    """The two parts of each residual current, each against a voltage; NaN where that is none."""
    current = window.spectra.phasor[0, residual].astype(complex)
    phasor = window.spectra.phasor[0, voltage].astype(complex)
    size = np.abs(phasor)
    lives = size > FAINT * channels.nominal_voltage
    turned = np.divide(phasor.conj(), size, out=np.full_like(phasor, np.nan), where=lives)
    against = current * turned
    return Leakage(against.real, against.imag)
