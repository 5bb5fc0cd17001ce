"""Options of smartpdu analyze that do not fit what they are given for are refused."""

import json
import wave as sound
from pathlib import Path

import pytest
from recordings import kept, times, wave

from smartpdu.app.cli import main

RATE = 5000
AT = times(RATE, 0.5)
BOTH = {"U1|V": wave(AT, 230), "I1|A": wave(AT, 4, angle=-0.5)}


def told(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of smartpdu analyze."""
    code = main(["analyze", *(str(word) for word in words)])
    out, err = capsys.readouterr()
    return code, out, err


def made(folder: Path, form: str) -> Path:
    """Half a second of a voltage and a current in a file of that form."""
    path = folder / f"r.{form}"
    if form == "wav":
        with sound.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes((wave(AT, 0.5) * 32767).astype("<i2").tobytes())
    elif form == "cff":
        kept(folder, RATE, BOTH)
    else:
        return table(folder)
    return path


def table(folder: Path, stamp: str = "{:.6f}", heading: str = "t (s)") -> Path:
    path = folder / "r.csv"
    rows = zip(AT, *BOTH.values(), strict=True)
    lines = "".join(f"{stamp.format(t)},{u:.3f},{i:.4f}\n" for t, u, i in rows)
    path.write_text(f"{heading},U1 (V),I1 (A)\n{lines}", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("form", "words", "said"),
    [
        ("csv", ["--names", "U9 (V)"], "--names, r.csv: found a table"),
        ("csv", ["--scale", "nan"], "--scale, r.csv: found a table"),
        ("cff", ["--names", "U9 (V)"], "--names, r.cff: found a COMTRADE file"),
        ("cff", ["--scale", "2"], "--scale, r.cff: found a COMTRADE file"),
        ("cff", ["--rate", "5000"], "--rate, r.cff: found a COMTRADE file"),
        ("wav", ["--rate", "5000"], "--rate, r.wav: found a .wav"),
        ("csv", ["--rate", "10000"], "r.csv: found time stamps of 5000 S/s beside a rate of 10000"),
        ("csv", ["--rate", "4900"], "r.csv: found time stamps of 5000 S/s beside a rate of 4900"),
        ("csv", ["--nominal", "1e-300"], "--nominal: found 1e-300 V, expected 1 V to 1 MV"),
        ("csv", ["--nominal", "1.1e6"], "--nominal: found 1.1e+06 V, expected 1 V to 1 MV"),
        ("csv", ["--pair", "U1:I1", "u1:I1"], "--pair 'u1:I1': found U1 with I1 a second time"),
    ],
)
def test_an_option_that_does_not_fit_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, form: str, words: list[str], said: str
) -> None:
    path = made(tmp_path, form)
    assert told(capsys, path)[0] == 0, "the file is read without it"
    code, out, err = told(capsys, path, *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"smartpdu: {said}")
    assert ", expected " in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("stamp", ["{:.6f}", "{:.3f}", ""])
def test_a_rate_that_agrees_with_the_time_stamps_or_stands_for_them_is_taken(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, stamp: str
) -> None:
    code, out, _ = told(capsys, table(tmp_path, stamp), "--rate", RATE, "--json")
    assert code == 0
    whole = json.loads(out)
    assert whole["sample_rate"] == RATE
    assert whole["frequency"] == pytest.approx(50.0, abs=1e-3)


def test_a_rate_stands_for_times_in_a_unit_that_says_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = table(tmp_path, heading="t (ticks)")
    assert told(capsys, path)[0] == 2
    assert told(capsys, path, "--rate", RATE)[0] == 0


@pytest.mark.parametrize("volts", ["1", "1e6"])
def test_a_nominal_voltage_at_the_end_of_reason_is_taken(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, volts: str
) -> None:
    assert told(capsys, made(tmp_path, "csv"), "--nominal", volts)[0] == 0


def test_pairs_that_are_told_apart_by_their_channels_alone_have_these_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    names = ("rack1/A/outlet/20", "rack1/A/outlet/21")
    channels = {"U rack1/A/L3|V|L3": wave(AT, 230)}
    channels |= {f"I {name}|A|L3": wave(AT, 4, angle=-0.5) for name in names}
    code, out, _ = told(capsys, kept(tmp_path, RATE, channels))
    assert code == 0
    lines = [line for line in out.splitlines() if line.startswith("U rack1/A/L3 : ")]
    assert len(lines) == len(names)
    for line, name in zip(lines, names, strict=True):
        assert line.count("U rack1/A/L3") == 1
        assert f"I {name}  " in line
    (heading,) = (line for line in out.splitlines() if "cos phi" in line)
    assert heading.split()[:2] == ["channels", "P"]
