"""A day of readings of one PDU, 320 series at 1 Hz, from a seed: what the history is fed with."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HOUR = 3_600
OUTLETS = 56


class Rack:
    """A model of one PDU's loads: 30 % idle, 50 % servers, 20 % GPU servers on shared jobs."""

    def __init__(self, seed: int = 7) -> None:
        """A rack whose readings follow from the seed."""
        self._dice = np.random.default_rng(seed)
        kinds = np.arange(OUTLETS) % 10
        self._idle, self._gpu = kinds < 3, kinds > 7
        self._base = self._dice.uniform(120, 420, OUTLETS)
        self._noise = np.zeros(OUTLETS)
        self._energy = self._dice.uniform(1e9, 9e9, OUTLETS)
        self._job = np.zeros(4)

    def series(self) -> list[tuple[str, int]]:
        """Key and digits of each of the 320 series."""
        outlet = (("current", 3), ("active_power", 1), ("power_factor", 4), ("active_energy", 0))
        names = [(f"o{n}:{q}", d) for q, d in (*outlet, ("on", 0)) for n in range(OUTLETS)]
        phase = (("voltage", 2), ("current", 3), ("active_power", 1), ("power_factor", 4))
        names += [(f"l{n}:{q}", d) for q, d in (*phase, ("thd_u", 2), ("thd_i", 2)) for n in "123"]
        names += [("feed:residual", 5), ("feed:neutral", 3), ("feed:frequency", 3), ("feed:va", 1)]
        names += [(f"c{n}:{q}", d) for q, d in (("current", 3), ("closed", 0)) for n in range(6)]
        probes = (("temperature", 2), ("humidity", 2), ("contact", 2))
        return names + [(f"p{n}:{q}", d) for q, d in probes for n in range(2)]

    def hour(self, number: int) -> Floats:
        """The readings of one hour, [seconds, series], as the meter rounds them."""
        power = self._power(number)
        volts = 230 + np.cumsum(self._dice.normal(0, 0.02, (HOUR, 3)), axis=0).clip(-6, 6)
        factor = np.where(
            power > 5,
            np.round(0.985 - 8.0 / (power + 60) + self._jitter(power.shape) * 0.005, 2),
            0.0,
        )
        phase = np.arange(OUTLETS) % 3
        amps = power / volts[:, phase] / np.maximum(factor, 0.5)
        amps = np.round(np.where(power > 5, amps + self._jitter(amps.shape) * 0.01, 0.0), 2)
        energy = self._energy + np.cumsum(power, axis=0)
        self._energy = energy[-1]
        on = np.ones_like(power)
        whole = [amps, np.round(power), factor, np.floor(energy / 3_600) * 3_600, on]
        return np.concatenate([*whole, self._rest(power, amps, volts, phase)], axis=1)

    def _power(self, number: int) -> Floats:
        power = np.empty((HOUR, OUTLETS))
        day = 1 + 0.15 * np.sin((number * HOUR + np.arange(HOUR)) / 86_400 * 2 * np.pi)
        dice = self._dice.normal(0, 1.5, (HOUR, OUTLETS))
        turns = self._dice.random((HOUR, 4)) < 1 / 1_200
        levels = self._dice.uniform(0, 1_400, (HOUR, 4))
        for second in range(HOUR):
            self._noise = 0.98 * self._noise + dice[second]
            self._job = np.where(turns[second], levels[second], self._job)
            power[second] = self._base * day[second] + self._noise
            power[second, self._gpu] += self._job[np.arange(int(self._gpu.sum())) % 4]
        power[:, self._idle] = 0.0
        return power

    def _rest(self, power: Floats, amps: Floats, volts: Floats, phase: Any) -> Floats:
        watts = np.stack([power[:, phase == k].sum(axis=1) for k in range(3)], axis=1)
        line = np.stack([amps[:, phase == k].sum(axis=1) for k in range(3)], axis=1)
        slow = np.cumsum(self._dice.normal(0, 0.01, (HOUR, 14)), axis=0)
        factor = np.round(watts / (volts * line), 2)
        thd = np.round([1.8, 2.1, 1.9, 6.0, 6.4, 5.8] + slow[:, :6], 1)
        feed = [2e-3 + slow[:, 6] * 1e-4, line.std(axis=1), 50 + slow[:, 7] / 50, watts.sum(axis=1)]
        circuits = np.repeat(line / 2, 2, axis=1)
        air = np.round([24, 26, 45, 42, 30, 31] + slow[:, 8:], 1)
        parts = [np.round(volts, 1), np.round(line, 2), np.round(watts), factor, thd]
        parts += [
            np.stack([np.round(f, d) for f, d in zip(feed, (5, 2, 2, 0), strict=True)], axis=1)
        ]
        parts += [np.round(circuits, 2)]
        return np.concatenate([*parts, np.ones((HOUR, 6)), air], axis=1)

    def _jitter(self, shape: tuple[int, ...]) -> Floats:
        return np.asarray((self._dice.random(shape) < 0.4) * self._dice.choice([-1.0, 1.0], shape))
