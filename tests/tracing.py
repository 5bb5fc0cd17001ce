"""Traces requirements to tests: reads the marks, and writes docs/whitepaper.md from them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
REQUIREMENTS = ROOT / "docs" / "requirements.tsv"
PAGE = ROOT / "docs" / "whitepaper.md"
CHAPTERS = (
    "In short",
    "Where it starts",
    "The PDU as the rack's central system",
    "Highly secure supply",
    "Load and capacity",
    "Breakers and inrush",
    "Outlets after IEC 60320",
    "Residual current",
    "Harmonics",
    "Climate",
    "Vibration",
    "Early fire detection",
    "Energy",
    "Electronics on PoE",
    "Interfaces",
    "Physical security and access",
    "What comes next",
    "Industry",
    "Conclusion",
    "Uses",
    "Words",
    "About",
)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement of the whitepaper."""

    id: str
    chapter: str
    statement: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A test that says which requirement it shows."""

    requirement: str
    file: str
    test: str
    about: tuple[str, ...]


def requirements() -> tuple[Requirement, ...]:
    """Every requirement, in the order of the whitepaper."""
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()[1:]
    return tuple(Requirement(*line.split("\t")) for line in lines)


@cache
def marks(file: Path) -> frozenset[tuple[str, str]]:
    """The marks of one file, each a requirement and the name of its test."""
    return frozenset(
        (str(ast.literal_eval(name)), node.name)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and _is_mark(decorator.func)
        for name in decorator.args
    )


def shown(folder: Path) -> tuple[Shown, ...]:
    """Every mark of every test below a folder, sorted."""
    found: list[Shown] = []
    for file in sorted(folder.rglob("test_*.py")):
        if marks(file):
            name, about = file.relative_to(folder), _about(file, file.relative_to(folder))
            found += [Shown(id, name.as_posix(), test, about) for id, test in marks(file)]
    return tuple(sorted(found, key=lambda one: (one.requirement, one.file, one.test)))


def page(wanted: tuple[Requirement, ...], shows: tuple[Shown, ...]) -> str:
    """The text of docs/whitepaper.md."""
    tests: dict[str, list[Shown]] = {}
    for one in shows:
        tests.setdefault(one.requirement, []).append(one)
    count = sum(requirement.id in tests for requirement in wanted)
    lines = [
        "# The whitepaper, requirement by requirement",
        "",
        "Written by `make docs` from the marks in the tests; a test fails when it is out of date.",
        "*Shown* means that at least one test names the requirement and shows some of it; the",
        "tests' names say how much. *Open* means that no test does.",
        "",
        f"{count} of {len(wanted)} requirements are shown.",
    ]
    chapter = ""
    for requirement in wanted:
        number = requirement.chapter.split(".", maxsplit=1)[0]
        if number != chapter:
            chapter = number
            lines += ["", f"## {number}. {CHAPTERS[int(number)]}", ""]
            lines += [
                "| requirement | says | state | file | test |",
                "| --- | --- | --- | --- | --- |",
            ]
        lines += _rows(requirement, tests.get(requirement.id, []))
    return "\n".join(lines) + "\n"


def _rows(requirement: Requirement, tests: list[Shown]) -> Iterator[str]:
    first = f"| {requirement.id} | {requirement.statement} |"
    if not tests:
        yield f"{first} open | | |"
    for test in tests:
        about = ", ".join(f"[{name}](../src/smartpdu/{name})" for name in test.about)
        says = test.test.removeprefix("test_").replace("_", " ")
        yield f"{first} shown | {about} | [{says}](../tests/{test.file}) |"
        first = "| | |"


def _is_mark(called: ast.expr) -> bool:
    return isinstance(called, ast.Attribute) and called.attr == "requirement"


def _about(file: Path, place: Path) -> tuple[str, ...]:
    """The files that a test is about: its mirror in src, or else what it imports of the layers."""
    mirror = place.with_name(place.name.removeprefix("test_"))
    for name in (mirror, mirror.with_suffix("")):
        if (ROOT / "src" / "smartpdu" / name).exists():
            return (name.as_posix(),)
    tree = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    modules = (node.module or "" for node in tree if isinstance(node, ast.ImportFrom))
    parts = {tuple(module.split(".")[1:]) for module in modules if module.startswith("smartpdu.")}
    files = {"/".join(part) + ".py" for part in parts if len(part) > 1 and part[0] != "model"}
    return tuple(sorted(name for name in files if (ROOT / "src" / "smartpdu" / name).exists()))


if __name__ == "__main__":
    PAGE.write_text(page(requirements(), shown(ROOT / "tests")), encoding="utf-8")
