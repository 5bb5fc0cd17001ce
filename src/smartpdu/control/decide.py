"""One order for each outlet: fire before overload before people before the start sequence."""

from collections.abc import Iterable

from smartpdu.model.command import SwitchOutlet
from smartpdu.model.request import Answer, Refusal


def decide(*wishes: Iterable[SwitchOutlet]) -> tuple[list[SwitchOutlet], list[Answer]]:
    """The first order for each outlet in the order of the lists, and an answer to each other."""
    orders: dict[str, SwitchOutlet] = {}
    answers: list[Answer] = []
    for wish in (wish for row in wishes for wish in row):
        first = orders.setdefault(wish.place, wish)
        if first is not wish:
            answers.append(_outranked(wish, first))
    return list(orders.values()), answers


def _outranked(wish: SwitchOutlet, first: SwitchOutlet) -> Answer:
    if wish.priority == first.priority:
        return Answer(wish.id, Refusal.BUSY, f"{first.by} asked for this outlet first")
    reason = f"an order of {first.priority.name.lower()} stands at this outlet"
    return Answer(wish.id, Refusal.OUTRANKED, reason)
