"""The worked examples of distortion and neutral current, from samples through a stream."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from measurement.fed import windows
from measurement.signals import Wave, turns

from smartpdu.measurement.channels import Channels
from smartpdu.measurement.quantities import neutral_current, quantities

RATE = 10_000.0
SPECTRA = {
    "pfc_full": ({1: 1, 3: 0.03, 5: 0.02, 7: 0.015, 9: 0.01, 11: 0.008}, 0.0411, 1.043, 1.52),
    "pfc_20pct": ({1: 1, 3: 0.09, 5: 0.06, 7: 0.04, 9: 0.03, 11: 0.02}, 0.1208, 1.343, 4.52),
    "pfc_5pct": ({1: 1, 3: 0.2, 5: 0.14, 7: 0.1, 9: 0.07, 11: 0.05}, 0.2775, 2.822, 9.80),
    "nonpfc": ({1: 1, 3: 0.8, 5: 0.58, 7: 0.34, 9: 0.15, 11: 0.06}, 1.0574, 10.902, 26.84),
}


def the_wave(spectrum: Mapping[int, float], phase: int = 0) -> Wave:
    """A current with these orders, a third of a period later for each phase."""
    rms = np.zeros(50)
    rms[[order - 1 for order in spectrum]] = list(spectrum.values())
    order = np.arange(1, 51)
    return Wave(rms, np.where(order % 4 == 3, np.pi, 0.0) - order * phase * 2 * np.pi / 3)


def measured(waves: list[Wave], frequency: float = 50.03) -> tuple[dict[str, np.ndarray], float]:
    """What is measured of three currents and the wire that takes them back, and what is computed.

    Channels: L1, its current, and so on; the neutral beside L1's.
    """
    turned, dice = turns(RATE, frequency, 1.2, 0.4), np.random.default_rng(3)
    volts = [the_wave({1: 230.0}, phase).at(turned) for phase in range(3)]
    lines = [wave.at(turned) for wave in waves]
    samples = [volts[0], lines[0], sum(lines), volts[1], lines[1], volts[2], lines[2]]
    channels = Channels(RATE, 50.0, 230.0, np.array([0, 0, 0, 1, 1, 2, 2]))
    window = windows(channels, np.stack(samples, axis=1).astype(np.float32), dice)[-1]
    found = quantities(channels, window)
    computed = neutral_current(window.spectra.phasor[:, [1, 4, 6]].astype(complex))
    values = {name: getattr(found, name) for name in ("rms", "thd", "thd_rms", "k_factor")}
    return values, computed


@pytest.mark.requirement("R-8.2-1", "R-8.1-2")
def test_the_distortion_of_a_known_spectrum_is_read_as_worked_out() -> None:
    found, _ = measured([the_wave({1: 100, 3: 30, 5: 20, 7: 10}, phase) for phase in range(3)])

    for line in (1, 4, 6):
        assert found["rms"][line] == pytest.approx(106.7708, rel=1e-4)
        assert found["thd"][line] == pytest.approx(37.42, abs=0.005)
        assert found["thd_rms"][line] == pytest.approx(35.04, abs=0.005)
        assert found["k_factor"][line] == pytest.approx(2.8947, rel=1e-4)


@pytest.mark.requirement("R-8.1-3")
@pytest.mark.parametrize("load", SPECTRA)
def test_the_neutral_of_balanced_loads_carries_what_their_triplen_harmonics_add(load: str) -> None:
    spectrum, thd, k_factor, neutral = SPECTRA[load]
    scale = 16 / np.sqrt(sum(share**2 for share in spectrum.values()))
    scaled = {order: share * scale for order, share in spectrum.items()}

    found, computed = measured([the_wave(scaled, phase) for phase in range(3)])

    assert found["rms"][[1, 4, 6]] == pytest.approx([16.0] * 3, rel=1e-4)
    assert found["thd"][1] == pytest.approx(100 * thd, abs=0.006)
    assert found["k_factor"][1] == pytest.approx(k_factor, rel=1e-3)
    assert found["rms"][2] == pytest.approx(neutral, abs=0.006)
    assert computed == pytest.approx(found["rms"][2], rel=1e-4)


def test_the_neutral_of_unbalanced_loads_is_their_vector_sum() -> None:
    found, computed = measured([the_wave({1: a}, k) for k, a in enumerate((16, 10, 4))])
    with_third = [the_wave({1: a, 3: 0.09 * a}, k) for k, a in enumerate((16, 10, 4))]

    assert found["rms"][2] == pytest.approx(10.3923, rel=1e-4)
    assert computed == pytest.approx(10.3923, rel=1e-4)
    assert measured(with_third)[0]["rms"][2] == pytest.approx(10.7373, rel=1e-4)


@pytest.fixture
def vectors(data: Path) -> dict[str, dict[str, dict[str, float]]]:
    return {v["id"]: v for v in json.loads((data / "vectors.json").read_text())}


def test_the_recorded_vector_of_distortion_is_met(
    vectors: dict[str, dict[str, dict[str, float]]],
) -> None:
    vector = vectors["V-PQ-1"]
    given = {int(order): float(rms) for order, rms in vector["input"]["I_h"].items()}  # type: ignore[attr-defined]

    found, _ = measured([the_wave(given, phase) for phase in range(3)])

    expected = vector["expected"]
    assert found["rms"][1] == pytest.approx(expected["rms"], rel=1e-4)
    assert found["thd"][1] / 100 == pytest.approx(expected["thd_f"], abs=5e-5)
    assert found["thd_rms"][1] / 100 == pytest.approx(expected["thd_r"], abs=5e-5)
    assert found["k_factor"][1] == pytest.approx(expected["K"], rel=1e-4)


def test_the_recorded_vectors_of_neutral_currents_are_met(
    vectors: dict[str, dict[str, dict[str, float]]],
) -> None:
    tried = 0
    for name in (name for name in vectors if name.startswith("V-N-") and "unbal" not in name):
        given, expected = vectors[name]["input"], vectors[name]["expected"]
        spectrum = {int(order): share for order, share in given["spectrum"].items()}  # type: ignore[attr-defined]
        scale = given["I_phase_rms"] / np.sqrt(sum(share**2 for share in spectrum.values()))
        scaled = {order: share * scale for order, share in spectrum.items()}

        found, _ = measured([the_wave(scaled, phase) for phase in range(3)])

        assert found["thd"][1] / 100 == pytest.approx(expected["thd_f"], abs=6e-5)
        assert found["thd_rms"][1] / 100 == pytest.approx(expected["thd_r"], abs=6e-5)
        assert found["k_factor"][1] == pytest.approx(expected["K"], rel=1e-3)
        assert found["rms"][2] == pytest.approx(expected["I_N_A"], abs=0.006)
        assert found["rms"][2] / found["rms"][1] == pytest.approx(expected["ratio"], abs=6e-4)
        tried += 1
    plain, third = vectors["V-N-unbal"], vectors["V-N-unbal-h3"]
    share = third["input"]["h3_pct"] / 100
    for amperes, extra, expected_current in (
        (plain["input"]["I"], 0.0, plain["expected"]["I_N"]),
        (third["input"]["I1"], share, third["expected"]["I_N"]),
    ):
        waves = [the_wave({1: a, 3: extra * a}, k) for k, a in enumerate(amperes)]  # type: ignore[arg-type]
        assert measured(waves)[0]["rms"][2] == pytest.approx(expected_current, rel=1e-4)
    assert tried == 4
