"""What a recorder knows beside its samples, as a .inf or the section INF of a .cff (IEEE C37.111).

A public section says where it was recorded, and one of our own what should be there and why it
was kept: readers of others skip it, as the standard wants.
"""

import re
from dataclasses import replace
from math import isfinite, nan

from smartpdu.drivers.recording import Mark, Quality, Recording, quoted
from smartpdu.model.units import Volt

OWN = "SmartPDU Event"
NOMINAL = "Nominal_Voltage"
HEAD = re.compile(r"\[(.{1,80})\]")
MOST = 1e6  # V
LINES = 100_000


def information_text(recording: Recording) -> bytes:
    """The .inf or section INF of a recording; empty where nothing is known."""
    told = dict(recording.about)
    lines = []
    if "Place" in told:
        lines += ["[Public Record_Information]", "Source=SmartPDU", f"Location={told['Place']}"]
    own = [f"{_plain(key)}={_plain(value)}" for key, value in recording.about]
    if isfinite(recording.nominal_voltage):
        own = [f"{NOMINAL}={float(recording.nominal_voltage)!r}", *own]
    if own:
        lines += [f"[{OWN}]", *own]
    return "".join(f"{_plain(line)}\r\n" for line in lines).encode()


def informed(recording: Recording, raw: bytes, file: str) -> Recording:
    """A recording with what its .inf or section INF tells; what makes no sense is marked."""
    told: dict[str, str] = {}
    section = ""
    for line in raw.decode("utf-8", "replace").splitlines()[:LINES]:
        if found := HEAD.fullmatch(line.strip()):
            section = found[1].strip()
        elif section == OWN and "=" in line:
            key, _, value = line.partition("=")
            told[key.strip()] = value.strip()
    text = told.pop(NOMINAL, None)
    about = tuple(told.items())
    if text is None:
        return replace(recording, about=about) if about else recording
    nominal = _voltage(text)
    marks = recording.marks
    if not isfinite(nominal):
        words = f"{file}, INF: found {quoted(text)} as nominal voltage, expected one above 0 in V"
        marks = (*marks, Mark(Quality.DISAGREES, words))
    return replace(recording, about=about, nominal_voltage=nominal, marks=marks)


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _voltage(text: str) -> Volt:
    try:
        value = float(text)
    except ValueError:
        return nan
    return value if 0 < value <= MOST else nan
