"""A fresh database for each test of the memory."""

from collections.abc import Iterator
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
