"""Air and contacts: temperatures, humidity from the water that the air holds, warm contacts."""

import numpy as np

from smartpdu.model.units import Amperes, Celsiuses, Column, Kelvins, Percents

RISE = 12.0  # K/W from a contact to the air (science 11.1)
CONTACT_TIME = 400.0  # s, blade, body and some cord
STRATIFIED = 2.0  # K that the top of a rack is warmer than its bottom at 10 kW
RECIRCULATED = 0.0001  # K/W: heat of the rack that finds its way back to the inlet


def vapour_pressure(temperature: Celsiuses) -> Column:
    """Saturation pressure of water in hPa (Alduchov and Eskridge 1996)."""
    pressure: Column = 6.1094 * np.exp(17.625 * temperature / (243.04 + temperature))
    return pressure


def water(temperature: Column, humidity: Column) -> Column:
    """Vapour pressure in hPa of air at a relative humidity."""
    return vapour_pressure(temperature) * humidity / 100


def humidity(temperature: Celsiuses, pressure: Column) -> Percents:
    """Relative humidity of air that holds that much water."""
    return np.minimum(100.0, 100 * pressure / vapour_pressure(temperature))


def warmed(rise: Kelvins, current: Amperes, resistance: Column, elapsed: float) -> Kelvins:
    """Temperature of contacts above the air after some seconds of a steady current."""
    end = RISE * resistance * current**2
    after: Kelvins = end + (rise - end) * np.exp(-elapsed / CONTACT_TIME)
    return after
