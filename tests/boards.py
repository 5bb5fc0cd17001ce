"""A measuring board of the tests: a site with one feed, and frames of known waves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from measurement.signals import Wave
from numpy.typing import NDArray

from smartpdu.drivers.frames import FORMS, Form, Frame, written
from smartpdu.drivers.source import Ports, Wanted
from smartpdu.model.build import (
    CircuitSpec,
    Design,
    FeedSpec,
    OutletSpec,
    PduSpec,
    PhaseSpec,
    RackSpec,
    SourceSpec,
    built,
)
from smartpdu.model.plant import Plant, part

RATE = 10_000.0
START = 1_800_000_000.0


def plant(phases: int = 3, outlets: int = 6, frequency: float = 50.0) -> Plant:
    """One PDU with a feed of some phases, a circuit for each, outlets in turn."""
    power = 32.0 * 230 * phases
    return built(
        Design(
            sources=[SourceSpec("board")],
            racks=[RackSpec("rack")],
            pdus=[PduSpec("A", "rack", "board")],
            feeds=[FeedSpec("A/feed", "A", "A", power, nominal_frequency=frequency)],
            phases=[PhaseSpec(f"A/L{n + 1}", "A/feed", 32.0) for n in range(phases)],
            circuits=[CircuitSpec(f"A/c{n + 1}", f"A/L{n + 1}", 16.0) for n in range(phases)],
            outlets=[OutletSpec(f"A/o{n + 1}", f"A/c{n % phases + 1}") for n in range(outlets)],
        )
    )


@dataclass
class Clock:
    """A clock that a test turns."""

    now: float = 1000.0

    def ports(self) -> Ports:
        async def sleep(seconds: float) -> None:
            self.now += seconds

        return Ports(lambda: START + self.now, lambda: self.now, sleep, Random(1))


@dataclass
class Signal:
    """One channel: where it is, what it carries, and how the board makes counts of it."""

    place: str
    quantity: str
    wave: Wave
    gain: float
    offset: float = 0.0
    delay: float = 0.0
    noise: float = 0.0  # RMS

    @property
    def table(self) -> dict[str, Any]:
        """Its settings in the site."""
        names = ("place", "quantity", "gain", "offset", "delay")
        return {name: getattr(self, name) for name in names}

    def counts(self, at: NDArray[np.float64], frequency: float, form: Form) -> NDArray[Any]:
        """What the converter gives at these times: late by its delay, in whole steps."""
        values = self.wave.at((at - self.delay) * frequency)
        values = values + self.noise * np.random.default_rng(1).standard_normal(len(values))
        counts = np.rint(values / self.gain + self.offset)
        return np.clip(counts, -form.most - 1, form.most).astype(form.written)


@dataclass
class TestBoard:
    """Sends frames of its signals, as many as asked for."""

    __test__ = False

    signals: Sequence[Signal]
    frequency: float = 50.0
    form: Form = FORMS[2]
    rate: float = RATE
    boot: int = 7
    counter: int = 0
    sequence: int = 0
    samples: int = 100
    begin: float = 0.0  # s: when its first sample lies
    at: float = np.nan

    @property
    def settings(self) -> dict[str, Any]:
        """The channels as a site has them."""
        return {"channel": [signal.table for signal in self.signals]}

    def frames(self, seconds: float) -> Iterator[Frame]:
        """The frames of so many seconds."""
        count = round(seconds * self.rate / self.samples)
        time = self.begin + (self.counter + np.arange(count * self.samples)) / self.rate
        each = [signal.counts(time, self.frequency, self.form) for signal in self.signals]
        for counts in np.split(np.stack(each, axis=1), count):
            at = self.at + self.counter / self.rate
            head = (self.boot, self.sequence, self.counter, self.rate, at, self.form)
            self.counter += self.samples
            self.sequence += 1
            yield Frame(*head, counts)

    def bytes(self, seconds: float) -> bytes:
        """The same as they are sent."""
        return b"".join(written(frame) for frame in self.frames(seconds))


def wanted(built_plant: Plant, settings: dict[str, Any], clock: Clock) -> Wanted:
    """The source of a board as the program opens it."""
    own = part(built_plant, 0)
    return Wanted("board", settings, own, built_plant, {}, {}, clock.ports())
