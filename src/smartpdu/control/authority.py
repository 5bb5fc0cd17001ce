"""Which role may ask for what (14.2)."""

from collections.abc import Iterable

from smartpdu.model.request import (
    Acknowledge,
    Answer,
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

RANK = {Role.VIEWER: 0, Role.OPERATOR: 1, Role.ADMIN: 2}
NEEDED: dict[type[Request], Role] = {  # what is not listed nobody may ask for
    Switch: Role.OPERATOR,
    Acknowledge: Role.OPERATOR,
    Shelve: Role.OPERATOR,
    Unshelve: Role.OPERATOR,
    Withdraw: Role.ADMIN,
    Recover: Role.ADMIN,
    ReadBack: Role.ADMIN,
}


def may(role: Role, request: type[Request]) -> bool:
    """Whether a role may ask for that kind of request."""
    needed = NEEDED.get(request)
    return needed is not None and RANK[role] >= RANK[needed]


def authorise(requests: Iterable[Request]) -> tuple[list[Request], list[Answer]]:
    """The requests that are granted, and an answer to each that is not."""
    granted, answers = [], []
    for request in requests:
        if may(request.by.role, type(request)):
            granted.append(request)
        else:
            reason = f"the role {request.by.role.value} may not do that"
            answers.append(Answer(request.id, Refusal.FORBIDDEN, reason))
    return granted, answers
