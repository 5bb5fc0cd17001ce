"""The twin through a board: what it measures is what is lived, and it stays a source."""

import asyncio
import hashlib
from dataclasses import fields, replace
from threading import Event
from typing import Any

import numpy as np
import pytest
from boards import Clock

from smartpdu.app.config import Site, demo
from smartpdu.drivers.simulator import Simulated, check_site, open_source
from smartpdu.drivers.source import SettingsError, Source, SourceError, Wanted
from smartpdu.drivers.waved import Waved
from smartpdu.model.build import SourceSpec, built
from smartpdu.model.command import Priority, SwitchOutlet
from smartpdu.model.plant import Kind, part
from smartpdu.model.snapshot import READINGS, Snapshot
from smartpdu.twin.rack import standard_racks
from smartpdu.twin.world import Life, neutral


def sources(
    site: Site, clock: Clock, *faults: dict[str, Any], sampled: bool = True, seed: int = 1
) -> tuple[list[Source], dict[str, Any]]:
    """All sources of the demonstration rack, on one twin with these faults, and what they share."""
    twin = {**site.sections["twin"], "waves": sampled, "seed": seed, "fault": list(faults)}
    shared: dict[str, Any] = {}
    opened = []
    for row, source in enumerate(site.sources):
        own, ports = part(site.plant, row), clock.ports()
        wanted = (source.path, source.settings, own, site.plant, {"twin": twin}, shared, ports)
        opened.append(open_source(Wanted(*wanted)))
    return opened, shared


async def closed(opened: list[Source]) -> None:
    for source in opened:
        await source.close()


def bytes_of(now: Snapshot) -> bytes:
    return b"".join(
        getattr(now.readings(kind), f.name).tobytes()
        for kind in READINGS
        for f in fields(READINGS[kind])
    )


async def test_waves_are_off_unless_they_are_asked_for() -> None:
    site, clock = demo(), Clock()
    twin = site.sections["twin"]
    shared: dict[str, Any] = {}
    own = part(site.plant, 0)
    wanted = Wanted("s", {}, own, site.plant, {"twin": twin}, shared, clock.ports())
    assert isinstance(open_source(wanted), Simulated)
    (a, _), _ = sources(site, clock)
    assert isinstance(a, Waved)
    with pytest.raises(SettingsError, match=r"twin\.waves: found 1, expected true or false"):
        check_site(site.plant, {"twin": {"waves": 1}}, {0})


@pytest.mark.requirement("R-8.2-5", "R-2.1-3")
async def test_what_the_board_reads_is_what_is_lived() -> None:
    site, clock = demo(), Clock()
    (a, b), shared = sources(site, clock)
    for second in range(4):
        clock.now += second > 0
        here, there = await a.read(), await b.read()
        world, life = shared["twin"].world, _before(shared)
        if second == 0:
            assert here.sources.missing[0] == 0  # the board was on before somebody looked
    plant = site.plant
    for row, now in enumerate((here, there)):
        own = part(plant, row).rows
        phases = own[Kind.PHASE]
        assert now.phases.voltage == pytest.approx(life.voltage[phases], rel=3e-3)
        power = np.bincount(plant.outlets.phase, life.flow.power)[phases]
        assert now.phases.active_power == pytest.approx(power, rel=5e-3)
        assert now.phases.thd_voltage == pytest.approx(world.distortion[phases], rel=2e-3)
        busy = life.flow.power[own[Kind.OUTLET]] > 20
        assert busy.sum() > 10
        assert now.outlets.active_power[busy] == pytest.approx(
            life.flow.power[own[Kind.OUTLET]][busy], rel=2e-2
        )
        share = life.flow.harmonic / np.maximum(np.abs(life.flow.current), 1e-9)
        assert now.outlets.thd_current[busy] == pytest.approx(
            100 * share[own[Kind.OUTLET]][busy], rel=3e-2
        )
        feed = own[Kind.FEED][0]
        assert now.feeds.frequency[0] == pytest.approx(50, abs=0.05)
        assert now.feeds.frequency[0] != 50
        leak = abs(life.leakage[feed])
        assert now.feeds.residual_current[0] == pytest.approx(leak, rel=0.15)
        assert 0.8 < now.feeds.neutral_current[0] / neutral(world, life)[feed] < 1.01
        assert now.sources.missing[0] == 0
    await closed([a, b])


def _before(shared: dict[str, Any]) -> Life:
    life: Life = shared["twin"].life
    return life


async def test_currents_of_the_board_add_up() -> None:
    site, clock = demo(), Clock()
    (a, b), _ = sources(site, clock)
    clock.now += 2
    await a.read()
    clock.now += 1
    now = await a.read()
    outlets = part(site.plant, 0).plant.outlets
    for phase in range(3):
        power = now.outlets.active_power[outlets.phase == phase].sum()
        assert now.phases.active_power[phase] == pytest.approx(power, rel=1e-3)
    assert now.feeds.active_power[0] == pytest.approx(now.phases.active_power.sum(), rel=1e-6)
    await closed([a, b])


async def test_what_meters_alone_know_is_as_without_a_board() -> None:
    site, clock, other = demo(), Clock(), Clock()
    (a, b), _ = sources(site, clock)
    (plain, _), _ = sources(site, other, sampled=False)
    for _ in range(3):
        clock.now += 1
        other.now += 1
        here, there = await a.read(), await plain.read()
    for name in ("on", "active_energy", "contact_temperature"):
        assert np.array_equal(getattr(here.outlets, name), getattr(there.outlets, name))
    for name in ("temperature", "humidity"):
        assert np.array_equal(getattr(here.probes, name), getattr(there.probes, name))
    assert not np.array_equal(here.outlets.current, there.outlets.current)
    assert np.array_equal(np.isnan(here.outlets.current), np.isnan(there.outlets.current))
    assert np.array_equal(here.circuits.closed, there.circuits.closed)
    await closed([a, b])


async def test_what_meters_have_no_word_for_is_the_boards() -> None:
    site, clock = demo(), Clock()
    (a, b), _ = sources(site, clock)
    for _ in range(4):
        clock.now += 1
        now = await a.read()
    assert now.feeds.reactive_power[0] == pytest.approx(now.phases.reactive_power.sum())
    assert (np.abs(now.phases.displacement_factor) <= 1).all()
    assert now.feeds.voltage_unbalance[0] < 1
    assert 0 < now.feeds.voltage_unbalance_zero[0] < 5
    feeds, phases = now.feeds, now.phases
    assert feeds.frequency_lowest[0] < feeds.frequency[0] < feeds.frequency_highest[0]
    assert (phases.voltage_very_short / phases.voltage) == pytest.approx([1.0] * 3, abs=0.01)
    assert (phases.k_factor > 1).all()
    loads = phases.current / site.plant.phases.rated_current[:3]
    assert phases.tdd_current == pytest.approx(phases.thd_current * loads, rel=0.2)
    assert np.hypot(feeds.residual_in_phase, feeds.residual_ahead) == pytest.approx(
        feeds.residual_mains, rel=0.05
    )
    bands = [getattr(now.feeds, f"residual_{b}")[0] for b in ("direct", "mains", "middle", "above")]
    assert np.sqrt(np.square(bands).sum()) == pytest.approx(now.feeds.residual_current[0], rel=1e-3)
    assert bands[1] == max(bands)
    quadrants = np.array([getattr(now.phases, f"reactive_energy_{n}") for n in (1, 2, 3, 4)])
    assert (quadrants.sum(axis=0) > 0).all()
    assert (now.phases.exported_energy == 0).all()
    told = [getattr(now.feeds, f"reactive_energy_{n}")[0] for n in (1, 2, 3, 4)]
    assert told == pytest.approx(quadrants.sum(axis=1))
    await closed([a, b])


async def test_an_order_ends_the_current_and_its_way_back_is_an_inrush() -> None:
    site, clock = demo(), Clock()
    (a, b), _ = sources(site, clock)
    path = "rack1/A/outlet/1"
    clock.now += 1
    assert (await a.read()).outlets.current[0] > 0.1
    await a.obey(SwitchOutlet("1", path, False, "olga", Priority.PERSON))
    clock.now += 1
    off = await a.read()
    clock.now += 1
    off = await a.read()
    assert (off.outlets.on[0], off.outlets.voltage[0]) == (0, 0)
    assert off.outlets.current[0] < 0.002
    assert np.isnan(off.outlets.power_factor[0])
    clock.now += 60
    await a.read()
    await a.obey(SwitchOutlet("1", path, True, "olga", Priority.PERSON))
    clock.now += 0.35
    on = await a.read()
    assert on.outlets.on[0] == 1
    assert on.outlets.current[0] > 0.3  # it fills its capacitor, long before its server boots
    clock.now += 3
    assert (await a.read()).outlets.active_power[0] > 100
    await closed([a, b])


async def test_a_lost_feed_is_seen_and_so_is_its_return() -> None:
    site, clock = demo(), Clock()
    loss = {"kind": "feed_loss", "place": "rack1/A/feed", "at": 3, "lasts": 3}
    (a, b), _ = sources(site, clock, loss)
    seen = []
    for _ in range(10):
        now = await a.read()
        seen.append((now.phases.voltage[0], now.feeds.frequency[0], now.outlets.current[0]))
        assert (await b.read()).phases.voltage[0] > 200
        clock.now += 1
    assert [bool(v < 10) for v, _, _ in seen] == [False] * 4 + [True] * 3 + [False] * 3
    assert np.isnan(seen[5][1])
    assert seen[5][2] < 0.002
    assert seen[9][1] == pytest.approx(50, abs=0.05)
    await closed([a, b])


async def test_leakage_that_begins_is_measured() -> None:
    site, clock = demo(), Clock()
    step = {"kind": "leakage_step", "place": "rack1/A/feed", "at": 3, "size": 0.0046}
    (a, b), shared = sources(site, clock, step)
    for _ in range(2):
        clock.now += 1
        before = await a.read()
    lived = abs(_before(shared).leakage[0])
    for _ in range(4):
        clock.now += 1
        after = await a.read()
    leaks = abs(_before(shared).leakage[0])
    assert leaks > 1.5 * lived  # as vectors: it leads less than what filters leak
    assert before.feeds.residual_current[0] == pytest.approx(lived, rel=0.1)
    assert after.feeds.residual_current[0] == pytest.approx(leaks, rel=0.05)
    await closed([a, b])


async def test_a_silent_source_is_silent_and_its_lost_frames_are_a_gap() -> None:
    site, clock = demo(), Clock()
    silent = {"kind": "silent_source", "place": site.sources[0].path, "at": 3, "lasts": 8}
    (a, b), _ = sources(site, clock, silent)
    told = []
    for _ in range(14):
        try:
            now = await a.read()
            told.append(float(now.sources.missing[0]))
        except SourceError:
            told.append(-1.0)
        await b.read()
        clock.now += 1
    assert told[:3] == [0.0] * 3
    assert told[3:11] == [-1.0] * 8
    assert told[11] > 0.1  # what did not fit into its memory
    assert told[12:] == [0.0, 0.0]
    await closed([a, b])


async def test_values_that_a_fault_hides_stay_hidden() -> None:
    site, clock = demo(), Clock()
    missing = {"kind": "missing_values", "place": site.sources[0].path, "at": 1}
    (a, b), _ = sources(site, clock, missing)
    clock.now += 2
    await a.read()
    now = await a.read()
    assert np.isnan(now.outlets.current[::2]).all()
    assert not np.isnan(now.outlets.current[1::2]).any()
    assert now.sources.missing[0] == 0.1
    await closed([a, b])


async def test_nobody_looks_for_long_and_the_board_is_not_late_for_ever() -> None:
    site, clock = demo(), Clock()
    (a, b), shared = sources(site, clock)
    await a.read()
    clock.now += 3600
    now = await a.read()
    assert now.sources.missing[0] >= 0
    clock.now += 1
    now = await a.read()
    assert now.phases.voltage[0] > 200
    assert shared["tape"]._moment.sample < 60 * 10_000
    await closed([a, b])


async def test_one_phase_at_sixty_hertz_and_a_source_without_a_feed() -> None:
    design, servers = standard_racks(pdus=1, outlets=4, phases=1, frequency=60.0, voltage=120.0)
    apart = SourceSpec("source/air")
    probes = [replace(probe, source="source/air") for probe in design.probes]
    plant = built(replace(design, sources=[*design.sources, apart], probes=probes))
    tables = [{"path": s.path, "cords": list(s.cords)} for s in servers]
    tables[0]["corrected"] = False
    sections = {"twin": {"waves": True, "server": tables}}
    clock, shared = Clock(), {}
    check_site(plant, sections, {0, 1})
    a, air = (
        open_source(Wanted("s", {}, part(plant, row), plant, sections, shared, clock.ports()))
        for row in (0, 1)
    )
    assert isinstance(air, Simulated)
    clock.now += 1
    await a.read()
    clock.now += 1
    now = await a.read()
    assert now.phases.voltage == pytest.approx([120], rel=0.02)
    assert now.feeds.frequency == pytest.approx([60], abs=0.05)
    assert now.outlets.thd_current[0] == pytest.approx(105.7, rel=0.02)
    assert now.outlets.crest_factor[0] == pytest.approx(2.85, rel=0.03)
    assert now.outlets.thd_current[1] < 20
    assert not np.isnan((await air.read()).probes.temperature).any()
    await closed([a, air])


async def day(seed: int, reads: tuple[float, ...]) -> str:
    """A short life with an order and a fault, read at these times; what was read last."""
    site, clock = demo(), Clock()
    trip = {"kind": "feed_loss", "place": "rack1/B/feed", "at": 4, "lasts": 2}
    opened, _ = sources(site, clock, trip, seed=seed)
    digest = hashlib.sha256()
    for step in reads:
        clock.now += step
        for source in opened:
            now = await source.read()
            if step == 1.0:
                digest.update(bytes_of(now))
        if clock.now == 1002.0:
            order = SwitchOutlet("1", "rack1/A/outlet/2", False, "olga", Priority.PERSON)
            await opened[0].obey(order)
    await closed(opened)
    return digest.hexdigest()


async def test_the_same_seed_gives_the_same_readings_byte_for_byte() -> None:
    steps = (1.0,) * 8
    first = await day(1, steps)
    assert first == await day(1, steps)
    assert first != await day(2, steps)


async def test_a_source_that_is_closed_takes_no_reading_from_the_others() -> None:
    site, clock = demo(), Clock()
    (a, b), shared = sources(site, clock)
    thread, held = shared["tape"].thread, Event()
    thread.submit(held.wait)
    reading = asyncio.create_task(b.read())
    await asyncio.sleep(0.05)  # it waits for the thread
    closing = asyncio.create_task(a.close())
    await asyncio.sleep(0.05)
    held.set()
    assert (await reading).phases.voltage.min() > 200
    await closing
    clock.now += 1
    assert (await b.read()).phases.voltage.min() > 200
    await b.close()
    with pytest.raises(RuntimeError, match="shutdown"):  # it ends with the last
        thread.submit(held.wait)
