"""Where a voltage's fundamental crosses zero: the bounds of its half-cycles (7, 8, 16.1).

Each voltage is taken at a tenth of a millisecond or so, freed of its harmonics by a low-pass of
fourth order, and its crossings are dated back by the delay that this filter has at the frequency
just measured. A crossing that does not come is carried on at the last period and marked.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt, sosfreqz

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.compiled import COMPILES, compiled, within

REAL, CARRIED, JUMPED = 0, 1, 2  # how a bound was found
SLOWEST = 4000.0  # Hz: crossings are looked for at this rate or up to twice of it
CORNER = 1.2  # of the nominal frequency: passes 0.85 to 1.15 of it, weakens a third harmonic by 39
LOW, HIGH = 0.7, 1.4  # of the nominal frequency: beyond, the delay is not followed
FAINT = 0.03  # of the nominal voltage: weaker crossings are noise
LATE = 0.1  # of a cycle that a crossing may come too early or too late
LOOSE = 0.22  # the same while the period is not known: it may be as long as LOW allows
BACK = 0.02  # of a cycle that the first crossing after a loss may be off and yet be in phase
EARLY = 0.2  # of a cycle: what crosses again within it is noise
SURE = 3  # crossings in a row that give a period
NOISE = 1e-3  # of a period that a cycle may differ and yet leave the period as it is
ROOM = 512  # bounds of each voltage that are remembered

Array = NDArray[Any]


class Watch(NamedTuple):
    """How crossings are looked for, and the state of looking; the arrays change."""

    every: int  # samples that are taken together
    cycle: float  # samples of a nominal cycle
    faint: float  # least step through zero between two looks, V
    sections: Array  # of the low-pass
    delay: Array  # polynomial: its delay in samples over frequency / nominal frequency
    memory: Array  # of the low-pass, (sections, 2, voltages)
    before: Array  # last filtered value of each voltage
    period: Array  # samples of a cycle of each voltage
    late: Array  # samples that the low-pass delays each voltage at its period
    steady: Array  # real crossings in a row
    at: Array  # the bounds in samples since the stream's first, (voltages, ROOM), a ring
    mark: Array  # how each was found
    found: Array  # bounds ever found of each voltage
    known: Array  # (1,) up to when all bounds are known


def watch(channels: Channels) -> Watch:
    """A watch at the start of a stream."""
    nominal, number = channels.nominal_frequency, len(channels.voltage)
    every = max(1, int(channels.rate // SLOWEST))
    rate = channels.rate / every
    sections, delay = _low_pass(nominal, rate, channels.rate)
    late = float(np.polynomial.polynomial.polyval(1.0, delay))
    return Watch(
        every=every,
        cycle=channels.cycle,
        faint=FAINT * channels.nominal_voltage * np.sqrt(2) * 2 * np.pi * nominal / rate,
        sections=sections,
        delay=delay,
        memory=np.zeros((len(sections), 2, number)),
        before=np.zeros(number),
        period=np.full(number, channels.cycle),
        late=np.full(number, late),
        steady=np.zeros(number, np.int64),
        at=np.zeros((number, ROOM)),
        mark=np.zeros((number, ROOM), np.int64),
        found=np.zeros(number, np.int64),
        known=np.zeros(1),
    )


@cache
def _low_pass(nominal: float, rate: float, samples: float) -> tuple[Array, Array]:
    """Sections of the low-pass at its own rate, and the polynomial of its delay in samples."""
    sections = butter(4, CORNER * nominal, fs=rate, output="sos")
    seen = np.linspace(LOW, HIGH, 200)
    phase = np.unwrap(np.angle(sosfreqz(sections, seen * nominal, fs=rate)[1]))
    delay = -phase / (2 * np.pi * seen * nominal) * samples
    return sections, np.polynomial.Polynomial.fit(seen, delay, 7).convert().coef


def follow(w: Watch, samples: Array, voltage: Array, start: int) -> None:
    """Look for crossings in further samples, a whole number of steps, the first at `start`."""
    if COMPILES:
        slow = np.empty((len(samples) // w.every, len(voltage)))
        _looked(w, samples, voltage, float(start), slow)
    else:
        _looked_plain(w, samples, voltage, float(start))


@compiled
def _looked(w: Watch, samples: Array, voltage: Array, start: float, slow: Array) -> None:
    """Look for crossings; `slow` is room for what the low-pass gives."""
    steps = len(slow)
    _filtered(w, samples, voltage, slow)
    for v in range(len(voltage)):
        before = w.before[v]
        for step in range(steps):
            now = slow[step, v]
            if (before >= 0) != (now >= 0) and abs(now - before) >= w.faint:
                _cross(w, v, _moment(w, start, step, v, before, now))
            before = now
        w.before[v] = before
    _carry_all(w, start + w.every * (steps - 0.5) - 0.5)


@within
def _filtered(w: Watch, samples: Array, voltage: Array, slow: Array) -> None:
    """Filter all voltages in two sections, step by step: none has to wait for its own last one."""
    s, row = w.sections, 0
    a, b, c, d = w.memory[0, 0], w.memory[0, 1], w.memory[1, 0], w.memory[1, 1]
    for step in range(len(slow)):
        for v in range(len(voltage)):
            x = 0.0
            for k in range(w.every):
                x += samples[row + k, voltage[v]]
            x /= w.every
            y = s[0, 0] * x + a[v]
            a[v] = s[0, 1] * x - s[0, 4] * y + b[v]
            b[v] = s[0, 2] * x - s[0, 5] * y
            z = s[1, 0] * y + c[v]
            c[v] = s[1, 1] * y - s[1, 4] * z + d[v]
            d[v] = s[1, 2] * y - s[1, 5] * z
            slow[step, v] = z
        row += w.every


def _looked_plain(w: Watch, samples: Array, voltage: Array, start: float) -> None:
    steps = len(samples) // w.every
    slow = np.zeros((len(voltage), steps))
    for k in range(w.every):
        slow += samples[k :: w.every, voltage].T
    memory = w.memory.transpose(0, 2, 1)
    slow, memory[:] = sosfilt(w.sections, slow / w.every, zi=memory)
    whole = np.concatenate([w.before[:, None], slow], axis=1)
    w.before[:] = slow[:, -1]
    up = whole >= 0
    v, step = np.divmod(np.flatnonzero(up[:, 1:] != up[:, :-1]), steps)
    sure = np.abs(whole[v, step + 1] - whole[v, step]) >= w.faint
    v, step = v[sure], step[sure]
    if len(v):
        strange = ~_steady_plain(w, v, start, step, whole)
        for one, at in zip(v[strange[v]].tolist(), step[strange[v]].tolist(), strict=True):
            _cross(w, one, _moment(w, start, at, one, whole[one, at], whole[one, at + 1]))
    _carry_plain(w, start + w.every * (steps - 0.5) - 0.5)


def _carry_plain(w: Watch, filtered: float) -> None:
    """Carry on all voltages at once, or one by one where a crossing did not come in time."""
    until = filtered - w.late
    due = w.at[np.arange(len(w.found)), (w.found - 1) % ROOM] + w.period / 2
    patience = w.period * np.where(w.steady >= SURE, LATE, LOOSE)
    if ((due + patience < until) & (w.found > 0)).any():
        _carry_all(w, filtered)
    else:
        w.known[0] = (until - LOOSE * w.period).min()


def _steady_plain(w: Watch, v: Array, start: float, step: Array, values: Array) -> Array:
    """Take crossings of voltages where they come as regularly as those before, all at once.

    They are in the order of their voltages; tells of which all were taken.
    """
    period = w.period[v]
    turn = 2 * np.pi * w.every / period
    a, b = np.abs(values[v, step]), np.abs(values[v, step + 1])
    part = np.arctan2(a * np.sin(turn), b + a * np.cos(turn)) / turn
    t = start + w.every * step + (w.every * (part - 0.5) - 0.5 - w.late[v])
    voltages = np.arange(len(w.found))
    number = np.bincount(v, minlength=len(voltages))
    line = np.arange(len(v)) + 2 * (v + 1)  # of each voltage behind the last two before
    begins = np.cumsum(number + 2) - number
    whole = np.empty(len(v) + 2 * len(voltages))
    whole[line] = t
    for k in (1, 2):
        whole[begins - k] = w.at[voltages, (w.found - k) % ROOM]
    strange = np.abs(t - whole[line - 1] - period / 2) > LATE * period
    strange |= np.abs((t - whole[line - 2]) / period - 1) > NOISE
    sure = (w.steady >= SURE) & (np.bincount(v, strange, len(voltages)) == 0)
    own = sure[v]
    v, places = v[own], ((w.found - begins)[v] + line)[own] % ROOM
    w.at[v, places], w.mark[v, places] = t[own], REAL
    w.found[sure] += number[sure]
    w.steady[sure] += number[sure]
    return np.asarray(sure)


@within
def _moment(w: Watch, start: float, step: int, v: int, a: float, b: float) -> float:
    """When a sine of this period that is a and then b was zero, less the filter's delay."""
    turn = 2 * np.pi * w.every / w.period[v]
    part = np.arctan2(abs(a) * np.sin(turn), abs(b) + abs(a) * np.cos(turn)) / turn
    # the whole part first: the same sum however the samples came
    return float(start + w.every * step + (w.every * (part - 0.5) - 0.5 - w.late[v]))


@within
def _found(w: Watch, v: int, t: float, how: int) -> None:
    w.at[v, w.found[v] % ROOM] = t
    w.mark[v, w.found[v] % ROOM] = how
    w.found[v] += 1


@within
def bound(w: Watch, v: int, number: int) -> float:
    """A bound of a voltage by its number."""
    return float(w.at[v, number % ROOM])


@within
def _tolerance(w: Watch, v: int) -> float:
    return float(w.period[v] * (LATE if w.steady[v] >= SURE else LOOSE))


@within
def _carry(w: Watch, v: int, until: float) -> None:
    """Carry on at the last period where no crossing came in time."""
    if w.found[v] == 0:
        return
    due = bound(w, v, w.found[v] - 1) + w.period[v] / 2
    while due + _tolerance(w, v) < until:
        _found(w, v, due, CARRIED)
        w.steady[v] = 0
        due += w.period[v] / 2


@compiled
def _carry_all(w: Watch, filtered: float) -> None:
    w.known[0] = np.inf
    for v in range(len(w.found)):
        until = filtered - w.late[v]
        _carry(w, v, until)
        w.known[0] = min(w.known[0], until - LOOSE * w.period[v])


@within
def _cross(w: Watch, v: int, t: float) -> None:
    """Take a crossing as a bound, unless it comes far too early."""
    if w.found[v] == 0:
        _found(w, v, t, REAL)
        w.steady[v] = 1
        return
    _carry(w, v, t)
    period = w.period[v]
    half = t - bound(w, v, w.found[v] - 1)
    off = abs(half - period / 2)
    if half < EARLY * period:
        return
    if off > _tolerance(w, v) or (w.steady[v] == 0 and off > BACK * period):
        _found(w, v, t, JUMPED)
        w.steady[v] = 1
        return
    _found(w, v, t, REAL)
    w.steady[v] += 1
    if w.steady[v] >= SURE:
        _paced(w, v, t - bound(w, v, w.found[v] - 3))


@within
def _paced(w: Watch, v: int, cycle: float) -> None:
    """Take a cycle as the period, unless it differs as little as noise does."""
    if LOW < w.cycle / cycle < HIGH and abs(cycle / w.period[v] - 1) > NOISE:
        w.period[v] = cycle
        late, frequency = 0.0, w.cycle / cycle
        for k in range(len(w.delay) - 1, -1, -1):
            late = late * frequency + w.delay[k]
        w.late[v] = late
