"""Reads recordings in COMTRADE: IEEE C37.111 of 1991, 1999, 2013, as .cfg with .dat or as .cff."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf

import numpy as np

from smartpdu.drivers.comtrade_config import Config, config
from smartpdu.drivers.comtrade_data import Rows, rows
from smartpdu.drivers.comtrade_information import informed
from smartpdu.drivers.recording import (
    Mark,
    Quality,
    Recording,
    RecordingError,
    Stretch,
    missing,
    quoted,
)
from smartpdu.drivers.recording_text import decoded
from smartpdu.drivers.recording_timing import rated, spread, stamped, unwrapped
from smartpdu.model.units import Seconds

CONFIGURATION = 8 << 20  # bytes; a thousand channels need a tenth of a million
DENIED = 0.01  # of a rate: so far off are time stamps that deny it
FEWEST = 100  # of the smallest step that stamps can tell: of less, no rate is known
SECTION = re.compile(
    rb"^--- *file type: *([a-z]{3})(?: +([a-z0-9]+))?(?: *: *(\d{1,18}))? *---[ \t]*(?:\r?\n|\Z)",
    re.IGNORECASE | re.MULTILINE,
)


def pair(
    configuration: bytes, data: bytes, names: tuple[str, str], encoding: str | None = None
) -> Recording:
    """The recording of a .cfg and its .dat; their names are for messages."""
    return _recording(_config(configuration, names[0], encoding), data, names[1])


def _config(raw: bytes, file: str, encoding: str | None) -> Config:
    if len(raw) > CONFIGURATION:
        words = f"{CONFIGURATION} bytes at most"
        raise RecordingError(file, "", f"a configuration of {len(raw)} bytes", words)
    return config(decoded(raw, file, encoding), file)


def combined(raw: bytes, file: str, encoding: str | None = None) -> Recording:
    """The recording of a .cff, which holds both in one file."""
    about, start, told = None, 0, b""
    while found := SECTION.search(raw, start):
        kind = found[1].upper()
        if kind == b"DAT":
            if about is None:
                words = "a section of type CFG before it"
                raise RecordingError(file, f"byte {found.start()}", "data", words)
            return informed(_section(raw, found, about, file), told, file)
        following = SECTION.search(raw, found.end())
        end = following.start() if following else len(raw)
        if kind == b"CFG":
            about = _config(raw[found.end() : end], file, encoding)
        elif kind == b"INF":
            told = raw[found.end() : min(end, found.end() + CONFIGURATION)]
        start = end
    expected = "a line like --- file type: DAT BINARY: 1024 ---"
    raise RecordingError(file, f"byte {len(raw)}", "the end", expected)


def _section(raw: bytes, found: re.Match[bytes], about: Config, file: str) -> Recording:
    form = (found[2] or b"").decode("ascii").upper()
    marks = list(about.marks)
    if form and form != about.form:
        words = f"{file}: found {quoted(form)} over the data, and {about.form} in the configuration"
        marks.append(Mark(Quality.DISAGREES, words))
    data = raw[found.end() :]
    if found[3] and form != "ASCII":
        size = int(found[3])
        if size > len(data):
            words = f"{file}: found {len(data)} bytes of data, expected {size}"
            marks.append(Mark(Quality.TRUNCATED, words))
        data = data[:size]
    elif about.form == "ASCII":
        following = SECTION.search(raw, found.end())
        data = raw[found.end() : following.start() if following else len(raw)]
    line = raw.count(b"\n", 0, found.end()) + 1
    return _recording(replace(about, marks=tuple(marks)), data, file, line)


def _recording(about: Config, data: bytes, file: str, line: int = 1) -> Recording:
    held = rows(data, about, file, line)
    if all(rate > 0 for rate, _ in about.rates):
        held = _filled(held, file)
        times, stretches = rated(about.rates, len(held.samples))
        marks = tuple(_denied(about, held, stretches, file))
    else:
        times, stretches, marks = _stamped(about, held, file)
    channels = tuple(each.channel for each in about.analog)
    lost = missing(held.samples, channels, times)
    return Recording(
        name=about.name,
        start=about.start,
        trigger=about.trigger,
        nominal_frequency=about.nominal_frequency,
        channels=channels,
        stretches=stretches,
        times=times,
        samples=held.samples,
        digital=about.digital,
        states=held.states,
        marks=(*about.marks, *held.marks, *marks, *lost),
    )


def _stamped(
    about: Config, held: Rows, file: str
) -> tuple[Seconds, tuple[Stretch, ...], tuple[Mark, ...]]:
    stamps = held.stamps if about.form == "ASCII" else unwrapped(held.stamps)
    return stamped(stamps * about.tick, about.tick, file)


def _denied(about: Config, held: Rows, stretches: Sequence[Stretch], file: str) -> Iterator[Mark]:
    """Rates that the time stamps deny, where there are such; what is told goes before them."""
    stamps = held.stamps if about.form == "ASCII" else unwrapped(held.stamps)
    if len(stamps) != len(held.samples):
        return
    for stretch in stretches:
        first, last = stretch.first, stretch.end - 1
        span = (float(stamps[last]) - float(stamps[first])) * about.tick
        if not FEWEST * about.tick < span < inf:
            continue  # none, or as good as none
        rate = (last - first) / span
        if abs(rate / stretch.rate - 1) > DENIED:
            words = (
                f"{file}: time stamps say {rate:.6g} S/s, the configuration {stretch.rate:.6g} S/s"
            )
            yield Mark(Quality.DISAGREES, words, first=first, count=last - first + 1)


def _filled(held: Rows, file: str) -> Rows:
    """Rows with one of NaN for each sample whose number is left out."""
    places = spread(held.numbers)
    if places is None:
        steps = np.diff(held.numbers)
        if len(steps) == 0 or (steps == steps[0]).all() or np.isnan(held.numbers).any():
            return held
        first = int(np.flatnonzero(steps != np.median(steps))[0])
        words = f"{file}: sample numbers do not count up after row {first + 1}"
        return replace(held, marks=(*held.marks, Mark(Quality.UNEVEN, words, first=first)))
    size = int(places[-1]) + 1
    if size == len(places):
        return held
    samples = np.full((size, held.samples.shape[1]), np.nan, held.samples.dtype)
    samples[places] = held.samples
    states = np.zeros((size, held.states.shape[1]), np.uint16)
    states[places] = held.states
    return replace(held, samples=samples, states=states)
