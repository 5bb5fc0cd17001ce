"""Recordings as .wav: integers of all sizes and floating point, with scales that somebody tells."""

import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from smartpdu.drivers.recording import Quality, RecordingError
from smartpdu.drivers.recordings import Given, read_recording

NAMES = ("U1 (V)", "I1 (mA)")


def spoken(folder: Path, width: int, frames: bytes, channels: int = 2) -> Path:
    """A .wav as the standard library writes it."""
    path = folder / "r.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(48_000)
        file.writeframes(frames)
    return path


def raw(form: bytes, data: bytes, size: int | None = None, before: bytes = b"") -> bytes:
    """A .wav put together from its chunks."""
    chunks = struct.pack("<4sI", b"fmt ", len(form)) + form + before
    chunks += struct.pack("<4sI", b"data", len(data) if size is None else size) + data
    return struct.pack("<4sI4s", b"RIFF", 4 + len(chunks), b"WAVE") + chunks


def form(kind: int, channels: int, bits: int, rate: int = 8000) -> bytes:
    """What a .wav says of its samples."""
    size = channels * bits // 8
    return struct.pack("<HHIIHH", kind, channels, rate, rate * size % 2**32, size % 2**16, bits)


@pytest.mark.parametrize(
    ("width", "frames"),
    [
        (1, bytes([128, 192, 64, 0x81])),
        (2, struct.pack("<4h", 0, 1 << 14, -(1 << 14), 1 << 8)),
        (3, bytes.fromhex("000000 000040 0000c0 000001")),
        (4, struct.pack("<4i", 0, 1 << 30, -(1 << 30), 1 << 24)),
    ],
)
def test_integers_of_all_sizes_are_shares_of_full_scale(
    tmp_path: Path, width: int, frames: bytes
) -> None:
    path = spoken(tmp_path, width, frames)
    found = read_recording(path, Given(names=NAMES, scale=(400.0, 50_000.0)))
    np.testing.assert_allclose(found.samples, [[0, 25], [-200, 50 / 128]], rtol=1e-6)
    assert [(c.name, c.kind, c.unit) for c in found.channels] == [
        ("U1", "voltage", "V"),
        ("I1", "current", "A"),
    ]
    assert found.rate == 48_000
    assert found.times.tolist() == [0, 1 / 48_000]
    assert found.marks == ()


@pytest.mark.parametrize(("bits", "letter"), [(32, "f"), (64, "d")])
def test_floating_point_is_read(tmp_path: Path, bits: int, letter: str) -> None:
    path = tmp_path / "r.wav"
    path.write_bytes(raw(form(3, 1, bits), struct.pack(f"<3{letter}", 0.5, float("nan"), -1.25)))
    found = read_recording(path, Given(names=("U1 (V)",), scale=(100.0,)))
    assert found.samples[:, 0].tolist()[::2] == [50, -125]
    assert np.isnan(found.samples[1, 0])
    assert [m.quality for m in found.marks] == [Quality.MISSING]


def test_the_extensible_form_and_chunks_of_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "r.wav"
    guid = bytes.fromhex("0100000000001000800000aa00389b71")
    extensible = form(0xFFFE, 1, 16) + struct.pack("<HHI", 22, 16, 4) + guid
    path.write_bytes(raw(extensible, struct.pack("<2h", 16384, 0), before=b"LIST\3\0\0\0abc\0"))
    found = read_recording(path, Given(scale=(2.0,)))
    assert found.samples[:, 0].tolist() == [1, 0]
    assert found.channels[0].name == "1"


def test_full_scale_is_marked_as_clipped(tmp_path: Path) -> None:
    path = spoken(tmp_path, 2, struct.pack("<6h", 1, 2, 32767, 3, -32768, 4))
    marks = read_recording(path, Given(names=NAMES)).marks
    assert [(m.quality, m.channel, m.first, m.count) for m in marks] == [(Quality.CLIPPED, 0, 1, 2)]


def test_a_sound_that_ends_early_is_read_and_marked(tmp_path: Path) -> None:
    path = tmp_path / "r.wav"
    path.write_bytes(raw(form(1, 1, 16), struct.pack("<2h", 1, 2) + b"\1", size=4_000_000_000))
    found = read_recording(path)
    assert len(found.samples) == 2
    assert [m.quality for m in found.marks] == [Quality.TRUNCATED]
    assert found.marks[0].words == "r.wav: found 5 bytes of samples, expected 4000000000"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"RIFF\0\0\0\0AVI ", "byte 0: found 'RIFF', expected RIFF and WAVE"),
        (b"RIFX\0\0\0\0WAVE", "byte 0: found 'RIFX', expected RIFF and WAVE"),
        (b"RIFF\0\0\0\0WAVE", "byte 12: found the end, expected samples"),
        (raw(form(1, 1, 16), b""), "byte 44: found no sample, expected one at least"),
        (raw(form(1, 1, 12), b"1234"), "byte 20: found samples of kind 1 and 12 bits, expected 8"),
        (raw(form(2, 1, 16), b"1234"), "byte 20: found samples of kind 2 and 16 bits"),
        (raw(form(1, 0, 16), b"1234"), "byte 20: found 0 channels at 8000 samples in a second"),
        (raw(form(1, 65535, 16), b"1234"), "byte 20: found 65535 channels"),
        (raw(form(1, 1, 16, 0), b"1234"), "byte 20: found 1 channel at 0 samples in a second"),
        (raw(form(1, 1, 16)[:9], b"1234"), "byte 20: found 9 bytes, expected 16"),
        (b"RIFF\0\0\0\0WAVEdata\4\0\0\0abcd", "byte 12: found data, expected their form before"),
    ],
)
def test_a_sound_that_cannot_be_used_is_told_with_its_place(
    tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "r.wav").write_bytes(content)
    with pytest.raises(RecordingError, match=rf"^r\.wav, {words}"):
        read_recording(tmp_path / "r.wav")


def test_names_and_scales_must_be_as_many_as_channels(tmp_path: Path) -> None:
    path = spoken(tmp_path, 2, bytes(8))
    for says, words in (
        (Given(names=("U1",)), "found 1 name, expected one for each of 2 channels"),
        (Given(scale=(1.0, 2.0, 3.0)), "found 3 scales, expected one for each of 2 channels"),
        (Given(scale=(1.0, float("nan"))), "found a scale that is no number"),
    ):
        with pytest.raises(RecordingError, match=words):
            read_recording(path, says)
