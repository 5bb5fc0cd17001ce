"""Where interfaces may listen, and how a wrong address is told."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from smartpdu.app.listen import ListenError, listening, parsed
from smartpdu.model.listening import Listening


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
    assert listening("[::1]:0", insecure_http=False).address.startswith("http://[::1]:")


def test_port_0_becomes_a_free_one_so_that_the_address_can_be_told() -> None:
    found = listening("127.0.0.1:0", insecure_http=False)
    assert found.port > 0
    with socket.create_server((found.host, found.port)):
        assert found.address == f"http://127.0.0.1:{found.port}"


def written(folder: Path, name: str) -> tuple[Path, Path]:
    """Files of a certificate and its key."""
    secret = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(who, who, secret.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(secret, hashes.SHA256())
    )
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key.write_bytes(secret.private_bytes(serialization.Encoding.PEM, *plain))
    return cert, key


def test_a_certificate_makes_it_https_and_needs_its_key(tmp_path: Path) -> None:
    cert, key = written(tmp_path, "rack")
    with pytest.raises(ListenError, match="expected both or none"):
        listening("127.0.0.1:0", False, cert, None)
    with pytest.raises(ListenError, match=r"--key: found no file .*none\.key"):
        listening("127.0.0.1:0", False, cert, tmp_path / "none.key")
    assert listening("0.0.0.0:0", False, cert, key).address.startswith("https://127.0.0.1:")


@pytest.mark.parametrize(
    ("address", "opens"),
    [
        ("0.0.0.0:0", "http://127.0.0.1:"),
        ("[::]:0", "http://[::1]:"),
        ("[0::0]:0", "http://[::1]:"),
        ("localhost:0", "http://localhost:"),
    ],
)
def test_the_address_that_is_told_is_one_that_a_browser_opens(address: str, opens: str) -> None:
    host, _ = parsed(address)
    found = Listening(host, 8080)
    assert found.address == f"{opens}8080"
    assert found.everywhere is ("localhost" not in address)


def test_files_that_are_no_certificate_with_its_key_are_told(tmp_path: Path) -> None:
    cert, key = written(tmp_path, "rack")
    _, other = written(tmp_path, "other")
    garbage = tmp_path / "garbage"
    garbage.write_text("no PEM")
    for pair in ((garbage, key), (cert, garbage), (cert, other)):
        with pytest.raises(ListenError, match=r"--cert and --key: found .*expected PEM files"):
            listening("127.0.0.1:0", False, *pair)


def test_a_port_that_is_taken_is_told_before_anything_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=f"cannot listen at 127.0.0.1:{port}: .*in use"):
            listening(f"127.0.0.1:{port}", False)
