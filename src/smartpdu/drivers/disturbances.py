"""What lasts of all feeds, kept over restarts, so that all that was told to last gets an end (8).

The laws of this file:

1. What begins is kept before it is told to last, and what is over is let go a little after that
   was told: a kill may have an end told twice, but loses none.
2. A file that is damaged is put aside and told; what lasted before is not known then.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from math import isfinite, nan
from typing import Any

import structlog

from smartpdu.drivers.captured import Scene
from smartpdu.drivers.sealed import Damaged, sealed, unsealed
from smartpdu.drivers.source import Kept
from smartpdu.drivers.unended import Unended
from smartpdu.drivers.upkeep import DAMAGED, Upkeep
from smartpdu.measurement.disturbance import FLAGGING, Kind

NAME = "disturbances"
FORM = 1
EVERY = 10.0  # s after which is kept anew how long something was seen to last
LATE = 2.0  # s after which what was told of an end is in the journal

Plain = Mapping[str, Any]
Key = tuple[str, str, float, tuple[str, ...], bool]

log = structlog.get_logger()


class Disturbances:
    """What lasts of all feeds of the program."""

    def __init__(self, kept: Kept | None) -> None:
        """As it was kept; nowhere to keep it: nothing is known after a restart."""
        self._feeds: dict[str, Sequence[Plain]] = {}
        self._upkeep = Upkeep(kept, NAME, EVERY)
        self._since: float | None = None  # monotonic clock, until when all that is kept lasted
        try:
            form = kept.read() if kept else None
            self._feeds = {} if form is None else dict(unsealed(FORM, form)["feeds"])
            self._written = self._keys()
        except (Damaged, KeyError, OSError, TypeError, ValueError) as error:
            self._upkeep.put_aside(DAMAGED, why=str(error))
            self._feeds, self._written = {}, frozenset()

    def left(self, scene: Scene) -> tuple[Unended, ...]:
        """What lasted of a feed when it was last watched, as far as its voltages are known."""
        lines = enumerate(scene.course.lines)
        channels = {scene.path(k): k for k, line in lines if line.quantity == "voltage"}
        self._feeds.setdefault(scene.feed, ())  # here, as sources look in threads of their own
        found = []
        for plain in self._feeds.get(scene.feed, ()):
            try:
                found.append(_read(plain, channels))
            except (KeyError, TypeError, ValueError) as error:
                log.warning("disturbance_forgotten", place=scene.feed, why=repr(error))
        return tuple(found)

    def look(self, clock: float, lasting: Iterable[tuple[Scene, Sequence[Unended]]]) -> None:
        """Take note of what lasts now of some feeds, and keep that where it has changed."""
        for scene, own in lasting:
            self._feeds[scene.feed] = [_written(one, scene) for one in own]
        keys = self._keys()
        if self._since is None or self._written <= keys:
            self._since = clock
        over = clock - self._since >= LATE
        if not (keys or over):
            return
        changed = over or bool(keys - self._written)
        if self._upkeep.tend(clock, partial(_sealed, dict(self._feeds)), changed):
            self._written = keys

    def hold(self) -> "Disturbances":
        """The same, for one more source."""
        self._upkeep.hold()
        return self

    async def let_go(self) -> None:
        """Keep all as it is, once nobody watches any more."""
        await self._upkeep.let_go(partial(_sealed, self._feeds))

    def _keys(self) -> frozenset[Key]:
        return frozenset(
            (feed, one["kind"], one["start"], tuple(one["phases"]), one["told"])
            for feed, several in self._feeds.items()
            for one in several
        )


def _sealed(feeds: Mapping[str, Sequence[Plain]]) -> bytes:
    return sealed(FORM, {"feeds": {feed: own for feed, own in feeds.items() if own}})


def _written(one: Unended, scene: Scene) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "phases": [scene.path(channel) for channel in one.channels],
        "start": one.start,
        "seen": one.seen if isfinite(one.seen) else None,
        "reference": one.reference,
        "residual": one.residual,
        "told": one.told,
    }


def _read(plain: Plain, channels: Mapping[str, int]) -> Unended:
    kind, seen = Kind(plain["kind"]), plain["seen"]
    if kind not in FLAGGING:
        raise ValueError(f"{kind} does not last")
    return Unended(
        kind,
        tuple(channels[path] for path in plain["phases"]),
        float(plain["start"]),
        nan if seen is None else float(seen),
        float(plain["reference"]),
        float(plain["residual"]),
        bool(plain["told"]),
    )
