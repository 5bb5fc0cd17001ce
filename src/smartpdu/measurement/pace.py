"""Where half-cycles end: foretold from crossings that can be trusted, so that no dip bends a bound.

A dip shakes the low-pass that crossings are found with: for three cycles they lie up to a
millisecond off, and with them the RMS value of each cycle. So a bound is foretold from crossings
one cycle before it that came when they were expected; while they do not, it is carried on at the
last period. What is foretold is known at once: a half-cycle is told with its own last sample. A
phase that has really moved shows in crossings that agree with one another again, and the bounds
follow them little by little, so that every cycle stays as long as a cycle.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.compiled import COMPILES, compiled, within
from smartpdu.measurement.crossing import CARRIED, JUMPED, REAL, ROOM, Watch, bound

SURE = 1.5e-4  # of a cycle that a crossing may be off its place and yet be trusted
WIDE = 4.0  # times as far as crossings of this voltage usually are off
USUAL = 1 / 32  # share of each new crossing in that
AGREE = 2e-3  # of a cycle that two cycles in a row may differ and yet agree
FEW = 6  # crossings in a row that agree: a new phase
LONG = 12  # half-cycles that one is measured by, once the phase is as old as SETTLED
STUBBORN = 50  # doubted crossings in a row that are followed all the same
SLEW = 1.5e-4  # of a cycle that a bound moves at once
CALM = 7.5e-5  # of a cycle that a bound may be off its place as noise makes it
GENTLE = 1 / 8  # share of that by which it moves
SETTLED = 60  # crossings of one phase after which what is off is noise
SPREAD = 40  # bounds over which a jump of phase is spread
LEAP = 0.01  # of a cycle: a jump that is told
AHEAD = 1.9  # half-cycles that a bound lies behind the last crossing it is foretold from
WAIT = 2.0  # cycles after the first voltage that lives in which others begin with it
PAST = 12.0  # cycles before that in which half-cycles are still told

Array = NDArray[Any]


class Pace(NamedTuple):
    """The bounds of each voltage, and what they are foretold from; the arrays change."""

    cycle: float  # samples of a nominal cycle
    seen: Array  # crossings that have been weighed
    agreed: Array  # of them, in a row, those whose cycle is as long as the one before
    trusted: Array  # in a row
    doubted: Array  # in a row
    aged: Array  # crossings since the phase was taken
    wobble: Array  # samples that trusted crossings usually are off
    place: Array  # of the last trusted crossing
    number: Array  # of the bound that it is
    half: Array  # samples of a half-cycle
    step: Array  # samples that a bound moves at once, while a jump is spread
    how: Array  # the last crossing was found
    lives: Array  # whether it has crossings of its own
    at: Array  # the bounds in samples since the stream's first, (voltages, ROOM), a ring
    mark: Array  # how each was found
    found: Array  # bounds ever found of each voltage
    known: Array  # (1,) up to when all bounds are known


def pace(channels: Channels) -> Pace:
    """No voltage lives yet."""
    n = len(channels.voltage)
    zero, none = np.zeros(n), np.zeros(n, np.int64)
    return Pace(
        cycle=channels.cycle,
        seen=none,
        agreed=none.copy(),
        trusted=none.copy(),
        doubted=none.copy(),
        aged=none.copy(),
        wobble=zero,
        place=zero.copy(),
        number=none.copy(),
        half=np.full(n, channels.cycle / 2),
        step=zero.copy(),
        how=np.full(n, CARRIED),
        lives=none.copy(),
        at=np.zeros((n, ROOM)),
        mark=np.zeros((n, ROOM), np.int64),
        found=none.copy(),
        known=np.full(1, -np.inf),
    )


def run_on(p: Pace, w: Watch, taken: int) -> None:
    """Add the bounds that lie within the samples taken."""
    if COMPILES or p.known[0] == -np.inf or not _steady_plain(p, w, taken):
        _ran(p, w, taken)
    else:
        _know(p)


@compiled
def _ran(p: Pace, w: Watch, taken: int) -> None:
    if p.known[0] == -np.inf and not _begun(p, w):
        return
    for v in range(len(p.found)):
        _ran_one(p, w, v, taken)
    _know(p)


@within
def _know(p: Pace) -> None:
    p.known[0] = np.inf
    for v in range(len(p.found)):
        k = p.found[v]
        target = p.place[v] + (k - p.number[v]) * p.half[v]
        slew = max(SLEW * 2 * p.half[v], p.step[v])
        due = p.at[v, (k - 1) % ROOM] + p.half[v]
        # the next bound may still move by what a bound moves at once
        p.known[0] = min(p.known[0], _moving(target, due, slew, p.half[v], p.aged[v]) - slew)


@within
def _bounded(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@within
def _moving(target: float, due: float, slew: float, half: float, aged: int) -> float:
    """A bound on its way from where it is due to its place: gently where noise may be all."""
    off, calm = target - due, CALM * 2 * half
    if aged < SETTLED:
        return due + _bounded(off, -slew, slew)
    if abs(off) <= calm:
        return due + GENTLE * off
    off -= (1 - GENTLE) * _bounded(off, -calm, calm)
    return due + _bounded(off, -slew, slew)


@compiled
def _ran_one(p: Pace, w: Watch, v: int, taken: int) -> None:
    while True:
        k = p.found[v]
        half, slew = p.half[v], max(SLEW * 2 * p.half[v], p.step[v])
        due = p.at[v, (k - 1) % ROOM] + half
        target = p.place[v] + (k - p.number[v]) * half
        t = _moving(target, due, slew, half, p.aged[v])
        until = t - AHEAD * half
        if p.seen[v] < w.found[v] and w.at[v, p.seen[v] % ROOM] <= until:
            _weighed(p, w, v)
            continue
        if w.known[0] < until or t + 1 >= taken:
            return
        if abs(target - t) < SLEW * half:
            p.step[v] = 0.0
        p.at[v, k % ROOM] = t
        p.mark[v, k % ROOM] = p.how[v]
        p.how[v] = REAL if p.how[v] == JUMPED else p.how[v]
        p.found[v] += 1


@within
def _weighed(p: Pace, w: Watch, v: int) -> None:
    """Weigh the next crossing: whether it is where it is expected, or agrees with those before."""
    i = p.seen[v]
    p.seen[v] += 1
    at, mark = w.at[v], w.mark[v]
    p.agreed[v] = _agreed(at, mark, i, p.agreed[v])
    if mark[i % ROOM] == CARRIED:
        p.trusted[v], p.how[v] = 0, CARRIED
        return
    p.aged[v] += 1
    half = p.half[v]
    c = _evened(at, mark, i, half)
    steps = np.round((c - p.place[v]) / half)
    off = abs(c - p.place[v] - steps * half)
    if i > 1:  # two crossings in a row that are off to both sides are no sound one
        off = max(off, abs(at[i % ROOM] - at[(i - 2) % ROOM] - 2 * half) / 2)
    if p.lives[v] and off <= max(SURE * 2 * half, WIDE * p.wobble[v]):
        p.trusted[v] += 1
        p.doubted[v] = 0
        p.wobble[v] += USUAL * (off - p.wobble[v])
        p.place[v], p.how[v] = c, REAL
        p.number[v] += int(steps)
        long = LONG if p.aged[v] >= SETTLED else FEW
        if p.trusted[v] >= long:
            p.half[v] = (at[i % ROOM] - at[(i - long) % ROOM]) / long
        return
    p.trusted[v] = 0
    p.doubted[v] += 1
    if p.how[v] == CARRIED and p.lives[v]:
        p.how[v] = REAL
    alike = min(p.agreed[v], p.doubted[v]) >= FEW
    if alike or p.doubted[v] >= STUBBORN:
        _moved(p, v, c, _half(at, i) if alike else half)


@compiled
def _moved(p: Pace, v: int, place: float, half: float) -> None:
    """Take a new phase: crossings agree with one another, though not with what was foretold."""
    k = p.found[v]
    now = p.place[v] + (k - p.number[v]) * p.half[v]
    number = k - int(np.round((now - place) / half))
    off = abs(place + (k - number) * half - now)
    p.half[v], p.place[v], p.number[v] = half, place, number
    p.step[v] = max(p.step[v], off / SPREAD)
    if off <= AGREE * 2 * half:  # not a jump: crossings of this voltage waver as much
        p.wobble[v] += 4 * USUAL * (off - p.wobble[v])
    p.how[v] = JUMPED if off > LEAP * 2 * half and p.lives[v] else REAL
    p.lives[v], p.doubted[v], p.trusted[v], p.aged[v] = 1, 0, 1, 0


@within
def _half(at: Array, i: int) -> float:
    """A half-cycle as long as those of the last two cycles."""
    return float((at[i % ROOM] - at[(i - 4) % ROOM]) / 4)


@within
def _agreed(at: Array, mark: Array, i: int, before: int) -> int:
    """Crossings in a row whose cycle is as long as the one before."""
    if mark[i % ROOM] != REAL or i < 4:
        return 0
    middle = at[(i - 2) % ROOM]
    cycle = at[i % ROOM] - middle
    alike = abs(cycle - (middle - at[(i - 4) % ROOM])) <= AGREE * cycle
    return before + 1 if alike else 0


@within
def _evened(at: Array, mark: Array, i: int, half: float) -> float:
    """A crossing, freed of what direct voltage makes of its half-cycle."""
    t = at[i % ROOM]
    if i == 0 or mark[i % ROOM] != REAL or mark[(i - 1) % ROOM] == CARRIED:
        return float(t)
    return float(t - (t - at[(i - 1) % ROOM] - half) / 2)


@compiled
def _begun(p: Pace, w: Watch) -> bool:
    """Begin all voltages when one lives and others had time to; the dead follow the first."""
    leader = -1
    for v in range(len(p.found)):
        _sought(p, w, v)
        if p.lives[v] and (leader < 0 or p.place[v] < p.place[leader]):
            leader = v
    if leader < 0 or w.known[0] < p.place[leader] + (WAIT + 1) * p.cycle:
        return False
    begin = p.place[leader] + WAIT * p.cycle
    origin = max(1.0, bound(w, leader, 0) - p.half[leader], begin - PAST * p.cycle)
    for v in range(len(p.found)):
        if not p.lives[v] or p.place[v] > begin:
            _follows(p, w, v, leader, begin)
        back = np.floor((p.place[v] - origin) / p.half[v])
        p.number[v] = int(back)
        p.at[v, 0], p.mark[v, 0] = p.place[v] - back * p.half[v], p.how[v]
        p.found[v] = 1
    return True


@compiled
def _sought(p: Pace, w: Watch, v: int) -> None:
    """Look for the first crossings of a voltage that agree with one another."""
    while not p.lives[v] and p.seen[v] < w.found[v]:
        i = p.seen[v]
        p.seen[v] += 1
        p.agreed[v] = _agreed(w.at[v], w.mark[v], i, p.agreed[v])
        p.doubted[v] = p.doubted[v] + 1 if w.mark[v, i % ROOM] == REAL else 0
        if p.agreed[v] >= FEW or p.doubted[v] >= STUBBORN:
            long = 4 if p.agreed[v] >= FEW else STUBBORN - 2
            p.half[v] = (w.at[v, i % ROOM] - w.at[v, (i - long) % ROOM]) / long
            p.place[v] = _evened(w.at[v], w.mark[v], i, p.half[v])
            p.lives[v], p.how[v], p.doubted[v] = 1, REAL, 0


@compiled
def _follows(p: Pace, w: Watch, v: int, leader: int, begin: float) -> None:
    """Begin a voltage that does not live yet as the leader's."""
    p.lives[v], p.how[v], p.agreed[v], p.doubted[v] = 0, CARRIED, 0, 0
    p.half[v], p.place[v] = p.half[leader], p.place[leader]
    while p.seen[v] > 0 and bound(w, v, p.seen[v] - 1) > begin:
        p.seen[v] -= 1


def _steady_plain(p: Pace, w: Watch, taken: int) -> bool:
    """Add the bounds where all crossings come as expected; False where they may not.

    All at once what `_ran_one` does one by one; columns begin with the last trusted crossing.
    """
    told = p.found - p.number - 2  # whether the bound foretold from that one is told already
    new = w.found - p.seen
    old = bool((p.aged >= SETTLED).all())
    long = LONG if old else FEW
    sure = (p.trusted >= long) & (p.step == 0) & (p.how == REAL) & ((told == 0) | (told == 1))
    if not sure.all() or not (old or (p.aged + new < SETTLED).all()):
        return False
    i = p.seen[:, None] + np.arange(-long, new.max())
    rows = np.arange(len(told))
    ring = rows[:, None], i % ROOM
    m = w.at[ring]
    half = np.concatenate([p.half[:, None], (m[:, long:] - m[:, :-long]) / long], axis=1)
    c = m[:, long:] - (m[:, long:] - m[:, long - 1 : -1] - half[:, :-1]) / 2
    c = np.concatenate([p.place[:, None], c], axis=1)
    ends = _moving_plain(p, c + 2 * half, half, told, new + 1, old)
    if ends is None:
        return False
    within = (ends + 1 < taken) & (i[:, long - 1 :] < w.found[:, None])
    last = np.maximum(within.sum(axis=1) - 1, 0)
    weighed = np.arange(1, c.shape[1]) <= last[:, None]
    cycle = m[:, long:] - m[:, long - 2 : -2]
    off = np.maximum(np.abs(c[:, 1:] - c[:, :-1] - half[:, :-1]), np.abs(cycle / 2 - half[:, :-1]))
    off[~weighed] = 0.0
    fading = p.wobble * (1 - USUAL) ** last
    places = np.maximum(SURE * 2 * half[:, :-1], WIDE * fading[:, None])
    fresh = within & (np.arange(c.shape[1]) >= told[:, None])
    strange = w.mark[ring][:, long:] != REAL
    if (weighed & (strange | (off > places))).any():
        return False
    v, column = np.nonzero(fresh)
    k = (p.number[v] + 2 + column) % ROOM
    p.at[v, k], p.mark[v, k] = ends[v, column], REAL
    p.found[:] += fresh.sum(axis=1)
    p.place[:], p.half[:] = c[rows, last], half[rows, last]
    fade = (1 - USUAL) ** np.maximum(last[:, None] - np.arange(1, c.shape[1]), 0)
    p.wobble[:] = fading + USUAL * (fade * off).sum(axis=1)
    for counted in (p.number, p.seen, p.trusted, p.agreed, p.aged):
        np.add(counted, last, out=counted)
    return True


def _moving_plain(
    p: Pace, target: Array, half: Array, told: Array, known: Array, old: bool
) -> Array | None:
    """The bounds on their way to so many known places; None where one is off by more than noise."""
    ends = target.copy()
    last = p.at[np.arange(len(told)), (p.found - 1) % ROOM]
    share, most = (GENTLE, CALM) if old else (1.0, SLEW)
    for v, begin in enumerate(last.tolist()):
        columns, row, t = slice(int(told[v]), int(known[v])), [], begin
        for place, long in zip(target[v, columns].tolist(), half[v, columns].tolist(), strict=True):
            due = t + long
            off = place - due
            if abs(off) > most * 2 * long:
                return None
            t = due + share * off
            row.append(t)
        ends[v, columns] = row
        ends[v, : columns.start] = begin
    return ends
