"""No half of the page is empty, nothing touches its frame, and all is in one language."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from walk.browsing import DEMO, Program, fault, running

from smartpdu.control.authority import RANK
from smartpdu.runtime.memory import HANGS
from smartpdu.runtime.recorder import SLOW
from smartpdu.store.database import MOVED, WORDS

GERMAN = {"locale": "de-DE"}
WORDS_FILE = "/screen/static/words.js"
BOX = """e => { const range = document.createRange(); range.selectNodeContents(e);
    const [text, frame] = [range, e.closest('.phase')].map(x => x.getBoundingClientRect());
    return [text.left - e.getBoundingClientRect().left, frame.right - text.right]; }"""


def small(outlets: int) -> str:
    """A site of one PDU with one circuit."""
    head = DEMO.partition("[[source]]")[0]
    parts = [
        '[[source]]\npath = "s"\ndriver = "simulator"\n[[rack]]\npath = "r"\n',
        '[[pdu]]\npath = "r/A"\nrack = "r"\nsource = "s"\n',
        '[[feed]]\npath = "r/A/feed"\npdu = "r/A"\nlabel = "A"\nrated_power = 3680\n',
        '[[phase]]\npath = "r/A/L1"\nfeed = "r/A/feed"\nrated_current = 16\n',
        '[[circuit]]\npath = "r/A/circuit/1"\nphase = "r/A/L1"\nrated_current = 16\n',
    ]
    for n in range(1, outlets + 1):
        parts.append(f'[[outlet]]\npath = "r/A/outlet/{n}"\ncircuit = "r/A/circuit/1"\n')
    return head + "".join(parts)


@pytest.fixture(scope="module")
def strained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The demonstration rack on phases that are too weak to carry it alone, with a large leak."""
    weak = re.sub(r"(\[\[phase\]\][^\[]*rated_current = )32", r"\g<1>16", DEMO).replace(
        "22080", "11040"
    )
    assert weak != DEMO
    site = weak + fault("leakage_step", "rack1/A/feed") + "size = 0.42\n"
    site += fault("leakage_step", "rack1/B/feed") + "size = 4.383\n"
    with running(tmp_path_factory.mktemp("strained"), site) as program:
        yield program


def box(page: Any, part: str) -> dict[str, float]:
    found: dict[str, float] = page.locator(part).bounding_box()
    return found


@pytest.mark.parametrize("outlets", [8, 24])
@pytest.mark.parametrize("width", [1300, 1400, 1920])
def test_a_rack_of_one_pdu_leaves_no_half_of_its_side_empty(
    look, tmp_path: Path, outlets: int, width: int
) -> None:
    with running(tmp_path, small(outlets)) as program:
        page = look(program, viewport={"width": width, "height": 900}).page
        rack, pdu, events = (box(page, p) for p in (".at-rack", ".pdu", ".at-events"))
        assert pdu["width"] > 0.9 * rack["width"]
        if outlets == 8:
            assert events["x"] == rack["x"], "what is below a short rack is used"
            assert 0 < events["y"] - (rack["y"] + rack["height"]) < 60
        else:
            assert events["x"] > rack["x"] + rack["width"]


@pytest.mark.parametrize("width", [390, 600, 1000, 1250, 1400, 1920])
def test_what_is_lacking_stands_clear_of_its_frame(look, strained, width: int) -> None:
    seen = look(strained, viewport={"width": width, "height": 900}, **GERMAN)
    lacking = seen.page.locator(".reserve.negative")
    lacking.first.wait_for()
    for one in lacking.all():
        assert re.match(r"es fehlen \d+,\d\sA · \d,\d\skW", one.inner_text())
        left, right = one.evaluate(BOX)
        assert left >= 0, "it reaches into what stands before it"
        assert right >= 3


def test_a_leak_is_told_in_amperes_from_one_ampere_on(look, strained) -> None:
    page = look(strained, **GERMAN).page

    def leak(value: float | None, digits: int = 0) -> str:
        call = f"import('{WORDS_FILE}').then(m => m.leak({json.dumps(value)}, {digits}))"
        return str(page.evaluate(call))

    assert [leak(v) for v in (0.02, 0.9994, 1.0, 4.383, -1.5)] == [
        *("20\u202fmA", "999\u202fmA", "1,0\u202fA", "4,4\u202fA", "-1,5\u202fA")
    ]
    assert (leak(0.0017, 1), leak(None)) == ("1,7\u202fmA", "\u2013")
    for size in (r"4\d\d\smA", r"4,4\sA"):
        told = re.compile(rf"\b{size} \(Grenze \d+\smA\)")
        page.locator(".alarm .measure", has_text=told).wait_for()
    page.locator(".feed .more", has_text=re.compile(r"Differenzstrom 4,4\sA")).wait_for()


REFUSALS = [
    f"the order could not be recorded: /var/lib/smartpdu/smartpdu.db: {words} (some code)"
    for words in dict(WORDS).values()
]
REFUSALS += [f"the order could not be recorded: {why}" for why in (HANGS, SLOW)]
REFUSALS += [
    f"it was taken, but it could not be recorded yet: {HANGS}",
    f"the order could not be recorded: data/smartpdu.db-wal: {MOVED}",
    "the order could not be recorded: /d/smartpdu.lock: No space left on device",
    *(f"the role {role.value} may not do that" for role in RANK),
    "session:12ab34cd asked for this outlet first",
    "an order of fire stands at this outlet",
    "there is no outlet rack1/A/outlet/99",
    "the alarm is known: only a calling or passed one can be known",
    "an alarm that is passed or of this kind cannot be shelved",
    "no such alarm stands",
]


def test_every_reason_of_a_refusal_is_told_in_the_language_of_the_page(look, strained) -> None:
    page = look(strained, **GERMAN).page
    call = f"words => import('{WORDS_FILE}').then(m => words.map(m.reason))"
    english = re.compile(r"\b(the|is|was|by|not|order|disk|file|could|cannot|stands|database)\b")
    for words, told in zip(REFUSALS, page.evaluate(call, REFUSALS), strict=True):
        assert told != words
        assert not english.search(told), told
    full = "the order could not be recorded: /d/smartpdu.db: the disk is full (disk is full)"
    assert page.evaluate(call, [full]) == [
        "der Befehl war nicht aufzuzeichnen: der Datenträger ist voll"
    ]
    strange = ["what nobody foresaw: at all", "toString", "{}"]
    assert page.evaluate(call, strange) == strange
    english_page = look(strained).page
    assert english_page.evaluate(call, REFUSALS) == REFUSALS
