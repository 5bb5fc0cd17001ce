"""Maps: what a maker's PDU tells and obeys, as data; a map is a TOML file and no code (14.3).

A map has a head (`maker`, `family`, `speaks`), a table [device] that says how to recognise one, a
table for each kind of place with the columns it tells, and more: [switch] for orders, [plan.KIND]
for what is built, [limits.KIND.COLUMN] for thresholds that the device holds. `docs/how-to/map.md`
explains every key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from smartpdu.drivers.lines import Unreadable, item, lines, loaded
from smartpdu.drivers.reader import Reader
from smartpdu.drivers.source import SettingsError
from smartpdu.drivers.told import Condition, Oid, Pattern, Told
from smartpdu.model.plant import Kind
from smartpdu.model.rule import BOUNDS
from smartpdu.model.snapshot import quantities

MAPPED = (Kind.FEED, Kind.PHASE, Kind.CIRCUIT, Kind.OUTLET, Kind.PROBE, Kind.DOOR)
PLANNED = (Kind.PDU, *MAPPED)
HEAD = ("maker", "family", "speaks", "device", "switch", "plan", "limits")
DEVICE = ("is", "proof", "alone", "model", "serial", "firmware", "name")
RATED = ("current", "voltage")  # columns whose thresholds may be per cent of a rating
ABOVE = {  # of which kinds the parent of a row may be
    Kind.FEED: (Kind.PDU,),
    Kind.PHASE: (Kind.FEED,),
    Kind.CIRCUIT: (Kind.PHASE,),
    Kind.OUTLET: (Kind.CIRCUIT, Kind.PHASE),
}
FACTS = {  # what a plan may tell of each kind, beside rows, only, parent and name
    Kind.PDU: (),
    Kind.FEED: ("rated_power", "rated_current", "nominal_voltage", "nominal_frequency", "lines"),
    Kind.PHASE: ("rated_current", "nominal_voltage", "line"),
    Kind.CIRCUIT: ("rated_current",),
    Kind.OUTLET: ("rated_current", "connector", "switchable", "metered"),
    Kind.PROBE: ("position",),
    Kind.DOOR: (),
}


@dataclass(frozen=True, slots=True)
class Order:
    """What to write, and where, to move the relay of an outlet."""

    oid: Pattern
    value: int


@dataclass(frozen=True, slots=True)
class Fact:
    """Something about a row: the same for all, or told by the device; texts stand for numbers."""

    constant: Any = None
    told: Told | None = None
    texts: Mapping[int, str] = field(default_factory=dict)
    bit: Condition | None = None  # or a bit that says yes


@dataclass(frozen=True, slots=True)
class Parent:
    """The address of the row above, made of this row's own address or of what it tells."""

    address: Pattern
    told: Pattern | None = None
    words: Mapping[int, int] = field(default_factory=dict)  # what is told: what it stands for


@dataclass(frozen=True, slots=True)
class Plan:
    """How the rows of one kind are found at a device, and what it tells of them."""

    rows: tuple[Pattern, ...]  # columns with one instance for each row; the first that has any
    addresses: tuple[Oid, ...]  # or else the rows, where the device has no table of them
    only: Told | None
    parent: Parent | None
    name: Pattern | None
    facts: Mapping[str, Fact]
    note: str  # what a person should look at
    line: int = field(default=0, compare=False)  # of its table in the map

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """Every OID that is read of a row."""
        tolds = [fact.told for fact in self.facts.values() if fact.told is not None]
        tolds += [self.only] if self.only is not None else []
        made = [pattern for one in tolds for pattern in (*one.patterns, *one.lasting)]
        made += [fact.bit.oid for fact in self.facts.values() if fact.bit is not None]
        made += [self.name] if self.name is not None else []
        made += [self.parent.told] if self.parent is not None and self.parent.told else []
        return tuple(made)

    @property
    def needs(self) -> int:
        """How many numbers an address must have at least for what the plan makes of it."""
        above = [self.parent.address] if self.parent is not None else []
        return max((pattern.needs for pattern in (*self.patterns, *above)), default=0)


@dataclass(frozen=True, slots=True)
class Device:
    """How to recognise a device, and where it says which one it is."""

    is_: tuple[Oid, ...]  # its sysObjectID begins with one of these
    proof: Pattern | None  # and something stands below this
    alone: Pattern | None  # not more than one row may stand below this
    facts: Mapping[str, Pattern]  # model, serial, firmware, name


@dataclass(frozen=True, slots=True)
class Map:
    """All that is known of one family of PDUs."""

    name: str
    maker: str
    family: str
    device: Device
    columns: Mapping[Kind, Mapping[str, tuple[Told, ...]]]
    on: Order | None
    off: Order | None
    plan: Mapping[Kind, Plan]
    limits: Mapping[Kind, Mapping[str, Mapping[str, Told]]]


def names() -> tuple[str, ...]:
    """The maps that come with the program."""
    found = (files("smartpdu.drivers") / "products").iterdir()
    return tuple(sorted(f.name[:-5] for f in found if f.name.endswith(".toml")))


def load(name: str) -> Map:
    """The map of that name, or of a file that ends in .toml; raises SettingsError.

    It is called as a site names it. A fault inside a map is told with the map's own file and line.
    """
    if not name.endswith(".toml"):
        if name not in names():
            expected = f"one of {', '.join(names())}, or a file that ends in .toml"
            raise SettingsError("map", repr(name), expected)
        return _own(name)
    try:
        text = Path(name).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # no UTF-8, or a name that no file can have
        why = getattr(error, "strerror", None) or str(error)
        raise SettingsError("map", f"{name!r}: {why}", "a map that can be read") from None
    return read(text, name, name)


@cache
def _own(name: str) -> Map:
    text = (files("smartpdu.drivers") / "products" / f"{name}.toml").read_text("utf-8")
    return read(text, f"{name}.toml", name)


def read(text: str, file: str, name: str) -> Map:
    """The map that a text describes; raises SettingsError with file and line."""
    try:
        tables = loaded(text)
    except Unreadable as error:
        raise SettingsError(
            "TOML", error.words, "TOML that can be read", file, error.line
        ) from None
    reader = Reader(file, lines(text))
    kinds = {kind.value: kind for kind in MAPPED}
    reader.known("", tables, (*HEAD, *kinds))
    for key in ("maker", "family", "speaks"):
        reader.text("", tables, key)
    if tables["speaks"] != "snmp":
        raise reader.fault("", "speaks", repr(tables["speaks"]), "'snmp'")
    columns = {
        kind: _columns(reader, value, reader.table("", tables, value), kind)
        for value, kind in kinds.items()
    }
    if not any(columns.values()):
        raise reader.fault("", "", "no column", f"columns in one of [{'], ['.join(kinds)}]")
    on, off = _orders(reader, reader.table("", tables, "switch"), columns[Kind.OUTLET])
    plan, limits = reader.table("", tables, "plan"), reader.table("", tables, "limits")
    reader.known("plan", plan, [kind.value for kind in PLANNED])
    reader.known("limits", limits, list(kinds))
    plans = {
        kind: _plan(reader, f"plan.{kind.value}", reader.table("plan", plan, kind.value), kind)
        for kind in PLANNED
        if kind.value in plan
    }
    for kind in plans:
        _fitting(reader, kind, plans, columns.get(kind, {}))
    for kind in (kind for kind in columns if not _single(plans.get(kind))):
        reader.of_each(kind.value, columns[kind])
        for key, order in (("on", on), ("off", off)) if kind is Kind.OUTLET else ():
            if order is not None:
                reader.own(f"switch.{key}", order.oid, kind.value)
    return Map(
        name,
        tables["maker"],
        tables["family"],
        _device(reader, reader.table("", tables, "device")),
        columns,
        on,
        off,
        plans,
        {
            kind: _limits(reader, f"limits.{value}", reader.table("limits", limits, value), kind)
            for value, kind in kinds.items()
            if value in limits
        },
    )


def _device(reader: Reader, table: Mapping[str, Any]) -> Device:
    reader.known("device", table, DEVICE)
    given = table.get("is")
    if not isinstance(given, list) or not given:
        expected = "a list with the sysObjectID of the family"
        raise reader.fault("device", "is", "nothing" if given is None else repr(given), expected)
    is_ = tuple(reader.oid("device", "is", one) for one in given)
    found = {
        key: Pattern(reader.oid("device", key, table[key])) for key in DEVICE[1:] if key in table
    }
    proof, alone = found.pop("proof", None), found.pop("alone", None)
    return Device(is_, proof, alone, found)


def _columns(
    reader: Reader, where: str, table: Mapping[str, Any], kind: Kind
) -> dict[str, tuple[Told, ...]]:
    known = quantities(kind)
    reader.known(where, table, list(known))
    return {key: reader.tolds(where, key, table[key], known[key].symbol) for key in table}


def _orders(
    reader: Reader, table: Mapping[str, Any], outlets: Mapping[str, Any]
) -> tuple[Order | None, Order | None]:
    """How outlets are switched on and off; none where the map does not say."""
    if not table:
        return None, None
    reader.known("switch", table, ("on", "off"))
    made = []
    for key in ("on", "off"):
        order = reader.table("switch", table, key)
        reader.known(f"switch.{key}", order, ("oid", "value"))
        oid = reader.pattern(f"switch.{key}", "oid", order.get("oid"))
        value = reader.whole(f"switch.{key}", order, "value", -(2**31), 2**31 - 1)  # Integer32
        made.append(Order(oid, value))
    on, off = made
    if on == off:
        expected = "another one, or another oid: as it stands, off is the same order as on"
        raise reader.fault("switch.off", "value", f"{off.value}, the value of on", expected)
    if "on" not in outlets:
        expected = "a column that tells whether an order was obeyed"
        raise reader.fault("switch", "", "no outlets.on", expected)
    return on, off


def _plan(reader: Reader, where: str, table: Mapping[str, Any], kind: Kind) -> Plan:
    facts = FACTS[kind]
    reader.known(where, table, ("rows", "addresses", "only", "parent", "name", "note", *facts))
    if ("rows" in table) == ("addresses" in table):
        found = "both" if "rows" in table else "neither"
        raise reader.fault(where, "", found, "rows (columns that have them) or addresses")
    rows = tuple(Pattern(reader.oid(where, "rows", one)) for one in _listed(table, "rows"))
    addresses = tuple(
        reader.address(where, "addresses", one) for one in _listed(table, "addresses")
    )
    only = reader.told(where, "only", table["only"], "on/off") if "only" in table else None
    name = reader.pattern(where, "name", table["name"]) if "name" in table else None
    parent = _parent(reader, where, table["parent"]) if "parent" in table else None
    made = {key: _fact(reader, where, key, table[key]) for key in facts if key in table}
    note = reader.text(where, table, "note") if "note" in table else ""
    line = reader.lines.of(*item(where))
    return Plan(rows, addresses, only, parent, name, made, note, line)


def _fitting(
    reader: Reader,
    kind: Kind,
    plans: Mapping[Kind, Plan],
    columns: Mapping[str, tuple[Told, ...]],
) -> None:
    """Raise for addresses that are too short for what is read of them, and parents that are none.

    What a device must be asked for, as its rows, is not known here.
    """
    plan, where = plans[kind], f"plan.{kind.value}"
    read = [p for several in columns.values() for t in several for p in (*t.patterns, *t.lasting)]
    needed = max((pattern.needs for pattern in read), default=0)
    needed = max(needed, plan.needs)
    for address in plan.addresses:
        if len(address) < needed:
            expected = f"an address of {needed} numbers, as {{{needed}}} stands in what is read"
            raise reader.fault(where, "addresses", repr(".".join(map(str, address))), expected)
    above = [plans[one].addresses for one in ABOVE.get(kind, ()) if one in plans]
    if plan.parent is None or plan.parent.told is not None or not above or not all(above):
        return
    known = [address for several in above for address in several]
    pattern = plan.parent.address
    for made in [pattern.at(own) for own in plan.addresses or ((),)] if _made(plan) else []:
        if not any(made[: len(address)] == address for address in known):
            wanted = ", ".join(".".join(map(str, address)) for address in known)
            found = repr(".".join(map(str, made)))
            raise reader.fault(where, "parent", found, f"an address of the plan above: {wanted}")


def _single(plan: Plan | None) -> bool:
    """Whether a map itself says that there is exactly one row."""
    return plan is not None and len(plan.addresses) == 1


def _made(plan: Plan) -> bool:
    """Whether the addresses of its parents are known without a device."""
    pattern = plan.parent.address if plan.parent is not None else Pattern(())
    return bool(plan.addresses) or pattern.fixed == pattern.parts


def _listed(table: Mapping[str, Any], key: str) -> list[Any]:
    """The items of a list, or one that stands alone; an empty list is an item that fits nothing."""
    given = table.get(key, [])
    return given if isinstance(given, list) and (given or key not in table) else [given]


def _parent(reader: Reader, where: str, value: Any) -> Parent:
    if isinstance(value, str):
        return Parent(reader.place(where, "parent", value))
    if not isinstance(value, dict):
        raise reader.fault(where, "parent", repr(value), "'{1}', or { oid, address }")
    inside = f"{where}.parent"
    reader.known(inside, value, ("oid", "address", "words"))
    address = reader.place(inside, "address", value.get("address", "{value}"))
    oid = reader.pattern(inside, "oid", value.get("oid"))
    return Parent(address, oid, reader.numbered(inside, value, "words", int))


SYMBOLS = {"rated_power": "VA", "rated_current": "A", "nominal_voltage": "V"} | {
    "nominal_frequency": "Hz",
    "line": "1",
    "lines": "1",
    "switchable": "on/off",
    "metered": "on/off",
}


def _fact(reader: Reader, where: str, key: str, value: Any) -> Fact:
    if not isinstance(value, dict):
        return Fact(_constant(reader, where, key, value))
    inside = f"{where}.{key}"
    if "bit" in value and SYMBOLS.get(key) == "on/off":
        reader.known(inside, value, ("oid", "bit"))
        oid = reader.pattern(inside, "oid", value.get("oid"))
        return Fact(bit=Condition(oid, bit=reader.whole(inside, value, "bit", 0, 255)))
    if key in SYMBOLS:
        return Fact(told=reader.told(where, key, value, SYMBOLS[key]))
    reader.known(inside, value, ("oid", "texts"))
    told = Told(reader.pattern(inside, "oid", value.get("oid")))
    return Fact(told=told, texts=reader.numbered(inside, value, "texts", str))


def _constant(reader: Reader, where: str, key: str, value: Any) -> Any:
    """A fact that is the same for all rows."""
    if SYMBOLS.get(key) == "on/off":
        return reader.flag(where, {key: value}, key)
    if key in ("line", "lines"):
        return reader.whole(where, {key: value}, key, 1, 3)
    if key in SYMBOLS:
        return reader.number(where, {key: value}, key, above=0)
    return reader.text(where, {key: value}, key)


def _limits(
    reader: Reader, where: str, table: Mapping[str, Any], kind: Kind
) -> dict[str, dict[str, Told]]:
    known = quantities(kind)
    reader.known(where, table, list(known))
    made = {}
    for column in table:
        inside = f"{where}.{column}"
        bounds = reader.table(where, table, column)
        reader.known(inside, bounds, BOUNDS)
        ours = known[column].symbol
        made[column] = {
            key: reader.reading(inside, key, bounds[key], share_or(column, bounds[key], ours))
            for key in bounds
        }
    return made


def share_or(column: str, bound: Any, symbol: str) -> str:
    """The unit of a threshold: that of its column, or per cent of the rating that it has."""
    share = column in RATED and isinstance(bound, dict) and bound.get("unit") == "%"
    return "%" if share else symbol
