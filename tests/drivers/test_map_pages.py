"""The pages about maps say what is: the example loads and reads, and no key is left out."""

import re
from dataclasses import replace
from math import isnan
from pathlib import Path

import pytest
from products import PAGE, page

from smartpdu.app.thresholds import RULED
from smartpdu.drivers import maps
from smartpdu.drivers.maps import BOUNDS, DEVICE, FACTS, HEAD, MAPPED, Map
from smartpdu.drivers.reader import TOLD
from smartpdu.drivers.told import UNITS, Oid, first_understood
from smartpdu.model.plant import Kind
from smartpdu.model.snapshot import quantities

HOW_TO = (Path(__file__).parents[2] / "docs" / "how-to" / "map.md").read_text("utf-8")
E = (1, 3, 6, 1, 4, 1, 32473)


@pytest.fixture(scope="module")
def example() -> Map:
    (text,) = re.findall(r"^```toml\n(.*?)^```$", HOW_TO, re.DOTALL | re.MULTILINE)
    return maps.read(text, "map.md", "example")


@pytest.mark.parametrize(
    ("kind", "column", "told", "ours"),
    [
        (Kind.PHASE, "current", {(2, 1): 123}, 12.3),
        (Kind.PHASE, "current", {(2, 1): 65535}, "gap"),
        (Kind.PHASE, "current", {(2, 1): -1}, "gap"),
        (Kind.PHASE, "current", {(2, 1): b"much"}, None),
        (Kind.PHASE, "power_factor", {(2, 2): -946}, 0.946),
        (Kind.PHASE, "voltage", {(2, 3): 2305, (2, 4): 1, (2, 5): 1}, 230.5),
        (Kind.PHASE, "voltage", {(2, 3): 230_500, (2, 4): 2, (2, 5): 0}, 230.5),
        (Kind.PHASE, "voltage", {(2, 3): 2305, (2, 4): 3, (2, 5): 1}, "gap"),
        (Kind.PHASE, "voltage", {(2, 6): 231, (2, 7): 2, (2, 8): b"\x80"}, 231.0),
        (Kind.PHASE, "voltage", {(2, 6): 231, (2, 7): 3, (2, 8): b"\x80"}, "gap"),
        (Kind.PHASE, "voltage", {(2, 6): 231, (2, 7): 2}, None),
        (Kind.OUTLET, "on", {(3, 1): 2}, 1.0),
        (Kind.OUTLET, "on", {(3, 1): 3}, None),
    ],
)
def test_the_example_of_the_page_reads_what_the_page_says(
    example: Map, kind: Kind, column: str, told: dict[Oid, int | bytes], ours: object
) -> None:
    known = {(*E, *place, 7): value for place, value in told.items()}
    tolds, symbol = example.columns[kind][column], quantities(kind)[column].symbol
    found = first_understood(tolds, (7,), known, symbol)
    if ours == "gap":
        assert found is not None
        assert isnan(found)
    else:
        assert found == (None if ours is None else pytest.approx(ours))


def test_the_example_of_the_page_has_every_key(example: Map) -> None:
    text = HOW_TO.split("```toml")[1].split("```")[0]
    keys = set(re.findall(r"(\w+) =", text))
    facts = {fact for told in FACTS.values() for fact in told} - {"position"}  # it has no probes
    plan = {"rows", "addresses", "only", "parent", "name", "note"}
    inner = {"is", "bit", "address", "texts", "value", "on", "off"}
    wanted = set(TOLD) | facts | plan | inner | set(DEVICE) | {"maker", "family", "speaks"}
    assert wanted <= keys
    assert set(HEAD) - {"maker", "family", "speaks"} <= set(
        re.findall(r"^\[(\w+)", text, re.MULTILINE)
    )
    assert set(example.limits[Kind.PHASE]["current"]) == {"high_warning", "high_critical"}


def test_the_page_explains_every_key() -> None:
    prose = "".join(HOW_TO.split("```")[::2])
    explained = set(re.findall(r"`([^`\n]+)`", prose))
    plan = {"rows", "addresses", "only", "parent", "name", "note"}
    facts = {fact for told in FACTS.values() for fact in told}
    assert {*TOLD, *BOUNDS, *plan, *facts, "is", "bit", "texts", "value", "address"} <= explained
    assert set(UNITS) - {"on/off"} <= explained
    for kind in MAPPED:
        assert f"`[{kind.value}]`" in prose


def test_the_page_lists_every_column_with_its_unit() -> None:
    for kind in MAPPED:
        columns = ", ".join(f"{name} {unit.symbol}" for name, unit in quantities(kind).items())
        assert f"| {kind.value} | {columns} |" in HOW_TO


def test_the_page_names_the_thresholds_that_are_taken_over() -> None:
    named = re.findall(r"`(\w+\.\w+)`", HOW_TO.split("## Thresholds")[1])
    assert sorted(named) == sorted(f"{kind.value}.{column}" for kind, column in RULED)


def test_the_list_of_products_is_what_the_maps_say() -> None:
    read = [maps.load(name) for name in maps.names()]
    assert PAGE.read_text("utf-8") == page(read), "make docs writes it anew"
    for map_ in read:
        assert f"| {map_.maker} | {map_.family} | `{map_.name}` |" in page(read)
    fewer = [replace(read[0], columns={**read[0].columns, Kind.PHASE: {}}), *read[1:]]
    assert page(fewer) != page(read)
