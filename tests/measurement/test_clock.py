"""The moments of samples, and the ticks that values are aligned to."""

from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as some

from smartpdu.measurement.clock import Clock, interval, ticks

moments = some.floats(1.6e9, 2.2e9)
rates = some.sampled_from([1000.0, 10_000.0, 9999.873, 50_000.0])
LENGTHS = some.sampled_from([10.0, 600.0])


def test_a_sample_has_a_moment_and_a_moment_its_place_at_the_true_rate() -> None:
    clock = Clock(500.0, 1_800_000_000.0, 9_999.0)

    assert clock.moment(500.0 + 9_999.0 * 20) == 1_800_000_020.0
    assert clock.place(1_800_000_001.0) == 500.0 + 9_999.0


@given(at=moments, rate=rates, length=LENGTHS, cuts=some.lists(some.integers(1, 10**7), max_size=6))
def test_every_tick_is_told_once_however_the_samples_are_cut(
    at: float, rate: float, length: float, cuts: list[int]
) -> None:
    clock, bounds, end = Clock(0.0, at, rate), sorted({0, *cuts, 10**7}), at + 10**7 / rate

    found = [t for a, b in pairwise(bounds) for t in ticks(clock, length, a, b)]

    assert found == sorted(set(found))
    told = [round(clock.moment(tick) / length) for tick in found]
    assert all(abs(clock.moment(t) - n * length) < 1e-6 for t, n in zip(found, told, strict=True))
    # none left out: as many as the multiples between, but for one that rounding puts at an end
    number, edge = (
        ceil(end / length) - ceil(at / length),
        min(abs(at % -length), abs(end % -length)),
    )
    assert abs(len(found) - number) <= (edge < 1e-6)


@given(at=moments, rate=rates, length=LENGTHS, ahead=some.integers(0, 10**6))
def test_a_sample_on_a_tick_and_none_before_belongs_to_what_begins_there(
    at: float, rate: float, length: float, ahead: int
) -> None:
    clock = Clock(0.0, at, rate)
    tick = ticks(clock, length, 0.0, length * rate + 1)[0]
    begin = interval(clock, tick, length, None)

    assert clock.place(begin) == tick
    assert interval(clock, tick + ahead / 1e6 * (length * rate - 1), length, begin) == begin
    assert interval(clock, tick - 1e-3 * rate, length, None) == begin - length


def test_a_sample_that_utc_cannot_tell_from_a_tick_still_lies_before_it() -> None:
    clock = Clock(0.0, 1_800_000_000.0 - 1.0, 1000.0)

    assert clock.moment(999.9999) == 1_800_000_000.0  # rounded
    assert interval(clock, 999.9999, 600.0, None) == 1_800_000_000.0 - 600.0
    assert interval(clock, 1000.0, 600.0, None) == 1_800_000_000.0


def test_a_tick_on_the_first_sample_of_a_block_is_told_with_that_block_alone() -> None:
    clock = Clock(0.0, 1_800_000_000.0 - 1.0, 1000.0)

    assert ticks(clock, 600.0, 0.0, 1000.0) == ()
    assert ticks(clock, 600.0, 1000.0, 2000.0) == (1000.0,)


@pytest.mark.parametrize(
    ("back", "begin"), [(0.9, 600.0), (1.0, 600.0), (4.9, 600.0), (5.1, 0.0), (700.0, -600.0)]
)
def test_a_leap_second_brings_back_no_interval_but_a_clock_set_back_does(
    back: float, begin: float
) -> None:
    clock = Clock(0.0, 600.0 - back, 1000.0)  # the ten minutes from 600 had just begun

    assert interval(clock, 0.0, 600.0, 600.0) == begin


def test_a_clock_set_forward_ends_what_is_under_way() -> None:
    clock = Clock(0.0, 3_700.0, 1000.0)

    assert interval(clock, 0.0, 600.0, 600.0) == 3_600.0
