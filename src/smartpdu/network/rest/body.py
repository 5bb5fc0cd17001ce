"""A body means one thing only: no key stands twice in it, and every word is one of JSON.

Python's reader takes the last of two keys, and takes NaN; another reader, as that of a proxy, may
take the first. An order that two readers understand differently moves nothing.
"""

import json
from collections import Counter
from typing import Any, NoReturn

from fastapi import Request

from smartpdu.network.problem import Problem, fault, sentence


async def only_plain(request: Request) -> None:
    """Raise a problem where a body is not UTF-8, has a key twice, or a word that is not JSON's."""
    body = await request.body()
    if not body:
        return
    try:
        json.loads(body.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_Foreign)
    except ValueError:  # the reader before this one guesses at other codings; RFC 8259 has one
        told = fault("body", "another coding", "JSON in UTF-8")
        raise Problem(422, sentence(told), [told]) from None
    except RecursionError:  # this reader stands a little deeper than the one before it
        told = fault("body", "an object in an object, and so on", "one that is less deep")
        raise Problem(422, sentence(told), [told]) from None


class _Foreign(str):
    """A word that Python takes for a number, and JSON does not know."""

    __slots__ = ()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for key, times in Counter(key for key, _ in pairs).items():
        if times > 1:
            _fail(key, f"{times} of them", "one")
    for key, value in pairs:
        if isinstance(value, _Foreign):
            _fail(key, str(value), "a value of JSON, which has no such word")
    return dict(pairs)


def _fail(key: str, found: str, expected: str) -> NoReturn:
    told = fault(f"body.{key}", found, expected)
    raise Problem(422, sentence(told), [told])
