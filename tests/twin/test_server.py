"""Servers of the twin: standby, boot, load that wanders, jobs in step."""

import numpy as np
import pytest
from living import fault, rack

from smartpdu.twin.plan import ServerSpec
from smartpdu.twin.server import BOOT, CHECKPOINT, CYCLE, STANDBY, direct_power, job_level

A, B = "rack1/A/outlet/1", "rack1/B/outlet/1"


def test_a_server_on_one_feed_dies_with_it_and_boots_when_it_returns() -> None:
    living = rack([ServerSpec("s", (A,), 500.0, 150.0, 0.1, boot=90.0)])
    before = living.lasts(5).flow.power[0]
    living.suffers(fault("feed_loss", "rack1/A/feed", at=6, lasts=10))
    dark = living.lasts(10)
    assert not dark.running[0]
    assert dark.flow.power[0] == 0
    powers = [life.flow.power[0] for life in living.seconds(120)]
    high = [power > 400 for power in powers]
    assert high == [True] * 90 + [False] * 30
    assert powers[0] > before * 1.5
    assert [(t.at, t.kind) for t in living.truths] == [
        (6, "feed_loss"),
        (6, "server_dead"),
        (16, "server_boots"),
    ]


def test_a_server_in_standby_is_fed_and_draws_little_and_says_nothing() -> None:
    living = rack([ServerSpec("s", (A, B), kind="standby")])
    living.suffers(fault("feed_loss", "rack1/A/feed", at=3, lasts=3))
    powers = [life.flow.power.sum() for life in living.seconds(10)]
    assert all(STANDBY < power < 30 for power in powers)
    assert [t.kind for t in living.truths] == ["feed_loss"]


def test_power_behind_the_supplies_is_that_of_the_state() -> None:
    two = np.array([100.0] * 3), np.array([500.0] * 3)
    running = np.array([True, True, False])
    left = np.array([0.0, 5.0, 0.0])
    power = direct_power(*two, np.full(3, 0.5), running, left)
    assert power.tolist() == [300.0, BOOT * 500, STANDBY]


def test_ordinary_load_wanders_about_its_mean_and_stays_within_its_bounds() -> None:
    living = rack([ServerSpec("s", (A,), demand=0.6)])
    seen = np.array([life.demand[0] for life in living.seconds(6000)])
    assert 0 <= seen.min() < 0.55 < seen.mean() < 0.65 < seen.max() <= 1
    assert np.abs(np.diff(seen)).max() < 0.05


def test_jobs_step_by_most_of_their_power_in_a_few_seconds_at_each_checkpoint() -> None:
    level = np.array([job_level(float(s), np.zeros(1))[0] for s in range(int(2 * CYCLE))])
    low = level < 0.5
    assert low.sum() == pytest.approx(2 * CHECKPOINT, abs=8)  # the ramps are longer ways
    assert np.abs(np.diff(level)).max() > 0.1
    assert level[int(CYCLE) // 2] == level[int(CYCLE * 1.5)] == pytest.approx(0.95)


def test_servers_of_a_job_are_in_step_and_ordinary_ones_are_not() -> None:
    living = rack(outlets=40)
    gpu = living.world.servers.gpu
    demand = np.array([life.demand for life in living.seconds(600)])
    jobs = demand[:, gpu]
    assert jobs.shape[1] == 4
    assert np.abs(jobs - jobs[:, :1]).max() < 0.02
    assert np.ptp(jobs[:, 0]) > 0.5
    steps = np.diff(demand[:, ~gpu], axis=0)
    assert abs(np.corrcoef(steps.T)[0, 1]) < 0.2


def test_a_record_is_played_second_by_second_and_then_the_server_is_an_ordinary_one() -> None:
    record = np.array([[300.0, 200.0], [310.0, 190.0], [320.0, 180.0]])
    living = rack([ServerSpec("s", (A, B), kind="replay", replay=record)])
    rows = [living.outlet(A), living.outlet(B)]
    assert living.life.flow.power[rows].tolist() == [300.0, 200.0]
    assert living.lasts(1).flow.power[rows] == pytest.approx([310.0, 190.0])
    living.suffers(fault("cord_pulled", A, at=2))
    assert living.lasts(1).flow.power[rows] == pytest.approx([0.0, 500.0])
    assert living.lasts(1).flow.power[rows[1]] not in (0.0, 500.0)
