"""An analysis as JSON: SI units, percent of the fundamental, seconds from the first sample."""

import json
from math import isfinite
from typing import Any

import numpy as np

from smartpdu.app.analyze_sheet import FOUND, GIVEN, TOLD, Sheet, kind, struck
from smartpdu.drivers.recording import Mark
from smartpdu.measurement.inrush import Inrush
from smartpdu.measurement.report_follow import Event

SOURCES = {GIVEN: "given", TOLD: "file", FOUND: "found"}


def plain(sheet: Sheet) -> str:
    """The analysis as one line of JSON; null for what cannot be had."""
    found = sheet.analysis
    whole = {
        "sample_rate": sheet.recording.rate,
        "frequency": found.frequency,
        **_nominal(sheet),
        **_origin(sheet),
        "span": _span(sheet),
        "channels": [_channel(sheet, n) for n in range(len(sheet.recording.channels))],
        "phases": [
            {
                "name": name,
                "voltage": sheet.name(power.voltage),
                "current": sheet.name(power.current),
                "active_power": power.active,
                "reactive_power": power.reactive,
                "apparent_power": power.apparent,
                "power_factor": power.power_factor,
                "displacement_factor": power.displacement_factor,
            }
            for name, power in zip(sheet.phases, found.powers, strict=True)
        ],
        "events": [_event(sheet, event) for event in found.events],
    }
    return _line(whole)


def _nominal(sheet: Sheet) -> dict[str, Any]:
    """The nominal voltage of the leading voltage, and where it comes from."""
    levels = [system.nominal for system in sheet.analysis.systems]
    known = bool(levels) and isfinite(levels[0])
    return {
        "nominal_voltage": levels[0] if known else None,
        "nominal_voltage_from": SOURCES.get(sheet.nominal_from) if known else None,
    }


def _origin(sheet: Sheet) -> dict[str, Any]:
    """When a recording begins, and who made it, as far as its file tells."""
    recording = sheet.recording
    own = recording.name.strip() if recording.name != sheet.file else ""
    return {
        "start": recording.start.isoformat() if recording.start else None,
        "station": own or None,
    }


def _span(sheet: Sheet) -> dict[str, Any] | None:
    """The whole cycles that values are those of."""
    extent = sheet.analysis.extent
    if extent is None:
        return None
    start, end = sheet.seconds(extent.start), sheet.seconds(extent.end)
    return {"start": start, "end": end, "cycles": extent.cycles}


def plain_notes(sheet: Sheet) -> list[str]:
    """What is wrong with the recording and what values rest on, each as a line of JSON."""
    return [_line(_marked(sheet, mark)) for mark in sheet.marks] + [
        _line({"file": sheet.file, "quality": "note", "words": words}) for words in sheet.notes
    ]


def _marked(sheet: Sheet, mark: Mark) -> dict[str, Any]:
    """A mark: what is wrong, of which channel (null: of all), from when on, and how often."""
    return {
        "file": sheet.file,
        "quality": mark.quality,
        "channel": None if mark.channel is None else sheet.name(mark.channel),
        "start": sheet.seconds(mark.first),
        "samples": mark.count,
        "words": mark.words,
    }


def _line(whole: dict[str, Any]) -> str:
    return json.dumps(_known(whole), ensure_ascii=False, allow_nan=False)


def _channel(sheet: Sheet, n: int) -> dict[str, Any]:
    channel, found = sheet.recording.channels[n], sheet.analysis
    level = [system.nominal for system in found.systems if n in system.channels]
    waves = isfinite(found.harmonics[0, n])
    angle = np.angle(found.phasor[n], deg=True)
    return {
        "name": channel.name,
        "unit": channel.unit,
        "kind": channel.kind,
        "rms": found.rms[n],
        "dc": found.mean[n],
        "peak": found.peak[n],
        "crest_factor": found.crest_factor[n],
        "thd": found.thd[n],
        "harmonics": found.harmonics[:, n].tolist(),
        "nominal_voltage": level[0] if level else None,
        "fundamental": abs(found.phasor[n]) if waves else None,
        "fundamental_angle": angle if waves else None,
    }


def _event(sheet: Sheet, event: Event) -> dict[str, Any]:
    return {
        "kind": kind(event),
        "start": sheet.seconds(event.start),
        "duration": sheet.lasted(event),
        "channels": [sheet.name(c) for c in struck(event)],
        "residual": _residual(event),
        "i2t": event.i2t if isinstance(event, Inrush) else None,
        "angle": event.angle if isinstance(event, Inrush) else None,
        "cause": str(event.cause) if isinstance(event, Inrush) else None,
    }


def _residual(event: Event) -> float:
    """The voltage that was left; of a swell the highest; else how far off, or the peak."""
    if isinstance(event, Inrush):
        return event.peak
    return event.residual if isfinite(event.residual) else event.largest


def _known(value: Any) -> Any:
    """The same with null for each number that is none."""
    match value:
        case dict():
            return {key: _known(each) for key, each in value.items()}
        case list():
            return [_known(each) for each in value]
        case str() | int() | None:
            return value
    number = float(value)
    return number if isfinite(number) else None
