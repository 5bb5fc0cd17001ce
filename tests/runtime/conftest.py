"""What the tests of the shell share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from runtime.rig import Rig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """A small house that has turned for three seconds."""
    started = await Rig(tmp_path).start()
    await started.lasts(3)
    yield started
    await started.stop()
