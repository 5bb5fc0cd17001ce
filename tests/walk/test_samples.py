"""From the counts of an ADC to an alarm in the journal: the twin's waves, frames, the program."""

import json
import re
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from program import Program, until
from walk.browsing import DEMO, fault

from smartpdu.app.analyze import Wish, analyze
from smartpdu.app.config import Site, site_from_text
from smartpdu.drivers.frames import written
from smartpdu.drivers.simulator import twin
from smartpdu.drivers.tape import Tape, channels
from smartpdu.model.plant import part

PDU_A = 'name = "Twin, PDU A"\ndriver = "simulator"\n'


def recorded(site: Site, file: Path, seconds: int) -> str:
    """Write what a board at PDU A would send while the twin lives; gives its channels' tables."""
    lived = twin(site.sections["twin"], site.plant, 0.0)
    tape = Tape(lived.world, lived.life, np.random.Generator(np.random.PCG64(9)))
    tape.board(part(site.plant, 0), 0)
    with file.open("wb") as out:
        for _ in range(seconds):
            tape.until(lived.life, lived.life.second + 1)
            tape.play()
            out.writelines(map(written, tape.frames(0)))
            lived.tick()
    own = range(len(tape.taps) // 2)  # the taps of feed A come first
    described = channels(site.plant, tape.taps, tape.converter, own)
    return "".join(
        f'\n[[source.channel]]\nplace = "{c.place}"\nquantity = "{c.quantity}"\ngain = {c.gain!r}\n'
        for c in described
    )


def boarded(tmp_path: Path, trouble: str, seconds: int = 12) -> str:
    """The demonstration site with a board in place of the twin at PDU A, and what it records."""
    assert DEMO.count(PDU_A) == 1
    file = tmp_path / "frames"
    tables = recorded(site_from_text(DEMO + trouble, "test"), file, seconds)
    board = f'name = "Board A"\ndriver = "adc"\naddress = "file:{file}"\n{tables}'
    return without(DEMO.replace(PDU_A, board), "rack1/A/outlet/")


def without(site: str, outlets: str) -> str:
    """The site without the servers at those outlets, of which no twin would tell there."""
    parts = re.split(r"(?=\[\[)", site)
    return "".join(p for p in parts if not re.search(rf'cords = .*"{outlets}', p))


@pytest.mark.requirement("R-7.3-1", "R-7.3-2", "R-8.2-5")
def test_leakage_in_the_waves_is_an_alarm_in_the_journal(tmp_path: Path) -> None:
    trouble = fault("leakage_step", "rack1/A/feed", at=2.0)
    trouble = trouble.replace("at = 2.0", "at = 2.0\nsize = 0.35")
    site = tmp_path / "site.toml"
    site.write_text(boarded(tmp_path, trouble), encoding="utf-8")
    with Program(tmp_path / "room", "--config", str(site)) as program:
        program.comes_in()

        def alarm() -> list[dict[str, Any]]:
            told = program.rows("events?kind=AlarmRaised")
            return [e for e in told if e["body"]["rule"] == "residual.feed"]

        (raised,) = until(alarm, "no alarm came")
        assert raised["place"] == "rack1/A/feed"
        assert raised["body"]["value"] == pytest.approx(0.35, rel=0.05)
        told = program.rows("events?kind=AlarmRaised")
        assert {e["body"]["rule"] for e in told} == {"residual.feed"}
        feed = program.web.get("/api/v1/feeds/rack1/A/feed").json()["readings"]
        assert feed["residual_current"]["value"] == pytest.approx(0.35, rel=0.05)
        assert feed["frequency"]["value"] == pytest.approx(50, abs=0.05)
        assert program.stop() == 0


@pytest.mark.requirement("R-8.2-5")
def test_a_dip_in_the_waves_is_an_event_with_a_recording_of_it(tmp_path: Path) -> None:
    trouble = fault("undervoltage", "rack1/A/feed", at=4.0)
    trouble = trouble.replace("at = 4.0", "at = 4.0\nlasts = 1.0\nsize = 0.6")
    site = tmp_path / "site.toml"
    site.write_text(boarded(tmp_path, trouble), encoding="utf-8")
    with Program(tmp_path / "room", "--config", str(site)) as program:
        program.comes_in("viewer")
        (told,) = until(lambda: program.rows("events?kind=VoltageDisturbed"), "no dip came")
        dip = told["body"]
        assert (told["place"], dip["disturbance"]) == ("rack1/A/feed", "dip")
        assert dip["residual"] == pytest.approx(0.6 * 230, rel=0.02)
        assert dip["duration"] == pytest.approx(1, abs=0.03)

        (row,) = program.rows("waveforms")
        assert (row["name"], row["sha256"]) == (dip["waveform"], dip["sha256"])
        assert (row["kind"], row["place"], row["part"]) == ("dip", told["place"], "whole")
        assert row["start"] == dip["waveform_start"]
        content = program.web.get(f"/api/v1/waveforms/{dip['waveform']}").content
        assert sha256(content).hexdigest() == dip["sha256"]
        assert program.stop() == 0

    file = tmp_path / "dip.cff"
    file.write_bytes(content)
    out = StringIO()
    assert analyze(Wish(file, json=True), out, StringIO()) == 0
    (found,) = [e for e in json.loads(out.getvalue())["events"] if e["kind"] == "dip"]
    assert found["residual"] == pytest.approx(dip["residual"], rel=5e-3)
    assert found["duration"] == pytest.approx(dip["duration"], abs=0.011)
