"""What became of earlier orders: seen obeyed, not obeyed in time, or cut off by a restart.

The laws of this file:

1. An order is done when its outlet is read back in the state that was ordered, by a reading that
   began after the order had left; what was read before may be old, and is no answer to it.
2. One that is not seen so within the limit of the rule `switching.disobeyed` is told as disobeyed;
   its wish stands, and so does the alarm, until the outlet follows or is ordered anew.
3. One that was intended before a restart is read back and never sent again; no wish of it stands.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from smartpdu.control.switching import OBEY_WITHIN, unmet
from smartpdu.engine.house import House
from smartpdu.engine.state import Order, State
from smartpdu.model.command import Priority, SwitchOutlet
from smartpdu.model.event import (
    CommandDisobeyed,
    CommandDone,
    CommandRefused,
    Event,
)
from smartpdu.model.plant import Kind
from smartpdu.model.request import ReadBack, Recover, Request, Withdraw
from smartpdu.model.rule import Wishes
from smartpdu.model.snapshot import Snapshot

SETTLE = 3.0  # s that a relay ordered just before a restart is given to show itself


@dataclass(frozen=True, slots=True)
class Followed:
    """The orders that still stand, and what is told of the others."""

    orders: Mapping[str, Order]
    events: list[Event]
    done: list[CommandDone]

    @property
    def busy(self) -> frozenset[str]:
        """Outlets that have an open order."""
        return frozenset(p for p, o in self.orders.items() if not o.settled)

    def with_orders(self, commands: Iterable[SwitchOutlet], clock: float) -> dict[str, Order]:
        """The standing orders with new ones, each in place of a wish that was not met."""
        new = {c.place: Order(c.id, c.place, c.on, c.by, c.priority, clock) for c in commands}
        return {**self.orders, **new}


def follow(house: House, state: State, now: Snapshot, requests: Sequence[Request]) -> Followed:
    """Look at every standing order, with what the loop tells of them."""
    orders = dict(state.orders)
    events = _heard(house, orders, now, requests)
    done: list[CommandDone] = []
    for place, order in list(orders.items()):
        told = _seen(house, order, now)
        if isinstance(told, CommandDisobeyed) and not order.recovered:
            orders[place] = replace(order, settled=True)
        elif told is not None or _obeyed(house, order, now):
            del orders[place]
        if told is not None:
            events.append(told)
        if isinstance(told, CommandDone):
            done.append(told)
    return Followed(orders, events, done)


def wishes(house: House, orders: Mapping[str, Order], now: Snapshot) -> Wishes:
    """The standing orders as columns, for the rules."""
    standing = [o for o in orders.values() if not o.recovered and o.place in house.places]
    return Wishes(
        np.array([house.places[o.place][1] for o in standing], dtype=np.int64),
        np.array([float(o.on) for o in standing]),
        np.array([now.clock - o.since for o in standing]),
    )


def obey_within(house: House) -> float:
    """Seconds after which an order that is not seen obeyed counts as disobeyed."""
    for rule in house.rules:
        if rule.key == "switching.disobeyed" and isinstance(rule.limits.high_critical, float):
            return rule.limits.high_critical
    return OBEY_WITHIN


def _obeyed(house: House, order: Order, now: Snapshot) -> bool:
    known = order.read or order.recovered  # all that is read after a restart is new
    return known and not unmet(now.outlets.on, house.places[order.place][1], order.on)


def _seen(house: House, order: Order, now: Snapshot) -> Event | None:
    waited = now.clock - order.since
    facts = (now.at, order.place, order.command, order.on, order.by)
    if order.settled:
        return None
    if _obeyed(house, order, now):
        return CommandDone(*facts, "seen after a restart" if order.recovered else "read back")
    blind = bool(np.isnan(now.outlets.on[house.places[order.place][1]]))
    if order.recovered and not blind:
        gone = CommandRefused(*facts, "cut off by a restart; the outlet has not changed")
        return gone if waited >= SETTLE else None
    if waited >= obey_within(house):  # whether a blind relay moved nobody knows: never "refused"
        unseen = blind or not (order.read or order.recovered)
        return CommandDisobeyed(*facts, "no read-back" if unseen else "read back unchanged")
    return None


def _heard(
    house: House, orders: dict[str, Order], now: Snapshot, requests: Iterable[Request]
) -> list[Event]:
    """Take in which orders the loop found after a restart, withdrew, or had read back."""
    events: list[Event] = []
    for request in requests:
        if isinstance(request, Recover):
            if house.places.get(request.place, (None, 0))[0] is Kind.OUTLET:
                orders[request.place] = _recovered(request, now.clock)
            else:
                events.append(_gone(request, now.at))
        elif isinstance(request, Withdraw):
            events.extend(_withdrawn(orders, request, now.at))
        elif isinstance(request, ReadBack) and _is_of(orders, request):
            orders[request.place] = replace(orders[request.place], read=True)
    return events


def _is_of(orders: Mapping[str, Order], request: ReadBack | Withdraw) -> bool:
    """Whether the command that is spoken of is the one that stands at its outlet."""
    order = orders.get(request.place)
    return order is not None and order.command == request.command


def _recovered(request: Recover, clock: float) -> Order:
    return Order(
        request.command,
        request.place,
        request.on,
        request.owner,
        Priority.PERSON,
        clock,
        recovered=True,
    )


def _gone(request: Recover, at: float) -> Event:
    why = "cut off by a restart; its outlet is no more"
    return CommandRefused(at, request.place, request.command, request.on, request.owner, why)


def _withdrawn(orders: dict[str, Order], request: Withdraw, at: float) -> list[Event]:
    if not _is_of(orders, request):
        return []
    order = orders.pop(request.place)
    return [CommandRefused(at, order.place, order.command, order.on, order.by, request.reason)]
