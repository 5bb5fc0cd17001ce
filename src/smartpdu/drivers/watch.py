"""Watches the samples of one feed for what happens at once, and keeps the last of them (5, 8).

The laws of this file:

1. What happened is told when it is over. A disturbance that lasts is told when that is clear,
   without an end, and again when it is over or the watch ends, with the very same start.
2. Nothing is made of samples from both sides of a gap. A disturbance that lasts over one goes on,
   and says that it was not seen whole. A restart is a gap. What was over when a long gap ended
   has an end that nobody saw: until when it was seen is told, and no duration.
3. What happened together, as a dip and the inrush at its end, shares one waveform. Where there are
   too many, some get none, and are told all the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.drivers.unended import Unended, lasting, moved, resumed
from smartpdu.measurement import dip, inrush, transient
from smartpdu.measurement.channels import Channels
from smartpdu.measurement.clock import Clock
from smartpdu.measurement.disturbance import Disturbance, Kind
from smartpdu.measurement.inrush import Hint, Inrush
from smartpdu.measurement.recent import Recent, extended, span
from smartpdu.measurement.waveform import Measured, Stream
from smartpdu.model.snapshot import Snapshot

HOLD = 4.0  # s of samples that are kept
MOST = 2.0  # s of a waveform
AROUND = 6  # cycles of it before and after what happened
BEGIN = 1.5  # s of it of what lasts
TAIL = 0.5  # s of it before the end of what had been told already
LONG = 2.0  # s after which a disturbance is told though it lasts; of a gap, in which it may end
FIRST = 5  # cycles of a run, within which it is seen whether what lasted still does
AT_ONCE, AGAIN = 6, 60.0  # waveforms that may follow each other, and s until one more may

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that happened, and between which samples it is seen."""

    found: Disturbance | Inrush
    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Group:
    """What happened together; its samples are those from the number `first` on."""

    found: tuple[Disturbance | Inrush, ...]
    starts: tuple[float, ...]  # UTC of each
    seen: tuple[float, ...]  # UTC until when each was seen whose end was not; else NaN
    clock: Clock
    first: int
    samples: Array | None


class Watch:
    """Follows the samples of one feed."""

    def __init__(self, left: Sequence[Unended] = ()) -> None:
        """A watch that has seen nothing, and knows what lasted before a restart."""
        self._left = tuple(left)
        self._channels: Channels | None = None
        self._clock = self._arrived = Clock(0.0, np.nan, 1.0)
        self._past: Clock | None = None  # of the run before the gap, until there is one anew
        self._dips: dip.State | None = None
        self._ring = Recent()
        self._waiting: list[Notice] = []
        self._ready: list[Group] = []
        self._long = {one.kind for one in left if one.told}  # of what lasts, what was told
        self._starts = {one.kind: one.start for one in left}  # of it, the UTC that was told
        self._seen = {one.kind: one.seen for one in left}  # and until when before the last gap
        self._over: dict[Kind, float] = {}  # the same of what ended unseen
        self._hints: list[tuple[int, float]] = []
        self._heard = 0.0  # monotonic clock when samples last came
        self._credit, self._credited = float(AT_ONCE), 0.0

    def begin(self, channels: Channels) -> None:
        """A new run begins; what was before it has ended, but for disturbances that last."""
        self._gather(every=True)
        if self._dips is not None and self._ring.end:
            running = [d.kind for system in self._dips.systems for d in system.running]
            self._seen = dict.fromkeys(running, self._clock.moment(self._ring.end))
            self._dips, told = dip.gapped(self._dips)
            self._take_up(d for d in told if d.kind is Kind.RAPID_CHANGE)
            self._gather(every=True)
            self._past = self._past or self._clock
        self._channels = channels
        voltages = [channels.voltage.tolist()]
        if self._dips is None:
            self._dips = dip.quiet(channels, voltages)
            if self._left:
                self._dips, self._past = resumed(self._dips, self._left, channels.rate)
        self._blows = transient.still(channels, voltages)
        self._rushes = inrush.calm(channels)
        self._ring = Recent()

    def hint(self, channel: int, at: float) -> None:
        """Take note that somebody let a current flow at a moment of UTC."""
        self._hints.append((channel, at))

    def take(self, _stream: Stream, clock: Clock, block: Array, measured: Measured) -> None:
        """Take further samples of the run, and what was measured of them."""
        assert self._channels is not None
        assert self._dips is not None
        self._clock = clock
        if self._past is not None:
            self._dips, self._past = moved(self._dips, self._past, clock), None
            known = {d.kind for system in self._dips.systems for d in system.running}
            self._long &= known
            self._starts = {k: at for k, at in self._starts.items() if k in known}
            self._seen = {k: at for k, at in self._seen.items() if k in known}
        rate, halves = self._channels.rate, measured.halves
        block = block.view()
        block.flags.writeable = False  # it is kept twice, and need not be copied
        self._ring = extended(self._ring, block, self._ring.end + len(block) - HOLD * rate)
        hints, self._hints = self._hints, []
        own = [Hint(channel, clock.place(at)) for channel, at in hints]
        self._dips, told = dip.disturbed(self._dips, halves)
        self._miss(told)
        self._blows, struck = transient.struck(self._blows, block, halves)
        self._rushes, rushed = inrush.rushed(self._rushes, block, halves, own)
        self._take_up(d for d in told if isfinite(d.end))
        self._take_up(transient.together(struck))
        self._take_up(rushed)
        self._heard = np.nan  # now, as `land` will tell
        self._gather()

    def land(self, now: Snapshot) -> None:
        """Look what lasts, now that all samples have come that are there."""
        if self._channels is None or self._dips is None or not self._ring.end:
            return
        self._arrived = Clock(float(self._ring.end), now.at, self._channels.rate)
        self._heard = now.clock if np.isnan(self._heard) else self._heard
        silence = (now.clock - self._heard) * self._channels.rate
        begun = self._ring.end + silence - LONG * self._channels.rate
        for system in self._dips.systems:
            if any(d.start < begun and d.kind not in self._long for d in system.running):
                fresh = [d for d in system.running if d.kind not in self._long]
                self._take_up(fresh)  # an interruption with the dip that it lies in
                self._long |= {d.kind for d in fresh}
        self._gather()
        self._credit = min(AT_ONCE, self._credit + (now.clock - self._credited) / AGAIN)
        self._credited = now.clock

    @property
    def expecting(self) -> bool:
        """Whether something is over or may be soon, and the samples after it are to come."""
        if self._channels is None or self._dips is None:
            return False
        fresh = any(d.kind not in self._long for s in self._dips.systems for d in s.running)
        return bool(self._waiting) or fresh or any(g.running for g in self._rushes.groups)

    def noticed(self) -> list[Group]:
        """What was noticed since the last time, and is not to be told again."""
        groups = []
        for group in self._ready:
            samples = None if self._credit < 1 else group.samples
            clock = group.clock if isfinite(group.clock.at) else self._arrived
            starts = self._stamped(group.found, clock)
            seen = tuple(self._missed(one) for one in group.found)
            samples = None if all(map(isfinite, seen)) else samples  # it shows what came later
            groups.append(replace(group, samples=samples, clock=clock, starts=starts, seen=seen))
            self._credit -= samples is not None
        self._ready = []
        return groups

    def end(self) -> None:
        """Let all that is under way be noticed; what lasts without an end, and not as whole."""
        if self._channels is None or self._dips is None or not self._ring.end:
            return
        lasts = [d for system in self._dips.systems for d in system.running]
        self._take_up(replace(d, whole=False) for d in lasts)
        self._long = {d.kind for d in lasts}  # taken up, it still lasts
        self._gather(every=True)

    @property
    def lasting(self) -> tuple[Unended, ...]:
        """What lasts now, so that it can be gone on with after a restart."""
        if self._dips is None:
            return self._left
        clock, seen = self._past, self._seen
        if clock is None:
            clock = self._clock if isfinite(self._clock.at) else self._arrived
            seen = dict.fromkeys(Kind, clock.moment(self._ring.end))
        return lasting(self._dips, clock, self._starts, seen, self._long)

    def _miss(self, told: Iterable[Disturbance]) -> None:
        """Take note of what was over when a long gap ended."""
        assert self._channels is not None
        first = FIRST * self._channels.cycle
        begun = self._clock.moment(0.0)
        for one in told:
            carried = one.start < 0 and one.end <= first  # NaN: it lasts
            if carried and one.kind in self._seen and begun - self._seen[one.kind] > LONG:
                self._over[one.kind] = self._seen[one.kind]

    def _missed(self, one: Disturbance | Inrush) -> float:
        """Until when something was seen whose end was not; else NaN."""
        if isinstance(one, Disturbance) and isfinite(one.end):
            return self._over.pop(one.kind, np.nan)
        return np.nan

    def _stamped(self, found: tuple[Disturbance | Inrush, ...], clock: Clock) -> tuple[float, ...]:
        """UTC of what begins; of what lasts it is kept, for the clock's estimate moves on."""
        for one in found:
            if isinstance(one, Disturbance) and not isfinite(one.end):
                self._starts.setdefault(one.kind, clock.moment(one.start))
        starts = []
        for one in found:
            at = clock.moment(one.start)
            if isinstance(one, Disturbance) and one.kind in self._starts:
                over = isfinite(one.end)
                at = self._starts.pop(one.kind) if over else self._starts[one.kind]
            starts.append(at)
        return tuple(starts)

    def _take_up(self, found: Iterable[Disturbance | Inrush]) -> None:
        """Let something wait until the samples after it are there."""
        assert self._channels is not None
        around, rate = AROUND * self._channels.cycle, self._channels.rate
        for one in found:
            first = max(one.start - around, self._ring.first)
            last = one.end + around
            if not isfinite(one.end):
                last = min(first + BEGIN * rate, float(self._ring.end))
            if isinstance(one, Disturbance) and one.kind in self._long:
                self._long.discard(one.kind)
                end = one.end if isfinite(one.end) else float(self._ring.end)
                first, last = max(first, end - TAIL * rate), max(last, end)
            self._waiting.append(Notice(one, first, min(last, first + MOST * rate)))

    def _gather(self, every: bool = False) -> None:
        """Put together what is over and belongs together; all of it before a gap."""
        if self._channels is None or not self._waiting:
            return
        left: list[Notice] = []
        for group in together(self._waiting, MOST * self._channels.rate):
            last = max(notice.last for notice in group)
            if every or last <= self._ring.end:
                first = min(notice.first for notice in group)
                found = tuple(notice.found for notice in group)
                self._ready.append(Group(found, (), (), self._clock, *self._cut(first, last)))
            else:
                left += group
        self._waiting = left

    def _cut(self, first: float, last: float) -> tuple[int, Array | None]:
        """The samples of that time, as far as they are there."""
        assert self._channels is not None
        low = max(int(np.floor(first)), self._ring.first)
        high = min(int(np.ceil(last)), self._ring.end)
        if high - low < self._channels.cycle:
            return low, None
        return low, span(self._ring, low, high)


def together(notices: Iterable[Notice], most: float) -> list[tuple[Notice, ...]]:
    """Notices whose samples overlap, in groups of no more samples than these."""
    groups: list[list[Notice]] = []
    for notice in sorted(notices, key=lambda n: n.first):
        if groups:
            begun, end = groups[-1][0].first, max(n.last for n in groups[-1])
            if notice.first < end and max(end, notice.last) - begun <= most:
                groups[-1].append(notice)
                continue
        groups.append([notice])
    return [tuple(group) for group in groups]
