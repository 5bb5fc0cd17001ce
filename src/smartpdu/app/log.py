"""Where log lines go: to standard error, so that standard output holds what was asked for."""

import sys

import structlog


def to_stderr() -> None:
    """Send all log lines of this process to standard error; in colours where a person reads."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
