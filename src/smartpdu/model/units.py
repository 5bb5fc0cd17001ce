"""Units of the house: a singular is one value, a plural a column, the unit is in the type."""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

import numpy as np
from numpy.typing import NDArray

Column: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.int64]  # for each row of a table, the row of its parent in another
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Unit:
    """What a column is measured in, and the decimal digits that are worth keeping."""

    symbol: str
    digits: int


Volt: TypeAlias = Annotated[float, Unit("V", 2)]
Volts: TypeAlias = Annotated[Column, Unit("V", 2)]
Ampere: TypeAlias = Annotated[float, Unit("A", 3)]
Amperes: TypeAlias = Annotated[Column, Unit("A", 3)]
LeakageAmpere: TypeAlias = Annotated[float, Unit("A", 5)]
LeakageAmperes: TypeAlias = Annotated[Column, Unit("A", 5)]
Watt: TypeAlias = Annotated[float, Unit("W", 1)]
Watts: TypeAlias = Annotated[Column, Unit("W", 1)]
VoltAmpere: TypeAlias = Annotated[float, Unit("VA", 1)]
VoltAmperes: TypeAlias = Annotated[Column, Unit("VA", 1)]
Var: TypeAlias = Annotated[float, Unit("var", 1)]
Vars: TypeAlias = Annotated[Column, Unit("var", 1)]
Joule: TypeAlias = Annotated[float, Unit("J", 0)]
Joules: TypeAlias = Annotated[Column, Unit("J", 0)]
VarSecond: TypeAlias = Annotated[float, Unit("var s", 0)]
VarSeconds: TypeAlias = Annotated[Column, Unit("var s", 0)]
MilliwattSeconds: TypeAlias = Annotated[NDArray[np.int64], Unit("mW s", 0)]  # registers
Hertz: TypeAlias = Annotated[float, Unit("Hz", 3)]
Hertzes: TypeAlias = Annotated[Column, Unit("Hz", 3)]
Celsius: TypeAlias = Annotated[float, Unit("°C", 2)]
Celsiuses: TypeAlias = Annotated[Column, Unit("°C", 2)]
Kelvin: TypeAlias = Annotated[float, Unit("K", 2)]
Kelvins: TypeAlias = Annotated[Column, Unit("K", 2)]
Second: TypeAlias = Annotated[float, Unit("s", 3)]
Seconds: TypeAlias = Annotated[Column, Unit("s", 3)]
Ratio: TypeAlias = Annotated[float, Unit("1", 4)]
Ratios: TypeAlias = Annotated[Column, Unit("1", 4)]
Percent: TypeAlias = Annotated[float, Unit("%", 2)]
Percents: TypeAlias = Annotated[Column, Unit("%", 2)]
Switches: TypeAlias = Annotated[Column, Unit("on/off", 0)]  # 1 on, closed, open door or true; 0 not
