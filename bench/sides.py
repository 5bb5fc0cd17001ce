"""What SmartPDU and pqopen-lib read of the same samples: three phases, a current beside each."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from daqopen.channelbuffer import AcqBuffer
from numpy.typing import NDArray
from pqopen.eventdetector import EventDetectorLevelLow
from pqopen.powersystem import PowerSystem

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.clock import Clock, ticks
from smartpdu.measurement.dip import disturbed, quiet
from smartpdu.measurement.disturbance import Kind, Limits
from smartpdu.measurement.frequency import Count, counted, cycle_frequency
from smartpdu.measurement.quantities import quantities, symmetry
from smartpdu.measurement.waveform import Measured, Stream, joined

Array = NDArray[Any]
Found = dict[str, Array]

NOMINAL = 230.0
U, I = slice(0, 6, 2), slice(1, 6, 2)  # noqa: E741
THREE = np.repeat(np.arange(3), 2)
ONCE = Limits(rapid_change=np.inf, rapid_change_hysteresis=0.0)
SETTLED = 1.0  # s that neither side is judged in


def blocks(samples: Array, dice: np.random.Generator, most: int) -> Iterator[Array]:
    """The samples in blocks of random sizes."""
    place = 0
    while place < len(samples):
        size = int(dice.integers(1, most))
        yield samples[place : place + size]
        place += size


def taken(
    channels: Channels, samples: Array, dice: np.random.Generator, begin: float | None = None
) -> Measured:
    """All that a stream makes of samples in random blocks; a window begins after `begin`."""
    stream = Stream(channels)
    if begin is not None:
        stream.resynchronise(begin)
    parts = [stream.take(block) for block in blocks(samples, dice, 3000)]
    return joined(parts, samples.shape[1])


def ours(
    samples: Array,
    rate: float,
    nominal: float,
    clocks: list[Clock],
    dice: np.random.Generator,
    begin: float,
) -> Found:
    """SmartPDU's readings by name, (readings, ...); windows begin after `begin`."""
    channels = Channels(rate, nominal, NOMINAL, THREE)
    found = taken(channels, samples, dice, begin)
    windows = [w for w in found.windows if w.start >= begin]
    said = [quantities(channels, w) for w in windows]
    skewed = [symmetry(w.spectra.phasor[0, U]) for w in windows]
    half = found.halves
    late = half.start > begin
    cycles = [half.cycle[late & (half.group == g), 2 * g] for g in range(3)]
    least = min(len(c) for c in cycles)
    tens = [t for clock in clocks for t in counted(Count(), found.bounds, clock)[1][1:]]
    each = cycle_frequency(Count(), found.bounds, clocks[0])
    return {
        "U": np.array([q.rms[U] for q in said]),
        "I": np.array([q.rms[I] for q in said]),
        "P": np.array([q.active_power[I] for q in said]),
        "Q1": np.array([q.reactive_power[I] for q in said]),
        "N": np.array([q.nonactive_power[I] for q in said]),
        "U half-cycle": np.stack([c[:least] for c in cycles], axis=1),
        "f cycle": each[found.bounds.at > begin],
        "f 10 s": np.array([t.frequency for t in tens]),
        "harmonics": np.array([w.spectra.harmonic[:, U] for w in windows]),
        "I harmonics": np.array([w.spectra.harmonic[:, I] for w in windows]),
        "THD": np.array([q.thd[U] for q in said]),
        "I THD": np.array([q.thd[I] for q in said]),
        "interharmonics": np.array([w.spectra.interharmonic[:, U] for w in windows]),
        "u2": np.array([s.negative_ratio for s in skewed]),
        "u0": np.array([s.zero_ratio for s in skewed]),
    }


def system(rate: float, nominal: float, phases: int, buffers: list[AcqBuffer]) -> PowerSystem:
    """A system of pqopen-lib for pairs of a voltage and a current."""
    made = PowerSystem(
        zcd_channel=buffers[0],
        input_samplerate=rate,
        zcd_threshold=10,
        zcd_cutoff_freq=nominal,
        nominal_frequency=nominal,
        nper=round(nominal / 5),
    )
    for k in range(phases):
        current = buffers[2 * k + 1] if len(buffers) > phases else None
        made.add_phase(u_channel=buffers[2 * k if current else k], i_channel=current)
    # its grid has 1024 points at 10 kS/s: twelve cycles end at the 41st order there
    made.enable_harmonic_calculation(num_harmonics=50 if nominal < 55 else 41)
    return made


def fed(made: PowerSystem, buffers: list[AcqBuffer], samples: Array, block: int) -> None:
    """All samples taken, in blocks of one size: what suits it best."""
    for k in range(0, len(samples), block):
        for channel, buffer in enumerate(buffers):
            buffer.put_data(samples[k : k + block, channel])
        made.process()


def peer(samples: Array, rate: float, nominal: float, clocks: list[Clock]) -> tuple[Found, float]:
    """What pqopen-lib reads by the same names, where it has them, and where its windows begin."""
    buffers = [AcqBuffer(size=int(rate) * 3, dtype=np.float32) for _ in range(6)]
    made = system(rate, nominal, 3, buffers)
    fed(made, buffers, samples, int(rate / 5))

    ends = made.output_channels["U1_rms"].read_data_by_acq_sidx(int(SETTLED * rate), len(samples))
    start = float(ends[1][0]) - rate / nominal / 3

    def read(name: str, begin: float | None = None, end: float | None = None) -> Array:
        channel, several = made.output_channels[name], "_1p_" not in name and name != "Freq"
        first = (start + 2 * rate / nominal if several else start) if begin is None else begin
        stop = len(samples) if end is None else int(end)
        return np.asarray(channel.read_data_by_acq_sidx(int(first), stop)[0], dtype=float)

    def phases(name: str) -> Array:
        columns = [read(name.format(k)) for k in (1, 2, 3)]
        least = min(len(c) for c in columns)
        return np.stack([c[:least] for c in columns], axis=-1)

    tens = []
    for clock in clocks:
        places = ticks(clock, 10.0, 0, len(samples) - 0.05 * rate)
        tens += [read("Freq", *between).mean() for between in pairwise(places)]
    found = {
        "U": phases("U{}_rms"),
        "I": phases("I{}_rms"),
        "P": phases("P{}"),
        "Q1": phases("Q{}_H1"),
        "N": phases("Q{}_t"),
        "U half-cycle": phases("U{}_1p_hp_rms"),
        "f cycle": read("Freq"),
        "f 10 s": np.array(tens),
        "harmonics": phases("U{}_H_rms")[:, 1:],
        "I harmonics": phases("I{}_H_rms")[:, 1:],
        "THD": phases("U{}_THD"),
        "I THD": phases("I{}_THD"),
        "interharmonics": phases("U{}_IH_rms")[:, 1:],
        "u2": read("U_unbal_2"),
        "u0": read("U_unbal_0"),
    }
    return found, start


def our_dips(samples: Array, rate: float, nominal: float, dice: np.random.Generator) -> list[Array]:
    """Of each voltage by itself, the dips: duration in samples and residual voltage."""
    channels = Channels(rate, nominal, NOMINAL, np.arange(samples.shape[1]))
    _, told = disturbed(quiet(channels, (), ONCE), taken(channels, samples, dice).halves)
    whole = [d for d in told if d.kind is Kind.DIP and not np.isnan(d.end)]
    return [
        np.array([(d.end - d.start, d.residual) for d in whole if d.channels == (k,)])
        for k in range(samples.shape[1])
    ]


def peer_dips(samples: Array, rate: float, nominal: float) -> list[Array]:
    """The same by pqopen-lib's detector of low levels, each voltage a system of its own."""
    found = []
    for k in range(samples.shape[1]):
        buffers = [AcqBuffer(size=int(rate) * 3, dtype=np.float32)]
        made = system(rate, nominal, 1, buffers)
        try:
            fed(made, buffers, samples[:, k : k + 1], int(rate / 5))
        except ValueError:  # a crossing that the dip shook made a period of no samples
            found.append(np.zeros((0, 2)))
            continue
        level = made.output_channels["U1_1p_hp_rms"]
        detector = EventDetectorLevelLow(0.9 * NOMINAL, 0.02 * NOMINAL, level)
        events = detector.process(int(SETTLED * rate), len(samples)) or []
        done = [e for e in events if e["stop_sidx"] is not None]
        found.append(
            np.array([(e["stop_sidx"] - e["start_sidx"], e["extrem_value"]) for e in done])
        )
    return found
