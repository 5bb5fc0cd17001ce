"""The page about smartpdu analyze: its example prints what it says, and it tells every word."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from smartpdu.app.cli import _parser, main
from smartpdu.drivers.recording import Quality
from smartpdu.measurement.disturbance import Kind

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "analyze.md").read_text("utf-8")


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The table that the page makes, in the folder where we stand."""
    (program,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    made = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    (tmp_path / "dip.csv").write_bytes(made.stdout)
    monkeypatch.chdir(tmp_path)
    return "dip.csv"


def test_the_example_prints_what_the_page_says(
    table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ((_, told),) = re.findall(
        r"^\$ smartpdu analyze (\S+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE
    )
    assert main(["analyze", table]) == 0
    assert capsys.readouterr().out == told


def test_the_page_tells_every_key_option_and_kind(
    table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", table, "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)
    keys = {*whole, *whole["channels"][0], *whole["phases"][0], *whole["events"][0]}
    commands = next(action for action in _parser()._actions if action.choices)
    assert commands.choices is not None
    options = {
        option
        for action in commands.choices["analyze"]._actions  # type: ignore[call-overload, index]
        for option in action.option_strings
        if option not in ("-h", "--help")
    }
    assert len(options) >= 8
    for word in [*keys, *Kind, "inrush", *Quality]:
        assert f"`{word}`" in PAGE, word
    for option in options:
        assert f"`{option}" in PAGE or f" {option} " in PAGE, option
