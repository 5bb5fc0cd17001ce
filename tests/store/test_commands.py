"""Commands: an intent and its event are one; an end stands; a key names a person's one command."""

import sqlite3
import threading
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import strategies as some
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from store.plainly import often

from smartpdu.store.commands import ENDS, Commands, KeyReused, Order, Settled, StoredCommand
from smartpdu.store.database import Database, StoreError, open_database
from smartpdu.store.journal import Entry, Journal, verify
from smartpdu.store.settings import read_state


def order(id: str, key: str | None = None, who: str = "olga", wish: bool = True) -> Order:
    return Order(id, key, who, f"on={wish}", "r/A/outlet/1", {"on": wish}, 10.0)


def intended(at: float = 11.0) -> Entry:
    return Entry(at, "CommandIntended", "r/A/outlet/1", {})


def test_an_intent_is_found_by_id_and_by_key_after_a_restart(tmp_path: Path) -> None:
    database = open_database(tmp_path / "smartpdu.db")
    sealed = Commands(database).intend([order("c1", "k1"), order("c2")], [intended(), intended()])
    assert [s.seq for s in sealed] == [1, 2]
    database.close()
    again = open_database(tmp_path / "smartpdu.db")
    commands, wish = Commands(again), {"on": True}
    who = ("olga", "on=True", "r/A/outlet/1", wish)
    wanted = StoredCommand("c1", "k1", *who, "intended", "", 10.0, 11.0, None)
    assert commands.find("c1") == commands.by_key("olga", "k1") == wanted
    assert commands.find("c2") == StoredCommand("c2", None, *who, "intended", "", 10.0, 11.0, None)
    assert commands.find("c3") is None
    assert commands.by_key("olga", "k2") is None
    assert commands.by_key("otto", "k1") is None
    assert [c.id for c in commands.open()] == ["c1", "c2"]
    again.close()


def test_without_an_event_an_intent_is_of_the_time_it_was_asked(database: Database) -> None:
    Commands(database).intend([order("c1")], [])
    assert [c.intended for c in Commands(database).open()] == [10.0]


@pytest.mark.parametrize("wish", [True, False])
def test_a_key_of_a_person_names_one_command_and_a_second_is_kept_nowhere(
    database: Database, wish: bool
) -> None:
    commands = Commands(database)
    commands.intend([order("c1", "k")], [intended()])
    for keep in (commands.intend, lambda o, e: commands.refuse(o[0], "no", 12.0, e)):
        with pytest.raises(KeyReused, match="key 'k' of olga belongs to command c1") as taken:
            keep([order("c2", "k", wish=wish)], [intended()])
        assert (taken.value.command, taken.value.same) == ("c1", wish)
        assert ("the same wish" in str(taken.value)) == wish
    assert commands.find("c2") is None
    assert Journal(database).last() == 1
    commands.intend([order("c3", "k", "otto")], [intended()])
    found = commands.by_key("otto", "k")
    assert found is not None
    assert found.id == "c3"


def test_of_orders_of_which_one_cannot_be_kept_none_is(database: Database) -> None:
    commands = Commands(database)
    commands.intend([order("c1", "k")], [intended()])
    with pytest.raises(KeyReused):
        commands.intend([order("c2"), order("c3", "k")], [intended(), intended()])
    with pytest.raises(StoreError):
        commands.intend([order("c4"), order("c1")], [intended(), intended()])
    with pytest.raises(ValueError, match="expected UTC seconds"):
        commands.intend([order("c5")], [Entry(float("nan"), "CommandIntended", "r", {})])
    assert [c.id for c in commands.open()] == ["c1"]
    assert Journal(database).last() == 1


@pytest.mark.parametrize("end", sorted(ENDS))
def test_an_end_stands_whatever_comes_after_it(database: Database, end: str) -> None:
    commands = Commands(database)
    commands.intend([order("c1")], [])
    commands.settle([Settled("c1", end, "why", 12.0)], [Entry(12.0, "Ended", "r", {})])
    assert commands.unmoved == ()
    kept = commands.find("c1")
    assert kept is not None
    assert (kept.state, kept.reason, kept.finished) == (end, "why", 12.0)
    for other in sorted(ENDS):
        commands.settle([Settled("c1", other, "other", 13.0), Settled("c9", other, "", 13.0)], [])
        assert commands.unmoved == ("c1", "c9")
        assert commands.find("c1") == kept
    assert commands.open() == []
    assert commands.find("c9") is None
    with pytest.raises(StoreError, match="keeps it"):
        database.change("UPDATE commands SET state = 'intended' WHERE id = 'c1'")


def test_ends_events_and_states_are_one_transaction(database: Database) -> None:
    commands = Commands(database)
    commands.intend([order("c1")], [])
    good = [Settled("c1", "done", "", 12.0)]
    with pytest.raises(ValueError, match="expected UTC seconds"):
        commands.settle(good, [Entry(float("inf"), "Ended", "r", {})], ("heart", b"new"))
    assert [c.id for c in commands.open()] == ["c1"]
    assert read_state(database, "heart") is None
    sealed = commands.settle(good, [Entry(12.0, "Ended", "r", {})], ("heart", b"new"))
    assert [s.seq for s in sealed] == [1]
    assert read_state(database, "heart") == b"new"
    assert commands.open() == []


def test_an_end_that_does_not_exist_is_an_error_and_keeps_nothing(database: Database) -> None:
    commands = Commands(database)
    commands.intend([order("c1")], [])
    for end in ("intended", "Done", ""):
        with pytest.raises(ValueError, match="found end"):
            commands.settle([Settled("c1", end, "", 12.0)], [Entry(1.0, "Ended", "r", {})])
    assert [c.id for c in commands.open()] == ["c1"]
    assert Journal(database).last() == 0


def test_an_order_that_was_refused_at_once_was_never_intended(database: Database) -> None:
    commands = Commands(database)
    commands.refuse(order("c1", "k"), "locked", 12.0, [Entry(12.0, "CommandRefused", "r", {})])
    kept = commands.by_key("olga", "k")
    assert kept is not None
    assert (kept.id, kept.state, kept.reason) == ("c1", "refused", "locked")
    assert (kept.intended, kept.finished) == (None, 12.0)
    assert commands.open() == []
    assert Journal(database).last() == 1


def test_a_key_that_is_forgotten_is_free_and_its_command_stays(database: Database) -> None:
    commands = Commands(database)
    for number in range(4):
        asked = Order(f"c{number}", f"k{number}", "olga", "f", "r", {"on": True}, float(number))
        commands.intend([asked], [])
    assert commands.forget_keys(2.0) == 2
    assert commands.forget_keys(2.0) == 0
    assert [commands.by_key("olga", f"k{n}") is None for n in range(4)] == [
        True,
        True,
        False,
        False,
    ]
    assert [c.id for c in commands.open()] == ["c0", "c1", "c2", "c3"]
    commands.intend([order("c9", "k0")], [])
    with pytest.raises(KeyReused):
        commands.intend([order("c8", "k2")], [])


def test_of_those_who_use_one_key_at_once_one_gets_it(tmp_path: Path, full: bool) -> None:
    path = tmp_path / "smartpdu.db"
    books = [open_database(path) for _ in range(4)]
    for number in range(50 if full else 12):
        start, told = threading.Barrier(4), list[str]()

        def ask(book: Database, id: str, key: str = f"k{number}") -> None:
            start.wait(30)  # noqa: B023 - all are joined before the next
            try:
                Commands(book).intend([order(id, key)], [intended()])
                told.append("kept " + id)  # noqa: B023
            except KeyReused as taken:
                told.append("taken by " + taken.command)  # noqa: B023

        threads = [
            threading.Thread(target=ask, args=(book, f"c{number}.{n}"))
            for n, book in enumerate(books)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        (winner,) = (t.removeprefix("kept ") for t in told if t.startswith("kept "))
        assert sorted(told) == sorted([f"kept {winner}", *[f"taken by {winner}"] * 3])
        assert Journal(books[0]).last() == number + 1
    assert verify(books[0]).ok
    for book in books:
        book.close()


@dataclass
class Known:
    """What the test knows of a command."""

    who: str
    key: str | None
    wish: bool
    asked: float
    state: str = "intended"
    reason: str = ""
    events: list[str] = field(default_factory=list)


class Orders(RuleBasedStateMachine):
    """Whatever is asked, in whatever order, with restarts between: the file tells what was kept."""

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name) / "smartpdu.db"
        self.database = open_database(self.path)
        self.commands = Commands(self.database)
        self.known: dict[str, Known] = {}
        self.events = 0
        self.now = 100.0

    def fresh(self, key: str | None, who: str, wish: bool) -> tuple[Order, str | None]:
        """A new order, and whose key it has."""
        self.now += 1
        id = f"c{len(self.known)}"
        made = Order(id, key, who, f"on={wish}", "r", {"on": wish}, self.now)
        holder = (i for i, k in self.known.items() if key and (k.who, k.key) == (who, key))
        return made, next(holder, None)

    @rule(
        key=some.sampled_from([None, "a", "b"]),
        who=some.sampled_from(["olga", "otto"]),
        wish=some.booleans(),
        refused=some.booleans(),
    )
    def ask(self, key: str | None, who: str, wish: bool, refused: bool) -> None:
        made, holder = self.fresh(key, who, wish)
        event = Entry(self.now, "Asked", "r", {"id": made.id})

        def keep() -> None:
            if refused:
                self.commands.refuse(made, "no", self.now, [event])
            else:
                self.commands.intend([made], [event])

        if holder is not None:
            with pytest.raises(KeyReused) as taken:
                keep()
            same = self.known[holder].wish == wish
            assert (taken.value.command, taken.value.same) == (holder, same)
            return
        keep()
        self.events += 1
        state = ("refused", "no") if refused else ("intended", "")
        self.known[made.id] = Known(who, key, wish, self.now, *state)

    @rule(number=some.integers(0, 12), end=some.sampled_from(sorted(ENDS)))
    def settle(self, number: int, end: str) -> None:
        id, self.now = f"c{number}", self.now + 1
        known = self.known.get(id)
        self.commands.settle([Settled(id, end, "so", self.now)], [Entry(1.0, "Ended", "r", {})])
        self.events += 1
        if known is not None and known.state == "intended":
            assert self.commands.unmoved == ()
            known.state, known.reason = end, "so"
        else:
            assert self.commands.unmoved == (id,)

    @rule(ago=some.integers(0, 5))
    def forget(self, ago: int) -> None:
        before = self.now - ago
        held = [k for k in self.known.values() if k.key and k.asked < before]
        assert self.commands.forget_keys(before) == len(held)
        for known in held:
            known.key = None

    @rule()
    def restart(self) -> None:
        self.database.close()
        self.database = open_database(self.path)
        self.commands = Commands(self.database)

    @invariant()
    def all_is_kept(self) -> None:
        if not hasattr(self, "commands"):
            return
        for id, known in self.known.items():
            found = self.commands.find(id)
            assert found is not None
            seen = (found.principal, found.key, found.wish, found.state, found.reason)
            assert seen == (known.who, known.key, {"on": known.wish}, known.state, known.reason)
            if known.key:
                assert self.commands.by_key(known.who, known.key) == found
        opened = [id for id, known in self.known.items() if known.state == "intended"]
        assert [c.id for c in self.commands.open()] == opened
        assert verify(self.database).count == self.events

    def teardown(self) -> None:
        if hasattr(self, "commands"):
            self.database.close()
            self.folder.cleanup()


def test_commands_are_kept_through_every_course_of_things() -> None:
    run_state_machine_as_test(Orders, settings=often(20, 400))


def test_a_wish_that_is_damaged_is_a_damaged_file(database: Database, tmp_path: Path) -> None:
    Commands(database).intend([order("c1")], [])
    database.close()
    other = sqlite3.connect(tmp_path / "smartpdu.db")
    other.execute("UPDATE commands SET wish = 'no JSON'")
    other.commit()
    other.close()
    with pytest.raises(StoreError, match="the file is damaged"):
        Commands(database).find("c1")
