"""What is compiled before samples come is all that they need."""

import numpy as np
import pytest

from smartpdu.measurement import (
    crossing,
    cycles,
    grid,
    halves,
    harmonics,
    pace,
    quantities,
    sums,
    transient,
)
from smartpdu.measurement.channels import Channels
from smartpdu.measurement.compiled import COMPILES
from smartpdu.measurement.prepared import prepare
from smartpdu.measurement.waveform import Stream

MODULES = (crossing, cycles, grid, halves, harmonics, pace, quantities, sums, transient)


def _forms() -> dict[str, int]:
    """Types for which each loop that is called is compiled."""
    loops = {f"{m.__name__}.{n}": v for m in MODULES for n, v in vars(m).items()}
    return {n: len(v.signatures) for n, v in loops.items() if hasattr(v, "signatures")}


@pytest.mark.skipif(not COMPILES, reason="numba is not installed")
def test_other_channels_at_another_rate_compile_nothing_more() -> None:
    prepare()
    before = _forms()
    assert before["smartpdu.measurement.grid._filled"] == 1
    assert before["smartpdu.measurement.transient._cubic"] == 1
    channels = Channels(12_800.0, 60.0, 120.0, np.repeat([0, 1, 2], 5))
    turned = np.arange(12_800) * 60.02 / 12_800
    wave = 170 * np.sin(2 * np.pi * (turned[:, None] - channels.group / 3))
    wave[6400:6600] = 0.0
    blocks = np.array_split(wave.astype(np.float32), 7)
    stream = Stream(channels)
    windows = [w for block in blocks for w in stream.take(block).windows]
    for window in windows:
        quantities.quantities(channels, window)
    assert len(windows) >= 3
    assert _forms() == before
