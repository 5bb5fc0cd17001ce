"""A walk of many kills: orders with a key, each cut off somewhere and sent again after the restart.

Outlets are used in turn, but only those that are free: an order that was lost stays open while no
run lasts long enough to be sure of it.
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from walk.aims import AIMS, Scene
from walk.program import Box, Ended, Follower, Plant, Program, until
from walk.promises import Facts, Kept, Try, broken
from walk.relays.relay_box import RELAYS

from smartpdu.store.database import Database, open_database
from smartpdu.store.journal import Journal, verify

HITS = {  # what the disk and the relay hold when a kill has hit, and where that was
    ("", None): "before the intent",
    ("intended", None): "after the intent",
    ("intended", False): "after the order left",
    ("intended", True): "after the pulse",
    ("done", True): "after the record",
}
UNSHOWN = "events kept and not yet shown"
AGAIN = "in recovery"
DISK = {b"w": "disk: not all synced", b"s": "disk: not all synced", b"i": "disk: all synced"}


@dataclass(frozen=True, slots=True)
class Found:
    """What a walk found."""

    wrong: list[str]
    kills: int
    hits: Counter[str]
    told: Counter[str]  # events of the journal, by kind
    back: list[float]  # s from each start until outlets could be switched again


@dataclass
class Walk:
    """The tries at one program."""

    program: Program
    dice: Random
    pool: ThreadPoolExecutor
    tries: list[Try] = field(default_factory=list)
    hits: Counter[str] = field(default_factory=Counter)
    latest: dict[int, str] = field(default_factory=dict)  # the newest command of each row
    kills: int = 0
    ended: str = ""

    def __post_init__(self) -> None:
        self.follower = Follower(self.program)

    def run(self, kills: int) -> Found:
        """Kill it that often, let it come to rest, and compare all that is known."""
        try:
            self.program.start()
            self.follower.start()
            self.attempt(unharmed)
            while self.kills < kills:
                self.attempt(AIMS[len(self.tries) % len(AIMS)])
            self.rest()
        except Ended as error:
            self.ended = str(error)
        finally:
            self.program.end()
            if self.follower.is_alive():
                self.follower.stop()
        facts = self.facts()
        told = Counter(event.kind for event in facts.events)
        return Found(broken(facts), self.kills, self.hits, told, self.program.back)

    def attempt(self, aim: Callable[[Scene], object]) -> None:
        """One order, with a kill before it is sent again."""
        program, number = self.program, len(self.tries)
        row, key = self._free_row(), f"try-{number}"
        relays = program.box.ask()
        scene = Scene(program, key, row, not relays["on"][row], self.dice, self.pool)
        starts = program.starts
        aim(scene)
        hit = ""
        if not program.lives():
            self.kills += 1 + program.starts - starts
            hit = self._hit(scene, len(relays["arrived"]), program.starts - starts)
            program.start()
        told = [scene.answer.result(), until(lambda: self._retry(scene), every=0.05)]
        ids = tuple(answer[1]["id"] for answer in told if answer and answer[0] == ACCEPTED)
        self.tries.append(Try(key, row, scene.on, ids, bool(told[1]), hit))
        if ids:
            self.latest[row] = ids[-1]

    def rest(self) -> None:
        """Wait until every command has its end, and stop in peace."""
        ids = {id for one in self.tries for id in one.told}
        for id in ids:
            until(lambda id=id: self._over(id), every=0.05)
        lost = [id for id in ids if self.program.state(id) == "lost"]
        if not lost and not until(lambda: ids <= self.follower.ended()):
            self.ended = f"the stream never told the end of {ids - self.follower.ended()}"
        self.program.stop()

    def facts(self) -> Facts:
        """What the disk, the relays, the follower and the answers say."""
        database: Database | None = None
        try:
            database = open_database(self.program.data / "smartpdu.db")
            events = Journal(database).read(0, 10**9)
            verdict = verify(database)
            query = "SELECT id, key, place, state, reason FROM commands"
            commands = [Kept(*row) for row in database.look_up(query)]
        finally:
            if database is not None:
                database.close()
        return Facts(
            self.tries,
            self.program.box.arrived(),
            self.follower.shown,
            self.follower.twice,
            events,
            verdict,
            commands,
            self.program.log.read_text(errors="replace"),
            self.ended,
        )

    def _free_row(self) -> int:
        """The next outlet whose latest order has its end."""

        def free() -> list[int]:
            turn = [(len(self.tries) + n) % RELAYS for n in range(RELAYS)]
            at = (row for row in turn if row not in self.latest or self._over(self.latest[row]))
            return list(islice(at, 1))

        return (until(free, every=0.1) or [0])[0]

    def _over(self, id: str) -> bool:
        return self.program.state(id) not in ("", "intended")

    def _retry(self, scene: Scene) -> tuple[int, Any] | None:
        answer = self.program.switch(scene.row, scene.on, scene.key)
        return answer if answer[0] == ACCEPTED else None

    def _hit(self, scene: Scene, before: int, again: int) -> str:
        state, last = self.program.held(scene.key)
        arrived = self.program.box.arrived()[before:]
        moved = next((moved for _, row, _, moved in arrived if row == scene.row), None)
        hit = HITS.get((state, moved), f"{state or 'nothing'} kept, relay moved: {moved}")
        self.hits[hit] += 1
        self.hits[AGAIN] += again
        self.hits[UNSHOWN] += last > self.follower.last
        if self.program.lossy:
            self.hits[DISK[self.program.note.read_bytes()[:1]]] += 1
        return hit


ACCEPTED = 202


def unharmed(scene: Scene) -> None:
    """No kill: the order is carried out."""
    scene.send()
    _, command = scene.answer.result()
    until(lambda: scene.program.state(command["id"]) == "done")


def walked(
    room: Path, box: Box, kills: int, seed: int, plants: tuple[Plant, ...] = (), lossy: bool = False
) -> Found:
    """What that many kills of one program found."""
    room.mkdir(exist_ok=True)
    with ThreadPoolExecutor(2) as pool:
        return Walk(Program(room, box, plants, lossy), Random(seed), pool).run(kills)
