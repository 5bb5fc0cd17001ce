"""What five recorded PDUs tell, worked out by hand from the makers' MIBs and not from our maps."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from device import Oid, oid

B = "1.3.6.1.4.1.13742.6"
R = "1.3.6.1.4.1.318.1.1.26"
E = "1.3.6.1.4.1.534.6.6.7"
V = "1.3.6.1.4.1.476.1.42.3.8"
S = "1.3.6.1.4.1.1718.3"
WH, KWH = 3600.0, 3.6e6  # J

Expected = dict[tuple[str, str], tuple[float, float]]  # place, quantity: value, step of the device


@dataclass(frozen=True)
class Line:
    """A quantity of some places: where it stands, what one step is, and when it is no reading."""

    place: str
    quantity: str
    at: str  # an OID, with {} for the place's own number
    step: float
    rows: range = range(1, 2)
    gap: Callable[[int], bool] = lambda _: False
    words: dict[int, float] = field(default_factory=dict)


def negative(value: int) -> bool:
    return value < 0


def nothing(value: int) -> bool:
    return value <= 0


APC = (
    Line("feed", "active_power", f"{R}.4.3.1.5.{{}}", 10),
    Line("feed", "apparent_power", f"{R}.4.3.1.16.{{}}", 10),
    Line("feed", "power_factor", f"{R}.4.3.1.17.{{}}", 0.01),
    Line("feed", "active_energy", f"{R}.4.3.1.9.{{}}", 0.1 * KWH),
    Line("L1", "voltage", f"{R}.6.3.1.6.{{}}", 1),
    Line("L1", "current", f"{R}.6.3.1.5.{{}}", 0.1),
    Line("L1", "active_power", f"{R}.6.3.1.7.{{}}", 10),
    Line("L1", "apparent_power", f"{R}.6.3.1.8.{{}}", 10),
    Line("L1", "power_factor", f"{R}.6.3.1.9.{{}}", 0.01),
    Line("circuit/{}", "current", f"{R}.8.3.1.5.{{}}", 0.1, range(1, 3)),
    Line("outlet/{}", "current", f"{R}.9.4.3.1.6.{{}}", 0.1, range(1, 25)),
    Line("outlet/{}", "active_power", f"{R}.9.4.3.1.7.{{}}", 1, range(1, 25)),
    Line("outlet/{}", "active_energy", f"{R}.9.4.3.1.11.{{}}", 0.1 * KWH, range(1, 25)),
    Line("outlet/{}", "on", f"{R}.9.2.3.1.5.{{}}", 1, range(1, 25), words={1: 0, 2: 1}),
)
EATON = (
    Line("feed", "frequency", f"{E}.3.1.1.3.0.1", 0.1),
    Line("feed", "active_power", f"{E}.3.5.1.4.0.1", 1),
    Line("feed", "apparent_power", f"{E}.3.5.1.3.0.1", 1),
    Line("feed", "power_factor", f"{E}.3.5.1.7.0.1", 0.001),
    Line("feed", "active_energy", f"{E}.3.5.1.5.0.1", WH),
    Line("L1", "voltage", f"{E}.3.2.1.3.0.1.1", 0.001),
    Line("L1", "current", f"{E}.3.3.1.4.0.1.1", 0.001),
    Line("L1", "crest_factor", f"{E}.3.3.1.10.0.1.1", 0.001),
    Line("L1", "active_power", f"{E}.3.4.1.4.0.1.1", 1),
    Line("L1", "apparent_power", f"{E}.3.4.1.3.0.1.1", 1),
    Line("L1", "power_factor", f"{E}.3.4.1.7.0.1.1", -0.001),  # the sign is the current's
    Line("L1", "active_energy", f"{E}.3.4.1.5.0.1.1", WH),
    Line("outlet/{}", "current", f"{E}.6.4.1.3.0.{{}}", 0.001, range(1, 25)),
    Line("outlet/{}", "crest_factor", f"{E}.6.4.1.9.0.{{}}", 0.001, range(1, 25), nothing),
    Line("outlet/{}", "active_power", f"{E}.6.5.1.3.0.{{}}", 1, range(1, 25)),
    Line("outlet/{}", "apparent_power", f"{E}.6.5.1.2.0.{{}}", 1, range(1, 25)),
    Line("outlet/{}", "active_energy", f"{E}.6.5.1.4.0.{{}}", WH, range(1, 25)),
    Line("outlet/{}", "on", f"{E}.6.6.1.2.0.{{}}", 1, range(1, 25), words={0: 0, 1: 1}),
)
VERTIV = (
    Line("feed", "active_power", f"{V}.30.20.1.65.1.1", 1),
    Line("feed", "apparent_power", f"{V}.30.20.1.90.1.1", 1),
    Line("feed", "active_energy", f"{V}.30.20.1.50.1.1", 0.1 * KWH),
    Line("feed", "neutral_current", f"{V}.30.20.1.70.1.1", 0.1),
    Line("L1", "voltage", f"{V}.30.40.1.19.1.1.1", 0.1),
    Line("L1", "current", f"{V}.30.40.1.22.1.1.1", 0.01),
    Line("L1", "active_power", f"{V}.30.40.1.63.1.1.1", 1),
    Line("L1", "apparent_power", f"{V}.30.40.1.65.1.1.1", 1),
    Line("L1", "power_factor", f"{V}.30.40.1.67.1.1.1", 0.01),
    Line("circuit/1", "voltage", f"{V}.40.20.1.100.1.2", 0.1),
    Line("circuit/1", "current", f"{V}.40.20.1.130.1.2", 0.01),
    Line("circuit/1", "active_power", f"{V}.40.20.1.115.1.2", 1),
    Line("circuit/1", "apparent_power", f"{V}.40.20.1.120.1.2", 1),
    Line("circuit/1", "power_factor", f"{V}.40.20.1.125.1.2", 0.01),
    Line("circuit/1", "active_energy", f"{V}.40.20.1.85.1.2", 0.1 * KWH),
    Line("outlet/{}", "voltage", f"{V}.50.20.1.56.1.2.{{}}", 0.1, range(1, 17)),
    Line("outlet/{}", "current", f"{V}.50.20.1.61.1.2.{{}}", 0.01, range(1, 17)),
    Line("outlet/{}", "active_power", f"{V}.50.20.1.65.1.2.{{}}", 1, range(1, 17)),
    Line("outlet/{}", "apparent_power", f"{V}.50.20.1.70.1.2.{{}}", 1, range(1, 17)),
    Line("outlet/{}", "power_factor", f"{V}.50.20.1.75.1.2.{{}}", 0.01, range(1, 17), nothing),
    Line("outlet/{}", "crest_factor", f"{V}.50.20.1.162.1.2.{{}}", 0.01, range(1, 17), nothing),
    Line("outlet/{}", "frequency", f"{V}.50.20.1.80.1.2.{{}}", 0.1, range(1, 17)),
    Line("outlet/{}", "active_energy", f"{V}.50.20.1.85.1.2.{{}}", 0.1 * KWH, range(1, 17)),
    Line("outlet/{}", "on", f"{V}.50.20.1.95.1.2.{{}}", 1, range(1, 17), words={1: 0, 2: 1}),
)
SENTRY = (
    Line("L{}", "current", f"{S}.2.2.1.7.1.{{}}", 0.01, range(1, 4), negative),
    *(
        Line(
            "outlet/{}",
            "current",
            f"{S}.2.3.1.7.1.{infeed + 1}.{{-{10 * infeed}}}",
            0.01,
            range(10 * infeed + 1, 10 * infeed + 11),
            negative,
        )
        for infeed in range(3)
    ),
)
LINES = {"lextudio-apc-8641": APC, "eatonpdu_2": EATON, "liebert_mph2rg": VERTIV} | {
    "sentry3_switched": SENTRY
}


RARITAN_OUTLET = {  # sensor types of the MIB, and what one of their unit is in ours
    "voltage": (4, 1),
    "current": (1, 1),
    "active_power": (5, 1),
    "apparent_power": (6, 1),
    "power_factor": (7, 1),
    "crest_factor": (51, 1),
    "thd_voltage": (57, 1),
    "thd_current": (58, 1),
    "frequency": (23, 1),
    "active_energy": (8, WH),
}
RARITAN_FEED = {
    "active_power": (5, 1),
    "apparent_power": (6, 1),
    "power_factor": (7, 1),
    "active_energy": (8, WH),
    "frequency": (23, 1),
}


def expected(name: str, values: dict[Oid, Any]) -> Expected:
    """All that a recording tells of what we know, by place and quantity."""
    if name == "raritan-pdu_px4":
        return dict(_raritan(values))
    made: Expected = {}
    for line in LINES[name]:
        for row in line.rows:
            number, _, less = line.at.partition("{-")
            at = f"{number}{row - int(less.rstrip('}'))}" if less else line.at.format(row)
            raw = int(values[oid(at)])
            if not line.gap(raw):
                value = line.words[raw] if line.words else raw * line.step
                made[line.place.format(row), line.quantity] = (float(value), abs(line.step))
    if name == "eatonpdu_2":
        for row in range(1, 25):  # the sign of the current, a thousandth a step
            raw = int(values[oid(f"{E}.6.5.1.6.0.{row}")])
            made[f"outlet/{row}", "power_factor"] = (abs(raw) / 1000, 0.001)
    return made


def _raritan(values: dict[Oid, Any]) -> Iterator[tuple[tuple[str, str], tuple[float, float]]]:
    for quantity, (kind, factor) in RARITAN_FEED.items():
        step = factor / 10 ** int(values[oid(f"{B}.3.3.4.1.7.1.1.{kind}")])
        yield ("feed", quantity), (int(values[oid(f"{B}.5.2.3.1.4.1.1.{kind}")]) * step, step)
    for row in range(1, 37):
        yield (
            (f"outlet/{row}", "on"),
            (float(int(values[oid(f"{B}.5.4.3.1.3.1.{row}.14")]) == 7), 1.0),
        )
        for quantity, (kind, factor) in RARITAN_OUTLET.items():
            if int(values[oid(f"{B}.5.4.3.1.3.1.{row}.{kind}")]) == -1:
                continue  # unavailable
            step = factor / 10 ** int(values[oid(f"{B}.3.5.4.1.7.1.{row}.{kind}")])
            raw = int(values[oid(f"{B}.5.4.3.1.4.1.{row}.{kind}")])
            yield (f"outlet/{row}", quantity), (raw * step, step)
