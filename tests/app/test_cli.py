"""The command line as a person meets it: exit codes, words on the right stream, no traceback."""

import argparse
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path

import pytest
from program import Program

from smartpdu.app.cli import _parser, data_directory, main
from smartpdu.app.wire import only_one
from smartpdu.drivers.access import access as access_of
from smartpdu.drivers.source import SettingsError
from smartpdu.store import access
from smartpdu.store.database import open_database

SITE = """
[[source]]
path = "source/A"
driver = "simulator"
[[rack]]
path = "rack1"
[[pdu]]
path = "rack1/A"
rack = "rack1"
source = "source/A"
[[feed]]
path = "rack1/A/feed"
pdu = "rack1/A"
label = "A"
rated_power = 3680
[[phase]]
path = "rack1/A/L1"
feed = "rack1/A/feed"
rated_current = 16
[[circuit]]
path = "rack1/A/circuit/1"
phase = "rack1/A/L1"
rated_current = 16
[[outlet]]
path = "rack1/A/outlet/1"
circuit = "rack1/A/circuit/1"
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(SITE, encoding="utf-8")
    return path


def spoken(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command."""
    try:
        code = main([str(word) for word in words])
    except SystemExit as end:  # argparse ends the program itself
        code = int(end.code or 0)
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\nfrom smartpdu.app.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'apsw', 'fastapi', 'asyncio', 'pysnmp'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for command in ("run", "simulate", "check", "token"):
        assert command in done.stdout


def options(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.Action]]:
    """Every argument of every command below a parser, with the words that lead to it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from options(below)
        elif action.dest not in ("help", "version"):
            yield f"{parser.prog} {(action.option_strings or [action.dest])[0]}", action


def test_the_help_tells_the_default_of_every_option() -> None:
    told = dict(options(_parser()))
    assert len(told) >= 27
    for words, action in told.items():
        assert action.help, words
        if action.option_strings:
            assert ("needed" if action.required else "default: ") in action.help, words
    timeout = told["smartpdu discover --timeout"].help or ""
    least, most, default = re.findall(r"[\d.]+", timeout)
    assert access_of({"address": "h", "community": "c"}).timeout == float(default)
    for value, good in ((least, True), (most, True), (0.99 * float(least), False)):
        with nullcontext() if good else pytest.raises(SettingsError):
            access_of({"address": "h", "community": "c", "timeout": float(value)})


@pytest.mark.parametrize(
    "words", [["run"], ["token", "create"], ["token", "list"], ["token", "revoke"]]
)
def test_the_help_tells_where_the_memory_lies(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "500")
    code, out, _ = spoken(capsys, *words, "--help")
    assert code == 0
    found = re.search(r"default: \$(\w+), or else \$(\w+)/smartpdu, or else ~/(\S+/smartpdu)", out)
    assert found is not None
    first, second, last = found.groups()
    monkeypatch.setenv("HOME", "/home/olga")
    monkeypatch.setenv(first, "/first")
    monkeypatch.setenv(second, "/second")
    assert data_directory(None) == Path("/first")
    monkeypatch.delenv(first)
    assert data_directory(None) == Path("/second/smartpdu")
    monkeypatch.delenv(second)
    assert data_directory(None) == Path("/home/olga") / last


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert spoken(capsys, "--version") == (0, f"smartpdu {version('smartpdu')}\n", "")


@pytest.mark.parametrize("words", [[], ["fly"], ["simulate"], ["token", "create"]])
def test_a_command_that_is_none_is_bad_input(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    code, out, err = spoken(capsys, *words)
    assert (code, out) == (2, "")
    assert "usage: smartpdu" in err


@pytest.mark.parametrize("seed", ["abc", "-1", "1.5", "", "²", "9" * 101])
def test_a_seed_that_is_no_whole_number_is_told(
    capsys: pytest.CaptureFixture[str], seed: str
) -> None:
    code, out, err = spoken(capsys, "simulate", "x.toml", f"--seed={seed}")
    assert (code, out) == (2, "")
    assert f"argument --seed: found {seed!r}, expected a whole number from 0" in err


def test_the_memory_lies_where_it_was_said_or_in_the_users_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SMARTPDU_DATA", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert data_directory(None) == Path("/state/smartpdu")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/home/olga")
    assert data_directory(None) == Path("/home/olga/.local/state/smartpdu")
    monkeypatch.setenv("SMARTPDU_DATA", "/elsewhere")
    assert data_directory(None) == Path("/elsewhere")
    assert data_directory(Path("here")) == Path("here")


def test_check_says_that_all_is_well(capsys: pytest.CaptureFixture[str], site: Path) -> None:
    code, out, err = spoken(capsys, "check", site)
    assert (code, err) == (0, "")
    assert "1 rack, 1 PDU, 1 outlet, 1 source: all well" in out


def test_check_tells_all_faults_with_file_and_line(
    capsys: pytest.CaptureFixture[str], site: Path
) -> None:
    site.write_text(SITE.replace("3680", "-1").replace('= "rack1"\nsource', '= "no"\nsource'))
    code, out, err = spoken(capsys, "check", site)
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        f"{site}:9: pdu.rack: found 'no', expected the path of one of the racks",
        f"{site}:15: feed.rated_power: found -1, expected a number above 0, at most 20000000 VA",
    ]


DRIVER = """
from smartpdu.drivers.source import SettingsError, SourceError

def check(settings):
    if settings["address"] == "bad":
        raise SettingsError("address", "'bad'", "a host")

class Deaf:
    def __init__(self, address):
        self.address = address
    async def read(self):
        raise SourceError("no answer within 3 s")
    async def close(self):
        print("closed", self.address)

def open_source(wanted):
    if wanted.settings["address"] == "misfit":
        raise SettingsError("address", "'misfit'", "a device with 2 outlets")
    return Deaf(wanted.settings["address"])
"""


@pytest.fixture
def deaf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, site: Path) -> Path:
    """A site with a driver of another package, whose device never answers."""
    room = tmp_path / "packages"
    (room / "deaf-1.dist-info").mkdir(parents=True)
    (room / "deaf-1.dist-info" / "METADATA").write_text("Name: deaf\nVersion: 1\n")
    entry = "[smartpdu.drivers]\ndeaf = deaf_driver\n"
    (room / "deaf-1.dist-info" / "entry_points.txt").write_text(entry)
    (room / "deaf_driver.py").write_text(DRIVER)
    monkeypatch.syspath_prepend(room)
    monkeypatch.delitem(sys.modules, "deaf_driver", raising=False)
    text = SITE.replace('driver = "simulator"', 'driver = "deaf"\naddress = "192.0.2.7:161"')
    site.write_text(text)
    return site


def test_check_refuses_a_source_that_does_not_answer_unless_it_is_not_asked(
    capsys: pytest.CaptureFixture[str], deaf: Path
) -> None:
    code, out, err = spoken(capsys, "check", deaf)
    assert (code, out) == (2, "closed 192.0.2.7:161\n")
    assert err == (
        f"{deaf}:5: source.address: found '192.0.2.7:161': no answer within 3 s, "
        "expected a device that answers\n"
    )
    assert spoken(capsys, "check", deaf, "--offline")[0] == 0


def test_a_setting_that_a_driver_refuses_is_told_with_its_line(
    capsys: pytest.CaptureFixture[str], deaf: Path
) -> None:
    deaf.write_text(deaf.read_text().replace("192.0.2.7:161", "bad"))
    code, _, err = spoken(capsys, "check", deaf, "--offline")
    assert (code, err) == (2, f"{deaf}:5: source.address: found 'bad', expected a host\n")


def test_a_driver_that_cannot_be_loaded_is_told_with_its_line(
    capsys: pytest.CaptureFixture[str], deaf: Path, tmp_path: Path
) -> None:
    (tmp_path / "packages" / "deaf_driver.py").unlink()
    code, _, err = spoken(capsys, "check", deaf)
    assert code == 2
    assert err.startswith(f"{deaf}:4: source.driver: found No module named 'deaf_driver'")


def test_a_setting_that_does_not_fit_what_is_built_is_told_by_check_and_run(
    capsys: pytest.CaptureFixture[str], deaf: Path, tmp_path: Path
) -> None:
    deaf.write_text(deaf.read_text().replace("192.0.2.7:161", "misfit"))
    told = f"{deaf}:5: source.address: found 'misfit', expected a device with 2 outlets\n"
    assert spoken(capsys, "check", deaf) == (2, "", told)
    words = ["run", "--config", deaf, "--data", tmp_path / "data", "--listen", "127.0.0.1:0"]
    assert spoken(capsys, *words) == (2, "", told)
    assert not (tmp_path / "data" / "smartpdu.db").exists()


def test_check_of_no_file_is_bad_input(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = spoken(capsys, "check", tmp_path / "none.toml")
    assert code == 2
    assert "none.toml:1: file: found No such file or directory, expected a file to read" in err


def test_run_does_not_start_with_a_bad_site_and_leaves_no_memory_behind(
    capsys: pytest.CaptureFixture[str], site: Path, tmp_path: Path
) -> None:
    site.write_text(SITE.replace("3680", "0"))
    code, _, err = spoken(capsys, "run", "--config", site, "--data", tmp_path / "data")
    assert code == 2
    assert "feed.rated_power" in err
    assert not (tmp_path / "data").exists()


def test_run_does_not_start_at_an_address_it_may_not_have(
    capsys: pytest.CaptureFixture[str], site: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        words = ["run", "--config", site, "--data", tmp_path / "data", "--listen"]
        port = taken.getsockname()[1]
        code, _, err = spoken(capsys, *words, f"127.0.0.1:{port}")
        assert (code, "in use" in err) == (2, True)
        code, _, err = spoken(capsys, *words, "0.0.0.0:0")
        assert (code, "--insecure-http" in err) == (2, True)
    assert not (tmp_path / "data").exists()


def test_run_does_not_start_twice_on_one_memory(
    capsys: pytest.CaptureFixture[str], site: Path, tmp_path: Path
) -> None:
    with only_one(tmp_path / "data"):
        words = ["run", "--config", site, "--data", tmp_path / "data", "--listen", "127.0.0.1:0"]
        code, _, err = spoken(capsys, *words)
    assert code == 1
    assert f"another smartpdu already runs on the data directory {tmp_path / 'data'}" in err


@pytest.mark.parametrize("command", [["run", "--listen", "127.0.0.1:0"], ["token", "list"]])
def test_a_memory_that_cannot_be_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "file").touch()
    code, out, err = spoken(capsys, *command, "--data", tmp_path / "file")
    assert (code, out) == (1, "")
    assert f"the data directory {tmp_path / 'file'} cannot be used" in err


def test_a_memory_that_is_no_database_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "smartpdu.db").write_bytes(b"not a database, not at all" * 100)
    code, out, err = spoken(capsys, "token", "list", "--data", tmp_path)
    assert (code, out) == (1, "")
    assert err.startswith("smartpdu: ")
    assert "smartpdu.db" in err


@pytest.mark.requirement("R-14.2-2")
def test_a_token_is_printed_alone_kept_as_a_hash_listed_and_ended(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ["--data", tmp_path]
    create = ["token", "create", "--role", "operator", "--name", "desk"]
    (tmp_path / "smartpdu.db").touch()  # as a run that has just begun
    code, out, err = spoken(capsys, *create, *words)
    secret = out.strip()
    assert (code, err) == (0, "")
    assert len(out.split()) == 1
    assert len(secret) >= 43  # 256 bits in base64
    assert secret not in spoken(capsys, *create, *words)[1]
    database = open_database(tmp_path / "smartpdu.db")
    try:
        made = access.valid_token(database, secret)
        assert made is not None
        assert (made.role, made.name) == ("operator", "desk")
        assert all(secret.encode() not in f.read_bytes() for f in tmp_path.iterdir())
        code, out, _ = spoken(capsys, "token", "list", "--json", *words)
        rows = [json.loads(line) for line in out.splitlines()]
        assert [(r["role"], r["name"], r["revoked"]) for r in rows] == [
            ("operator", "desk", False)
        ] * 2
        assert secret not in out
        assert spoken(capsys, "token", "revoke", made.id, *words)[0] == 0
        assert access.valid_token(database, secret) is None
        code, _, err = spoken(capsys, "token", "revoke", made.id, *words)
        assert (code, "found no valid token" in err) == (2, True)
        assert " revoked " in spoken(capsys, "token", "list", *words)[1]
    finally:
        database.close()


@pytest.mark.parametrize("words", [["list"], ["list", "--json"], ["revoke", "0123456789ab"]])
def test_a_data_directory_that_is_none_is_told_and_not_made(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: list[str]
) -> None:
    for data in (tmp_path / "typo", tmp_path):
        code, out, err = spoken(capsys, "token", *words, "--data", data)
        assert (code, out) == (2, "")
        assert err == f"smartpdu: there is no SmartPDU data directory at {data}\n"
    assert not list(tmp_path.iterdir())


def test_a_token_may_be_made_before_the_first_run_and_says_where_it_is_kept(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    data = tmp_path / "to" / "come"
    words = ["token", "create", "--role", "viewer", "--data", data]
    code, out, err = spoken(capsys, *words)
    assert (code, len(out.split())) == (0, 1)
    assert err.startswith(f"smartpdu: made a new data directory at {data}: ")
    assert spoken(capsys, *words)[2] == ""
    with Program(tmp_path / "room", data=data) as program:
        program.web.headers["Authorization"] = f"Bearer {out.strip()}"
        assert program.rows("racks")


def test_a_token_is_not_made_in_a_directory_that_cannot_be_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    for data in (tmp_path / "file", tmp_path / "file" / "below"):
        code, out, err = spoken(capsys, "token", "create", "--role", "viewer", "--data", data)
        assert (code, out) == (1, "")
        assert f"the data directory {data} cannot be used: Not a directory" in err


def test_a_name_cannot_make_the_terminal_obey(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    name = "\x1b[2J\x9b7mTür\nfake  admin \u202egnirts\\x1b"
    words = ["--data", tmp_path]
    assert spoken(capsys, "token", "create", "--role", "viewer", "--name", name, *words)[0] == 0
    shown = spoken(capsys, "token", "list", *words)[1]
    assert shown.count("\n") == 1
    assert shown.endswith("\\x1b[2J\\x9b7mTür\\nfake  admin \\u202egnirts\\\\x1b\n")
    assert json.loads(spoken(capsys, "token", "list", "--json", *words)[1])["name"] == name
    code, _, err = spoken(capsys, "token", "revoke", "\x1b[2J", *words)
    assert (code, "\x1b" in err, "\\x1b[2J" in err) == (2, False, True)


def test_a_name_or_id_of_bytes_that_are_no_text_is_bad_input(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "smartpdu.db").touch()
    odd = os.fsdecode(b"\xff")
    create = ["token", "create", "--role", "viewer", "--name", odd, "--data", tmp_path]
    for words in (create, ["token", "revoke", odd, "--data", tmp_path]):
        code, out, err = spoken(capsys, *words)
        assert (code, out) == (2, "")
        assert "found " in err
        assert "\\udcff, expected" in err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("duration = 0\n", ":1: duration: found 0, expected 1 s or more"),
        ("duration = 9\nspeed = 2\n", ":2: speed: found an unknown key, expected 'seed'"),
        (
            'duration = 9\n[[order]]\nat = 1\nplace = "x"\non = 1\n',
            ":5: order.on: found 1, expected true or false",
        ),
        (
            'duration = 9\n[[fault]]\nat = 1\nkind = "flood"\nplace = "x"\n',
            ":4: fault[1].kind: found 'flood', expected one of",
        ),
        ("duration = \n", "TOML"),
    ],
)
def test_a_scenario_that_cannot_be_played_is_told_with_its_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(text)
    code, out, err = spoken(capsys, "simulate", path)
    assert (code, out) == (2, "")
    assert told in err


def test_a_reader_that_goes_away_is_no_reason_for_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    faults = "".join(
        f'[[fault]]\nat = {n}\nkind = "cord_pulled"\nplace = "rack1/A/outlet/{n}"\n'
        for n in range(1, 9)
    )
    path.write_text(f"duration = 60\n{faults}")
    read, write = os.pipe()
    os.close(read)
    words = [sys.executable, "-m", "smartpdu.app", "simulate", str(path)]
    done = subprocess.run(words, check=False, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert done.returncode == 1
    assert done.stderr == ""


@pytest.mark.parametrize(("where", "code"), [(">&-", 0), ("> /dev/full", 1)])
def test_an_output_that_is_closed_or_full_ends_without_a_traceback(where: str, code: int) -> None:
    command = f"{sys.executable} -m smartpdu.app simulate scenarios/quiet-hour.toml {where}"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert ("No space left" in done.stderr) is (code == 1)
