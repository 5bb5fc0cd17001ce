"""Means between two moments of a stream: of the value, its square, its product with a voltage."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement.compiled import COMPILES, swift, within

Array = NDArray[Any]

PACE = 64  # rows that are summed in single precision before they go into double
WIDE = 16  # rows that are compared side by side, where nothing is compiled
VALUE, SQUARE, PRODUCT, LOW, HIGH = range(5)  # rows of the answer


def means(samples: Array, origin: int, start: float, end: float, partner: Array) -> Array:
    """Mean value, square, product with the partner, least and greatest value, (5, channels).

    By the trapezoid rule between start and end, which count in samples from the stream's first and
    may lie between two; `origin` is the number of the first row.
    """
    found = np.empty((5, samples.shape[1]))
    if COMPILES:
        part = np.empty((9, samples.shape[1]), np.float32)
        _meant(samples, origin, start, end, partner, part, found)
    else:
        _meant_plain(samples, origin, start, end, partner, found)
    return found


@swift
def _meant(
    samples: Array, origin: int, start: float, end: float, partner: Array, part: Array, found: Array
) -> None:
    """Find the means; `part` is room for sums of a few rows, and for their partners."""
    channels = samples.shape[1]
    first, last = int(np.ceil(start)) - origin, int(np.ceil(end)) - origin
    value, square, product, low, high = part[0], part[1], part[2], part[3], part[4]
    u0, u1, u2, u3 = part[5], part[6], part[7], part[8]
    found[:] = 0.0
    low[:], high[:] = np.float32(np.inf), np.float32(-np.inf)
    row = first
    while row < last:
        part[:3] = np.float32(0.0)
        stop = min(row + PACE, last)
        while row + 4 <= stop:  # four rows at once, so that sums are loaded and stored once
            x0, x1, x2, x3 = samples[row], samples[row + 1], samples[row + 2], samples[row + 3]
            for c in range(channels):
                k = partner[c]
                u0[c], u1[c], u2[c], u3[c] = x0[k], x1[k], x2[k], x3[k]
            for c in range(channels):
                p, q, r, s = x0[c], x1[c], x2[c], x3[c]
                value[c] += (p + q) + (r + s)
                square[c] += (p * p + q * q) + (r * r + s * s)
                product[c] += (p * u0[c] + q * u1[c]) + (r * u2[c] + s * u3[c])
                low[c] = min(low[c], p, q, r, s)
                high[c] = max(high[c], p, q, r, s)
            row += 4
        while row < stop:
            x0 = samples[row]
            for c in range(channels):
                p = x0[c]
                value[c] += p
                square[c] += p * p
                product[c] += p * x0[partner[c]]
                low[c], high[c] = min(low[c], p), max(high[c], p)
            row += 1
        for c in range(channels):
            found[VALUE, c] += value[c]
            found[SQUARE, c] += square[c]
            found[PRODUCT, c] += product[c]
    _edged(samples, origin, start, end, partner, found)
    for c in range(channels):
        for k in range(3):
            found[k, c] /= end - start
        found[LOW, c], found[HIGH, c] = low[c], high[c]


@within
def _edged(
    samples: Array, origin: int, start: float, end: float, partner: Array, found: Array
) -> None:
    """Give the sums what lies between two samples at either end."""
    for side in range(2):
        t, sign = (start, 1.0) if side == 0 else (end, -1.0)
        row, ahead = int(np.ceil(t)) - origin, np.ceil(t) - t
        for c in range(samples.shape[1]):
            a, b = float(samples[row, c]), float(samples[row - 1, c])
            ua, ub = float(samples[row, partner[c]]), float(samples[row - 1, partner[c]])
            found[VALUE, c] += sign * (ahead * (a * (2 - ahead) + b * ahead) - a) / 2
            found[SQUARE, c] += sign * (ahead * (a * a * (2 - ahead) + b * b * ahead) - a * a) / 2
            found[PRODUCT, c] += (
                sign * (ahead * (a * ua * (2 - ahead) + b * ub * ahead) - a * ua) / 2
            )


def _meant_plain(
    samples: Array, origin: int, start: float, end: float, partner: Array, found: Array
) -> None:
    first, last = int(np.ceil(start)) - origin, int(np.ceil(end)) - origin
    inner, whole = samples[first:last], (last - first) // PACE * PACE
    found[LOW], found[HIGH] = _farthest(np.minimum, inner), _farthest(np.maximum, inner)
    found[:3] = _summed(inner[:whole].reshape(-1, PACE, inner.shape[1]), partner)
    begins, ends = np.ceil(start) - start, np.ceil(end) - end  # what no pace holds, by its weight
    weights = np.ones(4 + last - first - whole)
    weights[:2] = begins**2 / 2, (begins * (2 - begins) - 1) / 2
    weights[2:4] = -(ends**2) / 2, -(ends * (2 - ends) - 1) / 2
    at = np.array([first - 1, first, last - 1, last, *range(first + whole, last)])
    rows = samples[at].astype(float)
    found[VALUE] += weights @ rows
    found[SQUARE] += weights @ (rows * rows)
    found[PRODUCT] += weights @ (rows * rows[:, partner])
    found[:3] /= end - start


def _summed(paces: Array, partner: Array) -> Array:
    """Sums of values, squares and products over paces of rows, (paces, rows, channels)."""
    columns = np.arange(len(partner))
    voltage = np.flatnonzero(partner == columns)
    ways = np.ones((len(paces), 1 + len(voltage), PACE), np.float32)  # ones, and each voltage
    ways[:, 1:] = paces[:, :, voltage].transpose(0, 2, 1)
    made = (ways @ paces).astype(float).sum(axis=0)
    squares = np.einsum("prc,prc->pc", paces, paces).astype(float).sum(axis=0)
    return np.stack([made[0], squares, made[1 + np.searchsorted(voltage, partner), columns]])


def _farthest(which: np.ufunc, rows: Array) -> Array:
    """The least or greatest of each column: of wide rows, many rows side by side, it is swift."""
    if len(rows) < WIDE:
        return np.asarray(which.reduce(rows, axis=0))
    whole = len(rows) // WIDE * WIDE
    wide = which.reduce(rows[:whole].reshape(-1, WIDE * rows.shape[1]), axis=0)
    return np.asarray(which.reduce(np.concatenate([wide.reshape(WIDE, -1), rows[whole:]]), axis=0))
