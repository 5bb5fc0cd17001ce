"""Full analysis of a rack's 56 channels, beside pqopen-lib and beside the transform alone.

All three work on the same samples in the same process, in turn, five times; medians are told. The
whole runs a second time without numba. The goals are those of step 2: 5 and 12 ns for each sample
of a channel, 50 and 20 times faster than pqopen-lib at 10 kS/s, 12 and 6 times at 50 kS/s.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ.update({"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"})
if "--plain" in sys.argv:
    sys.modules["numba"] = None  # type: ignore[assignment]

import numpy as np
import scipy.fft
from daqopen.channelbuffer import AcqBuffer
from numpy.typing import NDArray
from pqopen.powersystem import PowerSystem

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.compiled import COMPILES
from smartpdu.measurement.quantities import quantities, symmetry
from smartpdu.measurement.waveform import Stream

SECONDS = 10
CURRENTS = (9, 8, 8, 9, 8, 8)  # that belong to each of six voltages: 56 channels
GROUP = np.repeat(np.arange(6), [1 + n for n in CURRENTS])
TURNS = 5
Samples = NDArray[np.float32]


def samples(rate: int) -> Samples:
    """Two feeds of three phases with distorted currents and a little noise."""
    dice = np.random.default_rng(3)
    turned = np.arange(rate * SECONDS) * (50.02 / rate)
    columns = []
    for channel, group in enumerate(GROUP):
        first = channel == 0 or GROUP[channel - 1] != group
        wave = np.zeros(len(turned))
        for order in (1, 3, 5, 7, 11, 13, 23, 25, 49):
            share = 1.0 if order == 1 else 0.05 / np.sqrt(order)
            angle = dice.uniform(0, 6.28) if order > 1 else 0.0
            wave += share * np.sin(2 * np.pi * order * (turned - group % 3 / 3) + angle)
        columns.append(wave * np.sqrt(2) * (230 if first else 10))
    made = np.stack(columns, axis=1)
    return np.asarray(made + dice.normal(0, 0.01, made.shape), dtype=np.float32)


def ours(x: Samples, rate: int, block: int) -> float:
    """Seconds for windows, half-cycles and all quantities of them."""
    channels = Channels(float(rate), 50.0, 230.0, GROUP)
    stream = Stream(channels)
    voltage = channels.voltage
    windows = 0
    began = time.perf_counter()
    for k in range(0, len(x), block):
        for window in stream.take(x[k : k + block]).windows:
            quantities(channels, window)
            symmetry(window.spectra.phasor[0, voltage[:3]])
            symmetry(window.spectra.phasor[0, voltage[3:]])
            windows += 1
    took = time.perf_counter() - began
    assert windows >= SECONDS * 5 - 3
    return took


def peer(x: Samples, rate: int, block: int) -> float:
    """Seconds of pqopen-lib with RMS, power and harmonics to 50 for the same channels."""
    buffers = [AcqBuffer(size=rate * 3, dtype=np.float32) for _ in GROUP]
    system = PowerSystem(zcd_channel=buffers[0], input_samplerate=rate, zcd_threshold=10)
    partner = Channels(float(rate), 50.0, 230.0, GROUP).partner
    for channel, voltage in enumerate(partner):
        if channel != voltage:
            system.add_phase(u_channel=buffers[voltage], i_channel=buffers[channel])
    system.enable_harmonic_calculation(num_harmonics=50)
    began = time.perf_counter()
    for k in range(0, len(x), block):
        for channel, buffer in enumerate(buffers):
            buffer.put_data(x[k : k + block, channel])
        system.process()
    return time.perf_counter() - began


def floor(rate: int) -> float:
    """Seconds for nothing but one real transform of the samples of every window."""
    points = rate // 5
    windows = np.random.default_rng(1).normal(size=(len(GROUP), points)).astype(np.float32)
    began = time.perf_counter()
    for _ in range(SECONDS * 5):
        scipy.fft.rfft(windows, axis=1)
    return time.perf_counter() - began


def faults() -> int:
    """Page faults of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def compared(rate: int) -> None:
    """Tell one rate."""
    x = samples(rate)
    each = 1e9 / x.size
    ours(x, rate, rate // 5)
    runs: dict[str, Callable[[], float]] = {
        "ours, 200 ms": lambda: ours(x, rate, rate // 5),
        "ours, 20 ms": lambda: ours(x, rate, rate // 50),
        "pqopen-lib": lambda: peer(x, rate, rate // 5),
        "transform": lambda: floor(rate),
    }
    took: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(TURNS):
        for name, run in runs.items():
            took[name].append(run() * each)
    found = {name: float(np.median(all_)) for name, all_ in took.items()}
    way = "numba" if COMPILES else "NumPy"
    print(f"{rate // 1000} kS/s, 56 channels, {way}; ns for each sample of a channel:")
    for name, value in found.items():
        print(f"  {name:14} {value:8.2f}")
    own = found["ours, 200 ms"]
    print(f"  {found['pqopen-lib'] / own:.1f} times faster than pqopen-lib,", end=" ")
    print(f"{own / found['transform']:.2f} times the transform alone")


def steady(windows: int = 10_000) -> None:
    """Tell page faults over many windows of few channels."""
    rate = 5_000
    group = np.array([0, 0, 1, 1, 2, 2])
    stream = Stream(Channels(float(rate), 50.0, 230.0, group))
    turned = np.arange(rate) * (50 / rate)
    x = np.stack([np.sin(2 * np.pi * (turned - g / 3)) * 325 for g in group], axis=1)
    block: Any = x[: rate // 5].astype(np.float32)
    for _ in range(200):
        stream.take(block)
    before = faults()
    for _ in range(windows):
        stream.take(block)
    print(f"{faults() - before} page faults over {windows} windows")


if __name__ == "__main__":
    for speed in (10_000, 50_000):
        compared(speed)
    steady()
    if COMPILES:
        sys.exit(subprocess.run([sys.executable, __file__, "--plain"], check=False).returncode)
