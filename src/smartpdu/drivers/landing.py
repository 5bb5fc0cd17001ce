"""From the windows of a feed to its rows of a snapshot; what cannot be said is a gap (7, 8).

Shape and phase angle of what is hardly there are noise: below a ten-thousandth of a channel's
scale there is no power factor, no crest factor and no distortion, and below a twentieth of the
nominal voltage none of the voltage either. A fundamental that does not stand out of what is beside
it is no measure of anything.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartpdu.drivers.board import Course
from smartpdu.measurement.channels import Channels
from smartpdu.measurement.harmonics import Spectra, is_noise
from smartpdu.measurement.quantities import (
    Quantities,
    demand_distortion,
    neutral_current,
    quantities,
)
from smartpdu.measurement.residual_bands import Leakage, leakage, residual_bands
from smartpdu.measurement.voltage import unbalance
from smartpdu.measurement.waveform import Window
from smartpdu.model.plant import Kind
from smartpdu.model.snapshot import Snapshot

FLOOR = 1e-4  # of a channel's scale
DEAD = 0.05  # of the nominal voltage
SHAPE = ("crest_factor", "power_factor")
BY_FUNDAMENTAL = ("thd", "thd_rms", "k_factor", "displacement_factor")
CARRIED, JUMPED = 1, 2  # marks of windows whose cycles are not the voltage's own
POWERS = ("active_power", "apparent_power", "power_factor")
BANDS = {
    "residual_direct": "direct",
    "residual_mains": "mains",
    "residual_middle": "middle",
    "residual_above": "above",
}
AGAINST = ("residual_in_phase", "residual_ahead")
HARMONIC = ("tdd_current", "k_factor")
FINER = {  # what is written here as well, and meters hardly ever tell
    Kind.FEED: (
        *("reactive_power", "voltage_unbalance", "voltage_unbalance_zero"),
        *(*BANDS, *AGAINST),
    ),
    Kind.PHASE: ("reactive_power", "displacement_factor", *HARMONIC),
    Kind.CIRCUIT: (*HARMONIC, *BANDS, *AGAINST),
    Kind.OUTLET: ("reactive_power", "displacement_factor"),
}
LANDED = {  # all else that is written here
    Kind.FEED: (*POWERS, "frequency", "neutral_current", "residual_current"),
    Kind.PHASE: ("voltage", "current", *POWERS, "crest_factor", "thd_voltage", "thd_current"),
    Kind.CIRCUIT: ("voltage", "current", *POWERS, "residual_current"),
    Kind.OUTLET: (
        *("voltage", "current", *POWERS),
        *("crest_factor", "thd_voltage", "thd_current", "frequency"),
    ),
}

Array = NDArray[Any]


def together(windows: Sequence[Window]) -> Window:
    """Several windows as one: means over time, of squares where they are RMS values."""
    length = np.array([w.end - w.start for w in windows])
    share = length / length.sum()

    def mean(name: str, of: Any = None) -> Array:
        values = np.array([getattr(of(w) if of else w, name) for w in windows])
        return np.asarray(np.einsum("w,w...->...", share, values))

    def square(name: str, of: Any = None) -> Array:
        values = np.square([getattr(of(w) if of else w, name) for w in windows], dtype=float)
        return np.asarray(np.sqrt(np.einsum("w,w...->...", share, values)))

    def spectra(window: Window) -> Spectra:
        return window.spectra

    return replace(
        windows[-1],
        start=windows[0].start,
        cycles=sum(w.cycles for w in windows),
        mark=max(w.mark for w in windows),
        mean=mean("mean"),
        rms=square("rms"),
        power=mean("power"),
        low=np.min([w.low for w in windows], axis=0),
        high=np.max([w.high for w in windows], axis=0),
        spectra=replace(
            windows[-1].spectra,
            harmonic=square("harmonic", spectra),
            interharmonic=square("interharmonic", spectra),
            phasor=mean("phasor", spectra),
        ),
    )


def since_change(channels: Channels, windows: Sequence[Window]) -> Sequence[Window]:
    """The last windows with the same voltages alive: a mean over a loss would hide it."""
    alive = [w.rms[channels.voltage] > DEAD * channels.nominal_voltage for w in windows]
    count = 1
    while count < len(windows) and np.array_equal(alive[-count - 1], alive[-1]):
        count += 1
    return windows[-count:]


def frequency(channels: Channels, windows: Sequence[Window]) -> float:
    """Frequency over those windows that real crossings bound; a gap where there are none."""
    sure = [w for w in windows if w.mark not in (CARRIED, JUMPED)]
    lasted = sum(w.end - w.start for w in sure)
    return channels.rate * sum(w.cycles for w in sure) / lasted if sure else float("nan")


def land(
    now: Snapshot, course: Course, channels: Channels, windows: Sequence[Window], most: int
) -> None:
    """Write what was measured into the rows of a feed; `most` is the greatest count."""
    windows = since_change(channels, windows)
    window = together(windows)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = _sure(course, channels, quantities(channels, window), window.spectra, most)
    hertz = frequency(channels, windows)
    _phases(now, course, found)
    partner = channels.partner
    for table, kind in ((now.circuits, Kind.CIRCUIT), (now.outlets, Kind.OUTLET)):
        for channel, row in _rows(course, kind, "current"):
            _currents(table, row, found, channel, kind is Kind.OUTLET)
            table.voltage[row] = found.rms[partner[channel]]
            if kind is Kind.OUTLET:
                now.outlets.thd_voltage[row] = found.thd[partner[channel]]
                now.outlets.frequency[row] = hertz
    for kind in (Kind.CIRCUIT, Kind.FEED):
        for channel, row in _rows(course, kind, "residual_current"):
            _residual(now.readings(kind), row, channels, window, channel)
    _distortions(now, course, found, window)
    skewed = unbalance(channels, window, course.systems)
    for negative, zero in zip(skewed.negative_ratio, skewed.zero_ratio, strict=True):
        now.feeds.voltage_unbalance[course.feed] = negative
        now.feeds.voltage_unbalance_zero[course.feed] = zero
    _feed(now, course, found, window, hertz)


def land_dead(now: Snapshot, course: Course, rms: Array) -> None:
    """Write RMS values of a feed without a cycle: no voltage, and what flows all the same."""
    for table, kind in (
        (now.phases, Kind.PHASE),
        (now.circuits, Kind.CIRCUIT),
        (now.outlets, Kind.OUTLET),
    ):
        for channel, row in _rows(course, kind, "current"):
            table.current[row] = rms[channel]
    for channel, row in _rows(course, Kind.PHASE, "voltage"):
        now.phases.voltage[row] = rms[channel]
    for quantity in ("neutral_current", "residual_current"):
        for channel, row in _rows(course, Kind.FEED, quantity):
            getattr(now.feeds, quantity)[row] = rms[channel]


def _sure(
    course: Course, channels: Channels, found: Quantities, spectra: Spectra, most: int
) -> Quantities:
    """The same with gaps where a value would be that of noise."""
    scale = np.abs(course.calibration.gain) * most
    voltage = channels.voltage
    floor = FLOOR * scale
    floor[voltage] = DEAD * channels.nominal_voltage
    faint = found.rms < floor
    faint |= faint[channels.partner]
    noise = faint | is_noise(spectra.harmonic[0], spectra.interharmonic[0])
    noise |= noise[channels.partner]
    gaps = {name: np.where(faint, np.nan, getattr(found, name)) for name in SHAPE}
    gaps |= {name: np.where(noise, np.nan, getattr(found, name)) for name in BY_FUNDAMENTAL}
    return replace(found, **gaps)


def _phases(now: Snapshot, course: Course, found: Quantities) -> None:
    for channel, row in _rows(course, Kind.PHASE, "voltage"):
        now.phases.voltage[row] = found.rms[channel]
        now.phases.thd_voltage[row] = found.thd[channel]
    for channel, row in _rows(course, Kind.PHASE, "current"):
        _currents(now.phases, row, found, channel, True)


def _currents(table: Any, row: int, found: Quantities, channel: int, shaped: bool) -> None:
    table.current[row] = found.rms[channel]
    for name in POWERS:
        getattr(table, name)[row] = getattr(found, name)[channel]
    if shaped:
        table.reactive_power[row] = found.reactive_power[channel]
        table.displacement_factor[row] = found.displacement_factor[channel]
        table.crest_factor[row] = found.crest_factor[channel]
        table.thd_current[row] = found.thd[channel]


def _distortions(now: Snapshot, course: Course, found: Quantities, window: Window) -> None:
    """Write how a transformer and a rating are burdened by harmonics of phases and circuits."""
    for kind in (Kind.PHASE, Kind.CIRCUIT):
        table = now.readings(kind)
        for channel, row in _rows(course, kind, "current"):
            table.k_factor[row] = found.k_factor[channel]
            rated = course.lines[channel].rated_current
            table.tdd_current[row] = demand_distortion(window.spectra.harmonic[:, channel], rated)


def _feed(now: Snapshot, course: Course, found: Quantities, window: Window, hertz: float) -> None:
    """What is of the whole feed; sums only where every phase of it is measured."""
    own = dict(_rows(course, Kind.PHASE, "current"))
    feeds, row = now.feeds, course.feed
    feeds.frequency[row] = hertz
    whole = len(own) == course.phases
    if whole:
        active = found.active_power[list(own)].sum()
        apparent = found.apparent_power[list(own)].sum()
        feeds.active_power[row], feeds.apparent_power[row] = active, apparent
        feeds.power_factor[row] = active / apparent if apparent > 0 else np.nan
        feeds.reactive_power[row] = found.reactive_power[list(own)].sum()
    measured = dict(_rows(course, Kind.FEED, "neutral_current"))
    if measured:
        feeds.neutral_current[row] = found.rms[next(iter(measured))]
    elif whole and len(own) == 3:
        feeds.neutral_current[row] = neutral_current(window.spectra.phasor[:, list(own)])


def _residual(table: Any, row: int, channels: Channels, window: Window, channel: int) -> None:
    bands = residual_bands(channels, window, np.array([channel]))
    table.residual_current[row] = window.rms[channel]
    for name, band in BANDS.items():
        getattr(table, name)[row] = getattr(bands, band)[0]
    partner = channels.partner[[channel]]
    _against(table, row, leakage(channels, window, np.array([channel]), partner))


def _against(table: Any, row: int, found: Leakage) -> None:
    table.residual_in_phase[row] = found.resistive[0]
    table.residual_ahead[row] = found.capacitive[0]


def _rows(course: Course, kind: Kind, quantity: str) -> Iterator[tuple[int, int]]:
    """Channel and row of each line of that kind."""
    for channel, line in enumerate(course.lines):
        if line.kind is kind and line.quantity == quantity:
            yield channel, line.row
