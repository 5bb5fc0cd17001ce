"""What the page says: calling alarms first, plurals, names of who asked, one time of one event."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from walk.browsing import DEMO, Program, fault, limit, running

LOADED = [17, 18, 20]  # outlets of PDU A that draw more than their limit
PULLED = "rack1/A/outlet/7"
GERMAN = {"locale": "de-DE"}
SITE = DEMO + "".join(
    [
        *(limit("load.outlet", f"rack1/A/outlet/{n}", high_warning=0.01) for n in LOADED),
        limit("load.outlet", dwell=0.0, hysteresis=0.0),
        fault("breaker_trip", "rack1/B/circuit/3", at=1.0),
        fault("cord_pulled", PULLED, at=3.0),
    ]
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A rack with a critical alarm and four warnings."""
    with running(tmp_path_factory.mktemp("house"), SITE) as program:
        yield program


def test_what_calls_stands_before_what_is_known_and_shelved(look, house) -> None:
    seen = look(house)
    page = seen.page
    page.locator(".alarm", has_text="Cord unplugged").wait_for()

    def answer(word: str, of: str) -> None:
        page.locator(".alarm", has_text=of).get_by_role("button", name=word).click()

    def standings() -> list[str]:
        classes = page.locator(".alarm").evaluate_all("es => es.map(e => e.className)")
        return [name.split()[1] for name in classes]

    answer("Acknowledge", of="Breaker open")
    page.wait_for_selector(".alarm.known")
    answer("Shelve", of="17 · gpu-1 PSU 1")
    page.get_by_label("Reason").fill("to be moved")
    page.locator("dialog button.go").click()
    page.wait_for_selector(".alarm.shelved")
    assert standings() == ["calling"] * 3 + ["known", "shelved"]
    assert "critical" in page.locator(".alarm.known").get_attribute("class")

    answer("Unshelve", of="17 · gpu-1 PSU 1")
    page.wait_for_function("() => !document.querySelector('.alarm.shelved')")
    assert seen.wrong == []


def test_german_counts_in_its_plural_and_a_state_has_no_per_cent(look, house) -> None:
    seen = look(house, **GERMAN)
    page = seen.page
    page.locator("#count", has_text=re.compile("^1 kritisch, 4 Warnungen$")).wait_for()
    pulled = page.locator(".alarm", has_text=seen.outlet(PULLED).get_attribute("title"))
    facts = pulled.locator(".alarm-facts").inner_text()
    assert re.fullmatch(r"Warnung\s*seit \d\d:\d\d:\d\d", facts)
    loaded = page.locator(".alarm", has_text="gpu-1 PSU 1").locator(".alarm-facts")
    assert re.search(r"\d\s% \(Grenze 1\s%\)", loaded.inner_text())
    assert seen.wrong == []


def test_an_alarm_and_its_event_tell_the_same_time(look, house) -> None:
    page = look(house).page
    page.locator(".alarm", has_text="Cord unplugged").wait_for()
    times: dict[tuple[str, str], str] = {}
    for event in page.locator("#events li", has_text="alarm raised").all():
        what, where = (event.locator(part).inner_text() for part in (".what", ".place"))
        time = event.locator("time").inner_text()
        # The newest comes first; one that called again after its shelving stands since its first.
        times[what.removesuffix(": alarm raised"), where] = time
    since = {}
    for alarm in page.locator(".alarm").all():
        title, where = (alarm.locator(p).inner_text() for p in (".alarm-head b", ".place"))
        found = re.search(r"since (\d\d:\d\d:\d\d)", alarm.inner_text())
        since[title, where] = found.group(1) if found else ""
    assert len(since) == 5
    for key, time in since.items():
        assert times[key] == time, key


def test_an_end_or_a_reason_that_cannot_be_is_told_in_the_language_of_the_page(look, house) -> None:
    seen = look(house, **GERMAN)
    page = seen.page
    alarm = page.locator(".alarm", has_text="gpu-1 PSU 1")
    alarm.get_by_role("button", name="Zurückstellen").click()
    go, told = page.locator("dialog button.go"), page.locator("dialog .result")
    minutes, why = page.get_by_label("Minuten"), page.get_by_label("Grund")
    for reason in ("", "   "):
        why.fill(reason)
        go.click()
        assert told.inner_text() == "Ein Grund ist nötig."
        assert why.evaluate("e => e === document.activeElement")
    why.fill("umgezogen")
    for wrong in ("0", "10081", "99999999", ""):
        minutes.fill(wrong)
        go.click()
        assert told.inner_text() == "Von 1 bis 10.080 Minuten.", wrong
    assert not [url for url in seen.asked if url.endswith("/shelve")]
    minutes.fill("10080")
    go.click()
    page.wait_for_selector(".alarm.shelved")
    shelved = alarm.locator(".alarm-facts").inner_text()
    assert re.search(r"zurückgestellt bis .*\d\d:\d\d: umgezogen$", shelved)
    alarm.get_by_role("button", name="Wieder aktivieren").click()
    page.wait_for_function("() => !document.querySelector('.alarm.shelved')")
    assert seen.wrong == []


def test_who_asked_is_told_by_the_name_of_the_token(look, house) -> None:
    secret = house.token("create", "--role", "operator", "--name", "night <b>shift</b>")
    bearer = {"Authorization": f"Bearer {secret}"}
    order = {"on": False}
    path = "/api/v1/outlets/rack1/A/outlet/9/power"
    assert house.web.put(path, json=order, headers=bearer).status_code == 202
    name = {"rule": "load.outlet", "place": "rack1/A/outlet/18"}
    known = house.web.post("/api/v1/alarms/acknowledge", json=name, headers=bearer)
    assert known.status_code == 200, known.text

    english, german = look(house).page, look(house, **GERMAN).page
    ordered = english.locator("#events li", has_text="ordered off").first
    ordered.wait_for()
    assert ordered.locator(".why").inner_text() == "by token “night <b>shift</b>”"
    who = "bekannt: Token „night <b>shift</b>“"
    german.locator(".alarm.known", has_text=who).wait_for()


def test_what_is_asked_of_an_outlet_is_not_told_as_what_is(look, house) -> None:
    for locale, state, word in (
        ("en-GB", "State now", "Switch off:"),
        ("de-DE", "Zustand jetzt", "Ausschalten:"),
    ):
        seen = look(house, locale=locale)
        seen.outlet("rack1/A/outlet/2").click()
        assert seen.page.locator("dialog dt").first.inner_text() == state
        assert seen.page.locator("dialog .will b").inner_text() == word


def test_the_legend_draws_the_sum_as_its_line(look, house) -> None:
    page = look(house).page
    page.wait_for_selector("#power svg text:has-text('Sum')", state="attached")
    lines = page.locator("#power svg path[stroke-dasharray]").evaluate_all(
        "es => es.map(e => [e.getBoundingClientRect().width, e.getBoundingClientRect().top"
        " - document.getElementById('power').getBoundingClientRect().top])"
    )
    assert [width for width, top in lines if top < 20] == [pytest.approx(22, abs=3)]


def test_an_alarm_that_is_over_is_told_as_that(look, tmp_path: Path) -> None:
    silent = fault("silent_source", "source/rack1-A", at=2.0) + "lasts = 8\n"
    with running(tmp_path, DEMO + silent) as program:
        english, german = look(program), look(program, **GERMAN)
        passed = german.page.locator(".alarm.passed")
        passed.wait_for()
        assert passed.locator("b").inner_text() == "Quelle antwortet nicht"
        facts = passed.locator(".alarm-facts").inner_text()
        assert re.fullmatch(r"vorüber, nicht quittiert\s*ausgelöst \d\d:\d\d:\d\d", facts)
        told = german.page.locator("#events .what", has_text="vorüber")
        told.wait_for()
        assert told.inner_text() == "Quelle antwortet nicht: Alarm vorüber"
        english.page.locator(".what", has_text=re.compile("^Source silent: alarm over$")).wait_for()
        assert english.wrong == german.wrong == []
