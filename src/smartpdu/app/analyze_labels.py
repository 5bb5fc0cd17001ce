"""Words in a picture: names cut so that they differ, labels side by side, notes in lines."""

from collections.abc import Sequence
from textwrap import wrap

from smartpdu.app.analyze_sheet import Sheet

CUT = "..."
BEFORE = 3  # letters that are shown before the first that differs
MOST = 14  # lines of notes


def shortened(names: Sequence[str], most: int) -> list[str]:
    """Names with so many letters at most, cut at their end, their front or between: they differ."""
    head = [_cut(name, 0, most) for name in names]
    tail = [_cut(name, len(name) - most, most) for name in names]
    half = most // 2
    ends = [name if len(name) <= most else f"{name[:half]}{CUT}{name[-half:]}" for name in names]
    same = [len(set(letters)) == 1 for letters in zip(*names, strict=False)]
    first = max([*same, False].index(False) - BEFORE, 0)
    within = [_cut(name, min(first, len(name) - most), most) for name in names]
    ways = (head, tail, ends, within)
    return max(ways, key=lambda way: (len(set(way)), -ways.index(way)))


def _cut(name: str, first: int, most: int) -> str:
    """Letters of a name that is longer, from the first one on."""
    if len(name) <= most:
        return name
    front = CUT if first > 0 else ""
    back = CUT if first + most < len(name) else ""
    return f"{front}{name[first : first + most]}{back}"


def spread(wanted: Sequence[float], step: float, end: float) -> list[float]:
    """Places of labels near those that are wanted, in order, a step apart, none after the end.

    Where there are more than have room, they begin before 0.
    """
    places: list[float] = []
    for place in wanted:
        places.append(max(place, places[-1] + step) if places else place)
    last = end
    for n in reversed(range(len(places))):
        places[n] = min(places[n], last)
        last = places[n] - step
    return places


def remarks(sheet: Sheet, width: int) -> list[str]:
    """The notes of an analysis and what is wrong with its recording, in lines."""
    own = [f"note: {note}" for note in sheet.notes]
    own += [f"{mark.quality}: {mark.words}" for mark in sheet.marks]
    lines: list[str] = []
    for n, each in enumerate(own):
        lines += wrap(each, width, subsequent_indent="   ")
        more = len(own) - n - 1
        if len(lines) >= MOST and more:
            return [*lines, f"and {more} more"]
    return lines
