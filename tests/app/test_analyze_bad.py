"""smartpdu analyze on bad input: it says what is wrong and where, and analyses what can be."""

import json
import subprocess
import sys
from collections.abc import Callable
from math import nan
from pathlib import Path

import numpy as np
import pytest
from recordings import Array, kept, recording, times, wave

from smartpdu.app.cli import main
from smartpdu.drivers.comtrade_written import config_text, data_bytes, written
from smartpdu.drivers.recording import Recording


def told(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of smartpdu analyze."""
    try:
        code = main(["analyze", *(str(word) for word in words)])
    except SystemExit as end:  # argparse ends the program itself
        code = int(end.code or 0)
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err


AT = times(5000, 0.6)
GOOD = {"U1|V": wave(AT, 230), "I1|A": wave(AT, 4, angle=-0.5)}


def pair(folder: Path, config: bytes, data: bytes) -> Path:
    (folder / "p.cfg").write_bytes(config)
    (folder / "p.dat").write_bytes(data)
    return folder / "p.cfg"


def no_dat(folder: Path) -> Path:
    path = pair(folder, config_text(recording(5000, GOOD), "FLOAT32"), b"")
    (folder / "p.dat").unlink()
    return path


def no_cfg(folder: Path) -> Path:
    no_dat(folder).rename(folder / "p.dat")
    return folder / "p.dat"


def changed(old: bytes, new: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        config = config_text(recording(5000, GOOD), "FLOAT32")
        assert old in config
        return pair(
            folder, config.replace(old, new, 1), data_bytes(recording(5000, GOOD), "FLOAT32")
        )

    return make


def text(name: str, content: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_text(content, encoding="utf-8")
        return folder / name

    return make


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder / "none.cfg", "none.cfg: found no file"),
        (lambda folder: folder, "found a folder"),
        (text("notes.pdf", "x"), "notes.pdf: found '.pdf', expected a recording: .cfg with .dat"),
        (no_dat, "p.cfg: found no .dat of that name, expected p.dat beside it"),
        (no_cfg, "p.dat: found no .cfg of that name, expected p.cfg beside it"),
        (changed(b"2,2A,0D", b"2,x,0D"), "p.cfg, line 2"),
        (changed(b"FLOAT32", b"FLOAT99"), "p.cfg, line 10"),
        (changed(b"1\r\n5000.0,3000", b"1\r\n5000.0,x"), "p.cfg, line 7"),
        (text("r.csv", ""), "r.csv, line 1: found nothing"),
        (text("r.csv", "t (s),U1 (V)\n"), "r.csv, line 2: found the end, expected a row"),
        (text("r.csv", "t (s),U1 (V)\n0,1\n1,x\n"), "r.csv, line 3, field 2: found 'x'"),
        (text("r.csv", "t (s),U1 (V)\n0,1\n1\n"), "r.csv, line 3: found 1 field,"),
        (text("r.csv", "U1 (V)\n0\n1\n"), "r.csv: found no column of times and no rate"),
        (text("r.csv", "t (s),U1 (V)\n1,1\n0,1\n"), "r.csv"),
        (text("r.wav", "no sound"), "r.wav, byte 0: found 'no s', expected RIFF and WAVE"),
        (text("r.wav", ""), "r.wav, byte 0: found '', expected RIFF and WAVE"),
    ],
)
def test_a_file_that_is_no_recording_is_told(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    make: Callable[[Path], Path],
    words: str,
) -> None:
    plot = tmp_path / "drawn.html"
    code, out, err = told(capsys, make(tmp_path), "--plot", plot)
    assert (code, out) == (2, "")
    assert err.startswith("smartpdu: ")
    assert words in err
    assert ": found " in err
    assert ", expected " in err
    assert err.count("\n") == 1
    assert not plot.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--pair", "U1"], "--pair: found 'U1', expected VOLTAGE:CURRENT, two of: U1, I1"),
        (["--pair", "U1:I7"], "--pair: found 'U1:I7', expected VOLTAGE:CURRENT"),
        (["--pair", "I1:U1"], "--pair 'I1:U1': found I1, which is a current, expected a voltage"),
        (["--plot", "x.pdf"], "--plot: found 'x.pdf', expected a name that ends in .html or .png"),
        (["--plot", "no/x.png"], "--plot: found no folder no, expected one that is there"),
        (["--nominal", "0"], "argument --nominal: found '0', expected a number above 0"),
        (["--nominal", "nan"], "argument --nominal: found 'nan', expected a number above 0"),
        (["--nominal", "-230"], "argument --nominal: "),
        (["--nominal", "x"], "argument --nominal: found 'x', expected a number above 0"),
        (["--frequency", "55"], "argument --frequency: invalid choice: 55"),
        (["--rate", "inf"], "argument --rate: found 'inf', expected a number above 0"),
    ],
)
def test_a_wish_without_sense_is_told(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    path = kept(tmp_path, 5000, GOOD)
    code, out, err = told(capsys, path, *words)
    assert (code, out) == (2, "")
    assert said in err
    assert [each.name for each in tmp_path.iterdir()] == ["r.cff"]


def values(capsys: pytest.CaptureFixture[str], path: Path, *words: object) -> tuple[dict, str]:  # type: ignore[type-arg]
    """What was analysed all the same, and the notes; they are in the text as well."""
    code, out, err = told(capsys, path, "--json", *words)
    assert code == 0
    code, plain, silent = told(capsys, path, *words)
    assert (code, silent) == (0, "")
    notes = [json.loads(line) for line in err.splitlines()]
    for note in notes:
        assert note["file"] == path.name
        assert f"{note['quality']}: {note['words']}" in plain.splitlines()
    return json.loads(out), "\n".join(note["words"] for note in notes)


def test_a_recording_without_a_voltage_has_its_currents(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(5000, 0.6)
    path = kept(tmp_path, 5000, {"I1|A": wave(at, 4, harmonics={3: 30}), "I2|A": wave(at, 2)})
    whole, notes = values(capsys, path)
    assert "no voltage channel: no power, no dips, swells or interruptions" in notes
    assert whole["frequency"] == pytest.approx(50, abs=1e-3)
    assert whole["channels"][0]["thd"] == pytest.approx(30, abs=0.01)
    assert whole["channels"][1]["rms"] == pytest.approx(2, rel=1e-4)
    assert (whole["phases"], whole["events"]) == ([], [])


def test_a_table_that_names_no_units_has_its_waves(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(2000, 0.5)
    rows = zip(at, wave(at, 1), at * 10, strict=True)
    lines = "\n".join(f"{t:.6f},{x:.6f},{y:.6f}" for t, x, y in rows)
    (tmp_path / "r.csv").write_text(f"t (s),a,b\n{lines}\n", encoding="utf-8")
    whole, _ = values(capsys, tmp_path / "r.csv")
    wavy, ramp = whole["channels"]
    assert (wavy["kind"], wavy["thd"]) == ("other", pytest.approx(0, abs=0.05))
    assert (ramp["thd"], ramp["harmonics"]) == (None, [None] * 50), "a ramp has no harmonics"
    assert ramp["peak"] == pytest.approx(10 * at[-1])


@pytest.mark.parametrize("samples", [1, 2, 30, 49, 75, 90])
def test_less_than_one_cycle_has_values_of_its_samples(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, samples: int
) -> None:
    at = times(5000, samples / 5000)
    shape = wave(at, 230, angle=1.0)
    whole, notes = values(capsys, kept(tmp_path, 5000, {"U1|V": shape, "I1|A": wave(at, 1)}))
    assert "less than one cycle" in notes
    channel = whole["channels"][0]
    assert channel["rms"] == pytest.approx(np.sqrt(np.square(shape).mean()), rel=1e-6)
    assert channel["dc"] == pytest.approx(shape.mean(), rel=1e-6)
    assert channel["peak"] == pytest.approx(np.abs(shape).max(), rel=1e-6)
    assert (whole["frequency"], channel["thd"]) == (None, None)
    assert channel["harmonics"] == [None] * 50
    assert set(whole["phases"][0].values()) == {"1", "U1", "I1", None}
    assert whole["span"] is None


def test_samples_that_are_missing_are_left_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(5000, 1.2)
    holed = {name: shape.copy() for name, shape in {
        "U1|V": wave(at, 230), "U2|V": wave(at, 231), "I1|A": wave(at, 4), "I2|A": wave(at, 5),
    }.items()}  # fmt: skip
    holed["U1|V"][2000:2040] = nan
    holed["I1|A"][4100] = nan
    holed["I2|A"][:] = nan
    whole, notes = values(capsys, kept(tmp_path, 5000, holed))
    assert "U1: 40 samples are missing, from 0.40000 s to 0.40780 s" in notes
    assert "I1: 1 sample is missing, at 0.82000 s" in notes
    assert "I2: 6000 samples are missing, from 0.00000 s to 1.19980 s" in notes
    first, second, current, absent = whole["channels"]
    assert first["rms"] == pytest.approx(230, rel=1e-4)
    assert second["rms"] == pytest.approx(231, rel=1e-4)
    assert current["rms"] == pytest.approx(4, rel=1e-4)
    assert current["thd"] == pytest.approx(0, abs=0.02)
    assert {absent[key] for key in ("rms", "dc", "peak", "crest_factor", "thd")} == {None}
    assert whole["phases"][0]["active_power"] == pytest.approx(920, rel=1e-4)
    assert whole["phases"][1]["active_power"] is None
    assert whole["events"] == [], "a gap is no dip"


def test_samples_that_are_missing_in_several_places_are_told_with_the_first_and_the_last(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shape = wave(times(5000, 0.6), 230)
    shape[[1000, 1001, 1500, 2999]] = nan
    _, notes = values(capsys, kept(tmp_path, 5000, {"U1|V": shape}))
    assert "U1: 4 samples are missing in 3 places, from 0.20000 s to 0.59980 s" in notes


def test_the_only_window_that_is_disturbed_is_told_as_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(5000, 0.35)
    shape = wave(at, 230) * np.where((at > 0.23) & (at < 0.29), 0.5, 1.0)
    _, notes = values(capsys, kept(tmp_path, 5000, {"U1|V": shape}))
    assert "of 1 window without a calm one: a dip, swell or interruption touches it" in notes


def as_table(folder: Path, made: Recording) -> Path:
    """A recording as a table, its values to a hundredth."""
    heading = ",".join(f"{c.name} ({c.unit})" for c in made.channels)
    rows = np.column_stack([made.times, made.samples])
    lines = "\n".join(f"{t:.7f}," + ",".join(f"{x:.2f}" for x in row) for t, *row in rows)
    (folder / "r.csv").write_text(f"t (s),{heading}\n{lines}\n", encoding="utf-8")
    return folder / "r.csv"


@pytest.mark.parametrize("form", ["FLOAT32", "ASCII", "BINARY32", "table"])
@pytest.mark.parametrize("rate", [800, 5000, 20_000])
def test_clipped_waves_are_marked_and_round_ones_are_not(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, form: str, rate: int
) -> None:
    at = times(rate, 0.6)
    cut = np.clip(wave(at, 230, angle=0.3), -220, 200)
    made = recording(
        rate,
        {
            "U1|V": cut,
            "U2|V": wave(at, 230),
            "I1|A": np.round(wave(at, 5), 1),  # a coarse converter rests at the top as well
            "I2|A": np.clip(wave(at, 5), 0, None),  # a diode lets half of it through
        },
    )
    path = tmp_path / "r.cff"
    if form == "table":
        path = as_table(tmp_path, made)
    else:
        written(made, path, form)
    whole, _ = values(capsys, path)
    _, _, err = told(capsys, path, "--json")
    marks = [json.loads(line) for line in err.splitlines()]
    high, low = (mark for mark in marks if mark["quality"] == "clipped")
    for mark, top, value in ((high, cut == 200, 200), (low, cut == -220, 220)):
        assert mark["channel"] == "U1"
        assert str(value) in mark["words"]
        assert 0 < mark["samples"] <= top.sum()
        assert mark["start"] == pytest.approx(at[top].min(), abs=0.021)
    assert high["samples"] == pytest.approx((cut == 200).sum(), rel=0.1)
    assert whole["channels"][0]["peak"] == pytest.approx(220)


def test_a_dat_that_ends_early_is_analysed_as_far_as_it_goes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    made = recording(5000, GOOD)
    raw = data_bytes(made, "FLOAT32")
    path = pair(tmp_path, config_text(made, "FLOAT32"), raw[: len(raw) // 2 - 3])
    whole, notes = values(capsys, path)
    assert "p.dat" in notes
    _, _, err = told(capsys, path, "--json")
    mark, *others = [json.loads(line) for line in err.splitlines()]
    assert {other["quality"] for other in others} <= {"note"}
    assert (mark["quality"], mark["channel"], mark["samples"]) == ("truncated", None, 1501)
    assert mark["start"] == pytest.approx(1498 / 5000)
    assert whole["channels"][0]["rms"] == pytest.approx(230, rel=1e-4)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (np.zeros(3000), "no cycle of the mains, 40 to 72 Hz, is found"),
        (np.full(3000, 48.0), "no cycle of the mains"),
        (wave(times(5000, 0.6), 115, 400.0), "no cycle of the mains"),
        (np.random.default_rng(1).normal(size=3000), "no cycle of the mains"),
        (np.full(3000, nan), "all samples are missing"),
    ],
)
def test_what_has_no_cycles_has_no_frequency_and_no_harmonics(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, shape: Array, words: str
) -> None:
    path = kept(tmp_path, 5000, {"U1|V": shape, "I1|A": shape * 0.1})
    whole, notes = values(capsys, path)
    assert words in notes
    assert whole["frequency"] is None
    assert all(channel["harmonics"] == [None] * 50 for channel in whole["channels"])
    assert whole["events"] == []
    rms = whole["channels"][0]["rms"]
    if np.isfinite(shape).all():
        assert rms == pytest.approx(np.sqrt(np.square(shape).mean()), rel=1e-6)
    else:
        assert rms is None


def test_a_voltage_that_is_noise_leaves_the_others_as_they_are(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at = times(5000, 0.8)
    noise = np.random.default_rng(2).normal(size=len(at))
    channels = {"U1|V": wave(at, 230), "U2|V": 0.01 * noise, "U3|V": 200 * noise}
    whole, notes = values(capsys, kept(tmp_path, 5000, channels))
    assert whole["frequency"] == pytest.approx(50, abs=1e-3)
    assert whole["channels"][0]["thd"] == pytest.approx(0, abs=0.02)
    assert "not watched for dips, being no voltage of a phase: U2, U3" in notes
    assert whole["events"] == []


def test_rates_that_change_are_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = [*np.arange(0, 0.5, 1e-4), *np.arange(0.5, 1.5, 5e-4)]
    lines = "\n".join(
        f"{t:.7f},{x:.4f}" for t, x in zip(rows, wave(np.array(rows), 230), strict=True)
    )
    (tmp_path / "r.csv").write_text(f"t (s),U1 (V)\n{lines}\n", encoding="utf-8")
    whole, notes = values(capsys, tmp_path / "r.csv")
    assert "rates of 10000, 2000 S/s" in notes
    assert whole["sample_rate"] == pytest.approx(10_000)
    assert whole["channels"][0]["rms"] == pytest.approx(230, rel=1e-4)
    assert whole["frequency"] == pytest.approx(50, abs=1e-3)
    assert whole["events"] == []


def test_a_sound_and_a_table_are_told_what_they_do_not_say(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    import wave as sound

    at = times(8000, 0.5)
    with sound.open(str(tmp_path / "r.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes((wave(at, 0.5) * 32767).astype("<i2").tobytes())
    whole, _ = values(capsys, tmp_path / "r.wav", "--names", "U1 (V)", "--scale", 400)
    (channel,) = whole["channels"]
    assert (channel["name"], channel["kind"]) == ("U1", "voltage")
    assert channel["rms"] == pytest.approx(200, rel=1e-3)
    (tmp_path / "r.csv").write_text("U1 (V)\n" + "\n".join(f"{x:.3f}" for x in wave(at, 230)))
    whole, _ = values(capsys, tmp_path / "r.csv", "--rate", 8000)
    assert whole["channels"][0]["rms"] == pytest.approx(230, rel=1e-4)


def test_the_program_says_so_without_a_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "smartpdu.app", "analyze", str(tmp_path / "no.cfg")],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("smartpdu: no.cfg: found no file, expected a recording")
