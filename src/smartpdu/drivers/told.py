"""Where a device tells a value, and how it is to be understood: unit, scale, words, gaps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from math import isfinite, isnan, nan
from re import fullmatch
from typing import TypeAlias

Oid: TypeAlias = tuple[int, ...]
Value: TypeAlias = int | bytes | Oid

WIDEST = 2**64  # no number of the protocol is wider
NUMBER = r"(\d+(?:\.\d+)?)"
SPAN = rf"{NUMBER}\s*([^\W\d]*)(?:\s*-\s*{NUMBER}\s*([^\W\d]*))?\s*(?:AC|ac|~)?"

UNITS: dict[str, tuple[str, float, float]] = {  # a maker's unit: ours, what one is, where 0 lies
    "V": ("V", 1.0, 0.0),
    "mV": ("V", 1e-3, 0.0),
    "A": ("A", 1.0, 0.0),
    "mA": ("A", 1e-3, 0.0),
    "W": ("W", 1.0, 0.0),
    "kW": ("W", 1e3, 0.0),
    "VA": ("VA", 1.0, 0.0),
    "kVA": ("VA", 1e3, 0.0),
    "Wh": ("J", 3600.0, 0.0),
    "kWh": ("J", 3.6e6, 0.0),
    "var": ("var", 1.0, 0.0),
    "kvar": ("var", 1e3, 0.0),
    "varh": ("var s", 3600.0, 0.0),
    "kvarh": ("var s", 3.6e6, 0.0),
    "Hz": ("Hz", 1.0, 0.0),
    "%": ("%", 1.0, 0.0),
    "1": ("1", 1.0, 0.0),
    "°C": ("°C", 1.0, 0.0),
    "°F": ("°C", 5 / 9, -160 / 9),
    "on/off": ("on/off", 1.0, 0.0),
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """An OID with holes for the address of a row: `{}` is all of it, `{2}` its second number."""

    parts: tuple[int | str, ...]

    def at(self, address: Oid, value: int = 0) -> Oid:
        """The OID for an address; IndexError where the address is too short.

        `{value}` is filled with what another column told of the row.
        """
        oid: list[int] = []
        for part in self.parts:
            if part == "{}":
                oid += address
            elif part == "{value}":
                oid.append(value)
            elif isinstance(part, str):
                oid.append(address[int(part[1:-1]) - 1])
            else:
                oid.append(part)
        return tuple(oid)

    @property
    def fixed(self) -> Oid:
        """All its numbers, without holes."""
        return tuple(part for part in self.parts if isinstance(part, int))

    @property
    def holes(self) -> bool:
        """Whether it differs by the address of a row at all."""
        return any(isinstance(part, str) for part in self.parts)

    @property
    def needs(self) -> int:
        """How many numbers an address must have at least."""
        holes = [part[1:-1] for part in self.parts if isinstance(part, str)]
        return max((int(hole) for hole in holes if hole.isdigit()), default=0)

    @property
    def root(self) -> Oid:
        """What stands before the first hole; of a scalar, all but its last number."""
        fixed: list[int] = []
        for part in self.parts:
            if isinstance(part, str):
                return tuple(fixed)
            fixed.append(part)
        return tuple(fixed[:-1])


@dataclass(frozen=True, slots=True)
class Condition:
    """A column that must tell one of these numbers, or in which this bit must be set."""

    oid: Pattern
    is_: frozenset[int] = frozenset()
    bit: int | None = None

    def met(self, address: Oid, known: Mapping[Oid, Value]) -> bool | None:
        """Whether it is met; None where the device does not tell."""
        state = known.get(self.oid.at(address))
        if self.bit is not None:
            return self.bit in bits(state) if isinstance(state, bytes) else None
        return state in self.is_ if isinstance(state, int) else None


@dataclass(frozen=True, slots=True)
class Told:
    """One value of each row: where it is told, and what the maker means by it."""

    oid: Pattern
    unit: str = "1"
    scale: float = 1.0
    digits: Pattern | None = None  # a column that tells how many decimal digits a row has
    unit_oid: Pattern | None = None  # a column that tells the unit of a row, by a number
    units: Mapping[int, str] = field(default_factory=dict)  # no text: the row is of another kind
    words: Mapping[int, float] = field(default_factory=dict)  # numbers that stand for a state
    none: frozenset[int] = frozenset()  # numbers that say: no reading
    least: float | None = None  # as told; what is below says: no reading
    unsigned: bool = False  # the sign of what is told says something else
    valid: tuple[Condition, ...] = ()  # where one is not met, there is no reading

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """What must be read each time to know the value."""
        return (self.oid, *(condition.oid for condition in self.valid))

    @property
    def lasting(self) -> tuple[Pattern, ...]:
        """What must be read once, as long as it is the same device."""
        return tuple(p for p in (self.digits, self.unit_oid) if p is not None)


def understood(told: Told, address: Oid, known: Mapping[Oid, Value], symbol: str) -> float | None:
    """What a device told of a row, in our unit of that symbol.

    NaN where the device says that it has no reading; None where it says nothing, or nothing that
    can be understood: that is missing.
    """
    met = [condition.met(address, known) for condition in told.valid]
    if not all(met):
        return nan if False in met else None
    raw = known.get(told.oid.at(address))
    number = numeric(raw)
    if number is None:
        return None
    exact = raw if isinstance(raw, int) else number
    if exact in told.none or (told.least is not None and number < told.least):
        return nan
    if told.words:
        return told.words.get(raw) if isinstance(raw, int) else None
    return measured(told, abs(number) if told.unsigned else number, address, known, symbol)


def measured(
    told: Told, number: float, address: Oid, known: Mapping[Oid, Value], symbol: str
) -> float | None:
    """A number as it was told, in our unit; None where digits or unit are not told.

    NaN where the unit says that the row is of another kind.
    """
    if told.digits is not None:
        digits = known.get(told.digits.at(address))
        if not isinstance(digits, int) or not 0 <= digits <= 9:
            return None
        number /= 10**digits
    unit: str | None = told.unit
    if told.unit_oid is not None:
        code = known.get(told.unit_oid.at(address))
        unit = told.units.get(code) if isinstance(code, int) else None
    if unit == "":
        return nan
    return _ours(number * told.scale, unit, symbol)


def _ours(number: float, unit: str | None, symbol: str) -> float | None:
    """A number of a maker's unit in our own; None where the unit is another kind, or none."""
    ours, factor, zero = UNITS.get(unit or "", ("", 1.0, 0.0))
    value = number * factor + zero
    return value if ours == symbol and isfinite(value) else None


def first_understood(
    tolds: Sequence[Told], address: Oid, known: Mapping[Oid, Value], symbol: str
) -> float | None:
    """The first value of several places in which a device may tell it."""
    values = [understood(told, address, known, symbol) for told in tolds]
    readings = [value for value in values if value is not None and not isnan(value)]
    return readings[0] if readings else nan if any(v is not None for v in values) else None


def numeric(raw: Value | None) -> float | None:
    """A number, told as one or as text; None for anything else."""
    if isinstance(raw, int):
        return float(raw) if abs(raw) < WIDEST else None
    if not isinstance(raw, bytes):
        return None
    text = raw.strip(b"\0 \t\r\n")
    if not fullmatch(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        return None
    number = float(text)
    return number if isfinite(number) else None


def rated(told: Told, address: Oid, known: Mapping[Oid, Value], symbol: str) -> float | None:
    """A rating above 0 that a device told of a row; None where it told none.

    It may be text with a unit of its own, as "32A"; of a span, as "219-240V", it is the middle.
    """
    raw = known.get(told.oid.at(address))
    if not isinstance(raw, bytes) or numeric(raw) is not None:
        value = understood(told, address, known, symbol)
    elif all(condition.met(address, known) for condition in told.valid):
        value = _spanned(told, words(raw), symbol)
    else:
        value = None
    return value if value is not None and value > 0 else None


def _spanned(told: Told, text: str, symbol: str) -> float | None:
    found = fullmatch(SPAN, text)
    if found is None or (found[3] and symbol == "Hz"):  # for 50 and 60 Hz is not at 55 Hz
        return None
    number = (float(found[1]) + float(found[3] or found[1])) / 2
    named = found[4] or found[2]
    if named:
        named = named.removesuffix("AC").removesuffix("ac")
        return _ours(number, named, symbol)
    return _ours(number * told.scale, told.unit, symbol)


def bits(raw: Value | None) -> frozenset[int]:
    """The bits that are set, counted from the left of the first octet (RFC 2578 7.1.4).

    Some agents and gateways hand on the printed form, as "30 2 3": octets in hex, and after them
    the numbers of their bits.
    """
    if not isinstance(raw, bytes):
        return frozenset()
    if len(raw) > 1 and fullmatch(rb"[0-9A-Fa-f]{2}( [0-9A-Fa-f]+)*", raw):
        return _printed_bits(raw.decode().split(" "))
    return _set_bits(raw)


def _printed_bits(parts: Sequence[str]) -> frozenset[int]:
    octets = 1 + sum(1 for part in takewhile(lambda part: len(part) == 2, parts[1:]))
    for end in range(octets, 0, -1):
        found = _set_bits(bytes.fromhex("".join(parts[:end])))
        if parts[end:] == [str(bit) for bit in sorted(found)]:
            return found  # the list agrees with the octets: they end here
    return _set_bits(bytes.fromhex("".join(parts[:octets])))


def _set_bits(octets: bytes) -> frozenset[int]:
    return frozenset(
        8 * n + i for n, octet in enumerate(octets) for i in range(8) if octet << i & 128
    )


def dotted(oid: Oid) -> str:
    """An OID or an address as people write it."""
    return ".".join(map(str, oid))


def words(raw: Value | None) -> str:
    """A text that a device told, without what could not be printed."""
    if isinstance(raw, bytes):
        octets = raw.split(b"\0")[0]
        try:
            text = octets.decode("utf-8")
        except UnicodeDecodeError:
            text = octets.decode("latin-1")  # as agents of before UTF-8 tell it
        return "".join(c for c in text if c.isprintable()).strip()
    return "" if raw is None else ".".join(map(str, raw)) if isinstance(raw, tuple) else str(raw)
