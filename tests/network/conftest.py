"""A house of the rig with its web, for all tests of the network."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from network.web import Web, opened
from runtime.rig import Rig


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    rig = await Rig(tmp_path).start()
    yield await opened(rig)
    await rig.stop()
