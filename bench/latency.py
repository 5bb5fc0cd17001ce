"""From a sample to a value at 10 kS/s and 56 channels: samples taken until told, and computing.

Samples come in blocks of 1 ms, as a board sends them. Computing is time of the processor, so that
other work on the machine does not count.
"""

import time
from pathlib import Path
from sys import path

path.append(str(Path(__file__).parents[1] / "tests" / "measurement"))

import numpy as np
from heights import NOMINAL, dip
from numpy.typing import NDArray

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.dip import disturbed, quiet
from smartpdu.measurement.quantities import quantities
from smartpdu.measurement.waveform import Stream

RATE, BLOCK = 10_000.0, 10
GROUP = np.repeat(np.arange(6), [10, 9, 9, 10, 9, 9])


def rack(voltages: NDArray[np.float32]) -> NDArray[np.float32]:
    """Six voltages, each with currents of the same shape beside it."""
    return np.ascontiguousarray(voltages[:, GROUP])


def of_windows(frequency: float) -> tuple[float, float, float]:
    """Seconds after a window's end, after its first sample, and of computing, at the worst."""
    t = np.arange(int(4 * RATE)) * (frequency / RATE)
    waves = [np.sin(2 * np.pi * (t - k / 3)) * NOMINAL * np.sqrt(2) for k in range(6)]
    samples = rack(np.stack(waves, axis=1).astype(np.float32))
    nominal = 60.0 if frequency > 55 else 50.0
    channels = Channels(RATE, nominal, NOMINAL, GROUP)
    stream, late, whole, spent = Stream(channels), [], [], []
    for taken in range(BLOCK, len(samples) + 1, BLOCK):
        began = time.process_time()
        windows = stream.take(samples[taken - BLOCK : taken]).windows
        for window in windows:
            quantities(channels, window)
        took = time.process_time() - began
        if taken > 2 * RATE:
            late += [(taken - w.end) / RATE for w in windows]
            whole += [(taken - w.start) / RATE for w in windows]
            spent += [took] * len(windows)
    return max(late), max(whole), float(np.median(spent))


def of_dips(factor: float, frequency: float) -> tuple[float, float]:
    """Seconds after the first low sample, and of computing for that block, at the worst."""
    late, spent = [], []
    for angle in np.arange(0, 0.5, 1 / 16):
        heights = [dip(0.50005, 0.2, factor, float(angle) - k / 3, frequency) for k in range(6)]
        samples = rack(np.stack([h.sampled(0.6) for h in heights], axis=1))
        channels = Channels(RATE, 50.0, NOMINAL, GROUP)
        stream, state = Stream(channels), quiet(channels, [channels.voltage[:3]])
        for taken in range(BLOCK, len(samples) + 1, BLOCK):
            began = time.process_time()
            state, told = disturbed(state, stream.take(samples[taken - BLOCK : taken]).halves)
            if told:
                spent.append(time.process_time() - began)
                late.append(taken / RATE - 0.50005)
                break
        else:
            late.append(np.inf)
    return max(late), float(np.median(spent or [np.nan]))


def latencies() -> None:
    """Print both beside their goals."""
    print("from sample to value, blocks of 1 ms, 56 channels, ms:")
    for frequency in (42.5, 50.0, 50.02, 57.0, 60.0, 69.0):
        late, whole, spent = of_windows(frequency)
        told = f"  window at {frequency:5.2f} Hz: {1e3 * late:6.1f} after its end,"
        print(f"{told} {1e3 * (whole + spent):6.1f} after its first sample (goal 300),", end=" ")
        print(f"of which {1e3 * spent:.2f} of computing")
    for factor in (0.0, 0.4, 0.7, 0.8, 0.83):
        late, spent = of_dips(factor, 50.02)
        told = f"  dip to {100 * factor:3.0f} %: {1e3 * (late + spent):5.1f} after its first sample"
        print(f"{told} (goal 25), of which {1e3 * spent:.2f} of computing")


if __name__ == "__main__":
    latencies()
