"""Real agents for the tests: net-snmp's own daemon, and snmpsim with recordings of real PDUs."""

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

TRIES = 150


def free_port() -> int:
    """A UDP port that nobody listens at."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def v3_agent(program: str, room: Path) -> AsyncIterator[int]:
    """net-snmp's agent with one user who must authenticate and encrypt; gives its port."""
    port = free_port()
    (room / "snmpd.conf").write_text(
        "sysContact remote hands\n"
        'createUser olga SHA-256 "auth-secret" AES "privacy-secret"\n'
        "rouser olga priv\n"
    )
    environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(room / "persistent")}
    command = [program, "-f", "-C", "-c", str(room / "snmpd.conf"), "-Lf", str(room / "log")]
    agent = await asyncio.create_subprocess_exec(*command, f"udp:127.0.0.1:{port}", env=environment)
    try:
        for _ in range(TRIES):
            await asyncio.sleep(0.1)
            if "NET-SNMP version" in (room / "log").read_text() if (room / "log").exists() else "":
                break
        yield port
    finally:
        agent.terminate()
        await agent.wait()


def recorded(recordings: Path, room: Path) -> Path:
    """A copy of the recordings in which nothing varies, for an exact comparison."""
    room.mkdir()
    for file in recordings.glob("*.snmprec"):
        lines = file.read_text(encoding="latin-1").splitlines(keepends=True)
        with (room / file.name).open("w", encoding="latin-1", newline="") as copy:
            copy.writelines(_still(line) for line in lines)
    return room


def _still(line: str) -> str:
    """A line whose value stays at its first one."""
    if ":numeric|" not in line:
        return line
    name, kind, text = line.strip().split("|", 2)
    first = dict(option.split("=") for option in text.split(","))["initial"]
    return f"{name}|{kind.partition(':')[0]}|{first}\n"


def simulator() -> str:
    """The program of snmpsim, which comes with what tests need."""
    return shutil.which("snmpsim-command-responder", path=str(Path(sys.executable).parent)) or ""
