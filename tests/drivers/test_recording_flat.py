"""Waves that rest at their extremes: what is clipped is found, what is round or still is not."""

import numpy as np
import pytest
from recordings import Array, recording, times, wave

from smartpdu.drivers.recording import Mark
from smartpdu.drivers.recording_flat import flat

AT = times(5000, 0.6)


def marks(shape: Array, rate: float = 5000) -> list[Mark]:
    return list(flat(recording(rate, {"U1|V": shape}), 50.0, [0]))


@pytest.mark.parametrize("rate", [800, 1200, 5000, 50_000])
def test_first_and_number_of_clipped_samples_are_told(rate: int) -> None:
    at = times(rate, 0.4)
    shape = np.clip(wave(at, 230, angle=0.2), None, 200)
    (mark,) = marks(shape, rate)
    assert (mark.quality, mark.channel) == ("clipped", 0)
    assert mark.first == int(np.argmax(shape == 200))
    assert mark.count == int((shape == 200).sum())


def test_three_samples_in_a_row_are_enough_and_two_are_not() -> None:
    shape = wave(AT, 230, angle=0.1)
    top = 125 - 2
    for equal, count in ((3, 1), (2, 0)):
        cut = shape.copy()
        cut[top : top + equal] = 400.0
        assert len(marks(cut)) == count, equal


@pytest.mark.parametrize("step", [1e-3, 0.1, 1.0, 5.0])
def test_the_round_top_of_a_coarse_wave_is_none(step: float) -> None:
    for rate in (800, 5000, 50_000, 1_000_000):
        shape = np.round(wave(times(rate, 0.6), 230, angle=0.2) / step) * step
        assert marks(shape, rate) == [], rate


def test_the_round_top_of_single_precision_is_none() -> None:
    """Its steps are coarsest at the top, where it rests for some samples at such a rate."""
    at = times(4_000_000, 0.05)
    assert marks(wave(at, 230, angle=0.2).astype(np.float32), 4_000_000) == []
    told = [float(f"{x:.4g}") for x in wave(times(50_000, 0.06), 230, angle=0.2)]
    assert marks(np.array(told), 50_000) == []


@pytest.mark.parametrize("harmonics", [{3: 2.0}, {3: 4.0}, {3: 6.0, 5: -1.0}, {3: 4.0, 5: -1.5}])
@pytest.mark.parametrize("step", [0.01, 0.1, 1.0, 3.0, 5.0])
def test_the_flat_top_of_a_real_mains_voltage_is_none(
    harmonics: dict[int, float], step: float
) -> None:
    for rate in (2000, 5000, 50_000):
        shape = wave(times(rate, 0.4), 230, harmonics=harmonics)
        assert marks(np.round(shape / step) * step, rate) == [], rate


@pytest.mark.parametrize(
    "shape",
    [
        np.zeros(3000),
        np.clip(wave(AT, 5), 0, None),
        np.where(AT < 0.3, wave(AT, 230), 0.0),
        np.full(3000, np.nan),
    ],
)
def test_what_is_still_is_none(shape: Array) -> None:
    assert marks(shape) == []
