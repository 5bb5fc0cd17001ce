"""Every fault of the twin is found by its root event, in time, with nothing beside it."""

import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from living import fault, rack, scene

from smartpdu.app.config import demo
from smartpdu.app.simulate import START, Run
from smartpdu.engine.catalogue import RULES
from smartpdu.engine.house import house
from smartpdu.model.event import Event
from smartpdu.model.hazard import CATALOGUE
from smartpdu.twin.faults import INJECTORS, Fault, Misplaced, placed

ONSET = 60.0
CASES = tomllib.loads((Path(__file__).parents[1] / "faults.toml").read_text("utf-8"))["fault"]
KINDS = [case["kind"] for case in CASES]


def played(case: dict[str, Any], seed: int = 1, rules: bool = True) -> Run:
    """The demonstration rack under one fault, with all rules or with none."""
    table = {k: case[k] for k in ("kind", "place", "size", "rate", "lasts") if k in case}
    home = None if rules else house(demo().plant, rules=())
    orders = case.get("orders", ())
    duration = case["duration"] if rules else int(ONSET) + min(case["within"], 200) + 5
    return scene(duration, [{**table, "at": ONSET}], orders, seed, home)


def fits(event: Event, pattern: dict[str, str]) -> bool:
    """Whether an event is of a class, rule and place; a pattern without a rule means none."""
    return (
        fnmatchcase(type(event).__name__, pattern["class"])
        and fnmatchcase(getattr(event, "rule", ""), pattern.get("rule", ""))
        and fnmatchcase(event.place, pattern["place"])
    )


def wrongs(case: dict[str, Any], events: list[Event]) -> list[str]:
    """What is wrong with the events of a fault: no root in time, or something not allowed."""
    roots = [e.at - START - ONSET for e in events if fits(e, case["root"])]
    patterns = [case["root"], *case["allowed"]]
    told = [f"not allowed: {e}" for e in events if not any(fits(e, p) for p in patterns)]
    early = [f"before the fault: {e}" for e in events if e.at - START < ONSET]
    if not roots or not 0 <= roots[0] <= case["within"]:
        told.append(f"no root {case['root']} within {case['within']} s: {roots}")
    return told + early


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("case", CASES, ids=KINDS)
def test_a_fault_is_told_by_its_root_in_time_and_by_nothing_else(
    case: dict[str, Any], seed: int
) -> None:
    run = played(case, seed)
    assert wrongs(case, run.events) == []
    first = run.twin.truths[0]
    assert (first.at, first.kind, first.place) == (ONSET, case["kind"], case["place"])
    assert first.end == ONSET + case.get("lasts", float("inf"))


@pytest.mark.parametrize("case", CASES, ids=KINDS)
def test_without_the_rules_the_same_check_fails(case: dict[str, Any]) -> None:
    run = played(case, rules=False)
    assert run.twin.truths[0].kind == case["kind"]  # it happened, and nobody said so
    assert any(wrong.startswith("no root") for wrong in wrongs(case, run.events))


def test_the_check_itself_sees_a_late_a_missing_a_wrong_and_an_early_event() -> None:
    case = next(case for case in CASES if case["kind"] == "feed_loss")
    run = played(case)
    assert wrongs({**case, "within": -1}, run.events)
    assert wrongs(case, [])
    assert wrongs({**case, "root": {**case["root"], "place": "rack1/B/feed"}}, run.events)
    other = played(next(case for case in CASES if case["kind"] == "phase_loss"))
    assert any(w.startswith("not allowed") for w in wrongs(case, run.events + other.events))


@pytest.mark.parametrize("seed", [2, 3])  # the first is the scenario that is shipped
def test_an_hour_of_normal_running_gives_no_event(seed: int) -> None:
    run = scene(3600, seed=seed)
    assert run.events == []
    assert run.twin.truths == []
    assert run.twin.life.flow.power.sum() > 5000  # it was running, not dead


def test_every_injector_names_a_hazard_of_the_catalogue_that_a_rule_finds_and_has_a_case() -> None:
    hazards, ruled = {hazard.key for hazard in CATALOGUE}, {rule.key for rule in RULES}
    assert {injector.hazard for injector in INJECTORS.values()} <= hazards & ruled
    assert sorted(KINDS) == sorted(INJECTORS)
    assert len(INJECTORS) >= 12
    for case in CASES:
        assert case["root"]["rule"] == INJECTORS[case["kind"]].hazard


def test_a_fault_acts_from_its_time_for_as_long_as_it_lasts() -> None:
    living = rack()
    living.suffers(fault("silent_source", "source/rack1-A", at=2.5, lasts=3.0))
    silent = [bool(life.effects.silent[0]) for life in living.seconds(7)]
    assert silent == [False, False, True, True, True, False, False]
    assert [(t.at, t.end) for t in living.truths] == [(3.0, 5.5)]


def test_a_fault_that_was_there_before_the_twin_is_in_its_first_truth() -> None:
    living = rack()
    living.suffers(fault("silent_source", "source/rack1-A", at=0.0))
    living.lasts(3)
    assert [t.at for t in living.truths] == [1.0]


def test_a_size_with_a_rate_is_reached_by_its_units_a_minute() -> None:
    living = rack()
    living.suffers(fault("hot_air", "rack1", at=1.0, size=2.0, rate=1.0))
    heat = [life.effects.heat[0] for life in living.seconds(241)]
    assert heat[0] == 0.0
    assert heat[60] == pytest.approx(1.0)
    assert heat[120] == heat[240] == pytest.approx(2.0)


def test_two_faults_of_one_place_add_up() -> None:
    living = rack()
    living.suffers(
        fault("leakage_step", "rack1/A/feed", size=0.02),
        fault("leakage_step", "rack1/A/feed", size=0.03),
    )
    assert living.lasts(1).effects.leak.tolist()[:3] == pytest.approx([0.05, 0.0, 0.0])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (Fault(1, "flood", "rack1", 1.0), "kind: found 'flood', expected one of breaker_trip"),
        (Fault(1, "feed_loss", "rack1/A/L1", 1.0), "place: found 'rack1/A/L1', expected the path"),
        (Fault(1, "feed_loss", "nowhere", 1.0), "place: found 'nowhere'"),
    ],
)
def test_a_fault_that_fits_nowhere_is_refused_with_its_number(wrong: Fault, told: str) -> None:
    plant = rack().plant
    with pytest.raises(Misplaced, match=r".") as refused:
        placed(plant, [fault("feed_loss", "rack1/A/feed"), wrong])
    assert refused.value.number == 2
    assert told in str(refused.value)
