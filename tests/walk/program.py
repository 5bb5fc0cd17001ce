"""`smartpdu run` on a site of relays, started as often as it is killed, and who follows its events.

The program is the real one in a process of its own, from the source tree or from a copy of it with
a planted fault. The relays are in another process that survives.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import apsw
from program import free_port
from walk.relays.relay_box import BREAKERS, BY_HAND, RELAYS

import smartpdu

HERE = Path(__file__).parent
PLUGIN = ("relay_driver.py", "on_lossy_disk.py")
PATIENCE = 60.0  # s: far more than anything here takes on a slow machine
START = "import sys\nfrom smartpdu.app.cli import main\nsys.exit(main())\n"

ENDS = {"CommandDone": "done", "CommandRefused": "refused", "CommandDisobeyed": "disobeyed"}
Plant = tuple[str, str, str]  # a file of the package, a text in it, and what is there instead


class Ended(Exception):
    """The program ended, or did not answer, where it should have run."""


def until(true: Callable[[], Any], every: float = 0.01, patience: float = PATIENCE) -> Any:
    """Wait until something is so, and give it; the last answer where it never is."""
    end = time.monotonic() + patience
    while not (found := true()) and time.monotonic() < end:
        time.sleep(every)
    return found


@contextmanager
def relay_box() -> Iterator["Box"]:
    """A box of relays for as long as a test lasts."""
    command = [sys.executable, str(HERE / "relays" / "relay_box.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Box(int(process.stdout.readline()))
        finally:
            process.kill()


class Box:
    """The line to the box of relays."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, **order: Any) -> Any:
        """One order, one answer."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as line:
            line.sendall(json.dumps(order).encode() + b"\n")
            return json.loads(line.makefile().readline())

    def arrived(self) -> list[tuple[str, int, bool, bool]]:
        """Every order that came: command, relay, on, and whether the relay moved."""
        return [tuple(row) for row in self.ask()["arrived"]]


def site(port: int, interval: float = 0.25) -> str:
    """One rack, one PDU, all outlets on the box."""
    text = f'[[source]]\npath = "box"\ndriver = "relays"\nport = {port}\ninterval = {interval}\n'
    text += '[[rack]]\npath = "r"\n[[pdu]]\npath = "r/A"\nrack = "r"\nsource = "box"\n'
    text += '[[feed]]\npath = "r/A/feed"\npdu = "r/A"\nlabel = "A"\nrated_power = 7360\n'
    text += '[[phase]]\npath = "r/A/L1"\nfeed = "r/A/feed"\nrated_current = 32\n'
    circuit = '[[circuit]]\npath = "r/A/c{}"\nphase = "r/A/L1"\nrated_current = 32\n'
    outlet = '[[outlet]]\npath = "r/A/outlet/{}"\ncircuit = "r/A/c0"\n'
    text += "".join(circuit.format(n) for n in range(BREAKERS + 1))
    return text + "".join(outlet.format(n) for n in range(RELAYS + BY_HAND))


def copied(room: Path, plants: tuple[Plant, ...]) -> Path:
    """A copy of the package with planted faults, as a folder to import from."""
    package = room / "copy" / "smartpdu"
    shutil.copytree(Path(smartpdu.__file__).parent, package)
    for name, old, new in plants:
        text = (package / name).read_text()
        assert text.count(old) == 1, f"{name}: found no single {old!r} to plant a fault in"
        (package / name).write_text(text.replace(old, new))
    return package.parent


class Program:
    """The program with its data directory; `kill` ends it as a crash does."""

    def __init__(
        self, room: Path, box: Box, plants: tuple[Plant, ...] = (), lossy: bool = False
    ) -> None:
        self.room, self.box, self.lossy = room, box, lossy
        self.data, self.log = room / "data", room / "program.log"
        self.port = free_port()
        self.tracer: tuple[str, ...] = ()
        self.starts = 0
        self.back: list[float] = []  # s from each start until outlets could be switched again
        self.process: subprocess.Popen[bytes] | None = None
        plugin = _plugin(room / "plugin")
        (room / "site.toml").write_text(site(box.port))
        own = Path(smartpdu.__file__).parent.parent
        self._path = [str(plugin), str(HERE.parent), str(own)]
        self.note = room / "note"
        self._run(["token", "create", "--role", "operator"]).wait()
        self.token = self.log.read_text().strip().splitlines()[-1]
        if plants:
            self._path[2] = str(copied(room, plants))
        self._lossy_from_now = lossy

    def start(self) -> None:
        """Start it and wait until its outlets can be switched."""
        began = time.monotonic()
        self.spawn()
        until(self._switchable, 0.02)
        if not self._switchable():
            raise Ended(f"start {self.starts} does not answer: {self._last_words()}")
        self.back.append(time.monotonic() - began)

    def spawn(self) -> None:
        """Start it and wait for nothing."""
        site, listen = str(self.room / "site.toml"), f"127.0.0.1:{self.port}"
        self.process = self._run(["run", "--config", site, "--listen", listen])
        self.starts += 1

    def kill(self) -> None:
        """SIGKILL; raises Ended if something else had ended it before."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.died()

    def answers(self) -> bool:
        """Whether the API answers."""
        return self.ask("GET", "outlets")[0] == 200

    def stop(self) -> None:
        """Let it end in peace; raises Ended where it does not."""
        assert self.process is not None
        self.process.terminate()
        if code := self.process.wait(PATIENCE):
            raise Ended(f"the last start stopped with {code}: {self._last_words()}")

    def end(self) -> None:
        """Leave no process behind."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def died(self) -> None:
        """Wait until it was killed by somebody; raises Ended if it ended in another way."""
        assert self.process is not None
        if (code := self.process.wait(PATIENCE)) != -signal.SIGKILL:
            raise Ended(f"start {self.starts} ended by itself with {code}: {self._last_words()}")

    def ask(self, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        """One request; status 0 where no whole answer came."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        headers |= {"Idempotency-Key": key} if key else {}
        data = None if body is None else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}"
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())
        except (OSError, HTTPException, ValueError):
            return 0, None

    def state(self, id: str) -> str:
        """How far a command has come, as the API tells it; "lost" where it knows of none."""
        status, command = self.ask("GET", f"commands/{id}")
        return "lost" if status == 404 else (command or {}).get("state", "")

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        assert self.process is not None
        return self.process.pid

    def lives(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def switch(self, row: int, on: bool, key: str = "") -> tuple[int, Any]:
        """Ask for an outlet to be switched."""
        return self.ask("PUT", f"outlets/r/A/outlet/{row}/power", {"on": on}, key)

    def touched(self) -> object:
        """Something that changes when the program writes to its journal."""
        if self.lossy:
            return self.note.read_bytes()
        with suppress(OSError):
            seen = (self.data / "smartpdu.db-wal").stat()
            return seen.st_size, seen.st_mtime_ns
        return None

    def held(self, key: str) -> tuple[str, int]:
        """How far the command of a key has come on the disk as it is now, and its last event.

        Looked at in a copy: the next start shall find what the kill left.
        """
        copy = self.room / "held"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for name in ("smartpdu.db", "smartpdu.db-wal"):
            with suppress(FileNotFoundError):
                shutil.copy(self.data / name, copy / name)
        connection = apsw.Connection(str(copy / "smartpdu.db"))
        try:
            query = "SELECT max(seq), (SELECT state FROM commands WHERE key = ?) FROM events"
            last, state = connection.execute(query, (key,)).fetchall()[0]
        finally:
            connection.close()
        return state or "", last or 0

    def _switchable(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise Ended(f"start {self.starts} ended by itself: {self._last_words()}")
        status, found = self.ask("GET", "outlets")
        return status == 200 and found[0]["readings"]["on"]["value"] is not None

    def _run(self, arguments: list[str]) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(self._path)
        seed = {"LOSSY_SEED": str(self.starts), "LOSSY_NOTE": str(self.note)}
        start = "import on_lossy_disk\n" * getattr(self, "_lossy_from_now", False) + START
        command = [*self.tracer, sys.executable, "-c", start, *arguments, "--data", str(self.data)]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
                env={**os.environ, "PYTHONPATH": path, **seed},
                stdout=log,
                stderr=log,
            )

    def _last_words(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]


class Follower(threading.Thread):
    """Follows the stream of events through all restarts and keeps what it was shown."""

    def __init__(self, program: Program) -> None:
        super().__init__(daemon=True)
        self._program = program
        self._over = threading.Event()
        self.shown: dict[int, dict[str, Any]] = {}
        self.twice: list[str] = []  # one number, two events
        self.last = 0

    def run(self) -> None:
        while not self._over.is_set():
            with suppress(OSError, HTTPException, ValueError):
                self._listen()
            self._over.wait(0.02)

    def stop(self) -> None:
        """Hang up and end."""
        self._over.set()
        with suppress(OSError, AttributeError):  # it may hang up itself at this moment
            self._line.sock.shutdown(socket.SHUT_RDWR)
        self.join(PATIENCE)

    def ended(self) -> set[str]:
        """The commands whose end it was shown."""
        seen = list(self.shown.values())
        return {e["body"]["command"] for e in seen if e["kind"] in ENDS}

    def _listen(self) -> None:
        self._line = line = HTTPConnection("127.0.0.1", self._program.port, timeout=PATIENCE)
        try:
            headers = {"Authorization": f"Bearer {self._program.token}"}
            line.request("GET", f"/api/v1/events/stream?after={self.last}", headers=headers)
            for text in line.getresponse():
                if text.startswith(b"data: ") and text.endswith(b"\n"):
                    self._saw(json.loads(text[6:]))
        finally:
            line.close()

    def _saw(self, event: dict[str, Any]) -> None:
        if self.shown.setdefault(event["seq"], event) != event:
            self.twice.append(f"{event} and {self.shown[event['seq']]}")
        self.last = event["seq"]


def _plugin(folder: Path) -> Path:
    about = folder / "relays-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Name: relays\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[smartpdu.drivers]\nrelays = relay_driver\n")
    for name in PLUGIN:
        shutil.copy(HERE / "relays" / name, folder / name)
    return folder
