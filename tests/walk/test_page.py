"""The page as a person uses it: the real program, the demonstration rack, a real browser."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
ARGUMENTS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


@contextmanager
def running(directory: Path) -> Iterator[str]:
    """The demonstration rack on a free port; gives its login link."""
    command = [sys.executable, "-m", "smartpdu.app", "run", "--data", str(directory)]
    port = free_port()
    with subprocess.Popen(
        [*command, "--listen", f"127.0.0.1:{port}"], stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        try:
            for line in program.stdout:
                if found := re.search(r"http\S+link=\S+", line):
                    wait_for(port)
                    yield found.group()
                    break
        finally:
            program.terminate()
            program.wait(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def page(tmp_path: Path, need_program: Callable[[str], str]) -> Iterator[Page]:
    chromium = need_program("chromium")
    with running(tmp_path / "data") as link, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        opened = browser.new_page(viewport={"width": 1400, "height": 900}, locale="en-GB")
        opened.wrong = []
        opened.asked = []
        opened.on("console", lambda m: m.type == "error" and opened.wrong.append(m.text))
        opened.on("pageerror", lambda e: opened.wrong.append(str(e)))
        opened.on("request", lambda r: opened.asked.append(r.url))
        opened.goto(link)
        opened.wait_for_selector("#live.live:not(.lost)")
        yield opened
        browser.close()


@pytest.mark.requirement("R-1.3-11")
def test_the_rack_is_shown_live_and_switched_only_by_holding(page: Page, tmp_path: Path) -> None:
    outlets = page.locator(".outlet")
    assert outlets.count() == 44
    assert [int(t) for t in page.locator(".pdu").first.locator(".count").all_inner_texts()] == list(
        range(1, 23)
    )
    first = page.locator("#clock").inner_text()
    page.wait_for_function(
        "text => document.getElementById('clock').textContent !== text", arg=first
    )

    outlet = page.locator('.outlet[data-path="rack1/A/outlet/7"]')
    outlet.click()
    hold = page.locator(".hold")
    hold.click()
    page.wait_for_timeout(2000)
    assert outlet.locator(".state").inner_text() == "on"
    hold.hover()
    page.mouse.down()
    page.wait_for_selector(".result.good", timeout=8000)
    page.mouse.up()
    page.wait_for_function(
        "path => document.querySelector(path).textContent === 'off'",
        arg=".outlet[data-path='rack1/A/outlet/7'] .state",
    )
    page.get_by_role("button", name="Close").click()
    assert page.locator("#events").inner_text().count("turned off") == 1

    page.wait_for_selector("#power svg")
    page.screenshot(path=tmp_path / "wide.png", full_page=True)
    page.set_viewport_size({"width": 400, "height": 860})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.screenshot(path=tmp_path / "narrow.png", full_page=True)

    page.locator("#language").click()
    assert page.locator("#alarms-title").inner_text() == "Alarme"
    hosts = {url.split("/")[2] for url in page.asked if not url.startswith("data:")}
    assert len(hosts) == 1
    assert page.wrong == []
