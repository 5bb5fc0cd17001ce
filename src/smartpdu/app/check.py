"""`smartpdu check`: all that is wrong with a site file, down to a device that does not answer."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from smartpdu.app.config import Site, load, place_fault
from smartpdu.app.fault import ConfigError, Fault
from smartpdu.app.limits import odd
from smartpdu.app.progress import teller
from smartpdu.app.wire import sources, world
from smartpdu.drivers.access import ASKS, parsed
from smartpdu.drivers.apart import overlap
from smartpdu.drivers.recording import counted
from smartpdu.drivers.source import (
    Mistaken,
    NoAnswer,
    SettingsError,
    Source,
    SourceError,
    Taken,
    Unopened,
)
from smartpdu.engine.catalogue import RULES
from smartpdu.model.plant import Part, places
from smartpdu.model.plausible import lonely
from smartpdu.model.snapshot import Snapshot

DEAD = 0.1  # of the nominal voltage: below it a line is not fed, which is no fault of the file
NEAR = 0.1  # of the nominal voltage: EN 50160
FREE = (
    "one that nobody else listens to: a smartpdu that runs has it, and tells of this source in its "
    "alarms and its log; stop it to ask here, or check with --offline"
)


def check(path: Path, offline: bool, out: TextIO, err: TextIO) -> int:
    """Print what is wrong, or that nothing is; the exit code is 2 where something is.

    What may be meant so, and looks odd, is a note: it changes no exit code.
    """
    try:
        site = load(path)
        notes = [
            *_one_sided(site),
            *_loose(site),
            *_bare(site),
            *asyncio.run(_asked(site, offline, teller(err))),
        ]
    except ConfigError as error:
        print(error, file=err)
        return 2
    for note in notes:
        print(note, file=out)
    plant = site.plant
    tables = {"rack": plant.racks, "PDU": plant.pdus, "outlet": plant.outlets}
    counts = ", ".join(counted(len(own), name) for name, own in tables.items())
    well = f"well, with {len(notes)} {'note' if len(notes) == 1 else 'notes'}"
    said = f"{counts}, {counted(len(plant.sources), 'source')}: {well if notes else 'all well'}"
    print(f"{path}: {said}", file=out)
    return 0


class _Silences:
    """Who did not answer: whoever asks for the same device in the same way need not wait again."""

    def __init__(self) -> None:
        self._turns: dict[tuple[Any, ...], asyncio.Lock] = {}
        self._known: dict[tuple[Any, ...], NoAnswer] = {}

    async def read(self, source: Source, key: tuple[Any, ...]) -> Snapshot:
        """What a source tells; raises SourceError."""
        async with self._turns.setdefault(key, asyncio.Lock()):
            if key in self._known:
                raise NoAnswer(str(self._known[key]))
            try:
                return await source.read()
            except NoAnswer as error:
                self._known[key] = error
                raise


async def _asked(site: Site, offline: bool, tell: Callable[[str], None]) -> list[str]:
    """Open every source and, unless offline, read it once; gives the notes.

    Raises ConfigError with all faults.
    """
    opened = sources(site, world())
    silences = _Silences()
    notes: list[str] = []
    serials: dict[int, str] = {}
    ended = 0

    async def ask(number: int, path: str) -> list[Fault]:
        nonlocal ended
        source, own = opened[path]
        try:
            if offline:
                return []
            now = await silences.read(source, _device(site, number))
            notes.extend(_odd(site, own, now, getattr(source, "missing", tuple)()))
            if hasattr(source, "serial"):
                serials[number] = await source.serial()
            return [_absent(site, place) for place in getattr(source, "untold", tuple)()]
        except SourceError as error:
            return [_fault(site, number, error)]
        finally:
            await source.close()
            ended += 1
            tell(f"{ended} of {len(opened)} sources asked")

    try:
        asked = [ask(number, source.path) for number, source in enumerate(site.sources)]
        faults = [fault for several in await asyncio.gather(*asked) for fault in several]
        faults += _same(site, serials, [opened[source.path][0] for source in site.sources])
    finally:
        tell("")
    if faults:
        raise ConfigError(sorted(faults, key=lambda fault: fault.line))
    return notes


def _same(site: Site, serials: Mapping[int, str], opened: Sequence[Any]) -> Iterator[Fault]:
    """The faults of sources that reach one device, by whatever address, and read one row of it."""
    for one, serial in sorted(serials.items()):
        for other in sorted(serials):
            alike = serial and other != one and serials[other] == serial
            shared = overlap(opened[one].places, opened[other].places) if alike else None
            if shared:
                settings, path = site.sources[one].settings, site.sources[other].path
                found = f"{settings['address']!r}: the device {serial!r}, that {path} reads too"
                line = site.lines.of("source", one, "address")
                expected = f"another device, or {shared[0]} and {shared[1]} with rows of their own"
                yield Fault(site.file, line, "source.address", found, expected)
                break


def _device(site: Site, number: int) -> tuple[Any, ...]:
    """The same for all sources that ask one device in one way; else the source's own path."""
    wanted = site.sources[number]
    if "address" not in wanted.settings:
        return (wanted.path,)
    return (wanted.driver, *(wanted.settings.get(key) for key in ("address", *ASKS)))


def _fault(site: Site, number: int, error: SourceError) -> Fault:
    """What is wrong with a source that does not answer, or another device does."""
    settings, driver = site.sources[number].settings, site.sources[number].driver
    if isinstance(error, Mistaken):
        key, found, expected = error.key, error.found, error.expected
    else:
        key = "address" if "address" in settings else "driver"
        words = _less_address(str(error), settings.get(key, ""))
        found = f"{settings.get(key, driver)!r}: {words}"
        expected = _expected(error)
    line = site.lines.of("source", number, key)
    return Fault(site.file, line, f"source.{key}", found, expected)


def _expected(error: SourceError) -> str:
    if isinstance(error, Unopened):
        return error.expected
    return FREE if isinstance(error, Taken) else "a device that answers"


def _less_address(words: str, address: str) -> str:
    """What a driver said, without the address that SNMP begins with."""
    try:
        host, port = parsed(address)
    except SettingsError:  # no host: a board's address begins with how its frames come
        return words
    return words.removeprefix(f"[{host}]:{port}: ").removeprefix(f"{host}:{port}: ")


def _absent(site: Site, place: str) -> Fault:
    """The fault of a row of which its device tells nothing."""
    kind, row = places(site.plant)[place]
    found = f"{site.plant.table(kind).address[row]!r} of {place}"
    return place_fault(site, place, "address", found, "the address of one that the device has")


def _odd(
    site: Site, own: Part, now: Snapshot, missing: tuple[tuple[str, str], ...]
) -> Iterator[str]:
    """Notes on what a source tells: voltages that are not the nominal ones, values that lack."""
    phases = own.plant.phases
    share = now.phases.voltage / phases.nominal_voltage
    for row in np.flatnonzero((share > DEAD) & (np.abs(share - 1) > NEAR)).tolist():
        words = f"{phases.nominal_voltage[row]:g} V, and {now.phases.voltage[row]:.1f} V measured"
        yield _note(site, phases.path[row], "nominal_voltage", words)
    for place, column in missing:
        words = f"{column} is not told, or not as the map says: a value is missing"
        yield _note(site, place, "address", words)


def _one_sided(site: Site) -> Iterator[str]:
    """A note for each rack whose feeds all stand on one side."""
    feeds = site.plant.feeds
    for row, rack in enumerate(site.plant.racks.path):
        own = np.flatnonzero(feeds.rack == row).tolist()
        labels = [feeds.label[feed] for feed in own]
        if lonely(labels):
            words = f"{labels[-1]!r} like all {len(own)} feeds of {rack}: none carries for another"
            yield _note(site, feeds.path[own[-1]], "label", words)


def _bare(site: Site) -> Iterator[str]:
    """A note for each feed without a phase: a device may tell none, and then one must be named."""
    plant = site.plant
    for row in sorted(set(range(len(plant.feeds))) - set(plant.phases.feed.tolist())):
        words = "no [[phase]] has it as its feed: no voltage, load or outlet of it is watched"
        yield _note(site, plant.feeds.path[row], "path", words)


def _loose(site: Site) -> Iterator[str]:
    """A note for each limit that may be a slip, as A for mA."""
    rules = {rule.key: rule for rule in RULES}
    for number, wanted in enumerate(site.overrides):
        for key, words in odd(rules[wanted.rule], wanted.values):
            line = site.lines.of("limit", number, key)
            place = f" at {wanted.place}" if wanted.place else ""
            yield f"{site.file}:{line}: note: limit.{key} of {wanted.rule}{place}: {words}"


def _note(site: Site, place: str, key: str, words: str) -> str:
    fault = place_fault(site, place, key, "", "")
    return f"{fault.file}:{fault.line}: note: {fault.where} of {place}: {words}"
