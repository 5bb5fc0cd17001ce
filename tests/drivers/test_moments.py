"""When samples were taken: from the board's own time, or from arrivals that jitter."""

from math import isnan, nan

import numpy as np
import pytest

from smartpdu.drivers.moments import Moments

RATE, START = 10_000.0, 1_800_000_000.0


def heard(moments: Moments, delays: list[float], first: int = 1, set_on: float = 0.0) -> None:
    """Batches of a second that arrive so late."""
    for second, delay in enumerate(delays, first):
        moments.heard(round(second * RATE), START + second + delay + set_on, nan)


def test_nothing_is_known_before_something_arrived() -> None:
    moments = Moments()
    moments.begin(RATE)
    assert not moments.known
    assert isnan(moments.clock.moment(0))


def test_arrivals_that_jitter_give_a_steady_clock() -> None:
    moments, dice = Moments(), np.random.Generator(np.random.PCG64(3))
    moments.begin(RATE)
    heard(moments, (0.002 + dice.exponential(0.05, 300)).tolist())
    errors = []
    for second, delay in enumerate((0.002 + dice.exponential(0.05, 300)).tolist(), 301):
        moments.heard(round(second * RATE), START + second + delay, nan)
        errors.append(moments.clock.moment(0) - START)
    assert min(errors) >= 0.002
    assert max(errors) < 0.012


def test_what_the_board_says_counts_more_than_arrivals() -> None:
    moments = Moments()
    moments.begin(RATE)
    moments.heard(10_000, START + 1.4, START + 1.25)
    assert moments.clock.moment(0) == pytest.approx(START + 0.25)


def test_a_batch_that_waited_moves_nothing_and_a_clock_that_was_set_is_followed() -> None:
    moments = Moments()
    moments.begin(RATE)
    heard(moments, [0.01] * 10)
    heard(moments, [5.0], first=11)
    assert moments.clock.moment(0) == pytest.approx(START + 0.01, abs=0.003)
    heard(moments, [0.01] * 40, first=12, set_on=-3600.0)
    assert moments.clock.moment(0) == pytest.approx(START - 3600 + 0.01, abs=0.01)
    heard(moments, [0.01] * 40, first=52, set_on=0.0)
    assert moments.clock.moment(0) == pytest.approx(START + 0.01, abs=0.01)


def test_a_gap_that_the_board_counts_through_loses_no_time() -> None:
    moments = Moments()
    moments.begin(RATE)
    heard(moments, [0.01] * 10)
    before = moments.clock.moment(0)
    moments.go_on(125_000)
    assert moments.clock.moment(0) == pytest.approx(before + 12.5)
    moments.heard(1_000, START + 12.6 + 0.2, nan)  # it waited; what was known stays
    assert moments.clock.moment(0) == pytest.approx(before + 12.5, abs=2e-3)


@pytest.mark.parametrize("drift", [-1e-4, 1e-4])
def test_a_board_whose_clock_drifts_is_followed(drift: float) -> None:
    moments = Moments()
    moments.begin(RATE)
    for second in range(1, 7200):
        moments.heard(round(second * RATE), START + second * (1 + drift) + 0.005, nan)
    last = moments.clock.moment(7199 * RATE)
    assert last == pytest.approx(START + 7199 * (1 + drift) + 0.005, abs=0.002)
