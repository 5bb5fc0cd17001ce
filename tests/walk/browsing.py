"""The real program on a free port, and a real browser that looks at it."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
ARGUMENTS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
DEMO = (files("smartpdu.app") / "demo.toml").read_text(encoding="utf-8")


@dataclass
class Program:
    """A program that runs: its process, its port, and the link that lets one browser in."""

    process: subprocess.Popen[str]
    port: int
    link: str
    session: Any = None  # what a browser was given for the link

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running(directory: Path, site: str = DEMO, port: int | None = None) -> Iterator[Program]:
    """The program for a site's text; the same directory again is a restart."""
    directory.mkdir(exist_ok=True)
    config = directory / "site.toml"
    config.write_text(site, encoding="utf-8")
    port = port or free_port()
    command = [sys.executable, "-m", "smartpdu.app", "run", "--config", str(config)]
    command += ["--data", str(directory / "data"), "--listen", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            found = (re.search(r"http\S+link=\S+", line) for line in process.stdout)
            link = next((match.group() for match in found if match), "")
            assert link, "the program ended before it told its link"
            wait_for(port)
            yield Program(process, port, link)
        finally:
            process.terminate()
            process.wait(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(200):
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.05)


@dataclass
class Seen:
    """A page that is open, with all it asked for and all that went wrong in it."""

    page: Page
    asked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def hosts(self) -> set[str]:
        """Every host that was asked for anything."""
        return {url.split("/")[2] for url in self.asked if not url.startswith("data:")}

    def outlet(self, path: str) -> Any:
        return self.page.locator(f'.outlet[data-path="{path}"]')

    def state(self, path: str) -> str:
        return str(self.outlet(path).locator(".state").inner_text())

    def becomes(self, path: str, word: str) -> None:
        """Wait until an outlet shows a state."""
        self.outlet(path).locator(".state", has_text=re.compile(f"^{word}$")).wait_for()

    def lives(self) -> None:
        """Wait until ticks come."""
        self.page.wait_for_selector("#live.live:not(.lost)")

    def ticks(self) -> None:
        """Wait for the next tick."""
        clock = "() => document.getElementById('clock').textContent"
        before = self.page.evaluate(clock)
        self.page.wait_for_function(f"before => ({clock})() !== before", arg=before)


@contextmanager
def browser(need_program: Callable[[str], str]) -> Iterator[Browser]:
    """Chromium without a window."""
    chromium = need_program("chromium")
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


def opened(started: Browser, program: Program, **context: Any) -> Seen:
    """A page in a context of its own, once it is live; the first one uses the link up."""
    named = {"viewport": {"width": 1400, "height": 900}, "locale": "en-GB", **context}
    seen = Seen(started.new_context(**named, storage_state=program.session).new_page())
    seen.page.on("console", lambda m: seen.wrong.append(m.text) if m.type == "error" else None)
    seen.page.on("pageerror", lambda error: seen.wrong.append(str(error)))
    seen.page.on("request", lambda request: seen.asked.append(request.url))
    lent = "extra_http_headers" in context
    seen.page.goto(program.address if program.session or lent else program.link)
    seen.lives()
    if not lent:
        program.session = program.session or seen.page.context.storage_state()
    return seen


def fault(kind: str, place: str, at: float = 0.0) -> str:
    """A fault of the twin, as a site's file has it."""
    return f'\n[[twin.fault]]\nkind = "{kind}"\nplace = "{place}"\nat = {at}\n'


def limit(rule: str, place: str = "", **values: float) -> str:
    """Limits of a rule, as a site's file has them."""
    lines = "".join(f"{name} = {value}\n" for name, value in values.items())
    return f'\n[[limit]]\nrule = "{rule}"\n' + (f'place = "{place}"\n' if place else "") + lines
