"""The chain: who changes, removes, moves or adds an event is seen; processes never fork it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from random import Random
from struct import pack, unpack

import apsw
import pytest
from store.plainly import broken, content, told

from smartpdu.store.database import Database, StoreError, open_database
from smartpdu.store.journal import (
    ALTERED,
    DAMAGED,
    GENESIS,
    INSERTED,
    MISSING,
    REORDERED,
    Entry,
    Journal,
    Verdict,
    canonical,
    seal_on,
    verify,
    walked,
)

ROWS = 9
FIELDS = ("at", "kind", "place", "body", "seal")
Row = tuple[int, float, str, str, str, bytes]


class Undone(Exception):
    """What was tried on the file is taken back."""


def after(database: Database, tamper: Callable[[apsw.Connection], object]) -> Verdict:
    """The verdict on a changed journal; the change is then taken back."""
    found: list[Verdict] = []

    def action(connection: apsw.Connection) -> None:
        for trigger in ("events_stay", "events_remain", "events_follow"):
            connection.execute(f"DROP TRIGGER {trigger}")
        tamper(connection)
        found.append(walked(connection))
        raise Undone

    with pytest.raises(Undone):
        database.write(action)
    return found[0]


def rows(database: Database) -> list[Row]:
    return database.look_up("SELECT * FROM events ORDER BY seq")


def replaced(kept: list[Row]) -> Callable[[apsw.Connection], object]:
    def tamper(connection: apsw.Connection) -> None:
        connection.execute("DELETE FROM events")
        connection.executemany("INSERT INTO events VALUES(?, ?, ?, ?, ?, ?)", kept)

    return tamper


def renumbered(kept: list[Row]) -> list[Row]:
    return [(seq, *row[1:]) for seq, row in enumerate(kept, 1)]


def test_a_chain_that_nobody_touched_holds(database: Database) -> None:
    assert verify(database) == Verdict(True, 0)
    told(database, ROWS)
    assert verify(database) == Verdict(True, ROWS)
    assert after(database, lambda connection: None) == Verdict(True, ROWS)


def flips(full: bool) -> Iterator[int]:
    """Masks by which one byte is changed."""
    return iter((1, 2, 4, 8, 16, 32, 64, 128, 255) if full else (1, 4, 32, 128))


@pytest.mark.requirement("R-12.2-4")
@pytest.mark.parametrize("field", FIELDS)
def test_each_flipped_byte_of_each_event_is_seen_where_it_is(
    database: Database, field: str, full: bool
) -> None:
    told(database, ROWS)
    tried = 0
    for row in rows(database):
        value = row[1 + FIELDS.index(field)]
        kind = (
            "REAL" if isinstance(value, float) else "BLOB" if isinstance(value, bytes) else "TEXT"
        )
        for there, mask in ((t, m) for t in range(len(image(value))) for m in flips(full)):
            verdict = after(database, flip(row[0], field, kind, value, there, mask))
            assert not verdict.ok, (row, there, mask)
            # a seal that was changed may also look like an event that was put in or taken out
            assert verdict.seq == row[0] or field == "seal", (row, there, mask, verdict)
            tried += 1
    assert tried >= ROWS * 4 * 3
    assert verify(database).ok


def image(value: float | str | bytes) -> bytes:
    if isinstance(value, float):
        return pack("<d", value)
    return value if isinstance(value, bytes) else value.encode()


def flip(
    seq: int, field: str, kind: str, value: float | str | bytes, there: int, mask: int
) -> Callable[[apsw.Connection], object]:
    """Change one byte as it lies in the file: text stays text, whatever its bytes are then."""
    changed = bytearray(image(value))
    changed[there] ^= mask
    bound: float | bytes = unpack("<d", changed)[0] if kind == "REAL" else bytes(changed)
    if isinstance(bound, float) and bound != bound:  # noqa: PLR0124 - SQLite has no NaN
        bound = float("inf")
    query = f"UPDATE events SET {field} = CAST(? AS {kind}) WHERE seq = ?"
    return lambda connection: connection.execute(query, (bound, seq))


@pytest.mark.parametrize("field", FIELDS)
def test_a_value_of_another_type_with_the_same_bytes_is_seen(
    database: Database, field: str
) -> None:
    told(database, ROWS)
    other = "TEXT" if field in {"seal", "at"} else "BLOB"
    for seq in range(1, ROWS + 1):
        query = f"UPDATE events SET {field} = CAST({field} AS {other}) WHERE seq = {seq}"
        verdict = after(database, lambda connection, q=query: connection.execute(q))
        if field == "at":  # a column of numbers takes a number that is written as text
            assert verdict.ok
        else:
            assert not verdict.ok


@pytest.mark.requirement("R-12.2-4")
def test_each_event_that_was_taken_out_is_missed_whether_the_others_moved_up_or_not(
    database: Database,
) -> None:
    told(database, ROWS)
    kept = rows(database)
    for gone in range(ROWS - 1):
        rest = kept[:gone] + kept[gone + 1 :]
        assert after(database, replaced(rest)) == Verdict(False, gone, gone + 1, MISSING)
        # of the last one nobody can tell what came between: there is none behind it to ask
        why = MISSING if gone < ROWS - 2 else ALTERED
        assert after(database, replaced(renumbered(rest))) == Verdict(False, gone, gone + 1, why)


def test_several_events_that_were_taken_out_are_missed(database: Database) -> None:
    told(database, ROWS)
    kept = rows(database)
    for first in range(ROWS - 1):
        for end in range(first + 2, ROWS):
            rest = kept[:first] + kept[end:]
            assert after(database, replaced(rest)) == Verdict(False, first, first + 1, MISSING)
            assert not after(database, replaced(renumbered(rest))).ok


@pytest.mark.requirement("R-12.2-4")
def test_each_two_events_that_were_swapped_are_seen(database: Database) -> None:
    told(database, ROWS)
    kept = rows(database)
    for a in range(ROWS):
        for b in range(a + 1, ROWS):
            order = list(kept)
            order[a], order[b] = order[b], order[a]
            verdict = after(database, replaced(renumbered(order)))
            assert (verdict.ok, verdict.count) == (False, a), (a, b, verdict)
            assert verdict.seq in {a + 1, a + 2}
            assert verdict.why in {REORDERED, INSERTED, MISSING}


def test_all_events_in_another_order_are_seen(database: Database) -> None:
    told(database, ROWS)
    kept = rows(database)
    assert not after(database, replaced(renumbered(kept[::-1]))).ok
    for shift in range(1, ROWS):
        assert not after(database, replaced(renumbered(kept[shift:] + kept[:shift]))).ok


def forged(kept: list[Row], place: int, good_seal: bool) -> list[Row]:
    """The rows with one put in before a place; its seal fits the one before, or is a copy."""
    before = kept[place - 1][5] if place else GENESIS
    seq, at, kind, where, body = place + 1, 2.0, "Told", "r/1", canonical({"n": "forged"})
    seal = seal_on(before, seq, at, kind, where, body) if good_seal else kept[place - 1][5]
    return renumbered([*kept[:place], (seq, at, kind, where, body, seal), *kept[place:]])


@pytest.mark.requirement("R-12.2-4")
@pytest.mark.parametrize("good_seal", [True, False])
def test_each_event_that_was_put_in_is_seen(database: Database, good_seal: bool) -> None:
    told(database, ROWS)
    kept = rows(database)
    for place in range(ROWS):
        verdict = after(database, replaced(forged(kept, place, good_seal)))
        assert verdict == Verdict(False, place, place + 1, INSERTED)


def test_an_event_that_was_told_twice_is_seen(database: Database) -> None:
    told(database, ROWS)
    kept = rows(database)
    for twice in range(ROWS):
        for place in range(ROWS + 1):
            doubled = renumbered([*kept[:place], kept[twice], *kept[place:]])
            if doubled[:ROWS] != kept:
                assert not after(database, replaced(doubled)).ok
    assert not after(database, replaced(renumbered([*kept, kept[-1]]))).ok


def test_events_before_the_first_are_seen(database: Database) -> None:
    told(database, ROWS)
    kept = rows(database)
    for seq in (0, -1, -(2**63)):
        verdict = after(database, replaced([(seq, *kept[0][1:]), *kept]))
        assert verdict == Verdict(False, 0, seq, INSERTED)


@pytest.mark.requirement("R-12.2-4")
def test_each_changed_byte_of_the_file_is_seen_or_changes_nothing_that_is_read(
    tmp_path: Path, full: bool
) -> None:
    path = tmp_path / "smartpdu.db"
    database = open_database(path)
    told(database, 40)
    whole = content(Journal(database).read(0, 1_000))
    database.close()
    good, dice = path.read_bytes(), Random(7)
    seen = unread = 0
    filled = [place for place, byte in enumerate(good) if byte][:: 1 if full else 13]
    empty = [place for place, byte in enumerate(good) if not byte][:: 7 if full else 611]
    for place in filled + empty:
        changed = bytearray(good)
        changed[place] ^= 1 << dice.randrange(8)
        path.write_bytes(changed)
        try:
            again = open_database(path)
        except StoreError:
            seen += 1
            continue
        try:
            ok, read = verify(again).ok, content(Journal(again).read(0, 1_000))
        except StoreError:
            ok, read = False, []
        finally:
            again.close()
        assert not ok or read == whole, f"byte {place} of the file was changed, and nobody saw it"
        seen, unread = seen + (not ok), unread + ok
    assert seen > len(filled) // 2
    assert unread >= len(empty) // 2


def test_a_table_in_which_a_search_is_led_astray_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "smartpdu.db"
    database = open_database(path)
    told(database, 300)
    query = "SELECT rootpage FROM sqlite_master WHERE name = 'events'"
    root = (database.look_up(query)[0][0] - 1) * 4_096
    database.close()
    page = bytearray(path.read_bytes())
    assert page[root] == 5, "the table is so small that it has no page above its leaves"
    cell = root + int.from_bytes(page[root + 12 : root + 14], "big")
    assert page[cell + 4] < 100  # the greatest number below the first branch, one byte up to 127
    page[cell + 4] = 127
    path.write_bytes(page)
    database = open_database(path)
    assert [r.seq for r in Journal(database).read(110, 1)] != [111]
    assert verify(database) == Verdict(False, 300, None, DAMAGED)
    database.close()


def test_a_table_whose_numbers_are_no_numbers_any_more_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "smartpdu.db"
    database = open_database(path)
    told(database, 5)
    database.close()
    content = path.read_bytes()
    assert content.count(b"seq INTEGER PRIMARY KEY") == 1
    path.write_bytes(content.replace(b"seq INTEGER PRIMARY", b"seq INTEGER PRIMARX"))
    database = open_database(path)
    assert verify(database) == Verdict(False, 0, None, DAMAGED)
    database.close()


APPENDS = """
import random, sys, time
from pathlib import Path
from smartpdu.store import journal
from smartpdu.store.database import open_database, rows
path, name, count, stale = sys.argv[1:]
book = journal.Journal(open_database(Path(path)))
if stale == "stale":
    # as a copy would do that looks for the last seal before its transaction begins
    known = [journal.GENESIS]
    whole = journal.seal_on
    def seal_on(before, *facts):
        return whole(known[0], *facts)
    journal.seal_on = seal_on
print("ready", flush=True)
sys.stdin.readline()
for n in range(int(count)):
    if stale == "stale":
        last = book.read(book.last() - 1, 1)
        known[0] = last[0].seal if last else journal.GENESIS
    kept = book.append([journal.Entry(1.0, "Told", name, {"n": n})])
    print(kept[0].seq, kept[0].seal.hex(), flush=True)
    time.sleep(random.random() / 500)  # else one has done all before another gets its turn
"""


def raced(path: Path, processes: int, count: int, how: str = "") -> list[list[list[str]]]:
    """Let processes append to one journal at the same time; what each was acknowledged."""
    order = [sys.executable, "-c", APPENDS, str(path)]
    pipe = subprocess.PIPE
    running = [
        subprocess.Popen([*order, f"p{n}", str(count), how], stdin=pipe, stdout=pipe, text=True)
        for n in range(processes)
    ]
    try:
        for one in running:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        for one in running:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        told = [one.communicate(timeout=120)[0].split("\n")[:-1] for one in running]
        assert [one.returncode for one in running] == [0] * processes
    finally:
        for one in running:
            one.kill()
            one.wait()
    return [[line.split() for line in lines] for lines in told]


@pytest.mark.requirement("R-12.2-4")
def test_processes_that_append_at_once_make_one_chain(tmp_path: Path, full: bool) -> None:
    path, processes, count = tmp_path / "smartpdu.db", 3, 2_000 if full else 150
    open_database(path).close()
    told = raced(path, processes, count)
    database = open_database(path)
    assert verify(database) == Verdict(True, processes * count)
    kept = Journal(database).read(0, 10**6)
    for number, acked in enumerate(told):
        own = [r for r in kept if r.place == f"p{number}"]
        assert [r.body["n"] for r in own] == list(range(count))
        assert [[str(r.seq), r.seal.hex()] for r in own] == acked
    turns = sum(a.place != b.place for a, b in pairwise(kept))
    assert turns > count / 3, "they did not append at the same time"
    database.close()


def test_a_copy_that_takes_the_seal_before_its_transaction_is_caught(tmp_path: Path) -> None:
    path = tmp_path / "smartpdu.db"
    open_database(path).close()
    raced(path, 3, 150, "stale")
    database = open_database(path)
    assert not verify(database).ok
    database.close()


def test_the_seal_of_the_last_event_is_what_the_next_one_stands_on(database: Database) -> None:
    told(database, 2)
    broken(database, "UPDATE events SET seal = zeroblob(32) WHERE seq = 2")
    Journal(database).append([Entry(1.0, "Told", "r", {})])
    assert verify(database) == Verdict(False, 1, 2, ALTERED)
