"""An SNMP agent of the tests: it answers from a table; it obeys, lies, refuses, talks nonsense."""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto.api import v2c

Oid = tuple[int, ...]
TYPES = {
    "2": lambda text: v2c.Integer32(int(text)),
    "4": lambda text: v2c.OctetString(text.encode("latin-1")),
    "4x": lambda text: v2c.OctetString(bytes.fromhex(text)),
    "6": v2c.ObjectIdentifier,
    "64": v2c.IpAddress,
    "64x": lambda text: v2c.IpAddress(bytes.fromhex(text)),
    "65": lambda text: v2c.Counter32(int(text)),
    "66": lambda text: v2c.Gauge32(int(text)),
    "67": lambda text: v2c.TimeTicks(int(text)),
    "70": lambda text: v2c.Counter64(int(text)),
}
TOO_BIG, NOT_WRITABLE, GENERAL = 1, 17, 5


def oid(text: str) -> Oid:
    """An OID from its text."""
    return tuple(int(part) for part in text.split("."))


def recording(path: Path) -> dict[Oid, Any]:
    """The values of a recording in the format of snmpsim; one that varies has its first value."""
    values = {}
    for line in path.read_text(encoding="latin-1").splitlines():
        if not line.strip():
            continue
        name, kind, text = line.split("|", 2)
        if kind.endswith(":numeric"):
            options = dict(option.split("=") for option in text.split(","))
            kind, text = kind.removesuffix(":numeric"), options["initial"]
        values[oid(name)] = TYPES[kind.partition(":")[0]](text)
    return values


class Device(asyncio.DatagramProtocol):
    """One agent; its manner can be changed while it lives."""

    def __init__(self, values: dict[Oid, Any], community: str = "public") -> None:
        """An honest agent with these values; `orders` holds all that was written to it."""
        self.values = values
        self.community = community.encode()
        self.manner = (
            "honest"  # or silent, garbage, stray, scrambled, refusing, exceptional, deaf, mute
        )
        self.most = 1_000  # varbinds of an answer; what is more is too big
        self.trimmed = 1_000  # varbinds of an answer; what is more is left away
        self.broken: set[Oid] = set()  # columns that answer a general error
        self.orders: list[tuple[Oid, int]] = []
        self.requests: list[tuple[str, int]] = []  # kind, and how many values were asked for
        self.open = 0  # requests that are being answered
        self.overlaps = 0
        self.delay = 0.0  # s
        self.obey: Callable[[Oid, int], None] = lambda _oid, _value: None
        self.dice = Random(0)
        self.flips = 0  # bytes of each answer that are changed
        self.cut = 0  # bytes that are missing at its end
        self.port = 0
        self._names: list[Oid] = []

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.overlaps += self.open > 0
        self.open += 1
        asyncio.get_running_loop().call_later(self.delay, self._answer, data, addr)

    def _answer(self, data: bytes, addr: Any) -> None:
        self.open -= 1
        message, _ = decoder.decode(data, asn1Spec=v2c.Message())
        if bytes(v2c.apiMessage.get_community(message)) != self.community:
            return
        if self.manner == "silent" or self._transport.is_closing():
            return
        if self.manner == "garbage":
            self._transport.sendto(b"\x30\x82\xff\xff garbage", addr)
            return
        asked = v2c.apiMessage.get_pdu(message)
        answer = v2c.apiPDU.get_response(asked)
        self._fill(asked, answer)
        if self.manner == "mute" and asked.isSameTypeWith(v2c.SetRequestPDU()):
            return
        if self.manner == "stray":
            v2c.apiPDU.set_request_id(answer, 12345)
        v2c.apiMessage.set_pdu(message, answer)
        whole = bytearray(encoder.encode(message))
        for _ in range(self.flips):
            whole[self.dice.randrange(len(whole))] = self.dice.randrange(256)
        self._transport.sendto(bytes(whole[: len(whole) - self.cut]), addr)

    def _fill(self, asked: Any, answer: Any) -> None:
        bound = [(tuple(name), value) for name, value in v2c.apiPDU.get_varbinds(asked)]
        if asked.isSameTypeWith(v2c.GetBulkRequestPDU()):
            rows = int(v2c.apiBulkPDU.get_max_repetitions(asked))
            self.requests.append(("bulk", rows * len(bound)))
            self._bulk([name for name, _ in bound], rows, answer)
        elif asked.isSameTypeWith(v2c.SetRequestPDU()):
            self.requests.append(("set", len(bound)))
            self._set(bound, answer)
        else:
            self.requests.append(("other", len(bound)))
            v2c.apiPDU.set_error_status(answer, GENERAL)

    def _bulk(self, starts: list[Oid], rows: int, answer: Any) -> None:
        if any(start[: len(column)] == column for start in starts for column in self.broken):
            v2c.apiPDU.set_error_status(answer, GENERAL)
            v2c.apiPDU.set_error_index(answer, 1)
            return
        if rows * len(starts) > self.most:
            v2c.apiPDU.set_error_status(answer, TOO_BIG)
            return
        names = self._sorted()
        told = []
        for row in range(rows):
            for start in starts:
                spot = bisect_right(names, start) + row
                end = (start, v2c.EndOfMibView())
                told.append((names[spot], self.values[names[spot]]) if spot < len(names) else end)
        if self.manner == "scrambled":
            told = [(name, self.values[names[0]]) for name, _ in reversed(told)]
        v2c.apiPDU.set_varbinds(answer, told[: self.trimmed])

    def _sorted(self) -> list[Oid]:
        if len(self._names) != len(self.values):
            self._names = sorted(self.values)
        return self._names

    def _set(self, bound: list[tuple[Oid, Any]], answer: Any) -> None:
        if self.manner == "refusing":
            v2c.apiPDU.set_error_status(answer, NOT_WRITABLE)
            v2c.apiPDU.set_error_index(answer, 1)
            return
        if self.manner == "exceptional":
            v2c.apiPDU.set_varbinds(answer, [(name, v2c.NoSuchInstance()) for name, _ in bound])
            return
        for name, value in bound:
            self.orders.append((name, int(value)))
            if self.manner != "deaf":
                self.obey(name, int(value))
        v2c.apiPDU.set_varbinds(answer, bound)


@asynccontextmanager
async def answering(device: Device) -> AsyncIterator[Device]:
    """A device that listens at a free port of this machine."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: device, ("127.0.0.1", 0))
    try:
        yield device
    finally:
        transport.close()
        await asyncio.sleep(0)
