"""Power supplies: efficiency, power factor, and how cords share a load that is never halved."""

import numpy as np
import pytest
from living import Living, fault, rack

from smartpdu.twin import psu
from smartpdu.twin.plan import ServerSpec

A, B = "rack1/A/outlet/1", "rack1/B/outlet/1"


def one(**values: object) -> Living:
    """The standard rack with a single server on the first outlets of A and B."""
    given: dict[str, object] = {"path": "s", "cords": (A, B), **values}
    return rack([ServerSpec(**given)])  # type: ignore[arg-type]


def cords(living: Living) -> tuple[float, float]:
    """True power at both cords."""
    power = living.life.flow.power
    return float(power[living.outlet(A)]), float(power[living.outlet(B)])


def test_one_supply_carries_what_two_did_as_their_efficiency_says() -> None:
    # Titanium, 1600 W behind two supplies of 2 kW: 839.2 W each; 1687.8 W through one
    even = (0.5, 0.5)
    living = one(
        rated_power=1600.0,
        idle_power=1600.0,
        supply_power=2000.0,
        idle_shares=even,
        full_shares=even,
    )
    living.lasts(5)
    assert cords(living) == pytest.approx((839.2, 839.2), abs=0.1)
    living.suffers(fault("feed_loss", "rack1/A/feed", at=6))
    living.lasts(1)
    assert cords(living) == pytest.approx((0.0, 1687.8), abs=0.1)
    assert not any(t.kind == "server_dead" for t in living.truths)


def test_every_server_on_two_feeds_lives_on_one_and_its_power_follows_from_the_efficiency() -> None:
    living = rack()
    living.lasts(30)
    living.suffers(fault("feed_loss", "rack1/A/feed", at=31))
    life = living.lasts(2)
    servers, world = living.world.servers, living.world
    need = servers.idle + life.demand * (servers.rated - servers.idle)
    rated = world.cords.rated[world.cords.outlet >= 20]
    table = np.interp(need / rated, psu.LOADS, psu.TITANIUM)
    on_b = life.flow.power[living.plant.outlets.phase >= 3]
    assert on_b == pytest.approx(need / table, rel=1e-9)
    assert (life.flow.power[living.plant.outlets.phase < 3] == 0).all()
    assert life.running.all()


def test_the_share_of_a_cord_moves_with_the_load_and_is_never_fixed() -> None:
    living = rack()
    power = np.array([life.flow.power for life in living.seconds(900)])
    first, second = power[:, :20], power[:, 20:]
    share = first / (first + second)
    awake = second.min(axis=0) > 10
    assert awake.sum() >= 18
    assert (share[:, awake].std(axis=0) > 1e-5).all()
    assert not np.isclose(share[:, awake], 0.5, atol=1e-3).any()
    gpu = share[:, 9]  # steps between two levels
    assert gpu.max() - gpu.min() > 0.005


def test_three_cords_share_as_real_machines_do() -> None:
    # measured on a server with eight GPUs: 41.8/30.9/27.3 % idle, 36.3/32.5/31.2 % under load
    outlets = tuple(f"rack1/{letter}/outlet/1" for letter in "ABC")
    shares = {"idle_shares": (0.418, 0.309, 0.273), "full_shares": (0.363, 0.325, 0.312)}
    for demand, expected in ((0.0, "idle_shares"), (1.0, "full_shares")):
        spec = ServerSpec("s", outlets, 2600.0, 0.0, demand, supply_power=2000.0, **shares)
        need = 2600.0 * demand if demand else 1e-6
        living = rack([spec], pdus=3)
        world = living.world
        part = np.clip(need / 2600.0, 0, 1)
        weight = world.cords.idle_share + part * (world.cords.full_share - world.cords.idle_share)
        split = psu.shares(weight, np.ones(3, bool), np.zeros(3, bool), world.cords.server, 1)
        assert split == pytest.approx(shares[expected], abs=1e-6)
    living.lasts(600)
    power = living.life.flow.power[[living.outlet(o) for o in outlets]]
    assert power / power.sum() == pytest.approx(shares["full_shares"], abs=0.01)


@pytest.mark.parametrize("pdus", [1, 2, 3, 4, 6])
def test_a_server_may_have_one_to_six_cords_and_lives_until_the_last_is_lost(pdus: int) -> None:
    outlets = tuple(f"rack1/{letter}/outlet/1" for letter in "ABCDEF"[:pdus])
    living = rack([ServerSpec("s", outlets)], pdus=pdus)
    whole = living.lasts(1).flow.power.sum()
    for number, letter in enumerate("ABCDEF"[: pdus - 1], 1):
        living.faults += ((fault("feed_loss", f"rack1/{letter}/feed"), number - 1),)
        life = living.lasts(1)
        assert life.running[0]
        assert life.flow.power.sum() == pytest.approx(whole, rel=0.08)
        assert (life.flow.power > 1).sum() == pdus - number
    living.faults += ((fault("feed_loss", "rack1/x/feed"), pdus - 1),)
    life = living.lasts(1)
    assert not life.running[0]
    assert life.flow.power.sum() == 0
    assert living.truths[-1].kind == "server_dead"


def test_a_hot_spare_sleeps_below_a_fifth_and_wakes_above_half() -> None:
    living = one(mode="hot_spare", rated_power=1000.0, idle_power=0.0, supply_power=1000.0)
    seen = []
    for demand in (0.15, 0.4, 0.6, 0.4, 0.25, 0.15):
        living.world.servers.demand[0] = living.life.demand[0] = demand
        living.lasts(2)
        seen.append(cords(living)[1] > 50)
        assert 2.0 <= min(cords(living)) <= 4.0 or seen[-1]
    assert seen == [False, False, True, True, True, False]


def test_a_sleeping_spare_wakes_when_the_first_supply_is_lost() -> None:
    living = one(mode="hot_spare", demand=0.1)
    living.lasts(3)
    first, spare = cords(living)
    assert first > 100 > 4 >= spare >= 2
    living.suffers(fault("psu_failure", A, at=4))
    living.lasts(1)
    assert cords(living)[0] == psu.DEAD
    assert cords(living)[1] == pytest.approx(first, rel=0.1)


def test_a_dead_supply_still_draws_its_filter_and_leaks_and_a_pulled_cord_does_not() -> None:
    living = one()
    living.lasts(2)
    leak = abs(living.life.leakage[0])
    living.suffers(fault("psu_failure", A, at=3))
    row = living.outlet(A)
    dead = living.lasts(1)
    assert 0.05 < abs(dead.flow.current[row]) < 0.1
    assert dead.flow.power[row] < 1
    assert abs(dead.leakage[0]) == pytest.approx(leak, rel=0.01)
    living.suffers(fault("cord_pulled", A, at=4))
    pulled = living.lasts(1)
    assert pulled.flow.current[row] == 0
    assert abs(pulled.leakage[0]) == 0
    assert cords(living)[1] > 100


def test_power_factor_and_harmonics_follow_the_load_as_measured() -> None:
    load = np.array([0.05, 0.2, 1.0])
    assert psu.distortion(load) == pytest.approx([0.278, 0.121, 0.041])
    assert psu.crest_factor(psu.distortion(load)) == pytest.approx([1.21, 1.32, 1.38])
    assert psu.crest_factor(np.zeros(1)) == pytest.approx([2**0.5])
    assert (np.diff(psu.power_factor(np.linspace(0, 1, 50))) >= 0).all()
    assert psu.power_factor(np.ones(1)) == pytest.approx([0.995])


def test_the_parts_of_a_current_give_its_power_factor() -> None:
    power, volts, load = np.array([400.0, 50.0]), np.full(2, 230.0), np.array([0.4, 0.05])
    active, reactive, harmonic = psu.currents(power, volts, load, np.zeros(2))
    whole = np.sqrt(active**2 + reactive**2 + harmonic**2)
    assert power / (volts * whole) == pytest.approx(psu.power_factor(load))
    assert active * volts == pytest.approx(power)
    assert harmonic / np.hypot(active, reactive) == pytest.approx(psu.distortion(load))


def test_no_supply_draws_less_reactive_current_than_its_filter() -> None:
    none = psu.currents(np.array([3.0]), np.array([230.0]), np.zeros(1), np.array([0.07]))
    assert none[1][0] == 0.07


def test_the_filter_draws_more_at_sixty_hertz_and_less_at_a_low_voltage() -> None:
    slow = rack([ServerSpec("s", (A,))], pdus=1).world.cords
    fast = rack([ServerSpec("s", (A,))], pdus=1, frequency=60.0).world.cords
    assert fast.filter == pytest.approx(slow.filter * 1.2)
    assert fast.leakage == pytest.approx(slow.leakage * 1.2)


def test_a_plain_rectifier_draws_peaks_that_a_corrected_supply_does_not() -> None:
    now = {}
    for corrected in (True, False):
        living = one(rated_power=400.0, idle_power=400.0, corrected=corrected)
        living.lasts(5)
        seen, row = living.measured().outlets, living.outlet(A)
        names = ("thd_current", "power_factor", "crest_factor", "active_power", "current")
        now[corrected] = {name: float(getattr(seen, name)[row]) for name in names}
    plain, modern = now[False], now[True]
    assert plain["thd_current"] == pytest.approx(105.7, abs=0.2)
    assert plain["power_factor"] == pytest.approx(0.66, abs=0.01)
    assert plain["crest_factor"] == pytest.approx(2.85, abs=0.02)
    assert modern["thd_current"] < 15
    assert plain["active_power"] == pytest.approx(modern["active_power"], rel=0.02)
    assert plain["current"] > 1.4 * modern["current"]
