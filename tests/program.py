"""`smartpdu run` as a process of its own: started, asked over HTTP, and told to stop."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import httpx

FIRST = 90.0  # s that a start may take, which compiles what samples need once
T = TypeVar("T")


class Program:
    """One run on a data directory, at a free port if none is given; its words lie in files."""

    def __init__(
        self, room: Path, *words: str, data: Path | None = None, verify: bool = True, port: int = 0
    ) -> None:
        """Start it and wait until it answers; `room` is for what it says."""
        room.mkdir(exist_ok=True)
        self.data = data or room / "data"
        self.out, self.err = room / "out", room / "err"
        self.session: Any = None  # what a browser was given for the link
        command = [sys.executable, "-m", "smartpdu.app", "run", "--data", str(self.data)]
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen(
                [*command, "--listen", f"127.0.0.1:{port}", *words], stdout=out, stderr=err
            )
        self.address = until(lambda: self._said(r"at (https?://\S+)"), "no address was told", FIRST)
        self.web = httpx.Client(base_url=self.address, timeout=20, verify=verify)
        until(self._answers, "the program does not answer", FIRST)

    def _said(self, pattern: str) -> str:
        found = re.search(pattern, self.out.read_text())
        assert self.process.poll() is None, self.err.read_text()
        return found.group(1) if found else ""

    def _answers(self) -> bool:
        try:
            return self.web.get("/healthz").status_code in (200, 503)
        except httpx.TransportError:
            return False

    @property
    def port(self) -> int:
        """Where it listens."""
        return httpx.URL(self.address).port or 0

    @property
    def link(self) -> str:
        """The one-time link that was printed."""
        return self._said(r"(\S+/login\?link=\S+)")

    def token(self, *words: str) -> str:
        """What `smartpdu token` says, from a process beside the one that runs."""
        command = [sys.executable, "-m", "smartpdu.app", "token", *words, "--data", str(self.data)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def comes_in(self, role: str = "operator") -> None:
        """Show a token of this role from now on."""
        self.web.headers["Authorization"] = f"Bearer {self.token('create', '--role', role)}"

    def rows(self, what: str) -> list[dict[str, Any]]:
        """A list of the API."""
        answer = self.web.get(f"/api/v1/{what}")
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()
        return rows

    def switch(self, outlet: str, on: bool) -> httpx.Response:
        """Ask for an outlet."""
        return self.web.put(f"/api/v1/outlets/{outlet}/power", json={"on": on})

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; the exit code."""
        self.web.close()
        self.process.send_signal(number)
        return self.process.wait(15)

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        self.web.close()
        self.process.kill()
        self.process.wait()


def free_port() -> int:
    """A port that no outgoing connection is given meanwhile: it stays free between two starts."""
    for port in Random().sample(range(15_000, 32_000), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("found no free port")


def until(true: Callable[[], T], else_: str, seconds: float = 20) -> T:
    """What a question gives once it gives something true; fails where that takes too long."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, else_
        time.sleep(0.02)
    return found


def as_root() -> bool:
    """Whether file systems may be mounted here, as far as one can tell beforehand."""
    return os.geteuid() == 0
