"""Verdicts on voltages over REST: as they are kept, with times in words."""

import json
from io import StringIO

import pytest
from app.test_quality import week
from network.web import Web

from smartpdu.app.quality import quality
from smartpdu.drivers.sealed import sealed

PATH = "/api/v1/voltage-quality"


@pytest.mark.requirement("R-8.2-3", "R-8.2-4")
@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
async def test_each_feed_tells_its_verdicts(web: Web, role: str) -> None:
    now, last = week([(1.0, -2.0)] * 9), week([(1.0, -12.0)] * 9, 2899)
    content = {"feeds": {"A/feed": {"now": now, "last": last}}}
    (web.rig.directory / "quality.kept").write_bytes(sealed(1, content))
    (told,) = (await web("GET", PATH, role=role)).json()
    assert told["feed"] == "A/feed"
    assert told["now"]["begin"] == "2025-08-04T00:00:00.000+00:00"
    assert (told["now"]["kept"], told["last"]["kept"]) == (True, False)
    voltage = told["last"]["verdicts"][1]
    assert (voltage["place"], voltage["criterion"]) == ("A/L2", "voltage")
    assert (voltage["worst"], voltage["within"], voltage["judged"]) == (-12.0, 0.0, 9)
    assert voltage["worst_end"].startswith("2025-07-28T")
    out = StringIO()
    assert quality(web.rig.directory, True, out, StringIO()) == 1
    assert json.loads(out.getvalue())["feeds"] == [told]  # the same on the command line


async def test_where_nothing_is_sampled_the_list_is_empty(web: Web) -> None:
    assert (await web("GET", PATH)).json() == []


async def test_a_damaged_file_is_told_and_the_rest_goes_on(web: Web) -> None:
    (web.rig.directory / "quality.kept").write_bytes(b"something else")
    answer = await web("GET", PATH)
    assert answer.status_code == 503
    assert "checksum" in answer.text
    assert (await web("GET", "/api/v1/feeds")).status_code == 200
