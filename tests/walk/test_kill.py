"""kill -9 while switching and recording: nothing twice, nothing unrecorded, nothing told is lost.

The real program, a driver found by its entry point, and relays in a process that survives. Each
try sends an order with a key, kills the program and sends the order again after the restart. The
same tries must find the faults that are planted in copies of the program.
"""

import statistics
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest
from walk.aims import Scene, at_its_arrival, lost_on_its_way
from walk.killing import ACCEPTED, AGAIN, DISK, HITS, UNSHOWN, Found, walked
from walk.planted import FORGETFUL, HASTY, STUBBORN, UNSYNCED
from walk.program import ENDS, Box, Plant, Program, relay_box, until
from walk.promises import place

RECORDED = ("AlarmRaised", "AlarmCleared", "OutletTurned", "CommandDone", "CommandRefused")
LANES = 2  # programs that are killed side by side


@pytest.fixture
def box() -> Iterator[Box]:
    with relay_box() as box:
        yield box


def side_by_side(room: Path, kills: int, seed: int, lossy: bool = False) -> list[Found]:
    """What so many kills found, shared between programs that run at once."""

    def lane(number: int) -> Found:
        with relay_box() as box:
            share = kills // LANES + (number < kills % LANES)
            return walked(room / str(number), box, share, seed + number, lossy=lossy)

    with ThreadPoolExecutor(LANES) as pool:
        return list(pool.map(lane, range(LANES)))


def summed(found: list[Found], figure: Callable[[str], None]) -> tuple[str, int, Counter[str]]:
    """All that went wrong, all kills and where they hit; the figures are told."""
    wrong = "\n".join(words for one in found for words in one.wrong)
    kills = sum(one.kills for one in found)
    hits = sum((one.hits for one in found), Counter[str]())
    back = statistics.quantiles([s for one in found for s in one.back], n=100)
    told = sum((one.told for one in found), Counter[str]())
    figure(f"{kills} kills: {dict(hits.most_common())}")
    figure(f"outlets back after p50 {back[49]:.2f} s, p99 {back[98]:.2f} s")
    figure(f"{told.total()} events: {dict(told.most_common())}")
    return wrong, kills, hits + told


@pytest.mark.requirement("R-3.1-6", "R-14.2-3", "R-12.2-4")
def test_no_kill_loses_repeats_or_hides_anything(
    tmp_path: Path, full: bool, figure: Callable[[str], None]
) -> None:
    wanted = 1_000 if full else 200
    wrong, kills, hits = summed(side_by_side(tmp_path, wanted, seed=1), figure)

    assert not wrong, wrong
    assert kills >= wanted
    assert [where for where in (*HITS.values(), UNSHOWN, AGAIN) if not hits[where]] == []
    assert [kind for kind in RECORDED if hits[kind] < kills // 10] == []


@pytest.mark.requirement("R-3.1-6", "R-12.2-4")
def test_no_power_cut_loses_repeats_or_hides_anything(
    tmp_path: Path, full: bool, figure: Callable[[str], None]
) -> None:
    wanted = 200 if full else 40
    wrong, kills, hits = summed(side_by_side(tmp_path, wanted, seed=11, lossy=True), figure)

    assert not wrong, wrong
    assert kills >= wanted
    assert [where for where in DISK.values() if not hits[where]] == []


@pytest.mark.parametrize(
    ("plants", "words"),
    [
        pytest.param(HASTY, "sent without a record", id="sends before the intent is durable"),
        pytest.param(UNSYNCED, "shown and lost", id="does not sync"),
        pytest.param(STUBBORN, "sent 2 times", id="sends again after a crash"),
        pytest.param(FORGETFUL, "one key, other commands", id="does not know keys"),
    ],
)
def test_the_same_power_cuts_find_a_copy_that(
    tmp_path: Path, box: Box, plants: tuple[Plant, ...], words: str
) -> None:
    found = walked(tmp_path, box, 6, 21, plants, lossy=True)
    assert any(one.startswith(words) for one in found.wrong), found


@pytest.mark.requirement("R-3.1-6", "R-14.2-3")
@pytest.mark.parametrize("crashes", [0, 3])
@pytest.mark.parametrize(
    ("cut_off", "end", "reason"),
    [
        (at_its_arrival, "done", "seen after a restart"),
        (lost_on_its_way, "refused", "cut off by a restart; the outlet has not changed"),
    ],
)
def test_an_open_intent_is_read_back_and_never_sent_again(
    tmp_path: Path, box: Box, cut_off, end: str, reason: str, crashes: int
) -> None:
    program = Program(tmp_path, box)
    try:
        program.start()
        with ThreadPoolExecutor(1) as pool:
            cut_off(Scene(program, "cut", 3, False, Random(0), pool))
        assert program.held("cut")[0] == "intended"
        box.ask(deaf=True)  # the relays cannot be read for now
        for _ in range(crashes):
            program.spawn()
            until(program.answers)
            program.kill()
        assert program.held("cut")[0] == "intended"
        program.spawn()
        until(program.answers)
        status, command = program.switch(3, False, "cut")
        assert (status, command["state"]) == (ACCEPTED, "intended")
        box.ask(deaf=False)

        assert until(lambda: program.state(command["id"]) not in ("", "intended"))
        _, ended = program.ask("GET", f"commands/{command['id']}")
        reads = box.ask()["reads"]
        assert until(lambda: box.ask()["reads"] > reads + 6)
        assert (ended["state"], ended["reason"]) == (end, reason)
        moved = cut_off is at_its_arrival
        assert box.arrived() == [(command["id"], 3, False, moved)]
        _, events = program.ask("GET", f"events?limit=1000&place={place(3)}")
        told = [ENDS[e["kind"]] for e in events if e["kind"] in ENDS]
        assert told == [end]
        assert program.switch(3, False, "cut")[1] == ended
    finally:
        program.end()
