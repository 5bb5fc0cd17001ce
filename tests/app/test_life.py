"""The demonstration rack over restarts and kills: its relays stay, its registers never fall."""

import signal
import time
from importlib.resources import files
from pathlib import Path
from random import Random

import pytest
from program import Program, until

OUTLET = "rack1/A/outlet/7"
FAULT = """
[[twin.fault]]
at = 1
kind = "silent_source"
place = "source/rack1-B"
"""


def outlet(program: Program, place: str = OUTLET) -> dict[str, float]:
    """What its readings are."""
    readings = program.web.get(f"/api/v1/outlets/{place}").json()["readings"]
    return {name: reading["value"] for name, reading in readings.items()}


def energies(program: Program) -> dict[str, float]:
    """The registers of all outlets that tell one."""
    rows = program.rows("outlets")
    values = {r["path"]: r["readings"]["active_energy"]["value"] for r in rows}
    return {path: value for path, value in values.items() if value is not None}


def turned(program: Program) -> list[tuple[str, bool, str]]:
    """Each OutletTurned of the journal: where, to what, and by which command."""
    events = [e for e in program.rows("events?limit=1000") if e["kind"] == "OutletTurned"]
    return [(e["place"], e["body"]["on"], e["body"]["command"]) for e in events]


class Past:
    """What a rack was seen to be before it was ended."""

    def __init__(self) -> None:
        self.on = True
        self.orders = 0
        self.energies: dict[str, float] = {}

    def is_that_of(self, program: Program) -> None:
        """Nothing is other than it was left."""
        until(lambda: outlet(program)["on"] is not None, "it is not read")
        assert outlet(program)["on"] is self.on
        now = energies(program)
        assert set(now) >= set(self.energies)
        assert [p for p, before in self.energies.items() if now[p] < before] == []

    def goes_on(self, program: Program) -> None:
        """The outlet is switched, and the rack lives for a while."""
        self.on, self.orders, before = not self.on, self.orders + 1, energies(program)
        assert program.switch(OUTLET, self.on).status_code == 202
        until(lambda: outlet(program)["on"] is self.on, "it was not switched")
        until(lambda: len(turned(program)) == self.orders, "it was not told")
        until(lambda: energies(program) != before, "it does not live")
        self.energies = energies(program)


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.requirement("R-3.1-6")
def test_an_outlet_that_was_off_is_off_after_a_restart_turned_by_nobody_and_no_register_falls(
    tmp_path: Path, way: signal.Signals
) -> None:
    past, token, dice = Past(), "", Random(5)
    for life in range(5):
        with Program(tmp_path / str(life), data=tmp_path / "data") as program:
            if not token:
                program.comes_in()
                token = program.web.headers["Authorization"]
            program.web.headers["Authorization"] = token
            past.is_that_of(program)
            past.goes_on(program)
            time.sleep(dice.uniform(0, 2))
            past.energies = energies(program)
            assert [bool(by) for _, _, by in turned(program)] == [True] * past.orders
            assert {place for place, _, _ in turned(program)} == {OUTLET}
            assert program.stop(way) == (0 if way is signal.SIGTERM else -way)
        assert "twin_begins_anew" not in program.err.read_text()


def test_a_source_that_was_silent_before_a_restart_has_its_alarm_still_and_is_told_once(
    tmp_path: Path,
) -> None:
    site = tmp_path / "site.toml"
    site.write_text((files("smartpdu.app") / "demo.toml").read_text() + FAULT)

    def silent(program: Program) -> list[str]:
        rows = program.rows("alarms")
        return [
            a["since"] for a in rows if (a["rule"], a["place"]) == ("gaps.silent", "source/rack1-B")
        ]

    with Program(tmp_path / "1", "--config", str(site), data=tmp_path / "data") as program:
        program.comes_in()
        token = program.web.headers["Authorization"]
        since = until(lambda: silent(program), "no alarm says so")
        assert program.stop() == 0
    with Program(tmp_path / "2", "--config", str(site), data=tmp_path / "data") as program:
        program.web.headers["Authorization"] = token
        for _ in range(6):
            assert silent(program) == since
            number = program.rows("racks")[0]["readings"]["active_power"]["at"]
            until(
                lambda n=number: program.rows("racks")[0]["readings"]["active_power"]["at"] != n,
                "time does not pass",
            )
        kinds = [e["kind"] for e in program.rows("events?place=source/rack1-B&limit=1000")]
        assert "AlarmCleared" not in kinds
        assert program.stop() == 0
