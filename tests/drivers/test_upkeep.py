"""What several hold is written when it is due or has changed, and for good by the last of them."""

from time import monotonic, sleep

from smartpdu.drivers.upkeep import Holders, Upkeep


class Memory:
    """Bytes that are kept, and how often they were."""

    def __init__(self) -> None:
        self.forms: list[bytes] = []

    def read(self) -> bytes | None:
        return self.forms[-1] if self.forms else None

    def write(self, form: bytes) -> None:
        self.forms.append(form)


def settled(memory: Memory, number: int) -> list[bytes]:
    """What was written, once it is so many forms: a thread writes them."""
    end = monotonic() + 10
    while len(memory.forms) < number and monotonic() < end:
        sleep(0.001)
    return memory.forms


def handed(upkeep: Upkeep, clock: float, form: bytes, changed: bool = False) -> None:
    """Have a form written; that the one before was is known a little later."""
    end = monotonic() + 10
    while not upkeep.tend(clock, lambda: form, changed) and monotonic() < end:
        sleep(0.001)


def test_only_the_last_holder_is_the_last() -> None:
    holders = Holders()
    holders.hold()
    holders.hold()
    assert [holders.let_go(), holders.let_go()] == [False, True]


async def test_a_form_is_written_when_it_is_due_or_changed_and_by_the_last_who_lets_go() -> None:
    memory = Memory()
    upkeep = Upkeep(memory, "test", 10.0)
    upkeep.hold()
    upkeep.hold()
    assert upkeep.tend(100.0, lambda: b"first")
    assert settled(memory, 1) == [b"first"]
    assert not upkeep.tend(109.0, lambda: b"too soon")
    handed(upkeep, 109.5, b"changed", changed=True)
    assert settled(memory, 2) == [b"first", b"changed"]
    assert not upkeep.tend(119.0, lambda: b"too soon")
    handed(upkeep, 119.5, b"due")
    await upkeep.let_go(lambda: b"not yet")
    await upkeep.let_go(lambda: b"last")
    assert memory.forms == [b"first", b"changed", b"due", b"last"]


async def test_where_nothing_is_kept_nothing_is_tended() -> None:
    upkeep = Upkeep(None, "test", 10.0)
    upkeep.hold()
    assert not upkeep.keeps
    assert not upkeep.tend(0.0, lambda: b"", changed=True)
    await upkeep.let_go(lambda: b"")
