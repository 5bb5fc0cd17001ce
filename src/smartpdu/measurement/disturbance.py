"""What can happen to a voltage: dips, swells, interruptions, rapid changes, transients (5, 8)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from smartpdu.measurement.channels import Channels
from smartpdu.model.units import Flags, Percent, Volt


class Kind(StrEnum):
    """What can happen to a voltage."""

    DIP = "dip"
    SWELL = "swell"
    INTERRUPTION = "interruption"
    RAPID_CHANGE = "rapid voltage change"
    TRANSIENT = "transient"


FLAGGING = (Kind.DIP, Kind.SWELL, Kind.INTERRUPTION)


@dataclass(frozen=True, slots=True)
class Limits:
    """Thresholds in percent of the nominal voltage, or of the sliding reference."""

    dip: Percent = 90.0
    swell: Percent = 110.0
    interruption: Percent = 5.0  # always of the nominal voltage
    hysteresis: Percent = 2.0
    rapid_change: Percent = 5.0
    rapid_change_hysteresis: Percent = 2.5
    transient: Percent = 10.0  # of the nominal peak
    sliding: bool = False  # whether dips and swells are judged by the voltage of the last minute


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something that happened to the voltages of one system."""

    kind: Kind
    system: tuple[int, ...]  # the channels that are judged together
    start: float  # in samples since the stream's first
    end: float  # NaN while it lasts
    channels: tuple[int, ...]  # that were out
    reference: Volt
    residual: Volt = np.nan  # Urms(1/2): least of a dip or interruption, greatest of a swell
    largest: Volt = np.nan  # off the voltage before: of a rapid change dUmax, of a transient peak
    lasting: Volt = np.nan  # of a rapid change dUss
    whole: bool = True  # nothing of it lay in a gap or before the first sample

    @property
    def depth(self) -> Volt:
        """How far a dip goes down; negative for a swell."""
        return self.reference - self.residual


def flags(
    channels: Channels, disturbances: Iterable[Disturbance], start: float, end: float
) -> Flags:
    """Whether a dip, swell or interruption touches this time, of each channel.

    It is certain once half-cycles up to one cycle after the end have been judged.
    """
    hit: set[int] = set()
    for d in disturbances:
        if d.kind in FLAGGING and d.start < end and not d.end <= start:
            hit.update(d.system)
    return np.isin(channels.partner, list(hit))
