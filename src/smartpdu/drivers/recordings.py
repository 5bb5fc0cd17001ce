"""Reads a recording of waveforms from a file of any kind that is known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from smartpdu.drivers.comtrade import combined, pair
from smartpdu.drivers.comtrade_information import informed
from smartpdu.drivers.recording import Mark, Quality, Recording, RecordingError, quoted
from smartpdu.drivers.recording_csv import separated
from smartpdu.drivers.recording_wav import sounded
from smartpdu.model.units import Hertz

LARGEST = 1 << 29  # bytes of a file
INFORMATION = 8 << 20  # of a .inf
EXPECTED = "a recording: .cfg with .dat, .cff, .csv or .wav"
TABLES = (".csv", ".txt", ".tsv")
USES = {
    "rate": "a table without times",
    "names": "a .wav, whose channels have no names",
    "scale": "a .wav, whose samples have no unit",
}


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody says of a recording that its file does not say."""

    rate: Hertz | None = None  # of a table without times
    names: Sequence[str] = ()  # of a .wav: for each channel, as "U1 (V)"
    scale: Sequence[float] = ()  # of a .wav: what full scale means, for each channel
    encoding: str | None = None


def read_recording(path: Path | str, says: Given = Given()) -> Recording:
    """The recording of a file; raises RecordingError for one that holds none."""
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in (".cfg", ".dat"):
        found = _pair(path, says)
        _fitting(path.name, says, "a COMTRADE file, which says it itself")
        return found
    raw = _bytes(path, LARGEST)
    if suffix == ".wav" or raw[:4] in (b"RIFF", b"RIFX", b"RF64"):
        _fitting(path.name, says, "a .wav, which says it itself", "names", "scale")
        return sounded(raw, path.name, says.names, says.scale)
    if suffix == ".cff" or raw[:13].lower() == b"--- file type":
        _fitting(path.name, says, "a COMTRADE file, which says it itself")
        return combined(raw, path.name, says.encoding)
    if suffix in TABLES:
        _fitting(path.name, says, "a table, whose heading names its columns", "rate")
        return separated(raw, path.name, says.rate, says.encoding)
    raise RecordingError(path.name, "", quoted(suffix or path.name), EXPECTED)


def _fitting(file: str, says: Given, kind: str, *taken: str) -> None:
    """Raise where something is said that is of no use to a file of that kind."""
    told = {"rate": says.rate is not None, "names": bool(says.names), "scale": bool(says.scale)}
    for what, use in USES.items():
        if told[what] and what not in taken:
            raise RecordingError(f"--{what}", file, kind, use)


def _pair(path: Path, says: Given) -> Recording:
    if not path.exists():
        raise RecordingError(path.name, "", "no file", EXPECTED)
    halves = [path if path.suffix.lower() == end else _other(path, end) for end in (".cfg", ".dat")]
    raw = [_bytes(half, LARGEST) for half in halves]
    found = pair(raw[0], raw[1], (halves[0].name, halves[1].name), says.encoding)
    beside = _beside(path, ".inf")
    return _informed(found, beside) if beside is not None else found


def _informed(found: Recording, path: Path) -> Recording:
    """A recording with what the .inf beside it tells; one that cannot be read is marked."""
    try:
        return informed(found, _bytes(path, INFORMATION), path.name)
    except RecordingError as error:
        return replace(found, marks=(*found.marks, Mark(Quality.DISAGREES, str(error))))


def _other(path: Path, suffix: str) -> Path:
    """The other half of a pair; raises RecordingError where there is none."""
    found = _beside(path, suffix)
    if found is None:
        words = f"{path.stem}{suffix} beside it"
        raise RecordingError(path.name, "", f"no {suffix} of that name", words)
    return found


def _beside(path: Path, suffix: str) -> Path | None:
    """The file of the same name with another suffix, whatever the case of its letters."""
    wanted = (path.stem + suffix).lower()
    try:
        found = sorted(each for each in path.parent.iterdir() if each.name.lower() == wanted)
    except OSError as error:
        raise RecordingError(path.name, "", str(error.strerror), "a folder that is read") from None
    return min(found, key=lambda each: each.stem != path.stem, default=None)


def _bytes(path: Path, most: int) -> bytes:
    try:
        if not path.is_file():
            found = "a folder or device" if path.exists() else "no file"
            raise RecordingError(path.name or str(path), "", found, EXPECTED)
        size = path.stat().st_size
        if size > most:
            raise RecordingError(path.name, "", f"{size} bytes", f"{most} at most")
        with path.open("rb") as file:
            return file.read(size)
    except (OSError, ValueError) as error:
        found = str(getattr(error, "strerror", None) or error)
        raise RecordingError(path.name, "", found, "a file that can be read") from None
