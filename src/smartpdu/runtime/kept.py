"""Bytes of drivers that outlive the program: a file each in the data directory, replaced whole."""

import os
from collections.abc import Callable
from pathlib import Path


class KeptFile:
    """One file; after a kill or a power cut it is the one before or the new one, never a part."""

    def __init__(self, path: Path, held: Callable[[], None]) -> None:
        """The file at a path; nothing is written where `held` raises OSError."""
        self._path = path
        self._new = path.with_name(path.name + ".new")
        self._held = held

    def read(self) -> bytes | None:
        """What was kept last; None where nothing was. Raises OSError."""
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None

    def aside(self, mark: str) -> str:
        """Have the file outlive the next write, under a name with this mark; gives its path.

        What was put aside before stays as well. Raises OSError.
        """
        self._held()
        name, number = f"{self._path.name}.{mark}", 1
        path = self._path.with_name(name)
        while path.exists() and not path.samefile(self._path):
            number += 1
            path = self._path.with_name(f"{name}.{number}")
        if not path.exists():
            path.hardlink_to(self._path)
        return str(path)

    def write(self, form: bytes) -> None:
        """Put this in the place of what was kept; on the disk when it returns. Raises OSError."""
        self._held()
        handle = os.open(self._new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(form)
            file.flush()
            os.fsync(file.fileno())
        self._held()
        self._new.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
