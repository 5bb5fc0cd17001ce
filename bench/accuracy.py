"""Errors against a truth in closed form, over 42.5 to 57.5 and 51 to 69 Hz, beside pqopen-lib.

Three phases with harmonics at the ceiling of EN 50160 and a current beside each, sampled at
10 kHz, begun anywhere between two samples. Both sides read the same samples: ours in blocks of
random sizes, pqopen-lib in blocks of 200 ms. `--plot FILE` draws the sweep as well.
"""

import argparse
import os
from pathlib import Path
from sys import path

os.environ.update({"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"})
path.append(str(Path(__file__).parents[1] / "tests" / "measurement"))

import numpy as np
from heights import Height, dip
from latency import latencies
from sides import NOMINAL, Array, Found, I, U, our_dips, ours, peer, peer_dips
from signals import CEILING, ORDERS, Wave, power, reactive, turns

from smartpdu.measurement.clock import Clock
from smartpdu.measurement.compiled import COMPILES

RATE = 10_000.0
DIPS = 1.20005  # s when they begin
TICK = 1_800_000_000.0
SHARES = (1.0, 0.97, 1.02)  # of the nominal voltage: a little unbalanced
SWEEP = [(50.0, f) for f in (42.5, 43.17, 44.9, 46.73, 48.1, 49.0, 49.5, 49.973, 50.0, 50.02)]
SWEEP += [(50.0, f) for f in (50.5, 51.0, 52.31, 53.7, 55.05, 56.3, 57.5)]
SWEEP += [(60.0, f) for f in (51.0, 52.33, 54.0, 55.91, 57.6, 59.0, 59.93, 60.0, 60.02, 60.5)]
SWEEP += [(60.0, f) for f in (61.7, 63.1, 64.3, 66.07, 67.8, 69.0)]
NOISY = [(50.0, 50.0), (50.0, 49.973), (50.0, 51.37), (60.0, 60.0), (60.0, 58.71)]
GOALS = {  # the greatest error that is allowed, and its unit
    "U": (0.001, "%"),
    "I": (0.001, "%"),
    "P": (0.002, "%"),
    "U half-cycle": (0.002, "%"),
    "f 10 s": (0.05, "mHz"),
    "harmonics": (0.3, "%"),
    "THD": (0.01, "%"),
    "interharmonics": (10 ** (-95 / 20) * 100, "% of U1"),
    "dip depth": (0.02, "% of Un"),
    "dip duration": (0.0, "half-cycles"),
}


def three(dice: np.random.Generator) -> list[Wave]:
    """Three voltages and their currents, all at the ceiling, with angles as they fall."""
    waves = []
    for phase, share in enumerate(SHARES):
        for rms, lag in ((NOMINAL * share, 0.0), (10.0, 0.08)):
            angle = dice.uniform(0, 2 * np.pi, len(ORDERS))
            angle[0] = -2 * np.pi * (phase / 3 + lag)
            waves.append(Wave(rms * CEILING / 100, angle))
    return waves


def sampled(waves: list[Wave], turned: Array) -> Array:
    """The waves as channels: powers of one phasor, in double precision."""
    turn = np.exp(2j * np.pi * turned)
    made, found = np.ones_like(turn), np.zeros((len(turned), len(waves)))
    for k in range(len(ORDERS)):
        made *= turn
        size = np.array([np.sqrt(2) * w.rms[k] * np.exp(1j * w.angle[k]) for w in waves])
        found += made.imag[:, None] * size.real + made.real[:, None] * size.imag
    return found


def truth(waves: list[Wave], frequency: float) -> Found:
    """What both sides ought to read."""
    volts, amperes = waves[U], waves[I]
    pairs = list(zip(volts, amperes, strict=True))
    active = np.array([power(u, i) for u, i in pairs])
    apparent = np.array([u.total * i.total for u, i in pairs])
    first = np.array([w.rms[0] * np.exp(1j * w.angle[0]) for w in volts])
    turn = np.exp(2j * np.pi * np.arange(3) / 3)
    zero, positive, negative = (abs((first * turn**k).sum()) for k in (0, 1, -1))
    return {
        "U": np.array([u.total for u in volts]),
        "I": np.array([i.total for i in amperes]),
        "P": active,
        "Q1": np.array([reactive(u, i) for u, i in pairs]),
        "N": np.sqrt(apparent**2 - active**2),
        "U half-cycle": np.array([u.total for u in volts]),
        "f cycle": np.array(frequency),
        "f 10 s": np.array(frequency),
        "harmonics": np.stack([u.rms for u in volts], axis=1),
        "I harmonics": np.stack([i.rms for i in amperes], axis=1),
        "THD": np.array([u.thd for u in volts]),
        "I THD": np.array([i.thd for i in amperes]),
        "interharmonics": np.array([u.rms[0] for u in volts]),
        "u2": np.array(100 * negative / positive),
        "u0": np.array(100 * zero / positive),
    }


def errors(found: Found, true: Found) -> Found:
    """How far each reading is off: % of the truth, mHz, % of U1, or points of a percentage."""
    off = {}
    for name, values in found.items():
        if name.startswith("f "):
            off[name] = 1000 * (values - true[name])
        elif name in {"u2", "u0"}:
            off[name] = values - true[name]
        elif name == "interharmonics":
            off[name] = 100 * values / true[name]
        elif values.ndim == 3:
            off[name] = 100 * (values / true[name][: values.shape[1]] - 1)
        else:
            off[name] = 100 * (values / true[name] - 1)
    return off


def both(
    nominal: float, frequency: float, seconds: float, noise: float, seed: int
) -> tuple[Found, Found]:
    """The errors of both sides for one signal; noise is a share of each channel's RMS."""
    dice = np.random.default_rng([seed, int(1000 * frequency), int(nominal)])
    waves = three(dice)
    turned = turns(RATE, frequency, seconds, dice.uniform())
    samples = sampled(waves, turned)
    if noise:
        samples += dice.normal(size=samples.shape) * noise * np.array([w.total for w in waves])
    # ten seconds err by the crossings at their ends alone: more ends, more to judge by
    clocks = [Clock(0.0, TICK + 8.4 - 0.73 * k + dice.random() / 10, RATE) for k in range(10)]
    single, true = samples.astype(np.float32), truth(waves, frequency)
    its, begin = peer(single, RATE, nominal, clocks)
    mine = ours(single, RATE, nominal, clocks, dice, begin)  # of the same windows
    return errors(mine, true), errors(its, true)


def expected(height: Height, seconds: float) -> tuple[int, float]:
    """Half-cycles that a dip lasts by the letter of IEC 61000-4-30, and its residual voltage."""
    _, values = height.cycles(seconds)
    low = np.flatnonzero(values < 0.9 * NOMINAL)
    back = np.flatnonzero(values[low[0] :] >= 0.92 * NOMINAL)
    return int(back[0]), float(values.min())


def dips(nominal: float, frequency: float, dice: np.random.Generator) -> tuple[Found, Found]:
    """Errors of depth and duration of dips from 0.5 to 10 cycles, begun at any angle.

    A sampled step has no place between two samples; here it lies in their middle, and not beside
    a crossing: a cycle without voltage but for half a sample has an RMS value that none can know.
    """
    heights = []
    for factor in (0.0, 0.4, 0.7, 0.85):
        for cycles in (1, 2.5, 10) if factor > 0.8 else (0.5, 1, 2.5, 10):
            lasts = round(cycles / frequency * RATE) / RATE
            angle = dice.choice([0, 0.5]) + dice.uniform(0.02, 0.48) - frequency * DIPS
            heights.append(dip(DIPS, lasts, factor, float(angle % 1), frequency))
    samples = np.stack([h.sampled(1.9) for h in heights], axis=1)
    want = np.array([expected(h, 1.9) for h in heights])
    sides = our_dips(samples, RATE, nominal, dice), peer_dips(samples, RATE, nominal)
    return tuple(_off(found, want, frequency) for found in sides)  # type: ignore[return-value]


def _off(found: list[Array], want: Array, frequency: float) -> Found:
    seen = [k for k, told in enumerate(found) if len(told) == 1]
    told = np.array([found[k][0] for k in seen])
    lasted = np.round(told[:, 0] / (RATE / frequency / 2)) - want[seen, 0]
    return {
        "dip depth": 100 * (told[:, 1] - want[seen, 1]) / NOMINAL,
        "dip duration": lasted,
        "dips missed": np.array(float(len(found) - len(seen))),
    }


def swept() -> list[dict[str, tuple[float, float]]]:
    """For each frequency of the sweep, the worst error of both sides by quantity."""
    rows = []
    for nominal, frequency in SWEEP:
        one, other = both(nominal, frequency, 22.0, 0.0, 1)
        dice = np.random.default_rng(int(1000 * frequency))
        for mine, its in (dips(nominal, frequency, dice),):
            one, other = one | mine, other | its
        rows.append({n: (_worst(one[n]), _worst(other[n])) for n in one})
    return rows


def _worst(off: Array) -> float:
    return float(np.max(np.abs(off))) if np.size(off) else np.nan


def tell_sweep(rows: list[dict[str, tuple[float, float]]]) -> None:
    """The worst of the sweep beside its goal."""
    print(f"{len(SWEEP)} frequencies, no noise; worst error (at Hz):")
    print(f"  {'quantity':15} {'unit':11} {'goal':>8} {'ours':>10} {'':8} {'pqopen-lib':>10}")
    for name in [*GOALS, *(n for n in rows[0] if n not in GOALS)]:
        values = np.array([row[name] for row in rows])
        worst = int(np.nanargmax(values[:, 0]))
        goal, unit = GOALS.get(name, (np.nan, UNITS.get(name, "%")))
        own, its = np.nanmax(values, axis=0)
        told = "" if np.isnan(goal) else f"{goal:.3g}"
        miss = "  MISSED" if own > goal else ""
        at = f"({SWEEP[worst][1]:g})"
        print(f"  {name:15} {unit:11} {told:>8} {own:10.2g} {at:8} {its:10.2g}{miss}")
    print(f"  interharmonics in dB: ours {_decibels(rows, 0):.1f}, goal -95,", end=" ")
    print(f"pqopen-lib {_decibels(rows, 1):.1f}")


UNITS = {"f cycle": "mHz", "u2": "points", "u0": "points", "dips missed": "of 15"}


def _decibels(rows: list[dict[str, tuple[float, float]]], side: int) -> float:
    return float(20 * np.log10(max(row["interharmonics"][side] for row in rows) / 100))


def tell_noise(seeds: int = 3) -> None:
    """With white noise: root of the mean squared error of both sides, and their ratio."""
    print("0.1 % white noise; RMS error of ours, of pqopen-lib, and ours / pqopen-lib:")
    print("  " + " " * 15 + "".join(f"{f'{f:g} Hz of {n:g}':>29}" for n, f in NOISY))
    columns = []
    for nominal, frequency in NOISY:
        runs = [both(nominal, frequency, 41.0, 0.001, 10 + seed) for seed in range(seeds)]
        columns.append([{n: np.concatenate([r[s][n] for r in runs]) for n in runs[0][0]}
                        for s in (0, 1)])  # fmt: skip
    for name in columns[0][0]:
        line = f"  {name:15}"
        for one, other in columns:
            its = _spread(other[name])
            mine = _spread(one[name])[: len(its)] if its.ndim else _spread(one[name])
            ratio = np.max(mine / its)
            line += f"{np.max(mine):10.3g}{np.max(its):10.3g}{ratio:9.3f}"
        print(line)


def _spread(off: Array) -> Array:
    """Of each order where there are orders, over all windows and phases."""
    axes = (0, 2) if off.ndim == 3 else tuple(range(off.ndim))
    return np.asarray(np.sqrt(np.nanmean(np.square(off), axis=axes)))


def tell_agreement() -> None:
    """Clean data of whole samples a cycle: how far both sides are from each other.

    pqopen-lib interpolates linearly: its harmonics read low by a share that grows with the square
    of their order, as the bands say.
    """
    one, other = both(50.0, 50.0, 22.0, 0.0, 2)
    print("50.00 Hz, 200 samples a cycle, no noise; greatest difference between both sides (band):")
    for name in one:
        mine, its = (np.nanmean(side[name], axis=0) for side in (one, other))
        apart = np.atleast_1d(np.abs(mine - its))
        parts = {name: (apart, BANDS.get(name, 1e-4))}
        if name in {"harmonics", "I harmonics"}:
            parts = {f"{name} {a} to {b}": (apart[a - 1 : b], band) for a, b, band in ORDER_BANDS}
        for told, (values, band) in parts.items():
            found, unit = float(values.max()), UNITS.get(name, GOALS.get(name, (0, "%"))[1])
            print(f"  {told:24} {found:9.2g} ({band:g} {unit}){'  APART' if found > band else ''}")


BANDS = {"interharmonics": 0.05, "Q1": 0.05, "THD": 1.0, "I THD": 1.0, "u2": 0.002, "u0": 0.002}
ORDER_BANDS = ((1, 9, 1.0), (10, 25, 6.0), (26, 50, 20.0))


def main() -> None:
    """Print it all."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--plot", metavar="FILE")
    asked.add_argument("--seeds", type=int, default=3)
    given = asked.parse_args()
    print(f"accuracy at {RATE / 1000:g} kS/s, {'numba' if COMPILES else 'NumPy'}")
    rows = swept()
    tell_sweep(rows)
    if given.plot:
        from accuracy_plot import drawn

        drawn(SWEEP, rows, GOALS, Path(given.plot))
    tell_noise(given.seeds)
    tell_agreement()
    latencies()


if __name__ == "__main__":
    main()
