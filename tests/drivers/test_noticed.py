"""A day of the twin through its waves: dips, a feed that is lost and returns, inrush of loads."""

import json
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from boards import START, Clock

from smartpdu.app.analyze import Wish, analyze
from smartpdu.app.config import demo
from smartpdu.drivers.recordings import read_recording
from smartpdu.drivers.simulator import open_source
from smartpdu.drivers.source import Source, Wanted
from smartpdu.model.command import Priority, SwitchOutlet
from smartpdu.model.event import Event, InrushCaptured, VoltageDisturbed
from smartpdu.model.plant import part

OUTLET = "rack1/A/outlet/1"


@dataclass
class Day:
    """The demonstration rack with waves, and all that was told of it."""

    faults: list[dict[str, Any]]
    told: list[tuple[float, tuple[Event, ...], bytes | None]] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        site = demo()
        twin = {**site.sections["twin"], "waves": True, "seed": 1, "fault": self.faults}
        shared: dict[str, Any] = {}
        self.sources: list[Source] = []
        for row, source in enumerate(site.sources):
            own, ports = part(site.plant, row), self.clock.ports()
            about = (source.path, source.settings, own, site.plant, {"twin": twin}, shared, ports)
            self.sources.append(open_source(Wanted(*about, tell=self._tell)))

    def _tell(self, events: Any, content: bytes | None) -> None:
        self.told.append((self.clock.now, tuple(events), content))

    async def lasts(self, seconds: int) -> None:
        for _ in range(seconds):
            for source in self.sources:
                await source.read()
            self.clock.now += 1

    async def orders(self, outlet: str, on: bool) -> None:
        await self.sources[0].obey(SwitchOutlet("1", outlet, on, "olga", Priority.PERSON))

    async def ends(self) -> None:
        for source in self.sources:
            await source.close()

    def every(self, kind: type[Event]) -> list[Any]:
        return [e for _, events, _ in self.told for e in events if isinstance(e, kind)]

    def waveform(self, of: Event) -> bytes:
        (content,) = [content for _, events, content in self.told if of in events]
        assert content is not None
        return content


@pytest.mark.requirement("R-8.2-5")
async def test_a_dip_of_the_twin_is_told_and_its_file_shows_the_same(tmp_path: Path) -> None:
    day = Day([{"kind": "undervoltage", "place": "rack1/A/feed", "at": 5, "lasts": 1, "size": 0.6}])
    await day.lasts(9)
    await day.ends()

    (dip,) = day.every(VoltageDisturbed)
    assert (dip.place, dip.disturbance) == ("rack1/A/feed", "dip")
    assert dip.phases == ("rack1/A/L1", "rack1/A/L2", "rack1/A/L3")
    assert dip.start == pytest.approx(START + 1005, abs=0.05)  # what a block of the twin lasts
    assert dip.duration == pytest.approx(1, abs=0.0201)
    assert 0.59 * 230 < dip.residual < 0.61 * 230
    assert (dip.itic, dip.whole) == ("interrupted", True)
    assert day.told[0][0] - 1000 <= 6 + 1

    file = tmp_path / "dip.cff"
    file.write_bytes(day.waveform(dip))
    out = StringIO()
    assert analyze(Wish(file, json=True), out, StringIO()) == 0
    (found,) = [e for e in json.loads(out.getvalue())["events"] if e["kind"] == "dip"]
    began = read_recording(file).start
    assert began is not None
    assert began.timestamp() + found["start"] == pytest.approx(dip.start, abs=0.011)
    assert found["duration"] == pytest.approx(dip.duration, abs=0.011)
    assert found["residual"] == pytest.approx(dip.residual, rel=5e-3)


@pytest.mark.requirement("R-5.1-1", "R-8.2-5")
async def test_a_feed_that_returns_is_an_interruption_and_an_inrush_of_its_loads() -> None:
    day = Day([{"kind": "feed_loss", "place": "rack1/B/feed", "at": 5, "lasts": 4}])
    await day.lasts(14)
    await day.ends()

    told = day.every(VoltageDisturbed)
    rows = [(e.disturbance, bool(np.isfinite(e.duration))) for e in told]
    assert rows == [("dip", False), ("interruption", False), ("dip", True), ("interruption", True)]
    assert {e.place for e in told} == {"rack1/B/feed"}
    assert told[2].duration == pytest.approx(4, abs=0.0301)
    rushes = day.every(InrushCaptured)
    assert {e.cause for e in rushes} == {"voltage returned"}
    assert {e.place.split("/")[2] for e in rushes} == {"outlet", "circuit", "L1", "L2", "L3"}
    assert all(0 <= e.start - (START + 1009) < 0.06 for e in rushes)
    phase = next(e for e in rushes if e.place == "rack1/B/L1")
    outlets = [e.peak for e in rushes if "outlet" in e.place]
    assert max(outlets) < phase.peak < sum(outlets)
    # the return of the voltage and what it makes rush in share one file
    assert [len(events) for _, events, _ in day.told] == [2, 2 + len(rushes)]
    assert all(content is not None for _, _, content in day.told)
    assert (told[0].start, told[1].start) == (told[2].start, told[3].start)
    assert [e.waveform_part for e in told] == ["beginning", "beginning", "end", "end"]
    assert (told[1].itic, told[1].f47, told[3].itic) == (None, None, "interrupted")


async def test_what_lasts_when_the_program_stops_is_told_once_more_as_not_whole() -> None:
    day = Day([{"kind": "feed_loss", "place": "rack1/B/feed", "at": 5, "lasts": 60}])
    await day.lasts(10)
    told = day.every(VoltageDisturbed)
    assert [(e.disturbance, e.whole) for e in told] == [("dip", True), ("interruption", True)]
    await day.ends()
    again = day.every(VoltageDisturbed)[2:]
    assert [(e.disturbance, e.whole) for e in again] == [("dip", False), ("interruption", False)]
    assert all(np.isnan(e.duration) for e in again)
    assert [e.start for e in again] == [e.start for e in told]
    assert {e.waveform_part for e in again} == {"middle"}


@pytest.mark.requirement("R-5.3-6")
async def test_an_inrush_is_linked_to_the_order_that_caused_it() -> None:
    day = Day([])
    await day.lasts(3)
    await day.orders(OUTLET, False)
    await day.lasts(4)
    day.clock.now -= 0.63  # between two reads
    await day.orders(OUTLET, True)
    ordered = START + day.clock.now
    day.clock.now += 0.63
    await day.lasts(3)
    await day.ends()

    assert day.every(VoltageDisturbed) == []
    rushes = {e.place: e for e in day.every(InrushCaptured)}
    assert set(rushes) == {OUTLET, "rack1/A/circuit/1", "rack1/A/L1"}
    assert {e.cause for e in rushes.values()} == {"outlet switched on"}
    own = rushes[OUTLET]
    assert own.start == pytest.approx(ordered, abs=0.1)
    assert own.before < 0.01
    assert own.peak > 10
    assert own.i2t > 0.1


async def test_a_quiet_rack_tells_nothing() -> None:
    day = Day([{"kind": "leakage_step", "place": "rack1/A/feed", "at": 4, "size": 0.02}])
    await day.lasts(20)
    await day.ends()
    assert day.told == []
