"""Keeps what a driver wants to outlive the program, off the event loop and in order."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import structlog

from smartpdu.drivers.source import Kept

log = structlog.get_logger()


class Keeper:
    """A thread that writes one form after the other; the last one that was handed over stays."""

    def __init__(self, kept: Kept, name: str) -> None:
        """A keeper of these bytes; `name` is what the log calls them."""
        self._kept = kept
        self._name = name
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keeper")
        self._last: Future[None] | None = None
        self._failing = False

    def keep_sometime(self, form: Callable[[], bytes]) -> bool:
        """Have a form written while the program goes on; False while one is being written."""
        if self._last is not None and not self._last.done():
            return False
        self._last = self._thread.submit(self._tried, form)
        return True

    async def keep(self, form: Callable[[], bytes]) -> None:
        """Write a form; it is on the disk when this returns. Raises OSError."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._written, form)

    async def close(self, form: Callable[[], bytes]) -> None:
        """Write the last form, if that can be done, and end."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._tried, form)
        self._thread.shutdown()

    def _tried(self, form: Callable[[], bytes]) -> None:
        try:
            self._written(form)
        except OSError as error:
            if not self._failing:
                log.warning("not_kept", what=self._name, why=str(error))
            self._failing = True

    def _written(self, form: Callable[[], bytes]) -> None:
        self._kept.write(form())
        if self._failing:
            log.info("kept_again", what=self._name)
        self._failing = False
