"""What the channels of a stream of samples are: which is a voltage, which current belongs to it."""

from dataclasses import dataclass

import numpy as np

from smartpdu.model.units import Hertz, Rows, Volt

CYCLES = {50.0: 10, 60.0: 12}  # IEC 61000-4-30: of one basic window, by nominal frequency


@dataclass(frozen=True, slots=True)
class Channels:
    """Samples of many channels, taken together at one rate.

    A group is a voltage and the currents that belong to it: its crossings cut their half-cycles,
    and with it they make power. Channels of a group stand side by side, its voltage first.
    """

    rate: Hertz
    nominal_frequency: Hertz  # 50 or 60
    nominal_voltage: Volt
    group: Rows  # for each channel, its group

    @property
    def voltage(self) -> Rows:
        """The channel of each group's voltage."""
        return np.flatnonzero(np.diff(self.group, prepend=-1))

    @property
    def partner(self) -> Rows:
        """For each channel, the channel of its voltage."""
        return self.voltage[self.group]

    @property
    def spans(self) -> Rows:
        """First and last but one channel of each group, (groups, 2)."""
        return np.stack([self.voltage, np.append(self.voltage[1:], len(self.group))], axis=1)

    @property
    def cycles(self) -> int:
        """Cycles of one window."""
        return CYCLES[self.nominal_frequency]

    @property
    def cycle(self) -> float:
        """Samples of one nominal cycle."""
        return self.rate / self.nominal_frequency
