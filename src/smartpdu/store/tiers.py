"""Tiers of the history: how each is kept, and one series read over a span from all of them."""

from dataclasses import dataclass
from enum import Enum
from math import ceil

import numpy as np
from numpy.typing import NDArray

from smartpdu.store.batch import HOUR, Batch, column
from smartpdu.store.chunk import GAP, Damaged, Whole, quantity, unpacked
from smartpdu.store.database import Database

DAY = 86400
SEALED = "SELECT form FROM chunks WHERE tier = ? AND start = ? AND series = ?"
FINER = 16.0  # minutes and quarters keep their means this much finer than the series itself


class Tier(Enum):
    """The tiers, by the number that the chunks carry."""

    SECOND = 0
    MINUTE = 1
    QUARTER = 2


STEP = {Tier.SECOND: 1, Tier.MINUTE: 60, Tier.QUARTER: 900}  # s
LENGTH = {Tier.SECOND: HOUR, Tier.MINUTE: HOUR, Tier.QUARTER: DAY}  # s in one chunk
KEEP = {Tier.SECOND: 7 * DAY, Tier.MINUTE: 90 * DAY, Tier.QUARTER: 3660 * DAY}  # s
SPAN = {Tier.SECOND: 2 * DAY, Tier.MINUTE: 60 * DAY}  # the longest span read from a tier

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trend:
    """A series in spans: their first seconds (UTC), and least, mean and greatest value of each."""

    at: Floats
    minimum: Floats
    mean: Floats
    maximum: Floats
    damaged: int = 0  # chunks that could not be read; they are gaps


def coarse(seconds: Whole, step: int) -> Whole:
    """Least, mean and greatest of each span of seconds, one after the other; means are finer."""
    spans = seconds.reshape(-1, step)
    known = spans != GAP
    count = known.sum(axis=1)
    least = np.where(known, spans, np.iinfo(np.int64).max).min(axis=1)
    most = np.where(known, spans, GAP).max(axis=1)
    # a sum of differences to the least value cannot overflow, however large a register is
    rise = np.where(known, spans - least[:, None], 0).sum(axis=1)
    mean = np.rint((least + rise / np.maximum(count, 1)) * FINER)
    parts = (least, mean.astype(np.int64), most)
    return np.concatenate([np.where(count > 0, part, GAP) for part in parts])


def merged(old: bytes, values: Whole) -> Whole:
    """A sealed column with its gaps filled from new values; a damaged one is replaced."""
    try:
        before = unpacked(old)
    except Damaged:
        return values
    return np.where(before == GAP, values, before) if len(before) == len(values) else values


def read_trend(
    database: Database,
    tail: list[Batch],
    id: int,
    scale: float,
    span: tuple[float, float],
    points: int,
) -> Trend:
    """A series over a span of time, from its sealed columns and the tail that is not sealed."""
    tier = _tier(database, span)
    step = STEP[tier]
    start = int(span[0]) - int(span[0]) % step
    length = max(1, ceil((span[1] - start) / step))
    parts = np.full((3, length), np.nan)
    damaged = 0
    for at, form in _forms(database, tier, id, start, start + length * step):
        try:
            values = unpacked(form)
        except Damaged:
            damaged += 1
            continue
        _land(parts, (at - start) // step, _shaped(values, tier, scale))
    for hour in sorted({b.hour for b in tail if b.hour + HOUR > start and b.hour < span[1]}):
        grid = column([b for b in tail if b.hour == hour], id, hour, HOUR)
        values = grid if tier is Tier.SECOND else coarse(grid, step)
        _land(parts, (hour - start) // step, _shaped(values, tier, scale))
    return _buckets(parts, start, step, points, damaged)


def _tier(database: Database, span: tuple[float, float]) -> Tier:
    for tier in (Tier.SECOND, Tier.MINUTE):
        query = "SELECT start FROM chunks WHERE tier = ? ORDER BY start LIMIT 1"
        oldest = database.read(lambda c, q=query, t=tier: c.execute(q, (t.value,)).get)
        kept = oldest is None or span[0] >= oldest or not _older(database, tier, span[0])
        if span[1] - span[0] <= SPAN[tier] and kept:
            return tier
    return Tier.QUARTER


def _older(database: Database, tier: Tier, start: float) -> bool:
    """Whether a coarser tier goes further back than this one does."""
    query = "SELECT min(start) FROM chunks WHERE tier > ?"
    oldest = database.read(lambda c: c.execute(query, (tier.value,)).get)
    own = "SELECT min(start) FROM chunks WHERE tier = ?"
    mine = database.read(lambda c: c.execute(own, (tier.value,)).get)
    return oldest is not None and mine is not None and oldest < mine - DAY


def _forms(
    database: Database, tier: Tier, id: int, start: int, end: int
) -> list[tuple[int, bytes]]:
    length = LENGTH[tier]
    starts = range(start - start % length, end, length)
    found = database.read(
        lambda c: [(s, c.execute(SEALED, (tier.value, s, id)).get) for s in starts]
    )
    return [(s, form) for s, form in found if form is not None]


def _shaped(values: Whole, tier: Tier, scale: float) -> Floats:
    if tier is Tier.SECOND:
        row = quantity(values, scale)
        return np.array([row, row, row])
    least, mean, most = values.reshape(3, -1)
    return np.array([quantity(least, scale), quantity(mean, scale * FINER), quantity(most, scale)])


def _land(parts: Floats, spot: int, piece: Floats) -> None:
    """Write a piece into the grid where the grid has a gap."""
    first, last = max(0, -spot), min(piece.shape[1], parts.shape[1] - spot)
    if first >= last:
        return
    own = parts[:, spot + first : spot + last]
    parts[:, spot + first : spot + last] = np.where(np.isnan(own), piece[:, first:last], own)


def _buckets(parts: Floats, start: int, step: int, points: int, damaged: int) -> Trend:
    length = parts.shape[1]
    width = max(1, ceil(length / max(1, points)))
    count = ceil(length / width)
    wide = np.full((3, count * width), np.nan)
    wide[:, :length] = parts
    least, mean, most = wide.reshape(3, count, width)
    known = (~np.isnan(mean)).sum(axis=1)
    sums = np.nansum(mean, axis=1)
    return Trend(
        start + np.arange(count, dtype=np.float64) * width * step,
        np.fmin.reduce(least, axis=1),
        np.where(known > 0, sums / np.maximum(known, 1), np.nan),
        np.fmax.reduce(most, axis=1),
        damaged,
    )
