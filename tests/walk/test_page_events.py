"""What was noticed in the waves stands on the page in words, with the file that shows it."""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from walk.browsing import DEMO, Program, fault, running

DIP = fault("undervoltage", "rack1/A/feed", at=3.0).replace(
    "at = 3.0", "at = 3.0\nlasts = 1.0\nsize = 0.6"
)
LOSS = fault("feed_loss", "rack1/B/feed", at=6.0).replace("at = 6.0", "at = 6.0\nlasts = 4.0")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A rack with waves, a dip at feed A and a loss of feed B."""
    assert DEMO.count("[twin]\n") == 1
    site = DEMO.replace("[twin]\n", "[twin]\nwaves = true\n") + DIP + LOSS
    with running(tmp_path_factory.mktemp("house"), site) as program:
        program.comes_in("viewer")
        yield program


def test_a_dip_is_told_with_depth_and_length_and_its_file_is_there(look, house) -> None:
    seen = look(house, accept_downloads=True)
    event = seen.page.locator("#events li", has_text="voltage disturbed").last
    event.wait_for()
    assert re.search(r"dip · 60\s% · 1\.0\d\d\ss", event.locator(".why").inner_text())
    with seen.page.expect_download() as waits:
        event.get_by_role("link", name="waveform").click()
    (row,) = [w for w in house.rows("waveforms") if w["name"] == waits.value.suggested_filename]
    content = Path(waits.value.path()).read_bytes()
    assert sha256(content).hexdigest() == row["sha256"]
    assert seen.wrong == []


def test_german_words_stand_for_what_lasts_and_for_why_a_load_rushes_in(look, house) -> None:
    seen = look(house, locale="de-DE")
    lasts = seen.page.locator("#events li", has_text="dauert an")
    lasts.first.wait_for()
    assert {text.split(" · ")[0] for text in lasts.locator(".why").all_inner_texts()} == {
        "Einbruch",
        "Unterbrechung",
    }
    rush = seen.page.locator("#events li", has_text="Einschaltstrom")
    rush.wait_for()  # one item, however many loads rush in with the voltage
    above = rush.locator("xpath=preceding-sibling::li[1]")
    assert "Spannung gestört" in above.inner_text()
    told = house.rows("events?kind=InrushCaptured")
    shown = rush.locator(".why").inner_text()
    words = rf"[\d,.]+\sA · 0,\d+\ss · Spannung kam wieder · {len(told)} Stellen · Kurvenform"
    assert re.fullmatch(words, shown)
    highest = max(event["body"]["peak"] for event in told)
    assert shown.startswith(f"{highest:.1f}".replace(".", ","))
    assert rush.get_by_role("link", name="Kurvenform").count() == 1
    assert seen.wrong == []
