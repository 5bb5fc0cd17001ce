"""The section [twin] of a site: which servers stand in the twin, and what shall go wrong there."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields
from math import ceil, isfinite
from pathlib import Path
from typing import Any

from smartpdu.drivers.replay import recorded
from smartpdu.drivers.source import SettingsError, nearest
from smartpdu.model.plant import Kind, Plant
from smartpdu.twin.faults import INJECTORS, Fault, Misplaced, placed
from smartpdu.twin.plan import ServerSpec

SECTION = ("seed", "waves", "server", "fault")
SERVER = (*(f.name for f in fields(ServerSpec)), "replay_columns")
FAULT = tuple(f.name for f in fields(Fault))
KINDS = ("ordinary", "gpu", "replay", "standby")
MODES = ("share", "hot_spare")
ROUNDED = 0.01  # by which shares may miss 1 together, as 0.33 three times
FILE = ("replay", "replay_columns")  # not fields of a server as they stand


def seed(section: Mapping[str, Any]) -> int:
    """The seed of a section [twin]; 1 where it names none."""
    value = section.get("seed", 1)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise SettingsError("twin.seed", repr(value), "a whole number from 0")
    return value


def sampled(section: Mapping[str, Any]) -> bool:
    """Whether the sources of a section [twin] measure its waves."""
    value = section.get("waves", False)
    if not isinstance(value, bool):
        raise SettingsError("twin.waves", repr(value), "true or false")
    return value


def servers(section: Mapping[str, Any], plant: Plant) -> list[ServerSpec]:
    """The servers of a section [twin]; raises SettingsError for what does not fit the plant."""
    known(section, SECTION, "twin")
    specs: list[ServerSpec] = []
    owner: dict[str, str] = {}
    for number, table in enumerate(_tables(section, "server"), 1):
        where = f"twin.server[{number}]"
        spec = _server(where, number, table, plant)
        if any(spec.path == other.path for other in specs):
            raise SettingsError(f"{where}.path", repr(spec.path), "a name that no other server has")
        for cord in spec.cords:
            if cord in owner:
                raise SettingsError(f"{where}.cords", repr(cord), f"only in {owner[cord]}")
            owner[cord] = spec.path
        specs.append(spec)
    return specs


def beside(section: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """A section whose recordings are looked for beside the file that names them."""
    tables = section.get("server")
    if not isinstance(tables, list):
        return section
    return {**section, "server": [_beside(table, folder) for table in tables]}


def _beside(table: Any, folder: Path) -> Any:
    name = table.get("replay") if isinstance(table, dict) else None
    return {**table, "replay": str(folder / name)} if name and isinstance(name, str) else table


def unreached(section: Mapping[str, Any], plant: Plant, own: AbstractSet[int]) -> None:
    """Raise SettingsError for a cord or a fault where no source of the twin would tell of it.

    `own` are the rows of the twin's sources.
    """
    expected = "a place that a source of the driver simulator reads"
    outlets = dict(zip(plant.outlets.path, plant.outlets.source.tolist(), strict=True))
    for number, spec in enumerate(servers(section, plant), 1):
        for cord in spec.cords:
            if outlets[cord] not in own:
                raise SettingsError(f"twin.server[{number}].cords", repr(cord), expected)
    for number, (ill, row) in enumerate(faults(section, plant), 1):
        if not own & _readers(plant, INJECTORS[ill.kind].kind, row):
            raise SettingsError(f"twin.fault[{number}].place", repr(ill.place), expected)


def _readers(plant: Plant, kind: Kind, row: int) -> set[int]:
    """The rows of the sources that tell of a place; of a rack, those of all that is in it."""
    if kind is Kind.SOURCE:
        return {row}
    if kind is not Kind.RACK:
        return {int(plant.table(kind).source[row])}  # type: ignore[attr-defined]
    inside = (plant.pdus, plant.probes, plant.doors)
    return {int(source) for table in inside for source in table.source[table.rack == row]}


def faults(section: Mapping[str, Any], plant: Plant) -> tuple[tuple[Fault, int], ...]:
    """The faults of a section [twin] with the rows of their places; raises SettingsError."""
    made = [fault(number, table) for number, table in enumerate(_tables(section, "fault"), 1)]
    try:
        return placed(plant, made)
    except Misplaced as error:
        where = f"twin.fault[{error.number}].{error.field}"
        raise SettingsError(where, error.found, error.expected) from None


def fault(number: int, table: Mapping[str, Any]) -> Fault:
    """A fault from its table; its size is the usual one of its kind where it names none."""
    where = f"twin.fault[{number}]"
    known(table, FAULT, where)
    for name in ("at", "kind", "place"):
        if name not in table:
            raise SettingsError(f"{where}.{name}", "nothing", "a value")
    kind = _one_of(f"{where}.kind", table["kind"], sorted(INJECTORS))
    place = _text(f"{where}.place", table["place"])
    numbers = {
        name: _number(f"{where}.{name}", table[name])
        for name in ("at", "size", "rate", "lasts")
        if name in table
    }
    made = Fault(kind=kind, place=place, **{"size": INJECTORS[kind].size} | numbers)
    _sized(where, made, numbers)
    first = first_second(made)
    if made.lasts <= first - made.at:
        expected = f"more than {first - made.at:g}: it would be over before a second of the twin"
        raise SettingsError(f"{where}.lasts", f"{made.lasts:g}", expected)
    return made


def first_second(fault: Fault) -> int:
    """The first second of the twin in which a fault acts."""
    return max(1, ceil(fault.at))


def _sized(where: str, fault: Fault, given: Mapping[str, float]) -> None:
    """Raise SettingsError for a size or a rate that its kind does not have, or not so much."""
    injector = INJECTORS[fault.kind]
    if injector.sizes is None:
        wrong = [name for name in ("size", "rate") if name in given]
        expected = f"no {' and no '.join(wrong)}: {fault.kind} is there or not"
    else:
        least, most = injector.sizes
        wrong = ["size"] if not least <= fault.size <= most else []
        expected = f"{least:g} to {most:g} {injector.unit}"
        if fault.rate and not injector.grows:
            wrong, expected = ["rate"], f"no rate: {fault.kind} is there at once"
    if wrong:
        raise SettingsError(f"{where}.{wrong[0]}", f"{given[wrong[0]]:g}", expected)


def known(table: Mapping[str, Any], keys: Sequence[str], where: str) -> None:
    """Raise SettingsError for a key that is none of these."""
    for key in table:
        if key not in keys:
            expected = nearest(key, sorted(keys)) if keys else "no such key"
            raise SettingsError(f"{where}.{key}", "an unknown key", expected)


def _tables(section: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    tables = section.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise SettingsError(f"twin.{name}", repr(tables), f"tables written [[twin.{name}]]")
    return tables


def _server(where: str, number: int, table: Mapping[str, Any], plant: Plant) -> ServerSpec:
    known(table, SERVER, where)
    cords = _cords(where, table.get("cords"), plant)
    values: dict[str, Any] = {"path": f"server/{number}"}
    values |= {key: value for key, value in table.items() if key not in FILE}
    values["cords"] = cords
    for name in ("path", "name"):
        if name in values:
            values[name] = _text(f"{where}.{name}", values[name])
    for name in ("rated_power", "idle_power", "demand", "boot", "supply_power"):
        if name in values:
            values[name] = _number(f"{where}.{name}", values[name])
    if not isinstance(values.get("corrected", True), bool):
        raise SettingsError(f"{where}.corrected", repr(values["corrected"]), "true or false")
    for name, choice in (("kind", KINDS), ("mode", MODES)):
        if name in values:
            _one_of(f"{where}.{name}", values[name], choice)
    for name in ("idle_shares", "full_shares"):
        if name in values:
            values[name] = _shares(f"{where}.{name}", values[name], len(cords))
    spec = ServerSpec(**values, **_replay(where, table, len(cords)))
    _sensible(where, spec)
    return spec


def _sensible(where: str, spec: ServerSpec) -> None:
    if spec.rated_power == 0:
        raise SettingsError(f"{where}.rated_power", "0", "a number above 0")
    if spec.idle_power > spec.rated_power:
        expected = f"at most the rated power, {spec.rated_power:g}"
        raise SettingsError(f"{where}.idle_power", f"{spec.idle_power:g}", expected)
    if spec.demand > 1:
        raise SettingsError(f"{where}.demand", f"{spec.demand:g}", "a number from 0 to 1")
    if (spec.kind == "replay") != (len(spec.replay) > 0):
        expected = 'kind = "replay" together with a file'
        raise SettingsError(f"{where}.replay", "one without the other", expected)


def _cords(where: str, cords: Any, plant: Plant) -> tuple[str, ...]:
    if not isinstance(cords, list) or not cords or not all(isinstance(c, str) for c in cords):
        raise SettingsError(f"{where}.cords", repr(cords), "a list of outlet paths")
    outlets = set(plant.outlets.path)
    for cord in cords:
        if cord not in outlets:
            raise SettingsError(f"{where}.cords", repr(cord), "the path of an outlet")
        if cords.count(cord) > 1:
            raise SettingsError(f"{where}.cords", repr(cord), "each outlet once")
    return tuple(cords)


def _shares(key: str, shares: Any, cords: int) -> tuple[float, ...]:
    if not isinstance(shares, list) or len(shares) != cords:
        raise SettingsError(key, repr(shares), f"a share for each of {cords} cords")
    numbers = tuple(_number(key, share) for share in shares)
    if not all(numbers) or abs(sum(numbers) - 1) > ROUNDED:
        raise SettingsError(key, repr(shares), "shares above 0 that are 1 together")
    return numbers


def _replay(where: str, table: Mapping[str, Any], cords: int) -> dict[str, Any]:
    if "replay" not in table:
        return {}
    names = table.get("replay_columns")
    if not isinstance(names, list) or len(names) != cords:
        expected = f"the names of {cords} columns, one for a cord"
        raise SettingsError(f"{where}.replay_columns", repr(names), expected)
    path = Path(_text(f"{where}.replay", table["replay"]))
    columns = [_text(f"{where}.replay_columns", name) for name in names]
    try:
        return {"replay": recorded(path, columns)}
    except SettingsError as error:
        raise SettingsError(f"{where}.{error.key}", error.found, error.expected) from None


def _one_of(key: str, value: Any, choice: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in choice:
        raise SettingsError(key, repr(value), f"one of {', '.join(choice)}")
    return value


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise SettingsError(key, repr(value), "text")
    return value


def _number(key: str, value: Any) -> float:
    wrong = isinstance(value, bool) or not isinstance(value, int | float)
    if wrong or not isfinite(value) or value < 0:
        raise SettingsError(key, repr(value), "0 or a number above 0")
    return float(value)
