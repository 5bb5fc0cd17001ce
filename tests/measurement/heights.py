"""Voltages whose height changes at known moments, and the Urms(1/2) they have in closed form."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
RATE, NOMINAL = 10_000.0, 230.0


@dataclass(frozen=True)
class Height:
    """A sine of 230 V whose height is another factor from each of these moments on."""

    frequency: float = 50.0
    angle: float = 0.0  # turns at time 0
    since: tuple[float, ...] = ()  # s
    factor: tuple[float, ...] = ()

    def sampled(self, seconds: float, rate: float = RATE) -> NDArray[np.float32]:
        """Its samples."""
        t = np.arange(round(seconds * rate)) / rate
        factor = np.array([1.0, *self.factor])[np.searchsorted(self.since, t, side="right")]
        wave = np.sin(2 * np.pi * (self.frequency * t + self.angle))
        return (np.sqrt(2) * NOMINAL * factor * wave).astype(np.float32)

    def crossings(self, seconds: float) -> Array:
        """Where it crosses zero."""
        k = np.arange(np.floor(2 * self.frequency * seconds) + 2)
        t = (k - 2 * self.angle) / (2 * self.frequency)
        return t[(t > 0) & (t < seconds)]

    def cycles(self, seconds: float) -> tuple[Array, Array]:
        """Where each cycle begins, anew at each half-cycle, and its RMS value."""
        t = self.crossings(seconds)
        whole = self._squares(t[2:]) - self._squares(t[:-2])
        return t[:-2], NOMINAL * np.sqrt(whole * self.frequency)

    def _squares(self, until: Array) -> Array:
        """The integral of the square, of a mean of one where the factor is one."""
        edges, factors = [0.0, *self.since, np.inf], [1.0, *self.factor]
        total = np.zeros_like(until)
        for begin, end, factor in zip(edges, edges[1:], factors, strict=False):
            last = np.clip(until, begin, end)
            total += factor**2 * (self._wave(last) - self._wave(np.full_like(last, begin)))
        return total

    def _wave(self, t: Array) -> Array:
        turned = 2 * np.pi * (self.frequency * t + self.angle)
        return t - np.sin(2 * turned) / (4 * np.pi * self.frequency)


def dip(
    begin: float, lasts: float, factor: float, angle: float = 0.0, frequency: float = 50.0
) -> Height:
    """A voltage with one dip or swell."""
    return Height(frequency, angle, (begin, begin + lasts), (factor, 1.0))
