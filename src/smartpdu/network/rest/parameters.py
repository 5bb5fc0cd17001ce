"""What may stand behind the question mark: a parameter that nobody knows is refused, not ignored.

A misspelt filter that is ignored would answer with too much, and look right.
"""

from collections import Counter

from fastapi import Request

from smartpdu.network.problem import Problem

SEVERAL = frozenset({"kind"})  # may stand there more than once


async def only_known(request: Request) -> None:
    """Raise a problem that names each unknown or repeated query parameter of a request."""
    known = [field.alias for field in request.scope["route"].dependant.query_params]
    expected = f"one of {', '.join(known)}" if known else "none"
    faults = []
    for name, times in Counter(n for n, _ in request.query_params.multi_items()).items():
        if name not in known:
            faults.append(_fault(name, "an unknown parameter", expected))
        elif times > 1 and name not in SEVERAL:
            faults.append(_fault(name, f"{times} of them", "one"))
    if faults:
        raise Problem(422, f"query.{faults[0]['field'][6:]}: {faults[0]['found']}", faults)


def _fault(name: str, found: str, expected: str) -> dict[str, str]:
    return {"field": f"query.{name}"[:80], "found": found, "expected": expected}
