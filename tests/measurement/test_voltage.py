"""EN 50160 and IEC 61000-2-4: what is counted, what is not, and the verdict; unbalance."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from measurement.fed import windows
from measurement.signals import sine, turns

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.voltage import (
    CLASSES,
    EN_50160,
    Criterion,
    Observed,
    Tally,
    Verdict,
    best_class,
    counted,
    observed,
    taken,
    unbalance,
    verdicts,
    written,
)

MONDAY = 1_800_000_000.0
SYSTEM = np.array([[0, 1, 2]])
THREE = Channels(10_000.0, 50.0, 230.0, np.arange(3))
BOTH = Criterion("voltage", "voltage", -10.0, 10.0, 95.0)


HARMONICS = (
    dict.fromkeys(range(6, 25, 2), 0.5) | {2: 2.0, 4: 1.0} | {3: 5.0, 9: 1.5, 15: 0.5, 21: 0.5}
)
HARMONICS |= {5: 6.0, 7: 5.0, 11: 3.5, 13: 3.0, 17: 2.0, 19: 1.5, 23: 1.5, 25: 1.5}


def of(quantity: str, value: float, k: int = 0, flagged: bool = False, order: int = 1) -> Observed:
    """An interval of one place; a harmonic has the value at its order."""
    values = np.array([float(value)])
    if quantity == "harmonic":
        values = np.zeros((50, 1))
        values[order - 1] = value
    return Observed(MONDAY + 600.0 * (k + 1), {quantity: values}, {quantity: np.array([flagged])})


def judged(
    intervals: list[Observed], criteria: tuple[Criterion, ...] = EN_50160
) -> dict[str, Verdict]:
    statistics: dict[str, Tally] = {}
    for interval in intervals:
        statistics = counted(criteria, statistics, interval)
    return {verdict.criterion.key: verdict for verdict in verdicts(criteria, statistics)}


def a_week(quantity: str, good: float, bad: float, number: int, order: int = 1) -> list[Observed]:
    """1008 intervals, of them so many bad ones."""
    return [of(quantity, bad if k < number else good, k, order=order) for k in range(1008)]


@pytest.mark.requirement("R-8.2-3")
@pytest.mark.parametrize(
    ("quantity", "order", "key", "good", "bad"),
    [
        ("voltage", 0, "voltage", 10.0, 10.01),
        ("voltage", 0, "voltage", -10.0, -10.01),
        ("thd", 0, "thd", 8.0, 8.01),
        ("unbalance", 0, "unbalance", 2.0, 2.01),
        ("flicker", 0, "flicker", 1.0, 1.01),
        *(
            ("harmonic", order, f"harmonic {order}", limit, limit + 0.01)
            for order, limit in HARMONICS.items()
        ),
    ],
)
def test_fifty_bad_intervals_of_a_week_are_allowed_and_fifty_one_are_not(
    quantity: str, order: int, key: str, good: float, bad: float
) -> None:
    own = tuple(criterion for criterion in EN_50160 if criterion.key == key)
    for number, kept in ((0, True), (50, True), (51, False), (1008, False)):
        verdict = judged(a_week(quantity, good, bad, number, order), own)[key]

        assert (verdict.kept, verdict.judged, verdict.beyond) == (kept, 1008, number)
        assert verdict.within == pytest.approx(100 - number / 10.08)


@pytest.mark.parametrize(
    ("value", "kept"), [(10.0, True), (10.01, False), (-14.99, True), (-15.01, False)]
)
def test_not_one_interval_may_lie_beyond_the_outer_bounds_of_the_voltage(
    value: float, kept: bool
) -> None:
    found = judged(a_week("voltage", 0.0, value, 1))

    assert found["voltage, all"].kept is kept
    assert found["voltage"].kept is True


def test_the_frequency_of_a_year_may_leave_one_per_cent_for_a_two_hundredth_of_it() -> None:
    def year(number: int, bad: float) -> dict[str, Verdict]:
        return judged([of("frequency", bad if k < number else 1.0, k) for k in range(1000)])

    assert year(5, 1.01)["frequency"].kept is True
    assert year(6, 1.01)["frequency"].kept is False
    assert year(1, -6.01)["frequency, all"].kept is False
    assert year(1, -5.99)["frequency, all"].kept is True
    assert year(1, 4.01)["frequency, all"].kept is False
    assert year(1, 0.0)["frequency"].missing == 365 * 8640 - 1000


def test_flagged_intervals_and_gaps_are_counted_and_not_judged() -> None:
    bad = [of("voltage", -40.0, k, flagged=True) for k in range(30)]
    silent = [of("voltage", np.nan, k) for k in range(30, 50)]
    both = [of("voltage", np.nan, k, flagged=True) for k in range(50, 55)]
    good = [of("voltage", 1.0, k) for k in range(55, 1000)]

    found = judged([*bad, *silent, *both, *good])["voltage"]

    assert (found.judged, found.beyond, found.kept) == (945, 0, True)
    assert (found.flagged, found.gaps, found.missing) == (35, 20, 8)


def test_the_standard_limits_every_harmonic_up_to_the_25th_once() -> None:
    orders = {c.order: c.high for c in EN_50160 if c.quantity == "harmonic"}

    assert orders == HARMONICS
    assert len([c for c in EN_50160 if c.quantity == "harmonic"]) == 24


def test_of_what_was_never_measured_there_is_no_verdict() -> None:
    found = judged([of("voltage", np.nan, k) for k in range(10)])

    assert found["voltage"].kept is None
    assert np.isnan(found["voltage"].within)
    assert "thd" not in found


def test_the_interval_that_lay_farthest_out_is_told_with_its_time() -> None:
    values = [1.0, -3.0, 12.0, -11.0, np.nan, 12.5, 2.0]
    intervals = [of("voltage", value, k, flagged=k == 5) for k, value in enumerate(values)]

    found = judged(intervals)["voltage"]

    assert (found.worst, found.worst_end) == (12.0, MONDAY + 1800.0)
    calm = judged(intervals[:2])["voltage"]
    assert calm.worst == -3.0  # nothing lay out: the nearest to it


def test_each_place_has_its_own_verdict() -> None:
    values = {"voltage": np.array([0.0, 11.0, np.nan])}
    flags = {"voltage": np.array([False, False, False])}

    statistics = counted((BOTH,), {}, Observed(MONDAY, values, flags))

    assert [(v.place, v.kept) for v in verdicts((BOTH,), statistics)] == [
        (0, True),
        (1, False),
        (2, None),
    ]


points = some.floats(-20, 20) | some.just(float("nan"))


@settings(max_examples=50)
@given(
    series=some.lists(some.tuples(points, some.booleans()), max_size=60), cut=some.integers(0, 60)
)
def test_a_restart_changes_no_count_and_all_intervals_are_counted_once(
    series: list[tuple[float, bool]], cut: int
) -> None:
    intervals = [of("voltage", value, k, flagged) for k, (value, flagged) in enumerate(series)]
    whole: dict[str, Tally] = {}
    state: dict[str, Tally] = {}
    for k, interval in enumerate(intervals):
        if k == cut:
            state = taken(json.loads(json.dumps(written(state))))
        whole, state = (counted(EN_50160, s, interval) for s in (whole, state))

    assert json.dumps(written(state)) == json.dumps(written(whole))
    for tally in whole.values():
        assert tally.judged[0] + tally.flagged[0] + tally.gaps[0] == len(series)
        assert 0 <= tally.beyond[0] <= tally.judged[0]


def a_class(voltage: float, thd: float, fifth: float, skewed: float) -> int | None:
    harmonic = np.full((50, 1), 0.0 if np.isfinite(fifth) else np.nan)
    harmonic[4] = fifth
    values = {"voltage": np.array([voltage]), "thd": np.array([thd]), "harmonic": harmonic}
    values["unbalance"] = np.array([skewed])
    interval = Observed(MONDAY, values, dict.fromkeys(values, np.array([False])))
    return best_class({n: counted(criteria, {}, interval) for n, criteria in CLASSES.items()})


@pytest.mark.requirement("R-8.2-3")
@pytest.mark.parametrize(
    ("voltage", "thd", "fifth", "skewed", "expected"),
    [
        (8.0, 5.0, 3.0, 2.0, 1),
        (8.1, 5.0, 3.0, 2.0, 2),
        (-10.1, 1.0, 1.0, 1.0, 3),
        (10.1, 1.0, 1.0, 1.0, None),
        (0.0, 5.1, 3.0, 2.0, 2),
        (0.0, 8.1, 3.0, 2.0, 3),
        (0.0, 10.1, 3.0, 2.0, None),
        (0.0, 5.0, 3.1, 2.0, 2),
        (0.0, 5.0, 6.1, 2.0, 3),
        (0.0, 5.0, 8.1, 2.0, None),
        (0.0, 5.0, 3.0, 2.1, 3),
    ],
)
def test_the_best_class_is_the_first_of_which_all_is_kept(
    voltage: float, thd: float, fifth: float, skewed: float, expected: int | None
) -> None:
    assert a_class(voltage, thd, fifth, skewed) == expected


def test_nothing_measured_is_of_no_class() -> None:
    assert best_class({}) is None
    assert a_class(*[np.nan] * 4) is None


def test_an_aggregate_is_held_against_nominal_voltage_and_its_own_fundamental() -> None:
    harmonic = np.zeros((50, 4))
    harmonic[0], harmonic[4] = [230.0, 10.0, 115.0, 0.0], [11.5, 5.0, 2.3, 0.0]
    values = {"rms": np.array([207.0, 10.0, 241.5, 0.0]), "thd": np.array([5.0, 50, 2, np.nan])}
    values |= {"harmonic": harmonic, "negative_ratio": np.array([0.7])}
    channels = Channels(10_000.0, 50.0, 230.0, np.array([0, 0, 1, 2]))
    systems, flagged = np.array([[0, 2, 3]]), np.array([False, True, False, True])

    found = observed(channels, systems, MONDAY, values, flagged, 1.0)
    unsure = observed(channels, systems, MONDAY, values, flagged, 0.5)

    assert found.values["voltage"] == pytest.approx([-10, 5, -100])
    assert found.values["harmonic"][4] == pytest.approx([5.0, 2.0, np.nan], nan_ok=True)
    assert found.values["thd"] == pytest.approx([5, 2, np.nan], nan_ok=True)
    assert found.values["unbalance"].tolist() == [0.7]
    assert found.flagged["voltage"].tolist() == [False, False, True]
    assert found.flagged["unbalance"].tolist() == [True]  # one of its voltages is
    assert all(np.isnan(value).all() for value in unsure.values.values())


def the_unbalance(*phasors: tuple[float, float]) -> tuple[float, float]:
    """u2 and u0 of three voltages, RMS value and angle in degrees, taken from samples."""
    dice, turned = np.random.default_rng(1), turns(10_000.0, 50.02, 1.0, 0.2)
    waves = [sine(rms, degrees / 360).at(turned) for rms, degrees in phasors]
    window = windows(THREE, np.stack(waves, axis=1).astype(np.float32), dice)[-1]
    found = unbalance(THREE, window, SYSTEM)
    return float(found.negative_ratio[0]), float(found.zero_ratio[0])


def test_unbalance_is_read_from_phasors_as_in_the_worked_example() -> None:
    assert the_unbalance((230, 0), (225, -121), (233, 119.5)) == pytest.approx(
        (0.695, 1.446), abs=1e-3
    )


def between_lines(lines: np.ndarray) -> float:
    """u2 from magnitudes alone, by the formula of IEC 61000-4-30, which knows no phasors."""
    squares = np.square(lines)
    root = np.sqrt(3 - 6 * np.square(squares).sum() / np.square(squares.sum()))
    return float(100 * np.sqrt(max(1 - root, 0.0) / (1 + root)))


@settings(max_examples=20)
@given(
    rms=some.tuples(*[some.floats(180, 250)] * 3), turned=some.tuples(*[some.floats(-20, 20)] * 3)
)
def test_unbalance_is_what_the_voltages_between_lines_give_by_the_standards_other_formula(
    rms: tuple[float, ...], turned: tuple[float, ...]
) -> None:
    angles = np.array([0.0, -120.0, 120.0]) + turned
    phasors = np.array(rms) * np.exp(1j * np.radians(angles))
    lines = np.abs(phasors - np.roll(phasors, -1))

    u2, _ = the_unbalance(*zip(rms, angles.tolist(), strict=True))

    assert u2 == pytest.approx(between_lines(lines), abs=2e-3)


def test_a_system_without_voltage_has_no_unbalance_and_others_keep_theirs() -> None:
    dice, turned = np.random.default_rng(1), turns(10_000.0, 50.0, 1.0)
    waves = [sine(230.0, -k / 3).at(turned) for k in range(3)]
    samples = np.stack([*waves, *[0 * turned] * 3], axis=1).astype(np.float32)
    channels = Channels(10_000.0, 50.0, 230.0, np.arange(6))
    window = windows(channels, samples, dice)[-1]

    found = unbalance(channels, window, np.array([[3, 4, 5], [0, 1, 2]]))

    assert np.isnan(found.negative_ratio).tolist() == [True, False]
    assert found.zero_ratio[1] == pytest.approx(0, abs=1e-3)
