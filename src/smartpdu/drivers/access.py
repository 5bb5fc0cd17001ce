"""How an SNMP agent is reached: its address, patience, and who asks, by community or as a user."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from re import fullmatch
from typing import Any

from pysnmp.hlapi.v3arch.asyncio import (
    USM_AUTH_HMAC96_MD5,
    USM_AUTH_HMAC96_SHA,
    USM_AUTH_HMAC128_SHA224,
    USM_AUTH_HMAC192_SHA256,
    USM_AUTH_HMAC256_SHA384,
    USM_AUTH_HMAC384_SHA512,
    USM_AUTH_NONE,
    USM_PRIV_CBC56_DES,
    USM_PRIV_CFB128_AES,
    USM_PRIV_CFB192_AES_BLUMENTHAL,
    USM_PRIV_CFB256_AES_BLUMENTHAL,
    USM_PRIV_NONE,
    CommunityData,
    SnmpEngine,
    UsmUserData,
)

from smartpdu.drivers.source import SettingsError, nearest

ASKS = ("community", "user", "auth", "auth_key", "privacy", "privacy_key")  # who asks
KEYS = ("address", "map", *ASKS, "timeout", "retries", "serial")
AUTH = {
    "md5": USM_AUTH_HMAC96_MD5,
    "sha1": USM_AUTH_HMAC96_SHA,
    "sha224": USM_AUTH_HMAC128_SHA224,
    "sha256": USM_AUTH_HMAC192_SHA256,
    "sha384": USM_AUTH_HMAC256_SHA384,
    "sha512": USM_AUTH_HMAC384_SHA512,
}
PRIVACY = {
    "des": USM_PRIV_CBC56_DES,
    "aes128": USM_PRIV_CFB128_AES,
    "aes192": USM_PRIV_CFB192_AES_BLUMENTHAL,
    "aes256": USM_PRIV_CFB256_AES_BLUMENTHAL,
}
SECRETS = ("community", "auth_key", "privacy_key")  # no fault shows what was found there
SHORTEST = 8  # characters of a key, RFC 3414 11.2
LONGEST = 32  # characters of a user's name, RFC 3414 5
LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Access:
    """Where an agent is, how patient one is with it, and who asks."""

    host: str
    port: int
    timeout: float  # s
    retries: int
    community: str
    user: str = ""
    auth: str = ""
    auth_key: str = ""
    privacy: str = ""
    privacy_key: str = ""

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def silence(self) -> str:
        """What it may mean that nobody answers."""
        if self.privacy:
            return "it is off, or elsewhere, or privacy or privacy_key is wrong: such get no answer"
        if self.user:
            return "it is off, or elsewhere"
        return "it is off, or elsewhere, or the community is wrong: a wrong one gets no answer"

    @property
    def identity(self) -> Any:
        """Who asks, as the library wants it."""
        if not self.user:
            return CommunityData(self.community, mpModel=1)  # noqa: S508 - all that many speak
        return UsmUserData(
            self.user,
            authKey=self.auth_key or None,
            privKey=self.privacy_key or None,
            authProtocol=AUTH.get(self.auth, USM_AUTH_NONE),
            privProtocol=PRIVACY.get(self.privacy, USM_PRIV_NONE),
        )


class Switchboard:
    """What all agents of a program share: engines, and whose turn it is at an address."""

    def __init__(self) -> None:
        self._engines: dict[tuple[str, ...], SnmpEngine] = {}
        self._turns: dict[tuple[str, int], asyncio.Lock] = {}
        self._users = 0

    def join(self) -> None:
        """One more agent; each must leave."""
        self._users += 1

    def leave(self) -> None:
        """The last one who leaves closes the engines."""
        self._users -= 1
        if self._users == 0:
            for engine in self._engines.values():
                engine.close_dispatcher()
            self._engines.clear()

    def engine(self, access: Access) -> SnmpEngine:
        """The engine for who asks: one for all communities, one for each v3 user and its keys."""
        key = (access.user, access.auth, access.auth_key, access.privacy, access.privacy_key)
        if key not in self._engines:
            self._engines[key] = SnmpEngine()
        return self._engines[key]

    def turn(self, access: Access) -> asyncio.Lock:
        """The lock of an address: requests to one device never overlap."""
        return self._turns.setdefault((access.host, access.port), asyncio.Lock())


def access(settings: Mapping[str, Any]) -> Access:
    """The access that settings describe; raises SettingsError."""
    for key in settings:
        if key not in KEYS:
            raise SettingsError(key, "an unknown key", nearest(key, KEYS))
    host, port = parsed(_text(settings, "address"))
    if ("community" in settings) == ("user" in settings):
        found = "both" if "user" in settings else "neither"
        raise SettingsError("community", found, "a community, or a user (SNMPv3)")
    for key in ASKS:
        _text(settings, key, "-")  # one that is there is not empty
    made = Access(
        host,
        port,
        _number(settings, "timeout", 2.0, 0.1, 20.0),
        int(_number(settings, "retries", 1, 0, 5)),
        *(_text(settings, key, "") for key in ASKS),
    )
    _check_user(made)
    return made


def _check_user(made: Access) -> None:
    """Raise SettingsError for what is no user of SNMPv3: a key without its kind, one too short."""
    for name, choice, key in (("auth", AUTH, "auth_key"), ("privacy", PRIVACY, "privacy_key")):
        used, secret = getattr(made, name), getattr(made, key)
        if used and used not in choice:
            raise SettingsError(name, repr(used), f"one of {', '.join(choice)}")
        if bool(used) != bool(secret):
            found = f"{name} without {key}" if used else f"{key} without {name}"
            raise SettingsError(name, found, f"{name} together with {key}")
        if secret and len(secret) < SHORTEST:
            raise SettingsError(key, f"{len(secret)} characters", f"{SHORTEST} or more")
    if len(made.user) > LONGEST:
        raise SettingsError("user", f"{len(made.user)} characters", f"{LONGEST} or less")
    if not made.user and (made.auth or made.privacy):
        raise SettingsError("user", "nothing", "a user, where auth or privacy is set")
    if made.privacy and not made.auth:
        raise SettingsError("auth", "nothing", f"one of {', '.join(AUTH)}, as privacy is set")


def parsed(address: str) -> tuple[str, int]:
    """Host and port of HOST, HOST:PORT, [IPV6] or [IPV6]:PORT; the port is 161 if none is named."""
    found = fullmatch(r"(?:\[([^][]+)\]|([^][:\s]+))(?::([0-9]{1,5}))?", address)
    if found is None and address.count(":") > 1 and "[" not in address:
        raise SettingsError("address", repr(address), "an IPv6 address in [brackets]")
    host, port = (found[1] or found[2], int(found[3] or 161)) if found else ("", 0)
    if found is None or not 0 < port <= LAST_PORT or not _reachable(host, bool(found[1])):
        raise SettingsError("address", repr(address), "HOST or HOST:PORT with a port of 1 to 65535")
    return host, port


def _reachable(host: str, ipv6: bool) -> bool:
    """Whether somebody could be called so."""
    try:
        if ipv6:
            return IPv6Address(host) is not None
        if fullmatch(r"[0-9.]+", host):  # no name, so four numbers of 0 to 255
            return IPv4Address(host) is not None
        return host.isprintable() and bool(host.encode("idna"))
    except ValueError:
        return False


def _text(settings: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = settings.get(key, default)
    if not isinstance(value, str) or (not value and default != ""):
        secret = key in SECRETS and value not in (None, "")
        found = f"a secret of type {type(value).__name__}" if secret else repr(value)
        raise SettingsError(key, "nothing" if value is None else found, "text")
    if key in ASKS and not all(ord(c) < 256 for c in value):
        raise SettingsError(key, "signs that SNMP cannot carry", "letters of Latin-1")
    return value


def _number(
    settings: Mapping[str, Any], key: str, default: float, least: float, most: float
) -> float:
    value = settings.get(key, default)
    wrong = isinstance(value, bool) or not isinstance(value, int | float)
    if wrong or not least <= value <= most or (key == "retries" and value != int(value)):
        kind = "a whole number" if key == "retries" else "a number"
        raise SettingsError(key, repr(value), f"{kind} from {least:g} to {most:g}")
    return float(value)
