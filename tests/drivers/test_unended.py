"""What lasts when the program ends has an end after it: seen, or told as one that nobody saw."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from boards import RATE, START, Clock, TestBoard, plant, wanted
from drivers.test_watch import board
from structlog.testing import capture_logs

from smartpdu.drivers.adc import Adc, open_source
from smartpdu.drivers.frames import Frame, written
from smartpdu.drivers.sealed import sealed, unsealed
from smartpdu.drivers.source import NoAnswer
from smartpdu.model.event import Event, VoltageDisturbed

ALL = (0, 1, 2)
BEGUN = START + 1002.2


class Disk:
    """The files of a data directory, as they lie after a kill."""

    def __init__(self, forms: dict[str, bytes] | None = None) -> None:
        self.forms = dict(forms or {})

    def kept(self, name: str) -> Any:
        return Kept(self, name)

    def lasting(self) -> list[str]:
        """The kinds of what lasts, by the file."""
        form = self.forms.get("disturbances")
        feeds = unsealed(1, form)["feeds"] if form else {}
        return [one["kind"] for own in feeds.values() for one in own]


@dataclass
class Kept:
    """One file of it."""

    disk: Disk
    name: str

    def read(self) -> bytes | None:
        return self.disk.forms.get(self.name)

    def aside(self, mark: str) -> str:
        self.disk.forms[f"{self.name}.{mark}"] = self.disk.forms[self.name]
        return f"{self.name}.{mark}"

    def write(self, form: bytes) -> None:
        self.disk.forms[self.name] = form


@dataclass
class Run:
    """One run of the program, with what it told; it ends by a kill or in order."""

    source: Adc
    clock: Clock
    disk: Disk
    told: list[tuple[tuple[Event, ...], bytes | None]] = field(default_factory=list)

    async def lasts(self, seconds: int) -> None:
        for _ in range(seconds):
            with suppress(NoAnswer):
                await self.source.read()
            self.clock.now += 1

    async def killed(self) -> Disk:
        """What lies on the disk; what a run would have written at its end is not there."""
        for upkeep in (self.source._followers._disturbances._upkeep,):
            assert upkeep._keeper is not None
            if upkeep._keeper._last is not None:
                upkeep._keeper._last.result()  # it was being written
        left = Disk(self.disk.forms)
        self.told, told = [], self.told
        await self.source.close()
        self.told = told
        return left

    async def stopped(self) -> Disk:
        await self.source.close()
        return Disk(self.disk.forms)

    @property
    def rows(self) -> list[VoltageDisturbed]:
        return [e for events, _ in self.told for e in events if isinstance(e, VoltageDisturbed)]


def begun(
    tmp_path: Path, made: TestBoard, frames: Iterable[Frame], disk: Disk, at: float = 0.0
) -> Run:
    """A program that begins so many seconds after the first sample, and hears these frames."""
    clock = Clock(1000.0 + at)
    file = tmp_path / f"frames-{at}"
    own = [replace(frame) for frame in frames if frame.counter / RATE >= at]
    file.write_bytes(b"".join(map(written, own)))
    asking = wanted(plant(), made.settings | {"address": f"file:{file}"}, clock)
    run: Run

    def tell(events: Any, content: bytes | None) -> None:
        run.told.append((tuple(events), content))

    run = Run(open_source(replace(asking, kept=disk.kept, tell=tell)), clock, disk)
    return run


def shapes(rows: list[VoltageDisturbed]) -> list[tuple[str, bool, bool]]:
    """Of each: what, whether it has a duration, whether its end was not seen."""
    return [(e.disturbance, bool(np.isfinite(e.duration)), e.end_unseen) for e in rows]


@pytest.mark.parametrize("how", ["killed", "stopped"])
async def test_what_lasts_over_a_restart_goes_on_and_ends_with_its_own_start(
    tmp_path: Path, how: str
) -> None:
    made = board((2.2, 12.0, 0.6))
    frames = list(made.frames(16))
    run = begun(tmp_path, made, frames, Disk())
    await run.lasts(6)
    first = run.rows[0]
    assert shapes(run.rows) == [("dip", False, False)]
    disk = await (run.killed() if how == "killed" else run.stopped())
    assert disk.lasting() == ["dip"]

    run = begun(tmp_path, made, frames, disk, at=9.0)
    await run.lasts(2)
    assert run.told == []  # it was told that it lasts
    await run.lasts(4)
    (over,) = run.rows
    assert shapes([over]) == [("dip", True, False)]
    assert (over.start, over.phases, over.whole) == (first.start, ("A/L2",), False)
    assert over.start == pytest.approx(BEGUN, abs=0.02)
    assert over.duration == pytest.approx(9.8, abs=0.03)
    assert over.residual == pytest.approx(138, rel=1e-3)
    await run.stopped()


async def test_what_was_over_while_the_program_was_down_is_told_with_its_bounds(
    tmp_path: Path,
) -> None:
    made = board((2.2, 7.0, 0.0), phases=ALL)
    frames = list(made.frames(16))
    run = begun(tmp_path, made, frames, Disk())
    await run.lasts(6)
    begins = {e.disturbance: e.start for e in run.rows}
    assert set(begins) == {"dip", "interruption"}
    disk = await run.killed()

    run = begun(tmp_path, made, frames, disk, at=9.0)
    await run.lasts(4)
    assert shapes(run.rows) == [("dip", False, True), ("interruption", False, True)]
    for over in run.rows:
        assert over.start == begins[over.disturbance]
        assert (over.whole, over.itic, over.f47) == (False, None, None)
        assert over.at_least <= 7.0 - 2.2 <= over.at_most
        assert over.at_most == pytest.approx(9.0 - 2.2, abs=0.1)
        assert over.at_least > 0
    assert [content for _, content in run.told] == [None]  # nothing of it can be shown
    again = await run.killed()
    assert again.lasting() == []

    run = begun(tmp_path, made, frames, again, at=13.0)
    await run.lasts(2)
    await run.stopped()
    assert run.told == []  # it has its end


async def test_a_feed_that_is_still_dead_after_a_restart_has_an_end_that_is_seen(
    tmp_path: Path,
) -> None:
    made = board((2.2, 12.0, 0.0), phases=ALL)
    frames = list(made.frames(16))
    run = begun(tmp_path, made, frames, Disk())
    await run.lasts(6)
    disk = await run.killed()

    run = begun(tmp_path, made, frames, disk, at=9.0)
    await run.lasts(6)
    rows = [e for e in run.rows if e.disturbance != "transient"]  # its return is a step
    assert shapes(rows) == [("dip", True, False), ("interruption", True, False)]
    assert [e.duration for e in rows] == pytest.approx([9.8] * 2, abs=0.05)
    await run.stopped()


async def test_what_began_a_moment_before_a_kill_is_told_after_it(tmp_path: Path) -> None:
    made = board((2.2, 12.0, 0.6))
    frames = list(made.frames(16))
    run = begun(tmp_path, made, frames, Disk())
    await run.lasts(3)  # it is not clear yet that it lasts
    disk = await run.killed()
    assert run.told == []

    run = begun(tmp_path, made, frames, disk, at=6.0)
    await run.lasts(2)
    assert shapes(run.rows) == [("dip", False, False)]
    assert run.rows[0].start == pytest.approx(BEGUN, abs=0.02)
    await run.lasts(6)
    assert shapes(run.rows)[1:] == [("dip", True, False)]
    assert run.rows[0].start == run.rows[1].start
    await run.stopped()


async def test_an_end_that_a_long_silence_of_the_board_hides_is_told_as_unseen(
    tmp_path: Path,
) -> None:
    made = board((2.2, 7.0, 0.6))
    frames = [f for f in made.frames(16) if not 5.0 <= f.counter / RATE < 10.0]
    run = begun(tmp_path, made, frames, Disk())
    await run.lasts(14)
    assert shapes(run.rows) == [("dip", False, False), ("dip", False, True)]
    over = run.rows[1]
    assert over.start == run.rows[0].start
    assert over.at_least == pytest.approx(5.0 - 2.2, abs=0.05)
    assert over.at_most == pytest.approx(10.0 - 2.2, abs=0.1)
    await run.stopped()
    assert run.disk.lasting() == []


async def test_a_file_that_is_no_good_or_of_other_phases_is_told_and_the_board_measured(
    tmp_path: Path,
) -> None:
    made = board()
    frames = list(made.frames(4))
    one = {"kind": "dip", "start": START, "seen": START + 1, "reference": 230, "residual": 9}
    other = [{**one, "phases": ["A/L9"], "told": True}]
    odd = [{**one, "phases": ["A/L1"], "told": True, "kind": "transient"}]
    wrong = dict.fromkeys((b"", b"no file", sealed(1, {"feeds": 5})), "put_aside")
    wrong |= {
        sealed(1, {"feeds": {"A/feed": own}}): event
        for own, event in (
            ([{}], "put_aside"),
            (other, "disturbance_forgotten"),
            (odd, "disturbance_forgotten"),
        )
    }
    for form, event in wrong.items():
        with capture_logs() as said:
            run = begun(tmp_path, made, frames, Disk({"disturbances": form}))
        (told,) = [line for line in said if line["event"] == event]
        assert run.disk.forms.get("disturbances.damaged") == (form if "kept" in told else None)
        await run.lasts(3)
        await run.stopped()
        assert run.told == []
        assert run.disk.lasting() == []


async def test_a_quiet_feed_writes_no_file(tmp_path: Path) -> None:
    made = board()
    run = begun(tmp_path, made, list(made.frames(5)), Disk())
    await run.lasts(4)
    disk = await run.killed()
    assert "disturbances" not in disk.forms
