"""What happens at once in the counts of a board is told, with a file that shows it."""

import json
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from boards import RATE, START, Clock, Signal, TestBoard, plant, wanted
from comtrade import Comtrade
from measurement.signals import sine
from numpy.typing import NDArray

from smartpdu.app.analyze import Wish, analyze
from smartpdu.drivers.adc import Adc, open_source
from smartpdu.drivers.frames import FORMS, Form, Frame, written
from smartpdu.drivers.recording import Recording
from smartpdu.drivers.recording_names import pairs
from smartpdu.drivers.recordings import read_recording
from smartpdu.drivers.source import NoAnswer
from smartpdu.drivers.watch import AT_ONCE, MOST, Notice, together
from smartpdu.model.event import Event, InrushCaptured, VoltageDisturbed

MOST_COUNT = FORMS[2].most
CYCLE = int(RATE / 50)
Told = list[tuple[tuple[Event, ...], bytes | None]]


@dataclass
class Uneven(Signal):
    """A channel whose wave is multiplied for some time: begin, end and factor of each."""

    times: tuple[tuple[float, float, float], ...] = ()

    def counts(self, at: NDArray[np.float64], frequency: float, form: Form) -> NDArray[Any]:
        values = self.wave.at((at - self.delay) * frequency)
        for begin, end, factor in self.times:
            values[(at - self.delay >= begin) & (at - self.delay < end)] *= factor
        counts = np.rint(values / self.gain + self.offset)
        return np.clip(counts, -form.most - 1, form.most).astype(form.written)


def board(
    *dips: tuple[float, float, float],
    phases: tuple[int, ...] = (1,),
    rushes: tuple[tuple[float, float, float], ...] = (),
    late: float = 0.0,
) -> TestBoard:
    """Three voltages, some with dips, and the current of each phase and of an outlet at L2."""
    signals: list[Signal] = []
    for n in range(3):
        times = dips if n in phases else ()
        turned = sine(230.0, -n / 3)
        signals += [Uneven(f"A/L{n + 1}", "voltage", turned, 700 / MOST_COUNT, times=times)]
        load = sine(6.0, -n / 3 - 0.03)
        signals += [Signal(f"A/L{n + 1}", "current", load, 90 / MOST_COUNT, delay=late)]
    load = sine(1.5, -1 / 3)
    signals += [Uneven("A/o2", "current", load, 90 / MOST_COUNT, times=rushes)]
    leak = sine(0.004, 0.1)
    signals += [Signal("A/feed", "residual_current", leak, 0.5 / MOST_COUNT)]
    return TestBoard(signals, form=FORMS[2], at=START + 1000.0)


async def heard(
    tmp_path: Path, frames: list[Frame], made: TestBoard, seconds: float, silent: float = 0.0
) -> tuple[Told, list[float]]:
    """What a board's frames make the source tell, and when by the wall clock."""
    told: Told = []
    times: list[float] = []
    clock = Clock()
    file = tmp_path / "frames"
    file.write_bytes(b"".join(map(written, frames)))
    about = wanted(plant(), made.settings | {"address": f"file:{file}"}, clock)

    def tell(events: Any, content: bytes | None) -> None:
        told.append((tuple(events), content))
        times.append(clock.now)

    source: Adc = open_source(replace(about, tell=tell))
    end = clock.now + seconds + silent
    while clock.now < end:
        try:
            await source.read()
        except NoAnswer:
            assert clock.now > end - silent
        clock.now += 1
    await source.close()
    return told, times


def every(told: Told, kind: type[Event]) -> list[Any]:
    return [event for events, _ in told for event in events if isinstance(event, kind)]


def reads_back(tmp_path: Path, content: bytes) -> tuple[Recording, Any]:
    """The file by our reader, and what `analyze` finds in it."""
    file = tmp_path / "waveform.cff"
    file.write_bytes(content)
    out = StringIO()
    assert analyze(Wish(file, json=True), out, StringIO()) == 0
    return read_recording(file), json.loads(out.getvalue())


@pytest.mark.requirement("R-8.2-5")
async def test_a_dip_is_told_once_with_its_numbers_and_its_waveform(tmp_path: Path) -> None:
    made = board((2.2, 2.36, 0.6))
    told, times = await heard(tmp_path, list(made.frames(6)), made, 6)

    (dip,) = every(told, VoltageDisturbed)
    assert [len(events) for events, _ in told] == [1]
    assert (dip.place, dip.phases, dip.disturbance) == ("A/L2", ("A/L2",), "dip")
    assert dip.start == pytest.approx(START + 1002.2, abs=0.02)  # a cycle: RMS is of a whole one
    assert dip.duration == pytest.approx(0.16, abs=0.0101)
    assert dip.residual == pytest.approx(138, rel=1e-3)
    assert dip.reference == 230
    assert (dip.itic, dip.f47, dip.whole) == ("interrupted", True, True)
    assert times[0] - 1000 < 2.36 + 0.5 + 1  # the file is half a second ahead of the clock


@pytest.mark.requirement("R-8.2-5")
@pytest.mark.parametrize("end", [2.4, 2.42, 2.45, 2.48, 2.49, 2.499, 2.5, 2.51, 2.9])
async def test_whenever_a_dip_ends_it_is_told_within_a_second(tmp_path: Path, end: float) -> None:
    made = board((end - 0.2, end, 0.6))
    told, times = await heard(tmp_path, list(made.frames(6)), made, 6)
    (dip,) = every(told, VoltageDisturbed)
    ahead = 0.5  # of the clock, that the file is
    assert 0 < times[0] - 1000 + ahead - end <= 1.0
    assert told[0][1] is not None
    assert dip.duration == pytest.approx(0.2, abs=0.0101 * 2)


async def test_the_waveform_of_a_dip_is_true_in_time_names_and_values(tmp_path: Path) -> None:
    made = board((2.2, 2.36, 0.6))
    frames = list(made.frames(6))
    told, _ = await heard(tmp_path, frames, made, 6)
    ((events, content),) = told
    assert isinstance(events[0], VoltageDisturbed)
    assert content is not None

    recording, sheet = reads_back(tmp_path, content)
    assert recording.start is not None
    first = round((recording.start.timestamp() - START - 1000) * RATE)
    counts = np.concatenate([frame.counts for frame in frames])
    names = [channel.name for channel in recording.channels]
    assert {c.side for c in recording.channels} == {"P"}
    for name, signal in (("U A/L2", 2), ("I A/o2", 6), ("Idiff A/feed", 7)):
        column = recording.samples[:, names.index(name)]
        expected = counts[first : first + len(column), signal] * made.signals[signal].gain
        assert column == pytest.approx(expected, abs=2e-4)
    start, end = events[0].start, events[0].start + events[0].duration
    began = recording.start.timestamp()
    assert start - began >= 5 * 0.02
    assert began + len(recording.times) / RATE - end >= 5 * 0.02

    assert {(names[p.voltage], names[p.current]) for p in pairs(recording)} == {
        ("U A/L1", "I A/L1"),
        ("U A/L2", "I A/L2"),
        ("U A/L3", "I A/L3"),
        ("U A/L2", "I A/o2"),
    }
    active = {round(phase["active_power"]) for phase in sheet["phases"] if phase["active_power"]}
    assert round(230 * 6 * np.cos(0.06 * np.pi)) in active


async def test_another_reader_of_comtrade_reads_the_same(tmp_path: Path) -> None:
    made = board((2.2, 2.36, 0.6))
    told, _ = await heard(tmp_path, list(made.frames(6)), made, 6)
    ((_, content),) = told
    assert content is not None
    recording, _ = reads_back(tmp_path, content)

    other = Comtrade()
    other.load(str(tmp_path / "waveform.cff"))
    assert other.rev_year == "2013"
    assert other.station_name == "A/feed"
    assert [c.name for c in other.cfg.analog_channels] == [c.name for c in recording.channels]
    assert other.start_timestamp.timestamp() == pytest.approx(
        recording.start.replace(tzinfo=None).timestamp(), abs=1e-5
    )
    for n in range(len(recording.channels)):
        assert np.array_equal(np.array(other.analog[n], np.float32), recording.samples[:, n])


async def test_analyze_finds_in_the_file_what_the_event_tells(tmp_path: Path) -> None:
    made = board((2.2, 2.36, 0.6), phases=(0, 1))
    told, _ = await heard(tmp_path, list(made.frames(6)), made, 6)
    (dip,) = every(told, VoltageDisturbed)
    assert dip.place == "A/feed"
    assert dip.phases == ("A/L1", "A/L2")
    content = told[0][1]
    assert content is not None
    recording, sheet = reads_back(tmp_path, content)

    (found,) = [event for event in sheet["events"] if event["kind"] == "dip"]
    assert recording.start is not None
    assert recording.start.timestamp() + found["start"] == pytest.approx(dip.start, abs=1e-4)
    assert found["duration"] == pytest.approx(dip.duration, abs=0.0101)  # half a cycle
    assert found["residual"] == pytest.approx(dip.residual, rel=2e-3)
    assert found["channels"] == ["U A/L1", "U A/L2"]


@pytest.mark.requirement("R-5.1-1", "R-5.3-5")
async def test_an_inrush_is_told_with_its_peak_and_heat(tmp_path: Path) -> None:
    made = board(rushes=((0.0, 2.105, 0.0), (2.105, 2.165, 8.0)))
    told, _ = await heard(tmp_path, list(made.frames(5)), made, 5)

    (rush,) = every(told, InrushCaptured)
    assert (rush.place, rush.cause) == ("A/o2", "load plugged in")
    assert rush.start == pytest.approx(START + 1002.105, abs=2e-3)
    assert rush.peak == pytest.approx(8 * 1.5 * np.sqrt(2), rel=1e-3)
    assert rush.i2t == pytest.approx(12**2 * 0.06, rel=0.03)
    assert (rush.before, rush.after) == (pytest.approx(0, abs=1e-3), pytest.approx(1.5, rel=1e-2))
    assert told[0][1] is not None


async def test_what_lasts_is_told_when_that_is_clear_and_again_when_it_is_over(
    tmp_path: Path,
) -> None:
    made = board((2.2, 8.0, 0.0), phases=(0, 1, 2))
    told, times = await heard(tmp_path, list(made.frames(11)), made, 11)

    rows = [(e.disturbance, np.isnan(e.duration)) for e in every(told, VoltageDisturbed)]
    assert rows == [("dip", True), ("interruption", True), ("dip", False), ("interruption", False)]
    assert [len(events) for events, _ in told] == [2, 2]  # each two in one file
    begun, ended = (events[0] for events, _ in told)
    assert begun.start == ended.start
    assert ended.duration == pytest.approx(5.8, abs=0.0101 * 2)
    assert 4.0 <= times[0] - 1000 <= 2.2 + 2 + 1
    assert all(content is not None for _, content in told)
    recording, _ = reads_back(tmp_path, told[0][1] or b"")
    assert len(recording.times) <= MOST * RATE + 1


async def test_what_lasts_keeps_its_start_though_the_board_s_clock_moves(tmp_path: Path) -> None:
    made = board((2.2, 8.0, 0.6))
    frames = [replace(f, at=f.at + 2e-4 * f.counter / RATE) for f in made.frames(11)]
    told, _ = await heard(tmp_path, frames, made, 11)

    begun, ended = every(told, VoltageDisturbed)
    assert np.isnan(begun.duration)
    assert ended.duration == pytest.approx(5.8, abs=0.0101 * 2)
    assert begun.start == ended.start
    parts = [(e.waveform_part, e.waveform_start) for e in (begun, ended)]
    for (part, start), expected, (_, content) in zip(
        parts, ("beginning", "end"), told, strict=True
    ):
        (tmp_path / "part.cff").write_bytes(content or b"")
        recording = read_recording(tmp_path / "part.cff")
        assert part == expected
        assert recording.start is not None
        assert recording.start.timestamp() == pytest.approx(start, abs=2e-6)
    assert parts[1][1] > begun.start + 5


async def test_a_board_that_dies_with_its_feed_still_tells_of_it(tmp_path: Path) -> None:
    made = board((2.2, 9.0, 0.0), phases=(0, 1, 2))
    told, _ = await heard(tmp_path, list(made.frames(2.7)), made, 2, silent=6)

    rows = every(told, VoltageDisturbed)
    lasts = [("dip", True), ("interruption", True)]
    assert [(e.disturbance, np.isnan(e.duration)) for e in rows] == [*lasts, *lasts]
    assert [e.whole for e in rows] == [True, True, False, False]  # and again at the stop
    assert told[0][1] is not None


@pytest.mark.requirement("R-8.2-5")
async def test_a_dip_over_a_gap_is_one_and_says_that_it_was_not_seen_whole(tmp_path: Path) -> None:
    made = board((2.2, 3.4, 0.6))
    frames = list(made.frames(7))
    there = [f for f in frames if not 2.5 <= f.counter / RATE < 2.9]
    told, _ = await heard(tmp_path, there, made, 7)

    (dip,) = every(told, VoltageDisturbed)
    assert (dip.disturbance, dip.whole) == ("dip", False)
    assert dip.start == pytest.approx(START + 1002.2, abs=0.02)
    assert dip.duration == pytest.approx(1.2, abs=0.0101 * 2)


async def test_gaps_and_a_beginning_are_no_events(tmp_path: Path) -> None:
    made = board()
    frames = list(made.frames(9))
    holes = [(2.013, 2.5), (4.007, 4.011), (5.0, 5.03)]
    there = [f for f in frames if not any(a <= f.counter / RATE < b for a, b in holes)]
    assert len(there) < len(frames)
    told, _ = await heard(tmp_path, there, made, 9)
    assert told == []


async def test_a_voltage_that_flickers_is_told_each_time_and_fills_no_disk(tmp_path: Path) -> None:
    dips = tuple((2 + 0.5 * k, 2.08 + 0.5 * k, 0.7) for k in range(30))
    made = board(*dips)
    told, _ = await heard(tmp_path, list(made.frames(19)), made, 19)

    found = every(told, VoltageDisturbed)
    assert [e.disturbance for e in found] == ["dip"] * 30
    assert np.diff([e.start for e in found]) == pytest.approx(0.5, abs=0.011)
    files = [content for _, content in told if content is not None]
    assert len(files) == AT_ONCE
    assert len(told) > AT_ONCE


async def test_time_is_true_behind_a_filter_that_keeps_samples_back(tmp_path: Path) -> None:
    made = board((2.2, 2.36, 0.6), late=31e-6)
    told, _ = await heard(tmp_path, list(made.frames(6)), made, 6)
    ((events, content),) = told
    recording, _ = reads_back(tmp_path, content or b"")
    assert recording.start is not None
    begun = recording.start.timestamp() - START - 1000 + recording.times
    expected = 230 * np.sqrt(2) * np.sin(2 * np.pi * 50 * begun)
    assert recording.samples[:, 0] == pytest.approx(expected, abs=0.2)  # of 102 V in a ms
    assert isinstance(events[0], VoltageDisturbed)


def test_groups_are_no_longer_than_a_waveform_may_be() -> None:
    def notice(first: float, last: float) -> Any:
        return Notice(None, first, last)  # type: ignore[arg-type]

    chain = [notice(k * 10.0, k * 10.0 + 15) for k in range(10)]
    groups = together(chain, 40)
    assert sum(groups, ()) == tuple(chain)
    assert len(groups) > 1
    assert all(g[-1].last - g[0].first <= 40 for g in groups)
