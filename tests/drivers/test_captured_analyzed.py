"""`analyze` tells of the program's own files what happened, though they show a part of it."""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from boards import RATE
from drivers.test_watch import board, heard
from recordings import THIRD, kept, times, wave

from smartpdu.app.analyze import Wish, analyze
from smartpdu.drivers.recordings import read_recording

ALL = (0, 1, 2)
DOWN = ("dip", "interruption", "swell")


async def files(tmp_path: Path, begin: float, end: float, share: float, seconds: int) -> list[Path]:
    """The files that one disturbance of all phases leaves."""
    made = board((begin, end, share), phases=ALL)
    told, _ = await heard(tmp_path, list(made.frames(seconds)), made, seconds)
    found = [content for _, content in told if content is not None]
    paths = [tmp_path / f"{n}.cff" for n in range(len(found))]
    for path, content in zip(paths, found, strict=True):
        path.write_bytes(content)
    return paths


def whole(path: Path, **more: Any) -> tuple[Any, str]:
    """What `analyze` tells of a file, as JSON and as text."""
    out, text = StringIO(), StringIO()
    assert analyze(Wish(path, json=True, **more), out, StringIO()) == 0
    assert analyze(Wish(path, **more), text, StringIO()) == 0
    return json.loads(out.getvalue()), text.getvalue()


def events(path: Path, **more: Any) -> list[Any]:
    """Dips, swells and interruptions of a file."""
    return [e for e in whole(path, **more)[0]["events"] if e["kind"] in DOWN]


@pytest.mark.requirement("R-8.2-5")
async def test_both_files_of_a_lasting_dip_show_a_dip_of_the_voltage_that_should_be_there(
    tmp_path: Path,
) -> None:
    first, second = await files(tmp_path, 2.2, 5.2, 0.6, 9)
    for path in (first, second):
        (dip,) = events(path)
        assert dip["kind"] == "dip"
        assert dip["residual"] == pytest.approx(138, abs=0.5)
        assert dip["duration"] is None, "its beginning or its end is in the other file"
        assert len(dip["channels"]) == 3
        assert "nominal voltage 230.0 V (told by the file)" in whole(path)[1]
    assert events(first)[0]["start"] == pytest.approx(6 / 50, abs=0.021)
    assert events(second)[0]["start"] is None


@pytest.mark.requirement("R-8.2-5")
async def test_both_files_of_a_lasting_interruption_show_it_and_its_dip(tmp_path: Path) -> None:
    first, second = await files(tmp_path, 2.2, 12.2, 0.0, 16)
    for path in (first, second):
        found = {e["kind"]: e for e in events(path)}
        assert list(found) == ["dip", "interruption"]
        assert found["interruption"]["residual"] < 1
        assert found["interruption"]["duration"] is None
        about = whole(path)[0]
        assert about["frequency"] == pytest.approx(50, abs=0.05)
    assert {e["start"] for e in events(second)} == {None}
    assert events(first)[1]["start"] == pytest.approx(6 / 50, abs=0.021)


async def test_what_is_said_of_the_nominal_voltage_wins_over_the_file(tmp_path: Path) -> None:
    first, _ = await files(tmp_path, 2.2, 5.2, 0.6, 9)
    assert events(first, nominal=140.0)[0]["kind"] == "swell"
    assert "nominal voltage 140.0 V (as given)" in whole(first, nominal=140.0)[1]


async def test_a_file_in_its_three_parts_is_judged_as_the_whole_is(tmp_path: Path) -> None:
    first, *_ = await files(tmp_path, 3.0, 6.0, 0.6, 8)
    parts = re.split(rb"--- file type: (\w{3}).*?---\r\n", first.read_bytes())[1:]
    found = dict(zip(parts[::2], parts[1::2], strict=True))
    for kind in (b"CFG", b"DAT", b"INF"):
        (tmp_path / f"parts.{kind.decode().lower()}").write_bytes(found[kind])
    told, text = whole(tmp_path / "parts.cfg")
    assert told == whole(first)[0]
    assert [e["kind"] for e in told["events"]] != []
    assert "(told by the file)" in text
    (tmp_path / "parts.inf").unlink()
    assert "(told by the file)" not in whole(tmp_path / "parts.cfg")[1]


async def test_a_file_says_what_it_shows(tmp_path: Path) -> None:
    first, second = (read_recording(f) for f in await files(tmp_path, 2.2, 5.2, 0.6, 9))
    told, later = dict(first.about), dict(second.about)
    assert first.nominal_voltage == second.nominal_voltage == 230
    assert first.nominal_frequency == 50
    assert (told["Place"], told["Kind"]) == ("A/feed", "dip")
    assert (told["Part"], later["Part"]) == ("its beginning", "its end")
    assert told["Start"][:21] == later["Start"][:21]
    assert first.rate == pytest.approx(RATE, rel=1e-3)


@pytest.mark.parametrize(("before", "after"), [(0.12, 0.15), (0.12, 1.0)])
@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("frequency", [49.8, 60.0])
def test_few_clean_cycles_are_enough_to_tell_that_the_voltage_is_away(
    tmp_path: Path, before: float, after: float, ends: bool, frequency: float
) -> None:
    at = times(10_000, before + after)
    there = at >= after if ends else at < before
    waves = {f"U{k}|V": wave(at, 230, frequency, -k * THIRD) * there for k in (1, 2, 3)}
    path = kept(tmp_path, 10_000, waves | {"I1|A": wave(at, 2, frequency)})
    told, text = whole(path)
    found = {e["kind"]: e for e in told["events"] if e["kind"] in DOWN}
    assert set(found) == {"dip", "interruption"}
    assert told["frequency"] == pytest.approx(frequency, rel=0.005)
    edge = found["interruption"]["start"]
    if ends:
        assert edge is None
    else:
        assert edge == pytest.approx(before, abs=0.03)
    assert found["interruption"]["duration"] is None
    assert "no voltage has a frequency" not in text
