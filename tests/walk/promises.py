"""What must be true after any number of kills: the journal, the relays and the answers agree."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from walk.program import ENDS

from smartpdu.model.rule import Level
from smartpdu.network.rest.events import plain
from smartpdu.runtime.view import Told
from smartpdu.store.journal import Record, Verdict


@dataclass(frozen=True, slots=True)
class Try:
    """One order with a key, what it was told before the kill and after it, and where that hit."""

    key: str
    row: int
    on: bool
    told: tuple[str, ...]  # ids of the commands that were acknowledged
    replayed: bool  # whether the retry was acknowledged
    hit: str  # before the intent, after the pulse...


@dataclass(frozen=True, slots=True)
class Kept:
    """A command as the memory has it in the end."""

    id: str
    key: str | None
    place: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known in the end."""

    tries: Sequence[Try]
    arrived: Sequence[tuple[str, int, bool, bool]]  # command, relay, on, whether it moved
    shown: Mapping[int, Mapping[str, Any]]  # events that a follower saw
    twice: Sequence[str]  # numbers under which a follower saw two events
    events: Sequence[Record]
    verdict: Verdict
    commands: Sequence[Kept]
    log: str
    ended: str  # why the program could not go on, or nothing


def broken(facts: Facts) -> list[str]:
    """Every promise that was broken, in words."""
    wrong = [f"the journal does not verify: {facts.verdict}"] if not facts.verdict.ok else []
    wrong += [f"two events under one number: {words}" for words in facts.twice]
    wrong += [f"the program could not go on: {facts.ended}"] if facts.ended else []
    wrong += ["a traceback in the log"] if "Traceback" in facts.log else []
    wrong += _lost(facts)
    wrong += _sent(facts)
    wrong += _keys(facts)
    wrong += _ends(facts)
    wrong += _turns(facts)
    wrong += _alarms(facts.events)
    return wrong


def _lost(facts: Facts) -> Iterator[str]:
    """Events that were shown, and orders that were acknowledged, and are not kept; unshown ones."""
    kept = {e.seq: plain(Told(e.seq, e.at, e.kind, e.place, e.body)) for e in facts.events}
    for seq, event in facts.shown.items():
        if kept.get(seq) != event:
            yield f"shown and lost: {event}, found {kept.get(seq)}"
    for seq in range(1, max(facts.shown, default=0)):
        if seq not in facts.shown:
            yield f"the follower was never shown event {seq}"
    intended = {e.body["command"] for e in facts.events if e.kind == "CommandIntended"}
    for one in facts.tries:
        for id in one.told:
            if id not in intended:
                yield f"acknowledged and lost: {one.key} {id}"


def _sent(facts: Facts) -> Iterator[str]:
    """Orders that left twice, or without a record."""
    intended = {e.body["command"] for e in facts.events if e.kind == "CommandIntended"}
    for id, times in Counter(id for id, *_ in facts.arrived).items():
        if times > 1:
            yield f"sent {times} times: {id}"
        if id not in intended:
            yield f"sent without a record: {id}"


def _keys(facts: Facts) -> Iterator[str]:
    """Keys with no command or more than one, and retries that were not answered."""
    known = {c.key: c for c in facts.commands}
    orders = Counter(e.place for e in facts.events if e.kind == "CommandIntended")
    for row, tries in Counter(one.row for one in facts.tries).items():
        if orders[place(row)] != tries:
            yield f"{tries} keys, {orders[place(row)]} commands at {place(row)}"
    for one in facts.tries:
        if not one.replayed:
            yield f"the retry was not acknowledged: {one.key}"
        elif one.key not in known or {known[one.key].id} != set(one.told):
            yield f"one key, other commands: {one.key} {one.told}"


def _ends(facts: Facts) -> Iterator[str]:
    """Commands without a true end, or with more than one."""
    moved = {id for id, _, _, moved in facts.arrived if moved}
    told: dict[str, list[str]] = defaultdict(list)
    for event in facts.events:
        if event.kind in ENDS:
            told[event.body["command"]].append(ENDS[event.kind])
    for c in facts.commands:
        if told[c.id] != [c.state]:
            yield f"{c.state}, but told as {told[c.id]}: {c}"
        if c.state != ("done" if c.id in moved else "refused"):
            yield f"{c.state}, but the relay {'moved' if c.id in moved else 'did not move'}: {c}"


def _turns(facts: Facts) -> Iterator[str]:
    """Outlets whose turns the journal does not tell as they were."""
    told: dict[str, list[bool]] = defaultdict(list)
    for event in facts.events:
        if event.kind == "OutletTurned":
            told[event.place].append(event.body["on"])
    for where, turns in told.items():
        if any(a == b for a, b in pairwise(turns)):
            yield f"turned twice in the same way: {where} {turns}"
    for row in {one.row for one in facts.tries}:
        true = [on for _, moved, on, did in facts.arrived if moved == row and did]
        if told[place(row)] != true:
            yield f"{place(row)} was told as {told[place(row)]}, and moved as {true}"


def _alarms(events: Iterable[Record]) -> Iterator[str]:
    """Alarms that were raised while they stood, or cleared while they did not."""
    levels: dict[tuple[str, str], int] = defaultdict(int)
    for event in events:
        name = (event.body.get("rule", ""), event.place)
        before = levels[name]
        match event.kind:
            case "AlarmRaised":
                levels[name] = Level[event.body["level"].upper()]
                fits = levels[name] > before
            case "AlarmEased":
                levels[name] = Level[event.body["level"].upper()]
                fits = levels[name] < before
            case "AlarmCleared":
                levels[name] = 0
                fits = before > 0
            case _:
                continue
        if not fits:
            yield f"{event.kind} {event.seq} of {name}, whose level was {before}"


def place(row: int) -> str:
    """The path of an outlet."""
    return f"r/A/outlet/{row}"
