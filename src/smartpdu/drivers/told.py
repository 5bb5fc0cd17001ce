"""Where a device tells a value, and how it is to be understood: unit, scale, words, gaps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, isnan, nan
from re import findall, fullmatch
from typing import TypeAlias

Oid: TypeAlias = tuple[int, ...]
Value: TypeAlias = int | bytes | Oid

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
    if told.words:
        return told.words.get(raw) if isinstance(raw, int) else None
    number = numeric(raw)
    if number is None:
        return None
    if raw in told.none or (told.least is not None and number < told.least):
        return nan
    return _measured(told, abs(number) if told.unsigned else number, address, known, symbol)


def _measured(
    told: Told, number: float, address: Oid, known: Mapping[Oid, Value], symbol: str
) -> float | None:
    """A number as it was told, in our unit; None where digits or unit are not told."""
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
    ours, factor, zero = UNITS.get(unit or "", ("", 1.0, 0.0))
    return None if ours != symbol else number * told.scale * factor + zero


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
        return float(raw)
    if not isinstance(raw, bytes):
        return None
    try:
        number = float(raw.decode("ascii").strip())
    except ValueError:
        return None
    return number if isfinite(number) else None


def rating(raw: Value | None) -> float | None:
    """The number of a rating that is told as text, as "32A"; the middle of a span, as "219-240V".

    None where there is no number in it.
    """
    found = [float(number) for number in findall(r"\d+(?:\.\d+)?", words(raw))]
    return sum(found) / len(found) if found else None


def bits(raw: Value | None) -> frozenset[int]:
    """The bits that are set, counted from the left of the first octet (RFC 2578 7.1.4).

    Some agents and gateways hand on the printed form, the octets in hex and the numbers after
    them; it is longer than the octets it stands for, which are few.
    """
    if not isinstance(raw, bytes):
        return frozenset()
    if len(raw) > 1 and fullmatch(rb"[0-9A-Fa-f]{2}( \d+)*", raw):
        raw = bytes.fromhex(raw[:2].decode())
    return frozenset(8 * n + i for n, octet in enumerate(raw) for i in range(8) if octet << i & 128)


def words(raw: Value | None) -> str:
    """A text that a device told, without what could not be printed."""
    if isinstance(raw, bytes):
        text = raw.split(b"\0")[0].decode("utf-8", "replace")
        return "".join(c for c in text if c.isprintable()).strip()
    return "" if raw is None else ".".join(map(str, raw)) if isinstance(raw, tuple) else str(raw)
