"""Settings of an SNMP source: what cannot be used is told with its key, and no secret is shown."""

from contextlib import suppress
from ipaddress import IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pysnmp.hlapi.v3arch.asyncio import USM_AUTH_NONE

from smartpdu.drivers.access import AUTH, KEYS, PRIVACY, Access, Switchboard, access, parsed
from smartpdu.drivers.source import SettingsError

V2C = {"address": "pdu.example", "community": "readers"}
V3 = {"address": "pdu.example", "user": "olga", "auth": "sha256", "auth_key": "a-long-secret"} | {
    "privacy": "aes128",
    "privacy_key": "another-secret",
}


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("pdu", "pdu", 161),
        ("pdu.example.:1161", "pdu.example.", 1161),
        ("192.0.2.7:65535", "192.0.2.7", 65535),
        ("[::1]", "::1", 161),
        ("[2001:db8::7]:1", "2001:db8::7", 1),
        ("[fe80::1%eth0]:161", "fe80::1%eth0", 161),
        ("büro.example", "büro.example", 161),
    ],
)
def test_an_address_is_a_host_and_a_port(address: str, host: str, port: int) -> None:
    assert parsed(address) == (host, port)


NOWHERE = """
:161 | pdu: | pdu:0 | pdu:65536 | pdu:1e3 | pdu:-1 | pdu: 161 | a b | a..b | [pdu] | [::1 | a] |
[::1]x | [::1]: | [] | [:::] | [1.2.3.4] | 192.0.2.300 | 192.0.2.300:161 | 192.0.2 | 7 | a@b c
"""
FULL_WIDTH = "pdu:\N{FULLWIDTH DIGIT ONE}61"
LONG = ["pdu:" + "1" * 5000, "x" * 70]


@pytest.mark.parametrize(
    "address", [*map(str.strip, NOWHERE.split("|")), *LONG, FULL_WIDTH, "pdu\n", "a\0b"]
)
def test_an_address_without_sense_is_told(address: str) -> None:
    with pytest.raises(SettingsError, match=r"^address: found .*, expected HOST or HOST:PORT"):
        access({**V2C, "address": address})


@pytest.mark.parametrize("address", ["::1", "::1]", "fe80::1", "2001:db8::7:161"])
def test_an_ipv6_address_without_brackets_is_told_as_such(address: str) -> None:
    with pytest.raises(SettingsError, match=r"an IPv6 address in \[brackets\]"):
        access({**V2C, "address": address})


@given(some.ip_addresses() | some.from_regex(r"[a-z]{1,9}(\.[a-z]{1,9}){0,3}", fullmatch=True))
def test_what_an_access_is_called_leads_to_it_again(host: object) -> None:
    name = f"[{host}]" if isinstance(host, IPv6Address) else str(host)
    made = access({**V2C, "address": name})
    assert (made.host, made.port) == (str(host), 161)
    assert access({**V2C, "address": str(made)}) == made


@given(some.text(max_size=20))
def test_any_text_is_an_address_or_a_fault(address: str) -> None:
    with suppress(SettingsError):
        host, port = parsed(address)
        assert 0 < port < 65536
        assert host
        assert not any(c.isspace() for c in host)


WRONG: list[tuple[dict[str, Any], str, str]] = [  # beside V2C or V3: the key, what is expected
    ({"comunity": "x"}, "comunity", "'community'"),
    ({"zzz": "x"}, "zzz", "one of address, map, community"),
    ({"address": 7}, "address", "text"),
    ({"user": "olga"}, "community", "a community, or a user"),
    ({"community": ""}, "community", "text"),
    ({"community": "€"}, "community", "letters of Latin-1"),
    ({"timeout": 0}, "timeout", "a number from 0.1 to 20"),
    ({"timeout": 20.1}, "timeout", "a number from 0.1 to 20"),
    ({"timeout": float("nan")}, "timeout", "a number from 0.1 to 20"),
    ({"timeout": float("inf")}, "timeout", "a number from 0.1 to 20"),
    ({"timeout": 10**400}, "timeout", "a number from 0.1 to 20"),
    ({"timeout": "2"}, "timeout", "a number from 0.1 to 20"),
    ({"timeout": True}, "timeout", "a number from 0.1 to 20"),
    ({"retries": 6}, "retries", "a whole number from 0 to 5"),
    ({"retries": -1}, "retries", "a whole number from 0 to 5"),
    ({"retries": 1.5}, "retries", "a whole number from 0 to 5"),
    ({"auth": "sha256", "auth_key": "a-long-secret"}, "user", "a user, where auth or privacy"),
]
WRONG_V3: list[tuple[dict[str, Any], str, str]] = [
    ({"user": ""}, "user", "text"),
    ({"user": "x" * 33}, "user", "32 or less"),
    ({"auth": "sha"}, "auth", "one of md5, sha1"),
    ({"auth": ""}, "auth", "text"),
    ({"auth_key": "short"}, "auth_key", "8 or more"),
    ({"auth_key": None}, "auth_key", "text"),
    ({"privacy": "aes"}, "privacy", "one of des, aes128"),
    ({"privacy_key": "short"}, "privacy_key", "8 or more"),
    ({"privacy_key": 12345678}, "privacy_key", "text"),
]


@pytest.mark.parametrize(
    ("base", "change", "key", "expected"),
    [(V2C, *case) for case in WRONG] + [(V3, *case) for case in WRONG_V3],
)
def test_a_setting_that_cannot_be_used_is_told(
    base: dict[str, Any], change: dict[str, Any], key: str, expected: str
) -> None:
    access(base)
    with pytest.raises(SettingsError) as told:
        access(base | change)
    assert told.value.key == key
    assert expected in told.value.expected


@pytest.mark.parametrize(
    ("left_out", "key"),
    [
        (("auth_key",), "auth"),
        (("auth",), "auth"),
        (("privacy",), "privacy"),
        (("privacy_key",), "privacy"),
        (("auth", "auth_key"), "auth"),
        (("user",), "community"),
        (("address",), "address"),
    ],
)
def test_what_belongs_together_is_not_left_out(left_out: tuple[str, ...], key: str) -> None:
    with pytest.raises(SettingsError) as told:
        access({k: v for k, v in V3.items() if k not in left_out})
    assert told.value.key == key


values = (
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats()
    | some.text(max_size=12)
    | some.binary(max_size=3)
    | some.lists(some.integers(), max_size=2)
    | some.sampled_from([*AUTH, *PRIVACY])
)


@given(some.sampled_from([V2C, V3]), some.dictionaries(some.sampled_from(KEYS), values, max_size=3))
def test_settings_of_any_type_make_an_access_or_a_fault(
    base: dict[str, Any], change: dict[str, Any]
) -> None:
    with suppress(SettingsError):
        made = access(base | change)
        assert isinstance(made, Access)
        assert made.identity is not None


@pytest.mark.parametrize("key", ["community", "auth_key", "privacy_key"])
def test_a_fault_never_shows_a_secret(key: str) -> None:
    base = V2C if key == "community" else V3
    for secret in (["hunter2-secret"], {"hunter2-secret": 1}, "hunter2-€"):
        with pytest.raises(SettingsError) as told:
            access({**base, key: secret})
        assert told.value.key == key
        assert "hunter2" not in str(told.value)


def test_who_asks_is_a_community_or_a_user_with_its_keys() -> None:
    assert access(V2C).identity.communityName == "readers"
    user = access(V3).identity
    assert user.userName == "olga"
    assert user.authentication_protocol == AUTH["sha256"]
    assert user.privacy_protocol == PRIVACY["aes128"]
    plain = access({"address": "pdu.example", "user": "olga"}).identity
    assert plain.authentication_protocol == USM_AUTH_NONE


async def test_agents_share_one_engine_for_who_asks_and_one_turn_for_each_address() -> None:
    board = Switchboard()
    for _ in range(2):
        board.join()
    first, second = access(V2C), access({**V2C, "community": "writers", "address": "other"})
    engine = board.engine(first)
    assert board.engine(second) is engine
    assert board.engine(access(V3)) is not engine
    assert board.turn(first) is board.turn(access({**V3, "timeout": 1}))
    assert board.turn(first) is not board.turn(second)
    board.leave()
    assert board.engine(first) is engine  # one is still there
    board.leave()
    board.join()
    assert board.engine(first) is not engine
    board.leave()
