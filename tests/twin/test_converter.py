"""The twin's converter: steps, noise and the end of the scale."""

import numpy as np
import pytest

from smartpdu.twin.converter import converter, counted


def dice() -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(1))


@pytest.mark.parametrize("bits", [16, 24])
def test_a_count_is_the_nearest_step_of_its_own_scale(bits: int) -> None:
    made = converter(np.array([600.0, 10.0]), bits, 0.0)
    values = np.linspace(-9.9, 9.9, 200, dtype=np.float32)[:, None].repeat(2, axis=1)
    counts = counted(made, values, dice())
    assert counts.dtype == np.int32
    most = 2 ** (bits - 1) - 1
    assert made.gain == pytest.approx([600 / most, 10 / most])
    off = np.abs(counts * made.gain - values)
    assert (off <= 0.5001 * made.gain + 1e-6 * np.abs(values)).all()
    assert len(np.unique(counts[:, 1])) == 200


def test_what_is_beyond_the_scale_is_clipped_and_never_wraps() -> None:
    made = converter(np.array([10.0]), 16, 1e-3)
    counts = counted(made, np.array([[11.0], [-11.0], [1e9], [-1e9]], np.float32), dice())
    assert counts[:, 0].tolist() == [32767, -32768, 32767, -32768]


def test_noise_is_as_strong_as_said_and_has_no_mean() -> None:
    made = converter(np.array([100.0]), 24, 5e-6)
    counts = counted(made, np.zeros((200_000, 1), np.float32), dice())
    volts = counts * made.gain
    assert volts.std() == pytest.approx(5e-4, rel=0.01)
    assert abs(volts.mean()) < 5e-6
