"""From a description to a plant: every reference found, every flaw told, nothing built by half."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from story import SHAPES, Shape, design

from smartpdu.model.build import (
    CircuitSpec,
    Design,
    Flaw,
    Flawed,
    OutletSpec,
    PduSpec,
    PhaseSpec,
    ProbeSpec,
    RackSpec,
    SourceSpec,
    built,
    flaws_of,
)
from smartpdu.model.plant import Kind, Plant, places

PLAN = design(Shape())


def flaws(plan: Design) -> list[tuple[Kind, int, str, str]]:
    """All flaws of a plan, which cannot be built then."""
    with pytest.raises(Flawed) as caught:
        built(plan)
    assert caught.value.flaws == tuple(flaws_of(plan))
    return listed(caught.value.flaws)


def listed(flaws: Iterable[Flaw]) -> list[tuple[Kind, int, str, str]]:
    """Where each flaw stands, and what was found there."""
    return [(f.kind, f.number, f.field, f.found) for f in flaws]


@pytest.mark.requirement("R-1.1-1")
@pytest.mark.requirement("R-7.3-1")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_row_knows_the_rows_above_it(shape: Shape) -> None:
    plan = design(replace(shape, racks=2))
    plant = built(plan)
    for row, path in enumerate(plant.outlets.path):
        spec = plan.outlets[row]
        circuit = plant.outlets.circuit[row]
        assert plant.circuits.path[circuit] == spec.circuit
        phase = plant.outlets.phase[row]
        assert phase == plant.circuits.phase[circuit]
        feed = plant.phases.feed[phase]
        assert plant.pdus.path[plant.feeds.pdu[feed]] == "/".join(path.split("/")[:2])
        assert plant.outlets.pdu[row] == plant.feeds.pdu[feed]
        for table in (plant.outlets, plant.circuits, plant.phases, plant.feeds):
            own = {"outlets": row, "circuits": circuit, "phases": phase, "feeds": feed}
            at = own[type(table).__name__.lower()]
            assert plant.racks.path[table.rack[at]] == path.split("/")[0]
            assert plant.sources.path[table.source[at]] == "source/" + "/".join(path.split("/")[:2])


def test_lines_pair_the_phases_of_all_feeds_of_a_rack() -> None:
    plant = built(PLAN)
    assert plant.phases.line.tolist() == [0, 1, 2, 0, 1, 2]
    own = replace(
        PLAN,
        phases=[replace(p, path=f"{p.path}x", line=n % 3 + 1) for n, p in enumerate(PLAN.phases)],
    )
    own = replace(own, circuits=[replace(c, phase=f"{c.phase}x") for c in PLAN.circuits])
    assert built(own).phases.line.tolist() == [0, 1, 2, 0, 1, 2]


def test_names_and_addresses_default_to_the_last_part_of_the_path() -> None:
    named = replace(PLAN, outlets=[replace(PLAN.outlets[0], name="Router", address="1.7")])
    plant = built(named)
    assert (plant.outlets.name, plant.outlets.address) == (("Router",), ("1.7",))
    assert built(PLAN).outlets.name[0] == built(PLAN).outlets.address[0] == "1"


def test_the_house_is_a_place_of_every_plant() -> None:
    assert built(Design()).houses.path == ("house",)
    assert places(built(PLAN))["house"] == (Kind.HOUSE, 0)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"outlets": [OutletSpec("rack/A", "rack/A/circuit/1")]}, [(Kind.OUTLET, 0, "path")]),
        ({"outlets": [OutletSpec("house", "rack/A/circuit/1")]}, [(Kind.OUTLET, 0, "path")]),
        ({"outlets": [OutletSpec("o", "rack/A/circuit/9")]}, [(Kind.OUTLET, 0, "circuit")]),
        ({"outlets": [OutletSpec("o", "rack/A/L1")]}, [(Kind.OUTLET, 0, "circuit")]),
        ({"circuits": [CircuitSpec("c", "no", 16)], "outlets": []}, [(Kind.CIRCUIT, 0, "phase")]),
        (
            {"circuits": [CircuitSpec("c", "no", -1)], "outlets": []},
            [(Kind.CIRCUIT, 0, "phase"), (Kind.CIRCUIT, 0, "rated_current")],
        ),
    ],
)
def test_a_flaw_is_told_with_its_kind_its_number_and_its_field(change, expected) -> None:
    assert [f[:3] for f in flaws(replace(PLAN, **change))] == expected


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "a/",
        "/a",
        "a//b",
        "a b",
        "a?b",
        "a#b",
        "a%b",
        "a\\b",
        "a\nb",
        "a/../b",
        "a/.",
        "..",
    ],
)
def test_a_path_that_could_not_be_asked_for_is_a_flaw(path: str) -> None:
    found = flaws(replace(PLAN, doors=[replace(PLAN.doors[0], path=path)]))
    assert found == [(Kind.DOOR, 0, "path", repr(path))]


@pytest.mark.parametrize("value", [0.0, -1.0, nan, inf])
@pytest.mark.parametrize(
    ("table", "field"),
    [
        ("sources", "interval"),
        ("feeds", "rated_power"),
        ("feeds", "nominal_frequency"),
        ("phases", "rated_current"),
        ("phases", "nominal_voltage"),
        ("circuits", "rated_current"),
        ("outlets", "rated_current"),
    ],
)
def test_a_rating_is_a_number_above_nothing(table: str, field: str, value: float) -> None:
    rows = list(getattr(PLAN, table))
    rows[1] = replace(rows[1], **{field: value})
    assert flaws(replace(PLAN, **{table: rows})) == [(Kind(table), 1, field, str(value))]


@pytest.mark.parametrize(
    ("table", "field", "most", "unit"),
    [
        ("sources", "interval", 3600.0, "s"),
        ("feeds", "rated_power", 2e7, "VA"),
        ("feeds", "nominal_frequency", 400.0, "Hz"),
        ("phases", "rated_current", 6300.0, "A"),
        ("phases", "nominal_voltage", 1000.0, "V"),
        ("circuits", "rated_current", 6300.0, "A"),
        ("outlets", "rated_current", 6300.0, "A"),
        ("outlets", "resolution", 10.0, "A"),
    ],
)
def test_a_number_beyond_all_that_is_built_is_a_flaw(
    table: str, field: str, most: float, unit: str
) -> None:
    rows = list(getattr(PLAN, table))
    for value, good in ((most, True), (most * 1.001, False), (1e300, False)):
        rows[1] = replace(rows[1], **{field: value})
        told = [f for f in flaws_of(replace(PLAN, **{table: rows})) if "at most" in f.expected]
        own = [f for f in told if f.expected.endswith(f"at most {most:.10g} {unit}")]
        assert [(f.number, f.field) for f in own] == ([] if good else [(1, field)])


@pytest.mark.parametrize(
    ("amperes", "good"), [(32.0, True), (40.0, True), (40.1, False), (160.0, False), (6.0, True)]
)
def test_a_breaker_above_its_phase_is_a_flaw_but_for_the_quarter_of_a_lasting_load(
    amperes: float, good: bool
) -> None:
    assert PLAN.phases[0].rated_current == 32
    own = [replace(c, rated_current=amperes) for c in PLAN.circuits[:1]]
    told = list(flaws_of(replace(PLAN, circuits=own, outlets=[])))
    assert [(f.kind, f.number, f.field) for f in told] == (
        [] if good else [(Kind.CIRCUIT, 0, "rated_current")]
    )
    assert good or told[0].expected == "at most 40 A, a breaker that protects its phase"


@pytest.mark.parametrize(
    ("share", "good"), [(1.0, True), (0.1, True), (1.5, True), (0.001, False), (1.6, False)]
)
def test_a_feed_is_rated_as_its_phases_may_carry(share: float, good: bool) -> None:
    carried = 3 * 32 * 230
    own = [replace(PLAN.feeds[0], rated_power=share * carried), *PLAN.feeds[1:]]
    assert listed(flaws_of(replace(PLAN, feeds=own))) == (
        []
        if good
        else [
            (Kind.FEED, 0, "rated_power", f"{share * carried:g} VA, and phases that carry 22080 VA")
        ]
    )


def test_numbers_that_are_not_known_are_not_compared() -> None:
    feed, phase = replace(PLAN.feeds[0], rated_power=1.0), replace(PLAN.phases[0], rated_current=1)
    plan = replace(PLAN, feeds=[feed, *PLAN.feeds[1:]], phases=[phase, *PLAN.phases[1:]])
    told = {(f.kind, f.number) for f in flaws_of(plan)}
    assert {(Kind.FEED, 0), (Kind.CIRCUIT, 0)} <= told
    assert not list(flaws_of(plan, {feed.path, phase.path}))


@pytest.mark.parametrize(
    ("name", "good"),
    [(n, True) for n in ("C13", "c19", "C15A", "C39", "Cx", "Schuko", "5-20R", "L6-30R", "CEE 7/3")]
    + [(n, False) for n in ("C99", "C14", "C20", "C13A", "", "a\nb")],
)
def test_what_reads_like_a_socket_of_iec_60320_is_one(name: str, good: bool) -> None:
    plan = replace(PLAN, outlets=[replace(PLAN.outlets[0], connector=name)])
    found = listed(flaws_of(plan))
    assert found == ([] if good else [(Kind.OUTLET, 0, "connector", repr(name))])


@pytest.mark.parametrize(("value", "good"), [(0.0, True), (0.1, True), (-0.1, False), (nan, False)])
def test_a_meter_may_have_no_known_step_but_none_below_nothing(value: float, good: bool) -> None:
    rows = [replace(PLAN.outlets[0], resolution=value)]
    assert [f.field for f in flaws_of(replace(PLAN, outlets=rows))] == (
        [] if good else ["resolution"]
    )


@pytest.mark.parametrize("path", ["rack/A/L0", "rack/A/L4", "rack/A/Lx", "rack/A/phase"])
def test_a_phase_must_tell_its_line(path: str) -> None:
    own = [*PLAN.phases, PhaseSpec(path, "rack/A/feed", 16)]
    assert [f[:3] for f in flaws(replace(PLAN, phases=own))] == [(Kind.PHASE, 6, "line")]


def test_a_flaw_reads_as_a_sentence() -> None:
    with pytest.raises(
        Flawed, match=r"circuit: found 'x', expected the path of one of the circuits"
    ):
        built(replace(PLAN, outlets=[OutletSpec("o", "x")]))


SPEC = some.sampled_from(
    [spec for name in Design.__dataclass_fields__ for spec in getattr(PLAN, name)]
)


@given(some.sets(SPEC, max_size=4))
def test_without_some_of_its_parts_a_plan_is_built_whole_or_told_whole(missing) -> None:
    gone = {spec.path for spec in missing}
    rows = {
        name: [s for s in getattr(PLAN, name) if s.path not in gone]
        for name in Design.__dataclass_fields__
    }
    plan = Design(**rows)
    wanted = {
        s.path
        for specs in rows.values()
        for s in specs
        for ref in ("rack", "source", "pdu", "feed", "phase", "circuit")
        if getattr(s, ref, None) in gone
    }
    flaws = [f for f in flaws_of(plan) if f.field != "rated_power"]  # fewer phases carry less
    assert {getattr(plan, f.kind.value)[f.number].path for f in flaws} == wanted
    if not list(flaws_of(plan)):
        plant: Plant = built(plan)
        assert sum(len(plant.table(k)) for k in Kind) == 1 + sum(map(len, rows.values()))
        assert np.all(plant.outlets.circuit < len(plant.circuits))


def called(
    source: SourceSpec, pdus: Sequence[tuple[str, str]] = (), probes: Sequence[str] = ()
) -> str:
    """The name of a source that reads PDUs, by path and name, and probes in these racks."""
    racks = [RackSpec("hall/r1", "Rack 1"), RackSpec("hall/r2")]
    others = [PduSpec("hall/r1/Z", "hall/r1", "other", "Twin")]
    made = built(
        Design(
            sources=[source, SourceSpec("other")],
            racks=racks,
            pdus=[PduSpec(p, p.rpartition("/")[0], source.path, n) for p, n in pdus] + others,
            probes=[ProbeSpec(f"{rack}/probe", rack, source.path) for rack in probes],
        )
    )
    return made.sources.name[0]


@pytest.mark.parametrize(
    ("source", "pdus", "probes", "name"),
    [
        (SourceSpec("ap8641"), [("hall/r1/A", "")], [], "ap8641 (Rack 1, PDU A)"),
        (SourceSpec("s", "AP8641"), [("hall/r1/A", "AP8641")], [], "AP8641 (Rack 1, PDU A)"),
        (SourceSpec("s", "AP8641"), [("hall/r1/A", "Left")], [], "AP8641 (Rack 1, Left)"),
        (SourceSpec("s"), [("hall/r1/A", "Twin")], [], "s (Rack 1, PDU A)"),
        (SourceSpec("source/r1-A"), [("hall/r1/A", "")], [], "Rack 1, PDU A"),
        (
            SourceSpec("s"),
            [("hall/r1/A", ""), ("hall/r1/B", ""), ("hall/r2/A", "")],
            [],
            "s (Rack 1, PDU A, PDU B; r2, PDU A)",
        ),
        (SourceSpec("s"), [(f"hall/r1/{x}", "") for x in "ABCD"], [], "s (4 PDUs)"),
        (SourceSpec("air"), [], ["hall/r2"], "air (r2)"),
        (SourceSpec("idle"), [], [], "idle"),
    ],
)
def test_the_name_of_a_source_says_which_rack_and_pdus_it_reads(
    source: SourceSpec, pdus: Sequence[tuple[str, str]], probes: Sequence[str], name: str
) -> None:
    assert called(source, pdus, probes) == name
