"""The twin's waves as frames: a board of its own for each source that reads the twin (16.2).

What is lived is only noted by the event loop; it is rendered, block by block, in a thread.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from smartpdu.drivers.board import Board, Channel, board
from smartpdu.drivers.frames import FORMS, Frame, picked, read, written
from smartpdu.drivers.upkeep import Holders
from smartpdu.model.plant import Kind, Part, Plant
from smartpdu.model.units import Column, Rows
from smartpdu.twin.converter import Converter, converter, counted
from smartpdu.twin.phasors import Phasors, phasors, waves
from smartpdu.twin.plan import World
from smartpdu.twin.taps import Tap
from smartpdu.twin.waves import first, sampled
from smartpdu.twin.world import Life

RATE = 10_000.0  # Hz
COUNT = 500  # samples of a block
PACE = int(RATE / COUNT)  # blocks of a second
BEFORE = 12  # blocks that the board had been on when somebody first looks
LATE = 30 * PACE  # blocks that are rendered at most when nobody looked for long
KEPT = 5 * PACE  # frames that wait for a source
FORM = FORMS[2]
NOISE = 5e-6  # of the scale, RMS: what is left of 24 bits
HEADROOM = 10 * np.sqrt(2)  # times the rated current: inrush is not clipped
SCALES = {"voltage": 2.6, "residual_current": 10.0}  # times the nominal voltage; A


class Tape:
    """The waves of one twin, as far as they were lived."""

    def __init__(self, world: World, life: Life, dice: np.random.Generator) -> None:
        """A tape that begins a little before this life."""
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="waves")
        self.plant = world.plant
        self._dice = dice
        self._waves = waves(world, RATE, COUNT, dice)
        self.taps = tuple(tap for branch in self._waves.branches for tap in branch.taps)
        scale = np.array([_scale(world.plant, tap) for tap in self.taps])
        self.converter = converter(scale, FORM.bits, NOISE)
        self._lived = int(life.second) * PACE - BEFORE  # blocks that are noted
        self._origin = self._lived
        self._moment = first(self._waves, life)
        # a life, its first block, their number; what nobody asks for in time is dropped
        self._due: deque[tuple[Life, int, int]] = deque(maxlen=2 * LATE // PACE)
        self._steady: tuple[Life, tuple[Phasors, ...]] | None = None
        self._frames: dict[int, deque[bytes]] = {}
        self._columns: dict[int, Rows] = {}
        self._sequence = 0
        self._holders = Holders()

    def hold(self) -> "Tape":
        """The tape, for one more source."""
        self._holders.hold()
        return self

    async def let_go(self) -> None:
        """One source less, once all that it asked for is done; the thread ends with the last."""
        await asyncio.get_running_loop().run_in_executor(self.thread, _nothing)
        if self._holders.let_go():
            self.thread.shutdown(wait=False)

    def board(self, part: Part, source: int) -> Board:
        """The board of a source; from now on frames are kept for it."""
        own = [column for column, tap in enumerate(self.taps) if _owner(self.plant, tap) == source]
        self._columns[source] = np.array(own, dtype=np.int64)
        self._frames[source] = deque(maxlen=KEPT)
        return board(channels(self.plant, self.taps, self.converter, own), part.plant)

    def until(self, life: Life, second: float) -> None:
        """Note that the twin lives so until then; whole blocks only."""
        last = int(np.floor(min(second, life.second + 1) * PACE + 1e-6))
        if last > self._lived:
            self._due.append((life, self._lived, last - self._lived))
            self._lived = last

    def play(self) -> None:
        """Render what is noted; in the thread."""
        while self._due:
            life, begin, count = self._due.popleft()
            if self._lived - begin > LATE:
                continue  # a gap
            self._moment = replace(self._moment, sample=(begin - self._origin) * COUNT)
            if self._steady is None or self._steady[0] is not life:
                self._steady = (life, phasors(self._waves, life))
            for _ in range(count):
                self._block(life, self._steady[1])

    def frames(self, source: int) -> list[Frame]:
        """The frames that wait for a source; in the thread."""
        waiting = self._frames[source]
        return [read(waiting.popleft()) for _ in range(len(waiting))]

    def _block(self, life: Life, steady: tuple[Phasors, ...]) -> None:
        at = self._moment.sample
        self._moment, samples = sampled(self._waves, self._moment, life, self._dice, steady)
        counts = counted(self.converter, samples, self._dice)
        for source, columns in self._columns.items():
            frame = Frame(1, self._sequence, at, RATE, np.nan, FORM, picked(counts, columns))
            self._frames[source].append(written(frame))
        self._sequence += 1


def _nothing() -> None:
    """What is done last in a thread shows that all before it is done."""


def channels(
    plant: Plant, taps: Sequence[Tap], made: Converter, own: Sequence[int]
) -> list[Channel]:
    """These taps as the site of a board would describe them."""
    places = [plant.table(taps[k].kind).path[taps[k].row] for k in own]
    return [
        Channel(place, taps[k].quantity, float(made.gain[k]), 0.0, 0.0)
        for place, k in zip(places, own, strict=True)
    ]


def _scale(plant: Plant, tap: Tap) -> float:
    """What a channel reaches up to."""
    if tap.quantity == "voltage":
        return float(SCALES["voltage"] * plant.phases.nominal_voltage[tap.row])
    if tap.quantity == "residual_current":
        return SCALES["residual_current"]
    rated: Column = (
        plant.phases.rated_current[plant.phases.feed == tap.row]
        if tap.kind is Kind.FEED
        else getattr(plant.table(tap.kind), "rated_current")[tap.row]  # noqa: B009 - not all have it
    )
    return float(HEADROOM * np.max(rated))


def _owner(plant: Plant, tap: Tap) -> int:
    """The source of a tap's place."""
    owner: Rows = getattr(plant.table(tap.kind), "source")  # noqa: B009 - not all tables have it
    return int(owner[tap.row])
