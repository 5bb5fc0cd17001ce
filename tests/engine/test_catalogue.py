"""Every rule has its words, every column its unit, and nothing in code is named after a line."""

import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from story import tell

import smartpdu
from smartpdu.engine.catalogue import HAZARDS, RULES, TRACES
from smartpdu.model.hazard import CATALOGUE, Domain
from smartpdu.model.plant import Kind
from smartpdu.model.rule import BOUNDS, Rule, Tick, Trace, Wishes
from smartpdu.model.snapshot import READINGS, quantities
from smartpdu.model.table import Table
from smartpdu.model.units import Unit

SOURCE = Path(smartpdu.__file__).parent


def test_each_rule_and_each_trace_has_a_key_of_its_own() -> None:
    keys = [r.key for r in RULES] + [t.key for t in TRACES]
    assert len(keys) == len(set(keys))
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", key) for key in keys)


@pytest.mark.requirement("R-1.1-8")
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.key)
def test_each_rule_has_a_hazard_with_its_words_in_two_languages(rule: Rule) -> None:
    hazard = HAZARDS[rule.key]
    assert hazard.domain in Domain
    for text in (hazard.title, hazard.cause, hazard.action):
        assert len(text.en) > 5
        assert len(text.de) > 5
        assert text.en != text.de
        assert text.en == text.en.strip()
        assert text.de == text.de.strip()


def test_each_hazard_is_found_by_a_rule_and_stands_once() -> None:
    assert [h.key for h in CATALOGUE] == list(HAZARDS)
    assert set(HAZARDS) == {rule.key for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.key)
def test_each_rule_has_a_unit_and_limits_that_are_in_order(rule: Rule) -> None:
    assert rule.unit.symbol
    bounds = [getattr(rule.limits, name) for name in BOUNDS]
    known = [bound for bound in bounds if bound is not None]
    assert known
    assert known == sorted(known)
    assert all(value is None or value >= 0 for value in (rule.limits.hysteresis, rule.limits.dwell))
    inner = [b for b in (rule.limits.low_warning, rule.limits.high_warning) if b is not None]
    if len(inner) == 2:
        assert inner[0] + rule.limits.hysteresis < inner[1] - rule.limits.hysteresis


@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.key)
def test_each_trace_has_a_unit(trace: Trace) -> None:
    assert trace.unit.symbol


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.key)
def test_each_measure_gives_one_number_for_each_row_of_its_kind(rule: Rule) -> None:
    story = tell()
    story.lasts(1)
    nobody = Wishes(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0))
    tick = Tick(story.plant, story.seen(), 1.0, story.state.memory, nobody)
    values = rule.measure(tick)
    assert values.shape == (len(story.plant.table(rule.kind)),)
    assert values.dtype == np.float64


@pytest.mark.requirement("R-2.1-3")
@pytest.mark.parametrize("kind", list(READINGS))
def test_each_column_of_readings_has_a_unit(kind: Kind) -> None:
    known = quantities(kind)
    assert list(known) == [field.name for field in fields(READINGS[kind])]
    assert all(
        isinstance(unit, Unit) and unit.symbol and unit.digits >= 0 for unit in known.values()
    )


def test_a_kind_without_readings_has_no_quantities() -> None:
    assert quantities(Kind.RACK) == quantities(Kind.PDU) == {}
    assert set(READINGS) == set(Kind) - {Kind.RACK, Kind.PDU}


def test_no_unit_stands_in_a_name() -> None:
    units = re.compile(r"_(a|v|w|va|hz|kw|kwh|wh|s|ms|ma|c|degc|pct|percent|celsius|amps?|volts?)$")
    named = [name for kind in READINGS for name in quantities(kind)]
    plant = tell().plant
    named += [field.name for kind in Kind for field in fields(plant.table(kind))]
    assert not [name for name in named if units.search(name)]


def test_no_line_is_named_in_the_code() -> None:
    named = {}
    for path in sorted(SOURCE.rglob("*.py")):
        room = path.relative_to(SOURCE).as_posix()
        lines = [
            text
            for text in path.read_text(encoding="utf-8").splitlines()
            if re.search(r"\bL[123]\b", text.split("#")[0])
        ]
        if lines and room != "model/build.py":  # where the last part of a path tells the line
            named[room] = lines
    assert named == {}


def test_every_table_of_the_plant_is_a_table() -> None:
    plant = tell().plant
    assert all(isinstance(plant.table(kind), Table) for kind in Kind)
