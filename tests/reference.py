"""Writes docs/reference/site.md and scenario.md: every table and key of both, from the code."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, get_args, get_type_hints

from reference_words import (
    ADC,
    CHANNEL,
    FAULT,
    FROM_0,
    LIMIT,
    NEEDED,
    ORDER,
    SCENARIO,
    SCENARIO_FAULT,
    SERVER,
    SNMP,
    TABLES,
    TWIN,
    Words,
)

from smartpdu.app.config import FASTEST, SPECS
from smartpdu.app.scenario import LONGEST, Order
from smartpdu.drivers import access, adc, board, maps, scene
from smartpdu.engine.catalogue import HAZARDS, RULES
from smartpdu.engine.house import TIMES
from smartpdu.model.build import REFERENCES, Design, flaws_of
from smartpdu.model.plant import Plant
from smartpdu.model.reach import LONGEST as LONGEST_WAIT
from smartpdu.model.reach import reach
from smartpdu.model.rule import BOUNDS, Rule
from smartpdu.model.units import Unit
from smartpdu.twin.faults import INJECTORS
from smartpdu.twin.plan import ServerSpec

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
KEYS_HEAD = ("key", "what it is", "unit", "may be", "default")
SITE_HEAD = """\
# The site file

What is built, who is asked, with which limits. Made from the code by `make docs`. It is
[TOML](https://toml.io). `smartpdu check site.toml` tells each mistake with its line;
`smartpdu discover` writes such a file for an SNMP device.

All examples below are one site, [example/site.toml](example/site.toml). Tables may stand in any
order; outlets are shown in the order in which they are written. A key that is not named here is
refused.
"""
SCENARIO_HEAD = """\
# The scenario file

What happens to a [site](site.md) of the twin, for how long: `smartpdu simulate scenario.toml` plays
it in virtual time. Made from the code by `make docs`. The examples are one file,
[example/scenario.toml](example/scenario.toml); more are in [scenarios](../../scenarios). A key that
is not named here is refused. The exit code is 0 where each fault was found by its alarm, 1 where
one was not, 2 for a file that cannot be used.

Readings are those that the twin computes. Waves are measured by `smartpdu run` only: where the site
has `waves = true` in its `[twin]`, a note on stderr says so.
"""
RULES_HEAD = """\
The rules, with the limits that they have where no `[[limit]]` sets others; a dash is no limit.
Setting one where there is none makes one. A bound beyond what the measure can be, and a hysteresis
that leaves no calm between the bounds, are refused: such a rule would never call, or never end.
`check` notes a bound that is far looser than the usual one.
"""


def site_page() -> str:
    """The whole page of the site file."""
    example = _blocks("site.toml")
    parts = [SITE_HEAD, *_section("[site]", TABLES["site"][0], TABLES["site"][1], example)]
    for table in SPECS:
        parts += _section(f"[[{table}]]", TABLES[table][0], dict(spec_words(table)), example)
        if table == "source":
            parts += ["Keys of the driver `adc`:\n", _table(KEYS_HEAD, _rows(adc_words()))]
            parts += ["Keys of the driver `snmp`:\n", _table(KEYS_HEAD, _rows(snmp_words()))]
            parts += ["The driver `simulator`, the twin, has none: see `[twin]`.\n"]
            about = "A channel of a measuring board; its table stands behind its `[[source]]`."
            parts += _section("[[source.channel]]", about, dict(channel_words()), example)
    about = "Other limits for a rule, one at least. Bounds must stand in order, from low to high."
    parts += _section("[[limit]]", about, dict(limit_words()), example)
    parts += [RULES_HEAD, _table(RULES_KEYS, map(_rule, RULES))]
    about = "The rack that lives, for all sources of the driver `simulator`. May be left out."
    parts += _section("[twin]", about, TWIN, example)
    about = "What hangs on the twin's outlets. A replayed server needs a file, as this one:"
    parts += _section("[[twin.server]]", f"{about}\n\n{_csv()}", dict(server_words()), example)
    about = "What shall go wrong in the twin while it runs."
    parts += _section("[[twin.fault]]", about, FAULT, example)
    return "\n".join(parts)


def scenario_page() -> str:
    """The whole page of the scenario file."""
    example = _blocks("scenario.toml")
    keys = SCENARIO | {
        "duration": _filled(SCENARIO["duration"], "", f"a whole number, 1 to {LONGEST}", "")
    }
    parts = [SCENARIO_HEAD, *_section("The file", "Keys that stand in no table.", keys, example)]
    parts += _section("[[fault]]", "What goes wrong.", SCENARIO_FAULT, example)
    parts += _section("[[order]]", "What an operator switches.", dict(order_words()), example)
    head = (
        "kind",
        "what it does, or what its size counts",
        "place",
        "alarm",
        "size",
        "usual size",
        "rate",
    )
    kinds = (_kind(name) for name in sorted(INJECTORS))
    about = "A dash: it has no size, or does not grow. A breaker that tripped stays open for good."
    return "\n".join([*parts, f"## Kinds of faults\n\n{about}\n", _table(head, kinds)])


def spec_words(table: str) -> Iterator[tuple[str, Words]]:
    """The keys of a table of places, completed by what the code says of them."""
    spec, place = SPECS[table]
    units = get_type_hints(get_type_hints(Plant)[place], include_extras=True)
    given = TABLES[table][1]
    for field in fields(spec):
        unit = next((n.symbol for n in get_args(units.get(field.name)) if isinstance(n, Unit)), "")
        yield field.name, _filled(given[field.name], unit, _may_be(table, field), _default(field))
    if table == "source":
        names = sorted(entry.name for entry in entry_points(group="smartpdu.drivers"))
        yield "driver", _filled(given["driver"], "", _one_of(names), "")


def adc_words() -> dict[str, Words]:
    """The keys of the driver adc."""
    return {name: ADC[name] for name in adc.KEYS}


def channel_words() -> Iterator[tuple[str, Words]]:
    """The keys of a channel of the driver adc."""
    for name in board.KEYS:
        choices = _one_of(board.ALL) if name == "quantity" else ""
        yield name, _filled(CHANNEL[name], "", choices, "")


def snmp_words() -> dict[str, Words]:
    """The keys of the driver snmp."""
    choices = {
        "map": f"{_one_of(maps.names())}, or a file that ends in `.toml`",
        "auth": _one_of(access.AUTH),
        "privacy": _one_of(access.PRIVACY),
    }
    return {name: _filled(SNMP[name], "", choices.get(name, ""), "") for name in access.KEYS}


def limit_words() -> Iterator[tuple[str, Words]]:
    """The keys of a limit."""
    for name, words in LIMIT.items():
        unit = "" if name in ("rule", "place") else "of the rule"
        may_be = "a number within what the measure can be" if name in BOUNDS else ""
        if name in TIMES:
            may_be = FROM_0 if name == "hysteresis" else f"0 to {LONGEST_WAIT:g}"
        yield name, _filled(words, unit, may_be, "the rule's")


def server_words() -> Iterator[tuple[str, Words]]:
    """The keys of a server of the twin."""
    defaults = {field.name: _default(field) for field in fields(ServerSpec)}
    choices = {"kind": _one_of(scene.KINDS), "mode": _one_of(scene.MODES)}
    for name in scene.SERVER:
        yield name, _filled(SERVER[name], "", choices.get(name, ""), defaults.get(name, ""))


def order_words() -> Iterator[tuple[str, Words]]:
    """The keys of an order."""
    for field in fields(Order):
        kind = "`true` or `false`" if field.type is bool else "text"
        yield field.name, _filled(ORDER[field.name], "", kind, _default(field))


def _filled(words: Words, unit: str, may_be: str, default: str) -> Words:
    """Words, with what the code says where they are silent."""
    what, *rest = words
    known = (unit, may_be, default)
    return (what, *(own or other for own, other in zip(rest, known, strict=True)))  # type: ignore[return-value]


def _may_be(table: str, field: "Field[Any]") -> str:
    """What the program expects, in its own words where it has a bound."""
    if field.name in REFERENCES:
        return f"the path of a `[[{field.name}]]`"
    if field.type is bool:
        return "`true` or `false`"
    expected = [_expected(table, field, wrong) for wrong in ("", "C14", -1.0)]
    if field.name == "interval":
        expected.append(f"{FASTEST:g} s or more")
    return "; ".join(dict.fromkeys(filter(None, expected))) or "text"


def _expected(table: str, field: "Field[Any]", wrong: Any) -> str:
    """What is expected where a key of a row has a wrong value; nothing where that is fine."""
    if not isinstance(wrong, field.type):  # type: ignore[arg-type]
        return ""
    spec, place = SPECS[table]
    needed = {f.name: 1.0 if f.type is float else "x" for f in fields(spec) if f.default is MISSING}
    row = spec(**{**needed, "path": "x/L1", field.name: wrong})
    flaws = [flaw for flaw in flaws_of(Design(**{place: [row]})) if flaw.field == field.name]
    return flaws[0].expected if flaws else ""


def _default(field: "Field[Any]") -> str:
    return NEEDED if field.default is MISSING else _toml(field.default)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, str):
        return f'`"{value}"`'
    return f"`{value:g}`" if isinstance(value, int | float) else ""  # the words tell the rest


def _one_of(names: Iterable[str]) -> str:
    return ", ".join(f'`"{name}"`' for name in names)


def _section(
    title: str, about: str, words: Mapping[str, Words], example: Mapping[str, str]
) -> list[str]:
    heading = title if title[0] != "[" else f"`{title}`"
    text = example["" if title[0] != "[" else title]
    return [
        f"## {heading}\n\n{about}\n",
        _table(KEYS_HEAD, _rows(words)),
        f"```toml\n{text}```\n",
    ]


def _rows(words: Mapping[str, Words]) -> Iterator[Sequence[str]]:
    for name, (what, unit, may_be, default) in words.items():
        yield f"`{name}`", what, unit or "-", may_be, default


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


RULES_KEYS = (
    *("rule", "what it tells", "watches each of the", "unit", "measure can be"),
    *(*BOUNDS, *TIMES),
)


def _rule(rule: Rule) -> Sequence[str]:
    values = [getattr(rule.limits, name) for name in (*BOUNDS, *TIMES)]
    numbers = ["-" if value is None else f"{value:g}" for value in values]
    told = (HAZARDS[rule.key].title.en, rule.kind.value, rule.unit.symbol, str(reach(rule)))
    return f"`{rule.key}`", *told, *numbers


def _kind(name: str) -> Sequence[str]:
    injector = INJECTORS[name]
    size = usual = rate = "-"
    if injector.sizes is not None:
        least, most = injector.sizes
        size, usual = f"{least:.10g} to {most:.10g} {injector.unit}", f"{injector.size:g}"
        rate = f"{injector.unit} / min" if injector.grows else "-"
    place = f"one of the {injector.kind.value}"
    return f"`{name}`", injector.about, place, f"`{injector.hazard}`", size, usual, rate


def _blocks(file: str) -> dict[str, str]:
    """The tables of an example by their heading, those of one heading together."""
    blocks: dict[str, list[str]] = {}
    for block in (FOLDER / "example" / file).read_text(encoding="utf-8").strip().split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith("#")]
        if lines:
            heading = lines[0] if lines[0].startswith("[") else ""
            blocks.setdefault(heading, []).append("\n".join(lines) + "\n")
    return {heading: "\n".join(texts) for heading, texts in blocks.items()}


def _csv() -> str:
    text = (FOLDER / "example" / "power.csv").read_text(encoding="utf-8")
    return f"```csv\n{text}```"


if __name__ == "__main__":
    (FOLDER / "site.md").write_text(site_page(), encoding="utf-8")
    (FOLDER / "scenario.md").write_text(scenario_page(), encoding="utf-8")
