"""The twin as a source: its own rows are read, its relays obey, faults of sources silence it."""

import asyncio
import random
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from smartpdu.app.config import Site, demo
from smartpdu.drivers.simulator import Simulated, check, check_site, open_source, twin
from smartpdu.drivers.source import Ports, SettingsError, SourceError, Wanted
from smartpdu.model.command import Priority, SwitchOutlet
from smartpdu.model.plant import Kind, part
from smartpdu.model.snapshot import READINGS


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def ports(self) -> Ports:
        return Ports(lambda: 5e9 + self.now, lambda: self.now, asyncio.sleep, random.Random(1))


def sources(site: Site, clock: Clock, *faults: dict[str, Any]) -> list[Simulated]:
    """All sources of the demonstration rack, on one twin with these faults."""
    sections = {"twin": {**site.sections["twin"], "fault": list(faults)}}
    shared: dict[str, Any] = {}
    opened = []
    for row, source in enumerate(site.sources):
        own, ports = part(site.plant, row), clock.ports()
        wanted = Wanted(source.path, source.settings, own, site.plant, sections, shared, ports)
        opened.append(open_source(wanted))
    return opened


def order(place: str, on: bool) -> SwitchOutlet:
    return SwitchOutlet("1", place, on, "olga", Priority.PERSON)


async def test_each_source_reads_its_own_rows_of_one_shared_twin() -> None:
    site, clock = demo(), Clock()
    a, b = sources(site, clock)
    clock.now += 5
    here, there = await a.read(), await b.read()
    assert here.clock == there.clock == clock.now
    assert here.at == 5e9 + clock.now
    for source, own in ((0, here), (1, there)):
        rows = part(site.plant, source).rows
        for kind in READINGS:
            for column in fields(own.readings(kind)):
                assert len(getattr(own.readings(kind), column.name)) == len(rows[kind])
    assert len(here.outlets.on) == len(there.outlets.on) == 22
    assert len(here.probes.temperature) == 2
    assert len(there.probes.temperature) == 0
    assert here.feeds.active_power[0] > 2000
    assert np.isnan(here.houses.unrecorded).all()  # the loop's own reading, not a source's


async def test_both_sources_see_the_same_second() -> None:
    site, clock = demo(), Clock()
    a, b = sources(site, clock)
    clock.now += 3.2
    first = await a.read()
    await b.read()
    clock.now += 0.5
    again = await a.read()
    assert np.array_equal(first.outlets.current, again.outlets.current)
    clock.now += 0.5
    later = await a.read()
    assert not np.array_equal(first.outlets.current, later.outlets.current)


async def test_an_order_moves_the_relay_and_is_read_back_at_once() -> None:
    site, clock = demo(), Clock()
    a, b = sources(site, clock)
    clock.now += 1
    before = await a.read()
    assert before.outlets.on[9] == 1
    assert before.outlets.current[9] > 0
    await a.obey(order("rack1/A/outlet/10", on=False))
    same_second = (await a.read()).outlets
    assert same_second.on[9] == 0
    assert same_second.voltage[9] == same_second.current[9] == same_second.active_power[9] == 0
    clock.now += 1
    after = await a.read()
    assert after.outlets.current[9] == 0
    other = await b.read()
    assert other.outlets.on.all()
    assert other.outlets.active_power[9] > 1.5 * before.outlets.active_power[9]


async def test_an_order_for_an_outlet_of_another_source_is_refused() -> None:
    a, _ = sources(demo(), Clock())
    with pytest.raises(SourceError, match="there is no outlet rack1/B/outlet/1 here"):
        await a.obey(order("rack1/B/outlet/1", on=False))


async def test_a_silent_source_neither_answers_nor_obeys_and_the_other_does() -> None:
    clock = Clock()
    fault = {"at": 2, "kind": "silent_source", "place": "source/rack1-B", "lasts": 10}
    a, b = sources(demo(), clock, fault)
    clock.now += 1
    await b.read()
    clock.now += 1
    await a.read()
    with pytest.raises(SourceError, match="no answer"):
        await b.read()
    with pytest.raises(SourceError, match="no answer"):
        await b.obey(order("rack1/B/outlet/2", on=False))
    clock.now += 10
    assert (await b.read()).outlets.on.all()
    await a.close()


async def test_missing_values_are_gaps_and_the_source_says_how_many() -> None:
    clock = Clock()
    fault = {"at": 1, "kind": "missing_values", "place": "source/rack1-A"}
    a, b = sources(demo(), clock, fault)
    clock.now += 1
    here, there = await a.read(), await b.read()
    assert np.isnan(here.outlets.current).sum() == 11
    assert here.sources.missing[0] == 0.1
    assert np.isfinite(there.outlets.current).all()
    assert there.sources.missing[0] == 0


async def test_a_machine_that_slept_long_does_not_live_through_the_night_at_once() -> None:
    clock = Clock()
    a, _ = sources(demo(), clock)
    clock.now += 10
    first = await a.read()
    clock.now += 1e6
    second = await a.read()
    gained = second.feeds.active_energy - first.feeds.active_energy
    assert gained == pytest.approx(30 * first.feeds.active_power, rel=0.2)


def test_the_same_seed_gives_the_same_twin_and_another_gives_another() -> None:
    site = demo()
    section = site.sections["twin"]
    one, same, other = (twin(section, site.plant, 0.0, seed) for seed in (1, 1, 2))
    for lived in (one, same, other):
        for _ in range(20):
            lived.tick()
    assert np.array_equal(one.life.flow.power, same.life.flow.power)
    assert not np.array_equal(one.life.flow.power, other.life.flow.power)


def test_looking_at_a_twin_does_not_change_what_becomes_of_it() -> None:
    site = demo()
    seen, alone = (twin(site.sections["twin"], site.plant, 0.0) for _ in range(2))
    for second in range(30):
        seen.tick()
        alone.tick()
        seen.read(0.0, float(second))
    assert np.array_equal(seen.life.flow.power, alone.life.flow.power)


def test_a_simulator_source_has_no_settings_of_its_own() -> None:
    check({})
    with pytest.raises(SettingsError, match=r"source\.address: found an unknown key"):
        check({"address": "x"})


def test_a_site_is_checked_without_a_twin_being_born() -> None:
    site = demo()
    check_site(site.plant, site.sections, {0, 1, 2, 3, 4, 5})
    check_site(site.plant, {}, set())
    with pytest.raises(SettingsError, match=r"twin\.fault\[1\]\.place: found 'rack1'"):
        wrong = {"twin": {"fault": [{"at": 1, "kind": "feed_loss", "place": "rack1"}]}}
        check_site(site.plant, wrong, {0, 1, 2, 3, 4, 5})


def test_the_part_of_a_source_is_what_is_read() -> None:
    site = demo()
    rows = part(site.plant, 1).rows[Kind.OUTLET]
    assert rows.tolist() == list(range(22, 44))
