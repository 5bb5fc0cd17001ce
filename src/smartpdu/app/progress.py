"""How far a command has come, told on a terminal and to nobody else."""

from collections.abc import Callable
from time import monotonic
from typing import TextIO

PATIENCE = 2.0  # s in which nobody asks how far it is
WIDTH = 30  # characters of a bar


def teller(err: TextIO) -> Callable[[str], None]:
    """Says on a terminal what is being done, each time in place of the last; nothing at its end."""

    def tell(what: str) -> None:
        if err.isatty():
            err.write(f"\r\x1b[K{what}")
            err.flush()

    return tell


def bar(err: TextIO, what: str, clock: Callable[[], float] = monotonic) -> Callable[[float], None]:
    """Shows on a terminal which share is done, where that takes longer than two seconds.

    A share of 1 is the end, and takes the bar away.
    """
    begun, shown, tell = clock(), "", teller(err)

    def show(share: float) -> None:
        nonlocal shown
        if clock() - begun < PATIENCE:
            return
        full = int(WIDTH * share)
        line = f"{what} [{'#' * full}{'.' * (WIDTH - full)}] {100 * share:3.0f} %"
        line = "" if share >= 1 else line
        if line != shown:
            tell(line)
            shown = line

    return show
