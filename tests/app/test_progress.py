"""How far a command has come is told on a terminal, and only where it takes its time."""

from collections.abc import Iterator
from io import StringIO

from smartpdu.app.progress import bar, teller


class Terminal(StringIO):
    """A terminal's screen."""

    def isatty(self) -> bool:
        return True


def clock(*times: float) -> Iterator[float]:
    yield from times


def test_a_bar_appears_after_two_seconds_and_goes_at_the_end() -> None:
    screen, ticks = Terminal(), clock(0.0, 0.5, 1.9, 2.1, 2.2, 3.0, 4.0)
    show = bar(screen, "analysing x", lambda: next(ticks))
    show(0.1)
    show(0.3)
    assert screen.getvalue() == ""
    show(0.5)
    assert screen.getvalue().endswith(f"analysing x [{'#' * 15}{'.' * 15}]  50 %")
    written = len(screen.getvalue())
    show(0.5)
    assert len(screen.getvalue()) == written, "the same bar is not drawn again"
    show(0.9)
    assert screen.getvalue().endswith(f"[{'#' * 27}...]  90 %")
    show(1.0)
    assert screen.getvalue().endswith("\r\x1b[K")


def test_what_is_over_soon_shows_nothing_at_all() -> None:
    screen, ticks = Terminal(), clock(0.0, 0.5, 1.0)
    show = bar(screen, "analysing x", lambda: next(ticks))
    show(0.5)
    show(1.0)
    assert screen.getvalue() == ""


def test_a_file_is_told_no_progress() -> None:
    file, ticks = StringIO(), clock(0.0, 5.0, 6.0)
    bar(file, "analysing x", lambda: next(ticks))(0.5)
    teller(file)("reading ...")
    assert file.getvalue() == ""
