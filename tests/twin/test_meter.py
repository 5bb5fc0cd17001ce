"""The meters of the twin: noise of the size that real ones have, steps, gaps where nothing is."""

from dataclasses import replace

import numpy as np
import pytest
from living import fault, living, rack

from smartpdu.drivers.followers import FOLLOWED
from smartpdu.drivers.landing import FINER
from smartpdu.model.plant import Kind
from smartpdu.model.snapshot import READINGS, quantities
from smartpdu.twin.rack import standard_racks


def test_outlet_meters_differ_from_the_truth_by_some_tenths_of_a_percent() -> None:
    twin = rack()
    twin.lasts(3)
    power = twin.life.flow.power
    errors = np.array([twin.measured().outlets.active_power / power - 1 for _ in range(400)])
    large = power > 200
    assert 0.002 < errors[:, large].std() < 0.005
    assert np.abs(errors[:, large].mean(axis=0)).max() < 0.0015
    assert np.ptp(errors[:, large].mean(axis=0)) > 1e-5  # each is a little off for ever


def test_looking_at_the_meters_changes_nothing_but_the_noise() -> None:
    twin = rack()
    twin.lasts(3)
    life = twin.life
    first, second = twin.measured(), twin.measured()
    assert twin.life is life
    assert not np.array_equal(first.outlets.current, second.outlets.current)
    assert np.array_equal(first.outlets.active_energy, second.outlets.active_energy)


def test_a_current_is_told_in_the_steps_of_its_meter() -> None:
    design, servers = standard_racks()
    steps = [0.1, 0.01, 0.0]
    outlets = [replace(o, resolution=steps[n % 3]) for n, o in enumerate(design.outlets)]
    twin = living(replace(design, outlets=outlets), servers)
    twin.lasts(2)
    current = twin.measured().outlets.current
    tenths, hundredths = current[0::3] * 10, current[1::3] * 100
    assert tenths == pytest.approx(np.rint(tenths), abs=1e-9)
    assert hundredths == pytest.approx(np.rint(hundredths), abs=1e-9)
    assert not np.allclose(current[2::3] * 1000, np.rint(current[2::3] * 1000), atol=1e-3)


def test_nothing_at_all_reads_as_nothing_without_noise() -> None:
    twin = rack()
    twin.suffers(fault("cord_pulled", "rack1/A/outlet/1"))
    twin.lasts(2)
    now = twin.measured().outlets
    assert now.current[0] == now.active_power[0] == now.apparent_power[0] == 0.0
    assert now.voltage[0] > 220
    assert np.isnan([now.power_factor[0], now.thd_current[0], now.crest_factor[0]]).all()


def test_a_dead_feed_has_no_frequency_and_its_outlets_no_voltage() -> None:
    twin = rack()
    twin.suffers(fault("feed_loss", "rack1/A/feed"))
    twin.lasts(2)
    now = twin.measured()
    assert np.isnan(now.feeds.frequency).tolist() == [True, False]
    assert np.isnan(now.outlets.frequency[:20]).all()
    assert (now.outlets.voltage[:20] == 0).all()
    assert (now.outlets.voltage[20:] > 220).all()
    assert np.isnan(now.phases.thd_voltage[:3]).all()


def test_a_switched_off_outlet_behind_an_open_breaker_tells_both() -> None:
    twin = rack()
    twin.suffers(fault("breaker_trip", "rack1/A/circuit/1"))
    twin.switch("rack1/A/outlet/1", on=False)
    twin.lasts(2)
    now = twin.measured()
    assert now.circuits.closed[:2].tolist() == [0.0, 1.0]
    assert now.circuits.voltage[0] == 0
    assert now.outlets.on[:3].tolist() == [0.0, 1.0, 1.0]
    assert (now.outlets.voltage[:3] == 0).all()
    assert now.phases.voltage[0] > 220


def test_every_quantity_that_a_rack_has_is_told() -> None:
    twin = rack()
    twin.lasts(3)
    now = twin.measured()
    untold = {"unrecorded"} | {"residual_current"}  # the loop's own; circuits have no such meter
    for kind in READINGS:
        for name in quantities(kind):
            column = getattr(now.readings(kind), name)
            sampled = name in (*FINER.get(kind, ()), *FOLLOWED.get(kind, ()))
            if sampled or (name in untold and kind is not Kind.FEED):
                assert np.isnan(column).all(), (kind, name)
            else:
                assert np.isfinite(column).all(), (kind, name)


def test_power_factor_and_apparent_power_fit_each_other() -> None:
    twin = rack()
    twin.lasts(3)
    outlets = twin.measured().outlets
    expected = outlets.active_power / outlets.apparent_power
    assert outlets.power_factor == pytest.approx(expected, abs=0.002)
    assert ((outlets.power_factor > 0.1) & (outlets.power_factor <= 1)).all()


def test_an_outlet_without_a_meter_tells_its_relay_and_nothing_that_is_measured() -> None:
    design, servers = standard_racks()
    outlets = [replace(spec, metered=number != 3) for number, spec in enumerate(design.outlets)]
    twin = living(replace(design, outlets=outlets), servers)
    twin.lasts(3)
    now = twin.measured().outlets
    told = {name for name in quantities(Kind.OUTLET) if np.isfinite(getattr(now, name)[3])}
    assert told == {"on", "contact_temperature"}
    assert np.isfinite(now.current[[2, 4]]).all()
