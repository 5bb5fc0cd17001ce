"""Registers of energy that outlive the program: one file for all places, by their paths (12).

The laws of this file:

1. A register is shown as it stands on the disk: after a kill it goes on from there, and never
   shows less than it did.
2. It belongs to a place: whichever board or channel measures that, it goes on.
3. A file that is damaged is left as it is, and no energy is shown or counted until somebody puts
   back a copy or takes it away: registers at zero would be a wrong bill.
"""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from smartpdu.drivers.sealed import Damaged, sealed, unsealed
from smartpdu.drivers.source import Kept
from smartpdu.drivers.upkeep import Upkeep
from smartpdu.measurement.energy import Registers, registers, taken, written

NAME = "energy"
EVERY = 10.0  # s after which registers are kept again
FORM = 1
MEND = "put a copy of energy.kept back, or take it away to begin at 0; then start anew"

log = structlog.get_logger()


class Book:
    """The registers of some places that are measured together."""

    def __init__(self, paths: Sequence[str], past: Registers, until: float) -> None:
        """The registers as they were kept, and UTC until when they counted; NaN: never."""
        self.paths = tuple(paths)
        self.past = past  # replaced whole, so that another thread may look at any time
        self.until = until
        self.durable: NDArray[np.int64] = past.whole
        self.lost: NDArray[np.float64] = past.gap


class Ledger:
    """All registers of the program."""

    def __init__(self, kept: Kept | None) -> None:
        """The registers that were kept; nowhere to keep them: they live as long as the program."""
        self.sound = True
        self._books: list[Book] = []
        self._others: dict[str, dict[str, Any]] = {}  # of places that nobody measures now
        self._upkeep = Upkeep(None, NAME, EVERY)
        try:
            form = kept.read() if kept else None
            self._others = {} if form is None else read(form)
        except (Damaged, OSError) as error:
            self.sound = False
            log.error("energy_unreadable", why=str(error), shown="no energy", mend=MEND)
            return
        if kept is not None:
            self._upkeep = Upkeep(_Told(kept, self), NAME, EVERY)

    def book(self, paths: Sequence[str]) -> Book:
        """The registers of these places; the ledger keeps them until it is let go of."""
        plain = [self._others.pop(path, None) for path in paths]
        book = Book(paths, *_joined(plain))
        self._books.append(book)
        return book

    def tend(self, clock: float) -> None:
        """Keep what was counted, now and then."""
        if not self._upkeep.keeps:
            for book in self._books:
                book.durable, book.lost = book.past.whole, book.past.gap
        self._upkeep.tend(clock, self._form)

    def hold(self) -> "Ledger":
        """The ledger, for one more source."""
        self._upkeep.hold()
        return self

    async def let_go(self) -> None:
        """Keep the registers as they are, once nobody counts any more."""
        await self._upkeep.let_go(self._form)

    def _form(self) -> bytes:
        self.written = [(book, book.past, book.until) for book in self._books]
        told = dict(self._others)
        for book, past, until in self.written:
            told |= _apart(book.paths, past, until)
        return write(told)


class _Told:
    """The place where registers are kept; what lies there may be shown."""

    def __init__(self, kept: Kept, ledger: Ledger) -> None:
        self._kept, self._ledger = kept, ledger

    def read(self) -> bytes | None:
        return self._kept.read()

    def write(self, form: bytes) -> None:
        self._kept.write(form)
        for book, past, _ in self._ledger.written:
            book.durable, book.lost = past.whole, past.gap

    def aside(self, mark: str) -> str:
        return self._kept.aside(mark)


def write(places: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The bytes of the registers of these places."""
    return sealed(FORM, {"places": places})


def read(form: bytes) -> dict[str, dict[str, Any]]:
    """The registers that were written so; raises Damaged."""
    try:
        places: dict[str, dict[str, Any]] = unsealed(FORM, form)["places"]
        _joined(list(places.values()))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Damaged(f"it holds no registers: {error!r}") from error
    return places


def _apart(paths: Sequence[str], past: Registers, until: float) -> dict[str, dict[str, Any]]:
    plain = written(past)
    return {
        path: {
            "whole": [column[row] for column in plain["whole"]],
            "rest": [column[row] for column in plain["rest"]],
            "gap": plain["gap"][row],
            "until": until if isfinite(until) else None,
        }
        for row, path in enumerate(paths)
    }


def _joined(plain: Sequence[Mapping[str, Any] | None]) -> tuple[Registers, float]:
    """The registers side by side, new ones where nothing was kept, and when they counted last."""
    blank = registers(1)
    empty = {"whole": blank.whole[:, 0].tolist(), "rest": blank.rest[:, 0].tolist(), "gap": 0.0}
    each = [empty if row is None else row for row in plain]
    if not each:
        return registers(0), np.nan
    columns = {name: np.transpose([row[name] for row in each]) for name in ("whole", "rest")}
    moments = [row.get("until") for row in each]
    until = [float(moment) for moment in moments if moment is not None]
    gap = [row["gap"] for row in each]
    return taken(columns | {"gap": gap}), max(until) if until else np.nan
