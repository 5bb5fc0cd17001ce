"""A recorded server in the twin, read at its cords' meters over SNMP as from a Raritan PDU."""

import csv
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import monotonic, time

import numpy as np
import pytest
from device import Device, answering, oid
from living import Living, rack
from pysnmp.proto.api import v2c

from smartpdu.app.config import site_from_text
from smartpdu.app.discover import Wish, written
from smartpdu.drivers import snmp
from smartpdu.drivers.access import Switchboard, access
from smartpdu.drivers.agent import Agent
from smartpdu.drivers.replay import recorded
from smartpdu.drivers.source import Ports, Wanted
from smartpdu.drivers.survey import surveyed
from smartpdu.model.command import Priority, SwitchOutlet
from smartpdu.model.plant import part
from smartpdu.model.snapshot import Snapshot
from smartpdu.twin.plan import ServerSpec

TRACE = "traces/mlperf_v1.0_power/dgxa100_bert_server.csv"
B = oid("1.3.6.1.4.1.13742.6")
CORDS = tuple(f"rack1/{letter}/outlet/1" for letter in "ABC")
SENSORS = {  # type: quantity of ours, unit of the MIB, decimal digits, what one is in ours
    1: ("current", 2, 3, 1),
    4: ("voltage", 1, 1, 1),
    5: ("active_power", 3, 1, 1),
    6: ("apparent_power", 4, 1, 1),
    7: ("power_factor", -1, 3, 1),
    8: ("active_energy", 5, 0, 3600),
}
ON, OFF, NORMAL = 7, 8, 4


class Raritan(Device):
    """The meters of a twin, told in the words of the PDU2-MIB."""

    def __init__(self, living: Living) -> None:
        """One unit that has all the twin's outlets."""
        super().__init__({})
        self.living = living
        number, text = v2c.Integer32, v2c.OctetString
        self.values[oid("1.3.6.1.2.1.1.2.0")] = v2c.ObjectIdentifier(B)
        self.values[oid("1.3.6.1.2.1.1.3.0")] = v2c.TimeTicks(1)
        self.values[(*B, 3, 3, 3, 1, 2, 1, 1)] = text(b"I1")
        self.values[(*B, 3, 3, 3, 1, 5, 1, 1)] = number(2)
        self.values[(*B, 3, 2, 1, 1, 4, 1)] = text(b"TWIN")
        for row in range(1, len(living.plant.outlets) + 1):
            self.values[(*B, 3, 5, 3, 1, 2, 1, row)] = text(str(row).encode())
            self.values[(*B, 3, 5, 3, 1, 28, 1, row)] = number(1)
            for kind, (_, unit, digits, _) in SENSORS.items():
                self.values[(*B, 3, 5, 4, 1, 6, 1, row, kind)] = number(unit)
                self.values[(*B, 3, 5, 4, 1, 7, 1, row, kind)] = v2c.Gauge32(digits)
        self.show(living.measured())
        self.obey = self._moved

    def show(self, now: Snapshot) -> None:
        """Tell these readings from now on."""
        for row, on in enumerate(now.outlets.on, 1):
            state = v2c.Integer32(ON if on else OFF)
            self.values[(*B, 5, 4, 3, 1, 3, 1, row, 14)] = state
        for kind, (quantity, _, digits, one) in SENSORS.items():
            column = getattr(now.outlets, quantity) / one * 10**digits
            for row, value in enumerate(column, 1):
                gone = bool(np.isnan(value))
                self.values[(*B, 5, 4, 3, 1, 3, 1, row, kind)] = v2c.Integer32(
                    -1 if gone else NORMAL
                )
                told = v2c.Gauge32(0 if gone else round(value))
                self.values[(*B, 5, 4, 3, 1, 4, 1, row, kind)] = told

    def _moved(self, name: tuple[int, ...], value: int) -> None:
        self.living.switch(self.living.plant.outlets.path[name[-1] - 1], value == 1)


async def pdu_of(device: Device) -> snmp.Pdu:
    """The device as a source, by way of what discover prints."""
    where = {"address": f"127.0.0.1:{device.port}", "community": "public", "timeout": 5.0}
    agent = Agent(access(where), Switchboard())
    text = written(await surveyed(agent), Wish(where, None, "r", "A"))
    agent.close()
    site = site_from_text(text, "site.toml")
    ports = Ports(time, monotonic, pytest.fail, Random(1))
    first = site.sources[0]
    own = part(site.plant, 0)
    return snmp.open_source(Wanted(first.path, first.settings, own, site.plant, {}, {}, ports))


async def test_a_recorded_server_is_read_over_snmp_as_it_was_recorded(
    data: Path, figure: Callable[[str], None]
) -> None:
    names = ["ch1_w", "ch2_w", "ch3_w"]
    with (data / TRACE).open(newline="") as file:
        lines = list(csv.DictReader(file))
    at = np.array([float(line["t_s"]) for line in lines])
    truth = np.array([sum(float(line[name]) for name in names) for line in lines])
    record = recorded(data / TRACE, names)
    spec = ServerSpec("dgx", CORDS, 6000.0, kind="replay", supply_power=2200.0, replay=record)
    living = rack([spec], pdus=3, outlets=2)
    rows = [living.outlet(path) for path in CORDS]

    seen, energy = [], []
    async with answering(Raritan(living)) as device:
        pdu = await pdu_of(device)
        for second in range(len(record)):
            if second:
                living.lasts(1)
            device.show(living.measured())
            now = await pdu.read()
            assert now.sources.missing[0] == 0
            seen.append(now.outlets.active_power[rows].sum())
            energy.append(now.outlets.active_energy[rows].sum())
        await pdu.close()

    told = np.interp(at, np.arange(len(seen)), seen)
    error = np.abs(told - truth).mean() / truth.mean()
    worked, counted = np.trapezoid(truth, at), energy[-1] - energy[0]
    integral = np.trapezoid(told, at) / worked - 1
    figure(f"mean absolute error of power {error:.3%}, error of energy {integral:+.3%}")
    assert len(at) == 666
    assert error <= 0.005
    assert abs(integral) <= 0.001
    assert counted == pytest.approx(worked, rel=0.01, abs=6 * 3600)  # registers of whole Wh
    assert not np.array_equal(told, truth)  # through meters, not the injected column


async def test_an_order_over_snmp_reaches_the_twins_relay_and_is_read_back() -> None:
    living = rack(pdus=1, outlets=6)
    async with answering(Raritan(living)) as device:
        pdu = await pdu_of(device)
        await pdu.obey(SwitchOutlet("id", "r/A/outlet/3", False, "olga", Priority.PERSON))
        living.lasts(1)
        device.show(living.measured())
        now = await pdu.read()
        await pdu.close()
    assert now.outlets.on.tolist() == [1, 1, 0, 1, 1, 1]
    assert now.outlets.active_power[2] == 0
    assert now.outlets.active_power[0] > 0
