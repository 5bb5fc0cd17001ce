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
    """Lines of tables and keys; the n-th table of an array has its number, others have 0."""

    tables: dict[tuple[str, int], int] = field(default_factory=dict)
    keys: dict[tuple[str, int, str], int] = field(default_factory=dict)

    def of(self, table: str, number: int, key: str = "") -> int:
        """The line of a key, or else of its table, or else of what holds the table."""
        above, _, name = table.rpartition(".")
        line = (
            self.keys.get((table, number, key))
            or self.tables.get((table, number))
            or self.keys.get(("", 0, table))
            or self.keys.get((above, 0, name))
            or self.tables.get((table, 0))
        )
        return line or (self.of(above, 0) if above else 1)


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
        raise Unreadable(words, int(at[1]) if at else _last(text)) from None
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
    name = ".".join(_key(tokens, "]"))
    if array:
        tokens.popleft()
    number = 0
    while (name, number) in found.tables and array:
        number += 1
    found.tables.setdefault((name, number), line)
    return name, number


def _pair(tokens: Tokens, found: Lines, table: str, number: int) -> None:
    """Take a key and its value."""
    line = tokens[0][1]
    first, *more = _key(tokens, "=")
    found.keys.setdefault((table, number, first), line)
    for part in more:  # a.b = 1 is a table a with a key b
        table, number = (f"{table}.{first}" if table else first), 0
        found.tables.setdefault((table, 0), line)
        found.keys.setdefault((table, 0, part), line)
        first = part
    _value(tokens, found, f"{table}.{first}" if table else first, 0)


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
