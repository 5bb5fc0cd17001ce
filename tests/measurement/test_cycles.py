"""Cycles go on for ever, one after the other, whatever their voltage does."""

import subprocess
import sys

import numpy as np
import pytest

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.waveform import Stream

FLICKERING = """
import sys
{without}
import numpy as np
from measurement.test_cycles import bounds
for seed in range({seeds}):
    assert (np.diff(bounds({rate}, seed)) > 0).all(), seed
"""


def bounds(rate: float, seed: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Bounds of cycles of a voltage that comes and goes, each hundredth of a second anew."""
    dice = np.random.default_rng(seed)
    at = np.arange(int(4 * rate)) / rate
    on = (dice.uniform(size=401) < 0.5)[(at * 100).astype(int)]
    wave = 325 * np.sin(2 * np.pi * dice.uniform(45, 55) * at) * on
    stream = Stream(Channels(rate, 50.0, 230.0, np.array([0])))
    found = stream.take(wave[:, None].astype(np.float32))
    return np.asarray(found.bounds.at)


@pytest.mark.parametrize("rate", [240.0, 800.0, 10_000.0])
@pytest.mark.parametrize("without", ["", "sys.modules['numba'] = None"])
def test_a_voltage_that_flickers_stops_no_stream(rate: float, without: str, full: bool) -> None:
    """In a program of its own, which can be ended: a count that stands still stands for ever."""
    program = FLICKERING.format(rate=rate, without=without, seeds=400 if full else 40)
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=580,
        env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
