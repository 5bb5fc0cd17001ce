"""Who may ask for what: the whole table, and that nothing happens for who may not."""

import pytest
from story import HOUSE, OPERATOR, VIEWER, tell

from smartpdu.control.authority import authorise, may
from smartpdu.model import request
from smartpdu.model.event import RequestRefused
from smartpdu.model.request import (
    Acknowledge,
    ReadBack,
    Recover,
    Refusal,
    Request,
    Role,
    Shelve,
    Switch,
    Unshelve,
    Withdraw,
)
from smartpdu.model.rule import Level

OUTLET = "rack/A/outlet/1"


@pytest.mark.requirement("R-14.2-2")
@pytest.mark.parametrize(
    ("kind", "roles"),
    [
        (Switch, {Role.OPERATOR, Role.ADMIN}),
        (Acknowledge, {Role.OPERATOR, Role.ADMIN}),
        (Shelve, {Role.OPERATOR, Role.ADMIN}),
        (Unshelve, {Role.OPERATOR, Role.ADMIN}),
        (Withdraw, {Role.ADMIN}),
        (Recover, {Role.ADMIN}),
        (ReadBack, {Role.ADMIN}),
        (Request, set()),
    ],
)
def test_each_role_may_ask_for_its_own_and_no_more(kind: type[Request], roles: set[Role]) -> None:
    assert {role for role in Role if may(role, kind)} == roles


def test_every_kind_of_request_was_thought_of() -> None:
    kinds = [
        kind
        for kind in vars(request).values()
        if isinstance(kind, type) and issubclass(kind, Request) and kind is not Request
    ]
    assert len(kinds) >= 6
    assert all(may(Role.ADMIN, kind) for kind in kinds)


def test_a_request_is_granted_or_answered_and_never_both() -> None:
    asked = [Switch("1", VIEWER, OUTLET, True), Switch("2", OPERATOR, OUTLET, True)]
    granted, answers = authorise(asked)
    assert [r.id for r in granted] == ["2"]
    assert [(a.request, a.refusal) for a in answers] == [("1", Refusal.FORBIDDEN)]


@pytest.mark.requirement("R-14.2-2")
def test_a_viewer_moves_nothing_and_the_attempt_is_kept() -> None:
    story = tell()
    story.lasts(1)
    asked = story.switches(OUTLET, False, by=VIEWER)
    story.lasts(3)
    assert story.commands == []
    assert story.answer(asked).refusal is Refusal.FORBIDDEN
    assert [(e.request, e.by, e.refusal) for e in story.told(RequestRefused)] == [
        (asked, "viktor", "forbidden")
    ]


@pytest.mark.requirement("R-14.2-2")
def test_a_viewer_neither_acknowledges_nor_shelves() -> None:
    story = tell()
    story.now.circuits.closed[0] = 0.0
    story.lasts(1)
    place = story.plant.circuits.path[0]
    story.acknowledges("breaker.open", place, by=VIEWER)
    story.asks(Shelve("s", VIEWER, place, "breaker.open", story.at + 60, "no"))
    before = story.state.alarms
    story.lasts(1)
    assert story.state.alarms == before
    assert story.standing() == {("breaker.open", place): Level.CRITICAL}
    assert {a.refusal for a in story.answers} == {Refusal.FORBIDDEN}


def test_the_loops_own_words_count_only_from_the_house() -> None:
    story = tell()
    story.deaf.add(OUTLET)
    story.lasts(1)
    order = story.switches(OUTLET, False)
    story.lasts(1)
    story.asks(Withdraw("w", OPERATOR, OUTLET, order, "I say so"))
    story.asks(Recover("r", OPERATOR, "rack/A/outlet/2", "x", False, "me"))
    story.lasts(1)
    assert {a.request: a.refusal for a in story.answers if a.refusal} == {
        "w": Refusal.FORBIDDEN,
        "r": Refusal.FORBIDDEN,
    }
    assert set(story.state.orders) == {OUTLET}
    story.asks(Withdraw("w2", HOUSE, OUTLET, order, "disk full"))
    story.lasts(1)
    assert story.state.orders == {}
