"""`smartpdu check` listens to measuring boards: who is not heard is told at its line, and why."""

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from boards import Clock as TurnedClock
from boards import Signal, TestBoard, plant, wanted
from measurement.signals import sine

from smartpdu.app.check import check
from smartpdu.drivers.adc import open_source
from smartpdu.drivers.source import NoAnswer

SITE = """\
[[rack]]
path = "rack1"
[[source]]
path = "source/board"
driver = "adc"
address = "{address}"
[[source.channel]]
place = "rack1/A/L1"
quantity = "voltage"
gain = 1e-4
[[pdu]]
path = "rack1/A"
rack = "rack1"
source = "source/board"
[[feed]]
path = "rack1/A/feed"
pdu = "rack1/A"
label = "A"
rated_power = 3680
[[phase]]
path = "rack1/A/L1"
feed = "rack1/A/feed"
rated_current = 16
"""
LINE = 6  # of the address


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which somebody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        yield other.getsockname()[1]


def checked(folder: Path, address: str) -> tuple[int, str, str]:
    path = folder / "site.toml"
    path.write_text(SITE.format(address=address), encoding="utf-8")
    out, err = StringIO(), StringIO()
    return check(path, False, out, err), out.getvalue(), err.getvalue()


def told(folder: Path, address: str) -> str:
    """What is said of a source that is not heard, after file, line and address."""
    code, out, err = checked(folder, address)
    assert (code, out) == (2, "")
    head = f"{folder / 'site.toml'}:{LINE}: source.address: found {address!r}: "
    assert err.startswith(head)
    assert err.count("\n") == 1
    return err.removeprefix(head).removesuffix("\n")


def test_a_port_that_another_program_has_is_told_with_what_to_do(
    tmp_path: Path, taken: int
) -> None:
    said = told(tmp_path, f"udp:127.0.0.1:{taken}")
    assert said.startswith(f"cannot listen at 127.0.0.1:{taken}: Address already in use, expected")
    assert "a smartpdu that runs has it" in said
    assert "stop it to ask here, or check with --offline" in said


def test_a_port_at_which_nothing_comes_is_told(tmp_path: Path, taken: int) -> None:
    said = told(tmp_path, f"udp:127.0.0.2:{taken}")  # nobody is there
    assert said == "no frame for 0.7 s, expected a device that answers"


def test_a_pipe_that_is_missing_or_has_no_writer_is_told(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    said = told(tmp_path, f"pipe:{pipe}")
    makes = f"expected a named pipe that can be read: `mkfifo {pipe}` makes one"
    assert said == f"cannot open {pipe}: No such file or directory, {makes}"
    pipe.write_bytes(b"")
    assert told(tmp_path, f"pipe:{pipe}") == f"{pipe} is no pipe, {makes}"
    pipe.unlink()
    os.mkfifo(pipe)
    assert told(tmp_path, f"pipe:{pipe}").startswith("no frame for 0.7 s, expected a device")


def test_a_file_that_is_missing_or_holds_no_frame_is_told(tmp_path: Path) -> None:
    file = tmp_path / "frames"
    said = told(tmp_path, f"file:{file}")
    needed = "expected a file of frames that can be read"
    assert said == f"cannot open {file}: No such file or directory, {needed}"
    file.write_bytes(bytes(range(256)) * 400)
    said = told(tmp_path, f"file:{file}")
    assert said.startswith("frames come, and none can be used: ")
    said = told(tmp_path, f"file:{tmp_path}")
    assert said == f"cannot read {tmp_path}: Is a directory, {needed}"
    file.write_bytes(b"")
    said = told(tmp_path, f"file:{file}")
    assert said.startswith(f"{file} was played to its end: no frame for 0.7 s, expected a device")


def test_a_board_that_is_heard_is_well(tmp_path: Path) -> None:
    board = TestBoard([Signal("rack1/A/L1", "voltage", sine(230.0, 0.0), 1e-4)])
    (tmp_path / "frames").write_bytes(board.bytes(3.0))
    code, out, err = checked(tmp_path, f"file:{tmp_path / 'frames'}")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].startswith(f"{tmp_path / 'site.toml'}: 1 rack, 1 PDU")


async def test_a_pipe_that_a_running_program_reads_is_left_to_it(tmp_path: Path) -> None:
    pipe, board = tmp_path / "pipe", TestBoard([Signal("A/L1", "voltage", sine(230.0, 0.0), 1e-4)])
    os.mkfifo(pipe)
    settings = board.settings | {"address": f"pipe:{pipe}"}
    running = open_source(wanted(plant(), settings, TurnedClock()))
    with pytest.raises(NoAnswer):
        await running.read()
    said = await asyncio.to_thread(told, tmp_path, f"pipe:{pipe}")
    assert said.startswith(f"another program reads {pipe}, expected one that nobody else listens")
    writer = threading.Thread(target=pipe.write_bytes, args=(board.bytes(1.0),))
    writer.start()
    await asyncio.to_thread(writer.join, 5)
    await asyncio.sleep(0.05)
    await running.read()
    assert (running.sampler.tally.frames, running.sampler.tally.malformed) == (100, 0)
    await running.close()
