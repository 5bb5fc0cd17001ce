"""The quality of all voltages, kept over restarts: weeks, two hours and what is under way (8).

A file that is damaged is told and begun anew: a week that lacks some days says so itself.
"""

from collections.abc import Mapping, Sequence
from math import isnan, nan
from typing import Any

import structlog

from smartpdu.drivers import week
from smartpdu.drivers.board import Course
from smartpdu.drivers.sealed import Damaged, sealed, unsealed
from smartpdu.drivers.source import Kept
from smartpdu.drivers.tallied import Short, Standing, Tallied
from smartpdu.drivers.upkeep import Upkeep
from smartpdu.drivers.verdicts import FORM, NAME
from smartpdu.measurement import aggregation
from smartpdu.model.plant import Plant

EVERY = 60.0  # s after which all is kept again; more is lost of ten minutes than they may lack

log = structlog.get_logger()


class Quality:
    """What all feeds of the program are tallied in."""

    def __init__(self, kept: Kept | None) -> None:
        """As it was kept; nowhere to keep it: it lives as long as the program."""
        self._feeds: dict[str, Any] = {}
        self._tallied: list[Tallied] = []
        self._upkeep = Upkeep(kept, NAME, EVERY)
        try:
            form = kept.read() if kept else None
            self._feeds = {} if form is None else unsealed(FORM, form)["feeds"]
        except (Damaged, KeyError, OSError) as error:
            log.warning("quality_begins_anew", why=str(error))

    def tallied(self, course: Course, plant: Plant) -> Tallied:
        """What tallies a feed, as it stood."""
        made = Tallied(course, plant, Standing())
        plain = self._feeds.pop(made.feed, None)
        if plain is not None:
            made.standing = self._taken(plain, made)
        self._tallied.append(made)
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
        if plain.get("phases") != list(one.phases):
            log.warning("quality_begins_anew", place=one.feed, why="other phases are measured")
            return Standing()
        try:
            return _read(plain)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            log.warning("quality_begins_anew", place=one.feed, why=repr(error))
            return Standing()


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
