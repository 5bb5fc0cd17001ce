"""An analysis with the names of its recording, and notes on what its values rest on."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

import numpy as np

from smartpdu.app.analyze_carried import carried
from smartpdu.drivers.recording import Mark, Quality, Recording, counted
from smartpdu.drivers.recording_flat import flat
from smartpdu.drivers.recording_names import Pair
from smartpdu.measurement.channels import CYCLES
from smartpdu.measurement.harmonics import ORDERS
from smartpdu.measurement.inrush import Inrush
from smartpdu.measurement.report import MOST, Analysis
from smartpdu.measurement.report_follow import Event
from smartpdu.measurement.report_layout import COARSE
from smartpdu.measurement.report_values import Extent
from smartpdu.model.units import Second

SEVERAL = 6  # names that are told one by one
FEW = 3.0  # cycles: so much time without one is told
WHOLE = 1000.0  # V from which on they are told without a fraction
GIVEN, TOLD, FOUND = "as given", "told by the file", "found"  # where a nominal voltage comes from


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """All that is told of a recording."""

    file: str
    recording: Recording
    phases: tuple[str, ...]  # a name for each pair
    analysis: Analysis
    nominal_from: str
    marks: tuple[Mark, ...]  # what was wrong with the recording
    notes: tuple[str, ...]  # what else its values rest on

    def name(self, channel: int) -> str:
        """The name of a channel."""
        return self.recording.channels[channel].name

    def unit(self, channel: int) -> str:
        """The unit of a channel."""
        return self.recording.channels[channel].unit

    def seconds(self, sample: float) -> Second:
        """The time of a sample, which may lie between two, after the first; NaN for NaN."""
        if not np.isfinite(sample):
            return np.nan
        times = self.recording.times
        return float(np.interp(sample, np.arange(len(times)), times))

    def lasted(self, event: Event) -> Second:
        """How long something lasted; NaN where its beginning or its end was not recorded."""
        return self.seconds(event.end) - self.seconds(event.start)


def kind(event: Event) -> str:
    """What an event is."""
    return "inrush" if isinstance(event, Inrush) else str(event.kind)


def struck(event: Event) -> tuple[int, ...]:
    """The channels of an event."""
    return (event.channel,) if isinstance(event, Inrush) else event.channels


def sheet(
    file: str,
    recording: Recording,
    pairs: tuple[Pair, ...],
    found: Analysis,
    nominal_from: str,
    notes: tuple[str, ...],
) -> Sheet:
    """What is told of a recording; the notes come after those of its analysis."""
    names = [channel.name for channel in recording.channels]
    phases = [pair.name for pair in pairs]
    if len(set(phases)) < len(phases):
        phases = [f"{names[pair.voltage]}:{names[pair.current]}" for pair in pairs]
    marks = (*recording.marks, *_flat(recording, found), *carried(recording, found))
    own = (
        *_parts(recording),
        *_extent(recording, found),
        *_told(recording, found),
        *_too_large(recording, found),
        *_shapeless(recording, found),
        *_voltages(recording, found),
        *_held_against(found, nominal_from),
        *_pairless(recording, pairs),
    )
    return Sheet(file, recording, tuple(phases), found, nominal_from, marks, (*own, *notes))


def _flat(recording: Recording, found: Analysis) -> Iterator[Mark]:
    """Channels that are clipped, of which the recorder did not say so."""
    told = {mark.channel for mark in recording.marks if mark.quality == Quality.CLIPPED}
    waves = np.flatnonzero(np.isfinite(found.harmonics[0])).tolist()
    if found.extent is not None:
        yield from flat(recording, found.frequency, [n for n in waves if n not in told])


def _listed(names: list[str]) -> str:
    more = len(names) - SEVERAL
    return ", ".join(names[:SEVERAL]) + (f" and {more} more" if more > 0 else "")


def _parts(recording: Recording) -> Iterator[str]:
    rates = list(dict.fromkeys(f"{stretch.rate:g}" for stretch in recording.stretches))
    if len(rates) > 1:
        told = _listed(rates)
        yield f"rates of {told} S/s: harmonics are those at the rate that has most cycles"


def _extent(recording: Recording, found: Analysis) -> Iterator[str]:
    """On what the values rest."""
    extent = found.extent
    if extent is None:
        known = bool(np.isfinite(recording.samples).any())
        direct = any(isfinite(power.active) for power in found.powers)
        power = "; power is that of direct voltages" if direct else " and power"
        words = f": values are those of all samples, without harmonics{power}"
        yield _why(recording) + words if known else "all samples are missing"
        return
    cycles = CYCLES[found.nominal_frequency]
    if not extent.windows:
        words, are = ("cycle", "is") if extent.cycles == 1 else ("cycles", "are")
        why = f"fewer than the {cycles} of a window"
        if extent.cycles >= cycles:
            why = f"too few to follow windows of {cycles}"
        yield f"{extent.cycles} whole {words}, {why}: values are those of the {words} there {are}"
        if extent.cycles == 1 and not found.told:
            yield "one cycle alone tells its frequency to a hundredth, and its values no better"
    elif extent.calm < extent.windows:
        yield _disturbed(extent)
    yield from _left_out(recording, found, extent)
    if extent.orders < ORDERS:
        yield f"{extent.rate:g} S/s allow harmonics up to order {extent.orders}"


def _left_out(recording: Recording, found: Analysis, extent: Extent) -> Iterator[str]:
    """How much of a recording has no cycles, so that its values do not tell of it."""
    numbers = np.arange(len(recording.times))
    begin, end = np.interp([extent.start, extent.end], numbers, recording.times)
    whole = float(recording.times[-1])
    cycle = float(end - begin) / extent.cycles
    if np.isfinite(found.frequency):
        cycle = min(cycle, 1 / found.frequency)
    within = extent.cycles * cycle
    if whole - within > FEW * cycle:
        yield (
            f"values are those of {counted(extent.cycles, 'cycle')}, {within:.4g} s of "
            f"{whole:.4g} s: the other {whole - within:.4g} s, without a cycle, are not in them"
        )


def _too_large(recording: Recording, found: Analysis) -> Iterator[str]:
    """Channels whose values no measurement is good for."""
    if found.beyond:
        names = _listed([recording.channels[n].name for n in found.beyond])
        yield f"values beyond {MOST:g} are none, and count as missing: {names}"


def _shapeless(recording: Recording, found: Analysis) -> Iterator[str]:
    """Channels without harmonics, though there are windows to take them from."""
    if found.extent is None or not found.extent.windows:
        return
    none = ~np.isfinite(found.harmonics[0]) & (found.rms > 0)
    lacking = np.asarray(np.isnan(recording.samples).any(axis=0))
    channels = list(zip(recording.channels, none, lacking, strict=True))
    holed = [c.name for c, no, lacks in channels if no and lacks and c.kind != "other"]
    if holed:
        yield f"samples are missing in each window, so no harmonics and no power: {_listed(holed)}"
    faint = [c.name for c, no, lacks in channels if no and not lacks and c.kind == "current"]
    if faint:
        yield f"no fundamental stands out, so no harmonics: {_listed(faint)}"


def _told(recording: Recording, found: Analysis) -> Iterator[str]:
    """What the frequency that the file tells was good for."""
    told = recording.nominal_frequency
    if not np.isfinite(told):
        return
    if found.told:
        yield f"no frequency is found: cycles are as long as the {told:g} Hz that the file tells"
    elif not np.isfinite(found.frequency):
        yield f"no frequency is found: the file tells {told:g} Hz, which no value rests on"
    elif told != found.nominal_frequency:
        yield f"the file tells {told:g} Hz; it is analysed as {found.nominal_frequency:g} Hz"


def _disturbed(extent: Extent) -> str:
    """Why harmonics are not those of all windows: what happened, or a pace that is not sure."""
    whole, others = extent.windows, extent.windows - extent.calm
    touch = "a dip, swell or interruption touches"
    jump = "cycles are missing or jump in"
    those = "the others" if others > 1 else "the other"
    if others == whole:
        those = "each of them" if whole > 1 else "it"
    if extent.touched == 0:
        why = f"{jump} {those}"
    elif extent.touched == others:
        why = f"{touch} {those}"
    else:
        why = f"{touch} {extent.touched}, and {jump} {others - extent.touched} more"
    if not extent.calm:
        return f"harmonics mean little, of {counted(whole, 'window')} without a calm one: {why}"
    return f"harmonics are those of {extent.calm} of {whole} windows: {why}"


def _why(recording: Recording) -> str:
    """Why a recording has no cycles."""
    longest = max(recording.stretches, key=lambda each: each.end - each.first)
    number, rate = longest.end - longest.first, longest.rate
    if rate < COARSE * min(CYCLES):
        return f"{rate:g} S/s are too few to see a cycle of the mains"
    if number < rate / min(CYCLES):
        are = "is" if number == 1 else "are"
        return f"{counted(number, 'sample')} at {rate:g} S/s {are} less than one cycle"
    return "no cycle of the mains, 40 to 72 Hz, is found"


def _voltages(recording: Recording, found: Analysis) -> Iterator[str]:
    channels = recording.channels
    voltages = [n for n, channel in enumerate(channels) if channel.kind == "voltage"]
    watched = {n for system in found.systems for n in system.channels}
    if not voltages:
        yield "no voltage channel: no power, no dips, swells or interruptions"
    elif found.extent is not None:
        if not watched:
            yield "no voltage has a frequency: no dips, swells or interruptions"
        idle = [channels[n].name for n in voltages if n not in watched]
        if idle and watched:
            yield f"not watched for dips, being no voltage of a phase: {_listed(idle)}"


def _held_against(found: Analysis, nominal_from: str) -> Iterator[str]:
    """Against what dips and swells are held, where that is not what the voltage mostly was."""
    levels = [each.nominal for each in found.systems if each.at_first]
    early = [f"{level:.{1 if level < WHOLE else 0}f} V" for level in levels]
    if early and nominal_from == FOUND:
        told = ", ".join(dict.fromkeys(early))
        yield (
            f"no nominal voltage is told: dips, swells and interruptions are held against {told}, "
            f"the voltage at first; --nominal says what it should be"
        )


def _pairless(recording: Recording, pairs: tuple[Pair, ...]) -> Iterator[str]:
    kinds = {channel.kind for channel in recording.channels}
    if not pairs and {"voltage", "current"} <= kinds:
        yield "no current belongs to a voltage by its name: --pair VOLTAGE:CURRENT tells which"


def sides(recording: Recording, recorded: bool) -> Iterator[str]:
    """Which values a file has as behind a transformer, and what of them is told."""
    ratios: dict[float, list[str]] = {}
    for channel in recording.channels:
        if channel.side == "S" and channel.ratio != 1.0 and channel.kind != "other":
            ratios.setdefault(channel.ratio, []).append(channel.name)
    for ratio, names in ratios.items():
        if recorded:
            words = f"secondary values, as the file has them; times {ratio:g} they are primary ones"
        else:
            words = f"primary values: {ratio:g} times the secondary ones that the file has"
        yield f"{_listed(names)}: {words}"
