"""A file of frames, played at the pace they were taken, as if a board sent them."""

import os
from collections.abc import Callable
from pathlib import Path

from smartpdu.drivers.carriers import PIECE, Found
from smartpdu.drivers.frames import Frame, Malformed, Splitter
from smartpdu.drivers.source import Unopened

AHEAD = 0.5  # s of frames that are given at once at its begin: enough for a first window
FRAMES = "a file of frames that can be read"


class FrameFile:
    """A file of frames, which come as fast as they were taken."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        """A file that is played from its first read on."""
        self.foreign, self.ended = 0, ""
        self._path = path
        self._clock = clock
        self._splitter = Splitter()
        self._ahead: Found = []
        self._file = -1
        self._board: tuple[int, float] | None = None  # boot and rate
        self._zero = 0.0  # clock at which its counter was 0
        self._ended = 0.0  # clock at which what was given ended

    async def arrived(self) -> list[bytes]:
        """Open the file; raises Unopened."""
        if self._file < 0:
            try:
                self._file = os.open(self._path, os.O_RDONLY)
            except OSError as error:
                words = f"cannot open {self._path}: {error.strerror}"
                raise Unopened(words, FRAMES) from error
        return []

    def frames(self, pieces: list[bytes]) -> Found:
        """The frames that are due; nothing arrives by itself."""
        now, due = self._clock(), 0
        while True:
            while due < len(self._ahead) and self._is_due(self._ahead[due], now):
                due += 1
            if due < len(self._ahead):
                break
            try:
                piece = os.read(self._file, PIECE)
            except OSError as error:
                words = f"cannot read {self._path}: {error.strerror}"
                raise Unopened(words, FRAMES) from error
            self.ended = "" if piece else f"{self._path} was played to its end"
            if not piece:
                break
            self._ahead += self._splitter.split(piece)
        found, self._ahead = self._ahead[:due], self._ahead[due:]
        return found

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _is_due(self, frame: Frame | Malformed, now: float) -> bool:
        if isinstance(frame, Malformed):
            return True
        if (frame.boot, frame.rate) != self._board:
            begun = now - AHEAD if self._board is None else self._ended
            self._board = (frame.boot, frame.rate)
            self._zero = begun - frame.counter / frame.rate
        begin = self._zero + frame.counter / frame.rate
        if begin > now:
            return False
        self._ended = max(self._ended, begin + len(frame.counts) / frame.rate)
        return True
