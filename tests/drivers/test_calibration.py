"""Gain, offset and delay: counts become what was really there, at every frequency that counts."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from smartpdu.drivers.calibration import EDGE, LONGEST, Calibration, Calibrator, weights
from smartpdu.measurement.compiled import COMPILES

RATE = 10_000.0
Array = NDArray[np.float64]


def calibration(gain: list[float], offset: list[float], delay: list[float]) -> Calibration:
    return Calibration(*(np.array(values, dtype=float) for values in (gain, offset, delay)))


def sines(delay: list[float], frequency: float, samples: int = 4000) -> Array:
    """The same sine on each channel, late by its delay."""
    at = np.arange(samples)[:, None] / RATE - np.array(delay)
    return np.sin(2 * np.pi * frequency * at)


def taken(made: Calibrator, counts: Array, cuts: list[int]) -> Array:
    edges = [0, *cuts, len(counts)]
    return np.concatenate([made.take(counts[a:b]) for a, b in pairwise(edges)]).astype(float)


def test_counts_become_volts_and_amperes() -> None:
    counts = np.array([[0, 100], [1000, -900]], dtype=np.int16)
    made = Calibrator(calibration([0.5, -0.01], [10, 100], [0, 0]), RATE)
    assert made.take(counts) == pytest.approx(np.array([[-5, 0], [495, 10.0]]))


@pytest.mark.parametrize("form", [np.int16, np.int32])
def test_the_greatest_counts_do_not_wrap(form: type) -> None:
    most = np.iinfo(form).max
    made = Calibrator(calibration([600 / most], [0.0], [0]), RATE)
    found = made.take(np.array([[most], [-most - 1]], dtype=form))
    assert found[:, 0] == pytest.approx([600, -600], rel=1e-4)


@pytest.mark.parametrize("late", [1e-7, 1e-6, 13.7e-6, 50e-6, 100e-6, 377e-6, -40e-6, LONGEST])
def test_a_late_channel_costs_no_power(late: float) -> None:
    # at a power factor of 0.5 an uncalibrated microsecond costs 0.054 %
    at = np.arange(4000)[:, None] / RATE
    u, i = (np.sin(2 * np.pi * 50 * (at - d) - lag) for d, lag in ((0, 0), (late, np.pi / 3)))
    raw = np.concatenate([u, i], axis=1)
    made = Calibrator(calibration([1, 1], [0, 0], [0, late]), RATE)
    found = made.take(raw).astype(float)[:3800]  # 19 whole cycles
    power = (found[:, 0] * found[:, 1]).mean()
    assert power == pytest.approx(0.25, rel=1e-5)
    uncalibrated = (raw[:3800, 0] * raw[:3800, 1]).mean()
    assert abs(uncalibrated / 0.25 - 1) == pytest.approx(0.054e-2 * abs(late) * 1e6, rel=0.2)


@pytest.mark.parametrize("late", [1e-6, 20e-6, 50e-6, 77e-6])
@pytest.mark.parametrize("frequency", [50.0, 350.0, 1250.0, 2500.0, EDGE * RATE])
def test_every_harmonic_to_the_fiftieth_comes_through(late: float, frequency: float) -> None:
    made = Calibrator(calibration([1, 1], [0, 0], [0, late]), RATE)
    found = made.take(sines([0, late], frequency)).astype(float)
    off = np.abs(found[:, 1] - found[:, 0]).max()
    assert off < (3e-6 if frequency == 50 else 2e-4)


def test_a_steady_value_stays_what_it_is() -> None:
    for delay in (0.013, 0.5, 0.9, 7.31):
        _, found = weights(delay)
        assert found.sum() == pytest.approx(1, abs=1e-12)


def test_how_the_samples_are_cut_changes_not_a_bit() -> None:
    made = calibration([1, 2, 1], [0, 5, 0], [0, 33e-6, 310e-6])
    counts = sines([0, 33e-6, 310e-6], 50.0, 1000)
    whole = taken(Calibrator(made, RATE), counts, [])
    for cuts in ([1, 2, 3, 500], [7, 400, 401], [999], list(range(1, 60))):
        assert np.array_equal(taken(Calibrator(made, RATE), counts, cuts), whole)


def test_without_numba_the_same_comes_out() -> None:
    program = """
import sys
sys.modules["numba"] = None
import numpy as np
from smartpdu.drivers.calibration import Calibration, Calibrator
from smartpdu.measurement.compiled import COMPILES
assert not COMPILES
made = Calibration(np.ones(2), np.zeros(2), np.array([0, 33e-6]))
x = np.sin(np.arange(400)[:, None] * [0.031, 0.5])
sys.stdout.buffer.write(Calibrator(made, 10_000.0).take(x).tobytes())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, cwd=Path(__file__).parent
    )
    plain = np.frombuffer(done.stdout, np.float32).reshape(-1, 2)
    made = Calibrator(calibration([1, 1], [0, 0], [0, 33e-6]), RATE)
    here = made.take(np.sin(np.arange(400)[:, None] * [0.031, 0.5]))
    if not COMPILES:
        pytest.skip("numba is not installed")
    assert plain == pytest.approx(here, abs=1e-6)
