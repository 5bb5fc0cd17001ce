"""COMTRADE files put together byte by byte, after the tables of IEEE C37.111."""

import struct
from collections.abc import Sequence
from pathlib import Path

from smartpdu.drivers.recording import Recording
from smartpdu.drivers.recordings import read_recording

ANALOG = (
    "1,U1,A,,V,0.5,10,0,-32767,32767,1,1,P",
    "2,I1,A,,A,0.25,-1,0,-32767,32767,1,1,P",
)
DIGITAL = ("1,CLOSED,,,0", "2,TRIP,,,0")


def cfg(
    form: str = "BINARY",
    *,
    first: str = "RACK,PDU,1999",
    analog: Sequence[str] = ANALOG,
    digital: Sequence[str] = DIGITAL,
    counts: str = "",
    frequency: str = "50",
    rates: Sequence[str] = ("1", "1000,4"),
    start: str = "25/11/2026,03:04:05.000100",
    trigger: str = "25/11/2026,03:04:05.002100",
    rest: Sequence[str] = ("1",),
) -> str:
    """A .cfg, each line of which may be another one."""
    total = f"{len(analog) + len(digital)},{len(analog)}A,{len(digital)}D"
    about = [first, counts or total, *analog, *digital, frequency, *rates]
    return "".join(f"{line}\r\n" for line in [*about, start, trigger, form, *rest])


def rows(
    letter: str, values: Sequence[Sequence[float]], *, stamps: Sequence[int] = (), words: int = 1
) -> bytes:
    """A .dat of BINARY ("h"), BINARY32 ("i") or FLOAT32 ("f"): number, stamp, values, words."""
    form = f"<II{len(values[0])}{letter}{words}H"
    return b"".join(
        struct.pack(form, n, stamps[n - 1] if stamps else 1000 * (n - 1), *row, *[n % 4] * words)
        for n, row in enumerate(values, 1)
    )


FOUR = ((0, 0), (1, -2), (-3, 32766), (100, -32766))
SCALED = [[10, -1], [10.5, -1.5], [8.5, 8190.5], [60, -8192.5]]  # FOUR by 0.5 x + 10, 0.25 x - 1


def kept(
    folder: Path, config: str | bytes, data: bytes, names: Sequence[str] = ("r.cfg", "r.dat")
) -> Path:
    """The path of a .cfg that is kept in a folder with its .dat."""
    raw = config.encode("utf-8") if isinstance(config, str) else config
    (folder / names[0]).write_bytes(raw)
    (folder / names[1]).write_bytes(data)
    return folder / names[0]


def read(folder: Path, config: str | bytes, data: bytes) -> Recording:
    """The recording of a .cfg and a .dat."""
    return read_recording(kept(folder, config, data))
