"""Air that is too warm, cold, wet or dry, and the distance from the dew point."""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from story import Crossing, Shape, Story, crosses, tell

from smartpdu.model.rule import Level
from smartpdu.safety.climate import dew_point


def dew(temperature: float, humidity: float) -> float:
    """Dew point after Sonntag's form of Magnus, once more and by itself."""
    share = log(humidity / 100) + 17.62 * temperature / (243.12 + temperature)
    return 243.12 * share / (17.62 - share)


def temperature(story: Story, celsius: float) -> str:
    """Temperature of the upper probe."""
    story.now.probes.temperature[0] = celsius
    return story.plant.probes.path[0]


def humidity(story: Story, percent: float) -> str:
    """Relative humidity of the lower probe."""
    story.now.probes.humidity[1] = percent
    return story.plant.probes.path[1]


def margin(story: Story, kelvin: float) -> str:
    """Warm damp air above, and a lower place that is so much warmer than its dew point."""
    story.now.probes.temperature[0], story.now.probes.humidity[0] = 26.0, 60.0
    story.now.probes.temperature[1], story.now.probes.humidity[1] = dew(26, 60) + kelvin, 30.0
    return story.plant.racks.path[0]


W, C = Level.WARNING, Level.CRITICAL
CROSSINGS = [
    Crossing("climate.temperature", W, temperature, 22, 26.9, 27.1, 26.6, 26.4, 60, "°C", 27.0),
    Crossing("climate.temperature", C, temperature, 22, 31.9, 32.1, 31.6, 31.4, 30, "°C", 32.0),
    Crossing("climate.temperature", W, temperature, 22, 18.1, 17.9, 18.4, 18.6, 60, "°C", 18.0),
    Crossing("climate.temperature", C, temperature, 22, 15.1, 14.9, 15.4, 15.6, 30, "°C", 15.0),
    Crossing("climate.humidity", W, humidity, 45, 69.9, 70.1, 68.1, 67.9, 60, "%", 70.0),
    Crossing("climate.humidity", C, humidity, 45, 79.9, 80.1, 78.1, 77.9, 60, "%", 80.0),
    Crossing("climate.humidity", W, humidity, 45, 15.1, 14.9, 16.9, 17.1, 60, "%", 15.0),
    Crossing("climate.humidity", C, humidity, 45, 8.1, 7.9, 9.9, 10.1, 60, "%", 8.0),
    Crossing("climate.dew", W, margin, 5, 3.01, 2.99, 3.49, 3.51, 60, "K", 3.0),
    Crossing("climate.dew", C, margin, 5, 1.01, 0.99, 1.49, 1.51, 60, "K", 1.0),
]


@pytest.mark.requirement("R-9.2-1")
@pytest.mark.requirement("R-9.2-3")
@pytest.mark.parametrize("crossing", CROSSINGS, ids=str)
def test_the_air_is_told_in_time_and_over(story: Story, crossing: Crossing) -> None:
    crosses(story, crossing)


@pytest.mark.requirement("R-9.1-1")
def test_the_margin_is_from_the_wettest_to_the_coldest_place_of_each_rack() -> None:
    story = tell(Shape(racks=2, outlets=1))
    story.now.probes.temperature[:] = [27, 18, 22, 22]
    story.now.probes.humidity[:] = [65, 40, 50, np.nan]
    story.lasts(61)
    key = ("climate.dew", "rack1")
    assert story.standing()[key] is C
    alarm = story.alarm(*key)
    assert alarm is not None
    assert alarm.value == pytest.approx(18 - 19.86, abs=0.01)  # the whitepaper's own example
    assert ("climate.dew", "rack2") not in story.standing()


@given(some.floats(-40, 60), some.floats(1, 100), some.floats(0.1, 20))
def test_the_dew_point_never_lies_above_the_air_and_rises_with_its_damp(
    celsius: float, percent: float, more: float
) -> None:
    air = np.array([celsius, celsius])
    damp = np.array([percent, min(100.0, percent + more)])
    points = dew_point(air, damp)
    assert points[0] <= points[1] <= celsius + 1e-9
    assert points[0] == pytest.approx(dew(celsius, percent))


@pytest.mark.parametrize("humidity", [0.0, -1.0, np.nan])
def test_air_without_a_known_damp_has_no_dew_point(humidity: float) -> None:
    assert np.isnan(dew_point(np.array([22.0]), np.array([humidity]))).all()
