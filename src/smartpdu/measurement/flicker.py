"""Flicker of light that voltages make: instantaneous, Pst and Plt (8; IEC 61000-4-15, class F1).

The voltage is squared as a lamp does, related to its own mean of the last half minute, freed of
the mains' double frequency and of what is steady, weighted as lamp, eye and brain do, squared,
smoothed, and classed. Squares are drawn together to about 2,000 a second first: what that folds
back is a thousand times weaker than what is felt. The state of all filters is a value that is
carried from block to block.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import bilinear_zpk, butter, sosfilt, sosfreqz, zpk2sos

from smartpdu.measurement.channels import Channels
from smartpdu.model.units import Column, Hertz, Ratio

Array = NDArray[Any]

SLOW = 2000.0  # Hz: squares are drawn together to this rate or up to twice of it
CLASSED = 10  # of them, every one that is classed
MEMORY = 27.3  # s of the voltage that squares are related to
SMOOTH = 0.3  # s
STEADY = 0.05  # Hz: slower is not seen
CUT = {50.0: 35.0, 60.0: 42.0}  # Hz: faster is the mains
FELT = 8.8  # Hz, at which most is felt
SETTLED = 20.0  # s after the beginning or a gap in which nothing is classed
PRIMED = 0.2  # s that the first mean is taken of: ten or twelve cycles
INTERVAL = 600.0  # s of one Pst
FAINT = 0.03  # of the nominal voltage: less is none, and nothing is related to it
FEWEST, MOST, FINE = -6, 5, 200  # decades of classes, and classes of each
WEIGHTS = (  # share of each level, and the percentiles that it is the mean of
    (0.0314, (0.1,)),
    (0.0525, (0.7, 1.0, 1.5)),
    (0.0657, (2.2, 3.0, 4.0)),
    (0.28, (6.0, 8.0, 10.0, 13.0, 17.0)),
    (0.08, (30.0, 50.0, 80.0)),
)


@dataclass(frozen=True, slots=True)
class Lamp:
    """How lamp, eye and brain weigh a frequency, and what of 8.8 Hz is just felt."""

    gain: float
    damping: Hertz
    middle: Hertz
    zero: Hertz
    low: Hertz
    high: Hertz
    felt: float  # change of voltage, peak to peak, of its mean


EUROPEAN = Lamp(1.74802, 4.05981, 9.15494, 2.27979, 1.22535, 21.9, 0.00250)  # 230 V, 60 W
AMERICAN = Lamp(1.6357, 4.167375, 9.077169, 2.939902, 1.394468, 17.31512, 0.00321)  # 120 V, 60 W
DIVIDE = 170.0  # V: a voltage above it feeds European lamps


@dataclass(frozen=True, slots=True)
class Meter:
    """The filters for one rate."""

    voltage: Array  # channels
    every: int  # samples that are drawn together
    rate: Hertz  # of what is left
    share: float  # that one square has in the mean
    weighting: Array  # sections
    smoothing: Array
    scale: float  # that makes what is just felt 1
    least: float  # square that others are related to


@dataclass(frozen=True, slots=True)
class State:
    """What the filters remember, and what was classed."""

    left: Array  # squares not drawn together yet, (fewer than `every`, voltages)
    waiting: Array  # squares before the first mean is known
    mean: Array | None  # of squares, of each voltage
    weighted: Array  # memory of the filters
    smoothed: Array
    number: int  # of squares since the beginning or the last gap
    classes: Array  # how often each level was felt, (classes, voltages)
    highest: Array  # level of each voltage


@dataclass(frozen=True, slots=True)
class Severity:
    """Flicker of an interval."""

    short: Column  # Pst of each voltage, NaN where nothing was classed
    highest: Column  # greatest instantaneous flicker
    share: Ratio  # of ten minutes that was classed


def meter(channels: Channels, lamp: Lamp | None = None) -> Meter:
    """The filters for these channels."""
    lamp = lamp or (EUROPEAN if channels.nominal_voltage > DIVIDE else AMERICAN)
    every = max(1, int(channels.rate // SLOW))
    rate = channels.rate / every
    weighting = _weighting(lamp, CUT[channels.nominal_frequency], rate)
    smoothing = butter(1, 1 / (2 * np.pi * SMOOTH), fs=rate, output="sos")
    seen = abs(sosfreqz(weighting, [FELT], fs=rate)[1][0])
    ripple = abs(sosfreqz(smoothing, [2 * FELT], fs=rate)[1][0])
    scale = 2 / ((lamp.felt * seen) ** 2 * (1 + ripple))
    share = -float(np.expm1(-1 / (rate * MEMORY)))
    least = (FAINT * channels.nominal_voltage) ** 2
    return Meter(channels.voltage, every, rate, share, weighting, smoothing, scale, least)


def _weighting(lamp: Lamp, cut: Hertz, rate: Hertz) -> Array:
    """What is slower than seen and faster than the mains taken away, the rest weighted."""
    turn = 2 * np.pi
    poles = np.roots([1.0, 2 * turn * lamp.damping, (turn * lamp.middle) ** 2])
    z, p, k = bilinear_zpk(
        [0.0, -turn * lamp.zero],
        [*poles, -turn * lamp.low, -turn * lamp.high],
        lamp.gain * turn * lamp.middle * turn * lamp.low * lamp.high / lamp.zero,
        rate,
    )
    slow = butter(1, STEADY, "highpass", fs=rate, output="zpk")
    fast = butter(6, cut, fs=rate, output="zpk")
    zeros, poles = np.concatenate([z, slow[0], fast[0]]), np.concatenate([p, slow[1], fast[1]])
    return np.asarray(zpk2sos(zeros, poles, k * slow[2] * fast[2]))


def begun(meter: Meter) -> State:
    """Nothing is felt yet."""
    n = len(meter.voltage)
    return State(
        left=np.empty((0, n)),
        waiting=np.empty((0, n)),
        mean=None,
        weighted=np.zeros((len(meter.weighting), 2, n)),
        smoothed=np.zeros((len(meter.smoothing), 2, n)),
        number=0,
        classes=np.zeros(((MOST - FEWEST) * FINE, n), np.int64),
        highest=np.full(n, np.nan),
    )


def gapped(meter: Meter, past: State) -> State:
    """The filters begin anew after a gap; what was classed stays."""
    return replace(begun(meter), classes=past.classes, highest=past.highest)


def felt(meter: Meter, past: State, block: Array) -> tuple[State, Array]:
    """What is felt with further samples, `meter.rate` times a second, (values, voltages)."""
    squares = np.square(block[:, meter.voltage].astype(float))
    squares = np.concatenate([past.left, squares])
    whole = len(squares) // meter.every
    drawn = squares[: whole * meter.every].reshape(whole, meter.every, squares.shape[1])
    drawn = drawn.mean(axis=1)
    past = replace(past, left=squares[whole * meter.every :])
    if past.mean is None:
        drawn = np.concatenate([past.waiting, drawn])
        first = round(PRIMED * meter.rate)
        if len(drawn) < first:
            return replace(past, waiting=drawn), drawn[:0]
        past = replace(past, waiting=drawn[:0], mean=drawn[:first].mean(axis=0))
    if not len(drawn):
        return past, drawn
    return _felt(meter, past, drawn)


def _felt(meter: Meter, past: State, drawn: Array) -> tuple[State, Array]:
    """What is felt of squares once their mean is known."""
    assert past.mean is not None
    sections = np.array([[meter.share, 0.0, 0.0, 1.0, meter.share - 1, 0.0]])
    before = np.zeros((1, 2, len(past.mean)))
    before[0, 0] = (1 - meter.share) * past.mean
    mean, _ = sosfilt(sections, drawn, axis=0, zi=before)
    related = drawn / np.maximum(mean, meter.least) - 1
    change, weighted = sosfilt(meter.weighting, related, axis=0, zi=past.weighted)
    level, smoothed = sosfilt(meter.smoothing, np.square(change), axis=0, zi=past.smoothed)
    level *= meter.scale
    numbers = past.number + np.arange(len(level))
    sure = numbers >= SETTLED * meter.rate
    classes, highest = past.classes, past.highest
    if sure.any():
        classes = _classed(classes, level[sure & (numbers % CLASSED == 0)])
        highest = np.fmax(highest, level[sure].max(axis=0))
    return replace(
        past,
        mean=mean[-1],
        weighted=weighted,
        smoothed=smoothed,
        number=past.number + len(level),
        classes=classes,
        highest=highest,
    ), level


def _classed(classes: Array, level: Array) -> Array:
    """The classes with further levels."""
    floor = 10.0**FEWEST
    place = FINE * (np.log10(np.maximum(level, floor)) - FEWEST)
    place = np.minimum(place.astype(np.int64), len(classes) - 1)
    number = classes.shape[1]
    flat = np.bincount((place * number + np.arange(number)).ravel(), minlength=classes.size)
    return np.asarray(classes + flat.reshape(classes.shape))


def concluded(meter: Meter, past: State) -> tuple[State, Severity]:
    """The flicker of an interval that ends here, and the state at the begin of the next."""
    number = past.classes.sum(axis=0)
    short = np.array([_short(line) if line.any() else np.nan for line in past.classes.T])
    share = float(number.max(initial=0) * CLASSED / (meter.rate * INTERVAL))
    empty = begun(meter)
    after = replace(past, classes=empty.classes, highest=empty.highest)
    return after, Severity(short, past.highest, share)


def _short(classes: Array) -> float:
    """Pst of the classes of one voltage."""
    beyond = np.concatenate([np.cumsum(classes[::-1])[::-1], [0]]) / classes.sum() * 100
    edges = FEWEST + np.arange(len(beyond)) / FINE
    total = 0.0
    for weight, percents in WEIGHTS:
        # beyond falls over the edges: turned round it is what interpolation asks for
        levels = 10 ** np.interp(percents, beyond[::-1], edges[::-1])
        total += weight * float(levels.mean())
    return float(np.sqrt(total))


def long_term(short: Sequence[float]) -> float:
    """Plt of the Pst of two hours, twelve of them: their cubic mean."""
    return float(np.cbrt(np.mean(np.power(short, 3))))
