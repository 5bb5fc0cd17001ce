"""A source of the twin whose electrical readings are measured from its waves, not invented (16.2).

All else, as relays, temperatures and the registers of what was taken, is told by the twin's
meters. What they do not tell stays a gap: an outlet without a meter, a value under the fault
missing_values. What they have no word for, as reactive energy or flicker, is the board's.
"""

import asyncio
from collections.abc import Callable

import numpy as np

from smartpdu.drivers.followers import FOLLOWED, Followers
from smartpdu.drivers.landing import FINER, LANDED
from smartpdu.drivers.sampler import Sampler
from smartpdu.drivers.source import Source, Wanted
from smartpdu.drivers.tape import PACE, Tape
from smartpdu.model.command import SwitchOutlet
from smartpdu.model.plant import Kind
from smartpdu.model.snapshot import Snapshot, blank
from smartpdu.twin.world import Life

BLOCK = 1 / PACE  # s


class Waved:
    """One source's view of the twin, through a board."""

    def __init__(
        self, plain: Source, tape: Tape, wanted: Wanted, present: Callable[[], tuple[Life, float]]
    ) -> None:
        """The meters of a source, and the board beside them; `present` tells the life of now."""
        self._plain = plain
        self._tape = tape.hold()
        self._part = part = wanted.part
        self._present, self._wall = present, wanted.ports.wall
        self._row = int(part.rows[Kind.SOURCE][0])
        self._followers = Followers(wanted)
        self._sampler = Sampler(tape.board(part, self._row), self._followers.of)

    async def read(self) -> Snapshot:
        """What meters and board tell; raises SourceError as the meters do."""
        now = await self._plain.read()
        self._tape.until(*self._present())
        loop = asyncio.get_running_loop()
        found = blank(self._part.plant, now.at, now.clock)
        await loop.run_in_executor(self._tape.thread, self._digested, found)
        self._followers.tell()
        overlay(now, found)
        return now

    async def obey(self, command: SwitchOutlet) -> None:
        """Let a relay move; what flowed until then is noted."""
        self._tape.until(*self._present())
        await self._plain.obey(command)
        if command.on:  # the block that is under way begins with it
            self._followers.switched_on(command.place, self._wall() - BLOCK)

    async def close(self) -> None:
        """End with the meters."""
        await self._plain.close()
        await self._tape.let_go()
        await self._followers.close()

    def _digested(self, found: Snapshot) -> None:
        self._tape.play()
        self._sampler.take(self._tape.frames(self._row), found.at)
        self._sampler.land(found)
        self._followers.look()


def overlay(now: Snapshot, found: Snapshot) -> None:
    """Write what the board found over what the meters tell, but for their gaps."""
    for kind, names in LANDED.items():
        for name in names:
            told, measured = getattr(now.readings(kind), name), getattr(found.readings(kind), name)
            if name == "voltage" and kind is not Kind.PHASE:
                measured = np.where(told == 0, 0.0, measured)  # behind an open contact
            told[:] = np.where(np.isnan(told), np.nan, measured)
    hidden = np.isnan(now.outlets.current)
    for kind in LANDED:
        for name in FINER[kind] + FOLLOWED[kind]:
            measured = getattr(found.readings(kind), name)
            gap = hidden if kind is Kind.OUTLET else False
            getattr(now.readings(kind), name)[:] = np.where(gap, np.nan, measured)
    now.sources.missing[:] = np.maximum(now.sources.missing, found.sources.missing)
