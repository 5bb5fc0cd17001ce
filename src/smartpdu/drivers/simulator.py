"""The twin, as a source like any other: its meters are read, its relays obey.

All simulator sources of a site share one twin, which the section [twin] describes. Two dice come
from its seed, one for the world and one for the meters, so that looking changes nothing.

Its relays are bistable: where the program can keep something, the twin's life is kept, and a later
run goes on with it. While the program is off, the twin does not live.
"""

import asyncio
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields, replace
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from smartpdu.drivers.keeper import Keeper
from smartpdu.drivers.lasting import Lived, Unfit, fingerprint, taken, written
from smartpdu.drivers.scene import beside, faults, known, sampled, seed, servers, unreached
from smartpdu.drivers.source import Kept, Ports, Source, SourceError, Wanted
from smartpdu.model.command import SwitchOutlet
from smartpdu.model.plant import Kind, Part, Plant
from smartpdu.model.snapshot import READINGS, Snapshot, blank
from smartpdu.twin.faults import Fault, effects
from smartpdu.twin.meter import measured
from smartpdu.twin.plan import World, world
from smartpdu.twin.world import Life, Truth, advance, born, switched

FAR = 30  # s that the twin catches up at most; a machine that slept has not lived meanwhile
MISSED = 0.1  # share of its values that a source under the fault missing_values does not tell
EVERY = 10  # s of the twin after which its life is kept again
AHEAD = 15  # s that a kept life may be lived on; longer than the time until it is kept again
NAME = "twin"

log = structlog.get_logger()


@dataclass(slots=True)
class Twin:
    """One living twin and the dice it lives by."""

    world: World
    life: Life
    faults: tuple[tuple[Fault, int], ...]
    dice: np.random.Generator
    noise: np.random.Generator  # of the meters
    started: float  # monotonic clock of its second 0
    truths: list[Truth] = field(default_factory=list)
    seen: Snapshot | None = None
    mark: str = ""  # of what it was made from
    keeper: Keeper | None = None
    kept: float = -inf  # second at which its life was last handed to the keeper
    ordered: asyncio.Lock = field(default_factory=asyncio.Lock)  # held while a relay is to move
    over: Callable[[Life, float], None] | None = None  # told how it lived until which second
    users: int = 0

    def live_until(self, clock: float) -> None:
        """Let whole seconds pass until the twin is as old as the clock says.

        Time stands still while the new position of a relay is being kept: what is lived and shown
        with the old one would not be what the kept life goes on with.
        """
        if self.ordered.locked():
            return
        due = int(clock - self.started)
        if due - self.life.second > FAR:
            self.started += due - self.life.second - FAR
            due = int(clock - self.started)
        while self.life.second < due:
            self.tick()
        over = self.life.second - self.kept >= EVERY
        if self.keeper is not None and over and self.keeper.keep_sometime(self.form(AHEAD)):
            self.kept = self.life.second

    def tick(self) -> None:
        """Let one second pass."""
        if self.over is not None:
            self.over(self.life, self.life.second + 1)
        self.life, told = advance(self.world, self.life, self.faults, self.dice)
        self.truths += told
        self.seen = None

    def read(self, at: float, clock: float) -> Snapshot:
        """What all meters tell of this second; the same for all who look in it."""
        if self.seen is None:
            self.seen = measured(self.world, self.life, self.noise, at, clock)
        return self.seen

    def switch(self, outlet: int, on: bool) -> None:
        """Let an order reach a relay."""
        self.life = switched(self.life, outlet, on)
        self.seen = None

    async def obey(self, outlet: int, on: bool) -> None:
        """Let an order reach a relay, whose new position is kept first; raises OSError."""
        async with self.ordered:
            if self.keeper is not None:
                moved = switched(self.life, outlet, on)
                await self.keeper.keep(self.form(AHEAD, moved))
            self.switch(outlet, on)

    def form(self, ahead: float, life: Life | None = None) -> Callable[[], bytes]:
        """What gives the form of this life, or of another one, with the dice as they lie now."""
        life = life or self.life
        dice, noise = self.dice.bit_generator.state, self.noise.bit_generator.state
        return partial(written, self.mark, Lived(life, dice, noise, life.second + ahead))

    async def let_go(self) -> None:
        """Keep the life as it is, once nobody looks any more."""
        self.users -= 1
        if self.keeper is not None and self.users == 0:
            await self.keeper.close(self.form(0))


def twin(section: Mapping[str, Any], plant: Plant, clock: float, chosen: int | None = None) -> Twin:
    """The twin of a section [twin] on a plant, with its seed or another; raises SettingsError."""
    specs, ills = servers(section, plant), faults(section, plant)
    number = seed(section if chosen is None else {"seed": chosen})
    dice, noise = np.random.Generator(np.random.PCG64(number)).spawn(2)
    built = world(plant, specs, dice)
    mark = fingerprint(plant, specs, ills, number)
    return Twin(built, born(built, dice), ills, dice, noise, clock, mark=mark)


def lasting(young: Twin, kept: Kept, clock: float) -> Twin:
    """The twin as an earlier run left it, or a new one; from now on its life is kept."""
    try:
        form = kept.read()
        if form is not None:
            _go_on(young, taken(form, young.mark, young.life), clock)
    except (Unfit, OSError) as error:
        log.warning("twin_begins_anew", why=str(error))
    young.keeper = Keeper(kept, NAME)
    return young


def _go_on(young: Twin, lived: Lived, clock: float) -> None:
    """Let a new twin be one that lived, and live what that may have lived after it was kept."""
    now = effects(young.world.plant, young.faults, lived.life.second)
    young.life = replace(lived.life, effects=now)
    young.dice.bit_generator.state = lived.dice
    young.noise.bit_generator.state = lived.noise
    while young.life.second < min(lived.until, lived.life.second + FAR):
        young.tick()
    young.truths.clear()
    young.started = clock - young.life.second


class Simulated:
    """One source's view of the shared twin."""

    def __init__(self, shared: Twin, part: Part, ports: Ports) -> None:
        """The part of the twin that this source reads and switches."""
        shared.users += 1
        self._twin = shared
        self._part = part
        self._ports = ports
        self._row = int(part.rows[Kind.SOURCE][0])

    async def read(self) -> Snapshot:
        """What the meters of this part tell; raises SourceError under the fault silent_source."""
        clock = self._ports.clock()
        self._twin.live_until(clock)
        if self._twin.life.effects.silent[self._row]:
            raise SourceError("no answer")
        whole = self._twin.read(self._ports.wall(), clock)
        own = _own(whole, self._part, self._ports.wall(), clock)
        if self._twin.life.effects.missing[self._row]:
            lose_values(own, np.arange(len(own.outlets.on)), np.arange(1))
        return own

    async def obey(self, command: SwitchOutlet) -> None:
        """Let the relay move, unless it is stuck; raises SourceError if it cannot be asked."""
        if self._twin.life.effects.silent[self._row]:
            raise SourceError("no answer")
        if command.place not in self._part.plant.outlets.path:
            raise SourceError(f"there is no outlet {command.place} here")
        row = self._part.plant.outlets.path.index(command.place)
        try:
            await self._twin.obey(int(self._part.rows[Kind.OUTLET][row]), command.on)
        except OSError as error:
            raise SourceError(f"the relay's position cannot be kept: {error.strerror}") from error

    async def close(self) -> None:
        """Keep what the twin has come to."""
        await self._twin.let_go()


def check(settings: Mapping[str, Any]) -> None:
    """The simulator has no settings of its own."""
    known(settings, (), "source")


def sections_beside(sections: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Sections whose files are looked for beside the file that names them."""
    return (
        {**sections, "twin": beside(sections["twin"], folder)} if "twin" in sections else sections
    )


def check_site(plant: Plant, sections: Mapping[str, Any], own: AbstractSet[int]) -> None:
    """Raise SettingsError for a section [twin] that does not fit what is built.

    `own` are the rows of the sources of this driver.
    """
    section = sections.get("twin", {})
    seed(section)
    sampled(section)
    unreached(section, plant, own)


def open_source(wanted: Wanted) -> Source:
    """One source's view of the twin that all simulator sources share."""
    section = wanted.sections.get("twin", {})
    if "twin" not in wanted.shared:
        clock = wanted.ports.clock()
        made = twin(section, wanted.plant, clock)
        wanted.shared["twin"] = lasting(made, wanted.kept(NAME), clock) if wanted.kept else made
    plain = Simulated(wanted.shared["twin"], wanted.part, wanted.ports)
    if sampled(section) and len(wanted.part.plant.phases):
        return _waved(plain, wanted, section)
    return plain


def _waved(plain: Simulated, wanted: Wanted, section: Mapping[str, Any]) -> Source:
    """The same source through a board of its own, on the one tape of the twin."""
    from smartpdu.drivers.tape import Tape  # noqa: PLC0415 - SciPy is large, and only waves need it
    from smartpdu.drivers.waved import Waved  # noqa: PLC0415

    lived: Twin = wanted.shared["twin"]
    if "tape" not in wanted.shared:
        *_, dice = np.random.Generator(np.random.PCG64(seed(section))).spawn(3)
        wanted.shared["tape"] = Tape(lived.world, lived.life, dice)
        lived.over = wanted.shared["tape"].until

    def present() -> tuple[Life, float]:
        return lived.life, wanted.ports.clock() - lived.started

    return Waved(plain, wanted.shared["tape"], wanted, present)


def lose_values(
    now: Snapshot, outlets: np.ndarray[Any, Any], sources: np.ndarray[Any, Any]
) -> None:
    """Take the current of every other of these outlets away, and say how much is missing."""
    now.outlets.current[outlets[::2]] = np.nan
    now.sources.missing[sources] = MISSED


def _own(whole: Snapshot, part: Part, at: float, clock: float) -> Snapshot:
    own = blank(part.plant, at, clock)
    for kind in READINGS:
        if kind is not Kind.HOUSE:
            here, there = own.readings(kind), whole.readings(kind)
            for column in fields(here):
                getattr(here, column.name)[:] = getattr(there, column.name)[part.rows[kind]]
    return own
