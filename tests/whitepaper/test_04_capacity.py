"""Chapter 4: what is left on each phase before one feed alone could not carry the rack."""

import json
from pathlib import Path

import numpy as np
import pytest
from story import Shape, tell


@pytest.mark.requirement("R-3.2-7")
@pytest.mark.requirement("R-4.2-4")
def test_the_reserve_of_the_reference_rack(data: Path) -> None:
    vectors = json.loads((data / "vectors.json").read_text(encoding="utf-8"))
    (vector,) = [v for v in vectors if v["id"] == "V-CAP-1"]
    given, expected = vector["input"], vector["expected"]
    story = tell(Shape())
    story.plant.phases.rated_current[:] = given["rating_A"]
    story.now.phases.current[:] = [*given["A"], *given["B"]]
    story.lasts(1)
    reserve = story.state.memory["load.reserve"]
    np.testing.assert_allclose(reserve[:3], expected["headroom_A"], rtol=1e-3)
    np.testing.assert_allclose(reserve[3:], expected["headroom_A"], rtol=1e-3)
    kilowatts = reserve[:3] * given["U"] / 1000
    np.testing.assert_allclose(kilowatts, expected["headroom_kW_1ph"], rtol=1e-3)
    assert 3 * kilowatts.min() == pytest.approx(expected["balanced_3ph_kW"], rel=1e-3)
