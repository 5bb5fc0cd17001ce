"""The page about measuring boards: its site runs, with its board, and shows what the page says."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from program import Program, free_port, until

from smartpdu.app.config import site_from_text

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "board.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """What stands in the page in that language."""
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return found


def test_the_site_and_the_board_of_the_page_show_what_it_says(tmp_path: Path) -> None:
    site, _ = blocks("toml")
    (board,) = blocks("python")
    port = free_port()
    assert site.count("udp:127.0.0.1:5800") == 1
    (tmp_path / "site.toml").write_text(site.replace(":5800", f":{port}"), encoding="utf-8")
    sender = subprocess.Popen([sys.executable, "-c", board, str(port)])
    try:
        with Program(tmp_path / "room", "--config", str(tmp_path / "site.toml")) as program:
            program.comes_in("viewer")

            def feed() -> Any:
                got = program.web.get("/api/v1/feeds/rack1/A/feed").json()["readings"]
                return got if got["active_power"]["value"] is not None else None

            def phase() -> Any:
                return program.web.get("/api/v1/phases/rack1/A/L1").json()["readings"]

            told = until(feed, "nothing was measured", 90)  # what is compiled takes long at first
            volts, amperes, watts, milliamperes = shown()
            assert phase()["voltage"]["value"] == pytest.approx(volts, rel=1e-3)
            assert phase()["current"]["value"] == pytest.approx(amperes, rel=1e-3)
            assert told["active_power"]["value"] == pytest.approx(watts, rel=1e-3)
            assert told["residual_current"]["value"] == pytest.approx(milliamperes / 1e3, rel=0.01)
            sender.kill()
            until(lambda: feed() is None, "a silent board still shows values")
            assert program.stop() == 0
    finally:
        sender.kill()
        sender.wait()


def shown() -> tuple[float, ...]:
    """The values that the page says are shown."""
    found = re.search(r"shows (\d+) V, (\d+) A, (\d+) W and (\d+) mA", PAGE)
    assert found
    return tuple(float(each) for each in found.groups())


def test_the_waves_of_the_twin_are_wished_as_the_page_says() -> None:
    _, wish = blocks("toml")
    demo = Path(sys.modules["smartpdu"].__file__ or "").parent / "app" / "demo.toml"
    text = demo.read_text("utf-8")
    assert "[twin]" in text
    site = site_from_text(text.replace("[twin]\n", f"[twin]\n{wish}"), "test")
    assert site.sections["twin"]["waves"] is True
