"""The JSON of smartpdu analyze: its keys, and values that tell what belongs to what and when."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recordings import THIRD, kept, recording, times, wave

from smartpdu.app.cli import main
from smartpdu.drivers.comtrade_written import written

FIFTY = 50  # orders


def found(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    """The JSON of smartpdu analyze."""
    code = main(["analyze", *(str(word) for word in words), "--json"])
    out, _ = capsys.readouterr()
    assert code == 0
    return json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def three_phases(folder: Path) -> Path:
    """A second of three phases, of which L1 dips; the currents lag by half a radian."""
    at = times(10_000, 1.2)
    dip = (at >= 0.5) & (at < 0.62)
    channels = {
        f"U{k}|V": wave(at, 230, angle=-k * THIRD, harmonics={5: 30}) * (1 - 0.4 * dip * (k == 1))
        for k in (1, 2, 3)
    }
    channels |= {f"I{k}|A": wave(at, 10, angle=-k * THIRD - 0.5) for k in (1, 2, 3)}
    return kept(folder, 10_000, channels)


def test_the_keys_of_the_json_are_these(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    whole = found(capsys, three_phases(tmp_path))
    assert list(whole) == [
        "sample_rate", "frequency", "nominal_voltage", "nominal_voltage_from", "start", "station",
        "span", "channels", "phases", "events",
    ]  # fmt: skip
    assert [len(whole[key]) for key in ("channels", "phases", "events")] == [6, 3, 1]
    for channel in whole["channels"]:
        assert list(channel) == [
            "name", "unit", "kind", "rms", "dc", "peak", "crest_factor", "thd", "harmonics",
            "nominal_voltage", "fundamental", "fundamental_angle",
        ]  # fmt: skip
        assert len(channel["harmonics"]) == FIFTY
        assert all(isinstance(share, float) for share in channel["harmonics"])
    for phase in whole["phases"]:
        assert list(phase) == [
            "name", "voltage", "current", "active_power", "reactive_power", "apparent_power",
            "power_factor", "displacement_factor",
        ]  # fmt: skip
    for event in whole["events"]:
        assert list(event) == [
            "kind", "start", "duration", "channels", "residual", "i2t", "angle", "cause",
        ]  # fmt: skip


def test_a_phase_tells_its_channels_and_a_channel_its_fundamental(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    whole = found(capsys, three_phases(tmp_path), "--pair", "U2:I3", "U1:I1")
    told = [(phase["voltage"], phase["current"]) for phase in whole["phases"]]
    assert told == [("U2", "I3"), ("U1", "I1")]
    channels = {each["name"]: each for each in whole["channels"]}
    assert channels["U2"]["rms"] == pytest.approx(230 * 1.09**0.5, rel=1e-3)
    assert channels["U2"]["fundamental"] == pytest.approx(230, rel=1e-3)
    assert channels["I2"]["fundamental"] == pytest.approx(10, rel=1e-3)
    lag = channels["U2"]["fundamental_angle"] - channels["I2"]["fundamental_angle"]
    assert lag % 360 == pytest.approx(28.648, abs=0.05)
    assert channels["U1"]["fundamental_angle"] == pytest.approx(0, abs=1e-6)
    assert channels["U2"]["nominal_voltage"] == pytest.approx(240, abs=1)
    assert channels["I2"]["nominal_voltage"] is None


def test_a_current_of_noise_alone_has_no_fundamental_and_a_note_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(10_000, 1.0)
    noise = np.random.default_rng(2).normal(0, 0.02, len(at))
    channels = {"U1|V": wave(at, 230), "I1|A": noise, "I2|A": noise + wave(at, 0.02)}
    path = kept(tmp_path, 10_000, channels)
    _, alone, beside = found(capsys, path)["channels"]
    assert (alone["thd"], alone["fundamental"]) == (None, None)
    assert set(alone["harmonics"]) == {None}
    assert beside["fundamental"] == pytest.approx(0.02, rel=0.05)
    assert beside["thd"] > 10
    assert main(["analyze", str(path)]) == 0
    assert "no fundamental stands out, so no harmonics: I1\n" in capsys.readouterr().out


def test_the_file_tells_when_it_begins_and_who_made_it_and_the_span_what_is_measured(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    whole = found(capsys, three_phases(tmp_path))
    assert (whole["start"], whole["station"]) == ("2026-11-25T03:04:05", "test")
    span = whole["span"]
    assert span["cycles"] == pytest.approx((span["end"] - span["start"]) * 50, abs=1e-3)
    assert 58 <= span["cycles"] <= 60
    at = times(5000, 0.5)
    rows = "".join(f"{t:.4f},{u:.3f}\n" for t, u in zip(at, wave(at, 230), strict=True))
    (tmp_path / "r.csv").write_text(f"t (s),U1 (V)\n{rows}", encoding="utf-8")
    whole = found(capsys, tmp_path / "r.csv")
    assert (whole["start"], whole["station"]) == (None, None)


def test_a_nominal_voltage_is_told_with_where_it_comes_from(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = three_phases(tmp_path)
    whole = found(capsys, path)
    assert (whole["nominal_voltage"], whole["nominal_voltage_from"]) == (
        pytest.approx(240, abs=1),
        "found",
    )
    whole = found(capsys, path, "--nominal", 231)
    assert (whole["nominal_voltage"], whole["nominal_voltage_from"]) == (231, "given")
    told = replace(recording(5000, {"U1|V": wave(times(5000, 0.5), 230)}), nominal_voltage=220.0)
    written(told, tmp_path / "told.cff")
    whole = found(capsys, tmp_path / "told.cff")
    assert (whole["nominal_voltage"], whole["nominal_voltage_from"]) == (220, "file")
    whole = found(capsys, kept(tmp_path, 5000, {"I1|A": wave(times(5000, 0.5), 4)}))
    assert (whole["nominal_voltage"], whole["nominal_voltage_from"]) == (None, None)


def test_an_inrush_tells_its_heat_its_angle_and_its_cause_and_a_dip_has_none(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(10_000, 1.4)
    late = np.clip(at - 0.505, 0, None)
    current = wave(at, 2) * (at >= 0.505) * (1 + 15 * np.exp(-late / 0.03))
    dip = 1 - 0.3 * ((at >= 1.0) & (at < 1.1))
    path = kept(tmp_path, 10_000, {"U1|V": wave(at, 230) * dip, "I1|A": current})
    first, second = found(capsys, path)["events"][:2]
    assert (first["kind"], second["kind"]) == ("inrush", "dip")
    inside = (at >= first["start"]) & (at < first["start"] + first["duration"])
    heat = (current[inside] ** 2).sum() / 10_000
    assert first["i2t"] == pytest.approx(heat, rel=0.02)
    assert first["angle"] == pytest.approx(90, abs=3)
    assert first["cause"] == "load plugged in"
    assert {second[key] for key in ("i2t", "angle", "cause")} == {None}


def test_a_count_of_samples_is_a_whole_number(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shape = wave(times(5000, 0.5), 230)
    shape[1000:1007] = float("nan")
    main(["analyze", str(kept(tmp_path, 5000, {"U1|V": shape})), "--json"])
    mark = json.loads(capsys.readouterr().err.splitlines()[0])
    assert (mark["quality"], mark["samples"]) == ("missing", 7)
    assert isinstance(mark["samples"], int)
