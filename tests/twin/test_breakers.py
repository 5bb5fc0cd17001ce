"""Breakers of the twin keep to the reference times, and each to its own hidden curve."""

import json
from math import log
from pathlib import Path

import numpy as np
import pytest
from living import fault, rack

from smartpdu.twin.breakers import LEAST, MOST, heated, opened
from smartpdu.twin.world import circuit_current

TICK = 0.02  # s: fine enough to compare with times that were computed in closed form


def trip_time(start: float, multiple: float, conventional: float, cooling: float) -> float | None:
    """Seconds until a breaker opens, by walking in small steps; None if it holds for two hours."""
    heat = np.array([start])
    share = np.array([multiple / conventional])
    for tick in range(1, int(7200 / TICK)):
        after = heated(heat, share, np.array([cooling]), TICK)
        if opened(after, np.zeros(1), np.ones(1))[0]:
            return tick * TICK
        if after[0] == heat[0]:
            return None
        heat = after
    return None


BANDS = {"early": (1.14, 35.879), "nominal": (1.28, 68.893), "late": (1.44, 156.236)}


@pytest.mark.parametrize("band", BANDS)
def test_times_to_trip_are_those_of_the_reference(band: str, data: Path) -> None:
    vectors = {v["id"]: v for v in json.loads((data / "vectors.json").read_text())}
    conventional, cooling = BANDS[band]
    for form in ("cold", "hot08"):
        vector = vectors[f"V-BRK-{form}-{band}"]
        for multiple in ("1.3", "2", "2.55", "3"):
            expected = vector["expected"][multiple]
            took = trip_time(vector["input"]["theta0"], float(multiple), conventional, cooling)
            if expected is None:
                assert took is None
            else:
                assert took == pytest.approx(expected, rel=0.005, abs=2 * TICK)


def test_a_breaker_cools_as_the_reference_does(data: Path) -> None:
    vectors = {v["id"]: v for v in json.loads((data / "vectors.json").read_text())}
    expected = vectors["V-BRK-cool"]["expected"]["theta"]
    heat = heated(np.array([0.9]), np.array([0.4 / 1.28]), np.array([68.893]), 60.0)
    assert heat[0] == pytest.approx(expected, rel=0.001)


def test_one_long_step_is_as_good_as_many_short_ones() -> None:
    share, cooling = np.array([1.2, 0.3]), np.array([50.0, 90.0])
    heat = np.array([0.1, 0.9])
    for _ in range(60):
        heat = heated(heat, share, cooling, 1.0)
    assert heat == pytest.approx(heated(np.array([0.1, 0.9]), share, cooling, 60.0), rel=1e-12)


def test_a_short_circuit_opens_at_once_by_the_magnet() -> None:
    cold, magnetic = np.zeros(2), np.array([120.0, 120.0])
    assert opened(cold, np.array([119.0, 121.0]), magnetic).tolist() == [False, True]


def test_each_breaker_has_a_curve_of_its_own_inside_the_band_of_the_standard() -> None:
    world = rack(racks=20).world
    multiple = world.conventional / world.plant.circuits.rated_current
    assert ((multiple >= LEAST) & (multiple <= MOST)).all()
    assert len(set(multiple.tolist())) == len(multiple)
    # IEC 60898-1 test c: 1 to 60 s at 2.55 times the rated current, cold
    share = 2.55 / multiple
    cold = world.cooling * np.log(share**2 / (share**2 - 1))
    assert ((cold > 1) & (cold < 60)).all()
    magnet = world.magnetic / world.plant.circuits.rated_current
    assert ((magnet >= 5) & (magnet <= 10)).all()  # characteristic C


def test_an_overloaded_circuit_opens_when_its_own_curve_says_and_stays_open() -> None:
    living = rack(seed=4)
    living.lasts(5)
    row = living.plant.circuits.path.index("rack1/A/circuit/2")
    living.suffers(fault("overload", "rack1/A/circuit/2", at=6.0, size=5000.0))
    start = living.life.heat[row]
    currents, opened_at = [], 0.0
    for life in living.seconds(300):
        if not life.closed[row]:
            opened_at = life.second
            break
        currents.append(circuit_current(living.world, life)[row])
    share = np.mean(currents) / living.world.conventional[row]
    expected = living.world.cooling[row] * log((share**2 - start) / (share**2 - 1))
    assert opened_at - 5 == pytest.approx(expected, rel=0.05, abs=1.5)
    assert living.truths[-1].kind == "tripped"
    after = living.lasts(600)
    assert not after.closed[row]
    assert after.heat[row] < 0.1
    assert circuit_current(living.world, after)[row] == 0
