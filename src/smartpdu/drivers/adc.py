"""Our own measuring board: frames of samples become the readings of its feeds and outlets (7, 8).

It measures and switches nothing: the relays are another driver's.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from ipaddress import ip_address
from pathlib import Path
from re import fullmatch
from typing import Any

import structlog

from smartpdu.drivers.board import Board, board, channels
from smartpdu.drivers.carriers import Carrier, Datagrams, Pipe
from smartpdu.drivers.followers import SOON, Followers
from smartpdu.drivers.frame_file import FrameFile
from smartpdu.drivers.reception import Tally
from smartpdu.drivers.sampler import Sampler
from smartpdu.drivers.source import NoAnswer, Ports, SettingsError, SourceError, Wanted, nearest
from smartpdu.model.command import SwitchOutlet
from smartpdu.model.snapshot import Snapshot, blank

KEYS = ("address", "sender", "channel")
CARRIERS = ("udp", "pipe", "file")
EXPECTED = "udp:0.0.0.0:5800 with an address of this machine, pipe:PATH or file:PATH"
PATIENCE = 0.5  # s without a frame after which the board is silent
FIRST = 0.7  # s that the first frames are waited for, until a window is complete
LAST_PORT = 65535
TROUBLES = tuple(f.name for f in fields(Tally) if f.name not in ("frames", "samples", "why"))

log = structlog.get_logger()


class Adc:
    """One board, with the rows of the plant that it measures."""

    def __init__(self, carrier: Carrier, made: Board, wanted: Wanted) -> None:
        """A board that nobody has listened to yet."""
        self._followers = Followers(wanted)
        self.sampler = Sampler(made, self._followers.of)
        self._carrier = carrier
        self._part = wanted.part
        self._ports = ports = wanted.ports
        self._path = wanted.path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="samples")
        self._heard = ports.clock()
        self._before = replace(self.sampler.tally)
        self._troubled = False

    async def read(self) -> Snapshot:
        """What was measured since the last time; raises SourceError where no frame came."""
        now = await self._measured()
        tally = self.sampler.tally
        if not tally.frames:
            await self._ports.sleep(FIRST)
            now = await self._measured()
        clock = self._ports.clock()
        came, bad = tally.frames > self._before.frames, tally.why
        unusable = tally.unfit + tally.malformed > self._before.unfit + self._before.malformed
        self._tell()
        if came:
            self._heard = clock
        elif clock - self._heard > PATIENCE:
            if unusable:
                raise SourceError(f"frames come, and none can be used: {bad}")
            ended = f"{self._carrier.ended}: " if self._carrier.ended else ""
            raise NoAnswer(f"{ended}no frame for {clock - self._heard:.1f} s")
        if self._followers.expecting:
            await self._ports.sleep(SOON)
            await self._looked(None)
        return now

    async def _measured(self) -> Snapshot:
        """What was measured until now."""
        now = blank(self._part.plant, self._ports.wall(), self._ports.clock())
        await self._looked(now)
        return now

    async def _looked(self, now: Snapshot | None) -> None:
        """Look at all that came, in a thread; without rows to fill, they wait."""
        pieces, at = await self._carrier.arrived(), self._ports.wall()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._digested, pieces, at, now)
        self._followers.tell()

    async def obey(self, command: SwitchOutlet) -> None:
        """A measuring board switches nothing."""
        raise SourceError(f"no way to switch {command.place} is known")

    async def close(self) -> None:
        """Listen no more."""
        self._carrier.close()
        await asyncio.get_running_loop().run_in_executor(self._thread, _nothing)
        self._thread.shutdown()
        await self._followers.close()

    def _digested(self, pieces: list[bytes], at: float, now: Snapshot | None) -> None:
        """Take what came, in the thread."""
        self.sampler.take(self._carrier.frames(pieces), at)
        self.sampler.tally.foreign = self._carrier.foreign
        if now is not None:
            self.sampler.land(now)
        self._followers.look()

    def _tell(self) -> None:
        """Log that frames are lost, damaged or clipped, when that begins and when it is over."""
        now, before = self.sampler.tally, self._before
        new = {name: getattr(now, name) - getattr(before, name) for name in TROUBLES}
        new = {name: number for name, number in new.items() if number}
        if new and not self._troubled:
            why = {"why": now.why} if new.keys() & {"unfit", "malformed"} else {}
            log.warning("samples_troubled", source=self._path, **why, **new)
        elif self._troubled and not new:
            total = {name: getattr(now, name) for name in TROUBLES if getattr(now, name)}
            log.info("samples_well_again", source=self._path, **total)
        self._troubled = bool(new)
        self._before = replace(now)


def _nothing() -> None:
    """What is done last in a thread shows that all before it is done."""


def check(settings: Mapping[str, Any]) -> None:
    """Raise SettingsError for a carrier or a channel that cannot be used."""
    for key in settings:
        if key not in KEYS:
            raise SettingsError(key, "an unknown key", nearest(key, KEYS))
    carrier, where = _carried(settings)
    if carrier == "udp":
        listened(where)
    if "sender" in settings:
        _check_sender(settings["sender"], carrier)
    channels(settings)


def listened(where: str) -> tuple[str, int]:
    """Host and port of ADDRESS:PORT or [IPV6]:PORT, at which this machine shall listen."""
    found = fullmatch(r"(?:\[([^][]+)\]|([^][:\s]+)):([0-9]{1,5})", where)
    try:
        host = str(ip_address(found[1] or found[2])) if found else ""
    except ValueError:
        host = ""
    if found is None or not host or not 0 < int(found[3]) <= LAST_PORT:
        raise SettingsError("address", repr(f"udp:{where}"), EXPECTED)
    return host, int(found[3])


def open_source(wanted: Wanted) -> Adc:
    """The board; listens on its first read."""
    check(wanted.settings)
    made = board(channels(wanted.settings), wanted.part.plant)
    if not made.courses:
        raise SettingsError("channel", "only unused ones", "one at least that measures something")
    carrier = _carrier(wanted.settings, wanted.ports)
    return Adc(carrier, made, wanted)


def _carrier(settings: Mapping[str, Any], ports: Ports) -> Carrier:
    carrier, where = _carried(settings)
    if carrier == "udp":
        return Datagrams(*listened(where), settings.get("sender", ""))
    if carrier == "pipe":
        return Pipe(Path(where))
    return FrameFile(Path(where), ports.clock)


def _carried(settings: Mapping[str, Any]) -> tuple[str, str]:
    """How frames come, and where."""
    address = settings.get("address")
    if not isinstance(address, str):
        raise SettingsError("address", "nothing" if address is None else repr(address), EXPECTED)
    carrier, _, where = address.partition(":")
    if carrier not in CARRIERS or not where:
        raise SettingsError("address", repr(address), EXPECTED)
    return carrier, where


def _check_sender(sender: Any, carrier: str) -> None:
    try:
        ip_address(sender if isinstance(sender, str) else "")
    except ValueError:
        raise SettingsError("sender", repr(sender), "an IP address") from None
    if carrier != "udp":
        raise SettingsError("sender", repr(sender), f"none, as frames come by {carrier}")
