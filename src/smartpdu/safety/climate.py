"""Heat, humidity and dew point of the air (9): in this first form, their limits.

Defaults after ASHRAE TC 9.9 (2021): recommended up to 27 °C, allowed up to 32 °C in class A1.
"""

import numpy as np

from smartpdu.model.plant import Kind
from smartpdu.model.rule import Limits, Rule, Tick, Trace
from smartpdu.model.table import highest, lowest
from smartpdu.model.units import Celsiuses, Column, Kelvins, Percents

MAGNUS_B, MAGNUS_C = 17.62, 243.12  # Sonntag 1990, over water, -45 to 60 °C (WMO)


def dew_point(temperature: Column, humidity: Column) -> Column:
    """Dew point in °C of air at a temperature (°C) and a relative humidity (%), after Magnus."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.log(humidity / 100) + MAGNUS_B * temperature / (MAGNUS_C + temperature)
        point: Column = MAGNUS_C * share / (MAGNUS_B - share)
    return np.where(humidity > 0, point, np.nan)


def dew_points(_before: Celsiuses, tick: Tick) -> Celsiuses:
    """Dew point at each probe."""
    return dew_point(tick.now.probes.temperature, tick.now.probes.humidity)


def temperature(tick: Tick) -> Celsiuses:
    """Air temperature at each probe."""
    return tick.now.probes.temperature


def humidity(tick: Tick) -> Percents:
    """Relative humidity at each probe."""
    return tick.now.probes.humidity


def condensation_margin(tick: Tick) -> Kelvins:
    """Distance of the coldest place of each rack from the highest dew point in it."""
    probes, racks = tick.plant.probes, len(tick.plant.racks)
    coldest = lowest(tick.now.probes.temperature, probes.rack, racks)
    wettest = highest(tick.memory["climate.dew_point"], probes.rack, racks)
    margin: Kelvins = coldest - wettest
    return margin


RULES = (
    Rule(
        "climate.temperature",
        Kind.PROBE,
        temperature,
        Limits(15.0, 18.0, 27.0, 32.0, hysteresis=0.5, dwell=60.0, dwell_critical=30.0),
    ),
    Rule(
        "climate.humidity",
        Kind.PROBE,
        humidity,
        Limits(8.0, 15.0, 70.0, 80.0, hysteresis=2.0, dwell=60.0, dwell_critical=60.0),
    ),
    Rule(
        "climate.dew",
        Kind.RACK,
        condensation_margin,
        Limits(low_critical=1.0, low_warning=3.0, hysteresis=0.5, dwell=60.0),
    ),
)

TRACES = (Trace("climate.dew_point", Kind.PROBE, dew_points, start=np.nan),)
