"""A disk for tests that forgets what was not synced, and fails when it is told to.

An apsw VFS over real files. What SQLite writes stays in memory until xSync; only then it reaches
the real file. A power cut keeps, drops or tears each unsynced write as the dice fall, so that
unsynced writes also reach the disk out of order. A fault makes writes or syncs fail.

Where the power cut is a kill of the whole process, some writes reach the disk early, whole or torn.
"""

from collections.abc import Callable
from pathlib import Path
from random import Random

import apsw

SECTOR = 512


class PowerCut(apsw.IOError):
    """The power is gone; nothing answers any more."""


class Unsynced:
    """What a file looks like to its readers, and which writes the disk does not have yet."""

    def __init__(self, path: Path) -> None:
        """As the disk has it."""
        self.content = bytearray(path.read_bytes() if path.exists() else b"")
        self.writes: list[tuple[int, bytes | None]] = []  # None: cut off at this place

    def write(self, data: bytes, offset: int) -> None:
        """Take a write."""
        if len(self.content) < offset:
            self.content.extend(bytes(offset - len(self.content)))
        self.content[offset : offset + len(data)] = data
        self.writes.append((offset, data))

    def cut_off(self, size: int) -> None:
        """Take a truncation."""
        del self.content[size:]
        self.writes.append((size, None))


class LossyDisk(apsw.VFS):
    """The disk: open databases on it with `vfs=disk.name`; let go of it with `unregister`."""

    def __init__(self, name: str, dice: Random, early: float = 0.0, default: bool = False) -> None:
        """A disk that works until it is told otherwise; a share of its writes is on it early."""
        self.name = name
        self.dice = dice
        self.early = early
        self.files: dict[str, Unsynced] = {}
        self.operations = 0  # writes, truncations and syncs so far
        self.synced = 0
        self.fault: Callable[[int, str], Exception | None] = lambda number, what: None
        self.noted: Callable[[str], None] = lambda what: None  # write, sync and synced, as they are
        self.dead = False
        super().__init__(name, "unix", makedefault=default)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        if name is None:
            return apsw.VFSFile("unix", name, flags)
        return LossyFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self.alive()
        self.files.pop(filename, None)
        super().xDelete(filename, syncdir)

    def alive(self) -> None:
        """Raise PowerCut if the power is gone."""
        if self.dead:
            raise PowerCut("the power is gone")

    def operate(self, what: str) -> None:
        """Count an operation, and let it fail if it shall."""
        self.alive()
        self.operations += 1
        error = self.fault(self.operations, what)
        if isinstance(error, PowerCut):
            self.cut()
        if error is not None:
            raise error

    def cut(self) -> None:
        """Cut the power: some of what was not synced is on the disk, some is not, some is torn."""
        self.dead = True
        for name, file in self.files.items():
            with Path(name).open("r+b") as real:
                for offset, data in file.writes:
                    self._perhaps(real, offset, data)

    def _perhaps(self, real: object, offset: int, data: bytes | None) -> None:
        fate = self.dice.choice(("kept", "dropped", "torn"))
        if fate == "dropped":
            return
        if data is None:
            real.truncate(offset)  # type: ignore[attr-defined]
            return
        if fate == "torn":
            data = self.torn(data)
        real.seek(offset)  # type: ignore[attr-defined]
        real.write(data)  # type: ignore[attr-defined]

    def torn(self, data: bytes) -> bytes:
        """The first sectors of a write."""
        return data[: SECTOR * self.dice.randint(0, len(data) // SECTOR)]

    def write_back(self) -> None:
        """What a system does in its own time, if it goes on running: all is on the disk."""
        for name, file in self.files.items():
            with Path(name).open("r+b") as real:
                for offset, data in file.writes:
                    if data is None:
                        real.truncate(offset)
                    else:
                        real.seek(offset)
                        real.write(data)
            file.writes.clear()

    def restart(self, folder: Path) -> None:
        """Power returns: what the disk has is what there is, and shared memory is empty."""
        self.files.clear()
        for path in folder.glob("*-shm"):
            path.unlink()
        self.fault = lambda number, what: None
        self.dead = False


class LossyFile(apsw.VFSFile):
    """One file of the disk; locks and shared memory are those of the system."""

    def __init__(self, disk: LossyDisk, name: str | apsw.URIFilename, flags: list[int]) -> None:
        disk.alive()
        super().__init__("unix", name, flags)
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._disk = disk
        self._file = disk.files.setdefault(path, Unsynced(Path(path)))

    def xRead(self, amount: int, offset: int) -> bytes:
        self._disk.alive()
        return bytes(self._file.content[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.operate("write")
        self._file.write(bytes(data), offset)
        self._disk.noted("write")
        if self._disk.early and self._disk.dice.random() < self._disk.early:
            part = self._disk.dice.choice((bytes, self._disk.torn))(bytes(data))
            if part:
                super().xWrite(part, offset)

    def xTruncate(self, newsize: int) -> None:
        self._disk.operate("write")
        self._file.cut_off(newsize)

    def xFileSize(self) -> int:
        return len(self._file.content)

    def xSync(self, flags: int) -> None:
        self._disk.operate("sync")
        self._disk.noted("sync")
        for offset, data in self._file.writes:
            if data is None:
                super().xTruncate(offset)
            else:
                super().xWrite(data, offset)
        self._file.writes.clear()
        self._disk.synced += 1
        self._disk.noted("synced")
