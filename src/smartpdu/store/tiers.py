"""The tiers of the history: how fine each is, how long it is kept, and one made from the finer.

A series in a tier is a table of four rows: least, mean, greatest, and how many seconds were known.
Means are kept FINER times finer than the series itself.
"""

from dataclasses import dataclass

import numpy as np

from smartpdu.store.chunk import GAP, Whole

DAY = 86_400
FINER = 16
_GREAT = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True)
class Tier:
    """One fineness of the history."""

    number: int
    table: str
    step: int  # s of one slot
    slots: int  # in one chunk

    @property
    def span(self) -> int:
        """Seconds of one chunk."""
        return self.step * self.slots


SECONDS = Tier(0, "seconds", 1, 3_600)
MINUTES = Tier(1, "minutes", 60, 1_440)
QUARTERS = Tier(2, "quarters", 900, 1_536)
TIERS = (SECONDS, MINUTES, QUARTERS)

KEEP = (7.0 * DAY, 90.0 * DAY, 3_653.0 * DAY)  # s that each tier is kept


def known(seconds: Whole) -> Whole:
    """Values of single seconds as the four rows of a tier."""
    there = seconds != GAP
    mean = np.where(there, seconds * FINER, GAP)
    return np.array([seconds, mean, seconds, there])


def rolled(rows: Whole, width: int) -> Whole:
    """The four rows with so many slots made into one; the number of slots is a multiple."""
    if width == 1:
        return rows
    least, mean, most, count = rows.reshape(4, -1, width)
    total = count.sum(axis=1)
    weights = count / np.maximum(total, 1)[:, None]
    # taken from the least mean, so that a large register loses no digits
    base = np.where(count > 0, mean, _GREAT).min(axis=1)
    rise = np.where(count > 0, mean - base[:, None], 0)
    level = base + np.rint((rise * weights).sum(axis=1)).astype(np.int64)
    lowest = np.where(count > 0, least, _GREAT).min(axis=1)
    there = total > 0
    made = [np.where(there, row, GAP) for row in (lowest, level, most.max(axis=1))]
    return np.array([*made, total])


def rolled_seconds(seconds: Whole, width: int) -> Whole:
    """The four rows of a tier from single seconds, so many of them in each slot."""
    if (seconds == GAP).any():
        return rolled(known(seconds), width)
    spans = seconds.reshape(-1, width)
    least = spans.min(axis=1)
    rise = (spans - least[:, None]).sum(axis=1)
    mean = least * FINER + np.rint(rise * (FINER / width)).astype(np.int64)
    return np.array([least, mean, spans.max(axis=1), np.full(len(least), width)])


def overlaid(rows: Whole, finer: Whole) -> Whole:
    """Rows with each slot taken from the finer ones where those know at least as much."""
    return np.where(finer[3] >= rows[3], finer, rows)


def gap(slots: int) -> Whole:
    """Four rows in which nothing is known."""
    rows = np.full((4, slots), GAP, dtype=np.int64)
    rows[3] = 0
    return rows
