"""What the channels of a measuring board are: a quantity of a place each, with its calibration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

import numpy as np

from smartpdu.drivers.calibration import LONGEST, Calibration
from smartpdu.drivers.source import SettingsError, nearest
from smartpdu.measurement.channels import CYCLES, Channels
from smartpdu.model.plant import Kind, Plant, places
from smartpdu.model.units import Ampere, Hertz, Rows

UNUSED = "none"  # the place of a channel that nothing is connected to
THREE = 3  # voltages that turn together
SMALLEST, GREATEST = 1e-12, 1e4  # V or A of one count: beyond, nothing is measured
FARTHEST = 2**31  # counts: more no form of a frame has
KEYS = ("place", "quantity", "gain", "offset", "delay")
QUANTITIES = {
    Kind.PHASE: ("voltage", "current"),
    Kind.CIRCUIT: ("current", "residual_current"),
    Kind.OUTLET: ("current",),
    Kind.FEED: ("neutral_current", "residual_current"),
}
ALL = sorted({quantity for several in QUANTITIES.values() for quantity in several})


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel as the site describes it."""

    place: str
    quantity: str
    gain: float
    offset: float
    delay: float


@dataclass(frozen=True, slots=True)
class Line:
    """What a channel measures, as a row of the part."""

    column: int  # of the frame
    kind: Kind
    row: int
    quantity: str
    rated_current: Ampere = nan  # of the place; NaN where it has none


@dataclass(frozen=True, slots=True)
class Course:
    """The channels of one feed in the order of a stream: each voltage, then what belongs to it."""

    feed: int
    phases: int  # that the feed has, measured or not
    lines: tuple[Line, ...]
    group: Rows
    calibration: Calibration
    nominal_frequency: float
    nominal_voltage: float
    systems: Rows  # channels of three voltages that turn together, (systems, 3)

    @property
    def columns(self) -> Rows:
        """Columns of the frame."""
        return np.array([line.column for line in self.lines], dtype=np.int64)

    def channels(self, rate: Hertz) -> Channels:
        """The channels of the stream at that rate."""
        return Channels(rate, self.nominal_frequency, self.nominal_voltage, self.group)


@dataclass(frozen=True, slots=True)
class Board:
    """All channels of a board, by feed."""

    channels: int  # in a frame
    courses: tuple[Course, ...]


def channels(settings: Mapping[str, Any]) -> list[Channel]:
    """The channels of a source's settings; raises SettingsError."""
    tables = settings.get("channel")
    whole = isinstance(tables, list) and all(isinstance(table, dict) for table in tables)
    if not whole or not tables:
        found = "nothing" if tables is None else repr(tables)
        raise SettingsError("channel", found, "tables written [[source.channel]]")
    return [_channel(f"channel[{number}]", table) for number, table in enumerate(tables, 1)]


def board(described: Sequence[Channel], plant: Plant) -> Board:
    """The board with these channels on a part of a plant; raises SettingsError."""
    lines = [
        (line, one)
        for column, one in enumerate(described)
        if one.place != UNUSED
        for line in [_line(plant, column, one)]
    ]
    seen: dict[tuple[str, str], int] = {}
    for line, one in lines:
        if (one.place, one.quantity) in seen:
            first = seen[one.place, one.quantity] + 1
            where, found = f"channel[{line.column + 1}].place", repr(one.place)
            raise SettingsError(where, found, f"a place other than that of channel {first}")
        seen[one.place, one.quantity] = line.column
    feeds = sorted({_feed(plant, line) for line, _ in lines})
    return Board(len(described), tuple(_course(plant, feed, lines) for feed in feeds))


def _channel(where: str, table: Mapping[str, Any]) -> Channel:
    for key in table:
        if key not in KEYS:
            raise SettingsError(f"{where}.{key}", "an unknown key", nearest(key, KEYS))
    place = table.get("place")
    if not isinstance(place, str) or not place:
        found = "nothing" if place is None else repr(place)
        raise SettingsError(f"{where}.place", found, f"the path of a place, or {UNUSED!r}")
    if place == UNUSED:
        return Channel(place, "", 1.0, 0.0, 0.0)
    quantity = table.get("quantity")
    if quantity not in ALL:
        found = "nothing" if quantity is None else repr(quantity)
        raise SettingsError(f"{where}.quantity", found, f"one of {', '.join(ALL)}")
    gain, offset, delay = (
        _number(f"{where}.{key}", table.get(key, default))
        for key, default in (("gain", None), ("offset", 0.0), ("delay", 0.0))
    )
    if not SMALLEST <= abs(gain) <= GREATEST:
        expected = f"volts or amperes of one count, {SMALLEST:g} to {GREATEST:g}, or below 0"
        raise SettingsError(f"{where}.gain", f"{gain:g}", expected)
    if abs(offset) > FARTHEST:
        raise SettingsError(f"{where}.offset", f"{offset:g}", f"{-FARTHEST} to {FARTHEST}")
    if abs(delay) > LONGEST:
        raise SettingsError(f"{where}.delay", f"{delay:g}", f"{-LONGEST:g} to {LONGEST:g} s")
    return Channel(place, quantity, gain, offset, delay)


def _number(where: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise SettingsError(where, "nothing" if value is None else repr(value), "a number")
    return float(value)


def _line(plant: Plant, column: int, one: Channel) -> Line:
    kind, row = places(plant).get(one.place, (None, -1))
    where = f"channel[{column + 1}]"
    if kind not in QUANTITIES:
        expected = "a feed, phase, circuit or outlet of this source"
        raise SettingsError(f"{where}.place", repr(one.place), expected)
    if one.quantity not in QUANTITIES[kind]:
        expected = f"{' or '.join(QUANTITIES[kind])}, at one of the {kind.value}"
        raise SettingsError(f"{where}.quantity", repr(one.quantity), expected)
    rated = getattr(plant.table(kind), "rated_current", None)
    return Line(column, kind, row, one.quantity, nan if rated is None else float(rated[row]))


def _course(plant: Plant, feed: int, lines: Sequence[tuple[Line, Channel]]) -> Course:
    own = [(line, one) for line, one in lines if _feed(plant, line) == feed]
    frequency = float(plant.feeds.nominal_frequency[feed])
    if frequency not in CYCLES:
        known = " or ".join(f"{f:g}" for f in CYCLES)
        place = plant.feeds.path[feed]
        raise SettingsError("nominal_frequency", f"{frequency:g}", f"{known} Hz", place=place)
    fed = [line.row for line, _ in own if line.quantity == "voltage"]
    if not fed:
        expected = f"a voltage of {plant.feeds.path[feed]}, which other channels need"
        raise SettingsError(
            f"channel[{own[0][0].column + 1}].quantity", own[0][1].quantity, expected
        )
    ordered = sorted(own, key=lambda pair: _order(plant, pair, fed))
    numbers = {phase: number for number, phase in enumerate(fed)}
    group = [numbers[_phase(plant, line, fed)] for line, _ in ordered]
    calibration = Calibration(
        *(
            np.array([getattr(one, name) for _, one in ordered], dtype=np.float64)
            for name in ("gain", "offset", "delay")
        )
    )
    voltage = float(plant.phases.nominal_voltage[fed[0]])
    course = tuple(line for line, _ in ordered)
    phases = int((plant.phases.feed == feed).sum())
    numbered = np.array(group, dtype=np.int64)
    systems = _systems(plant, course)
    return Course(feed, phases, course, numbered, calibration, frequency, voltage, systems)


def _systems(plant: Plant, lines: Sequence[Line]) -> Rows:
    """The channels of the three voltages, in the order of the line conductors; none if fewer."""
    voltages = [(line.row, c) for c, line in enumerate(lines) if line.quantity == "voltage"]
    order = sorted(voltages, key=lambda pair: int(plant.phases.line[pair[0]]))
    whole = len(order) == THREE
    return np.array([[c for _, c in order]] if whole else np.empty((0, THREE)), dtype=np.int64)


def _order(plant: Plant, pair: tuple[Line, Channel], fed: Sequence[int]) -> tuple[int, bool, int]:
    line, one = pair
    phase = _phase(plant, line, fed)
    if phase not in fed:
        expected = f"a channel for the voltage of {plant.phases.path[phase]} as well"
        raise SettingsError(f"channel[{line.column + 1}].place", repr(one.place), expected)
    return fed.index(phase), line.quantity != "voltage", line.column


def _phase(plant: Plant, line: Line, fed: Sequence[int]) -> int:
    """The phase whose voltage a channel belongs to; what is of the whole feed, to the first."""
    if line.kind is Kind.FEED:
        return fed[0]
    if line.kind is Kind.PHASE:
        return line.row
    table = plant.circuits if line.kind is Kind.CIRCUIT else plant.outlets
    return int(table.phase[line.row])


def _feed(plant: Plant, line: Line) -> int:
    if line.kind is Kind.FEED:
        return line.row
    return int(plant.phases.feed[_phase(plant, line, ())])
