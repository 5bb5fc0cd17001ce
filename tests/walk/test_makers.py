"""Real PDUs of five makers: discovered, checked, run; every value compared with its recording."""

import asyncio
import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from agents import free_port, recorded, simulator
from device import Device, answering, oid, recording
from pysnmp.proto.api import v2c
from walk.browsing import Program, running
from walk.makers import WH, expected

MAKERS = {
    "raritan-pdu_px4": ("Raritan", "PX4-5730-E8V2"),
    "lextudio-apc-8641": ("APC", "AP8641"),
    "eatonpdu_2": ("Eaton", "EMA114-10"),
    "liebert_mph2rg": ("Vertiv", "MPHR3142"),
    "sentry3_switched": ("Server Technology", "CWG-30VDE455/CB"),
}
KINDS = ("feeds", "phases", "circuits", "outlets", "probes")
APC = "lextudio-apc-8641"
R = "1.3.6.1.4.1.318.1.1.26"


@contextmanager
def simulated(recordings: Path, room: Path) -> Iterator[int]:
    """The program snmpsim with all recordings, each under its name as community; gives its port."""
    port = free_port()
    command = [simulator(), f"--data-dir={recordings}", f"--cache-dir={room / 'cache'}"]
    command += [f"--agent-udpv4-endpoint=127.0.0.1:{port}", f"--logging-method=file:{room / 'log'}"]
    command += ["--process-user=root", "--process-group=root"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as agent:
        try:
            for _ in range(300):
                time.sleep(0.1)
                log = room / "log"
                if log.exists() and "Listening at UDP" in log.read_text(errors="replace"):
                    break
            yield port
        finally:
            agent.terminate()


@contextmanager
def served(device: Device) -> Iterator[Device]:
    """A device of ours in a thread of its own."""
    started, done = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with answering(device):
            started.set()
            await done.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    started.wait(10)
    try:
        yield device
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
        loop.close()


def smartpdu(*words: str) -> str:
    """What the command line prints."""
    command = [sys.executable, "-m", "smartpdu.app", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Client:
    """Asks the running program over REST."""

    def __init__(self, program: Program, directory: Path) -> None:
        self.address = program.address
        words = ("token", "create", "--role", "operator", "--data", str(directory / "data"))
        self.token = smartpdu(*words).strip()

    def ask(self, path: str, method: str = "GET", body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(
            f"{self.address}/api/v1{path}", data, headers, method=method
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def until(self, path: str, wanted: Any, seconds: float = 60) -> Any:
        """The first answer that is as wanted."""
        for _ in range(int(seconds * 5)):
            found = self.ask(path)
            if wanted(found):
                return found
            time.sleep(0.2)
        raise AssertionError(f"{path}: {found}")


@pytest.mark.requirement("R-14.3-1")
def test_every_value_of_five_makers_is_as_recorded(
    data: Path, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    still = recorded(data / "recordings", tmp_path / "recordings")
    with simulated(still, tmp_path) as port:
        sites = []
        for number, (name, (maker, model)) in enumerate(MAKERS.items(), 1):
            words = ("--community", name, "--rack", f"r{number}", "--pdu", "A")
            site = smartpdu("discover", f"127.0.0.1:{port}", *words)
            assert site.startswith(f"# {maker} ")
            assert f"#   model: {model}" in site
            sites.append(site)
        config = tmp_path / "five.toml"
        config.write_text("\n".join(sites), encoding="utf-8")
        assert "5 racks, 5 PDUs, 130 outlets, 5 sources: all well" in smartpdu("check", str(config))
        with running(tmp_path / "run", config.read_text(encoding="utf-8")) as program:
            client = Client(program, tmp_path / "run")
            answered = lambda rows: all(  # noqa: E731
                row["readings"]["missing"]["value"] == 0 for row in rows
            )
            client.until("/sources", answered)
            told = {kind: client.ask(f"/{kind}") for kind in KINDS}
            alarms = client.ask("/alarms")

    found = {
        (row["path"], quantity): reading["value"] * (WH if reading["unit"] == "Wh" else 1)
        for rows in told.values()
        for row in rows
        for quantity, reading in row["readings"].items()
        if reading["value"] is not None and "." not in quantity  # a trace is our own
    }
    wanted = {
        (f"r{number}/A/{place}", quantity): value
        for number, name in enumerate(MAKERS, 1)
        for (place, quantity), value in expected(name, recording(still / f"{name}.snmprec")).items()
    }
    assert found.keys() == wanted.keys()
    wrong = {
        key: (found[key], value)
        for key, (value, step) in wanted.items()
        if abs(found[key] - value) >= step / 2
    }
    assert wrong == {}
    assert len(found) > 800
    figure(f"{len(found)} values of {len(MAKERS)} devices, {len(wrong)} of them wrong")
    assert not [alarm for alarm in alarms if alarm["rule"].startswith("gaps")]


def apc_that_obeys(data: Path) -> Device:
    device = Device(recording(data / f"recordings/{APC}.snmprec"))

    def obey(name: tuple[int, ...], value: int) -> None:
        device.values[oid(f"{R}.9.2.3.1.5.{name[-1]}")] = v2c.Integer32({1: 2, 2: 1}[value])

    device.obey = obey
    return device


def test_an_outlet_of_a_real_pdu_is_switched_and_a_liar_is_told(data: Path, tmp_path: Path) -> None:
    with served(apc_that_obeys(data)) as device:
        site = smartpdu("discover", f"127.0.0.1:{device.port}")
        site = site.replace("interval = 5", "interval = 1")
        with running(tmp_path / "run", site) as program:
            client = Client(program, tmp_path / "run")
            place = "/outlets/rack1/A/outlet/7"
            client.until(place, lambda row: row["readings"]["on"]["value"] == 1)

            command = client.ask(f"{place}/power", "PUT", {"on": False})
            assert command["state"] == "intended"
            done = client.until(
                f"/commands/{command['id']}", lambda row: row["state"] != "intended"
            )
            assert done["state"] == "done"
            assert device.orders == [(oid(f"{R}.9.2.4.1.5.7"), 2)]
            assert client.ask(place)["readings"]["on"]["value"] == 0

            device.manner = "deaf"  # it says yes and does nothing
            command = client.ask(f"{place}/power", "PUT", {"on": True})
            end = client.until(f"/commands/{command['id']}", lambda row: row["state"] != "intended")
            assert end["state"] == "disobeyed"
            assert device.orders[1:] == [(oid(f"{R}.9.2.4.1.5.7"), 1)]
            alarms = client.ask("/alarms")
            assert [a["place"] for a in alarms if a["rule"] == "switching.disobeyed"] == [
                "rack1/A/outlet/7"
            ]


def test_a_device_that_talks_nonsense_is_a_gap_with_an_alarm_and_the_rest_goes_on(
    data: Path, tmp_path: Path
) -> None:
    with served(apc_that_obeys(data)) as ill, served(apc_that_obeys(data)) as well:
        sites = [
            smartpdu("discover", f"127.0.0.1:{device.port}", "--rack", rack)
            for device, rack in ((ill, "r1"), (well, "r2"))
        ]
        text = "\n".join(sites).replace("interval = 5", "interval = 1\ntimeout = 2\nretries = 0")
        with running(tmp_path / "run", text) as program:
            client = Client(program, tmp_path / "run")
            outlet = "/outlets/r1/A/outlet/7"
            reads = lambda row: row["readings"]["current"]["value"] is not None  # noqa: E731
            client.until(outlet, reads)
            client.until("/outlets/r2/A/outlet/7", reads)

            ill.manner = "garbage"
            alarms = client.until("/alarms", lambda rows: named(rows, "gaps.silent"))
            assert named(alarms, "gaps.silent") == ["source/r1-A"]
            row = client.ask(outlet)
            assert {q for q, r in row["readings"].items() if r["value"] is not None} <= {
                "cord.peak"
            }
            before = client.ask("/outlets/r2/A/outlet/7")["readings"]["current"]["at"]
            client.until(
                "/outlets/r2/A/outlet/7",
                lambda row: reads(row) and row["readings"]["current"]["at"] > before,
            )

            ill.manner = "honest"
            client.until(outlet, reads)
            for number in range(1, 13):  # what was a number is a name, a text, or gone
                name = oid(f"{R}.9.4.3.1.6.{number}")
                ill.values[name] = v2c.ObjectIdentifier("1.3.6.1")
                ill.values[oid(f"{R}.9.4.3.1.7.{number}")] = v2c.OctetString(b"\xff\x00 none")
            alarms = client.until("/alarms", lambda rows: named(rows, "gaps.missing"))
            assert named(alarms, "gaps.missing") == ["source/r1-A"]
            assert not reads(client.ask(outlet))
            assert reads(client.ask("/outlets/r1/A/outlet/20"))
            assert not [a for a in client.ask("/alarms") if a["place"].startswith("source/r2")]


def named(alarms: list[dict[str, Any]], rule: str) -> list[str]:
    """The places at which a rule has an alarm that stands."""
    return [a["place"] for a in alarms if a["rule"] == rule and a["standing"] == "calling"]


def test_a_device_that_does_not_answer_is_refused_by_check_and_only_told_by_run(
    data: Path, tmp_path: Path
) -> None:
    with served(apc_that_obeys(data)) as device:
        site = smartpdu("discover", f"127.0.0.1:{device.port}")
        gone = f"127.0.0.1:{free_port()}"
        dead = site.replace(f"127.0.0.1:{device.port}", gone).replace(
            "interval = 5", "interval = 1"
        )
    dead = dead.replace("[[rack]]", "timeout = 0.3\nretries = 0\n\n[[rack]]", 1)
    config = tmp_path / "dead.toml"
    config.write_text(dead, encoding="utf-8")
    checked = subprocess.run(
        [sys.executable, "-m", "smartpdu.app", "check", str(config)],
        capture_output=True,
        text=True,
        check=False,
    )
    line = dead[: dead.index("address =")].count("\n") + 1
    assert checked.returncode == 2
    assert checked.stderr.startswith(f"{config}:{line}: source.address: found '{gone}': ")
    assert "expected a device that answers" in checked.stderr

    with running(tmp_path / "run", dead) as program:
        client = Client(program, tmp_path / "run")
        client.until("/alarms", lambda rows: named(rows, "gaps.silent"))
        row = client.ask("/outlets/rack1/A/outlet/7")
        assert row["readings"]["on"]["value"] is None
