"""Where log lines go: to standard error, so that standard output holds what was asked for."""

import sys
from contextlib import suppress
from io import TextIOBase

import structlog


class Lossy(TextIOBase):
    """Standard error, on which a line may be lost: a full disk under it must not end the house."""

    def write(self, text: str) -> int:
        """Write what can be written."""
        with suppress(OSError, ValueError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand on what can be handed on."""
        with suppress(OSError, ValueError):
            sys.stderr.flush()


def to_stderr() -> None:
    """Send all log lines of this process to standard error; in colours where a person reads."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(Lossy()),  # type: ignore[arg-type]
    )
