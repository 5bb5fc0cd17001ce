"""Quantities are the same with numba and without: within 1e-5, each of them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

TESTS = Path(__file__).parents[1]
WITHIN = 1e-5
# what is a difference of larger things, or near 0: judged by the size of these
BESIDE = {
    "interharmonic": "quantities.rms",
    "harmonic": "quantities.rms",
    "phasor": "quantities.rms",
    "quantities.mean": "quantities.rms",
    "quantities.reactive_power": "quantities.apparent_power",
    "ResidualBands.above": "ResidualBands.whole",
    "quantities.nonactive_power": "quantities.apparent_power",
}
SQUARED = {"ResidualBands.above"}  # the root of what the other parts leave of a square


def written(folder: Path, way: str) -> dict[str, np.ndarray]:
    """What one way makes of the recording, in a process of its own."""
    pytest.importorskip("numba")
    file = folder / f"{way}.npz"
    done = subprocess.run(
        [sys.executable, "-m", "measurement.both_ways", str(file), *(["plain"] * (way == "plain"))],
        capture_output=True, text=True, check=False, cwd=TESTS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with np.load(file) as found:
        return dict(found)


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, np.ndarray], ...]:
    folder = tmp_path_factory.mktemp("ways")
    return written(folder, "compiled"), written(folder, "plain")


def test_every_quantity_is_the_same_with_numba_and_without(
    ways: tuple[dict[str, np.ndarray], ...],
) -> None:
    compiled, plain = ways
    assert compiled.keys() == plain.keys()
    assert len(compiled) >= 40
    off = {}
    for name, one in compiled.items():
        other, size = plain[name], np.abs(compiled[BESIDE.get(name, name)])
        if name in SQUARED:
            one, other, size = np.square(one), np.square(other), np.square(size)  # noqa: PLW2901
        assert one.shape == other.shape, name
        assert one.size, f"{name}: nothing was found"
        assert np.array_equal(np.isnan(one), np.isnan(other)), name
        scale = size if name not in BESIDE else np.nanmax(size)
        rows = np.isfinite(one)
        allowed = np.broadcast_to(WITHIN * scale, one.shape)[rows] + 1e-9
        off[name] = float((np.abs(one - other)[rows] / allowed).max(initial=0.0))
    assert {n: o for n, o in off.items() if o > 1} == {}


def test_the_recording_holds_what_can_go_wrong(ways: tuple[dict[str, np.ndarray], ...]) -> None:
    compiled, _ = ways
    assert len(compiled["disturbance"]) >= 2, "a dip begins and ends"
    assert len(compiled["inrush"]) == 1
    assert len(compiled["transient"]) >= 1
    assert np.isfinite(compiled["frequency.10s"]).any()
    assert np.nanmax(compiled["frequency.cycle"]) == pytest.approx(50.03, abs=0.6)
