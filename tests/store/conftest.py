"""A fresh database for each test of the memory."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from lossy_disk import LossyDisk

from smartpdu.store.database import Database, open_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An open, empty memory."""
    opened = open_database(tmp_path / "smartpdu.db")
    yield opened
    opened.close()


@pytest.fixture
def disk() -> Iterator[LossyDisk]:
    """A disk that forgets what was not synced, and fails when it is told to."""
    made = LossyDisk("lossy", Random(5))
    yield made
    made.unregister()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Makes a small disk of its own; skipped where one may not mount."""
    mounted: list[Path] = []

    def made(size: str) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if not shutil.which("mount") or subprocess.call(mount, stderr=subprocess.DEVNULL):
            pytest.skip("no right to mount a small disk here")
        mounted.append(folder)
        return folder

    yield made
    for folder in mounted:
        subprocess.check_call(["umount", str(folder)])
