"""`smartpdu analyze`: what a recording of waveforms holds, as text, JSON and pictures."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from math import isfinite, nan
from pathlib import Path
from typing import TextIO

import numpy as np

from smartpdu.app.analyze_json import plain, plain_notes
from smartpdu.app.analyze_sheet import FOUND, GIVEN, TOLD, Sheet, sheet, sides
from smartpdu.app.analyze_text import text
from smartpdu.app.progress import bar, teller
from smartpdu.drivers.recording import Recording, RecordingError, primary, quoted
from smartpdu.drivers.recording_names import Pair, pairs
from smartpdu.drivers.recording_skew import aligned
from smartpdu.drivers.recording_systems import systems
from smartpdu.drivers.recordings import Given, read_recording
from smartpdu.measurement.report import Analysis, analysis
from smartpdu.measurement.report_layout import Material, Part
from smartpdu.model.units import Volt

SLOW = 1 << 24  # bytes of a file that may take more than two seconds to read
NOMINAL = (1.0, 1e6)  # V, the least and the most that is taken for one
DRAWN = (".html", ".png")


@dataclass(frozen=True, slots=True)
class Wish:
    """Which recording is analysed, what is said of it, and what shall come of it."""

    file: Path
    json: bool = False
    plot: Path | None = None
    pairs: tuple[str, ...] = ()
    nominal: Volt | None = None
    frequency: float | None = None  # Hz, 50 or 60
    says: Given = field(default_factory=Given)
    recorded: bool = False  # whether secondary values stay what they are


def analyze(wish: Wish, out: TextIO, err: TextIO) -> int:
    """Print what a recording holds, and draw it; 2 is a file or a wish without sense."""
    try:
        _drawable(wish.plot)
        _reasonable(wish.nominal)
        found = analyzed(wish, err)
        if wish.plot is not None:
            _draw(found, wish.plot, teller(err))
    except RecordingError as error:
        print(f"smartpdu: {error}", file=err)
        return 2
    if wish.json:
        print(plain(found), file=out)
        for note in plain_notes(found):
            print(note, file=err)
    else:
        print(text(found), file=out)
    return 0


def analyzed(wish: Wish, err: TextIO) -> Sheet:
    """What a recording holds; raises RecordingError for a file or a pair that cannot be."""
    recording = _read(wish, teller(err))
    notes = tuple(sides(recording, wish.recorded))
    if not wish.recorded:
        recording = primary(recording)
    try:
        found = pairs(recording, wish.pairs)
    except RecordingError as error:
        where = "" if error.where == "" else f" {error.where}"
        raise RecordingError(f"--pair{where}", "", error.found, error.expected) from None
    steps, what = analysis(material(recording, found, wish)), f"analysing {wish.file.name}"
    teller(err)(f"{what} ...")  # its first step may compile what it needs
    result = _finished(steps, bar(err, what))
    teller(err)("")
    if not wish.pairs:
        found, result = of_phases(found, result)
    how = GIVEN if wish.nominal is not None else FOUND
    if wish.nominal is None and isfinite(recording.nominal_voltage):
        how = TOLD
    return sheet(wish.file.name, recording, found, result, how, notes)


def of_phases(found: tuple[Pair, ...], result: Analysis) -> tuple[tuple[Pair, ...], Analysis]:
    """Pairs without those whose voltage is none of a phase, where there are phases.

    A neutral is named as one: the power that its little voltage makes is nothing but noise.
    """
    watched = {c for system in result.systems for c in system.channels}
    kept = [n for n, pair in enumerate(found) if pair.voltage in watched or not watched]
    powers = tuple(result.powers[n] for n in kept)
    return tuple(found[n] for n in kept), replace(result, powers=powers)


def _drawable(path: Path | None) -> None:
    """Raise where a picture could not be drawn, before the work is done."""
    if path is None:
        return
    if path.suffix.lower() not in DRAWN:
        raise RecordingError("--plot", "", quoted(path.name), "a name that ends in .html or .png")
    if not path.parent.is_dir():
        raise RecordingError("--plot", "", f"no folder {path.parent}", "one that is there")
    if find_spec("matplotlib") is None:
        words = "it installed, as by: pip install matplotlib"
        raise RecordingError("--plot", "", "no matplotlib", words)


def _reasonable(nominal: Volt | None) -> None:
    """Raise where no mains have such a voltage."""
    least, most = NOMINAL
    if nominal is not None and not least <= nominal <= most:
        raise RecordingError("--nominal", "", f"{nominal:g} V", f"{least:g} V to {most / 1e6:g} MV")


def _read(wish: Wish, tell: Callable[[str], None]) -> Recording:
    """The recording, its channels as if all had been taken at once."""
    try:
        size = wish.file.stat().st_size
    except (OSError, ValueError):
        size = 0  # read_recording says what is wrong
    if size > SLOW:
        tell(f"reading {wish.file.name} ...")
    try:
        recording = read_recording(wish.file, wish.says)
    finally:
        tell("")
    if any(channel.skew for channel in recording.channels):
        recording = aligned(recording)
    return recording


def material(recording: Recording, found: tuple[Pair, ...], wish: Wish) -> Material:
    """A recording as the measurement takes it."""
    kinds = [channel.kind for channel in recording.channels]
    known = 0 < recording.trigger < recording.times[-1]
    return Material(
        recording.samples,
        tuple(Part(each.first, each.end, each.rate) for each in recording.stretches),
        tuple(n for n, kind in enumerate(kinds) if kind == "voltage"),
        tuple(n for n, kind in enumerate(kinds) if kind == "current"),
        tuple((pair.voltage, pair.current) for pair in found),
        systems(recording),
        nan if wish.frequency is None else wish.frequency,
        recording.nominal_voltage if wish.nominal is None else wish.nominal,
        float(np.searchsorted(recording.times, recording.trigger)) if known else nan,
        recording.nominal_frequency,
    )


def _finished(steps: Generator[float, None, Analysis], tell: Callable[[float], None]) -> Analysis:
    """What the steps come to; tells how far they are."""
    while True:
        try:
            tell(next(steps))
        except StopIteration as end:
            tell(1.0)
            result: Analysis = end.value
            return result


def _draw(found: Sheet, path: Path, tell: Callable[[str], None]) -> None:
    """Write a picture or a page, whole or not at all."""
    tell(f"drawing {path.name} ...")
    from smartpdu.app.analyze_drawing import panels, picture
    from smartpdu.app.analyze_page import page

    draft = path.with_name(f"{path.name}.part")
    try:
        if path.suffix.lower() == ".png":
            draft.write_bytes(picture(found))
        else:
            draft.write_text(page(found, panels(found)), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        words = error.strerror or str(error)
        raise RecordingError("--plot", path.name, words, "a file that can be written") from None
    finally:
        tell("")
