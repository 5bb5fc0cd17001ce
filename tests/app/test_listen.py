"""Where interfaces may listen, and how a wrong address is told."""

import socket
from pathlib import Path

import pytest

from smartpdu.app.listen import ListenError, listening, parsed


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("[::1]:0", ("::1", 0)),
        ("localhost:65535", ("localhost", 65535)),
        ("rack-7.example.org:443", ("rack-7.example.org", 443)),
    ],
)
def test_an_address_is_a_host_and_a_port(address: str, place: tuple[str, int]) -> None:
    assert parsed(address) == place


@pytest.mark.parametrize(
    "address",
    ["", "8080", ":8080", "host", "host:", "host:-1", "host:65536", "host:8o", "::1:80", "host:²"],
)
def test_what_is_no_address_is_told_with_what_was_found(address: str) -> None:
    with pytest.raises(ListenError, match=r"--listen: found .*expected"):
        parsed(address)


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.org:80"])
@pytest.mark.requirement("R-14.1-2")
def test_beyond_this_machine_plain_http_needs_a_word(address: str) -> None:
    with pytest.raises(ListenError, match="without TLS"):
        listening(address, insecure_http=False)


def test_the_word_is_enough_and_so_is_a_loopback_address() -> None:
    assert listening("0.0.0.0:0", insecure_http=True).host == "0.0.0.0"
    assert listening("127.0.0.1:0", insecure_http=False).address == "http://127.0.0.1:0"


def test_a_certificate_makes_it_https_and_needs_its_key(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.touch()
    with pytest.raises(ListenError, match="expected both or none"):
        listening("127.0.0.1:0", False, cert, None)
    with pytest.raises(ListenError, match=r"--key: found no file .*key\.pem"):
        listening("127.0.0.1:0", False, cert, key)
    key.touch()
    assert listening("0.0.0.0:0", False, cert, key).address == "https://0.0.0.0:0"


def test_a_port_that_is_taken_is_told_before_anything_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=f"cannot listen at 127.0.0.1:{port}: .*in use"):
            listening(f"127.0.0.1:{port}", False)
