"""Waves of the twin: known in closed form, joined at every sample, the same for the same dice."""

from dataclasses import replace

import numpy as np
import pytest
from living import Living, fault, living, rack
from measurement.signals import Wave

from smartpdu.model.plant import Kind
from smartpdu.twin import inrush, phasors, spectrum, waves
from smartpdu.twin.phasors import Phasors, Waves
from smartpdu.twin.plan import ServerSpec
from smartpdu.twin.rack import standard_racks
from smartpdu.twin.taps import Tap
from smartpdu.twin.waves import Dip, Moment, Samples
from smartpdu.twin.world import neutral, phase_current

RATE, COUNT = 10_000.0, 500


def dice(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def made(lived: Living, rate: float = RATE, count: int = COUNT) -> Waves:
    return phasors.waves(lived.world, rate, count, dice())


def played(
    own: Waves, lived: Living, blocks: int, seed: int = 2, dips: tuple[Dip, ...] = ()
) -> tuple[Moment, Samples]:
    """Blocks of a life that does not change."""
    chance, moment, found = dice(seed), waves.first(own, lived.life), []
    for _ in range(blocks):
        moment, block = waves.sampled(own, moment, lived.life, chance, dips=dips)
        found.append(block)
    return moment, np.concatenate(found)


def column(own: Waves, kind: Kind, row: int, quantity: str) -> int:
    """Where a channel stands among all."""
    taps = [tap for branch in own.branches for tap in branch.taps]
    return taps.index(Tap(kind, row, quantity))


def phasor(own: Waves, found: tuple[Phasors, ...], *tap: object) -> Phasors:
    """The phasors of one channel."""
    whole: Phasors = np.concatenate(found, axis=1)[:, column(own, *tap)]  # type: ignore[arg-type]
    return whole


def rms(values: Phasors) -> float:
    return float(np.sqrt(np.square(np.abs(values)).sum()))


def test_every_sample_is_the_sum_of_sines_that_its_phasors_say() -> None:
    lived = rack()
    lived.lasts(3)
    own = made(lived)
    before = waves.first(own, lived.life)
    after, samples = waves.sampled(own, before, lived.life, dice(2))
    found = phasors.phasors(own, lived.life)
    for branch, known in zip(own.branches, found, strict=True):
        step = np.mod(after.turns[branch.feed] - before.turns[branch.feed], 1.0)
        step = (step + round(50 * COUNT / RATE - step)) / COUNT
        turns = step * np.arange(COUNT)
        for channel, tap in enumerate(branch.taps):
            whole = np.zeros((2, 50))
            whole[0, spectrum.ORDERS - 1] = np.abs(known[:, channel])
            whole[1, spectrum.ORDERS - 1] = np.angle(known[:, channel])
            expected = Wave(*whole).at(turns)
            seen = samples[:, branch.columns][:, channel]
            np.testing.assert_allclose(seen, expected, atol=2e-5 * max(1, rms(known[:, channel])))
            assert rms(known[:, channel]) > 1e-4 or tap.kind is Kind.OUTLET


def test_what_flows_is_what_the_life_says() -> None:
    lived = rack()
    lived.lasts(3)
    own, life = made(lived), lived.life
    found = phasors.phasors(own, life)
    for outlet in range(len(lived.plant.outlets)):
        phase = int(lived.plant.outlets.phase[outlet])
        voltage = phasor(own, found, Kind.PHASE, phase, "voltage")
        current = phasor(own, found, Kind.OUTLET, outlet, "current")
        assert rms(voltage) == pytest.approx(life.voltage[phase], rel=1e-12)
        power = (voltage * current.conj()).real.sum()
        assert power == pytest.approx(life.flow.power[outlet], rel=1e-9, abs=1e-9)
        twin = np.hypot(abs(life.flow.current[outlet]), life.flow.harmonic[outlet])
        assert rms(current) == pytest.approx(twin, rel=0.02)  # harmonics of both are in the power
        higher = np.sqrt(np.square(np.abs(current[1:])).sum())
        assert higher == pytest.approx(life.flow.harmonic[outlet], rel=0.005)
    for feed in range(len(lived.plant.feeds)):
        leak = phasor(own, found, Kind.FEED, feed, "residual_current")
        assert abs(leak[0]) == pytest.approx(abs(life.leakage[feed]), rel=1e-3)


def test_a_current_leads_where_the_life_says_that_it_leads() -> None:
    lived = rack()
    lived.lasts(3)
    own = made(lived)
    found = phasors.phasors(own, lived.life)
    phase = int(lived.plant.outlets.phase[0])
    voltage = phasor(own, found, Kind.PHASE, phase, "voltage")[0]
    current = phasor(own, found, Kind.OUTLET, 0, "current")[0]
    leads = (current / voltage).imag * abs(voltage)
    assert leads == pytest.approx(lived.life.flow.current[0].imag + 0.8e-3, abs=0.8e-3)
    assert leads > 0.05


@pytest.mark.parametrize(
    ("distortion", "corrected", "expected"),
    [(0.041, True, 1.52), (0.121, True, 4.52), (0.278, True, 9.80), (1.057, False, 26.84)],
)
def test_the_neutral_of_three_equal_phases_carries_what_the_harmonics_say(
    distortion: float, corrected: bool, expected: float
) -> None:
    # 16 A in each phase: orders of three add up, all others cancel
    shape = spectrum.current_shape(np.array([distortion]), np.array([corrected]))[:, 0]
    first = 16 / np.sqrt(1 + distortion**2)
    line = np.exp(-2j * np.pi / 3 * spectrum.ORDERS[:, None] * np.arange(3))
    whole = np.concatenate([[first], first * distortion * shape])[:, None] * line
    assert rms(whole.sum(axis=1)) == pytest.approx(expected, rel=0.006)


@pytest.mark.parametrize(
    ("distortion", "corrected", "crest"),
    [(0.041, True, 1.38), (0.121, True, 1.32), (0.278, True, 1.21), (1.057, False, 2.85)],
)
def test_harmonics_flatten_a_corrected_current_and_sharpen_a_plain_one(
    distortion: float, corrected: bool, crest: float
) -> None:
    shape = spectrum.current_shape(np.array([distortion]), np.array([corrected]))[:, 0]
    turn = 2 * np.pi * np.arange(10_000) / 10_000
    orders = np.sin(spectrum.ORDERS * turn[:, None])
    values = orders @ np.concatenate([[1.0], distortion * shape])
    assert np.abs(values).max() / values.std() == pytest.approx(crest, abs=0.01)


def test_currents_add_up_at_every_sample_inrush_and_leakage_included() -> None:
    lived = rack()
    lived.lasts(2)
    lived.suffers(fault("leakage_step", "rack1/A/feed", at=3, size=0.3))
    lived.switch("rack1/A/outlet/1", on=False)
    lived.lasts(2)
    own = made(lived)
    moment, chance = waves.first(own, lived.life), dice(3)
    lived.switch("rack1/A/outlet/1", on=True)
    plant, peaks = lived.plant, []
    for _ in range(4):
        moment, samples = waves.sampled(own, moment, lived.life, chance)
        x = samples.astype(float)
        for feed in range(len(plant.feeds)):
            phases = np.flatnonzero(plant.phases.feed == feed).tolist()
            line = sum(x[:, column(own, Kind.PHASE, p, "current")] for p in phases)
            back = x[:, column(own, Kind.FEED, feed, "neutral_current")]
            away = x[:, column(own, Kind.FEED, feed, "residual_current")]
            np.testing.assert_allclose(line - back - away, 0, atol=5e-5)
        for circuit in range(len(plant.circuits)):
            outlets = np.flatnonzero(plant.outlets.circuit == circuit).tolist()
            parts = sum(x[:, column(own, Kind.OUTLET, o, "current")] for o in outlets)
            whole = x[:, column(own, Kind.CIRCUIT, circuit, "current")]
            np.testing.assert_allclose(parts - whole, 0, atol=5e-5)
        peaks.append(np.abs(x[:, column(own, Kind.OUTLET, 0, "current")]).max())
    assert peaks[0] > 5  # there was an inrush, and it was looked at
    leak = rms(phasor(own, phasors.phasors(own, lived.life), Kind.FEED, 0, "residual_current"))
    assert leak == pytest.approx(0.3, rel=0.02)


def test_a_wave_goes_on_from_block_to_block() -> None:
    lived = rack()
    lived.lasts(2)
    own = made(lived)
    _, samples = played(own, lived, 40)
    u = samples[:, own.voltage[0]].astype(float)
    steps = np.abs(np.diff(u))
    seams = steps[COUNT - 1 :: COUNT]
    inner = np.delete(steps, slice(COUNT - 1, None, COUNT)).reshape(-1)
    assert len(seams) == 39
    assert seams.max() <= inner.max() * 1.001
    turned = np.abs(np.fft.rfft(u * np.hanning(len(u))))  # a jump would spread over all orders
    line = turned[: len(turned) // 3] / turned.max()
    between = [k for k in range(60, 3000) if min(k % 50, 50 - k % 50) > 8]
    assert line[between].max() < 1e-4


@pytest.mark.requirement("R-7.2-1")
def test_leakage_adds_up_as_vectors() -> None:
    # 10, 8 and 6 filters of 0.8 mA: 2.771 mA; one less on L3: 3.487 mA, it rises
    design, _ = standard_racks(pdus=1, outlets=24)
    phase_of = {c.path: c.phase for c in design.circuits}
    by_line: dict[str, list[str]] = {}
    for outlet in design.outlets:
        by_line.setdefault(phase_of[outlet.circuit][-2:], []).append(outlet.path)
    assert [len(v) for v in by_line.values()] == [8, 8, 8]
    for counts, expected in (((8, 8, 6), 1.6), ((8, 5, 3), 3.487), ((8, 6, 4), 2.771)):
        cords = [p for n, paths in zip(counts, by_line.values(), strict=True) for p in paths[:n]]
        lived = living(design, [ServerSpec(p, [p], idle_power=100.0) for p in cords])
        equal = replace(lived.world.cords, leakage=np.full(len(cords), 0.8e-3))
        world = replace(lived.world, cords=equal, distortion=np.zeros(3))
        life = replace(lived.life, voltage=np.full(3, 230.0))
        found = phasors.phasors(phasors.waves(world, RATE, COUNT, dice()), life)
        own = made(lived)
        leak = rms(phasor(own, found, Kind.FEED, 0, "residual_current"))
        assert leak == pytest.approx(expected * 1e-3, abs=1e-6)


@pytest.mark.requirement("R-5.1-1")
@pytest.mark.parametrize(
    ("rated", "peak", "squares"),
    [(550, 26.4, 0.98), (1100, 35.0, 2.61), (2400, 51.6, 7.56), (3300, 61.4, 12.4)],
)
def test_inrush_is_what_capacitor_limiter_and_closing_angle_make_of_it(
    rated: float, peak: float, squares: float
) -> None:
    parts, step = inrush.filters(np.array([rated])), 5e-6
    turns = 2 * np.pi * 50 * step * np.arange(20_000)
    volts = np.sqrt(2) * 230 * np.sin(turns + np.pi / 2)[:, None]
    resist = inrush.resistance(parts.limiter, np.zeros(1))
    current, charge = inrush.charged(volts, np.zeros(1), resist, parts.capacity, step)
    assert np.abs(current).max() == pytest.approx(peak, rel=0.003)
    assert np.square(current).sum() * step == pytest.approx(squares, rel=0.01)
    assert 0.95 < charge[0] / (np.sqrt(2) * 230) < 1
    zero = np.sqrt(2) * 230 * np.sin(turns)[:, None]
    at_zero, _ = inrush.charged(zero, np.zeros(1), resist, parts.capacity, step)
    assert np.abs(at_zero).max() < 0.75 * peak  # the peak follows the angle ...
    assert np.square(at_zero).sum() * step > 0.75 * squares  # ... and what heats hardly does


def switched_on(away: float) -> float:
    """Peak of an outlet's current when it is switched on again after so many seconds."""
    lived = rack()
    lived.lasts(2)
    own = made(lived)
    moment, chance = waves.first(own, lived.life), dice(4)
    lived.switch("rack1/A/outlet/1", on=False)
    for _ in range(int(away * RATE / COUNT)):
        moment, samples = waves.sampled(own, moment, lived.life, chance)
    place = column(own, Kind.OUTLET, 0, "current")
    assert np.abs(samples[:, place]).max() == 0
    lived.switch("rack1/A/outlet/1", on=True)
    moment, chance = replace(moment, turns=np.zeros(2)), dice(4)  # at the same closing angle
    moment, samples = waves.sampled(own, moment, lived.life, chance)
    peak = float(np.abs(samples[:, place]).max())
    for _ in range(2):
        moment, samples = waves.sampled(own, moment, lived.life, chance)
    assert np.abs(samples[:, place]).max() < 0.1 * peak  # full by then
    return peak


def test_a_limiter_that_is_still_warm_lets_more_in() -> None:
    soon, late = switched_on(20.0), switched_on(240.0)
    assert 5 < late < 35
    assert 1.2 < soon / late < 2


def test_when_a_feed_returns_all_its_supplies_fill_at_once() -> None:
    lived = rack()
    lived.lasts(2)
    lived.suffers(fault("feed_loss", "rack1/A/feed", at=3, lasts=60))
    lived.lasts(2)
    own = made(lived)
    moment, chance = waves.first(own, lived.life), dice(5)
    moment, samples = waves.sampled(own, moment, lived.life, chance)
    assert np.abs(samples[:, own.branches[0].columns]).max() == 0
    assert np.abs(samples[:, own.branches[1].columns]).max() > 300
    lived.lasts(60)
    moment, samples = waves.sampled(own, moment, lived.life, chance)
    outlets = [column(own, Kind.OUTLET, o, "current") for o in own.branches[0].outlets]
    assert (np.abs(samples[:, outlets]).max(axis=0) > 5).all()


def test_in_a_dip_the_voltage_is_what_is_left_and_supplies_draw_more() -> None:
    lived = rack()
    lived.lasts(2)
    own = made(lived)
    phases = lived.plant.phases.feed == 0
    dip = Dip(1234, 3234, phases, 0.7)
    _, samples = played(own, lived, 10, dips=(dip,))
    u = samples[:, own.voltage[0]].astype(float)
    i = samples[:, column(own, Kind.OUTLET, 0, "current")].astype(float)
    cycle = int(RATE / 50)

    def found(values: np.ndarray, start: int) -> float:
        return float(np.sqrt(np.square(values[start : start + cycle]).mean()))

    volts = lived.life.voltage[0]
    for start, left in ((1000, 1.0), (1240, 0.7), (3030, 0.7), (3240, 1.0)):
        assert found(u, start) == pytest.approx(left * volts, rel=1e-3)
    assert found(i, 2000) > 1.2 * found(i, 0)
    other = samples[:, own.voltage[3]].astype(float)
    assert found(other, 2000) == pytest.approx(lived.life.voltage[3], rel=1e-3)


def test_below_half_of_the_voltage_no_supply_draws() -> None:
    lived = rack()
    lived.lasts(2)
    own = made(lived)
    dip = Dip(0, 500, lived.plant.phases.feed == 0, 0.3)
    _, samples = played(own, lived, 1, dips=(dip,))
    outlets = [column(own, Kind.OUTLET, o, "current") for o in own.branches[0].outlets]
    assert np.abs(samples[:, outlets]).max() < 0.01


def test_each_feed_has_the_frequency_that_faults_leave_it() -> None:
    lived = rack()
    lived.suffers(fault("off_frequency", "rack1/B/feed", at=1, size=1.02))
    lived.lasts(2)
    own = made(lived)
    moment, _ = played(own, lived, 20)  # one second
    turned = moment.turns + np.round(np.array([50, 51]) - moment.turns)
    assert turned == pytest.approx([50, 51], abs=0.05)
    assert abs(turned[1] / turned[0] - 1.02) < 1e-9


def test_the_same_dice_give_the_same_samples_and_others_do_not() -> None:
    lived = rack()
    lived.lasts(2)
    own = made(lived)
    same = [played(own, lived, 6, seed)[1].tobytes() for seed in (7, 7, 8)]
    assert same[0] == same[1]
    assert same[0] != same[2]


def test_neutral_and_phases_agree_with_the_twin_that_knows_no_waves() -> None:
    lived = rack()
    lived.lasts(3)
    own = made(lived)
    found = phasors.phasors(own, lived.life)
    fundamental, harmonic = phase_current(lived.world, lived.life)
    for phase in range(len(lived.plant.phases)):
        seen = rms(phasor(own, found, Kind.PHASE, phase, "current"))
        assert seen == pytest.approx(np.hypot(abs(fundamental[phase]), harmonic[phase]), rel=0.01)
    for feed, plain in enumerate(neutral(lived.world, lived.life)):
        seen = rms(phasor(own, found, Kind.FEED, feed, "neutral_current"))
        assert 0.8 * plain < seen <= plain * 1.01  # the twin takes all harmonics to be triplen
