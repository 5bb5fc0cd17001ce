"""Frames of samples as our measuring board sends them; the form is docs/reference/frames.md.

A header, then the counts of all channels sample by sample, little-endian throughout. A checksum
over both stands at the header's end: what was changed on its way is no frame.
"""

from dataclasses import dataclass
from struct import Struct
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from smartpdu.model.units import Rows

MAGIC = b"SPF1"
HEADER = Struct("<4sBxHIIIIQq")
CHECK = Struct("<I")
HEAD = HEADER.size + CHECK.size
NEVER = -(2**63)  # ns: the board does not know the time
MOST = 16 * 2**20  # bytes of a frame
SLOWEST, FASTEST = 4e3, 1e6  # Hz


@dataclass(frozen=True, slots=True)
class Form:
    """How a count is written, and what it reaches up to."""

    written: Any  # a type of NumPy
    bits: int

    @property
    def most(self) -> int:
        """The greatest count; the least is one further below zero."""
        return int(2 ** (self.bits - 1) - 1)


FORMS = {1: Form("<i2", 16), 2: Form("<i4", 24), 3: Form("<i4", 32)}


@dataclass(frozen=True, slots=True)
class Frame:
    """Some samples of all channels, and where they belong."""

    boot: int  # another one at each start of the board
    sequence: int  # of frames, modulo 2 ** 32
    counter: int  # samples before the first one, since the board's start
    rate: float  # Hz
    at: float  # UTC of the first sample, s; NaN where the board does not know it
    form: Form
    counts: NDArray[Any]  # (samples, channels)


class Malformed(Exception):
    """Bytes that are no frame; the text says why."""


def written(frame: Frame) -> bytes:
    """The bytes of a frame."""
    samples, channels = frame.counts.shape
    form = next(number for number, form in FORMS.items() if form == frame.form)
    at = NEVER if np.isnan(frame.at) else round(frame.at * 1e9)
    head = HEADER.pack(
        *(MAGIC, form, channels, samples, frame.boot, frame.sequence % 2**32),
        *(round(frame.rate * 1000), frame.counter, at),
    )
    content = np.ascontiguousarray(frame.counts, dtype=frame.form.written).tobytes()
    return head + CHECK.pack(crc32(content, crc32(head))) + content


def length(head: bytes) -> int:
    """Bytes of the whole frame that begins so; raises Malformed."""
    magic, number, channels, samples, *_ = HEADER.unpack_from(head)
    if magic != MAGIC:
        raise Malformed("it does not begin as a frame does")
    if number not in FORMS:
        raise Malformed(f"its form is {number}, none of {', '.join(map(str, FORMS))}")
    whole = HEAD + int(channels * samples * np.dtype(FORMS[number].written).itemsize)
    if not channels or not samples or whole > MOST:
        raise Malformed(f"it would hold {samples} samples of {channels} channels")
    return whole


def read(content: bytes) -> Frame:
    """The frame that these bytes are; raises Malformed."""
    if len(content) < HEAD:
        raise Malformed(f"it has {len(content)} bytes, fewer than a header")
    whole = length(content)
    if len(content) != whole:
        raise Malformed(f"it has {len(content)} bytes, its header says {whole}")
    (check,) = CHECK.unpack_from(content, HEADER.size)
    if crc32(memoryview(content)[HEAD:], crc32(content[: HEADER.size])) != check:
        raise Malformed("its checksum does not fit")
    _, number, channels, samples, boot, sequence, rate, counter, at = HEADER.unpack_from(content)
    if not SLOWEST <= rate / 1000 <= FASTEST:
        raise Malformed(f"its rate is {rate / 1000:g} Hz, not {SLOWEST:g} to {FASTEST:g} Hz")
    form = FORMS[number]
    counts = np.frombuffer(content, form.written, offset=HEAD).reshape(samples, channels)
    time = np.nan if at == NEVER else at / 1e9
    return Frame(boot, sequence, counter, rate / 1000, time, form, counts)


def picked(counts: NDArray[Any], columns: Rows) -> NDArray[Any]:
    """These channels of counts; those that stand side by side are not copied."""
    first = int(columns[0])
    if np.array_equal(columns, np.arange(first, first + len(columns))):
        return counts[:, first : first + len(columns)]
    return counts[:, columns]


class Splitter:
    """Finds the frames in a stream of bytes, after damage too."""

    def __init__(self) -> None:
        """A splitter that has seen nothing."""
        self._rest = b""

    def split(self, content: bytes) -> list[Frame | Malformed]:
        """What became complete with further bytes; what is no frame, as the reason why."""
        self._rest += content
        found: list[Frame | Malformed] = []
        start = 0
        while len(self._rest) - start >= HEAD:
            try:
                end = start + length(self._rest[start : start + HEAD])
                if end > len(self._rest):
                    break
                found.append(read(self._rest[start:end]))
                start = end
            except Malformed as error:
                if not found or not isinstance(found[-1], Malformed):
                    found.append(error)  # one for all bytes up to the next frame
                start = self._next(start + 1)
        self._rest = self._rest[start:]
        return found

    def _next(self, start: int) -> int:
        """Where a frame may begin from here on."""
        place = self._rest.find(MAGIC, start)
        return place if place >= 0 else max(start, len(self._rest) - len(MAGIC) + 1)
