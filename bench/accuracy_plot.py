"""The sweep of errors as a picture: one panel a quantity, both sides, the goal as a line."""

import re
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

PANELS = (
    ("U", "Voltage, RMS of 10/12 cycles", "%"),
    ("I", "Current, RMS of 10/12 cycles", "%"),
    ("P", "Active power", "%"),
    ("U half-cycle", "Voltage, RMS of one cycle at each half-cycle", "%"),
    ("f 10 s", "Frequency of 10 s", "mHz"),
    ("harmonics", "Harmonics, the worst order", "% of each"),
    ("THD", "THD", "% of it"),
    ("interharmonics", "False interharmonics", "% of U1"),
    ("dip depth", "Residual voltage of dips, 0.5 to 10 cycles", "% of Un"),
)
OURS, PEER, GOAL = "#1f5fa8", "#c2571a", "#444444"
LEAST = 1e-7  # what is less is drawn here


def drawn(
    sweep: Sequence[tuple[float, float]],
    rows: Sequence[Mapping[str, tuple[float, float]]],
    goals: Mapping[str, tuple[float, str]],
    file: Path,
) -> None:
    """Write the picture."""
    mpl.rcParams.update(
        {"svg.fonttype": "none", "svg.hashsalt": "accuracy", "font.family": "sans-serif"}
    )
    figure = Figure(figsize=(11, 8.6), layout="constrained")
    nominal, frequency = (np.array(column) for column in zip(*sweep, strict=True))
    axes = figure.subplots(3, 3, sharex=True).ravel()
    for axis, (name, title, unit) in zip(axes, PANELS, strict=True):
        values = np.array([row[name] for row in rows])
        _panel(axis, nominal, frequency, np.maximum(values, LEAST))
        axis.axhline(goals[name][0], color=GOAL, lw=1.2, ls="--", label="goal: below this line")
        axis.set_title(title, fontsize=10)
        axis.set_ylabel(f"worst error, {unit}", fontsize=9)
    for axis in axes[-3:]:
        axis.set_xlabel("frequency, Hz", fontsize=9)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=9, frameon=False)
    made = StringIO()
    figure.savefig(made, format="svg", metadata={"Date": None})
    file.write_text(_short(made.getvalue()))


def _short(svg: str) -> str:
    """The same picture with places to a hundredth of a point, and each style told once."""
    placed = re.sub(r"-?\d+\.\d{3,}", lambda n: f"{float(n[0]):.2f}".rstrip("0").rstrip("."), svg)
    plain = re.sub(r"\n\s*", "\n", re.sub(r"<!--.*?-->", "", placed))
    styles = dict.fromkeys(re.findall(r'style="([^"]+)"', plain))
    rules = ""
    for k, style in enumerate(styles):
        plain = plain.replace(f'style="{style}"', f'class="s{k}"')
        rules += f".s{k}{{{style}}}\n"
    return plain.replace("</style>", f"{rules}</style>", 1)


def _panel(axis: Axes, nominal: np.ndarray, frequency: np.ndarray, values: np.ndarray) -> None:
    sides = ((0, OURS, "SmartPDU", "o"), (1, PEER, "pqopen-lib 0.10.5", "s"))
    for side, color, name, marker in sides:
        for cycles, own in (("50 Hz", nominal == 50), ("60 Hz", nominal == 60)):
            fill = color if cycles == "50 Hz" else "white"
            axis.plot(
                frequency[own], values[own, side], color=color, lw=0.8, marker=marker, ms=4,
                markerfacecolor=fill, label=f"{name}, nominal {cycles}",
            )  # fmt: skip
    axis.set_yscale("log")
    axis.grid(which="major", color="#dddddd", lw=0.6)
    axis.tick_params(labelsize=8)
    axis.yaxis.set_minor_locator(NullLocator())
