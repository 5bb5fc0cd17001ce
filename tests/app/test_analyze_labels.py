"""Words in the pictures of an analysis: names that differ, labels apart, notes below."""

from io import StringIO
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
from recordings import kept, times, wave

from smartpdu.app.analyze import Wish, analyzed
from smartpdu.app.analyze_labels import MOST, remarks, shortened, spread
from smartpdu.app.analyze_sheet import Sheet

LONG = 18


@pytest.mark.parametrize(
    "names",
    [
        ["Busbar section north 1", "Busbar section north 2"],
        ["1 busbar section north", "2 busbar section north"],
        [
            "Upstream busbar section 1 voltage of north",
            "Upstream busbar section 2 voltage of north",
        ],
        ["Upstream 1 busbar section 1 of the north", "Upstream 1 busbar section 1 of the south"],
        ["U1", "Upstream busbar section north", "Upstream busbar section north too"],
        ["a" * 30 + "1" + "b" * 30, "a" * 30 + "2" + "b" * 30],
    ],
)
def test_long_names_are_cut_so_that_they_differ(names: list[str]) -> None:
    found = shortened(names, LONG)
    assert len(set(found)) == len(names)
    for name, short in zip(names, found, strict=True):
        assert len(short) <= LONG + 6
        assert all(part in name for part in short.split("..."))
        assert (short == name) == (len(name) <= LONG)


def test_names_that_differ_at_their_beginning_keep_it() -> None:
    found = shortened(["First busbar of the north", "Second busbar of the north", "U3"], LONG)
    assert found == ["First busbar of th...", "Second busbar of t...", "U3"]


def test_labels_are_moved_apart_and_stay_before_the_end() -> None:
    assert spread([10, 50, 90], 11, 100) == [10, 50, 90]
    assert spread([10, 12, 14, 60], 11, 100) == [10, 21, 32, 60]
    assert spread([95, 97, 120], 11, 100) == [78, 89, 100]
    assert spread([], 11, 100) == []
    many = spread([50.0] * 30, 11, 100)
    assert all(b - a >= 11 for a, b in pairwise(many))


def interrupted(folder: Path) -> Sheet:
    """A voltage that is lost in the middle and at the end, each a dip and an interruption."""
    at = times(5000, 3.0)
    lost = ((at > 1) & (at < 1.3)) | (at > 2.9)
    path = kept(folder, 5000, {"U1|V": wave(at, 230) * ~lost, "I1|A": wave(at, 4) * ~lost})
    return analyzed(Wish(path), StringIO())


def drawn(sheet: Sheet) -> Any:
    """The picture, laid out, and what measures its words."""
    mpl = pytest.importorskip("matplotlib")
    from smartpdu.app.analyze_drawing import STYLE, _figure, shown

    with mpl.rc_context(STYLE):
        figure = _figure(sheet, shown(sheet), headed=True)
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    return figure, canvas.get_renderer()


def test_labels_of_events_that_follow_at_once_do_not_lie_over_each_other(tmp_path: Path) -> None:
    figure, pen = drawn(interrupted(tmp_path))
    seen = 0
    for axes in figure.axes:
        labels = [each for each in axes.texts if each.get_text() in ("dip", "interruption")]
        seen += len(labels)
        frame = axes.get_window_extent(pen)
        for label in labels:
            assert label.get_window_extent(pen).x1 <= frame.x1 + 2, "it is inside its panel"
        for one, other in combinations(labels, 2):
            # an annotation's own extent holds its arrow's place as well: the words alone count
            assert (
                not one.get_bbox_patch()
                .get_window_extent(pen)
                .overlaps(other.get_bbox_patch().get_window_extent(pen))
            )
    assert seen == 2 * 4, "in the panel of the voltage and in that of the current"


def test_a_picture_has_the_notes_below_its_panels(tmp_path: Path) -> None:
    at = times(5000, 0.35)
    dip = 1 - 0.5 * ((at > 0.23) & (at < 0.29))
    sheet = analyzed(Wish(kept(tmp_path, 5000, {"U1|V": wave(at, 230) * dip})), StringIO())
    figure, pen = drawn(sheet)
    words = " ".join(figure._supxlabel.get_text().split())
    for note in sheet.notes:
        assert f"note: {note}" in words
    assert "harmonics mean little" in words
    place = figure._supxlabel.get_window_extent(pen)
    assert 0 <= place.x0 < place.x1 <= figure.bbox.width
    assert place.y0 >= 0
    for axes in figure.axes:
        assert axes.get_window_extent(pen).y0 >= place.y1 - 1


def test_more_notes_than_have_room_are_counted(tmp_path: Path) -> None:
    at = times(5000, 0.5)
    holed = {f"U{n}|V": wave(at, 230) for n in range(1, 31)}
    for shape in holed.values():
        shape[1000:1100] = float("nan")
    sheet = analyzed(Wish(kept(tmp_path, 5000, holed)), StringIO())
    lines = remarks(sheet, 80)
    assert len(sheet.notes) + len(sheet.marks) > MOST
    assert len(lines) <= MOST + 3
    told = sum(not line.startswith("   ") for line in lines[:-1])
    assert lines[-1] == f"and {len(sheet.notes) + len(sheet.marks) - told} more"
