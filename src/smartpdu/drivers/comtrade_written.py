"""Writes recordings in COMTRADE of 2013 (IEEE C37.111, IEC 60255-24): .cfg with .dat, or .cff."""

import os
from collections.abc import Iterator
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smartpdu.drivers.comtrade_config import FORMS, WIDEST
from smartpdu.drivers.comtrade_data import ABSENT, NO_VALUE
from smartpdu.drivers.comtrade_information import information_text
from smartpdu.drivers.recording import Channel, Recording, RecordingError, quoted
from smartpdu.drivers.recording_timing import rated
from smartpdu.model.units import Second

FULL = 2**31 - 1  # of BINARY32
HIGHEST = 65536.0  # of ASCII
BOUNDS = {"BINARY32": (f"{-FULL}", f"{FULL}"), "ASCII": ("-99998", "99998")}
STAMPS = 2**32 - 2  # the last that is one
NUMBERED = {"FLOAT32": "<f4", "BINARY32": "<i4"}


def written(recording: Recording, path: Path, form: str = "FLOAT32") -> None:
    """Write a recording as PATH.cfg and PATH.dat, or into PATH.cff where PATH ends so.

    What is known beside its samples, as the nominal voltage, goes to PATH.inf.
    FLOAT32 keeps samples of single precision, ASCII all, BINARY32 to a step that is told.
    """
    if path.suffix.lower() == ".cff":
        _put(path, both_bytes(recording, form))
        return
    configuration, data = config_text(recording, form), data_bytes(recording, form)
    _put(path.with_name(f"{path.name}.dat"), data)
    _put(path.with_name(f"{path.name}.inf"), information_text(recording))
    _put(path.with_name(f"{path.name}.cfg"), configuration)  # last: a .dat alone is none


def both_bytes(recording: Recording, form: str) -> bytes:
    """The .cff of a recording: all sections in one file."""
    configuration, data = config_text(recording, form), data_bytes(recording, form)
    size = "" if form == "ASCII" else f": {len(data)}"
    heads = [f"--- file type: {name} ---\r\n".encode() for name in ("CFG", "INF", "HDR")]
    last = f"--- file type: DAT {form}{size} ---\r\n".encode()
    return b"".join(
        [heads[0], configuration, heads[1], information_text(recording), heads[2], last, data]
    )


def _put(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all; one without content is taken away."""
    draft = path.with_name(f"{path.name}.part")
    try:
        if not content:  # an old one would be of another recording
            path.unlink(missing_ok=True)
            return
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        words = error.strerror or str(error)
        raise RecordingError(path.name, "", words, "a file that can be written") from None


def config_text(recording: Recording, form: str) -> bytes:
    """The .cfg of a recording."""
    if form not in FORMS or form == "BINARY":
        raise RecordingError("form", "", quoted(form), "FLOAT32, BINARY32 or ASCII")
    if not recording.samples.size:
        raise RecordingError("recording", "", "no sample", "one at least")
    if (np.abs(recording.samples) > WIDEST).any():
        words = f"{WIDEST:g} at most, or a gap"
        raise RecordingError("recording", "", f"a sample beyond {WIDEST:g}", words)
    analogs, digitals = len(recording.channels), len(recording.digital)
    lines = [
        f"{_field(recording.name)},,2013",
        f"{analogs + digitals},{analogs}A,{digitals}D",
        *_analog(recording, form),
        *(f"{n},{_field(name)},,,0" for n, name in enumerate(recording.digital, 1)),
        _number(recording.nominal_frequency),
        *_rates(recording),
        *_moments(recording),
        form,
        f"{_stretched(recording):g}",
        f"{_zone(recording)},{_zone(recording)}",
        "F,3",  # how good the clock was and whether a second leapt: not known
    ]
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8")


def _field(text: str) -> str:
    """A text as a field can hold it: no comma, nothing that cannot be seen, 64 characters."""
    plain = "".join(c if c.isprintable() and c != "," else " " for c in text)
    return plain.strip()[:64]


def _number(value: float) -> str:
    return repr(float(value)) if isfinite(value) else ""


def _analog(recording: Recording, form: str) -> Iterator[str]:
    scales = _scales(recording, form)
    for n, channel in enumerate(recording.channels):
        column = recording.samples[:, n]
        lowest, highest = _bounds(column, form)
        about = f"{n + 1},{_field(channel.name)},{_field(channel.phase)},,{_field(channel.unit)}"
        scaled = f"{_number(scales[n])},0,{_number(round(channel.skew * 1e6, 9))}"
        yield f"{about},{scaled},{lowest},{highest},{_sides(channel)}"


def _sides(channel: Channel) -> str:
    return f"{_number(channel.ratio)},1,{channel.side or 'P'}"


def _bounds(column: NDArray[np.floating], form: str) -> tuple[str, str]:
    """Lowest and highest number; those of the samples only where they can be no converter's."""
    if form != "FLOAT32":
        return BOUNDS[form]
    present = column[~np.isnan(column)]
    if not len(present):
        return "0", "0"
    return _number(float(present.min())), _number(float(present.max()))


def _scales(recording: Recording, form: str) -> NDArray[np.float64]:
    """What one of the numbers means, for each channel: a power of two, that none is changed by it.

    In BINARY32 it makes use of all bits: samples of single precision from a converter of any size
    come back as they were. In ASCII it keeps numbers below the one that says: missing.
    """
    ones = np.ones(len(recording.channels))
    if form == "FLOAT32":
        return ones
    absolute = np.abs(recording.samples.astype(np.float64))
    most = np.max(np.nan_to_num(absolute, nan=0.0), axis=0)
    top = FULL if form == "BINARY32" else HIGHEST
    powers = np.ceil(np.log2(most / top, where=most > 0, out=np.zeros(len(most))))
    scales: NDArray[np.float64] = 2.0 ** (powers if form == "BINARY32" else np.maximum(powers, 0))
    return scales


def _even(recording: Recording) -> bool:
    """Whether the rates tell all times, so that no stamps are needed."""
    ends = [each.end for each in recording.stretches]
    begins = [each.first for each in recording.stretches]
    if begins != [0, *ends[:-1]] or ends[-1] != len(recording.samples):
        return False
    times, _ = rated(_pairs(recording), len(recording.samples))
    return bool(np.allclose(times, recording.times, rtol=1e-12, atol=1e-10))


def _pairs(recording: Recording) -> list[tuple[float, int]]:
    return [(each.rate, each.end) for each in recording.stretches]


def _rates(recording: Recording) -> Iterator[str]:
    if not _even(recording):
        yield from ("0", f"0,{len(recording.samples)}")
        return
    yield f"{len(recording.stretches)}"
    yield from (f"{_number(rate)},{last}" for rate, last in _pairs(recording))


def _moments(recording: Recording) -> Iterator[str]:
    if recording.start is None:
        yield from (",", ",")
        return
    trigger = recording.trigger if isfinite(recording.trigger) else 0.0
    span = np.timedelta64(round(trigger * 1e6), "us").item()
    for moment in (recording.start, recording.start + span):
        yield moment.strftime("%d/%m/%Y,%H:%M:%S.%f")


def _zone(recording: Recording) -> str:
    """How far the times are from UTC, as "+5h30"; x where it is not known."""
    offset = recording.start.utcoffset() if recording.start else None
    if offset is None:
        return "x"
    minutes = round(offset.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{hours}h{rest:02d}" if rest else f"{sign}{hours}"


def _stretched(recording: Recording) -> float:
    """By what time stamps are multiplied, so that the last one fits its 32 bits."""
    last = float(recording.times[-1]) * 1e6
    return 1.0 if last <= STAMPS else float(10 ** int(np.ceil(np.log10(last / STAMPS))))


def _stamps(recording: Recording) -> NDArray[np.uint32]:
    tick: Second = _stretched(recording) * 1e-6
    return np.round(recording.times / tick).astype(np.uint32)


def data_bytes(recording: Recording, form: str) -> bytes:
    """The .dat of a recording."""
    if form == "ASCII":
        return "".join(_lines(recording)).encode("ascii")
    count, analogs = recording.samples.shape
    digital = -(-len(recording.digital) // 16)
    kinds = [("n", "<u4"), ("t", "<u4"), ("a", NUMBERED[form], (analogs,))]
    row = np.dtype([*kinds, ("d", "<u2", (digital,))])
    rows = np.zeros(count, row)
    rows["n"] = np.arange(1, count + 1)
    rows["t"] = _stamps(recording)
    rows["a"] = _numbers(recording, form)
    if recording.states is not None and digital:
        rows["d"] = recording.states
    return rows.tobytes()


def _numbers(recording: Recording, form: str) -> NDArray[np.floating]:
    absent = np.isnan(recording.samples)
    if form == "BINARY32":
        scaled = np.round(recording.samples.astype(np.float64) / _scales(recording, form))
        return np.where(absent, ABSENT[form], scaled)
    single = recording.samples.astype(np.float32)
    return np.where(absent, np.float32(ABSENT[form]), single)


def _lines(recording: Recording) -> Iterator[str]:
    states = [recording.state(n) for n in range(len(recording.digital))]
    stamps = _stamps(recording)
    numbers = recording.samples.astype(np.float64) / _scales(recording, "ASCII")
    for n, row in enumerate(numbers.tolist()):
        values = ",".join(map(repr, row)).replace("nan", str(NO_VALUE))
        ends = "".join(f",{state[n]:d}" for state in states)
        yield f"{n + 1},{stamps[n]},{values}{ends}\r\n"
