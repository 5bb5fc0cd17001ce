"""How far a command has come, told on a terminal and to nobody else."""

from collections.abc import Callable
from typing import TextIO


def teller(err: TextIO) -> Callable[[str], None]:
    """Says on a terminal what is being done, each time in place of the last; nothing at its end."""

    def tell(what: str) -> None:
        if err.isatty():
            err.write(f"\r\x1b[K{what}")
            err.flush()

    return tell
