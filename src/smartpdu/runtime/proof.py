"""What the seals of the journal show: to a person who asks, and to the log at each start (12.2)."""

from collections.abc import Callable
from pathlib import Path

import structlog

from smartpdu.runtime.memory import Memory
from smartpdu.runtime.tokens import FILE, TokenError, kept
from smartpdu.runtime.view import Unrecallable
from smartpdu.store.database import StoreError
from smartpdu.store.proof import Proof, newest_hold, prove

NEWEST = 1_000  # events that each start looks at: some 20 ms

log = structlog.get_logger()


class Unprovable(Exception):
    """A journal that cannot be looked at; the text is for a person."""


def proved(data: Path, seal: bytes, tell: Callable[[int, int], None]) -> tuple[Path, Proof]:
    """The file of a data directory and what its seals show; raises Unprovable.

    Nothing is written, and it may be the directory of a program that runs.
    """
    try:
        if not kept(data):
            raise Unprovable(f"there is no SmartPDU data directory at {data}")
        return data / FILE, prove(data / FILE, seal, tell)
    except (StoreError, TokenError) as error:
        raise Unprovable(str(error)) from None


async def tell_if_broken(memory: Memory) -> None:
    """Look at the newest events and log loudly where their seals do not fit; all goes on."""
    try:
        verdict = await memory.consult(newest_hold, NEWEST)
    except Unrecallable as error:
        log.error("journal_unread", why=str(error))
        return
    if not verdict.ok:
        told = "somebody changed the journal, or the disk did; look with: smartpdu verify"
        log.error("journal_broken", number=verdict.seq, found=verdict.why, what=told)
