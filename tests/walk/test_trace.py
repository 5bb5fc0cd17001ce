"""What the kernel saw: the journal's sync returns before an order leaves or is acknowledged."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from walk.killing import ACCEPTED
from walk.planted import EARLY, RASH, UNSYNCED
from walk.program import Plant, Program, relay_box, until

CALLS = "read,recvfrom,write,writev,pwrite64,sendto,sendmsg,fsync,fdatasync"
OVER = re.compile(r"\+\+\+ (killed|exited)")


def traced(room: Path, plants: tuple[Plant, ...] = ()) -> tuple[list[str], str]:
    """The calls of a program that carries out one order, and the order's command."""
    trace = room / "trace"
    with relay_box() as box:
        program = Program(room, box, plants)
        program.tracer = ("strace", "-D", "-f", "-y", "-s", "70000", "-e", f"trace={CALLS}")
        program.tracer += ("-o", str(trace))
        try:
            program.start()
            status, command = program.switch(3, False)
            assert status == ACCEPTED
            assert until(box.arrived)
            program.kill()
        finally:
            program.end()
    until(lambda: all(OVER.search(line) for line in _last_lines(trace).values()))
    return trace.read_text(errors="replace").splitlines(), command["id"]


def _last_lines(trace: Path) -> dict[str, str]:
    """The last line of each thread."""
    return {line.split()[0]: line for line in trace.read_text(errors="replace").splitlines()}


def syncs(calls: list[str]) -> list[tuple[str, int, int]]:
    """By which thread each sync of the journal was, when it began, and when it returned well."""
    found: list[tuple[str, int, int]] = []
    begun: dict[str, int] = {}
    for number, call in enumerate(calls):
        thread = call.split()[0]
        if re.search(r"f(data)?sync\(\d+<[^>]*smartpdu\.db-wal>", call):
            begun[thread] = number
        if thread in begun and re.search(r"sync(\(| resumed).*= 0$", call):
            found.append((thread, begun.pop(thread), number))
    return found


def first(calls: list[str], pattern: str) -> int:
    """When a call of that form was made first."""
    return next(number for number, call in enumerate(calls) if re.search(pattern, call))


def durable(calls: list[str], command: str, before: int) -> bool:
    """Whether a command was written to the journal, and the writer's sync returned, before a call.

    The first write counts: later ones of the same page tell of what came after.
    """
    for number, call in enumerate(calls[:before]):
        if "pwrite64(" in call and "smartpdu.db-wal>" in call and command in call:
            own = [s for s in syncs(calls) if s[0] == call.split()[0] and s[1] > number]
            return any(returned < before for *_, returned in own)
    return False


def found(calls: list[str], command: str) -> dict[str, bool]:
    """Whether the command was durable when it left, and when it was acknowledged."""
    left = first(calls, rf'(send|write)\w*\(.*\\"set\\": 3.*{command}')
    told = first(calls, rf'(send|write)\w*\(.*\\"id\\":\\"{command}')
    return {"left": durable(calls, command, left), "told": durable(calls, command, told)}


@pytest.mark.requirement("R-3.1-6", "R-14.2-3")
def test_the_sync_of_the_journal_returns_before_an_order_leaves_or_is_acknowledged(
    tmp_path: Path, need_program: Callable[[str], str]
) -> None:
    need_program("strace")
    assert found(*traced(tmp_path)) == {"left": True, "told": True}


@pytest.mark.parametrize(
    ("plants", "seen"),
    [
        pytest.param(EARLY, {"left": False, "told": True}, id="sends before the intent is durable"),
        pytest.param(RASH, {"left": True, "told": False}, id="acknowledges before it is durable"),
        pytest.param(UNSYNCED, {"left": False, "told": False}, id="does not sync"),
    ],
)
def test_the_same_trace_finds_a_copy_that(
    tmp_path: Path, need_program: Callable[[str], str], plants: tuple[Plant, ...], seen: dict
) -> None:
    need_program("strace")
    assert found(*traced(tmp_path, plants)) == seen
