"""The page that traces requirements to tests is complete and never out of date."""

from pathlib import Path

import pytest
from tracing import CHAPTERS, PAGE, ROOT, Requirement, Shown, page, requirements, shown

TEST = '''"""Told."""
import pytest
from smartpdu.power import load
from smartpdu.model import plant
from smartpdu.power.load import RULES


@pytest.mark.requirement("R-1-1", "R-1-2")
def test_one() -> None: ...


class TestMore:
    @pytest.mark.requirement("R-1-1")
    async def test_two(self) -> None: ...


def test_unmarked() -> None: ...
'''


def test_the_page_is_what_make_docs_would_write() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(requirements(), shown(ROOT / "tests")), (
        "docs/whitepaper.md is out of date: make docs"
    )


def test_there_are_308_requirements_each_once_and_in_a_chapter_that_has_a_name() -> None:
    wanted = requirements()

    assert len({requirement.id for requirement in wanted}) == len(wanted) == 308
    assert [r.id for r in wanted if r.id.rsplit("-", 1)[0] != f"R-{r.chapter}"] == []
    assert {int(r.chapter.split(".")[0]) for r in wanted} == set(range(len(CHAPTERS)))
    assert [r.id for r in wanted if not r.statement.strip()] == []


def test_marks_are_read_from_functions_and_methods_with_what_they_import(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "test_it.py").write_text(TEST, encoding="utf-8")

    about = ("power/load.py",)
    assert shown(tmp_path) == (
        Shown("R-1-1", "deep/test_it.py", "test_one", about),
        Shown("R-1-1", "deep/test_it.py", "test_two", about),
        Shown("R-1-2", "deep/test_it.py", "test_one", about),
    )


def test_a_requirement_without_a_test_stands_open_and_is_not_counted() -> None:
    wanted = (Requirement("R-1-1", "1", "Says one"), Requirement("R-1-2", "1", "Says two"))
    text = page(wanted, (Shown("R-1-2", "a/test_b.py", "test_it_holds", ("a/b.py",)),))

    assert "1 of 2 requirements are shown." in text
    assert "| R-1-1 | Says one | open | | |" in text
    assert (
        "| R-1-2 | Says two | shown | [a/b.py](../src/smartpdu/a/b.py)"
        " | [it holds](../tests/a/test_b.py) |"
    ) in text


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (TEST, r"R-1-1.*no requirement.*docs/requirements\.tsv"),
        (TEST.replace('"R-1-1", "R-1-2"', ""), "names no requirement"),
        (
            'import pytest\npytestmark = pytest.mark.requirement("R-1.1-1")\ndef test_a(): ...\n',
            "as a decorator",
        ),
    ],
)
def test_a_mark_that_the_page_could_not_show_stops_the_collection(
    pytester: pytest.Pytester, code: str, words: str
) -> None:
    tests = ROOT / "tests"
    pytester.makeconftest((tests / "conftest.py").read_text(encoding="utf-8"))
    pytester.makeini(f"[pytest]\npythonpath = {tests}\nmarkers = requirement: id\n")
    pytester.makepyfile(test_marked=code)

    ended = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--collect-only")

    assert ended.ret == pytest.ExitCode.USAGE_ERROR
    ended.stderr.re_match_lines([f".*{words}.*"])
