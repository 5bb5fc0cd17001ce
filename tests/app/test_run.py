"""The program as people and programs meet it: a link, tokens, streams, TLS, and the end."""

import json
import re
import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from app.test_listen import written
from program import Program, until

OUTLET = "rack1/A/outlet/7"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with Program(tmp_path_factory.mktemp("run")) as started:
        yield started


@pytest.fixture
def web(program: Program) -> Iterator[httpx.Client]:
    """Somebody who has shown nothing yet."""
    with httpx.Client(base_url=program.address, timeout=20) as client:
        yield client


def bearer(program: Program, role: str = "operator") -> dict[str, str]:
    return {"Authorization": f"Bearer {program.token('create', '--role', role)}"}


def heard(program: Program, headers: dict[str, str], path: str) -> Iterator[str]:
    """Lines of a stream as they come."""
    with (
        httpx.Client(base_url=program.address, timeout=20) as client,
        client.stream("GET", path, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        yield from answer.iter_lines()


@pytest.mark.requirement("R-14.2-2")
def test_a_token_made_beside_the_running_program_is_good_at_once_and_ended_at_once(
    program: Program, web: httpx.Client
) -> None:
    for path in ("/api/v1/racks", "/api/v1/openapi.json"):
        assert web.get(path).status_code == 401
    shown = bearer(program, "viewer")
    assert web.get("/api/v1/racks", headers=shown).status_code == 200
    assert web.get("/api/v1/openapi.json", headers=shown).json()["openapi"].startswith("3.1")
    wish = {"on": False}
    path = f"/api/v1/outlets/{OUTLET}/power"
    assert web.put(path, json=wish, headers=shown).status_code == 403

    row = next(r for r in program.token("list").splitlines() if "viewer" in r and "valid" in r)
    program.token("revoke", row.split()[0])
    assert web.get("/api/v1/racks", headers=shown).status_code == 401


@pytest.mark.requirement("R-14.2-4")
def test_a_stream_tells_a_switch_as_it_happens_and_ends_when_its_token_is_revoked(
    program: Program, web: httpx.Client
) -> None:
    shown = bearer(program)
    lines: list[str] = []
    ended = threading.Event()

    listener = threading.Thread(target=lambda: [_collect(lines, program, shown), ended.set()])
    listener.start()
    until(lambda: lines, "the stream does not begin")
    path = f"/api/v1/outlets/{OUTLET}/power"
    on = not web.get(f"/api/v1/outlets/{OUTLET}", headers=shown).json()["readings"]["on"]["value"]
    command = web.put(path, json={"on": on}, headers=shown)
    assert command.status_code == 202
    until(lambda: "event: CommandDone" in lines, "the end of the command is not heard")
    data = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert {d["body"]["command"] for d in data if d["kind"].startswith("Command")} == {
        command.json()["id"]
    }

    for row in program.token("list").splitlines():
        if "valid" in row:
            program.token("revoke", row.split()[0])
    assert ended.wait(15)
    listener.join()


def _collect(lines: list[str], program: Program, shown: dict[str, str]) -> None:
    with suppress(httpx.TransportError):  # the program ends
        lines.extend(heard(program, shown, "/api/v1/events/stream"))  # as they come


def test_the_printed_link_lets_one_browser_in_once(program: Program, web: httpx.Client) -> None:
    assert web.get("/").status_code == 401
    opened = web.get(program.link)
    assert (opened.status_code, opened.headers["location"]) == (303, "/")
    assert web.get("/").status_code == 200
    assert web.get("/api/v1/outlets").status_code == 200
    path, on = f"/api/v1/outlets/{OUTLET}/power", {"on": True}
    assert web.put(path, json=on).status_code == 403
    own = {"Origin": program.address}
    assert web.put(path, json=on, headers=own).status_code == 202
    with httpx.Client(base_url=program.address) as other:
        assert other.get(program.link).status_code == 401
    assert web.post("/screen/leave", headers=own).status_code == 200
    web.cookies.clear()
    assert web.get("/").status_code == 401


def test_a_new_start_has_a_new_link_for_a_second_person_and_keeps_the_first_in(
    tmp_path: Path,
) -> None:
    with Program(tmp_path) as program:
        first = program.link
        assert program.web.get(first).status_code == 303
        session = dict(program.web.cookies)
        assert program.stop() == 0
    with Program(tmp_path / "again", data=program.data) as program:
        with httpx.Client(base_url=program.address, cookies=session) as known:
            assert known.get("/").status_code == 200
        assert program.link.partition("?")[2] != first.partition("?")[2]
        assert program.web.get(f"/login?{first.partition('?')[2]}").status_code == 401
        assert program.web.get("/").status_code == 401
        assert program.web.get(program.link).status_code == 303
        assert program.web.get("/").status_code == 200


def test_a_websocket_without_credentials_is_turned_away(program: Program) -> None:
    host, port = program.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 5) as line:
        line.sendall(
            b"GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert line.recv(4096).split(b" ")[1] == b"403"


@pytest.mark.parametrize(
    "noise",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a browser that tries TLS
        b"GET / HTTP/9.9\r\n\r\n",
        b"PUT /api/v1/outlets/x/power HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
        b"Content-Length: 6\r\n\r\n{}",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        b"PUT /api/v1/outlets/x/power HTTP/1.1\r\nHost: a\r\nContent-Length: "
        + b"9" * 5000
        + b"\r\n\r\n{}",
        b"GET /\x00\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\r\n" * 1000,
        b"GET /healthz HTTP/1.1\r\n",  # and then nothing
    ],
)
def test_noise_on_the_line_hurts_nobody(program: Program, web: httpx.Client, noise: bytes) -> None:
    host, port = program.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 5) as line:
        line.sendall(noise)
        line.settimeout(0.3)
        try:
            answer = line.recv(4096)
        except (TimeoutError, ConnectionResetError):
            answer = b""
        assert web.get("/healthz").status_code == 200
    assert answer[:12] in (b"", b"HTTP/1.1 400", b"HTTP/1.1 413", b"HTTP/1.1 401"), answer[:80]
    assert "Traceback" not in program.err.read_text()


def test_standard_output_holds_the_address_and_the_link_and_nothing_else(
    tmp_path: Path,
) -> None:
    with Program(tmp_path) as program:
        lines: list[str] = []
        shown = bearer(program)
        listener = threading.Thread(target=_collect, args=(lines, program, shown))
        listener.start()
        until(lambda: lines, "the stream does not begin")
        assert program.stop() == 0  # though a stream is open
        listener.join()
    told = program.out.read_text().splitlines()
    assert re.fullmatch(r"SmartPDU \S+ at http://127\.0\.0\.1:\d+", told[0])
    assert re.fullmatch(r"open this link .*: http://127\.0\.0\.1:\d+/login\?link=\S{43}", told[1])
    assert told[2:] == ["stopped; no outlet was moved"]
    assert "Traceback" not in program.err.read_text()
    assert "Error" not in program.err.read_text()


def _started(room: Path, hang_up: signal.Handlers) -> Program:
    """A program that is handed on what becomes of a hang-up."""
    before = signal.signal(signal.SIGHUP, hang_up)
    try:
        return Program(room)
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_way_to_end_it_is_told_as_an_end(tmp_path: Path, number: int) -> None:
    program = _started(tmp_path, signal.SIG_DFL)  # these tests may run under nohup themselves
    with program:
        assert program.stop(number) == 0
    assert program.out.read_text().splitlines()[2:] == ["stopped; no outlet was moved"]
    assert "Traceback" not in program.err.read_text()


def test_under_nohup_it_stays_when_its_terminal_goes(tmp_path: Path) -> None:
    program = _started(tmp_path, signal.SIG_IGN)  # as nohup hands it on
    with program:
        program.comes_in("viewer")
        program.process.send_signal(signal.SIGHUP)
        ticks = program.web.get("/api/v1/racks").headers["etag"]
        until(
            lambda: program.web.get("/api/v1/racks").headers["etag"] != ticks,
            "it does not live on",
        )
        assert "stopped" not in program.out.read_text()
        assert program.stop() == 0


@pytest.mark.parametrize(
    ("listen", "host"), [("0.0.0.0:0", "127.0.0.1"), ("[::]:0", "[::1]"), ("[::1]:0", "")]
)
def test_the_link_of_an_address_that_stands_for_all_opens_here_and_says_what_opens_elsewhere(
    tmp_path: Path, listen: str, host: str
) -> None:
    if "::" in listen and not Path("/proc/net/if_inet6").exists():
        pytest.skip("this machine has no IPv6")
    with Program(tmp_path, "--listen", listen, "--insecure-http") as program:
        assert program.web.get(program.link).status_code == 303
        assert program.web.get("/").status_code == 200
        told = program.out.read_text().splitlines()[2:]
    hint = f"from another machine, with {socket.gethostname()} in place of {host}"
    assert told == ([hint] if host else [])


def test_with_a_certificate_it_speaks_tls_and_its_cookie_is_for_tls_alone(tmp_path: Path) -> None:
    cert, key = written(tmp_path, "rack")
    room = tmp_path / "room"
    room.mkdir()
    with Program(room, "--cert", str(cert), "--key", str(key), verify=False) as program:
        assert program.address.startswith("https://")
        opened = program.web.get(program.link)
        assert "Secure" in opened.headers["set-cookie"]
        path, wish = f"/api/v1/outlets/{OUTLET}/power", {"on": False}
        plain = {"Origin": program.address.replace("https", "http")}
        assert program.web.put(path, json=wish, headers=plain).status_code == 403
        own = {"Origin": program.address}
        assert program.web.put(path, json=wish, headers=own).status_code == 202
        host, port = program.address.removeprefix("https://").split(":")
        with (
            socket.create_connection((host, int(port)), 5) as line,
            pytest.raises(ssl.SSLError),
        ):
            old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
            old.maximum_version = ssl.TLSVersion.TLSv1_2
            old.set_ciphers("AES128-SHA:@SECLEVEL=0")
            old.wrap_socket(line)
        assert program.stop() == 0
