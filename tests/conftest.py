"""What all tests share: recorded data, programs of the machine, depth, and requirement marks."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("SMARTPDU_TEST_DATA", ROOT / ".." / "shared" / "data")).resolve()
STRICT = os.environ.get("CI") == "true"
REQUIREMENT = re.compile(r"R-\d+(\.\d+)?-\d+")
SKIPPED = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SKIPPED] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for mark in item.iter_markers("requirement"):
            if not mark.args or not all(REQUIREMENT.fullmatch(name) for name in mark.args):
                raise pytest.UsageError(f"{item.nodeid}: found {mark.args}, expected R-chapter-n")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.config.stash[SKIPPED]
    if skipped:
        terminalreporter.write_line(f"{len(skipped)} data tests skipped: no folder {DATA}")


@pytest.fixture
def data(request: pytest.FixtureRequest) -> Path:
    """The folder of recorded data; a test that needs it is skipped where it is absent."""
    if not DATA.is_dir():
        request.config.stash[SKIPPED].append(request.node.nodeid)
        pytest.skip(f"no recorded data at {DATA}; SMARTPDU_TEST_DATA names another folder")
    return DATA


@pytest.fixture
def need_program() -> Callable[[str], str]:
    """Asks for a program of the machine: without it a test is skipped, and under CI it fails."""

    def need(name: str) -> str:
        found = shutil.which(name)
        if found is None:
            words = f"the program {name} is not installed"
            pytest.fail(words) if STRICT else pytest.skip(words)
        return str(found)

    return need


@pytest.fixture
def full() -> bool:
    """Whether the full counts shall run (`make prove`) and not the short ones."""
    return os.environ.get("SMARTPDU_DEPTH") == "full"
