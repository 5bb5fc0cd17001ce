"""The demonstration rack as it runs: how soon its page answers, its cost, how fast it switches.

Goals: the first page is answered 3 s after the start; 180 MB resident after a minute; 5 % of a core
while nobody looks; from a switch request to the intent on the disk 50 ms, to the read-back 1.2 s.
"""

import http.client
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

OUTLETS = [f"rack1/A/outlet/{number}" for number in range(1, 11)]
LIVE = "/screen/live?after=0&rack=rack1"  # what an open page listens to
HERTZ = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Running:
    """A program that runs, and what lets a browser and a client in."""

    pid: int
    port: int
    cookie: str
    token: str
    page: float  # s from its start to its first page


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    """`smartpdu run` with the demonstration rack on a fresh data directory."""
    data = ["--data", str(folder)]
    start = time.perf_counter()
    program = [sys.executable, "-m", "smartpdu.app"]
    with subprocess.Popen(
        [*program, "run", *data, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            found = re.search(r":(\d+)(/login\?link=\S+)", process.stdout.readline())
            assert found is not None, "no link was printed"
            port = int(found[1])
            cookie = _cookie(port, found[2])
            _, body = asked(port, "GET", "/", {"Cookie": cookie})
            took = time.perf_counter() - start
            assert b"<html" in body, body[:200]
            token = [*program, "token", "create", "--role", "operator", *data]
            told = subprocess.run(token, capture_output=True, text=True, check=True)
            yield Running(process.pid, port, cookie, told.stdout.strip(), took)
        finally:
            process.terminate()


def _cookie(port: int, link: str) -> str:
    """The session that a link gives, as soon as somebody answers."""
    while True:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            line.request("GET", link)
            told = line.getresponse().getheader("set-cookie", "")
            assert told, "the link lets nobody in"
            return told.split(";")[0]
        except ConnectionRefusedError:
            time.sleep(0.005)
        finally:
            line.close()


def asked(
    port: int, method: str, path: str, headers: dict[str, str], body: Any = None
) -> tuple[int, bytes]:
    """Status and body of one answer."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        text = None if body is None else json.dumps(body)
        line.request(method, path, text, {**headers, "Content-Type": "application/json"})
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


class Stream:
    """A stream of server-sent events, read by a thread: when each line came."""

    def __init__(self, port: int, path: str, headers: dict[str, str]) -> None:
        """Open it and begin to read."""
        self.bytes = 0
        self.lines: list[tuple[float, bytes]] = []
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._line.request("GET", path, None, headers)
        self._answer = self._line.getresponse()
        assert self._answer.status == 200, self._answer.status
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while line := self._answer.readline():
            self.bytes += len(line)
            self.lines.append((time.perf_counter(), line))


def resident(pid: int) -> float:
    """Memory of a process in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024 / 1e6  # type: ignore[index]


def busy(pid: int) -> float:
    """Processor time of a process so far, in s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / HERTZ


def share(pid: int, seconds: float) -> float:
    """Percent of a core that a process uses for some time."""
    before, start = busy(pid), time.perf_counter()
    time.sleep(seconds)
    return 100 * (busy(pid) - before) / (time.perf_counter() - start)


def switches(house: Running, count: int) -> tuple[list[float], list[float]]:
    """Times in ms from asking to the durable intent, and to the read-back, of each switch."""
    bearer = {"Authorization": f"Bearer {house.token}"}
    events = Stream(house.port, "/api/v1/events/stream", bearer)
    intents, ends = [], []
    for number in range(count):
        path = f"/api/v1/outlets/{OUTLETS[number % len(OUTLETS)]}/power"
        start = time.perf_counter()
        body = {"on": number // len(OUTLETS) % 2 == 1}
        status, answer = asked(house.port, "PUT", path, bearer, body)
        intents.append(1e3 * (time.perf_counter() - start))
        assert status == 202, answer
        mark = f'"command":"{json.loads(answer)["id"]}"'.encode()
        ends.append(1e3 * (_done(events, mark) - start))
        time.sleep(0.37)  # so that requests come at any time between two ticks
    return intents, ends


def _done(events: Stream, mark: bytes) -> float:
    """When the end of a command was heard."""
    end = time.perf_counter() + 15
    while time.perf_counter() < end:
        for at, line in reversed(events.lines):
            if mark in line and b'"kind":"CommandDone"' in line:
                return at
        time.sleep(0.001)
    raise AssertionError("the end of a command was not heard")


def row(what: str, found: str, goal: str) -> None:
    print(f"{what:<58} {found:>22}   goal {goal}")


def main(argv: list[str]) -> int:
    """Print a line for each goal; --quick waits less."""
    quick = "--quick" in argv
    with TemporaryDirectory() as folder:
        starts = []
        for number in range(3):
            with running(Path(folder) / str(number)) as house:
                starts.append(house.page)
        row("from the start to the first page (median of 3)", f"{median(starts):.2f} s", "3 s")
        with running(Path(folder) / "long") as house:
            time.sleep(5 if quick else 30)
            idle = share(house.pid, 10 if quick else 30)
            row(
                f"memory after {'15' if quick else '60'} s",
                f"{resident(house.pid):.0f} MB",
                "180 MB",
            )
            row("processor while nobody looks", f"{idle:.1f} % of a core", "5 %")
            page = Stream(house.port, LIVE, {"Cookie": house.cookie})
            looked = share(house.pid, 10 if quick else 30)
            row("processor with one page open", f"{looked:.1f} % of a core", "5 %")
            row("memory with one page open", f"{resident(house.pid):.0f} MB", "180 MB")
            assert len(page.lines) > 10, "the page was told nothing"
            intents, ends = switches(house, 20 if quick else 100)
            for name, times, goal in (("intent", intents, "50 ms"), ("read-back", ends, "1200 ms")):
                told = f"{median(times):.1f}, at most {max(times):.1f} ms"
                row(f"from a switch request to its {name}, {len(times)} times", told, goal)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
