"""The loop that turns: read, step, intend, act, record, show (architecture 3.7).

The loop itself never waits for hardware, disk or network: sources fill the frame in their own
time, and the recorder makes outcomes durable in order. Clock, disk and dice reach it as ports.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import structlog

from smartpdu.drivers.source import Ports
from smartpdu.engine.alarm import standing_alarms
from smartpdu.engine.house import House
from smartpdu.engine.state import State, first, taken, written
from smartpdu.engine.step import step
from smartpdu.measurement.gaps import SILENT
from smartpdu.model.command import SwitchOutlet
from smartpdu.model.event import (
    ClockStepped,
    CommandRefused,
    Event,
    HouseStarted,
    HouseStopped,
)
from smartpdu.model.plant import Plant
from smartpdu.model.request import ReadBack, Recover, Withdraw
from smartpdu.model.rule import Level, Trace
from smartpdu.model.snapshot import Snapshot
from smartpdu.runtime.collector import Collector
from smartpdu.runtime.columns import Columns
from smartpdu.runtime.desk import HOUSE, Desk
from smartpdu.runtime.memory import Form, Memory
from smartpdu.runtime.recorder import Recorder
from smartpdu.runtime.view import Unrecallable, Unrecorded, View

EVERY = 1.0  # s between ticks
KEEP_STATE = 30.0  # s between copies of the heart's state
TEND = 60.0  # s between visits to the history
STEP = 2.0  # s that the wall clock may differ from the monotonic one before it is told
KEY_LIFE = 86400.0  # s that an idempotency key is remembered

log = structlog.get_logger()


class Loop:
    """One house turning: its state, and the parts around it."""

    def __init__(
        self,
        site: str,
        house: House,
        memory: Memory,
        desk: Desk,
        ports: Ports,
        boot: str,
        version: str,
    ) -> None:
        """A loop that has not turned yet; `join` gives it its collector."""
        self._site = site
        self._house = house
        self._memory = memory
        self._desk = desk
        self._ports = ports
        self._boot = boot
        self._version = version
        self._columns = Columns(house.plant)
        self._units = self._columns.units
        self._state: State = first(house.plant, house.traces, ports.wall(), ports.clock())
        self._number = 0
        self._remembered = -1
        self._visits: dict[str, float] = {}
        self._skew = ports.wall() - ports.clock()
        self._tending: asyncio.Task[None] | None = None
        self._unkept_since: float | None = None

    def join(self, collector: Collector, recorder: Recorder) -> None:
        """Take the parts that need the loop's own calls to be built."""
        self._collector = collector
        self._recorder = recorder

    def withdraw(self, command: SwitchOutlet, why: str) -> None:
        """Take back a command that surely did not leave or was not carried out."""
        id = self._desk.new_id()
        self._desk.leave_request(Withdraw(id, HOUSE, command.place, command.id, why))

    def read_back(self, command: SwitchOutlet) -> None:
        """Take note that the command's source was read anew after it had left."""
        self._desk.leave_request(ReadBack(self._desk.new_id(), HOUSE, command.place, command.id))

    async def start(self) -> None:
        """Take over what the last run left: state, and commands whose end is not known."""
        at = self._ports.wall()
        events: list[Event] = [HouseStarted(at, "house", self._boot, self._version, self._print())]
        await self._take_over()
        try:
            for row in await self._memory.open_commands():
                if row.place in self._house.places:
                    request = Recover(self._desk.new_id(), HOUSE, row.place, row.id, row.on, row.by)
                    self._desk.leave_request(request)
                else:
                    gone = "cut off by a restart; its outlet is no more"
                    events.append(CommandRefused(at, row.place, row.id, row.on, row.by, gone))
        except Unrecallable as error:
            log.error("commands_unread", why=str(error))
        self._recorder.put_events(events)
        await self._recorder.drain()

    async def run(self) -> None:
        """Turn for ever; ends only by being cancelled."""
        due = self._ports.clock()
        while True:
            await self.turn()
            now = self._ports.clock()
            if now >= due:  # a turn that somebody asked for puts off nobody's second
                due = max(due + EVERY, now)
            await self._wait(due)

    async def turn(self) -> None:
        """One tick."""
        self._recorder.lose_patience()
        now = self._collector.freeze(self._unrecorded())
        requests, wishes = self._desk.take()
        outcome = step(self._house, self._state, now, requests)
        if told := self._clock_events(now):
            outcome = replace(outcome, events=(*told, *outcome.events))
        before, self._state = self._state, outcome.state
        self._number += 1
        self._desk.publish(self._view(now), self._units)
        keep = self._due("state", now.clock, KEEP_STATE) or _told_apart(before, outcome.state)
        self._recorder.put(outcome, wishes, self._form() if keep else None)
        self._remember(now)
        if self._due("tend", now.clock, TEND) and (not self._tending or self._tending.done()):
            self._tending = asyncio.create_task(self._tend(now.at))

    async def stop(self) -> None:
        """Keep what must not be lost, before the end."""
        await self._recorder.drain()  # what happened before the end is told before it
        stopped = HouseStopped(self._ports.wall(), "house", self._boot)
        self._recorder.put_events([stopped], self._form())
        await self._recorder.drain()
        if self._tending is not None:
            await self._tending

    async def _wait(self, due: float) -> None:
        asked = asyncio.ensure_future(self._desk.wait_asked())
        slept = asyncio.ensure_future(self._ports.sleep(max(0.0, due - self._ports.clock())))
        try:
            await asyncio.wait({asked, slept}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asked.cancel()
            slept.cancel()

    def _view(self, now: Snapshot) -> View:
        house = self._house
        troubles = tuple(dict.fromkeys(filter(None, self._troubles())))
        return View(
            self._number,
            self._site,
            house.plant,
            house.places,
            now,
            self._state.memory,
            house.rules,
            house.traces,
            house.hazards,
            tuple(standing_alarms(self._state.alarms)),
            troubles,
            self._collector.failures(),
        )

    def _remember(self, now: Snapshot) -> None:
        """Hand one row a second to the history."""
        second = int(now.at)
        if second == self._remembered:
            return
        self._remembered = second
        row = self._columns.row(now)
        if (series := self._columns.grown(row)) is not None:
            self._memory.declare(series)
        self._memory.remember(float(second), self._columns.chosen(row))

    def _troubles(self) -> tuple[str, ...]:
        return (self._recorder.trouble, *self._memory.troubles)

    def _unrecorded(self) -> float:
        """Seconds that journal or history have waited for the disk."""
        clock = self._ports.clock()
        if not self._memory.troubles:
            self._unkept_since = None
        elif self._unkept_since is None:
            self._unkept_since = clock
        unkept = 0.0 if self._unkept_since is None else clock - self._unkept_since
        return max(self._recorder.unrecorded, unkept)

    def _due(self, what: str, clock: float, every: float) -> bool:
        if clock - self._visits.get(what, clock - every) < every:
            return False
        self._visits[what] = clock
        return True

    def _form(self) -> Form:
        """The state as it is now, to be written whenever the disk takes it."""
        house = self._house
        return partial(_kept, self._state, house.plant, house.traces, self._collector.heard())

    async def _tend(self, at: float) -> None:
        try:
            await self._memory.tend(at)
            await self._memory.forget_keys(at - KEY_LIFE)
        except Unrecorded as error:
            log.warning("history_untended", why=str(error))

    async def _take_over(self) -> None:
        try:
            plain = await self._memory.read_state()
            if plain is not None:
                self._state = self._taken(plain)
        except Unrecallable as error:
            log.error("state_unread", why=str(error))
        except ValueError as error:  # what was kept is no state at all: begin anew
            log.error("state_unfit", why=repr(error))

    def _taken(self, plain: Mapping[str, Any]) -> State:
        house = self._house
        try:
            state = taken(plain, house.plant, house.rules, house.traces, self._ports.clock())
            self._collector.take_up(_silent(state, plain), state.at)
            return state
        except (AttributeError, KeyError, TypeError, ValueError) as error:  # another version's
            log.warning("state_unfit", why=repr(error))
            return self._state

    def _clock_events(self, now: Snapshot) -> tuple[Event, ...]:
        skew = now.at - now.clock
        step_, self._skew = skew - self._skew, skew
        if abs(step_) < STEP:
            return ()
        return (ClockStepped(now.at, "house", round(step_, 3)),)

    def _print(self) -> str:
        tables = (self._house.plant.outlets, self._house.plant.circuits, self._house.plant.phases)
        return " ".join(f"{type(t).__name__.lower()}:{len(t)}" for t in tables)


def _kept(
    state: State, plant: Plant, traces: tuple[Trace, ...], heard: Mapping[str, float]
) -> dict[str, Any]:
    """The state of the heart and, as UTC outlives the monotonic clock, when sources were heard."""
    return {**written(state, plant, traces), "heard": heard}


def _silent(state: State, plain: Mapping[str, Any]) -> dict[str, float]:
    """When those sources were last heard whose silence was told before the restart."""
    heard = plain.get("heard", {})
    return {
        place: float(heard.get(place, alarm.since))
        for (rule, place), alarm in state.alarms.items()
        if rule == SILENT and alarm.level > Level.NORMAL
    }


def _told_apart(before: State, after: State) -> bool:
    """Whether they differ in what the journal tells of: alarms, or outlets as they were seen."""
    same = np.array_equal(before.on, after.on, equal_nan=True)
    return not same or before.alarms != after.alarms
