"""Recorded power as a server of the twin: a CSV with times and one column of watts for each cord."""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smartpdu.drivers.source import SettingsError


def recorded(path: Path, columns: list[str], times: str = "t_s") -> NDArray[np.float64]:
    """Power at every whole second since the first line, [seconds, columns], in W.

    Between two lines the value lies on the straight line between theirs.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("replay", str(path), f"a CSV file that can be read ({error})") from None
    missing = [name for name in [times, *columns] if not lines or name not in lines[0]]
    if missing:
        expected = f"a column {missing[0]!r} in {path}"
        raise SettingsError("replay", str(list(lines[0]) if lines else "no line"), expected)
    try:
        at = np.array([float(line[times]) for line in lines])
        power = np.array([[float(line[name]) for name in columns] for line in lines])
    except ValueError as error:
        raise SettingsError("replay", str(error), f"numbers in {path}") from None
    seconds = np.arange(int(at[0]), int(at[-1]) + 1)
    return np.array([np.interp(seconds, at, column) for column in power.T]).T
