"""Intend, act, record, show: the one place where a tick's outcome becomes durable, in order.

The laws of this file:

1. A command leaves only after its intent is durable; the intent has the time of the tick that
   decided it, so that no later event has an earlier time, unless the clock was set.
2. An order that cannot be made durable in time is refused, and never leaves later; who asked is
   told in time as well, even while the disk does not answer at all.
3. Events are shown to followers only once they are kept; the state that they led to is kept in
   the same transaction, so a crash neither tells anything twice nor forgets what people said.
4. While the disk fails, events wait in a bounded row; what had to be dropped is counted and told,
   and a command whose end was among it gets its end all the same.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
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
from smartpdu.runtime.memory import HANGS, Form, Memory, order, settled
from smartpdu.runtime.view import Asked, CommandRow, Told, Unrecorded
from smartpdu.store.commands import Settled

PATIENCE = 5.0  # s that an order of a person may wait for the disk
WAITING = 10_000  # events kept in memory while the disk fails
BATCH = 500  # events that are kept in one transaction
RETRY = 1.0  # s between tries while the disk fails
SLOW = "it took too long to record the order"

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


@dataclass(frozen=True, slots=True)
class Taken:
    """An outcome as it waits to be recorded."""

    at: float  # monotonic clock
    outcome: Outcome
    wishes: dict[str, Wish]
    state: Form | None  # to be kept with its events


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Somebody who waits for an answer since a time, with the command of a switch."""

    since: float  # monotonic clock
    command: SwitchOutlet | None


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
        self._inbox: deque[Taken] = deque()
        self._came = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._unanswered: dict[str, Unanswered] = {}
        self._backlog: deque[Event] = deque()
        self._state: Form | None = None  # to be kept with the last of the backlog
        self._dropped = 0
        self._dropped_ends: list[Settled] = []
        self._cleared: frozenset[str] = frozenset()
        self._failing_since: float | None = None
        self._working_since: float | None = None
        self._why = ""

    def put(self, outcome: Outcome, wishes: dict[str, Wish], state: Form | None = None) -> None:
        """Take an outcome, and the state to be kept with its events; returns at once."""
        if not (outcome.events or outcome.commands or outcome.answers or state):
            return
        clock = self._ports.clock()
        waiting: dict[str, SwitchOutlet | None] = {a.request: None for a in outcome.answers}
        waiting |= {command.id: command for command in outcome.commands}
        self._unanswered |= {id: Unanswered(clock, command) for id, command in waiting.items()}
        self._inbox.append(Taken(clock, outcome, wishes, state))
        while len(self._inbox) > 1 and self._queued() > WAITING:
            self._overtaken()
        self._came.set()

    def put_events(self, events: Sequence[Event], state: Form | None = None) -> None:
        """Take events that come from the shell itself, and the state to be kept with them."""
        self._backlog.extend(events)
        self._state = state or self._state
        self._came.set()

    def lose_patience(self) -> None:
        """Refuse what has waited for too long, though the disk has not answered yet."""
        for id, waiting in list(self._unanswered.items()):
            if self._ports.clock() - waiting.since > PATIENCE:
                self._refuse_one(id, waiting.command, self.trouble or SLOW)

    @property
    def unrecorded(self) -> float:
        """Seconds that something has waited to be kept; 0 while all is well."""
        since = [t for t in (self._failing_since, self._working_since) if t is not None]
        return self._ports.clock() - min(since) if since else 0.0

    @property
    def trouble(self) -> str:
        """Why nothing can be kept just now, or nothing."""
        return self._why or (HANGS if self.unrecorded > PATIENCE else "")

    async def run(self) -> None:
        """Work for ever; ends only by being cancelled."""
        while True:
            if not self._inbox:
                self._came.clear()
                behind = self._backlog or self._dropped or self._state
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._came.wait(), RETRY if behind else None)
            await self.drain()

    async def drain(self) -> None:
        """Record what is still waiting."""
        while self._inbox:
            await self.record(self._inbox.popleft())
        async with self._one_at_a_time:
            await self._keep([])

    async def record(self, taken: Taken) -> None:
        """Intend, act, record and show one outcome."""
        async with self._one_at_a_time:
            await self._record(taken)

    async def _record(self, taken: Taken) -> None:
        self._working_since = self._ports.clock()
        outcome = taken.outcome
        try:
            await self._intend(taken)
            for command in outcome.commands:
                if command.id in self._cleared:
                    self._send(command)
            kept = await self._keep(outcome.events, taken.state)
            self._tell_answers(outcome, kept)
        finally:
            self._working_since = None

    async def _intend(self, taken: Taken) -> None:
        commands, wishes, at = taken.outcome.commands, taken.wishes, taken.outcome.state.at
        self._cleared = frozenset()
        if not commands:
            return
        if self._backlog and not await self._keep([]):
            self._refuse(commands, self._why)
            return
        orders = [order(c, w.key, w.fingerprint, w.asked) for c in commands if (w := wishes[c.id])]
        events = [CommandIntended(at, c.place, c.id, c.on, c.by) for c in commands]
        try:
            self._show(await self._memory.intend(orders, events))
        except Unrecorded as error:
            self._trouble(str(error))
            self._refuse(commands, str(error))
            return
        self._well()
        if self._ports.clock() - taken.at > PATIENCE:
            self._refuse(commands, SLOW)
            return
        self._cleared = frozenset(c.id for c in commands if c.id in self._unanswered)
        for c in commands:
            self._say(c.id, Asked(None, "", _intended(c, wishes[c.id], at)))

    async def _keep(self, events: Iterable[Event], state: Form | None = None) -> bool:
        """Keep these events after those that wait, and the state with the last of them.

        False while the disk does not take them.
        """
        self._backlog.extend(events)
        self._state = state or self._state
        while len(self._backlog) > WAITING:
            self._drop([self._backlog.popleft()])
        while self._backlog or self._dropped or self._state:
            batch = [self._backlog[i] for i in range(min(BATCH, len(self._backlog)))]
            led_to = self._state if len(batch) == len(self._backlog) else None
            told = self._lost(batch) + batch
            try:
                ends = [*self._dropped_ends, *_ends(batch)]
                kept = await self._memory.keep(told, ends, led_to)
            except Unrecorded as error:
                self._trouble(str(error))
                return False
            self._well()
            for _ in batch:
                self._backlog.popleft()
            self._dropped = 0
            self._dropped_ends.clear()
            if led_to is self._state:
                self._state = None
            self._show(kept)
        return True

    def _queued(self) -> int:
        return sum(len(taken.outcome.events) for taken in self._inbox)

    def _overtaken(self) -> None:
        """Drop the oldest outcome: the disk has not taken anything for very long."""
        taken = self._inbox.popleft()
        outcome, self._state = taken.outcome, taken.state or self._state
        self._refuse(outcome.commands, HANGS)
        self._tell_answers(outcome, False)
        self._drop(outcome.events)

    def _drop(self, events: Sequence[Event]) -> None:
        self._dropped += len(events)
        self._dropped_ends += _ends(events)

    def _lost(self, batch: Sequence[Event]) -> list[Event]:
        """What was dropped, told before what waits and so at the time of its first."""
        if not self._dropped:
            return []
        at = batch[0].at if batch else self._ports.wall()
        return [RecordingTroubled(at, "house", self._why or HANGS, self._dropped)]

    def _refuse(self, commands: Iterable[SwitchOutlet], why: str) -> None:
        for command in commands:
            self._refuse_one(command.id, command, why)

    def _refuse_one(self, id: str, command: SwitchOutlet | None, why: str) -> None:
        if id not in self._unanswered:
            return  # it was refused already, when patience was lost
        if command is None:
            why = f"it was taken, but it could not be recorded yet: {why}"
        else:
            self._withdraw(command, f"the order could not be recorded: {why}")
        self._say(id, Asked(Refusal.UNRECORDED, why))

    def _tell_answers(self, outcome: Outcome, kept: bool) -> None:
        for answer in outcome.answers:  # those of commands were told when these were durable
            if answer.refusal is None and not kept:
                self._refuse_one(answer.request, None, self._why or HANGS)
            else:
                self._say(answer.request, Asked(answer.refusal, answer.reason))

    def _say(self, id: str, asked: Asked) -> None:
        if self._unanswered.pop(id, None) is not None:
            self._answer(id, asked)

    def _trouble(self, why: str) -> None:
        if self._failing_since is None:
            self._failing_since = self._ports.clock()
            log.error("journal_failing", why=why)
        self._why = why

    def _well(self) -> None:
        if self._failing_since is not None:
            log.info("journal_writes_again")
        self._failing_since = None
        self._why = ""


def _ends(events: Iterable[Event]) -> list[Settled]:
    return [settled(e, ENDS[type(e)]) for e in events if type(e) in ENDS]


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
