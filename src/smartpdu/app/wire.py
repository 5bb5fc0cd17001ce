"""Builds the house from a site's description and lets it turn until it is told to stop."""

import asyncio
import fcntl
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from errno import ENOENT
from functools import partial
from importlib.metadata import entry_points, version
from pathlib import Path
from random import Random
from socket import gethostname
from typing import Any, TextIO

from smartpdu.app.config import Site, setting_fault
from smartpdu.app.fault import ConfigError, Fault
from smartpdu.drivers.source import (
    Driver,
    Kept,
    Ports,
    SettingsError,
    Source,
    Tell,
    Wanted,
    unheard,
)
from smartpdu.drivers.verdicts import NAME as VERDICTS
from smartpdu.engine.house import House, house
from smartpdu.model.plant import Part, part
from smartpdu.model.request import Role
from smartpdu.model.spectrum import Show, unshown
from smartpdu.runtime.collector import Collector
from smartpdu.runtime.desk import Desk
from smartpdu.runtime.kept import KeptFile
from smartpdu.runtime.loop import Loop
from smartpdu.runtime.memory import Memory
from smartpdu.runtime.proof import tell_if_broken
from smartpdu.runtime.recorder import Recorder
from smartpdu.runtime.spectra import Spectra
from smartpdu.runtime.view import Unrecorded
from smartpdu.runtime.waveforms import Waveforms

DRIVERS = "smartpdu.drivers"
INTERFACES = "smartpdu.interfaces"
LOCK = "smartpdu.lock"
WAVEFORMS = "waveforms"  # folder of the data directory
ENDS = (signal.SIGINT, signal.SIGTERM)


class CannotStart(Exception):
    """The house cannot start, with a reason for a person."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A data directory that this process alone holds, as long as its lock is where it was."""

    directory: Path
    lock: os.stat_result

    def check(self) -> None:
        """Raise OSError where the lock is gone: another program may hold the directory by now."""
        path = self.directory / LOCK
        gone = FileNotFoundError(ENOENT, "the lock was removed or replaced while in use", str(path))
        try:
            if os.path.samestat(path.stat(), self.lock):
                return
        except FileNotFoundError:
            raise gone from None
        raise gone


@dataclass(frozen=True, slots=True)
class Rooms:
    """All parts of a running house."""

    memory: Memory
    desk: Desk
    loop: Loop
    collector: Collector
    recorder: Recorder
    waveforms: Waveforms


def world() -> Ports:
    """The real world: the system's clocks and dice."""
    return Ports(time.time, time.monotonic, asyncio.sleep, Random(secrets.randbits(64)))


def run(site: Site, data: Path, http: Any, out: TextIO = sys.stdout) -> int:
    """Run a site until SIGINT, SIGTERM or SIGHUP; returns the exit code."""
    with only_one(data) as hold:
        return asyncio.run(_run(site, hold, http, out))


async def _run(site: Site, hold: Hold, http: Any, out: TextIO) -> int:
    faces = {e.name: e.load() for e in entry_points(group=INTERFACES)}
    for face in faces.values():
        face.check(http)  # an address that cannot be used is told before anything starts
    rooms = assembled(site, hold, world(), lambda: secrets.token_urlsafe(32))
    try:
        await tell_if_broken(rooms.memory)
        await rooms.loop.start()
        say(await welcome(rooms.desk, http), out)
        await _until_told(rooms, [_face(f.serve, rooms.desk, http) for f in faces.values()], out)
    finally:
        await rooms.waveforms.close()  # its events are told before the end
        await rooms.loop.stop()
        await rooms.memory.close()
    return 0


async def _until_told(
    rooms: Rooms, faces: Sequence[Coroutine[Any, Any, None]], out: TextIO
) -> None:
    """Keep all parts running; the first that ends, ends all."""
    stop = asyncio.Event()
    for number in ENDS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup wants it to stay
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, stop.set)
    tasks = [asyncio.create_task(c) for c in (rooms.collector.run(), rooms.recorder.run())]
    await asyncio.sleep(0)
    tasks.append(asyncio.create_task(rooms.loop.run()))
    tasks += [asyncio.create_task(face) for face in faces]
    tasks.append(asyncio.create_task(_never_unless(stop)))
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()  # a part that failed tells why
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        say("stopped; no outlet was moved", out)


def say(words: str, out: TextIO) -> None:
    """Tell a person; where nobody listens, or the disk below is full, the house goes on."""
    with suppress(OSError):
        print(words, file=out, flush=True)


async def _never_unless(stop: asyncio.Event) -> None:
    await stop.wait()


async def _face(
    serve: Callable[[Desk, Any], Coroutine[Any, Any, None]], desk: Desk, http: Any
) -> None:
    await desk.seen()  # interfaces open once there is something to look at
    await serve(desk, http)


def assembled(site: Site, hold: Hold, ports: Ports, secret: Callable[[], str]) -> Rooms:
    """All parts of the house for a site, joined and not yet running."""
    home = _house(site)
    waveforms, spectra = Waveforms(hold.directory / WAVEFORMS, hold.check), Spectra()
    # what does not fit is told before a memory is there
    opened = sources(site, ports, partial(_kept, hold), waveforms.tell, spectra.show)
    memory = _memory(hold)
    desk = Desk(memory, ports, secret, waveforms, _kept(hold, VERDICTS), spectra)
    loop = Loop(site.name, home, memory, desk, ports, secret()[:16], version("smartpdu"))
    collector = Collector(home.plant, opened, ports, desk.wake, loop.withdraw, loop.read_back)
    recorder = Recorder(memory, ports, collector.send, loop.withdraw, desk.answer, desk.tell)
    loop.join(collector, recorder)
    waveforms.join(recorder.put_events)
    return Rooms(memory, desk, loop, collector, recorder, waveforms)


def drivers() -> Mapping[str, Any]:
    """The entry points of all drivers that are installed, by name."""
    return {entry.name: entry for entry in entry_points(group=DRIVERS)}


def sources(
    site: Site,
    ports: Ports,
    kept: Callable[[str], Kept] | None = None,
    tell: Tell = unheard,
    show: Show = unshown,
) -> dict[str, tuple[Source, Part]]:
    """A source for each row of the plant's sources, by path, and the part that it reads.

    Raises ConfigError for settings that a driver finds unfit for what is built.
    """
    known = drivers()
    shared: dict[str, Any] = {}
    opened: dict[str, tuple[Source, Part]] = {}
    faults: list[Fault] = []
    for row, wanted in enumerate(site.sources):
        driver: Driver = known[wanted.driver].load()
        own = part(site.plant, row)
        about = (wanted.path, wanted.settings, own, site.plant, site.sections, shared)
        asked = Wanted(*about, ports, kept, tell, show)
        try:
            opened[wanted.path] = (driver.open_source(asked), own)
        except SettingsError as error:
            faults.append(setting_fault(site, row, error))
    if faults:
        raise ConfigError(faults)
    return opened


@contextmanager
def only_one(data: Path) -> Iterator[Hold]:
    """Hold the data directory for this process alone; the lock ends with the process."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        handle = os.open(data / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CannotStart(f"the data directory {data} cannot be used: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise CannotStart(f"another smartpdu already runs on the data directory {data}") from error
    try:
        yield Hold(data, os.fstat(handle))
    finally:
        os.close(handle)


def _kept(hold: Hold, name: str) -> Kept:
    return KeptFile(hold.directory / f"{name}.kept", hold.check)


def _house(site: Site) -> House:
    return house(site.plant, site.overrides)


def _memory(hold: Hold) -> Memory:
    try:
        return Memory.at(hold.directory, hold.check)
    except Unrecorded as error:
        raise CannotStart(str(error)) from error


async def welcome(desk: Desk, http: Any) -> str:
    """What a person at the terminal needs: the address, and a link that lets a browser in once.

    Whoever can read this terminal owns the process, so the link is an administrator's.
    """
    head = f"SmartPDU {version('smartpdu')} at {http.address}"
    try:
        link = await desk.new_link(Role.ADMIN)
    except Unrecorded as error:
        return f"{head}\nno login link could be kept: {error}"
    told = f"{head}\nopen this link once within 10 minutes: {http.address}/login?link={link}"
    if http.everywhere:
        told += f"\nfrom another machine, with {gethostname()} in place of {http.reached}"
    return told
