"""Tables: rows that have a path, and sums from children up to their parents."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from smartpdu.model.units import Column, Rows


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one kind of place; every row has a path, a name and what its source calls it."""

    path: tuple[str, ...]
    name: tuple[str, ...]
    address: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.path)


def total(values: Column, by: Rows, rows: int) -> Column:
    """Sum of the values of each parent's children; a gap in one child is a gap in the sum."""
    sums: Column = np.bincount(by, weights=values, minlength=rows).astype(np.float64, copy=False)
    return sums


def total_known(values: Column, by: Rows, rows: int) -> Column:
    """Sum of those children that are known; a parent with no known child has a gap."""
    known = ~np.isnan(values)
    sums = np.bincount(by[known], weights=values[known], minlength=rows)
    return np.where(np.bincount(by[known], minlength=rows) > 0, sums, np.nan)


def highest(values: Column, by: Rows, rows: int) -> Column:
    """Highest known value among each parent's children; a gap where none is known."""
    peak = np.full(rows, np.nan)
    np.fmax.at(peak, by, values)
    return peak


def lowest(values: Column, by: Rows, rows: int) -> Column:
    """Lowest known value among each parent's children; a gap where none is known."""
    return -highest(-values, by, rows)


def chosen(column: Any, rows: Rows) -> Any:
    """The given rows of a column, which may be an array or a tuple."""
    if isinstance(column, tuple):
        return tuple(column[row] for row in rows.tolist())
    return column[rows]
