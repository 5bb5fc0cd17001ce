"""The pages that people read first: links lead somewhere, and their commands are those we have."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from smartpdu.app.cli import _parser, data_directory
from smartpdu.app.config import SPECS
from smartpdu.model.alarm import Standing
from smartpdu.model.command import CommandState
from smartpdu.model.plant import Kind
from smartpdu.model.request import Role
from smartpdu.model.rule import Level
from smartpdu.model.snapshot import quantities
from smartpdu.runtime.desk import LINK, SESSION

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "smartpdu"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text("utf-8")


def commands() -> Iterator[list[str]]:
    """Every `smartpdu` that the README tells to type."""
    typed = re.findall(r"`smartpdu ([^`]+)`", README)
    typed += re.findall(
        r"^(?:\w+=\$\()?\.venv/bin/smartpdu ([^#\n]+?)\)?\s*(?:#.*)?$", README, re.MULTILINE
    )
    for words in typed:
        yield words.partition(" > ")[0].split()


def test_there_are_pages_to_look_at() -> None:
    assert len(PAGES) >= 17
    assert len(list(commands())) >= 9


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_something(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
    for target, part in re.findall(r"\]\(([^)#\s]*)#([^)]+)\)", text):
        read = (page.parent / target).read_text("utf-8") if target else text
        headings = re.findall(r"^#+ (.+)$", read, re.MULTILINE)
        assert part in {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "README.md", "docs/tour.md"])
def test_every_file_that_is_named_exists(name: str) -> None:
    """As a path from the root, or from the package, or the one of its folder that stands before."""
    for path in re.findall(r"`((?:[\w-]+/)*[\w-]+\.(?:py|toml|md))`", (ROOT / name).read_text()):
        places = [ROOT, ROOT / "src" / "smartpdu", ROOT / "tests"]
        found = any((place / path).exists() for place in places)
        assert found or list((ROOT / "src").rglob(path)) or path == "site.toml", path


def test_the_tour_shows_code_that_is_there() -> None:
    tour = (ROOT / "docs" / "tour.md").read_text("utf-8")
    (map_,) = re.findall(r"^```toml\n(.*?)^```$", tour, re.DOTALL | re.MULTILINE)
    heading, line = map_.splitlines()
    maps = [path.read_text("utf-8") for path in (SOURCE / "drivers" / "products").glob("*.toml")]
    assert any(line in text.partition(heading)[2].splitlines() for text in maps)
    (rule,) = re.findall(r"^```python\n(.*?)^```$", tour, re.DOTALL | re.MULTILINE)
    function, _, rules = rule.partition("\n\n\n")
    load = (SOURCE / "power" / "load.py").read_text("utf-8")
    assert function in load
    assert rules.partition("(R")[2].strip(",)\n") in load


def test_the_vocabulary_has_every_place_quantity_and_state() -> None:
    told = (ROOT / "docs" / "vocabulary.md").read_text("utf-8")
    words = set(re.findall(r"\w+", told))
    known = {*SPECS, *Standing, *CommandState, *Role, *(level.name.lower() for level in Level)}
    known |= {quantity for kind in Kind for quantity in quantities(kind)}
    assert known - {"unrecorded"} <= words  # of the house itself, and shown as an alarm only


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_of_the_readme_is_one(words: list[str]) -> None:
    if words[0] != "COMMAND":
        _parser().parse_args(words)  # ends the test where it is none


def test_the_readme_tells_where_the_memory_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/h")
    monkeypatch.delenv("SMARTPDU_DATA", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert f"`~{str(data_directory(None)).removeprefix('/h')}`" in README
    monkeypatch.setenv("XDG_STATE_HOME", "$XDG_STATE_HOME")
    assert f"`{data_directory(None)}`" in README
    monkeypatch.setenv("SMARTPDU_DATA", "$SMARTPDU_DATA")
    assert f"`{data_directory(None)}`" in README


def test_the_readme_tells_how_long_a_link_and_a_browser_last() -> None:
    assert f"within {timedelta(seconds=LINK) // timedelta(minutes=1)} minutes" in README
    assert f"for {timedelta(seconds=SESSION) // timedelta(hours=1)} hours" in README
