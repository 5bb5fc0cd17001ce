"""From what a device told to a site file: nothing is lost or doubled, a guess has its note."""

from collections.abc import Mapping
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from smartpdu.app.config import Site, site_from_text
from smartpdu.app.discover import Wish, written
from smartpdu.app.wire import sources, world
from smartpdu.drivers import maps
from smartpdu.drivers.maps import FACTS, MAPPED, load
from smartpdu.drivers.snmp import UNREAD
from smartpdu.drivers.survey import Row, Survey
from smartpdu.drivers.told import Oid, words
from smartpdu.engine.house import house
from smartpdu.model.plant import Kind
from smartpdu.model.rule import BOUNDS
from smartpdu.model.snapshot import quantities

PRODUCTS = Path(maps.__file__).parent / "products"
WISH = Wish({"address": "192.0.2.1", "community": "public"}, None, "rack1", "A")
EATON = load("eaton_epdu")
NOW = {Kind.FEED: "active_power", Kind.PHASE: "current", Kind.CIRCUIT: "current"} | {
    Kind.OUTLET: "current",
    Kind.PROBE: "temperature",
    Kind.DOOR: "open",
}


def row(kind: Kind, *address: int, parent: Oid | None = None, **facts: Any) -> Row:
    """A row that tells one reading."""
    now = {} if kind is Kind.PDU else {NOW[kind]: 1.0}
    return Row(address, parent, "", facts, {}, now)


def rows(kind: Kind, *made: Row) -> dict[Kind, tuple[Row, ...]]:
    return {kind: made}


def outlets(*parents: Oid | None, **facts: Any) -> dict[Kind, tuple[Row, ...]]:
    """Outlets with these parents; their numbers count from 1."""
    made = [row(Kind.OUTLET, n, parent=parent, **facts) for n, parent in enumerate(parents, 1)]
    return {Kind.OUTLET: tuple(made)}


def text_of(found: Mapping[Kind, tuple[Row, ...]], **about: str) -> str:
    return written(Survey(EATON, {"model": "M", **about}, found), WISH)


def site_of(found: Mapping[Kind, tuple[Row, ...]]) -> Site:
    return site_from_text(text_of(found), "found.toml")


def notes_of(found: Mapping[Kind, tuple[Row, ...]], path: str) -> list[str]:
    """The notes above the table of a path."""
    lines = text_of(found).splitlines()
    start = lines.index(f'path = "{path}"') - 1
    first = start
    while lines[first - 1].startswith("# "):
        first -= 1
    return lines[first:start]


def test_of_a_device_that_tells_nothing_a_whole_site_is_made() -> None:
    plant = site_of({}).plant
    assert (plant.pdus.path, plant.feeds.path) == (("rack1/A",), ("rack1/A/feed",))
    assert (plant.phases.path, plant.circuits.path) == (("rack1/A/L1",), ("rack1/A/circuit/1",))
    assert len(plant.outlets) == 0
    assert {plant.feeds.address[0], plant.phases.address[0], plant.circuits.address[0]} == {UNREAD}
    assert (plant.phases.rated_current[0], plant.phases.nominal_voltage[0]) == (16, 230)
    assert plant.feeds.rated_power[0] == 16 * 230


def test_three_lines_of_a_feed_are_three_phases_with_a_breaker_each() -> None:
    found = rows(Kind.FEED, row(Kind.FEED, 1, lines=3.0, rated_current=32.0)) | outlets(None, None)
    plant = site_of(found).plant
    assert plant.phases.path == ("rack1/A/L1", "rack1/A/L2", "rack1/A/L3")
    assert plant.phases.line.tolist() == [0, 1, 2]
    assert plant.phases.address == (UNREAD,) * 3
    assert plant.circuits.phase.tolist() == [0, 1, 2]
    assert plant.feeds.rated_power[0] == 3 * 32 * 230
    assert plant.feeds.address == ("1",)
    assert plant.outlets.circuit.tolist() == [0, 0]
    note = "# the device does not tell its circuit: put in the right one"
    assert notes_of(found, "rack1/A/outlet/2") == [note]


def test_phases_that_the_device_tells_keep_their_lines_and_addresses() -> None:
    told = [row(Kind.PHASE, 1, n, parent=(1,), line=float(4 - n)) for n in (1, 2, 3)]
    plant = site_of(rows(Kind.FEED, row(Kind.FEED, 1)) | rows(Kind.PHASE, *told)).plant
    assert plant.phases.path == ("rack1/A/L3", "rack1/A/L2", "rack1/A/L1")
    assert plant.phases.line.tolist() == [2, 1, 0]
    assert plant.phases.address == ("1.1", "1.2", "1.3")


def test_lines_told_twice_or_not_or_that_make_no_sense_become_lines_of_their_own() -> None:
    lines = (1.0, 1.0, None, 7.0, None)
    told = [row(Kind.PHASE, n, line=line) for n, line in enumerate(lines, 1)]
    found = rows(Kind.PHASE, *told)
    plant = site_of(found).plant
    assert plant.phases.path == tuple(
        f"rack1/A/{end}" for end in ("L1", "L2", "L3", "feed-2/L1", "feed-2/L2")
    )
    assert plant.phases.line.tolist() == [0, 1, 2, 0, 1]
    assert plant.phases.address == ("1", "2", "3", "4", "5")
    assert plant.feeds.path == ("rack1/A/feed", "rack1/A/feed-2")
    assert plant.feeds.label == ("A", "A")
    assert plant.feeds.address == (UNREAD, UNREAD)
    note = "# the device does not tell its line: put in 1, 2 or 3"
    assert note in notes_of(found, "rack1/A/feed-2/L1")
    assert note not in notes_of(found, "rack1/A/L3")
    twice = "# the device tells line 1, as of another phase: put in the right one"
    assert twice in notes_of(found, "rack1/A/L2")
    more = "# the device tells more than 3 phases of rack1/A/feed: look at the wiring"
    assert notes_of(found, "rack1/A/feed-2") == [more]
    assert len(site_of(rows(Kind.FEED, row(Kind.FEED, 1, lines=9.0))).plant.phases) == 3


def test_two_pdus_behind_an_address_have_all_of_their_own() -> None:
    found = rows(Kind.PDU, row(Kind.PDU, 1), row(Kind.PDU, 2))
    found |= rows(Kind.FEED, *(row(Kind.FEED, n, 1, parent=(n,)) for n in (1, 2)))
    found |= rows(Kind.PHASE, *(row(Kind.PHASE, n, 1, 1, parent=(n, 1)) for n in (1, 2)))
    found |= rows(Kind.CIRCUIT, *(row(Kind.CIRCUIT, n, 5, parent=(n, 1, 1)) for n in (1, 2)))
    found |= outlets((2, 5), (1, 5), (2, 5))
    plant = site_of(found).plant
    assert plant.pdus.path == ("rack1/A1", "rack1/A2")
    assert plant.feeds.path == ("rack1/A1/feed", "rack1/A2/feed")
    assert plant.feeds.label == ("A", "B")
    assert plant.phases.path == ("rack1/A1/L1", "rack1/A2/L1")
    assert plant.circuits.path == ("rack1/A1/circuit/1", "rack1/A2/circuit/1")
    assert plant.outlets.path == ("rack1/A2/outlet/1", "rack1/A1/outlet/1", "rack1/A2/outlet/2")
    assert plant.outlets.pdu.tolist() == [1, 0, 1]
    assert len(set(plant.pdus.source.tolist())) == 1
    assert "does not tell" not in "".join(notes_of(found, "rack1/A2/circuit/1")[:-1])


def test_pdus_that_tell_no_feeds_get_one_each_that_holds_their_phases() -> None:
    found = rows(Kind.PDU, row(Kind.PDU, 1), row(Kind.PDU, 2))
    found |= rows(Kind.PHASE, *(row(Kind.PHASE, n, parent=(n, 1)) for n in (2, 1)))
    plant = site_of(found).plant
    assert plant.feeds.path == ("rack1/A1/feed", "rack1/A2/feed")
    assert dict(zip(plant.phases.address, plant.phases.path, strict=True)) == {
        "1": "rack1/A1/L1",
        "2": "rack1/A2/L1",
    }


def test_two_feeds_of_one_pdu_are_numbered_and_its_outlets_count_through() -> None:
    found = rows(Kind.FEED, row(Kind.FEED, 1), row(Kind.FEED, 2))
    found |= rows(Kind.PHASE, *(row(Kind.PHASE, n, parent=(n,)) for n in (1, 2)))
    found |= outlets((1,), (2,))
    plant = site_of(found).plant
    assert plant.feeds.path == ("rack1/A/feed/1", "rack1/A/feed/2")
    assert plant.phases.path == ("rack1/A/feed/1/L1", "rack1/A/feed/2/L1")
    assert plant.outlets.path == ("rack1/A/outlet/1", "rack1/A/outlet/2")
    assert plant.outlets.phase.tolist() == [0, 1]


def test_outlets_that_point_at_phases_stand_behind_a_breaker_that_is_not_read() -> None:
    found = rows(Kind.PHASE, *(row(Kind.PHASE, 1, n, line=float(n)) for n in (1, 2, 3)))
    found |= outlets((1, 3), (1, 1), (1, 3))
    plant = site_of(found).plant
    assert plant.circuits.phase.tolist() == [0, 2]
    assert plant.circuits.address == (UNREAD, UNREAD)
    assert plant.outlets.phase.tolist() == [2, 0, 2]
    assert not notes_of(found, "rack1/A/outlet/1")


def test_outlets_that_point_at_breakers_which_are_not_told_keep_together() -> None:
    found = rows(Kind.PHASE, row(Kind.PHASE, 1), row(Kind.PHASE, 2))
    found |= rows(Kind.CIRCUIT, row(Kind.CIRCUIT, 1, parent=(2,), rated_current=10.0))
    found |= outlets((1,), (9,), (9,), (8,))
    plant = site_of(found).plant
    assert plant.circuits.address == ("1", UNREAD, UNREAD)
    assert plant.circuits.rated_current.tolist() == [10, 16, 16]
    assert plant.circuits.phase.tolist() == [1, 0, 0]
    assert plant.outlets.circuit.tolist() == [0, 2, 2, 1]
    assert notes_of(found, "rack1/A/circuit/2") == [
        "# the device does not tell its phase: put in the right one",
        "# the device does not tell its rating: this is the rating of its phase",
    ]


def test_a_parent_that_stands_nowhere_is_a_guess_with_a_note() -> None:
    found = rows(Kind.FEED, row(Kind.FEED, 1), row(Kind.FEED, 2))
    found |= rows(Kind.PHASE, row(Kind.PHASE, 1, parent=(7,)), row(Kind.PHASE, 2, parent=(2,)))
    plant = site_of(found).plant
    assert plant.phases.feed.tolist() == [0, 1]
    note = "its feed is told as 7, which the device does not have: put in the right one"
    assert f"# {note}" in notes_of(found, plant.phases.path[0])
    assert "its feed" not in "".join(notes_of(found, plant.phases.path[1]))


def test_a_parent_that_the_device_does_not_have_is_told_also_where_only_one_can_be_meant() -> None:
    found = rows(Kind.FEED, row(Kind.FEED, 1)) | rows(Kind.PHASE, row(Kind.PHASE, 1, parent=(7,)))
    note = "# its feed is told as 7, which the device does not have: put in the right one"
    assert note in notes_of(found, "rack1/A/L1")
    right = rows(Kind.FEED, row(Kind.FEED, 7)) | rows(Kind.PHASE, row(Kind.PHASE, 1, parent=(7,)))
    assert note not in notes_of(right, "rack1/A/L1")


def test_a_row_of_which_nothing_is_told_is_not_read_and_its_note_says_so() -> None:
    silent = Row((3,), (1,), "", {}, {})
    found = rows(Kind.PHASE, row(Kind.PHASE, 1)) | rows(Kind.CIRCUIT, silent)
    found |= rows(Kind.PROBE, Row((8,), None, "", {}, {}))
    plant = site_of(found).plant
    assert (plant.circuits.address, plant.probes.address) == ((UNREAD,), (UNREAD,))
    note = "# the device tells nothing of its {} {} that the map reads: it is not read"
    assert note.format("circuit", 3) in notes_of(found, "rack1/A/circuit/1")
    assert note.format("probe", 8) in notes_of(found, "rack1/probe/A-1")
    assert "it is not read" not in "".join(notes_of(found, "rack1/A/L1"))


@pytest.mark.parametrize(
    ("facts", "measured", "volts", "noted"),
    [
        ({}, {}, 230, "this is the usual one"),
        ({}, {"voltage": nan}, 230, "this is the usual one"),
        ({}, {"voltage": 0.0}, 230, "this is the usual one"),
        ({}, {"voltage": 121.4}, 120, "the nearest to the measured 121.4 V"),
        ({"nominal_voltage": 207.0}, {"voltage": 121.4}, 208, ""),
        ({"nominal_voltage": 400.0}, {}, 230, "tells 400 V, between lines"),
        ({"nominal_voltage": 415.0}, {}, 240, "tells 415 V, between lines"),
    ],
)
def test_a_nominal_voltage_is_told_or_the_nearest_usual_one(
    facts: dict[str, float], measured: dict[str, float], volts: float, noted: str
) -> None:
    measured = {"current": 1.0, **measured}
    found = rows(Kind.PHASE, Row((1,), None, "", {"rated_current": 16.0, **facts}, {}, measured))
    assert site_of(found).plant.phases.nominal_voltage[0] == volts
    notes = notes_of(found, "rack1/A/L1")
    assert len(notes) == bool(noted)
    assert noted in "".join(notes)


def test_a_rating_of_milliamperes_is_none() -> None:
    found = rows(Kind.PHASE, row(Kind.PHASE, 1, rated_current=0.004, nominal_voltage=230.0))
    plant = site_of(found).plant
    assert (plant.phases.rated_current[0], plant.feeds.rated_power[0]) == (16, 16 * 230)
    assert any("does not tell its rated current" in each for each in notes_of(found, "rack1/A/L1"))


def test_ratings_that_cannot_be_are_left_out_with_a_note() -> None:
    found = rows(Kind.FEED, row(Kind.FEED, 1, rated_power=22.0))
    found |= rows(Kind.PHASE, row(Kind.PHASE, 1, rated_current=32.0, nominal_voltage=230.0))
    found |= rows(Kind.CIRCUIT, row(Kind.CIRCUIT, 1, rated_current=160.0))
    found |= outlets((1,), rated_current=1e30, connector="C99")
    plant = site_of(found).plant
    assert plant.feeds.rated_power[0] == 32 * 230
    assert plant.circuits.rated_current[0] == 32
    assert (plant.outlets.rated_current[0], plant.outlets.connector[0]) == (32, "C13")
    for path, note in (
        ("rack1/A/feed", "tells 22 VA, which does not go with its phases: this is what they carry"),
        ("rack1/A/circuit/1", "tells 160 A, more than its phase has: look at the plates"),
        ("rack1/A/outlet/1", "tells 1e+30 A as rated_current: left out"),
        ("rack1/A/outlet/1", "tells of a socket C99: put in what it has"),
    ):
        assert f"# the device {note}" in notes_of(found, path)


@pytest.mark.parametrize(
    ("facts", "amperes", "connector"),
    [
        ({}, 16, "C13"),  # the rating of its circuit, and the usual connector
        ({"connector": "IEC 60320 C19"}, 16, "C19"),
        ({"connector": "C13"}, 10, "C13"),
        ({"connector": "Schuko"}, 16, "Schuko"),
        ({"connector": "C13", "rated_current": 12.0}, 12, "C13"),
    ],
)
def test_the_rating_of_an_outlet_is_told_or_that_of_its_connector_or_its_circuit(
    facts: dict[str, Any], amperes: float, connector: str
) -> None:
    plant = site_of(outlets(None, **facts)).plant
    assert (plant.outlets.rated_current[0], plant.outlets.connector[0]) == (amperes, connector)


@pytest.mark.parametrize(
    ("facts", "measured", "switchable", "metered"),
    [
        ({}, {"on": 1.0, "current": 0.0}, True, True),
        ({}, {"on": nan, "current": nan}, True, True),
        ({}, {"on": 1.0}, True, False),
        ({}, {"current": 0.0}, False, True),
        ({"switchable": None, "metered": None}, {"on": 1.0, "current": 0.0}, True, True),
        ({"switchable": False, "metered": False}, {"on": 1.0, "current": 0.0}, False, False),
        ({"switchable": True, "metered": True}, {}, False, False),
    ],
)
def test_an_outlet_switches_and_measures_what_the_device_shows(
    facts: dict[str, Any], measured: dict[str, float], switchable: bool, metered: bool
) -> None:
    found = rows(Kind.OUTLET, Row((1,), None, "", facts, {}, measured, 0.1))
    plant = site_of(found).plant
    assert (plant.outlets.switchable[0], plant.outlets.metered[0]) == (switchable, metered)
    assert plant.outlets.resolution[0] == 0.1


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (b'rack "7" \\ left', 'rack "7" \\ left'),
        ("Büro „Süd“ 机".encode(), "Büro „Süd“ 机"),
        ("Gr\xf6\xdfe".encode("latin-1"), "Größe"),
        (b"a\nb\x07\x7f\x1b#[x]", "ab#[x]"),
        (b"'''\"\"\"", "'''\"\"\""),
    ],
)
def test_a_name_survives_as_it_is_told(told: bytes, name: str) -> None:
    named = {
        kind: (Row((1,), None, words(told), {}, {}, {"current": 1.0}),)
        for kind in (Kind.PDU, *MAPPED)
    }
    about = {"model": words(told), "serial": words(told), "description": words(told)}
    site = site_from_text(text_of(named, **about), "found.toml")
    for kind in (Kind.PDU, *MAPPED):
        assert site.plant.table(kind).name == (name,)
    assert site.plant.sources.name == (f"{name} (rack1, PDU A)",)
    assert site.sources[0].settings["serial"] == name


def test_probes_and_doors_stand_in_the_rack_with_what_is_told_of_them() -> None:
    found = rows(Kind.PROBE, row(Kind.PROBE, 1, 1, position="top"), Row((1, 2), None, "", {}, {}))
    found |= rows(Kind.DOOR, row(Kind.DOOR, 3))
    plant = site_of(found).plant
    assert plant.probes.path == ("rack1/probe/A-1", "rack1/probe/A-2")
    assert plant.probes.position == ("top", "")
    assert plant.probes.address == ("1.1", UNREAD)
    assert (plant.doors.path, plant.doors.address) == (("rack1/door/A-1",), ("3",))


@pytest.mark.parametrize(
    ("told", "measured", "nominal", "noted"),
    [
        (None, 59.9, 60.0, True),
        (None, 50.1, 50.0, False),
        (None, nan, 50.0, False),
        (60.0, 50.0, 60.0, False),
    ],
)
def test_a_nominal_frequency_is_told_or_the_one_that_is_measured(
    told: float | None, measured: float, nominal: float, noted: bool
) -> None:
    facts = {} if told is None else {"nominal_frequency": told}
    feed = replace(row(Kind.FEED, 1, **facts), measured={"frequency": measured})
    found = {Kind.FEED: (feed,)}
    assert site_of(found).plant.feeds.nominal_frequency[0] == nominal
    assert any("frequency" in note for note in notes_of(found, "rack1/A/feed")) is noted


def test_a_note_of_the_map_stands_above_each_feed() -> None:
    survey = Survey(load("servertech_sentry3"), {}, rows(Kind.FEED, row(Kind.FEED, 1)))
    lines = written(survey, WISH).splitlines()
    above = lines[lines.index('path = "rack1/A/feed"') - 2]
    assert above.startswith("# infeeds are taken as the lines of one inlet")


def test_a_site_found_by_a_map_of_ones_own_names_its_file(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text((PRODUCTS / "eaton_epdu.toml").read_text("utf-8"), encoding="utf-8")
    text = written(Survey(load(str(file)), {}, outlets(None)), WISH)
    assert site_from_text(text, "found.toml").sources[0].settings["map"] == str(file)


addresses = some.lists(some.integers(0, 3), min_size=1, max_size=3).map(tuple)
positive = some.floats(1e-3, 1e9)
text = some.text(max_size=6).map(lambda made: words(made.encode("utf-8", "ignore")))
TYPES: dict[str, some.SearchStrategy[Any]] = {
    "line": some.integers(1, 7).map(float),
    "lines": some.integers(1, 9).map(float),
    "connector": text.filter(bool) | some.sampled_from(["C13", "IEC 60320 C19"]),
    "position": text.filter(bool),
    "switchable": some.booleans(),
    "metered": some.booleans(),
}


def some_facts(kind: Kind) -> some.SearchStrategy[dict[str, Any]]:
    told = {key: some.none() | TYPES.get(key, positive) for key in FACTS[kind]}
    return some.fixed_dictionaries({}, optional=told)


def some_limits(kind: Kind) -> some.SearchStrategy[dict[str, Any]]:
    value = some.floats(-1e6, 1e6).filter(bool) | some.floats(0.01, 2)
    share = some.booleans() if kind in (Kind.PHASE, Kind.CIRCUIT, Kind.OUTLET) else some.just(False)
    bounds = some.dictionaries(some.sampled_from(BOUNDS), some.tuples(value, share))
    columns = [c for c in quantities(kind) if c not in ("on", "closed", "open")]
    return (
        some.dictionaries(some.sampled_from(columns), bounds, max_size=3)
        if columns
        else (some.just({}))
    )


def some_rows(kind: Kind) -> some.SearchStrategy[tuple[Row, ...]]:
    columns = some.sampled_from(list(quantities(kind))) if quantities(kind) else some.nothing()
    reading = some.floats(-1e6, 1e6) | some.just(nan)
    one = some.builds(
        Row,
        addresses,
        some.none() | addresses,
        text,
        some_facts(kind),
        some_limits(kind),
        some.dictionaries(columns, reading, max_size=4) if quantities(kind) else some.just({}),
        some.none() | some.floats(1e-6, 10),
    )
    return some.lists(one, max_size=4, unique_by=lambda made: made.address).map(tuple)


surveys = some.builds(
    Survey,
    some.sampled_from([EATON, load("vertiv_mph2")]),
    some.dictionaries(some.sampled_from(["model", "serial", "name", "description"]), text),
    some.fixed_dictionaries({}, optional={kind: some_rows(kind) for kind in (Kind.PDU, *MAPPED)}),
)


@given(surveys)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_a_device_tells_becomes_a_site_that_can_run(survey: Survey) -> None:
    site = site_from_text(written(survey, WISH), "found.toml")
    sources(site, world())  # the driver takes all addresses
    house(site.plant, site.overrides)
    for kind in set(survey.rows) - {Kind.PDU}:
        table = site.plant.table(kind)
        told = [one for one in survey.rows[kind] if one.measured]
        read = [".".join(map(str, one.address)) for one in told]
        assert sorted(place for place in table.address if place != UNREAD) == sorted(read)
        assert len(table) >= len(survey.rows[kind])
        for one, place in zip(told, read, strict=True):
            at = table.address.index(place)
            assert table.name[at] == (one.name or table.path[at].rsplit("/", 1)[-1])


@given(surveys)
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
def test_ratings_and_bounds_of_a_found_site_have_sense(survey: Survey) -> None:
    site = site_from_text(written(survey, WISH), "found.toml")
    for rule in house(site.plant, site.overrides).rules:
        bounds = [getattr(rule.limits, bound) for bound in BOUNDS]
        made = [np.asarray(bound) for bound in bounds if bound is not None]
        for number, low in enumerate(made):
            assert not any(np.any(low > high) for high in made[number + 1 :])
    assert (site.plant.feeds.rated_power >= 1).all()
    assert (site.plant.phases.nominal_voltage <= 277).all()


@pytest.mark.parametrize(
    ("pdu", "feeds", "labels", "noted"),
    [
        ("A", 1, ("A",), ""),
        ("B", 1, ("B",), ""),
        ("left", 1, ("left",), "# label: 'left' as its PDU is called; feeds of one supply path"),
        ("A", 2, ("A", "B"), "# label: a guess, the device does not tell its supply path"),
        ("left", 2, ("A", "B"), "# label: a guess, the device does not tell its supply path"),
    ],
)
def test_a_label_is_what_somebody_said_or_a_note_says_so(
    pdu: str, feeds: int, labels: tuple[str, ...], noted: str
) -> None:
    found = rows(Kind.FEED, *(row(Kind.FEED, n) for n in range(1, feeds + 1)))
    text = written(Survey(EATON, {}, found), Wish(WISH.settings, None, "rack1", pdu))
    assert site_from_text(text, "found.toml").plant.feeds.label == labels
    assert text.count("# label: ") == (feeds if noted else 0)
    assert noted in text
