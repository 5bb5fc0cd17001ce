"""Bytes of drivers in a file: whole after a kill at any moment, never where they do not belong."""

import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from smartpdu.runtime.kept import KeptFile


def nothing() -> None:
    """All is where it was."""


def test_what_was_kept_last_comes_back_and_is_its_owners_alone(tmp_path: Path) -> None:
    kept = KeptFile(tmp_path / "a.kept", nothing)
    assert kept.read() is None
    for form in (b"first, and longer", b"second", b""):
        kept.write(form)
        assert KeptFile(tmp_path / "a.kept", nothing).read() == form
    assert [p.name for p in tmp_path.iterdir()] == ["a.kept"]
    assert stat.S_IMODE((tmp_path / "a.kept").stat().st_mode) == 0o600


def test_nothing_is_written_where_the_directory_is_gone_or_no_longer_ours(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    KeptFile(folder / "a.kept", nothing).write(b"old")

    def lost() -> None:
        raise FileNotFoundError(2, "the lock is gone", "lock")

    with pytest.raises(OSError, match="the lock is gone"):
        KeptFile(folder / "a.kept", lost).write(b"new")
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == {"a.kept": b"old"}
    shutil.rmtree(folder)
    with pytest.raises(FileNotFoundError):
        KeptFile(folder / "a.kept", nothing).write(b"new")
    assert not folder.exists()


def test_what_was_put_aside_outlives_what_is_written_and_put_aside_later(tmp_path: Path) -> None:
    kept = KeptFile(tmp_path / "a.kept", nothing)
    with pytest.raises(FileNotFoundError):
        kept.aside("old")
    asides = []
    for form in (b"first", b"second"):
        kept.write(form)
        asides += [kept.aside("old"), kept.aside("old")]  # once more is the same
    kept.write(b"third")
    assert asides == [str(tmp_path / f"a.kept.{end}") for end in ("old", "old", "old.2", "old.2")]
    assert [Path(asides[n]).read_bytes() for n in (0, 2)] == [b"first", b"second"]
    assert kept.read() == b"third"


WRITES = """
import sys
from pathlib import Path
from smartpdu.runtime.kept import KeptFile
kept = KeptFile(Path(sys.argv[1]), lambda: None)
for letter in b"ab":
    kept.write(bytes([letter]) * 100_000)
    print(chr(letter), flush=True)
"""
CALLS = ("write", "fsync", "rename")


@pytest.mark.parametrize("call", CALLS)
def test_a_kill_at_any_call_leaves_the_one_before_or_the_new_one(
    tmp_path: Path, call: str, need_program: Callable[[str], str]
) -> None:
    """The n-th call of each kind is where it is killed, until it gets through."""
    strace = need_program("strace")
    path = tmp_path / "a.kept"
    for number in range(1, 20):
        path.unlink(missing_ok=True)
        inject = f"inject={call}:signal=SIGKILL:when={number}"
        words = [strace, "-f", "-qq", "-o", "/dev/null", "-P", str(path), "-P", f"{path}.new"]
        words += ["-P", str(tmp_path), "-e", f"trace={call}", "-e", inject]
        words += [sys.executable, "-c", WRITES, str(path)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        found = path.read_bytes() if path.exists() else b""
        assert found in (b"", b"a" * 100_000, b"b" * 100_000)
        told = done.stdout.split()
        if told:
            assert found[:1] >= told[-1].encode()  # what was told as kept is kept
        if done.returncode == 0:
            assert number > 2, "it was never killed"
            return
        assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL), done.stderr
    raise AssertionError("it never got through")
