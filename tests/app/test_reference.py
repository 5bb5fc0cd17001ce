"""The pages of the site and scenario files are made from the code, and have every key."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from reference import FOLDER, scenario_page, site_page

from smartpdu.app.cli import main
from smartpdu.app.config import SITE, SPECS, demo
from smartpdu.app.limits import LIMIT
from smartpdu.app.scenario import KEYS, ORDER
from smartpdu.drivers import access, adc, board, scene
from smartpdu.drivers.source import SettingsError
from smartpdu.engine.catalogue import RULES
from smartpdu.model.plant import places
from smartpdu.twin.faults import INJECTORS, effects
from smartpdu.twin.faults import Fault as Ill

SITE_PAGE = (FOLDER / "site.md").read_text("utf-8")
SCENARIO_PAGE = (FOLDER / "scenario.md").read_text("utf-8")
EXAMPLE = FOLDER / "example"
ROW = re.compile(r"^\| `(\w+)` \| .+ \| [^|]+ \| (.+) \| (.+) \|$", re.MULTILINE)
Row = tuple[str, str, str, str]  # heading, key, may be, default


@pytest.fixture(autouse=True)
def beside_the_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLE)


def rows(page: str) -> Iterator[Row]:
    """Every key that a page names."""
    for section in page.split("\n## ")[1:]:
        heading = section.split("\n")[0].strip("`")
        for key, may_be, default in ROW.findall(section.split("The rules,")[0]):
            if heading != "Kinds of faults":
                yield heading, key, may_be, default


def named(page: str) -> dict[str, set[str]]:
    """For each heading, its keys."""
    keys: dict[str, set[str]] = {}
    for heading, key, _, _ in rows(page):
        keys.setdefault(heading, set()).add(key)
    return keys


def test_the_pages_are_what_the_code_says() -> None:
    assert site_page() == SITE_PAGE, "make docs writes it anew"
    assert scenario_page() == SCENARIO_PAGE, "make docs writes it anew"


def test_every_key_that_is_accepted_is_named_and_every_key_named_is_accepted() -> None:
    site = {f"[[{table}]]": {f.name for f in fields(spec)} for table, (spec, _) in SPECS.items()}
    site["[[source]]"] |= {"driver", *access.KEYS, *adc.KEYS}
    site["[[source.channel]]"] = set(board.KEYS)
    site |= {"[site]": set(SITE), "[[limit]]": set(LIMIT), "[twin]": set(scene.SECTION)}
    site |= {"[[twin.server]]": set(scene.SERVER), "[[twin.fault]]": set(scene.FAULT)}
    assert named(SITE_PAGE) == site
    played = {"The file": set(KEYS), "[[fault]]": set(scene.FAULT), "[[order]]": set(ORDER)}
    assert named(SCENARIO_PAGE) == played


def test_the_example_has_every_key_and_is_what_the_page_shows() -> None:
    for file, page in (("site.toml", SITE_PAGE), ("scenario.toml", SCENARIO_PAGE)):
        text = (EXAMPLE / file).read_text("utf-8")
        shown = {
            section.split("\n")[0].strip("`"): "".join(
                re.findall(r"^```toml\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
            )
            for section in page.split("\n## ")[1:]
        }
        for heading, key, _, _ in rows(page):
            inner = key in ("server", "fault", "order", "channel")  # tables of their own
            assert inner or re.search(rf"^{key} = ", shown[heading], re.MULTILINE), (heading, key)
        blocks = [block for part in shown.values() for block in part.strip().split("\n\n")]
        told = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip().split("\n\n")
        assert sorted(filter(None, blocks)) == sorted(told)


@pytest.mark.parametrize("inside", [True, False])
def test_the_example_is_well_and_its_scenario_is_found_out_wherever_one_stands(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    inside: bool,
) -> None:
    folder = Path() if inside else EXAMPLE.resolve()
    monkeypatch.chdir(EXAMPLE if inside else tmp_path)
    assert main(["check", "--offline", str(folder / "site.toml")]) == 0
    assert "2 racks, 4 PDUs, 5 outlets, 4 sources: all well" in capsys.readouterr().out
    assert main(["simulate", str(folder / "scenario.toml")]) == 0
    told = capsys.readouterr().out
    assert "2 faults" in told
    assert "NOT FOUND" not in told
    assert "by olga" in told


def test_the_rules_and_kinds_are_all_there() -> None:
    table = SITE_PAGE.split("The rules,")[1].split("\n## ")[0]
    assert re.findall(r"^\| `([\w.]+)`", table, re.MULTILINE) == [rule.key for rule in RULES]
    assert (
        "| `load.circuit` | Circuit load high | circuits | 1 | 0 to 2 | - | - | 0.8 | 1 | 0.02 |"
        in table
    )
    assert list(kinds()) == sorted(INJECTORS)


@pytest.mark.parametrize("name", sorted(INJECTORS))
def test_a_kind_has_a_size_and_a_rate_where_the_page_says_so(name: str) -> None:
    plant, injector = demo().plant, INJECTORS[name]
    path, (_, row) = next(
        (path, at) for path, at in places(plant).items() if at[0] is injector.kind
    )

    def done(size: float, rate: float) -> str:
        return repr(effects(plant, [(Ill(0.0, name, path, size, rate), row)], 30.0))

    size, usual, rate = kinds()[name][-3:]
    assert (done(2.0, 0.0) != done(3.0, 0.0)) is (size != "-")
    assert (done(9.0, 1.0) != done(9.0, 0.0)) is (rate != "-")
    assert usual == ("-" if size == "-" else f"{injector.size:g}")


def kinds() -> dict[str, list[str]]:
    """The rows of the table of kinds, by the name of the kind."""
    table = SCENARIO_PAGE.split("## Kinds of faults")[1]
    cells = [line.strip("| ").split(" | ") for line in table.splitlines() if "| `" in line]
    return {row[0].strip("`"): row for row in cells}


@pytest.mark.parametrize("name", sorted(INJECTORS))
def test_a_kind_takes_the_sizes_and_rates_that_the_page_says_and_no_others(name: str) -> None:
    size, _, rate = kinds()[name][-3:]

    assert refused(name, {}) == ""
    assert refused(name, {"rate": 1.0}) == ("rate" if rate == "-" else "")
    if size == "-":
        assert refused(name, {"size": 1.0}) == "size"
    else:
        least, most = map(float, re.findall(r"[\d.]+", size)[:2])
        assert refused(name, {"size": least}) == ""
        assert refused(name, {"size": most}) == ""
        assert refused(name, {"size": 0.99 * least}) == "size"
        assert refused(name, {"size": 1.01 * most}) == "size"


def refused(kind: str, values: dict[str, float]) -> str:
    """The key of a fault's table that is refused."""
    try:
        scene.fault(1, {"at": 1, "kind": kind, "place": "x", **values})
    except SettingsError as error:
        return error.key.rpartition(".")[2]
    return ""
