"""Maps of PDUs: all that come with the program load; what is wrong in one is told at its line."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from smartpdu.app.cli import main
from smartpdu.drivers import maps
from smartpdu.drivers.maps import Fact, Map, Order, Parent
from smartpdu.drivers.source import SettingsError
from smartpdu.drivers.told import Condition, Pattern, Told
from smartpdu.model.plant import Kind
from smartpdu.model.snapshot import quantities

HERE = Path(__file__).parent
PRODUCTS = Path(maps.__file__).parent / "products"
MAP = (HERE / "example_map.toml").read_text("utf-8")
E = (1, 3, 6, 1, 4, 1, 32473)


def refused(text: str) -> SettingsError:
    with pytest.raises(SettingsError) as told:
        maps.read(text, "example.toml", "example")
    assert told.value.file == "example.toml"
    return told.value


def test_a_map_says_what_its_keys_say() -> None:
    read = maps.read(MAP, "example.toml", "example")
    assert (read.name, read.maker, read.family) == ("example", "Example", "Series 1")
    assert read.device.is_ == ((*E, 1),)
    assert (read.device.proof, read.device.alone) == (Pattern((*E, 1, 1)), Pattern((*E, 1, 2)))
    assert read.device.facts == {"model": Pattern((*E, 1, 3, 0))}
    phases = read.columns[Kind.PHASE]
    (current,) = phases["current"]
    assert current == Told(
        Pattern((*E, 2, 1, "{}")), "mA", scale=10, least=0, none=frozenset({9999})
    )
    (factor,) = phases["power_factor"]
    assert factor == Told(Pattern((*E, 2, 2, "{}")), "1", scale=0.01, unsigned=True)
    first, second = phases["voltage"]
    assert first == Told(
        Pattern((*E, 2, 3, "{1}", 9, "{2}")),
        "",
        digits=Pattern((*E, 2, 4, "{}")),
        unit_oid=Pattern((*E, 2, 5, "{}")),
        units={1: "V", 2: "mV", 3: ""},
    )
    assert second.valid == (
        Condition(Pattern((*E, 2, 7, "{}")), frozenset({2, 3})),
        Condition(Pattern((*E, 2, 8, "{}")), bit=2),
    )
    assert read.columns[Kind.OUTLET]["on"][0].words == {1: 1.0, 2: 0.0}
    assert read.on == Order(Pattern((*E, 3, 2, "{}")), 1)
    assert read.off == Order(Pattern((*E, 3, 2, "{}")), 2)


def test_a_plan_says_what_its_keys_say() -> None:
    read = maps.read(MAP, "example.toml", "example")
    phases, outlets = read.plan[Kind.PHASE], read.plan[Kind.OUTLET]
    assert phases.rows == (Pattern((*E, 2, 1)), Pattern((*E, 2, 3)))
    assert phases.parent == Parent(Pattern(("{1}",)))
    assert phases.facts["line"] == Fact(told=Told(Pattern((*E, 2, 9, "{}"))))
    assert phases.facts["rated_current"] == Fact(32)
    assert outlets.addresses == ((1,), (2, 3))
    assert outlets.only is not None
    assert outlets.only.words == {1: 1, 2: 0}
    assert outlets.parent == Parent(Pattern(("{1}", "{value}")), Pattern((*E, 3, 4, "{}")), {7: 1})
    assert outlets.name == Pattern((*E, 3, 5, "{}"))
    assert outlets.facts["connector"].texts == {1: "C13"}
    assert outlets.facts["switchable"].bit == Condition(Pattern((*E, 3, 7, "{}")), bit=4)
    assert outlets.facts["metered"] == Fact(True)
    assert outlets.note == "look here"
    assert read.limits[Kind.PHASE]["current"]["high_warning"].unit == "%"


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing in the example that is changed, and what is said of it."""

    there: str
    instead: str
    line: str  # where it is told, if not where the change is
    key: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.key}-{self.found}"

    @property
    def text(self) -> str:
        """The example with the change in it."""
        assert MAP.count(self.there) == 1, self.there
        return MAP.replace(self.there, self.instead)

    @property
    def number(self) -> int:
        """The line in which it is told."""
        if self.line:
            return self.text.splitlines().index(self.line) + 1
        return MAP[: MAP.index(self.there)].count("\n") + 1


WRONG = [
    Wrong(*line.replace("↵", "\n").split("\t"))
    for line in (HERE / "wrong_maps.tsv").read_text("utf-8").splitlines()[1:]
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_is_wrong_in_a_map_is_told_with_its_line(wrong: Wrong) -> None:
    fault = refused(wrong.text)
    assert fault.key == wrong.key
    assert wrong.found in fault.found
    assert wrong.expected in fault.expected
    assert fault.line == wrong.number


SITE = """\
[[source]]
path = "source/A"
driver = "snmp"
address = "192.0.2.1"
community = "public"
map = {map}
[[rack]]
path = "rack1"
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(SITE.format(map=json.dumps(str(tmp_path / "example.toml"))), encoding="utf-8")
    return path


def checked(site: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main(["check", "--offline", str(site)])
    return code, *capsys.readouterr()


def test_check_tells_what_is_wrong_in_a_map_with_file_and_line(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = site.with_name("example.toml")
    file.write_text(MAP, encoding="utf-8")
    assert checked(site, capsys)[0] == 0
    for wrong in WRONG:
        file.write_text(wrong.text, encoding="utf-8")
        code, out, err = checked(site, capsys)
        assert (code, out) == (2, "")
        assert err.startswith(f"{file}:{wrong.number}: {wrong.key}: found ")
        assert err.count("\n") == 1


PLANNED = """\
[plan.feeds]
addresses = ["5", "6.1"]
[plan.phases]
parent = {parent}
"""


@pytest.mark.parametrize(
    ("own", "parent", "key", "found", "expected"),
    [
        ('addresses = ["1"]', '"{1}"', "parent", "'1'", "of the plan above: 5, 6.1"),
        ('addresses = ["1"]', '"{2}"', "addresses", "'1'", "an address of 2 numbers, as {2}"),
        ('addresses = ["5.1", "7.1"]', '"{1}"', "parent", "'7'", "of the plan above: 5, 6.1"),
        ('rows = "1.3.6.1.9"', '"6"', "parent", "'6'", "of the plan above: 5, 6.1"),
    ],
)
def test_a_parent_or_an_address_that_can_fit_no_row_is_told(
    own: str, parent: str, key: str, found: str, expected: str
) -> None:
    head = MAP[: MAP.index("[phases]")]
    columns = '[probes]\ntemperature = { oid = "1.3.6.1.{}", unit = "°C" }\n'
    text = head + columns + PLANNED.replace("{parent}", parent) + own + "\n"
    fault = refused(text)
    assert (fault.key, fault.found) == (f"plan.phases.{key}", found)
    assert expected in fault.expected
    assert text.splitlines()[fault.line - 1].startswith(key)


@pytest.mark.parametrize(
    ("own", "parent"),
    [
        ('addresses = ["5", "6.1", "6.1.4"]', '"{}"'),
        ('rows = "1.3.6.1.9"', '"{1}"'),  # which rows there are, the device says
        ('rows = "1.3.6.1.9"', '"6.1"'),
        ('addresses = ["1"]', '{ oid = "1.3.6.1.{}" }'),  # and here, which parent
    ],
)
def test_a_parent_that_may_fit_is_left_to_the_device(own: str, parent: str) -> None:
    head = MAP[: MAP.index("[plan.phases]")]
    text = head.replace(".9.{2}", "") + PLANNED.replace("{parent}", parent) + own + "\n"
    assert maps.read(text, "", "").plan[Kind.PHASE].parent is not None


@pytest.mark.parametrize(
    ("plan", "fits"),
    [
        ("", False),
        ('[plan.feeds]\nrows = "1.3.6.1.9"\n', False),
        ('[plan.feeds]\naddresses = ["1", "2"]\n', False),
        ('[plan.feeds]\naddresses = ["1"]\n', True),
    ],
)
def test_one_value_for_a_whole_kind_needs_a_plan_with_one_row(plan: str, fits: bool) -> None:
    feeds = '[feeds]\nactive_power = { oid = "1.3.6.1.4.1.32473.9.0", unit = "W" }\n'
    text = MAP[: MAP.index("[phases]")] + feeds + plan
    if fits:
        assert maps.read(text, "", "").columns[Kind.FEED]
        return
    fault = refused(text)
    assert fault.key == "feeds.active_power.oid"
    assert text.splitlines()[fault.line - 1].startswith("active_power")


NO_COLUMN = """\
maker = "Example"
family = "Series 1"
speaks = "snmp"
[phases]
[device]
is = ["1.3.6.1.4.1.32473.1"]
[switch]
on = { oid = "1.3.6.1.4.1.32473.3.2.{}", value = 1 }
off = { oid = "1.3.6.1.4.1.32473.3.2.{}", value = 2 }
"""


def test_a_map_that_names_no_column_is_refused(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = refused(NO_COLUMN)
    assert (fault.key, fault.found, fault.line) == ("map", "no column", 1)
    assert fault.expected.startswith("columns in one of [feeds], [phases]")
    site.with_name("example.toml").write_text(NO_COLUMN, encoding="utf-8")
    code, _, err = checked(site, capsys)
    assert code == 2
    assert "example.toml:1: map: found no column, expected columns in" in err


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("a = ", 1, "Invalid value"),
        ('maker = "x"\nfamily = ?', 2, "Invalid value"),
        ('maker = "x"\n\n\nfamily', 4, "Expected '='"),
        ("\n[phases]\ncurrent = { oid = 1\n}", 3, "Unclosed inline table"),
        ("a = 1\n\na = 2\n", 3, "stands before those in it"),
        ("[a]\n[b]\n\n[a]\n", 4, "has two brackets"),
        ("a = [1,\n2\n\n", 2, "Unclosed array"),
        ('a = """\n\nx', 3, "Unterminated"),
        ("\n\nscale = " + "9" * 5000, 3, "more than 100 digits"),
        ("\nscale = 0x" + "f" * 5000, 2, "more than 100 digits"),
        ("a = " + "[" * 9000, 1, "too deep"),
        ("\ufeffmaker = 1", 1, "Invalid statement"),
    ],
)
def test_what_is_no_toml_is_told_with_its_line(text: str, line: int, found: str) -> None:
    fault = refused(text)
    assert (fault.key, fault.line) == ("TOML", line)
    assert found in fault.found


@pytest.mark.parametrize(
    ("name", "found", "expected"),
    [
        ("eaton", "'eaton'", "one of apc_rpdu2, eaton_epdu"),
        ("../products/eaton_epdu", "'../products/eaton_epdu'", "or a file that ends in .toml"),
        ("", "''", "one of apc_rpdu2"),
        ("nowhere.toml", "'nowhere.toml': No such file", "a map that can be read"),
        ("a\0b.toml", "null", "a map that can be read"),
    ],
)
def test_a_map_that_is_not_there_is_told_at_the_line_of_the_site(
    name: str, found: str, expected: str, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SettingsError) as told:
        maps.load(name)
    assert (told.value.key, told.value.file) == ("map", "")
    assert found in told.value.found
    assert expected in told.value.expected
    site.write_text(SITE.format(map=json.dumps(name)), encoding="utf-8")
    code, _, err = checked(site, capsys)
    assert code == 2
    assert err.startswith(f"{site}:6: source.map: found ")


def test_a_map_that_is_no_text_is_told(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site.with_name("example.toml").write_bytes(b"maker = '\xff'")
    code, _, err = checked(site, capsys)
    assert code == 2
    assert "can't decode byte 0xff" in err
    site.with_name("example.toml").unlink()
    site.with_name("example.toml").mkdir()
    assert "Is a directory" in checked(site, capsys)[2]


@pytest.mark.parametrize("coded", ["utf-8", "utf-8-sig"])
def test_a_map_may_be_a_file_of_ones_own(tmp_path: Path, coded: str) -> None:
    file = tmp_path / "my.toml"
    file.write_text(MAP, encoding=coded)
    assert maps.load(str(file)) == maps.read(MAP, "", str(file))


@pytest.mark.parametrize("name", maps.names())
def test_a_map_that_comes_with_the_program_tells_what_a_pdu_needs(name: str) -> None:
    read = maps.load(name)
    assert (read.name, bool(read.maker), bool(read.family)) == (name, True, True)
    assert {"model", "serial", "firmware"} <= set(read.device.facts)
    assert "current" in read.columns[Kind.PHASE]
    assert "on" in read.columns[Kind.OUTLET]
    assert read.on is not None
    assert read.off is not None
    assert (read.on.oid, read.on.value) != (read.off.oid, read.off.value)
    assert set(read.plan) >= {kind for kind, told in read.columns.items() if told}
    enterprise = read.device.is_[0][:7]
    assert all(pattern.fixed[:7] == enterprise for pattern in patterns(read))


def patterns(read: Map) -> Iterator[Pattern]:
    """Every OID of a map that is read from a device's own tree."""
    tolds = [one for told in read.columns.values() for several in told.values() for one in several]
    tolds += [one for told in read.limits.values() for b in told.values() for one in b.values()]
    for plan in read.plan.values():
        yield from plan.rows
        tolds += [fact.told for fact in plan.facts.values() if fact.told is not None]
        tolds += [plan.only] if plan.only is not None else []
        yield from [plan.name] if plan.name is not None else []
        yield from [plan.parent.told] if plan.parent is not None and plan.parent.told else []
    for told in tolds:
        yield from (*told.patterns, *told.lasting)


def test_there_is_a_map_for_each_of_five_makers() -> None:
    makers = {maps.load(name).maker for name in maps.names()}
    assert makers == {"APC", "Eaton", "Raritan", "Server Technology", "Vertiv"}


@pytest.mark.parametrize("name", maps.names())
def test_a_column_that_is_not_ours_is_refused_in_every_map(name: str) -> None:
    text = (PRODUCTS / f"{name}.toml").read_text("utf-8")
    lines = text.splitlines(keepends=True)
    tried, kind = 0, ""
    for number, line in enumerate(lines):
        kind = line[1:].split("]")[0] if line.startswith("[") else kind
        column = line.split(" = ")[0]
        if kind not in [k.value for k in maps.MAPPED] or column not in quantities(Kind(kind)):
            continue
        renamed = f"{column}s{line.removeprefix(column)}"
        with pytest.raises(SettingsError) as told:
            maps.read(
                "".join([*lines[:number], renamed, *lines[number + 1 :]]), f"{name}.toml", name
            )
        fault = told.value
        assert (fault.file, fault.line) == (f"{name}.toml", number + 1)
        assert (fault.key, fault.found) == (f"{kind}.{column}s", f"'{column}s'")
        assert fault.expected == f"'{column}'"
        tried += 1
    assert tried >= 15
    assert tried == sum(map(len, maps.load(name).columns.values()))
