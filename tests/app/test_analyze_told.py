"""The frequency that a file tells is told as such, and is used where samples cannot tell one."""

from pathlib import Path

import numpy as np
import pytest
from app.test_analyze import found, told
from numpy.typing import NDArray
from recordings import kept, recording, times, wave

from smartpdu.drivers.comtrade_written import written

RATE = 5000
DICE = np.random.default_rng(7)
HALF = times(RATE, 0.5)


def told_as(folder: Path, hertz: float, channels: dict[str, NDArray[np.float64]]) -> Path:
    """A recording that says it is of a grid of this frequency."""
    path = folder / "r.cff"
    written(recording(RATE, channels, hertz), path)
    return path


@pytest.mark.parametrize("hertz", [16.7, 50.0, 60.0])
@pytest.mark.parametrize(
    ("name", "samples"),
    [
        ("Ubat|V", 48 + DICE.normal(0, 0.02, len(HALF))),
        ("I1|A", DICE.normal(0, 1, len(HALF))),
        ("I1|A", wave(HALF, 2, 150)),  # not 75 Hz with a second harmonic
        ("U1|V", wave(HALF, 230, 150)),
        ("U1|V", wave(HALF, 230)[:60]),  # less than a cycle
    ],
    ids=["direct", "noise", "third harmonic", "of a voltage", "part of a cycle"],
)
def test_samples_without_a_frequency_are_told_with_the_one_that_the_file_says(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    hertz: float,
    name: str,
    samples: NDArray[np.float64],
) -> None:
    path = told_as(tmp_path, hertz, {name: samples})
    whole = found(capsys, path)
    assert whole["frequency"] is None, "it is not measured"
    assert whole["events"] == []
    [channel] = whole["channels"]
    assert channel["rms"] == pytest.approx(np.sqrt(np.square(samples).mean()), rel=1e-4)
    assert channel["dc"] == pytest.approx(samples.mean(), abs=1e-4 * channel["rms"])
    assert channel["thd"] is None
    assert set(channel["harmonics"]) == {None}
    _, out, err = told(capsys, path)
    assert f"frequency {hertz:g} Hz (as the file says)" in out
    assert f"no frequency is found: the file tells {hertz:g} Hz, which no value rests on" in out
    assert err == ""


def test_a_table_without_a_frequency_of_its_own_tells_none(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "r.csv"
    path.write_text(
        "t (s),Ubat (V)\n" + "".join(f"{t:.4f},48.{n % 7}\n" for n, t in enumerate(HALF))
    )
    _, out, _ = told(capsys, path)
    assert "as the file says" not in out
    assert "the file tells" not in out


@pytest.mark.parametrize("hertz", [50.0, 60.0])
@pytest.mark.parametrize("cycles", [1.4, 1.5])
def test_a_cycle_of_the_frequency_that_the_file_says_is_enough_to_tell_a_loss(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, hertz: float, cycles: float
) -> None:
    at, edge = times(RATE, 1.0), cycles / hertz
    path = told_as(tmp_path, hertz, {"U1|V": wave(at, 230, hertz) * (at < edge)})
    whole = found(capsys, path)
    assert [e["kind"] for e in whole["events"]] == ["dip", "interruption"]
    assert whole["events"][0]["start"] == pytest.approx(edge, abs=1 / hertz)
    assert whole["events"][1]["start"] == pytest.approx(edge, abs=1 / hertz)
    assert whole["frequency"] is None
    _, out, _ = told(capsys, path)
    assert f"frequency {hertz:g} Hz (as the file says); nominal voltage 230.0 V (found)" in out
    assert f"cycles are as long as the {hertz:g} Hz that the file tells" in out


@pytest.mark.parametrize("shape", ["noise", "ramp", "decay"])
def test_what_is_no_sine_of_the_frequency_that_the_file_says_has_no_cycles(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, shape: str
) -> None:
    at = times(RATE, 1.0)
    early = at < 0.03
    samples = {
        "noise": DICE.normal(0, 100, len(at)) * early,
        "ramp": 1e4 * at * early,
        "decay": 300 * np.exp(-at / 0.02),
    }[shape]
    path = told_as(tmp_path, 50.0, {"U1|V": samples})
    assert found(capsys, path)["events"] == []
    assert "no cycle of the mains" in told(capsys, path)[1]


@pytest.mark.parametrize(("hertz", "says", "cycles"), [(54.9, 60.0, 12), (55.2, 50.0, 10)])
@pytest.mark.parametrize("seconds", [0.12, 2.0])
def test_windows_are_those_of_the_grid_that_the_file_says(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    hertz: float,
    says: float,
    cycles: int,
    seconds: float,
) -> None:
    path = told_as(tmp_path, says, {"U1|V": wave(times(RATE, seconds), 230, hertz)})
    assert found(capsys, path)["frequency"] == pytest.approx(hertz, rel=1e-3)
    _, out, _ = told(capsys, path)
    assert "it is analysed as" not in out
    assert (f"fewer than the {cycles} of a window" in out) == (seconds < 1)
    _, out, _ = told(capsys, path, "--frequency", f"{110 - says:g}")
    assert f"the file tells {says:g} Hz; it is analysed as {110 - says:g} Hz" in out


def test_a_file_that_says_the_wrong_grid_is_not_believed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = told_as(tmp_path, 60.0, {"U1|V": wave(HALF, 230, 50.0)})
    assert found(capsys, path)["frequency"] == pytest.approx(50.0, rel=1e-4)
    assert "the file tells 60 Hz; it is analysed as 50 Hz" in told(capsys, path)[1]


@pytest.mark.parametrize(
    ("live", "rms", "words"),
    [
        (0.06, 230.0, "2 cycles, 0.04 s of 2 s: the other 1.96 s, without a cycle, are not in"),
        (0.3, 88.0, None),  # over all of it
    ],
)
def test_time_without_cycles_that_values_do_not_cover_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, live: float, rms: float, words: str | None
) -> None:
    """Dead time is told where the table is of the live cycles alone, and only there."""
    at = times(RATE, 2.0)
    path = kept(tmp_path, RATE, {"U1|V": wave(at, 230) * (at < live)})
    whole = found(capsys, path)
    _, out, _ = told(capsys, path)
    assert whole["channels"][0]["rms"] == pytest.approx(rms, abs=0.1)
    assert ("without a cycle, are not in them" in out) == (words is not None)
    assert words is None or f"note: values are those of {words} them" in out


def test_time_that_values_cover_but_for_its_ends_is_not_told_as_left_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for seconds in (0.05, 0.1, 1.0):
        path = kept(tmp_path, RATE, {"U1|V": wave(times(RATE, seconds), 230, angle=1.0)})
        assert "are not in them" not in told(capsys, path)[1]


def test_a_channel_with_values_too_large_to_be_measured_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(RATE, 0.5)
    path = tmp_path / "r.csv"
    lines = [f"{t},{u},{i}" for t, u, i in zip(at, wave(at, 230), 1e300 * wave(at, 1), strict=True)]
    path.write_text("\n".join(["t [s],U1 [V],I1 [A]", *lines]) + "\n")
    _, out, err = told(capsys, path)
    assert "note: values beyond 1e+18 are none, and count as missing: I1\n" in out
    assert "Warning" not in err
    [voltage, current] = found(capsys, path)["channels"]
    assert voltage["rms"] == pytest.approx(230, rel=1e-4)
    assert current["rms"] is None
