"""A source of the twin whose electrical readings are measured from its waves, not invented (16.2).

All else, as relays, temperatures and registers, is told by the twin's meters. What they do not
tell stays a gap: an outlet without a meter, a value under the fault missing_values.
"""

import asyncio
from collections.abc import Callable

import numpy as np

from smartpdu.drivers.landing import LANDED
from smartpdu.drivers.sampler import Sampler
from smartpdu.drivers.source import Source
from smartpdu.drivers.tape import Tape
from smartpdu.model.command import SwitchOutlet
from smartpdu.model.plant import Kind, Part
from smartpdu.model.snapshot import Snapshot, blank
from smartpdu.twin.world import Life


class Waved:
    """One source's view of the twin, through a board."""

    def __init__(
        self, plain: Source, tape: Tape, part: Part, present: Callable[[], tuple[Life, float]]
    ) -> None:
        """The meters of a source, and the board beside them; `present` tells the life of now."""
        self._plain = plain
        self._tape = tape
        self._part = part
        self._present = present
        self._row = int(part.rows[Kind.SOURCE][0])
        self._sampler = Sampler(tape.board(part, self._row))

    async def read(self) -> Snapshot:
        """What meters and board tell; raises SourceError as the meters do."""
        now = await self._plain.read()
        self._tape.until(*self._present())
        loop = asyncio.get_running_loop()
        found = blank(self._part.plant, now.at, now.clock)
        await loop.run_in_executor(self._tape.thread, self._digested, found)
        overlay(now, found)
        return now

    async def obey(self, command: SwitchOutlet) -> None:
        """Let a relay move; what flowed until then is noted."""
        self._tape.until(*self._present())
        await self._plain.obey(command)

    async def close(self) -> None:
        """End with the meters."""
        await self._plain.close()
        self._tape.thread.shutdown(wait=False, cancel_futures=True)

    def _digested(self, found: Snapshot) -> None:
        self._tape.play()
        self._sampler.take(self._tape.frames(self._row), found.at)
        self._sampler.land(found)


def overlay(now: Snapshot, found: Snapshot) -> None:
    """Write what the board found over what the meters tell, but for their gaps."""
    for kind, names in LANDED.items():
        for name in names:
            told, measured = getattr(now.readings(kind), name), getattr(found.readings(kind), name)
            if name == "voltage" and kind is not Kind.PHASE:
                measured = np.where(told == 0, 0.0, measured)  # behind an open contact
            told[:] = np.where(np.isnan(told), np.nan, measured)
    now.sources.missing[:] = np.maximum(now.sources.missing, found.sources.missing)
