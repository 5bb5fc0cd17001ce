"""The history beside a plain dictionary: whatever comes in whatever order, with restarts."""

from math import nan
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import strategies as some
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from store.past import DAY, Past, compared
from store.plainly import often

from smartpdu.store.database import open_database
from smartpdu.store.history import History, Series
from smartpdu.store.tiers import QUARTERS

START = 1_800_000_000 // QUARTERS.span * QUARTERS.span  # the beginning of a longest chunk
HOUR = 3_600
KEYS = {"r/A:w": 1, "r/B:w": 1, "r/A:v": 2, "r/A:J": 0}
STEPS = (1, 1, 1, 2, 59, 61, 600, HOUR - 1, HOUR, 5 * HOUR, DAY, QUARTERS.span, 0)
BACK = (-1, -2, -10, -600, -HOUR, -3 * HOUR, -DAY, -QUARTERS.span)
FOREVER = (1e12, 1e12, 1e12)


class Courses(RuleBasedStateMachine):
    """Whatever comes, in whatever order: the history knows what a dictionary knows."""

    @initialize(batch=some.sampled_from([1.0, 2.0, 10.0, 600.0]))
    def begin(self, batch: float) -> None:
        self.folder = TemporaryDirectory()
        self.batch = batch
        self.now = START + 1_000
        self.past = Past(dict(KEYS))
        self.declared = ["r/A:w"]
        self.open()

    def open(self) -> None:
        self.database = open_database(Path(self.folder.name) / "smartpdu.db")
        series = [Series(key, KEYS[key]) for key in self.declared]
        self.history = History(self.database, series, batch=self.batch, keep=FOREVER)

    def row(self, values: list[int]) -> None:
        row = [
            nan if value == 7 else value / 10 ** KEYS[key]
            for key, value in zip(self.declared, values, strict=False)
        ]
        self.history.append(float(self.now), np.array(row))
        self.past.take(self.now, zip(self.declared, row, strict=True))

    @rule(
        steps=some.lists(some.sampled_from(STEPS), min_size=1, max_size=12),
        values=some.lists(some.integers(-20, 20) | some.integers(0, 2**40), min_size=4, max_size=4),
    )
    def on(self, steps: list[int], values: list[int]) -> None:
        for number, step in enumerate(steps):
            self.now += step
            self.row([value + number if value != 7 else 7 for value in values])

    @rule(step=some.sampled_from(BACK), values=some.lists(some.integers(-9, 9), min_size=4))
    def back(self, step: int, values: list[int]) -> None:
        self.now = max(START, self.now + step)
        self.row(values)

    @rule(keys=some.lists(some.sampled_from(sorted(KEYS)), unique=True, max_size=4))
    def declare(self, keys: list[str]) -> None:
        self.declared = keys
        self.history.declare([Series(key, KEYS[key]) for key in keys])

    @rule(later=some.sampled_from([0, 31, HOUR + 31, DAY, 17 * DAY]), visits=some.integers(1, 6))
    def tend(self, later: int, visits: int) -> None:
        for _ in range(visits):
            self.history.tend(float(self.now + later))

    @rule()
    def restart(self) -> None:
        self.history.flush()
        self.database.close()
        self.open()

    @rule(
        key=some.sampled_from([*sorted(KEYS), "r/never"]),
        ago=some.sampled_from([0.5, 5.0, 70.0, HOUR + 0.5, 26.0 * HOUR, 17.0 * DAY]),
        lasts=some.sampled_from([1.0, 61.5, HOUR * 1.0, 25.0 * HOUR, 40.0 * DAY]),
        points=some.sampled_from([1, 3, 17, 500]),
    )
    def look(self, key: str, ago: float, lasts: float, points: int) -> None:
        start = self.now - ago
        compared(self.history, self.past, key, start, start + lasts, points)
        first, last = self.now - 90, self.now + 10
        at, values = self.history.raw([key, "r/A:w"], first, last)
        np.testing.assert_array_equal(at, np.arange(first, last))
        wanted = [self.past.raw(k, first, last) for k in (key, "r/A:w")]
        np.testing.assert_array_equal(values, wanted)

    @invariant()
    def nothing_is_damaged(self) -> None:
        if hasattr(self, "history"):
            assert self.history.spoiled == ()
            assert self.history.dropped == 0

    def teardown(self) -> None:
        if not hasattr(self, "history"):
            return
        try:
            self.all_is_known()
            self.restart()
            self.all_is_known()
        finally:
            self.database.close()
            self.folder.cleanup()

    def all_is_known(self) -> None:
        """Every second of every hour that ever had a value."""
        for key in KEYS:
            for hour in {second // HOUR for second in self.past.of(key)}:
                first = hour * HOUR
                _, values = self.history.raw([key], first, first + HOUR)
                wanted = [self.past.raw(key, first, first + HOUR)]
                np.testing.assert_array_equal(values, wanted)


@pytest.mark.requirement("R-12.2-3")
def test_the_history_knows_what_a_dictionary_knows_whatever_comes_in_whatever_order() -> None:
    run_state_machine_as_test(Courses, settings=often(40, 2_000))
