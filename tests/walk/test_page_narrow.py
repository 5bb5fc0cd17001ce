"""Where there is little room nothing lies over another, and a cut name shows that it is cut."""

from collections.abc import Iterator

import pytest
from walk.browsing import DEMO, Program, fault, running

LABEL = "USVAnlageNordHauptverteilungErdgeschoss"
LONG = {
    "web-1 PSU 2": "Frankfurt-database-cluster-left-rack",
    "rack1/B/outlet/5": "rack1/B/outlet/uninterruptible-supply-five",
    'name = "F2"': 'name = "F2-subdistribution-of-the-second-floor"',
    'label = "A"': f'label = "{LABEL}"',
}

# Cells of a row, left to right, that lie over the next one or whose text leaves its cell.
OVERLAPS = """rows => rows.flatMap(row => {
    const cells = [...row.children].filter(e => getComputedStyle(e).position !== "absolute");
    return cells.filter((cell, n) => {
        const box = cell.getBoundingClientRect(), style = getComputedStyle(cell);
        const next = cells.slice(n + 1).find(e => e.getBoundingClientRect().top < box.bottom - 1);
        const range = document.createRange();
        range.selectNodeContents(cell);
        const text = style.overflow === "visible" ? range.getBoundingClientRect() : box;
        const bottom = row.getBoundingClientRect().bottom + 1;
        const right = next ? next.getBoundingClientRect().left + 1 : Infinity;
        return Math.max(box.right, text.right) > right || text.bottom > bottom;
    }).map(cell => `${row.innerText}: ${cell.className}`);
})"""
CUT = "es => es.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A rack with long names whose source B does not answer."""
    site = DEMO + fault("silent_source", "source/rack1-B")
    for old, new in LONG.items():
        assert old in site
        site = site.replace(old, new)
    with running(tmp_path_factory.mktemp("house"), site) as program:
        yield program


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
@pytest.mark.parametrize("width", [1400, 1280, 1245, 1100, 400])
def test_no_name_lies_over_another_thing(look, house, width: int, locale: str) -> None:
    page = look(house, viewport={"width": width, "height": 900}, locale=locale).page
    page.wait_for_selector(".pdu.silent")

    assert page.locator(".outlet, .circuit, .phase, .pdu h3").evaluate_all(OVERLAPS) == []
    right = "es => Math.max(...es.map(e => e.getBoundingClientRect().right))"
    assert page.locator("main *:not(#power *)").evaluate_all(right) <= width
    cut = page.locator(".outlet .name .head").evaluate_all(CUT)
    assert set(cut) <= {"Frankfurt-database-cluster-lef"}, "names of a usual length are whole"
    # an ellipsis and two letters before the end, or it reads as another name
    head, tail = (
        page.locator(f".outlet .{part}", has_text=text).first
        for part, text in (("head", "Frankfurt"), ("tail", "t-rack"))
    )
    assert head.evaluate("e => e.clientWidth") >= 30
    assert tail.evaluate("e => e.scrollWidth <= e.clientWidth")
    for name, line in zip(page.locator(".phase .tail").all(), (1, 1, 2, 2, 3, 3), strict=True):
        assert name.inner_text().strip() == f"L{line}"
        assert name.evaluate("e => e.scrollWidth <= e.clientWidth")


def test_no_tick_of_a_bar_is_drawn_over_the_head_of_the_page(look, house) -> None:
    page = look(house, viewport={"width": 400, "height": 700}).page
    over = page.locator(".phase .limit").first.evaluate(
        """tick => {
            const head = document.querySelector("header").getBoundingClientRect();
            scrollBy(0, tick.getBoundingClientRect().top - head.bottom + 20);
            const box = tick.getBoundingClientRect();
            const at = document.elementFromPoint(box.left + 1, box.top + 2);
            return [box.bottom < head.bottom, at.closest("header") !== null];
        }"""
    )
    assert over == [True, True]
