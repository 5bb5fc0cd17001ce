"""One series over time, put together from sealed chunks, hot batches and hours in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil, floor, inf

import apsw
import numpy as np

from smartpdu.store.chunk import GAP, Damaged, Floats, Whole, quantity, unpacked
from smartpdu.store.database import rows
from smartpdu.store.hour import BITS, HOUR, chunk_id, thawed
from smartpdu.store.tiers import (
    FINER,
    SECONDS,
    TIERS,
    Tier,
    gap,
    known,
    overlaid,
    rolled,
    rolled_seconds,
)

FORM = "CAST(form AS BLOB)"  # even where damage made it look like something else
Spoiled = set[tuple[str, int]]  # table and id of each chunk that was found damaged


@dataclass(frozen=True, slots=True)
class Trend:
    """A series in equal spans: first second (UTC), least, mean and greatest value of each."""

    at: Floats
    minimum: Floats
    mean: Floats
    maximum: Floats


@dataclass(frozen=True, slots=True)
class Recall:
    """Where a series is read from: the file at one moment, and the hours that are not sealed."""

    connection: apsw.Connection
    open_hours: Mapping[int, Whole | None]  # the series in each; None where only the file has it
    spoiled: Spoiled
    due: frozenset[tuple[int, int]] = field(default=frozenset())  # tier and span to be made anew

    def rows(self, tier: Tier, id: int, first: int, last: int) -> Whole:
        """The four rows of a series from one slot of a tier to before another."""
        made = gap(last - first)
        for span in range(first // tier.slots, -(-last // tier.slots)):
            start = span * tier.slots
            low, high = max(first, start), min(last, start + tier.slots)
            piece = self._piece(tier, id, span, low, high)
            if piece is not None:
                made[:, low - first : high - first] = piece
        return made

    def _piece(self, tier: Tier, id: int, span: int, low: int, high: int) -> Whole | None:
        """Slots of one chunk, completed by what is finer and not in it yet."""
        offset = span * tier.slots
        if tier is SECONDS:
            seconds = self._seconds(id, span)
            return None if seconds is None else known(seconds[low - offset : high - offset])
        chunk = self._chunk(tier, id, span)
        piece = None if chunk is None else chunk[:, low - offset : high - offset]
        if not self._unfinished(tier, span):
            return piece
        finer = self._finer(tier, id, low, high)
        return finer if piece is None else overlaid(piece, finer)

    def _finer(self, tier: Tier, id: int, low: int, high: int) -> Whole:
        """Slots of a tier, made from the tier below it."""
        below = TIERS[tier.number - 1]
        width = tier.step // below.step
        if below is not SECONDS:
            return rolled(self.rows(below, id, low * width, high * width), width)
        slots = below.slots // width  # of one hour
        made = gap(high - low)
        for hour in range(low // slots, -(-high // slots)):
            seconds = self._seconds(id, hour)
            if seconds is not None:
                first, last = max(low, hour * slots), min(high, (hour + 1) * slots)
                minutes = rolled_seconds(seconds, width)[:, first - hour * slots :]
                made[:, first - low : last - low] = minutes[:, : last - first]
        return made

    def _seconds(self, id: int, hour: int) -> Whole | None:
        """One series of an hour, second by second; None where nothing is known."""
        chunk, hot = self._chunk(SECONDS, id, hour), self._hot(id, hour)
        if chunk is None or hot is None:
            return hot if chunk is None else chunk[0]
        return np.where(chunk[0] == GAP, hot, chunk[0])

    def _unfinished(self, tier: Tier, span: int) -> bool:
        """Whether a finer tier, or an open hour, knows something that this chunk may not."""
        if (tier.number, span) in self.due:
            return True
        if any(hour * HOUR // tier.span == span for hour in self.open_hours):
            return True
        below = TIERS[tier.number - 1]
        return any(n == below.number and s * below.span // tier.span == span for n, s in self.due)

    def _chunk(self, tier: Tier, id: int, span: int) -> Whole | None:
        place = chunk_id(span, id)
        query = f"SELECT {FORM} FROM {tier.table} WHERE id = ?"
        for (form,) in rows(self.connection, query, (place,)):
            return self._checked(tier, place, form)
        return None

    def _hot(self, id: int, hour: int) -> Whole | None:
        if hour not in self.open_hours:
            return None
        there = self.open_hours[hour]
        return there if there is not None else self._hot_on_disk(id, hour)

    def _hot_on_disk(self, id: int, hour: int) -> Whole:
        column = np.full(HOUR, GAP, dtype=np.int64)
        for ids, seconds, values in hot_batches(self.connection, hour, self.spoiled):
            place = np.flatnonzero(ids == id)
            if place.size:
                found = values[:, place[0]]
                new = np.flatnonzero((found != GAP) & (column[seconds] == GAP))[::-1]
                column[seconds[new]] = found[new]  # backwards: of one second the first one stays
        return column

    def _checked(self, tier: Tier, id: int, form: bytes) -> Whole | None:
        try:
            table = unpacked(form, id)
        except Damaged:
            table = None
        if table is None or table.shape[1] != tier.slots:
            self.spoiled.add((tier.table, id))
            return None
        return table


def hot_batches(
    connection: apsw.Connection, hour: int, spoiled: Spoiled
) -> list[tuple[Whole, Whole, Whole]]:
    """Series, seconds and values of each batch of an hour, in the order in which they came."""
    query = f"SELECT id, {FORM} FROM hot WHERE id >= ? AND id < ? ORDER BY id"
    batches = []
    for id, form in rows(connection, query, (chunk_id(hour, 0), chunk_id(hour + 1, 0))):
        try:
            batches.append(thawed(id, form))
        except Damaged:
            spoiled.add(("hot", id))
    return batches


def due_spans(connection: apsw.Connection) -> frozenset[tuple[int, int]]:
    """Tier and span of each chunk that is to be made anew."""
    return frozenset((t, s) for t, s in rows(connection, "SELECT tier, span FROM due"))


def fitting_tier(connection: apsw.Connection, start: float, end: float, points: int) -> Tier:
    """The coarsest tier that is fine enough for so many spans, if it still goes back so far.

    Where it does not, the next coarser one that has something of the time before.
    """
    width = (end - start) / points
    chosen = max((t for t in TIERS if t.step <= width), key=lambda t: t.step, default=SECONDS)
    since = _oldest(connection, chosen)
    for tier in TIERS[chosen.number + 1 :]:
        if start < since and _has(connection, tier, start, min(since, end)):
            chosen, since = tier, _oldest(connection, tier)
    return chosen


Limits = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Grid:
    """Equal spans of some slots of a tier."""

    tier: Tier
    first: int  # slot
    width: int  # slots
    count: int

    def times(self) -> Floats:
        """The first second of each span, UTC."""
        slots = self.first + np.arange(self.count, dtype=np.float64) * self.width
        return np.asarray(slots * self.tier.step)

    def covering(self, low: float, high: float) -> tuple[int, int]:
        """Those of its spans, from one to before another, that seconds from low to high lie in."""
        size = self.width * self.tier.step
        start = self.first * self.tier.step
        first = min(max(0, floor((low - start) / size)), self.count)
        return first, min(max(first, ceil((high - start) / size)), self.count)


def trend(
    recalls: Mapping[int, Recall], series: Mapping[int, int], grid: Grid, limits: Limits
) -> Trend:
    """Some series, each with its digits, that together are one quantity, on a grid."""
    low, high = grid.covering(*limits)
    first, last = (grid.first + spot * grid.width for spot in (low, high))
    least, mean, most = np.full((3, grid.count), np.nan)
    parts = [
        _quantities(rolled(recalls[id].rows(grid.tier, id, first, last), grid.width), 10.0**digits)
        for id, digits in series.items()
    ]
    if parts and high > low:
        inside = slice(low, high)
        least[inside] = np.fmin.reduce([part[0] for part in parts])
        most[inside] = np.fmax.reduce([part[2] for part in parts])
        mean[inside] = _joint_mean(np.array(parts))
    return Trend(grid.times(), least, mean, most)


def grid_of(tier: Tier, start: float, end: float, points: int) -> Grid:
    """At most so many equal spans of whole slots that hold all from start to before end."""
    first, last = floor(start / tier.step), ceil(end / tier.step)
    width = max(1, ceil((last - first) / points))
    return Grid(tier, first, width, ceil((last - first) / width))


def held(connection: apsw.Connection, open_hours: Mapping[int, Whole | None]) -> Limits:
    """From when to when (UTC, s) anything is kept at all; an empty span where nothing is."""
    ends = [(h * HOUR, (h + 1) * HOUR) for h in open_hours]
    for tier in TIERS:
        # two questions: SQLite answers one min or max from the index, but both by a walk
        ends_of = (f"(SELECT {end}(id) >> {BITS} FROM {tier.table})" for end in ("min", "max"))
        low, high = rows(connection, f"SELECT {', '.join(ends_of)}")[0]
        if low is not None:
            ends.append((low * tier.span, (high + 1) * tier.span))
    if not ends:
        return 0.0, 0.0
    return float(min(e[0] for e in ends)), float(max(e[1] for e in ends))


def _oldest(connection: apsw.Connection, tier: Tier) -> float:
    found = rows(connection, f"SELECT min(id) >> {BITS} FROM {tier.table}")[0][0]
    return inf if found is None else float(found * tier.span)


def _has(connection: apsw.Connection, tier: Tier, start: float, end: float) -> bool:
    query = f"SELECT 1 FROM {tier.table} WHERE id >= ? AND id < ? LIMIT 1"
    ends = (chunk_id(floor(start / tier.span), 0), chunk_id(ceil(end / tier.span), 0))
    return bool(rows(connection, query, ends))


def _quantities(made: Whole, scale: float) -> Floats:
    least, mean, most, count = made
    shaped = (quantity(least, scale), quantity(mean, scale * FINER), quantity(most, scale))
    return np.array([*shaped, count.astype(np.float64)])


def _joint_mean(parts: Floats) -> Floats:
    """The mean of several parts, each weighed by how much it knows."""
    count = parts[:, 3]
    total = count.sum(axis=0)
    sums = np.where(count > 0, parts[:, 1] * count, 0.0).sum(axis=0)
    return np.where(total > 0, sums / np.maximum(total, 1.0), np.nan)
