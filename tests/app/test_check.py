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

    def address(name: str) -> int:
        return lines.index(f'address = "127.0.0.1:{ports[name]}"') + 1

    def place(name: str, end: str, further: int = 0) -> int:
        return lines.index(f'path = "rack1/{name}/{end}"') + 1 + further

    assert (code, out) == (2, "")
    silent = "No SNMP response received before timeout"
    for said, (line, where, found) in zip(
        err.splitlines(),
        [
            (address("B"), "source.address", silent),
            (address("C"), "source.address", silent),
            (address("D"), "source.address", "1.3.6.1.4.1.9, which the map apc_rpdu2 is not for"),
            (address("E"), "source.address", "found a device no sysObjectID, which the map"),
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


def test_devices_that_answer_and_have_every_row_are_well(tmp_path: Path) -> None:
    async def one() -> tuple[int, str, str]:
        async with answering(device()) as apc:
            site = '[[rack]]\npath = "rack1"\n' + SITE.format(port=apc.port, name="A")
            return await asyncio.to_thread(checked, path, site)

    path = tmp_path / "site.toml"
    said = f"{path}: 1 racks, 1 PDUs, 2 outlets, 1 sources: all well\n"
    assert asyncio.run(one()) == (0, said, "")


@pytest.mark.parametrize("wrong", ["one", "1.x", "1..2"])
def test_an_address_that_does_not_fit_the_map_is_told(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "site.toml"
    site = SITE.format(port=9, name="A").replace('"2"', f'"{wrong}"')
    code, out, err = checked(path, '[[rack]]\npath = "rack1"\n' + site)
    assert (code, out) == (2, "")
    assert f"outlet.address: found {wrong!r}, expected numbers such as" in err
