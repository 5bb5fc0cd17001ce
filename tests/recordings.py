"""Recordings of waves in closed form, kept by our own writer."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smartpdu.drivers.comtrade_written import written
from smartpdu.drivers.recording import Recording, Stretch
from smartpdu.drivers.recording_names import channel

Array = NDArray[np.float64]

THIRD = 2 * np.pi / 3


def times(rate: float, seconds: float) -> Array:
    """When samples are taken."""
    return np.arange(round(rate * seconds)) / rate


def wave(
    at: Array,
    rms: float,
    frequency: float = 50.0,
    angle: float = 0.0,
    harmonics: Mapping[int, float] | None = None,
) -> Array:
    """A fundamental of this RMS value, and harmonics in percent of it."""
    turn = 2 * np.pi * frequency * at
    whole = np.sin(turn + angle)
    for order, percent in (harmonics or {}).items():
        whole = whole + percent / 100 * np.sin(order * turn + order * angle)
    return np.sqrt(2) * rms * whole


def recording(rate: float, channels: Mapping[str, Array], frequency: float = 50.0) -> Recording:
    """A recording of channels, each told as NAME|UNIT."""
    samples = np.stack(list(channels.values()), axis=1)
    about = tuple(channel(*f"{each}||".split("|")[:3])[0] for each in channels)
    number = len(samples)
    return Recording(
        "test", datetime(2026, 11, 25, 3, 4, 5), 0.0, frequency, about,  # noqa: DTZ001 - none told
        (Stretch(rate, 0, number),), np.arange(number) / rate, samples,
    )  # fmt: skip


def kept(folder: Path, rate: float, channels: Mapping[str, Array], name: str = "r") -> Path:
    """The path of a .cff that holds these channels."""
    path = folder / f"{name}.cff"
    written(recording(rate, channels), path)
    return path
