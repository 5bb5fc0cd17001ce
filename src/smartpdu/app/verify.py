"""`smartpdu verify`: whether the journal is still what was written, from its seals."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from smartpdu.app.progress import teller
from smartpdu.runtime.proof import Unprovable, proved

SEAL = 64  # characters of a seal: SHA-256 in hexadecimal
QUIET = 2.0  # s in which nobody wonders how far it has come
WIDTH = 30  # characters of the bar

WORDS = {
    "altered": "its seal does not fit what it tells: it was changed, or events around it were",
    "missing": "it is missing",
    "reordered": "it stood in another place",
    "inserted": "it was put in afterwards",
    "damaged": "the table of events is damaged",
}
TOLD = """\
Keep the last seal where nobody who can write this file can: with --seal it shows later whether
all up to here still stands. The seals alone do not show a journal that was written anew, or cut off
at its end, by somebody who can write the file."""


def verify(data: Path, seal: str | None, as_json: bool, out: TextIO, err: TextIO) -> int:
    """Print what the seals show; 0 is whole, 1 is broken, 2 is nothing that could be looked at."""
    wanted = _seal(seal)
    if wanted is None:
        found = f"found {seal!a}, expected {SEAL} hexadecimal digits"
        print(f"smartpdu: --seal: {found}, as `smartpdu verify` printed them", file=err)
        return 2
    tell = teller(err)
    try:
        file, proof = proved(data, wanted, _slow(tell))
    except Unprovable as error:
        tell("")
        print(f"smartpdu: {error}", file=err)
        return 2
    tell("")
    verdict, lost = proof.verdict, bool(wanted) and proof.kept is None
    facts: dict[str, Any] = {
        "file": str(file),
        "whole": verdict.ok,
        "events": verdict.count,
        "first": _time(proof.first),
        "last": _time(proof.last),
        "seal": proof.seal.hex(),
        "broken": None if verdict.ok else {"event": verdict.seq, "found": verdict.why},
        "kept": {"seal": wanted.hex(), "event": proof.kept} if wanted else None,
    }
    print(json.dumps(facts) if as_json else "\n".join(_lines(facts)), file=out)
    return 0 if verdict.ok and not lost else 1


def _lines(facts: dict[str, Any]) -> list[str]:
    """The same facts for a person."""
    count, broken, kept = facts["events"], facts["broken"], facts["kept"]
    said = f"{count:,} {'event' if count == 1 else 'events'}"
    span = f", from {facts['first']} to {facts['last']}" if count else ""
    if broken is None:
        lines = [f"{facts['file']}: {said}{span}: the chain of seals is whole"]
    else:
        lines = [f"{facts['file']}: BROKEN {_where(broken)}", f"before it: {said}{span}"]
    lines.append(f"{'last seal' if broken is None else 'last seal that fits'}: {facts['seal']}")
    if kept is not None:
        lines.append(_kept(kept["event"], broken is None))
    return lines if kept is not None or broken is not None else [*lines, TOLD]


def _where(broken: dict[str, Any]) -> str:
    words = WORDS[broken["found"]]
    return words if broken["event"] is None else f"at event {broken['event']:,}: {words}"


def _kept(event: int | None, whole: bool) -> str:
    if event is None:
        return (
            "the kept seal is NOT in the chain: what it sealed was changed, cut off or written anew"
            if whole
            else "the kept seal is not in the part that fits"
        )
    if event == 0:
        return "the kept seal is that of an empty journal: it shows nothing"
    return f"the kept seal is that of event {event:,}: all up to it is as it was then"


def _slow(tell: Callable[[str], None]) -> Callable[[int, int], None]:
    """Tells how far it has come once that takes long."""
    begun = time.monotonic()

    def told(done: int, total: int) -> None:
        if time.monotonic() - begun > QUIET:
            share = done / max(total, 1)
            bar = "#" * int(share * WIDTH)
            tell(f"[{bar:<{WIDTH}}] {share:4.0%} of {total:,} events")

    return told


def _seal(text: str | None) -> bytes | None:
    """The seal that was typed, no bytes where none was, None where it is no seal."""
    if text is None:
        return b""
    try:
        return bytes.fromhex(text) if len(text) == SEAL and text.isascii() else None
    except ValueError:
        return None


def _time(at: float | None) -> str | None:
    """A time of the journal, or its number where it is so far off that no calendar has it."""
    if at is None:
        return None
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return repr(at)
