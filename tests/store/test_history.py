"""The history: edges of chunks, tiers, clocks that step, series that come, what is no row."""

from math import nan
from pathlib import Path

import numpy as np
import pytest
from store.past import DAY, Past, all_gaps, compared, fed

from smartpdu.store.database import Database, open_database
from smartpdu.store.history import LAST, History, Series
from smartpdu.store.tiers import QUARTERS

START = 1_800_000_000 // QUARTERS.span * QUARTERS.span  # the beginning of a longest chunk
HOUR = 3_600
FOREVER = (1e12, 1e12, 1e12)


@pytest.fixture
def past() -> Past:
    return Past({"r/A:w": 1, "r/B:w": 2})


@pytest.mark.parametrize("edge", [HOUR, DAY, QUARTERS.span])
def test_rows_around_the_edge_of_a_chunk_stand_where_they_belong(
    database: Database, past: Past, edge: int
) -> None:
    history, end = History(database, keep=FOREVER), START + edge
    fed(history, past, range(end - 75, end + 75))
    for sealed in (False, True):
        if sealed:
            for visit in range(4):
                history.tend(end + edge + 60.0 * visit)
        for key in past.digits:
            compared(history, past, key, end - 75, end + 75, 150)
            compared(history, past, key, end - 60.5, end + 60.5, 7)
            compared(history, past, key, end - 600, end + 600, 20)
            compared(history, past, key, end - 9_000, end + 9_000, 20)
            _, values = history.raw([key], end - 80, end + 80)
            np.testing.assert_array_equal(values, [past.raw(key, end - 80, end + 80)])


@pytest.mark.parametrize("visits", [0, 1, 3, 60])
@pytest.mark.parametrize("reopened", [False, True])
def test_days_are_told_alike_however_far_they_were_sealed(
    tmp_path: Path, past: Past, visits: int, reopened: bool
) -> None:
    database = open_database(tmp_path / "smartpdu.db")
    history = History(database, batch=600, keep=FOREVER)
    end = START + 3 * DAY
    fed(history, past, range(START, end, 47), gaps=0.1)
    for visit in range(visits):
        history.tend(end + 60.0 * visit)
    if reopened:
        history.flush()
        database.close()
        database = open_database(tmp_path / "smartpdu.db")
        history = History(database, keep=FOREVER)
    for start, last, points in (
        (START, end, 500),
        (START + 0.5, end - 7, 100),
        (START - DAY, end + DAY, 250),
        (START + DAY, START + DAY + HOUR, 60),
        (START + DAY - 1_000, START + DAY + 1_000, 2_000),
        (START + HOUR, START + HOUR + 1, 5),
        (end - 10, START, 5),
    ):
        if last > start:
            compared(history, past, "r/A:w", start, last, points)
        else:
            assert len(history.trend("r/A:w", start, last, points).at) == 0
    database.close()


@pytest.mark.requirement("R-12.2-3")
def test_what_is_forgotten_in_a_fine_tier_is_told_from_the_next_coarser_one(
    database: Database, past: Past
) -> None:
    keep = (3.0 * DAY, 20.0 * DAY, 1e12)
    history = History(database, batch=3_600, keep=keep)
    end = START + 36 * DAY
    fed(history, past, range(START, end, 611), tend=4, gaps=0.05)
    for visit in range(60):
        history.tend(end + 60.0 * visit)
    ages = [
        (end - database.look_up(f"SELECT min(id) >> 20 FROM {table}")[0][0] * span) / DAY
        for table, span in (("seconds", HOUR), ("minutes", DAY), ("quarters", QUARTERS.span))
    ]
    assert ages == [3, 20, 36]  # so many days before the end each tier begins
    day = START + 34 * DAY
    compared(history, past, "r/A:w", day, day + HOUR, 3_600, step=1)
    compared(history, past, "r/B:w", day, day + DAY, 500, step=60)
    day = START + 26 * DAY
    compared(history, past, "r/A:w", day, day + HOUR, 3_600, step=60)
    compared(history, past, "r/B:w", day, day + 2 * DAY, 2_880, step=60)
    day = START + 3 * DAY
    compared(history, past, "r/A:w", day, day + HOUR, 3_600, step=900)
    compared(history, past, "r/B:w", day, day + 20 * DAY, 500, step=900)
    compared(history, past, "r/A:w", START, end, 50)
    # before anything was kept, and after it
    assert all_gaps(history.trend("r/A:w", START - 90 * DAY, START - 2 * DAY, 50))
    assert all_gaps(history.trend("r/A:w", end + DAY, end + 2 * DAY, 50))


def test_where_no_second_is_kept_minutes_are_found_and_seconds_again_once_there_are_some(
    database: Database, past: Past
) -> None:
    history = History(database, batch=3_600, keep=(0.0, 1e12, 1e12))
    fed(history, past, range(START, START + DAY, 20))
    for visit in range(100):
        history.tend(START + 30.0 * DAY + 60 * visit)
    assert database.look_up("SELECT count(*) FROM seconds") == [(0,)]
    compared(history, past, "r/A:w", START + HOUR, START + 2 * HOUR, 500, step=60)
    # what comes now is told second by second, though its chart begins before it
    now = START + 30 * DAY
    fed(history, past, range(now, now + 50), seed=2)
    compared(history, past, "r/A:w", now - 60, now + 60, 120, step=1)


def test_a_long_time_off_costs_nothing_of_what_was_before_it(
    database: Database, past: Past
) -> None:
    history = History(database, batch=3_600)
    fed(history, past, range(START, START + DAY, 20))
    for visit in range(100):
        history.tend(START + 3_000.0 * DAY + 60 * visit)
    compared(history, past, "r/A:w", START + HOUR, START + 2 * HOUR, 3_600, step=1)
    compared(history, past, "r/A:w", START, START + DAY, 500, step=60)


def test_a_day_is_not_made_coarser_before_it_is_over_nor_forgotten_before_it_is_coarser(
    database: Database, past: Past
) -> None:
    history = History(database, batch=3_600, keep=(0.0, 1e12, 1e12))
    fed(history, past, range(START, START + DAY, 100))
    for visit in range(40):
        history.tend(START + DAY - 60.0 + visit)
    assert database.look_up("SELECT count(*) FROM minutes") == [(0,)]
    assert database.look_up("SELECT count(*) FROM seconds") == [(2 * 23,)]
    for visit in range(80):
        history.tend(START + DAY + 31.0 + visit)
    assert database.look_up("SELECT count(*) FROM minutes") == [(2,)]
    assert database.look_up("SELECT count(*) FROM seconds") == [(0,)]
    compared(history, past, "r/A:w", START, START + DAY, 1_440, step=60)


def test_a_day_of_many_series_is_made_coarser_in_small_pieces_and_is_whole_at_each(
    database: Database,
) -> None:
    past = Past({f"s{n:02}": 1 for n in range(40)})
    history = History(database, batch=3_600, keep=FOREVER)
    fed(history, past, range(START, START + DAY, 200))
    for _ in range(20):  # hours are sealed
        history.tend(START + DAY - 100.0)
    made = []
    for visit in range(8):
        history.tend(START + DAY + 31.0 + visit)
        made.append(database.look_up("SELECT count(*) FROM minutes")[0][0])
        for key in ("s00", "s15", "s16", "s39"):
            compared(history, past, key, START, START + DAY, 1_440, step=60)
    assert made == sorted(made)
    assert set(np.diff([0, *made]).tolist()) <= {0, 8, 16}
    assert made[-1] == 40


def test_a_row_that_comes_late_while_a_day_is_half_made_coarser_is_in_all_of_it(
    database: Database,
) -> None:
    past = Past({f"s{n:02}": 1 for n in range(40)})
    history = History(database, batch=3_600, keep=FOREVER)
    fed(history, past, range(START, START + DAY, 400))
    for _ in range(20):  # hours are sealed
        history.tend(START + DAY - 100.0)
    while database.look_up("SELECT count(*) FROM minutes") == [(0,)]:
        history.tend(START + DAY + 31.0)
    fed(history, past, [START + 7_777], seed=2)
    for _ in range(8):
        history.tend(START + DAY + 90.0)
    assert database.look_up("SELECT count(*) FROM due WHERE tier = 1") == [(0,)]
    assert database.look_up("SELECT count(*) FROM minutes") == [(40,)]
    for key in past.digits:
        compared(history, past, key, START, START + DAY, 1_440, step=60)


@pytest.mark.parametrize("tended", [False, True])
def test_a_clock_that_goes_back_changes_nothing_and_fills_what_was_empty(
    database: Database, tended: bool
) -> None:
    past = Past({"r/A:w": 1})
    history = History(database, batch=5, keep=FOREVER)
    fed(history, past, range(START, START + 2 * HOUR, 2))
    if tended:
        for visit in range(4):
            history.tend(START + 3.0 * HOUR + visit)
    kept = dict(past.known)
    fed(history, past, range(START + 100, START + 200), seed=2)  # every other second is new
    assert {k: past.known[k] for k in kept} == kept
    assert len(past.known) == len(kept) + 50
    if tended:
        assert database.look_up("SELECT count(*) FROM seconds") == [(2,)]
        compared(history, past, "r/A:w", START, START + HOUR, 3_600)
        history.tend(START + 4.0 * HOUR)
        assert database.look_up("SELECT count(*) FROM hot") == [(0,)]
    compared(history, past, "r/A:w", START, START + HOUR, 3_600)
    compared(history, past, "r/A:w", START, START + 2 * HOUR, 10)


def test_a_row_of_the_past_is_found_in_days_that_are_coarse_already(
    database: Database, past: Past
) -> None:
    history = History(database, batch=3_600, keep=FOREVER)
    fed(history, past, range(START, START + DAY, 60))
    for visit in range(40):
        history.tend(START + 20.0 * DAY + visit)
    fed(history, past, [START + 30, START + 12 * HOUR + 31], seed=3)
    for visit in range(20):
        compared(history, past, "r/A:w", START, START + DAY, 1_440)
        compared(history, past, "r/B:w", START, START + 2 * DAY, 150)
        history.tend(START + 20.0 * DAY + visit)
    assert database.look_up("SELECT count(*) FROM due") == [(0,)]


def test_a_clock_that_runs_far_ahead_costs_nothing_of_the_past(
    database: Database, past: Past
) -> None:
    keep = (2.0 * DAY, 4.0 * DAY, 16.0 * DAY)
    history = History(database, batch=3_600, keep=keep)
    fed(history, past, range(START, START + 2 * DAY, 60))
    for visit in range(60):
        history.tend(START + 2.0 * DAY + 31 + visit)
    hours = database.look_up("SELECT DISTINCT id >> 20 FROM seconds")
    assert len(hours) == 48
    ahead = START + 100 * 365 * DAY
    fed(history, past, range(ahead, ahead + 3_000, 30), seed=4, tend=1)
    assert database.look_up("SELECT DISTINCT id >> 20 FROM seconds") == hours
    fed(history, past, range(START + 2 * DAY, START + 2 * DAY + 100), seed=5, tend=60)
    compared(history, past, "r/A:w", START, START + 2 * DAY + 100, 500)
    compared(history, past, "r/A:w", ahead - 60, ahead + 180, 240)


def test_hours_of_a_clock_that_ran_ahead_push_none_out_that_is_not_old(
    database: Database, past: Past
) -> None:
    history = History(database, batch=3_600, keep=(2.0 * DAY, 1e12, 1e12))
    ahead = START + 365 * DAY
    for first, hours in ((START, 40), (ahead, 5), (START + 40 * HOUR, 6)):
        end = first + hours * HOUR
        fed(history, past, range(first, end, 300), tend=1)
        history.tend(end + 31.0)
    assert len(database.look_up("SELECT DISTINCT id >> 20 FROM seconds")) > 48
    compared(history, past, "r/A:w", START, START + 46 * HOUR, 46 * HOUR, step=1)


def test_the_last_span_of_a_trend_is_whole_though_it_ends_later_than_what_was_asked_for(
    database: Database, past: Past
) -> None:
    history = History(database, batch=10)
    fed(history, past, range(START, START + 30))
    found = history.trend("r/A:w", START - 3_600.5, START - 0.5, 17)
    assert found.at[-1] < START < found.at[-1] + 240
    compared(history, past, "r/A:w", START - 3_600.5, START - 0.5, 17, step=60)
    compared(history, past, "r/B:w", START - 3_600.5, START - 0.5, 1, step=900)
    compared(history, past, "r/B:w", START + 29.5, START + 300, 2, step=60)


def test_a_batch_is_full_after_its_time_as_after_its_rows(database: Database) -> None:
    history = History(database, [Series("a", 1)], batch=10)
    written = []
    for second in (0, 6, 12, 18, 24, 30, 100, 101, 90):
        history.append(START + float(second), np.array([1.0]))
        written.append(database.look_up("SELECT count(*) FROM hot")[0][0])
    assert written == [0, 0, 1, 1, 1, 2, 2, 2, 3]


def test_series_that_come_and_go_keep_what_is_theirs(tmp_path: Path) -> None:
    path = tmp_path / "smartpdu.db"
    database = open_database(path)
    history = History(database, batch=4, keep=FOREVER)
    early, late = Past({"a": 1, "b": 2}), Past({"b": 2, "c": 0})
    fed(history, early, range(START, START + 30))
    fed(history, late, range(START + 30, START + 70), seed=2)
    history.flush()
    database.close()
    database = open_database(path)
    history = History(database, [Series("d", 1)], keep=FOREVER)
    both = Past(early.digits | late.digits, late.known | early.known)
    for visit in range(2):
        for key in ("a", "b", "c", "d"):
            compared(history, both, key, START - 5, START + 75, 80)
        history.tend(START + 2.0 * HOUR + visit)
    database.close()


def test_a_series_whose_digits_change_is_one_series_to_those_who_ask(database: Database) -> None:
    history = History(database, [Series("a", 1)], batch=1)
    for second in range(30):
        history.append(START + second, np.array([10.04 + second]))
    history.declare([Series("a", 3)])
    for second in range(30, 60):
        history.append(START + second, np.array([10.0404 + second]))
    history.append(START + 5, np.array([99.0]))  # a second that it has already
    at, values = history.raw(["a"], START, START + 60)
    wanted = [10.0 + s for s in range(30)] + [10.04 + s for s in range(30, 60)]
    np.testing.assert_allclose(values[0], wanted, rtol=0, atol=1e-9)
    assert len(at) == 60
    found = history.trend("a", START + 20, START + 40, 1)
    assert (found.minimum[0], found.maximum[0]) == (30.0, 49.04)
    assert abs(found.mean[0] - np.mean(wanted[20:40])) < 0.01


def test_a_declaration_without_series_keeps_rows_without_values(database: Database) -> None:
    history = History(database, [], batch=1)
    history.append(float(START), np.empty(0))
    assert all_gaps(history.trend("a", START, START + 60))
    history.tend(START + 2.0 * HOUR)
    at, values = history.raw([], START, START + 3)
    assert (at.tolist(), values.shape) == ([START, START + 1, START + 2], (0, 3))


def test_the_last_row_is_told_from_memory_as_it_was_given(database: Database) -> None:
    history = History(database, [Series("a", 1), Series("b", 1)])
    assert np.isnan(history.last()[0])
    row = np.array([1.23456, nan])
    history.append(START + 0.75, row)
    row[:] = 0.0
    at, values = history.last()
    assert at == START + 0.75
    np.testing.assert_array_equal(values, [1.23456, nan])


def test_a_row_whose_second_has_values_already_is_counted(database: Database) -> None:
    history = History(database, [Series("a", 1)], batch=100)
    for at in (START + 0.1, START + 0.9, START + 1.5):
        history.append(at, np.array([at - START]))
    assert history.repeated == 1
    _, values = history.raw(["a"], START, START + 2)
    assert values.tolist() == [[0.1, 1.5]]


@pytest.mark.parametrize("at", [nan, float("inf"), -1.0, LAST, -LAST])
def test_a_time_that_is_none_is_an_error_and_keeps_nothing(database: Database, at: float) -> None:
    history = History(database, [Series("a", 1)], batch=1)
    with pytest.raises(ValueError, match="expected UTC seconds"):
        history.append(at, np.array([1.0]))
    assert np.isnan(history.last()[0])
    assert database.look_up("SELECT count(*) FROM hot") == [(0,)]
    if at != -1.0:
        for call in (history.trend, history.raw):
            with pytest.raises(ValueError, match="expected times"):
                call("a", at, START + 1.0)
            with pytest.raises(ValueError, match="expected times"):
                call("a", START + 1.0, at)
    with pytest.raises(ValueError, match="expected times and points"):
        history.trend("a", START, START + 1.0, 0)


def test_rows_of_another_length_and_series_that_are_told_twice_are_errors(
    database: Database,
) -> None:
    history = History(database, [Series("a", 1)], batch=1)
    with pytest.raises(ValueError, match="found 2 values, expected 1"):
        history.append(float(START), np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="declared twice"):
        history.declare([Series("a", 1), Series("b", 1), Series("a", 2)])
    history.append(float(START), np.array([1.0]))
    assert history.raw(["a"], START, START + 1)[1].tolist() == [[1.0]]


def test_more_series_than_a_chunk_can_name_are_an_error(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smartpdu.store.history.MOST", 2)
    history = History(database, [Series("a", 1), Series("b", 1)])
    with pytest.raises(ValueError, match="more than 2 series"):
        history.declare([Series("a", 1), Series("c", 1)])
