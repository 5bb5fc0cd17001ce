"""smartpdu analyze: what a recording holds is told as it was made, and real ones as they are."""

import json
from dataclasses import replace
from math import cos, hypot, sin, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recordings import THIRD, kept, recording, times, wave

from smartpdu.app.cli import main
from smartpdu.drivers.comtrade_written import written
from smartpdu.drivers.recording import Channel, primary
from smartpdu.drivers.recordings import read_recording

FIFTY = 50  # orders


def told(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of smartpdu analyze."""
    code = main(["analyze", *(str(word) for word in words)])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err


def found(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    """The JSON of smartpdu analyze."""
    code, out, _ = told(capsys, *words, "--json")
    assert code == 0
    assert out.count("\n") == 1
    return json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def three_phases(folder: Path) -> Path:
    """A second of three phases at 50.02 Hz; L1 dips to 60 % from 0.5 s to 0.62 s."""
    at = times(10_000, 1.2)
    dip = np.where((at >= 0.5) & (at < 0.62), 0.6, 1.0)
    channels = {
        f"U{k}|V": wave(at, 230, 50.02, 0.3 - k * THIRD, {5: 3.0}) * (dip if k == 1 else 1)
        for k in (1, 2, 3)
    }
    channels |= {
        f"I{k}|A": wave(at, 10, 50.02, 0.3 - k * THIRD - 0.5, {3: 20.0, 7: 5.0}) for k in (1, 2, 3)
    }
    return kept(folder, 10_000, channels)


@pytest.mark.requirement("R-8.2-1")
@pytest.mark.requirement("R-8.2-4")
def test_values_are_those_that_the_waves_were_made_of(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    whole = found(capsys, three_phases(tmp_path))
    assert whole["sample_rate"] == 10_000
    assert whole["frequency"] == pytest.approx(50.02, abs=1e-4)
    voltage, current = whole["channels"][1], whole["channels"][4]
    assert (voltage["name"], voltage["unit"], voltage["kind"]) == ("U2", "V", "voltage")
    assert (current["name"], current["unit"], current["kind"]) == ("I2", "A", "current")
    assert voltage["rms"] == pytest.approx(230 * hypot(1, 0.03), rel=2e-5)
    assert current["rms"] == pytest.approx(10 * sqrt(1 + 0.2**2 + 0.05**2), rel=2e-5)
    assert voltage["dc"] == pytest.approx(0, abs=0.02)
    peak = np.abs(read_recording(tmp_path / "r.cff").samples[:, 1]).max()
    assert voltage["peak"] == pytest.approx(peak, rel=1e-6)
    assert voltage["crest_factor"] == pytest.approx(peak / voltage["rms"], rel=1e-6)
    assert voltage["thd"] == pytest.approx(3, abs=1e-3)
    assert current["thd"] == pytest.approx(100 * hypot(0.2, 0.05), abs=2e-3)
    made = [100.0, 0, 20, 0, 0, 0, 5] + [0] * 43
    assert current["harmonics"] == pytest.approx(made, abs=0.01)
    phase = whole["phases"][1]
    assert phase["name"] == "2"
    assert phase["active_power"] == pytest.approx(2300 * cos(0.5), rel=5e-5)
    assert phase["reactive_power"] == pytest.approx(2300 * sin(0.5), rel=5e-5)
    assert phase["apparent_power"] == pytest.approx(voltage["rms"] * current["rms"], rel=1e-9)
    factor = phase["active_power"] / phase["apparent_power"]
    assert phase["power_factor"] == pytest.approx(factor, rel=1e-9)
    assert phase["displacement_factor"] == pytest.approx(cos(0.5), rel=5e-5)


def test_a_current_that_leads_has_negative_reactive_power(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(8000, 0.5)
    path = kept(tmp_path, 8000, {"U|V": wave(at, 230), "I|A": wave(at, 2, angle=0.4)})
    (phase,) = found(capsys, path)["phases"]
    assert phase["reactive_power"] == pytest.approx(-460 * sin(0.4), rel=1e-4)
    assert phase["displacement_factor"] == pytest.approx(cos(0.4), rel=1e-5)


@pytest.mark.parametrize("held", [0.12, 1.0])
@pytest.mark.parametrize(("share", "kind"), [(0.6, "dip"), (1.25, "swell"), (0.0, "interruption")])
def test_what_happened_is_told_with_time_duration_and_depth(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, share: float, kind: str, held: float
) -> None:
    at = times(10_000, 1.7)
    shape = np.where((at >= 0.5) & (at < 0.5 + held), share, 1.0)
    path = kept(tmp_path, 10_000, {"U1|V": wave(at, 230) * shape, "I1|A": wave(at, 1)})
    events = [e for e in found(capsys, path)["events"] if e["kind"] == kind]
    assert len(events) == 1, "the usual voltage is found though it is not there half of the time"
    assert events[0]["channels"] == ["U1"]
    assert events[0]["start"] == pytest.approx(0.5, abs=0.02)
    assert events[0]["duration"] == pytest.approx(held, abs=0.021)
    assert events[0]["residual"] == pytest.approx(share * 230, abs=0.1)
    _, out, _ = told(capsys, path)
    (line,) = [line for line in out.splitlines() if f" {kind} " in line and "U1" in line]
    assert f"{100 * share:.1f} %" in line


def test_what_lasts_beyond_the_recording_has_no_duration(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(10_000, 0.8)
    path = kept(tmp_path, 10_000, {"U1|V": wave(at, 230) * np.where(at < 0.5, 1, 0.7)})
    (event,) = found(capsys, path)["events"]
    assert (event["kind"], event["duration"]) == ("dip", None)
    _, out, _ = told(capsys, path)
    assert " dip " in out
    assert "> 3" in out


def test_an_inrush_is_told_with_its_peak(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(10_000, 1.5)
    late = np.clip(at - 0.505, 0, None)
    rush = wave(at, 2) * (at >= 0.505) * (1 + 15 * np.exp(-late / 0.03))
    path = kept(tmp_path, 10_000, {"U1|V": wave(at, 230), "I1|A": rush})
    (event,) = found(capsys, path)["events"]
    assert (event["kind"], event["channels"]) == ("inrush", ["I1"])
    assert event["start"] == pytest.approx(0.505, abs=0.001)
    assert event["residual"] == pytest.approx(np.abs(rush).max(), rel=1e-4)


def test_two_feeds_and_two_levels_are_judged_apart(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(2000, 1.2)
    lost = np.where((at >= 0.5) & (at < 0.7), 0.0, 1.0)
    channels = {f"A U{k}|V": wave(at, 230, angle=-k * THIRD) for k in (1, 2, 3)}
    channels |= {f"B U{k}|V": wave(at, 230, angle=-k * THIRD) * lost for k in (1, 2, 3)}
    channels |= {f"HV U{k}|V": wave(at, 20_000, angle=-k * THIRD) for k in (1, 2, 3)}
    path = kept(tmp_path, 2000, channels)
    events = found(capsys, path)["events"]
    assert [event["kind"] for event in events] == ["dip", "interruption"]
    assert all(event["channels"] == ["B U1", "B U2", "B U3"] for event in events)
    _, out, _ = told(capsys, path)
    assert "nominal voltage 20000 V, 230.0 V (found)" in out


def test_the_nominal_voltage_may_be_given(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(10_000, 1.0)
    path = kept(tmp_path, 10_000, {"U1|V": wave(at, 200)})
    assert found(capsys, path)["events"] == []
    (event,) = found(capsys, path, "--nominal", 230)["events"]
    assert event["kind"] == "dip"
    _, out, _ = told(capsys, path, "--nominal", 230)
    assert "nominal voltage 230.0 V (as given)" in out


@pytest.mark.parametrize(
    ("rate", "frequency", "orders"),
    [(800, 50.0, 7), (1200, 60.0, 9), (1200, 59.7, 9), (400, 50, 3)],
)
def test_low_rates_give_harmonics_as_far_as_they_can(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, rate: int, frequency: float, orders: int
) -> None:
    at = times(rate, 2.0)
    made = {order: 10.0 / order for order in range(2, orders + 1)}
    shape = wave(at, 230, frequency, 0.4, made)
    path = kept(tmp_path, rate, {"U1|V": shape, "I1|A": wave(at, 3, frequency)})
    whole = found(capsys, path)
    assert whole["frequency"] == pytest.approx(frequency, abs=2e-3)
    shares = whole["channels"][0]["harmonics"]
    assert shares[:orders] == pytest.approx([100.0, *made.values()], abs=0.01)
    assert shares[orders:] == [None] * (FIFTY - orders)
    thd = sqrt(sum(share**2 for share in made.values()))
    assert whole["channels"][0]["thd"] == pytest.approx(thd, abs=0.01)
    _, out, _ = told(capsys, path)
    assert f"{rate} S/s allow harmonics up to order {orders}" in out


@pytest.mark.parametrize("cycles", [1, 2, 4, 7.5, 11, 14, 20])
@pytest.mark.parametrize("frequency", [49.7, 60.2])
def test_few_cycles_are_analysed_as_they_are(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, cycles: float, frequency: float
) -> None:
    at = times(12_800, cycles / frequency)
    channels = {
        "U1|V": wave(at, 230, frequency, 0.3, {3: 4.0, 11: 2.0}),
        "I1|A": wave(at, 5, frequency, -0.4),
    }
    path = kept(tmp_path, 12_800, channels)
    whole = found(capsys, path)
    near = 5e-5 if cycles > 1 else 1e-2  # in one cycle, harmonics fit other frequencies too
    assert whole["frequency"] == pytest.approx(frequency, rel=near)
    voltage = whole["channels"][0]
    assert voltage["rms"] == pytest.approx(230 * sqrt(1 + 0.04**2 + 0.02**2), rel=near)
    assert voltage["thd"] == pytest.approx(100 * hypot(0.04, 0.02), rel=20 * near)
    power = whole["phases"][0]
    assert power["active_power"] == pytest.approx(1150 * cos(0.7), rel=3 * near)
    assert power["reactive_power"] == pytest.approx(1150 * sin(0.7), rel=3 * near)
    assert whole["events"] == []
    _, out, _ = told(capsys, path)
    window = 10 if frequency < 55 else 12
    said = f"{int(cycles)} whole cycle{'s' if cycles >= 2 else ''}, fewer than the {window}"
    assert (said in out) == (cycles < window)


@pytest.mark.parametrize("frequency", [42.5, 46.0, 57.4, 51.0, 63.0, 69.0])
def test_the_frequency_is_found_and_the_nominal_one_with_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, frequency: float
) -> None:
    at = times(10_000, 2.0)
    path = kept(tmp_path, 10_000, {"U1|V": wave(at, 230, frequency, 0.2, {3: 5.0, 5: 6.0})})
    whole = found(capsys, path)
    assert whole["frequency"] == pytest.approx(frequency, abs=1e-4)
    assert whole["channels"][0]["rms"] == pytest.approx(230 * sqrt(1 + 0.0061), rel=2e-5)


def test_pairs_may_be_given_and_names_are_told_apart(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(5000, 0.6)
    channels = {"a|V": wave(at, 100), "b|V": wave(at, 50), "x|A": wave(at, 2), "y|A": wave(at, 3)}
    path = kept(tmp_path, 5000, channels)
    code, out, _ = told(capsys, path)
    assert code == 0
    assert "no current belongs to a voltage by its name" in out
    phases = found(capsys, path, "--pair", "a:y", "b:x")["phases"]
    powers = [phase["active_power"] for phase in phases]
    assert powers == pytest.approx([300, 100], rel=1e-4)
    assert len({phase["name"] for phase in phases}) == 2


def test_a_small_current_beside_a_large_voltage_keeps_its_harmonics(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(10_000, 1.0)
    made = {3: 10.0, 25: 1.0}
    channels = {"U1|V": wave(at, 130_000), "I1|A": wave(at, 0.001, harmonics=made)}
    current = found(capsys, kept(tmp_path, 10_000, channels))["channels"][1]
    assert current["harmonics"][2] == pytest.approx(10, abs=0.01)
    assert current["harmonics"][24] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("file", "frequency", "span", "count"),
    [
        ("keating_1999.CFG", 59.97, 0.01, (8, 3)),
        ("real_1999_bin.cfg", 50.04, 0.03, (24, 3)),  # tracked by its relay as 50.04
        ("oita_60hz_2013f32.cfg", 60.0, 0.01, (23, 3)),
        ("wisp_3.cfg", 50.0135, 0.002, (24, 3)),  # before its fault
    ],
)
def test_real_recordings_are_analysed(
    capsys: pytest.CaptureFixture[str],
    data: Path,
    file: str,
    frequency: float,
    span: float,
    count: tuple[int, int],
) -> None:
    path = data / "waveforms" / file
    whole = found(capsys, path)
    assert whole["frequency"] == pytest.approx(frequency, abs=span)
    assert (len(whole["channels"]), len(whole["phases"])) == count
    samples = primary(read_recording(path)).samples.astype(float)
    for n, channel in enumerate(whole["channels"]):
        rough = float(np.sqrt(np.square(samples[:, n]).mean()))
        assert channel["rms"] == pytest.approx(rough, rel=0.02, abs=1e-9), channel["name"]
        assert channel["peak"] == pytest.approx(np.abs(samples[:, n]).max(), rel=1e-6)


def test_the_transient_of_a_meter_in_canada_is_found(
    capsys: pytest.CaptureFixture[str], data: Path
) -> None:
    path = data / "waveforms" / "keating_1999.CFG"
    (event,) = found(capsys, path)["events"]
    assert event["kind"] == "transient"
    assert event["start"] == pytest.approx(0.0222, abs=0.0002)
    assert "U3" in event["channels"]
    _, out, _ = told(capsys, path)
    assert "4 whole cycles, fewer than the 12 of a window" in out


def test_the_dip_of_a_relay_is_found(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    path = data / "waveforms" / "wisp_3.cfg"
    dip, *others = found(capsys, path)["events"]
    assert dip["kind"] == "dip"
    assert dip["start"] == pytest.approx(0.456, abs=0.01)
    assert set(dip["channels"]) == {"F5-VA", "F6-VB", "F7-VC"}
    assert [event["kind"] for event in others] == ["swell", "interruption"]
    code, out, _ = told(capsys, path)
    assert code == 0
    assert "F7-VC, F8-VN: primary values: 3300 times the secondary ones that the file has" in out


def test_a_real_recorder_computes_the_same_primary_values(
    capsys: pytest.CaptureFixture[str], data: Path
) -> None:
    """A relay wrote the primary RMS values that it computed beside the secondary waves."""
    path = data / "waveforms" / "real_1999_bin.cfg"
    channels = {each["name"]: each for each in found(capsys, path)["channels"]}
    for phase in "ABC":
        computed = channels[f"J1 I{phase.lower()}"]["dc"]
        assert channels[f"J1 -I{phase}"]["rms"] == pytest.approx(computed, rel=1e-3)
    channels = {each["name"]: each for each in found(capsys, path, "--as-recorded")["channels"]}
    assert channels["J1 -IA"]["rms"] == pytest.approx(38.62 / 25, rel=1e-3)
    _, out, _ = told(capsys, path, "--as-recorded")
    assert "secondary values, as the file has them; times 25 they are primary ones" in out


def test_a_breaker_that_opens_is_no_inrush(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    assert found(capsys, data / "waveforms" / "oita_60hz_2013f32.cfg")["events"] == []


def test_the_current_of_a_fault_is_no_inrush_and_that_of_a_motor_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(10_000, 1.5)
    during = (at >= 0.505) & (at < 0.625)
    for left, kinds in ((0.2, ["dip"]), (0.8, ["dip", "inrush"])):
        voltage = wave(at, 230) * np.where(during, left, 1.0)
        rush = 1 + 8 * during * np.exp(-np.clip(at - 0.505, 0, None) / 0.03)
        path = kept(tmp_path, 10_000, {"U1|V": voltage, "I1|A": wave(at, 8) * rush})
        assert [event["kind"] for event in found(capsys, path)["events"]] == kinds, left


def test_a_neutral_is_no_phase_unless_it_is_given_as_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(10_000, 0.6)
    noise = np.random.default_rng(4).normal(scale=0.05, size=len(at))
    channels = {f"U{k}|V": wave(at, 230, angle=-k * THIRD) for k in (1, 2, 3)}
    channels |= {f"I{k}|A": wave(at, 10, angle=-k * THIRD) for k in (1, 2, 3)}
    path = kept(tmp_path, 10_000, channels | {"U4|V": noise, "I4|A": wave(at, 1)})
    whole = found(capsys, path)
    assert [phase["name"] for phase in whole["phases"]] == ["1", "2", "3"]
    assert (whole["channels"][6]["thd"], whole["channels"][7]["thd"]) == (
        None,
        pytest.approx(0, abs=0.05),
    )
    (given,) = found(capsys, path, "--pair", "U4:I4")["phases"]
    assert given["apparent_power"] == pytest.approx(0.05, rel=0.1)


def test_secondary_values_become_primary_ones(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(5000, 0.6)
    samples = np.stack([wave(at, 57.7), wave(at, 1, angle=-0.6), wave(at, 3)], axis=1)
    told_of = (
        Channel("U1", "voltage", "V", "1", ratio=200.0, side="S"),
        Channel("I1", "current", "A", "1", ratio=100.0, side="S"),
        Channel("I2", "current", "A", "2", ratio=100.0, side="P"),
    )
    made = recording(5000, {"U1|V": at, "I1|A": at, "I2|A": at})
    made = replace(made, channels=told_of, samples=samples)
    written(made, tmp_path / "r.cff")
    whole = found(capsys, tmp_path / "r.cff")
    assert [c["rms"] for c in whole["channels"]] == pytest.approx([11_540, 100, 3], rel=1e-4)
    assert whole["phases"][0]["active_power"] == pytest.approx(1_154_000 * cos(0.6), rel=1e-3)
    whole = found(capsys, tmp_path / "r.cff", "--as-recorded")
    assert [c["rms"] for c in whole["channels"]] == pytest.approx([57.7, 1, 3], rel=1e-4)


def test_distortion_of_a_real_grid_is_what_its_spectrum_says(
    capsys: pytest.CaptureFixture[str], data: Path
) -> None:
    """Against a plain spectrum: this relay takes 32 samples of a cycle."""
    path = data / "waveforms" / "real_1999_bin.cfg"
    samples = read_recording(path).samples.astype(float)
    for channel, n in zip(found(capsys, path)["channels"][5:8], (5, 6, 7), strict=True):
        own = samples[: 32 * 240, n] * np.hanning(32 * 240)
        spectrum = np.abs(np.fft.rfft(own))
        lines = [
            np.sqrt(np.square(spectrum[240 * h - 3 : 240 * h + 4]).sum()) for h in range(1, 16)
        ]
        thd = 100 * np.sqrt(np.square(lines[1:]).sum()) / lines[0]
        assert channel["thd"] == pytest.approx(thd, rel=0.02)
        assert 0.8 <= channel["thd"] <= 1.0
        assert channel["harmonics"][15:] == [None] * 35
