"""Channels that were taken one after another stand as if all had been taken at once."""

from math import nan

import numpy as np
import pytest

from smartpdu.drivers.recording import Channel, Recording, Stretch
from smartpdu.drivers.recording_skew import REACH, aligned

RATE = 10_000.0


def wave(at: np.ndarray) -> np.ndarray:
    """A signal in closed form, with harmonics up to 0.4 of the rate."""
    parts = (
        (50.0, 325.0, 0.3),
        (250.0, 20.0, 1.0),
        (2500.0, 3.0, 2.0),
        (4000.0, 1.0, 0.5),
        (0, 7, 1.57),
    )
    return sum(size * np.sin(2 * np.pi * f * at + phase) for f, size, phase in parts)


def taken(skews: list[float], dtype: type = np.float64) -> Recording:
    """A recording in which each channel was taken that much later than its row."""
    times = np.arange(4000) / RATE
    samples = np.stack([wave(times + skew) for skew in skews], axis=1).astype(dtype)
    channels = tuple(Channel(f"U{n}", "voltage", "V", skew=skew) for n, skew in enumerate(skews))
    return Recording("", None, nan, nan, channels, (Stretch(RATE, 0, 4000),), times, samples)


@pytest.mark.parametrize("skew", [1e-6, 12.5e-6, 50e-6, 99e-6, 100e-6, 730e-6, -33.3e-6, -400e-6])
def test_a_skewed_channel_is_as_if_taken_in_time(skew: float) -> None:
    found = aligned(taken([0.0, skew]))
    edge = REACH + 8
    inner = found.samples[edge:-edge]
    assert np.isfinite(inner).all()
    assert np.abs(inner[:, 1] - inner[:, 0]).max() < 325 * 1e-5
    assert [c.skew for c in found.channels] == [0, 0]


def test_without_alignment_the_channels_differ_by_far_more() -> None:
    samples = taken([0.0, 12.5e-6]).samples
    assert np.abs(samples[:, 1] - samples[:, 0]).max() > 325 * 1e-3


def test_a_channel_without_skew_is_left_as_it_is() -> None:
    before = taken([0.0, 1e-12], np.float32)
    found = aligned(before)
    assert np.array_equal(found.samples, before.samples)
    assert found.samples.dtype == np.float32


def test_what_cannot_be_known_is_a_gap() -> None:
    before = taken([40e-6])
    before.samples[2000, 0] = nan
    found = aligned(before).samples[:, 0]
    absent = np.flatnonzero(np.isnan(found))
    ends = [*range(REACH), *range(2000 - REACH, 2000 + REACH + 1), *range(4000 - REACH, 4000)]
    assert absent.tolist() == ends


def test_a_skew_longer_than_the_recording_leaves_nothing() -> None:
    assert np.isnan(aligned(taken([1.0])).samples).all()
    assert np.isnan(aligned(taken([-1e9])).samples).all()
