"""Where interfaces listen: an address from the command line, checked before anything starts."""

import ipaddress
import socket
import ssl
from pathlib import Path

from smartpdu.model.listening import Listening


class ListenError(Exception):
    """An address that cannot or may not be listened at; the text is for a person."""


def listening(
    address: str, insecure_http: bool, cert: Path | None = None, key: Path | None = None
) -> Listening:
    """The checked address; beyond this machine it needs TLS or a word that it does not.

    Port 0 becomes one that is free, so that the address can be told.
    """
    host, port = parsed(address)
    if (cert is None) != (key is None):
        raise ListenError("--cert and --key: found one of them, expected both or none")
    for name, path in (("--cert", cert), ("--key", key)):
        if path is not None and not path.is_file():
            raise ListenError(f"{name}: found no file {path}, expected a PEM file")
    if cert is not None and key is not None:
        _fitting(cert, key)
    if cert is None and not insecure_http and not _loopback(host):
        raise ListenError(
            f"--listen: found {address}, which others can reach, without TLS; "
            "expected a loopback address, --cert and --key, or --insecure-http"
        )
    return Listening(host, _free(host, port), str(cert or ""), str(key or ""))


def parsed(address: str) -> tuple[str, int]:
    """Host and port of HOST:PORT or [IPV6]:PORT."""
    host, colon, port = address.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ListenError(f"--listen: found {address}, expected an IPv6 address in [brackets]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ListenError(
            f"--listen: found {address}, expected HOST:PORT with a port of 0 to 65535"
        )
    return host, int(port)


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _fitting(cert: Path, key: Path) -> None:
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            cert,
            key,
            password=lambda: "",  # nobody is there to be asked for one
        )
    except OSError as error:  # that of ssl is one too
        reason = getattr(error, "reason", None) or error.strerror or str(error)
        raise ListenError(
            f"--cert and --key: found {cert} and {key} ({reason}), "
            "expected PEM files of one certificate and its private key without a password"
        ) from None


def _free(host: str, port: int) -> int:
    try:
        family, kind, proto, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, proto) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            return int(probe.getsockname()[1])
    except OSError as error:
        reason = error.strerror or str(error)
        raise ListenError(f"--listen: cannot listen at {host}:{port}: {reason}") from None
