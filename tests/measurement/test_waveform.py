"""Windows and half-cycles against signals that are known in closed form."""

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from measurement.signals import distorted, reactive, sampled, sine, turns
from measurement.streams import THREE, measured, rack, truth_of_power

from smartpdu.measurement import crossing, cycles, grid, halves, harmonics, pace, sums
from smartpdu.measurement import quantities as quantities_
from smartpdu.measurement.channels import Channels
from smartpdu.measurement.quantities import quantities
from smartpdu.measurement.waveform import Stream

GRID = [(50.0, f) for f in (42.5, 49.5, 49.973, 50.0, 50.02, 57.5)]
GRID += [(60.0, f) for f in (51.0, 59.93, 60.0, 69.0)]
SETTLED = 1  # windows at the start, while the period is not known


@pytest.fixture(params=["compiled", "plain"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways in which samples are worked on."""
    if request.param == "plain":
        for module in (crossing, cycles, grid, halves, harmonics, pace, quantities_, sums):
            monkeypatch.setattr(module, "COMPILES", False)
    return str(request.param)


def off(found: object, truth: float) -> float:
    """The greatest relative error."""
    return float(np.max(np.abs(np.asarray(found) / truth - 1)))


@pytest.mark.requirement("R-8.2-1", "R-16.1-2")
@pytest.mark.parametrize("rate", [10_000.0, 50_000.0])
@pytest.mark.parametrize(("nominal", "frequency"), GRID)
def test_a_window_is_exact_at_every_frequency(
    way: str, rate: float, nominal: float, frequency: float
) -> None:
    waves, samples = rack(rate, nominal, frequency, seed=int(10 * frequency), seconds=2.0)
    found, half = measured(samples, rate, nominal, THREE, [int(rate / 40)])
    found = found[SETTLED:]
    assert len(found) >= 7
    u, i = waves[0], waves[1]
    assert off([w.rms[0] for w in found], u.total) <= 1e-5
    assert off([w.rms[1] for w in found], i.total) <= 1e-5
    assert off([w.power[1] for w in found], truth_of_power(waves)) <= 2e-5
    assert off([w.cycles * rate / (w.end - w.start) for w in found], frequency) <= 1e-6
    harmonic = np.array([w.spectra.harmonic for w in found])
    for order in range(1, 51):
        assert off(harmonic[:, order - 1, 0], u.rms[order - 1]) <= 0.003, order
    assert max(w.spectra.interharmonic[:, 0].max() for w in found) <= 230 * 10 ** (-95 / 20)
    channels = Channels(rate, nominal, 230.0, np.array(THREE))
    said = [quantities(channels, w) for w in found]
    assert off([q.thd[0] for q in said], u.thd) <= 1e-4
    assert off([q.reactive_power[1] for q in said], reactive(u, i)) <= 2e-5
    for channel, wave in enumerate(waves):
        own = half.cycle[half.group == channel // 2, channel]
        assert off(own[30:], wave.total) <= 2e-5


@pytest.mark.requirement("R-16.1-2")
@settings(max_examples=20)
@given(some.lists(some.integers(1, 900), min_size=1, max_size=6), some.integers(0, 1000))
def test_windows_are_the_same_bits_whatever_the_blocks(blocks: list[int], seed: int) -> None:
    _, samples = rack(5_000.0, 50.0, 49.973, seed, seconds=1.5)
    dice = np.random.default_rng(seed)
    samples += dice.normal(0, 0.3, samples.shape).astype(np.float32)
    whole, halves_of_whole = measured(samples, 5_000.0, 50.0, THREE, [100])
    parts, halves_of_parts = measured(samples, 5_000.0, 50.0, THREE, blocks)
    assert len(whole) >= 5
    for one, other in zip(whole, parts, strict=True):
        assert (one.start, one.end, one.mark) == (other.start, other.end, other.mark)
        for name in ("mean", "rms", "power", "low", "high"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        np.testing.assert_array_equal(one.spectra.harmonic, other.spectra.harmonic)
        np.testing.assert_array_equal(one.spectra.phasor, other.spectra.phasor)
    np.testing.assert_array_equal(halves_of_whole.end, halves_of_parts.end)
    np.testing.assert_array_equal(halves_of_whole.cycle, halves_of_parts.cycle)


def test_plain_and_compiled_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    _, samples = rack(10_000.0, 50.0, 50.02, seed=4)
    samples += np.random.default_rng(4).normal(0, 0.05, samples.shape).astype(np.float32)
    compiled, half = measured(samples, 10_000.0, 50.0, THREE, [333])
    for module in (crossing, cycles, grid, halves, harmonics, pace, quantities_, sums):
        monkeypatch.setattr(module, "COMPILES", False)
    plain, half_plain = measured(samples, 10_000.0, 50.0, THREE, [333])
    assert len(compiled) == len(plain) >= 13
    for one, other in zip(compiled, plain, strict=True):
        assert one.start == pytest.approx(other.start, abs=1e-6)
        for name in ("rms", "power", "low", "high"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-5)
        np.testing.assert_allclose(one.mean, other.mean, atol=1e-4)
        for name in ("harmonic", "phasor"):
            a, b = getattr(one.spectra, name), getattr(other.spectra, name)
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5 * 230)
    np.testing.assert_allclose(half.cycle, half_plain.cycle, rtol=1e-5)


def test_it_runs_where_numba_is_not_installed() -> None:
    script = (
        "import sys; sys.modules['numba'] = None\n"
        "from measurement.streams import THREE, measured, rack\n"
        "from smartpdu.measurement import compiled\n"
        "assert not compiled.COMPILES\n"
        "waves, samples = rack(10_000.0, 50.0, 50.02, 1, 1.0)\n"
        "found, _ = measured(samples, 10_000.0, 50.0, THREE, [200])\n"
        "print(found[-1].rms[0] / waves[0].total)\n"
    )
    tests = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": tests},
    )  # fmt: skip
    assert float(done.stdout) == pytest.approx(1.0, abs=1e-5)


def test_windows_stand_one_after_the_other_without_a_gap(way: str) -> None:
    _, samples = rack(10_000.0, 50.0, 50.02, seed=2)
    found, _ = measured(samples, 10_000.0, 50.0, THREE, [77])
    assert all(a.end == b.start for a, b in itertools.pairwise(found))
    assert found[0].start < 0.2 * 10_000, "the first begins soon"
    assert len(samples) - found[-1].end < 0.25 * 10_000, "the last ends late"


def test_a_tick_begins_a_window_and_lets_the_one_under_way_end(way: str) -> None:
    _, samples = rack(10_000.0, 50.0, 50.02, seed=2)
    found, _ = measured(samples, 10_000.0, 50.0, THREE, [77], ticks=(11_000.0,))
    begins = [w.start for w in found]
    after = min(start for start in begins if start >= 11_000)
    assert after - 11_000 <= 10_000 / 50.02, "within one cycle of the tick"
    under_way = next(w for w in found if w.start < 11_000 <= w.end)
    assert under_way.end > after, "it overlaps"
    assert all(w.cycles == 10 for w in found)
    rest = [w for w in found if w.start >= after]
    assert all(a.end == b.start for a, b in itertools.pairwise(rest))


def test_a_lost_reference_is_followed_by_another(way: str) -> None:
    waves = [sine(230, -k / 3) for k in range(3)]
    turned = turns(10_000.0, 50.02, 3.0)
    samples = np.stack([w.at(turned) for w in waves], axis=1).astype(np.float32)
    samples[10_000:25_000, 0] = 0.0
    found, half = measured(samples, 10_000.0, 50.0, [0, 1, 2], [200])
    lost = [w for w in found if w.start > 10_400 and w.end < 25_000]
    assert len(lost) >= 6
    assert off([w.rms[1] for w in lost], 230) <= 2e-5
    assert max(w.rms[0] for w in lost) == 0
    assert sum(w.mark == cycles.SWITCHED for w in found) >= 1
    assert {w.mark for w in lost} <= {crossing.REAL, cycles.SWITCHED}
    own = half.mark[(half.group == 0) & (half.end > 10_500) & (half.end < 25_000)]
    assert set(own) == {crossing.CARRIED}, "its own half-cycles are carried on and say so"


def test_windows_go_on_and_say_so_while_all_voltages_are_lost(way: str) -> None:
    waves = [sine(230, -k / 3) for k in range(3)]
    turned = turns(10_000.0, 50.02, 4.0)
    samples = np.stack([w.at(turned) for w in waves], axis=1).astype(np.float32)
    samples[10_000:25_000] = 0.0
    found, _ = measured(samples, 10_000.0, 50.0, [0, 1, 2], [200])
    dark = [w for w in found if w.start > 10_600 and w.end < 25_000]
    assert len(dark) >= 6
    assert {w.mark for w in dark} == {crossing.CARRIED}
    assert max(w.rms.max() for w in dark) == 0
    back = [w for w in found if w.start > 26_500]
    assert back
    assert {w.mark for w in back} == {crossing.REAL}
    assert off([w.rms for w in back], 230) <= 2e-5


def test_a_jump_of_phase_marks_one_window(way: str) -> None:
    turned = turns(10_000.0, 50.02, 3.0)
    turned[15_000:] += 1 / 6
    samples = np.stack([sine(230, -k / 3).at(turned) for k in range(3)], axis=1).astype(np.float32)
    found, _ = measured(samples, 10_000.0, 50.0, [0, 1, 2], [200])
    marked = [w for w in found if w.mark != crossing.REAL]
    assert len(marked) == 1
    assert marked[0].start < 15_000 + 500 < marked[0].end + 500
    assert off([w.rms for w in found if w.start > 16_000], 230) <= 2e-5


def test_a_ramp_of_frequency_is_followed(way: str) -> None:
    rate, slope = 10_000.0, 1.0  # Hz/s
    t = np.arange(int(4 * rate)) / rate
    turned = 50 * t + slope * t**2 / 2
    samples = np.stack([sine(230, -k / 3).at(turned) for k in range(3)], axis=1).astype(np.float32)
    found, _ = measured(samples, rate, 50.0, [0, 1, 2], [200])
    for w in found[2:]:
        middle = 50 + slope * (w.start + w.end) / 2 / rate
        assert w.cycles * rate / (w.end - w.start) == pytest.approx(middle, abs=0.002)
        assert off(w.rms, 230) <= 3e-5
        assert w.mark == crossing.REAL


def test_nothing_is_measured_before_a_voltage_lives(way: str) -> None:
    samples = np.zeros((20_000, 3), np.float32)
    turned = turns(10_000.0, 50.02, 1.0)
    samples[10_000:] = np.stack([sine(230, -k / 3).at(turned) for k in range(3)], axis=1)
    found, _ = measured(samples, 10_000.0, 50.0, [0, 1, 2], [200])
    assert found
    assert found[0].start >= 10_000
    dark, half = measured(np.zeros((20_000, 3), np.float32), 10_000.0, 50.0, [0, 1, 2], [200])
    assert not dark
    assert not len(half.end)


def test_a_small_current_is_exact_beside_a_large_voltage(way: str) -> None:
    dice = np.random.default_rng(8)
    waves = [distorted(230, 0.0, dice), distorted(0.05, -0.1, dice)]
    samples = sampled(waves, turns(10_000.0, 50.02, 2.0))
    found, _ = measured(samples, 10_000.0, 50.0, [0, 0], [200])
    harmonic = np.array([w.spectra.harmonic[:, 1] for w in found[SETTLED:]])
    assert len(harmonic) >= 7
    for order in range(1, 51):
        assert off(harmonic[:, order - 1], waves[1].rms[order - 1]) <= 0.003, order


def test_no_samples_give_nothing(way: str) -> None:
    stream = Stream(Channels(10_000.0, 50.0, 230.0, np.array([0, 0])))
    found = stream.take(np.zeros((0, 2), np.float32))
    assert (len(found.windows), len(found.halves.end), len(found.bounds.at)) == (0, 0, 0)
