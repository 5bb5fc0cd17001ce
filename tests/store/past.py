"""What the history should know: a plain dictionary of seconds, and plain arithmetic over it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil, floor, inf, isnan, nan

import numpy as np

from smartpdu.store.history import History, Series
from smartpdu.store.recall import Trend

STEPS = (1, 60, 900)
DAY = 86_400


@dataclass
class Past:
    """The first value of each series and second, as whole numbers of its last digit."""

    digits: dict[str, int] = field(default_factory=dict)
    known: dict[tuple[str, int], int] = field(default_factory=dict)

    def take(self, second: int, row: Iterable[tuple[str, float]]) -> None:
        """A row of the history."""
        for key, value in row:
            if not isnan(value):
                whole = round(value * 10 ** self.digits[key])
                self.known.setdefault((key, second), whole)

    def of(self, key: str) -> dict[int, int]:
        """Each known second of a series."""
        return {second: v for (k, second), v in self.known.items() if k == key}

    def raw(self, key: str, first: int, last: int) -> list[float]:
        """Every second, NaN where nothing is known."""
        scale = 10 ** self.digits.get(key, 0)
        known = self.of(key)
        return [known[s] / scale if s in known else nan for s in range(first, last)]


def grid(start: float, end: float, points: int, step: int) -> tuple[int, int, int]:
    """First second, seconds in one span, and how many spans a trend should have."""
    first, last = floor(start / step), ceil(end / step)
    width = max(1, ceil((last - first) / points))
    return first * step, width * step, ceil((last - first) / width)


def compared(
    history: History,
    past: Past,
    key: str,
    start: float,
    end: float,
    points: int,
    step: int | None = None,
) -> None:
    """A trend beside plain arithmetic; `step` is that of the tier it should come from."""
    found = history.trend(key, start, end, points)
    fine = max([s for s in STEPS if s <= (end - start) / points], default=1)
    steps = [fine if step is None else step]
    if step is None and start < min((s for _, s in past.known), default=inf):
        steps = [s for s in STEPS if s >= fine]  # nobody can tell which tier would go back so far
    grids = [grid(start, end, points, s) for s in steps]
    fitting = [g for g in grids if np.array_equal(found.at, g[0] + g[1] * np.arange(g[2]))]
    assert fitting, (found.at, grids)
    first, width, count = fitting[0]
    assert count <= points
    scale = 10 ** past.digits.get(key, 0)
    spans: dict[int, list[int]] = {}
    for second, value in past.of(key).items():
        spans.setdefault((second - first) // width, []).append(value)
    for spot in range(count):
        there = spans.get(spot, [])
        got = [float(c[spot]) for c in (found.minimum, found.mean, found.maximum)]
        if not there:
            assert all(isnan(value) for value in got), (spot, got)
            continue
        assert got[0] == min(there) / scale, (spot, got, there)
        assert got[2] == max(there) / scale, (spot, got, there)
        # means are kept to a sixteenth of the last digit, and rounded at most three times
        assert abs(got[1] * scale - sum(there) / len(there)) <= 1.5 / 16 + 1e-6, (spot, got, there)


def fed(
    history: History,
    past: Past,
    seconds: Iterable[int],
    seed: int = 1,
    tend: int = 0,
    gaps: float = 0.0,
) -> None:
    """Rows of all series of a past, each a walk of its own; tended now and then."""
    keys = list(past.digits)
    history.declare([Series(key, digits) for key, digits in past.digits.items()])
    dice = np.random.default_rng(seed)
    level = dice.uniform(100, 400, len(keys))
    for number, second in enumerate(seconds):
        level += dice.normal(0, 0.7, len(keys))
        row = np.where(dice.random(len(keys)) < gaps, nan, level)
        history.append(float(second), row)
        past.take(second, zip(keys, row.tolist(), strict=True))
        if tend and number % tend == 0:
            history.tend(float(second))


def all_gaps(trend: Trend) -> bool:
    """Whether nothing is known in any span."""
    return all(np.isnan(column).all() for column in (trend.minimum, trend.mean, trend.maximum))
