"""Thresholds of a device become limits of our rules: in their unit, in order, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from smartpdu.app.config import site_from_text
from smartpdu.app.discover import Wish, written
from smartpdu.app.thresholds import DEFAULTS, RULED, contradictions, limits_of, ordered
from smartpdu.drivers.maps import load
from smartpdu.drivers.survey import Row, Survey
from smartpdu.engine.catalogue import RULES
from smartpdu.engine.house import house
from smartpdu.model.plant import Kind
from smartpdu.model.rule import BOUNDS
from smartpdu.model.snapshot import quantities

PHASE = {"rated_current": 32.0, "nominal_voltage": 230.0}
WISH = Wish({"address": "192.0.2.1", "community": "public"}, None, "rack1", "A")


def row(**limits: dict[str, tuple[float, bool]]) -> Row:
    return Row((1,), None, "", {}, limits, {"current": 1.0})


def values(**bounds: float) -> dict[str, tuple[float, bool]]:
    """Thresholds in our unit, not as shares."""
    return {bound: (value, False) for bound, value in bounds.items()}


def shares(**bounds: float) -> dict[str, tuple[float, bool]]:
    return {bound: (value, True) for bound, value in bounds.items()}


def test_each_column_with_a_rule_has_the_rule_of_its_kind() -> None:
    kinds = {rule.key: rule.kind for rule in RULES}
    for (kind, column), (rule, rating) in RULED.items():
        assert kinds[rule] is kind
        assert column in quantities(kind)
        unit = next(one.unit.symbol for one in RULES if one.key == rule)
        assert unit == ("1" if rating else quantities(kind)[column].symbol)


def test_a_value_is_a_share_of_the_rating_of_its_place_and_a_share_stays_one() -> None:
    told = row(current=values(high_warning=24, high_critical=32), voltage=shares(high_warning=1.05))
    assert dict(limits_of(Kind.PHASE, told, PHASE)) == {
        "load.phase": {"high_warning": 0.75, "high_critical": 1.0},
        "supply.voltage": {"high_warning": 1.05},
    }


def test_values_of_rules_without_a_rating_stay_as_they_are() -> None:
    told = row(residual_current=values(high_warning=0.0035, high_critical=0.006))
    limits = dict(limits_of(Kind.CIRCUIT, told, PHASE))
    assert limits == {"residual.circuit": {"high_warning": 0.0035, "high_critical": 0.006}}
    told = row(temperature=values(low_warning=-5.0), humidity=values(high_warning=60.0))
    limits = dict(limits_of(Kind.PROBE, told, {}))
    assert limits["climate.temperature"]["low_warning"] == -5.0
    assert limits["climate.humidity"] == {"high_warning": 60.0}


def test_what_no_rule_of_ours_watches_is_left_out() -> None:
    told = row(active_power=values(high_warning=100), current=values(low_warning=1))
    assert not list(limits_of(Kind.PHASE, told, PHASE))
    assert not list(contradictions(Kind.PHASE, told, PHASE))
    assert not list(limits_of(Kind.DOOR, row(open=values(high_warning=1)), {}))


def test_a_share_of_a_rating_that_is_not_above_0_is_none() -> None:
    told = row(current=values(high_warning=-1, high_critical=30))
    assert dict(limits_of(Kind.PHASE, told, PHASE)) == {"load.phase": {"high_critical": 0.9375}}


@pytest.mark.parametrize(
    ("told", "made"),
    [
        ({"high_warning": 30.0}, {"high_warning": 30.0}),
        ({"high_warning": 35.0}, {"high_warning": 35.0, "high_critical": 35.0}),
        ({"high_critical": 25.0}, {"high_warning": 25.0, "high_critical": 25.0}),
        ({"low_warning": 10.0}, {"low_critical": 10.0, "low_warning": 10.0}),
        ({"low_critical": 20.0}, {"low_critical": 20.0, "low_warning": 20.0}),
        (
            {"high_warning": 12.0},  # below both of our low ones
            {"low_critical": 12.0, "low_warning": 12.0, "high_warning": 12.0},
        ),
        (
            {"low_warning": 40.0},
            {"low_warning": 40.0, "high_warning": 40.0, "high_critical": 40.0},
        ),
        (
            {"low_critical": 1.0, "high_critical": 90.0},
            {"low_critical": 1.0, "high_critical": 90.0},
        ),
    ],
)
def test_bounds_of_our_own_move_aside_for_those_that_are_told(
    told: dict[str, float], made: dict[str, float]
) -> None:
    assert ordered(told, "climate.temperature") == made  # ours: 15, 18, 27, 32


@pytest.mark.parametrize(
    "crossed",
    [
        {"high_warning": 30.0, "high_critical": 20.0},
        {"low_warning": 1.0, "low_critical": 2.0},
        {"low_warning": 30.0, "high_warning": 20.0},
        {"low_critical": 30.0, "high_critical": 20.0},
        {"high_warning": 300.0},  # nothing gets as hot
        {"low_warning": 24.0, "high_warning": 24.5},  # between them it would never be calm
    ],
)
def test_thresholds_that_cross_each_other_are_left_out_and_noted(crossed: dict[str, float]) -> None:
    told = row(temperature=values(**crossed), humidity=values(high_warning=60.0))
    assert set(dict(limits_of(Kind.PROBE, told, {}))) == {"climate.humidity"}
    assert list(contradictions(Kind.PROBE, told, {})) == ["temperature"]
    text = written(Survey(load("eaton_epdu"), {}, {Kind.PROBE: (told,)}), WISH)
    assert (
        "# the device's thresholds of temperature cross or make no sense: left out\n[[probe]]"
        in text
    )
    assert "climate.temperature" not in text
    site_from_text(text, "found.toml")


def test_a_found_site_holds_the_thresholds_of_each_place() -> None:
    phases = (
        Row((1,), None, "", PHASE, {"current": values(high_warning=20)}, {"current": 1.0}),
        Row((2,), None, "", PHASE, {"current": shares(high_warning=0.5)}, {"current": 1.0}),
        Row((3,), None, "", PHASE, {}, {"current": 1.0}),
    )
    text = written(Survey(load("eaton_epdu"), {}, {Kind.PHASE: phases}), WISH)
    site = site_from_text(text, "found.toml")
    rule = next(r for r in house(site.plant, site.overrides).rules if r.key == "load.phase")
    usual = DEFAULTS["load.phase"].high_warning
    assert list(rule.limits.high_warning) == [0.625, 0.5, usual]


bounds = some.dictionaries(
    some.sampled_from(BOUNDS),
    some.floats(-1e3, 1e3) | some.sampled_from([0.9, 1.1, 15, 32.0]),
    min_size=1,
)


@given(some.sampled_from(sorted({rule for rule, _ in RULED.values()})), bounds)
def test_bounds_in_order_stay_as_told_and_none_of_ours_crosses_them(
    rule: str, told: dict[str, float]
) -> None:
    ours = {bound: getattr(DEFAULTS[rule], bound) for bound in BOUNDS}
    told = {bound: value for bound, value in told.items() if ours[bound] is not None}
    in_order = sorted(told.values())
    told = dict(zip([bound for bound in BOUNDS if bound in told], in_order, strict=True))
    made = ordered(told, rule)
    assert {bound: made[bound] for bound in told} == told
    whole = [made.get(bound, ours[bound]) for bound in BOUNDS]
    known = [bound for bound in whole if bound is not None]
    assert known == sorted(known)
    assert not [bound for bound in set(made) - set(told) if made[bound] == ours[bound]]
