"""How a column of numbers is packed: differences, one byte each where they fit, then zlib.

Values are integers (a quantity times ten to its digits); GAP stands for a gap. A packed chunk
carries a checksum of all its bytes; one that does not hold is told as damaged, never as numbers.
"""

import zlib
from struct import Struct

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]

GAP = np.iinfo(np.int64).min
_HEAD = Struct("<IHI")  # checksum, number of values, bytes of the packed gaps
_ESCAPE = 255


class Damaged(Exception):
    """Bytes that are no chunk any more."""


def packed(values: Whole) -> bytes:
    """A column of at most 65,535 values as bytes."""
    gaps = values == GAP
    mask = zlib.compress(np.packbits(gaps).tobytes(), 6) if gaps.any() else b""
    steps = np.diff(_filled(values, gaps), prepend=np.int64(0))
    marks = ((steps << 1) ^ (steps >> 63)).view(np.uint64)  # zig-zag: small of either sign
    wide = marks >= _ESCAPE
    narrow = np.where(wide, _ESCAPE, marks).astype(np.uint8)
    data = zlib.compress(narrow.tobytes() + marks[wide].tobytes(), 6)
    rest = _HEAD.pack(0, len(values), len(mask))[4:] + mask + data
    return zlib.crc32(rest).to_bytes(4, "little") + rest


def unpacked(form: bytes) -> Whole:
    """The column that was packed; raises Damaged."""
    if len(form) < _HEAD.size:
        raise Damaged("too short")
    checksum, count, gaps = _HEAD.unpack_from(form)
    if zlib.crc32(form[4:]) != checksum:
        raise Damaged("the checksum does not hold")
    data = zlib.decompress(form[_HEAD.size + gaps :])
    marks = np.frombuffer(data, dtype=np.uint8, count=count).astype(np.uint64)
    marks[marks == _ESCAPE] = np.frombuffer(data, dtype=np.uint64, offset=count)
    steps = (marks >> np.uint64(1)).view(np.int64) ^ -(marks & np.uint64(1)).view(np.int64)
    values = np.cumsum(steps)
    if gaps:
        bits = zlib.decompress(form[_HEAD.size : _HEAD.size + gaps])
        mask = np.unpackbits(np.frombuffer(bits, dtype=np.uint8), count=count)
        values[mask.view(np.bool_)] = GAP
    return values


def whole(values: NDArray[np.float64], scale: NDArray[np.float64]) -> Whole:
    """Quantities as integers; what is no number is a gap."""
    known = np.isfinite(values)
    return np.where(known, np.rint(np.where(known, values, 0.0) * scale), GAP).astype(np.int64)


def quantity(values: Whole, scale: float) -> NDArray[np.float64]:
    """Integers as quantities again; a gap is NaN."""
    return np.where(values == GAP, np.nan, values / scale)


def _filled(values: Whole, gaps: NDArray[np.bool_]) -> Whole:
    """The values with each gap as the value before it, so that its difference is 0."""
    if not gaps.any():
        return values
    spots = np.where(gaps, -1, np.arange(len(values)))
    before = np.maximum.accumulate(spots)
    return np.where(before >= 0, values[np.maximum(before, 0)], 0)
