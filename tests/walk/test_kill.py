"""kill -9 while switching and recording: no order twice, none unrecorded, none acknowledged lost.

The real program, a driver found by its entry point, and relays in a process that survives. A copy
that pulses before the intent must be caught by the same check.
"""

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from smartpdu.store.database import open_database
from smartpdu.store.journal import Journal, verify

HERE = Path(__file__).parent / "relays"
OUTLETS = 16


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def asked(port: int, order: dict[str, Any]) -> Any:
    with socket.create_connection(("127.0.0.1", port), 5) as line:
        line.sendall(json.dumps(order).encode() + b"\n")
        return json.loads(line.makefile().readline())


@contextmanager
def relays() -> Iterator[int]:
    port = free_port()
    command = [sys.executable, str(HERE / "relay_box.py"), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as box:
        assert box.stdout is not None
        box.stdout.readline()
        try:
            yield port
        finally:
            box.kill()


class Program:
    """`smartpdu run` on a site of relays, started as often as it is killed."""

    def __init__(self, room: Path, box: int, hasty: bool = False, trace: str = "") -> None:
        self.room, self.port, self.trace = room, free_port(), trace
        self.data = room / "data"
        plugin = room / "plugin"
        (plugin / "relays-1.dist-info").mkdir(parents=True)
        (plugin / "relays-1.dist-info" / "METADATA").write_text("Name: relays\nVersion: 1\n")
        entry = "[smartpdu.drivers]\nrelays = relay_driver\n"
        (plugin / "relays-1.dist-info" / "entry_points.txt").write_text(entry)
        for name in ("relay_driver", "hasty"):
            shutil.copy(HERE / f"{name}.py", plugin / f"{name}.py")
        start = "import hasty\n" if hasty else ""
        code = f"{start}import sys\nfrom smartpdu.app.cli import main\nsys.exit(main())\n"
        (plugin / "start.py").write_text(code)
        (room / "site.toml").write_text(site(box))
        self.environment = {**os.environ, "PYTHONPATH": str(plugin)}
        self.command = [sys.executable, str(plugin / "start.py")]
        self.process: subprocess.Popen[str] | None = None
        self.token = self.once("token", "create", "--role", "operator").strip()

    def once(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self.command, *arguments, "--data", str(self.data)],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def start(self) -> None:
        run = [*self.command, "run", "--config", str(self.room / "site.toml")]
        run += ["--data", str(self.data), "--listen", f"127.0.0.1:{self.port}"]
        if self.trace:
            run = ["strace", "-f", "-y", "-s", "200", "-o", self.trace, *run]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(
            run, env=self.environment, stdout=quiet, stderr=quiet, text=True
        )
        for _ in range(600):
            try:
                found = self.ask("GET", "/api/v1/outlets")[1]
                if found[0]["readings"]["on"]["value"] is not None:
                    return
            except (OSError, urllib.error.URLError):
                pass
            time.sleep(0.02)
        raise AssertionError("the program does not answer")

    def ask(self, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        data = None if body is None else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def site(box: int) -> str:
    text = f'[[source]]\npath = "source/box"\ndriver = "relays"\nport = {box}\ninterval = 0.5\n'
    text += '[[rack]]\npath = "r"\n[[pdu]]\npath = "r/A"\nrack = "r"\nsource = "source/box"\n'
    text += '[[feed]]\npath = "r/A/feed"\npdu = "r/A"\nlabel = "A"\nrated_power = 7360\n'
    text += '[[phase]]\npath = "r/A/L1"\nfeed = "r/A/feed"\nrated_current = 32\n'
    text += '[[circuit]]\npath = "r/A/c"\nphase = "r/A/L1"\nrated_current = 32\n'
    outlet = '[[outlet]]\npath = "r/A/outlet/{}"\ncircuit = "r/A/c"\n'
    return text + "".join(outlet.format(n) for n in range(OUTLETS))


def killed(program: Program, attempts: int, dice: random.Random) -> dict[str, list[str]]:
    """Send an order and kill the program, again and again; the ids that each key was told."""
    told: dict[str, list[str]] = {}
    program.start()
    for attempt in range(attempts):
        key, row = f"attempt-{attempt}", attempt % OUTLETS
        path, body = f"/api/v1/outlets/r/A/outlet/{row}/power", {"on": attempt // OUTLETS % 2 == 1}
        killer = subprocess.Popen(
            ["sh", "-c", f"sleep {dice.uniform(0, 0.04):.4f}; kill -9 {program.process.pid}"]
        )
        told[key] = []
        for retry in range(2):
            try:
                status, answer = program.ask("PUT", path, body, key)
            except (OSError, urllib.error.URLError, ValueError):
                status, answer = 0, {}
            if status == 202:
                told[key].append(answer["id"])
            if retry == 0:
                killer.wait()
                program.process.wait()
                program.start()
    return told


def faults(program: Program, box: int, told: dict[str, list[str]]) -> list[str]:
    """Everything that broke a promise."""
    ids = {id for row in told.values() for id in row}
    for _ in range(100):
        states = {id: program.ask("GET", f"/api/v1/commands/{id}") for id in ids}
        if all(status == 200 and c["state"] != "intended" for status, c in states.values()):
            break
        time.sleep(0.2)
    program.kill()
    database = open_database(program.data / "smartpdu.db")
    verdict, events = verify(database), Journal(database).read(0, 1_000_000)
    database.close()
    intended = {e.body["command"] for e in events if e.kind == "CommandIntended"}
    pulses = Counter(id for id, _, _ in asked(box, {"pulses": True}))
    wrong = [f"journal: {verdict}"] if not verdict.ok else []
    wrong += [f"pulsed {n} times: {id}" for id, n in pulses.items() if n > 1]
    wrong += [f"pulsed without a record: {id}" for id in pulses if id not in intended]
    wrong += [f"acknowledged and lost: {id}" for id in ids if id not in intended]
    wrong += [f"one key, two commands: {key}" for key, row in told.items() if len(set(row)) > 1]
    wrong += [f"no end: {id}" for id, (_, c) in states.items() if c.get("state") == "intended"]
    wrong += [
        f"done, but never pulsed: {id}"
        for id, (_, c) in states.items()
        if c.get("reason") in ("read back", "seen after a restart") and id not in pulses
    ]
    return wrong


@pytest.mark.requirement("R-3.1-6")
def test_kills_at_random_moments_break_no_promise(tmp_path: Path, full: bool) -> None:
    with relays() as box:
        program = Program(tmp_path, box)
        told = killed(program, 200 if full else 20, random.Random(1))
        assert faults(program, box, told) == []
        assert len(asked(box, {"pulses": True})) > 5


def test_a_copy_that_pulses_before_the_intent_is_caught(tmp_path: Path) -> None:
    with relays() as box:
        program = Program(tmp_path, box, hasty=True)
        told = killed(program, 20, random.Random(2))
        assert any("without a record" in fault for fault in faults(program, box, told))


def test_the_sync_of_the_journal_returns_before_the_order_leaves(
    tmp_path: Path, need_program: Callable[[str], str]
) -> None:
    need_program("strace")
    trace = tmp_path / "trace"
    with relays() as box:
        program = Program(tmp_path, box, trace=str(trace))
        program.start()
        path = "/api/v1/outlets/r/A/outlet/3/power"
        assert program.ask("PUT", path, {"on": False})[0] == 202
        time.sleep(1)
        os.kill(int(trace.read_text(errors="replace").split(maxsplit=1)[0]), signal.SIGKILL)
        program.process.wait(10)
    calls = trace.read_text(errors="replace").splitlines()
    came = next(n for n, c in enumerate(calls) if "PUT /api/v1/outlets/r/A/outlet/3" in c)
    left = next(n for n, c in enumerate(calls) if re.search(r'(send|write)\w*\(.*\\"set\\"', c))
    synced = [
        n
        for n, c in enumerate(calls[came:left], came)
        if "fdatasync" in c and c.rstrip().endswith("= 0")
    ]
    assert came < left
    assert synced
