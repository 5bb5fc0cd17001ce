"""Energy of the places of a feed, counted window by window into registers of their own (12)."""

from math import isfinite
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from smartpdu.drivers.board import Course
from smartpdu.drivers.landing import DEAD
from smartpdu.drivers.ledger import Ledger
from smartpdu.measurement.channels import Channels
from smartpdu.measurement.clock import Clock
from smartpdu.measurement.energy import EXPORTED, IMPORTED, QUADRANT_1, counted, resumed
from smartpdu.measurement.waveform import Measured, Stream, Window
from smartpdu.model.plant import Kind, Plant
from smartpdu.model.snapshot import Snapshot

MILLI = 1000.0  # mW s of a joule
LACKING = 0.01  # of its values that a source lacks whose registers cannot be shown
LONG = 10.0  # s without counting that are told on their own
COUNTED = {
    "active_energy": IMPORTED,
    "exported_energy": EXPORTED,
    **{f"reactive_energy_{n + 1}": QUADRANT_1 + n for n in range(4)},
}
ONE_WAY = ("active_energy", "exported_energy")
SHOWN = {
    Kind.FEED: tuple(COUNTED),
    Kind.PHASE: tuple(COUNTED),
    Kind.CIRCUIT: ONE_WAY,
    Kind.OUTLET: tuple(COUNTED),
}

log = structlog.get_logger()


class Counted:
    """Follows the samples of a feed and counts the energy of each current in them."""

    def __init__(self, course: Course, plant: Plant, ledger: Ledger) -> None:
        """Registers of all places of the feed that have a current, as they were kept."""
        own = [
            (channel, line.kind, line.row)
            for channel, line in enumerate(course.lines)
            if line.quantity == "current"
        ]
        self._channels = np.array([channel for channel, _, _ in own], np.int64)
        self._rows = [(kind, row) for _, kind, row in own]
        self._ledger = ledger
        self._book = ledger.book([plant.table(kind).path[row] for kind, row in self._rows])
        self._feed, self._path = course.feed, plant.feeds.path[course.feed]
        phases = [number for number, (kind, _) in enumerate(self._rows) if kind is Kind.PHASE]
        self._phases = phases if len(phases) == course.phases else []
        self._nominal = course.nominal_voltage
        self._begins = True

    def begin(self, channels: Channels) -> None:
        """A new run: what lies between it and the last one is not counted."""
        self._partner, self._rate = channels.partner[self._channels], channels.rate
        self._voltages, self._taken = channels.voltage, 0
        self._begins, self._idle = True, False

    def take(self, stream: Stream, clock: Clock, block: NDArray[Any], measured: Measured) -> None:
        """Count the windows that became complete; before the first one, time without voltage."""
        first, self._taken = self._taken, self._taken + len(block)
        if not self._ledger.sound:
            return
        if self._begins and len(block):
            if not isfinite(self._book.until):  # registers begin with the first sample of all
                self._book.until = clock.moment(first)
            self._wait(clock, block, first)
        for window in measured.windows:
            if self._begins:
                self._resume(clock.moment(window.start))
                self._begins = False
            self._count(window)
            self._book.until = clock.moment(window.end)

    def land(self, now: Snapshot) -> None:
        """Write the registers as they stand on the disk."""
        if not self._ledger.sound:
            now.sources.missing[:] = LACKING
            return
        self._ledger.tend(now.clock)
        book = self._book
        energy = book.durable / MILLI
        for number, (kind, row) in enumerate(self._rows):
            for name in SHOWN[kind]:
                getattr(now.readings(kind), name)[row] = energy[COUNTED[name], number]
        if self._phases:
            whole = book.durable[:, self._phases].sum(axis=1) / MILLI  # integers: sums are exact
            for name in SHOWN[Kind.FEED]:
                getattr(now.feeds, name)[self._feed] = whole[COUNTED[name]]
            now.feeds.uncounted[self._feed] = book.lost[self._phases].max()

    def _wait(self, clock: Clock, block: NDArray[Any], first: int) -> None:
        """Count samples without any voltage as time in which nothing was used.

        No cycle is found in them, so no window tells of it.
        """
        own = np.square(block[:, self._voltages], dtype=np.float64).mean(axis=0)
        dead = bool((own <= (DEAD * self._nominal) ** 2).all()) and isfinite(clock.at)
        if dead and not self._idle:
            self._resume(clock.moment(first))
        if dead:
            self._book.until = clock.moment(self._taken)
        self._idle = dead

    def _resume(self, start: float) -> None:
        book = self._book
        silent = start - book.until  # NaN where nothing was counted or no moment is known
        silent = max(0.0, silent) if np.isfinite(silent) else 0.0
        book.past = resumed(book.past, silent)
        if silent > LONG:
            log.warning("energy_not_counted", place=self._path, lasted=round(silent, 1))

    def _count(self, window: Window) -> None:
        first = window.spectra.phasor[0].astype(complex)
        reactive = (first[self._partner] * first[self._channels].conj()).imag
        active = window.power[self._channels]
        past, start, end = self._book.past, window.start, window.end
        self._book.past = counted(past, start, end, self._rate, active, reactive)
