"""Tiers: least, mean, greatest and count of seconds, made coarser once or twice, beside numpy."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays
from store.plainly import often

from smartpdu.store.chunk import GAP, Whole
from smartpdu.store.tiers import (
    FINER,
    KEEP,
    MINUTES,
    QUARTERS,
    SECONDS,
    TIERS,
    gap,
    known,
    overlaid,
    rolled,
    rolled_seconds,
)

cells = some.one_of(some.integers(-50, 50), some.just(GAP), some.integers(-(2**52), 2**52))


def compared(made: Whole, seconds: Whole, width: int, steps: int) -> None:
    """Each slot beside the same from exact numbers."""
    assert made.shape == (4, len(seconds) // width)
    for slot, column in enumerate(made.T.tolist()):
        there = [v for v in seconds[slot * width : (slot + 1) * width].tolist() if v != GAP]
        least, mean, most, count = column
        assert count == len(there)
        if not there:
            assert (least, mean, most) == (GAP, GAP, GAP)
            continue
        assert (least, most) == (min(there), max(there))
        # exact in whole numbers: numpy's own mean of such values would be less so
        assert abs(mean * len(there) - FINER * sum(there)) <= len(there) * (
            0.5 * steps + 1e-15 * FINER * max(abs(least), abs(most), most - least) * width
        )
        assert least * FINER <= mean <= most * FINER


@often(150, 3_000)
@given(some.sampled_from([1, 2, 5, 60]), some.integers(1, 6), some.data())
def test_seconds_made_coarser_are_those_of_exact_numbers(
    width: int, slots: int, data: some.DataObject
) -> None:
    seconds = data.draw(arrays(np.int64, width * slots, elements=cells))
    compared(rolled_seconds(seconds, width), seconds, width, 1)
    compared(rolled(known(seconds), width), seconds, width, 1)
    full = np.where(seconds == GAP, 7, seconds)
    compared(rolled_seconds(full, width), full, width, 1)


@often(100, 2_000)
@given(some.sampled_from([2, 3, 15]), some.sampled_from([2, 60]), some.data())
def test_made_coarser_twice_is_made_coarser_once_to_the_last_digit(
    outer: int, inner: int, data: some.DataObject
) -> None:
    seconds = data.draw(arrays(np.int64, outer * inner * 2, elements=cells))
    compared(rolled(rolled_seconds(seconds, inner), outer), seconds, outer * inner, 2)


def test_a_large_register_loses_no_digit() -> None:
    seconds = np.arange(2**52 - 900, 2**52)
    made = rolled(rolled_seconds(seconds, 60), 15)
    assert made[0].tolist() == [2**52 - 900]
    assert made[2].tolist() == [2**52 - 1]
    assert made[1].tolist() == [16 * (2**52 - 900) + 16 * 899 // 2]


def test_one_slot_in_one_is_the_same() -> None:
    rows = known(np.array([5, GAP, 7]))
    np.testing.assert_array_equal(rolled(rows, 1), rows)
    assert rows.tolist() == [[5, GAP, 7], [80, GAP, 112], [5, GAP, 7], [1, 0, 1]]


def test_what_is_finer_counts_where_it_knows_at_least_as_much() -> None:
    rows = np.array([[1, 2, 3, GAP], [16, 32, 48, GAP], [1, 2, 3, GAP], [60, 30, 10, 0]])
    finer = np.array([[9, 9, 9, GAP], [144, 144, 144, GAP], [9, 9, 9, GAP], [59, 30, 60, 0]])
    assert overlaid(rows, finer).tolist() == [
        [1, 9, 9, GAP],
        [16, 144, 144, GAP],
        [1, 9, 9, GAP],
        [60, 30, 60, 0],
    ]


def test_a_gap_knows_nothing() -> None:
    assert gap(2).tolist() == [[GAP, GAP], [GAP, GAP], [GAP, GAP], [0, 0]]


@pytest.mark.requirement("R-12.2-3")
def test_each_tier_is_made_of_whole_slots_and_chunks_of_the_finer_and_kept_longer() -> None:
    assert TIERS == (SECONDS, MINUTES, QUARTERS)
    assert [tier.step for tier in TIERS] == [1, 60, 900]
    for fine, coarse in pairwise(TIERS):
        assert coarse.step % fine.step == 0
        assert coarse.span % fine.span == 0
    assert KEEP[0] >= 7 * 86_400
    assert KEEP[1] >= 90 * 86_400
    assert KEEP[2] >= 10 * 365 * 86_400
