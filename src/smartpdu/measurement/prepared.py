"""Loops are compiled before samples come, so that no source is silent while that lasts."""

import numpy as np

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.compiled import COMPILES
from smartpdu.measurement.quantities import quantities
from smartpdu.measurement.transient import between
from smartpdu.measurement.waveform import Stream

RATE = 1000.0  # Hz


def prepare() -> None:
    """Measure a second of a sine: what that needs is machine code then, or was kept as such."""
    if not COMPILES:
        return
    channels = Channels(RATE, 50.0, 230.0, np.array([0, 0]))
    wave = 325 * np.sin(2 * np.pi * 50 / RATE * np.arange(RATE))
    for window in Stream(channels).take(np.stack([wave, wave / 100], axis=1)).windows:
        quantities(channels, window)
    between(wave, np.array([4.5]))
