"""Switching on the page: only what is held is ordered, and what became of it is told."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from walk.browsing import DEMO, Program, Seen, fault, limit, running

HOLD = 1500  # ms, as the page asks for


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The demonstration rack; each test has an outlet of its own."""
    with running(tmp_path_factory.mktemp("demo")) as program:
        yield program


def orders(seen: Seen) -> int:
    """How many orders left the page."""
    return sum(url.endswith("/power") and "/api/" in url for url in seen.asked)


def offered(seen: Seen, path: str) -> tuple[float, float]:
    """Open an outlet's dialog; gives the middle of the button that is to be held."""
    seen.outlet(path).click()
    box = seen.page.locator(".hold").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.requirement("R-1.3-13")
def test_only_holding_switches_by_mouse(look, demo) -> None:
    seen = look(demo)
    page = seen.page
    spot = offered(seen, "rack1/A/outlet/7")
    assert page.evaluate("document.activeElement.id") == "sheet-title", "no key is armed"
    page.mouse.click(*spot)
    page.mouse.dblclick(*spot)
    page.mouse.down(button="right")
    assert page.locator(".holding").count() == 0
    page.mouse.up(button="right")
    page.mouse.down()
    page.wait_for_timeout(HOLD / 2)
    page.mouse.move(5, 5)
    page.wait_for_timeout(HOLD * 0.7)
    page.mouse.up()
    assert orders(seen) == 0
    assert seen.state("rack1/A/outlet/7") == "on"

    page.mouse.move(*spot)
    page.mouse.down()
    page.wait_for_selector(".result.good")
    page.mouse.up()
    assert page.locator(".sheet .result").inner_text() == "done: read back"
    seen.becomes("rack1/A/outlet/7", "off")
    assert orders(seen) == 1
    page.locator("dialog dd", has_text=re.compile("^off$")).wait_for()
    page.locator(".hold.go", has_text="Hold to switch on").wait_for()
    page.get_by_role("button", name="Close").click()
    assert seen.outlet("rack1/A/outlet/7").evaluate("e => e === document.activeElement")
    page.locator("#events li", has_text="turned off").wait_for()
    assert seen.wrong == []


def test_only_holding_switches_by_key(look, demo) -> None:
    seen = look(demo)
    page = seen.page
    seen.outlet("rack1/A/outlet/5").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "hold stop"
    for _ in range(2):
        page.keyboard.press("Space")
        page.wait_for_timeout(900)
        page.keyboard.press("Enter")
    assert orders(seen) == 0
    assert "Hold to switch off" in page.locator(".hold").inner_text()

    page.keyboard.down("Space")
    page.wait_for_selector(".result.good")
    page.keyboard.up("Space")
    seen.becomes("rack1/A/outlet/6", "off")
    assert orders(seen) == 1
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert seen.outlet("rack1/A/outlet/6").evaluate("e => e === document.activeElement")


def test_only_holding_switches_by_finger(look, demo) -> None:
    phone = {"viewport": {"width": 400, "height": 860}, "reduced_motion": "reduce"}
    seen = look(demo, **phone, is_mobile=True, has_touch=True)
    page = seen.page
    x, y = offered(seen, "rack1/A/outlet/9")
    wire = page.context.new_cdp_session(page)

    def touch(kind: str, *at: tuple[float, float]) -> None:
        points = [{"x": x, "y": y} for x, y in at]
        wire.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})

    page.touchscreen.tap(x, y)
    touch("Start", (x, y))
    page.wait_for_timeout(HOLD / 2)
    touch("Move", (x, y + 200))
    page.wait_for_timeout(HOLD * 0.7)
    touch("End")
    assert orders(seen) == 0

    touch("Start", (x, y))
    page.wait_for_selector(".result.good")
    touch("End")
    seen.becomes("rack1/A/outlet/9", "off")
    assert orders(seen) == 1


def test_who_cannot_hold_confirms_by_doing_it_twice(look, demo) -> None:
    seen = look(demo)
    page = seen.page
    offered(seen, "rack1/A/outlet/10")
    hold = page.locator(".hold")
    hold.dispatch_event("click")  # as a screen reader presses: no pointer and no key
    hold.dispatch_event("click")
    page.wait_for_timeout(1000)
    assert orders(seen) == 0, "twice at once is no second thought"
    assert hold.inner_text() == "Press again to confirm"
    hold.dispatch_event("click")
    page.wait_for_selector(".result.good")
    assert orders(seen) == 1


def test_an_order_that_is_refused_or_not_followed_is_told_in_its_words(
    look, tmp_path: Path
) -> None:
    site = (
        DEMO
        + fault("stuck_relay", "rack1/A/outlet/7")
        + limit("switching.disobeyed", high_critical=5.0)
    )
    with running(tmp_path, site) as program:
        seen = look(program)
        second = Seen(seen.page.context.new_page())
        second.page.goto(program.address)
        second.lives()
        for each in (seen, second):
            each.page.bring_to_front()
            each.page.mouse.move(*offered(each, "rack1/A/outlet/7"))
            each.page.mouse.down()
            each.page.wait_for_selector(".sheet .result:not(:empty)")
            each.page.mouse.up()
        second.page.wait_for_selector(".result.bad")
        refused = second.page.locator(".sheet .result").inner_text()
        assert refused == "refused: an earlier order of this outlet is still open"

        seen.page.wait_for_selector(".result.bad")
        told = seen.page.locator(".sheet .result").inner_text()
        assert told == "the outlet did not follow: read back unchanged"
        seen.page.locator(".alarm.critical", has_text="Outlet did not obey").wait_for()
        seen.page.locator("dialog dd", has_text="Outlet did not obey").wait_for()
        assert seen.state("rack1/A/outlet/7") == "on"
        assert "is-critical" in seen.outlet("rack1/A/outlet/7").get_attribute("class")
        seen.page.locator("#events li", has_text="order disobeyed off").wait_for()


def test_an_outlet_that_cannot_be_switched_says_so(look, demo) -> None:
    seen = look(demo)
    seen.outlet("rack1/A/outlet/16").click()
    note = seen.page.locator("dialog .locked-note")
    assert note.inner_text() == "This outlet cannot be switched."
    assert seen.page.locator(".hold").count() == 0


def test_a_hold_ends_when_the_outlet_changes_under_it(look, demo) -> None:
    seen = look(demo)
    page = seen.page
    spot = offered(seen, "rack1/A/outlet/11")
    page.mouse.move(*spot)
    page.mouse.down()
    page.evaluate(
        """path => fetch(`/api/v1/outlets/${path}/power`, {
            method: "PUT", headers: {"content-type": "application/json"},
            body: JSON.stringify({on: false})})""",
        "rack1/A/outlet/11",
    )
    page.locator(".hold.go").wait_for()
    page.wait_for_timeout(HOLD + 500)
    page.mouse.up()
    assert orders(seen) == 1, "what is held to turn it off never turns it on"
    assert seen.state("rack1/A/outlet/11") == "off"
