"""`smartpdu discover`: a site file that runs, or words that say why not."""

import asyncio
from importlib.resources import files
from io import StringIO
from pathlib import Path

import pytest
from agents import free_port
from device import Device, answering, oid, recording
from pysnmp.proto.api import v2c

from smartpdu.app.cli import main
from smartpdu.app.config import site_from_text
from smartpdu.app.discover import Wish, discover

QUICK = {"community": "public", "timeout": 0.3, "retries": 0}


async def ended(wish: Wish) -> tuple[int, str, str]:
    """Exit code, output and errors of a discovery."""
    out, err = StringIO(), StringIO()
    code = await asyncio.to_thread(discover, wish, out, err)
    return code, out.getvalue(), err.getvalue()


async def test_what_is_printed_is_a_site_in_the_names_that_were_asked_for(data: Path) -> None:
    device = Device(recording(data / "recordings/liebert_mph2rg.snmprec"))
    async with answering(device):
        where = {"address": f"127.0.0.1:{device.port}", "community": "public"}
        code, out, err = await ended(Wish(where, None, "hall-3/r07", "B"))
    site = site_from_text(out, "site.toml")
    assert (code, err) == (0, "")
    assert site.plant.racks.path == ("hall-3/r07",)
    assert site.plant.outlets.path[0] == "hall-3/r07/B/outlet/1"
    assert site.plant.feeds.label == ("B",)  # PDU B stands on path B: the two carry for each other
    assert site.sources[0].settings == {**where, "map": "vertiv_mph2", "serial": "V15E0000712"}
    assert len(site.overrides) == 2


async def test_a_column_that_is_told_nowhere_stands_as_a_note_in_the_site(
    data: Path, tmp_path: Path
) -> None:
    own = (files("smartpdu.drivers") / "products/vertiv_mph2.toml").read_text("utf-8")
    column = own[own.index("[outlets]") :].index("current = ") + own.index("[outlets]")
    slip = own[:column] + own[column:].replace("1.3.6.1.4.1.476", "1.3.6.1.4.1.467", 1)
    path = tmp_path / "slip.toml"
    path.write_text(slip, encoding="utf-8")
    device = Device(recording(data / "recordings/liebert_mph2rg.snmprec"))
    async with answering(device):
        where = {"address": f"127.0.0.1:{device.port}", "community": "public"}
        _, right, _ = await ended(Wish(where, None, "r", "A"))
        code, out, _ = await ended(Wish(where, str(path), "r", "A"))
    note = "# note: not told of any of the outlets: "
    assert code == 0
    assert any(line.startswith(note) and "current" in line for line in out.splitlines())
    assert not any(line.startswith(note) and "current" in line for line in right.splitlines())


async def test_no_answer_is_told_with_the_address_and_is_no_bad_input() -> None:
    port = free_port()
    code, out, err = await ended(Wish({"address": f"127.0.0.1:{port}", **QUICK}, None, "r", "A"))
    assert (code, out) == (1, "")
    assert err.startswith(f"smartpdu: 127.0.0.1:{port}: No SNMP response")
    assert err.endswith("or the community is wrong: a wrong one gets no answer\n")


async def test_a_name_that_nobody_has_is_told_as_such() -> None:
    code, out, err = await ended(Wish({"address": "no-such.invalid", **QUICK}, None, "r", "A"))
    assert (code, out, err) == (1, "", "smartpdu: the name no-such.invalid is not known\n")


async def test_a_device_without_a_map_names_the_maps_there_are() -> None:
    values = {oid("1.3.6.1.2.1.1.2.0"): v2c.ObjectIdentifier("1.3.6.1.4.1.32473")}
    async with answering(Device(values)) as device:
        where = {"address": f"127.0.0.1:{device.port}", **QUICK}
        code, out, err = await ended(Wish(where, None, "r", "A"))
    assert (code, out) == (2, "")
    assert "1.3.6.1.4.1.32473" in err
    assert "apc_rpdu2, eaton_epdu, raritan_px, servertech_sentry3, vertiv_mph2" in err


async def test_a_map_of_ones_own_is_taken_and_its_fault_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "toaster.toml"
    path.write_text('maker = "M"\nfamily = "F"\nspeaks = "snmp"\n[device]\nis = ["1.3"]\n')
    where = {"address": f"127.0.0.1:{free_port()}", **QUICK}
    values = {oid("1.3.6.1.2.1.1.2.0"): v2c.ObjectIdentifier("1.3.6.1.4.1.32473")}
    async with answering(Device(values)) as device:
        where["address"] = f"127.0.0.1:{device.port}"
        code, out, err = await ended(Wish(where, str(path), "r", "A"))
    assert (code, out) == (2, "")
    assert f"{path}:1: map: found no column" in err


async def test_a_map_of_ones_own_stands_in_the_site_by_its_file(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text((files("smartpdu.drivers") / "products/vertiv_mph2.toml").read_text("utf-8"))
    device = Device(recording(data / "recordings/liebert_mph2rg.snmprec"))
    async with answering(device):
        where = {"address": f"127.0.0.1:{device.port}", "community": "public"}
        code, out, _ = await ended(Wish(where, str(path), "r", "A"))
    assert code == 0
    assert site_from_text(out, "site.toml").sources[0].settings["map"] == str(path)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["discover", "host:99999"], "address: found 'host:99999', expected HOST or HOST:PORT"),
        (["discover", "h", "--user", "u", "--auth", "rot13"], "auth: found 'rot13', expected one"),
        (["discover", "h", "--timeout", "0"], "timeout: found 0.0, expected a number"),
        (["discover", "h", "--community", ""], "community: found ''"),
        (["discover", "h", "--rack", "Rack 3"], "--rack: found 'Rack 3', expected names joined"),
        (["discover", "h", "--rack", ""], "--rack: found '', expected names joined by /"),
        (["discover", "h", "--rack", "house"], "--rack: found 'house', expected a name that is"),
        (["discover", "h", "--pdu", "a#b"], "--pdu: found 'a#b', expected names joined by /"),
        (
            ["discover", "h", "--user", "u", "--auth", "sha256", "--privacy", "aes128"],
            "privacy: found privacy without the environment variable SMARTPDU_PRIVACY_KEY, exp",
        ),
    ],
)
def test_words_that_fit_nothing_are_bad_input(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTPDU_AUTH_KEY", "long-enough-secret")  # nothing to a community
    assert main(words) == 2
    assert told in capsys.readouterr().err
