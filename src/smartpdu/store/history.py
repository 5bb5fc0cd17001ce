"""Columns over time in tiers of 1 s, 1 min and 15 min, kept as packed chunks (12.2).

A row of all series comes once a second and waits in memory until its batch is full; then the batch
is one durable record. Full hours are sealed into one chunk for each series, full days and then
sixteen days into coarser ones. After a kill or a power cut at most the last batch is missing, as a
gap. The laws of this file:

1. A second keeps the first value that it got; another one for the same second is counted only.
2. A clock that steps puts rows where it says they are: into an open hour, or into a sealed one
   that is then sealed again. It never changes what is there already.
3. A gap is NaN; a damaged chunk is a gap, and told by `spoiled`.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite

import apsw
import numpy as np

from smartpdu.store.chunk import Floats, Whole, quantity, whole
from smartpdu.store.database import Database, StoreError, rows
from smartpdu.store.hour import BITS, HOUR, Hour, chunk_id, frozen
from smartpdu.store.recall import (
    Recall,
    Spoiled,
    Trend,
    due_spans,
    fitting_tier,
    grid_of,
    held,
    hot_batches,
    trend,
)
from smartpdu.store.seal import fold_span, forget_span, seal_hour
from smartpdu.store.tiers import KEEP, SECONDS, TIERS

LATE = 30.0  # s after its end that an hour is sealed
OPEN = 2  # open hours that stay in memory
PENDING = 600  # rows that wait in memory while the disk does not take them
COARSEST = TIERS[-1].step  # s
MOST = 2**BITS - 1  # series that ids of chunks have room for
LAST = 2.0**40  # s: a time beyond this is a mistake, not a time


@dataclass(frozen=True, slots=True)
class Series:
    """One quantity of one place, and the decimal digits that are kept of it."""

    key: str
    digits: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Which series the values of a row are."""

    ids: Whole
    scale: Floats


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row that is not on the disk yet."""

    second: int  # UTC
    layout: Layout
    values: Whole


class History:
    """The history of a database."""

    def __init__(
        self,
        database: Database,
        series: Sequence[Series] = (),
        *,
        batch: float = 10.0,
        keep: Sequence[float] = KEEP,
    ) -> None:
        """The history in a database, with what an earlier run left open; raises StoreError.

        `batch` is how many seconds wait in memory, `keep` how many each tier is kept.
        """
        self._database = database
        self._batch = batch
        self._keep = keep
        self._turn = threading.RLock()  # those who change the file, one after the other
        self._lock = threading.Lock()  # what is in memory; never held while the disk works
        found = database.look_up("SELECT id, key, digits FROM series")
        self._catalogue = {Series(key, digits): id for id, key, digits in found}
        self._named: dict[str, dict[int, int]] = {}  # ids of each key, with their digits
        for id, key, digits in found:
            self._named.setdefault(key, {})[id] = digits
        self._unwritten: list[tuple[int, str, int]] = []
        found = database.look_up(f"SELECT DISTINCT id >> {BITS} FROM hot")
        self._unsealed: dict[int, Hour | None] = {hour: None for (hour,) in found}
        self._waiting: list[Waiting] = []
        self._last: tuple[float, Floats] = (np.nan, np.empty(0))
        self._spoiled: Spoiled = set()
        self.repeated = 0  # rows whose second had values already
        self.dropped = 0  # rows that the disk did not take for too long
        self._layout = Layout(np.empty(0, dtype=np.int64), np.empty(0))
        self._placed: tuple[Hour | None, Layout, Whole] = (None, self._layout, self._layout.ids)
        self.declare(series)

    @property
    def spoiled(self) -> tuple[tuple[str, int], ...]:
        """Table and id of each chunk that was found damaged since the start."""
        return tuple(sorted(self._spoiled))

    def declare(self, series: Sequence[Series]) -> None:
        """Say which series each following row holds; a known one keeps its id.

        The names of new ones become durable with their first batch.
        """
        if len({s.key for s in series}) != len(series):
            raise ValueError("a series was declared twice")
        with self._turn, self._lock:
            for one in series:
                if one not in self._catalogue:
                    id = max(self._catalogue.values(), default=0) + 1
                    if id > MOST:
                        raise ValueError(f"history: more than {MOST} series were declared")
                    self._catalogue[one] = id
                    self._named.setdefault(one.key, {})[id] = one.digits
                    self._unwritten.append((id, one.key, one.digits))
            ids = np.array([self._catalogue[s] for s in series], dtype=np.int64)
            self._layout = Layout(ids, 10.0 ** np.array([float(s.digits) for s in series]))

    def append(self, at: float, values: Floats) -> None:
        """Take one row of all declared series; writes when its batch is full.

        Raises StoreError if the disk does not take it, or does not give what the hour has already:
        the row stays in memory and is tried again with the next ones.
        """
        if not (_told(at) and at >= 0):
            raise ValueError(f"history: found time {at}, expected UTC seconds")
        if len(values) != len(self._layout.ids):
            found = f"found {len(values)} values, expected {len(self._layout.ids)}"
            raise ValueError(f"history: {found}, one for each declared series")
        with self._turn:
            self._last = (at, np.array(values, dtype=np.float64))
            row = Waiting(int(at), self._layout, whole(self._last[1], self._layout.scale))
            try:
                self._put(row)
            except StoreError:
                with self._lock:
                    self._waiting.append(row)
                self.flush()  # then the file has it, or the oldest of too many are dropped
                raise
            with self._lock:
                self._waiting.append(row)
            first = self._waiting[0].second
            if len(self._waiting) >= self._batch or abs(row.second - first) >= self._batch:
                self.flush()

    def _put(self, row: Waiting) -> None:
        """Take a row into its hour in memory."""
        hour = self._open(row.second // HOUR, row.layout.ids)
        with self._lock:
            new = hour.put(row.second % HOUR, self._columns(hour), row.values)
            self.repeated += not new

    def flush(self) -> None:
        """Write all that waits, in one durable transaction; raises StoreError."""
        with self._turn:
            taken, names = list(self._waiting), list(self._unwritten)
            if not taken:
                return
            try:
                self._database.write(lambda connection: _kept(connection, taken, names))
            except StoreError:
                excess = max(0, len(self._waiting) - PENDING)
                self.dropped += excess
                with self._lock:
                    del self._waiting[:excess]
                raise
            with self._lock:
                del self._waiting[: len(taken)]
                del self._unwritten[: len(names)]

    def last(self) -> tuple[float, Floats]:
        """Time and values of the newest row, from memory."""
        return self._last

    def trend(self, key: str, start: float, end: float, points: int = 500) -> Trend:
        """Least, mean and greatest of a series in at most so many equal spans, from start to end.

        From the coarsest tier that is fine enough and still goes back so far. Spans begin at whole
        slots of the tier; the last one ends at `end` or a little later. A key that was never kept
        is all gaps.
        """
        if not (_told(start) and _told(end) and points >= 1):
            raise ValueError(f"history: found {start}, {end}, {points}, expected times and points")
        # the first span begins, and the last one ends, beyond what was asked for
        over = (end - start) / points + 2 * COARSEST
        series, open_hours = self._seen(key, start - over, end + over)

        def look(connection: apsw.Connection) -> Trend:
            first = next(iter(open_hours.values()), {})
            tier = fitting_tier(connection, start, end, points)
            grid = grid_of(tier, start, max(start, end), points)
            limits = held(connection, first)
            due = due_spans(connection)
            recalls = {id: Recall(connection, open_hours[id], self._spoiled, due) for id in series}
            return trend(recalls, series, grid, limits)

        return self._database.read(look)

    def raw(self, keys: Iterable[str], start: float, end: float) -> tuple[Floats, Floats]:
        """Every second from start to end, and values of some series in it: [series, seconds]."""
        if not (_told(start) and _told(end)):
            raise ValueError(f"history: found {start}, {end}, expected times")
        first, last = floor(start), max(floor(start), ceil(end))
        seen = [self._seen(key, first, last) for key in keys]

        def look(connection: apsw.Connection) -> list[Floats]:
            return [self._row(connection, *one, first, last) for one in seen]

        found = self._database.read(look)
        values = np.array(found).reshape(len(seen), last - first)
        return np.arange(first, last, dtype=np.float64), values

    def tend(self, now: float) -> None:
        """Seal hours that are over, make coarser chunks, forget the oldest; raises StoreError.

        Meant to be called about once a minute: each visit does a bounded piece of the work.
        """
        with self._turn:
            self.flush()
            over = [h for h in self._unsealed if (h + 1) * HOUR + LATE <= now]
            for number in sorted(over)[:OPEN]:
                ids = np.empty(0, dtype=np.int64)
                seal_hour(self._database, number, self._open(number, ids), self._spoiled)
                with self._lock:
                    del self._unsealed[number]
            fold_span(self._database, now, self._spoiled)
            forget_span(self._database, self._keep, now)

    def _columns(self, hour: Hour) -> Whole:
        """Where the declared series stand in an hour; looked for only when one of both is new."""
        if self._placed[0] is not hour or self._placed[1] is not self._layout:
            hour.widen(self._layout.ids)
            self._placed = (hour, self._layout, hour.columns(self._layout.ids))
        return self._placed[2]

    def _open(self, number: int, ids: Whole) -> Hour:
        """An hour in memory, with what the file has of it."""
        there = self._unsealed.get(number)
        if there is not None:
            return there
        batches = []
        if number in self._unsealed:
            batches = self._database.read(lambda c: hot_batches(c, number, self._spoiled))
        hour = _filled(ids, batches)
        for row in self._waiting:  # some, where the hour could not be read when they came
            if row.second // HOUR == number:
                hour.widen(row.layout.ids)
                hour.put(row.second % HOUR, hour.columns(row.layout.ids), row.values)
        with self._lock:
            self._unsealed[number] = hour
            self._let_go_of_hours(number)
        return hour

    def _let_go_of_hours(self, but: int) -> None:
        """Keep few hours in memory; the file has the rest, once their rows are written."""
        needed = {row.second // HOUR for row in self._waiting} | {but}
        free = [n for n, hour in self._unsealed.items() if hour is not None and n not in needed]
        for number in sorted(free)[: max(0, len(free) + 1 - OPEN)]:
            self._unsealed[number] = None

    def _seen(
        self, key: str, start: float, end: float
    ) -> tuple[dict[int, int], dict[int, dict[int, Whole | None]]]:
        """Ids and digits of a series, and for each id what open hours hold of it."""
        with self._lock:
            series = dict(self._named.get(key, {}))
            hours = {
                n: h for n, h in self._unsealed.items() if n * HOUR < end and (n + 1) * HOUR > start
            }
            return series, {
                id: {n: None if h is None else h.column(id) for n, h in hours.items()}
                for id in series
            }

    def _row(
        self,
        connection: apsw.Connection,
        series: Mapping[int, int],
        open_hours: Mapping[int, Mapping[int, Whole | None]],
        first: int,
        last: int,
    ) -> Floats:
        values = np.full(last - first, np.nan)
        due = due_spans(connection)
        for id, digits in series.items():
            recall = Recall(connection, open_hours[id], self._spoiled, due)
            found = quantity(recall.rows(SECONDS, id, first, last)[0], 10.0**digits)
            values = np.where(np.isnan(values), found, values)
        return values


def _told(at: float) -> bool:
    """Whether a clock can mean this."""
    return isfinite(at) and abs(at) < LAST


def _filled(ids: Whole, batches: Sequence[tuple[Whole, Whole, Whole]]) -> Hour:
    every = np.unique(np.concatenate([ids, *(batch[0] for batch in batches)]))
    hour = Hour(every)
    for own, seconds, values in batches:
        columns = hour.columns(own)
        for second, row in zip(seconds.tolist(), values, strict=True):
            hour.put(second, columns, row)
    return hour


def _kept(
    connection: apsw.Connection, taken: Sequence[Waiting], names: Sequence[tuple[int, str, int]]
) -> None:
    """Write rows as batches: one for each hour and layout in it."""
    for name in names:
        connection.execute("INSERT OR IGNORE INTO series VALUES(?, ?, ?)", name)
        found = rows(connection, "SELECT * FROM series WHERE id = ?", name[:1])
        if found != [name]:
            raise StoreError(f"series {name[0]}: found {found}, expected {name[1]} to be new")
    groups: dict[tuple[int, int], list[Waiting]] = {}
    for row in taken:
        groups.setdefault((row.second // HOUR, id(row.layout)), []).append(row)
    for (hour, _), group in groups.items():
        ends = (chunk_id(hour, 0), chunk_id(hour + 1, 0))
        query = "SELECT coalesce(max(id) + 1, ?) FROM hot WHERE id >= ? AND id < ?"
        place = int(rows(connection, query, (ends[0], *ends))[0][0])
        seconds = np.array([row.second % HOUR for row in group], dtype=np.int64)
        values = np.array([row.values for row in group])
        form = frozen(place, group[0].layout.ids, seconds, values)
        connection.execute("INSERT INTO hot VALUES(?, ?)", (place, form))
