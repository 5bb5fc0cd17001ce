"""What the tests of the page share."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser
from walk.browsing import Program, Seen, browser, opened

Look = Callable[..., Seen]


@pytest.fixture(scope="module")
def chromium(need_program: Callable[[str], str]) -> Iterator[Browser]:
    """A real browser; skipped with a reason where none is installed."""
    with browser(need_program) as started:
        yield started


@pytest.fixture
def look(chromium: Browser) -> Iterator[Look]:
    """Opens the page of a program, in a browser's context of its own."""
    pages: list[Seen] = []

    def open_(program: Program, **context: Any) -> Seen:
        pages.append(opened(chromium, program, **context))
        return pages[-1]

    yield open_
    for seen in pages:
        seen.page.context.close()
