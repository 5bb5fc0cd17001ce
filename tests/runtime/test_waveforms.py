"""Waveforms on the disk: there whole or not at all, bounded, and never a hindrance."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from math import nan
from pathlib import Path
from shutil import disk_usage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from smartpdu.model.event import ClockStepped, Event, InrushCaptured, VoltageDisturbed
from smartpdu.runtime.waveforms import WAITING, Waveforms, described, named

NAN = float("nan")
AT = 1_800_000_000.25


def dip(
    start: float = AT, place: str = "rack1/A/feed", kind: str = "dip", part: str = "whole"
) -> VoltageDisturbed:
    numbers = (start, 0.1, 150.0, 230.0, NAN, NAN)
    told = VoltageDisturbed(start + 1, place, kind, (place,), *numbers, "interrupted", True, True)
    return replace(told, waveform_start=start - 0.125, waveform_part=part)


def rush(start: float = AT, place: str = "rack1/A/outlet/1") -> InrushCaptured:
    numbers = (start, 0.1, 30.0, 0.003, 4.0, 12.0, 0.0, 1.0, 90.0)
    told = InrushCaptured(start + 1, place, *numbers, "load plugged in", True)
    return replace(told, waveform_start=start - 0.125, waveform_part="whole")


def bare(event: Event) -> Event:
    """The same where there is no file."""
    return replace(event, waveform_start=nan, waveform_part="")  # type: ignore[call-arg]


class Room:
    """A folder of waveforms, and what was put into the journal."""

    def __init__(self, folder: Path, **bounds: Any) -> None:
        self.why: OSError | None = None
        self.told: list[Event] = []
        self.folder = folder
        self.waveforms = Waveforms(folder, self._held, **bounds)
        self.waveforms.join(self._put)
        self._came = asyncio.Event()

    def _held(self) -> None:
        if self.why is not None:
            raise self.why

    def _put(self, events: Sequence[Event]) -> None:
        self.told += events
        self._came.set()

    async def keeps(self, *events: Event, content: bytes | None) -> list[Any]:
        """What is told of these events, once it is."""
        before = len(self.told)
        self.waveforms.tell(events, content)
        async with asyncio.timeout(20):
            while len(self.told) < before + len(events):
                self._came.clear()
                await self._came.wait()
        return self.told[before:]


@pytest.mark.requirement("R-5.3-5", "R-8.2-5")
async def test_events_name_a_file_that_is_there_and_its_digest(tmp_path: Path) -> None:
    room = Room(tmp_path / "waveforms")
    told = await room.keeps(dip(), rush(), content=b"samples")

    names = {event.waveform for event in told}
    assert names == {"20270115T080000.125Z_dip_rack1,A,feed.cff"}
    assert {event.sha256 for event in told} == {sha256(b"samples").hexdigest()}
    assert [type(event) for event in told] == [VoltageDisturbed, InrushCaptured]
    assert (room.folder / names.pop()).read_bytes() == b"samples"
    (row,) = await room.waveforms.every()
    assert (row.place, row.kind, row.bytes) == ("rack1/A/feed", "dip", 7)
    assert (row.start, row.part) == (AT - 0.125, "whole")
    assert row.sha256 == told[0].sha256
    await room.waveforms.close()


async def test_two_files_of_what_lasted_say_when_each_begins_and_which_part_it_is(
    tmp_path: Path,
) -> None:
    room = Room(tmp_path / "waveforms")
    late = replace(dip(part="end"), waveform_start=AT + 19.5)
    await room.keeps(dip(part="beginning"), content=b"begins")
    (told,) = await room.keeps(late, content=b"ends")
    assert told.start == AT
    assert told.waveform == "20270115T080019.750Z_dip.end_rack1,A,feed.cff"
    rows = [(row.start, row.part) for row in await room.waveforms.every()]
    assert rows == [(AT + 19.5, "end"), (AT - 0.125, "beginning")]
    await room.waveforms.close()


async def test_a_file_is_named_after_the_worst_that_it_shows(tmp_path: Path) -> None:
    room = Room(tmp_path / "waveforms")
    for worst in ("interruption", "swell", "dip", "transient"):
        milder = dip(kind="rapid voltage change")
        told = await room.keeps(rush(), milder, dip(kind=worst), content=worst.encode())
        assert {event.waveform.split("_")[1] for event in told} == {worst}
    told = await room.keeps(rush(), dip(), dip(kind="interruption"), content=b"lost")
    assert "_interruption_" in told[0].waveform
    await room.waveforms.close()


async def test_an_event_without_samples_is_told_at_once_and_another_kind_as_it_is(
    tmp_path: Path,
) -> None:
    room = Room(tmp_path / "waveforms")
    room.waveforms.tell([dip()], None)
    assert room.told == [bare(dip())]
    step = ClockStepped(AT, "house", 3.0)
    assert await room.keeps(step, content=b"x") == [step]
    assert not room.folder.exists()
    await room.waveforms.close()


async def test_two_at_the_same_moment_are_two_files(tmp_path: Path) -> None:
    room = Room(tmp_path / "waveforms")
    first = await room.keeps(dip(), content=b"one")
    second = await room.keeps(dip(), content=b"two")
    assert first[0].waveform != second[0].waveform
    assert await room.waveforms.content(first[0].waveform) == b"one"
    assert await room.waveforms.content(second[0].waveform) == b"two"
    await room.waveforms.close()


async def test_the_newest_are_kept_so_many_and_so_many_bytes(tmp_path: Path) -> None:
    room = Room(tmp_path / "waveforms", most=4, largest=100)
    for k in range(6):
        await room.keeps(dip(AT + k), content=b"x" * 10)
    begun = [row.start + 0.125 for row in await room.waveforms.every()]
    assert begun == [AT + k for k in (5, 4, 3, 2)]
    await room.keeps(dip(AT + 6), content=b"x" * 75)
    assert [row.bytes for row in await room.waveforms.every()] == [75, 10, 10]
    await room.waveforms.close()


async def test_a_full_disk_costs_the_file_and_nothing_else(tmp_path: Path) -> None:
    room = Room(tmp_path / "waveforms")
    room.why = OSError(28, "No space left on device")
    told = await room.keeps(dip(), content=b"samples")
    assert (told[0].waveform, told[0].sha256) == ("", "")
    assert list(room.folder.iterdir()) == []
    assert await room.waveforms.every() == []
    room.why = None
    told = await room.keeps(dip(), content=b"samples")
    assert await room.waveforms.content(told[0].waveform) == b"samples"
    await room.waveforms.close()


async def test_the_last_of_the_disk_is_left_to_the_journal(tmp_path: Path) -> None:
    room = Room(tmp_path / "waveforms", spared=disk_usage(tmp_path).total)
    assert await room.keeps(dip(), content=b"samples") == [bare(dip())]
    assert list(room.folder.iterdir()) == []
    await room.waveforms.close()


async def test_a_folder_that_cannot_be_made_costs_the_file_and_nothing_else(
    tmp_path: Path,
) -> None:
    (tmp_path / "waveforms").write_text("somebody's own")
    room = Room(tmp_path / "waveforms")
    told = await room.keeps(dip(), content=b"samples")
    assert told == [bare(dip())]
    assert (tmp_path / "waveforms").read_text() == "somebody's own"
    await room.waveforms.close()


async def test_events_keep_their_order_and_few_files_wait_for_a_slow_disk(tmp_path: Path) -> None:
    room = Room(tmp_path / "waveforms")
    for k in range(3 * WAITING):
        room.waveforms.tell([dip(AT + k)], b"x" if k % 2 else None)
    await room.waveforms.close()
    assert [event.start for event in room.told] == [AT + k for k in range(3 * WAITING)]
    assert len(await room.waveforms.every()) <= WAITING


async def test_another_run_finds_them_and_what_was_cut_off_is_none(tmp_path: Path) -> None:
    room = Room(tmp_path / "waveforms")
    (told,) = await room.keeps(dip(), content=b"samples")
    await room.waveforms.close()
    (room.folder / f"{told.waveform}.new").write_bytes(b"sam")
    (room.folder / "notes.txt").write_text("mine")

    again = Waveforms(room.folder, lambda: None)
    (row,) = await again.every()
    assert (row.name, row.sha256, row.place) == (told.waveform, told.sha256, "rack1/A/feed")
    await again.close()


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../smartpdu.db", "/etc/passwd", "notes.txt", "a\0b.cff", "x" * 4096),
        "20270115T080000.250Z_dip_..,..,smartpdu.db",
        "20270115T080000.250Z_dip_../x.cff",
        "20270115T080000.250Z_dip_rack1,A,feed.cff.new",
        "20279915T080000.250Z_dip_a.cff",
    ],
)
async def test_only_a_waveform_s_name_opens_a_file(tmp_path: Path, name: str) -> None:
    room = Room(tmp_path / "waveforms")
    await room.keeps(dip(), content=b"samples")
    (tmp_path / "smartpdu.db").write_text("secret")
    (room.folder / "notes.txt").write_text("mine")
    assert await room.waveforms.content(name) is None
    await room.waveforms.close()


places = some.text(min_size=1, max_size=300)
parts = some.sampled_from(["whole", "beginning", "end", "middle"])
kinds = some.sampled_from(["dip", "swell", "interruption", "rapid voltage change", "transient"])


@given(places, kinds, some.floats(0, 4e9), parts)
def test_a_name_says_what_where_and_when_and_is_one_part_of_a_path(
    place: str, kind: str, start: float, part: str
) -> None:
    try:
        place.encode()
    except UnicodeEncodeError:  # no path of a plant has half a character
        return
    name = named(dip(start, place, kind, part), start)
    assert "/" not in name
    assert len(name) < 250
    found = described(name)
    assert found is not None
    assert (found[0], found[3]) == (kind, part)
    assert found[2] == pytest.approx(start, abs=0.0011)
    assert found[1] == place or len(name) > 150
