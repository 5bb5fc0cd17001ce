"""The talk with an agent: in bulk, one at a time, robust against all that agents do."""

import asyncio
from collections import Counter
from random import Random

import pytest
from device import Device, answering, oid
from hypothesis import given, settings
from hypothesis import strategies as some
from pysnmp.proto.api import v2c

from smartpdu.drivers.access import Access, Switchboard, access
from smartpdu.drivers.agent import Agent, before, below
from smartpdu.drivers.source import SourceError

ROOT = oid("1.3.6.1.4.1.32473.1")
TABLE = {
    (*ROOT, column, row): v2c.Integer32(100 * column + row)
    for column in range(1, 12)
    for row in range(1, 25)
}
SCALAR = {(*ROOT, 99, 0): v2c.OctetString(b"\x00\xffname")}


def reached(
    device: Device, timeout: float = 0.3, retries: int = 0, board: Switchboard | None = None
) -> Agent:
    where = Access("127.0.0.1", device.port, timeout, retries, "public")
    return Agent(where, board or Switchboard())


def wanted(columns: range = range(1, 12), rows: range = range(1, 25)) -> dict:
    return {(*ROOT, c): [(*ROOT, c, r) for r in rows] for c in columns}


async def test_many_values_of_many_columns_come_in_few_requests() -> None:
    async with answering(Device(TABLE | SCALAR)) as device:
        agent = reached(device)
        found = await agent.values({**wanted(), (*ROOT, 99): [(*ROOT, 99, 0)]})
        agent.close()

    assert len(found) == 11 * 24 + 1
    assert found[(*ROOT, 7, 3)] == 703
    assert found[(*ROOT, 99, 0)] == b"\x00\xffname"
    assert {kind for kind, _ in device.requests} == {"bulk"}
    assert len(device.requests) <= 10
    assert max(many for _, many in device.requests) <= 40


@pytest.mark.parametrize(("most", "trimmed"), [(10, 1000), (1, 1000), (1000, 7), (1000, 1)])
async def test_an_agent_of_small_answers_is_asked_for_less(most: int, trimmed: int) -> None:
    async with answering(Device(TABLE)) as device:
        device.most, device.trimmed = most, trimmed
        agent = reached(device)
        found = await agent.values(wanted(range(1, 4), range(1, 5)))
        refused = sum(many > most for _, many in device.requests)
        await agent.values(wanted(range(1, 4), range(1, 5)))
        agent.close()

    assert len(found) == 12
    assert refused <= 10
    assert sum(many > most for _, many in device.requests) == refused  # it is remembered


async def test_what_the_agent_does_not_have_is_left_out() -> None:
    table = {name: value for name, value in TABLE.items() if name[-1] != 5 and name[-2] != 3}
    async with answering(Device(table)) as device:
        agent = reached(device)
        found = await agent.values(wanted())
        nothing = await agent.values({(1, 3, 9): [(1, 3, 9, 1)]})
        agent.close()

    assert set(found) == set(table)
    assert nothing == {}


async def test_what_is_a_column_and_no_instance_ends_and_hides_nothing() -> None:
    async with answering(Device(TABLE | SCALAR)) as device:
        agent = reached(device)
        found = await agent.values({ROOT: [(*ROOT, 4)], (*ROOT, 7): [(*ROOT, 7, 3)]})
        agent.close()

    assert found == {(*ROOT, 7, 3): 703}
    assert len(device.requests) < 5


async def test_a_column_in_error_does_not_hide_the_others() -> None:
    async with answering(Device(TABLE)) as device:
        device.broken = {(*ROOT, 2)}
        agent = reached(device)
        found = await agent.values(wanted(range(1, 5)))
        agent.close()

    assert {name[-2] for name in found} == {1, 3, 4}


async def test_all_rows_below_an_oid_are_found() -> None:
    async with answering(Device(TABLE | SCALAR)) as device:
        agent = reached(device)
        rows = await agent.rows((*ROOT, 4))
        none = await agent.rows((*ROOT, 50))
        last = await agent.rows((*ROOT, 99))
        agent.close()

    assert rows == {(n,): 400 + n for n in range(1, 25)}
    assert none == {}
    assert last == {(0,): b"\x00\xffname"}


@pytest.mark.parametrize("manner", ["silent", "garbage", "stray"])
async def test_no_usable_answer_is_told_with_the_address(manner: str) -> None:
    async with answering(Device(TABLE)) as device:
        device.manner = manner
        agent = reached(device)
        with pytest.raises(SourceError, match=f"127.0.0.1:{device.port}.*No SNMP response"):
            await agent.values(wanted())
        device.manner = "honest"
        assert len(await agent.values(wanted())) == 264
        agent.close()


async def test_what_comes_out_of_order_is_not_believed() -> None:
    async with answering(Device(TABLE)) as device:
        device.manner = "scrambled"
        agent = reached(device)
        found = await agent.values(wanted())
        rows = await agent.rows((*ROOT, 4))
        agent.close()

    assert len(found) < 264
    assert len(device.requests) < 60  # and it ends
    assert len(rows) <= 24


async def test_a_name_that_leads_nowhere_is_told() -> None:
    agent = Agent(Access("no-such-host.invalid", 161, 0.3, 0, "public"), Switchboard())
    with pytest.raises(SourceError, match="no-such-host"):
        await agent.values(wanted())
    agent.close()


async def test_an_answer_that_gets_lost_is_asked_for_again() -> None:
    async with answering(Device(TABLE)) as device:
        device.manner = "silent"
        asyncio.get_running_loop().call_later(0.4, setattr, device, "manner", "honest")
        agent = reached(device, timeout=0.3, retries=5)
        assert len(await agent.values(wanted())) == 264
        agent.close()


async def test_requests_to_one_address_never_overlap_and_another_is_not_delayed() -> None:
    async with answering(Device(TABLE)) as slow, answering(Device(TABLE)) as quick:
        slow.delay = 0.05
        board = Switchboard()
        agents = [reached(slow, 5.0, board=board) for _ in range(3)]
        other = reached(quick, board=board)
        tasks = [asyncio.ensure_future(agent.values(wanted())) for agent in agents]
        await other.values(wanted())
        assert not any(task.done() for task in tasks)
        await asyncio.gather(*tasks)
        for agent in (*agents, other):
            agent.close()

    assert slow.overlaps == 0


async def test_an_order_is_sent_once_and_its_end_told_as_it_is() -> None:
    async with answering(Device(TABLE)) as device:
        agent = reached(device, retries=3)
        await agent.put((*ROOT, 1, 1), 2)
        assert device.orders == [((*ROOT, 1, 1), 2)]
        for manner, kind in (("refusing", SourceError), ("exceptional", SourceError)):
            device.manner = manner
            with pytest.raises(kind, match="refused"):
                await agent.put((*ROOT, 1, 1), 2)
        device.manner = "silent"
        before_ = len(device.requests)
        with pytest.raises(TimeoutError, match="not known"):
            await agent.put((*ROOT, 1, 1), 2)
        assert len(device.orders) == 1
        agent.close()
    assert before_ <= len(device.requests)


async def test_answers_with_wrong_bytes_never_break_the_reader(full: bool) -> None:
    async def mangled(number: int) -> str:
        async with answering(Device(TABLE | SCALAR)) as device:
            device.dice = Random(number)
            device.flips, device.cut = 1 + number % 4, number % 3
            agent = reached(device, 0.2, board=board)
            try:
                found = await agent.values(wanted())
            except SourceError:
                return "told"
            finally:
                agent.close()
        assert all(isinstance(value, int | bytes | tuple) for value in found.values())
        return "read"

    board = Switchboard()
    board.join()
    ends = Counter()
    for wave in range(10 if full else 2):
        ends.update(await asyncio.gather(*(mangled(100 * wave + n) for n in range(100))))
    board.leave()
    assert sum(ends.values()) == (1000 if full else 200)
    assert ends["told"] > 10


oids = some.lists(some.integers(0, 2**32 - 1), min_size=2, max_size=9).map(tuple)


@given(oids, some.integers(0, 2**32 - 1))
@settings(max_examples=200)
def test_asking_after_what_stands_before_gives_the_oid_itself(root: tuple, last: int) -> None:
    whole = (*root, last)
    assert before(whole) < whole
    assert not before(whole) < (*root, last - 1) < whole or last == 0
    assert below(whole, root)
    assert not below(root, root)


def test_settings_of_v2c_and_v3_become_an_access() -> None:
    assert str(access({"address": "[fe80::1]:1161", "community": "c"})) == "[fe80::1]:1161"
    strong = {"user": "u", "auth": "sha256", "auth_key": "12345678", "privacy": "aes128"}
    made = access({"address": "pdu", **strong, "privacy_key": "abcdefgh"})
    assert made.port == 161
    assert made.identity.securityName == "u"
