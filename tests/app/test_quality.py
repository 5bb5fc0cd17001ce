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
        interval = Observed(
            own.begin + 600 * (k + 1),
            {"voltage": np.array(pair), "harmonic": np.full((50, 2), 0.1)},
            {"voltage": np.zeros(2, np.bool_), "harmonic": np.zeros(2, np.bool_)},
        )
        own = more(own, interval)
    return report(own, "A/feed", PHASES)


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
        "A/feed, this week, so far, 2025-08-04 to 2025-08-11: EN 50160 kept in 25.0 % of it; "
        "class 1 of IEC 61000-2-4"
    )
    assert lines[0] == (
        "  A/L1: voltage kept: 100.0 % of 252 within, 95 % are to be; worst 1 % at "
        "2025-08-04T00:10:00+00:00"
    )
    assert lines[-1] == "  harmonics up to order 25: kept 48 times"
    assert len(lines) == 5


def test_a_week_that_is_not_kept_says_which_phase_and_ends_with_one(tmp_path: Path) -> None:
    keep(tmp_path, week([(1.0, -2.0)]), week([(1.0, -12.5)] * 20, 2899))
    code, out, _ = told(tmp_path)
    assert code == 1
    (line,) = [li for li in out.splitlines() if "A/L2: voltage NOT KEPT" in li]
    assert "0.0 % of 20 within" in line
    assert "worst -12.5 %" in line
    assert "last week, 2025-07-28 to 2025-08-04: EN 50160 NOT KEPT" in out


def test_a_program_gets_the_same_as_json(tmp_path: Path) -> None:
    now = week([(1.0, -2.0)] * 3)
    keep(tmp_path, now)
    code, out, _ = told(tmp_path, as_json=True)
    assert code == 0
    assert json.loads(out)["feeds"] == [{"feed": "A/feed", "now": now, "last": None}]


@pytest.mark.parametrize("content", [b"", b"x\n{}", sealed(2, {"feeds": {}}), sealed(1, {})])
def test_a_damaged_file_is_told_without_a_traceback(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "quality.kept").write_bytes(content)
    code, out, err = told(tmp_path)
    assert (code, out) == (2, "")
    assert err.startswith(f"smartpdu: {tmp_path}/quality.kept: found damage (")


def test_nothing_measured_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quality", "--data", str(tmp_path)]) == 2
    assert "only voltages that are sampled are judged" in capsys.readouterr().err
