"""Asks a device what it consists of, by the plan of its map: rows, parents, ratings, thresholds."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import Any

from smartpdu.drivers.agent import Agent
from smartpdu.drivers.maps import PLANNED, SYMBOLS, Fact, Map, Parent, load, names
from smartpdu.drivers.source import SettingsError, SourceError
from smartpdu.drivers.told import (
    Oid,
    Pattern,
    Told,
    Value,
    first_understood,
    measured,
    numeric,
    rated,
    understood,
    words,
)
from smartpdu.model.plant import Kind
from smartpdu.model.snapshot import quantities

SYSTEM = {  # of the device's own MIB II
    "description": (1, 3, 6, 1, 2, 1, 1, 1, 0),
    "family": (1, 3, 6, 1, 2, 1, 1, 2, 0),
    "called": (1, 3, 6, 1, 2, 1, 1, 5, 0),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A place that a device has: its address, its parent's, and what is told of it."""

    address: Oid
    parent: Oid | None
    name: str
    facts: Mapping[str, Any]
    limits: Mapping[str, Mapping[str, tuple[float, bool]]]  # in our units; or as a share of rating
    measured: Mapping[str, float] = field(default_factory=dict)  # now; NaN is a gap it tells of
    resolution: float | None = None  # smallest step of its current, in A


@dataclass(frozen=True, slots=True)
class Survey:
    """All that a device told of itself."""

    map: Map
    about: Mapping[str, str]  # model, serial, firmware, name, description
    rows: Mapping[Kind, tuple[Row, ...]] = field(default_factory=dict)


class Unrecognised(SourceError):
    """A device for which there is no map."""


async def surveyed(
    agent: Agent, wanted: str | None = None, tell: Callable[[str], None] = lambda _: None
) -> Survey:
    """Recognise a device, or take it as the wanted map says, and ask for all that it has.

    Says what it asks for. Raises SourceError where the device does not answer, Unrecognised where
    no map is for it, SettingsError for a wanted map that cannot be used.
    """
    wished = load(wanted) if wanted else None
    if wished is not None and not wished.plan:
        expected = "a table [plan.KIND] for each kind of place that shall be found"
        raise SettingsError("plan", "nothing", expected, file_of(wished), 1)
    tell("its name")
    system = await agent.values({oid[:-1]: [oid] for oid in SYSTEM.values()})
    map_ = await _recognised(agent, system, wished)
    facts = map_.device.facts
    told = await agent.values({pattern.root: [pattern.at(())] for pattern in facts.values()})
    about = {key: words(told.get(pattern.at(()))) for key, pattern in facts.items()}
    about["description"] = words(system.get(SYSTEM["description"]))
    about["name"] = about.get("name") or words(system.get(SYSTEM["called"]))
    alone = map_.device.alone
    if alone is not None and len(await agent.rows(alone.fixed)) > 1:
        text = "several units are linked behind this address, or it has several inlets"
        raise Unrecognised(f"{text}; the map {map_.name} is for one: ask each at its own address")
    rows = {}
    for kind in (kind for kind in PLANNED if kind in map_.plan):
        tell(f"its {kind.value}")
        rows[kind] = await _rows(agent, map_, kind)
    return Survey(map_, about, rows)


def remarks(found: Survey) -> Iterator[str]:
    """What the map promises and this device does not tell, so that a slip in a map is seen."""
    for kind in PLANNED:
        plan, columns = found.map.plan.get(kind), found.map.columns.get(kind, {})
        rows = found.rows.get(kind, ())
        if plan is None and columns:
            yield f"no {kind.value}: the map reads them, and has no [plan.{kind.value}]"
        elif plan is not None and not rows:
            where = " or ".join(words(p.fixed) for p in plan.rows) or "the addresses of the map"
            yield f"no {kind.value}: the device tells of none at {where}"
        untold = [c for c in columns if not any(c in row.measured for row in rows)]
        if rows and untold:
            yield f"not told of any of the {kind.value}: {', '.join(untold)}"


def file_of(map_: Map) -> str:
    """The file of a map."""
    return map_.name if map_.name.endswith(".toml") else f"{map_.name}.toml"


async def _recognised(agent: Agent, system: Mapping[Oid, Value], wished: Map | None) -> Map:
    """The map with the longest sysObjectID that fits, of those whose proof is there."""
    family = system.get(SYSTEM["family"])
    if not isinstance(family, tuple):
        raise SourceError("the device does not tell its sysObjectID")
    fitting = []
    for map_ in [wished] if wished is not None else map(load, names()):
        length = max((len(f) for f in map_.device.is_ if family[: len(f)] == f), default=0)
        proof = map_.device.proof
        if length and (proof is None or await agent.rows(proof.fixed)):
            fitting.append((length, map_))
        elif length and wished and proof:
            missing = f"nothing stands below {words(proof.fixed)}, the proof of its family"
            raise Unrecognised(f"the map {map_.name} is not for this device: {missing}")
    if not fitting:
        text = f"{words(family)} ({words(system.get(SYSTEM['description']))!r})"
        known = (
            f"which the map {wished.name} is not for"
            if wished
            else (f"for which there is no map; known: {', '.join(names())}")
        )
        raise Unrecognised(f"found the device {text}, {known}")
    return max(fitting, key=lambda fit: fit[0])[1]


async def _rows(agent: Agent, map_: Map, kind: Kind) -> tuple[Row, ...]:
    plan = map_.plan[kind]
    columns, limits = map_.columns.get(kind, {}), map_.limits.get(kind, {})
    tolds = [one for several in columns.values() for one in several]
    tolds += [one for bounds in limits.values() for one in bounds.values()]
    patterns = [p for one in tolds for p in (*one.patterns, *one.lasting)]
    patterns += plan.patterns
    found = plan.addresses or await _addresses(agent, plan.rows)
    needed = max([plan.needs, *(pattern.needs for pattern in patterns)])
    # nonsense among the addresses is no row; where all are too short, the map is for others
    addresses = tuple(address for address in found if len(address) >= needed)
    if found and not addresses:
        expected = f"numbers up to {max(map(len, found))}, as the addresses at the device have"
        where = f"plan.{kind.value}"
        raise SettingsError(where, f"{{{needed}}}", expected, file_of(map_), plan.line)
    known = await agent.values(_instances(patterns, addresses))
    return tuple(
        _row(map_, kind, address, known)
        for address in addresses
        if plan.only is None or understood(plan.only, address, known, "on/off") == 1
    )


def _row(map_: Map, kind: Kind, address: Oid, known: Mapping[Oid, Value]) -> Row:
    """What a device told of one row."""
    plan, symbols = map_.plan[kind], quantities(kind)
    columns = map_.columns.get(kind, {})
    readings = {
        column: first_understood(several, address, known, symbols[column].symbol)
        for column, several in columns.items()
    }
    return Row(
        address,
        _parent(plan.parent, address, known),
        words(known.get(plan.name.at(address))) if plan.name is not None else "",
        {key: _fact(key, fact, address, known) for key, fact in plan.facts.items()},
        {
            column: _bounds(bounds, address, known, symbols[column].symbol)
            for column, bounds in map_.limits.get(kind, {}).items()
        },
        {column: value for column, value in readings.items() if value is not None},
        _resolution(columns.get("current", ()), address, known),
    )


async def _addresses(agent: Agent, columns: tuple[Pattern, ...]) -> tuple[Oid, ...]:
    """The addresses of all instances of the first of these columns that has any."""
    for column in columns:
        if found := await agent.rows(column.fixed):
            return tuple(sorted(found))
    return ()


def _instances(patterns: Iterable[Pattern], addresses: Iterable[Oid]) -> dict[Oid, set[Oid]]:
    wanted: dict[Oid, set[Oid]] = {}
    for pattern in patterns:
        for address in addresses:
            wanted.setdefault(pattern.root, set()).add(pattern.at(address))
    return wanted


def _parent(parent: Parent | None, address: Oid, known: Mapping[Oid, Value]) -> Oid | None:
    """The address of the row above; None where the device does not tell it."""
    if parent is None:
        return None
    if parent.told is None:
        return parent.address.at(address)
    value = known.get(parent.told.at(address))
    if isinstance(value, tuple) and value:
        value = value[-1]  # a pointer to a row: its last number is the row's
    if not isinstance(value, int) or value < 0 or (parent.words and value not in parent.words):
        return None
    return parent.address.at(address, parent.words.get(value, value))


def _fact(key: str, fact: Fact, address: Oid, known: Mapping[Oid, Value]) -> Any:
    """What a device tells of a row, beside its readings; None where it does not."""
    if fact.bit is not None:
        return fact.bit.met(address, known)
    if fact.told is None:
        return fact.constant
    if key not in SYMBOLS:
        raw = known.get(fact.told.oid.at(address))
        if isinstance(raw, bytes):
            return words(raw) or None
        return fact.texts.get(raw) if isinstance(raw, int) else None
    if SYMBOLS[key] != "on/off":
        return rated(fact.told, address, known, SYMBOLS[key])
    state = understood(fact.told, address, known, "on/off")
    return None if state is None or isnan(state) else bool(state)


def _bounds(
    bounds: Mapping[str, Told], address: Oid, known: Mapping[Oid, Value], symbol: str
) -> dict[str, tuple[float, bool]]:
    """Those thresholds that the device tells, that are armed and that are not 0: 0 is none."""
    made = {}
    for key, one in bounds.items():
        share = one.unit == "%" != symbol
        value = understood(one, address, known, "%" if share else symbol)
        none = numeric(known.get(one.oid.at(address))) == 0
        if value is not None and not isnan(value) and not none:
            made[key] = (value / 100 if share else value, share)
    return made


def _resolution(tolds: Sequence[Told], address: Oid, known: Mapping[Oid, Value]) -> float | None:
    """What one step of the meter of the current stands for, in A."""
    for told in tolds:
        step = measured(told, 1.0, address, known, "A")
        if step is not None and not isnan(step) and told.oid.at(address) in known:
            return step
    return None
