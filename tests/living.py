"""Twins to look at: a rack of any shape that lives second by second, and scenarios of the demo."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from smartpdu.app.config import demo
from smartpdu.app.scenario import Order, Scenario
from smartpdu.app.simulate import Run, begun
from smartpdu.drivers.lines import Lines
from smartpdu.engine.house import House
from smartpdu.model.build import Design, built
from smartpdu.model.plant import Plant
from smartpdu.model.snapshot import Snapshot
from smartpdu.twin.faults import INJECTORS, Fault, placed
from smartpdu.twin.meter import measured
from smartpdu.twin.plan import ServerSpec, World, world
from smartpdu.twin.rack import standard_racks
from smartpdu.twin.world import Life, Truth, advance, born, switched


@dataclass
class Living:
    """A twin whose seconds pass when the test says so."""

    world: World
    life: Life
    dice: np.random.Generator
    faults: tuple[tuple[Fault, int], ...] = ()
    truths: list[Truth] = field(default_factory=list)

    @property
    def plant(self) -> Plant:
        """What is built."""
        return self.world.plant

    def seconds(self, count: int) -> Iterator[Life]:
        """The life of each of the next seconds."""
        for _ in range(count):
            self.life, told = advance(self.world, self.life, self.faults, self.dice)
            self.truths += told
            yield self.life

    def lasts(self, count: int) -> Life:
        """The life after some seconds."""
        for _ in self.seconds(count):
            pass
        return self.life

    def suffers(self, *faults: Fault) -> None:
        """From now on these faults act; their times count from the twin's beginning."""
        self.faults = placed(self.plant, faults)

    def switch(self, path: str, on: bool) -> None:
        """An order reaches a relay."""
        self.life = switched(self.life, self.plant.outlets.path.index(path), on)

    def measured(self) -> Snapshot:
        """What the meters tell now."""
        return measured(self.world, self.life, self.dice, 0.0, self.life.second)

    def outlet(self, path: str) -> int:
        """The row of an outlet."""
        return self.plant.outlets.path.index(path)


def living(design: Design, servers: Sequence[ServerSpec], seed: int = 1) -> Living:
    """A twin of a design with these servers."""
    dice = np.random.Generator(np.random.PCG64(seed))
    made = world(built(design), servers, dice)
    return Living(made, born(made, dice), dice)


def rack(servers: Sequence[ServerSpec] | None = None, seed: int = 1, **shape: Any) -> Living:
    """A twin of the standard rack, with its own servers or others."""
    design, own = standard_racks(**shape)
    return living(design, own if servers is None else servers, seed)


def fault(kind: str, place: str, at: float = 1.0, **values: float) -> Fault:
    """A fault of the usual size of its kind."""
    return Fault(at, kind, place, **{"size": INJECTORS[kind].size} | values)


def scene(
    duration: int,
    faults: Iterable[dict[str, Any]] = (),
    orders: Iterable[dict[str, Any]] = (),
    seed: int = 1,
    home: House | None = None,
) -> Run:
    """A scenario of the demonstration rack that has been played to its end."""
    asked = tuple(Order(**order) for order in orders)
    played = Scenario("test", Lines(), demo(), duration, seed, tuple(faults), asked)
    run = begun(played, home=home)
    for _ in run.seconds():
        pass
    return run
