"""The harmonics of a feed are shown as its waves have them, and no longer than they are so."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from boards import RATE, START, Clock, TestBoard, plant, wanted
from drivers.test_adc import LINES, after, rack
from measurement.signals import sine

from smartpdu.drivers.adc import Adc, open_source
from smartpdu.drivers.calibration import EDGE
from smartpdu.drivers.frames import Frame, written
from smartpdu.drivers.source import NoAnswer
from smartpdu.drivers.spectral import REACH
from smartpdu.model.spectrum import Spectrum

Shown = dict[str, Sequence[Spectrum]]


async def begun(
    folder: Path, board: TestBoard, frames: Sequence[Frame]
) -> tuple[Adc, Clock, Shown]:
    """The source that plays these frames, and what it shows."""
    clock, shown, file = Clock(), Shown(), folder / "frames"
    file.write_bytes(b"".join(map(written, frames)))
    asked = wanted(plant(), board.settings | {"address": f"file:{file}"}, clock)
    source = open_source(replace(asked, show=shown.__setitem__))
    await source.read()
    return source, clock, shown


@pytest.mark.requirement("R-8.2-5", "R-16.1-3")
@pytest.mark.parametrize(("rate", "frequency"), [(10_000, 50.0), (10_000, 49.37), (4_000, 50.2)])
async def test_each_order_of_each_channel_is_shown(
    tmp_path: Path, rate: int, frequency: float
) -> None:
    board = rack(frequency=frequency)
    highest = min(50, int(REACH * rate / frequency))
    exact = int(EDGE * rate / frequency)  # beyond, a channel's delay is taken back less well
    board.rate = rate
    for signal in board.signals:
        signal.wave.rms[highest:] = 0  # no sampler lets pass what it cannot tell
    source, clock, shown = await begun(tmp_path, board, list(board.frames(4)))
    await after(source, clock, 3)
    await source.close()
    assert list(shown) == ["A/feed"]
    found = {(s.place, s.quantity): s for s in shown["A/feed"]}
    assert len(found) == len(board.signals)
    for n in range(len(LINES)):
        for quantity, signal in zip(("voltage", "current"), board.signals[2 * n :], strict=False):
            one = found[f"A/L{n + 1}", quantity]
            want = signal.wave.rms[:highest]
            little = 1e-5 * want[0]
            assert one.harmonic[:exact] == pytest.approx(want[:exact], rel=3e-3, abs=little)
            assert one.harmonic[:highest] == pytest.approx(want, rel=2e-2, abs=little)
            assert np.isnan(one.harmonic[highest:]).all()
            assert (one.interharmonic[: highest - 1] < 1e-4 * want[0]).all()
            assert np.isnan(one.interharmonic[highest:]).all()
            assert not one.noise
            assert START + clock.now - one.at < 1.5
    assert found["A/o1", "current"].harmonic[0] == pytest.approx(0.2, rel=3e-3)
    assert ("A/feed", "residual_current") in found


async def test_a_gap_has_no_harmonics(tmp_path: Path) -> None:
    board = rack()
    frames = [f for f in board.frames(12) if not 4.0 <= f.counter / RATE < 8.0]
    source, clock, shown = await begun(tmp_path, board, frames)
    await after(source, clock, 3)
    assert len(shown["A/feed"]) == len(board.signals)
    clock.now += 3
    await source.read()  # frames of two seconds ago, and none since
    assert shown["A/feed"] == ()
    with suppress(NoAnswer):
        await after(source, clock, 1)
    clock.now += 2
    await after(source, clock, 1)
    assert len(shown["A/feed"]) == len(board.signals)
    await source.close()


async def test_noise_is_shown_as_such_and_a_dead_voltage_not_at_all(tmp_path: Path) -> None:
    board = rack()
    board.signals[6].wave, board.signals[6].noise = sine(0.0), 0.02
    source, clock, shown = await begun(tmp_path, board, list(board.frames(3)))
    await after(source, clock, 2)
    await source.close()
    noise = {(s.place, s.quantity): s.noise for s in shown["A/feed"]}
    assert noise["A/o1", "current"]
    assert not noise["A/L1", "voltage"]
    board = rack()
    for signal in board.signals[0:6:2]:
        signal.wave = sine(0.0)
    source, clock, shown = await begun(tmp_path, board, list(board.frames(3)))
    await after(source, clock, 2)
    await source.close()
    assert not shown.get("A/feed")
