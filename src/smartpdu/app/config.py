"""One TOML file: what is built, who is asked, with which limits; every fault with its line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any

from smartpdu.app.fault import ConfigError, Fault, fits
from smartpdu.app.limits import LIMIT, limit_faults, override
from smartpdu.drivers.lines import Lines, Unreadable, inside, item, lines, loaded
from smartpdu.drivers.source import SettingsError, nearest
from smartpdu.engine.house import Override
from smartpdu.model.build import (
    CircuitSpec,
    Design,
    DoorSpec,
    FeedSpec,
    Flaw,
    OutletSpec,
    PduSpec,
    PhaseSpec,
    ProbeSpec,
    RackSpec,
    SourceSpec,
    built,
    flaws_of,
)
from smartpdu.model.plant import Plant, places

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
LANGUAGES = ("en", "de")
SECTIONS = ("twin",)  # belong to drivers, which check them
FEW = 3  # racks whose names together still are a name
FASTEST = 0.2  # s between two reads of a source


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
        text = path.read_text(encoding="utf-8-sig")  # some editors begin a file so
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
        tables = loaded(text)
    except Unreadable as error:
        fault = Fault(file, error.line, "TOML", error.words, "TOML that can be read")
        raise ConfigError([fault]) from None
    at = lines(text)
    faults = list(_shape_faults(tables, file, at))
    design, numbers = _design(tables)
    unsure = _unsure(tables)
    flaws = list(flaws_of(design, unsure))
    faults += [_flaw(flaw, numbers, file, at) for flaw in flaws]
    faults += _source_faults(_rows(tables, "source"), file, at)
    plant = None if flaws else built(design, unsure)
    faults += limit_faults(_rows(tables, "limit"), plant, file, at)
    if faults or plant is None:
        raise ConfigError(sorted(faults, key=lambda fault: fault.line))
    head = tables.get("site", {})
    site = Site(
        file,
        head.get("name") or _after(plant.racks.name),
        head.get("language", "en"),
        design,
        plant,
        tuple(_source(row, file) for row in tables["source"]),
        tuple(override(row) for row in tables.get("limit", [])),
        _sections(tables, file),
        at,
    )
    if sections := list(_section_faults(site)):
        raise ConfigError(sections)
    return site


def _after(racks: Sequence[str]) -> str:
    """What a site is called that has no name: as its racks are."""
    return ", ".join(racks) if len(racks) <= FEW else f"{racks[0]} to {racks[-1]}"


def setting_fault(site: Site, number: int, error: SettingsError) -> Fault:
    """The fault of a driver's setting, at its line: of a source's table, or of a driver's section.

    A section's key reads as in the file: twin.server[2].cords is in the second [[twin.server]].
    What is wrong in a file of the driver's own, as in a map, is told with that file and its line.
    """
    if error.file:
        return Fault(error.file, error.line, error.key, error.found, error.expected)
    if error.place:
        return place_fault(site, error.place, error.key, error.found, error.expected)
    table, _, key = error.key.rpartition(".")
    name, _, count = table.rstrip("]").partition("[")
    if name.split(".")[0] in SECTIONS:
        line = site.lines.of(name, int(count or 1) - 1, key)
        return Fault(site.file, line, error.key, error.found, error.expected)
    line, where = _source_key(site.lines, number, error.key)
    return Fault(site.file, line, where, error.found, error.expected)


def _source_key(at: Lines, number: int, key: str) -> tuple[int, str]:
    """Line and name of a key of a source, or of a table inside it as channel[2].gain."""
    table, _, name = key.removeprefix("source.").rpartition(".")
    if not table:
        return at.of("source", number, name), f"source.{name}"
    array, row = item(table)
    return at.of(inside("source", number, array), row, name), f"source.{table}.{name}"


def _shape_faults(tables: Mapping[str, Any], file: str, at: Lines) -> Iterator[Fault]:
    """Unknown tables and keys, missing keys, values of a wrong type."""
    known = [*SPECS, "site", "limit", *SECTIONS]
    for name, content in tables.items():
        if name not in known:
            yield Fault(file, at.of(name, 0), name, "an unknown table", nearest(name, known))
        elif name in SPECS or name == "limit":
            yield from _rows_faults(name, content, file, at)
        elif not isinstance(content, dict):
            yield Fault(file, at.of("", 0, name), name, repr(content), f"a table [{name}]")
        elif name == "site":
            yield from _key_faults("site", 0, content, SITE, (), file, at)
            spoken = content.get("language", LANGUAGES[0])
            if isinstance(spoken, str) and spoken not in LANGUAGES:
                line = at.of("site", 0, "language")
                yield Fault(file, line, "site.language", repr(spoken), nearest(spoken, LANGUAGES))
    for name in ("source", "rack"):
        if not tables.get(name):
            yield Fault(file, at.of(name, 0), name, "none", f"at least one [[{name}]]")


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
            yield Fault(file, line, where, "an unknown key", nearest(key, list(types)))
        elif not fits(value, types[key]):
            expected = {str: "text", bool: "true or false", int: "a whole number"}
            words = expected.get(types[key], "a number")
            yield Fault(file, line, where, repr(value), words)
    for key in needed:
        if key not in row:
            line = at.of(table, number)
            yield Fault(file, line, f"{table}.{key}", "nothing", f"a value for {key}")


def _drivers() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group="smartpdu.drivers")}


def _source(table: Mapping[str, Any], file: str) -> SourceConfig:
    """A source as the file has it; files that it names are looked for beside that file."""
    own = {f.name for f in fields(SourceSpec)} | {"driver"}
    settings: Mapping[str, Any] = {key: v for key, v in table.items() if key not in own}
    beside = getattr(_drivers()[table["driver"]].load(), "beside", None)
    settings = beside(settings, Path(file).parent) if beside else settings
    return SourceConfig(table["path"], table["driver"], table.get("interval", 1.0), settings)


def _sections(tables: Mapping[str, Any], file: str) -> Mapping[str, Any]:
    """The sections of drivers; files that they name are looked for beside the site's file."""
    sections: Mapping[str, Any] = {name: tables[name] for name in SECTIONS if name in tables}
    known = _drivers()
    for name in dict.fromkeys(row["driver"] for row in tables["source"]):
        beside = getattr(known[name].load(), "sections_beside", None)
        sections = beside(sections, Path(file).parent) if beside else sections
    return sections


def _rows(tables: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The tables of that name; none where it is written in a wrong way, which is told elsewhere."""
    content = tables.get(name, [])
    whole = isinstance(content, list) and all(isinstance(row, dict) for row in content)
    return content if whole else []


def _design(tables: Mapping[str, Any]) -> tuple[Design, dict[str, list[int]]]:
    """What the file describes, and for each row of it the number of its table in the file.

    A value that is missing or of a wrong type is told as such, and here replaced by one that has
    no flaw, so that a single mistake is not told twice; a row without a path is left out.
    """
    design: dict[str, list[Any]] = {}
    numbers: dict[str, list[int]] = {}
    for name, (spec, place) in SPECS.items():
        rows = [(n, r) for n, r in enumerate(_rows(tables, name)) if isinstance(r.get("path"), str)]
        design[place] = [_described(spec, row) for _, row in rows]
        numbers[place] = [number for number, _ in rows]
    return Design(**design), numbers


def _unsure(tables: Mapping[str, Any]) -> set[str]:
    """Paths of rows in which a number is missing or of a wrong type: what stands there is made."""
    return {
        row["path"]
        for name, (spec, _) in SPECS.items()
        for row in _rows(tables, name)
        if isinstance(row.get("path"), str)
        for f in fields(spec)
        if f.type is float
        and (not fits(row[f.name], float) if f.name in row else f.default is MISSING)
    }


def _described(spec: Any, row: Mapping[str, Any]) -> Any:
    fillers: dict[Any, float | None] = {
        float: 1.0,
        str: None,
    }  # no reference is looked up, and 1 is a good rating
    values = {f.name: fillers[f.type] for f in fields(spec) if f.default is MISSING}
    types = {f.name: f.type for f in fields(spec)}
    return spec(**values | {k: v for k, v in row.items() if k in types and fits(v, types[k])})


def _source_faults(rows: Sequence[Mapping[str, Any]], file: str, at: Lines) -> Iterator[Fault]:
    drivers = _drivers()
    for number, row in enumerate(rows):
        name, interval = row.get("driver"), row.get("interval")
        if isinstance(interval, int | float) and 0 < interval < FASTEST:
            line = at.of("source", number, "interval")
            yield Fault(file, line, "source.interval", str(interval), f"{FASTEST} s or more")
        if not isinstance(name, str):
            continue
        if name not in drivers:
            line = at.of("source", number, "driver")
            yield Fault(file, line, "source.driver", repr(name), nearest(name, sorted(drivers)))
            continue
        try:
            drivers[name].load().check(_source({"path": "", **row}, file).settings)
        except SettingsError as error:
            line, where = _source_key(at, number, error.key)
            spot = (error.file, error.line) if error.file else (file, line)
            where = error.key if error.file else where
            yield Fault(*spot, where, error.found, error.expected)
        except ImportError as error:
            line = at.of("source", number, "driver")
            yield Fault(file, line, "source.driver", str(error), "a driver that can be loaded")


def _section_faults(site: Site) -> Iterator[Fault]:
    """What a driver finds in its own section, once the plant is known."""
    drivers = _drivers()
    first = {source.driver: n for n, source in reversed(list(enumerate(site.sources)))}
    for name, number in first.items():
        check = getattr(drivers[name].load(), "check_site", None)
        try:
            if check is not None:
                own = {n for n, s in enumerate(site.sources) if s.driver == name}
                check(site.plant, site.sections, own)
        except SettingsError as error:
            yield setting_fault(site, number, error)


def place_fault(site: Site, place: str, key: str, found: str, expected: str) -> Fault:
    """What is wrong with a key of a place, at its line of the file."""
    kind, number = places(site.plant)[place]  # one row for each table, in the file's order
    table = next(name for name, (_, kinds) in SPECS.items() if kinds == kind.value)
    line = site.lines.of(table, number, key)
    return Fault(site.file, line, f"{table}.{key}", found, expected)


def _flaw(flaw: Flaw, numbers: Mapping[str, Sequence[int]], file: str, at: Lines) -> Fault:
    table = next(name for name, (_, place) in SPECS.items() if place == flaw.kind.value)
    line = at.of(table, numbers[flaw.kind.value][flaw.number], flaw.field)
    return Fault(file, line, f"{table}.{flaw.field}", flaw.found, flaw.expected)
