"""Chunks: whole numbers and gaps come back as they were; a byte that was changed is told."""

import zlib
from struct import pack

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import array_shapes, arrays
from store.plainly import often

from smartpdu.store.chunk import (
    GAP,
    LARGEST,
    Damaged,
    Whole,
    packed,
    packed_rows,
    quantity,
    unpacked,
    whole,
)
from smartpdu.store.hour import frozen, thawed

MOST = int(LARGEST) * 16
small = some.integers(-300, 300)
cells = some.one_of(small, some.just(GAP), some.integers(-MOST, MOST), some.sampled_from([MOST]))
tables = arrays(
    np.int64, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40), elements=cells
)
ids = some.integers(0, 2**60)


@often(150, 5_000)
@given(tables, ids)
def test_a_table_comes_back_as_it_was(table: Whole, id: int) -> None:
    again = unpacked(packed(table, id), id)
    assert again.dtype == np.int64
    np.testing.assert_array_equal(again, table)


@often(80, 2_000)
@given(tables)
def test_rows_that_are_packed_each_for_itself_come_back_each_by_itself(table: Whole) -> None:
    places = [7 + 1_000 * row for row in range(len(table))]
    for row, place, form in zip(table, places, packed_rows(table, places), strict=True):
        np.testing.assert_array_equal(unpacked(form, place), [row])


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0), (1, 1), (3, 3_600)])
def test_tables_without_rows_or_slots_and_tables_of_gaps_come_back(shape: tuple[int, int]) -> None:
    for value in (0, GAP, -1, MOST, -MOST):
        table = np.full(shape, value)
        again = unpacked(packed(table, 5), 5)
        assert again.shape == shape
        np.testing.assert_array_equal(again, table)


def some_table(seed: int) -> Whole:
    dice = np.random.default_rng(seed)
    table = np.cumsum(dice.integers(-3, 4, (3, 200)), axis=1) + 230_000
    table[1, 50:90] = GAP
    table[2, ::17] = dice.integers(-MOST, MOST, table[2, ::17].shape)
    return table


def test_each_changed_bit_of_a_chunk_is_told_as_damage() -> None:
    form = packed(some_table(1), 77)
    for place in range(len(form)):
        for bit in range(8):
            changed = bytearray(form)
            changed[place] ^= 1 << bit
            with pytest.raises(Damaged):
                unpacked(bytes(changed), 77)


def test_a_chunk_that_was_cut_or_has_more_behind_it_is_damage() -> None:
    form = packed(some_table(2), 77)
    for size in range(len(form)):
        with pytest.raises(Damaged):
            unpacked(form[:size], 77)
    with pytest.raises(Damaged):
        unpacked(form + b"\0", 77)


@often(50, 500)
@given(ids, ids)
def test_a_chunk_in_another_ones_place_is_damage(own: int, other: int) -> None:
    form = packed(some_table(3), own)
    if own == other:
        assert unpacked(form, other).shape == (3, 200)
    else:
        with pytest.raises(Damaged):
            unpacked(form, other)


@often(150, 5_000)
@given(some.tuples(*[some.integers(0, 2**32 - 1) | some.integers(0, 9)] * 4), some.binary())
def test_a_head_that_lies_under_a_right_checksum_is_damage_or_a_table(
    head: tuple[int, int, int, int], data: bytes
) -> None:
    for content in (data, zlib.compress(data)):
        rest = pack("<IIII", *head) + content
        checksum = zlib.crc32(rest, zlib.crc32((5).to_bytes(8, "little")))
        try:
            table = unpacked(checksum.to_bytes(4, "little") + rest, 5)
        except Damaged:
            continue
        assert table.shape == head[:2]


@pytest.mark.parametrize("form", [None, 7, 1.5, "text", "", b""])
def test_what_is_no_chunk_at_all_is_damage(form: object) -> None:
    with pytest.raises(Damaged):
        unpacked(form, 5)  # type: ignore[arg-type]


@often(150, 5_000)
@given(some.floats(-1e9, 1e9), some.integers(0, 6))
def test_a_quantity_is_kept_to_half_its_last_digit(value: float, digits: int) -> None:
    scale = 10.0**digits
    kept = quantity(whole(np.array([value]), np.array([scale])), scale)[0]
    assert abs(kept - value) <= 0.5 / scale * (1 + 1e-9) + 1e-15 * abs(value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300, -1e300, 2.0**52 + 1, -(2.0**60)])
def test_what_is_no_number_or_too_large_is_a_gap(value: float) -> None:
    kept = whole(np.array([value, 1.0]), np.array([1.0, 10.0]))
    assert kept.tolist() == [GAP, 10]
    assert np.isnan(quantity(kept, 10.0)[0])
    assert whole(np.array([2.0**52, -(2.0**52)]), np.ones(2)).tolist() == [2**52, -(2**52)]


@often(80, 2_000)
@given(some.data(), some.integers(0, 12), some.integers(1, 12))
def test_a_batch_comes_back_with_its_series_and_seconds(
    data: some.DataObject, series: int, seconds: int
) -> None:
    whose = np.cumsum(data.draw(arrays(np.int64, series, elements=some.integers(1, 50))))
    when = data.draw(arrays(np.int64, seconds, elements=some.integers(0, 3_599)))
    values = data.draw(arrays(np.int64, (seconds, series), elements=cells))
    back = thawed(9, frozen(9, whose, when, values))
    for found, wanted in zip(back, (whose, when, values), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_an_hour_of_a_quiet_series_is_small_and_of_a_lively_one_not_large() -> None:
    dice = np.random.default_rng(1)
    quiet = np.full((1, 3_600), 230_000)
    lively = 230_000 + np.cumsum(dice.integers(-1, 2, (1, 3_600)), axis=1)
    assert len(packed(quiet, 1)) < 60
    assert len(packed(lively, 1)) < 3_600 * 0.4
