"""Energy from samples: whole registers that add up, in four quadrants, through gaps and kills."""

import os
import subprocess
import sys
from dataclasses import replace
from math import cos, isnan, pi, sin
from pathlib import Path

import numpy as np
import pytest
from boards import START, Clock, Signal, TestBoard, plant, wanted
from drivers.counting import board
from hypothesis import given
from hypothesis import strategies as some
from measurement.signals import sine
from structlog.testing import capture_logs

from smartpdu.drivers.adc import Adc, open_source
from smartpdu.drivers.frames import written
from smartpdu.drivers.ledger import Ledger, read, write
from smartpdu.drivers.sealed import Damaged
from smartpdu.model.snapshot import Snapshot

REACTIVE = [f"reactive_energy_{n}" for n in (1, 2, 3, 4)]
TESTS = Path(__file__).parents[1]


class Memory:
    """Bytes that outlive a source; the disk may be full."""

    def __init__(self) -> None:
        self.form: bytes | None = None
        self.full = False

    def read(self) -> bytes | None:
        return self.form

    def write(self, form: bytes) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.form = form


def opened(
    tmp_path: Path, made: TestBoard, seconds: float, clock: Clock, memory: Memory | None = None
) -> Adc:
    """The source of a board whose frames lie in a file."""
    file = tmp_path / "frames"
    file.write_bytes(made.bytes(seconds))
    asking = wanted(plant(), made.settings | {"address": f"file:{file}"}, clock)
    kept = None if memory is None else lambda name: memory if name == "energy" else Memory()
    return open_source(replace(asking, kept=kept))


async def after(source: Adc, clock: Clock, seconds: int) -> Snapshot:
    for _ in range(seconds):
        clock.now += 1
        now = await source.read()
    return now


def milli(joules: float) -> int:
    return round(joules * 1000)


async def test_the_registers_of_the_phases_are_that_of_their_feed_to_the_last_step(
    tmp_path: Path,
) -> None:
    clock = Clock()
    source = opened(tmp_path, board(), 6, clock)
    now = await after(source, clock, 5)
    for name in ("active_energy", "exported_energy", *REACTIVE):
        parts = [milli(value) for value in getattr(now.phases, name)]
        assert milli(getattr(now.feeds, name)[0]) == sum(parts)
    lasted = now.phases.active_energy / (230 * np.array([1, 2, 3]) * cos(pi / 6))
    assert lasted == pytest.approx(np.full(3, lasted[0]), rel=1e-4)
    assert 4.0 < lasted[0] <= 5.0
    assert lasted[0] / 0.2 == pytest.approx(round(lasted[0] / 0.2), abs=1e-3)  # whole windows
    assert now.phases.reactive_energy_1 == pytest.approx(now.phases.active_energy * 3**-0.5, 1e-3)
    assert now.outlets.active_energy[0] == pytest.approx(115 * lasted[0], rel=1e-3)
    assert np.isnan(now.outlets.active_energy[1:]).all()  # no channel, no register
    assert np.isnan(now.circuits.active_energy).all()
    await source.close()


@pytest.mark.parametrize("turns", [1 / 12, 5 / 12, 7 / 12, 11 / 12])
async def test_each_angle_counts_in_its_direction_and_its_quadrant(
    tmp_path: Path, turns: float
) -> None:
    clock = Clock()
    pair = [
        Signal("A/L1", "voltage", sine(230.0, 0.0), 1e-4),
        Signal("A/L1", "current", sine(2.0, -turns), 1e-5),
    ]
    source = opened(tmp_path, TestBoard(pair), 4, clock)
    now = await after(source, clock, 3)
    p, q = 460 * cos(2 * pi * turns), 460 * sin(2 * pi * turns)
    quadrant = int(turns * 4)
    one, other = now.phases.active_energy[0], now.phases.exported_energy[0]
    taken, given_ = (one, other) if p > 0 else (other, one)
    assert given_ == 0
    assert taken > 2 * abs(p)
    each = [float(getattr(now.phases, name)[0]) for name in REACTIVE]
    assert each[quadrant] == pytest.approx(taken * abs(q / p), rel=1e-3)
    assert sum(each) == each[quadrant]
    assert now.phases.reactive_power[0] == pytest.approx(q, rel=1e-3)
    assert now.phases.displacement_factor[0] == pytest.approx(cos(2 * pi * turns), rel=1e-3)
    assert isnan(now.feeds.active_energy[0])  # of three phases one is measured
    await source.close()


async def test_a_restart_goes_on_and_tells_how_long_nothing_counted(tmp_path: Path) -> None:
    clock, memory = Clock(), Memory()
    first = opened(tmp_path, board(), 8, clock, memory)
    await after(first, clock, 7)
    await first.close()
    clock.now += 100
    second = opened(tmp_path, board(), 8, clock, memory)
    with capture_logs() as logs:
        clock.now += 1
        begun = (await second.read()).feeds.active_energy[0]
        now = await after(second, clock, 4)
    assert begun > 6 * 230 * 6 * cos(pi / 6)
    assert [log["event"] for log in logs] == ["energy_not_counted"]
    assert logs[0]["lasted"] == pytest.approx(100, abs=2)
    assert now.feeds.active_energy[0] == begun  # what is not on the disk yet is not shown
    await second.close()
    third = opened(tmp_path, board(), 8, clock, memory)
    clock.now += 1
    now = await third.read()
    assert now.feeds.uncounted[0] == pytest.approx(100, abs=2)
    assert now.feeds.active_energy[0] == pytest.approx(begun * 11 / 7, rel=0.1)
    await third.close()


async def test_a_register_belongs_to_its_place_whatever_channel_measures_it(tmp_path: Path) -> None:
    clock, memory = Clock(), Memory()
    source = opened(tmp_path, board(), 8, clock, memory)
    await after(source, clock, 7)
    await source.close()
    kept = read(memory.form or b"")
    turned = board()
    turned.signals = [turned.signals[k] for k in (4, 5, 0, 1)]  # two phases, in another order
    source = opened(tmp_path, turned, 8, clock, memory)
    now = await after(source, clock, 1)
    assert milli(now.phases.active_energy[0]) >= kept["A/L1"]["whole"][0]
    assert milli(now.phases.active_energy[2]) >= kept["A/L3"]["whole"][0]
    assert isnan(now.phases.active_energy[1])
    await source.close()
    assert read(memory.form or b"")["A/L2"] == kept["A/L2"]
    assert read(memory.form or b"")["A/o1"] == kept["A/o1"]


async def test_a_full_disk_lets_the_shown_register_stand_and_loses_nothing(tmp_path: Path) -> None:
    clock, memory = Clock(), Memory()
    source = opened(tmp_path, board(), 60, clock, memory)
    shown = (await after(source, clock, 12)).feeds.active_energy[0]
    memory.full = True
    with capture_logs() as logs:
        stood = (await after(source, clock, 24)).feeds.active_energy[0]
    assert [log["event"] for log in logs] == ["not_kept"]
    memory.full = False
    now = await after(source, clock, 14)
    assert shown <= stood < now.feeds.active_energy[0]
    assert now.feeds.active_energy[0] > 36 * 230 * 6 * cos(pi / 6)
    await source.close()


@pytest.mark.parametrize(
    "damage",
    [
        lambda form: form[:-1],
        lambda form: form.replace(b"1", b"2", 1),
        lambda _: b"",
        lambda _: write({"A/L1": {"whole": [1, 2], "rest": [0.0] * 6, "gap": 0.0}}),
        lambda _: write({"A/L1": {"whole": [-1] * 6, "rest": [0.0] * 6, "gap": 0.0}}),
        lambda _: write({"A/L1": {}}),
    ],
)
async def test_a_damaged_file_is_left_alone_and_no_energy_is_shown(
    tmp_path: Path, damage: object
) -> None:
    clock, memory = Clock(), Memory()
    source = opened(tmp_path, board(), 8, clock, memory)
    await after(source, clock, 3)
    await source.close()
    memory.form = damaged = damage(memory.form)  # type: ignore[operator]
    with capture_logs() as logs:
        source = opened(tmp_path, board(), 20, clock, memory)
    assert [log["event"] for log in logs] == ["energy_unreadable"]
    assert "take it away" in logs[0]["mend"]
    now = await after(source, clock, 14)
    assert np.isnan(now.phases.active_energy).all()
    assert now.phases.active_power[0] > 100
    assert now.sources.missing[0] == 0.01  # so that an alarm stands
    await source.close()
    assert memory.form == damaged


async def counted_for(tmp_path: Path, lost: range) -> tuple[float, float]:
    """Seconds that were counted and not, of seven that are played without these frames."""
    clock, made = Clock(), board()
    frames = [frame for n, frame in enumerate(made.frames(8)) if n not in lost]
    file = tmp_path / "frames"
    file.write_bytes(b"".join(map(written, frames)))
    source = open_source(wanted(plant(), made.settings | {"address": f"file:{file}"}, clock))
    now = await after(source, clock, 7)
    await source.close()
    power = 230 * 6 * cos(pi / 6)
    return float(now.feeds.active_energy[0] / power), float(now.feeds.uncounted[0])


async def test_a_lost_frame_is_time_that_was_not_counted(tmp_path: Path) -> None:
    whole, begun = await counted_for(tmp_path, range(0))
    assert whole + begun == pytest.approx(6.6, abs=0.3)  # since the first sample of all
    assert 0 < begun < 0.9  # until cycles were found
    counted, missed = await counted_for(tmp_path, range(300, 350))  # half a second
    assert 0.5 < missed - begun < 1.1  # and the windows that were cut
    assert counted + missed == pytest.approx(whole + begun, abs=0.2)  # the last may not be over


async def told_through(tmp_path: Path, levels: list[float], seconds: int) -> tuple[float, float]:
    """Energy and time not counted of a board whose voltage has each of these levels in turn."""
    clock, frames, made = Clock(), b"", None
    for level in levels:
        pair = [
            Signal("A/L1", "voltage", sine(level, 0.0), 1e-4),
            Signal("A/L1", "current", sine(2.0 if level else 0.0, 0.0), 1e-5),
        ]
        before, made = made, TestBoard(pair)
        if before is not None:
            made.counter, made.sequence = before.counter, before.sequence
        frames += made.bytes(seconds)
    assert made is not None
    file = tmp_path / "frames"
    file.write_bytes(frames)
    one = plant(phases=1)
    source = open_source(wanted(one, made.settings | {"address": f"file:{file}"}, clock))
    now = await after(source, clock, seconds * len(levels) - 1)
    await source.close()
    return float(now.feeds.active_energy[0]), float(now.feeds.uncounted[0])


async def test_time_without_voltage_counts_as_no_energy_and_is_not_missing(tmp_path: Path) -> None:
    energy, missed = await told_through(tmp_path, [230.0, 0.0, 230.0], 15)
    assert energy == pytest.approx(460 * 29, rel=0.02)
    assert missed < 0.5


async def test_a_feed_that_is_dead_from_a_restart_on_counts_as_no_energy(tmp_path: Path) -> None:
    clock, memory = Clock(), Memory()
    source = opened(tmp_path, board(), 8, clock, memory)
    before = (await after(source, clock, 7)).feeds.active_energy[0]
    await source.close()
    clock.now += 100
    dead = board()
    for signal in dead.signals:
        signal.wave = sine(0.0, 0.0)
    source = opened(tmp_path, dead, 40, clock, memory)
    await after(source, clock, 30)
    await source.close()
    source = opened(tmp_path, board(), 30, clock, memory)  # at once, with voltage
    now = await after(source, clock, 20)
    assert now.feeds.active_energy[0] > before
    assert now.feeds.uncounted[0] == pytest.approx(100, abs=3)  # but not the thirty after it
    await source.close()


def test_a_killed_program_never_shows_less_and_counts_no_window_twice(tmp_path: Path) -> None:
    file = tmp_path / "frames"
    file.write_bytes(board().bytes(60))
    shown, begin = 0.0, 1000.0
    window = 230 * 6 * cos(pi / 6) * 0.2
    for lines in (25, 13, 41):
        arguments = [sys.executable, str(TESTS / "drivers" / "counting.py"), tmp_path, file]
        program = subprocess.Popen(
            [*arguments, str(begin)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(TESTS)},
        )
        assert program.stdout is not None
        for _ in range(lines):
            told, moment = program.stdout.readline().split()
            assert float(told) >= shown
            shown, begin = float(told), float(moment)
        program.kill()
        program.wait()
        program.stdout.close()
        begin += 5
    assert shown > 30 * 5 * window
    whole = read((tmp_path / "energy.kept").read_bytes())
    energy = sum(whole[f"A/L{n}"]["whole"][0] for n in (1, 2, 3)) / 1000
    assert energy >= shown
    assert energy / window == pytest.approx(round(energy / window), abs=0.01)


@given(some.binary(max_size=200))
def test_no_bytes_but_our_own_are_registers(content: bytes) -> None:
    with pytest.raises(Damaged):
        read(content)


async def test_what_nobody_measures_stays_in_the_file() -> None:
    memory = Memory()
    row = {"whole": [1, 2, 3, 4, 5, 6], "rest": [0.5] * 6, "gap": 7.0, "until": START}
    memory.form = write({"A/L1": row, "gone": row})
    ledger = Ledger(memory).hold()
    book = ledger.book(["A/L1", "new"])
    assert book.past.whole.T.tolist() == [[1, 2, 3, 4, 5, 6], [0] * 6]
    await ledger.let_go()
    kept = read(memory.form)
    assert kept["gone"] == kept["A/L1"] == row
    assert kept["new"]["whole"] == [0] * 6
