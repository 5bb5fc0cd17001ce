"""Where in a TOML text a table or a key stands, so that a fault can name its line."""

import re
from dataclasses import dataclass

HEAD = re.compile(r"^\s*(\[\[|\[)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
KEY = re.compile(r"^\s*([A-Za-z0-9_.\"'-]+)\s*=")
QUOTES = ('"""', "'''")


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of tables and keys; the n-th table of an array has its number, others have 0."""

    tables: dict[tuple[str, int], int]
    keys: dict[tuple[str, int, str], int]

    def of(self, table: str, number: int, key: str = "") -> int:
        """The line of a key, or else of its table, or else the first."""
        spot = self.keys.get((table, number, key))
        return spot or self.tables.get((table, number), 1)


def lines(text: str) -> Lines:
    """The lines of all tables and keys of a TOML text."""
    tables: dict[tuple[str, int], int] = {}
    keys: dict[tuple[str, int, str], int] = {}
    table, number, open_quote, depth = "", 0, "", 0
    for line, content in enumerate(text.splitlines(), 1):
        if open_quote:
            if open_quote in content:
                open_quote = ""
            continue
        if depth == 0 and (head := HEAD.match(content)):
            table = head.group(2).replace('"', "").replace(" ", "")
            array = head.group(1) == "[["
            number = sum(1 for name, _ in tables if name == table) if array else 0
            tables[table, number] = line
            continue
        if depth == 0 and (key := KEY.match(content)):
            keys.setdefault((table, number, key.group(1).strip("\"'")), line)
        open_quote = _opened(content)
        depth += _depth(content)
    return Lines(tables, keys)


def _opened(content: str) -> str:
    for quote in QUOTES:
        if content.count(quote) % 2:
            return quote
    return ""


def _depth(content: str) -> int:
    """How many brackets of a value stay open at the end of a line, strings left out."""
    bare = re.sub(r'"(\\.|[^"\\])*"|\'[^\']*\'', "", content).split("#", 1)[0]
    return bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}")
