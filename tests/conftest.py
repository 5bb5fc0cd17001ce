"""What all tests share: recorded data, programs of the machine, depth, and requirement marks."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from tracing import marks, requirements

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("SMARTPDU_TEST_DATA", ROOT / ".." / "shared" / "data")).resolve()
STRICT = os.environ.get("CI") == "true"
FULL = os.environ.get("SMARTPDU_DEPTH") == "full"
settings.register_profile("results", deadline=None)  # tests ask for results, never for wall time
settings.load_profile("results")
ABSENT = f"no recorded data at {DATA}; SMARTPDU_TEST_DATA names another folder"
FIGURE = "figure"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    known = {requirement.id for requirement in requirements()}
    for item in items:
        for mark in item.iter_markers("requirement"):
            _judge(item, mark, known)
        if not FULL and item.get_closest_marker("prove"):
            item.add_marker(pytest.mark.skip(reason="full counts only: make prove"))


def _judge(item: pytest.Item, mark: pytest.Mark, known: set[str]) -> None:
    """Refuse a mark of which docs/whitepaper.md could not tell."""
    if not mark.args:
        raise pytest.UsageError(f"{item.nodeid}: its requirement mark names no requirement")
    for name in mark.args:
        if name not in known:
            raise pytest.UsageError(
                f"{item.nodeid}: found {name!r}, which is no requirement of docs/requirements.tsv"
            )
    test = getattr(item, "originalname", item.name)
    if not all((name, test) in marks(item.path) for name in mark.args):
        raise pytest.UsageError(
            f"{item.nodeid}: found a mark for {mark.args} that is not written as a decorator "
            "of the test itself"
        )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell figures and skipped data tests from the reports, whichever process ran them."""
    reports = [r for all_ in terminalreporter.stats.values() for r in all_]
    reports = [r for r in reports if isinstance(r, pytest.TestReport) and r.when != "teardown"]
    for report in reports:
        for name, line in report.user_properties:
            if name == FIGURE:
                terminalreporter.write_line(str(line))
    skipped = sum(ABSENT in str(r.longrepr) for r in reports if r.skipped)
    if skipped:
        terminalreporter.write_line(f"{skipped} data tests skipped: no folder {DATA}")


@pytest.fixture
def data() -> Path:
    """The folder of recorded data; a test that needs it is skipped where it is absent."""
    if not DATA.is_dir():
        pytest.skip(ABSENT)
    return DATA


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Takes a line for the record: a figure that was found, told at the end of the run."""
    name = request.node.originalname

    def tell(line: str) -> None:
        request.node.user_properties.append((FIGURE, f"{name}: {line}"))

    return tell


@pytest.fixture(scope="session")
def need_program() -> Callable[[str], str]:
    """Asks for a program of the machine: without it a test is skipped, and under CI it fails."""

    def need(name: str) -> str:
        found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if found is None:
            words = f"the program {name} is not installed"
            pytest.fail(words) if STRICT else pytest.skip(words)
        return str(found)

    return need


@pytest.fixture
def full() -> bool:
    """Whether the full counts shall run (`make prove`) and not the short ones."""
    return FULL
