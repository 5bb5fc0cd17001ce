"""Which voltages of a recording may be one three-phase system, by their names."""

import re

from smartpdu.drivers.recording import Recording
from smartpdu.drivers.recording_names import NEUTRAL, SYMBOL, phase_of

DIGITS = re.compile(r"\d+")


def systems(recording: Recording) -> tuple[tuple[int, ...], ...]:
    """Voltages whose names differ in their phase alone, or in the number of their input too.

    None of a neutral, or of what a recorder has computed.
    """
    loose: dict[str, list[int]] = {}
    for number, channel in enumerate(recording.channels):
        phase = phase_of(channel)
        if channel.kind == "voltage" and phase is not None and phase not in NEUTRAL:
            stem = DIGITS.sub("", _stem(channel.name, phase))
            loose.setdefault(stem, []).append(number)
    found = [part for each in loose.values() for part in _apart(recording, each)]
    return tuple(sorted(tuple(each) for each in found))


def _apart(recording: Recording, numbers: list[int]) -> list[list[int]]:
    """Voltages with one stem, parted by the whole of it where a phase comes twice."""
    phases = [phase_of(recording.channels[n]) for n in numbers]
    if len(set(phases)) == len(phases):
        return [numbers]
    exact: dict[str, list[int]] = {}
    for number, phase in zip(numbers, phases, strict=True):
        exact.setdefault(_stem(recording.channels[number].name, phase or ""), []).append(number)
    whole = exact.values()
    if all(len({phase_of(recording.channels[n]) for n in each}) == len(each) for each in whole):
        return list(whole)
    return [[number] for number in numbers]


def _stem(name: str, phase: str) -> str:
    """A name without its phase, which stands behind the symbol of a voltage or as the last word."""
    found = SYMBOL.search(name)
    if found and found[2]:
        return name[: found.start(2)] + name[found.end(2) :]
    place = name.lower().rfind(phase) if phase else -1
    return name if place < 0 else name[:place] + name[place + len(phase) :]
