"""An analysis as tables of text, for a terminal or a page."""

from dataclasses import dataclass
from math import floor, isfinite, log10

import numpy as np

from smartpdu.app.analyze_sheet import Sheet, kind, struck
from smartpdu.measurement.disturbance import Kind
from smartpdu.measurement.inrush import Inrush
from smartpdu.measurement.report_follow import Event

LARGEST = 4  # harmonics that are told of each channel
NEXT_TO_NOTHING = 0.001  # %
ROUNDING = 1e-5
DIGITS = 5
LEAST, MOST = -4, 9  # powers of ten between which it is not told
NOTHING = "-"  # for what cannot be had
LEFT, RIGHT = "left", "right"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under their headings."""

    title: str
    headings: tuple[str, ...]
    sides: tuple[str, ...]  # where each column is lined up
    rows: tuple[tuple[str, ...], ...]


def figure(value: float, digits: int = DIGITS) -> str:
    """A number with so many digits; a small one with its power of ten."""
    if not isfinite(value):
        return NOTHING
    if value == 0:
        return "0"
    size = floor(log10(abs(value)))
    if not LEAST <= size <= MOST:
        return f"{value:.{digits - 1}e}"
    return f"{value:.{max(digits - 1 - size, 0)}f}"


def beside(value: float, whole: float) -> str:
    """A number that may be nothing but the rounding of a much larger one: then it is 0."""
    return "0" if abs(value) < ROUNDING * whole else figure(value)


def share(percent: float) -> str:
    """A share in percent; one that is next to nothing is told to be less."""
    return figure(percent, 3) if not percent < NEXT_TO_NOTHING else f"<{NEXT_TO_NOTHING}"


def span(seconds: float) -> str:
    """How long something lasted."""
    return f"{figure(1e3 * seconds, 4)} ms"


def headline(sheet: Sheet) -> list[str]:
    """What was recorded, and what its values are those of."""
    recording, found = sheet.recording, sheet.analysis
    begun = [recording.start.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]] if recording.start else []
    name = [recording.name.strip()] if recording.name not in ("", sheet.file) else []
    number = len(recording.channels)
    last = float(recording.times[-1])
    lines = [", ".join([
        *name, *begun, f"{number} channel{'s' if number > 1 else ''}",
        f"{recording.rate:.6g} S/s", f"{figure(last)} s",
    ])]  # fmt: skip
    levels = dict.fromkeys(f"{figure(system.nominal, 4)} V" for system in found.systems)
    about = []
    if isfinite(found.frequency):
        about.append(f"frequency {figure(found.frequency)} Hz")
    elif isfinite(recording.nominal_frequency):
        about.append(f"frequency {recording.nominal_frequency:g} Hz (as the file says)")
    if levels:
        about.append(f"nominal voltage {', '.join(levels)} ({sheet.nominal_from})")
    if found.extent is not None:
        begin, end = (f"{sheet.seconds(t):.4f}" for t in (found.extent.start, found.extent.end))
        words = "cycle" if found.extent.cycles == 1 else "cycles"
        about.append(f"{found.extent.cycles} {words} from {begin} s to {end} s")
    return [*lines, "; ".join(about)] if about else lines


def channels(sheet: Sheet) -> Table:
    """RMS, direct part, peak, crest factor, frequency, THD and the largest harmonics."""
    found, rows = sheet.analysis, []
    for n, channel in enumerate(sheet.recording.channels):
        pace = found.frequencies[n] if isfinite(found.thd[n]) else np.nan
        rms, mean, peak = (float(each[n]) for each in (found.rms, found.mean, found.peak))
        told = [figure(rms), beside(mean, rms), figure(peak)]
        crest, thd = figure(float(found.crest_factor[n]), 4), share(float(found.thd[n]))
        largest = _largest(found.harmonics[:, n])
        rows.append((channel.name, channel.unit, *told, crest, figure(pace), thd, largest))
    headings = ("channel", "unit", "rms", "dc", "peak", "crest", "Hz", "THD %", "harmonics %")
    return Table("Channels", headings, (LEFT, LEFT, *(RIGHT,) * 6, LEFT), tuple(rows))


def _largest(shares: np.ndarray[tuple[int], np.dtype[np.floating]]) -> str:
    """The largest harmonics beside the fundamental."""
    known = [(float(percent), order) for order, percent in enumerate(shares, 1) if order > 1]
    best = sorted(k for k in known if k[0] >= NEXT_TO_NOTHING)[-LARGEST:]
    return ", ".join(f"{order}: {share(percent)}" for percent, order in reversed(best))


def phases(sheet: Sheet) -> Table:
    """The power of each pair."""
    rows, own = [], []
    for name, p in zip(sheet.phases, sheet.analysis.powers, strict=True):
        pair = f"{sheet.name(p.voltage)} : {sheet.name(p.current)}"
        powers = [beside(each, p.apparent) for each in (p.active, p.reactive, p.apparent)]
        factors = [figure(each, 4) for each in (p.power_factor, p.displacement_factor)]
        rows.append((name, pair, *powers, *factors))
        own.append(name == f"{sheet.name(p.voltage)}:{sheet.name(p.current)}")
    headings = ("phase", "channels", "P W", "Q1 var", "S VA", "PF", "cos phi")
    first = 1 if own and all(own) else 0  # nothing but the channels tells them apart
    sides = (LEFT, LEFT, *(RIGHT,) * 5)[first:]
    return Table("Phases", headings[first:], sides, tuple(row[first:] for row in rows))


def events(sheet: Sheet) -> Table:
    """What happened, when, for how long and how deep."""
    rows, last = [], float(sheet.recording.times[-1])
    for event in sheet.analysis.events:
        start, lasted = sheet.seconds(event.start), sheet.lasted(event)
        names = ", ".join(sheet.name(c) for c in struck(event))
        begun = f"{start:.5f} s" if isfinite(start) else "before"
        if not isfinite(event.end):
            told = f"> {span(last - (start if isfinite(start) else 0.0))}"
        else:
            told = span(lasted) if isfinite(lasted) else f"> {span(sheet.seconds(event.end))}"
        rows.append((begun, kind(event), told, names, depth(event)))
    headings = ("start", "event", "duration", "channels", "depth")
    return Table("Events", headings, (RIGHT, LEFT, RIGHT, LEFT, LEFT), tuple(rows))


def depth(event: Event) -> str:
    """How far an event went."""
    if isinstance(event, Inrush):
        heat = f"{figure(event.i2t, 3)} A²s, closed at {event.angle:.0f}°: {event.cause}"
        return f"peak {figure(event.peak, 4)} A, {heat}"
    share = 100 * event.residual / event.reference
    match event.kind:
        case Kind.DIP | Kind.INTERRUPTION:
            left = f"down to {figure(event.residual, 4)} V, {share:.1f} %"
            return f"{left}: {figure(event.depth, 4)} V deep"
        case Kind.SWELL:
            return f"up to {figure(event.residual, 4)} V, {share:.1f} %"
        case Kind.TRANSIENT:
            return f"{figure(event.largest, 3)} V off the wave"
    return f"{figure(event.largest, 3)} V off, {figure(event.lasting, 3)} V lasting"


def text(sheet: Sheet) -> str:
    """All of an analysis as text."""
    parts = ["\n".join([f"{sheet.file}: {headline(sheet)[0]}", *headline(sheet)[1:]])]
    parts.append(_lined_up(channels(sheet)))
    if sheet.phases:
        parts.append(_lined_up(phases(sheet)))
    happened = events(sheet)
    if happened.rows:
        parts.append(_lined_up(happened))
    elif sheet.analysis.systems:
        parts.append("no dip, swell, interruption, rapid voltage change, transient or inrush")
    marks = [f"{mark.quality}: {mark.words}" for mark in sheet.marks]
    notes = [*marks, *(f"note: {note}" for note in sheet.notes)]
    if notes:
        parts.append("\n".join(notes))
    return "\n\n".join(parts)


def _lined_up(table: Table) -> str:
    lines = [table.headings, *table.rows]
    widths = [max(len(row[k]) for row in lines) for k in range(len(table.headings))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if side == RIGHT else cell.ljust(width)
            for cell, width, side in zip(row, widths, table.sides, strict=True)
        ).rstrip()
        for row in lines
    )
