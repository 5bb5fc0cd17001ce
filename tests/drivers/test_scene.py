"""Every setting of the twin that cannot be used is refused by its name, found and expected."""

from pathlib import Path
from typing import Any

import pytest
from living import rack

from smartpdu.drivers.scene import fault, faults, first_second, seed, servers
from smartpdu.drivers.source import SettingsError
from smartpdu.twin.faults import INJECTORS, effects

A, B = "rack1/A/outlet/1", "rack1/B/outlet/1"
GOOD: dict[str, Any] = {"path": "web", "cords": [A, B]}


def refusal(**server: Any) -> str:
    """What is said of a server with these settings."""
    with pytest.raises(SettingsError) as refused:
        servers({"server": [{**GOOD, **server}]}, rack().plant)
    return str(refused.value)


@pytest.mark.parametrize(
    ("server", "told"),
    [
        ({"volts": 3}, "twin.server[1].volts: found an unknown key"),
        ({"cords": []}, "twin.server[1].cords: found [], expected a list of outlet paths"),
        ({"cords": "x"}, "cords: found 'x', expected a list"),
        ({"cords": [7]}, "cords: found [7], expected a list"),
        ({"cords": ["rack1/A/outlet/99"]}, "found 'rack1/A/outlet/99', expected the path of"),
        ({"cords": [A, A]}, f"cords: found {A!r}, expected each outlet once"),
        ({"path": 4}, "path: found 4, expected text"),
        ({"path": ""}, "path: found '', expected text"),
        ({"rated_power": -1}, "rated_power: found -1, expected 0 or a number above 0"),
        ({"rated_power": True}, "rated_power: found True"),
        ({"rated_power": "x"}, "rated_power: found 'x'"),
        ({"rated_power": float("nan")}, "rated_power: found nan"),
        ({"boot": float("inf")}, "boot: found inf"),
        ({"rated_power": 0, "idle_power": 0}, "rated_power: found 0, expected a number above 0"),
        ({"rated_power": 100}, "idle_power: found 150, expected at most the rated power, 100"),
        ({"demand": 1.2}, "demand: found 1.2, expected a number from 0 to 1"),
        ({"kind": "toaster"}, "kind: found 'toaster', expected one of ordinary, gpu"),
        ({"kind": ["gpu"]}, "kind: found ['gpu']"),
        ({"mode": "half"}, "mode: found 'half', expected one of share, hot_spare"),
        ({"idle_shares": [1.0]}, "idle_shares: found [1.0], expected a share for each of 2"),
        ({"idle_shares": 3}, "idle_shares: found 3"),
        ({"idle_shares": [1.5, 0.5]}, "found [1.5, 0.5], expected shares above 0 that are 1 tog"),
        ({"full_shares": [0.2, 0.2]}, "full_shares: found [0.2, 0.2], expected shares above 0"),
        ({"full_shares": [1, 0]}, "full_shares: found [1, 0], expected shares above 0"),
        ({"kind": "replay"}, "replay: found one without the other"),
        ({"replay": "x.csv"}, "replay_columns: found None, expected the names of 2 columns"),
        ({"replay": "x.csv", "replay_columns": ["a"]}, "replay_columns: found ['a']"),
        ({"replay": 3, "replay_columns": ["a", "b"]}, "replay: found 3, expected text"),
        ({"replay": "no.csv", "replay_columns": ["a", "b"]}, "server[1].replay: found no.csv"),
    ],
)
def test_a_server_that_cannot_be_is_refused(server: dict[str, Any], told: str) -> None:
    assert told in refusal(**server)


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"servers": []}, "twin.servers: found an unknown key, expected 'server'"),
        ({"zzz": []}, "twin.zzz: found an unknown key, expected one of fault, seed, server"),
        ({"server": 3}, "twin.server: found 3, expected tables written [[twin.server]]"),
        ({"server": [3]}, "twin.server: found [3]"),
        (
            {"server": [GOOD, {**GOOD, "path": "db"}]},
            f"twin.server[2].cords: found {A!r}, expected only in web",
        ),
        (
            {"server": [GOOD, {"path": "web", "cords": ["rack1/A/outlet/2"]}]},
            "twin.server[2].path: found 'web', expected a name that no other server has",
        ),
    ],
)
def test_a_section_that_cannot_be_is_refused(section: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError) as refused:
        servers(section, rack().plant)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({}, "twin.fault[2].at: found nothing, expected a value"),
        ({"at": 1, "kind": "overload"}, "twin.fault[2].place: found nothing"),
        ({"at": 1, "kind": "flood", "place": "x"}, "kind: found 'flood', expected one of"),
        ({"at": 1, "kind": [], "place": "x"}, "kind: found []"),
        ({"at": 1, "kind": "overload", "place": []}, "place: found [], expected text"),
        ({"at": -1, "kind": "overload", "place": "x"}, "at: found -1"),
        ({"at": 1, "kind": "overload", "place": "x", "lasts": "y"}, "lasts: found 'y'"),
        ({"at": 3, "kind": "overload", "place": "x", "lasts": 0}, "lasts: found 0, expected more"),
        ({"at": 3.5, "kind": "overload", "place": "x", "lasts": 0.5}, "expected more than 0.5: it"),
        ({"at": 0, "kind": "overload", "place": "x", "lasts": 1}, "expected more than 1: it would"),
        (
            {"at": 1, "kind": "feed_loss", "place": "x", "size": 1},
            "size: found 1, expected no size",
        ),
        (
            {"at": 1, "kind": "feed_loss", "place": "x", "rate": 0},
            "rate: found 0, expected no rate",
        ),
        (
            {"at": 1, "kind": "undervoltage", "place": "x", "size": 5},
            "size: found 5, expected 0.1 to 0.99 of the nominal voltage",
        ),
        ({"at": 1, "kind": "hot_air", "place": "x", "size": 0}, "found 0, expected 0.1 to 80 K"),
        ({"at": 1, "kind": "overload", "place": "x", "size": 1e300}, "expected 1 to 100000 W"),
        ({"at": 1, "kind": "overload", "place": "x", "rate": 2}, "rate: found 2, expected no rate"),
        ({"at": 1, "kind": "overload", "place": "x", "laests": 2}, "unknown key, expected 'lasts'"),
        ({"at": 1, "kind": "overload", "place": "x", "big": 1}, "big: found an unknown key"),
        ({"at": 1, "kind": "overload", "place": "rack1"}, "fault[2].place: found 'rack1'"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_its_number(
    table: dict[str, Any], told: str
) -> None:
    good = {"at": 1, "kind": "hot_air", "place": "rack1"}
    with pytest.raises(SettingsError) as refused:
        faults({"fault": [good, table]}, rack().plant)
    assert told in str(refused.value)


@pytest.mark.parametrize("kind", sorted(INJECTORS))
def test_the_usual_size_of_a_kind_is_one_that_it_may_have(kind: str) -> None:
    made = fault(1, {"at": 1, "kind": kind, "place": "x"})
    assert made.size == INJECTORS[kind].size
    for size in INJECTORS[kind].sizes or ():
        assert fault(1, {"at": 1, "kind": kind, "place": "x", "size": size}).size == size


@pytest.mark.parametrize(("at", "lasts"), [(0, 1.1), (3, 0.1), (3.5, 0.6), (5, 1)])
def test_a_fault_that_reaches_a_second_acts_in_it(at: float, lasts: float) -> None:
    made = fault(1, {"at": at, "kind": "hot_air", "place": "rack1", "lasts": lasts})
    plant = rack().plant
    acted = [s for s in range(1, 10) if effects(plant, [(made, 0)], s).heat[0] > 0]
    assert acted == [first_second(made)]


@pytest.mark.parametrize("value", [-1, 1.5, "1", True])
def test_a_seed_is_a_whole_number(value: Any) -> None:
    with pytest.raises(SettingsError, match=r"twin\.seed"):
        seed({"seed": value})


def test_what_a_section_leaves_open_has_its_usual_value() -> None:
    assert seed({}) == 1
    assert servers({}, rack().plant) == []
    (spec,) = servers({"server": [{"cords": [A]}]}, rack().plant)
    assert (spec.path, spec.cords, spec.kind) == ("server/1", (A,), "ordinary")
    made = fault(1, {"at": 3, "kind": "hot_air", "place": "rack1", "rate": 2})
    assert (made.at, made.size, made.rate) == (3, INJECTORS["hot_air"].size, 2)
    assert made.lasts == float("inf")


def test_a_record_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "power.csv"
    path.write_text("t_s,a,b\n0,100,50\n1,110,60\n")
    table = {"cords": [A, B], "kind": "replay", "replay": str(path), "replay_columns": ["b", "a"]}
    (spec,) = servers({"server": [table]}, rack().plant)
    assert spec.replay.tolist() == [[50, 100], [60, 110]]
