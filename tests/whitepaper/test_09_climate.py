"""Chapter 9: the dew point, against reference values."""

import json
from pathlib import Path

import numpy as np
import pytest

from smartpdu.safety.climate import dew_point


@pytest.mark.requirement("R-9.2-2")
def test_the_dew_point_is_that_of_the_references(data: Path) -> None:
    vectors = json.loads((data / "vectors.json").read_text(encoding="utf-8"))
    known = [v for v in vectors if v["id"].startswith("V-DEW-") and "RH" in v["input"]]
    assert len(known) >= 8
    air = np.array([float(v["input"]["T"]) for v in known])
    damp = np.array([float(v["input"]["RH"]) for v in known])
    points = dew_point(air, damp)
    expected = np.array([v["expected"]["Td_sonntag"] for v in known])
    np.testing.assert_allclose(points, expected, atol=0.002)
    full = np.array([v["expected"]["Td_psychrolib"] for v in known])
    assert np.abs(points - full).max() <= 0.05


@pytest.mark.requirement("R-9.2-2")
def test_below_zero_it_is_the_dew_point_and_not_the_frost_point(data: Path) -> None:
    vectors = json.loads((data / "vectors.json").read_text(encoding="utf-8"))
    (vector,) = [v for v in vectors if v["id"] == "V-DEW-frost"]
    air, damp = vector["input"]["T"], vector["input"]["RH_water"]
    point = dew_point(np.array([float(air)]), np.array([float(damp)]))
    np.testing.assert_allclose(point, [vector["expected"]["Td"]], atol=0.002)
