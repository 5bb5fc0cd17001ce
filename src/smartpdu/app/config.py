"""One TOML file: what is built, who is asked, with which limits; every fault with its line."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from difflib import get_close_matches
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any

from smartpdu.app.lines import Lines, lines
from smartpdu.drivers.source import SettingsError
from smartpdu.engine.house import BOUNDS, TIMES, Override, house
from smartpdu.model.build import (
    CircuitSpec,
    Design,
    DoorSpec,
    FeedSpec,
    Flawed,
    OutletSpec,
    PduSpec,
    PhaseSpec,
    ProbeSpec,
    RackSpec,
    SourceSpec,
    built,
)
from smartpdu.model.plant import Plant

SPECS: dict[str, tuple[type, str]] = {  # table of the file: what it describes, its place in Design
    "source": (SourceSpec, "sources"),
    "rack": (RackSpec, "racks"),
    "pdu": (PduSpec, "pdus"),
    "feed": (FeedSpec, "feeds"),
    "phase": (PhaseSpec, "phases"),
    "circuit": (CircuitSpec, "circuits"),
    "outlet": (OutletSpec, "outlets"),
    "probe": (ProbeSpec, "probes"),
    "door": (DoorSpec, "doors"),
}
SITE = {"name": str, "language": str}
SECTIONS = ("twin",)  # belong to drivers, which check them
LIMIT = {"rule": str, "place": str} | dict.fromkeys((*BOUNDS, *TIMES), float)
FASTEST = 0.2  # s between two reads of a source


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at a line of a file."""

    file: str
    line: int
    where: str
    found: str
    expected: str

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}: {self.where}: found {self.found}, expected {self.expected}"
        )


class ConfigError(Exception):
    """A site file that cannot be used, with every fault that was found in it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """A source: its driver, and the settings that belong to it."""

    path: str
    driver: str
    interval: float
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Site:
    """A site as its file describes it, checked and built."""

    file: str
    name: str
    language: str
    design: Design
    plant: Plant
    sources: tuple[SourceConfig, ...]
    overrides: tuple[Override, ...]
    sections: Mapping[str, Any]
    lines: Lines


def load(path: Path) -> Site:
    """The site of a file; raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError([Fault(str(path), 1, "file", reason, "a file to read")]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([Fault(str(path), 1, "file", str(error), "UTF-8 text")]) from None
    return site_from_text(text, str(path))


def demo() -> Site:
    """The demonstration rack that comes with the program."""
    text = (files("smartpdu.app") / "demo.toml").read_text(encoding="utf-8")
    return site_from_text(text, "demo.toml")


def site_from_text(text: str, file: str) -> Site:
    """The site that a text describes; raises ConfigError with all its faults."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_syntax(file, error)]) from None
    at = lines(text)
    faults: list[Fault] = list(_shape_faults(tables, file, at))
    if faults:
        raise ConfigError(faults)
    sources = [_source(t) for t in tables.get("source", [])]
    design = _design(tables)
    faults += _source_faults(sources, file, at)
    try:
        plant = built(design)
    except Flawed as flawed:
        faults += [_flaw(flaw, file, at) for flaw in flawed.flaws]
        raise ConfigError(sorted(faults, key=lambda f: f.line)) from None
    overrides = [_override(t) for t in tables.get("limit", [])]
    faults += _limit_faults(plant, overrides, file, at)
    if faults:
        raise ConfigError(sorted(faults, key=lambda f: f.line))
    site = tables.get("site", {})
    return Site(
        file,
        site.get("name", "SmartPDU"),
        site.get("language", "en"),
        design,
        plant,
        tuple(sources),
        tuple(overrides),
        {name: tables[name] for name in SECTIONS if name in tables},
        at,
    )


def _syntax(file: str, error: tomllib.TOMLDecodeError) -> Fault:
    words = str(error)
    spot = words.rsplit("(at line ", 1)
    number = spot[1].split(",")[0] if len(spot) == 2 else "1"
    return Fault(file, int(number), "TOML", spot[0].strip(), "TOML that can be read")


def _shape_faults(tables: Mapping[str, Any], file: str, at: Lines) -> Iterator[Fault]:
    """Unknown tables and keys, missing keys, values of a wrong type."""
    known = [*SPECS, "site", "limit", *SECTIONS]
    for name, content in tables.items():
        if name not in known:
            yield Fault(file, at.of(name, 0), name, "an unknown table", _nearest(name, known))
        elif name in SPECS or name == "limit":
            yield from _rows_faults(name, content, file, at)
        elif not isinstance(content, dict):
            yield Fault(file, at.of("", 0, name), name, repr(content), f"a table [{name}]")
        elif name == "site":
            yield from _key_faults("site", 0, content, SITE, (), file, at)
    if not tables.get("source"):
        yield Fault(file, 1, "source", "none", "at least one [[source]]")


def _rows_faults(name: str, content: Any, file: str, at: Lines) -> Iterator[Fault]:
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        yield Fault(file, at.of(name, 0), name, "one table", f"tables written [[{name}]]")
        return
    if name == "limit":
        types, needed = LIMIT, ["rule"]
    else:
        spec = fields(SPECS[name][0])
        types = {f.name: f.type for f in spec}  # type: ignore[misc]
        needed = [f.name for f in spec if f.default is MISSING]
    for number, row in enumerate(content):
        if name == "source":
            own = {k: v for k, v in row.items() if k in types or k == "driver"}
            yield from _key_faults(
                name, number, own, {**types, "driver": str}, (*needed, "driver"), file, at
            )
        else:
            yield from _key_faults(name, number, row, types, needed, file, at)


def _key_faults(
    table: str,
    number: int,
    row: Mapping[str, Any],
    types: Mapping[str, Any],
    needed: Sequence[str],
    file: str,
    at: Lines,
) -> Iterator[Fault]:
    for key, value in row.items():
        line = at.of(table, number, key)
        where = f"{table}.{key}"
        if key not in types:
            yield Fault(file, line, where, "an unknown key", _nearest(key, list(types)))
        elif not _fits(value, types[key]):
            expected = {str: "text", bool: "true or false", int: "a whole number"}
            words = expected.get(types[key], "a number")
            yield Fault(file, line, where, repr(value), words)
    for key in needed:
        if key not in row:
            line = at.of(table, number)
            yield Fault(file, line, f"{table}.{key}", "nothing", f"a value for {key}")


def _fits(value: Any, wanted: Any) -> bool:
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, wanted)


def _nearest(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, 1)
    return f"{close[0]!r}" if close else f"one of {', '.join(known)}"


def _source(table: Mapping[str, Any]) -> SourceConfig:
    own = {f.name for f in fields(SourceSpec)} | {"driver"}
    settings = {key: value for key, value in table.items() if key not in own}
    return SourceConfig(table["path"], table["driver"], table.get("interval", 1.0), settings)


def _design(tables: Mapping[str, Any]) -> Design:
    rows: dict[str, list[Any]] = {}
    for name, (spec, place) in SPECS.items():
        keys = {f.name for f in fields(spec)}
        found = tables.get(name, [])
        rows[place] = [spec(**{k: v for k, v in row.items() if k in keys}) for row in found]
    return Design(**rows)


def _source_faults(sources: Sequence[SourceConfig], file: str, at: Lines) -> Iterator[Fault]:
    drivers = {entry.name: entry for entry in entry_points(group="smartpdu.drivers")}
    for number, source in enumerate(sources):
        if source.driver not in drivers:
            line = at.of("source", number, "driver")
            expected = _nearest(source.driver, sorted(drivers))
            yield Fault(file, line, "source.driver", repr(source.driver), expected)
            continue
        if 0 < source.interval < FASTEST:
            line = at.of("source", number, "interval")
            yield Fault(file, line, "source.interval", str(source.interval), f"{FASTEST} s or more")
        try:
            drivers[source.driver].load().check(source.settings)
        except SettingsError as error:
            key = error.key.rsplit(".", 1)[-1]
            line = at.of("source", number, key)
            yield Fault(file, line, f"source.{key}", error.found, error.expected)


def _flaw(flaw: Any, file: str, at: Lines) -> Fault:
    table = next(name for name, (_, place) in SPECS.items() if place == flaw.kind.value)
    line = at.of(table, flaw.number, flaw.field)
    return Fault(file, line, f"{table}.{flaw.field}", flaw.found, flaw.expected)


def _override(table: Mapping[str, Any]) -> Override:
    values = {k: float(v) for k, v in table.items() if k not in ("rule", "place")}
    return Override(table["rule"], table.get("place", ""), values)


def _limit_faults(
    plant: Plant, overrides: Sequence[Override], file: str, at: Lines
) -> Iterator[Fault]:
    for number, override in enumerate(overrides):
        try:
            house(plant, [override])
        except ValueError as error:
            line = at.of("limit", number)
            yield Fault(file, line, "limit", f"rule {override.rule!r}", str(error))
