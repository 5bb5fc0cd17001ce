"""`smartpdu check`: all that is wrong with a site file, down to a device that does not answer."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from smartpdu.app.config import Site, load, place_fault
from smartpdu.app.fault import ConfigError, Fault
from smartpdu.app.progress import teller
from smartpdu.app.wire import sources, world
from smartpdu.drivers.source import SourceError
from smartpdu.model.plant import places


def check(path: Path, offline: bool, out: TextIO, err: TextIO) -> int:
    """Print what is wrong, or that nothing is; the exit code is 2 where something is."""
    try:
        site = load(path)
        asyncio.run(_asked(site, offline, teller(err)))
    except ConfigError as error:
        print(error, file=err)
        return 2
    plant = site.plant
    counts = f"{len(plant.racks)} racks, {len(plant.pdus)} PDUs, {len(plant.outlets)} outlets"
    print(f"{path}: {counts}, {len(plant.sources)} sources: all well", file=out)
    return 0


async def _asked(site: Site, offline: bool, tell: Callable[[str], None]) -> None:
    """Open every source and, unless offline, read it once; raises ConfigError with all faults."""
    opened = sources(site, world())
    ended = 0

    async def ask(number: int, path: str) -> list[Fault]:
        nonlocal ended
        source, _ = opened[path]
        try:
            if offline:
                return []
            await source.read()
            untold = getattr(source, "untold", tuple)
            return [_absent(site, place) for place in untold()]
        except SourceError as error:
            settings = site.sources[number].settings
            key = "address" if "address" in settings else "driver"
            line = site.lines.of("source", number, key)
            found = f"{settings.get(key, site.sources[number].driver)!r}: {error}"
            return [Fault(site.file, line, f"source.{key}", found, "a device that answers")]
        finally:
            await source.close()
            ended += 1
            tell(f"{ended} of {len(opened)} sources asked")

    try:
        asked = [ask(number, source.path) for number, source in enumerate(site.sources)]
        faults = [fault for several in await asyncio.gather(*asked) for fault in several]
    finally:
        tell("")
    if faults:
        raise ConfigError(sorted(faults, key=lambda fault: fault.line))


def _absent(site: Site, place: str) -> Fault:
    """The fault of a row of which its device tells nothing."""
    kind, row = places(site.plant)[place]
    found = f"{site.plant.table(kind).address[row]!r} of {place}"
    return place_fault(site, place, "address", found, "the address of one that the device has")
