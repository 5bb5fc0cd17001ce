"""A window on a grid of whole points a cycle, by a windowed sinc whose weights all channels share.

The grid is synchronous, so that its spectrum has the harmonics in single bins (IEC 61000-4-7).
What the interpolation takes from high harmonics is known and given back by `loss`.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.compiled import COMPILES, swift

Array = NDArray[Any]

POINTS = 1920  # of one window: 2**7 * 3 * 5; beyond half of it only bins above 650 are folded
PHASES = 512  # places between two samples for which weights are kept
TAPS = 16  # samples that make one point, where nothing is thinned out
BETA = 10.0  # of the Kaiser window: images of the fundamental are 115 dB down
EDGE = 3600.0  # Hz: beyond the 50th harmonic of 70 Hz nothing is asked for
DEGREE = 11  # of the polynomial of what is lost
CHUNKS = (16, 20, 24, 30, 32, 40, 48)  # points that one product of matrices may make


@dataclass(frozen=True, slots=True)
class Grid:
    """Weights of the interpolation, and the points they make."""

    weights: Array  # (PHASES + 1, taps)
    loss: Array  # polynomial over frequency / rate: what gives an amplitude back its loss
    points: Array  # (POINTS, channels), anew for each window


def grid(channels: Channels) -> Grid:
    """Weights for the rate of these channels."""
    weights, loss = _weights(channels.rate, channels.cycles * channels.cycle / POINTS)
    return Grid(weights, loss, np.zeros((POINTS, len(channels.group)), np.float32))


@cache
def _weights(rate: float, samples: float) -> tuple[Array, Array]:
    """Weights and loss at a rate at which a point is made for so many samples."""
    step = max(1.0, samples)
    taps = int(np.ceil(TAPS * step / 8) * 8) if step > 1.05 else TAPS
    offset = np.arange(taps) - (taps // 2 - 1) - np.arange(PHASES + 1)[:, None] / PHASES
    window = np.i0(BETA * np.sqrt(np.clip(1 - (2 * offset / taps) ** 2, 0, None))) / np.i0(BETA)
    cut = 1.0 if taps == TAPS else 1.0 / step
    weights = np.sinc(cut * offset) * window
    weights /= weights.sum(axis=1, keepdims=True)
    seen = np.linspace(0, min(0.48, EDGE / rate), 80)
    kept = [(weights * np.cos(2 * np.pi * f * offset)).sum(axis=1).mean() for f in seen]
    loss = np.polynomial.Polynomial.fit(seen, 1 / np.array(kept), DEGREE).convert().coef[::-1]
    return weights.astype(np.float32), loss


def fill(grid: Grid, samples: Array, origin: int, start: float, step: float) -> None:
    """Fill the points from start on, in samples; `origin` is the number of the first row."""
    if COMPILES:
        own = np.empty(grid.weights.shape[1], np.float32)
        _filled(samples, origin, start, step, grid.weights, own, grid.points)
    else:
        _filled_plain(samples, origin, start, step, grid.weights, grid.points)


@swift
def _filled(
    samples: Array,
    origin: int,
    start: float,
    step: float,
    weights: Array,
    w: Array,
    out: Array,
) -> None:
    """Fill the points; `w` is room for the weights of one."""
    taps, channels = weights.shape[1], samples.shape[1]
    for point in range(len(out)):
        t = start + step * point
        row = int(np.floor(t))
        phase = (t - row) * PHASES
        p = int(phase)
        between = np.float32(phase - p)
        for k in range(taps):
            w[k] = weights[p, k] + between * (weights[p + 1, k] - weights[p, k])
        y = out[point]
        r = row - origin - taps // 2 + 1
        a0, a1, a2, a3, a4, a5, a6, a7 = w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]
        b0, b1, b2, b3, b4, b5, b6, b7 = w[8], w[9], w[10], w[11], w[12], w[13], w[14], w[15]
        for c in range(channels):  # one sum that stays in registers
            y[c] = (
                a0 * samples[r, c] + a1 * samples[r + 1, c]
                + a2 * samples[r + 2, c] + a3 * samples[r + 3, c]
                + a4 * samples[r + 4, c] + a5 * samples[r + 5, c]
                + a6 * samples[r + 6, c] + a7 * samples[r + 7, c]
                + b0 * samples[r + 8, c] + b1 * samples[r + 9, c]
                + b2 * samples[r + 10, c] + b3 * samples[r + 11, c]
                + b4 * samples[r + 12, c] + b5 * samples[r + 13, c]
                + b6 * samples[r + 14, c] + b7 * samples[r + 15, c]
            )  # fmt: skip
        for k in range(TAPS, taps, 8):
            q = r + k
            a0, a1, a2, a3 = w[k], w[k + 1], w[k + 2], w[k + 3]
            a4, a5, a6, a7 = w[k + 4], w[k + 5], w[k + 6], w[k + 7]
            for c in range(channels):
                y[c] += (
                    a0 * samples[q, c] + a1 * samples[q + 1, c]
                    + a2 * samples[q + 2, c] + a3 * samples[q + 3, c]
                    + a4 * samples[q + 4, c] + a5 * samples[q + 5, c]
                    + a6 * samples[q + 6, c] + a7 * samples[q + 7, c]
                )  # fmt: skip


def _filled_plain(
    samples: Array,
    origin: int,
    start: float,
    step: float,
    weights: Array,
    out: Array,
) -> None:
    """The same as a band of weights times the samples, chunks of points all at once."""
    taps = weights.shape[1]
    t = start + step * np.arange(POINTS)
    row = np.floor(t).astype(np.int64)
    phase = (t - row) * PHASES
    p = phase.astype(np.int64)
    w, after = weights.take(p, axis=0), weights.take(p + 1, axis=0)
    after -= w
    after *= (phase - p).astype(np.float32)[:, None]
    w += after
    first = row - origin - taps // 2 + 1
    span, points, stride, early = min(_chunked(step, taps, points) for points in CHUNKS)
    band = np.zeros((POINTS // points, points, span), np.float32)
    base = int(first[0]) + early + stride * np.arange(len(band))
    place = np.arange(0, POINTS * span, span) + first - np.repeat(base, points)
    as_strided(band, (band.size - taps + 1, taps), (4, 4))[place] = w
    if base[0] >= 0 and base[-1] + span <= len(samples):
        down, right = samples.strides
        rows = as_strided(
            samples[base[0] :], (len(band), span, samples.shape[1]), (stride * down, down, right)
        )
    else:
        rows = samples.take(base[:, None] + np.arange(span), axis=0, mode="clip")
    np.matmul(band, rows, out=out.reshape(len(band), points, -1))


def _chunked(step: float, taps: int, points: int) -> tuple[int, int, int, int]:
    """Rows that a chunk of so many points needs, the points, rows to the next, and how early.

    Each begins as many rows after the one before, so that none have to be copied.
    """
    stride = round(step * points)
    drift = (step * points - stride) * POINTS / points
    span = int(np.ceil(step * points + abs(drift))) + taps + 1
    return span, points, stride, int(np.floor(min(drift, 0.0)))
