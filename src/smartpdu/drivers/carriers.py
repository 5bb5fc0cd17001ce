"""How frames come to us: over UDP, or through a pipe.

What arrives is only put aside by the event loop; frames are read and checked in another thread.
"""

import asyncio
import fcntl
import os
import socket
import stat
from collections import deque
from errno import EADDRINUSE
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol

from smartpdu.drivers.frames import Frame, Malformed, Splitter, read
from smartpdu.drivers.source import SourceError, Taken, Unopened

LARGEST = 65_536  # bytes of a datagram
PIECE = 1 << 20  # bytes that are read at once
HELD = 64 << 20  # bytes that may wait to be looked at; the oldest are dropped, and lost
BUFFER = 8 << 20  # bytes that the system may hold for us

Found = list[Frame | Malformed]


class Carrier(Protocol):
    """Where frames come from."""

    foreign: int  # datagrams of somebody else
    ended: str  # why nothing more will come; empty while something may

    async def arrived(self) -> list[bytes]:
        """What came since the last time, on the event loop; raises SourceError."""
        ...

    def frames(self, pieces: list[bytes]) -> Found:
        """The frames in what came; may block, and is called in a thread, in order."""
        ...

    def close(self) -> None:
        """Let go of what is held."""
        ...


class Waiting:
    """Bytes that arrived and wait to be looked at."""

    def __init__(self) -> None:
        """Nothing has arrived."""
        self._pieces: deque[bytes] = deque()
        self._size = 0

    def put(self, piece: bytes) -> None:
        """Put a piece aside; too many push the oldest out."""
        self._pieces.append(piece)
        self._size += len(piece)
        while self._size > HELD:
            self._size -= len(self._pieces.popleft())

    def taken(self) -> list[bytes]:
        """All that waits, which then waits no more."""
        pieces, self._pieces, self._size = self._pieces, deque(), 0
        return list(pieces)


class Datagrams:
    """A UDP port to which a board sends, one frame in each datagram."""

    def __init__(self, host: str, port: int, sender: str = "") -> None:
        """A port of this machine; with a sender, nobody else is heard."""
        self.foreign, self.ended = 0, ""
        self._where = (host, port)
        self._sender = ip_address(sender) if sender else None
        self._socket: socket.socket | None = None
        self._waiting = Waiting()

    async def arrived(self) -> list[bytes]:
        """Listen, and give what was heard; raises SourceError."""
        if self._socket is None:
            family = socket.AF_INET6 if ":" in self._where[0] else socket.AF_INET
            opened = socket.socket(family, socket.SOCK_DGRAM)
            try:
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
                opened.bind(self._where)
                opened.setblocking(False)
            except OSError as error:
                opened.close()
                host, port = self._where
                kind = Taken if error.errno == EADDRINUSE else SourceError
                raise kind(f"cannot listen at {host}:{port}: {error.strerror}") from error
            self._socket = opened
            asyncio.get_running_loop().add_reader(opened, self._arrived, opened)
        return self._waiting.taken()

    @property
    def port(self) -> int:
        """The port that is listened to."""
        return int(self._socket.getsockname()[1]) if self._socket else self._where[1]

    def frames(self, pieces: list[bytes]) -> Found:
        """A frame of each datagram."""
        return [_read(piece) for piece in pieces]

    def close(self) -> None:
        """Listen no more."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _arrived(self, opened: socket.socket) -> None:
        for _ in range(256):  # then others have their turn
            try:
                piece, (host, *_) = opened.recvfrom(LARGEST)
            except OSError:
                return
            if self._sender is not None and ip_address(host.partition("%")[0]) != self._sender:
                self.foreign += 1
            else:
                self._waiting.put(piece)


class Pipe:
    """A named pipe into which a board's program writes frame after frame."""

    def __init__(self, path: Path) -> None:
        """A pipe that need not be there yet."""
        self.foreign, self.ended = 0, ""
        self._path = path
        self._pipe = -1
        self._splitter = Splitter()
        self._waiting = Waiting()

    async def arrived(self) -> list[bytes]:
        """Open the pipe, anew after its writer has gone, and give what came."""
        if self._pipe < 0:
            try:
                opened = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
            except OSError as error:
                words = f"cannot open {self._path}: {error.strerror}"
                raise Unopened(words, self._expected) from error
            if not stat.S_ISFIFO(os.fstat(opened).st_mode):
                os.close(opened)
                raise Unopened(f"{self._path} is no pipe", self._expected)
            try:  # two readers would tear each other's frames
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                os.close(opened)
                raise Taken(f"another program reads {self._path}") from error
            self._pipe = opened
            asyncio.get_running_loop().add_reader(opened, self._arrived)
        return self._waiting.taken()

    @property
    def _expected(self) -> str:
        return f"a named pipe that can be read: `mkfifo {self._path}` makes one"

    def frames(self, pieces: list[bytes]) -> Found:
        """The frames that became complete."""
        return self._splitter.split(b"".join(pieces))

    def close(self) -> None:
        """Close the pipe."""
        if self._pipe >= 0:
            asyncio.get_running_loop().remove_reader(self._pipe)
            os.close(self._pipe)
            self._pipe = -1

    def _arrived(self) -> None:
        try:
            piece = os.read(self._pipe, PIECE)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if piece:
            self._waiting.put(piece)
        else:
            self.close()  # its writer has gone; the next read opens it again


def _read(piece: bytes) -> Frame | Malformed:
    try:
        return read(piece)
    except Malformed as error:
        return error
