"""What the channels of a stream of samples are: which is a voltage, which current belongs to it."""

from dataclasses import dataclass, field

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

    voltage: Rows = field(init=False)  # the channel of each group's voltage
    partner: Rows = field(init=False)  # for each channel, the channel of its voltage
    spans: Rows = field(init=False)  # first and last but one channel of each group, (groups, 2)

    def __post_init__(self) -> None:
        """Find what is asked for with every window."""
        voltage = np.flatnonzero(np.diff(self.group, prepend=-1))
        object.__setattr__(self, "voltage", voltage)
        object.__setattr__(self, "partner", voltage[self.group])
        ends = np.append(voltage[1:], len(self.group))
        object.__setattr__(self, "spans", np.stack([voltage, ends], axis=1))

    @property
    def cycles(self) -> int:
        """Cycles of one window."""
        return CYCLES[self.nominal_frequency]

    @property
    def cycle(self) -> float:
        """Samples of one nominal cycle."""
        return self.rate / self.nominal_frequency
