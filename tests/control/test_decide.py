"""One order for each outlet, from whoever stands first."""

from hypothesis import given
from hypothesis import strategies as some

from smartpdu.control.decide import decide
from smartpdu.model.command import Priority, SwitchOutlet
from smartpdu.model.request import Refusal

wishes = some.builds(
    SwitchOutlet,
    id=some.uuids().map(str),
    place=some.sampled_from(["o1", "o2", "o3"]),
    on=some.booleans(),
    by=some.sampled_from(["olga", "otto"]),
    priority=some.sampled_from(Priority),
)


@given(some.lists(some.lists(wishes, max_size=6), max_size=4))
def test_every_wish_is_ordered_or_answered_and_no_outlet_has_two_orders(lists) -> None:
    orders, answers = decide(*lists)
    assert len({o.place for o in orders}) == len(orders)
    told = sorted([o.id for o in orders] + [a.request for a in answers])
    assert told == sorted(w.id for row in lists for w in row)


@given(some.lists(some.lists(wishes, max_size=6), max_size=4))
def test_the_first_list_wins_whatever_the_others_wish(lists) -> None:
    orders, _ = decide(*lists)
    for order in orders:
        rivals = [w for row in lists for w in row if w.place == order.place]
        assert order is rivals[0]


def test_who_lost_hears_to_whom() -> None:
    fire = SwitchOutlet("1", "o1", False, "fire", Priority.FIRE)
    olga = SwitchOutlet("2", "o1", True, "olga", Priority.PERSON)
    otto = SwitchOutlet("3", "o2", True, "otto", Priority.PERSON)
    late = SwitchOutlet("4", "o2", False, "olga", Priority.PERSON)
    orders, answers = decide([fire], [], [olga, otto, late])
    assert orders == [fire, otto]
    assert [(a.request, a.refusal) for a in answers] == [
        ("2", Refusal.OUTRANKED),
        ("4", Refusal.BUSY),
    ]
    assert "fire" in answers[0].reason
    assert "otto" in answers[1].reason


def test_fire_stands_before_overload_before_people_before_the_start() -> None:
    assert sorted(Priority) == [
        Priority.FIRE,
        Priority.OVERLOAD,
        Priority.PERSON,
        Priority.START,
    ]
