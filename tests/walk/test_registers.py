"""From the counts of an ADC to registers and verdicts that outlive a kill, over REST and CLI."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from program import Program, until
from walk.test_samples import boarded

FEED = "rack1/A/feed"
TEN_MINUTES, LASTS = 600.0, 60.0  # s: an interval of the statistics, and this test at most
QUANTITIES = ("active_energy", "exported_energy", "reactive_energy_1", "reactive_energy_4")


def readings(program: Program, place: str) -> dict[str, Any]:
    """The readings of a place over REST."""
    told: dict[str, Any] = program.web.get(f"/api/v1/{place}").json()["readings"]
    return told


def energy(program: Program) -> tuple[int, ...]:
    """The registers of the feed in whole Wh and varh; empty before they are there."""
    told = readings(program, f"feeds/{FEED}")
    values = tuple(told[name]["value"] for name in QUANTITIES)
    return () if None in values else values


@pytest.mark.requirement("R-12.2-1", "R-12.2-2")
def test_registers_of_a_board_are_told_and_never_go_back_over_a_kill(tmp_path: Path) -> None:
    left = TEN_MINUTES - time.time() % TEN_MINUTES
    if left < LASTS:  # an interval of UTC ends for every board, and none shall end meanwhile
        time.sleep(left)
    site = tmp_path / "site.toml"
    site.write_text(boarded(tmp_path, "", seconds=40), encoding="utf-8")
    words = ("--config", str(site))
    with Program(tmp_path / "first", *words, data=tmp_path / "data") as program:
        program.comes_in()
        until(lambda: (energy(program) or (0,))[0] > 3, "no energy was counted")
        before = energy(program)
        told = readings(program, f"feeds/{FEED}")
        phase = readings(program, "phases/rack1/A/L1")
        assert told["active_energy"]["unit"] == "Wh"
        assert told["reactive_energy_1"]["unit"] == "varh"
        assert told["exported_energy"]["value"] == 0
        assert told["voltage_unbalance"]["value"] < 1
        assert 0 <= told["voltage_unbalance_zero"]["value"] < 5
        assert told["frequency_lowest"]["unit"] == "Hz"
        assert (phase["tdd_current"]["unit"], phase["k_factor"]["unit"]) == ("%", "1")
        assert phase["k_factor"]["value"] >= 1
        assert 0 < phase["tdd_current"]["value"] < phase["thd_current"]["value"]
        assert abs(phase["displacement_factor"]["value"]) <= 1
        assert phase["flicker_short"]["value"] is None  # no ten minutes have passed
        time.sleep(1.5)  # until a second has been remembered
        course = program.web.get(
            f"/api/v1/history/{FEED}", params={"quantity": "exported_energy", "points": 5}
        ).json()
        assert course["unit"] == "Wh"
        assert 0.0 in course["mean"]
        program.process.kill()
        program.process.wait()
    with Program(tmp_path / "second", *words, data=tmp_path / "data") as program:
        program.comes_in()
        until(lambda: energy(program), "no register was told")
        after = energy(program)
        assert all(now >= then for now, then in zip(after, before, strict=True))
        assert program.stop() == 0
    command = [sys.executable, "-m", "smartpdu.app", "quality", "--json"]
    done = subprocess.run(
        [*command, "--data", str(tmp_path / "data")], capture_output=True, text=True, check=False
    )
    (feed,) = json.loads(done.stdout)["feeds"]
    assert (done.returncode, feed["feed"]) == (2, FEED)  # nothing is judged yet
    seen = {v["criterion"] for v in feed["now"]["verdicts"]} if feed["now"] else set()
    assert seen <= {"frequency", "frequency, all"}  # ten seconds are over, ten minutes are not
