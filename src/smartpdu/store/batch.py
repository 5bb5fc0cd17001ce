"""Rows that are not sealed yet: a few seconds of all series, in memory and as one hot record."""

import zlib
from dataclasses import dataclass

import numpy as np

from smartpdu.store.chunk import GAP, Whole

HOUR = 3600


@dataclass(frozen=True, slots=True)
class Batch:
    """Some seconds of one aligned hour: a row for each second, a column for each series id."""

    hour: int  # its first second, UTC
    ids: Whole
    seconds: Whole
    rows: Whole  # [seconds, series]


def frozen(batch: Batch) -> bytes:
    """The seconds and rows of a batch as bytes."""
    steps = np.diff(batch.rows, axis=0, prepend=np.int64(0)).T
    return zlib.compress((batch.seconds - batch.hour).astype("<i4").tobytes() + steps.tobytes(), 1)


def thawed(hour: int, ids: Whole, form: bytes) -> Batch:
    """The batch that was frozen."""
    data = zlib.decompress(form)
    count = len(data) // (4 + 8 * len(ids))
    seconds = np.frombuffer(data, dtype="<i4", count=count).astype(np.int64) + hour
    steps = np.frombuffer(data, dtype=np.int64, offset=4 * count).reshape(len(ids), count)
    return Batch(hour, ids, seconds, np.cumsum(steps.T, axis=0))


def column(batches: list[Batch], id: int, start: int, length: int) -> Whole:
    """One series of some batches on a grid of seconds; the first value of a second counts."""
    grid = np.full(length, GAP, dtype=np.int64)
    for batch in reversed(batches):
        spot = np.flatnonzero(batch.ids == id)
        if not spot.size:
            continue
        seconds = batch.seconds[::-1] - start
        inside = (seconds >= 0) & (seconds < length)
        values = batch.rows[::-1, spot[0]]
        known = inside & (values != GAP)
        grid[seconds[known]] = values[known]
    return grid


def table(batches: list[Batch], ids: Whole, hour: int) -> Whole:
    """All given series of an hour, [series, seconds]; the first value of a second counts."""
    grid = np.full((len(ids), HOUR), GAP, dtype=np.int64)
    for batch in reversed(batches):
        order = np.searchsorted(ids, batch.ids)
        for number in range(len(batch.seconds) - 1, -1, -1):
            values = batch.rows[number]
            known = values != GAP
            grid[order[known], batch.seconds[number] - hour] = values[known]
    return grid
