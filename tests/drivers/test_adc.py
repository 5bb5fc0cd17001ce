"""Our own board: counts become readings that are right, and a gap stays a gap."""

import asyncio
import os
import socket
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from boards import START, Clock, Signal, TestBoard, plant, wanted
from measurement.signals import Wave, distorted, power, sine
from structlog.testing import capture_logs

from smartpdu.drivers.adc import Adc, open_source
from smartpdu.drivers.carriers import Datagrams
from smartpdu.drivers.frames import FORMS, Frame, written
from smartpdu.drivers.source import NoAnswer, SourceError
from smartpdu.model.command import Priority, SwitchOutlet
from smartpdu.model.plant import Plant
from smartpdu.model.snapshot import READINGS, Snapshot

LINES = (0.0, -1 / 3, -2 / 3)  # turns


def dice(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def turned(wave: Wave, turns: float) -> Wave:
    """The same wave later: every order turns with its number."""
    return Wave(wave.rms, wave.angle + 2 * np.pi * turns * np.arange(1, len(wave.rms) + 1))


def summed(*waves: Wave) -> Wave:
    """The sum of waves, order by order."""
    whole = sum(np.pad(w.rms * np.exp(1j * w.angle), (0, 50 - len(w.rms))) for w in waves)
    return Wave(np.abs(whole), np.angle(whole))


def rack(form: int = 2, residual: float = 0.0046, frequency: float = 50.0) -> TestBoard:
    """Three phases of 20 A at a power factor near 0.5, two outlets, neutral and residual."""
    most = FORMS[form].most
    signals = []
    for n, line in enumerate(LINES):
        u = turned(distorted(230.0, 0.0, dice(n)), line)
        i = turned(distorted(20.0, -1 / 6, dice(10 + n)), line)
        signals += [Signal(f"A/L{n + 1}", "voltage", u, 600 / most, offset=11 * n)]
        signals += [Signal(f"A/L{n + 1}", "current", i, -80 / most, delay=(n + 1) * 9e-6)]
    signals += [Signal("A/o1", "current", sine(0.2, 0.03), 20 / most, delay=21e-6)]
    signals += [Signal("A/c2", "current", sine(9.0, -1 / 3), 80 / most, offset=-40)]
    leak = sine(residual, 0.25)
    signals += [Signal("A/feed", "residual_current", leak, 0.5 / most)]
    neutral = summed(*(s.wave for s in signals[1:6:2]))
    signals += [Signal("A/feed", "neutral_current", neutral, 80 / most)]
    return TestBoard(signals, form=FORMS[form], frequency=frequency)


def k_factor(wave: Wave) -> float:
    """Of each order its square, by its share of all squares."""
    squares = np.square(wave.rms)
    return float((np.square(np.arange(1, len(squares) + 1)) * squares).sum() / squares.sum())


def opened(
    tmp_path: Path, board: TestBoard, content: Iterable[Frame], clock: Clock, site: Plant | None
) -> Adc:
    """The source that plays these frames from a file."""
    file = tmp_path / "frames"
    file.write_bytes(b"".join(map(written, content)))
    return open_source(wanted(site or plant(), board.settings | {"address": f"file:{file}"}, clock))


async def after(source: Adc, clock: Clock, seconds: int) -> Snapshot:
    """The reading after so many seconds, one read in each."""
    for _ in range(seconds):
        clock.now += 1
        now = await source.read()
    return now


async def played(
    tmp_path: Path, board: TestBoard, seconds: float = 3.0, site: Plant | None = None
) -> Snapshot:
    """What is read after some seconds of a board."""
    clock = Clock()
    source = opened(tmp_path, board, list(board.frames(seconds)), clock, site)
    await source.read()
    now = await after(source, clock, int(seconds) - 1)
    await source.close()
    return now


@pytest.mark.requirement("R-2.1-3", "R-8.2-1")
@pytest.mark.parametrize(("form", "frequency"), [(1, 50.0), (2, 49.37), (3, 50.61)])
async def test_what_is_read_is_what_was_there(tmp_path: Path, form: int, frequency: float) -> None:
    board = rack(form, frequency=frequency)
    now = await played(tmp_path, board)
    waves = {(s.place, s.quantity): s.wave for s in board.signals}
    for row in range(3):
        u, i = waves[f"A/L{row + 1}", "voltage"], waves[f"A/L{row + 1}", "current"]
        active, apparent = power(u, i), u.total * i.total
        phases = now.phases
        assert phases.voltage[row] == pytest.approx(u.total, rel=1e-4)
        assert phases.current[row] == pytest.approx(i.total, rel=1e-4)
        assert phases.active_power[row] == pytest.approx(active, rel=5e-4)
        assert phases.apparent_power[row] == pytest.approx(apparent, rel=2e-4)
        assert phases.power_factor[row] == pytest.approx(active / apparent, rel=5e-4)
        assert phases.thd_voltage[row] == pytest.approx(u.thd, rel=1e-3)
        assert phases.thd_current[row] == pytest.approx(i.thd, rel=1e-3)
        turns = np.arange(20_000) / 20_000
        assert phases.crest_factor[row] == pytest.approx(
            np.abs(i.at(turns)).max() / i.total, rel=5e-3
        )
        assert phases.k_factor[row] == pytest.approx(k_factor(i), rel=1e-3)
    total = sum(power(waves[f"A/L{n}", "voltage"], waves[f"A/L{n}", "current"]) for n in (1, 2, 3))
    assert now.feeds.active_power[0] == pytest.approx(total, rel=5e-4)
    assert now.feeds.frequency[0] == pytest.approx(frequency, abs=1e-4)
    neutral = waves["A/feed", "neutral_current"].total
    assert now.feeds.neutral_current[0] == pytest.approx(neutral, rel=3e-4)
    outlet = waves["A/o1", "current"]
    assert now.outlets.current[0] == pytest.approx(0.2, rel=1e-3)
    expected = power(
        waves["A/L1", "voltage"], Wave(*np.pad([outlet.rms, outlet.angle], ((0, 0), (0, 49))))
    )
    assert now.outlets.active_power[0] == pytest.approx(expected, rel=1e-3)
    assert now.outlets.voltage[0] == now.phases.voltage[0]
    assert now.circuits.current[1] == pytest.approx(9.0, rel=1e-3)
    assert now.circuits.active_power[1] == pytest.approx(
        9 * waves["A/L2", "voltage"].rms[0], rel=1e-3
    )
    assert now.circuits.k_factor[1] == pytest.approx(1, rel=1e-3)  # a pure sine
    assert now.circuits.tdd_current[1] == pytest.approx(0, abs=0.05)
    assert np.isnan(now.circuits.k_factor[[0, 2]]).all()
    assert now.sources.missing[0] == 0
    assert np.isnan(now.outlets.current[1:]).all()  # nothing is connected there
    assert np.isnan(now.outlets.on).all()  # a board knows no relays


@pytest.mark.requirement("R-7.3-1", "R-1.3-16")
async def test_a_small_residual_current_among_large_ones_is_read(tmp_path: Path) -> None:
    now = await played(tmp_path, rack(form=1, residual=0.0046))
    assert now.feeds.residual_current[0] == pytest.approx(0.0046, rel=0.05)
    assert now.phases.current[0] > 19.9


async def test_harmonics_are_told_of_the_rating_of_a_phase_and_of_a_circuit(tmp_path: Path) -> None:
    """The same current burdens 16 A of a circuit twice as much as 32 A of a phase."""
    wave = distorted(9.0, -1 / 3, dice(4))
    board = rack()
    board.signals[3].wave = board.signals[-3].wave = wave
    now = await played(tmp_path, board)
    harmonics = np.sqrt(np.square(wave.rms[1:40]).sum())
    assert now.phases.tdd_current[1] == pytest.approx(100 * harmonics / 32, rel=2e-3)
    assert now.circuits.tdd_current[1] == pytest.approx(100 * harmonics / 16, rel=2e-3)
    assert k_factor(wave) > 2
    assert now.phases.k_factor[1] == pytest.approx(k_factor(wave), rel=2e-3)
    assert now.circuits.k_factor[1] == pytest.approx(k_factor(wave), rel=2e-3)
    board = rack()
    board.signals[3].wave = sine(0.001)  # less than a channel of 80 A can tell the shape of
    now = await played(tmp_path, board)
    assert now.phases.tdd_current[1] == pytest.approx(0, abs=0.01)
    assert np.isnan(now.phases.k_factor[1])


async def test_of_noise_no_shape_and_no_angle_is_told(tmp_path: Path) -> None:
    """A thousandth of the scale: there is a current, but no fundamental to hold it against."""
    board = rack()
    board.signals[6].wave, board.signals[6].noise = sine(0.0), 0.02
    now = await played(tmp_path, board)
    assert now.outlets.current[0] == pytest.approx(0.02, rel=0.05)  # less what a filter takes
    assert now.outlets.crest_factor[0] > 3
    assert abs(now.outlets.power_factor[0]) < 0.05
    assert np.isnan(now.outlets.thd_current[0])
    assert np.isnan(now.outlets.displacement_factor[0])
    board.signals[6].wave = sine(0.01)  # half as much as the noise, and yet a fundamental
    now = await played(tmp_path, board)
    assert now.outlets.displacement_factor[0] == pytest.approx(1, abs=0.01)
    assert np.isfinite(now.outlets.thd_current[0])


async def test_negative_and_zero_sequence_of_the_voltages_are_kept_apart(tmp_path: Path) -> None:
    turn = np.exp(2j * np.pi / 3)
    for negative, zero in ((6.9, 0.0), (0.0, 4.6), (3.0, 5.0)):
        board = rack()
        for n in range(3):
            whole = 230 * turn**-n + negative * turn**n + zero * 1j
            board.signals[2 * n].wave = sine(abs(whole), np.angle(whole) / (2 * np.pi))
        now = await played(tmp_path, board)
        assert now.feeds.voltage_unbalance[0] == pytest.approx(100 * negative / 230, abs=2e-3)
        assert now.feeds.voltage_unbalance_zero[0] == pytest.approx(100 * zero / 230, abs=2e-3)


@pytest.mark.requirement("R-7.1-1")
async def test_a_residual_current_is_told_as_it_stands_to_the_voltage(tmp_path: Path) -> None:
    board = rack()
    leak = next(s for s in board.signals if s.quantity == "residual_current")
    for turns in (0.0, 0.1, 0.25, 0.5):
        leak.wave = sine(0.005, turns)
        now = await played(tmp_path, board)
        board.counter = board.sequence = 0
        whole = 0.005 * np.exp(2j * np.pi * turns)
        assert now.feeds.residual_in_phase[0] == pytest.approx(whole.real, abs=2e-5)
        assert now.feeds.residual_ahead[0] == pytest.approx(whole.imag, abs=2e-5)
    leak.place = "A/c2"  # of L2, whose voltage lags by a third of a turn
    leak.wave = sine(0.005, -1 / 3 + 0.1)
    now = await played(tmp_path, board)
    whole = 0.005 * np.exp(2j * np.pi * 0.1)
    assert now.circuits.residual_in_phase[1] == pytest.approx(whole.real, abs=2e-5)
    assert now.circuits.residual_ahead[1] == pytest.approx(whole.imag, abs=2e-5)
    assert np.isnan(now.feeds.residual_in_phase[0])


async def test_the_cycles_since_the_last_reading_tell_how_far_the_frequency_went(
    tmp_path: Path,
) -> None:
    board, clock = rack(), Clock()
    sent = []
    for frequency, seconds in ((50.0, 2.0), (50.5, 2.0), (50.0, 2.0)):  # all are whole cycles
        board.frequency = frequency
        sent += list(board.frames(seconds))
    source = opened(tmp_path, board, sent, clock, None)
    await source.read()
    found = []
    for _ in range(5):
        clock.now += 1
        feeds = (await source.read()).feeds
        found.append((feeds.frequency_lowest[0], feeds.frequency_highest[0]))
    await source.close()
    steps = [(50.0, 50.0), (50.0, 50.5), (50.5, 50.5), (50.0, 50.5), (50.0, 50.0)]
    for low_high, expected in zip(found, steps, strict=True):
        assert low_high == pytest.approx(expected, abs=0.05)  # a step is overshot a little


async def test_without_a_channel_for_it_the_neutral_is_computed(tmp_path: Path) -> None:
    board = rack()
    neutral = board.signals[-1].wave.total
    board.signals = board.signals[:-1]
    now = await played(tmp_path, board)
    assert now.feeds.neutral_current[0] == pytest.approx(neutral, rel=2e-3)
    board = rack()
    board.signals = [s for s in board.signals[:-1] if (s.place, s.quantity) != ("A/L3", "current")]
    now = await played(tmp_path, board)
    assert np.isnan(now.feeds.neutral_current[0])  # nobody knows what L3 gives back
    assert np.isnan(now.feeds.active_power[0])


async def test_at_sixty_hertz_and_one_phase_it_is_the_same(tmp_path: Path) -> None:
    site = plant(phases=1, outlets=1, frequency=60.0)
    u, i = distorted(230.0, 0.1, dice(3)), distorted(3.0, 0.0, dice(4))
    signals = [Signal("A/L1", "voltage", u, 1e-4), Signal("A/o1", "current", i, 1e-5, delay=5e-5)]
    now = await played(tmp_path, TestBoard(signals, frequency=59.9), site=site)
    assert now.outlets.active_power[0] == pytest.approx(power(u, i), rel=5e-4)
    assert now.outlets.frequency[0] == pytest.approx(59.9, abs=1e-4)


def rows(now: Snapshot) -> dict[str, np.ndarray]:
    """All that a board may have written of now; a register stands whatever comes."""
    registers = ("energy", "uncounted")
    return {
        f"{kind.value}.{f.name}": getattr(now.readings(kind), f.name)
        for kind in READINGS
        for f in fields(READINGS[kind])
        if kind.value not in ("sources", "houses") and not any(r in f.name for r in registers)
    }


async def lossy(tmp_path: Path, keep: Any, seconds: float = 6.0) -> tuple[list[Snapshot], Adc]:
    """The readings of each second of a board that loses the frames that are not kept."""
    board, clock = rack(), Clock()
    sent = [f for n, f in enumerate(board.frames(seconds)) if keep(n / 100)]
    source = opened(tmp_path, board, sent, clock, None)
    found = [await source.read()]
    for _ in range(int(seconds) - 1):
        clock.now += 1
        found.append(await source.read())
    await source.close()
    return found, source


async def test_a_lost_frame_invents_no_number_and_is_told(tmp_path: Path) -> None:
    whole, _ = await lossy(tmp_path, lambda second: True)
    found, source = await lossy(tmp_path, lambda second: round(second * 100) != 233)
    assert (source.sampler.tally.gaps, source.sampler.tally.lost) == (1, 100)
    missing = [float(now.sources.missing[0]) for now in found]
    assert [m > 0 for m in missing] == [False, False, True, False, False, False]
    assert missing[2] == pytest.approx(0.01, rel=0.01)
    for here, there in zip(found, whole, strict=True):
        for name, column in rows(here).items():
            if "very_short" in name:
                continue  # 150 cycles have no gap: they begin anew
            np.testing.assert_allclose(
                column, rows(there)[name], rtol=2e-3, atol=5e-3, err_msg=name
            )


async def test_while_nothing_comes_all_rows_are_gaps(tmp_path: Path) -> None:
    def keep(second: float) -> bool:
        return not 1.6 <= second < 4.4

    board, clock = rack(), Clock()
    sent = [f for n, f in enumerate(board.frames(6.0)) if keep(n / 100)]
    source = opened(tmp_path, board, sent, clock, None)
    await source.read()
    clock.now += 1
    before = await source.read()
    assert before.feeds.frequency[0] == pytest.approx(50, abs=1e-3)
    clock.now += 1  # 2.5 s: the last frames before the gap have come
    now = await source.read()
    assert now.phases.voltage[0] == pytest.approx(board.signals[0].wave.total, rel=1e-4)
    clock.now += 1
    with pytest.raises(NoAnswer, match=r"no frame for 1\.0 s"):
        await source.read()
    clock.now += 1.0  # 4.5 s: frames again, and not yet enough of them for a window
    now = await source.read()
    assert all(np.isnan(column).all() for column in rows(now).values())
    assert now.sources.missing[0] == 1
    clock.now += 1
    now = await source.read()
    assert now.phases.voltage[0] == pytest.approx(board.signals[0].wave.total, rel=1e-4)
    assert now.sources.missing[0] == 0
    await source.close()


async def test_a_board_that_loses_every_third_frame_tells_nothing(tmp_path: Path) -> None:
    found, source = await lossy(tmp_path, lambda second: round(second * 100) % 3, seconds=4)
    for now in found:
        assert all(np.isnan(column).all() for column in rows(now).values())
        assert now.sources.missing[0] == 1
    assert (source.sampler.tally.gaps, source.sampler.tally.lost) == (116, 11_600)


async def test_repeated_late_and_foreign_frames_change_nothing(tmp_path: Path) -> None:
    board, clock = rack(), Clock()
    sent = list(board.frames(3.0))
    wide = replace(sent[7], counts=sent[7].counts[:, :-1])
    mixed = [f for n, frame in enumerate(sent) for f in (frame, sent[n // 2], wide)]
    source = opened(tmp_path, board, mixed, clock, None)
    await source.read()
    now = await after(source, clock, 2)
    plain = await played(tmp_path, rack())
    for name, column in rows(now).items():
        assert np.array_equal(column, rows(plain)[name], equal_nan=True), name
    tally = source.sampler.tally
    assert (tally.gaps, tally.lost, tally.unfit) == (0, 0, len(wide.counts) and tally.frames)
    assert tally.repeated + tally.late == tally.frames
    await source.close()


async def test_frames_of_another_board_are_told_with_what_is_wrong(tmp_path: Path) -> None:
    board, clock = rack(), Clock()
    wide = [replace(f, counts=f.counts[:, :-1]) for f in board.frames(2.0)]
    source = opened(tmp_path, board, wide, clock, None)
    words = "none can be used: it has 9 channels, the site says 10"
    with pytest.raises(SourceError, match=words):
        await source.read()
    await source.close()


async def test_clipped_counts_are_counted(tmp_path: Path) -> None:
    board = rack(form=1)
    current = next(s for s in board.signals if (s.place, s.quantity) == ("A/L2", "current"))
    current.gain /= 4  # 20 A on a scale of 20 A
    clock = Clock()
    sent = list(board.frames(2.0))
    source = opened(tmp_path, board, sent, clock, None)
    await source.read()
    now = await after(source, clock, 1)
    stand = [int((np.abs(f.counts.astype(int)) >= 32767).sum()) for f in sent[:151]]
    assert source.sampler.tally.clipped == sum(stand)
    assert source.sampler.tally.clipped > 1000
    assert now.phases.current[0] == pytest.approx(board.signals[1].wave.total, rel=1e-4)
    assert now.phases.current[1] < board.signals[3].wave.total * 0.98  # it is no more than that
    assert now.sources.missing[0] == pytest.approx(1 / len(board.signals))  # the alarm sees it
    await source.close()


async def test_a_feed_that_is_dead_from_the_start_has_no_voltage_and_no_frequency(
    tmp_path: Path,
) -> None:
    board = rack()
    for signal in board.signals:
        signal.wave = sine(0.05 if signal.quantity == "voltage" else 0.001)
    now = await played(tmp_path, board)
    assert now.phases.voltage == pytest.approx([0.05] * 3, rel=0.01)
    assert now.phases.current == pytest.approx([0.001] * 3, rel=0.02)
    assert np.isnan(now.feeds.frequency).all()
    assert np.isnan(now.phases.power_factor).all()
    assert now.sources.missing[0] == 0


async def test_a_feed_that_dies_reads_no_voltage_at_once(tmp_path: Path) -> None:
    board, clock = rack(), Clock()
    sent = list(board.frames(2.0))
    for signal in board.signals:
        signal.wave = sine(1e-6)
    sent += list(board.frames(3.0))
    source = opened(tmp_path, board, sent, clock, None)
    await source.read()
    now = await after(source, clock, 1)
    assert now.phases.voltage[0] > 200
    now = await after(source, clock, 2)
    assert (now.phases.voltage < 1).all()
    assert (now.phases.current < 0.1).all()
    assert np.isnan(now.feeds.frequency[0])
    assert np.isnan(now.phases.thd_voltage).all()
    assert np.isnan(now.phases.power_factor).all()
    await source.close()


async def test_a_board_that_switches_its_rate_is_followed(tmp_path: Path) -> None:
    board, clock = rack(), Clock()
    sent = list(board.frames(2.0))
    faster = rack()
    faster.rate, faster.samples, faster.boot = 20_000.0, 200, 8
    source = opened(tmp_path, board, [*sent, *faster.frames(3.0)], clock, None)
    await source.read()
    for _ in range(4):
        now = await after(source, clock, 1)
        if not np.isnan(now.feeds.frequency[0]):
            assert now.feeds.frequency[0] == pytest.approx(50, abs=1e-3)
    assert source.sampler.tally.restarts == 1
    assert now.phases.voltage[0] == pytest.approx(board.signals[0].wave.total, rel=1e-4)
    await source.close()


async def test_a_board_switches_nothing() -> None:
    board = rack()
    source = open_source(wanted(plant(), board.settings | {"address": "file:/nowhere"}, Clock()))
    with pytest.raises(SourceError, match="no way to switch A/o1"):
        await source.obey(SwitchOutlet("1", "A/o1", False, "olga", Priority.PERSON))
    with pytest.raises(SourceError, match="cannot open /nowhere: No such file"):
        await source.read()
    await source.close()


async def test_frames_come_over_udp_and_only_from_the_board() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    board, clock = rack(), Clock()
    settings = board.settings | {"address": f"udp:127.0.0.1:{port}", "sender": "127.0.0.1"}
    source = open_source(wanted(plant(), settings, clock))
    with pytest.raises(NoAnswer, match=r"no frame for 0\.7 s"):
        await source.read()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number, frame in enumerate(board.frames(1.0)):
            content = written(frame)
            sender.sendto(content if number != 5 else content[:-1], ("127.0.0.1", port))
            await asyncio.sleep(0)
        await asyncio.sleep(0.05)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.2", 0))
            for frame in board.frames(0.1):
                other.sendto(written(frame), ("127.0.0.1", port))
        await asyncio.sleep(0.05)
    clock.now += 1
    now = await source.read()
    assert now.phases.active_power[0] == pytest.approx(
        power(board.signals[0].wave, board.signals[1].wave), rel=5e-4
    )
    tally = source.sampler.tally
    assert (tally.frames, tally.malformed, tally.foreign, tally.lost) == (99, 1, 10, 100)
    taken = open_source(wanted(plant(), settings, clock))
    with pytest.raises(SourceError, match=r"cannot listen at 127\.0\.0\.1:.*in use"):
        await taken.read()
    await taken.close()
    await source.close()


async def test_frames_come_through_a_pipe_whose_writer_may_come_and_go(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    board, clock = rack(), Clock()
    source = open_source(wanted(plant(), board.settings | {"address": f"pipe:{path}"}, clock))
    with pytest.raises(NoAnswer, match=r"no frame for 0\.7 s"):
        await source.read()  # nobody writes yet
    for _ in range(2):
        content = board.bytes(1.0)
        writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        os.set_blocking(writer, True)
        await asyncio.to_thread(_write_all, writer, content)
        await asyncio.sleep(0.05)
        clock.now += 1
        now = await source.read()
        assert now.phases.active_power[0] == pytest.approx(
            power(board.signals[0].wave, board.signals[1].wave), rel=5e-4
        )
        clock.now += 0.1
        await source.read()
    assert source.sampler.tally.lost == 0
    assert source.sampler.tally.frames == 200
    await source.close()


def _write_all(writer: int, content: bytes) -> None:
    for start in range(0, len(content), 7777):
        os.write(writer, content[start : start + 7777])
    os.close(writer)


async def test_what_is_no_pipe_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    settings = rack().settings | {"address": f"pipe:{tmp_path / 'file'}"}
    source = open_source(wanted(plant(), settings, Clock()))
    with pytest.raises(SourceError, match="is no pipe"):
        await source.read()
    await source.close()


async def test_a_file_is_played_at_the_pace_it_was_taken(tmp_path: Path) -> None:
    board, clock = rack(), Clock()
    source = opened(tmp_path, board, list(board.frames(5.0)), clock, None)
    seen = []
    for _ in range(7):
        try:
            now = await source.read()
            assert now.at == START + clock.now
        except NoAnswer:
            pass
        seen.append(source.sampler.tally.samples)
        clock.now += 1
    assert seen == [5_100, 15_100, 25_100, 35_100, 45_100, 50_000, 50_000]
    await source.close()


async def test_bytes_that_wait_for_nobody_are_dropped_and_the_event_loop_goes_on() -> None:
    carrier = Datagrams("127.0.0.1", 1)
    for _ in range(2000):
        carrier._waiting.put(b"x" * 60_000)
    assert sum(map(len, carrier._waiting.taken())) <= 64 << 20
    assert carrier._waiting.taken() == []


async def test_reading_leaves_the_event_loop_free(tmp_path: Path) -> None:
    board, clock = rack(), Clock()
    source = opened(tmp_path, board, list(board.frames(8.0)), clock, None)
    await source.read()
    clock.now += 7
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await source.read()
    counting.cancel()
    assert turns > 20  # 7 s of samples were looked at meanwhile
    await source.close()


async def test_the_log_says_why_only_where_a_frame_was_no_good(tmp_path: Path) -> None:
    board, clock = rack(), Clock()
    sent = list(board.frames(3.0))
    del sent[120]
    source = opened(tmp_path, board, sent, clock, None)
    with capture_logs() as told:
        await source.read()
        await after(source, clock, 2)
    (trouble,) = (line for line in told if line["event"] == "samples_troubled")
    assert (trouble["gaps"], trouble["lost"], "why" in trouble) == (1, 100, False)
    await source.close()
    pieces = [written(frame) for frame in sent]
    pieces[120] = pieces[120][:-9] + bytes(9)
    file = tmp_path / "frames"
    file.write_bytes(b"".join(pieces))
    source = open_source(wanted(plant(), board.settings | {"address": f"file:{file}"}, clock))
    with capture_logs() as told:
        await source.read()
        await after(source, clock, 2)
    (trouble,) = (line for line in told if line["event"] == "samples_troubled")
    assert trouble["malformed"] > 0
    assert trouble["why"]
    await source.close()


async def test_a_file_that_was_played_to_its_end_says_so_and_goes_on_where_it_grows(
    tmp_path: Path,
) -> None:
    board, clock = rack(), Clock()
    sent = [written(frame) for frame in board.frames(6.0)]
    half = len(sent) // 2
    file = tmp_path / "frames"
    file.write_bytes(b"".join(sent[:half]))
    source = open_source(wanted(plant(), board.settings | {"address": f"file:{file}"}, clock))
    await source.read()
    await after(source, clock, 2)
    assert source.sampler.tally.frames < half  # not over yet, so nothing is told
    await after(source, clock, 1)
    clock.now += 2
    with pytest.raises(NoAnswer) as told:
        await source.read()
    assert str(told.value) == f"{file} was played to its end: no frame for 2.0 s"
    with file.open("ab") as grown:
        grown.write(b"".join(sent[half:]))
    before = source.sampler.tally.frames
    await after(source, clock, 1)
    assert source.sampler.tally.frames > before
    await source.close()
