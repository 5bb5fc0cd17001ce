"""How columns of whole numbers are packed: differences, one byte each where they fit, then zlib.

zlib looks for runs only (Z_RLE): on such bytes that is smaller than its search for repetitions,
and four to eight times faster. Any zlib unpacks it.

A value is a quantity times ten to its digits, as an integer; GAP stands for a gap. A chunk is a
table [rows, slots] packed as one piece. Its checksum covers all bytes and the id under which it
is kept, so that a flipped bit and a chunk in a wrong place are told as damage, never as numbers.
"""

import zlib
from struct import Struct

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Floats = NDArray[np.float64]

GAP = int(np.iinfo(np.int64).min)
LARGEST = 2.0**52  # beyond this a float of 64 bits has no whole digits left
_HEAD = Struct("<IIIII")  # checksum, rows, slots, runs of gaps, escapes
_ESCAPE = 255  # in the row of bytes: the step is too wide, and stands behind them


class Damaged(Exception):
    """Bytes that are not the chunk that was kept."""


def whole(values: Floats, scale: Floats) -> Whole:
    """Quantities times their scale as integers; what is no number, or too large, is a gap."""
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.rint(values * scale)
        known = np.abs(scaled) <= LARGEST  # false for NaN as well
    return np.where(known, np.where(known, scaled, 0.0).astype(np.int64), GAP)


def quantity(values: Whole, scale: float) -> Floats:
    """Integers as quantities again; a gap is NaN."""
    return np.where(values == GAP, np.nan, values / scale)


def packed(table: Whole, id: int) -> bytes:
    """A table [rows, slots] as one chunk."""
    gaps, marks, wide, codes = _coded(table)
    runs = _runs(gaps.ravel()) if gaps is not None else b""
    return _sealed(id, table.shape, runs, codes.tobytes(), marks[wide])


def packed_rows(table: Whole, ids: list[int]) -> list[bytes]:
    """Each row of a table [rows, slots] as a chunk of its own."""
    gaps, marks, wide, codes = _coded(table)
    escapes: list[bool] = np.any(wide, axis=1).tolist()
    forms = []
    for row, id in enumerate(ids):
        runs = _runs(gaps[row]) if gaps is not None else b""
        steps = marks[row][wide[row]] if escapes[row] else marks[row, :0]
        forms.append(_sealed(id, (1, table.shape[1]), runs, codes[row].tobytes(), steps))
    return forms


def unpacked(form: bytes, id: int) -> Whole:
    """The table [rows, slots] that was packed under this id; raises Damaged."""
    if not isinstance(form, bytes) or len(form) < _HEAD.size:
        raise Damaged("too short")
    if _checksum(id, form[4:]) != int.from_bytes(form[:4], "little"):
        raise Damaged("the checksum does not hold")
    try:
        return _table(form)
    except (zlib.error, ValueError, IndexError, OverflowError) as error:
        raise Damaged(f"the checksum holds, the content does not: {error}") from error


def _table(form: bytes) -> Whole:
    _, rows, slots, runs, escapes = _HEAD.unpack_from(form)
    data = zlib.decompress(form[_HEAD.size :])
    codes = np.frombuffer(data, np.uint8, rows * slots, 8 * runs)
    marks = codes.astype(np.int64)
    if escapes:
        planes = np.frombuffer(data, np.uint8, 8 * escapes, 8 * runs + rows * slots)
        marks[codes == _ESCAPE] = np.ascontiguousarray(planes.reshape(8, -1).T).view(np.int64)[:, 0]
    steps = (marks >> 1) ^ -(marks & 1)
    table = np.cumsum(steps.reshape(rows, slots), axis=1)
    if runs:
        edges = np.frombuffer(data, np.uint32, 2 * runs).reshape(-1, 2)
        within = np.zeros(rows * slots + 1, dtype=np.int8)
        within[edges[:, 0]] += 1
        within[edges[:, 1]] -= 1
        table.ravel()[np.cumsum(within[:-1], dtype=np.int8).view(np.bool_)] = GAP
    return table


def _coded(
    table: Whole,
) -> tuple[NDArray[np.bool_] | None, Whole, NDArray[np.bool_], NDArray[np.uint8]]:
    """Gaps (None where there are none), zig-zag steps, which are wide, and one byte for each."""
    gaps = table == GAP
    some = bool(gaps.any())
    steps = np.diff(_filled(table, gaps) if some else table, axis=1, prepend=np.int64(0))
    marks = (steps << 1) ^ (steps >> 63)  # small for a small step of either sign, never below 0
    wide = marks >= _ESCAPE
    codes = np.where(wide, _ESCAPE, marks).astype(np.uint8)
    return (gaps if some else None), marks, wide, codes


def _filled(table: Whole, gaps: NDArray[np.bool_]) -> Whole:
    """The table with each gap as the value before it, so that its step is 0."""
    slots = np.where(gaps, 0, np.arange(table.shape[1]))
    filled = np.take_along_axis(table, np.maximum.accumulate(slots, axis=1), axis=1)
    return np.where(filled == GAP, 0, filled)


def _runs(gaps: NDArray[np.bool_]) -> bytes:
    """First and end of each run of gaps."""
    edges = np.flatnonzero(np.diff(gaps.view(np.int8), prepend=0, append=0))
    return edges.astype(np.uint32).tobytes()


def _sealed(id: int, shape: tuple[int, ...], runs: bytes, codes: bytes, steps: Whole) -> bytes:
    # escapes as planes of bytes: the upper ones are all zero, and cost nothing
    planes = steps.view(np.uint8).reshape(-1, 8).T.tobytes()
    packer = zlib.compressobj(strategy=zlib.Z_RLE)
    data = packer.compress(runs + codes + planes) + packer.flush()
    rest = _HEAD.pack(0, *shape, len(runs) // 8, len(steps))[4:] + data
    return _checksum(id, rest).to_bytes(4, "little") + rest


def _checksum(id: int, rest: bytes) -> int:
    return zlib.crc32(rest, zlib.crc32(id.to_bytes(8, "little", signed=True)))
