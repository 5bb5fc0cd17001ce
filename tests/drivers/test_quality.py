"""What was kept of a week is put aside, and told, before anything is written over it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from boards import Signal, TestBoard, plant
from measurement.signals import sine
from structlog.testing import capture_logs
from structlog.typing import EventDict

from smartpdu.drivers.board import Course, board, channels
from smartpdu.drivers.quality import Quality
from smartpdu.drivers.sealed import sealed, unsealed
from smartpdu.drivers.tallied import Standing
from smartpdu.drivers.verdicts import reports
from smartpdu.drivers.week import Week, more
from smartpdu.measurement.voltage import Observed
from smartpdu.runtime.kept import KeptFile

PLANT = plant(outlets=0)


def course(lines: int) -> Course:
    signals = [Signal(f"A/L{n + 1}", "voltage", sine(230.0), 1e-4) for n in range(lines)]
    (own,) = board(channels(TestBoard(signals).settings), PLANT).courses
    return own


def lived(
    file: Path, lines: int = 3, off: Sequence[float] = ()
) -> tuple[Standing, list[EventDict]]:
    """How a feed stood at the start of a program that was ended well, and what was logged.

    Meanwhile each of these deviations of its voltages lasted for ten minutes.
    """
    with capture_logs() as logs:
        quality = Quality(KeptFile(file, lambda: None)).hold()
        tallied = quality.tallied(course(lines), PLANT)
        begun = tallied.standing
        week = begun.week or Week(2900)
        for k, value in enumerate(off):
            values = {"voltage": np.full(lines, value)}
            flagged = {"voltage": np.zeros(lines, np.bool_)}
            week = more(week, Observed(week.begin + 600 * (k + 1), values, flagged))
        tallied.standing = Standing(week, begun.sums, begun.shorts, begun.long, begun.last)
        asyncio.run(quality.let_go())
    return begun, logs


def worst(file: Path) -> float | None:
    """The first voltage's greatest deviation, as the file tells it."""
    (feed,) = reports(file.read_bytes())
    value: float | None = feed["now"]["verdicts"][0]["worst"] if feed["now"]["verdicts"] else None
    return value


def cut(form: bytes) -> bytes:
    return form[:-1]


def of_another_version(form: bytes) -> bytes:
    return sealed(2, unsealed(1, form))


def without_feeds(_form: bytes) -> bytes:
    return sealed(1, {"feeds": ["A/feed"]})


def with_half_a_feed(_form: bytes) -> bytes:
    return sealed(1, {"feeds": {"A/feed": {"phases": ["A/L1", "A/L2", "A/L3"], "week": 7}}})


def with_no_feed_at_all(_form: bytes) -> bytes:
    return sealed(1, {"feeds": {"A/feed": 7}})


@pytest.mark.parametrize(
    "spoilt", [cut, of_another_version, without_feeds, with_half_a_feed, with_no_feed_at_all]
)
def test_a_damaged_file_is_put_aside_and_told_before_a_new_one_is_begun(
    tmp_path: Path, spoilt: object
) -> None:
    file = tmp_path / "quality.kept"
    assert (lived(file, off=[12.5]))[1] == []
    assert worst(file) == 12.5
    damaged = spoilt(file.read_bytes())  # type: ignore[operator]
    file.write_bytes(damaged)
    begun, (told,) = lived(file, off=[1.5])
    assert begun == Standing()
    assert (told["event"], told["log_level"]) == ("put_aside", "warning")
    assert told["kept"] == f"{file}.damaged"
    assert Path(told["kept"]).read_bytes() == damaged
    assert worst(file) == 1.5
    begun, logs = lived(file)
    assert (begun.week is not None, logs) == (True, [])


def test_a_second_damage_does_not_take_the_place_of_the_first(tmp_path: Path) -> None:
    file, paths = tmp_path / "quality.kept", []
    for content in (b"first", b"second"):
        file.write_bytes(content)
        paths.append((lived(file))[1][0]["kept"])
    assert [Path(path).read_bytes() for path in paths] == [b"first", b"second"]
    assert paths == [f"{file}.damaged", f"{file}.damaged.2"]


def test_a_file_is_put_aside_once_where_a_program_ends_before_it_writes(
    tmp_path: Path,
) -> None:
    file = tmp_path / "quality.kept"
    file.write_bytes(b"damaged")
    for _ in range(3):  # killed each time
        Quality(KeptFile(file, lambda: None))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["quality.kept", "quality.kept.damaged"]


def test_the_week_of_other_phases_is_put_aside_and_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "quality.kept"
    lived(file, off=[12.5])
    begun, (told,) = lived(file, lines=2, off=[1.5])
    assert begun == Standing()
    assert (told["place"], told["kept"]) == ("A/feed", f"{file}.before")
    assert told["why"] == "other phases are measured"
    assert (worst(Path(told["kept"])), worst(file)) == (12.5, 1.5)


def test_what_cannot_be_put_aside_is_left_as_it_is_and_told(tmp_path: Path) -> None:
    file = tmp_path / "quality.kept"
    file.write_bytes(b"damaged")
    (tmp_path / "quality.kept.damaged").symlink_to(tmp_path / "nowhere")
    _, (told,) = lived(file, off=[1.5])
    assert (told["event"], told["log_level"]) == ("not_kept", "error")
    assert "take quality.kept away" in told["mend"]
    assert file.read_bytes() == b"damaged"
