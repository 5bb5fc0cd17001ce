"""Waveforms of what drivers noticed: one file for each, in a folder that is bounded (5, 8).

The laws of this file:

1. A file is there whole or not at all, and its event is told after it is on the disk.
2. What cannot be written is told without a file; nothing else fails or waits for it.
3. The newest are kept: so many at most, and so many bytes. The folder itself is the list: a name
   says when its first sample was taken, what it shows, which part of that, and where.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from errno import ENOSPC
from hashlib import sha256
from math import nan
from pathlib import Path
from re import fullmatch
from shutil import disk_usage
from typing import TypeVar
from urllib.parse import quote, unquote

import structlog

from smartpdu.model.event import Event, InrushCaptured, VoltageDisturbed
from smartpdu.runtime.kept import KeptFile
from smartpdu.runtime.view import Unrecallable, Waveform

MOST = 500  # files
LARGEST = 256 << 20  # bytes of all of them
SPARED = 64 << 20  # bytes of the disk that are left to the journal
WAITING = 8  # files that may wait for the disk
ENDING = ".cff"
STAMP = "%Y%m%dT%H%M%S"
FORM = (
    r"(\d{8}T\d{6})\.(\d{3})Z_([a-z-]{1,40})(?:\.(beginning|end|middle))?"
    r"_([A-Za-z0-9,.~_-]{1,150})\.cff"
)
WHOLE = "whole"  # the part that a name need not tell
WORST = ("interruption", "swell", "dip", "transient")  # what names a file before all else
LONGEST = 150  # characters of a place in a name

T = TypeVar("T")

log = structlog.get_logger()
Noticed = VoltageDisturbed | InrushCaptured


class Waveforms:
    """The folder of waveforms; `join` tells where events go."""

    def __init__(
        self,
        folder: Path,
        held: Callable[[], None],
        most: int = MOST,
        largest: int = LARGEST,
        spared: int = SPARED,
    ) -> None:
        """A folder, which need not be there yet; nothing is written where `held` raises OSError."""
        self._folder = folder
        self._held = held
        self._most, self._largest, self._spared = most, largest, spared
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="waveforms")
        self._put: Callable[[Sequence[Event]], None] = _nowhere
        self._waiting = 0
        self._marks: dict[str, str] = {}  # what was summed already
        self._troubled = False

    def join(self, put: Callable[[Sequence[Event]], None]) -> None:
        """From now on events go there."""
        self._put = put

    def tell(self, events: Sequence[Event], content: bytes | None) -> None:
        """Take events with the file that shows them; returns at once."""
        if self._waiting >= WAITING:
            content = None
        if content is None and not self._waiting:
            self._put(_bare(events))
            return
        self._waiting += 1
        loop = asyncio.get_running_loop()
        loop.run_in_executor(self._thread, self._kept, events, content).add_done_callback(
            self._done
        )

    async def every(self) -> list[Waveform]:
        """All that are there, the newest first; raises Unrecallable."""
        return await self._looked(self._listed)

    async def content(self, name: str) -> bytes | None:
        """A file; None where there is none of that name. Raises Unrecallable."""
        if described(name) is None:
            return None
        return await self._looked(lambda: self._read(name))

    async def close(self) -> None:
        """Write what still waits."""
        while self._waiting:
            await asyncio.get_running_loop().run_in_executor(self._thread, _nothing)
            await asyncio.sleep(0)
        self._thread.shutdown(wait=False)

    def _done(self, done: "asyncio.Future[Sequence[Event]]") -> None:
        self._waiting -= 1
        if not done.cancelled():
            self._put(done.result())

    def _kept(self, events: Sequence[Event], content: bytes | None) -> Sequence[Event]:
        """The events with the name of their file, which is on the disk; in the thread."""
        shown = [event for event in events if isinstance(event, Noticed)]
        if content is None or not shown:
            return _bare(events)
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            name = self._free(_chief(shown))
            self._make_room(len(content))
            KeptFile(self._folder / name, self._held).write(content)
        except OSError as error:
            if not self._troubled:
                log.warning("waveform_unwritten", why=error.strerror or str(error))
            self._troubled = True
            for draft in self._folder.glob("*.new"):
                with suppress(OSError):
                    draft.unlink()
            return _bare(events)
        self._troubled = False
        mark = self._marks[name] = sha256(content).hexdigest()
        return tuple(
            replace(e, waveform=name, sha256=mark) if isinstance(e, Noticed) else e for e in events
        )

    def _free(self, event: Noticed) -> str:
        at = event.waveform_start
        while (self._folder / (name := named(event, at))).exists():
            at += 0.001
        return name

    def _make_room(self, size: int) -> None:
        """Let the oldest go until there is room for one more of that size."""
        names = sorted(self._names())
        sizes = {name: (self._folder / name).stat().st_size for name in names}
        while names and (
            len(names) >= self._most or sum(sizes[n] for n in names) + size > self._largest
        ):
            (self._folder / names[0]).unlink(missing_ok=True)
            self._marks.pop(names.pop(0), None)
        if disk_usage(self._folder).free < size + self._spared:
            raise OSError(ENOSPC, "what is left on the disk is kept for the journal")

    def _names(self) -> list[str]:
        with suppress(FileNotFoundError):
            return [f.name for f in self._folder.iterdir() if described(f.name) is not None]
        return []

    def _listed(self) -> list[Waveform]:
        found = []
        for name in sorted(self._names(), reverse=True):
            with suppress(FileNotFoundError):  # it was let go in between
                found.append(self._described(name))
        return found

    def _described(self, name: str) -> Waveform:
        if name not in self._marks:
            self._marks[name] = sha256((self._folder / name).read_bytes()).hexdigest()
        known = described(name)
        assert known is not None
        kind, place, start, part = known
        size = (self._folder / name).stat().st_size
        return Waveform(name, place, kind, start, part, size, self._marks[name])

    def _read(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    async def _looked(self, action: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(None, action)
        except OSError as error:
            words = error.strerror or str(error)
            raise Unrecallable(f"the waveforms cannot be read: {words}") from error


def _chief(events: Sequence[Noticed]) -> Noticed:
    """The event that a file is called after: the worst disturbance, or else the first inrush."""
    return min(events, key=_mildness)


def _mildness(event: Noticed) -> int:
    if isinstance(event, InrushCaptured):
        return len(WORST) + 1
    kind = event.disturbance
    return WORST.index(kind) if kind in WORST else len(WORST)


def _bare(events: Sequence[Event]) -> Sequence[Event]:
    """Events that have no file, and so no part of one."""
    return [
        replace(e, waveform_start=nan, waveform_part="") if isinstance(e, Noticed) else e
        for e in events
    ]


def named(event: Noticed, at: float) -> str:
    """The name of an event's file, which tells when, what, which part of it and where."""
    kind = event.disturbance if isinstance(event, VoltageDisturbed) else "inrush"
    moment = datetime.fromtimestamp(at, UTC)
    stamp = f"{moment.strftime(STAMP)}.{moment.microsecond // 1000:03d}Z"
    place = quote(event.place, safe="/").replace("~", "%7E").replace("%", "~").replace("/", ",")
    if len(place) > LONGEST:
        cut = place[:LONGEST]
        place = cut[: cut.rindex("~")] if "~" in cut[-2:] else cut
    part = "" if event.waveform_part == WHOLE else f".{event.waveform_part}"
    return f"{stamp}_{kind.replace(' ', '-')}{part}_{place}{ENDING}"


def described(name: str) -> tuple[str, str, float, str] | None:
    """What, where, when and which part, from a name; None where it is no waveform's."""
    found = fullmatch(FORM, name)
    if found is None:
        return None
    try:
        at = datetime.strptime(found[1], STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    place = unquote(found[5].replace(",", "/").replace("~", "%"))
    start = at.timestamp() + int(found[2]) / 1000
    return found[3].replace("-", " "), place, start, found[4] or WHOLE


def _nowhere(_events: Sequence[Event]) -> None:
    """Where events go before anybody keeps them."""


def _nothing() -> None:
    """What is done last in a thread shows that all before it is done."""
