"""What several sources hold in common: who holds it still, and the file that it is kept in."""

from collections.abc import Callable
from math import inf

import structlog

from smartpdu.drivers.keeper import Keeper
from smartpdu.drivers.source import Kept
from smartpdu.model.units import Second

DAMAGED = "damaged"  # mark of a file that was put aside

log = structlog.get_logger()


class Holders:
    """How many hold something; who is the last to let go ends it."""

    def __init__(self) -> None:
        """Nobody holds it yet."""
        self._number = 0

    def hold(self) -> None:
        """One more holds it."""
        self._number += 1

    def let_go(self) -> bool:
        """One less; whether nobody holds it any more."""
        self._number -= 1
        return self._number == 0


class Upkeep:
    """A file that is written now and then, and once more when the last holder lets go."""

    def __init__(self, kept: Kept | None, name: str, every: Second) -> None:
        """The place of the file; None where nothing is kept."""
        self._kept, self._name = kept, name
        self._keeper = Keeper(kept, name) if kept else None
        self._every, self._due = every, -inf
        self._holders = Holders()

    @property
    def keeps(self) -> bool:
        """Whether there is a place at all."""
        return self._keeper is not None

    def tend(self, clock: float, form: Callable[[], bytes], changed: bool = False) -> bool:
        """Have the form written where it is due or has changed; whether it will be."""
        if self._keeper is None or (clock - self._due < self._every and not changed):
            return False
        if not self._keeper.keep_sometime(form):
            return False
        self._due = clock
        return True

    def put_aside(self, mark: str, **told: str) -> None:
        """Put the file aside as it is, and tell where; where that fails, it is not written over."""
        if self._kept is None:
            return
        try:
            log.warning("put_aside", what=self._name, **told, kept=self._kept.aside(mark))
        except OSError as error:
            self._keeper = None
            mend = f"take {self._name}.kept away, or put a copy of it back; then start anew"
            log.error("not_kept", what=self._name, **told, aside=str(error), mend=mend)

    def hold(self) -> None:
        """One more holds what is kept."""
        self._holders.hold()

    async def let_go(self, form: Callable[[], bytes]) -> None:
        """One less; the last one has the form written for good."""
        if self._holders.let_go() and self._keeper is not None:
            await self._keeper.close(form)
