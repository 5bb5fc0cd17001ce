"""Sums and extremes of children, against a loop, with gaps."""

from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from smartpdu.model.table import Table, chosen, highest, lowest, total, total_known

children = some.lists(
    some.tuples(some.one_of(some.floats(-1e6, 1e6), some.just(nan)), some.integers(0, 4)),
    max_size=20,
)


def of_each(rows, what) -> list[float]:
    """What a function makes of the children of each of five parents."""
    return [what([value for value, parent in rows if parent == row]) for row in range(5)]


def columns(rows) -> tuple[np.ndarray, np.ndarray]:
    """Values and parents as columns."""
    return (
        np.array([value for value, _ in rows], dtype=np.float64),
        np.array([parent for _, parent in rows], dtype=np.int64),
    )


@given(children)
def test_sums_and_extremes_are_those_of_a_loop(rows) -> None:
    values, by = columns(rows)

    def known(what):
        return lambda own: what(k) if (k := [v for v in own if not isnan(v)]) else nan

    np.testing.assert_allclose(total(values, by, 5), of_each(rows, sum), atol=1e-6)
    np.testing.assert_allclose(total_known(values, by, 5), of_each(rows, known(sum)), atol=1e-6)
    np.testing.assert_array_equal(highest(values, by, 5), of_each(rows, known(max)))
    np.testing.assert_array_equal(lowest(values, by, 5), of_each(rows, known(min)))


def test_a_gap_in_one_child_is_a_gap_in_the_sum_and_no_child_is_nothing() -> None:
    sums = total(np.array([1.0, nan, 2.0]), np.array([0, 0, 1]), 3)
    assert isnan(sums[0])
    assert sums[1:].tolist() == [2.0, 0.0]


def test_rows_are_chosen_of_arrays_and_of_tuples() -> None:
    rows = np.array([2, 0])
    assert chosen(("a", "b", "c"), rows) == ("c", "a")
    assert chosen(np.array([1.0, 2.0, 3.0]), rows).tolist() == [3.0, 1.0]


@pytest.mark.parametrize("many", [0, 3])
def test_a_table_is_as_long_as_its_paths(many: int) -> None:
    names = tuple(map(str, range(many)))
    assert len(Table(names, names, names)) == many
