"""Means between two moments of a stream: of the value, its square, its product with a voltage."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement.compiled import COMPILES, swift

Array = NDArray[Any]

PACE = 64  # rows that are summed in single precision before they go into double
VALUE, SQUARE, PRODUCT, LOW, HIGH = range(5)  # rows of the answer


def means(
    samples: Array, origin: int, start: float, end: float, partner: Array, groups: Array
) -> Array:
    """Mean value, square, product with the partner, least and greatest value, (5, channels).

    By the trapezoid rule between start and end, which count in samples from the stream's first and
    may lie between two; `origin` is the number of the first row.
    """
    found = np.empty((5, samples.shape[1]))
    if COMPILES:
        _meant(samples, origin, start, end, partner, found)
    else:
        _meant_plain(samples, origin, start, end, groups, found)
    return found


@swift
def _meant(
    samples: Array, origin: int, start: float, end: float, partner: Array, found: Array
) -> None:
    channels = samples.shape[1]
    first, last = int(np.ceil(start)) - origin, int(np.ceil(end)) - origin
    u, part = np.empty(channels, np.float32), np.empty((5, channels), np.float32)
    value, square, product, low, high = part[0], part[1], part[2], part[3], part[4]
    found[:] = 0.0
    low[:], high[:] = np.float32(np.inf), np.float32(-np.inf)
    row = first
    while row < last:
        part[:3] = np.float32(0.0)
        for r in range(row, min(row + PACE, last)):
            x = samples[r]
            for c in range(channels):
                u[c] = x[partner[c]]
            for c in range(channels):
                value[c] += x[c]
                square[c] += x[c] * x[c]
                product[c] += x[c] * u[c]
                low[c] = min(low[c], x[c])
                high[c] = max(high[c], x[c])
        found[:3] += part[:3]
        row += PACE
    for side in range(2):
        t, sign = (start, 1.0) if side == 0 else (end, -1.0)
        row, ahead = int(np.ceil(t)) - origin, np.ceil(t) - t
        for c in range(channels):
            a, b = float(samples[row, c]), float(samples[row - 1, c])
            ua, ub = float(samples[row, partner[c]]), float(samples[row - 1, partner[c]])
            found[VALUE, c] += sign * (ahead * (a * (2 - ahead) + b * ahead) - a) / 2
            found[SQUARE, c] += sign * (ahead * (a * a * (2 - ahead) + b * b * ahead) - a * a) / 2
            found[PRODUCT, c] += (
                sign * (ahead * (a * ua * (2 - ahead) + b * ub * ahead) - a * ua) / 2
            )
    found[:3] /= end - start
    found[LOW], found[HIGH] = low, high


def _meant_plain(
    samples: Array, origin: int, start: float, end: float, spans: Array, found: Array
) -> None:
    first, last = int(np.ceil(start)) - origin, int(np.ceil(end)) - origin
    own = samples[first - 1 : last + 1]
    product = np.empty_like(own)
    for a, b in spans.tolist():
        np.multiply(own[:, a:b], own[:, a : a + 1], out=product[:, a:b])
    inner = own[1:-1]
    paces = np.arange(0, len(inner), PACE)
    found[LOW], found[HIGH] = inner.min(axis=0), inner.max(axis=0)
    for k, values in enumerate((own, np.square(own), product)):
        total = np.add.reduceat(values[1:-1], paces, axis=0).sum(axis=0, dtype=float)
        total += _edge(values[1], values[0], np.ceil(start) - start)
        total -= _edge(values[-1], values[-2], np.ceil(end) - end)
        found[k] = total / (end - start)


def _edge(now: Array, then: Array, ahead: float) -> Array:
    """The trapezoid between a moment and the next sample, less half of that sample."""
    a, b = now.astype(float), then.astype(float)
    part: Array = (ahead * (a * (2 - ahead) + b * ahead) - a) / 2
    return part
