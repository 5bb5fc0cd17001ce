"""Who may come in: secrets are kept as hashes only; a link opens once; what ended stays ended."""

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from smartpdu.store import access
from smartpdu.store.access import Token
from smartpdu.store.database import Database, StoreError, open_database

SECRETS = ("tok-3f9c2e41aa", "link-77d0c1b2ee", "session-90ab12cd34")


def test_no_secret_is_found_in_any_file(tmp_path: Path) -> None:
    database = open_database(tmp_path / "smartpdu.db")
    token, link, session = SECRETS
    access.create_token(database, "operator", 1.0, token, "olga's laptop")
    access.create_link(database, "viewer", link, 100.0)
    assert access.redeem_link(database, link, 50.0, session, 600.0) == "viewer"
    for closed in (False, True):
        if closed:
            database.close()
        whole = b"".join(p.read_bytes() for p in tmp_path.iterdir())
        assert b"olga's laptop" in whole  # so what is kept can be seen
        for secret in SECRETS:
            assert secret.encode() not in whole
            assert secret[5:].encode() not in whole


def test_a_token_tells_its_role_until_it_is_revoked(database: Database) -> None:
    first = access.create_token(database, "operator", 5.0, "secret one", "laptop")
    second = access.create_token(database, "admin", 6.0, "secret two")
    assert first != second
    assert access.valid_token(database, "secret one") == Token(
        first, "laptop", "operator", 5.0, None
    )
    assert access.valid_token(database, "secret two") == Token(second, "", "admin", 6.0, None)
    assert access.revoke_token(database, first, 9.0)
    assert not access.revoke_token(database, first, 10.0)
    assert not access.revoke_token(database, "nobody", 10.0)
    assert access.valid_token(database, "secret one") is None
    assert access.valid_token(database, "secret two") == Token(second, "", "admin", 6.0, None)
    assert access.tokens(database) == [
        Token(first, "laptop", "operator", 5.0, 9.0),
        Token(second, "", "admin", 6.0, None),
    ]


@given(some.text(max_size=40))
def test_nothing_but_the_secret_itself_opens(secret: str) -> None:
    assert (access.hashed(secret) == access.hashed("the secret")) == (secret == "the secret")
    assert len(access.hashed(secret)) == 32


def test_what_is_no_token_opens_nothing(database: Database) -> None:
    id = access.create_token(database, "admin", 5.0, "the secret")
    access.create_link(database, "admin", "the link", 100.0)
    mark = access.hashed("the secret").hex()
    for wrong in ("", "The secret", "the secret ", "the", id, mark, "the link", "' OR 1 --", "\0"):
        assert access.valid_token(database, wrong) is None


def test_a_secret_makes_one_token_only(database: Database) -> None:
    access.create_token(database, "viewer", 5.0, "the secret")
    with pytest.raises(StoreError):
        access.create_token(database, "admin", 6.0, "the secret")
    found = access.valid_token(database, "the secret")
    assert found is not None
    assert found.role == "viewer"


def test_a_token_of_another_process_is_valid_at_once_and_dead_at_once(
    database: Database, tmp_path: Path
) -> None:
    other = open_database(tmp_path / "smartpdu.db")
    assert access.valid_token(database, "secret") is None
    id = access.create_token(other, "viewer", 5.0, "secret")
    assert access.valid_token(database, "secret") == Token(id, "", "viewer", 5.0, None)
    assert access.revoke_token(other, id, 6.0)
    assert access.valid_token(database, "secret") is None
    other.close()


def test_a_link_opens_once(database: Database) -> None:
    access.create_link(database, "operator", "link", 100.0)
    assert access.redeem_link(database, "link", 50.0, "s1", 600.0) == "operator"
    assert access.redeem_link(database, "link", 50.0, "s2", 600.0) is None
    assert access.role_of_session(database, "s1", 50.0) == "operator"
    assert access.role_of_session(database, "s2", 50.0) is None


@pytest.mark.parametrize(("at", "opens"), [(99.999, True), (100.0, False), (1e9, False)])
def test_a_link_opens_until_it_expires(database: Database, at: float, opens: bool) -> None:
    access.create_link(database, "operator", "link", 100.0)
    assert access.redeem_link(database, "link", at, "s", 600.0) == ("operator" if opens else None)
    assert (access.role_of_session(database, "s", at) == "operator") == opens
    # and does not open again because a clock went back
    assert access.redeem_link(database, "link", 1.0, "t", 600.0) is None


def test_a_wrong_link_uses_up_no_other(database: Database) -> None:
    access.create_link(database, "operator", "link", 100.0)
    for wrong in ("", "lin", "link ", access.hashed("link").hex()):
        assert access.redeem_link(database, wrong, 50.0, "s", 600.0) is None
        assert access.role_of_session(database, "s", 50.0) is None
    assert access.redeem_link(database, "link", 50.0, "s", 600.0) == "operator"


def test_of_those_who_show_one_link_at_once_one_gets_in(tmp_path: Path, full: bool) -> None:
    path = tmp_path / "smartpdu.db"
    books = [open_database(path) for _ in range(4)]
    for number in range(60 if full else 15):
        access.create_link(books[0], "viewer", f"link {number}", 100.0)
        start, told = threading.Barrier(4), dict[int, str | None]()

        def show(place: int, link: str = f"link {number}") -> None:
            start.wait(30)  # noqa: B023 - all are joined before the next
            session = f"{link} {place}"
            told[place] = access.redeem_link(books[place], link, 50.0, session, 9.0)  # noqa: B023

        threads = [threading.Thread(target=show, args=(place,)) for place in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(told) == [0, 1, 2, 3]
        inside = [place for place, role in told.items() if role == "viewer"]
        assert len(inside) == 1
        for place in range(4):
            role = access.role_of_session(books[1], f"link {number} {place}", 50.0)
            assert role == ("viewer" if place in inside else None)
    for book in books:
        book.close()


def test_a_session_lasts_as_long_as_it_was_given_and_no_longer(database: Database) -> None:
    access.create_link(database, "viewer", "link", 100.0)
    access.redeem_link(database, "link", 50.0, "session", 600.0)
    assert access.role_of_session(database, "session", 649.999) == "viewer"
    assert access.role_of_session(database, "session", 650.0) is None
    assert access.role_of_session(database, "link", 60.0) is None
    assert access.valid_token(database, "session") is None


def test_a_session_that_was_ended_is_over_and_no_other(database: Database) -> None:
    for name in ("one", "two"):
        access.create_link(database, name, f"link {name}", 100.0)
        access.redeem_link(database, f"link {name}", 50.0, name, 600.0)
    access.end_session(database, "one")
    access.end_session(database, "nobody")
    assert access.role_of_session(database, "one", 60.0) is None
    assert access.role_of_session(database, "two", 60.0) == "two"


def test_what_has_expired_does_not_pile_up(database: Database) -> None:
    for number in range(20):
        access.create_link(database, "viewer", f"used {number}", 100.0 * number + 50)
        access.create_link(database, "viewer", f"unused {number}", 100.0 * number + 50)
        access.redeem_link(database, f"used {number}", 100.0 * number, f"s{number}", 60.0)
    assert database.look_up("SELECT count(*) FROM links") == [(1,)]
    assert database.look_up("SELECT count(*) FROM sessions") == [(1,)]
