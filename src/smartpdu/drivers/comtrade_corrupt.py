"""Fields of an ASCII .dat that are no numbers: what they were is told, and they are missing."""

from collections.abc import Iterator, Sequence

from smartpdu.drivers.comtrade_config import Config
from smartpdu.drivers.recording import Mark, Quality, counted
from smartpdu.drivers.recording_text import Odd
from smartpdu.model.units import Column

SEVERAL = 6  # that are told one by one
COUNTED = 2  # columns before the channels: number and time stamp of the sample


def corrupt(odd: Sequence[Odd], config: Config, file: str) -> Iterator[Mark]:
    """A mark for each field that is no number; one for all that are too many to be told."""
    for each in odd[:SEVERAL]:
        name, channel = _what(each, config)
        expected = counted(each.fields, "field") if each.column is None else "a number"
        words = f"{file}, {each.where}: found {each.found}, expected {expected}: {name}"
        yield Mark(Quality.CORRUPT, words, channel, each.row, 1)
    more = odd[SEVERAL:]
    if more:
        lost = sum(each.fields for each in more)
        rest = "1 more field is no number" if lost == 1 else f"{lost} more fields are no numbers"
        words = f"{file}: {rest}"
        yield Mark(Quality.CORRUPT, words, None, more[0].row, len({each.row for each in more}))


def _what(odd: Odd, config: Config) -> tuple[str, int | None]:
    """What is done without a field, and the channel that it is of."""
    if odd.column is None:
        return "this row is missing", None
    if odd.column < COUNTED:
        name = ("sample number", "time stamp")[odd.column]
        return f"the {name} is taken from those beside it", None
    channel = odd.column - COUNTED
    if channel < len(config.analog):
        return f"{config.analog[channel].channel.name} is missing there", channel
    return f"{config.digital[channel - len(config.analog)]} is taken as 0 there", None


def settled(rows: Column, odd: Sequence[Odd], analogs: int) -> None:
    """Do without fields that are no numbers: samples stay NaN, a digital channel is 0.

    Number and time stamp of a sample are those halfway between its neighbours'.
    """
    digital = COUNTED + analogs
    for each in odd:
        columns = slice(None) if each.column is None else slice(each.column, each.column + 1)
        first, end, _ = columns.indices(rows.shape[1])
        if first < COUNTED and 0 < each.row < len(rows) - 1:
            counted = slice(first, min(end, COUNTED))
            beside = rows[each.row - 1, counted] + rows[each.row + 1, counted]
            rows[each.row, counted] = beside / 2
        rows[each.row, max(first, digital) : end] = 0
