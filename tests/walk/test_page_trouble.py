"""What the page shows when something is missing: a gap is no zero, and nothing old looks fresh."""

import re
from pathlib import Path

import pytest
from walk.browsing import DEMO, fault, free_port, running

OUTLET = "rack1/A/outlet/7"
GAP = "\N{EN DASH}"


@pytest.mark.requirement("R-0-3")
def test_a_silent_source_is_marked_and_shows_dashes(look, tmp_path: Path) -> None:
    with running(tmp_path, DEMO + fault("silent_source", "source/rack1-A")) as program:
        seen = look(program)
        page = seen.page
        silent = page.locator(".pdu.silent")
        silent.wait_for()
        assert re.match(r"No answer for \d+\ss", silent.locator(".pdu-note").inner_text())
        assert silent.locator("h3").inner_text().startswith("PDU A")
        assert set(silent.locator(".value").all_inner_texts()) == {GAP}
        assert set(silent.locator(".state").all_inner_texts()) == {"unknown", ""}
        assert silent.locator(".outlet").first.evaluate("e => getComputedStyle(e).opacity") == "0.5"
        assert "no reading" in seen.outlet(OUTLET).get_attribute("aria-label")

        phases = dict(
            zip(
                page.locator(".phase .name").all_text_contents(),
                page.locator(".phase .value").all_inner_texts(),
                strict=True,
            )
        )
        assert phases["A L1"] == f"{GAP} · {GAP}"
        assert re.fullmatch(r"\d+\.\d\sA · 23\d\sV", phases["B L1"])
        reserves = page.locator(".phase .reserve").all_inner_texts()
        assert set(reserves) == {f"reserve {GAP} · {GAP}"}, "what one feed carries is not known"
        assert page.locator(".feed b").first.inner_text() == GAP
        page.wait_for_function(
            "() => /A: no reading.*B: [0-9.]+.kW.*Sum: no reading/.test("
            "document.getElementById('power').getAttribute('aria-label'))"
        )
        assert page.locator(".outlet:not(.silent *) .state").first.inner_text() == "on"

        seen.outlet(OUTLET).click()
        assert page.locator(".hold").count() == 0
        note = page.locator("dialog .locked-note").inner_text()
        assert note == "The outlet cannot be read back now, so it is not switched."
        assert seen.wrong == []


def test_a_single_gap_is_a_dash_and_an_outlet_without_voltage_is_no_live_one(
    look, tmp_path: Path
) -> None:
    site = DEMO + fault("missing_values", "source/rack1-B") + fault("feed_loss", "rack1/A/feed")
    with running(tmp_path, site) as program:
        seen = look(program)
        page = seen.page
        page.locator(".alarm.critical", has_text="Feed lost").wait_for()
        missing = seen.outlet("rack1/B/outlet/1")
        assert "gap" in missing.locator(".bar").get_attribute("class")
        assert "gap" not in seen.outlet("rack1/B/outlet/4").locator(".bar").get_attribute("class")
        missing.click()
        facts = page.locator("dialog .facts").inner_text().split("\n")
        assert facts[facts.index("Current") + 1] == GAP
        page.get_by_role("button", name="Close").click()

        label = seen.outlet(OUTLET).get_attribute("aria-label")
        assert label == "7, stor-1 PSU 1, on, no voltage, 0\u202fW"
        colours = [
            seen.outlet(path).locator(".state").evaluate("e => getComputedStyle(e).color")
            for path in (OUTLET, "rack1/B/outlet/7")
        ]
        assert colours[0] != colours[1]
        assert page.locator(".feed.is-critical .feed-label").inner_text() == "A"


def test_a_lost_program_is_told_and_page_and_order_go_on_when_it_is_back(
    look, tmp_path: Path
) -> None:
    port = free_port()
    with running(tmp_path, port=port) as program:
        seen = look(program)
        page = seen.page
        seen.outlet(OUTLET).click()
        page.wait_for_selector(".hold")
        program.process.kill()
        page.wait_for_selector("body.lost")
    clock = page.locator("#clock").inner_text()
    told = f"Connection lost. What you see is from {clock}; trying again."
    assert page.locator("#troubles").inner_text() == told
    assert page.locator("#live").inner_text() == "not live"
    for old in ("main", "#count", ".clock"):
        filters = page.locator(old).evaluate("e => getComputedStyle(e).filter")
        assert filters == "grayscale(1)", old
    assert page.locator(".hold").count() == 0
    assert "no connection" in page.locator("dialog .locked-note").inner_text()

    page.evaluate("window.same = true")
    with running(tmp_path, port=port) as program:
        page.wait_for_selector("body:not(.lost)")
        assert page.evaluate("window.same"), "no reload"
        assert page.locator("#troubles").is_hidden()
        page.locator("#events li:nth-child(2)", has_text="program started").wait_for()

        page.locator(".hold").hover()
        page.mouse.down()
        program.process.kill()
        page.locator(".sheet .result", has_text="no answer; asking again").wait_for()
        page.mouse.up()
    with running(tmp_path, port=port) as program:
        page.locator(".sheet .result", has_text="done: read back").wait_for()
        seen.becomes(OUTLET, "off")
        assert page.locator("#events li", has_text="ordered off").count() == 1
        program.process.kill()
    with running(tmp_path, DEMO.replace("stor-1 PSU 1", "renamed"), port=port):
        seen.outlet(OUTLET).locator(".name", has_text="renamed").wait_for()
        seen.lives()


def test_a_session_that_is_over_is_told(look, tmp_path: Path) -> None:
    with running(tmp_path) as program:
        seen = look(program)
        other = seen.page.context.new_page()
        other.goto(program.address)
        other.get_by_role("button", name="Log out").click()
        other.get_by_text("this page needs a login link").wait_for()
        over = seen.page.locator("#troubles", has_text="Your session is over")
        over.wait_for()
        assert seen.page.locator("body.lost").count() == 1
