"""Reads the keys of a map; whatever does not fit is told with file, line, found and expected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from re import fullmatch
from typing import Any

from smartpdu.drivers.lines import Lines
from smartpdu.drivers.source import SettingsError
from smartpdu.drivers.told import UNITS, Condition, Oid, Pattern, Told

TOLD = ("oid", "unit", "scale", "digits", "words", "none", "least", "unsigned", "valid")


@dataclass(frozen=True, slots=True)
class Reader:
    """The file that is read, and where its keys stand."""

    file: str
    lines: Lines

    def fault(self, where: str, key: str, found: str, expected: str) -> SettingsError:
        """The fault of a key; the caller raises it."""
        name = ".".join(part for part in (where, key) if part) or "map"
        return SettingsError(name, found, expected, self.file, self.lines.of(where, 0, key))

    def known(self, where: str, table: Mapping[str, Any], keys: Sequence[str]) -> None:
        """Raise for a key that is none of these."""
        for key in table:
            if key not in keys:
                close = get_close_matches(key, keys, 1)
                expected = repr(close[0]) if close else f"one of {', '.join(keys)}"
                raise self.fault(where, key, repr(key), expected)

    def table(self, where: str, table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """A table inside another; an empty one where there is none."""
        value = table.get(key, {})
        if not isinstance(value, dict):
            raise self.fault(where, key, repr(value), "a table")
        return value

    def text(self, where: str, table: Mapping[str, Any], key: str) -> str:
        """A text that must be there."""
        value = table.get(key)
        if not isinstance(value, str) or not value:
            raise self.fault(where, key, "nothing" if value is None else repr(value), "text")
        return value

    def tolds(self, where: str, key: str, value: Any, symbol: str) -> tuple[Told, ...]:
        """One or several places in which a value may be told, the best first."""
        given = value if isinstance(value, list) and value else [value]
        return tuple(self.told(where, key, one, symbol) for one in given)

    def whole(self, where: str, table: Mapping[str, Any], key: str) -> int:
        """A whole number that must be there."""
        value = table.get(key)
        if isinstance(value, bool) or not isinstance(value, int):
            found = "nothing" if value is None else repr(value)
            raise self.fault(where, key, found, "a whole number")
        return value

    def oid(self, where: str, key: str, value: Any) -> Oid:
        """An OID without holes."""
        pattern = self.pattern(where, key, value)
        if any(isinstance(part, str) for part in pattern.parts):
            raise self.fault(where, key, repr(value), "an OID without {}")
        return pattern.at(())

    def pattern(self, where: str, key: str, value: Any) -> Pattern:
        """An OID that may have holes."""
        parts = value.split(".") if isinstance(value, str) and value else None
        if parts is None or not all(fullmatch(r"\d{1,10}|\{(\d|value)?\}", part) for part in parts):
            found = "nothing" if value is None else repr(value)
            raise self.fault(where, key, found, "an OID such as '1.3.6.1.{}'")
        return Pattern(tuple(int(part) if part.isdigit() else part for part in parts))

    def told(self, where: str, key: str, value: Any, symbol: str) -> Told:
        """Where a value is told, checked against our unit of that symbol."""
        if not isinstance(value, dict):
            raise self.fault(where, key, repr(value), "a table such as { oid = '...' }")
        inside = f"{where}.{key}"
        self.known(inside, value, TOLD)
        oid = self.pattern(inside, "oid", value.get("oid"))
        digits = self.pattern(inside, "digits", value["digits"]) if "digits" in value else None
        words = self.numbered(inside, value, "words", float)
        unit, unit_oid, units = self._unit(inside, value, symbol, bool(words))
        none = value.get("none", [])
        if not isinstance(none, list) or not all(type(n) is int for n in none):
            raise self.fault(inside, "none", repr(none), "a list of whole numbers")
        unsigned = value.get("unsigned", False)
        if not isinstance(unsigned, bool):
            raise self.fault(inside, "unsigned", repr(unsigned), "true or false")
        return Told(
            oid=oid,
            unit=unit,
            scale=self.number(inside, value, "scale", 1.0) or 1.0,
            digits=digits,
            unit_oid=unit_oid,
            units=units,
            words=words,
            none=frozenset(none),
            least=self.number(inside, value, "least", None),
            unsigned=unsigned,
            valid=self._valid(inside, value.get("valid", [])),
        )

    def number(
        self, where: str, table: Mapping[str, Any], key: str, default: float | None
    ) -> float | None:
        """A number, or the default where there is none."""
        value: float | None = table.get(key, default)
        wrong = isinstance(value, bool) or not isinstance(value, int | float | None)
        if wrong or (value is not None and not isfinite(value)):
            raise self.fault(where, key, repr(value), "a number")
        return value

    def numbered(self, where: str, table: Mapping[str, Any], key: str, kind: Any) -> dict[int, Any]:
        """A table whose keys are numbers that a device tells."""
        made = {}
        for name, value in self.table(where, table, key).items():
            number = int(name) if fullmatch(r"-?\d+", name) else None
            fits = isinstance(value, str) if kind is str else type(value) in (int, float)
            if number is None or not fits:
                expected = "numbers and what they stand for, as { 1 = 0 }"
                raise self.fault(f"{where}.{key}", name, f"{name} = {value!r}", expected)
            made[number] = kind(value)
        return made

    def _unit(
        self, where: str, value: Mapping[str, Any], symbol: str, words: bool
    ) -> tuple[str, Pattern | None, dict[int, str]]:
        unit = value.get("unit", symbol if words or symbol in ("1", "on/off") else None)
        if isinstance(unit, str):
            self._fits(where, "unit", unit, symbol)
            return unit, None, {}
        if not isinstance(unit, dict):
            found = "nothing" if unit is None else repr(unit)
            raise self.fault(where, "unit", found, f"a unit of {symbol}, or the OID that tells it")
        inside = f"{where}.unit"
        self.known(inside, unit, ("oid", "words"))
        units = self.numbered(inside, unit, "words", str)
        for name in filter(None, units.values()):
            self._fits(inside, "words", name, symbol)
        return "", self.pattern(inside, "oid", unit.get("oid")), units

    def _fits(self, where: str, key: str, unit: str, symbol: str) -> None:
        if UNITS.get(unit, ("",))[0] != symbol:
            fitting = ", ".join(name for name, (ours, *_) in UNITS.items() if ours == symbol)
            raise self.fault(where, key, repr(unit), f"one of {fitting}")

    def _valid(self, where: str, value: Any) -> tuple[Condition, ...]:
        given = value if isinstance(value, list) else [value]
        inside = f"{where}.valid"
        made = []
        for table in given:
            if not isinstance(table, dict) or ("is" in table) == ("bit" in table):
                raise self.fault(where, "valid", repr(table), "{ oid, is = [..] } or { oid, bit }")
            self.known(inside, table, ("oid", "is", "bit"))
            states = table.get("is", [])
            if not isinstance(states, list) or not all(type(n) is int for n in states):
                raise self.fault(inside, "is", repr(states), "a list of whole numbers")
            oid = self.pattern(inside, "oid", table.get("oid"))
            bit = self.whole(inside, table, "bit") if "bit" in table else None
            made.append(Condition(oid, frozenset(states), bit))
        return tuple(made)
