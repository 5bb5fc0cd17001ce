"""Residual currents in bands and against the voltage, by closed forms."""

import json
from pathlib import Path

import numpy as np
import pytest
from measurement.fed import windows
from measurement.signals import Wave, sine, turns

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.residual_bands import leakage, residual_bands
from smartpdu.measurement.waveform import Window

RATE = 10_000.0
EXACT = 2e-5  # A: the rounding of a spectrum that shares its numbers with 230 V
RESIDUAL = np.array([1])
VOLTAGE = np.array([0])


def a_window(
    extra: np.ndarray | None, *waves: Wave, nominal: float = 50.0, frequency: float = 50.02
) -> Window:
    """A window of a voltage and the residual current beside it, made of waves and of `extra`."""
    turned = turns(RATE, frequency, 1.2, 0.37)
    current = sum((w.at(turned) for w in waves), np.zeros_like(turned))
    samples = np.stack([sine(230.0).at(turned), current + (0 if extra is None else extra)], axis=1)
    dice = np.random.default_rng(2)
    return windows(the_channels(nominal), samples.astype(np.float32), dice)[-1]


def the_channels(nominal: float = 50.0) -> Channels:
    return Channels(RATE, nominal, 230.0, np.array([0, 0]))


def order(number: int, rms: float) -> Wave:
    return Wave(np.eye(50)[number - 1] * rms, np.full(50, 0.3))


@pytest.mark.requirement("R-7.1-1")
@pytest.mark.parametrize(("nominal", "frequency"), [(50.0, 50.02), (50.0, 48.7), (60.0, 60.03)])
def test_each_part_of_a_residual_current_is_in_its_band(nominal: float, frequency: float) -> None:
    seconds = np.arange(round(RATE * 1.2)) / RATE
    above = 0.003 * np.sqrt(2) * np.sin(2 * np.pi * 4000 * seconds)  # a converter, beyond the 50th
    waves = (sine(0.008), order(3, 0.002), order(7, 0.001), order(30, 0.0015))
    window = a_window(0.006 + above, *waves, nominal=nominal, frequency=frequency)

    found = residual_bands(the_channels(nominal), window, RESIDUAL)

    assert found.direct == pytest.approx([0.006], rel=2e-3)
    assert found.mains == pytest.approx([0.008], rel=1e-3)
    assert found.middle == pytest.approx([np.hypot(0.002, 0.001)], rel=1e-3)
    assert found.above == pytest.approx([np.hypot(0.0015, 0.003)], rel=5e-3)
    squares = [0.006, 0.008, 0.002, 0.001, 0.0015, 0.003]
    assert found.whole == pytest.approx([np.sqrt(np.square(squares).sum())], rel=1e-3)


def test_the_squares_of_the_bands_are_the_square_of_the_whole() -> None:
    window = a_window(-0.004, sine(0.01, 0.1), order(2, 0.003), order(19, 0.002), order(21, 0.004))

    found = residual_bands(the_channels(), window, RESIDUAL)

    parts = (found.direct, found.mains, found.middle, found.above)
    assert np.sqrt(np.square(parts).sum(axis=0)) == pytest.approx(found.whole, rel=1e-3)
    assert found.direct[0] < 0  # which way it flows is told


def test_a_clean_residual_current_has_no_other_band() -> None:
    found = residual_bands(the_channels(), a_window(None, sine(0.010)), RESIDUAL)

    assert found.mains == pytest.approx([0.010], abs=EXACT)
    assert [abs(float(b[0])) < EXACT for b in (found.direct, found.middle, found.above)] == [
        True
    ] * 3


@pytest.mark.parametrize(
    ("hertz", "band"),
    [
        (20.5, "above"),
        (76.0, "mains"),
        (151.0, "middle"),
        (980.0, "middle"),
        (1025.0, "above"),
        (1055.0, "above"),
    ],
)
def test_a_current_of_any_frequency_is_in_one_band_alone(hertz: float, band: str) -> None:
    # 20.5 Hz is below the mains: it is told with what nothing else explains
    seconds = np.arange(round(RATE * 1.2)) / RATE
    hum = 0.002 * np.sqrt(2) * np.sin(2 * np.pi * hertz * seconds)

    found = residual_bands(the_channels(), a_window(hum, sine(0.001)), RESIDUAL)

    values = {"mains": found.mains, "middle": found.middle, "above": found.above}
    # the bins of a window are 5 Hz apart: a little of it is seen beside
    assert max(values, key=lambda name: values[name][0]) == band
    assert values[band] == pytest.approx([0.002], rel=0.2)


@pytest.mark.requirement("R-7.1-2")
@pytest.mark.parametrize(
    ("turned", "resistive", "capacitive"),
    [
        (0.0, 1.0, 0.0),
        (0.25, 0.0, 1.0),
        (0.5, -1.0, 0.0),
        (-0.25, 0.0, -1.0),
        (0.125, 0.7071, 0.7071),
    ],
)
def test_in_phase_is_resistive_and_a_quarter_of_a_turn_ahead_capacitive(
    turned: float, resistive: float, capacitive: float
) -> None:
    found = leakage(the_channels(), a_window(None, sine(0.005, turned)), RESIDUAL, VOLTAGE)

    assert found.resistive == pytest.approx([0.005 * resistive], abs=EXACT)
    assert found.capacitive == pytest.approx([0.005 * capacitive], abs=EXACT)


def mixed(capacitive: float, resistive: float) -> tuple[float, float, float]:
    window = a_window(None, sine(capacitive, 0.25), sine(resistive))
    found = leakage(the_channels(), window, RESIDUAL, VOLTAGE)
    bands = residual_bands(the_channels(), window, RESIDUAL)
    return float(bands.whole[0]), float(found.capacitive[0]), float(found.resistive[0])


def test_a_fault_in_quadrature_hides_in_the_whole_and_not_in_its_phasor() -> None:
    whole, capacitive, resistive = mixed(0.008, 0.0046)

    assert whole == pytest.approx(0.009228, rel=1e-3)
    assert (capacitive, resistive) == pytest.approx((0.008, 0.0046), abs=EXACT)


def test_the_recorded_mix_is_read_as_its_vector(data: Path) -> None:
    vectors = {v["id"]: v for v in json.loads((data / "vectors.json").read_text())}
    vector = vectors["V-RCM-mix"]
    given = vector["input"]

    whole, _, _ = mixed(given["cap_mA"] / 1000, given["res_mA"] / 1000)

    assert 1000 * whole == pytest.approx(vector["expected"]["I_mA"], rel=1e-3)


def test_capacitors_on_three_phases_cancel_and_a_dead_phase_raises_the_rest() -> None:
    numbers = {(10, 8, 6): 2.771, (9, 8, 6): 2.117, (10, 7, 6): 2.884, (10, 8, 5): 3.487}
    numbers[0, 8, 6] = 5.769  # L1 is dead: 8 x 0.8 mA and 6 x 0.8 mA, 120 degrees apart
    for supplies, expected in numbers.items():
        waves = [sine(0.0008 * n, 0.25 - k / 3) for k, n in enumerate(supplies)]

        found = leakage(the_channels(), a_window(None, *waves), RESIDUAL, VOLTAGE)

        whole = 1000 * np.hypot(found.resistive[0], found.capacitive[0])
        assert whole == pytest.approx(expected, abs=1000 * EXACT)


def test_a_voltage_that_is_gone_says_nothing_of_resistive_or_capacitive() -> None:
    dice, turned = np.random.default_rng(2), turns(RATE, 50.0, 1.2)
    samples = np.stack([sine(230.0).at(turned), 0 * turned, sine(0.005).at(turned)], axis=1)
    channels = Channels(RATE, 50.0, 230.0, np.array([0, 1, 1]))
    window = windows(channels, samples.astype(np.float32), dice)[-1]

    found = leakage(channels, window, np.array([2, 2]), np.array([1, 0]))

    assert np.isnan(found.resistive[0])
    assert np.isnan(found.capacitive[0])
    assert found.resistive[1] == pytest.approx(0.005, rel=1e-4)


@pytest.mark.requirement("R-7.1-3")
@pytest.mark.parametrize("steps", [None, 16])
def test_a_few_milliamperes_among_twenty_amperes_are_read_within_five_per_cent(
    steps: int | None,
) -> None:
    """4.6 mA leave L2 to earth, and a transformer around all conductors sees them alone."""
    dice, turned = np.random.default_rng(4), turns(RATE, 49.98, 1.2, 0.61)
    loads = [sine(20.0, -0.02), sine(20.0, -0.03 - 1 / 3), sine(20.0, 0.01 - 2 / 3)]
    fault = sine(0.0046, -1 / 3).at(turned)
    currents = np.stack([load.at(turned) for load in loads] + [fault], axis=1)
    currents[:, 1] += fault
    if steps:  # a converter of so many bits over +-100 A and +-1 A, its noise half a step
        step = np.array([100, 100, 100, 1]) * 2 / 2**steps
        currents += step / 2 * dice.standard_normal(currents.shape)
        currents = np.rint(currents / step) * step
    volts = np.stack([sine(230.0, -k / 3).at(turned) for k in range(3)], axis=1)
    order_of = [volts[:, 0], *currents.T, volts[:, 1], volts[:, 2]]
    channels = Channels(RATE, 50.0, 230.0, np.array([0] * 5 + [1, 2]))
    window = windows(channels, np.stack(order_of, axis=1).astype(np.float32), dice)[-1]

    found = leakage(channels, window, np.array([4]), np.array([5]))

    assert window.rms[1:4] == pytest.approx([20.0] * 3, rel=1e-3)
    assert found.resistive == pytest.approx([0.0046], rel=0.05)
    assert found.capacitive == pytest.approx([0.0], abs=0.05 * 0.0046)
