"""Files with random changes: each is read or told, in bounded time and room, and nothing else."""

import os
import resource
import signal
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import numpy as np
import pytest
from drivers.recorded import ANALOG, FOUR, cfg, rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from smartpdu.drivers.comtrade import combined, pair
from smartpdu.drivers.recording import Recording, RecordingError, primary
from smartpdu.drivers.recording_csv import separated
from smartpdu.drivers.recording_names import pairs
from smartpdu.drivers.recording_skew import aligned
from smartpdu.drivers.recording_wav import sounded

FULL = os.environ.get("SMARTPDU_DEPTH") == "full"
CASES = 200_000 if FULL else 400
LONGEST = 30  # seconds for one small file; it takes about one thousandth of one
ROOM = 128 << 20  # bytes more than there were, for a file of some kilobytes

TEXT = b"1,0,0,0,1,0\r\n2,1000,1,-2,0,1\r\n3,2000,-3,32766,1,1\r\n4,3000,100,99999,0,0\r\n\x1a"
NEW = ("1", "RACK,,2013")
SECTIONS = "--- file type: CFG ---\r\n{}--- file type: HDR ---\r\n--- file type: DAT {} ---\r\n"
PAIRS: list[tuple[bytes, bytes]] = [
    (cfg().encode(), rows("h", FOUR)),
    (cfg("ASCII").encode(), TEXT),
    (cfg("BINARY32", rest=("1", "0,0", "0,0")).encode(), rows("i", FOUR)),
    (cfg("FLOAT32", first="R,P,2013", rest=("2", "+5h30,0", "0,0")).encode(), rows("f", FOUR)),
    (cfg(rates=("0", "0,4")).encode(), rows("h", FOUR)),
    (cfg(rates=("2", "1000,2", "50,4")).encode(), rows("h", FOUR)),
    (cfg("ASCII", first="R,P", rates=("0", "0,4"), rest=()).encode(), TEXT),
    (cfg(analog=[a.replace("U1", "Ток") for a in ANALOG]).encode("cp1251"), rows("h", FOUR)),
    (cfg(analog=[a.replace(",0,-", ",300,-") for a in ANALOG]).encode(), rows("h", FOUR)),
]
BOTH = [
    (SECTIONS.format(cfg("ASCII"), "ASCII")).encode() + TEXT,
    (SECTIONS.format(cfg(), "BINARY: 56")).encode() + rows("h", FOUR),
]
TABLES = [
    b"t (s),U1 (V),I1[A]\r\n0,1,2\r\n0.001,2,\r\n0.002,4,5\r\n0.003,1e3,-7.5\r\n",
    b"# a table\nZeit/ms;U1 in V;I1\n(ms);(V);(mA)\n0;1,5;2\n1;2,5;3\n2;4,5;5\n",
]
SOUND = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 0, b"WAVE", b"fmt ", 16, 1, 2, 8000, 32000, 4, 16)
SOUND += struct.pack("<4sI8h", b"data", 16, *range(-4, 4))

BITS = (
    b"0", b"1", b"9", b"99999", b"999999999", b"-1", b"1e308", b"-1e-308", b"nan", b"inf", b"0x1",
    b",", b",,,,", b";", b"\r\n", b"\n", b"\r", b"\n\n", b"\x1a", b"\x00", b"\xff", b"\xff\xff\xff",
    b"\x00\x80", b"\x00\x00\x00\x80", b"\xb5\xe7", b"\xd2\xee\xea", b"\xef\xbb\xbf", b"\xff\xfe",
    b"A", b"D", b"ASCII", b"BINARY", b"FLOAT32", b"BINARY32", b"1999", b"2013", b"/", b":", b" ",
    b"--- file type: DAT ASCII ---\r\n", b"--- file type: CFG ---\r\n", b"999999A", b"4294967295",
    b"1,U1,A,,V,1,0,0,-1,1,1,1,P\r\n", b'"', b"#", b"(", b"data", b"fmt ",
)  # fmt: skip
places = some.integers(0, 400)
changes = some.lists(
    some.tuples(
        places,
        some.sampled_from([0, 0, 1, 1, 2, 4, 12, 60, 1000]),
        some.sampled_from(BITS) | some.binary(max_size=4),
        some.sampled_from([1, 1, 1, 2, 50]),
    ),
    min_size=1,
    max_size=4,
)


def changed(raw: bytes, places: list[tuple[int, int, bytes, int]]) -> bytes:
    """Bytes with others in the place of some; a place beyond the end counts on from the start."""
    for place, length, new, times in places:
        at = place % (len(raw) + 1)
        raw = raw[:at] + new * times + raw[at + length :]
    return raw


@contextmanager
def bounded(longest: float = LONGEST) -> Iterator[None]:
    """Fails where what is inside hangs, or asks for more room than a small file may."""

    def ring(_: int, __: FrameType | None) -> None:
        raise TimeoutError(f"one file took more than {longest} s")

    limits = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = signal.signal(signal.SIGALRM, ring)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + ROOM, limits[1]))
    signal.setitimer(signal.ITIMER_REAL, longest)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, limits)
        signal.signal(signal.SIGALRM, before)


def made(kind: int, raw: tuple[bytes, bytes]) -> Recording:
    """What one of the readers reads."""
    if kind == 0:
        return pair(*raw, ("r.cfg", "r.dat"))
    if kind == 1:
        return combined(raw[0], "r.cff")
    if kind == 2:
        return separated(raw[0], "r.csv", 1000.0 if len(raw[0]) % 2 else None)
    return sounded(raw[0], "r.wav")


def tried(kind: int, raw: tuple[bytes, bytes]) -> Recording | None:
    """What was read, or nothing; asserts that an error tells what it must."""
    try:
        return made(kind, raw)
    except RecordingError as error:
        fault = error
    assert fault.file in ("r.cfg", "r.dat", "r.cff", "r.csv", "r.wav")
    assert fault.found
    assert fault.expected
    assert len(str(fault)) < 1000
    return None


def sound(found: Recording, size: int) -> None:
    """Assert what holds for every recording, and that it can be used."""
    count = len(found.samples)
    assert found.samples.shape == (count, len(found.channels))
    assert found.samples.dtype in (np.float32, np.float64)
    assert count >= 1
    assert not np.isinf(found.samples).any()
    assert found.samples.nbytes <= 16 * size + 64
    assert len(found.times) == count
    assert np.isfinite(found.times).all()
    assert (np.diff(found.times) >= 0).all()
    assert found.states is None or len(found.states) == count
    assert found.stretches
    for stretch in found.stretches:
        assert 0 <= stretch.first < stretch.end <= count
        assert 0 < stretch.rate < np.inf
        assert len(found.samples[stretch.first : stretch.end]) == stretch.end - stretch.first
    for n in range(len(found.digital)):
        assert len(found.state(n)) == count
    for each in pairs(found):
        assert found.channels[each.voltage].kind == "voltage"
        assert found.channels[each.current].kind == "current"
    assert aligned(primary(found)).samples.shape == found.samples.shape
    absent = np.isnan(found.samples).any(axis=0)
    assert set(np.flatnonzero(absent)) == {m.channel for m in found.marks if m.quality == "missing"}


SEEDS = [(0, each) for each in PAIRS] * 3 + [(1, (each, b"")) for each in BOTH] * 3
SEEDS += [(2, (each, b"")) for each in TABLES] * 2 + [(3, (SOUND, b""))]


def test_a_file_with_random_changes_is_read_or_told(figure: Callable[[str], None]) -> None:
    counts = {"read": 0, "told": 0}

    @given(some.sampled_from(SEEDS), changes, some.booleans())
    @settings(max_examples=CASES, suppress_health_check=list(HealthCheck))
    def each(
        seed: tuple[int, tuple[bytes, bytes]], new: list[tuple[int, int, bytes, int]], first: bool
    ) -> None:
        kind, raw = seed
        raw = (changed(raw[0], new), raw[1]) if first or kind else (raw[0], changed(raw[1], new))
        with bounded():
            found = tried(kind, raw)
            counts["read" if found else "told"] += 1
            if found:
                sound(found, len(raw[0]) + len(raw[1]))

    each()
    figure(f"{counts['read']} files read, {counts['told']} told to be wrong")
    assert sum(counts.values()) >= CASES
    assert counts["read"] > CASES / 20  # the changes leave enough to read, and break enough
    assert counts["told"] > CASES / 20


def test_the_random_changes_start_from_files_that_are_read() -> None:
    for kind, raw in SEEDS:
        found = tried(kind, raw)
        assert found is not None
        sound(found, len(raw[0]) + len(raw[1]))


def test_a_hang_and_a_blow_up_would_be_seen() -> None:
    with pytest.raises(MemoryError), bounded():
        np.ones(2 * ROOM, np.uint8)
    with pytest.raises(TimeoutError), bounded(0.05):
        while True:
            pass
