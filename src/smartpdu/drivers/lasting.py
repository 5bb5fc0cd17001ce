"""The twin's life as bytes that outlive the program, so that a restart turns no outlet (16.2).

Columns go into an npz file without objects, all else into one line of JSON in it. A digest stands
before it: what was cut off or changed is told as damaged, never taken up in part.

A life is written every few seconds only, and the meters are read meanwhile. So it is written with
a second until which it may be lived: after a kill the twin lives on to it, by the same dice, and
no register of energy stands lower than somebody saw it.
"""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from math import isfinite
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from smartpdu.twin.world import Flow, Life

FORM = b"SmartPDU twin, form 1\n"
DIGEST = hashlib.sha256().digest_size
FACTS = "facts"  # the column in which the line of JSON lies

Array = NDArray[Any]
Dice = Mapping[str, Any]  # the state of a generator of numpy


@dataclass(frozen=True, slots=True)
class Lived:
    """A life as it was left, the dice it lives by, and the second that it may have come to."""

    life: Life
    dice: Dice
    noise: Dice
    until: float


class Unfit(Exception):
    """What was kept is no life that can be taken up; the text says why."""


def fingerprint(*described: Any) -> str:
    """A mark that is the same for the same plant, servers, faults and seed, and for no others."""
    digest = hashlib.sha256()
    for piece in _pieces(described):
        digest.update(len(piece).to_bytes(8, "big") + piece)
    return digest.hexdigest()


def written(mark: str, lived: Lived) -> bytes:
    """The form of a life; what faults do in its second is not in it, but follows from it."""
    facts = {
        "mark": mark,
        "second": lived.life.second,
        "until": lived.until,
        "dice": lived.dice,
        "noise": lived.noise,
    }
    line = np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8)
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **{FACTS: line}, **_columns(lived.life))
    content = file.getvalue()
    return FORM + hashlib.sha256(content).digest() + content


def taken(form: bytes, mark: str, fresh: Life) -> Lived:
    """The life that was kept, on the plant of a new one; raises Unfit."""
    if not form.startswith(FORM):
        raise Unfit("it was written by another version, or by another program")
    digest, content = form[len(FORM) :][:DIGEST], form[len(FORM) + DIGEST :]
    if digest != hashlib.sha256(content).digest():
        raise Unfit("it is damaged")
    try:
        return _read(content, mark, fresh)
    except (BadZipFile, KeyError, TypeError, ValueError) as error:
        raise Unfit(f"it has not the form that it says ({error!r})") from error


def _read(content: bytes, mark: str, fresh: Life) -> Lived:
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        columns = {name: file[name] for name in file.files}
    facts = json.loads(columns.pop(FACTS).tobytes())
    if facts["mark"] != mark:
        raise Unfit("it is of another plant, seed or section [twin]")
    here = {name: (c.dtype, c.shape) for name, c in _columns(fresh).items()}
    if {name: (c.dtype, c.shape) for name, c in columns.items()} != here:
        raise Unfit("its columns are not those of today's twin")
    flow = Flow(**{f.name: columns.pop(f"flow.{f.name}") for f in fields(Flow)})
    life = replace(fresh, second=float(facts["second"]), flow=flow, **columns)
    for state in (facts["dice"], facts["noise"]):
        np.random.PCG64(0).state = state  # refuses what is none
    if not (isfinite(life.second) and isfinite(facts["until"])):
        raise Unfit("its time is none")
    return Lived(life, facts["dice"], facts["noise"], float(facts["until"]))


def _columns(life: Life) -> dict[str, Array]:
    own = {f.name: getattr(life, f.name) for f in fields(life)}
    flow = {f"flow.{f.name}": getattr(life.flow, f.name) for f in fields(life.flow)}
    return {name: c for name, c in {**own, **flow}.items() if isinstance(c, np.ndarray)}


def _pieces(value: Any) -> Iterator[bytes]:
    """All that a value is made of, one after the other."""
    if isinstance(value, np.ndarray):
        yield f"{value.dtype.str}{value.shape}".encode()
        yield value.tobytes()
    elif is_dataclass(value):
        for field in fields(value):
            yield field.name.encode()
            yield from _pieces(getattr(value, field.name))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield str(len(value)).encode()
        for one in value:
            yield from _pieces(one)
    else:
        yield repr(value).encode()
