"""Every quantity of a known recording, written to a file: run with numba, and `plain` without."""

import sys
from dataclasses import asdict, fields

if sys.argv[2:] == ["plain"]:
    sys.modules["numba"] = None  # type: ignore[assignment]

import numpy as np
from measurement.fed import measured
from measurement.streams import THREE, rack
from numpy.typing import NDArray

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.clock import Clock
from smartpdu.measurement.compiled import COMPILES
from smartpdu.measurement.dip import disturbed, quiet
from smartpdu.measurement.flicker import begun, felt, meter
from smartpdu.measurement.frequency import Count, counted, cycle_frequency
from smartpdu.measurement.inrush import calm, rushed
from smartpdu.measurement.quantities import demand_distortion, neutral_current, quantities, symmetry
from smartpdu.measurement.residual_bands import leakage, residual_bands
from smartpdu.measurement.transient import still, struck
from smartpdu.measurement.waveform import Measured, Window

RATE = 10_000.0
CHANNELS = Channels(RATE, 50.0, 230.0, np.array(THREE))
VOLTAGES, CURRENTS = CHANNELS.voltage, np.array([1, 3, 5])
Values = dict[str, NDArray[np.float64]]


def recording() -> NDArray[np.float32]:
    """Three uneven phases, distorted, with noise, a direct part, a dip, an inrush, a transient."""
    _, samples = rack(RATE, 50.0, 50.03, seed=9, seconds=12.0)
    samples += np.random.default_rng(9).normal(0, 2e-4, samples.shape) * np.abs(samples).max(axis=0)
    samples[:, CURRENTS] += 0.3
    samples[:, 2] *= 0.97
    samples[60_000:62_000, VOLTAGES] *= 0.6
    samples[80_003:80_400, 1] *= 9
    t = np.arange(30) / RATE
    samples[95_050:95_080, 2] += 200 * np.exp(-t / 1e-3) * np.sin(2 * np.pi * 900 * t)
    return samples.astype(np.float32)


def of_a_window(window: Window) -> Values:
    """What one window says."""
    said, phasors = quantities(CHANNELS, window), window.spectra.phasor.astype(complex)
    skewed = symmetry(phasors[0, VOLTAGES])
    values = {f"quantities.{f.name}": getattr(said, f.name) for f in fields(said)}
    for parts in (
        residual_bands(CHANNELS, window, CURRENTS),
        leakage(CHANNELS, window, CURRENTS, VOLTAGES),
    ):
        values |= {
            f"{type(parts).__name__}.{f.name}": getattr(parts, f.name) for f in fields(parts)
        }
    return values | {
        "window": np.array([window.start, window.end, window.cycles, window.mark]),
        "low": window.low,
        "high": window.high,
        "harmonic": window.spectra.harmonic,
        "interharmonic": window.spectra.interharmonic,
        "phasor": np.stack([phasors.real, phasors.imag]),
        "unbalance": np.array([skewed.negative_ratio, skewed.zero_ratio]),
        "neutral": np.array([neutral_current(phasors[:, CURRENTS])]),
        "tdd": demand_distortion(window.spectra.harmonic, 16.0),
    }


def of_events(found: Measured, samples: NDArray[np.float32]) -> Values:
    """What happened, by the numbers of it."""
    halves = found.halves
    _, dips = disturbed(quiet(CHANNELS, [VOLTAGES]), halves)
    _, inrushes = rushed(calm(CHANNELS), samples, halves)
    _, blows = struck(still(CHANNELS), samples, halves)
    _, flicker = felt(meter(CHANNELS), begun(meter(CHANNELS)), samples)
    numbers = {
        "disturbance": [(d.start, d.end, d.residual, d.largest, d.lasting) for d in dips],
        "inrush": [[v for v in asdict(i).values() if isinstance(v, float)] for i in inrushes],
        "transient": [(b.start, b.end, b.largest) for b in blows],
    }
    return {name: np.array(rows, dtype=float) for name, rows in numbers.items()} | {
        "flicker": flicker,
        **{f"halves.{f.name}": getattr(halves, f.name) for f in fields(halves)},
    }


def everything() -> Values:
    """All quantities by name."""
    samples = recording()
    clock = Clock(0.0, 1_800_000_008.6, RATE)
    found = measured(CHANNELS, samples, np.random.default_rng(1))
    each = [of_a_window(w) for w in found.windows]
    values = {name: np.stack([v[name] for v in each]) for name in each[0]}
    _, tens = counted(Count(), found.bounds, clock)
    return (
        values
        | of_events(found, samples)
        | {
            "bounds": found.bounds.at,
            "frequency.cycle": cycle_frequency(Count(), found.bounds, clock),
            "frequency.10s": np.array([t.frequency for t in tens]),
        }
    )


if __name__ == "__main__":
    assert (sys.argv[2:] != ["plain"]) == COMPILES
    np.savez(sys.argv[1], **everything())  # type: ignore[arg-type]
