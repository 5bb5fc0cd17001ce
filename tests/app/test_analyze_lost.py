"""Voltages that are there for a few cycles only: what they were then, and that they are lost."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from app.test_analyze import found, told
from numpy.typing import NDArray
from recordings import THIRD, kept, recording, times, wave

from smartpdu.drivers.comtrade_written import written

HERTZ = 50.02
CYCLE = 1 / HERTZ
LOST = {"dip", "interruption"}


def shaped(folder: Path, level: NDArray[np.float64], noise: float = 0.05) -> Path:
    """Three voltages at 10 kHz of so much of 230 V, sample by sample, with a converter's noise."""
    at, dice = np.arange(len(level)) / 10_000, np.random.default_rng(len(level))
    waves = {
        f"U{k}|V": wave(at, 230, HERTZ, 0.5 - k * THIRD) * level + dice.normal(0, noise, len(at))
        for k in (1, 2, 3)
    }
    return kept(folder, 10_000, waves)


def kinds(events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    assert len({e["kind"] for e in events}) == len(events), "one of each kind"
    return {e["kind"]: e for e in events}


@pytest.mark.parametrize("cycles", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("rest", [0.0, 0.02])
def test_a_voltage_that_is_lost_after_a_few_cycles_is_told_as_interrupted(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, cycles: int, rest: float
) -> None:
    edge = 0.02 * cycles
    path = shaped(tmp_path, np.where(times(10_000, edge + 1.0) < edge, 1.0, rest))
    whole = found(capsys, path)
    happened = kinds(whole["events"])
    assert set(happened) == LOST
    assert edge - 1.5 * CYCLE <= happened["dip"]["start"] <= edge
    assert edge - 0.2 * CYCLE <= happened["interruption"]["start"] <= edge + CYCLE
    for kind in LOST:
        assert happened[kind]["duration"] is None, "it lasts beyond the recording"
        assert happened[kind]["residual"] == pytest.approx(230 * rest, abs=0.1)
        assert happened[kind]["channels"] == ["U1", "U2", "U3"]
    assert whole["frequency"] == pytest.approx(HERTZ, rel=2e-3)
    _, out, _ = told(capsys, path)
    assert "nominal voltage 230.0 V (found)" in out
    assert "held against 230.0 V, the voltage at first" in out
    assert "carried: U1, U2, U3: half-cycles from" in out


def test_a_loss_that_is_over_has_its_duration(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(10_000, 2.06)
    path = shaped(tmp_path, ((at < 0.06) | (at >= 1.06)).astype(float))
    happened = kinds(found(capsys, path)["events"])
    assert set(happened) == LOST
    assert happened["dip"]["duration"] == pytest.approx(1.0 + CYCLE, abs=CYCLE)
    assert happened["interruption"]["duration"] == pytest.approx(1.0 - CYCLE, abs=CYCLE)


@pytest.mark.parametrize("cycles", [2, 3, 6, 10])
@pytest.mark.parametrize("rest", [0.1, 0.4, 0.75])
def test_a_voltage_that_is_low_after_a_few_cycles_is_told_as_a_dip_and_they_as_no_swell(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, cycles: int, rest: float
) -> None:
    edge = 0.02 * cycles
    path = shaped(tmp_path, np.where(times(10_000, edge + 1.0) < edge, 1.0, rest))
    happened = kinds(found(capsys, path)["events"])
    assert set(happened) == {"dip"}
    assert edge - 1.5 * CYCLE <= happened["dip"]["start"] <= edge
    assert happened["dip"]["residual"] == pytest.approx(230 * rest, rel=0.005)


def test_a_dip_at_the_end_of_a_recording_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = shaped(tmp_path, np.where(times(10_000, 1.06) < 0.9, 1.0, 0.4))
    happened = kinds(found(capsys, path)["events"])
    assert set(happened) == {"dip"}
    assert happened["dip"]["start"] == pytest.approx(0.9, abs=CYCLE)


def test_what_was_before_the_trigger_of_a_recorder_is_what_a_small_dip_is_held_against(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(10_000, 1.2)
    waves = {"U1|V": wave(at, 230, HERTZ) * np.where(at < 0.1, 1.0, 0.85)}
    made = recording(10_000, waves)
    for trigger, kind in ((0.0, "swell"), (0.1, "dip")):
        path = tmp_path / f"{kind}.cff"
        written(replace(made, trigger=trigger), path)
        assert set(kinds(found(capsys, path)["events"])) == {kind}


def test_noise_after_a_few_cycles_tells_no_events_of_its_own(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = shaped(tmp_path, np.where(times(10_000, 2.0) < 0.06, 1.0, 0.0), noise=1.0)
    assert set(kinds(found(capsys, path)["events"])) == LOST


def test_windows_without_an_event_are_not_said_to_be_touched_by_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(10_000, 1.0)
    turn = 2 * np.pi * 50 * at + np.where(at < 0.5, 0.0, 1.5)
    path = kept(tmp_path, 10_000, {"U1|V": np.sqrt(2) * 230 * np.sin(turn)})
    _, out, _ = told(capsys, path)
    assert "no dip, swell, interruption" in out
    assert "of 4 windows: cycles are missing or jump in the other" in out
    assert "touches" not in out


def test_windows_with_an_event_and_windows_with_a_jump_are_told_apart(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(10_000, 3.0)
    turn = 2 * np.pi * 50 * at + np.where(at < 2.3, 0.0, 1.5)
    level = np.where((at >= 0.5) & (at < 0.6), 0.5, 1.0)
    path = kept(tmp_path, 10_000, {"U1|V": np.sqrt(2) * 230 * np.sin(turn) * level})
    _, out, _ = told(capsys, path)
    wanted = (
        r"harmonics are those of \d+ of 14 windows: a dip, swell or interruption touches (\d), "
    )
    words = re.search(wanted + r"and cycles are missing or jump in (\d) more", out)
    assert words is not None, out
    assert {int(words[1]), int(words[2])} <= {1, 2}
