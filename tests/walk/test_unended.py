"""kill -9 while a feed is without voltage: after the restart what was told to last has its end."""

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from program import Program, until
from walk.browsing import DEMO, fault
from walk.test_samples import boarded

GAP = 3.0  # s: what is away for no more than two goes on as one
LONG = 90.0  # s: the first start after an installation compiles the measurement


def told(program: Program) -> list[dict[str, Any]]:
    """What was told of interruptions, in its order."""
    rows = sorted(program.rows("events?kind=VoltageDisturbed"), key=lambda e: e["seq"])
    return [e["body"] for e in rows if e["body"]["disturbance"] == "interruption"]


def killed_while_it_lasts(room: Path, site: Path, data: Path) -> dict[str, Any]:
    """Kill a program at once when it has told of an interruption; what it told."""
    with Program(room, "--config", str(site), data=data) as program:
        program.comes_in("viewer")
        (body,) = until(lambda: told(program), "no interruption was told", LONG)
        program.process.kill()
        program.process.wait()
    assert (body["duration"], body["end_unseen"]) == (None, False)
    return dict(body)


def compiled(room: Path, site: Path) -> None:
    """Let a program measure once, so that no later one compiles while its feed is lost."""
    with Program(room, "--config", str(site)) as program:
        program.comes_in("viewer")

        def hertz() -> float | None:
            feed = program.web.get("/api/v1/feeds/rack1/B/feed").json()
            value: float | None = feed["readings"]["frequency_lowest"]["value"]
            return value

        until(hertz, "nothing was measured", LONG)


@pytest.mark.requirement("R-8.2-5")
def test_an_interruption_that_lasts_over_a_kill_has_an_end_that_was_seen(
    tmp_path: Path,
) -> None:
    trouble = fault("feed_loss", "rack1/B/feed", at=4.0) + "lasts = 30.0\n"
    site, data = tmp_path / "site.toml", tmp_path / "data"
    waved = DEMO.replace("[twin]\n", "[twin]\nwaves = true\n")
    site.write_text(waved, "utf-8")
    compiled(tmp_path / "before", site)
    site.write_text(waved + trouble, "utf-8")
    begun = killed_while_it_lasts(tmp_path / "first", site, data)
    with Program(tmp_path / "second", "--config", str(site), data=data) as program:
        program.comes_in("viewer")
        answered = time.time()
        until(lambda: told(program)[1:], "its end was not told", LONG)
        _, over = told(program)
        ended = time.time()
        assert program.stop() == 0
    assert over["start"] == begun["start"]
    assert (over["whole"], over["end_unseen"]) == (False, False)
    end = datetime.fromisoformat(over["start"]).timestamp() + over["duration"]
    assert answered < end < ended  # it was seen


@pytest.mark.requirement("R-8.2-5")
def test_an_interruption_that_was_over_after_a_kill_is_told_as_one_whose_end_nobody_saw(
    tmp_path: Path,
) -> None:
    """The frames begin anew with the program, and the voltage is there then."""
    trouble = fault("feed_loss", "rack1/A/feed", at=4.0) + "lasts = 30.0\n"
    site, data = tmp_path / "site.toml", tmp_path / "data"
    site.write_text(boarded(tmp_path, trouble, seconds=12), encoding="utf-8")
    begun = killed_while_it_lasts(tmp_path / "first", site, data)
    time.sleep(GAP)
    with Program(tmp_path / "second", "--config", str(site), data=data) as program:
        program.comes_in("viewer")
        until(lambda: told(program)[1:], "no end was told", LONG)
        over = told(program)[1]
        assert program.stop() == 0
    assert (over["start"], over["duration"]) == (begun["start"], None)
    assert (over["whole"], over["end_unseen"]) == (False, True)
    assert 0 < over["at_least"] < over["at_most"]
    assert over["waveform"] == ""
