"""Rapid changes from one steady voltage to another, and what is none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from measurement.heights import NOMINAL, RATE, Height
from measurement.test_dip import channels, ended, halves_of, made, split, told

from smartpdu.measurement.dip import disturbed, gapped, quiet
from smartpdu.measurement.disturbance import Disturbance, Kind, Limits

LIMITS = Limits()  # 5 % and half of it
SECOND = 100  # values of Urms(1/2)


def rapid(values: list[list[float]], limits: Limits = LIMITS) -> list[Disturbance]:
    """The rapid changes of one system."""
    found = ended(told(made(values), len(values), [tuple(range(len(values)))], limits))
    return [d for d in found if d.kind is Kind.RAPID_CHANGE]


def test_a_step_is_told_with_what_it_changed_and_how_far_it_went() -> None:
    (d,) = rapid([[230.0] * 150 + [214.0, 211.0, 213.0, 209.0] + [217.0] * 150])
    assert d.start == 149 * 100, "the cycle of the first value beyond"
    assert d.end == 153 * 100, "the cycle of the first value that is steady again"
    assert d.largest == pytest.approx(21.0)
    assert d.lasting == pytest.approx(13.0)
    assert d.channels == (0,)
    assert d.whole


def test_a_step_within_the_threshold_is_none() -> None:
    assert rapid([[230.0] * 150 + [219.0] * 200]) == []
    assert rapid([[230.0] * 150 + [230 - 11.7] * 200]) != []


def test_a_slow_change_is_none() -> None:
    slope = np.linspace(230, 214, 2500).tolist()
    assert rapid([[230.0] * 150 + slope + [214.0] * 150]) == []


def test_it_ends_only_within_the_threshold_less_the_hysteresis() -> None:
    wavering = [217.0 + 7 * (-1) ** k for k in range(300)]  # 7 V is within 5 %, not within 2.5 %
    (d,) = rapid([[230.0] * 150 + wavering + [217.0] * 150])
    assert d.end == pytest.approx(449 * 100, abs=100)


@pytest.mark.parametrize("worst", [206.0, 254.0, 5.0])
def test_where_a_dip_or_swell_falls_into_it_it_is_that(worst: float) -> None:
    values = [[230.0] * 150 + [worst] * 5 + [217.0] * 150]
    assert rapid(values) == []
    kinds = {d.kind for d in told(made(values), 1, limits=LIMITS)}
    assert kinds & {Kind.DIP, Kind.SWELL}


def test_a_dip_within_the_second_after_it_makes_it_none() -> None:
    assert rapid([[230.0] * 150 + [217.0] * 60 + [200.0] * 3 + [217.0] * 300]) == []
    assert rapid([[230.0] * 150 + [217.0] * 160 + [200.0] * 3 + [217.0] * 300]) != []


def test_a_system_changes_until_all_its_voltages_are_steady() -> None:
    still = [230.0] * 400
    one = [230.0] * 150 + [217.0] * 250
    other = [230.0] * 200 + [215.0] * 200
    (d,) = rapid([one, other, still])
    assert d.channels == (0, 1)
    assert d.start == pytest.approx(149 * 100)
    assert d.end == pytest.approx(199 * 100 + 100 / 3)
    assert d.lasting == pytest.approx(15.0)
    assert rapid([still, still, still]) == []


def test_nothing_is_told_before_the_voltage_was_steady_once() -> None:
    assert rapid([[230.0] * 60 + [217.0] * 60 + [230.0] * 60]) == []


def test_a_gap_breaks_a_change_and_forgets_what_was_steady() -> None:
    state, _ = disturbed(quiet(channels(1)), made([[230.0] * 150 + [215.0] * 20]))
    state, (broken,) = gapped(state)
    assert (broken.kind, broken.whole) == (Kind.RAPID_CHANGE, False)
    assert broken.start == 149 * 100
    assert broken.end == 168 * 100
    assert broken.largest == pytest.approx(15.0)
    assert np.isnan(broken.lasting)
    _, after = disturbed(state, made([[230.0] * 60 + [214.0] * 60], first=50_000.0))
    assert after == ()


VALUES = some.lists(some.tuples(some.integers(210, 250), some.integers(1, 130)), max_size=6)


@settings(max_examples=60)
@given(VALUES, VALUES, some.lists(some.integers(1, 90), min_size=1, max_size=4))
def test_changes_are_the_same_whatever_the_blocks(
    one: list[tuple[int, int]], other: list[tuple[int, int]], sizes: list[int]
) -> None:
    lines = [[230.0] * 120 + [float(v) for v, n in runs for _ in range(n)] for runs in (one, other)]
    length = max(len(line) for line in lines)
    halves = made([line + [line[-1]] * (length - len(line)) for line in lines])
    whole = told(halves, 2, [(0, 1)], LIMITS)
    state, parts = quiet(channels(2), [(0, 1)], LIMITS), []
    for part in split(halves, sizes):
        state, new = disturbed(state, part)
        parts += new
    assert repr(parts) == repr(whole)


def test_a_step_is_seen_in_samples() -> None:
    heights = [Height(50.0, 0.013 - k / 3, (1.50005,), (0.94,)) for k in range(3)]
    samples = np.stack([h.sampled(3.2) for h in heights], axis=1)
    (d,) = ended(told(halves_of(samples), 3, [(0, 1, 2)], LIMITS))
    assert d.kind is Kind.RAPID_CHANGE
    assert d.start == pytest.approx(1.5 * RATE, abs=200)
    assert d.end - d.start <= 200
    assert d.lasting == pytest.approx(0.06 * NOMINAL, rel=0.01)
    assert d.channels == (0, 1, 2)
