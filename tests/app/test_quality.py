"""`smartpdu quality`: verdicts of this week and the last, for people and programs."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smartpdu.app.cli import main
from smartpdu.app.quality import quality
from smartpdu.drivers.sealed import sealed
from smartpdu.drivers.week import Week, more, report
from smartpdu.measurement.voltage import Observed

PHASES = ("A/L1", "A/L2")


def week(values: list[tuple[float, float]], number: int = 2900) -> dict[str, Any]:
    """The report of a week whose voltages deviated so."""
    own = Week(number)
    for k, pair in enumerate(values):
        values = {"voltage": np.array(pair), "harmonic": np.full((50, 2), 0.1)}
        values |= {"thd": np.where(np.isnan(pair), np.nan, 2.0), "unbalance": np.empty(0)}
        flagged = {name: np.zeros(value.shape[-1], np.bool_) for name, value in values.items()}
        own = more(own, Observed(own.begin + 600 * (k + 1), values, flagged))
    return report(own, "A/feed", PHASES)


def begun(off: float = 0.1) -> dict[str, Any]:
    """The report of some minutes: frequencies were judged, voltages have a gap."""
    own = Week(2900)
    for k in range(4):
        tens = Observed(
            own.begin + 10 * (k + 1),
            {"frequency": np.array([off])},
            {"frequency": np.zeros(1, np.bool_)},
        )
        own = more(own, tens)
    names = ("voltage", "thd", "harmonic", "unbalance")
    values = {name: np.full(2, np.nan) for name in names} | {"harmonic": np.full((50, 2), np.nan)}
    values["unbalance"] = np.full(1, np.nan)
    flagged = {name: np.zeros(value.shape[-1], np.bool_) for name, value in values.items()}
    return report(more(own, Observed(own.begin + 600, values, flagged)), "A/feed", PHASES)


def keep(folder: Path, now: dict[str, Any] | None, last: dict[str, Any] | None = None) -> None:
    feeds = {"A/feed": {"now": now, "last": last}}
    (folder / "quality.kept").write_bytes(sealed(1, {"feeds": feeds}))


def told(folder: Path, as_json: bool = False) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    return quality(folder, as_json, out, err), out.getvalue(), err.getvalue()


def test_a_week_that_is_kept_is_told_in_few_lines(tmp_path: Path) -> None:
    keep(tmp_path, week([(1.0, -2.0)] * 252))
    code, out, err = told(tmp_path)
    first, *lines = out.splitlines()
    assert (code, err) == (0, "")
    assert first == (
        "A/feed, this week, so far, 2025-08-04 to 2025-08-11: EN 50160 kept; "
        "25.0 % of the week judged; class 1 of IEC 61000-2-4"
    )
    assert lines[0] == (
        "  A/L1: voltage kept: 100.0 % of 252 within, 95 % required; worst 1 % at "
        "2025-08-04T00:10:00+00:00"
    )
    assert lines[-1] == "  harmonics up to order 25: kept 48 times"
    assert lines[2].startswith("  A/L1: voltage at all times kept: 100.0 % of 252 within")
    assert len(lines) == 7


def test_what_was_not_judged_yet_is_neither_kept_nor_of_a_class(tmp_path: Path) -> None:
    now = begun()
    assert (now["kept"], now["covered"], now["iec_61000_2_4_class"]) == (None, 0.0, None)
    keep(tmp_path, now)
    code, out, err = told(tmp_path)
    first, *lines = out.splitlines()
    assert (code, err) == (2, "")
    assert first == "A/feed, this week, so far, 2025-08-04 to 2025-08-11: EN 50160 not judged yet"
    assert lines[0] == "  A/L1: voltage not judged yet (1 gap)"
    assert told(tmp_path, as_json=True)[0] == 2


def test_what_rounding_left_is_told_as_none(tmp_path: Path) -> None:
    keep(tmp_path, begun(off=1.24e-12))
    assert "worst 0 % at" in told(tmp_path)[1]


def test_what_is_broken_already_is_told_before_voltages_are_judged(tmp_path: Path) -> None:
    keep(tmp_path, begun(off=-7.0))
    code, out, _ = told(tmp_path)
    assert code == 1
    assert out.splitlines()[0].endswith("EN 50160 NOT KEPT; its voltage not judged yet")


def test_the_week_before_stands_where_this_one_is_not_judged_yet(tmp_path: Path) -> None:
    keep(tmp_path, begun(), week([(1.0, -2.0)], 2899))
    assert told(tmp_path)[0] == 0


@pytest.mark.parametrize("lacking", ["thd", "unbalance"])
def test_no_whole_is_judged_without_each_of_its_parts(lacking: str) -> None:
    values = {"voltage": np.zeros(1), "thd": np.ones(1), "unbalance": np.ones(1)}
    flagged = dict.fromkeys(values, np.zeros(1, np.bool_))
    entire = report(more(Week(2900), Observed(0.0, values, flagged)), "A/feed", PHASES)
    assert (entire["kept"], entire["iec_61000_2_4_class"]) == (True, 1)
    values[lacking] = np.full(1, np.nan)
    part = report(more(Week(2900), Observed(0.0, values, flagged)), "A/feed", PHASES)
    assert (part["kept"], part["iec_61000_2_4_class"]) == (None, None)


def test_a_week_that_is_not_kept_says_which_phase_and_ends_with_one(tmp_path: Path) -> None:
    keep(tmp_path, week([(1.0, -2.0)]), week([(1.0, -12.5)] * 20, 2899))
    code, out, _ = told(tmp_path)
    assert code == 1
    (line,) = [li for li in out.splitlines() if "A/L2: voltage NOT KEPT" in li]
    assert "0.0 % of 20 within" in line
    assert "worst -12.5 %" in line
    assert "last week, 2025-07-28 to 2025-08-04: EN 50160 NOT KEPT" in out


def test_a_program_gets_the_same_as_json_with_times_in_utc(tmp_path: Path) -> None:
    now = week([(1.0, -2.0)] * 3)
    keep(tmp_path, now)
    code, out, _ = told(tmp_path, as_json=True)
    assert code == 0
    (feed,) = json.loads(out)["feeds"]
    week_, verdicts = feed["now"], feed["now"]["verdicts"]
    assert (feed["feed"], feed["last"], len(verdicts)) == ("A/feed", None, len(now["verdicts"]))
    assert (week_["begin"], week_["end"]) == (
        "2025-08-04T00:00:00.000+00:00",
        "2025-08-11T00:00:00.000+00:00",
    )
    assert verdicts[0]["worst_end"] == "2025-08-04T00:10:00.000+00:00"
    for one, as_kept in zip(verdicts, now["verdicts"], strict=True):
        assert {**one, "worst_end": as_kept["worst_end"]} == as_kept
    rest = {"verdicts": now["verdicts"], "begin": now["begin"], "end": now["end"]}
    assert {**week_, **rest} == now
    keep(tmp_path, begun())
    unjudged = json.loads(told(tmp_path, as_json=True)[1])["feeds"][0]["now"]["verdicts"][0]
    assert (unjudged["kept"], unjudged["worst_end"]) == (None, None)


def test_a_feed_of_which_nothing_was_judged_yet_is_named(tmp_path: Path) -> None:
    none = {"now": None, "last": None}
    feeds = {"A/feed": none, "B/feed": {"now": week([(1.0, -2.0)]), "last": None}, "C/feed": none}
    (tmp_path / "quality.kept").write_bytes(sealed(1, {"feeds": feeds}))
    code, out, err = told(tmp_path)
    lines = out.splitlines()
    assert (code, err) == (2, "")
    assert (lines[0], lines[-1]) == ("A/feed: nothing judged yet", "C/feed: nothing judged yet")
    assert lines[1].startswith("B/feed, this week, so far")
    assert out.count("nothing judged yet") == 2
    assert json.loads(told(tmp_path, as_json=True)[1])["feeds"][0] == {"feed": "A/feed", **none}


def test_help_says_what_each_exit_code_means(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["quality", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    codes = said.partition("The exit code is ")[2]
    assert codes == (
        "0 where each feed was kept as far as it was judged, 1 where one was not, 2 where one was "
        "not judged yet, where there is nothing, or where the file quality.kept is damaged."
    )


@pytest.mark.parametrize("content", [b"", b"x\n{}", sealed(2, {"feeds": {}}), sealed(1, {})])
def test_a_damaged_file_is_told_without_a_traceback(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "quality.kept").write_bytes(content)
    code, out, err = told(tmp_path)
    assert (code, out) == (2, "")
    assert err.startswith(f"smartpdu: {tmp_path}/quality.kept: found damage (")


def test_nothing_measured_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quality", "--data", str(tmp_path)]) == 2
    assert "only voltages that are sampled are judged" in capsys.readouterr().err
