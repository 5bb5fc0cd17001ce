"""Many sources, one snapshot: each source fills its own rows and obeys its own commands.

Every source has a task and an outbox of its own, so one that is slow or dead delays no other, and
the loop never waits for hardware. A source that does not answer leaves gaps, never old numbers.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from smartpdu.drivers.source import Ports, Source, SourceError
from smartpdu.model.command import SwitchOutlet
from smartpdu.model.plant import Kind, Part, Plant
from smartpdu.model.snapshot import Snapshot, blank, frozen, land

EAGER = 2.0  # s after an order
EAGER_INTERVAL = 0.25  # s
GIVE_UP = 30.0  # s: a read or an order that takes longer is ended from outside

log = structlog.get_logger()


@dataclass(slots=True)
class Line:
    """The line to one source: what it reads, what it shall do, and when it last answered."""

    path: str
    source: Source
    part: Part
    interval: float
    answered: float  # monotonic clock of the last answer
    outbox: asyncio.Queue[SwitchOutlet] = field(default_factory=asyncio.Queue)
    silent: bool = False
    eager: float = 0.0  # until then it is read more often, to see an order obeyed


class Collector:
    """Holds the lines to all sources and the frame that they fill."""

    def __init__(
        self,
        plant: Plant,
        sources: Mapping[str, tuple[Source, Part]],
        ports: Ports,
        wake: Callable[[], None],
        withdraw: Callable[[SwitchOutlet, str], None],
    ) -> None:
        """A collector for these sources, by the path of their row."""
        self._plant = plant
        self._ports = ports
        self._wake = wake
        self._withdraw = withdraw
        self._frame = blank(plant, ports.wall(), ports.clock())
        self._lines = [
            Line(path, source, part, self._interval(path), ports.clock())
            for path, (source, part) in sources.items()
        ]
        self._owner = {
            place: line for line in self._lines for place in line.part.plant.outlets.path
        }

    def freeze(self, unrecorded: float) -> Snapshot:
        """The picture of this moment; silence and the house's own readings are written in."""
        clock = self._ports.clock()
        for line in self._lines:
            row = line.part.rows[Kind.SOURCE]
            self._frame.sources.silence[row] = clock - line.answered
        self._frame.houses.unrecorded[:] = unrecorded
        return frozen(self._frame, self._ports.wall(), clock)

    def send(self, command: SwitchOutlet) -> None:
        """Hand a durable command to the source of its outlet."""
        self._owner[command.place].outbox.put_nowait(command)

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
                line.eager = self._ports.clock() + EAGER
            if ordered or self._ports.clock() >= due:
                await self._read(line)
                due = max(due + line.interval, self._ports.clock())
            if self._ports.clock() < line.eager:
                self._wake()  # the read-back of an order is looked at now, not at the next second
                due = self._ports.clock() + min(EAGER_INTERVAL, line.interval)
            await self._pause(line, due)

    async def _pause(self, line: Line, due: float) -> None:
        """Wait for the next read or for a command, whichever comes first."""
        if not line.outbox.empty():
            return
        getter = asyncio.ensure_future(line.outbox.get())
        sleeper = asyncio.ensure_future(self._ports.sleep(max(0.0, due - self._ports.clock())))
        try:
            await asyncio.wait({getter, sleeper}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            if not getter.cancel() and not getter.cancelled():
                line.outbox.put_nowait(getter.result())

    async def _obey_all(self, line: Line) -> bool:
        ordered = False
        while not line.outbox.empty():
            command = line.outbox.get_nowait()
            ordered = True
            try:
                async with asyncio.timeout(GIVE_UP):
                    await line.source.obey(command)
            except SourceError as error:  # it surely did not happen
                self._withdraw(command, str(error))
            except Exception as error:  # noqa: BLE001 - it may have happened: read-back tells
                log.warning("order_unclear", source=line.path, place=command.place, why=repr(error))
        return ordered

    async def _read(self, line: Line) -> None:
        try:
            async with asyncio.timeout(GIVE_UP):
                piece = await line.source.read()
        except Exception as error:  # noqa: BLE001 - whatever it was: its rows are gaps
            now = self._ports.wall(), self._ports.clock()
            land(self._frame, blank(line.part.plant, *now), line.part)
            if not line.silent:
                log.warning("source_silent", source=line.path, why=str(error) or repr(error))
            line.silent = True
            return
        land(self._frame, piece, line.part)
        line.answered = self._ports.clock()
        if line.silent:
            log.info("source_answers", source=line.path)
        line.silent = False

    def _interval(self, path: str) -> float:
        return float(self._plant.sources.interval[self._plant.sources.path.index(path)])
