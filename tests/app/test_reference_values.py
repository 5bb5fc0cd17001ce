"""What the pages of the site and scenario files say of a key holds: bounds, choices, default."""

import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
from app.test_reference import EXAMPLE, SCENARIO_PAGE, SITE_PAGE, rows

from smartpdu.app.config import SPECS, site_from_text
from smartpdu.app.fault import ConfigError, Fault
from smartpdu.app.scenario import scenario
from smartpdu.app.simulate import begun
from smartpdu.drivers import access, board, scene
from smartpdu.drivers.lines import Lines

ROWS = [("site", *row) for row in rows(SITE_PAGE)] + [("scenario", *r) for r in rows(SCENARIO_PAGE)]


@pytest.fixture(autouse=True)
def beside_the_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLE)


def bounds(may_be: str) -> tuple[list[str], list[str]]:
    """Values that are refused and values that are taken, after what a page says of a number."""
    bad, good = ["true", '"1"', "nan", "inf"], []
    if found := re.search(r"above 0(?:, at most ([\d.]+))?", may_be):
        bad += ["-1", *([] if may_be.startswith("0 or") else ["0"])]
        if found[1]:
            bad, good = [*bad, f"{1.001 * float(found[1])}"], [found[1]]
    if may_be.startswith("0 or"):
        bad, good = [*bad, "-0.001"], [*good, "0"]
    if found := re.search(r"([\d.]+) s or more", may_be):
        bad, good = [*bad, f"{0.99 * float(found[1])}"], [*good, found[1]]
    if found := re.search(r"([\d.]+) to ([\d.]+)$", may_be):
        least, most = map(float, found.groups())
        step = 1 if "whole" in may_be else 0.001 * most
        bad += [f"{least - step:.10g}", f"{most + step:.10g}"]
        good += [*found.groups()]
    if may_be.startswith("0 to its"):
        bad, good = [*bad, "-0.001", "1e9"], [*good, "0"]
    if "whole" in may_be:
        bad, good = [*bad, "-1", "1.5"], [*good, "1"]
    return bad, good


def changed(text: str, heading: str, key: str, value: str) -> tuple[str, int]:
    """A file whose first such key has another value, and the line of that key."""
    blocks = text.split("\n\n")
    for number, block in enumerate(blocks):
        first = next((line for line in block.splitlines() if not line.startswith("#")), "")
        if heading in (first, "The file") and f"\n{key} = " in f"\n{block}":
            blocks[number] = re.sub(rf"(?m)^{key} = .*$", lambda _: f"{key} = {value}", block)
            before = "\n\n".join([*blocks[:number], block.split(f"{key} = ")[0]])
            return "\n\n".join(blocks), before.count("\n") + 1
    raise AssertionError(f"the example has no {heading} {key}")


def faults(file: str, text: str, folder: Path) -> list[Fault]:
    """What is wrong with a file, found as `check` and `simulate` do."""
    try:
        if file == "site":
            site_from_text(text, "site.toml")
        else:
            (folder / "scenario.toml").write_text(text)
            for name in ("site.toml", "power.csv"):
                (folder / name).write_text((EXAMPLE / name).read_text())
            begun(scenario(folder / "scenario.toml"))
    except ConfigError as error:
        return list(error.faults)
    return []


NUMBERS = [row for row in ROWS if re.search(r"^a whole|^a number|\babove\b|^[\d.]+ to ", row[3])]


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: f"{row[1]}-{row[2]}")
def test_a_number_is_refused_beyond_what_the_page_says_and_taken_within(
    row: tuple[str, ...], tmp_path: Path
) -> None:
    file, heading, key, may_be, _ = row
    text = (EXAMPLE / f"{file}.toml").read_text("utf-8")
    bad, good = bounds(may_be)
    if "list" in may_be:
        bad = ["[1]", "[1, 0]", "[2, -1]", "[1, nan]", '"1"', "[0.5, 0.4]", "[0.5, 0.25, 0.25]"]
        good = ["[0.5, 0.5]"]
    for value in bad:
        wrong, line = changed(text, heading, key, value)
        found = faults(file, wrong, tmp_path)
        assert any(fault.line == line for fault in found), (value, found)
    for value in good:
        found = faults(file, changed(text, heading, key, value)[0], tmp_path)
        own = [fault for fault in found if fault.where.endswith(f".{key}")]
        if key in NUMBERS_OF_PLACES:  # it may disagree with numbers of other rows
            own = [fault for fault in own if fault.expected in may_be]
        assert not own, value


NUMBERS_OF_PLACES = {f.name for spec, _ in SPECS.values() for f in fields(spec)}


def test_enough_numbers_are_looked_at() -> None:
    assert len(NUMBERS) == 39


CHOICES = [row for row in ROWS if re.match(r'`"\w+"`(,| or)', row[3])]


@pytest.mark.parametrize("row", CHOICES, ids=lambda row: f"{row[1]}-{row[2]}")
def test_of_a_choice_all_is_taken_that_the_page_names_and_nothing_else(
    row: tuple[str, ...], tmp_path: Path
) -> None:
    file, heading, key, may_be, _ = row
    text = (EXAMPLE / f"{file}.toml").read_text("utf-8")
    for name in re.findall(r'"(\w+)"', may_be):
        found = faults(file, changed(text, heading, key, f'"{name}"')[0], tmp_path)
        assert not [fault for fault in found if fault.where.endswith(f".{key}")], name
    wrong, line = changed(text, heading, key, '"of no kind"')
    assert any(fault.line == line for fault in faults(file, wrong, tmp_path))


def without(text: str, heading: str, key: str) -> str:
    """A site in which the first table of that heading does not have that key."""
    before, after = text.split(f"{heading}\n", 1)
    own, *others = after.split("\n\n")
    own = re.sub(rf"(?m)^{key} = .*\n?", "", own)
    return f"{before}{heading}\n" + "\n\n".join([own, *others])


def meant(text: str) -> str:
    """All that a site means, whatever its lines are."""
    site = site_from_text(text, "site.toml")
    section = site.sections["twin"]
    twin = (
        scene.seed(section),
        scene.sampled(section),
        scene.servers(section, site.plant),
        scene.faults(section, site.plant),
    )
    settings = [access.access(s.settings) for s in site.sources if s.driver == "snmp"]
    settings += [board.channels(s.settings) for s in site.sources if s.driver == "adc"]
    return repr((replace(site, lines=Lines(), sections={}, sources=()), twin, settings))


def said(text: str, heading: str, key: str, value: str) -> str:
    """A site in which the first table of that heading has that key too."""
    return text.replace(f"{heading}\n", f"{heading}\n{key} = {value}\n", 1)


DEFAULTS = [r for r in ROWS if r[0] == "site" and re.match(r'`[\w."]+`(:|$)|[\d.]+$', r[4])]


@pytest.mark.parametrize("row", DEFAULTS, ids=lambda row: f"{row[1]}-{row[2]}")
def test_a_key_left_out_is_what_the_page_says(row: tuple[str, ...]) -> None:
    _, heading, key, _, default = row
    value = default.split(":")[0].strip("`")
    if value.isdigit() and key not in ("line", "retries", "seed"):
        value += ".0"
    left = without((EXAMPLE / "site.toml").read_text("utf-8"), heading, key)
    assert meant(said(left, heading, key, value)) == meant(left)
    assert meant(said(left, heading, key, another(key, value))) != meant(left)


OTHERS = {"rated_power": "3000", "delay": "1e-4"}  # numbers that are good too


def another(key: str, value: str) -> str:
    """A value of that key that is good too."""
    texts = {"language": '"de"', "connector": '"C19"', "kind": '"standby"', "mode": '"hot_spare"'}
    if value in ("true", "false"):
        return "false" if value == "true" else "true"
    if value[0] == '"':
        return texts.get(key, '"another"')
    if key in OTHERS:
        return OTHERS[key]
    return "1" if value == "0" else str(int(value) + 1) if value.isdigit() else f"{value}1"


def test_enough_defaults_are_looked_at() -> None:
    assert len(DEFAULTS) >= 15
