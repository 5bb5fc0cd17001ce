"""Recorded power: read at whole seconds, refused where it is no record, played true."""

import csv
from pathlib import Path

import numpy as np
import pytest
from living import rack

from smartpdu.drivers.replay import LONGEST, recorded
from smartpdu.drivers.source import SettingsError
from smartpdu.twin.plan import ServerSpec

TRACE = "traces/mlperf_v1.0_power/dgxa100_bert_server.csv"


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_between_two_lines_the_power_is_on_their_straight_line(tmp_path: Path) -> None:
    path = written(tmp_path / "p.csv", "t_s,a,b\n10.5,100,0\n11.0,110,0\n13.5,160,5\n")
    assert recorded(path, ["a", "b"]) == pytest.approx(
        np.array([[100, 0], [120, 1], [140, 3], [160, 5]])
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "found no line, expected a column 't_s'"),
        ("t_s,b\n0,1\n", "expected a column 'a'"),
        ("t_s,a\n0,x\n", "could not convert string to float: 'x', expected numbers in"),
        ("t_s,a\n0,1\n1\n", "expected numbers in"),
        ("t_s,a\n0,1\n0,1\n", "expected times that rise"),
        ("t_s,a\n0,1\nnan,1\n", "expected times that rise"),
        ("t_s,a\n0,1\n1,nan\n", "found a gap or a power below 0"),
        ("t_s,a\n0,-1\n", "found a gap or a power below 0"),
        (f"t_s,a\n0,1\n{LONGEST + 1},1\n", f"expected at most {LONGEST} s"),
    ],
)
def test_a_file_that_is_no_record_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SettingsError) as refused:
        recorded(written(tmp_path / "p.csv", text), ["a"])
    assert told in str(refused.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="a CSV file that can be read"):
        recorded(tmp_path / "none.csv", ["a"])
    path = tmp_path / "binary.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="a CSV file that can be read"):
        recorded(path, ["a"])


def test_the_record_of_a_real_server_comes_out_of_the_meters_as_it_went_in(data: Path) -> None:
    names = ["ch1_w", "ch2_w", "ch3_w"]
    with (data / TRACE).open(newline="") as file:
        lines = list(csv.DictReader(file))
    at = np.array([float(line["t_s"]) for line in lines])
    truth = np.array([[float(line[name]) for name in names] for line in lines])
    outlets = tuple(f"rack1/{letter}/outlet/1" for letter in "ABC")
    record = recorded(data / TRACE, names)
    spec = ServerSpec("dgx", outlets, 6000.0, kind="replay", supply_power=2200.0, replay=record)
    living = rack([spec], pdus=3)
    rows = [living.outlet(path) for path in outlets]
    seen = [living.measured().outlets.active_power[rows]]
    for _ in living.seconds(len(record) - 1):
        seen.append(living.measured().outlets.active_power[rows])
    told = np.array([np.interp(at, np.arange(len(seen)), cord) for cord in np.array(seen).T]).T
    total = truth.sum(axis=1)
    assert len(at) == 666
    # the meter's noise is 0.3 %, and the file's seconds are not whole ones
    assert np.abs(np.array(seen) / record - 1).std() < 0.004
    assert np.abs(told.sum(axis=1) - total).mean() <= 0.005 * total.mean()
    energy = np.trapezoid(told.sum(axis=1), at)
    assert energy == pytest.approx(np.trapezoid(total, at), rel=0.001)
    assert not np.array_equal(told, truth)
