"""Reads TOML, and tells where in it a table or a key stands, so that a fault can name its line."""

import re
import tomllib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{1,2})?'  # a text of many lines may end in quotes of its own
    r"|'''.*?'''(?:'{1,2})?"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|[\n\[\]{},=.]"
    r"|[^\s\[\]{},=.\"'#]+",
    re.DOTALL,
)
ENDS = ("\n", ",", "]", "}")
ENDLESS = re.compile(r"[+-]?[0-9][0-9A-Za-z_]{100,}")  # no number that means something is as long

Tokens = deque[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of tables and keys; the n-th table of an array has its number, others have 0.

    What is inside the second and further tables of an array has it in its name: `source[2].inner`.
    """

    tables: dict[tuple[str, int], int] = field(default_factory=dict)
    keys: dict[tuple[str, int, str], int] = field(default_factory=dict)

    def of(self, table: str, number: int, key: str = "") -> int:
        """The line of a key, or else of its table, or else of what holds the table."""
        line = (
            self.keys.get((table, number, key))
            or (self._table(inside(table, number, key)) if key else None)
            or self.tables.get((table, number))
            or self.keys.get(("", 0, table))
        )
        if line or not table:
            return line or 1
        above, _, name = table.rpartition(".")
        return self.of(*item(above), name)

    def _table(self, path: str) -> int | None:
        """The line of a table, or else of the first one inside it."""
        within = (line for (name, _), line in self.tables.items() if name.startswith(f"{path}."))
        return self.tables.get((path, 0)) or next(within, None)


def inside(table: str, number: int, key: str) -> str:
    """The path of what a key of a table holds."""
    return f"{table}[{number + 1}].{key}" if number else f"{table}.{key}" if table else key


def item(path: str) -> tuple[str, int]:
    """A path without the number of its last table, and that number, from 0."""
    found = re.fullmatch(r"(.*)\[(\d{1,9})\]", path)
    return (found[1], int(found[2]) - 1) if found else (path, 0)


HINTS = {  # on what beginners of TOML meet first
    "Cannot declare": " (a table of which there are several has two brackets, as [[source]])",
    "Cannot overwrite": " (a table as [[source]] stands before those in it, as [[source.channel]])",
}


class Unreadable(Exception):
    """A text that is no TOML, or none that this program reads; says why and in which line."""

    def __init__(self, words: str, line: int) -> None:
        super().__init__(words)
        self.words = words
        self.line = line


def loaded(text: str) -> dict[str, Any]:
    """What a TOML text holds; raises Unreadable."""
    for token, line in _tokens(text):
        if ENDLESS.fullmatch(token):
            raise Unreadable("a number of more than 100 digits", line)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        words, _, spot = str(error).rpartition(" (at ")
        at = re.match(r"line (\d+)", spot)
        hint = next((hint for begin, hint in HINTS.items() if words.startswith(begin)), "")
        raise Unreadable(words + hint, int(at[1]) if at else _last(text)) from None
    except RecursionError:
        raise Unreadable("tables or lists too deep inside each other", 1) from None


def _last(text: str) -> int:
    return text.rstrip().count("\n") + 1


def lines(text: str) -> Lines:
    """The lines of all tables and keys of a text that is known to be TOML."""
    tokens: Tokens = deque(_tokens(text))
    found = Lines()
    table, number = "", 0
    while tokens:
        if tokens[0][0] == "\n":
            tokens.popleft()
        elif tokens[0][0] == "[":
            table, number = _head(tokens, found)
        else:
            _pair(tokens, found, table, number)
    return found


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    line = 1
    for match in TOKEN.finditer(text):
        token = match.group()
        if not token.startswith("#"):
            yield token, line
        line += token.count("\n")


def _head(tokens: Tokens, found: Lines) -> tuple[str, int]:
    """Take a [table] or [[table]]; gives its name and its number."""
    _, line = tokens.popleft()
    array = tokens[0][0] == "["
    if array:
        tokens.popleft()
    *holders, last = _key(tokens, "]")
    if array:
        tokens.popleft()
    path, number = "", 0
    for part in holders:
        path = inside(path, number, part)
        number = _latest(found, path)
    name, number = inside(path, number, last), 0
    while (name, number) in found.tables and array:
        number += 1
    found.tables.setdefault((name, number), line)
    return name, number


def _latest(found: Lines, path: str) -> int:
    """The number of the last table of an array; 0 for any other table."""
    number = 0
    while (path, number + 1) in found.tables:
        number += 1
    return number


def _pair(tokens: Tokens, found: Lines, table: str, number: int) -> None:
    """Take a key and its value."""
    line = tokens[0][1]
    first, *more = _key(tokens, "=")
    found.keys.setdefault((table, number, first), line)
    for part in more:  # a.b = 1 is a table a with a key b
        table, number = inside(table, number, first), 0
        found.tables.setdefault((table, 0), line)
        found.keys.setdefault((table, 0, part), line)
        first = part
    _value(tokens, found, inside(table, number, first), 0)


def _key(tokens: Tokens, end: str) -> list[str]:
    """Take the parts of a dotted key up to its end."""
    parts = []
    while (token := tokens.popleft()[0]) != end:
        if token != ".":
            parts.append(token.strip("\"'"))
    return parts


def _value(tokens: Tokens, found: Lines, path: str, number: int) -> None:
    """Take a value; the tables and keys inside are found too."""
    token, line = tokens.popleft()
    if token == "{":
        found.tables.setdefault((path, number), line)
        while tokens[0][0] != "}":
            if tokens[0][0] in ENDS:
                tokens.popleft()
            else:
                _pair(tokens, found, path, number)
        tokens.popleft()
    elif token == "[":
        item = 0
        while tokens[0][0] != "]":
            if tokens[0][0] in ENDS:
                tokens.popleft()
            else:
                _value(tokens, found, path, item)
                item += 1
        tokens.popleft()
    else:
        while tokens and tokens[0][0] not in ENDS:
            tokens.popleft()
