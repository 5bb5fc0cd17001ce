"""Reads recordings from .wav files: 8, 16, 24 and 32 bits, or floating point; scales are told."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan

import numpy as np
from numpy.typing import NDArray

from smartpdu.drivers.recording import (
    Channel,
    Mark,
    Quality,
    Recording,
    RecordingError,
    Samples,
    counted,
    missing,
)
from smartpdu.drivers.recording_names import channel, headed
from smartpdu.drivers.recording_timing import rated

INTEGER, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
KINDS = {(INTEGER, 8), (INTEGER, 16), (INTEGER, 24), (INTEGER, 32), (FLOAT, 32), (FLOAT, 64)}
LONGEST = 1 << 25  # samples of a channel: eleven minutes at 50 kHz
MOST = 20_000  # channels


@dataclass(frozen=True, slots=True)
class _Form:
    kind: int
    channels: int
    rate: int
    bits: int


def sounded(
    raw: bytes, file: str, names: Sequence[str] = (), scale: Sequence[float] = ()
) -> Recording:
    """The recording of a .wav; names as "U1 (V)", and what full scale means, for each channel."""
    form, data, marks = _chunks(raw, file)
    names = names or [str(number) for number in range(1, form.channels + 1)]
    for what, given in (("name", names), ("scale", scale or names)):
        if len(given) != form.channels:
            words = f"one for each of {counted(form.channels, 'channel')}"
            raise RecordingError(file, "", counted(len(given), what), words)
    if not all(isfinite(each) and abs(each) <= 1e30 for each in scale):
        raise RecordingError(file, "", "a scale that is no number", "what full scale means")
    about = [channel(*headed(name)) for name in names]
    channels = tuple(each for each, _ in about)
    rows = len(data) // (form.channels * form.bits // 8)
    if rows > LONGEST:
        raise RecordingError(file, "", f"{rows} samples", f"{LONGEST} at most in a .wav")
    values, full = _values(data, form)
    if not len(values):
        raise RecordingError(file, f"byte {len(raw)}", "no sample", "one at least")
    clipped = _clipped(full, channels)
    factors = [f * s for (_, f), s in zip(about, scale or [1.0] * len(about), strict=True)]
    samples: Samples = values * np.array(factors, values.dtype)
    samples[~np.isfinite(samples)] = np.nan
    times, stretches = rated([(float(form.rate), len(values))], len(values))
    lost = missing(samples, channels, times)
    all_marks = (*marks, *clipped, *lost)
    return Recording(file, None, nan, nan, channels, stretches, times, samples, marks=all_marks)


def _chunks(raw: bytes, file: str) -> tuple[_Form, bytes, list[Mark]]:
    """The form of the samples and their bytes."""
    if raw[:4] != b"RIFF" or raw[8:12] != b"WAVE":
        raise RecordingError(file, "byte 0", repr(raw[:4])[1:], "RIFF and WAVE")
    form, place = None, 12
    while place + 8 <= len(raw):
        name, size = raw[place : place + 4], struct.unpack_from("<I", raw, place + 4)[0]
        body = place + 8
        if name == b"fmt ":
            form = _form(raw[body : body + min(size, 40)], file, body)
        if name == b"data":
            if form is None:
                raise RecordingError(file, f"byte {place}", "data", "their form before them")
            held = min(size, len(raw) - body)
            marks = []
            if held < size:
                words = f"{file}: found {counted(held, 'byte')} of samples, expected {size}"
                marks.append(Mark(Quality.TRUNCATED, words))
            return form, raw[body : body + held], marks
        place = body + size + size % 2
    raise RecordingError(file, f"byte {len(raw)}", "the end", "samples")


def _form(body: bytes, file: str, place: int) -> _Form:
    where = f"byte {place}"
    if len(body) < 16:
        raise RecordingError(file, where, counted(len(body), "byte"), "16, the form of the samples")
    kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if kind == EXTENSIBLE and len(body) >= 26:
        kind = struct.unpack_from("<H", body, 24)[0]
    if (kind, bits) not in KINDS:
        words = "8, 16, 24 or 32 bits, or floating point of 32 or 64"
        raise RecordingError(file, where, f"samples of kind {kind} and {bits} bits", words)
    if not 1 <= channels <= MOST or rate == 0:
        found = f"{counted(channels, 'channel')} at {counted(rate, 'sample')} in a second"
        raise RecordingError(file, where, found, "one channel and a rate at least")
    return _Form(kind, channels, rate, bits)


def _values(data: bytes, form: _Form) -> tuple[Samples, NDArray[np.bool_] | None]:
    """Samples as shares of full scale, (rows, channels), and which of them are at its end."""
    size = form.bits // 8
    rows = len(data) // (size * form.channels)
    data = data[: rows * size * form.channels]
    shape = (rows, form.channels)
    if form.kind == FLOAT:
        return np.frombuffer(data, f"<f{size}").reshape(shape).astype(f"f{size}"), None
    whole: NDArray[np.signedinteger]
    if size == 1:
        whole = np.frombuffer(data, np.uint8).astype(np.int16) - np.int16(128)
    elif size == 3:
        octets = np.zeros((rows * form.channels, 4), np.uint8)
        octets[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        whole = octets.view("<i4")[:, 0] >> 8
    else:
        whole = np.frombuffer(data, f"<i{size}")
    whole = whole.reshape(shape)
    end = 1 << (form.bits - 1)
    full = (whole == end - 1) | (whole == -end)
    if size < 4:
        return whole.astype(np.float32) / np.float32(end), full
    return whole / np.float64(end), full


def _clipped(full: NDArray[np.bool_] | None, channels: tuple[Channel, ...]) -> list[Mark]:
    if full is None:
        return []
    marks = []
    for number in np.flatnonzero(full.any(axis=0)).tolist():
        count = int(np.count_nonzero(full[:, number]))
        words = f"{channels[number].name}: {counted(count, 'sample')} at the end of the converter"
        marks.append(Mark(Quality.CLIPPED, words, number, int(np.argmax(full[:, number])), count))
    return marks
