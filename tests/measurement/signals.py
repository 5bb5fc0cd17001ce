"""Signals that are known in closed form: sums of sines, never filtered and never resampled."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ORDERS = np.arange(1, 51)
# EN 50160, 95 % limits of each harmonic voltage in % of the fundamental; 0.2 beyond the 25th.
CEILING = np.array(
    [100, 2, 5, 1, 6, 0.5, 5, 0.5, 1.5, 0.5, 3.5, 0.5, 3, 0.5, 0.5, 0.5, 2, 0.5, 1.5, 0.5, 0.5, 0.5]
    + [1.5, 0.5, 1.5]
    + [0.2] * 25
)


@dataclass(frozen=True)
class Wave:
    """A periodic wave: RMS value of each order, and its angle at time 0 for a sine."""

    rms: Array
    angle: Array

    def at(self, turns: Array) -> Array:
        """Its values where the fundamental has made so many turns."""
        found = np.zeros_like(turns)
        for order, rms, angle in zip(ORDERS, self.rms, self.angle, strict=False):
            if rms:
                found += np.sqrt(2) * rms * np.sin(2 * np.pi * order * turns + angle)
        return found

    @property
    def total(self) -> float:
        """RMS value of the whole."""
        return float(np.sqrt(np.square(self.rms).sum()))

    @property
    def thd(self) -> float:
        """Orders 2 to 40 of the fundamental, %."""
        return float(100 * np.sqrt(np.square(self.rms[1:40]).sum()) / self.rms[0])


def distorted(rms: float, turned: float, dice: np.random.Generator) -> Wave:
    """A wave at the ceiling of EN 50160, its fundamental turned by so many turns."""
    angle = dice.uniform(0, 2 * np.pi, len(ORDERS))
    angle[0] = 2 * np.pi * turned
    return Wave(rms * CEILING / 100, angle)


def sine(rms: float, turned: float = 0.0) -> Wave:
    """A pure sine."""
    return Wave(np.array([rms]), np.array([2 * np.pi * turned]))


def power(voltage: Wave, current: Wave) -> float:
    """Active power of the two."""
    return float((voltage.rms * current.rms * np.cos(voltage.angle - current.angle)).sum())


def reactive(voltage: Wave, current: Wave) -> float:
    """Reactive power of the fundamental, positive where the current lags."""
    turned = voltage.angle[0] - current.angle[0]
    return float(voltage.rms[0] * current.rms[0] * np.sin(turned))


def turns(rate: float, frequency: float, seconds: float, begin: float = 0.0) -> Array:
    """Turns of the fundamental at each sample; `begin` is the first sample's share of a sample."""
    return (np.arange(round(rate * seconds)) + begin) * (frequency / rate)


def sampled(waves: list[Wave], turned: Array) -> NDArray[np.float32]:
    """The waves as channels, (samples, channels)."""
    return np.stack([wave.at(turned) for wave in waves], axis=1).astype(np.float32)
