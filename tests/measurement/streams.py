"""What the tests of streams share: samples of a known rack, and all that a stream made of them."""

from dataclasses import fields

import numpy as np
from measurement.signals import Wave, distorted, power, sampled, turns
from numpy.typing import NDArray

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.halves import Halves
from smartpdu.measurement.waveform import Stream, Window

THREE = [0, 0, 1, 1, 2, 2]  # a voltage and a current of each of three phases


def three_phase(dice: np.random.Generator) -> list[Wave]:
    """Three voltages, each with a current that lags by 0.08 turns, all at the ceiling."""
    waves = []
    for phase in range(3):
        waves += [distorted(230, -phase / 3, dice), distorted(10, -phase / 3 - 0.08, dice)]
    return waves


def measured(
    samples: NDArray[np.float32],
    rate: float,
    nominal: float,
    group: list[int],
    blocks: list[int],
    ticks: tuple[float, ...] = (),
) -> tuple[list[Window], Halves]:
    """All windows and half-cycles, the samples taken in blocks of these sizes in turn."""
    stream = Stream(Channels(rate, nominal, 230.0, np.array(group)))
    for tick in ticks:
        stream.resynchronise(tick)
    windows, halves, taken, turn = [], [], 0, 0
    while taken < len(samples):
        block = blocks[turn % len(blocks)]
        found = stream.take(samples[taken : taken + block])
        windows += found.windows
        halves.append(found.halves)
        taken, turn = taken + block, turn + 1
    whole = [np.concatenate([getattr(h, f.name) for h in halves]) for f in fields(Halves)]
    return windows, Halves(*whole)


def rack(
    rate: float, nominal: float, frequency: float, seed: int, seconds: float = 3.0
) -> tuple[list[Wave], NDArray[np.float32]]:
    """The waves of three phases and their samples, begun anywhere between two samples."""
    dice = np.random.default_rng(seed)
    waves = three_phase(dice)
    return waves, sampled(waves, turns(rate, frequency, seconds, dice.uniform()))


def truth_of_power(waves: list[Wave]) -> float:
    """Active power of the first phase."""
    return power(waves[0], waves[1])
