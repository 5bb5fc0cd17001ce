"""An order over SNMP to a PDU that is read seldom, whose outlet somebody turned at the device."""

import asyncio
import time
from pathlib import Path
from random import Random
from re import sub

import pytest
from device import Device, answering, oid, recording
from pysnmp.proto.api import v2c
from runtime.rig import Rig, Time

from smartpdu.app.config import site_from_text
from smartpdu.app.discover import Wish, written
from smartpdu.drivers import snmp
from smartpdu.drivers.access import Switchboard, access
from smartpdu.drivers.agent import Agent
from smartpdu.drivers.source import Ports, Wanted
from smartpdu.drivers.survey import surveyed
from smartpdu.model.command import CommandState, SwitchOutlet
from smartpdu.model.plant import part
from smartpdu.model.snapshot import Snapshot

APC = "recordings/lextudio-apc-8641.snmprec"
STATE, CONTROL = (oid(f"1.3.6.1.4.1.318.1.1.26.9.2.{n}.1.5.7") for n in (3, 4))
SERIAL = "3F3452A52295"
OUTLET = "r/A/outlet/7"
ON, OFF = v2c.Integer32(2), v2c.Integer32(1)  # of the state; in an order 1 is on and 2 off


class Now(Time):
    """The time of this machine."""

    def clock(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def pass_(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Unit:
    """The PDU as the rig takes one; it counts its reads."""

    manner = "honest"

    def __init__(self, source: snmp.Pdu) -> None:
        self._source = source
        self.reads = 0

    async def read(self) -> Snapshot:
        seen = await self._source.read()
        self.reads += 1
        return seen

    async def obey(self, command: SwitchOutlet) -> None:
        await self._source.obey(command)

    async def close(self) -> None:
        await self._source.close()


async def house(device: Device, directory: Path, interval: float = 120) -> tuple[Rig, Unit]:
    """A house whose only PDU is that device, by default read every two minutes."""
    where = {"address": f"127.0.0.1:{device.port}", "community": "public", "timeout": 5.0}
    agent = Agent(access(where), Switchboard())
    text = written(await surveyed(agent), Wish(where, None, "r", "A"))
    agent.close()
    site = site_from_text(sub(r"interval = \d+", f"interval = {interval}", text), "site.toml")
    assert site.plant.sources.interval.tolist() == [interval]
    first, own = site.sources[0], part(site.plant, 0)
    ports = Ports(time.time, time.monotonic, asyncio.sleep, Random(1))
    unit = Unit(
        snmp.open_source(Wanted(first.path, first.settings, own, site.plant, {}, {}, ports))
    )
    rig = Rig(directory, site.plant)
    rig.time = Now()
    rig.pdus[first.path] = unit  # type: ignore[assignment]
    await rig.start()
    while not unit.reads:
        await rig.lasts(0.05, every=0.05)
    await rig.turn()
    return rig, unit


@pytest.mark.requirement("R-2.1-6")
@pytest.mark.parametrize("on", [True, False])
async def test_an_outlet_that_a_hand_turned_between_two_reads_is_sent_the_order_and_read_back(
    data: Path, tmp_path: Path, on: bool
) -> None:
    device = Device(recording(data / APC))
    device.values[STATE] = ON if on else OFF
    device.obey = lambda name, value: device.values.update({STATE: ON if value == 1 else OFF})
    async with answering(device):
        rig, unit = await house(device, tmp_path)
        device.values[STATE] = OFF if on else ON  # the hand
        await rig.lasts(0.3, every=0.1)
        reads = unit.reads
        asked = await rig.asks(OUTLET, on)
        assert asked.command is not None
        for _ in range(100):
            row = await rig.desk.command(asked.command.id)
            assert row is not None
            if row.state is not CommandState.INTENDED:
                break
            assert unit.reads == reads or device.orders
            await rig.lasts(0.1, every=0.1)
        await rig.stop()

    assert reads == 1  # what the house knew when it was asked was old, and untrue
    assert row.state is CommandState.DONE
    assert device.orders == [(CONTROL, 1 if on else 2)]
    assert device.values[STATE] == (ON if on else OFF)
    assert unit.reads > reads


async def test_an_order_to_a_device_that_stands_still_is_never_done(
    data: Path, tmp_path: Path
) -> None:
    device = Device(recording(data / APC))
    device.values[STATE] = ON
    async with answering(device):
        rig, _ = await house(device, tmp_path)
        device.manner = "silent"
        asked = await rig.asks(OUTLET, True)
        assert asked.command is not None
        await rig.lasts(3, every=0.5)
        row = await rig.desk.command(asked.command.id)
        await rig.stop()

    assert row is not None
    assert row.state is not CommandState.DONE
    assert device.orders == []


async def test_what_answers_as_another_device_is_told_as_such_in_the_view(
    data: Path, tmp_path: Path
) -> None:
    device = Device(recording(data / APC))
    async with answering(device):
        rig, _ = await house(device, tmp_path, 0.2)
        assert rig.desk.look().failures == {}
        told = [name for name, value in device.values.items() if str(value) == SERIAL]
        assert told
        device.values |= dict.fromkeys(told, v2c.OctetString(b"ANOTHER"))
        device.values[oid("1.3.6.1.2.1.1.3.0")] = v2c.TimeTicks(1)  # it was changed and started
        for _ in range(100):
            await rig.lasts(0.1, every=0.1)
            if rig.desk.look().failures:
                break
        failures = rig.desk.look().failures
        await rig.stop()

    said = f"expected serial number '{SERIAL}', the device says 'ANOTHER'"
    assert failures == {rig.plant.sources.path[0]: said}
