"""Recorded power as a server of the twin: a CSV with times and a column of watts for each cord."""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smartpdu.drivers.source import SettingsError

LONGEST = 31 * 86400  # s


def recorded(path: Path, columns: list[str], times: str = "t_s") -> NDArray[np.float64]:
    """Power at every whole second since the first line, [seconds, columns], in W.

    Between two lines the value lies on the straight line between theirs.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsError("replay", str(path), f"a CSV file that can be read ({error})") from None
    missing = [name for name in [times, *columns] if not lines or name not in lines[0]]
    if missing:
        expected = f"a column {missing[0]!r} in {path}"
        raise SettingsError("replay", str(list(lines[0]) if lines else "no line"), expected)
    try:
        at = np.array([float(line[times]) for line in lines])
        power = np.array([[float(line[name]) for name in columns] for line in lines])
    except (TypeError, ValueError) as error:  # a line that is too short has None
        raise SettingsError("replay", str(error), f"numbers in {path}") from None
    if not (np.isfinite(at).all() and (np.diff(at) > 0).all()):
        raise SettingsError("replay", f"{times} that stands still", f"times that rise in {path}")
    if not (np.isfinite(power).all() and (power >= 0).all()):
        raise SettingsError("replay", "a gap or a power below 0", f"watts in {path}")
    if at[-1] - at[0] > LONGEST:
        raise SettingsError("replay", f"{at[-1] - at[0]:.0f} s", f"at most {LONGEST} s in {path}")
    seconds = at[0] + np.arange(int(at[-1] - at[0]) + 1)
    return np.array([np.interp(seconds, at, column) for column in power.T]).T
