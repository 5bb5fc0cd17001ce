"""Harmonics over REST: percent of the fundamental, null where there is nothing to tell."""

import numpy as np
import pytest
from network.web import Web

from smartpdu.model.spectrum import Spectrum

PLACE = "rack1/A/L1"
PATH = f"/api/v1/spectra/{PLACE}"


def spectrum(quantity: str, first: float, noise: bool = False) -> Spectrum:
    """A fifth of a tenth, and nothing beyond order 40."""
    harmonic, between = np.zeros(50, np.float32), np.full(50, first / 1000, np.float32)
    harmonic[[0, 4]] = first, first / 10
    harmonic[40:], between[39:] = np.nan, np.nan
    return Spectrum(PLACE, quantity, 1_800_000_000.25, harmonic, between, noise)


@pytest.mark.requirement("R-8.2-5")
@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
async def test_a_place_tells_each_quantity_that_is_sampled(web: Web, role: str) -> None:
    other = Spectrum("rack1/A/feed", "neutral_current", 1.8e9, *np.ones((2, 50)), False)
    shown = [spectrum("voltage", 230.0), spectrum("current", 2.0, noise=True), other]
    web.rig.spectra.show("rack1/A/feed", shown)
    voltage, current = (await web("GET", PATH, role=role)).json()
    assert (voltage["place"], voltage["quantity"], voltage["unit"]) == (PLACE, "voltage", "V")
    assert voltage["at"] == "2027-01-15T08:00:00.250+00:00"
    assert voltage["fundamental"] == 230.0
    assert voltage["harmonics"][:5] == pytest.approx([100, 0, 0, 0, 10])
    assert voltage["harmonics"][40:] == [None] * 10
    assert voltage["interharmonics"][:39] == pytest.approx([0.1] * 39)
    assert voltage["interharmonics"][39:] == [None] * 11
    assert (current["quantity"], current["unit"], current["fundamental"]) == ("current", "A", None)
    assert set(current["harmonics"] + current["interharmonics"]) == {None}
    (neutral,) = (await web("GET", "/api/v1/spectra/rack1/A/feed", role=role)).json()
    assert (neutral["quantity"], neutral["harmonics"]) == ("neutral_current", [100] * 50)


async def test_where_nothing_is_sampled_there_are_none_and_a_gap_takes_them_away(web: Web) -> None:
    assert (await web("GET", PATH)).json() == []
    web.rig.spectra.show("rack1/A/feed", [spectrum("voltage", 230.0)])
    assert len((await web("GET", PATH)).json()) == 1
    web.rig.spectra.show("rack1/A/feed", [])
    assert (await web("GET", PATH)).json() == []


async def test_a_place_that_is_none_is_told(web: Web) -> None:
    answer = await web("GET", "/api/v1/spectra/rack1/A/L9")
    assert answer.status_code == 404
    assert "rack1/A/L9" in answer.json()["title"] + answer.json().get("detail", "")
