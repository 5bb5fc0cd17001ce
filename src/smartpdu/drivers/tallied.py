"""The quality of a feed's voltages over ten seconds, ten minutes, two hours and a week (8).

Windows begin anew at each ten minutes of UTC, and are drawn together from there; flicker is
classed over the same ten minutes. Until it is known when samples were taken nothing is drawn
together. What is under way is one value, so that it can be kept at any time.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil, floor, isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.drivers import lately
from smartpdu.drivers.board import Course
from smartpdu.drivers.lately import Lately
from smartpdu.drivers.week import Week, event, more, number, report
from smartpdu.measurement import aggregation, dip, flicker, frequency, voltage
from smartpdu.measurement.aggregation import TEN_MINUTES, TWO_HOURS, Aggregate, Reading, Span
from smartpdu.measurement.channels import Channels
from smartpdu.measurement.clock import Clock, interval
from smartpdu.measurement.disturbance import Disturbance, flags
from smartpdu.measurement.quantities import quantities
from smartpdu.measurement.waveform import Measured, Stream, Window
from smartpdu.model.event import VoltageWeek
from smartpdu.model.plant import Plant
from smartpdu.model.snapshot import Snapshot

AHEAD = 3.0  # s before a tick that the stream is told of it, or twice what comes at once
TWELVE = 12  # Pst of a Plt
SURE = 0.9  # share of ten minutes that must have been classed

Array = NDArray[Any]
Short = tuple[float, tuple[float, ...]]  # UTC of the end, Pst of each voltage


@dataclass(frozen=True, slots=True)
class Standing:
    """All that is under way with a feed, and what was found last."""

    week: Week | None = None
    sums: aggregation.State | None = None
    shorts: tuple[Short, ...] = ()  # of the last two hours
    long: Short | None = None
    last: Mapping[str, Any] | None = None  # the report of the week before


class Tallied:
    """Follows the samples of a feed and draws its voltages together."""

    def __init__(self, course: Course, plant: Plant, standing: Standing) -> None:
        """The feed as it stood."""
        self.feed = plant.feeds.path[course.feed]
        own = [line for line in course.lines if line.quantity == "voltage"]
        self.phases = tuple(plant.phases.path[line.row] for line in own)
        self.standing = standing
        self.over: deque[VoltageWeek] = deque()  # weeks that nobody was told of
        self._rows = [line.row for line in own]
        self._course = course
        self._meter: flicker.Meter | None = None
        self._felt: flicker.State | None = None
        self._lately = Lately()
        self._moment = float("nan")  # UTC of the last sample
        self._interval: float | None = None  # UTC of the begin of that whose flicker is classed

    def begin(self, channels: Channels) -> None:
        """A new run: what is drawn together goes on, and lacks what lies between."""
        meter = flicker.meter(channels)
        same = self._meter is not None and self._felt is not None and meter.rate == self._meter.rate
        self._felt = flicker.gapped(meter, self._felt) if same and self._felt else None
        self._felt, self._meter = self._felt or flicker.begun(meter), meter
        v, systems = channels.voltage, self._course.systems
        self._channels, self._voltages = channels, v
        nominal = (channels.rate, channels.nominal_frequency, channels.nominal_voltage)
        self._own = Channels(*nominal, np.arange(len(v)))
        self._systems = np.searchsorted(v, systems)
        self._dips = dip.quiet(channels, [v.tolist()])
        self._past: list[Disturbance] = []
        self._judged = 0.0  # until where half-cycles were
        self._waiting: deque[Window] = deque()
        self._count = frequency.Count()
        self._taken, self._told = 0, -1  # samples; the tick that the stream knows of

    def take(self, stream: Stream, clock: Clock, block: Array, measured: Measured) -> None:
        """Draw together what became complete."""
        first, self._taken = self._taken, self._taken + len(block)
        cycles = frequency.cycle_frequency(self._count, measured.bounds, clock)
        self._lately = lately.turned(self._lately, cycles)
        if not isfinite(clock.at):
            return
        self._moment = clock.moment(self._taken)
        self._foretell(stream, clock, len(block))
        self._feel(clock, block, first)
        self._count, seconds = frequency.counted(self._count, measured.bounds, clock)
        for ten in seconds:
            self._lately = replace(self._lately, ten=ten)
            self._tally(self._hertz(ten))
        self._judge(measured, clock)

    def land(self, now: Snapshot) -> None:
        """Write values of the last intervals, as long as the one after them lasts."""
        self._lately = lately.land(now, self._lately, self._course.feed, self._rows)
        standing = self.standing
        for name, span, short in (
            ("flicker_short", TEN_MINUTES, standing.shorts[-1] if standing.shorts else None),
            ("flicker_long", TWO_HOURS, standing.long),
        ):
            if short is not None and 0 <= self._moment - short[0] < span + 1:
                getattr(now.phases, name)[self._rows] = short[1]

    def report(self) -> dict[str, Any] | None:
        """The week under way, judged so far; None before there was anything."""
        week = self.standing.week
        return None if week is None else report(week, self.feed, self.phases)

    def _foretell(self, stream: Stream, clock: Clock, length: int) -> None:
        """Tell the stream of the next tick, a little before it comes."""
        tick = floor(self._moment / TEN_MINUTES) + 1
        ahead = max(AHEAD, 2 * length / clock.rate)
        if tick != self._told and tick * TEN_MINUTES - self._moment < ahead:
            stream.resynchronise(clock.place(tick * TEN_MINUTES))
            self._told = tick

    def _feel(self, clock: Clock, block: Array, first: int) -> None:
        """Class the flicker of a block, of which a tick may be a part."""
        assert self._meter is not None
        assert self._felt is not None
        start = interval(clock, first, TEN_MINUTES, self._interval)
        while self._interval is not None and clock.place(self._interval + TEN_MINUTES) <= (
            first + len(block)
        ):
            tick = self._interval + TEN_MINUTES
            until = min(max(ceil(clock.place(tick)) - first, 0), len(block))
            self._felt, _ = flicker.felt(self._meter, self._felt, block[:until])
            block, first = block[until:], first + until
            self._felt, severity = flicker.concluded(self._meter, self._felt)
            self._note(tick, severity)
            start = self._interval = max(tick, interval(clock, first, TEN_MINUTES, None))
        if self._interval is not None and start < self._interval:  # the clock was set back
            self._felt, _ = flicker.concluded(self._meter, self._felt)
        self._interval = start
        self._felt, _ = flicker.felt(self._meter, self._felt, block)

    def _note(self, end: float, severity: flicker.Severity) -> None:
        known = severity.share >= SURE
        values = tuple(float(s) if known else float("nan") for s in severity.short)
        shorts = [s for s in self.standing.shorts if end - TWO_HOURS < s[0] < end]
        self.standing = replace(self.standing, shorts=(*shorts, (end, values)))

    def _judge(self, measured: Measured, clock: Clock) -> None:
        """Draw windows together once it is certain whether a disturbance falls into them."""
        self._dips, told = dip.disturbed(self._dips, measured.halves)
        self._past += told
        self._waiting.extend(measured.windows)
        if len(measured.halves.end):
            self._judged = max(self._judged, float(measured.halves.end.max()))
        running = [d for system in self._dips.systems for d in system.running]
        while self._waiting and self._waiting[0].end + self._channels.cycle <= self._judged:
            window = self._waiting.popleft()
            self._past = [d for d in self._past if d.end > window.start]
            hit = flags(self._channels, [*self._past, *running], window.start, window.end)
            self._draw(self._reading(window, hit[self._voltages]), clock)

    def _reading(self, window: Window, flagged: NDArray[np.bool_]) -> Reading:
        v, found = self._voltages, quantities(self._channels, window)
        skewed = voltage.unbalance(self._channels, window, self._course.systems)
        values = {
            "rms": found.rms[v],
            "thd": found.thd[v],
            "negative_ratio": skewed.negative_ratio,
            "harmonic": window.spectra.harmonic[:, v].astype(float),
        }
        return Reading(window.start, window.end, window.mark, flagged, values)

    def _draw(self, reading: Reading, clock: Clock) -> None:
        sums = self.standing.sums
        if sums is None or sums.shapes != aggregation.begun(reading).shapes:
            sums = aggregation.begun(reading)
        sums, done = aggregation.aggregated(sums, reading, clock)
        self.standing = replace(self.standing, sums=sums)
        for aggregate in done:
            if aggregate.span is Span.TEN_MINUTES:
                whole = (aggregate.values, aggregate.flagged, aggregate.sure)
                end = aggregate.end
                self._tally(voltage.observed(self._own, self._systems, end, *whole))
            elif aggregate.span is Span.TWO_HOURS:
                self._tally(self._long(aggregate))
            else:
                self._lately = replace(self._lately, very_short=aggregate)

    def _long(self, aggregate: Aggregate) -> voltage.Observed:
        """Plt of two hours that are over, where all twelve Pst are known."""
        own = [s for end, s in self.standing.shorts if aggregate.begin < end <= aggregate.end]
        values = np.full(len(self.phases), np.nan)
        if len(own) == TWELVE:
            values = np.array([flicker.long_term(line) for line in zip(*own, strict=True)])
        self.standing = replace(self.standing, long=(aggregate.end, tuple(values.tolist())))
        return voltage.Observed(aggregate.end, {"flicker": values}, {"flicker": aggregate.flagged})

    def _hertz(self, ten: frequency.Frequency) -> voltage.Observed:
        off = 100 * (ten.frequency / self._channels.nominal_frequency - 1)
        return voltage.Observed(
            ten.end, {"frequency": np.array([off])}, {"frequency": np.zeros(1, np.bool_)}
        )

    def _tally(self, observed: voltage.Observed) -> None:
        """Count an interval in its week; the first one of a new week ends the one before."""
        own, standing = number(observed.end), self.standing
        week = standing.week or Week(own)
        if own > week.number:
            self.over.append(event(self._moment, week, self.feed, self.phases))
            standing = replace(standing, last=report(week, self.feed, self.phases))
            week = Week(own)
        self.standing = replace(standing, week=more(week, observed))
