"""The desk, the one door for interfaces: look, follow, recall, ask (architecture 3.8).

Interfaces see frozen views and recorded events, and leave requests; a request is an input of the
next step and wakes the loop.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smartpdu.drivers.sealed import Damaged
from smartpdu.drivers.source import Kept, Ports
from smartpdu.drivers.verdicts import reports
from smartpdu.model.request import Principal, Request, Role, Switch
from smartpdu.model.spectrum import Spectrum
from smartpdu.runtime.memory import Memory
from smartpdu.runtime.recorder import Wish
from smartpdu.runtime.spectra import Spectra
from smartpdu.runtime.view import (
    Asked,
    CommandRow,
    Course,
    KeyReused,
    Told,
    Unrecallable,
    View,
    Waveform,
)
from smartpdu.runtime.waveforms import Waveforms
from smartpdu.store import access

SESSION = 12 * 3600.0  # s that a browser stays known
LINK = 600.0  # s that a one-time link may be used
PAGE = 500  # events that a follower reads at once

HOUSE = Principal("house", Role.ADMIN)  # who speaks when the program asks itself


@dataclass(slots=True)
class Open:
    """A request that waits for its answer."""

    wish: Wish
    answer: asyncio.Future[Asked]


class Desk:
    """Where interfaces look and ask; the loop and the recorder are on its other side."""

    def __init__(
        self,
        memory: Memory,
        ports: Ports,
        secret: Callable[[], str],
        waveforms: Waveforms | None = None,
        quality: Kept | None = None,
        spectra: Spectra | None = None,
    ) -> None:
        """A desk over a memory and what drivers keep or show; `secret` is unguessable."""
        self._quality = quality
        self._spectra = spectra
        self._memory = memory
        self._waveforms = waveforms
        self._ports = ports
        self._secret = secret
        self._view: View | None = None
        self._units: Mapping[str, str] = {}
        self._inbox: list[Request] = []
        self._open: dict[str, Open] = {}
        self._keys: dict[tuple[str, str], tuple[Request, asyncio.Future[Asked]]] = {}
        self._asked = asyncio.Event()
        self._shown = asyncio.Event()
        self._last = 0

    # ---- for interfaces -------------------------------------------------------------------

    def look(self) -> View:
        """The last frozen view."""
        if self._view is None:
            raise RuntimeError("the loop has not turned yet")
        return self._view

    async def seen(self) -> None:
        """Wait until there is a first view."""
        await self._until(lambda: self._view is not None)

    async def views(self) -> AsyncGenerator[View, None]:
        """Each new view; one that is slow to look misses some, never the newest."""
        number = 0
        while True:
            await self._until(lambda: self.look().number > number)  # noqa: B023 - awaited at once
            view = self.look()
            number = view.number
            yield view

    async def follow(self, after: int | None = None) -> AsyncGenerator[Told, None]:
        """Every recorded event after a place in the journal, or from now on, for ever."""
        place = await self._memory.last() if after is None else after
        while True:
            page = await self._memory.told(place, PAGE)
            for told in page:
                place = told.seq
                yield told
            if not page:
                await self._until(lambda: self._last > place)  # noqa: B023 - awaited at once

    async def told(
        self, after: int, limit: int, place: str = "", kinds: tuple[str, ...] = ()
    ) -> list[Told]:
        """Recorded events after a place in the journal, oldest first."""
        return await self._memory.told(after, limit, place, kinds)

    async def last(self) -> int:
        """Sequence number of the newest recorded event."""
        return await self._memory.last()

    async def told_last(self, limit: int) -> list[Told]:
        """The newest recorded events, newest last."""
        last = await self._memory.last()
        return await self._memory.told(max(0, last - limit), limit)

    async def waveforms(self) -> list[Waveform]:
        """All files of samples that are kept, the newest first."""
        return await self._waveforms.every() if self._waveforms else []

    async def waveform(self, name: str) -> bytes | None:
        """One of them; None where there is none of that name."""
        return await self._waveforms.content(name) if self._waveforms else None

    async def voltage_quality(self) -> list[dict[str, Any]]:
        """Of each feed whose voltages are judged this week and the last, as they are kept."""
        if self._quality is None:
            return []
        try:
            form = await asyncio.to_thread(self._quality.read)
            return [] if form is None else reports(form)
        except (Damaged, OSError) as error:
            raise Unrecallable(f"the verdicts on voltages cannot be read: {error}") from error

    def spectra(self, place: str) -> list[Spectrum]:
        """The harmonics of a place as they are now, one for each quantity that is sampled."""
        return self._spectra.of(place) if self._spectra else []

    async def recall(
        self, place: str, quantity: str, start: float, end: float, points: int = 500
    ) -> Course:
        """A quantity over time; KeyError where the place has no such quantity."""
        key = f"{place}:{quantity}"
        return await self._memory.course(key, self._units[key], start, end, points)

    async def ask(self, request: Request, key: str | None = None) -> Asked:
        """Leave a request and wait for its answer; for a switch, until its intent is durable.

        The same principal, key and wish again get the command of the first time; another wish
        under the same key raises KeyReused.
        """
        mark = fingerprint(request)
        if key is None:
            return await self._ask(request, None, mark)
        spot = (request.by.name, key)
        if spot not in self._keys:  # taken before anything is awaited: two retries are one wish
            self._keys[spot] = (request, asyncio.ensure_future(self._once(request, key, mark)))
            self._keys[spot][1].add_done_callback(lambda _: self._keys.pop(spot))
        first, answer = self._keys[spot]
        if fingerprint(first) != mark:
            raise KeyReused(key, first.place, first.on if isinstance(first, Switch) else None)
        return await asyncio.shield(answer)

    async def command(self, id: str) -> CommandRow | None:
        """How far a command has come."""
        return await self._memory.command(id)

    def new_id(self) -> str:
        """An id for a request that nobody had before."""
        return f"{int(self._ports.wall() * 1000):012x}-{self._secret()[-12:]}"

    async def principal_of_token(self, secret: str) -> Principal | None:
        """Who shows this bearer token."""
        found = await self._memory.consult(access.valid_token, secret)
        if found is None:
            return None
        # the id is unique, the name is what a person reads in the journal years later
        return Principal(f"token:{found.id} {found.name}".rstrip(), Role(found.role))

    async def redeem(self, link: str) -> tuple[str, Principal] | None:
        """Exchange a one-time link for a session: its secret, and who it is."""
        session = self._secret()
        at = self._ports.wall()
        role = await self._memory.access(access.redeem_link, link, at, session, SESSION)
        return None if role is None else (session, _session(session, role))

    async def principal_of_session(self, secret: str) -> Principal | None:
        """Who shows this session."""
        role = await self._memory.consult(access.role_of_session, secret, self._ports.wall())
        return None if role is None else _session(secret, role)

    async def leave(self, session: str) -> None:
        """End a session."""
        await self._memory.access(access.end_session, session)

    async def new_link(self, role: Role) -> str:
        """The secret of a fresh one-time link."""
        secret = self._secret()
        expires = self._ports.wall() + LINK
        await self._memory.access(access.create_link, role.value, secret, expires)
        return secret

    # ---- for the loop and the recorder ----------------------------------------------------

    def leave_request(self, request: Request) -> None:
        """Put a request into the next step and wake the loop."""
        self._inbox.append(request)
        self._asked.set()

    def take(self) -> tuple[list[Request], dict[str, Wish]]:
        """The requests since the last tick, and what the recorder must know of them."""
        requests, self._inbox = self._inbox, []
        wishes = {r.id: self._open[r.id].wish for r in requests if r.id in self._open}
        return requests, wishes

    def wake(self) -> None:
        """Let the loop turn now."""
        self._asked.set()

    async def wait_asked(self) -> None:
        """Wait until somebody asks."""
        await self._asked.wait()
        self._asked.clear()

    def answer(self, request: str, asked: Asked) -> None:
        """Hand an answer to whoever waits for it."""
        waiting = self._open.pop(request, None)
        if waiting is not None and not waiting.answer.done():
            waiting.answer.set_result(asked)

    def publish(self, view: View, units: Mapping[str, str]) -> None:
        """Show a new view to all who look."""
        self._view, self._units = view, units
        self._wake_all()

    def tell(self, told: Sequence[Told]) -> None:
        """Tell followers that the journal has grown."""
        if told:
            self._last = max(self._last, told[-1].seq)
            self._wake_all()

    def _wake_all(self) -> None:
        shown, self._shown = self._shown, asyncio.Event()
        shown.set()

    async def _until(self, true: Callable[[], bool]) -> None:
        while not true():
            await self._shown.wait()

    async def _once(self, request: Request, key: str, mark: str) -> Asked:
        """The command that this key got before, or else the answer to the request."""
        found = await self._memory.command_by_key(request.by.name, key)
        if found is None:
            return await self._ask(request, key, mark)
        row, known = found
        if known != mark:
            raise KeyReused(key, row.place, row.on)
        return Asked(None, "", row)

    async def _ask(self, request: Request, key: str | None, mark: str) -> Asked:
        answer: asyncio.Future[Asked] = asyncio.get_running_loop().create_future()
        self._open[request.id] = Open(Wish(key, mark, self._ports.wall()), answer)
        self.leave_request(request)
        return await asyncio.shield(answer)


def fingerprint(request: Request) -> str:
    """What a request wishes, in short: two that differ in this are not the same wish."""
    wish = [type(request).__name__, request.place]
    if isinstance(request, Switch):
        wish.append("on" if request.on else "off")
    return hashlib.sha256(json.dumps(wish).encode()).hexdigest()


def _session(secret: str, role: str) -> Principal:
    return Principal(f"session:{hashlib.sha256(secret.encode()).hexdigest()[:8]}", Role(role))
