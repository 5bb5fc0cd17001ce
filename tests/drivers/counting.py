"""A program that counts the energy of a board in a folder and tells what it shows, until killed."""

import asyncio
import sys
from functools import partial
from pathlib import Path

from boards import Clock, Signal, TestBoard, plant, wanted
from measurement.signals import sine

from smartpdu.drivers.adc import open_source
from smartpdu.drivers.source import Wanted
from smartpdu.runtime.kept import KeptFile

LINES = (0.0, -1 / 3, -2 / 3)  # turns


def board() -> TestBoard:
    """Three phases of 1, 2 and 3 A that lag, and one outlet."""
    signals = []
    for n, line in enumerate(LINES):
        signals += [Signal(f"A/L{n + 1}", "voltage", sine(230.0, line), 1e-4)]
        signals += [Signal(f"A/L{n + 1}", "current", sine(n + 1.0, line - 1 / 12), 1e-5)]
    signals += [Signal("A/o1", "current", sine(0.5, 0.0), 1e-5)]
    return TestBoard(signals)


def asked(folder: Path, file: Path, clock: Clock) -> Wanted:
    """The board whose frames are in a file, with a place to keep registers."""
    made = wanted(plant(), board().settings | {"address": f"file:{file}"}, clock)
    kept = partial(_kept, folder)
    fields = (made.path, made.settings, made.part, made.plant, {}, {}, made.ports, kept)
    return Wanted(*fields)


def _kept(folder: Path, name: str) -> KeptFile:
    return KeptFile(folder / f"{name}.kept", lambda: None)


async def count(folder: Path, file: Path, begin: float) -> None:
    """Read for ever, a second of the board each time, and tell the feed's energy."""
    clock = Clock(begin)
    source = open_source(asked(folder, file, clock))
    while True:
        clock.now += 1
        now = await source.read()
        sys.stdout.write(f"{float(now.feeds.active_energy[0])!r} {clock.now}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(count(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])))
