"""The cycles that windows are cut by: of one voltage, of the next that lives, or carried on."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from smartpdu.measurement.compiled import COMPILES, compiled
from smartpdu.measurement.crossing import CARRIED, JUMPED, LATE, REAL, ROOM, Watch, bound

Array = NDArray[Any]

SWITCHED = 3  # from here on another voltage gives the cycles
FEW = 8  # bounds of a voltage before it may give cycles: its filter has settled by then
NEAR = 0.3  # of a cycle: how far the nearest bound of the next voltage may be


class Cycles(NamedTuple):
    """The cycles found so far; the arrays change."""

    at: Array  # their bounds in samples since the stream's first, a ring
    mark: Array  # how each was found
    found: Array  # (1,) bounds ever found
    leader: Array  # (1,) the voltage that gives them
    offset: Array  # (1,) samples from its crossing to the cycle's bound


def cycles() -> Cycles:
    """No cycle yet."""
    one = np.zeros(1, np.int64)
    return Cycles(np.zeros(ROOM), np.zeros(ROOM, np.int64), one, one.copy(), np.zeros(1))


def count(c: Cycles, w: Watch) -> None:
    """Add the bounds of cycles that are known now."""
    if COMPILES or not _steady_plain(c, w):
        _counted(c, w)


def _steady_plain(c: Cycles, w: Watch) -> bool:
    """Add the bounds of a leader that is never lost all at once; False where it may be."""
    v, number = int(c.leader[0]), int(c.found[0])
    if not number:
        return False
    line = c.at[np.array([number - 2, number - 1]) % ROOM]
    k = np.arange(_nearest(w, v, line[1] - c.offset[0]) + 2, w.found[v], 2)
    t = np.concatenate([line, w.at[v, k % ROOM] + c.offset[0]])
    due = 2 * t[1:-1] - t[:-2]
    cycle = np.diff(t)[:-1]
    ready = w.known[0] >= due + NEAR * cycle
    t, k, due, cycle = t[2:][ready], k[ready], due[ready], cycle[ready]
    if (w.mark[v, k % ROOM] == CARRIED).any() or (np.abs(t - due) > LATE * cycle).any():
        return False
    places = (number + np.arange(len(t))) % ROOM
    c.at[places], c.mark[places] = t, w.mark[v, k % ROOM]
    c.found[0] += len(t)
    return True


@compiled
def _counted(c: Cycles, w: Watch) -> None:
    if c.found[0] == 0 and not _begun(c, w):
        return
    while True:
        last = c.at[(c.found[0] - 1) % ROOM]
        cycle = last - c.at[(c.found[0] - 2) % ROOM]
        due = last + cycle
        if w.known[0] < due + NEAR * cycle:
            return
        v = c.leader[0]
        k = _nearest(w, v, due - c.offset[0])
        t, how = bound(w, v, k) + c.offset[0], w.mark[v, k % ROOM]
        carried = how == CARRIED
        if carried:
            how = _followed_by_another(c, w, t)
        if abs(t - due) > LATE * cycle:  # no bound may lie at the last one, or the count stands
            c.offset[0] += due - t
            t, how = due, how if carried else JUMPED
        c.at[c.found[0] % ROOM] = t
        c.mark[c.found[0] % ROOM] = how
        c.found[0] += 1


@compiled
def _begun(c: Cycles, w: Watch) -> bool:
    """Begin with the first voltage that lives when, or soon after, any of them does."""
    soon = np.inf
    for v in range(len(w.found)):
        if w.found[v] >= FEW:
            soon = min(soon, bound(w, v, FEW - 1) + w.cycle)
    if w.known[0] < soon:
        return False
    for v in range(len(w.found)):
        if w.found[v] >= FEW and bound(w, v, FEW - 1) <= soon:
            c.leader[0] = v
            c.at[0], c.at[1] = bound(w, v, FEW - 4), bound(w, v, FEW - 2)
            c.mark[0], c.mark[1] = REAL, REAL
            c.found[0] = 2
            return True
    return False


@compiled
def _followed_by_another(c: Cycles, w: Watch, t: float) -> int:
    """Let the first voltage that lives lead from here on, where the leader is lost."""
    for v in range(len(w.found)):
        if v == c.leader[0] or w.found[v] < FEW:
            continue
        k = _nearest(w, v, t)
        if w.mark[v, k % ROOM] == REAL and abs(bound(w, v, k) - t) <= NEAR * w.cycle:
            c.leader[0] = v
            c.offset[0] = t - bound(w, v, k)
            return SWITCHED
    return CARRIED


@compiled
def _nearest(w: Watch, v: int, t: float) -> int:
    k = w.found[v] - 1
    while k > 0 and k > w.found[v] - ROOM + 1 and bound(w, v, k) > t:
        k -= 1
    if k + 1 < w.found[v] and bound(w, v, k + 1) - t < t - bound(w, v, k):
        k += 1
    return int(k)
