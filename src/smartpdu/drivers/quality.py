"""The quality of all voltages, kept over restarts: weeks, two hours and what is under way (8).

The laws of this file:

1. A week that cannot be gone on with is told and begun anew: what lacks some days says so itself.
2. The file that it stood in is put aside first, and told; where that cannot be done, it is left as
   it is, and nothing is kept.
"""

from collections.abc import Mapping, Sequence
from math import isnan, nan
from typing import Any

from smartpdu.drivers import week
from smartpdu.drivers.board import Course
from smartpdu.drivers.sealed import Damaged, sealed, unsealed
from smartpdu.drivers.source import Kept
from smartpdu.drivers.tallied import Short, Standing, Tallied
from smartpdu.drivers.upkeep import DAMAGED, Upkeep
from smartpdu.drivers.verdicts import FORM, NAME
from smartpdu.measurement import aggregation
from smartpdu.model.plant import Plant

EVERY = 60.0  # s after which all is kept again; more is lost of ten minutes than they may lack
BEFORE = "before"  # mark of a file of other phases


class Quality:
    """What all feeds of the program are tallied in."""

    def __init__(self, kept: Kept | None) -> None:
        """As it was kept; nowhere to keep it: it lives as long as the program."""
        self._feeds: dict[str, Any] = {}
        self._tallied: list[Tallied] = []
        self._upkeep = Upkeep(kept, NAME, EVERY)
        try:
            form = kept.read() if kept else None
            self._feeds = {} if form is None else _feeds(form)
        except (Damaged, OSError) as error:
            self._upkeep.put_aside(DAMAGED, why=str(error))

    def tallied(self, course: Course, plant: Plant) -> Tallied:
        """What tallies a feed, as it stood."""
        made = Tallied(course, plant, Standing())
        plain = self._feeds.get(made.feed)
        if plain is not None:
            made.standing = self._taken(plain, made)
        self._tallied.append(made)
        self._feeds.pop(made.feed, None)  # last: until the file is put aside, all goes into it
        return made

    def tend(self, clock: float) -> None:
        """Keep all, now and then."""
        self._upkeep.tend(clock, self._form)

    def hold(self) -> "Quality":
        """The same, for one more source."""
        self._upkeep.hold()
        return self

    async def let_go(self) -> None:
        """Keep all as it is, once nobody measures any more."""
        await self._upkeep.let_go(self._form)

    def _form(self) -> bytes:
        feeds = {one.feed: _written(one.standing, one) for one in self._tallied}
        return sealed(FORM, {"feeds": {**self._feeds, **feeds}})

    def _taken(self, plain: Mapping[str, Any], one: Tallied) -> Standing:
        try:
            if plain["phases"] == list(one.phases):
                return _read(plain)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            self._upkeep.put_aside(DAMAGED, place=one.feed, why=repr(error))
        else:
            self._upkeep.put_aside(BEFORE, place=one.feed, why="other phases are measured")
        return Standing()


def _feeds(form: bytes) -> dict[str, Any]:
    """What was kept of each feed; raises Damaged."""
    feeds = unsealed(FORM, form).get("feeds")
    if not isinstance(feeds, dict):
        raise Damaged("it holds no feeds")
    return feeds


def _written(standing: Standing, one: Tallied) -> dict[str, Any]:
    own = standing.week
    return {
        "phases": list(one.phases),
        "week": None if own is None else week.write(own),
        "sums": None if standing.sums is None else aggregation.written(standing.sums),
        "shorts": [_short(short) for short in standing.shorts],
        "long": None if standing.long is None else _short(standing.long),
        "last": standing.last,
        "now": None if own is None else week.report(own, one.feed, one.phases),
    }


def _read(plain: Mapping[str, Any]) -> Standing:
    return Standing(
        None if plain["week"] is None else week.read(plain["week"]),
        None if plain["sums"] is None else aggregation.taken(plain["sums"]),
        tuple(_taken_short(short) for short in plain["shorts"]),
        None if plain["long"] is None else _taken_short(plain["long"]),
        plain["last"],
    )


def _short(short: Short) -> tuple[float, Sequence[float | None]]:
    return short[0], [None if isnan(value) else value for value in short[1]]


def _taken_short(plain: Sequence[Any]) -> Short:
    end, values = plain
    return float(end), tuple(nan if value is None else float(value) for value in values)
