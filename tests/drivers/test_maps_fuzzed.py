"""Maps with random changes: each loads or is told with a line that it has, and nothing else."""

import json
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as some

from smartpdu.drivers import maps
from smartpdu.drivers.source import SettingsError

HERE = Path(__file__).parent
PRODUCTS = Path(maps.__file__).parent / "products"
MAP = (HERE / "example_map.toml").read_text("utf-8")


def toml(value: Any) -> str:
    """A value as TOML; a table is written on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, float) and not isinstance(value, bool):
        return repr(value)
    return json.dumps(value)


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in a value."""
    inside = value.items() if isinstance(value, dict) else ()
    inside = enumerate(value) if isinstance(value, list) else inside
    for key, each in inside:
        yield (*path, key)
        yield from spots(each, (*path, key))


WORDS = """
oid unit scale digits words none least unsigned valid is bit rows parent name only note addresses
address texts on off value current phases limits plan 1 -1 x 1.5
"""
keys = some.sampled_from(WORDS.split()) | some.text("ab.1\"'{}[]= #ä", max_size=3)
scalars = (
    some.integers(-3, 3)
    | some.sampled_from([2**31, 2**64, 10**90, "1.3.6.1.{}", "{1}", "%", "V", ""])
    | some.booleans()
    | some.floats()
    | some.text('ab.1"\\{}[]= #ä\n\0', max_size=4)
)
values = some.recursive(
    scalars,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(keys, inner, max_size=3),
    max_leaves=5,
)
SOURCES = {
    name: tomllib.loads((PRODUCTS / f"{name}.toml").read_text("utf-8")) for name in maps.names()
}
SPOTS = {name: sorted(spots(tables), key=str) for name, tables in SOURCES.items()}


def loads_or_is_told(text: str) -> bool:
    """Whether a map loads; one that does not is told with a line that the text has."""
    try:
        maps.read(text, "fuzzed.toml", "fuzzed")
        fault = None
    except SettingsError as error:
        fault = error
    if fault is not None:
        assert fault.file == "fuzzed.toml"
        assert 1 <= fault.line <= text.count("\n") + 1
        assert fault.key
        assert fault.found
        assert fault.expected
    return fault is None


@given(some.data())
@settings(max_examples=300)
def test_a_map_with_a_random_change_loads_or_is_told(data: some.DataObject) -> None:
    name = data.draw(some.sampled_from(["apc_rpdu2", "eaton_epdu", "servertech_sentry3"]))
    tables = deepcopy(SOURCES[name])
    *holders, last = data.draw(some.sampled_from(SPOTS[name]))
    holder: Any = tables
    for key in holders:
        holder = holder[key]
    change = data.draw(some.sampled_from(["delete", "replace", "rename", "add"]))
    if change == "replace" or isinstance(holder, list):
        holder[last] = data.draw(values)
    elif change == "add":
        holder[data.draw(keys)] = data.draw(values)
    else:
        value = holder.pop(last)
        if change == "rename":
            holder[data.draw(keys)] = value
    loads_or_is_told("".join(f"{json.dumps(k)} = {toml(v)}\n" for k, v in tables.items()))


def test_the_random_changes_start_from_maps_that_load() -> None:
    for tables in SOURCES.values():
        assert loads_or_is_told("".join(f"{k} = {toml(v)}\n" for k, v in tables.items()))


@given(
    some.integers(0, len(MAP)),
    some.integers(0, 30),
    some.text(alphabet="[]{}=.,\"'#\n 01x\\", max_size=5),
)
@settings(max_examples=300)
@example(0, len(MAP), "")
def test_a_text_with_a_random_change_loads_or_is_told(start: int, length: int, new: str) -> None:
    loads_or_is_told(MAP[:start] + new + MAP[start + length :])
