"""A window on a grid of whole points a cycle, by a windowed sinc whose weights all channels share.

The grid is synchronous, so that its spectrum has the harmonics in single bins (IEC 61000-4-7).
What the interpolation takes from high harmonics is known and given back by `loss`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.compiled import COMPILES, swift

Array = NDArray[Any]

POINTS = 2400  # of one window: a multiple of 20 and 24 that is made of small primes
PHASES = 512  # places between two samples for which weights are kept
TAPS = 16  # samples that make one point, where nothing is thinned out
BETA = 10.0  # of the Kaiser window: images of the fundamental are 115 dB down
EDGE = 3600.0  # Hz: beyond the 50th harmonic of 70 Hz nothing is asked for
CHUNK = 24  # points that one product of matrices makes, where nothing is compiled


@dataclass(frozen=True, slots=True)
class Grid:
    """Weights of the interpolation, and the points they make."""

    weights: Array  # (PHASES + 1, taps)
    loss: Array  # polynomial over frequency / rate: what gives an amplitude back its loss
    points: Array  # (POINTS, channels), anew for each window
    scale: Array  # what each channel's points are times, anew too


def grid(channels: Channels) -> Grid:
    """Weights for the rate of these channels."""
    step = max(1.0, channels.cycles * channels.cycle / POINTS)
    taps = int(np.ceil(TAPS * step / 8) * 8) if step > 1.05 else TAPS
    offset = np.arange(taps) - (taps // 2 - 1) - np.arange(PHASES + 1)[:, None] / PHASES
    window = np.i0(BETA * np.sqrt(np.clip(1 - (2 * offset / taps) ** 2, 0, None))) / np.i0(BETA)
    cut = 1.0 if taps == TAPS else 1.0 / step
    weights = np.sinc(cut * offset) * window
    weights /= weights.sum(axis=1, keepdims=True)
    seen = np.linspace(0, min(0.48, EDGE / channels.rate), 80)
    kept = [(weights * np.cos(2 * np.pi * f * offset)).sum(axis=1).mean() for f in seen]
    loss = np.polynomial.Polynomial.fit(seen, 1 / np.array(kept), 11).convert().coef[::-1]
    # an even number of columns: pairs of them are one complex signal
    points = np.zeros((POINTS, len(channels.group) + len(channels.group) % 2), np.float32)
    return Grid(weights.astype(np.float32), loss, points, np.ones(points.shape[1], np.float32))


def fill(grid: Grid, samples: Array, origin: int, start: float, step: float, rms: Array) -> None:
    """Fill the points from start on, in samples; `origin` is the number of the first row.

    Each channel is brought to about 1 by a power of two, which is exact: pairs of channels are
    transformed together, and a large one would round a small one.
    """
    channels = samples.shape[1]
    with np.errstate(divide="ignore"):
        power = np.where(rms > 0, -np.round(np.log2(rms)), 0.0)
    grid.scale[:channels] = np.exp2(np.clip(power, -60, 60))
    out = grid.points[:, :channels]
    grid.points[:, channels:] = 0.0  # the last spectrum stands there
    filled = _filled if COMPILES else _filled_plain
    filled(samples, origin, start, step, grid.weights, grid.scale[:channels], out)


@swift
def _filled(
    samples: Array,
    origin: int,
    start: float,
    step: float,
    weights: Array,
    scale: Array,
    out: Array,
) -> None:
    taps, channels = weights.shape[1], samples.shape[1]
    w = np.empty(taps, np.float32)
    for point in range(len(out)):
        t = start + step * point
        row = int(np.floor(t))
        phase = (t - row) * PHASES
        p = int(phase)
        between = np.float32(phase - p)
        for k in range(taps):
            w[k] = weights[p, k] + between * (weights[p + 1, k] - weights[p, k])
        y = out[point]
        y[:] = np.float32(0.0)
        for k in range(0, taps, 8):
            r = row - origin - taps // 2 + 1 + k
            w0, w1, w2, w3 = w[k], w[k + 1], w[k + 2], w[k + 3]
            w4, w5, w6, w7 = w[k + 4], w[k + 5], w[k + 6], w[k + 7]
            for c in range(channels):
                y[c] += (
                    w0 * samples[r, c] + w1 * samples[r + 1, c]
                    + w2 * samples[r + 2, c] + w3 * samples[r + 3, c]
                    + w4 * samples[r + 4, c] + w5 * samples[r + 5, c]
                    + w6 * samples[r + 6, c] + w7 * samples[r + 7, c]
                )  # fmt: skip
        for c in range(channels):
            y[c] *= scale[c]


def _filled_plain(
    samples: Array,
    origin: int,
    start: float,
    step: float,
    weights: Array,
    scale: Array,
    out: Array,
) -> None:
    """The same as a band of weights times the samples, a chunk of points at a time."""
    taps = weights.shape[1]
    t = start + step * np.arange(POINTS)
    row = np.floor(t).astype(np.int64)
    phase = (t - row) * PHASES
    p = phase.astype(np.int64)
    w = weights[p]
    w += (phase - p).astype(np.float32)[:, None] * (weights[p + 1] - w)
    first = row - origin - taps // 2 + 1
    base = first[::CHUNK]
    span = int(np.ceil(step * CHUNK)) + taps + 1
    band = np.zeros((POINTS, span), np.float32)
    place = np.arange(POINTS) * span + first - np.repeat(base, CHUNK)
    band.reshape(-1)[place[:, None] + np.arange(taps)] = w
    for k, r in enumerate(base.tolist()):
        part = slice(k * CHUNK, (k + 1) * CHUNK)
        np.matmul(band[part, : len(samples) - r], samples[r : r + span], out=out[part])
    out *= scale
