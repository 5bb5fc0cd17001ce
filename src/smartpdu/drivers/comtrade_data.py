"""The .dat of a COMTRADE recording: ASCII, BINARY, BINARY32 or FLOAT32, in one go."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartpdu.drivers.comtrade_config import Config
from smartpdu.drivers.comtrade_corrupt import corrupt, settled
from smartpdu.drivers.recording import Mark, Quality, RecordingError, Samples, counted
from smartpdu.drivers.recording_text import Odd, Table, table
from smartpdu.model.units import Seconds

NUMBERS: dict[str, type[np.int16] | type[np.int32] | type[np.float32]] = {
    "BINARY": np.int16,
    "BINARY32": np.int32,
    "FLOAT32": np.float32,
}
ABSENT = {"BINARY": -(2.0**15), "BINARY32": -(2.0**31), "FLOAT32": float(np.finfo("f4").min)}
END = {"BINARY": 2.0**15 - 1, "BINARY32": 2.0**31 - 1}
NO_STAMP = 0xFFFFFFFF
NO_VALUE = 99999  # of ASCII, where the configuration does not allow it as a value
ROWS = 1 << 17  # values that are scaled at once
LEAST = 127  # steps that a converter has
RUN = 3  # samples at the converter's end, one after another, that are no chance

Raw = NDArray[np.int16] | NDArray[np.int32] | NDArray[np.float32] | NDArray[np.float64]
Words = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Rows:
    """What a .dat holds, row by row."""

    numbers: Seconds  # of the samples; NaN where none is told
    stamps: Seconds  # NaN where none is told
    samples: Samples
    states: Words
    marks: tuple[Mark, ...]


def rows(raw: bytes, config: Config, file: str, line: int = 1) -> Rows:
    """The rows of a .dat; what it lacks is marked. Raises RecordingError where there is none."""
    told = config.rates[-1][1]
    if config.form == "ASCII":
        return _ascii(raw, config, file, line, told)
    return _binary(raw, config, file, told)


def _binary(raw: bytes, config: Config, file: str, told: int) -> Rows:
    kind = np.dtype(NUMBERS[config.form]).newbyteorder("<")
    digital = -(-len(config.digital) // 16)
    row = np.dtype(
        [
            ("number", "<u4"),
            ("stamp", "<u4"),
            ("analog", kind, (len(config.analog),)),
            ("digital", "<u2", (digital,)),
        ]
    )
    held = len(raw) // row.itemsize
    if held == 0:
        words = f"one row of {row.itemsize} bytes at least"
        raise RecordingError(file, "byte 0", f"{len(raw)} bytes", words)
    count = min(held, told or held)
    found = np.frombuffer(raw, row, count)
    _counting(found["number"], row.itemsize, file)
    marks = _ends(held, len(raw) % row.itemsize, told, file, row.itemsize)
    stamps = found["stamp"].astype(np.float64)
    stamps[found["stamp"] == NO_STAMP] = np.nan
    samples, more = _scaled(found["analog"], config)
    numbers = found["number"].astype(np.float64)
    return Rows(numbers, stamps, samples, found["digital"].copy(), (*marks, *more))


def _counting(numbers: NDArray[np.uint32], size: int, file: str) -> None:
    """Raise where what should be sample numbers are none: rows have another size, then."""
    if len(numbers) < 3:
        return
    steps = np.diff(numbers.astype(np.int64))
    usual = np.median(steps)
    if np.count_nonzero(steps == usual) * 2 < len(steps):
        odd = int(np.flatnonzero(steps != usual)[0]) + 1
        found = f"{numbers[odd - 1]} and then {numbers[odd]} where sample numbers should be"
        expected = f"rows of {size} bytes, as the channels of the .cfg make them"
        raise RecordingError(file, f"byte {odd * size}", found, expected)


def _ends(held: int, rest: int, told: int, file: str, size: int = 0) -> list[Mark]:
    """Marks for rows that a .dat has less or more than its .cfg says."""
    if held < told:
        where = f" (byte {held * size}; {rest} bytes of a broken row)" if size else ""
        words = f"{file}: found {held} rows, expected {told}{where}"
        return [Mark(Quality.TRUNCATED, words, first=held, count=told - held)]
    if held > told > 0:
        words = f"{file}: found more rows than the {told} that are told; the others are left out"
        return [Mark(Quality.SURPLUS, words, first=told)]
    return []


def _ascii(raw: bytes, config: Config, file: str, line: int, told: int) -> Rows:
    analogs, digitals = len(config.analog), len(config.digital)
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if not raw.strip(b"\x1a \r\n\t"):
        raise RecordingError(file, f"line {line}", "nothing", "a row for each sample")
    raw, cut = _whole(raw, 2 + analogs + digitals)
    odd: list[Odd] = []
    place = Table(file, line, 2 + analogs + digitals)
    found = table(raw, place, told + 1 if told else len(raw), odd)
    held = len(found)
    if held == 0:
        raise RecordingError(file, f"line {line}", "no whole row", "one for each sample")
    marks = _ends(held, 0, told, file)
    if cut:
        words = f"{file}: the last row is broken and left out"
        marks.append(Mark(Quality.TRUNCATED, words, first=held))
    found = found[: told or held]
    odd = [each for each in odd if each.row < len(found)]
    marks += corrupt(odd, config, file)
    settled(found, odd, analogs)
    values = found[:, 2 : 2 + analogs]
    tops = np.array([each.highest for each in config.analog])
    values[(values == NO_VALUE) & (tops <= NO_VALUE)] = np.nan
    states = _packed(found[:, 2 + analogs :], config, file, line, marks)
    samples, more = _scaled(values, config)
    return Rows(found[:, 0], found[:, 1], samples, states, (*marks, *more))


def _whole(raw: bytes, columns: int) -> tuple[bytes, bool]:
    """A text without a last row that was not written to its end, and whether there was one."""
    plain = raw.rstrip(b"\x1a \r\n\t")
    start = plain.rfind(b"\n") + 1
    broken = start > 0 and plain.count(b",", start) + 1 < columns
    return (plain[:start], True) if broken else (plain, False)


def _packed(values: Seconds, config: Config, file: str, line: int, marks: list[Mark]) -> Words:
    """Digital channels of ASCII as words of 16; what is neither 0 nor 1 is marked, and 0."""
    on = values == 1
    odd = np.argwhere(~on & (values != 0))
    if len(odd):
        row, channel = odd[0].tolist()
        words = f"{file}, row {row + 1}: {config.digital[channel]} is neither 0 nor 1"
        marks.append(Mark(Quality.DISAGREES, words, first=row, count=len(odd)))
    size = -(-len(config.digital) // 16)
    octets = np.zeros((len(values), 2 * size), np.uint8)
    packed = np.packbits(on, axis=1, bitorder="little")
    octets[:, : packed.shape[1]] = packed
    return octets.view("<u2")


def _scaled(raw: Raw, config: Config) -> tuple[Samples, list[Mark]]:
    """Samples in their units, NaN where one is missing; and marks where the converter was full."""
    single = config.form in ("BINARY", "FLOAT32")
    samples = np.empty(raw.shape, np.float32 if single else np.float64)
    multiplier = np.array([each.multiplier for each in config.analog])
    offset = np.array([each.offset for each in config.analog])
    plain = bool((multiplier == 1).all() and (offset == 0).all())
    absent = ABSENT.get(config.form)
    rows = max(ROWS // raw.shape[1], 1)
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(raw), rows):
            block = raw[start : start + rows]
            values = block if plain else block * multiplier + offset
            part = samples[start : start + rows]
            part[:] = values
            if absent is not None:
                part[block == absent] = np.nan
            if config.form in ("FLOAT32", "ASCII"):
                part[~np.isfinite(part)] = np.nan
    if config.revision < 1999 and config.form == "BINARY" and raw.shape[1] > 1:
        # C37.111-1991 has FFFF for a missing value, which is -1 as well: only rows of nothing else
        samples[(raw == -1).all(axis=1)] = np.nan
    return samples, _clipped(raw, config)


def _clipped(raw: Raw, config: Config) -> list[Mark]:
    """A mark for each voltage and current that touched the end of its converter."""
    if config.form == "FLOAT32":
        return []  # no numbers of a converter
    end = END.get(config.form, np.inf)
    high = np.minimum([each.highest for each in config.analog], end)
    low = np.maximum([each.lowest for each in config.analog], -end)
    marks = []
    full = ((raw >= high).any(axis=0) | (raw <= low).any(axis=0)) & (high - low >= LEAST)
    full &= (high == np.floor(high)) & (low == np.floor(low))  # others are those of the samples
    for channel in np.flatnonzero(full).tolist():
        about = config.analog[channel].channel
        column = raw[:, channel].astype(np.float64)
        column[column == ABSENT.get(config.form)] = np.nan
        at = np.flatnonzero((column >= high[channel]) | (column <= low[channel]))
        flat = len(at) >= RUN and bool((at[RUN - 1 :] - at[: 1 - RUN] == RUN - 1).any())
        hard = bool((np.abs(column[at]) >= end).any())
        if about.kind != "other" and (flat or hard):
            words = f"{about.name}: {counted(len(at), 'sample')} at the end of the converter"
            marks.append(Mark(Quality.CLIPPED, words, channel, int(at[0]), len(at)))
    return marks
