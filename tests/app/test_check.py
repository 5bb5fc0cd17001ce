"""`smartpdu check` asks the devices: who does not answer, or lacks a row, is told at its line."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from device import Device, answering, oid
from pysnmp.proto.api import v2c

from smartpdu.app.check import check

R = "1.3.6.1.4.1.318.1.1.26"
SITE = """\
[[source]]
path = "source/{name}"
driver = "snmp"
map = "apc_rpdu2"
community = "public"
timeout = 0.3
retries = 0
address = "127.0.0.1:{port}"
[[pdu]]
path = "rack1/{name}"
rack = "rack1"
source = "source/{name}"
[[feed]]
path = "rack1/{name}/feed"
pdu = "rack1/{name}"
label = "{name}"
rated_power = 3680
address = "none"
[[phase]]
path = "rack1/{name}/L1"
feed = "rack1/{name}/feed"
rated_current = 16
address = "1"
[[circuit]]
path = "rack1/{name}/circuit/1"
phase = "rack1/{name}/L1"
rated_current = 16
address = "none"
[[outlet]]
path = "rack1/{name}/outlet/1"
circuit = "rack1/{name}/circuit/1"
[[outlet]]
path = "rack1/{name}/outlet/2"
circuit = "rack1/{name}/circuit/1"
address = "2"
"""


def device() -> Device:
    """One phase and three outlets of an APC."""
    values = {oid("1.3.6.1.2.1.1.2.0"): v2c.ObjectIdentifier("1.3.6.1.4.1.318.1.3.4.6")}
    values[oid(f"{R}.6.3.1.5.1")] = v2c.Integer32(31)
    values |= {oid(f"{R}.9.2.3.1.5.{n}"): v2c.Integer32(2) for n in (1, 2, 3)}
    return Device(values)


def checked(path: Path, site: str) -> tuple[int, str, str]:
    path.write_text(site, encoding="utf-8")
    out, err = StringIO(), StringIO()
    code = check(path, False, out, err)
    return code, out.getvalue(), err.getvalue()


@dataclass(frozen=True, slots=True)
class Asked:
    """A PDU of the site: how its device answers, and how its tables differ."""

    manner: str = "honest"
    values: tuple[tuple[str, Any], ...] = ()  # changed ones of the device; None takes one away
    site: tuple[tuple[str, str], ...] = ()  # what stands in its tables, and what stands instead


PDUS = {
    "A": Asked(),
    "B": Asked("silent"),
    "C": Asked("garbage"),
    "D": Asked(values=(("1.3.6.1.2.1.1.2.0", v2c.ObjectIdentifier("1.3.6.1.4.1.9")),)),
    "E": Asked(values=(("1.3.6.1.2.1.1.2.0", None),)),
    "F": Asked(site=(('"1"', '"7"'), ('"2"', '"8"'), ("outlet/1", "outlet/9"))),
    "G": Asked(values=((f"{R}.9.2.3.1.5.1", None),), site=(('"1"', '"7"'),)),
}


async def told_of_all(path: Path) -> tuple[str, dict[str, int], tuple[int, str, str]]:
    """A site of all these PDUs, their ports, and what check says while they answer."""
    async with AsyncExitStack() as stack:
        text, ports = '[[rack]]\npath = "rack1"\n', {}
        for name, asked in PDUS.items():
            made = device()
            made.manner = asked.manner
            for place, value in asked.values:
                made.values = {k: v for k, v in made.values.items() if k != oid(place)}
                made.values |= {} if value is None else {oid(place): value}
            ports[name] = (await stack.enter_async_context(answering(made))).port
            tables = SITE
            for there, instead in asked.site:
                assert there in tables
                tables = tables.replace(there, instead)
            text += tables.format(port=ports[name], name=name)
        return text, ports, await asyncio.to_thread(checked, path, text)


def test_what_is_wrong_with_a_device_is_told_at_its_line_and_hides_nothing(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    text, ports, (code, out, err) = asyncio.run(told_of_all(path))
    lines = text.splitlines()

    def address(name: str, further: int = 0) -> int:
        return lines.index(f'address = "127.0.0.1:{ports[name]}"') + 1 + further

    def place(name: str, end: str, further: int = 0) -> int:
        return lines.index(f'path = "rack1/{name}/{end}"') + 1 + further

    assert (code, out) == (2, "")
    silent = "No SNMP response received before timeout"
    for said, (line, where, found) in zip(
        err.splitlines(),
        [
            (address("B"), "source.address", silent),
            (address("C"), "source.address", silent),
            (address("D", -4), "source.map", "'apc_rpdu2', expected a map for the device 1.3.6.1"),
            (address("E", -4), "source.map", "expected a map for the device no sysObjectID"),
            (address("F"), "source.address", "the device tells none of the mapped values"),
            (place("G", "L1", 3), "phase.address", "'7' of rack1/G/L1, expected the address of"),
            (place("G", "outlet/1", -1), "outlet.address", "'1' of rack1/G/outlet/1"),
        ],
        strict=True,
    ):
        assert said.startswith(f"{path}:{line}: {where}: found ")
        assert found in said
        if where == "source.address":
            assert said.endswith("expected a device that answers")


async def asked_of(path: Path, made: Device, site: str = SITE) -> tuple[int, str, str]:
    """What check says of a site with one PDU."""
    async with answering(made) as apc:
        text = '[[rack]]\npath = "rack1"\n' + site.format(port=apc.port, name="A")
        return await asyncio.to_thread(checked, path, text)


def test_another_serial_number_is_told_at_its_line_with_both(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    made = device()
    made.values[oid("1.3.6.1.4.1.318.1.1.26.2.1.9.1")] = v2c.OctetString(b"5A1234")
    site = SITE.replace("retries = 0\n", 'retries = 0\nserial = "5A9999"\n')
    code, out, err = asyncio.run(asked_of(path, made, site))
    assert (code, out) == (2, "")
    line = path.read_text().splitlines().index('serial = "5A9999"') + 1
    told = "source.serial: found serial number '5A1234' at the device, expected '5A9999'"
    assert err == f"{path}:{line}: {told}\n"


def test_a_voltage_that_is_not_the_nominal_one_is_a_note(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    voltage = oid(f"{R}.6.3.1.6.1")
    for volts, noted in ((118, True), (230, False), (210, False), (0, False), (254, True)):
        made = device()
        made.values[voltage] = v2c.Integer32(volts)
        code, out, err = asyncio.run(asked_of(path, made))
        assert (code, err) == (0, "")
        line = path.read_text().splitlines().index('path = "rack1/A/L1"')
        note = "phase.nominal_voltage of rack1/A/L1: 230 V, and"
        told = f"{path}:{line}: note: {note} {volts:.1f} V measured\n"
        assert out.startswith(told) is noted
        assert out.endswith("well, with 1 note\n" if noted else ": all well\n")


def test_a_value_that_is_not_told_as_the_map_says_is_named(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    made = device()
    made.values[oid(f"{R}.9.2.3.1.5.1")] = v2c.Integer32(7)  # neither on nor off
    code, out, _ = asyncio.run(asked_of(path, made))
    assert code == 0
    assert "note: outlet.address of rack1/A/outlet/1: on is not told, or not as the map" in out
    assert "outlet/2" not in out


def test_a_value_that_the_device_tells_of_other_places_only_is_named(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    made = device()
    made.values[oid(f"{R}.9.4.3.1.6.2")] = v2c.Integer32(5)
    code, out, _ = asyncio.run(asked_of(path, made))
    assert code == 0
    assert [line.split("note: ")[1] for line in out.splitlines() if "note: " in line] == [
        "outlet.address of rack1/A/outlet/1: current is not told, or not as the map says: a value "
        "is missing"
    ]


@pytest.mark.parametrize(
    ("labels", "noted"), [("A", False), ("AA", True), ("AB", False), ("AAA", True), ("AAB", False)]
)
def test_feeds_of_a_rack_that_all_stand_on_one_side_are_a_note(
    tmp_path: Path, labels: str, noted: bool
) -> None:
    path = tmp_path / "site.toml"
    text = '[[rack]]\npath = "rack1"\n'
    for number, label in enumerate(labels):
        own = SITE.replace('label = "{name}"', f'label = "{label}"')
        text += own.format(port=161 + number, name=f"P{number}")
    path.write_text(text, encoding="utf-8")
    out, err = StringIO(), StringIO()
    assert check(path, True, out, err) == 0
    found = f"'A' like all {len(labels)} feeds of rack1: none carries for another"
    assert (found in out.getvalue()) is noted
    last = [n for n, line in enumerate(text.splitlines(), 1) if line.startswith("label")][-1]
    assert out.getvalue().startswith(f"{path}:{last}: note: feed.label of rack1/P") is noted
    assert out.getvalue().endswith("well, with 1 note\n" if noted else ": all well\n")


OWN = """\
maker = "Example"
family = "Series 1"
speaks = "snmp"
[device]
is = ["1.3.6.1.4.1.32473.1"]
[phases]
voltage = { oid = "1.3.6.1.4.1.32473.2.1.{1}", unit = "V" }
current = { oid = "1.3.6.1.4.1.32473.2.2.{}", unit = "A" }
[outlets]
on = { oid = "1.3.6.1.4.1.32473.3.1.{}", words = { 1 = 0, 2 = 1 } }
[switch]
on = { oid = "1.3.6.1.4.1.32473.3.2.{}", value = 1 }
off = { oid = "1.3.6.1.4.1.32473.3.2.{}", value = 2 }
"""


@pytest.mark.parametrize(
    ("there", "instead", "found"),
    [
        ("", "", ""),  # a voltage may be that of many
        ("2.2.{}", "2.2.{1}", "phase.address: found '1.2', of which the map {map} has current at"),
        ("3.1.{}", "3.1.{1}", "outlet.address: found '1.2', of which the map {map} has on at"),
        ("3.2.{}", "3.2.{1}", "outlet.address: found '1.2', of which the map {map} has the order"),
        ("3.2.{}", "3.2.{3}", "outlet.address: found '1.1', expected numbers such as 1.2"),
    ],
)
def test_rows_that_a_map_would_read_or_switch_as_one_are_refused(
    tmp_path: Path, there: str, instead: str, found: str
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(OWN.replace(there, instead), encoding="utf-8")
    second = '[[phase]]\npath = "rack1/A/L2"\nfeed = "rack1/A/feed"\nrated_current = 16\n'
    site = SITE.replace('"apc_rpdu2"', f'"{own}"').replace("3680", "7360")
    site = site.replace('address = "1"', 'address = "1.1"').replace('address = "2"', "")
    site = site.replace("outlet/1", "outlet/1.1").replace("outlet/2", "outlet/1.2")
    site = site.replace("[[circuit]]", f'{second}address = "1.2"\n[[circuit]]', 1)
    path = tmp_path / "site.toml"
    path.write_text('[[rack]]\npath = "rack1"\n' + site.format(port=161, name="A"))
    out, err = StringIO(), StringIO()
    assert check(path, True, out, err) == (2 if found else 0)
    assert found.format(map=own) in err.getvalue()


def own_rows(site: str, number: int) -> str:
    """The tables of a PDU that stands in a row of linked ones: its addresses are no other's."""
    site = site.replace('address = "1"', f'address = "{10 * number + 1}"')
    site = site.replace('address = "2"', f'address = "{10 * number + 2}"')
    return site.replace("outlet/1", f"outlet/{10 * number + 1}")


LINKED = own_rows(SITE, 7)


@pytest.mark.parametrize(
    ("other", "address", "refused"),
    [
        (SITE, "127.0.0.1:{port}", True),
        (SITE, "127.0.0.1", True),  # the port is 161 where none is named
        (SITE, "[::ffff:127.0.0.1]:{port}", True),
        (SITE, "127.0.0.2:{port}", False),
        (SITE, "127.0.0.1:162", False),
        (LINKED, "127.0.0.1:{port}", False),  # linked PDUs, each with rows of its own
        (LINKED.replace("outlet/71", "outlet/1"), "127.0.0.1:{port}", True),
        (SITE.replace('"public"', '"other"'), "127.0.0.1:{port}", True),
        (SITE.replace('"public"', '"other"\nserial = "2"'), "127.0.0.1:{port}", False),
        (SITE.replace('"public"', '"other"\nserial = "1"'), "127.0.0.1:{port}", True),
        (SITE.replace('"public"', '"public"\nserial = "2"'), "127.0.0.1:{port}", True),
    ],
)
def test_two_sources_of_one_device_are_refused_unless_something_tells_them_apart(
    tmp_path: Path, other: str, address: str, refused: bool
) -> None:
    path = tmp_path / "site.toml"
    text = '[[rack]]\npath = "rack1"\n'
    text += SITE.replace('"public"', '"public"\nserial = "1"').format(port=161, name="A")
    text += other.replace("127.0.0.1:{port}", address).format(port=161, name="B")
    path.write_text(text, encoding="utf-8")
    out, err = StringIO(), StringIO()
    assert check(path, True, out, err) == (2 if refused else 0)
    if refused:
        line = text[: text.rindex('address = "' + address.format(port=161))].count("\n") + 1
        told = f"{path}:{line}: source.address: found '"
        assert err.getvalue().startswith(told)
        assert "where source/A already has rack1/A/" in err.getvalue()
        assert len(err.getvalue().splitlines()) == 1


def test_one_device_behind_two_addresses_is_a_fault_at_both_lines(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"

    async def asked(serial: bytes, other: str) -> tuple[int, str, str]:
        made = device()
        made.values[oid(f"{R}.2.1.9.1")] = v2c.OctetString(serial)
        async with answering(made) as apc:
            text = '[[rack]]\npath = "rack1"\n' + SITE.format(port=apc.port, name="A")
            also = SITE.replace("127.0.0.1", "localhost") if other == "same" else LINKED
            text += also.replace("127.0.0.1", "localhost").format(port=apc.port, name="B")
            return await asyncio.to_thread(checked, path, text)

    code, out, err = asyncio.run(asked(b"5A1234", "same"))
    assert (code, out) == (2, "")
    lines = path.read_text(encoding="utf-8").splitlines()
    for said, name, other in zip(err.splitlines(), "AB", "BA", strict=True):
        line = next(n for n, text in enumerate(lines, 1) if f"source/{name}" in text) + 6
        assert said.startswith(f"{path}:{line}: source.address: found ")
        assert f"the device '5A1234', that source/{other} reads too" in said
    assert asyncio.run(asked(b"5A1234", "linked"))[0] == 2
    assert "'5A1234'" not in asyncio.run(asked(b"5A1234", "linked"))[2]  # rows of their own
    assert asyncio.run(asked(b"", "same"))[0] == 0  # who tells no number cannot be told apart


class Deaf(asyncio.DatagramProtocol):
    """Somebody who counts what is asked, by community, and says nothing."""

    def __init__(self) -> None:
        self.asked: dict[bool, int] = {True: 0, False: 0}

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.asked[b"public" in data] += 1


def test_many_sources_of_one_silent_device_wait_for_it_once(tmp_path: Path) -> None:
    async def counted() -> tuple[dict[bool, int], tuple[int, str, str]]:
        loop = asyncio.get_running_loop()
        transport, deaf = await loop.create_datagram_endpoint(Deaf, local_addr=("127.0.0.1", 0))
        port = transport.get_extra_info("sockname")[1]
        text = '[[rack]]\npath = "rack1"\n'
        for number, name in enumerate("ABCDE"):
            text += own_rows(SITE, number).format(port=port, name=name)
        text += own_rows(SITE, 9).replace("public", "private").format(port=port, name="F")
        said = await asyncio.to_thread(checked, tmp_path / "site.toml", text)
        transport.close()
        return deaf.asked, said

    asked, (code, out, err) = asyncio.run(counted())
    assert (code, out) == (2, "")
    assert err.count("No SNMP response received before timeout") == len(err.splitlines()) == 6
    assert asked == {True: 1, False: 1}  # who asks otherwise may be heard


def test_devices_that_answer_and_have_every_row_are_well(tmp_path: Path) -> None:
    async def one() -> tuple[int, str, str]:
        async with answering(device()) as apc:
            site = '[[rack]]\npath = "rack1"\n' + SITE.format(port=apc.port, name="A")
            return await asyncio.to_thread(checked, path, site)

    path = tmp_path / "site.toml"
    said = f"{path}: 1 rack, 1 PDU, 2 outlets, 1 source: all well\n"
    assert asyncio.run(one()) == (0, said, "")


@pytest.mark.parametrize("wrong", ["one", "1.x", "1..2"])
def test_an_address_that_does_not_fit_the_map_is_told(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "site.toml"
    site = SITE.format(port=9, name="A").replace('"2"', f'"{wrong}"')
    code, out, err = checked(path, '[[rack]]\npath = "rack1"\n' + site)
    assert (code, out) == (2, "")
    assert f"outlet.address: found {wrong!r}, expected numbers such as" in err


def limited(path: Path, *limits: str) -> tuple[int, str, str]:
    """What check says offline of a site with these tables [[limit]]."""
    text = '[[rack]]\npath = "rack1"\n' + SITE.format(port=161, name="A")
    for limit in limits:
        rule, *lines = limit.split(";")
        text += "\n".join(["[[limit]]", f'rule = "{rule}"', *lines, ""])
    path.write_text(text, encoding="utf-8")
    out, err = StringIO(), StringIO()
    return check(path, True, out, err), out.getvalue(), err.getvalue()


@pytest.mark.parametrize(
    ("limit", "key", "expected"),
    [
        ("residual.feed;high_warning = 10;high_critical = 30", "high_warning", "at most 3 A: ten"),
        ("residual.feed;high_warning = 0", "high_warning", "above 0 and at most 3 A"),
        ("residual.feed;high_warning = 0.004", "", "it would never clear"),
        ("climate.temperature;hysteresis = 50", "hysteresis", "bounds of climate.temperature fur"),
        ("climate.temperature;hysteresis = 4.5", "hysteresis", "it would never clear"),
        ("climate.temperature;high_warning = 300;high_critical = 350", "high_warning", "at most 1"),
        ("climate.humidity;high_critical = 101", "high_critical", "above 0 and at most 100 %"),
        ("load.circuit;high_critical = 20", "high_critical", "above 0 and at most 2: above twice"),
        ("load.circuit;hysteresis = 0.8", "hysteresis", "it would never clear"),
        ("breaker.open;low_critical = -1", "low_critical", "at least 0 and below 1 on/off"),
        ("breaker.open;low_critical = 1", "low_critical", "at least 0 and below 1 on/off"),
        ("breaker.open;hysteresis = 1", "hysteresis", "it would never clear"),
        ("supply.feed;low_critical = -5", "low_critical", "at least 0 and below 2"),
        ("cord.unplugged;high_warning = 2", "high_warning", "above 0 and at most 1 on/off"),
        ("gaps.silent;high_warning = 1e9;high_critical = 1e9", "high_warning", "at most 300"),
        ("gaps.missing;high_critical = 2", "high_critical", "above 0 and at most 1"),
        ("recording.failing;high_critical = 1e12", "high_critical", "at most 3600 s"),
        ("load.circuit;dwell = 1e9", "dwell", "at most 86400 s, a day"),
        ("load.circuit;dwell_critical = 86401", "dwell_critical", "at most 86400 s, a day"),
        ("load.circuit;release = 1e9", "release", "at most 86400 s, a day"),
        ("load.circuit;place = 'rack1/A/circuit/1';high_critical = 20", "high_critical", "at mos"),
        ("load.circuit;place = 'rack1/A/circuit/1';high_warning = 0.01", "", "never clear"),
    ],
)
def test_a_limit_that_would_silence_a_rule_or_never_end_an_alarm_is_refused(
    tmp_path: Path, limit: str, key: str, expected: str
) -> None:
    path = tmp_path / "site.toml"
    code, out, err = limited(path, limit)
    assert (code, out) == (2, "")
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next(
        n for n, text in enumerate(lines, 1) if text.startswith(f"{key} =" if key else "[[limit")
    )
    told = err.splitlines()[0]
    assert told.startswith(f"{path}:{line}: limit{key and '.'}{key}: found ")
    assert expected in told


def test_a_limit_that_is_far_looser_than_usual_or_waits_long_is_a_note(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    for limit, note in (
        ("residual.feed;high_warning = 0.2", "high_warning of residual.feed: 0.2 A, far looser"),
        ("residual.feed;high_warning = 0.1", ""),
        ("residual.feed;high_critical = 3", "high_critical of residual.feed: 3 A, far looser"),
        ("climate.temperature;high_critical = 80", "of climate.temperature: 80 °C, far looser"),
        ("climate.temperature;high_critical = 50", ""),
        ("climate.temperature;low_critical = -20;low_warning = 0", "low_critical of climate.tem"),
        ("supply.feed;low_critical = 0", "low_critical of supply.feed: 0, far looser"),
        ("supply.feed;low_critical = 0.05", ""),
        ("breaker.open;low_critical = 0", ""),
        ("load.circuit;dwell = 7200", "dwell of load.circuit: 7200 s: it is told so much later"),
        ("load.circuit;dwell = 600", ""),
        ("gaps.silent;high_critical = 200", "high_critical of gaps.silent: 200, far looser"),
    ):
        code, out, err = limited(path, limit)
        assert (code, err) == (0, ""), limit
        notes = [line for line in out.splitlines() if "note: " in line]
        assert len(notes) == (1 if note else 0), limit
        assert all(f"note: limit.{note}" in line or note in line for line in notes)


def test_limits_are_judged_together_in_whatever_order_they_stand(tmp_path: Path) -> None:
    wide = (
        "climate.temperature;low_critical = 0;low_warning = 5;high_warning = 40;high_critical = 45"
    )
    calm = "climate.temperature;hysteresis = 8"
    for several in ((wide, calm), (calm, wide)):
        assert limited(tmp_path / "site.toml", *several)[0] == 0


def test_a_feed_without_a_phase_is_a_note(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    bare = SITE[: SITE.index("[[phase]]")].format(port=161, name="A")
    path.write_text('[[rack]]\npath = "rack1"\n' + bare, encoding="utf-8")
    out, err = StringIO(), StringIO()
    assert (check(path, True, out, err), err.getvalue()) == (0, "")
    line = path.read_text(encoding="utf-8").splitlines().index('path = "rack1/A/feed"') + 1
    assert out.getvalue().startswith(
        f"{path}:{line}: note: feed.path of rack1/A/feed: no [[phase]]"
    )
    assert "feed.path" not in limited(path)[1]


def test_the_address_of_who_does_not_answer_is_said_once(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    code, _, err = checked(path, '[[rack]]\npath = "rack1"\n' + SITE.format(port=9, name="A"))
    assert code == 2
    assert err.count("127.0.0.1") == 1
