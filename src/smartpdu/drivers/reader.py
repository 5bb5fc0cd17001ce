"""Reads the keys of a map; whatever does not fit is told with file, line, found and expected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from re import fullmatch
from typing import Any

from smartpdu.drivers.lines import Lines, inside, item
from smartpdu.drivers.source import SettingsError, nearest
from smartpdu.drivers.told import UNITS, Condition, Oid, Pattern, Told, dotted

TOLD = ("oid", "unit", "scale", "digits", "words", "none", "least", "unsigned", "valid")
LARGEST = 2**32 - 1  # of a number in an OID
LONGEST = 128  # numbers of an OID
FIRST = (1, 3, 6)  # what all that SNMP tells begins with
WORDS = {float: "{ 1 = 0, 2 = 1 }", int: "{ 1 = 1, 4 = 1 }", str: "{ 1 = 'V' }"}


@dataclass(frozen=True, slots=True)
class Reader:
    """The file that is read, and where its keys stand."""

    file: str
    lines: Lines

    def fault(self, where: str, key: str, found: str, expected: str) -> SettingsError:
        """The fault of a key; the caller raises it. An item of a list is named `key[2]`."""
        name = ".".join(part for part in (where, key) if part) or "map"
        table, number = item(where.replace("[1]", ""))
        listed, count = item(key)
        if listed != key:
            table, number, key = inside(table, number, listed), count, ""
        return SettingsError(name, found, expected, self.file, self.lines.of(table, number, key))

    def known(self, where: str, table: Mapping[str, Any], keys: Sequence[str]) -> None:
        """Raise for a key that is none of these."""
        for key in table:
            if key not in keys:
                raise self.fault(where, key, repr(key), nearest(key, keys))

    def table(self, where: str, table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """A table inside another; an empty one where there is none."""
        value = table.get(key, {})
        if not isinstance(value, dict):
            raise self.fault(where, key, repr(value), "a table")
        return value

    def text(self, where: str, table: Mapping[str, Any], key: str) -> str:
        """A text on one line that must be there."""
        value = table.get(key)
        if not isinstance(value, str) or not value or not value.isprintable():
            raise self.fault(where, key, _seen(value), "text on one line")
        return value

    def whole(
        self, where: str, table: Mapping[str, Any], key: str, least: int, most: int = LARGEST
    ) -> int:
        """A whole number that must be there."""
        value = table.get(key)
        if type(value) is not int or not least <= value <= most:
            expected = f"a whole number from {least} to {most}"
            raise self.fault(where, key, _seen(value), expected)
        return value

    def flag(self, where: str, table: Mapping[str, Any], key: str) -> bool:
        """True or false; false where there is none."""
        value = table.get(key, False)
        if not isinstance(value, bool):
            raise self.fault(where, key, repr(value), "true or false")
        return value

    def number(
        self, where: str, table: Mapping[str, Any], key: str, above: float | None = None
    ) -> float | None:
        """A number, perhaps one that lies above another; None where there is none."""
        if key not in table:
            return None
        value = table[key]
        fits = type(value) in (int, float) and isfinite(value)
        if not fits or (above is not None and value <= above):
            expected = "a number" if above is None else f"a number above {above:g}"
            raise self.fault(where, key, repr(value), expected)
        return float(value)

    def numbers(self, where: str, table: Mapping[str, Any], key: str) -> frozenset[int]:
        """Numbers that a device tells; none where there is no list."""
        value = table.get(key, [])
        if not isinstance(value, list) or not all(type(n) is int for n in value):
            raise self.fault(where, key, repr(value), "a list of whole numbers")
        return frozenset(value)

    def numbered(self, where: str, table: Mapping[str, Any], key: str, kind: Any) -> dict[int, Any]:
        """A table whose keys are numbers that a device tells; kind is float, int or str."""
        made = {}
        for name, value in self.table(where, table, key).items():
            number = int(name) if fullmatch(r"-?[0-9]{1,20}", name) else None
            if number is None or not _stands(value, kind):
                expected = f"a number and what it stands for, as {WORDS[kind]}"
                raise self.fault(f"{where}.{key}", name, f"{name} = {value!r}", expected)
            made[number] = kind(value)
        return made

    def oid(self, where: str, key: str, value: Any) -> Oid:
        """An OID without holes."""
        pattern = self.pattern(where, key, value)
        if pattern.fixed != pattern.parts:
            raise self.fault(where, key, repr(value), "an OID without {}")
        return pattern.fixed

    def pattern(self, where: str, key: str, value: Any) -> Pattern:
        """An OID that may have holes for the address of a row."""
        pattern = self._parts(value)
        known = pattern is not None and pattern.parts[: len(FIRST)] == FIRST
        if pattern is None or not known or "{value}" in pattern.parts:
            raise self.fault(where, key, _seen(value), "an OID such as '1.3.6.1.4.1.{}'")
        return pattern

    def of_each(self, kind: str, columns: Mapping[str, Sequence[Told]]) -> None:
        """Raise for a column of a kind that tells one value for all of its rows."""
        for column, several in columns.items():
            for number, told in enumerate(several, 1):
                listed = f"[{number}]" if len(several) > 1 else ""
                self.own(f"{kind}.{column}{listed}", told.oid, kind)

    def own(self, where: str, pattern: Pattern, kind: str) -> None:
        """Raise for an OID that is not each row's own."""
        if not pattern.holes:
            expected = (
                f"{{}} where the address of a row stands: this is one value for all {kind}; "
                f"or a [plan.{kind}] with one of addresses, where there is one alone"
            )
            raise self.fault(where, "oid", repr(dotted(pattern.fixed)), expected)

    def address(self, where: str, key: str, value: Any) -> Oid:
        """The address of a row."""
        pattern = self._parts(value)
        if pattern is None or pattern.fixed != pattern.parts:
            raise self.fault(where, key, _seen(value), "an address such as '1' or '1.2'")
        return pattern.fixed

    def place(self, where: str, key: str, value: Any) -> Pattern:
        """How the address of one row is made of another's."""
        pattern = self._parts(value)
        if pattern is None:
            raise self.fault(where, key, _seen(value), "an address such as '{1}' or '{1}.{value}'")
        return pattern

    def _parts(self, value: Any) -> Pattern | None:
        parts = value.split(".") if isinstance(value, str) else []
        whole = all(fullmatch(r"[0-9]{1,10}|\{([1-9]|value)?\}", part) for part in parts)
        if not parts or not whole or len(parts) > LONGEST:
            return None
        made = tuple(int(part) if part.isdigit() else part for part in parts)
        fits = all(part <= LARGEST for part in made if isinstance(part, int))
        return Pattern(made) if fits else None

    def tolds(self, where: str, key: str, value: Any, symbol: str) -> tuple[Told, ...]:
        """One or several places in which a reading may be told, the best first."""
        if not isinstance(value, list) or not value:
            return (self.reading(where, key, value, symbol),)
        return tuple(self.reading(where, f"{key}[{n}]", v, symbol) for n, v in enumerate(value, 1))

    def reading(self, where: str, key: str, value: Any, symbol: str) -> Told:
        """Where a reading or a threshold is told; words stand for states, never for a measure."""
        told = self.told(where, key, value, symbol)
        if told.words and symbol != "on/off":
            expected = f"no words: they name states, and this is a measure in {symbol}"
            raise self.fault(f"{where}.{key}", "words", repr(value["words"]), expected)
        return told

    def told(self, where: str, key: str, value: Any, symbol: str) -> Told:
        """Where a value is told, checked against our unit of that symbol."""
        if not isinstance(value, dict):
            raise self.fault(where, key, _seen(value), "a table such as { oid = '...' }")
        within = f"{where}.{key}"
        self.known(within, value, TOLD)
        words = self.numbered(within, value, "words", float)
        if symbol == "on/off" and (not words or set(words.values()) - {0, 1}):
            found = repr(value["words"]) if words else "nothing"
            raise self.fault(within, "words", found, "what stands for 0 and 1, as { 1 = 0, 2 = 1 }")
        unit, unit_oid, units = self._unit(within, value, symbol, bool(words))
        return Told(
            oid=self.pattern(within, "oid", value.get("oid")),
            unit=unit,
            scale=self.number(within, value, "scale", above=0) or 1.0,
            digits=self.pattern(within, "digits", value["digits"]) if "digits" in value else None,
            unit_oid=unit_oid,
            units=units,
            words=words,
            none=self.numbers(within, value, "none"),
            least=self.number(within, value, "least"),
            unsigned=self.flag(within, value, "unsigned"),
            valid=self._valid(within, value.get("valid", [])),
        )

    def _unit(
        self, where: str, value: Mapping[str, Any], symbol: str, words: bool
    ) -> tuple[str, Pattern | None, dict[int, str]]:
        unit = value.get("unit", symbol if words or symbol == "1" else None)
        if isinstance(unit, str):
            self._fits(where, "unit", unit, symbol)
            return unit, None, {}
        if not isinstance(unit, dict):
            raise self.fault(where, "unit", _seen(unit), f"a unit of {symbol}, or its OID")
        within = f"{where}.unit"
        self.known(within, unit, ("oid", "words"))
        units = self.numbered(within, unit, "words", str)
        if not any(units.values()):
            raise self.fault(within, "words", _seen(unit.get("words")), WORDS[str])
        for name in filter(None, units.values()):
            self._fits(within, "words", name, symbol)
        return "", self.pattern(within, "oid", unit.get("oid")), units

    def _fits(self, where: str, key: str, unit: str, symbol: str) -> None:
        if UNITS.get(unit, ("",))[0] != symbol:
            fitting = ", ".join(name for name, (ours, *_) in UNITS.items() if ours == symbol)
            raise self.fault(where, key, repr(unit), f"one of {fitting}")

    def _valid(self, where: str, value: Any) -> tuple[Condition, ...]:
        if not isinstance(value, list):
            return (self._condition(where, "valid", value),)
        return tuple(self._condition(where, f"valid[{n}]", one) for n, one in enumerate(value, 1))

    def _condition(self, where: str, key: str, value: Any) -> Condition:
        if not isinstance(value, dict) or ("is" in value) == ("bit" in value):
            raise self.fault(where, key, _seen(value), "{ oid, is = [..] } or { oid, bit }")
        within = f"{where}.{key}"
        self.known(within, value, ("oid", "is", "bit"))
        oid = self.pattern(within, "oid", value.get("oid"))
        if "bit" in value:
            return Condition(oid, bit=self.whole(within, value, "bit", 0, 255))
        states = self.numbers(within, value, "is")
        if not states:
            raise self.fault(within, "is", "none", "one number or more")
        return Condition(oid, states)


def _stands(value: Any, kind: type) -> bool:
    """Whether a value of a table may stand for what a device tells."""
    if kind is str:
        return isinstance(value, str) and (not value or value.isprintable())
    return type(value) in (int, kind) and isfinite(value)


def _seen(value: Any) -> str:
    return "nothing" if value is None else repr(value)
