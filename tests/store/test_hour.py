"""An hour in memory beside a plain dictionary: first values stay, whatever comes later and how."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as some
from store.plainly import often

from smartpdu.store.chunk import GAP
from smartpdu.store.hour import HOUR, Hour, chunk_id

values = some.one_of(
    some.integers(-9, 9), some.just(GAP), some.sampled_from([2**31 - 1, 2**31, -(2**31), 2**52])
)
rows = some.tuples(
    some.integers(0, 5) | some.just(HOUR - 1),
    some.dictionaries(some.integers(1, 6), values, min_size=1, max_size=4),
)


@often(120, 3_000)
@given(some.lists(rows, max_size=20))
def test_the_first_value_of_each_second_and_series_stays(
    taken: list[tuple[int, dict[int, int]]],
) -> None:
    hour, known = Hour(np.array([1, 2])), dict[tuple[int, int], int]()
    for second, row in taken:
        ids = np.array(list(row), dtype=np.int64)
        hour.widen(ids)
        fresh = all(v == GAP or (i, second) not in known for i, v in row.items())
        assert hour.put(second, hour.columns(ids), np.array(list(row.values()))) == fresh
        known = {(i, second): v for i, v in row.items() if v != GAP} | known
    assert hour.ids[:2] == [1, 2]
    wanted = np.full((8, HOUR), GAP)
    for (id, second), value in known.items():
        wanted[id, second] = value
    for id in range(8):
        assert (hour.column(id) == wanted[id]).all(), id
    assert (hour.table(0, 99) == wanted[hour.ids]).all()
    assert (hour.table(1, 2) == wanted[hour.ids[1:2]]).all()


def test_ids_of_chunks_stand_in_the_order_of_time() -> None:
    assert chunk_id(3, 0) == chunk_id(2, 2**20 - 1) + 1
    assert chunk_id(1_000_000, 5) >> 20 == 1_000_000
    assert chunk_id(-1, 5) < 0
