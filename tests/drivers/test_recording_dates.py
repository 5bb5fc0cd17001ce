"""Tables whose times are dates, or whose columns only blanks part, are read as they are written."""

from pathlib import Path

import numpy as np
import pytest
from drivers.test_recording_csv import read

from smartpdu.drivers.recording import Quality, RecordingError, Stretch


@pytest.mark.parametrize(
    ("text", "start", "step"),
    [
        ("2026-03-01T12:00:{:09.6f}", "2026-03-01T12:00:00", 2e-4),
        ("2026-03-01 12:00:{:09.6f}Z", "2026-03-01T12:00:00+00:00", 2e-4),
        ('"2026-03-01T12:00:{:012.9f}+01:00"', "2026-03-01T12:00:00+01:00", 1e-6),
        ("2026-03-01T12:00:{:02.0f}", "2026-03-01T12:00:00", 1.0),
    ],
)
def test_dates_are_seconds_since_the_first(
    tmp_path: Path, text: str, start: str, step: float
) -> None:
    rows = "".join(f"{text.format(k * step)},{k},{-k}\n" for k in range(50))
    found = read(tmp_path, "Time (UTC),U1 (V),I1 (A)\n" + rows)
    assert found.start is not None
    assert found.start.isoformat() == start
    assert found.times == pytest.approx(step * np.arange(50), abs=1e-12)
    (stretch,) = found.stretches
    assert stretch.rate == pytest.approx(1 / step)
    assert found.samples[:, 1].tolist() == [-float(k) for k in range(50)]


def test_dates_go_on_over_midnight_and_beside_decimal_commas(tmp_path: Path) -> None:
    rows = [f"2026-12-31T23:59:59.{n}00;{n},5" for n in range(5, 10)]
    rows += [f"2027-01-01T00:00:00,{n}00;{n},5" for n in range(5)]
    found = read(tmp_path, "t;U1 (V)\n" + "\n".join(rows))
    assert found.times == pytest.approx(np.arange(10) / 10)
    assert found.stretches == (Stretch(pytest.approx(10.0), 0, 10),)
    assert found.samples[0, 0] == 5.5


@pytest.mark.parametrize("wrong", ["2026-02-30T00:00:02", "2026-02-28T00:61:00", "2.0", "", "soon"])
def test_a_date_that_is_none_is_told_with_its_line(tmp_path: Path, wrong: str) -> None:
    text = f"t,U1\n2026-02-28T00:00:00,1\n2026-02-28T00:00:01,2\n{wrong},3\n"
    with pytest.raises(RecordingError, match=r"line 4.*like that of the first row"):
        read(tmp_path, text)


def test_a_gap_between_dates_is_a_gap(tmp_path: Path) -> None:
    seconds = [*range(10), *range(20, 30)]
    text = "t,U1\n" + "".join(f"2026-02-28T00:00:{s:02},1\n" for s in seconds)
    found = read(tmp_path, text)
    assert [(s.first, s.end) for s in found.stretches] == [(0, 10), (10, 20)]
    assert [m.quality for m in found.marks] == [Quality.UNEVEN]


@pytest.mark.parametrize("blanks", [" ", "   "])
def test_columns_that_only_blanks_part_are_columns(tmp_path: Path, blanks: str) -> None:
    text = "# of a logger\n" + "\n".join(
        blanks.join(row) for row in (["t", "U1", "I1"], ["0.000", "1", "2"], ["0.001", "-3.5", "4"])
    )
    found = read(tmp_path, text + "\n")
    assert [channel.name for channel in found.channels] == ["U1", "I1"]
    assert found.samples.tolist() == [[1, 2], [-3.5, 4]]


def test_a_name_with_blanks_in_it_parts_no_columns(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no column of times"):
        read(tmp_path, "Voltage of L1\n1\n2\n")
