"""What was noticed of a feed as events, and its samples as a COMTRADE file (5, 8)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite, nan, sqrt

import numpy as np

from smartpdu.drivers.board import Course, Line
from smartpdu.drivers.comtrade_written import both_bytes
from smartpdu.drivers.recording import Channel, Recording, Stretch
from smartpdu.drivers.watch import Group
from smartpdu.measurement.disturbance import Disturbance
from smartpdu.measurement.disturbance import Kind as Sort
from smartpdu.measurement.inrush import Inrush
from smartpdu.measurement.tolerance import itic, semi_f47
from smartpdu.model.event import Event, InrushCaptured, VoltageDisturbed
from smartpdu.model.plant import Kind, Plant

FORM = "FLOAT32"
SIGNS = {"voltage": "U", "current": "I", "neutral_current": "IN", "residual_current": "Idiff"}
APART = {"neutral_current": "N", "residual_current": "E"}  # phases that make no power
DOWN = (Sort.DIP, Sort.INTERRUPTION)
PARTS = {  # of something, by whether a file shows its beginning and its end
    (True, True): "whole",
    (True, False): "beginning",
    (False, True): "end",
    (False, False): "middle",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """A feed as it was watched: its channels, and the plant whose places they measure."""

    course: Course
    plant: Plant

    @property
    def feed(self) -> str:
        """The place of the whole."""
        return self.plant.feeds.path[self.course.feed]

    def path(self, channel: int) -> str:
        """The place of a channel."""
        line = self.course.lines[channel]
        return self.plant.table(line.kind).path[line.row]


def events(group: Group, scene: Scene, at: float) -> tuple[Event, ...]:
    """What is told of a group now: inrush, and last the disturbances that may have caused it.

    Who lists events has the newest at the top.
    """
    voltages = sorted((d for d in group.found if isinstance(d, Disturbance)), key=_start)
    lines = scene.course.lines
    starts = dict(zip(group.found, group.starts, strict=True))
    seen = dict(zip(group.found, group.seen, strict=True))
    rushes = [i for i in group.found if isinstance(i, Inrush)]
    currents = sorted((i for i in rushes if lines[i.channel].quantity == "current"), key=_start)
    return (
        *(_rushed(i, starts[i], group, scene, at) for i in currents),
        *(_disturbed(d, (starts[d], seen[d]), group, scene, at) for d in voltages),
    )


def waveform(group: Group, scene: Scene) -> bytes | None:
    """The file of a group's samples; None where there are none."""
    if group.samples is None:
        return None
    return both_bytes(recording(group, scene), FORM)


def recording(group: Group, scene: Scene) -> Recording:
    """A group's samples with names, units, phases and true time."""
    assert group.samples is not None
    rate, course, count = group.clock.rate, scene.course, len(group.samples)
    begun = min(_start(found) for found in group.found)
    return Recording(
        name=scene.feed,
        start=datetime.fromtimestamp(group.clock.moment(group.first), UTC),
        trigger=max(begun - group.first, 0.0) / rate,
        nominal_frequency=course.nominal_frequency,
        channels=tuple(_channel(scene, k) for k in range(len(course.lines))),
        stretches=(Stretch(rate, 0, count),),
        times=np.arange(count) / rate,
        samples=group.samples,
        nominal_voltage=course.nominal_voltage,
        about=_about(group, scene.feed),
    )


def _about(group: Group, place: str) -> tuple[tuple[str, str], ...]:
    """What a file says of why it was kept, and which part of what happened it shows."""
    assert group.samples is not None
    kinds = [d.kind.value if isinstance(d, Disturbance) else "inrush" for d in group.found]
    begun = min(_start(found) for found in group.found)
    last = group.first + len(group.samples)
    parts = ["its beginning"] * (begun >= group.first)
    parts += ["its end"] * all(found.end <= last for found in group.found)  # NaN: it lasts
    start = datetime.fromtimestamp(min(group.starts), UTC) if isfinite(begun) else None
    return (
        ("Place", place),
        ("Kind", ", ".join(dict.fromkeys(kinds))),
        *((("Start", start.isoformat(timespec="microseconds")),) if start else ()),
        ("Part", " and ".join(parts) or "neither its beginning nor its end"),
    )


def _start(found: Disturbance | Inrush) -> float:
    return found.start


def _shown(found: Disturbance | Inrush, group: Group) -> tuple[float, str]:
    """When a group's samples begin, and which part of something they show."""
    if group.samples is None:
        return nan, ""
    begins = found.start >= group.first
    ends = found.end <= group.first + len(group.samples)  # NaN: it lasts
    return group.clock.moment(group.first), PARTS[begins, ends]


def _disturbed(
    d: Disturbance, times: tuple[float, float], group: Group, scene: Scene, at: float
) -> VoltageDisturbed:
    """The event of a disturbance that began at one time, and until another was seen or is NaN."""
    start, seen = times
    unseen = isfinite(seen)
    phases = tuple(scene.path(channel) for channel in d.channels)
    lasted = (d.end - d.start) / group.clock.rate
    duration = nan if unseen else lasted
    place = phases[0] if len(phases) == 1 else scene.feed
    asked = d.kind in DOWN and isfinite(duration)
    begun, part = _shown(d, group)
    return VoltageDisturbed(
        at,
        place,
        disturbance=d.kind.value,
        phases=phases,
        start=start,
        duration=duration,
        residual=d.residual,
        reference=d.reference,
        largest=d.largest,
        lasting=d.lasting,
        itic=_zone(d, duration),
        f47=semi_f47(_share(d), duration) if asked else None,
        whole=d.whole,
        waveform_start=begun,
        waveform_part=part,
        end_unseen=unseen,
        at_least=max(seen - start, 0.0) if unseen else nan,
        at_most=lasted if unseen else nan,
    )


def _share(d: Disturbance) -> float:
    """Its voltage in percent of the reference; of a transient, of peaks."""
    if d.kind is Sort.TRANSIENT:
        return 100 * (1 + d.largest / (sqrt(2) * d.reference))
    return 100 * d.residual / d.reference


def _zone(d: Disturbance, duration: float) -> str | None:
    if d.kind is Sort.RAPID_CHANGE or not isfinite(duration):
        return None
    return itic(_share(d), duration).name.lower()


def _rushed(i: Inrush, start: float, group: Group, scene: Scene, at: float) -> InrushCaptured:
    begun, part = _shown(i, group)
    return InrushCaptured(
        at,
        scene.path(i.channel),
        start=start,
        duration=(i.end - i.start) / group.clock.rate,
        peak=i.peak,
        width=i.width,
        i2t=i.i2t,
        rms=i.rms,
        before=i.before,
        after=i.after if i.settled else nan,
        angle=i.angle,
        cause=i.cause.value,
        settled=i.settled,
        waveform_start=begun,
        waveform_part=part,
    )


def _channel(scene: Scene, number: int) -> Channel:
    """A channel as a reader pairs it: currents with the voltage of their phase."""
    line, course = scene.course.lines[number], scene.course
    voltage = np.flatnonzero(course.group == course.group[number])[0]
    phase = APART.get(line.quantity) or scene.path(int(voltage)).rsplit("/", 1)[-1]
    kind = "voltage" if line.quantity == "voltage" else "current"
    name = f"{SIGNS[line.quantity]} {scene.path(number)}"
    return Channel(name, kind, "V" if kind == "voltage" else "A", phase, side="P")


def switched(course: Course, plant: Plant, outlet: str) -> tuple[int, ...]:
    """The channels of the currents behind a relay: its outlet's, its circuit's, its phase's."""
    row = plant.outlets.path.index(outlet)
    rows = {
        Kind.OUTLET: row,
        Kind.CIRCUIT: int(plant.outlets.circuit[row]),
        Kind.PHASE: int(plant.outlets.phase[row]),
    }
    return tuple(k for k, line in enumerate(course.lines) if _carries(line, rows))


def _carries(line: Line, rows: dict[Kind, int]) -> bool:
    return line.quantity == "current" and rows.get(line.kind, -1) == line.row
