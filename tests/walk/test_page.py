"""The page as a person sees it: the real program, a rack, a real browser."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from walk.browsing import DEMO, fault, limit, running

LONG = "production-database-cluster-frankfurt-left"
LOADED = limit("load.outlet", "rack1/A/outlet/17", high_warning=0.01) + limit(
    "load.outlet", dwell=0.0, hysteresis=0.0
)


@pytest.mark.requirement("R-1.3-11", "R-4.2-1", "R-3.2-11", "R-1.3-10")
def test_the_rack_is_drawn_as_it_stands_and_lives_without_a_reload(look, tmp_path: Path) -> None:
    with running(tmp_path) as program:
        seen = look(program)
        page = seen.page
        for letter, pdu in zip("AB", page.locator(".pdu").all(), strict=True):
            paths = [o.get_attribute("data-path") for o in pdu.locator(".outlet").all()]
            assert paths == [f"rack1/{letter}/outlet/{n}" for n in range(1, 23)]
        assert re.fullmatch(
            r"\d+\sW", seen.outlet("rack1/A/outlet/2").locator(".value").inner_text()
        )
        assert page.locator("#air-top b").inner_text().endswith("°C")
        assert page.locator("#air-bottom b").first.inner_text().endswith("°C")
        blue, red = (
            page.locator(f".{tint}.pdu .feed-label").evaluate("e => getComputedStyle(e).color")
            for tint in ("tint-1", "tint-2")
        )
        assert (blue, red) == ("rgb(37, 99, 201)", "rgb(192, 57, 43)")

        names = page.locator(".phase .name").all_text_contents()
        assert names == ["A L1", "B L1", "A L2", "B L2", "A L3", "B L3"]
        for reserve in page.locator(".phase .reserve").all_inner_texts():
            assert re.fullmatch(r"reserve \d+\.\d\sA · \d+\.\d\skW", reserve)
        for bar in page.locator(".phase .bar").all():
            now, alone, mark = bar.evaluate(
                "e => [...e.children].map(c => parseFloat(c.style.width || c.style.left))"
            )
            assert 0 < now < alone < mark == 80

        navigations = []
        page.on("framenavigated", lambda frame: navigations.append(frame.url))
        feed = page.locator(".feed b").first
        first = feed.inner_text()
        page.wait_for_function(
            "before => document.querySelector('.feed b').textContent !== before", arg=first
        )
        assert navigations == []
        page.wait_for_selector("#power path[stroke='#2563c9']", state="attached")
        page.wait_for_function(
            r"() => /A: \d+\.\d\skW, /.test(document.getElementById('power').ariaLabel)"
        )
        assert seen.hosts == {f"127.0.0.1:{program.port}"}
        assert seen.wrong == []


def test_on_a_phone_nothing_is_cut_and_german_is_spoken(look, tmp_path: Path) -> None:
    site = DEMO.replace("web-1 PSU 1", LONG).replace('"Rack 1"', f'"{LONG} {LONG}"')
    site = site.replace('"PDU A"', f'"{LONG}"').replace('"Inlet top"', f'"{LONG}"')
    with running(tmp_path, site.replace('"Demonstration"', f'"{LONG}"')) as program:
        phone = {"viewport": {"width": 400, "height": 860}, "locale": "de-DE"}
        seen = look(program, **phone, is_mobile=True, has_touch=True)
        page = seen.page
        page.wait_for_selector("#power svg")
        for width in (400, 320):
            page.set_viewport_size({"width": width, "height": 860})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            right = "es => Math.max(...es.map(e => e.getBoundingClientRect().right))"
            assert page.locator("main *:not(#power *)").evaluate_all(right) <= width

        assert page.locator("html").get_attribute("lang") == "de"
        assert page.locator("#alarms-title").inner_text() == "Alarme"
        assert seen.state("rack1/A/outlet/1") == "ein"
        assert page.locator("#clock").inner_text() != ""
        page.get_by_role("button", name="English").tap()
        assert page.locator("#alarms-title").inner_text() == "Alarms"
        assert seen.state("rack1/A/outlet/1") == "on"
        page.reload()
        seen.lives()
        assert page.locator("html").get_attribute("lang") == "en", "a choice is kept"
        assert seen.wrong == []


def test_a_rack_of_several_is_chosen_and_each_tells_its_alarms(look, tmp_path: Path) -> None:
    with running(tmp_path, hall()) as program:
        seen = look(program)
        page = seen.page
        page.wait_for_selector(".rack-link.is-critical")
        links = page.locator(".rack-link")
        assert [link.split("\n")[0] for link in links.all_inner_texts()] == ["Rack 1", "Rack 2"]
        assert page.locator(".rack-link.is-critical b").all_inner_texts() == ["Rack 2"]
        assert page.locator(".outlet").count() == 6
        assert page.locator(".alarm").count() == 0
        assert "Feed lost" not in page.locator("#events").inner_text()
        chart = "text => document.getElementById('power').ariaLabel.includes(text)"
        page.wait_for_function(chart, arg="A: 0.3\u202fkW")

        links.nth(1).click()
        page.wait_for_selector(".alarm.critical")
        assert page.url.endswith("/?rack=r2")
        assert page.locator("#rack-title").inner_text() == "Rack 2"
        assert page.locator(".alarm .place").inner_text() == "PDU A · Feed A"
        page.locator("#events li", has_text="Feed lost: alarm raised").wait_for()
        seen.ticks()
        seen.ticks()
        assert page.locator("#power").get_attribute("aria-label") == (
            "Power, last hour; A: 0.0\u202fkW, 0.0 \N{EN DASH} 0.0\u202fkW"
        )
        paths = [o.get_attribute("data-path") for o in page.locator(".outlet").all()]
        assert paths == [f"r2/A/outlet/{n}" for n in range(1, 5)], "in the order of the file"
        assert page.locator(".tag").all_inner_texts() == ["F1", "F2", "F1", "F2"]

        page.go_back()
        page.wait_for_function("() => document.querySelectorAll('.outlet').length === 6")
        assert page.locator(".alarm").count() == 0
        assert seen.wrong == []


def hall() -> str:
    """Two racks of one-phase PDUs: the second has outlets that alternate between its circuits."""
    site = ['[site]\nname = "Hall"']
    for rack, letters, outlets in (("r1", "ABC", 2), ("r2", "A", 4)):
        site += [f'[[rack]]\npath = "{rack}"\nname = "Rack {rack[1]}"']
        for letter in letters:
            pdu = f"{rack}/{letter}"
            site += [
                f'[[source]]\npath = "source/{pdu}"\ndriver = "simulator"',
                f'[[pdu]]\npath = "{pdu}"\nname = "PDU {letter}"\nrack = "{rack}"\n'
                f'source = "source/{pdu}"',
                f'[[feed]]\npath = "{pdu}/feed"\nname = "Feed {letter}"\npdu = "{pdu}"\n'
                f'label = "{letter}"\nrated_power = 3680',
                f'[[phase]]\npath = "{pdu}/L1"\nfeed = "{pdu}/feed"\nrated_current = 16',
            ]
            for n in (1, 2):
                site += [
                    f'[[circuit]]\npath = "{pdu}/circuit/{n}"\nname = "F{n}"\n'
                    f'phase = "{pdu}/L1"\nrated_current = 16'
                ]
            for n in range(outlets):
                circuit = f'circuit = "{pdu}/circuit/{n % 2 + 1}"'
                site += [f'[[outlet]]\npath = "{pdu}/outlet/{n + 1}"\n{circuit}']
    server = '[[twin.server]]\ncords = ["r1/A/outlet/1"]\nrated_power = 300\nidle_power = 280'
    return "\n".join([*site, server]) + fault("feed_loss", "r2/A/feed")


@pytest.mark.requirement("R-1.1-8")
def test_an_alarm_is_told_with_its_place_cause_and_action_and_answered_on_the_page(
    look, tmp_path: Path
) -> None:
    with running(tmp_path, DEMO + LOADED) as program:
        seen = look(program)
        page = seen.page
        alarm = page.locator(".alarm")
        alarm.wait_for()
        assert alarm.locator(".place").inner_text() == "PDU A · 17 · gpu-1 PSU 1"
        assert re.search(r"warning\s*\d+\s% \(limit 1\s%\)", alarm.inner_text())
        assert "Likely cause: The device draws more" in alarm.inner_text()
        assert "What to do: Use an outlet of a higher rating" in alarm.inner_text()
        named = seen.outlet("rack1/A/outlet/17").get_attribute("aria-label")
        assert re.fullmatch(r"17, gpu-1 PSU 1, on, [\d,]+\sW, Outlet load high", named)
        assert page.locator("#count").inner_text() == "1 warning"
        assert page.title() == "(1) Demonstration · SmartPDU"

        alarm.get_by_role("button", name="Shelve").click()
        page.get_by_label("Reason").fill("it is known and will be moved")
        page.get_by_label("Minutes").fill("0")
        page.locator("dialog button.go").click()
        assert page.locator("dialog[open]").count() == 1, "an end that is now is no end"
        page.get_by_label("Minutes").fill("5")
        page.locator("dialog button.go").click()
        page.wait_for_selector(".alarm.shelved")
        assert "it is known and will be moved" in alarm.inner_text()
        page.locator("#count", has_text="no alarms").wait_for()
        assert seen.outlet("rack1/A/outlet/17").evaluate("e => e.className") == "outlet"

        alarm.get_by_role("button", name="Unshelve").click()
        page.wait_for_selector(".alarm.calling")
        alarm.get_by_role("button", name="Acknowledge").click()
        page.wait_for_selector(".alarm.known")
        assert "known by browser session" in alarm.inner_text()
        for told in ("raised", "shelved", "unshelved", "acknowledged"):
            page.locator("#events", has_text=f"Outlet load high: alarm {told}").wait_for()
        assert seen.wrong == []


def test_many_alarms_that_say_the_same_are_one_that_can_be_opened(look, tmp_path: Path) -> None:
    many = limit("load.outlet", high_warning=0.0001, dwell=0.0, hysteresis=0.0) + fault(
        "breaker_trip", "rack1/B/circuit/3", at=1.0
    )
    with running(tmp_path, DEMO + many) as program:
        seen = look(program)
        page = seen.page
        page.wait_for_selector(".flood")
        page.locator("#alarms > .alarm:not(.flood)", has_text="Breaker open").wait_for()
        assert page.locator(".flood-alarms > .alarm:visible").count() == 0
        page.locator(".flood summary").first.click()
        assert page.locator(".flood-alarms > .alarm:visible").count() > 20
        page.get_by_role("button", name="Acknowledge all").click()
        page.wait_for_function("() => document.querySelectorAll('.alarm.calling').length === 1")
        assert page.locator(".alarm.calling").inner_text().startswith("Breaker open")
        assert seen.wrong == []


def test_a_viewer_sees_all_and_is_offered_nothing(look, tmp_path: Path) -> None:
    with running(tmp_path, DEMO + LOADED) as program:
        command = [sys.executable, "-m", "smartpdu.app", "token", "create", "--role", "viewer"]
        made = subprocess.run(
            [*command, "--data", str(tmp_path / "data")], capture_output=True, text=True, check=True
        )
        bearer = {"authorization": f"Bearer {made.stdout.strip()}"}
        seen = look(program, extra_http_headers=bearer)
        page = seen.page
        page.wait_for_selector(".alarm")
        assert page.locator(".alarm button").count() == 0
        seen.outlet("rack1/A/outlet/7").click()
        assert page.locator("dialog dd").first.inner_text() == "on"
        assert page.locator("dialog .locked-note").inner_text() == "You may look, not switch."
        assert page.locator(".hold").count() == 0
        assert seen.wrong == []
