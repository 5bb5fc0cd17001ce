"""Samples that a recorder took one channel after another, as if it had taken all at once."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from smartpdu.drivers.recording import Recording

REACH = 32  # samples on either side of which one is made
SHAPE = 12.0  # of Kaiser's window: errors below 1e-5 up to 0.4 of the rate
NONE = 1e-6  # of a sample: no skew that could be seen


def aligned(recording: Recording) -> Recording:
    """A recording with the skew of its channels taken out, by interpolation within each stretch.

    NaN at the ends of a stretch and around a gap, where neighbours are missing.
    """
    samples = recording.samples.copy()
    for number, channel in enumerate(recording.channels):
        for stretch in recording.stretches:
            shift = channel.skew * stretch.rate
            rows = slice(stretch.first, stretch.end)
            if abs(shift) > NONE:
                samples[rows, number] = _shifted(recording.samples[rows, number], shift)
    channels = tuple(replace(channel, skew=0.0) for channel in recording.channels)
    return replace(recording, samples=samples, channels=channels)


def _shifted(samples: NDArray[np.floating], shift: float) -> NDArray[np.float64]:
    """Samples taken so many of their steps late, as they would have been in time."""
    whole = round(shift)
    late = np.full(len(samples), np.nan)
    if abs(whole) >= len(samples):
        return late
    late[max(whole, 0) : len(samples) + min(whole, 0)] = samples[
        max(-whole, 0) : len(samples) - max(whole, 0)
    ]
    rest = shift - whole
    if abs(rest) <= NONE:
        return late
    taps = np.arange(-REACH, REACH + 1)
    window = np.i0(SHAPE * np.sqrt(np.clip(1 - ((taps - rest) / (REACH + 1)) ** 2, 0, None)))
    kernel = np.sinc(taps - rest) * window
    padded = np.pad(late, REACH, constant_values=np.nan)
    return np.convolve(padded, kernel / kernel.sum(), "valid")
