"""Where to kill: each aim sends the order of a scene and leaves the program killed."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import Any

from walk.program import Program, until

Answer = tuple[int, Any]


@dataclass
class Scene:
    """One order that is about to be sent."""

    program: Program
    key: str
    row: int
    on: bool
    dice: Random
    pool: ThreadPoolExecutor
    answer: "Future[Answer]" = field(default_factory=Future)

    def send(self) -> None:
        """Send the order, and do not wait for its answer."""
        self.answer = self.pool.submit(self.program.switch, self.row, self.on, self.key)


def at_random(scene: Scene) -> None:
    """Up to 30 ms after the order was sent, more often early: most happens then."""
    scene.send()
    time.sleep(scene.dice.uniform(0, 0.17) ** 2)
    scene.program.kill()


def at_a_write(scene: Scene) -> None:
    """When the journal is written to, with the intent or with other events."""
    before = scene.program.touched()
    scene.send()
    until(lambda: scene.program.touched() != before or scene.answer.done(), every=0)
    scene.program.kill()


def at_its_arrival(scene: Scene) -> None:
    """When the order arrives; the relay moves."""
    _at_the_box(scene, lose=False)


def lost_on_its_way(scene: Scene) -> None:
    """When the order has left; the relay never hears of it."""
    _at_the_box(scene, lose=True)


def once_told(scene: Scene) -> None:
    """Some time after the order was acknowledged, before or after its end is recorded."""
    scene.send()
    scene.answer.result()
    time.sleep(scene.dice.uniform(0, 0.4))
    scene.program.kill()


def while_recording(scene: Scene) -> None:
    """When the order is done, and other events are written."""
    scene.send()
    status, command = scene.answer.result()
    if status == 202:
        until(lambda: scene.program.state(command["id"]) == "done")
    before = scene.program.touched()
    until(lambda: scene.program.touched() != before, every=0.0005)
    scene.program.kill()


def in_recovery(scene: Scene) -> None:
    """With an open intent, and again somewhere in the next start."""
    _at_the_box(scene, scene.dice.random() < 0.5)
    scene.program.spawn()
    usual = sorted(scene.program.back)[len(scene.program.back) // 2]
    time.sleep(usual * scene.dice.uniform(0.2, 1.2))
    scene.program.kill()


def _at_the_box(scene: Scene, lose: bool) -> None:
    program = scene.program
    program.box.ask(kill=program.pid, lose=lose)
    scene.send()
    until(lambda: not program.lives() or (scene.answer.done() and scene.answer.result()[0] != 202))
    program.box.ask(kill=0)
    program.kill()


AIMS: tuple[Callable[[Scene], None], ...] = (
    at_random,
    at_a_write,
    at_its_arrival,
    lost_on_its_way,
    once_told,
    while_recording,
    in_recovery,
)
