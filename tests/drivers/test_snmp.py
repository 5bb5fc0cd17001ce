"""An SNMP PDU as a source: read by its map, known again, switched once, never mistaken."""

import asyncio
from math import isnan
from pathlib import Path
from random import Random
from time import monotonic, time
from typing import Any

import pytest
from device import Device, answering, oid, recording
from pysnmp.proto.api import v2c

from smartpdu.app.cli import main
from smartpdu.app.config import site_from_text
from smartpdu.app.discover import Wish, written
from smartpdu.drivers import snmp
from smartpdu.drivers.access import Switchboard, access
from smartpdu.drivers.agent import Agent
from smartpdu.drivers.source import Ports, SettingsError, SourceError, Wanted
from smartpdu.drivers.survey import Unrecognised, surveyed
from smartpdu.model.command import Priority, SwitchOutlet
from smartpdu.model.plant import part

APC = "recordings/lextudio-apc-8641.snmprec"
R = "1.3.6.1.4.1.318.1.1.26"
STATE, CONTROL = f"{R}.9.2.3.1.5", f"{R}.9.2.4.1.5"
CURRENT = f"{R}.9.4.3.1.6"


def settings(device: Device, **more: Any) -> dict[str, Any]:
    where = {"address": f"127.0.0.1:{device.port}", "community": "public"}
    return {**where, "timeout": 1.0, "retries": 0, **more}


async def discovered(device: Device, pdu: str = "A") -> str:
    """The site file for a device."""
    wish = Wish(settings(device), None, "r", pdu)
    agent = Agent(access(wish.settings), Switchboard())
    try:
        return written(await surveyed(agent), wish)
    finally:
        agent.close()


def opened(text: str, **changed: Any) -> snmp.Pdu:
    """The first source of a site, with some settings changed."""
    site = site_from_text(text, "site.toml")
    first = site.sources[0]
    ports = Ports(time, monotonic, pytest.fail, Random(1))
    own = part(site.plant, 0)
    given = {**first.settings, **changed}
    return snmp.open_source(Wanted(first.path, given, own, site.plant, {}, {}, ports))


def obedient(device: Device) -> None:
    """Let the relays of an APC move as they are told: 1 is on in the order, 2 in the state."""

    def obey(name: tuple[int, ...], value: int) -> None:
        state = oid(f"{STATE}.{name[-1]}")
        device.values[state] = v2c.Integer32({1: 2, 2: 1}[value])

    device.obey = obey


@pytest.fixture
def apc(data: Path) -> Device:
    device = Device(recording(data / APC))
    obedient(device)
    return device


async def test_what_is_absent_or_nonsense_is_a_gap_and_counted_and_the_rest_goes_on(
    apc: Device,
) -> None:
    async with answering(apc):
        pdu = opened(await discovered(apc))
        well = await pdu.read()
        whole = len(snmp_cells(pdu))
        del apc.values[oid(f"{CURRENT}.1")]
        apc.values[oid(f"{CURRENT}.2")] = v2c.OctetString(b"a lot")
        apc.values[oid(f"{CURRENT}.3")] = v2c.ObjectIdentifier("1.3.6.1")
        apc.values[oid(f"{CURRENT}.4")] = v2c.Integer32(-1)  # no reading, says the maker
        apc.values[oid(f"{STATE}.5")] = v2c.Integer32(77)
        apc.values[oid(f"{CURRENT}.6")] = v2c.OctetString(b" 12 ")  # a number, told as text
        now = await pdu.read()
        await pdu.close()

    assert well.sources.missing[0] == 0
    assert [isnan(value) for value in now.outlets.current[:6]] == [True] * 4 + [False] * 2
    assert now.outlets.current[5] == pytest.approx(1.2)
    assert isnan(now.outlets.on[4])
    assert now.outlets.active_power.tolist() == well.outlets.active_power.tolist()
    assert now.sources.missing[0] == pytest.approx(4 / whole)


def snmp_cells(pdu: snmp.Pdu) -> set[int]:
    known = pdu._known
    assert known is not None
    return known.told


@pytest.mark.parametrize("manner", ["silent", "garbage", "stray", "scrambled"])
async def test_a_device_without_a_usable_answer_is_silent_until_it_has_one(
    apc: Device, manner: str
) -> None:
    async with answering(apc):
        pdu = opened(await discovered(apc))
        apc.manner = manner
        with pytest.raises(SourceError):
            await pdu.read()
        apc.manner = "honest"
        assert (await pdu.read()).sources.missing[0] == 0
        await pdu.close()


async def test_another_device_at_the_address_is_neither_read_nor_switched(
    apc: Device, data: Path
) -> None:
    async with answering(apc):
        text = await discovered(apc)
        pdu = opened(text)
        await pdu.read()
        apc.values[oid(f"{R}.2.1.9.1")] = v2c.OctetString(b"ANOTHER")
        apc.values[oid("1.3.6.1.2.1.1.3.0")] = v2c.TimeTicks(5)  # it is new here
        with pytest.raises(
            SourceError, match="expected serial number '3F3452A52295', the device says 'ANOTHER'"
        ):
            await pdu.read()
        with pytest.raises(SourceError, match="serial"):
            await pdu.obey(order("r/A/outlet/3", on=False))
        assert apc.orders == []
        apc.values = recording(data / "recordings/eatonpdu_2.snmprec")
        with pytest.raises(SourceError, match="which the map apc_rpdu2 is not for"):
            await pdu.read()
        await pdu.close()


def order(place: str, on: bool) -> SwitchOutlet:
    return SwitchOutlet("id", place, on, "olga", Priority.PERSON)


async def test_an_order_moves_the_outlet_that_was_meant_and_no_other(apc: Device) -> None:
    async with answering(apc):
        pdu = opened(await discovered(apc))
        before = (await pdu.read()).outlets.on.tolist()
        await pdu.obey(order("r/A/outlet/7", on=False))
        after = (await pdu.read()).outlets.on.tolist()
        await pdu.obey(order("r/A/outlet/7", on=True))
        again = (await pdu.read()).outlets.on.tolist()
        await pdu.close()

    assert apc.orders == [(oid(f"{CONTROL}.7"), 2), (oid(f"{CONTROL}.7"), 1)]
    assert before[6] == again[6] == 1
    assert after == [*before[:6], 0.0, *before[7:]]


async def test_an_order_that_is_refused_or_fits_nothing_did_not_happen(apc: Device) -> None:
    async with answering(apc):
        text = await discovered(apc)
        pdu = opened(text)
        for manner in ("refusing", "exceptional"):
            apc.manner = manner
            with pytest.raises(SourceError, match="refused"):
                await pdu.obey(order("r/A/outlet/7", on=False))
        with pytest.raises(SourceError, match="no outlet r/A/outlet/99"):
            await pdu.obey(order("r/A/outlet/99", on=False))
        await pdu.close()
        unread = text.replace('address = "7"', 'address = "none"')
        blind = opened(unread)
        with pytest.raises(SourceError, match="no way to switch r/A/outlet/7"):
            await blind.obey(order("r/A/outlet/7", on=False))
        await blind.close()
    assert apc.orders == []


async def test_an_order_without_an_answer_is_unclear_and_sent_once(apc: Device) -> None:
    async with answering(apc):
        pdu = opened(await discovered(apc), retries=3)
        await pdu.read()
        apc.manner = "mute"
        with pytest.raises(TimeoutError, match="not known"):
            await pdu.obey(order("r/A/outlet/7", on=False))
        assert (await pdu.read()).outlets.on[6] == 0  # it did happen: the read-back tells
        await pdu.close()
    assert apc.orders == [(oid(f"{CONTROL}.7"), 2)]


async def test_an_order_to_a_device_that_does_not_answer_surely_did_not_happen(apc: Device) -> None:
    async with answering(apc):
        pdu = opened(await discovered(apc))
        await pdu.read()
        apc.manner = "silent"
        with pytest.raises(SourceError):
            await pdu.obey(order("r/A/outlet/7", on=False))
        await pdu.close()
    assert apc.orders == []


async def test_digits_are_told_anew_after_a_restart(data: Path) -> None:
    values = recording(data / "recordings/raritan-pdu_px4.snmprec")
    device = Device(values)
    uptime, digits = oid("1.3.6.1.2.1.1.3.0"), oid("1.3.6.1.4.1.13742.6.3.5.4.1.7.1.23.1")
    async with answering(device):
        pdu = opened(await discovered(device))
        first = await pdu.read()
        values[digits] = v2c.Integer32(2)
        values[uptime] = v2c.TimeTicks(7)
        second = await pdu.read()
        await pdu.close()
    assert first.outlets.current[22] == pytest.approx(0.487)
    assert second.outlets.current[22] == pytest.approx(4.87)


async def test_a_device_without_a_map_is_told_with_what_it_says_of_itself() -> None:
    values = {
        oid("1.3.6.1.2.1.1.1.0"): v2c.OctetString(b"A toaster"),
        oid("1.3.6.1.2.1.1.2.0"): v2c.ObjectIdentifier("1.3.6.1.4.1.32473.9"),
    }
    async with answering(Device(values)) as device:
        with pytest.raises(Unrecognised, match=r"1\.3\.6\.1\.4\.1\.32473\.9 \('A toaster'\)"):
            await discovered(device)


async def test_linked_units_behind_one_address_are_refused(apc: Device) -> None:
    apc.values[oid(f"{R}.2.1.8.2")] = v2c.OctetString(b"AP8641")
    async with answering(apc):
        with pytest.raises(Unrecognised, match="several units are linked"):
            await discovered(apc)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"map": "nonsense"}, "map: found 'nonsense', expected one of apc_rpdu2,"),
        ({"map": 5}, "map: found 5"),
        ({"address": "host:0"}, "address: found 'host:0', expected HOST or HOST:PORT"),
        ({"address": "fe80::1"}, "IPv6 address in"),
        ({"colour": "red"}, "colour: found an unknown key"),
        ({"user": "u"}, "community: found both"),
        ({"community": ""}, "community"),
        ({"timeout": 0}, "timeout: found 0, expected a number from 0.1 to 20"),
        ({"retries": "2"}, "retries: found '2'"),
        ({"serial": 7}, "serial: found 7, expected text"),
    ],
)
def test_settings_that_cannot_be_used_are_told(given: dict[str, Any], told: str) -> None:
    good = {"map": "apc_rpdu2", "address": "10.0.0.1", "community": "public"}
    snmp.check(good)
    with pytest.raises(SettingsError) as refused:
        snmp.check({**good, **given})
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("6", "found '6', which r/A/outlet/6 has already, expected an address of its own"),
        ("1_0", "found '1_0', expected numbers such as 1.2, as the map apc_rpdu2 needs, or 'none'"),
        ("-1", "found '-1', expected numbers"),
        ("1. 2", "found '1. 2', expected numbers"),
        ("\u0661", "expected numbers"),
        ("4294967296", "expected numbers"),
        ("7.", "expected numbers"),
    ],
)
async def test_an_address_without_sense_or_of_another_is_told_at_its_outlet(
    apc: Device, place: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with answering(apc):
        text = await discovered(apc)
    wrong = text.replace('address = "7"', f'address = "{place}"')
    with pytest.raises(SettingsError) as refused:
        opened(wrong)
    assert told in str(refused.value)
    path = tmp_path / "site.toml"
    path.write_text(wrong, encoding="utf-8")
    line = wrong[: wrong.index(f'address = "{place}"', wrong.index("outlet/7"))].count("\n") + 1
    assert await asyncio.to_thread(main, ["check", "--offline", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"{path}:{line}: outlet.address: found ")


async def test_v3_reads_what_v2c_reads(need_program: Any, tmp_path: Path) -> None:
    """The agent is net-snmp's own, with authentication and privacy."""
    from agents import v3_agent

    async with v3_agent(need_program("snmpd"), tmp_path) as port:
        strong = {"user": "olga", "auth": "sha256", "auth_key": "auth-secret"}
        strong |= {"privacy": "aes128", "privacy_key": "privacy-secret"}
        where = {"address": f"127.0.0.1:{port}", "timeout": 1.0}
        agent = Agent(access({**where, **strong}), Switchboard())
        contact = oid("1.3.6.1.2.1.1.4.0")
        assert (await agent.values({contact[:-1]: [contact]}))[contact] == b"remote hands"
        agent.close()
        for key, value, told in (
            ("user", "otto", "Unknown USM user; look at user"),
            ("auth_key", "other-secret", "Wrong SNMP PDU digest; look at auth_key"),
            ("privacy_key", "other-secret", "privacy or privacy_key is wrong"),
        ):
            changed = {**where, "retries": 0, **strong, key: value}
            wrong = Agent(access(changed), Switchboard())
            with pytest.raises(SourceError, match=told) as refused:
                await wrong.values({contact[:-1]: [contact]})
            wrong.close()
            assert getattr(refused.value, "key", "privacy_key") == key
            assert value not in str(refused.value) or key == "user"
