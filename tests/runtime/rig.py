"""A small house on a virtual clock: real loop, recorder, desk and store; sources made for tests."""

import asyncio
import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random

from lossy_disk import LossyDisk

from smartpdu.drivers.source import Ports, SourceError
from smartpdu.engine.house import house
from smartpdu.model.build import (
    CircuitSpec,
    Design,
    DoorSpec,
    FeedSpec,
    OutletSpec,
    PduSpec,
    PhaseSpec,
    ProbeSpec,
    RackSpec,
    SourceSpec,
    built,
)
from smartpdu.model.command import SwitchOutlet
from smartpdu.model.plant import Part, Plant, part
from smartpdu.model.request import Principal, Role, Switch
from smartpdu.model.snapshot import Snapshot, blank
from smartpdu.runtime.collector import Collector
from smartpdu.runtime.desk import Desk
from smartpdu.runtime.kept import KeptFile
from smartpdu.runtime.loop import Loop
from smartpdu.runtime.memory import Memory
from smartpdu.runtime.recorder import Recorder
from smartpdu.runtime.spectra import Spectra
from smartpdu.runtime.view import Asked
from smartpdu.runtime.waveforms import Waveforms
from smartpdu.store.database import open_database

OPERATOR = Principal("olga", Role.OPERATOR)
VIEWER = Principal("viktor", Role.VIEWER)


class Time:
    """A clock that moves only when it is told to."""

    def __init__(self, wall: float = 1_800_000_000.0) -> None:
        self.seconds = 1_000.0
        self._ahead = wall - self.seconds
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = count()

    def clock(self) -> float:
        return self.seconds

    def wall(self) -> float:
        return self.seconds + self._ahead

    def set_wall(self, step: float) -> None:
        self._ahead += step

    async def sleep(self, seconds: float) -> None:
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.seconds + seconds, next(self._number), waiting))
        await waiting

    async def pass_(self, seconds: float) -> None:
        end = self.seconds + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, waiting = heapq.heappop(self._sleepers)
            self.seconds = max(self.seconds, due)
            if not waiting.done():
                waiting.set_result(None)
            await settle()
        self.seconds = end
        await settle()

    def ports(self) -> Ports:
        return Ports(self.wall, self.clock, self.sleep, Random(7))


async def settle() -> None:
    """Let every task that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)


@dataclass
class Pdu:
    """A PDU of the tests: relays that obey, lie, refuse, hang or are silent."""

    own: Part
    ports: Ports
    on: list[bool] = field(default_factory=list)
    pulses: list[tuple[str, bool]] = field(default_factory=list)
    manner: str = "honest"
    current: float = 1.0
    reads: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.on = [True] * len(self.own.plant.outlets)

    async def read(self) -> Snapshot:
        self.reads.append(self.ports.clock())
        await self._behave()
        now = blank(self.own.plant, self.ports.wall(), self.ports.clock())
        now.sources.missing[:] = 0.0
        now.feeds.apparent_power[:], now.feeds.frequency[:] = 1_000.0, 50.0
        now.phases.voltage[:], now.phases.current[:] = 230.0, self.current
        now.circuits.closed[:], now.circuits.current[:] = 1.0, self.current
        now.outlets.on[:] = self.on
        now.outlets.current[:] = [self.current if on else 0.0 for on in self.on]
        now.probes.temperature[:], now.probes.humidity[:] = 22.0, 45.0
        now.doors.open[:] = 0.0
        return now

    async def _behave(self) -> None:
        """Answer, or not, in the manner of this device."""
        match self.manner:
            case "silent":
                raise SourceError("no answer")
            case "hangs":
                await self.ports.sleep(1e9)
            case "slow":
                await self.ports.sleep(7.0)
            case "broken":
                raise ZeroDivisionError("a bug in a driver")
            case "many":
                raise ExceptionGroup("several", [ZeroDivisionError(), SourceError("no")])
            case "cancelled":
                raise asyncio.CancelledError

    async def obey(self, command: SwitchOutlet) -> None:
        if self.manner == "refuses":
            raise SourceError("the device does not allow it")
        self.pulses.append((command.place, command.on))
        if self.manner != "liar":
            self.on[self.own.plant.outlets.path.index(command.place)] = command.on
        if self.manner == "mumbles":
            raise OSError("the answer was cut off")

    async def close(self) -> None:
        self.manner = "closed"


def plant(pdus: int = 2, outlets: int = 3, interval: float = 1.0, letters: str = "ABCD") -> Plant:
    """One rack with that many single-phase PDUs."""
    letters = letters[:pdus]
    return built(
        Design(
            sources=[SourceSpec(f"source/{p}", interval=interval) for p in letters],
            racks=[RackSpec("rack1")],
            pdus=[PduSpec(f"rack1/{p}", "rack1", f"source/{p}") for p in letters],
            feeds=[FeedSpec(f"rack1/{p}/feed", f"rack1/{p}", p, 3_680) for p in letters],
            phases=[PhaseSpec(f"rack1/{p}/L1", f"rack1/{p}/feed", 16) for p in letters],
            circuits=[CircuitSpec(f"rack1/{p}/circuit/1", f"rack1/{p}/L1", 16) for p in letters],
            outlets=[
                OutletSpec(f"rack1/{p}/outlet/{n + 1}", f"rack1/{p}/circuit/1")
                for p in letters
                for n in range(outlets)
            ],
            probes=[ProbeSpec(f"rack1/{p}/probe", "rack1", f"source/{p}") for p in letters],
            doors=[DoorSpec("rack1/door", "rack1", f"source/{letters[0]}")],
        )
    )


class Rig:
    """A house that runs as far as the test lets it."""

    def __init__(
        self, directory: Path, built_plant: Plant | None = None, disk: LossyDisk | None = None
    ) -> None:
        self.time = Time()
        self.disk = disk
        self._records: asyncio.Task[None] | None = None
        self.directory = directory
        self.plant = built_plant or plant()
        self.pdus: dict[str, Pdu] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._secrets = count(1)

    async def start(self) -> "Rig":
        ports = self.time.ports()
        vfs = self.disk.name if self.disk else None
        self.memory = Memory(open_database(self.directory / "smartpdu.db", vfs=vfs))
        self.waveforms = Waveforms(self.directory / "waveforms", lambda: None)
        quality = KeptFile(self.directory / "quality.kept", lambda: None)
        secret = lambda: f"{next(self._secrets):032x}"  # noqa: E731
        self.spectra = Spectra()
        self.desk = Desk(self.memory, ports, secret, self.waveforms, quality, self.spectra)
        home = house(self.plant)
        self.loop = Loop("test", home, self.memory, self.desk, ports, "boot", "0")
        lines = {}
        for row, path in enumerate(self.plant.sources.path):
            own = part(self.plant, row)
            pdu = self.pdus.setdefault(path, Pdu(own, ports))
            pdu.own, pdu.ports = own, ports
            if self.pdus[path].manner == "closed":
                self.pdus[path].manner = "honest"
            lines[path] = (self.pdus[path], own)
        self.collector = Collector(
            self.plant,
            lines,
            ports,
            self.desk.wake,
            self.loop.withdraw,
            self.loop.read_back,
        )
        self.recorder = Recorder(
            self.memory,
            ports,
            self.collector.send,
            self.loop.withdraw,
            self.desk.answer,
            self.desk.tell,
        )
        self.loop.join(self.collector, self.recorder)
        self.waveforms.join(self.recorder.put_events)
        await self.loop.start()
        self._tasks = [asyncio.create_task(self.collector.run())]
        await settle()
        return self

    async def lasts(self, seconds: float, every: float = 1.0) -> None:
        """Time passes: sources are read, the loop turns, what follows is recorded."""
        for _ in range(round(seconds / every)):
            await self.time.pass_(every)
            await self.turn()

    async def turn(self) -> None:
        await self.loop.turn()
        if self._records is None:
            await self.recorder.drain()
        else:
            await asyncio.sleep(0.01)
        await settle()

    def records_by_itself(self) -> None:
        """From now on nobody waits for the recorder: the disk may hang."""
        self._records = asyncio.create_task(self.recorder.run())
        self._tasks.append(self._records)

    async def asks(self, place: str, on: bool, key: str | None = None, by=OPERATOR) -> Asked:
        """Ask for a switch and let the house turn once, so that the answer is there."""
        asked = asyncio.create_task(self.desk.ask(Switch(self.desk.new_id(), by, place, on), key))
        await settle()
        while not asked.done():
            await self.turn()
            await asyncio.sleep(0.001)
        return await asked

    async def events(self, kinds: Sequence[str] = ()) -> list[tuple[str, str]]:
        """Kind and place of every recorded event."""
        told = await self.desk.told(0, 10_000, kinds=tuple(kinds))
        return [(t.kind, t.place) for t in told]

    async def crash(self) -> None:
        """The process ends without a word: tasks stop, nothing is flushed."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.memory.database.close()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._records = None
        await self.waveforms.close()
        await self.loop.stop()
        await self.memory.close()
