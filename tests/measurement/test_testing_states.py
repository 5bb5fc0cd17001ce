"""The testing states of IEC 61000-4-30 (IEC 62586-2), read a hundredth of class A's limits off."""

from dataclasses import dataclass

import numpy as np
import pytest
from measurement.fed import measured
from measurement.signals import Wave, turns

from smartpdu.measurement.aggregation import Span, aggregated, begun, reading
from smartpdu.measurement.channels import Channels
from smartpdu.measurement.clock import Clock
from smartpdu.measurement.frequency import Count, counted

RATE = 10_000.0
NOMINAL = 230.0
CHANNELS = Channels(RATE, 50.0, NOMINAL, np.arange(3))
SYSTEM = np.array([[0, 1, 2]])


@dataclass(frozen=True)
class TestingState:
    """What the three voltages are made of, in % of the nominal one."""

    __test__ = False
    frequency: float
    magnitudes: tuple[float, float, float]
    harmonics: dict[int, tuple[float, float]]  # order: size and angle of each
    between: tuple[float, float]  # an interharmonic: size, and its order

    def samples(self, seconds: float) -> np.ndarray:
        turned = turns(RATE, self.frequency, seconds, 0.29)
        columns = []
        for k, magnitude in enumerate(self.magnitudes):
            rms, angle, orders = np.zeros(50), np.zeros(50), np.arange(1, 51)
            rms[0] = magnitude / 100 * NOMINAL
            for order, (size, degrees) in self.harmonics.items():
                rms[order - 1], angle[order - 1] = size / 100 * NOMINAL, np.radians(degrees)
            wave = Wave(rms, angle - orders * 2 * np.pi * k / 3).at(turned)
            size, order_of = self.between
            hum = size / 100 * NOMINAL * np.sqrt(2)
            columns.append(wave + hum * np.sin(2 * np.pi * order_of * turned - k))
        return np.stack(columns, axis=1).astype(np.float32)

    def unbalance(self) -> tuple[float, float]:
        turn = np.exp(-2j * np.pi * np.arange(3) / 3)
        phasors = np.array(self.magnitudes) * turn
        zero, positive, negative = (abs((phasors * turn**-k).sum()) for k in (0, 1, -1))
        return 100 * negative / positive, 100 * zero / positive


STATES = {
    1: TestingState(50.0, (100.0, 100.0, 100.0), {}, (0.0, 7.5)),
    2: TestingState(
        49.0, (73.0, 80.0, 87.0), {3: (10.0, 0.0), 5: (5.0, 0.0), 29: (5.0, 0.0)}, (1.0, 7.5)
    ),
    3: TestingState(
        51.0, (152.0, 140.0, 128.0), {7: (10.0, 180.0), 13: (5.0, 0.0), 25: (5.0, 0.0)}, (1.0, 3.5)
    ),
}


@pytest.mark.requirement("R-16.1-2", "R-8.2-1")
@pytest.mark.parametrize("number", STATES)
def test_each_testing_state_is_read_as_it_is(number: int) -> None:
    state, dice = STATES[number], np.random.default_rng(number)
    clock = Clock(0.0, 1_800_000_008.9, RATE)
    found = measured(CHANNELS, state.samples(13.0), dice, clock)
    readings = [reading(CHANNELS, w, np.zeros(3, bool), SYSTEM) for w in found.windows[1:]]
    under_way, wholes = begun(readings[0]), []
    for one in readings:
        under_way, done = aggregated(under_way, one, clock)
        wholes += [aggregate for aggregate in done if aggregate.span is Span.CYCLES]
    _, tens = counted(Count(), found.bounds, clock)

    assert tens[1].frequency == pytest.approx(state.frequency, abs=0.05e-3)
    sizes = np.array([size for size, _ in state.harmonics.values()])
    extra = (np.square(sizes).sum() + state.between[0] ** 2) * (NOMINAL / 100) ** 2
    fundamentals = np.array(state.magnitudes) / 100 * NOMINAL
    skewed = state.unbalance()
    assert len(wholes) >= 3
    for whole in wholes:
        assert whole.sure == 1.0
        assert whole.values["rms"] == pytest.approx(np.sqrt(fundamentals**2 + extra), rel=1e-5)
        harmonic, between = whole.values["harmonic"], whole.values["interharmonic"]
        assert harmonic[0] == pytest.approx(fundamentals, rel=1e-5)
        for order, (size, _) in state.harmonics.items():
            expected = [size / 100 * NOMINAL] * 3
            assert harmonic[order - 1] == pytest.approx(expected, rel=1e-4)
        others = [o for o in range(2, 51) if o not in state.harmonics]
        assert np.abs(harmonic[[o - 1 for o in others]]).max() < 1e-4 * NOMINAL
        expected_between = np.zeros((50, 3))
        expected_between[int(state.between[1]) - 1] = state.between[0] / 100 * NOMINAL
        assert between == pytest.approx(expected_between, abs=1e-4 * NOMINAL)
        thd = 100 * np.sqrt(np.square(sizes).sum()) / np.array(state.magnitudes)
        assert whole.values["thd"] == pytest.approx(thd, rel=1e-4, abs=1e-3)
        # class A allows 0.15 % of unbalance
        assert whole.values["negative_ratio"] == pytest.approx([skewed[0]], abs=1.5e-3)
        assert whole.values["zero_ratio"] == pytest.approx([skewed[1]], abs=1.5e-3)
