"""Registers of energy that only go up, in whole milliwatt-seconds, the remainder carried (12).

Active energy counts as import or export, reactive energy of the fundamental in its quadrant by
the signs of P and Q1 (IEC 62053-23): I both positive, II only Q1, III none, IV only P. What a
window counts is the time that no window before it has counted; where a value is missing nothing
is added, and the time is told as a gap.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from smartpdu.model.units import Column, Hertz, MilliwattSeconds, Second, Seconds, Vars, Watts

IMPORTED, EXPORTED, QUADRANT_1, QUADRANT_2, QUADRANT_3, QUADRANT_4 = range(6)
NAMES = ("imported", "exported", "quadrant_1", "quadrant_2", "quadrant_3", "quadrant_4")
MOST = 1e9  # W: more is no measurement


@dataclass(frozen=True, slots=True)
class Registers:
    """Energy of each row: outlets, circuits, phases, feeds, or channels."""

    whole: MilliwattSeconds  # (6, rows), in the order of NAMES; of reactive energy mvar s
    rest: Column  # what is less than one, (6, rows)
    gap: Seconds  # time of each row that nothing was counted in
    until: float = np.nan  # end of the last window, in samples since the stream's first


def registers(rows: int) -> Registers:
    """New registers."""
    return Registers(np.zeros((6, rows), np.int64), np.zeros((6, rows)), np.zeros(rows))


def counted(
    past: Registers, start: float, end: float, rate: Hertz, active: Watts, reactive: Vars
) -> Registers:
    """The registers with a window, from and to such samples of the stream at its true rate.

    Windows overlap where they are aligned to UTC: only what is new of them is counted.
    """
    since = start if np.isnan(past.until) else past.until
    missed, lasted = max(0.0, start - since) / rate, max(0.0, end - max(start, since)) / rate
    known = np.abs(active) < MOST  # neither NaN nor beyond all reason
    p = np.where(known, active, 0.0)
    q = np.where(known & (np.abs(reactive) < MOST), reactive, 0.0)
    up, down, imports = np.maximum(q, 0.0), np.maximum(-q, 0.0), p >= 0
    into = np.stack([
        np.maximum(p, 0.0), np.maximum(-p, 0.0),
        up * imports, up * ~imports, down * ~imports, down * imports,
    ])  # fmt: skip
    rest = past.rest + into * (1000 * lasted)
    full = np.floor(rest)
    gap = past.gap + missed + np.where(known, 0.0, lasted)
    until = max(end, since)
    return Registers(past.whole + full.astype(np.int64), rest - full, gap, until)


def resumed(past: Registers, silent: Second) -> Registers:
    """The registers at the first sample of a new stream, after a time in which nothing counted."""
    return replace(past, gap=past.gap + max(0.0, silent), until=np.nan)


def advance(before: int, after: int, modulus: int) -> int | None:
    """How far a register of another meter went that begins anew at its modulus; None: it fell.

    More than half of its range between two readings is a register that went back.
    """
    steps = (after - before) % modulus
    return steps if steps <= modulus // 2 else None


def written(past: Registers) -> dict[str, Any]:
    """The registers as plain data."""
    return {name: getattr(past, name).tolist() for name in ("whole", "rest", "gap")}


def taken(plain: Mapping[str, Any]) -> Registers:
    """The registers that were written so, at the first sample of a new stream."""
    whole, rest = np.array(plain["whole"], np.int64), np.array(plain["rest"], np.float64)
    gap = np.array(plain["gap"], np.float64)
    sizes = (whole.shape, rest.shape, gap.shape)
    if sizes != ((6, len(gap)), (6, len(gap)), (len(gap),)):
        raise ValueError(f"registers: found sizes {sizes}, expected (6, n), (6, n), (n,)")
    if (whole < 0).any() or not ((rest >= 0) & (rest < 1)).all():
        raise ValueError("registers: found less than 0, or a remainder that is not below 1")
    return Registers(whole, rest, gap)
