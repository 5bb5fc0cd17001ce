"""All that follows the samples of a board, for one source: registers, events, quality."""

from collections import deque
from collections.abc import Sequence

from smartpdu.drivers.board import Course
from smartpdu.drivers.captured import Scene, events, switched, waveform
from smartpdu.drivers.counted import Counted
from smartpdu.drivers.disturbances import NAME as DISTURBANCES
from smartpdu.drivers.disturbances import Disturbances
from smartpdu.drivers.follower import Follower
from smartpdu.drivers.ledger import NAME, Ledger
from smartpdu.drivers.quality import Quality
from smartpdu.drivers.source import Wanted
from smartpdu.drivers.spectral import Spectral
from smartpdu.drivers.tallied import Tallied
from smartpdu.drivers.verdicts import NAME as QUALITY
from smartpdu.drivers.watch import Watch
from smartpdu.model.event import Event
from smartpdu.model.plant import Kind

REACTIVE = tuple(f"reactive_energy_{quadrant}" for quadrant in (1, 2, 3, 4))
FREQUENCIES = ("frequency_lowest", "frequency_highest", "frequency_averaged")
LONGER = {
    Kind.FEED: ("voltage_unbalance_very_short",),
    Kind.PHASE: ("voltage_very_short", "thd_voltage_very_short", "flagged_very_short"),
}
FOLLOWED = {  # what is told beside the registers of what was taken, which meters tell too
    Kind.FEED: ("exported_energy", *REACTIVE, "uncounted", *FREQUENCIES, *LONGER[Kind.FEED]),
    Kind.PHASE: (
        *("exported_energy", *REACTIVE, "flicker_short", "flicker_long"),
        *LONGER[Kind.PHASE],
    ),
    Kind.CIRCUIT: ("exported_energy",),
    Kind.OUTLET: ("exported_energy", *REACTIVE),
}
SOON = 0.15  # s after which the samples after something have come that is over


class Followers:
    """What follows the feeds of one source; registers are those of the whole program."""

    def __init__(self, wanted: Wanted) -> None:
        """Nothing follows yet."""
        self._plant = wanted.part.plant
        self._tell, self._show = wanted.tell, wanted.show
        self._wall, self._clock = wanted.ports.wall, wanted.ports.clock
        self._watched: list[tuple[Watch, Scene]] = []
        self._noticed: deque[tuple[Sequence[Event], bytes | None]] = deque()
        if NAME not in wanted.shared:
            wanted.shared[NAME] = Ledger(wanted.kept(NAME) if wanted.kept else None)
        if QUALITY not in wanted.shared:
            wanted.shared[QUALITY] = Quality(wanted.kept(QUALITY) if wanted.kept else None)
        if DISTURBANCES not in wanted.shared:
            kept = wanted.kept(DISTURBANCES) if wanted.kept else None
            wanted.shared[DISTURBANCES] = Disturbances(kept)
        self._disturbances: Disturbances = wanted.shared[DISTURBANCES].hold()
        self._ledger: Ledger = wanted.shared[NAME].hold()
        self._quality: Quality = wanted.shared[QUALITY].hold()
        self._tallied: list[Tallied] = []

    def of(self, course: Course) -> Sequence[Follower]:
        """What follows the samples of a feed."""
        scene = Scene(course, self._plant)
        watch = Watch(self._disturbances.left(scene))
        self._watched.append((watch, scene))
        tallied = self._quality.tallied(course, self._plant)
        self._tallied.append(tallied)
        counted = Counted(course, self._plant, self._ledger)
        return (counted, tallied, watch, Spectral(scene, self._show))

    def look(self) -> None:
        """Make events and files of what was noticed; in the thread of the samples."""
        at = self._wall()
        for watch, scene in self._watched:
            for group in watch.noticed():
                if told := events(group, scene, at):
                    self._noticed.append((told, waveform(group, scene)))
        for tallied in self._tallied:
            while tallied.over:
                self._noticed.append(([tallied.over.popleft()], None))
        clock = self._clock()
        self._disturbances.look(clock, [(scene, w.lasting) for w, scene in self._watched])
        self._quality.tend(clock)

    @property
    def expecting(self) -> bool:
        """Whether something is over or may be soon, and the samples after it are to come."""
        return any(watch.expecting for watch, _ in self._watched)

    def tell(self) -> None:
        """Tell whoever listens; on the event loop."""
        while self._noticed:
            self._tell(*self._noticed.popleft())

    def switched_on(self, outlet: str, at: float) -> None:
        """Take note that an outlet was switched on at a moment of UTC."""
        for watch, scene in self._watched:
            for channel in switched(scene.course, scene.plant, outlet):
                watch.hint(channel, at)

    async def close(self) -> None:
        """Tell what lasts, and keep what was counted; the thread of the samples has ended."""
        try:
            for watch, _ in self._watched:
                watch.end()
            self.look()
            self.tell()
        finally:
            await self._disturbances.let_go()
            await self._ledger.let_go()
            await self._quality.let_go()
