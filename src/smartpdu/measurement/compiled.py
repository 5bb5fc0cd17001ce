"""Loops that numba compiles where it is installed; without it they run as they stand."""

from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any, TypeVar

Loop = TypeVar("Loop", bound=Callable[..., Any])

_njit: Any = None
with suppress(ImportError):
    _njit = import_module("numba").njit

COMPILES = _njit is not None


def compiled(loop: Loop) -> Loop:
    """The loop as machine code that computes as Python does, or the loop itself."""
    return _njit(cache=True)(loop) if COMPILES else loop


def swift(loop: Loop) -> Loop:
    """The same for loops over samples, whose sums may be taken in any order; never run plain."""
    return _njit(cache=True, fastmath=True)(loop) if COMPILES else loop
