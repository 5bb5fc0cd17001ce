"""The twin's life outlives the program: positions, energy, dice and what faults have done."""

import asyncio
import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import structlog

from smartpdu.app.config import Site, demo
from smartpdu.drivers.lasting import FORM, Unfit, taken
from smartpdu.drivers.simulator import AHEAD, EVERY, Simulated, open_source, twin
from smartpdu.drivers.source import Ports, SourceError, Wanted
from smartpdu.model.command import Priority, SwitchOutlet
from smartpdu.model.plant import part

OUTLET = "rack1/A/outlet/7"


@dataclass
class Box:
    """Bytes that outlive a run; what was written, and trouble on demand."""

    form: bytes | None = None
    written: int = 0
    trouble: OSError | None = None
    goes_on: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.goes_on.set()

    def read(self) -> bytes | None:
        return self.form

    def write(self, form: bytes) -> None:
        self.goes_on.wait(20)
        if self.trouble is not None:
            raise self.trouble
        self.form, self.written = form, self.written + 1


class Run:
    """One run of the program on a box, as far as the twin knows of it."""

    def __init__(self, box: Box, site: Site, section: dict[str, Any], clock: float) -> None:
        self.now = clock
        self.site = site
        ports = Ports(lambda: 5e9 + self.now, lambda: self.now, asyncio.sleep, random.Random(1))
        shared: dict[str, Any] = {}
        self.sources: list[Simulated] = []
        for row, source in enumerate(site.sources):
            wanted = Wanted(
                *(source.path, source.settings, part(site.plant, row), site.plant),
                *({"twin": section}, shared, ports, lambda name: box),
            )
            self.sources.append(open_source(wanted))
        self.twin = shared["twin"]

    async def lasts(self, seconds: int) -> None:
        """Time passes; the meters are read each second, and the box takes what it gets."""
        for _ in range(seconds):
            self.now += 1
            await self.sources[0].read()
            if self.twin.keeper._last is not None:
                await asyncio.wrap_future(self.twin.keeper._last)

    async def switches(self, place: str, on: bool) -> None:
        """An order comes to the source of its outlet."""
        source = self.sources[0 if place.startswith("rack1/A") else 1]
        await source.obey(SwitchOutlet("1", place, on, "olga", Priority.PERSON))

    async def energy(self) -> np.ndarray:
        """What the meters of all outlets of A tell."""
        return (await self.sources[0].read()).outlets.active_energy

    async def stops(self) -> None:
        """Ended in good order; a kill just forgets the run."""
        for source in self.sources:
            await source.close()


def a_run(
    box: Box, clock: float = 1000.0, faults: Sequence[dict[str, Any]] = (), **more: Any
) -> Run:
    site = demo()
    return Run(box, site, {**site.sections["twin"], "fault": list(faults), **more}, clock)


def row(run: Run, place: str) -> int:
    return run.site.plant.outlets.path.index(place)


@contextmanager
def hung(box: Box) -> Iterator[None]:
    """Meanwhile the disk does not answer."""
    box.goes_on.clear()
    try:
        yield
    finally:
        box.goes_on.set()


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.requirement("R-3.1-6")
async def test_a_restart_finds_every_relay_as_it_was_left_and_no_register_lower(
    killed: bool,
) -> None:
    box = Box()
    run = a_run(box)
    await run.lasts(33)
    await run.switches(OUTLET, False)
    await run.switches("rack1/B/outlet/3", False)
    await run.switches("rack1/B/outlet/3", True)
    await run.lasts(7)
    before, life = await run.energy(), run.twin.life
    if not killed:
        await run.stops()

    again = a_run(box, clock=5.0)  # after a boot the monotonic clock begins anew
    seen = await again.sources[0].read()
    assert seen.outlets.on[row(again, OUTLET)] == 0
    assert np.array_equal(again.twin.life.relay, life.relay)
    assert (seen.outlets.active_energy >= before).all()
    if killed:
        assert life.second <= again.twin.life.second <= life.second + AHEAD
    else:
        assert again.twin.life.second == life.second
        assert np.array_equal(seen.outlets.active_energy, before)
    await again.lasts(5)
    assert (await again.energy() > before).sum() > 10
    assert (await again.sources[0].read()).outlets.on[row(again, OUTLET)] == 0


async def test_no_kill_at_any_second_lowers_a_register_or_moves_a_relay() -> None:
    box = Box()
    run, most, clock = a_run(box), np.zeros(22), 1000.0
    dice = random.Random(3)
    for _ in range(40):
        for _ in range(dice.randrange(1, 30)):
            await run.lasts(1)
            if dice.random() < 0.1:
                await run.switches(f"rack1/A/outlet/{dice.randrange(1, 23)}", dice.random() < 0.5)
        relays = run.twin.life.relay
        most = np.maximum(most, await run.energy())
        clock += 100
        run = a_run(box, clock)
        assert np.array_equal(run.twin.life.relay, relays)
        assert (await run.energy() >= most).all()


async def test_a_life_that_was_interrupted_in_good_order_is_the_same_as_one_that_was_not() -> None:
    box, whole = Box(), a_run(Box())
    run = a_run(box)
    for _ in range(3):
        await run.lasts(21)
        await run.stops()
        run = a_run(box, clock=run.now)
        await whole.lasts(21)
    for name in ("outlet_energy", "voltage", "demand", "heat", "rise", "wander", "air"):
        assert np.array_equal(getattr(run.twin.life, name), getattr(whole.twin.life, name)), name
    assert run.twin.noise.bit_generator.state == whole.twin.noise.bit_generator.state


async def test_a_fault_goes_on_where_it_was_and_what_it_did_is_not_done_again() -> None:
    trip = {"at": 5, "kind": "breaker_trip", "place": "rack1/A/circuit/1"}
    silent = {"at": 8, "kind": "silent_source", "place": "source/rack1-B"}
    over = {"at": 3, "kind": "feed_loss", "place": "rack1/B/feed", "lasts": 5}
    ageing = {"at": 2, "kind": "contact_ageing", "place": OUTLET, "size": 80, "rate": 60}
    faults = [trip, silent, over, ageing]
    box = Box()
    run = a_run(box, faults=faults)
    await run.lasts(22)
    effects = run.twin.life.effects
    await run.stops()

    again = a_run(box, faults=faults, clock=77.0)
    for name in ("contact", "silent", "voltage", "stuck"):
        assert np.array_equal(getattr(again.twin.life.effects, name), getattr(effects, name)), name
    closed = (await again.sources[0].read()).circuits.closed
    assert closed.tolist().count(0) == 1
    with pytest.raises(SourceError, match="no answer"):
        await again.sources[1].read()
    await again.lasts(30)
    assert again.twin.truths == []
    assert again.twin.life.effects.contact.max() > effects.contact.max() + 20


async def test_while_the_program_is_off_the_twin_does_not_live() -> None:
    box = Box()
    run = a_run(box)
    await run.lasts(20)
    await run.stops()
    again = a_run(box, clock=run.now + 86_400)
    await again.sources[0].read()
    assert again.twin.life.second == run.twin.life.second


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 8},
        {"faults": [{"at": 500, "kind": "breaker_trip", "place": "rack1/A/circuit/1"}]},
        {"server": []},
    ],
)
async def test_with_another_seed_or_section_a_new_life_begins_and_that_is_told(
    other: dict[str, Any],
) -> None:
    box = Box()
    run = a_run(box)
    await run.switches(OUTLET, False)
    await run.lasts(30)
    with structlog.testing.capture_logs() as told:
        again = a_run(box, **other)
    assert again.twin.life.second == 0
    assert again.twin.life.relay.all()
    assert [(t["event"], t["log_level"]) for t in told] == [("twin_begins_anew", "warning")]


def broken(good: bytes) -> dict[str, bytes]:
    """What a file may be that is none, or none any more."""
    flipped = {
        f"flipped at {spot}": good[:spot] + bytes([good[spot] ^ 0x10]) + good[spot + 1 :]
        for spot in (0, len(FORM) - 2, len(FORM) + 3, len(FORM) + 40, len(good) // 2, len(good) - 1)
    }
    cut = {f"cut at {n}": good[:n] for n in (0, 5, len(FORM), len(FORM) + 32, len(good) - 1)}
    older = {
        "older": good.replace(b"form 1", b"form 0"),
        "not ours": b"PK\x03\x04",
        "long": good * 2,
    }
    return {**flipped, **cut, **older}


async def test_a_broken_or_older_file_is_a_new_life_and_a_warning_and_is_replaced() -> None:
    box = Box()
    run = a_run(box)
    await run.switches(OUTLET, False)
    await run.stops()
    assert box.form is not None
    for what, form in broken(box.form).items():
        other = Box(form)
        with structlog.testing.capture_logs() as told:
            again = a_run(other)
        assert again.twin.life.relay.all(), what
        assert [t["event"] for t in told] == ["twin_begins_anew"], what
        assert not a_run(Box(box.form)).twin.life.relay.all()
        assert other.form == form, what  # as long as nothing is lived
        await again.switches(OUTLET, False)
        assert not a_run(other).twin.life.relay.all(), what


@pytest.mark.prove
async def test_no_flip_of_any_bit_is_taken_up() -> None:
    box = Box()
    run = a_run(box)
    await run.stops()
    assert box.form is not None
    for spot in range(len(box.form)):
        form = bytearray(box.form)
        form[spot] ^= 1 << spot % 8
        with pytest.raises(Unfit):
            taken(bytes(form), run.twin.mark, run.twin.life)


async def test_a_relay_whose_position_cannot_be_kept_does_not_move() -> None:
    box = Box()
    run = a_run(box)
    await run.lasts(3)
    box.trouble = OSError(28, "No space left on device")
    with pytest.raises(SourceError, match="cannot be kept: No space left"):
        await run.switches(OUTLET, False)
    with structlog.testing.capture_logs() as told:
        await run.lasts(3 * EVERY)  # measuring goes on
    assert run.twin.life.second == 3 + 3 * EVERY
    assert (await run.sources[0].read()).outlets.on[row(run, OUTLET)] == 1
    assert [t["event"] for t in told] == ["not_kept"]

    box.trouble = None
    await run.switches(OUTLET, False)
    assert (await run.sources[0].read()).outlets.on[row(run, OUTLET)] == 0
    assert not a_run(box).twin.life.relay.all()


async def test_a_relay_is_seen_moved_only_once_that_is_kept() -> None:
    box = Box()
    run = a_run(box)
    await run.lasts(3)
    with hung(box):
        order = asyncio.create_task(run.switches(OUTLET, False))
        for _ in range(5):
            await asyncio.sleep(0.01)
            run.now += 1
            seen = await run.sources[0].read()
            assert seen.outlets.on[row(run, OUTLET)] == 1
        killed = a_run(Box(box.form))
        assert killed.twin.life.relay.all()
        assert (await killed.energy() >= seen.outlets.active_energy).all()
    await order
    assert (await run.sources[0].read()).outlets.on[row(run, OUTLET)] == 0
    assert run.twin.life.second == 8  # what it did not live meanwhile, it has caught up with
    killed = a_run(Box(box.form))
    assert not killed.twin.life.relay.all()
    assert (await killed.energy() >= seen.outlets.active_energy).all()


async def test_orders_of_two_sources_at_once_are_all_kept_and_a_slow_disk_holds_up_no_meter() -> (
    None
):
    box = Box()
    run = a_run(box)
    orders = [(f"rack1/{pdu}/outlet/{n}", False) for n in (1, 2, 3) for pdu in "AB"]
    await asyncio.gather(*(run.switches(*order) for order in orders))
    killed = a_run(Box(box.form))
    assert np.flatnonzero(~killed.twin.life.relay).tolist() == sorted(
        row(run, place) for place, _ in orders
    )

    await run.lasts(EVERY - 1)
    with hung(box):
        for _ in range(3 * EVERY):
            run.now += 1
            await asyncio.wait_for(run.sources[0].read(), 5)
    assert run.twin.life.second == 4 * EVERY - 1


def test_a_twin_without_a_place_to_keep_anything_is_the_one_that_it_was() -> None:
    site = demo()
    plain = twin(site.sections["twin"], site.plant, 0.0)
    kept = a_run(Box(), clock=0.0)
    kept.twin.live_until(30.0)
    plain.live_until(30.0)
    assert np.array_equal(plain.life.outlet_energy, kept.twin.life.outlet_energy)
    assert plain.keeper is None
