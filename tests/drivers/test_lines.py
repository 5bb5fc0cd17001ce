"""The scanner that names lines, held against texts whose lines are known by their making."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as some

from smartpdu.drivers.lines import Unreadable, lines, loaded

HARD = '''# a comment with [brackets] and key = "no"
title = "has # and = and [x] inside"
site.name = 'dotted'
words = """
[[not.a.table]]
key = "not a key" \\" \\"\\"
ends in quotes"""""
raw = \'\'\'
path = "no"
\'\'\'

[[ source ]]   # spaces
path = "one"
list = [
  1, # [
  [2, 3],
  { inner = 1, "quoted key" = 2 },
]
after = 1

[["source"]]
path = "two"
inline = { a = 1, b = { c = "]" } }

[twin]
seed = 1
[[twin.server]]
cords = ["x]"]
[[twin.server]]
cords = ["y"]
'''


def test_a_hard_text_is_toml_and_every_line_of_it_is_found() -> None:
    tomllib.loads(HARD)
    at = lines(HARD)
    spots = {number: line.strip() for number, line in enumerate(HARD.splitlines(), 1)}
    assert spots[at.of("", 0, "title")].startswith("title")
    assert spots[at.of("site", 0, "name")].startswith("site.name")
    assert spots[at.of("", 0, "raw")].startswith("raw")
    assert spots[at.of("source", 0)].startswith("[[ source")
    assert spots[at.of("source", 0, "path")] == 'path = "one"'
    assert spots[at.of("source", 0, "after")] == "after = 1"
    assert spots[at.of("source.list", 2, "quoted key")].startswith("{ inner")
    assert spots[at.of("source", 1, "path")] == 'path = "two"'
    assert spots[at.of("source[2].inline.b", 0, "c")].startswith("inline")
    assert spots[at.of("twin.server", 1, "cords")] == 'cords = ["y"]'
    assert ("not.a.table", 0) not in at.tables
    assert not [key for key in at.keys if key[2] in ("key", "one", "no")]


def test_what_is_not_there_is_at_its_table_or_at_what_holds_that() -> None:
    at = lines('a = 1\nsource = [\n {path = "x"},\n]\n[site]\nname = "n"\n')
    assert at.of("site", 0, "language") == 5
    assert at.of("source", 0, "driver") == 3
    assert at.of("source", 7) == 2
    assert at.of("nowhere", 0, "nothing") == 1


VALUES = [
    '"text"',
    "1",
    "-1.5e3",
    "true",
    "1979-05-27T07:32:00Z",
    '["a", "b]"]',
    "[\n  1,\n  2, # two ]\n]",
    "{ x = 1, y = [1] }",
    '"""many\n[[lines]]\nk = 1\n"""',
    "'''raw\n# no \\'''",
    "''",
    '""',
]


@given(
    some.lists(
        some.tuples(
            some.sampled_from(["rack", "pdu", "twin.server"]),
            some.lists(some.sampled_from(VALUES), max_size=5),
            some.integers(0, 2),
        ),
        max_size=8,
    )
)
def test_any_mixture_of_tables_and_values_is_found_where_it_was_written(parts) -> None:
    text, expected, counts = "", {}, {}
    for table, values, empty in parts:
        number = counts[table] = counts.get(table, -1) + 1
        text += "# comment [[rack]]\n" * empty
        expected[table, number, ""] = text.count("\n") + 1
        text += f"[[{table}]]\n"
        for spot, value in enumerate(values):
            expected[table, number, f"k{spot}"] = text.count("\n") + 1
            text += f"k{spot} = {value}\n"
    tomllib.loads(text)
    at = lines(text)
    assert {key: at.of(*key) for key in expected} == expected


NESTED = """\
[[source]]
[source.inner]
a = 1
[[source]]
b = 2
[source.inner]
a = 3
[[source.list]]
c = 4
[[source.list]]
[source.list.deep]
d = 5
[only.below]
e = 6
"""


def test_what_is_inside_a_further_table_of_an_array_is_told_from_what_is_inside_the_first() -> None:
    tomllib.loads(NESTED)
    at = lines(NESTED)
    assert at.of("source.inner", 0, "a") == 3
    assert at.of("source[2].inner", 0, "a") == 7
    assert at.of("source[2].list", 0, "c") == 9
    assert at.of("source[2].list[2].deep", 0, "d") == 12


def test_what_is_not_there_has_the_line_of_what_would_hold_it() -> None:
    at = lines(NESTED)
    assert at.of("source[2].inner", 0, "z") == 6
    assert at.of("source[2].list[2].deep.deeper", 0, "z") == 11
    assert at.of("source", 1, "z") == 4
    assert at.of("source", 7) == 1
    assert at.of("only", 0, "below") == 13
    assert at.of("only", 0, "z") == at.of("only", 0)
    assert at.of("nothing", 0, "z") == 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\n\nb = ?", 3),
        ('\na = """\n\n', 2),
        ("a = 1" + "0" * 200, 1),
        ("a = " + "[" * 9000, 1),
    ],
)
def test_what_is_no_toml_has_a_line(text: str, line: int) -> None:
    with pytest.raises(Unreadable) as told:
        loaded(text)
    assert told.value.line == line
    assert "\n" not in told.value.words
