"""The site file: what a good one gives, and every fault with its line, all at once."""

from pathlib import Path

import numpy as np
import pytest

from smartpdu.app.config import demo, load, site_from_text
from smartpdu.app.fault import ConfigError
from smartpdu.engine.house import house
from smartpdu.model.plant import Kind

GOOD = """\
[site]
name = "Test"
language = "de"

[[source]]
path = "source/A"
driver = "simulator"
interval = 0.5

[[rack]]
path = "rack1"

[[pdu]]
path = "rack1/A"
rack = "rack1"
source = "source/A"

[[feed]]
path = "rack1/A/feed"
pdu = "rack1/A"
label = "A"
rated_power = 3680

[[phase]]
path = "rack1/A/L1"
feed = "rack1/A/feed"
rated_current = 16

[[circuit]]
path = "rack1/A/circuit/1"
phase = "rack1/A/L1"
rated_current = 16
address = "9"

[[outlet]]
path = "rack1/A/outlet/1"
circuit = "rack1/A/circuit/1"

[[probe]]
path = "rack1/probe/top"
rack = "rack1"
source = "source/A"
position = "top"

[[door]]
path = "rack1/door/front"
rack = "rack1"
source = "source/A"

[[limit]]
rule = "load.circuit"
place = "rack1/A/circuit/1"
high_warning = 0.7

[[limit]]
rule = "load.circuit"
dwell = 3
"""


def line_of(text: str, words: str, nth: int = 1) -> int:
    """The line of the n-th occurrence of words in a text."""
    spot = -1
    for _ in range(nth):
        spot = text.index(words, spot + 1)
    return text.count("\n", 0, spot) + 1


def faults(text: str) -> list[tuple[int, str, str, str]]:
    """All faults of a text."""
    with pytest.raises(ConfigError) as caught:
        site_from_text(text, "site.toml")
    assert all(f.file == "site.toml" for f in caught.value.faults)
    return [(f.line, f.where, f.found, f.expected) for f in caught.value.faults]


def test_a_good_file_is_the_site_that_it_describes() -> None:
    site = site_from_text(GOOD, "site.toml")
    assert (site.name, site.language, site.file) == ("Test", "de", "site.toml")
    assert [len(site.plant.table(k)) for k in Kind] == [1] * 10
    assert site.plant.circuits.address == ("9",)
    assert site.plant.outlets.address == ("1",)
    assert site.plant.sources.interval.tolist() == [0.5]
    assert [(s.path, s.driver, s.interval, dict(s.settings)) for s in site.sources] == [
        ("source/A", "simulator", 0.5, {})
    ]
    rule = next(r for r in house(site.plant, site.overrides).rules if r.key == "load.circuit")
    assert np.array_equal(rule.limits.high_warning, [0.7])
    assert rule.limits.dwell == 3.0
    assert rule.limits.high_critical == 1.0


def test_the_demonstration_is_a_good_file() -> None:
    site = demo()
    assert len(site.plant.pdus) == 2
    assert len(site.plant.outlets) >= 40
    assert len(site.plant.probes) >= 2


def test_a_file_is_read_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert load(path).plant.outlets.path == ("rack1/A/outlet/1",)


@pytest.mark.parametrize("words", [b"\xff\xfe", None])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, words: bytes | None) -> None:
    path = tmp_path / "site.toml"
    if words is not None:
        path.write_bytes(words)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert [f.file for f in caught.value.faults] == [str(path)]
    expected = "a file to read" if words is None else "UTF-8 text"
    assert [f.expected for f in caught.value.faults] == [expected]


def test_broken_toml_is_told_with_its_line() -> None:
    text = GOOD.replace('label = "A"', "label = A")
    assert [(f[0], f[1]) for f in faults(text)] == [(line_of(text, "label"), "TOML")]


@pytest.mark.parametrize(
    ("old", "new", "where", "found", "expected"),
    [
        ("rated_power", "rated_pover", "feed.rated_pover", "an unknown key", "'rated_power'"),
        ("[[door]]", "[[doors]]", "doors", "an unknown table", "'door'"),
        ("rated_power = 3680", 'rated_power = "3680"', "feed.rated_power", "'3680'", "a number"),
        ("rated_power = 3680", "rated_power = true", "feed.rated_power", "True", "a number"),
        ("rated_power = 3680", "rated_power = -1", "feed.rated_power", "-1", "a number above 0"),
        ("rated_power = 3680", "rated_power = nan", "feed.rated_power", "nan", "a number above 0"),
        ("rated_power = 3680", "rated_power = inf", "feed.rated_power", "inf", "a number above 0"),
        ('label = "A"', "label = 1", "feed.label", "1", "text"),
        ('circuit = "rack1/A/circuit/1"', 'circuit = "no"', "outlet.circuit", "'no'", "circuits"),
        ('phase = "rack1/A/L1"', 'phase = "rack1"', "circuit.phase", "'rack1'", "phases"),
        ('"rack1/A/outlet/1"', '"rack1/A"', "outlet.path", "'rack1/A'", "nothing else has"),
        ('"rack1/A/outlet/1"', '"a//b"', "outlet.path", "'a//b'", "names joined by /"),
        ('"rack1/A/L1"\nfeed', '"rack1/A/L4"\nfeed', "phase.line", "0", "1, 2 or 3"),
        (
            'driver = "simulator"',
            'driver = "simulater"',
            "source.driver",
            "'simulater'",
            "'simulator'",
        ),
        ("interval = 0.5", "interval = 0.19", "source.interval", "0.19", "0.2 s or more"),
        ("interval = 0.5", "interval = 0", "source.interval", "0", "a number above 0"),
        ("interval = 0.5", "interval = 1\ncolor = 1", "source.color", "unknown", ""),
        ('language = "de"', 'language = "fr"', "site.language", "'fr'", "one of en, de"),
        ('rule = "load.circuit"', 'rule = "load.circit"', "limit.rule", "", "'load.circuit'"),
        ('place = "rack1/A/circuit/1"', 'place = "rack1"', "limit.place", "'rack1'", "watches"),
        (
            'place = "rack1/A/circuit/1"',
            'place = "rack1/A/circut/1"',
            "limit.place",
            "'rack1/A/circut/1'",
            "one of the circuits, which load.circuit watches, as 'rack1/A/circuit/1'",
        ),
        ("high_warning = 0.7", "high_warnin = 0.7", "limit.high_warnin", "", "'high_warning'"),
        ("high_warning = 0.7", "high_warning = nan", "limit.high_warning", "nan", "a number"),
        ("high_warning = 0.7", "high_warning = 1.2", "limit", "cross", "high_warning <="),
        ("high_warning = 0.7", "dwell = 1", "limit.place", "rack1/A/circuit/1", "all places"),
        ("high_warning = 0.7\n", "", "limit", "no value", "one of low_critical"),
        ("dwell = 3", "dwell = -3", "limit.dwell", "-3.0", "0 or a number above 0"),
    ],
)
def test_a_fault_is_told_with_its_line_what_was_found_and_what_is_expected(
    old: str, new: str, where: str, found: str, expected: str
) -> None:
    assert GOOD.count(old) >= 1
    text = GOOD.replace(old, new, 1)
    told = [f for f in faults(text) if f[1] == where]
    assert len(told) == 1, faults(text)
    line, _, was, wanted = told[0]
    assert found in was
    assert expected in wanted
    key = where.rsplit(".", maxsplit=1)[-1]
    spot = text.splitlines()[line - 1]
    absent = ("line", "limit")  # told at the table, since the key is not there
    assert spot.startswith((key, f"[[{key}")) or (key in absent and spot.startswith("[[")), spot


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ('path = "rack1/A/outlet/1"\n', "outlet.path"),
        ('label = "A"\n', "feed.label"),
        ("rated_power = 3680\n", "feed.rated_power"),
        ('driver = "simulator"\n', "source.driver"),
    ],
)
def test_a_missing_key_is_told_at_its_table_and_only_once(line: str, where: str) -> None:
    text = GOOD.replace(line, "", 1)
    table = where.split(".", maxsplit=1)[0]
    assert [f[:3] for f in faults(text)] == [(line_of(text, f"[[{table}]]"), where, "nothing")]


def test_all_faults_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = (
        GOOD.replace('driver = "simulator"', 'driver = "x"')
        .replace("rated_power = 3680", "rated_power = -3")
        .replace("rated_current = 16\naddress", "rated_curent = 16\naddress")
        .replace('circuit = "rack1/A/circuit/1"', 'circuit = "rack1/A/circuit/2"')
        .replace("dwell = 3", "dwell = -3")
    )
    told = faults(text)
    assert [f[0] for f in told] == sorted(f[0] for f in told)
    assert {f[1] for f in told} == {
        "source.driver",
        "feed.rated_power",
        "circuit.rated_curent",
        "circuit.rated_current",
        "outlet.circuit",
        "limit.dwell",
    }


def test_a_mistake_in_one_row_is_not_told_of_those_that_refer_to_it() -> None:
    text = GOOD.replace("rated_current = 16\naddress", 'rated_current = "16"\naddress')
    assert [f[1] for f in faults(text)] == ["circuit.rated_current"]


def test_a_second_value_for_one_limit_is_refused() -> None:
    text = f'{GOOD}\n[[limit]]\nrule = "load.circuit"\ndwell = 4\n'
    assert [f[:2] for f in faults(text)] == [(line_of(text, "dwell", 2), "limit.dwell")]


def test_a_table_that_should_be_many_is_told() -> None:
    text = GOOD.replace("[[rack]]", "[rack]")
    assert (line_of(text, "[rack]"), "rack", "one table", "tables written [[rack]]") in faults(text)


def test_nothing_at_all_is_no_site() -> None:
    assert [f[1:3] for f in faults("")] == [("source", "none"), ("rack", "none")]


def test_numbers_that_do_not_go_together_are_told_where_they_stand() -> None:
    phase = "rated_current = 16\n\n[[circuit]]"
    text = GOOD.replace("rated_current = 16\naddress", "rated_current = 160\naddress")
    assert faults(text) == [
        (
            line_of(text, "rated_current = 160"),
            "circuit.rated_current",
            "160 on a phase of 16 A",
            "at most 20 A, a breaker that protects its phase",
        )
    ]
    text = GOOD.replace("rated_power = 3680", "rated_power = 3.68")
    assert faults(text) == [
        (
            line_of(text, "rated_power"),
            "feed.rated_power",
            "3.68 VA, and phases that carry 3680 VA",
            "368 to 5520 VA",
        )
    ]
    assert phase in GOOD
    assert [f[1] for f in faults(GOOD.replace(phase, "\n[[circuit]]"))] == ["phase.rated_current"]


@pytest.mark.parametrize("coded", ["utf-8", "utf-8-sig"])
def test_a_file_may_begin_with_the_mark_of_its_coding(tmp_path: Path, coded: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text(GOOD, encoding=coded)
    assert load(path).name == "Test"
    path.write_text(GOOD.replace("rated_power", "power"), encoding=coded)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert caught.value.faults[0].line == line_of(GOOD, "[[feed]]")


def test_a_section_of_a_driver_is_checked_against_the_plant_with_its_line() -> None:
    text = f'{GOOD}\n[twin]\nseed = 1\n\n[[twin.server]]\ncords = ["rack1/A/outlet/2"]\n'
    assert [f[:3] for f in faults(text)] == [
        (line_of(text, "cords"), "twin.server[1].cords", "'rack1/A/outlet/2'")
    ]


def test_a_section_that_is_no_table_is_told() -> None:
    text = f"twin = 3\nsite = 4\n{GOOD[GOOD.index('[[source]]') :]}"
    assert [f[:3] for f in faults(text)] == [(1, "twin", "3"), (2, "site", "4")]


def test_a_driver_that_is_no_text_and_a_rule_that_is_none_are_told_once() -> None:
    text = GOOD.replace('driver = "simulator"', "driver = 3")
    text = text.replace('rule = "load.circuit"', "rule = 4", 1)
    assert [f[1:3] for f in faults(text)] == [("source.driver", "3"), ("limit.rule", "4")]


OWN = """\
maker = "Example"
family = "Series 1"
speaks = "snmp"
[device]
is = ["1.3.6.1.4.1.32473.1"]
[phases]
current = { oid = "1.3.6.1.4.1.32473.2.1.{}", unit = "A" }
"""


@pytest.mark.parametrize("there", ["own.toml", "maps/own.toml", "absolute"])
def test_files_that_a_site_names_are_looked_for_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str
) -> None:
    room, elsewhere = tmp_path / "room", tmp_path / "elsewhere"
    elsewhere.mkdir()
    name = str(room / "own.toml") if there == "absolute" else there
    (room / name).parent.mkdir(parents=True, exist_ok=True)
    (room / name).write_text(OWN, encoding="utf-8")
    source = f'[[source]]\npath = "s"\ndriver = "snmp"\naddress = "192.0.2.1"\nmap = "{name}"\n'
    text = f'{source}community = "public"\n{GOOD}'
    text += '[[twin.server]]\nkind = "replay"\nreplay = "power.csv"\nreplay_columns = ["w"]\n'
    text += 'cords = ["rack1/A/outlet/1"]\n'
    (room / "site.toml").write_text(text, encoding="utf-8")
    (room / "power.csv").write_text("t_s,w\n0,1\n9,1\n")
    for folder in (room, elsewhere):
        monkeypatch.chdir(folder)
        assert load(room / "site.toml").sources[0].settings["map"] == str(room / name)
    assert load(Path("../room/site.toml")).sources[0].path == "s"
    (elsewhere / "power.csv").write_text("t_s,w\n0,1\n9,1\n")
    (room / "power.csv").unlink()
    with pytest.raises(ConfigError, match=r"room/power\.csv"):
        load(room / "site.toml")


SNMP = """
[[source]]
path = "source/B"
driver = "snmp"
address = "192.0.2.1"
map = "apc_rpdu2"
community = "public"

[[rack]]
path = "rack2"

[[pdu]]
path = "rack2/A"
rack = "rack2"
source = "source/B"

[[feed]]
path = "rack2/A/feed"
pdu = "rack2/A"
label = "A"
rated_power = 3680

[[phase]]
path = "rack2/A/L1"
feed = "rack2/A/feed"
rated_current = 16

[[circuit]]
path = "rack2/A/circuit/1"
phase = "rack2/A/L1"
rated_current = 16

[[outlet]]
path = "rack2/A/outlet/1"
circuit = "rack2/A/circuit/1"
"""


@pytest.mark.parametrize(
    ("kind", "end"),
    [
        ("", "outlet/1"),
        ("cord_pulled", "/A/outlet/1"),
        ("breaker_trip", "/A/circuit/1"),
        ("feed_loss", "/A/feed"),
        ("phase_loss", "/A/L1"),
        ("hot_air", ""),
        ("silent_source", "source/"),
    ],
)
def test_a_cord_or_a_fault_where_no_source_of_the_twin_looks_is_refused(
    kind: str, end: str
) -> None:
    def twin(rack: str, source: str) -> str:
        if not kind:
            return f'{GOOD}{SNMP}\n[[twin.server]]\ncords = ["{rack}/A/outlet/1"]\n'
        place = f"{end}{source}" if end == "source/" else f"{rack}{end}"
        return f'{GOOD}{SNMP}\n[[twin.fault]]\nat = 1\nkind = "{kind}"\nplace = "{place}"\n'

    assert site_from_text(twin("rack1", "A"), "site.toml")
    text, key = twin("rack2", "B"), "place" if kind else "cords"
    [(line, where, found, expected)] = faults(text)
    table = "fault" if kind else "server"
    assert (line, where) == (
        text.count("\n", 0, text.rindex(f"\n{key} =")) + 2,
        f"twin.{table}[1].{key}",
    )
    assert found.startswith("'")
    assert expected == "a place that a source of the driver simulator reads"


def phased(*lines: str) -> str:
    """The good site with one more phase of its feed for each of these lines."""
    text = GOOD.replace("3680", f"{3680 * (1 + len(lines))}")
    for number, line in enumerate(lines, 2):
        text += f'\n[[phase]]\npath = "rack1/A/P{number}"\nfeed = "rack1/A/feed"\n'
        text += f"rated_current = 16\nline = {line}\n"
    return text


def test_phases_of_one_feed_that_share_a_line_are_refused() -> None:
    for lines in ((), ("2",), ("3",), ("2", "3"), ("3", "2")):
        assert site_from_text(phased(*lines), "site.toml")
    alone = GOOD.replace('"rack1/A/L1"\nfeed', '"rack1/A/L1"\nline = 2\nfeed')
    assert site_from_text(alone, "site.toml").plant.phases.line.tolist() == [1]  # on L2 alone
    text = phased("2", "2")
    other = "2, which rack1/A/P2 has already"
    told = (
        line_of(text, "line = 2", 2),
        "phase.line",
        other,
        "another line for each phase of a feed",
    )
    assert faults(text) == [told]
    text = phased("1")
    assert faults(text)[0][2] == "1, which rack1/A/L1 has already"


def test_a_site_without_a_name_is_called_as_its_racks() -> None:
    bare = GOOD.replace('name = "Test"\n', "")
    assert site_from_text(bare, "site.toml").name == "rack1"
    named = bare.replace('path = "rack1"\n', 'path = "rack1"\nname = "Row 7"\n', 1)
    many = [named + "".join(f'[[rack]]\npath = "r{n}"\n' for n in range(m)) for m in (1, 4)]
    assert [site_from_text(text, "site.toml").name for text in many] == ["Row 7, r0", "Row 7 to r3"]
