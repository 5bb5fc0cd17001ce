"""What a device consists of, asked by the plan of its map; nonsense in an answer is no row."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from device import Device, answering, oid
from pysnmp.proto.api import v2c

from smartpdu.drivers.access import Access, Switchboard
from smartpdu.drivers.agent import Agent
from smartpdu.drivers.source import SettingsError
from smartpdu.drivers.survey import Row, Survey, Unrecognised, remarks, surveyed
from smartpdu.model.plant import Kind

E = "1.3.6.1.4.1.32473"
MAP = f"""\
maker = "Example"
family = "Series 1"
speaks = "snmp"
[device]
is = ["{E}.1"]
model = "{E}.1.3.0"
[phases]
voltage = {{ oid = "{E}.2.3.{{}}", unit = "V" }}
[[phases.current]]
oid = "{E}.2.1.{{}}"
unit = {{ oid = "{E}.2.2.{{}}", words = {{ 1 = "A", 2 = "mA" }} }}
digits = "{E}.2.4.{{}}"
[[phases.current]]
oid = "{E}.2.5.{{}}"
unit = "A"
scale = 0.1
[circuits]
current = {{ oid = "{E}.5.1.{{}}", unit = "A" }}
[outlets]
on = {{ oid = "{E}.3.1.{{}}", words = {{ 1 = 1, 2 = 0 }} }}
[probes]
temperature = {{ oid = "{E}.4.1.{{}}", unit = "°F" }}
[plan.phases]
rows = ["{E}.2.9", "{E}.2.1"]
parent = "{{1}}"
rated_current = {{ oid = "{E}.2.6.{{}}", unit = "A" }}
line = {{ oid = "{E}.2.7.{{}}", words = {{ 1 = 1, 2 = 2 }} }}
[plan.circuits]
rows = "{E}.5.1"
parent = {{ oid = "{E}.5.2.{{}}", words = {{ 4 = 1 }} }}
[plan.outlets]
rows = "{E}.3.1"
only = {{ oid = "{E}.3.2.{{}}", words = {{ 1 = 1, 2 = 0 }} }}
parent = {{ oid = "{E}.3.3.{{}}", address = "{{1}}.{{value}}" }}
name = "{E}.3.4.{{}}"
connector = {{ oid = "{E}.3.5.{{}}", texts = {{ 1 = "C13", 2 = "C19" }} }}
switchable = {{ oid = "{E}.3.6.{{}}", bit = 2 }}
metered = {{ oid = "{E}.3.7.{{}}", words = {{ 1 = 1, 2 = 0 }} }}
rated_current = 10
[plan.probes]
addresses = ["7"]
[limits.phases.current]
high_warning = {{ oid = "{E}.2.10.{{}}", unit = "A" }}
high_critical = {{ oid = "{E}.2.11.{{}}", unit = "%" }}
[limits.probes.temperature]
low_warning = {{ oid = "{E}.4.2.{{}}", unit = "°F" }}
high_warning = {{ oid = "{E}.4.3.{{}}", unit = "°F" }}
"""
TREE: dict[str, Any] = {
    "1.3.0": b"Model 7",
    # phases 1.1 and 1.2
    "2.1.1.1": 12_340,
    "2.2.1.1": 2,
    "2.4.1.1": 0,
    "2.5.1.1": 99,
    "2.1.1.2": 1_234,
    "2.2.1.2": 1,
    "2.4.1.2": 2,
    "2.3.1.1": 230,
    "2.6.1.1": b"32A",
    "2.6.1.2": 0,
    "2.7.1.1": 2,
    "2.7.1.2": 9,
    "2.10.1.1": 24,
    "2.11.1.1": 95,
    "2.10.1.2": 0,
    # outlets 1.1, 1.2 and 1.3
    "3.1.1.1": 1,
    "3.1.1.2": 2,
    "3.1.1.3": 1,
    "3.2.1.1": 1,
    "3.2.1.2": 1,
    "3.2.1.3": 2,
    "3.3.1.1": 2,
    "3.3.1.2": -1,
    "3.4.1.1": "Büro".encode(),
    "3.5.1.1": 2,
    "3.5.1.2": 3,
    "3.6.1.1": b"\x20",
    "3.6.1.2": b"\x00",
    "3.7.1.1": 2,
    # circuits 1 and 2
    "5.1.1": 3,
    "5.1.2": 4,
    "5.2.1": 4,
    "5.2.2": 5,
    # the probe 7
    "4.1.7": 68,
    "4.2.7": 32,
    "4.3.7": 0,
}


def device(**changed: Any) -> Device:
    """A device of the made family; changes are named as _3_1_1_1, and None takes a value away."""
    tree = TREE | {name[1:].replace("_", "."): value for name, value in changed.items()}
    values = {oid("1.3.6.1.2.1.1.2.0"): v2c.ObjectIdentifier(f"{E}.1.4")}
    values |= {oid("1.3.6.1.2.1.1.1.0"): v2c.OctetString(b"a pdu")}
    values |= {oid("1.3.6.1.2.1.1.5.0"): v2c.OctetString(b"pdu7")}
    for name, value in tree.items():
        if isinstance(value, bytes):
            values[oid(f"{E}.{name}")] = v2c.OctetString(value)
        elif value is not None:
            values[oid(f"{E}.{name}")] = v2c.Integer32(value)
    return Device(values)


Answer = Survey | Unrecognised | SettingsError


async def asked(device: Device, wanted: str | None, board: Switchboard) -> Answer:
    async with answering(device):
        agent = Agent(Access("127.0.0.1", device.port, 2.0, 0, "public"), board)
        try:
            return await surveyed(agent, wanted)
        except (Unrecognised, SettingsError) as error:
            return error
        finally:
            agent.close()


NONSENSE: dict[str, Any] = {
    "_2_2_1_1": b"A",
    "_2_6_1_1": 2**31 - 1,
    "_2_7_1_1": b"2",
    "_2_10_1_1": b"\xff",
    "_3_2_1_1": b"1",
    "_3_3_1_2": b"x",
    "_3_4_1_2": 7,
    "_3_5_1_2": b"\0",
    "_3_6_1_2": 4,
    "_3_1_1": 1,
    "_3_1_1_9_9": 1,
    "_2_1_5": 1,
    "_4_1_7": b"warm",
    "_4_2_7": b"",
    "_1_3_0": 5,
}


@pytest.fixture(scope="module")
def asked_all(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Several devices, asked one after the other by one program."""
    room = tmp_path_factory.mktemp("maps")
    (room / "series1.toml").write_text(MAP, encoding="utf-8")
    deep = MAP.replace('parent = "{1}"', 'parent = "{1}.{2}"')
    (room / "deep.toml").write_text(deep, encoding="utf-8")
    series1 = str(room / "series1.toml")
    proof = MAP.replace("model =", f'proof = "{E}.1.3"\nmodel =')
    (room / "proof.toml").write_text(proof, encoding="utf-8")
    bare = MAP[: MAP.index("[plan.phases]")]
    (room / "bare.toml").write_text(bare, encoding="utf-8")

    async def ask() -> dict[str, Any]:
        board = Switchboard()
        board.join()
        told = {
            "whole": await asked(device(), series1, board),
            "first silent": await asked(device(_2_1_1_1=None, _2_9_1_1=1), series1, board),
            "nonsense": await asked(device(**NONSENSE), series1, board),
            "deep": await asked(device(_2_1_5=1), str(room / "deep.toml"), board),
            "all too short": await asked(
                device(_2_1_1_1=None, _2_1_1_2=None, _2_1_5=1), str(room / "deep.toml"), board
            ),
            "with proof": await asked(device(), str(room / "proof.toml"), board),
            "without proof": await asked(device(_1_3_0=None), str(room / "proof.toml"), board),
            "no plan": await asked(device(), str(room / "bare.toml"), board),
            "slips": await asked(
                device(_4_1_7=None, _5_1_1=None, _5_1_2=None, _2_3_1_1=None), series1, board
            ),
            "another": await asked(device(), "eaton_epdu", board),
            "unknown": await asked(device(), None, board),
        }
        board.leave()
        await asyncio.sleep(0)
        return told

    return asyncio.run(ask())


@pytest.fixture
def survey(asked_all: dict[str, Any]) -> Survey:
    found = asked_all["whole"]
    assert isinstance(found, Survey)
    return found


def by_address(survey: Survey, kind: Kind) -> dict[tuple[int, ...], Row]:
    return {row.address: row for row in survey.rows[kind]}


def test_a_device_is_asked_for_all_that_its_map_plans(survey: Survey) -> None:
    assert survey.map.family == "Series 1"
    assert survey.about == {"model": "Model 7", "description": "a pdu", "name": "pdu7"}
    phases = by_address(survey, Kind.PHASE)
    first, second = phases[1, 1], phases[1, 2]
    assert first.parent == second.parent == (1,)
    assert first.facts == {"rated_current": 32.0, "line": 2.0}
    assert second.facts == {"rated_current": None, "line": None}  # 0 is none, 9 is no line
    assert first.measured == {"current": pytest.approx(12.34), "voltage": 230.0}
    assert second.measured == {"current": pytest.approx(12.34)}
    assert (first.resolution, second.resolution) == (pytest.approx(0.001), pytest.approx(0.01))
    assert first.limits["current"] == {"high_warning": (24.0, False), "high_critical": (0.95, True)}
    assert second.limits["current"] == {}  # 0 is none


def test_facts_of_a_row_are_told_by_numbers_bits_and_text_or_not_at_all(survey: Survey) -> None:
    outlets = by_address(survey, Kind.OUTLET)
    assert set(outlets) == {(1, 1), (1, 2)}  # of the third the device says that it is none
    first, second = outlets[1, 1], outlets[1, 2]
    assert (first.parent, second.parent) == ((1, 2), None)
    assert (first.name, second.name) == ("Büro", "")
    assert first.facts == {"connector": "C19", "switchable": True, "metered": False} | {
        "rated_current": 10.0
    }
    assert second.facts == {"connector": None, "switchable": False, "metered": None} | {
        "rated_current": 10.0
    }
    assert (first.measured, second.measured) == ({"on": 1.0}, {"on": 0.0})


def test_a_parent_that_the_map_has_no_word_for_is_none(survey: Survey) -> None:
    circuits = by_address(survey, Kind.CIRCUIT)
    assert {address: row.parent for address, row in circuits.items()} == {(1,): (1,), (2,): None}


def test_a_threshold_of_0_is_none_also_where_0_is_not_the_zero_of_our_unit(
    survey: Survey,
) -> None:
    (probe,) = survey.rows[Kind.PROBE]
    assert probe.measured["temperature"] == pytest.approx(20)
    bounds = probe.limits["temperature"]
    assert set(bounds) == {"low_warning"}  # the high one is told as 0 °F
    assert bounds["low_warning"][0] == pytest.approx(0, abs=1e-9)  # 32 °F is one


def test_the_second_place_of_a_reading_tells_its_resolution_where_the_first_is_silent(
    asked_all: dict[str, Any],
) -> None:
    (row,) = asked_all["first silent"].rows[Kind.PHASE]
    assert row.measured["current"] == pytest.approx(9.9)
    assert row.resolution == pytest.approx(0.1)


def test_nonsense_in_an_answer_is_missing_and_ends_nothing(asked_all: dict[str, Any]) -> None:
    survey = asked_all["nonsense"]
    phases, outlets = by_address(survey, Kind.PHASE), by_address(survey, Kind.OUTLET)
    assert phases[1, 1].facts["line"] is None
    assert phases[1, 1].limits["current"].keys() == {"high_critical"}
    assert (1, 1) not in outlets
    assert (outlets[1, 2].parent, outlets[1, 2].name) == (None, "7")
    assert outlets[1, 2].facts["switchable"] is None
    assert outlets[1, 2].facts["connector"] is None
    assert survey.rows[Kind.PROBE][0].measured == {}


def test_an_address_that_is_too_short_for_the_map_is_no_row(asked_all: dict[str, Any]) -> None:
    assert set(by_address(asked_all["deep"], Kind.PHASE)) == {(1, 1), (1, 2)}


def test_addresses_that_are_all_too_short_are_a_fault_of_the_map(
    asked_all: dict[str, Any],
) -> None:
    fault = asked_all["all too short"]
    assert isinstance(fault, SettingsError)
    assert (fault.key, fault.found) == ("plan.phases", "{2}")
    assert fault.expected.startswith("numbers up to 1, as the addresses at the device have")
    assert fault.file.endswith("deep.toml")
    assert MAP.splitlines()[fault.line - 1] == "[plan.phases]"


def test_the_proof_of_a_map_counts_also_where_the_map_was_asked_for(
    asked_all: dict[str, Any],
) -> None:
    assert isinstance(asked_all["with proof"], Survey)
    assert f"nothing stands below {E}.1.3, the proof" in str(asked_all["without proof"])


def test_a_map_without_a_plan_finds_nothing_and_is_refused(asked_all: dict[str, Any]) -> None:
    fault = asked_all["no plan"]
    assert isinstance(fault, SettingsError)
    assert (fault.key, fault.found, fault.line) == ("plan", "nothing", 1)
    assert "a table [plan.KIND]" in fault.expected
    assert fault.file.endswith("bare.toml")


def test_what_a_map_promises_and_no_row_tells_is_remarked(asked_all: dict[str, Any]) -> None:
    assert list(remarks(asked_all["whole"])) == []
    assert list(remarks(asked_all["slips"])) == [
        "not told of any of the phases: voltage",
        f"no circuits: the device tells of none at {E}.5.1",
        "not told of any of the probes: temperature",
    ]
    planned = {k: plan for k, plan in asked_all["whole"].map.plan.items() if k is not Kind.OUTLET}
    fewer = replace(asked_all["whole"], map=replace(asked_all["whole"].map, plan=planned), rows={})
    assert "no outlets: the map reads them, and has no [plan.outlets]" in remarks(fewer)


def test_a_device_for_which_there_is_no_map_is_told_with_what_it_is(
    asked_all: dict[str, Any],
) -> None:
    assert str(asked_all["another"]).startswith(f"found the device {E}.1.4 ('a pdu'), which")
    assert str(asked_all["another"]).endswith("which the map eaton_epdu is not for")
    assert "no map; known: apc_rpdu2, eaton_epdu" in str(asked_all["unknown"])
