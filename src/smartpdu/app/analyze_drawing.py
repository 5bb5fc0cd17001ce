"""Pictures of an analysis: waves, RMS of each half-cycle, spectra and phasors, by matplotlib."""

import warnings
from collections.abc import Iterator
from io import BytesIO
from math import isfinite
from typing import Any, TypeAlias

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from smartpdu.app.analyze_carried import assumed
from smartpdu.app.analyze_labels import remarks, shortened, spread
from smartpdu.app.analyze_sheet import Sheet, kind
from smartpdu.app.analyze_text import figure as told
from smartpdu.app.analyze_text import headline, share
from smartpdu.measurement.disturbance import Kind
from smartpdu.measurement.report_follow import Event

Array = NDArray[Any]
Column: TypeAlias = tuple[str, str, list[int]]  # title, unit, channels

COLOURS = ("#2563c9", "#c0392b", "#2e7d4f", "#8a5fb0", "#a35a00", "#00798c")  # as on the pages
INK, SOFT, LINE = "#16191f", "#5b6472", "#dfe3e8"
SHADES = {
    Kind.DIP: "#a35a00",
    Kind.SWELL: "#8a5fb0",
    Kind.INTERRUPTION: "#b3261e",
    Kind.RAPID_CHANGE: "#5b6472",
    Kind.TRANSIENT: "#00798c",
    "inrush": "#00798c",
}
STYLE: Any = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "lines.linewidth": 1.1,
    "svg.fonttype": "none",
    "text.parse_math": False,  # a name may hold a $
}
MOST = len(COLOURS)  # channels of one panel
ACROSS = 3  # of them, side by side in its key
LONG = 18  # letters of a name that are shown
WIDTH, HEIGHT = 6.2, 2.5  # inches of one panel
LETTERS, LINE_HEIGHT = 13.5, 0.16  # of notes: in one inch, and of one line, in inches
LABEL = 11.0  # points that one takes
NARROW = 5.2  # of one on a page, that it can be read on a telephone
LARGE, SMALL = 1e4, 0.1  # V or A: beyond, they are told as kV and mV
CALM_CYCLES, BEFORE, AFTER, LONGEST = 5, 2, 3, 12  # cycles of the waves that are shown
DASHED, LONG_DASHED = (0, (1.5, 1.5)), (0, (4, 3))
DRAWN = 4000  # points of one line
SPECTRUM = 40  # orders
LEAST = 0.02  # of a level that its panel shows at least
FAINT = 0.1  # % that a panel of harmonics shows at least
SAME = 10.0  # times the level of the first: so far apart do channels share a panel


def picture(sheet: Sheet) -> bytes:
    """The picture of an analysis, a PNG with a heading: what is shown, side by side."""
    return _drawn(sheet, shown(sheet), "png", {"Software": "SmartPDU"})


def panels(sheet: Sheet) -> list[str]:
    """The same for a page, which has a heading and puts them where there is room: an SVG each."""
    about = {"Date": None, "Creator": "SmartPDU"}
    return [
        _drawn(sheet, [column], "svg", about, f"-{n}").decode("utf-8")
        for n, column in enumerate(shown(sheet))
    ]


def _drawn(
    sheet: Sheet, columns: list[Column], form: str, about: dict[str, str | None], mark: str = ""
) -> bytes:
    names: Any = {"svg.id": f"analysis{mark}", "svg.hashsalt": f"smartpdu{mark}"}  # to be apart
    with mpl.rc_context({**STYLE, **names}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # of a name in a script without one
        kept = BytesIO()
        figure = _figure(sheet, columns, headed=form == "png")
        figure.savefig(kept, format=form, dpi=130, metadata=about)
    return kept.getvalue()


def shown(sheet: Sheet) -> list[Column]:
    """Title, unit and channels of each column of panels: voltages, currents, or what there is."""
    channels, found = sheet.recording.channels, sheet.analysis
    live = [c for system in found.systems for c in system.channels]
    voltages = live or [n for n, c in enumerate(channels) if c.kind == "voltage"]
    paired = [power.current for power in found.powers if power.voltage in voltages]
    currents = paired or [n for n, c in enumerate(channels) if c.kind == "current"]
    columns = [("Voltage", "V", voltages), ("Current", "A", list(dict.fromkeys(currents)))]
    columns = [column for column in columns if column[2]]
    if not columns:
        columns = [("Channels", channels[0].unit, list(range(len(channels))))]
    return [_chosen(sheet, *column) for column in columns]


def _chosen(sheet: Sheet, title: str, unit: str, own: list[int]) -> Column:
    """Those of a level like the first's, if it has one, as many as have colours of their own."""
    rms = sheet.analysis.rms
    first = next((n for n in own if rms[n] > 0), own[0])
    fit = [n for n in own if rms[n] > 0 and 1 / SAME <= rms[n] / rms[first] <= SAME]
    fit = (fit or [first])[:MOST]
    some = f", {len(fit)} of {len(own)} channels" if len(fit) < len(own) else ""
    return f"{title}{some}", unit, fit


def _figure(sheet: Sheet, columns: list[Column], headed: bool) -> Figure:
    cycles = sheet.analysis.extent is not None
    rows = 5 if cycles else 2
    deep = max(-(-len(own) // ACROSS) for _, _, own in columns)
    ratios = [0.14 + 0.2 * deep, 1.0, 0.8, 0.8, 1.3][:rows]
    width = WIDTH * max(len(columns), 1.3) if headed else NARROW
    below = remarks(sheet, int(width * LETTERS)) if headed else []
    height = HEIGHT * sum(ratios) + (0.8 if headed else 0.1) + LINE_HEIGHT * len(below)
    size = (width, height)
    drawn = Figure(figsize=size, layout="constrained", facecolor="white")
    if headed:
        words = "\n".join([sheet.file, *headline(sheet)])
        drawn.suptitle(words, x=0.01, ha="left", fontsize=9, color=SOFT, linespacing=1.5)
    if below:  # a label of all panels, so that the layout leaves room for it
        words = "\n".join(below)
        drawn.supxlabel(words, x=0.01, ha="left", fontsize=8, color=SOFT, linespacing=1.4)
    grid = drawn.add_gridspec(rows, len(columns), height_ratios=ratios)
    for place, (title, unit, own) in enumerate(columns):
        factor, larger = _size(sheet, unit, own)
        _key(sheet, drawn.add_subplot(grid[0, place]), title, own)
        _waves(sheet, drawn.add_subplot(grid[1, place]), (factor, larger), own)
        if cycles:
            _trend(sheet, drawn.add_subplot(grid[2, place]), (factor, larger), own)
            _spectrum(sheet, drawn.add_subplot(grid[3, place]), own)
            polar = drawn.add_subplot(grid[4, place], projection="polar")
            _phasors(sheet, polar, (factor, larger), own)
    return drawn


def _size(sheet: Sheet, unit: str, own: list[int]) -> tuple[float, str]:
    """By what values are divided to be told in a unit that people would take, and that unit."""
    most = max((float(sheet.analysis.peak[n]) for n in own), default=0.0)
    if unit not in ("V", "A"):
        return 1.0, unit
    if most >= LARGE:
        return 1e3, f"k{unit}"
    return (1e-3, f"m{unit}") if 0 < most < SMALL else (1.0, unit)


def _key(sheet: Sheet, axes: Axes, title: str, own: list[int]) -> None:
    """Which colour is which channel, and its values."""
    axes.axis("off")
    axes.set_title(title, fontsize=12, pad=8)
    found = sheet.analysis
    names = shortened([sheet.name(n) for n in own], LONG)
    for (n, colour), name in zip(_coloured(own), names, strict=True):
        lines = [name]
        lines.append(_level(float(found.rms[n]), *_size(sheet, sheet.unit(n), [n])))
        if np.isfinite(found.thd[n]):
            lines.append(f"THD {share(float(found.thd[n]))} %")
        axes.plot([], [], color=colour, linewidth=2.5, label="\n".join(lines))
    lines_drawn = axes.get_lines()
    across = min(ACROSS, len(own))  # matplotlib fills its columns one after the other
    order = [lines_drawn[k] for first in range(across) for k in range(first, len(own), across)]
    key = axes.legend(
        handles=order, loc="upper left", bbox_to_anchor=(0.0, 1.0), ncols=across, borderpad=0,
        borderaxespad=0,
    )  # fmt: skip
    key.set_in_layout(False)


def _coloured(own: list[int]) -> Iterator[tuple[int, str]]:
    return zip(own, COLOURS, strict=False)


def _level(value: float, factor: float, unit: str) -> str:
    return f"{told(value / factor, 4)} {unit}".strip()


def _waves(sheet: Sheet, axes: Axes, size: tuple[float, str], own: list[int]) -> None:
    """Samples around the first event, or of the first cycles."""
    factor, unit = size
    first, end = window(sheet)
    times = sheet.recording.times[first:end]
    for n, colour in _coloured(own):
        x, y = thinned(times, sheet.recording.samples[first:end, n])
        axes.plot(x, y / factor, color=colour)
    axes.set_title("Samples")
    axes.set_ylabel(unit)
    axes.set_xlabel("time, s", labelpad=2)
    axes.set_xlim(times[0], max(times[-1], times[0] + 1e-9))
    _events(sheet, axes)


def window(sheet: Sheet) -> tuple[int, int]:
    """The samples that are shown one by one: around the first event, the trigger, or the first."""
    found, number = sheet.analysis, len(sheet.recording.samples)
    if found.extent is None:
        return 0, number
    cycle = (found.extent.end - found.extent.start) / found.extent.cycles
    begin, end = found.extent.start, found.extent.start + CALM_CYCLES * cycle
    trigger = sheet.recording.trigger
    if 0 < trigger < sheet.recording.times[-1]:
        at = float(np.searchsorted(sheet.recording.times, trigger))
        begin, end = at - BEFORE * cycle, at + AFTER * cycle
    if found.events:
        event = found.events[0]
        start = event.start if isfinite(event.start) else 0.0
        stop = event.end if isfinite(event.end) else start
        begin, end = start - BEFORE * cycle, max(stop, start) + AFTER * cycle
        end = min(end, begin + LONGEST * cycle)
    first = max(int(begin), 0)
    return first, min(max(int(end) + 1, first + 2), number)


def thinned(x: Array, y: Array) -> tuple[Array, Array]:
    """A line with no more points than can be seen: the least and the greatest of each stretch."""
    size = -(-len(x) // (DRAWN // 2))
    if size < 3:
        return x, y
    whole = len(x) // size * size
    parts = y[:whole].reshape(-1, size)
    filled = np.where(np.isfinite(parts), parts, 0.0)
    places = np.sort(np.stack([filled.argmin(axis=1), filled.argmax(axis=1)], axis=1), axis=1)
    rows = (places + size * np.arange(len(parts))[:, None]).ravel()
    rows = np.concatenate([rows, np.arange(whole, len(x))])
    return x[rows], y[rows]


def _trend(sheet: Sheet, axes: Axes, size: tuple[float, str], own: list[int]) -> None:
    """RMS of each cycle, anew at each half, over the whole recording."""
    found, (factor, unit) = sheet.analysis, size
    for n, colour in _coloured(own):
        trend = found.trends[n]
        times = np.interp(trend.at, np.arange(len(sheet.recording.times)), sheet.recording.times)
        few: Any = {"marker": "o", "markersize": 3.0} if len(times) < SPECTRUM else {}
        told, rms = ~trend.carried, trend.rms / factor
        axes.plot(*thinned(times, np.where(told, rms, np.nan)), color=colour, **few)
        if trend.carried.any():  # up to the value before and after, so that the line is whole
            near = told & np.append(told[1:], True) & np.append(True, told[:-1])
            axes.plot(*thinned(times, np.where(near, np.nan, rms)), color=colour, linestyle=DASHED)
    axes.set_title("RMS of one cycle, at each half-cycle")
    axes.set_ylabel(unit)
    axes.set_xlabel("time, s", labelpad=2)
    times = sheet.recording.times
    axes.set_xlim(0.0, max(float(times[-1]), 1e-9))
    limits = [s.nominal / factor for s in found.systems if set(s.channels) & set(own)][:1]
    low, high = axes.get_ylim()
    if limits:
        low, high = min(low, 0.88 * limits[0]), max(high, 1.12 * limits[0])
        for share in (0.9, 1.1):
            axes.axhline(share * limits[0], color=SOFT, linewidth=0.8, linestyle=LONG_DASHED)
        note: Any = {"color": SOFT, "fontsize": 7.5, "ha": "right"}
        x = axes.get_xlim()[1]
        axes.text(x, 1.1 * limits[0], "110 % ", va="bottom", **note)
        axes.text(x, 0.9 * limits[0], "90 % ", va="top", **note)
    spread = max(LEAST * abs(high) - (high - low), 0.0) / 2
    low, high = low - spread, high + spread
    axes.set_ylim(max(low, 0.0) if low > -0.1 * high else low, high)
    _carried(sheet, axes, own)
    _events(sheet, axes, named=True)


def _carried(sheet: Sheet, axes: Axes, own: list[int]) -> None:
    """Hatches for the time in which no voltage told the pace, on which its line is dotted."""
    if not any(sheet.analysis.trends[n].carried.any() for n in own):
        return
    axis = np.arange(len(sheet.recording.times))
    hatch: Any = {"hatch": "////", "facecolor": "none", "edgecolor": LINE, "linewidth": 0}
    for each in assumed(sheet.analysis):
        first, end = np.interp([each.first, each.end], axis, sheet.recording.times)
        axes.axvspan(first, end, zorder=0, **hatch)
    axes.set_xlabel("time, s (hatched: at an assumed pace)", labelpad=2)


def _events(sheet: Sheet, axes: Axes, named: bool = False) -> None:
    """Shades for what happened."""
    low, high = axes.get_xlim()
    spans = [(event, *_times(sheet, event)) for event in sheet.analysis.events]
    shown = [each for each in spans if each[1] <= high and each[2] >= low]
    for event, start, end in shown:
        colour = SHADES[kind(event)]
        axes.axvspan(max(start, low), min(end, high), color=colour, alpha=0.10, linewidth=0)
        axes.axvline(start, color=colour, linewidth=1.0, alpha=0.8)
    if named:
        _labels(axes, [(kind(event), max(start, low)) for event, start, _ in shown])
    axes.set_xlim(low, high)


def _labels(axes: Axes, events: list[tuple[str, float]]) -> None:
    """What happened, beside its beginning, or beside the label before it."""
    labels: list[tuple[str, float]] = []
    low, high = axes.get_xlim()
    width = axes.bbox.width * 72 / axes.figure.dpi  # points, before there is a layout: rather less
    near = LABEL / width * (high - low)
    for what, start in sorted(events, key=lambda each: each[1]):
        again = [at for word, at in labels if word == what and start - at < near]
        if not again:  # of many of one kind side by side, the first
            labels.append((what, start))
    wanted = [(start - low) / (high - low) * width for _, start in labels]
    places = spread(wanted, LABEL, width - LABEL)
    for (what, start), own, place in zip(labels, wanted, places, strict=True):
        axes.annotate(
            what, (start, 0.5), (place - own + 3, 0), xycoords=("data", "axes fraction"),
            textcoords="offset points", rotation=90, va="center", fontsize=7.5, color=SHADES[what],
            bbox={"boxstyle": "square,pad=0.1", "color": "white", "alpha": 0.75},
        )  # fmt: skip


def _times(sheet: Sheet, event: Event) -> tuple[float, float]:
    last = float(sheet.recording.times[-1])
    start, end = sheet.seconds(event.start), sheet.seconds(event.end)
    return (start if isfinite(start) else 0.0), (end if isfinite(end) else last)


def _spectrum(sheet: Sheet, axes: Axes, own: list[int]) -> None:
    """Harmonics beside the fundamental."""
    found = sheet.analysis
    most = min(SPECTRUM, found.extent.orders if found.extent else 0)
    orders = np.arange(2, most + 1)
    width = 0.8 / len(own)
    for place, (n, colour) in enumerate(_coloured(own)):
        offset = (place - (len(own) - 1) / 2) * width
        axes.bar(orders + offset, found.harmonics[1:most, n], width, color=colour)
    axes.set_title("Harmonics")
    axes.set_ylabel("% of fundamental")
    axes.set_xlabel("order")
    axes.set_xticks(orders if most <= SPECTRUM // 2 else orders[1::2])
    axes.set_xlim(1.3, most + 0.7)
    axes.set_ylim(0.0, max(axes.get_ylim()[1], FAINT))
    axes.grid(visible=False, axis="x")


def _phasors(sheet: Sheet, axes: Any, size: tuple[float, str], own: list[int]) -> None:
    """The fundamental of each channel, seen from the leading voltage."""
    phasor = sheet.analysis.phasor / size[0]
    largest = max((float(abs(phasor[n])) for n in own if np.isfinite(phasor[n])), default=0.0)
    lines = []
    for n, colour in _coloured(own):
        if not np.isfinite(phasor[n]) or largest == 0:
            continue
        length, angle = float(abs(phasor[n])), float(np.angle(phasor[n]))
        arrow = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", xy=(angle, length), xytext=(0.0, 0.0), arrowprops=arrow)
        words = f"{_level(length, 1.0, size[1])} ∠ {np.degrees(angle).round(1) + 0.0:.1f}°"
        lines.append((words, colour))
    for row, (words, colour) in enumerate(lines):
        at = {"xy": (1.3, 0.95 - 0.09 * row), "xycoords": "axes fraction"}
        axes.annotate(words, **at, color=colour, fontsize=8, in_layout=False)
    axes.set_title("Fundamental", loc="left", pad=10)
    axes.set_anchor("W")  # values stand beside it
    axes.set_rmax(1.1 * largest if largest > 0 else 1.0)
    axes.set_rlabel_position(67.5)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.tick_params(labelsize=7.5)
    axes.spines["polar"].set_color(LINE)
