"""What a driver must be able to do."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from random import Random
from typing import Any, Protocol

from smartpdu.model.command import SwitchOutlet
from smartpdu.model.event import Event
from smartpdu.model.plant import Part, Plant
from smartpdu.model.snapshot import Snapshot
from smartpdu.model.spectrum import Show, unshown


def nearest(name: str, known: Sequence[str]) -> str:
    """The known name that somebody may have meant, or else all of them."""
    close = get_close_matches(name, known, 1)
    return f"{close[0]!r}" if close else f"one of {', '.join(known)}"


class Source(Protocol):
    """One piece of hardware that is read and obeys; it keeps its own timeouts and retries."""

    async def read(self) -> Snapshot:
        """A snapshot of the source's own part; raises SourceError where there is no answer."""
        ...

    async def obey(self, command: SwitchOutlet) -> None:
        """Carry out one command, once at most; raises SourceError where it surely did not."""
        ...

    async def close(self) -> None:
        """Let go of what is held."""
        ...


class SourceError(Exception):
    """A source that does not answer, or not in a way that can be used; the text is for a person."""


class NoAnswer(SourceError):
    """A source that said nothing at all in the time that it had."""


class Taken(SourceError):
    """A source that another program listens to, and only one can."""


class Unopened(SourceError):
    """A file that cannot be read as the source's own; `expected` is what must be there."""

    def __init__(self, words: str, expected: str) -> None:
        super().__init__(words)
        self.expected = expected


class Mistaken(SourceError):
    """Another device than the site says: by which setting, what was found, what is expected."""

    def __init__(self, key: str, found: str, expected: str, words: str) -> None:
        super().__init__(words)
        self.key = key
        self.found = found
        self.expected = expected


class SettingsError(Exception):
    """A setting of a source that cannot be used: its key, what was found, what is expected.

    Where the fault lies in a file of the driver's own, as in a map, it names file and line; where
    it lies in the description of a place, that place's path.
    """

    def __init__(
        self,
        key: str,
        found: str,
        expected: str,
        file: str = "",
        line: int = 0,
        place: str = "",
    ) -> None:
        super().__init__(f"{key}: found {found}, expected {expected}")
        self.key = key
        self.found = found
        self.expected = expected
        self.file = file
        self.line = line
        self.place = place


@dataclass(frozen=True, slots=True)
class Ports:
    """The world as a driver may touch it."""

    wall: Callable[[], float]  # UTC, seconds
    clock: Callable[[], float]  # monotonic, seconds
    sleep: Callable[[float], Awaitable[None]]
    dice: Random


class Kept(Protocol):
    """Bytes of a driver that outlive the program; where they lie, it does not know."""

    def read(self) -> bytes | None:
        """What was kept last; None where nothing was. Raises OSError."""
        ...

    def write(self, form: bytes) -> None:
        """Put this in the place of what was kept; on the disk when it returns. Raises OSError."""
        ...

    def aside(self, mark: str) -> str:
        """Have what was kept outlive the next write, under a name with this mark; gives its path.

        Raises OSError.
        """
        ...


Tell = Callable[[Sequence[Event], bytes | None], None]  # on the event loop


def unheard(_events: Sequence[Event], _waveform: bytes | None) -> None:
    """Nobody listens to what a driver tells."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A source as the site describes it: its settings, its part of the plant, and the world."""

    path: str
    settings: Mapping[str, Any]  # its own keys of the site's configuration
    part: Part
    plant: Plant  # the whole
    sections: Mapping[str, Any]  # sections of the configuration that belong to drivers, as "twin"
    shared: dict[str, Any]  # what sources of one driver hold in common, by their own names
    ports: Ports
    kept: Callable[[str], Kept] | None = None  # by a name that all drivers share; None: nowhere
    tell: Tell = unheard  # events that the driver saw itself, with one file of their samples
    show: Show = unshown  # harmonics of a feed


class Driver(Protocol):
    """What a driver's module offers under its entry point."""

    def check(self, settings: Mapping[str, Any]) -> None:
        """Raise SettingsError for settings that cannot be used; touches nothing outside."""
        ...

    def open_source(self, wanted: Wanted) -> Source:
        """The source, ready to be read; connects on its first read."""
        ...
