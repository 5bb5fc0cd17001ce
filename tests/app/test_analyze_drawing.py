"""Pictures and pages of an analysis: drawn whole, self-contained, and only where asked for."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from io import BytesIO, StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from recordings import THIRD, kept, times, wave

from smartpdu.app.analyze import Wish, analyze, analyzed
from smartpdu.app.analyze_drawing import COLOURS, panels, picture, shown, thinned, window
from smartpdu.app.analyze_page import page
from smartpdu.app.analyze_sheet import Sheet

matplotlib = pytest.importorskip("matplotlib")

SVG = "{http://www.w3.org/2000/svg}"
ABROAD = ("src", "href", "data", "action", "{http://www.w3.org/1999/xlink}href", "xlink:href")


def dipped(folder: Path, names: tuple[str, str, str] = ("U1", "U2", "U3")) -> Path:
    """Three voltages, the first of which dips, and their currents."""
    at = times(4000, 1.0)
    dip = np.where((at >= 0.4) & (at < 0.5), 0.5, 1.0)
    channels = {
        f"{name}|V|{k}": wave(at, 230, angle=-k * THIRD, harmonics={5: 4.0})
        * (dip if k == 1 else 1)
        for k, name in enumerate(names, 1)
    }
    channels |= {f"I{k}|A|{k}": wave(at, 8, angle=-k * THIRD - 0.6) for k in (1, 2, 3)}
    return kept(folder, 4000, channels)


def sheet(path: Path) -> Sheet:
    return analyzed(Wish(path), StringIO())


def test_a_picture_shows_every_channel_in_its_colour(tmp_path: Path) -> None:
    from matplotlib.image import imread

    path = tmp_path / "out.png"
    assert analyze(Wish(dipped(tmp_path), plot=path), StringIO(), StringIO()) == 0
    pixels = np.round(imread(BytesIO(path.read_bytes()), format="png")[..., :3] * 255)
    assert pixels.shape[0] > 1000
    assert pixels.shape[1] > 1400
    for colour in COLOURS[:3]:
        wanted = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
        there = (np.abs(pixels - wanted) <= 2).all(axis=2)
        left, right = np.array_split(there, 2, axis=1)
        assert left.sum() > 2000, "a voltage's line, bars and arrow"
        assert right.sum() > 500, "a current's"
    assert [each.name for each in tmp_path.iterdir() if each.suffix == ".part"] == []


class Terminal(StringIO):
    """A terminal, as it is told how far the work is."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_is_told_what_is_being_done_and_has_nothing_left_of_it(tmp_path: Path) -> None:
    wish = Wish(dipped(tmp_path), plot=tmp_path / "out.png", json=True)
    err = Terminal()
    assert analyze(wish, StringIO(), err) == 0
    told = err.getvalue().split("\r\x1b[K")
    assert told.index("analysing r.cff ...") < told.index("drawing out.png ...")
    assert all(line.startswith("{") for line in told[-1].splitlines()), "only the notes are left"
    silent = StringIO()
    assert analyze(wish, StringIO(), silent) == 0
    assert silent.getvalue() == told[-1]


class _Addresses(HTMLParser):
    """Everything that a page would ask somebody for."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.found += [value or "" for name, value in attrs if name in ABROAD]


def test_a_page_needs_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "out.html"
    assert analyze(Wish(dipped(tmp_path), plot=path), StringIO(), StringIO()) == 0
    text = path.read_text("utf-8")
    read = _Addresses()
    read.feed(text)
    assert "svg" in read.tags
    assert "script" not in read.tags
    assert all(address.startswith("#") for address in read.found)
    assert "@import" not in text
    assert "url(http" not in text
    for word in ("dip", "down to 115.1 V, 50.0 %", "U1 : I1", "order"):
        assert word in text


def test_a_page_shows_names_as_they_are_and_runs_none_of_them(tmp_path: Path) -> None:
    names = ("<script>alert(1)</script> U1", "U$2$ & Co", "电压 U3")
    path = dipped(tmp_path, names)
    made = page(sheet(path), panels(sheet(path)))
    assert "<script" not in made
    assert "&lt;script&gt;" in made
    assert "U$2$ &amp; Co" in made
    assert "电压 U3" in made
    assert picture(sheet(path)).startswith(b"\x89PNG")


def test_a_page_tells_what_is_wrong_with_a_recording(tmp_path: Path) -> None:
    at = times(4000, 0.5)
    path = kept(tmp_path, 4000, {"U1|V": np.clip(wave(at, 230), -250, 400), "I1|A": wave(at, 3)})
    made = page(sheet(path), panels(sheet(path)))
    assert "<li>clipped: U1: " in made
    assert made.count("clipped") == 1


def texts(panel: str) -> list[str]:
    """The words of a panel."""
    return [" ".join(each.itertext()) for each in ET.fromstring(panel).iter(f"{SVG}text")]


def test_the_panels_of_a_page_have_no_name_in_common(tmp_path: Path) -> None:
    """What one of them draws would be drawn in the other, where both call it the same."""
    made = panels(sheet(dipped(tmp_path)))
    names = [set(re.findall(r'\bid="([^"]+)"', panel)) for panel in made]
    paths = [{name for name in own if re.fullmatch(r"[mp][0-9a-f]{10}", name)} for own in names]
    assert [len(made), min(map(len, paths)) > 3] == [2, True]
    assert not paths[0] & paths[1]


def test_large_and_small_values_are_told_in_units_that_people_take(tmp_path: Path) -> None:
    at = times(4000, 0.5)
    path = kept(tmp_path, 4000, {"U1|V": wave(at, 110_000), "I1|A": wave(at, 0.02)})
    voltage, current = (texts(panel) for panel in panels(sheet(path)))
    assert {"kV", "110.0 kV ∠ 0.0°"} <= set(voltage)
    assert {"mA", "20.00 mA ∠ 0.0°"} <= set(current)
    assert any("110.0 kV" in word and "THD" not in word for word in voltage)


def test_the_drawing_has_waves_levels_spectra_and_phasors(tmp_path: Path) -> None:
    words = [word for panel in panels(sheet(dipped(tmp_path))) for word in texts(panel)]
    for title in ("Samples", "RMS of one cycle, at each half-cycle", "Harmonics", "Fundamental"):
        assert words.count(title) == 2, "for voltages and for currents"
    assert {"Voltage", "Current", "dip", "110 % ", "90 % "} <= set(words)
    assert any("THD 4.00 %" in word for word in words)


@pytest.mark.parametrize(
    ("channels", "seconds"),
    [
        (("I1|A", "I2|A"), 0.5),
        (("U1|V",), 0.5),
        (("a", "b"), 0.5),
        (("U1|V", "I1|A"), 0.02),
        (("U1|V", "I1|A"), 0.004),
        (("U1|V",), 0.00025),
    ],
)
def test_whatever_there_is_is_drawn(
    tmp_path: Path, channels: tuple[str, ...], seconds: float
) -> None:
    at = times(4000, seconds)
    path = kept(tmp_path, 4000, {name: wave(at, 10.0 + n) for n, name in enumerate(channels)})
    found = sheet(path)
    assert sum(len(own) for _, _, own in shown(found)) == len(channels)
    for name in ("out.png", "out.html"):
        plot = tmp_path / name
        assert analyze(Wish(path, plot=plot), StringIO(), StringIO()) == 0
        assert plot.stat().st_size > 5000


def test_dead_and_missing_channels_are_drawn_too(tmp_path: Path) -> None:
    at = times(4000, 0.5)
    nothing = np.full(len(at), np.nan)
    path = kept(tmp_path, 4000, {"U1|V": nothing, "I1|A": nothing})
    assert analyze(Wish(path, plot=tmp_path / "x.png"), StringIO(), StringIO()) == 0
    path = kept(tmp_path, 4000, {"U1|V": at * 0, "I1|A": wave(at, 3)})
    assert analyze(Wish(path, plot=tmp_path / "y.png"), StringIO(), StringIO()) == 0


def test_the_waves_are_those_around_what_happened(tmp_path: Path) -> None:
    found = sheet(dipped(tmp_path))
    first, end = window(found)
    assert first / 4000 < 0.39
    assert end / 4000 > 0.5


def test_a_time_at_an_assumed_pace_is_hatched_and_told(tmp_path: Path) -> None:
    at = times(10_000, 1.2)
    there = (at < 0.5) | (at >= 0.9)
    lost = sheet(kept(tmp_path, 10_000, {"U1|V": wave(at, 230) * there, "I1|A": wave(at, 5)}))
    trend = lost.analysis.trends[0]
    away = (trend.at > 5400) & (trend.at < 8900)
    assert trend.carried[away].all()
    assert not trend.carried[trend.at < 5000].any()
    assert not trend.carried[trend.at > 9800].any()
    hatched = [each.count("hatched: at an assumed pace") for each in panels(lost)]
    assert hatched == [1, 1]
    [mark] = [each for each in lost.marks if each.quality == "carried"]
    assert (mark.channel, mark.first) == (0, pytest.approx(5200, abs=250))
    assert mark.count == pytest.approx(3900, abs=400)
    words = page(lost, panels(lost))
    assert "an assumed pace, 50 Hz" in words
    assert "an assumed pace" not in "".join(panels(sheet(dipped(tmp_path))))


def test_a_thinned_line_keeps_its_peaks() -> None:
    x = np.arange(100_000.0)
    y = np.sin(x / 50)
    y[77_777] = 9.0
    fewer, kept_y = thinned(x, y)
    assert len(fewer) <= 4100
    assert kept_y.max() == 9.0
    assert fewer[kept_y.argmax()] == 77_777
    assert (np.diff(fewer) >= 0).all()
    assert len(thinned(x[:100], y[:100])[0]) == 100


def test_without_matplotlib_a_picture_is_refused_and_nothing_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    out, err = StringIO(), StringIO()
    path = dipped(tmp_path)
    assert analyze(Wish(path, plot=tmp_path / "out.png"), out, err) == 2
    assert out.getvalue() == ""
    assert "--plot: found no matplotlib, expected it installed" in err.getvalue()
    assert "pip install matplotlib" in err.getvalue()
    assert not (tmp_path / "out.png").exists()
    assert analyze(Wish(path), out, StringIO()) == 0, "text needs no pictures"


def test_matplotlib_is_loaded_for_a_picture_only(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom smartpdu.app.cli import main\n"
        "main(['analyze', *sys.argv[1:]])\nsys.exit('matplotlib' in sys.modules)"
    )
    path = str(dipped(tmp_path))
    for words, loaded in (((path,), 0), ((path, "--plot", str(tmp_path / "x.png")), 1)):
        done = subprocess.run([sys.executable, "-c", program, *words], check=False, stdout=-3)
        assert done.returncode == loaded


def test_a_picture_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    path = dipped(tmp_path)
    (tmp_path / "out.html").mkdir()
    out, err = StringIO(), StringIO()
    assert analyze(Wish(path, plot=tmp_path / "out.html"), out, err) == 2
    assert "--plot, out.html: found " in err.getvalue()
    assert out.getvalue() == ""
    assert [each.name for each in tmp_path.iterdir() if ".part" in each.name] == []
