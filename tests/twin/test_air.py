"""Air and contacts of the twin against the reference figures (whitepaper 6.3, 9)."""

import json
from pathlib import Path

import numpy as np
import pytest
from living import fault, living, rack

from smartpdu.model.build import ProbeSpec
from smartpdu.safety.climate import dew_point
from smartpdu.twin.air import CONTACT_TIME, exhausted, humidity, vapour_pressure, warmed
from smartpdu.twin.rack import standard_racks
from smartpdu.twin.world import circuit_current


def test_a_contact_warms_as_the_reference_says(data: Path) -> None:
    vectors = json.loads((data / "vectors.json").read_text())
    chosen = [v for v in vectors if v["id"].startswith("V-CON-")]
    assert len(chosen) == 5
    for vector in chosen:
        current, resistance = np.array([vector["input"]["I"]]), np.array([vector["input"]["R"]])
        rise = warmed(np.zeros(1), current, resistance, 1e9)
        assert rise[0] == pytest.approx(vector["expected"]["dT"], rel=2e-3)


def test_a_contact_takes_its_time_and_cools_again() -> None:
    current, resistance = np.array([16.0]), np.array([0.01])
    rise = np.zeros(1)
    for _ in range(int(CONTACT_TIME)):
        rise = warmed(rise, current, resistance, 1.0)
    assert rise[0] == pytest.approx(30.72 * (1 - np.exp(-1)))
    assert warmed(rise, np.zeros(1), resistance, CONTACT_TIME)[0] == pytest.approx(rise[0] / np.e)


def test_an_aged_contact_is_hot_under_load_and_cold_without() -> None:
    twin = rack()
    twin.suffers(fault("contact_ageing", "rack1/A/outlet/10", size=100))
    row = twin.outlet("rack1/A/outlet/10")
    before = twin.life.rise[row]
    hot = twin.lasts(1500).rise[row]
    assert hot > 10 * max(before, 0.1)
    assert np.delete(twin.life.rise, row).max() < 3
    twin.switch("rack1/A/outlet/10", on=False)
    assert twin.lasts(3000).rise[row] < 0.01 * hot


def test_warm_air_holds_the_same_water_at_a_lower_humidity() -> None:
    pressure = np.array([11.0])
    cool, warm = humidity(np.array([20.0]), pressure), humidity(np.array([30.0]), pressure)
    assert cool > warm
    # another formula of another file: the dew point is the same
    assert dew_point(np.array([20.0]), cool) == pytest.approx(
        dew_point(np.array([30.0]), warm), abs=0.05
    )
    assert vapour_pressure(np.array([20.0])) == pytest.approx([23.37], rel=0.002)
    assert humidity(np.array([5.0]), np.array([30.0])).tolist() == [100.0]


def test_hot_air_changes_the_humidity_but_not_the_water() -> None:
    twin = rack()
    before = twin.measured().probes
    points = dew_point(before.temperature, before.humidity)
    twin.suffers(fault("hot_air", "rack1", size=8.0))
    twin.lasts(2)
    after = twin.measured().probes
    assert (after.temperature - before.temperature) == pytest.approx([8.0, 8.0], abs=0.4)
    assert (after.humidity < before.humidity - 10).all()
    assert dew_point(after.temperature, after.humidity) == pytest.approx(points, abs=0.2)


def test_the_heat_of_a_rack_leaves_it_slowly_and_warms_its_inlet_a_little() -> None:
    power = np.array([10_000.0])
    assert exhausted(np.zeros(1), power, 1e9).tolist() == [15.0]  # 200 m3/h for each kW
    assert exhausted(np.zeros(1), power, 90.0) == pytest.approx([15 * (1 - np.exp(-1))])
    twin = rack()
    warm = twin.lasts(10).air[0]
    twin.suffers(
        fault("feed_loss", "rack1/A/feed", at=11), fault("feed_loss", "rack1/B/feed", at=11)
    )
    assert twin.lasts(1).air[0] == pytest.approx(warm, abs=0.1)
    cold = twin.lasts(1000).air[0]
    assert cold == pytest.approx(twin.world.room[0])
    assert 0.1 < warm - cold < 1.5


def test_the_top_is_warmer_than_the_bottom_and_the_rear_warmer_than_both() -> None:
    design, servers = standard_racks()
    rear = ProbeSpec("rack1/probe/rear", "rack1", "source/rack1-A", position="rear")
    twin = living(type(design)(**{**_parts(design), "probes": [*design.probes, rear]}), servers)
    twin.lasts(10)
    seen = dict(zip(twin.plant.probes.position, twin.measured().probes.temperature, strict=True))
    assert seen["bottom"] < seen["top"] < seen["rear"] - 4


def test_contacts_stand_on_the_air_of_their_rack() -> None:
    twin = rack()
    twin.lasts(5)
    before = twin.measured().outlets.contact_temperature
    twin.suffers(fault("hot_air", "rack1", at=6, size=10.0))
    twin.lasts(1)
    assert twin.measured().outlets.contact_temperature - before == pytest.approx(10.0, abs=0.3)
    assert circuit_current(twin.world, twin.life).max() > 3


def _parts(design: object) -> dict[str, object]:
    return {name: getattr(design, name) for name in type(design).__dataclass_fields__}
