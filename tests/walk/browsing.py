"""The real program on a free port, and a real browser that looks at it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from program import Program, free_port

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
ARGUMENTS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
DEMO = (files("smartpdu.app") / "demo.toml").read_text(encoding="utf-8")


@contextmanager
def running(directory: Path, site: str = DEMO, port: int | None = None) -> Iterator[Program]:
    """The program for a site's text; the same directory again is a restart."""
    directory.mkdir(exist_ok=True)
    config = directory / "site.toml"
    config.write_text(site, encoding="utf-8")
    with Program(directory, "--config", str(config), port=port or free_port()) as program:
        yield program
        if program.process.poll() is None:
            program.stop()


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
