"""Many sources, one snapshot: each source fills its own rows and obeys its own commands.

The laws of this file:

1. Every source has a task and an outbox of its own: one that is slow, hangs or breaks delays no
   other, and the loop never waits for hardware.
2. A source that does not answer leaves gaps, never old numbers.
3. A command that could not be handed over in time is withdrawn; it never leaves later.
4. Whoever ordered is told when the source was read anew: what a read that began before the order
   had left tells is no read-back of it.
5. A restart is no answer: a source that was silent before it stays so until it answers.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from math import inf, isnan, nan
from typing import Any, TypeVar

import structlog

from smartpdu.drivers.source import Ports, Source, SourceError
from smartpdu.model.command import SwitchOutlet
from smartpdu.model.plant import Kind, Part, Plant
from smartpdu.model.snapshot import Snapshot, blank, frozen, land

T = TypeVar("T")

EAGER = 2.0  # s after an order
EAGER_INTERVAL = 0.25  # s
WATCHFUL = 12.0  # s after an order: slow agents show it late, and who waits is told after 10 s
WATCHFUL_INTERVAL = 1.0  # s
LONGEST_FAILURE = 300  # signs that are shown; the log has all
GIVE_UP = 30.0  # s: a read or an order that takes longer is ended from outside
STALE = 3.0  # intervals without an answer after which what is shown would be old
PATIENCE = 8.0  # s that a command may wait for a busy source; shorter than it may disobey

log = structlog.get_logger()


@dataclass(slots=True)
class Line:
    """The line to one source: what it reads, what it shall do, and when it last answered."""

    path: str
    source: Source
    part: Part
    interval: float
    answered: float  # monotonic clock of the last answer, or of the start
    outbox: deque[tuple[float, SwitchOutlet]] = field(default_factory=deque)
    ordered: asyncio.Event = field(default_factory=asyncio.Event)
    left: list[SwitchOutlet] = field(default_factory=list)  # and not read back yet
    failure: str = ""  # why it did not answer when it was read last
    blank: bool = True  # whether its rows are gaps
    obeyed: float = -inf  # when an order left; for some time it is read more often then
    heard: float = nan  # UTC of the last answer to an earlier run, if it was silent at its end
    before: float = 0.0  # s that it had been silent then


class Collector:
    """Holds the lines to all sources and the frame that they fill."""

    def __init__(
        self,
        plant: Plant,
        sources: Mapping[str, tuple[Source, Part]],
        ports: Ports,
        wake: Callable[[], None],
        withdraw: Callable[[SwitchOutlet, str], None],
        read_back: Callable[[SwitchOutlet], None],
    ) -> None:
        """A collector for these sources, by the path of their row."""
        self._plant = plant
        self._ports = ports
        self._wake = wake
        self._withdraw = withdraw
        self._read_back = read_back
        self._frame = blank(plant, ports.wall(), ports.clock())
        self._lines = [
            Line(path, source, part, self._interval(path), ports.clock())
            for path, (source, part) in sources.items()
        ]
        self._owner = {
            place: line for line in self._lines for place in line.part.plant.outlets.path
        }

    def take_up(self, heard: Mapping[str, float], at: float) -> None:
        """Go on with sources that an earlier run left silent: UTC of their last answers, and then.

        It was seen until `at`; who was away meanwhile cannot say what was then.
        """
        for line in self._lines:
            if line.path in heard:
                line.heard = heard[line.path]
                line.before = max(STALE * line.interval, at - line.heard)

    def heard(self) -> dict[str, float]:
        """UTC of the last answer of each source; of the start, where there was none."""
        wall, clock = self._ports.wall(), self._ports.clock()
        return {
            line.path: wall - (clock - line.answered) if isnan(line.heard) else line.heard
            for line in self._lines
        }

    def failures(self) -> dict[str, str]:
        """Why each source that does not answer now does not, in words."""
        return {line.path: line.failure for line in self._lines if line.failure}

    def freeze(self, unrecorded: float) -> Snapshot:
        """The picture of this moment; silence and the house's own readings are written in."""
        clock = self._ports.clock()
        for line in self._lines:
            silence = self._silence(line, clock)
            if silence > STALE * line.interval and not line.blank:
                self._leave_gaps(line)
            row = line.part.rows[Kind.SOURCE]
            self._frame.sources.silence[row] = silence
            self._take_back(line, clock)
        self._frame.houses.unrecorded[:] = unrecorded
        return frozen(self._frame, self._ports.wall(), clock)

    def _silence(self, line: Line, clock: float) -> float:
        """Seconds without an answer; those of the pause count once this run had its own chance."""
        waited = clock - line.answered
        if isnan(line.heard):
            return waited
        known = line.before + waited
        if waited <= STALE * line.interval:
            return known
        return max(known, self._ports.wall() - line.heard)

    def send(self, command: SwitchOutlet) -> None:
        """Hand a durable command to the source of its outlet."""
        line = self._owner[command.place]
        line.outbox.append((self._ports.clock(), command))
        line.ordered.set()

    async def run(self) -> None:
        """Read and obey for ever; ends only by being cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for line in self._lines:
                    tasks.create_task(self._serve(line), name=line.path)
        finally:
            await asyncio.gather(
                *(line.source.close() for line in self._lines), return_exceptions=True
            )

    async def _serve(self, line: Line) -> None:
        due = self._ports.clock()
        while True:
            ordered = await self._obey_all(line)
            if ordered:
                line.obeyed = self._ports.clock()
            if ordered or self._ports.clock() >= due:
                await self._read(line)
                due = max(due + line.interval, self._ports.clock())
            since = self._ports.clock() - line.obeyed
            if since < EAGER:
                self._wake()  # the read-back of an order is looked at now, not at the next second
                due = self._ports.clock() + min(EAGER_INTERVAL, line.interval)
            elif since < WATCHFUL:
                due = min(due, self._ports.clock() + WATCHFUL_INTERVAL)
            await self._pause(line, due)

    async def _pause(self, line: Line, due: float) -> None:
        """Wait for the next read or for a command, whichever comes first."""
        ordered = asyncio.ensure_future(line.ordered.wait())
        slept = asyncio.ensure_future(self._ports.sleep(max(0.0, due - self._ports.clock())))
        try:
            await asyncio.wait({ordered, slept}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ordered.cancel()
            slept.cancel()

    async def _obey_all(self, line: Line) -> bool:
        line.ordered.clear()
        self._take_back(line, self._ports.clock())
        ordered = False
        while line.outbox:
            _, command = line.outbox.popleft()
            ordered = True
            try:
                await self._in_time(line.source.obey(command))
                line.left.append(command)
            except SourceError as error:  # it surely did not happen
                self._withdraw(command, str(error))
            except Exception as error:  # noqa: BLE001 - it may have happened: read-back tells
                log.warning("order_unclear", source=line.path, place=command.place, why=repr(error))
                line.left.append(command)
            self._take_back(line, self._ports.clock())
        return ordered

    def _take_back(self, line: Line, clock: float) -> None:
        """Withdraw commands that waited too long while the source was busy."""
        while line.outbox and clock - line.outbox[0][0] > PATIENCE:
            _, command = line.outbox.popleft()
            self._withdraw(command, "the source was busy for too long; the order never left")

    async def _read(self, line: Line) -> None:
        try:
            piece = await self._in_time(line.source.read())
            land(self._frame, piece, line.part)
        except Exception as error:  # noqa: BLE001 - whatever it was: its rows are gaps
            self._leave_gaps(line)
            if not line.failure:
                log.warning("source_silent", source=line.path, why=str(error) or repr(error))
            line.failure = (str(error) or repr(error))[:LONGEST_FAILURE]
            return
        if line.blank:
            self._wake()  # its outlets can be switched again: now, not at the next second
        line.answered, line.blank, line.heard = self._ports.clock(), False, nan
        while line.left:
            self._read_back(line.left.pop())
        if line.failure:
            log.info("source_answers", source=line.path)
        line.failure = ""

    async def _in_time(self, work: Coroutine[Any, Any, T]) -> T:
        """What a source's work gives; it is ended from outside where it takes too long."""
        task = asyncio.ensure_future(work)
        slept = asyncio.ensure_future(self._ports.sleep(GIVE_UP))
        try:
            await asyncio.wait({task, slept}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            slept.cancel()
            late = task.cancel()
        if late:
            await asyncio.wait({task})  # until it has let go: one source does one thing at a time
            raise TimeoutError(f"not done after {GIVE_UP:.0f} s")
        if task.cancelled():  # by the driver itself: that must not end the line to its source
            raise RuntimeError("the driver gave it up")
        return task.result()

    def _leave_gaps(self, line: Line) -> None:
        now = self._ports.wall(), self._ports.clock()
        land(self._frame, blank(line.part.plant, *now), line.part)
        line.blank = True

    def _interval(self, path: str) -> float:
        return float(self._plant.sources.interval[self._plant.sources.path.index(path)])
