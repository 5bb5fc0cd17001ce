"""A scenario file: what happens to a site of the twin, for how long; each fault with its line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from smartpdu.app.config import Site, demo, load
from smartpdu.app.fault import ConfigError, Fault
from smartpdu.drivers.lines import Lines, Unreadable, lines, loaded
from smartpdu.drivers.source import SettingsError, nearest

KEYS = {"site": str, "duration": float, "seed": int, "fault": list, "order": list}
ORDER = {"at": float, "place": str, "on": bool, "by": str}
WORDS = {
    str: "text",
    int: "a whole number from 0",
    float: "0 or a number above 0",
    list: "tables",
    bool: "true or false",
}
LONGEST = 366 * 86400  # s


@dataclass(frozen=True, slots=True)
class Order:
    """A switch that somebody asks for at a second of the scenario."""

    at: float
    place: str
    on: bool
    by: str = "operator"


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens to a site, and for how long; the faults are tables for the twin's section."""

    file: str
    lines: Lines
    site: Site
    duration: int
    seed: int | None
    faults: tuple[Mapping[str, Any], ...]
    orders: tuple[Order, ...]


def scenario(path: Path) -> Scenario:
    """The scenario of a file; raises ConfigError with file, line, found and expected."""
    file, text = str(path), _text(path)
    try:
        tables = loaded(text)
    except Unreadable as error:
        raise ConfigError([Fault(file, error.line, "TOML", error.words, "TOML to read")]) from None
    at = lines(text)
    if faults := list(_faults(tables, at, file)):
        raise ConfigError(faults)
    name = tables.get("site", "demo")
    site = demo() if name == "demo" else load(path.parent / name)
    orders = tuple(Order(**{**o, "at": float(o["at"])}) for o in tables.get("order", []))
    known = set(site.plant.outlets.path)
    strangers = [
        Fault(file, at.of("order", n, "place"), "order.place", repr(o.place), "an outlet's path")
        for n, o in enumerate(orders)
        if o.place not in known
    ]
    if strangers:
        raise ConfigError(strangers)
    duration, faulty = int(tables["duration"]), tuple(tables.get("fault", []))
    return Scenario(file, at, site, duration, tables.get("seed"), faulty, orders)


def setting_fault(played: Scenario, error: SettingsError) -> Fault:
    """What the twin refuses, at its line of the scenario's file or of the site."""
    table, _, key = error.key.rpartition(".")
    name, _, count = table.removeprefix("twin.").rstrip("]").partition("[")
    number = int(count or 1) - 1
    if name == "fault":
        line = played.lines.of("fault", number, key)
        where = error.key.removeprefix("twin.")
        return Fault(played.file, line, where, error.found, error.expected)
    line = played.site.lines.of(f"twin.{name}", number, key)
    return Fault(played.site.file, line, error.key, error.found, error.expected)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        found = error.strerror or str(error)
        raise ConfigError([Fault(str(path), 1, "file", found, "a file to read")]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([Fault(str(path), 1, "file", str(error), "UTF-8 text")]) from None


def _faults(tables: Mapping[str, Any], at: Lines, file: str) -> Iterator[Fault]:
    for key, value in tables.items():
        if key not in KEYS:
            line = at.of(key, 0) or at.of("", 0, key)
            yield Fault(file, line, key, "an unknown key", nearest(key, list(KEYS)))
        elif not _fits(value, KEYS[key]):
            expected = "a number above 0" if key == "duration" else WORDS[KEYS[key]]
            yield Fault(file, at.of("", 0, key), key, repr(value), expected)
    duration = tables.get("duration")
    if duration is None:
        yield Fault(file, 1, "duration", "nothing", "seconds that the scenario lasts")
    elif _fits(duration, float) and not 1 <= duration <= LONGEST:
        line = at.of("", 0, "duration")
        expected = "1 s or more" if duration < 1 else f"at most {LONGEST} s, a year"
        yield Fault(file, line, "duration", str(duration), expected)
    elif _fits(duration, float) and duration != int(duration):
        line = at.of("", 0, "duration")
        yield Fault(file, line, "duration", str(duration), "whole seconds")
    yield from _time_faults(tables, at, file, duration)


def _time_faults(tables: Mapping[str, Any], at: Lines, file: str, duration: Any) -> Iterator[Fault]:
    """What is wrong with the orders, and what begins too late."""
    for name in ("fault", "order"):
        rows = tables.get(name, [])
        for number, row in enumerate(rows if _fits(rows, list) else []):
            if name == "order":
                yield from _order_faults(number, row, at, file)
            if _late(row.get("at"), duration, name):
                line, end = at.of(name, number, "at"), f"{int(duration or 0)}, the end"
                where, expected = name, f"at most {end}"
                if name == "fault":
                    where, expected = f"fault[{number + 1}]", f"less than {end}: it is not found"
                yield Fault(file, line, f"{where}.at", f"{row['at']:g}", expected)


def _late(begun: Any, duration: Any, name: str) -> bool:
    """Whether something would begin when the scenario is over, or a fault in its last second."""
    if not _fits(begun, float) or not _fits(duration, float) or duration < 1:
        return False
    return bool(begun >= int(duration) if name == "fault" else begun > int(duration))


def _order_faults(number: int, order: Mapping[str, Any], at: Lines, file: str) -> Iterator[Fault]:
    for key, value in order.items():
        line = at.of("order", number, key)
        if key not in ORDER:
            yield Fault(file, line, f"order.{key}", "an unknown key", nearest(key, list(ORDER)))
        elif not _fits(value, ORDER[key]):
            yield Fault(file, line, f"order.{key}", repr(value), WORDS[ORDER[key]])
    for key in ("at", "place", "on"):
        if key not in order:
            yield Fault(file, at.of("order", number), f"order.{key}", "nothing", "a value")


def _fits(value: Any, kind: type) -> bool:
    """Whether a value of the file is of that kind; a list has tables, a number is not negative."""
    if kind is list:
        return isinstance(value, list) and all(isinstance(table, dict) for table in value)
    if isinstance(value, bool) or kind in (bool, str):
        return type(value) is kind  # true is no whole number
    wanted = int if kind is int else int | float
    return isinstance(value, wanted) and isfinite(value) and value >= 0
