"""Loops that numba compiles where it is installed; without it they run as they stand.

Machine code is kept from one start to the next, in a folder that is named for the text of all
loops: numba itself looks at one file only, and would go on with a constant that another had.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

Loop = TypeVar("Loop", bound=Callable[..., Any])

HERE = Path(__file__).parent
ANY_ORDER = {"afn", "arcp", "contract", "nsz", "reassoc"}  # but a gap stays NaN

_numba: Any = None
with suppress(ImportError):
    _numba = import_module("numba")

COMPILES = _numba is not None


def _bare() -> dict[str, Any]:
    """What spares loops to count who holds each array; none of them makes one, and none may.

    A state of thirty arrays that is handed on costs more than what is done with it. The option is
    numba's own, and another version may lack it.
    """
    options = import_module("numba.core.options").DefaultOptions
    return {"_nrt": False} if hasattr(options, "_nrt") else {}


BARE = _bare() if COMPILES else {}


def _kept() -> tuple[bool, bool]:
    """Whether there is a folder for the machine code of these loops, and whether it is new."""
    text = b"".join(path.read_bytes() for path in sorted(HERE.glob("*.py")))
    name = f"loops-{sha256(text).hexdigest()[:16]}"
    for place in _places():
        folder = place / name
        try:
            new = not folder.is_dir()
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if not os.access(folder, os.W_OK):
            continue
        for old in place.glob("loops-*") if new else ():
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)
        _numba.config.CACHE_DIR = str(folder)
        return True, new
    return False, True


def _places() -> Iterator[Path]:
    if own := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(own)
    yield HERE / "__pycache__"
    with suppress(RuntimeError):  # a service may have no home
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "smartpdu"


_KEPT, ANEW = _kept() if COMPILES else (False, False)  # ANEW: compiling is still to come


def compiled(loop: Loop) -> Loop:
    """The loop as machine code that computes as Python does, or the loop itself."""
    return _made(loop) if COMPILES else loop


def swift(loop: Loop) -> Loop:
    """The same for loops over samples, whose sums may be taken in any order; never run plain."""
    return _made(loop, fastmath=ANY_ORDER) if COMPILES else loop


def within(loop: Loop) -> Loop:
    """The same for what such loops call: it becomes a part of them, as states are large to hand."""
    return _made(loop, inline="always") if COMPILES else loop


def _made(loop: Loop, **ways: str | set[str]) -> Loop:
    made: Loop = _numba.njit(cache=_KEPT, error_model="numpy", **BARE, **ways)(loop)
    return made
