"""Frames of samples: what is written is read, and what was damaged is no frame."""

import re
import zlib
from dataclasses import fields
from pathlib import Path
from struct import calcsize

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from smartpdu.drivers.frames import (
    CHECK,
    FORMS,
    HEAD,
    HEADER,
    MAGIC,
    Frame,
    Malformed,
    Splitter,
    read,
    written,
)


def frame(form: int = 1, samples: int = 5, channels: int = 3, seed: int = 1, **other: int) -> Frame:
    dice = np.random.Generator(np.random.PCG64(seed))
    most = FORMS[form].most
    counts = dice.integers(-most - 1, most, (samples, channels), endpoint=True)
    values = {"boot": 9, "sequence": 4, "counter": 2**40 + 3} | other
    made = counts.astype(FORMS[form].written)
    return Frame(**values, rate=10_000.5, at=1.8e9, form=FORMS[form], counts=made)


def same(one: Frame, other: Frame) -> bool:
    """Whether two frames are the same, the time in them included."""
    heads = [(f.boot, f.sequence, f.counter, f.rate, f.at, f.form) for f in (one, other)]
    return heads[0] == heads[1] and np.array_equal(one.counts, other.counts)


def signed(head: bytes, content: bytes = b"") -> bytes:
    """Bytes with the right checksum, so that what is wrong in them is looked at."""
    return head + CHECK.pack(zlib.crc32(content, zlib.crc32(head))) + content


@pytest.mark.parametrize("form", FORMS)
def test_a_frame_is_read_as_it_was_written(form: int) -> None:
    made = frame(form)
    assert same(read(written(made)), made)
    assert written(made)[:4] == MAGIC
    assert len(written(made)) == HEAD + 15 * (2 if form == 1 else 4)


def test_the_layout_is_the_documented_one() -> None:
    made = frame(1, samples=1, channels=2)
    head = bytes.fromhex("53504631 01 00 0200 01000000 09000000 04000000 74989800")
    head += (2**40 + 3).to_bytes(8, "little") + (1_800_000_000 * 10**9).to_bytes(8, "little")
    content = made.counts.astype("<i2").tobytes()
    assert written(made) == signed(head, content)


def test_the_page_for_makers_of_boards_has_the_same_layout() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "frames.md"
    rows = re.findall(r"^\| (\d+) \| (\d*) ?\|", page.read_text("utf-8"), re.MULTILINE)
    sizes = [4, 1, 1, 2, 4, 4, 4, 4, 8, 8, CHECK.size]
    places = [sum(sizes[:n]) for n in range(len(sizes))]
    assert rows == [
        *((str(a), str(b)) for a, b in zip(places, sizes, strict=True)),
        (str(HEAD), ""),
    ]
    assert calcsize("<" + "4sBxHIIIIQq") == HEADER.size == places[-1]


def test_a_board_that_does_not_know_the_time_says_so() -> None:
    made = frame()
    timeless = Frame(*(np.nan if f.name == "at" else getattr(made, f.name) for f in fields(Frame)))
    assert np.isnan(read(written(timeless)).at)


def test_a_frame_of_which_any_bit_was_changed_is_refused() -> None:
    good = written(frame())
    for place in range(len(good) * 8):
        bad = bytearray(good)
        bad[place // 8] ^= 1 << place % 8
        with pytest.raises(Malformed):
            read(bytes(bad))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (b"", "0 bytes"),
        (written(frame())[:-1], "73 bytes, its header says 74"),
        (written(frame()) + b"x", "75 bytes, its header says 74"),
        (signed(HEADER.pack(b"SPF2", 1, 1, 1, 1, 1, 10**7, 0, 0)), "does not begin"),
        (signed(HEADER.pack(MAGIC, 9, 1, 1, 1, 1, 10**7, 0, 0)), "form is 9"),
        (signed(HEADER.pack(MAGIC, 1, 0, 1, 1, 1, 10**7, 0, 0)), "1 samples of 0 channels"),
        (signed(HEADER.pack(MAGIC, 1, 9, 2**31, 1, 1, 10**7, 0, 0)), "2147483648 samples"),
        (signed(HEADER.pack(MAGIC, 1, 1, 1, 1, 1, 0, 0, 0), b"ab"), "rate is 0 Hz"),
        (signed(HEADER.pack(MAGIC, 1, 1, 1, 1, 1, 2**32 - 1, 0, 0), b"ab"), "rate is 4.29497e"),
    ],
)
def test_what_is_no_frame_says_why(found: bytes, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        read(found)


@given(some.lists(some.integers(1, 40), max_size=60), some.integers(0, 2**31))
def test_frames_are_found_however_a_stream_is_cut(cuts: list[int], seed: int) -> None:
    sent = [frame(1 + n % 3, samples=1 + n, seed=seed + n, sequence=n) for n in range(6)]
    content = b"".join(map(written, sent))
    splitter, found, place = Splitter(), [], 0
    for cut in [*cuts, len(content)]:
        found += splitter.split(content[place : place + cut])
        place += cut
    assert [f.sequence for f in found if isinstance(f, Frame)] == [0, 1, 2, 3, 4, 5]
    assert all(isinstance(f, Frame) and same(f, s) for f, s in zip(found, sent, strict=True))


@given(some.binary(max_size=200), some.integers(0, 5), some.integers(0, 30))
def test_the_frames_behind_damage_are_found(noise: bytes, where: int, cut: int) -> None:
    sent = [written(frame(sequence=n, samples=3)) for n in range(6)]
    damaged = sent[where][: len(sent[where]) - cut] if cut else b""
    content = b"".join([*sent[:where], damaged, noise, *sent[where + 1 :]])
    splitter = Splitter()
    found = splitter.split(content) + splitter.split(b"\0" * (16 << 20))  # whatever was awaited
    numbers = [f.sequence for f in found if isinstance(f, Frame)]
    assert numbers == [n for n in range(6) if n != where]


@given(some.binary(max_size=400))
def test_noise_is_never_a_frame_and_never_kept_for_ever(noise: bytes) -> None:
    splitter = Splitter()
    for _ in range(50):
        assert not [f for f in splitter.split(noise) if isinstance(f, Frame)]
    assert len(splitter._rest) <= 50 * len(noise)
    if MAGIC not in noise * 2:
        assert len(splitter._rest) < HEAD


def test_damage_is_told_once_and_not_for_each_byte() -> None:
    splitter = Splitter()
    found = splitter.split(b"\0" * 10_000 + written(frame()) + b"\1" * 5_000 + written(frame()))
    assert [type(f) for f in found] == [Malformed, Frame, Malformed, Frame]
