"""What is wrong at a line of a file, and the words for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at a line of a file."""

    file: str
    line: int
    where: str
    found: str
    expected: str

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}: {self.where}: found {self.found}, expected {self.expected}"
        )


class ConfigError(Exception):
    """A site file that cannot be used, with every fault that was found in it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


def fits(value: Any, wanted: Any) -> bool:
    """Whether a value of the file is of that type; a whole number is a number too."""
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, wanted)
