"""The twin as a whole: registers, relays, racks that do not disturb each other."""

from dataclasses import fields

import numpy as np
import pytest
from living import fault, rack

from smartpdu.model.table import total
from smartpdu.twin.world import Life


def arrays(life: Life) -> dict[str, np.ndarray]:
    """All columns of a life by their names."""
    flat = {f.name: getattr(life, f.name) for f in fields(life)}
    flat |= {f"flow.{f.name}": getattr(life.flow, f.name) for f in fields(life.flow)}
    return {name: column for name, column in flat.items() if isinstance(column, np.ndarray)}


def test_energy_registers_are_the_integral_of_power_and_never_fall() -> None:
    living = rack()
    living.suffers(fault("feed_loss", "rack1/A/feed", at=50, lasts=20))
    whole, before = np.zeros(40), living.life.outlet_energy
    assert not before.any()
    for life in living.seconds(200):
        whole += life.flow.power
        assert (life.outlet_energy >= before).all()
        before = life.outlet_energy
    assert living.life.outlet_energy == pytest.approx(whole, rel=1e-12)
    by_phase = total(whole, living.plant.outlets.phase, 6)
    assert living.life.phase_energy == pytest.approx(by_phase, rel=1e-12)
    told = living.measured()
    assert told.outlets.active_energy == pytest.approx(whole, abs=1.0)
    assert told.feeds.active_energy.sum() == pytest.approx(whole.sum(), abs=2.0)
    assert whole.min() > 10_000


def test_a_relay_obeys_a_stuck_one_stays_and_a_welded_one_only_says_so() -> None:
    living = rack()
    plain, stuck, welded = (f"rack1/A/outlet/{n}" for n in (1, 2, 3))
    living.suffers(fault("stuck_relay", stuck), fault("welded_relay", welded))
    living.lasts(2)
    for path in (plain, stuck, welded):
        living.switch(path, on=False)
    life = living.lasts(1)
    rows = [living.outlet(path) for path in (plain, stuck, welded)]
    assert life.relay[rows].tolist() == [False, True, False]
    assert (life.flow.power[rows] > 50).tolist() == [False, True, True]
    told = living.measured().outlets
    assert told.on[rows].tolist() == [0, 1, 0]
    assert told.voltage[rows].round(-1).tolist() == [0, 230, 230]
    living.switch(plain, on=True)
    assert living.lasts(1).flow.power[rows[0]] > 50


def test_an_outlet_that_was_switched_off_carries_nothing_in_the_same_second() -> None:
    living = rack()
    plain, welded = "rack1/A/outlet/1", "rack1/A/outlet/3"
    living.suffers(fault("welded_relay", welded))
    living.lasts(2)
    before = living.measured()
    for path in (plain, welded):
        living.switch(path, on=False)
    after = living.measured()
    row, hot = living.outlet(plain), living.outlet(welded)
    told = after.outlets
    assert before.outlets.current[row] > 0.2
    assert (told.on[row], told.voltage[row], told.current[row], told.active_power[row]) == (0,) * 4
    assert told.current[hot] > 0.2
    circuit = living.plant.outlets.circuit[row]
    left = before.circuits.current[circuit] - after.circuits.current[circuit]
    assert left == pytest.approx(before.outlets.current[row], rel=0.1)


def test_what_happens_in_one_rack_changes_nothing_in_another() -> None:
    calm, hit = rack(racks=3), rack(racks=3)
    hit.suffers(
        fault("feed_loss", "rack2/A/feed", at=3),
        fault("overload", "rack2/B/circuit/1", at=3, size=9000),
        fault("hot_air", "rack2", at=3),
    )
    here, there = calm.lasts(120), hit.lasts(120)
    plant = calm.plant
    assert not np.array_equal(here.flow.power, there.flow.power)
    owners = {
        "flow.power": plant.outlets.rack,
        "flow.current": plant.outlets.rack,
        "rise": plant.outlets.rack,
        "outlet_energy": plant.outlets.rack,
        "heat": plant.circuits.rack,
        "voltage": plant.phases.rack,
        "leakage": plant.feeds.rack,
        "air": np.arange(3),
        "demand": calm.world.servers.rack,
    }
    for name, rack_of in owners.items():
        others = rack_of != 1
        assert np.array_equal(arrays(here)[name][others], arrays(there)[name][others]), name


def test_the_twin_begins_warm_and_running_at_second_zero() -> None:
    life = rack().life
    assert life.second == 0
    assert life.running.all()
    assert (life.flow.power > 1).all()
    later = rack().lasts(60)
    assert later.heat == pytest.approx(life.heat, rel=0.3)  # no warming up to be waited for
    assert later.air == pytest.approx(life.air, abs=0.1)


def test_advancing_leaves_the_life_before_as_it_was() -> None:
    living = rack()
    before = living.life
    copies = {name: column.copy() for name, column in arrays(before).items()}
    living.suffers(fault("overload", "rack1/A/circuit/1", size=9000))
    living.lasts(60)
    assert all(np.array_equal(column, copies[name]) for name, column in arrays(before).items())


@pytest.mark.parametrize(("frequency", "voltage"), [(50.0, 230.0), (60.0, 120.0), (60.0, 208.0)])
@pytest.mark.parametrize("phases", [1, 3])
def test_the_same_server_takes_the_same_power_on_any_grid(
    frequency: float, voltage: float, phases: int
) -> None:
    living = rack(pdus=1, phases=phases, frequency=frequency, voltage=voltage, outlets=10)
    other = rack(pdus=1, phases=phases, outlets=10)
    here, there = living.lasts(1), other.lasts(1)
    assert here.flow.power == pytest.approx(there.flow.power, rel=0.01)
    ratio = there.flow.current.real / here.flow.current.real
    assert ratio == pytest.approx(voltage / 230, rel=0.03)
    assert living.measured().feeds.frequency == pytest.approx([frequency], rel=1e-3)


def test_a_thousand_racks_live_in_one_call() -> None:
    living = rack(racks=1000)
    life = living.lasts(2)
    assert len(living.plant.outlets) == 40_000
    power = total(life.flow.power, living.plant.outlets.rack, 1000)
    assert power.min() > 3000
    assert len(set(power.tolist())) == 1000  # no rack is the copy of another


def test_a_plant_without_servers_or_probes_lives_too() -> None:
    living = rack([])
    life = living.lasts(2)
    assert life.flow.power.sum() == 0
    now = living.measured()
    assert np.isnan(now.outlets.power_factor).all()
    assert (now.outlets.current == 0).all()
