"""Intend, act, record, show: the one place where a tick's outcome becomes durable, in order.

The laws of this file:

1. A command leaves only after its intent is durable.
2. An order that cannot be made durable in time is refused, and never leaves later.
3. Events are shown to followers only once they are kept.
4. While the disk fails, events wait in a bounded row; what had to be dropped is counted and told.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import structlog

from smartpdu.drivers.source import Ports
from smartpdu.engine.step import Outcome
from smartpdu.model.command import CommandState, SwitchOutlet
from smartpdu.model.event import (
    CommandDisobeyed,
    CommandDone,
    CommandIntended,
    CommandRefused,
    Event,
    RecordingTroubled,
)
from smartpdu.model.request import Refusal
from smartpdu.runtime.memory import Memory, Unrecorded, order, settled
from smartpdu.runtime.view import Asked, CommandRow, Told

PATIENCE = 5.0  # s that an order of a person may wait for the disk
WAITING = 10_000  # events kept in memory while the disk fails
RETRY = 1.0  # s between tries while the disk fails

ENDS: dict[type[Event], CommandState] = {
    CommandDone: CommandState.DONE,
    CommandRefused: CommandState.REFUSED,
    CommandDisobeyed: CommandState.DISOBEYED,
}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Wish:
    """What the recorder must know of a switch request beside its command."""

    key: str | None
    fingerprint: str
    asked: float


class Recorder:
    """Takes outcomes from the loop and makes them durable one after the other."""

    def __init__(
        self,
        memory: Memory,
        ports: Ports,
        send: Callable[[SwitchOutlet], None],
        withdraw: Callable[[SwitchOutlet, str], None],
        answer: Callable[[str, Asked], None],
        show: Callable[[Sequence[Told]], None],
    ) -> None:
        """A recorder that sends, withdraws, answers and shows through these calls."""
        self._memory = memory
        self._ports = ports
        self._send = send
        self._withdraw = withdraw
        self._answer = answer
        self._show = show
        self._inbox: asyncio.Queue[tuple[float, Outcome, dict[str, Wish]]] = asyncio.Queue()
        self._one_at_a_time = asyncio.Lock()
        self._backlog: deque[Event] = deque()
        self._dropped = 0
        self._cleared: frozenset[str] = frozenset()
        self._failing_since: float | None = None
        self._working_since: float | None = None
        self.trouble = ""

    def put(self, outcome: Outcome, wishes: dict[str, Wish]) -> None:
        """Take an outcome; returns at once."""
        if outcome.events or outcome.commands or outcome.already or self._backlog:
            self._inbox.put_nowait((self._ports.clock(), outcome, wishes))

    def put_events(self, events: Sequence[Event]) -> None:
        """Take events that come from the shell itself."""
        self._backlog.extend(events)

    @property
    def unrecorded(self) -> float:
        """Seconds that something has waited to be kept; 0 while all is well."""
        since = [t for t in (self._failing_since, self._working_since) if t is not None]
        return self._ports.clock() - min(since) if since else 0.0

    async def run(self) -> None:
        """Work for ever; ends only by being cancelled."""
        while True:
            try:
                wait = RETRY if self._backlog else None
                taken, outcome, wishes = await asyncio.wait_for(self._inbox.get(), wait)
            except TimeoutError:
                await self.drain()
                continue
            await self.record(taken, outcome, wishes)

    async def record(self, taken: float, outcome: Outcome, wishes: dict[str, Wish]) -> None:
        """Intend, act, record and show one outcome."""
        async with self._one_at_a_time:
            await self._record(taken, outcome, wishes)

    async def drain(self) -> None:
        """Record what is still waiting."""
        while not self._inbox.empty():
            await self.record(*self._inbox.get_nowait())
        async with self._one_at_a_time:
            await self._keep([])

    async def _record(self, taken: float, outcome: Outcome, wishes: dict[str, Wish]) -> None:
        self._working_since = self._ports.clock()
        try:
            await self._intend(taken, (*outcome.commands, *outcome.already), wishes)
            for command in outcome.commands:
                if command.id in self._cleared:
                    self._send(command)
            kept = await self._keep(outcome.events)
            self._tell_answers(outcome, kept)
        finally:
            self._working_since = None

    async def _intend(
        self, taken: float, commands: Sequence[SwitchOutlet], wishes: dict[str, Wish]
    ) -> None:
        self._cleared = frozenset()
        if not commands:
            return
        if self._backlog and not await self._keep([]):
            self._refuse(commands, self.trouble)
            return
        at = self._ports.wall()
        orders = [order(c, w.key, w.fingerprint, w.asked) for c in commands if (w := wishes[c.id])]
        events = [CommandIntended(at, c.place, c.id, c.on, c.by) for c in commands]
        try:
            self._show(await self._memory.intend(orders, events))
        except Unrecorded as error:
            self._trouble(str(error))
            self._refuse(commands, str(error))
            return
        self._well()
        if self._ports.clock() - taken > PATIENCE:
            self._refuse(commands, "it took too long to record the order")
            return
        self._cleared = frozenset(c.id for c in commands)
        for c in commands:
            self._answer(c.id, Asked(None, "", _intended(c, wishes[c.id], at)))

    def _refuse(self, commands: Iterable[SwitchOutlet], why: str) -> None:
        for command in commands:
            self._withdraw(command, f"the order could not be recorded: {why}")
            self._answer(command.id, Asked(Refusal.UNRECORDED, why))

    async def _keep(self, events: Iterable[Event]) -> bool:
        """Keep these events after those that wait; False while the disk does not take them."""
        self._backlog.extend(events)
        while len(self._backlog) > WAITING:
            self._backlog.popleft()
            self._dropped += 1
        while self._backlog or self._dropped:
            batch = [self._backlog[i] for i in range(min(500, len(self._backlog)))]
            told = self._lost() + batch
            ends = [settled(e, ENDS[type(e)]) for e in batch if type(e) in ENDS]
            try:
                kept = await self._memory.keep(told, ends)
            except Unrecorded as error:
                self._trouble(str(error))
                return False
            self._well()
            for _ in batch:
                self._backlog.popleft()
            self._dropped = 0
            self._show(kept)
        return True

    def _lost(self) -> list[Event]:
        if not self._dropped:
            return []
        return [RecordingTroubled(self._ports.wall(), "house", self.trouble, self._dropped)]

    def _tell_answers(self, outcome: Outcome, kept: bool) -> None:
        commands = {c.id for c in (*outcome.commands, *outcome.already)}
        for answer in outcome.answers:
            if answer.request in commands:
                continue  # told when its intent was durable
            if answer.refusal is None and not kept:
                why = f"it was taken, but it could not be recorded yet: {self.trouble}"
                self._answer(answer.request, Asked(Refusal.UNRECORDED, why))
            else:
                self._answer(answer.request, Asked(answer.refusal, answer.reason))

    def _trouble(self, why: str) -> None:
        if self._failing_since is None:
            self._failing_since = self._ports.clock()
            log.error("journal_failing", why=why)
        self.trouble = why

    def _well(self) -> None:
        if self._failing_since is not None:
            log.info("journal_writes_again")
        self._failing_since = None
        self.trouble = ""


def _intended(command: SwitchOutlet, wish: Wish, at: float) -> CommandRow:
    return CommandRow(
        command.id,
        command.place,
        command.on,
        command.by,
        CommandState.INTENDED,
        "",
        wish.asked,
        at,
        None,
    )
