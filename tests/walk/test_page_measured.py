"""All that is measured at a place stands in its dialog, with its unit, in both languages."""

import re
from collections.abc import Iterator

import pytest
from walk.browsing import DEMO, Program, running

from smartpdu.network.screens.page import HERE


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A rack whose twin makes waves, which are measured."""
    site = DEMO.replace("[twin]\n", "[twin]\nwaves = true\n")
    with running(tmp_path_factory.mktemp("house"), site) as program:
        program.comes_in("viewer")
        yield program


def _values(page, name: str, pattern: str) -> None:
    term = page.locator("#sheet .measured dt", has_text=re.compile(f"^{re.escape(name)}$"))
    value = term.locator("xpath=following-sibling::dd[1]")
    value.filter(has_text=re.compile(pattern)).wait_for()


def test_an_outlet_tells_its_power_quality(look, house) -> None:
    seen = look(house)
    seen.outlet("rack1/A/outlet/17").click()
    _values(seen.page, "Voltage", r"^2[23]\d\.\d\sV$")
    _values(seen.page, "Power factor", r"^0\.9\d\d$")
    _values(seen.page, "THD of the current", r"^[1-9]\d?\.\d\d\s%$")
    _values(seen.page, "Energy", r"^\d+\sWh$")
    assert seen.page.locator("#sheet dt", has_text=re.compile("^Current$")).count() == 1
    seen.page.get_by_role("img", name=re.compile(r"^Current: harmonics.*: 3: [1-9]")).wait_for()
    assert seen.page.locator("#sheet figure").count() == 1
    assert seen.wrong == []


def test_a_feed_and_a_phase_tell_theirs_in_german_and_follow_what_is_read(look, house) -> None:
    seen = look(house, locale="de-DE")
    seen.page.get_by_role("button", name="A", exact=True).click()
    _values(seen.page, "Unsymmetrie u0", r"^0,\d\d\s%$")
    _values(seen.page, "davon 50 oder 60 Hz", r"^[\d,]+\smA$")
    frequency = seen.page.locator("#sheet .measured dt", has_text=re.compile("^Frequenz$"))
    value = frequency.locator("xpath=following-sibling::dd[1]")
    value.filter(has_not_text=value.inner_text()).wait_for()
    seen.page.keyboard.press("Escape")
    seen.page.get_by_role("button", name="A L1", exact=True).click()
    _values(seen.page, "K-Faktor", r"^[1-9],\d\d\d$")
    of_phase = seen.page.get_by_role("img", name=re.compile("^(Spannung|Strom): Oberschwingungen"))
    of_phase.nth(1).wait_for()
    bars = of_phase.nth(1).locator("path")
    assert bars.count() > 5
    assert seen.wrong == []


def test_harmonics_are_those_of_the_api_and_follow_them(look, house) -> None:
    seen = look(house)
    seen.page.get_by_role("button", name="A L2", exact=True).click()
    picture = seen.page.get_by_role("img", name=re.compile("^Voltage: harmonics"))
    picture.wait_for()
    (voltage,) = [s for s in house.rows("spectra/rack1/A/L2") if s["quantity"] == "voltage"]
    largest = max(range(2, 26), key=lambda order: voltage["harmonics"][order - 1])
    told = re.search(r": (\d+): ([\d.]+)", picture.get_attribute("aria-label"))
    assert int(told[1]) == largest
    assert float(told[2]) == pytest.approx(voltage["harmonics"][largest - 1], rel=0.1)
    before = picture.get_attribute("aria-label")
    seen.page.wait_for_function(
        "before => document.querySelector('#sheet [role=img]').ariaLabel !== before", arg=before
    )
    assert seen.wrong == []


def test_every_reading_of_an_outlet_a_phase_and_a_feed_has_a_name(house) -> None:
    names = re.findall(r"^  (\w+): \[", (HERE / "quantities.js").read_text(), re.MULTILINE)
    known = {*names, "on", "contact_temperature", "flagged_very_short"}
    for kind in ("feeds", "phases", "outlets"):
        for place in house.rows(kind):
            assert {name for name in place["readings"] if "." not in name} <= known
