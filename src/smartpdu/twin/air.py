"""Air and contacts: temperatures, humidity from the water that the air holds, warm contacts."""

import numpy as np

from smartpdu.model.units import Amperes, Celsiuses, Column, Kelvins, Percents, Watts

RISE = 12.0  # K/W from a contact to the air (science 11.1)
CONTACT_TIME = 400.0  # s, blade, body and some cord
STRATIFIED = 2.0  # K that the top of a rack is warmer than its bottom at 10 kW
EXHAUST = 0.0015  # K/W of the air that leaves the rack: 200 m3/h for each kW (science 4.5)
HEAT_CAPACITY = 60_000.0  # J/K of a rack with its servers
RECIRCULATED = 0.06  # of the exhaust's rise finds its way back to the inlet
HOUSING = 6.0  # K that the air inside a PDU is warmer than the inlet


def vapour_pressure(temperature: Celsiuses) -> Column:
    """Saturation pressure of water in hPa (Alduchov and Eskridge 1996)."""
    pressure: Column = 6.1094 * np.exp(17.625 * temperature / (243.04 + temperature))
    return pressure


def humidity(temperature: Celsiuses, pressure: Column) -> Percents:
    """Relative humidity of air that holds that much water."""
    return np.minimum(100.0, 100 * pressure / vapour_pressure(temperature))


def exhausted(rise: Kelvins, power: Watts, elapsed: float) -> Kelvins:
    """Rise of the air that leaves each rack, some seconds of a steady power later."""
    end = EXHAUST * power
    after: Kelvins = end + (rise - end) * np.exp(-elapsed / (EXHAUST * HEAT_CAPACITY))
    return after


def warmed(rise: Kelvins, current: Amperes, resistance: Column, elapsed: float) -> Kelvins:
    """Temperature of contacts above the air after some seconds of a steady current."""
    end = RISE * resistance * current**2
    after: Kelvins = end + (rise - end) * np.exp(-elapsed / CONTACT_TIME)
    return after
