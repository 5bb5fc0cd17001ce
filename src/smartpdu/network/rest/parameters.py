"""What may stand behind the question mark: a parameter that nobody knows is refused, not ignored.

A misspelt filter that is ignored would answer with too much, and look right. Of two headers that
should be one, neither is taken.
"""

from collections import Counter

from fastapi import Request

from smartpdu.network.problem import Problem, fault, sentence

SEVERAL = frozenset({"kind", "if-none-match"})  # may stand there more than once


async def only_known(request: Request) -> None:
    """Raise a problem that names each unknown or repeated parameter and repeated header."""
    dependant = request.scope["route"].dependant
    known = [field.alias for field in dependant.query_params]
    expected = f"one of {', '.join(known)}" if known else "none"
    faults = []
    for name, times in Counter(n for n, _ in request.query_params.multi_items()).items():
        if name not in known:
            faults.append(fault(f"query.{name}", "an unknown parameter", expected))
        elif times > 1 and name not in SEVERAL:
            faults.append(fault(f"query.{name}", f"{times} of them", "one"))
    for name in (field.alias for field in dependant.header_params):
        if (times := len(request.headers.getlist(name))) > 1 and name not in SEVERAL:
            faults.append(fault(f"header.{name}", f"{times} of them", "one"))
    if faults:
        raise Problem(422, sentence(faults[0]), faults)
