"""The talk with one SNMP agent: many values in a request, one request at a time (14.3).

The laws of this file:

1. Two requests to one address never overlap, whoever asks.
2. Reading goes by GETBULK over several columns at once, in answers that stay small; an agent to
   which that is still too big is asked for less, and remembered.
3. What an agent sends out of order is not believed; what it leaves out is left out.
4. A SET is sent once. Without an answer nobody knows whether it was carried out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from socket import gaierror
from typing import Any

from pyasn1.error import PyAsn1Error
from pyasn1.type.univ import Integer, ObjectIdentifier, OctetString
from pyasn1.type.univ import Null as UnivNull
from pysnmp.error import PySnmpError
from pysnmp.hlapi.v3arch.asyncio import (
    ContextData,
    Udp6TransportTarget,
    UdpTransportTarget,
    bulk_cmd,
    set_cmd,
)
from pysnmp.proto.errind import (
    AuthenticationError,
    AuthenticationFailure,
    DecryptionError,
    RequestTimedOut,
    UnknownUserName,
    UnsupportedSecurityLevel,
    WrongDigest,
)
from pysnmp.proto.rfc1902 import Integer32, Null

from smartpdu.drivers.access import Access, Switchboard
from smartpdu.drivers.source import Mistaken, NoAnswer, SourceError
from smartpdu.drivers.told import Oid, Value

LOOK = {  # what SNMPv3 refuses: the setting to look at
    UnknownUserName: "user",
    WrongDigest: "auth_key",
    AuthenticationFailure: "auth_key",
    AuthenticationError: "auth_key",
    DecryptionError: "privacy_key",
    UnsupportedSecurityLevel: "auth",
}
WIDTH = 8  # columns asked for at once
TOO_BIG = 1  # error-status of RFC 3416
MANY = 2_000  # requests for the rows of a column; a table that needs more does not make sense


@dataclass(slots=True)
class Column:
    """What is still wanted of one column, in order."""

    root: Oid
    wanted: list[Oid]
    found: dict[Oid, Value] = field(default_factory=dict)

    def take(self, answers: Sequence[tuple[Oid, Value | None]]) -> None:
        """Take what the agent told of this column; it goes on where the answers end."""
        last = before(self.wanted[0])
        for oid, value in answers:
            if value is None or oid <= last or oid[: len(self.root)] != self.root:
                self.wanted = []  # the column has ended, or the agent goes round in circles
                return
            self.found[oid] = value
            last = oid
        if answers and last < self.wanted[0]:
            self.wanted = self.wanted[1:]  # what came stands below the one before: it leads nowhere
        self.wanted = [oid for oid in self.wanted if oid > last]


class Refused(Exception):
    """An error-status that an agent answered."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Agent:
    """One agent at its address; connects when it is first asked."""

    def __init__(self, access: Access, board: Switchboard, budget: int = 40) -> None:
        """An agent; `budget` is how many values an answer may hold at most."""
        self._access = access
        self._board = board
        self._identity = access.identity
        self._turn = board.turn(access)
        self._budget = budget
        self._target: Any = None
        board.join()

    async def values(self, wanted: Mapping[Oid, Iterable[Oid]]) -> dict[Oid, Value]:
        """The wanted instances of each column; what the agent does not have is not among them.

        Raises SourceError where the agent does not answer.
        """
        columns = [Column(root, sorted(oids)) for root, oids in wanted.items()]
        asked = {oid for column in columns for oid in column.wanted}
        async with self._turn:
            while unread := [column for column in columns if column.wanted]:
                await self._more(unread[: min(WIDTH, self._budget)])  # each answer leads on
        found = {oid: value for column in columns for oid, value in column.found.items()}
        return {oid: value for oid, value in found.items() if oid in asked}

    async def rows(self, root: Oid) -> dict[Oid, Value]:
        """All instances below an OID, by what follows it; raises SourceError."""
        found: dict[Oid, Value] = {}
        last = root
        async with self._turn:
            for _ in range(MANY):
                try:
                    answers = await self._bulk([last], self._budget)
                except Refused:
                    break
                for oid, value in answers:
                    if value is None or not below(oid, root) or oid <= last:
                        return found
                    found[oid[len(root) :]] = value
                    last = oid
                if not answers:
                    break
        return found

    async def put(self, oid: Oid, value: int) -> None:
        """Write a value, once; SourceError where the agent refused, TimeoutError where unclear."""
        async with self._turn:
            target = await self._made(0)
            trouble, status, _, bound = await set_cmd(
                self._board.engine(self._access),
                self._identity,
                target,
                ContextData(),
                (ObjectIdentifier(oid), Integer32(value)),
                lookupMib=False,
            )
        if trouble:
            raise TimeoutError(f"{self._access}: {trouble}; whether it switched is not known")
        if status:
            raise SourceError(f"{self._access} refused: {status.prettyPrint()}")
        if any(plain(told) is None for _, told in bound):  # some agents refuse without a status
            raise SourceError(f"{self._access} refused: there is nothing to write to")

    def close(self) -> None:
        """Leave the switchboard."""
        self._board.leave()

    async def _more(self, columns: Sequence[Column]) -> None:
        """Ask once for the next values of these columns; one by one where that is refused."""
        rows = max(1, min(self._budget // len(columns), max(len(c.wanted) for c in columns)))
        try:
            answers = await self._bulk([before(column.wanted[0]) for column in columns], rows)
        except Refused as error:
            if len(columns) == 1:
                columns[0].wanted = []
                return
            if error.status == TOO_BIG:
                self._budget = len(columns) // 2
            for column in columns:
                await self._more([column])
            return
        if not answers:
            raise SourceError(f"{self._access} answers without a value")
        for number, column in enumerate(columns):
            column.take(answers[number :: len(columns)])

    async def _bulk(self, starts: Sequence[Oid], rows: int) -> list[tuple[Oid, Value | None]]:
        """The next rows after each start, row by row; None is the end of what there is."""
        while True:
            target = self._target = self._target or await self._made(self._access.retries)
            trouble, status, _, bound = await self._sent(target, starts, rows)
            if trouble:
                self._target = None  # its name may lead elsewhere by now
                if isinstance(trouble, RequestTimedOut):
                    raise NoAnswer(f"{self._access}: {trouble}; {self._access.silence}")
                raise self._unheard(trouble)
            if int(status) != TOO_BIG or rows == 1:
                break
            rows //= 2
            self._budget = rows * len(starts)
        if status:
            raise Refused(int(status), status.prettyPrint())
        return [(tuple(name), plain(value)) for name, value in bound]

    def _unheard(self, trouble: Any) -> SourceError:
        """What is wrong, by the setting to look at where it is one of who asks."""
        key = next((key for kind, key in LOOK.items() if isinstance(trouble, kind)), "")
        told = f"{self._access}: {trouble}"
        if not key:
            return SourceError(told)
        return Mistaken(
            key, f"{str(trouble)!r}", "as it is set in the device", f"{told}; look at {key}"
        )

    async def _sent(self, target: Any, starts: Sequence[Oid], rows: int) -> Any:
        asked = ((ObjectIdentifier(oid), Null("")) for oid in starts)
        engine = self._board.engine(self._access)
        try:
            return await bulk_cmd(
                engine, self._identity, target, ContextData(), 0, rows, *asked, lookupMib=False
            )
        except (PySnmpError, PyAsn1Error, OSError) as error:
            return error, 0, 0, ()

    async def _made(self, retries: int) -> Any:
        kind = Udp6TransportTarget if ":" in self._access.host else UdpTransportTarget
        spot = (self._access.host, self._access.port)
        try:
            return await kind.create(spot, timeout=self._access.timeout, retries=retries)
        except (PySnmpError, OSError) as error:
            if gaierror.__name__ in str(error):  # the library tells it in words only
                raise SourceError(f"the name {self._access.host} is not known") from None
            raise SourceError(f"{self._access}: {error}") from None


def plain(value: Any) -> Value | None:
    """A value of the protocol as a number, bytes or an OID; None for an exception of RFC 3416."""
    if isinstance(value, UnivNull):  # which the library derives from OctetString
        return None
    if isinstance(value, ObjectIdentifier):
        return tuple(value)
    if isinstance(value, OctetString):
        return bytes(value)
    if isinstance(value, Integer):
        return int(value)
    return None


def before(oid: Oid) -> Oid:
    """An OID after which this one is the next, where all instances of a column are as long."""
    return (*oid[:-1], oid[-1] - 1) if oid[-1] > 0 else oid[:-1]


def below(oid: Oid, root: Oid) -> bool:
    """Whether an OID stands below another."""
    return len(oid) > len(root) and oid[: len(root)] == root
