"""Currents add up as vectors at every step, and so do leakages (whitepaper 7, 8)."""

import cmath
import json
from math import pi
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from living import Living, fault, rack

from smartpdu.twin.grid import neutral_current, residual, voltages
from smartpdu.twin.world import Life, circuit_current, neutral, phase_current

SHAPES: list[dict[str, Any]] = [
    {},
    {"pdus": 1, "phases": 1, "frequency": 60.0, "voltage": 120.0},
    {"pdus": 4, "phases": 3, "outlets": 42, "racks": 2},
    {"pdus": 8, "phases": 1, "outlets": 6},
]


def faulty(living: Living) -> None:
    """Things go wrong, so that the sums are not only those of a quiet day."""
    a, last = living.plant.feeds.path[0], living.plant.feeds.path[-1]
    living.suffers(
        fault("leakage_step", a, at=3),
        fault("cord_pulled", living.plant.outlets.path[1], at=5),
        fault("overload", living.plant.circuits.path[-1], at=8, size=6000),
        fault("psu_failure", living.plant.outlets.path[3], at=10),
        fault("phase_loss", living.plant.phases.path[0], at=20, lasts=5),
        fault("feed_loss", last, at=30, lasts=5),
    )


def assert_kirchhoff(living: Living, life: Life) -> None:
    """What flows into each node flows out of it, counted here with plain complex numbers."""
    plant, flow = living.plant, life.flow
    circuits = [0j] * len(plant.circuits)
    harmonics = [0.0] * len(plant.circuits)
    powers = [0.0] * len(plant.phases)
    for row in range(len(plant.outlets)):
        circuits[plant.outlets.circuit[row]] += complex(flow.current[row])
        harmonics[plant.outlets.circuit[row]] += float(flow.harmonic[row])
        volts = life.voltage[plant.outlets.phase[row]]
        assert flow.power[row] == pytest.approx(volts * flow.current[row].real, abs=1e-9)
        powers[plant.outlets.phase[row]] += float(flow.power[row])
    rms = [abs(complex(abs(c), h)) for c, h in zip(circuits, harmonics, strict=True)]
    assert circuit_current(living.world, life) == pytest.approx(rms, abs=1e-9)
    phases, triplen = [0j] * len(plant.phases), [0.0] * len(plant.phases)
    for row, current in enumerate(circuits):
        phases[plant.circuits.phase[row]] += current
        triplen[plant.circuits.phase[row]] += harmonics[row]
    assert phase_current(living.world, life)[0] == pytest.approx(np.array(phases), abs=1e-9)
    back, steady = [0j] * len(plant.feeds), [0.0] * len(plant.feeds)
    for row, current in enumerate(phases):
        turn = cmath.exp(-2j * pi / 3 * int(plant.phases.line[row]))
        back[plant.phases.feed[row]] += current * turn
        steady[plant.phases.feed[row]] += triplen[row]
    expected = [abs(complex(abs(b), s)) for b, s in zip(back, steady, strict=True)]
    assert neutral(living.world, life) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_currents_add_up_at_every_step_whatever_goes_wrong(shape: dict[str, Any]) -> None:
    living = rack(**shape)
    faulty(living)
    for life in living.seconds(45):
        assert_kirchhoff(living, life)
        assert np.isfinite(life.flow.power).all()
    assert {"cord_pulled", "feed_loss"} <= {t.kind for t in living.truths}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_meters_tell_sums_that_agree_within_their_noise(shape: dict[str, Any]) -> None:
    living = rack(**shape)
    living.lasts(10)
    now, plant = living.measured(), living.plant
    power = [0.0] * len(plant.feeds)
    for row in range(len(plant.outlets)):
        power[plant.phases.feed[plant.outlets.phase[row]]] += now.outlets.active_power[row]
    assert now.feeds.active_power == pytest.approx(power, rel=0.004)
    assert (now.feeds.active_power > 200).all()
    assert not np.array_equal(now.feeds.active_power, power)  # they are meters of their own
    assert now.feeds.frequency == pytest.approx(plant.feeds.nominal_frequency, rel=3e-4)


def test_balanced_phases_leave_only_their_triplen_part_in_the_neutral() -> None:
    plant = rack(pdus=1).plant
    fundamental, harmonic = np.full(3, 10 + 2j), np.full(3, 0.5)
    assert neutral_current(plant, fundamental, harmonic) == pytest.approx([1.5])


def test_the_neutral_of_unbalanced_phases_is_that_of_the_reference() -> None:
    plant = rack(pdus=1).plant
    # 16, 10 and 4 A at unity power factor: 10.392 A
    current = neutral_current(plant, np.array([16, 10, 4], dtype=np.complex128), np.zeros(3))
    assert current == pytest.approx([10.392], abs=1e-3)


def test_capacitive_leakages_of_three_phases_cancel_as_in_the_reference(data: Path) -> None:
    vectors = {v["id"]: v for v in json.loads((data / "vectors.json").read_text())}
    vector = vectors["V-RCM-vec"]
    each, expected = vector["input"]["i_each_mA"], vector["expected"]
    plant = rack(pdus=1).plant

    def current(*counts: int) -> float:
        return float(np.abs(residual(plant, each * np.array(counts), np.zeros(3)))[0])

    one, two, three = vector["input"]["n_L1L2L3"]
    assert current(one, two, three) == pytest.approx(expected["I_mA"], rel=1e-3)
    assert current(one - 1, two, three) == pytest.approx(expected["minus_one_L1"], rel=1e-3)
    assert current(one, two - 1, three) == pytest.approx(expected["minus_one_L2"], rel=1e-3)
    assert current(one, two, three - 1) == pytest.approx(expected["minus_one_L3"], rel=1e-3)
    assert current(0, two, three) == pytest.approx(expected["L1_dead"], rel=1e-3)


def test_a_resistive_fault_stands_at_right_angles_to_the_filters(data: Path) -> None:
    vectors = {v["id"]: v for v in json.loads((data / "vectors.json").read_text())}
    vector = vectors["V-RCM-mix"]
    plant = rack(pdus=1).plant
    filters = np.array([vector["input"]["cap_mA"], 0.0, 0.0])
    faults = np.array([vector["input"]["res_mA"], 0.0, 0.0])
    current = float(np.abs(residual(plant, filters, faults))[0])
    assert current == pytest.approx(vector["expected"]["I_mA"], rel=1e-3)


def test_the_residual_current_is_that_of_the_cords_that_are_fed() -> None:
    living = rack(pdus=1)
    living.lasts(2)
    before = living.life.leakage[0]
    cords, phases = living.world.cords, living.plant.phases
    row = living.outlet("rack1/A/outlet/5")
    living.switch("rack1/A/outlet/5", on=False)
    after = living.lasts(1).leakage[0]
    phase = living.plant.outlets.phase[row]
    own = cords.leakage[cords.outlet.tolist().index(row)] * living.life.voltage[phase] / 230
    turned = 1j * own * cmath.exp(-2j * pi / 3 * int(phases.line[phase]))
    assert before - after == pytest.approx(turned, abs=1e-5)
    assert abs(turned) > 2e-4


def test_a_voltage_is_the_sources_less_the_drop_on_the_line() -> None:
    plant = rack(pdus=1).plant
    none = np.zeros(3)
    assert voltages(plant, none, np.array([1.0, 2.0, 3.0]), np.ones(3)).tolist() == [229, 228, 227]
    far = voltages(plant, np.array([0.5, -0.5, 0.0]), none, np.ones(3))
    assert far == pytest.approx([230 * 1.02, 230 * 0.98, 230])
    assert voltages(plant, none, none, np.array([0.0, 0.5, 1.0])).tolist() == [0, 115, 230]


def test_voltages_wander_slowly_and_each_by_itself() -> None:
    living = rack()
    seen = np.array([life.voltage for life in living.seconds(600)])
    assert (np.abs(seen - 230) < 8).all()
    assert (seen.std(axis=0) > 0.1).all()
    assert np.abs(np.diff(seen, axis=0)).max() < 1.0
    assert np.corrcoef(seen.T)[0, 1] < 0.999
