"""Limits of an operator's own, at one place or at all, and those that fit nothing."""

from dataclasses import replace

import numpy as np
import pytest
from story import tell

from smartpdu.engine.house import TIMES, Override, house, limited
from smartpdu.engine.orders import obey_within
from smartpdu.model.event import CommandDisobeyed
from smartpdu.model.plant import Kind
from smartpdu.model.rule import BOUNDS, Limits

PLANT = tell().plant


def limits_of(rule: str, *overrides: Override) -> Limits:
    """The limits of a rule under some overrides."""
    (found,) = [r for r in house(PLANT, overrides).rules if r.key == rule]
    return found.limits


def test_an_override_for_all_places_changes_what_it_names_and_nothing_else() -> None:
    before = limits_of("load.feed")
    after = limits_of("load.feed", Override("load.feed", "", {"high_warning": 0.6, "dwell": 3}))
    assert after == before.changed(high_warning=0.6, dwell=3)
    assert limits_of("load.phase", Override("load.feed", "", {"dwell": 3})) == before


def test_overrides_of_several_places_stand_beside_each_other() -> None:
    first, second = PLANT.circuits.path[:2]
    limits = limits_of(
        "load.circuit",
        Override("load.circuit", first, {"high_warning": 0.5}),
        Override("load.circuit", second, {"high_warning": 0.6, "high_critical": 0.9}),
    )
    expected = np.full(len(PLANT.circuits), 0.8)
    expected[:2] = 0.5, 0.6
    assert np.array_equal(limits.high_warning, expected)
    assert np.array_equal(limits.high_critical, [1.0, 0.9] + [1.0] * (len(expected) - 2))


def test_a_bound_that_a_rule_has_not_is_added_at_one_place_only() -> None:
    place = PLANT.feeds.path[1]
    limits = limits_of("supply.feed", Override("supply.feed", place, {"low_warning": 0.5}))
    assert np.array_equal(limits.low_warning, [np.nan, 0.5], equal_nan=True)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        (Override("load.fed", "", {"dwell": 1}), "no rule is called 'load.fed'; there are "),
        (Override("load.feed", "rack/A/L1", {"dwell": 1}), "'rack/A/L1' is no place that"),
        (Override("load.feed", "nowhere", {"dwell": 1}), "'nowhere' is no place that the rule"),
        (Override("load.feed", "rack/A/feed", {"dwell": 1}), "'dwell' holds for all places"),
    ],
)
def test_an_override_that_fits_nothing_is_told(override: Override, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        house(PLANT, [override])


def test_a_rule_itself_is_never_changed_by_an_override() -> None:
    base = next(r for r in house(PLANT).rules if r.key == "load.circuit")
    index = house(PLANT).places
    once = limited(
        base, Override("load.circuit", "rack/A/circuit/1", {"high_warning": 0.1}), PLANT, index
    )
    assert base.limits.high_warning == 0.8
    assert isinstance(once.high_warning, np.ndarray)
    before = once.high_warning.copy()
    again = Override("load.circuit", "rack/A/circuit/2", {"high_warning": 0.2})
    limited(replace(base, limits=once), again, PLANT, index)
    assert np.array_equal(once.high_warning, before)


def test_every_field_of_limits_is_a_bound_or_a_time() -> None:
    assert {*BOUNDS, *TIMES} == set(Limits.__dataclass_fields__)
    assert not set(BOUNDS) & set(TIMES)


def test_every_place_is_found_by_its_path() -> None:
    places = house(PLANT).places
    assert len(places) == sum(len(PLANT.table(kind)) for kind in Kind)
    for path, (kind, row) in places.items():
        assert PLANT.table(kind).path[row] == path


def test_the_time_to_obey_is_the_operators() -> None:
    story = tell(overrides=[Override("switching.disobeyed", "", {"high_critical": 4.0})])
    assert obey_within(story.house) == 4.0
    story.deaf.add("rack/A/outlet/1")
    story.lasts(1)
    story.switches("rack/A/outlet/1", False)
    story.lasts(4)
    assert story.events == []
    story.lasts(1)
    assert len(story.told(CommandDisobeyed)) == 1
    assert obey_within(tell().house) == 10.0
    assert obey_within(tell(rules=()).house) == 10.0
