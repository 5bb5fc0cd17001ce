"""`smartpdu verify`: each change of the journal is found, and what seals cannot show is said."""

import io
import json
import re
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from app.test_cli import spoken
from hypothesis import given
from hypothesis import strategies as some
from program import Program
from store.plainly import often, told

from smartpdu.app import verify as verifying
from smartpdu.runtime.proof import NEWEST
from smartpdu.store import journal, proof
from smartpdu.store.database import open_database
from smartpdu.store.journal import GENESIS, Entry, Journal, canonical, seal_on

ROWS = 9
Row = tuple[int, float, str, str, str, bytes]
COLUMNS = "seq, at, kind, place, body, seal"


def filled(folder: Path, count: int = ROWS) -> Path:
    """A data directory with some events."""
    database = open_database(folder / "smartpdu.db")
    told(database, count)
    database.close()
    return folder


def rows(folder: Path) -> list[Row]:
    with sqlite3.connect(folder / "smartpdu.db") as file:
        found: list[Row] = file.execute(f"SELECT {COLUMNS} FROM events ORDER BY seq").fetchall()
    file.close()
    return found


def replaced(folder: Path, kept: list[Row]) -> None:
    """What somebody does who has the file in his hands: other rows, and the triggers as before."""
    with sqlite3.connect(folder / "smartpdu.db") as file:
        triggers = file.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        for name, sql in triggers.fetchall():
            file.execute(f"DROP TRIGGER {name}")
            if name == "commands_end":
                file.execute(sql)
        file.execute("DELETE FROM events")
        file.executemany("INSERT INTO events VALUES(?, ?, ?, ?, ?, ?)", kept)
    file.close()


def anew(kept: list[Row]) -> list[Row]:
    """The rows with numbers and seals made anew, as only this program should."""
    chain: list[Row] = []
    for seq, (_, at, kind, place, body, _) in enumerate(kept, 1):
        before = chain[-1][5] if chain else GENESIS
        chain.append((seq, at, kind, place, body, seal_on(before, seq, at, kind, place, body)))
    return chain


def renumbered(kept: list[Row]) -> list[Row]:
    return [(seq, *row[1:]) for seq, row in enumerate(kept, 1)]


def edited(row: Row) -> Row:
    return (*row[:4], canonical({"n": "other"}), row[5])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return filled(tmp_path)


def last_seal(data: Path) -> str:
    return rows(data)[-1][5].hex()


@pytest.mark.requirement("R-12.2-4")
def test_a_whole_journal_tells_how_much_from_when_to_when_and_its_last_seal(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = spoken(capsys, "verify", "--data", data)

    assert (code, err) == (0, "")
    span = "from 2001-09-09T01:46:40+00:00 to 2001-09-09T01:46:41+00:00"
    assert f"{data}/smartpdu.db: 9 events, {span}: the chain of seals is whole" in out
    assert f"last seal: {last_seal(data)}\n" in out
    assert "cut off" in out, "what the seals cannot show is said"
    code, out, _ = spoken(capsys, "verify", "--data", data, "--json", "--seal", last_seal(data))
    assert code == 0
    assert json.loads(out) == {
        "file": f"{data}/smartpdu.db",
        "whole": True,
        "events": 9,
        "first": "2001-09-09T01:46:40+00:00",
        "last": "2001-09-09T01:46:41+00:00",
        "seal": last_seal(data),
        "broken": None,
        "kept": {"seal": last_seal(data), "event": 9},
    }


CHANGES: dict[str, tuple[Callable[[list[Row]], list[Row]], int, str]] = {
    "edited": (lambda r: [*r[:3], edited(r[3]), *r[4:]], 4, "altered"),
    "edited, own seal anew": (lambda r: [*r[:3], anew([*r[:3], edited(r[3])])[3], *r[4:]], 5, ""),
    "deleted": (lambda r: [*r[:3], *r[4:]], 4, "missing"),
    "deleted, the rest moved up": (lambda r: renumbered([*r[:3], *r[4:]]), 4, "missing"),
    "first deleted": (lambda r: r[1:], 1, "missing"),
    "swapped": (lambda r: renumbered([*r[:3], r[5], r[4], r[3], *r[6:]]), 4, "reordered"),
    "inserted": (lambda r: renumbered([*r[:3], edited(r[0]), *r[3:]]), 4, "inserted"),
    "before the first": (lambda r: [(0, *r[0][1:]), *r], 0, "inserted"),
}


@pytest.mark.requirement("R-12.2-4")
@pytest.mark.parametrize("what", CHANGES)
def test_each_kind_of_change_is_told_with_the_event_at_which_it_is(
    data: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    change, event, why = CHANGES[what]
    replaced(data, change(rows(data)))

    code, out, _ = spoken(capsys, "verify", "--data", data)
    assert code == 1
    assert f"BROKEN at event {event}: " in out
    assert verifying.WORDS[why] in out if why else True
    assert "whole" not in out
    code, out, _ = spoken(capsys, "verify", "--data", data, "--json")
    facts = json.loads(out)
    assert (code, facts["whole"], facts["broken"]["event"]) == (1, False, event)
    assert facts["events"] == max(0, event - 1)


@pytest.mark.requirement("R-12.2-4")
@pytest.mark.parametrize(
    "change", [lambda r: r[:-2], lambda r: anew([*r[:3], edited(r[3]), *r[4:]])]
)
def test_what_was_cut_off_or_sealed_anew_is_seen_by_whoever_kept_a_seal_and_by_nobody_else(
    data: Path, capsys: pytest.CaptureFixture[str], change: Callable[[list[Row]], list[Row]]
) -> None:
    kept = rows(data)
    replaced(data, change(kept))

    assert spoken(capsys, "verify", "--data", data)[0] == 0
    code, out, _ = spoken(capsys, "verify", "--data", data, "--seal", kept[-1][5].hex())
    assert code == 1
    assert "the kept seal is NOT in the chain" in out
    code, out, _ = spoken(capsys, "verify", "--data", data, "--seal", kept[2][5].hex().upper())
    assert code == 0
    assert "that of event 3: all up to it is as it was then" in out


def test_a_kept_seal_still_vouches_for_what_stands_before_a_break(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = rows(data)
    replaced(data, [*kept[:5], edited(kept[5]), *kept[6:]])

    code, out, _ = spoken(capsys, "verify", "--data", data, "--seal", kept[3][5].hex())
    assert code == 1
    assert "BROKEN at event 6" in out
    assert "that of event 4" in out
    code, out, _ = spoken(capsys, "verify", "--data", data, "--seal", kept[8][5].hex())
    assert code == 1
    assert "not in the part that fits" in out


def changed(draw: some.DataObject, kept: list[Row], now: list[Row]) -> list[Row]:
    """The rows after one more change by somebody who has the file in his hands."""
    place = draw.draw(some.integers(0, len(now) - 1))
    one = draw.draw(some.sampled_from(kept))
    other = draw.draw(some.integers(0, len(now) - 1))
    column = draw.draw(some.integers(1, 5))
    row = now[place]
    swapped = list(now)
    swapped[place], swapped[other] = swapped[other], swapped[place]
    ways = {
        "edit": [*now[:place], (*row[:column], one[column], *row[column + 1 :]), *now[place + 1 :]],
        "take out": [*now[:place], *now[place + 1 :]],
        "put in": [*now[:place], one, *now[place:]],
        "swap": swapped,
        "cut off": now[:place],
        "number": renumbered(now),
        "seal anew": [*now[:place], *anew(now)[place:]],
    }
    return ways[draw.draw(some.sampled_from(sorted(ways)))]


@often(60, 3_000)
@given(some.data())
def test_after_random_changes_only_the_journal_as_it_was_passes_with_its_last_seal(
    draw: some.DataObject,
) -> None:
    with TemporaryDirectory() as folder:
        data = filled(Path(folder))
        kept = rows(data)
        now = list(kept)
        for _ in range(draw.draw(some.integers(0, 4))):
            now = changed(draw, kept, now) if now else now
        if len({row[0] for row in now}) < len(now):  # no file can hold two of one number
            now = renumbered(now)
        replaced(data, now)
        now = rows(data)
        code = verifying.verify(data, kept[-1][5].hex(), True, io.StringIO(), io.StringIO())
        assert (code == 0) == (now == anew(now) and now[:ROWS] == kept), now
        alone = verifying.verify(data, None, True, io.StringIO(), io.StringIO())
        assert (alone == 0) == (now == anew(now)), now


def test_nothing_is_written_and_no_file_is_left_beside_it(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in data.iterdir()}
    assert list(before) == ["smartpdu.db"]

    assert spoken(capsys, "verify", "--data", data)[0] == 0
    assert {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in data.iterdir()} == before


@pytest.mark.parametrize(
    "seal", ["", "12", "x" * 64, "0" * 63, "0" * 65, "é" * 64, "00 " * 21 + "0"]
)
def test_a_seal_that_is_none_is_bad_input(
    data: Path, capsys: pytest.CaptureFixture[str], seal: str
) -> None:
    code, out, err = spoken(capsys, "verify", "--data", data, "--seal", seal)
    assert (code, out) == (2, "")
    assert "expected 64 hexadecimal digits" in err


def test_where_nothing_can_be_looked_at_the_exit_code_is_2_and_nothing_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def told_of(name: str, content: bytes | None, words: str) -> None:
        folder = tmp_path / name
        if content is not None:
            folder.mkdir()
            (folder / "smartpdu.db").write_bytes(content)
        code, out, err = spoken(capsys, "verify", "--data", folder)
        assert (code, out) == (2, ""), name
        assert words in err, err
        assert "smartpdu.db" in err or content is None
        assert [p.name for p in folder.glob("*")] == ([] if content is None else ["smartpdu.db"])

    whole = (filled(tmp_path) / "smartpdu.db").read_bytes()
    told_of("nowhere", None, "there is no SmartPDU data directory at")
    told_of("text", b"no database at all" * 100, "not a database")
    told_of("empty", b"", "no memory of SmartPDU")
    told_of("cut", whole[:6_000], "the file is damaged")
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as file:
        file.execute("CREATE TABLE events(seq INTEGER)")
    file.close()
    told_of("other", other.read_bytes(), "no memory of SmartPDU")
    newer = whole[:60] + (99).to_bytes(4, "big") + whole[64:]
    told_of("newer", newer, "found form 99 of the memory")


def test_an_empty_journal_is_whole_and_its_seal_shows_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    open_database(tmp_path / "smartpdu.db").close()
    code, out, _ = spoken(capsys, "verify", "--data", tmp_path, "--seal", GENESIS.hex())
    assert code == 0
    assert "0 events: the chain" in out
    assert "it shows nothing" in out


def test_what_takes_long_shows_how_far_it_is_on_a_terminal_and_wipes_it_away(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(proof, "BATCH", 3)
    quick, slow = Terminal(), Terminal()
    assert verifying.verify(data, None, False, io.StringIO(), quick) == 0
    monkeypatch.setattr(verifying, "QUIET", -1.0)
    assert verifying.verify(data, None, False, io.StringIO(), slow) == 0
    assert re.findall(r"\[(#* *)\] +(\d+)% of 9 events", slow.getvalue()) == [
        (f"{'#' * n:<30}", str(share)) for n, share in ((10, 33), (20, 67), (30, 100))
    ]
    assert slow.getvalue().endswith("\r\x1b[K")
    assert "#" not in quick.getvalue()


def test_each_verdict_has_words() -> None:
    names = ("ALTERED", "MISSING", "REORDERED", "INSERTED", "DAMAGED")
    assert set(verifying.WORDS) == {getattr(journal, name) for name in names}


def test_events_that_are_written_meanwhile_do_no_harm(data: Path) -> None:
    database = open_database(data / "smartpdu.db")
    book, counts = Journal(database), list[int]()
    for n in range(30):
        book.append([Entry(2e9 + n, "Told", "r", {"n": n})])
        found = proof.prove(data / "smartpdu.db", b"", lambda done, total: None)
        assert found.verdict.ok
        counts.append(found.verdict.count)
    database.close()
    assert counts == list(range(ROWS + 1, ROWS + 31)), "what lies in the log alone counts too"


def test_a_program_that_starts_while_the_quiet_file_is_read_makes_it_read_again(
    data: Path,
) -> None:
    opened = []

    def starts(_done: int, _total: int) -> None:
        if not opened:
            opened.append(open_database(data / "smartpdu.db"))
            Journal(opened[0]).append([Entry(2e9, "Told", "r", {})])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proof, "BATCH", 1)
        found = proof.prove(data / "smartpdu.db", b"", starts)
    assert (found.verdict.ok, found.verdict.count) == (True, ROWS + 1)
    opened[0].close()


@pytest.mark.requirement("R-12.2-4")
def test_it_looks_while_the_program_runs_and_the_program_tells_a_broken_journal_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Program(tmp_path / "first") as program:
        program.comes_in("viewer")
        data = program.data
        code, out, _ = spoken(capsys, "verify", "--data", data)
        assert code == 0
        seal = re.findall(r"last seal: (\w{64})", out)[0]
        assert program.rows("racks"), "it goes on as before"
        program.stop(signal.SIGKILL)
    assert "journal_broken" not in program.err.read_text()
    code, out, _ = spoken(capsys, "verify", "--data", data, "--seal", seal)
    assert code == 0, "nothing that was told is lost by a kill"
    kept = rows(data)
    replaced(data, [edited(kept[0]), *kept[1:]])
    with Program(tmp_path / "second", data=data) as program:
        program.comes_in("viewer")
        assert program.rows("racks")
        told = [line for line in program.err.read_text().splitlines() if "journal_broken" in line]
        assert len(told) == 1
        assert " number=1 " in told[0]
        assert program.stop() == 0
    code, out, _ = spoken(capsys, "verify", "--data", data, "--seal", seal)
    assert code == 1
    assert "BROKEN at event 1:" in out


@pytest.mark.parametrize(("back", "seen"), [(NEWEST - 1, True), (NEWEST + 1, False)])
def test_a_start_looks_at_the_newest_events_only(tmp_path: Path, back: int, seen: bool) -> None:
    database = open_database(tmp_path / "smartpdu.db")
    Journal(database).append([Entry(1e9 + n, "Told", "r", {"n": n}) for n in range(NEWEST + 50)])
    assert proof.newest_hold(database, NEWEST).ok
    database.close()
    kept = rows(tmp_path)
    place = len(kept) - 1 - back
    replaced(tmp_path, [*kept[:place], edited(kept[place]), *kept[place + 1 :]])
    database = open_database(tmp_path / "smartpdu.db")
    verdict = proof.newest_hold(database, NEWEST)
    assert (verdict.ok, verdict.seq) == ((False, place + 1) if seen else (True, None))
    database.close()
