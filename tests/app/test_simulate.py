"""Scenarios in virtual time: what is printed, what counts as found, what is refused."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from living import scene

import smartpdu.app
from smartpdu.app.config import demo
from smartpdu.app.fault import ConfigError
from smartpdu.app.scenario import scenario
from smartpdu.app.simulate import START, found, simulate, within
from smartpdu.model.event import (
    AlarmCleared,
    AlarmRaised,
    CommandDone,
    CommandIntended,
    OutletTurned,
    RequestRefused,
)

SCENARIOS = Path(__file__).parents[2] / "scenarios"
DEMO = Path(smartpdu.app.__file__).parent / "demo.toml"
OUTLET = "rack1/A/outlet/10"


class Terminal(io.StringIO):
    """Text that believes to be a terminal."""

    def isatty(self) -> bool:
        return True


def played(
    path: Path, as_json: bool = False, seed: int | None = None
) -> tuple[int, list[str], str]:
    """Exit code, printed lines and complaints of a scenario file."""
    out, err = io.StringIO(), io.StringIO()
    code = simulate(path, seed, as_json, out, err)
    return code, out.getvalue().splitlines(), err.getvalue()


def scenario_file(path: Path, text: str) -> Path:
    file = path / "scenario.toml"
    file.write_text(text)
    return file


def test_the_loss_of_a_feed_is_printed_beside_the_truth() -> None:
    code, lines, err = played(SCENARIOS / "feed-loss.toml")
    assert (code, err) == (0, "")
    assert lines[0].split()[:5] == ["60", "s", "truth", "feed_loss", "rack1/A/feed"]
    assert lines[0].endswith("until 360 s")
    assert any("event  AlarmRaised" in line and "Feed lost" in line for line in lines)
    assert any("server_dead" in line and "switch-1" in line for line in lines)
    assert lines[-1].split() == [
        *("feed_loss", "at", "rack1/A/feed", "supply.feed", "found", "after", "0", "s"),
    ]


@pytest.mark.parametrize("waves", [True, False])
@pytest.mark.parametrize("as_json", [True, False])
def test_a_site_with_waves_is_told_that_they_are_not_measured(
    tmp_path: Path, waves: bool, as_json: bool
) -> None:
    text = DEMO.read_text("utf-8")
    assert text.count("[twin]\n") == 1
    site = text.replace("[twin]\n", f"[twin]\nwaves = {str(waves).lower()}\n")
    (tmp_path / "site.toml").write_text(site, encoding="utf-8")
    file = scenario_file(tmp_path, 'duration = 5\nsite = "site.toml"\n')
    code, lines, err = played(file, as_json)
    assert (code, len(lines)) == (0, 1 if as_json else 2)
    assert err.startswith("smartpdu: note: the site has waves = true") is waves
    assert err.count("\n") == int(waves)


def test_every_line_of_json_is_one_object_and_the_last_is_the_summary() -> None:
    code, lines, _ = played(SCENARIOS / "overload.toml", as_json=True)
    objects = [json.loads(line) for line in lines]
    assert code == 0
    assert [list(o) for o in objects[:2]] == [["truth"], ["event"]]
    assert objects[0]["truth"]["end"] is None
    events = [o["event"] for o in objects if "event" in o]
    truths = [o["truth"] for o in objects if "truth" in o]
    assert objects[-1]["summary"]["events"] == len(events)
    assert [t["kind"] for t in truths] == ["overload", "tripped"]
    opened = next(e for e in events if e.get("rule") == "breaker.open")
    assert opened["at"] == truths[1]["at"]
    (row,) = objects[-1]["summary"]["faults"]
    assert row["hazard"] == "load.circuit"
    assert row["found_after"] == 5


def test_a_quiet_hour_prints_nothing_but_its_summary() -> None:
    code, lines, _ = played(SCENARIOS / "quiet-hour.toml")
    assert (code, lines) == (0, ["", "3600 s, 0 events, 0 faults"])


def test_a_bad_day_has_many_events_and_every_fault_of_it_is_found() -> None:
    _, lines, _ = played(SCENARIOS / "a-bad-day.toml", as_json=True)
    summary = json.loads(lines[-1])["summary"]
    assert summary["events"] >= 50
    assert len(summary["faults"]) == 16
    assert all(row["found_after"] is not None for row in summary["faults"])
    ends = [json.loads(line)["event"] for line in lines if '"event"' in line]
    assert len({event["kind"] for event in ends}) >= 5


def test_the_seed_of_the_command_line_is_used(tmp_path: Path) -> None:
    path = scenario_file(
        tmp_path,
        'duration = 200\nseed = 3\n[[fault]]\nat = 5\nkind = "overload"\n'
        'place = "rack1/A/circuit/3"\nsize = 5200\n',
    )
    own, same, other = played(path), played(path, seed=3), played(path, seed=4)
    assert own == same
    assert own != other


def order(at: float, on: bool) -> dict[str, Any]:
    return {"at": at, "place": OUTLET, "on": on}


def test_an_order_is_obeyed_in_the_next_second_and_read_back() -> None:
    run = scene(20, orders=[order(5, False), order(10, True)])
    told = [(e.at - START, type(e)) for e in run.events]
    assert told == [
        (6, OutletTurned),
        (6, CommandDone),
        (11, OutletTurned),
        (11, CommandDone),
    ]
    assert run.twin.life.relay.all()
    assert not any(isinstance(e, CommandIntended) for e in run.events)  # the loop says that


def test_an_order_of_the_first_moment_is_not_lost() -> None:
    run = scene(5, orders=[order(0, False)])
    assert [type(e) for e in run.events] == [OutletTurned, CommandDone]


def test_an_order_to_a_silent_source_is_refused_since_its_effect_would_not_be_seen() -> None:
    silent = {"at": 3, "kind": "silent_source", "place": "source/rack1-A", "lasts": 5}
    run = scene(20, [silent], [order(5, False)])
    assert [e.refusal for e in run.events if isinstance(e, RequestRefused)] == ["blind"]
    assert run.twin.life.relay.all()


def test_an_order_that_arrived_before_the_silence_is_read_back_after_it() -> None:
    silent = {"at": 6, "kind": "silent_source", "place": "source/rack1-A", "lasts": 5}
    run = scene(20, [silent], [order(5, False)])
    (done,) = [e for e in run.events if isinstance(e, CommandDone)]
    assert done.at - START == 11
    assert not run.twin.life.relay[run.home.plant.outlets.path.index(OUTLET)]


def test_a_fault_counts_as_found_only_where_it_is() -> None:
    faults = [
        {"at": 5, "kind": "feed_loss", "place": "rack1/A/feed"},
        {"at": 10, "kind": "stuck_relay", "place": OUTLET},  # nobody switches it
        {"at": 12, "kind": "cord_pulled", "place": "rack1/B/outlet/2"},
        {"at": 13, "kind": "cord_pulled", "place": "rack1/A/outlet/2"},  # dark: cannot be seen
    ]
    after = {row["fault"] + row["place"]: row["found_after"] for row in found(scene(60, faults))}
    assert after == {
        "feed_lossrack1/A/feed": 0,
        f"stuck_relay{OUTLET}": None,
        "cord_pulledrack1/B/outlet/2": 3,
        "cord_pulledrack1/A/outlet/2": None,
    }


def test_an_alarm_before_the_fault_does_not_find_it() -> None:
    faults = [
        {"at": 5, "kind": "feed_loss", "place": "rack1/A/feed", "lasts": 10},
        {"at": 20, "kind": "feed_loss", "place": "rack1/A/feed", "lasts": 10},
    ]
    run = scene(60, faults)
    assert [row["found_after"] for row in found(run)] == [0, 0]
    assert len([e for e in run.events if isinstance(e, AlarmRaised)]) == 2
    assert len([e for e in run.events if isinstance(e, AlarmCleared)]) == 2


def test_alarms_of_a_feed_may_stand_at_its_phases_and_of_a_rack_at_its_probes() -> None:
    plant = demo().plant
    assert within(plant, "rack1/A/L1") == {"rack1/A/L1"}
    assert within(plant, "rack1/A/feed") == {"rack1/A/feed", *(f"rack1/A/L{n}" for n in (1, 2, 3))}
    assert within(plant, "rack1") == {"rack1", "rack1/probe/top", "rack1/probe/bottom"}


def test_a_terminal_is_shown_how_far_it_is_and_a_file_is_not(tmp_path: Path) -> None:
    path = scenario_file(tmp_path, "duration = 1600\n")
    out, terminal = io.StringIO(), Terminal()
    assert simulate(path, None, False, out, terminal) == 0
    assert "[#####" in terminal.getvalue()
    assert " of 1600 s" in terminal.getvalue()
    assert played(path)[2] == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("duration = nan\n", ":1: duration: found nan, expected a number above 0"),
        ("duration = -5\n", ":1: duration: found -5, expected a number above 0"),
        ("duratoin = 5\n", ":1: duratoin: found an unknown key, expected 'duration'"),
        (
            'duration = 50\n[[fault]]\nat = 51\nkind = "hot_air"\nplace = "rack1"\n',
            ":3: fault[1].at: found 51, expected less than 50, the end",
        ),
        (
            'duration = 50\n[[fault]]\nat = 50\nkind = "hot_air"\nplace = "rack1"\n',
            ":3: fault[1].at: found 50, expected less than 50, the end: it is not found",
        ),
        ("duration = 1.5\n", ":1: duration: found 1.5, expected whole seconds"),
        (
            'duration = 50\n[[order]]\nat = 51\nplace = "rack1/A/outlet/1"\non = true\n',
            ":3: order.at: found 51, expected at most 50, the end",
        ),
        (
            'duration = 50\n[[order]]\nat = -1\nplace = "rack1/A/outlet/1"\non = true\n',
            ":3: order.at: found -1, expected 0 or a number above 0",
        ),
        (
            'duration = 50\n[[fault]]\nat = 5\nlasts = 0\nkind = "hot_air"\nplace = "rack1"\n',
            ":4: fault[1].lasts: found 0, expected more than 0",
        ),
        (
            'duration = 50\n[[fault]]\nat = 5\nkind = "feed_loss"\nplace = "rack1/A/feed"\n'
            "size = 2\n",
            ":6: fault[1].size: found 2, expected no size: feed_loss is there or not",
        ),
        ("duration = 1e12\n", ":1: duration: found 1000000000000.0, expected at most 31622400 s"),
        ("duration = 5\nfault = 3\n", ":2: fault: found 3, expected tables"),
        ("duration = 5\norder = [1]\n", ":2: order: found [1], expected tables"),
        ("duration = 5\nseed = -1\n", ":2: seed: found -1, expected a whole number from 0"),
        ('duration = 5\nsite = "no.toml"\n', "no.toml:1: file: found No such file"),
        (
            'duration = 5\n[[order]]\nat = 1\nplace = "x"\non = true\n',
            ":4: order.place: found 'x', expected an outlet's path",
        ),
        (
            'duration = 5\n[[fault]]\nat = 1\nkind = "hot_air"\nplace = "rack1"\n'
            '[[fault]]\nat = 1\nkind = "overload"\nplace = "rack1"\n',
            ":9: fault[2].place: found 'rack1', expected the path of one of the circuits",
        ),
    ],
)
def test_a_scenario_that_cannot_be_is_told_with_its_line(
    tmp_path: Path, text: str, told: str
) -> None:
    code, lines, err = played(scenario_file(tmp_path, text))
    assert (code, lines) == (2, [])
    assert told in err


@pytest.mark.parametrize("as_json", [False, True])
def test_a_fault_that_was_not_found_ends_with_1_and_its_truth_tells_its_size(
    tmp_path: Path, as_json: bool
) -> None:
    hidden = 'duration = 40\n[[fault]]\nat = 5\nkind = "leakage_step"\nplace = "rack1/A/feed"\n'
    code, lines, _ = played(scenario_file(tmp_path, f"{hidden}size = 0.0001\n"), as_json)
    assert code == 1
    assert "0.0001 A to earth" in lines[0]
    if as_json:
        assert json.loads(lines[-1])["summary"]["not_found"] == 1
    else:
        assert lines[-1].endswith("NOT FOUND")
    code, lines, _ = played(scenario_file(tmp_path, f"{hidden}size = 0.05\n"), as_json)
    assert code == 0
    assert "0.05 A to earth" in lines[0]
    assert not as_json or json.loads(lines[-1])["summary"]["not_found"] == 0


def test_a_truth_that_grows_tells_how_fast(tmp_path: Path) -> None:
    text = (
        'duration = 9\n[[fault]]\nat = 5\nkind = "hot_air"\nplace = "rack1"\nrate = 3\nsize = 9\n'
    )
    _, lines, _ = played(scenario_file(tmp_path, text))
    assert lines[0].endswith("9 K at the inlet, by 3 K a minute")


def test_a_scenario_may_begin_with_the_mark_of_its_coding(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text("duration = 3\n", encoding="utf-8-sig")
    assert played(path)[0] == 0


def test_a_scenario_may_name_a_site_of_its_own(tmp_path: Path) -> None:
    from importlib.resources import files

    text = (files("smartpdu.app") / "demo.toml").read_text(encoding="utf-8")
    (tmp_path / "site.toml").write_text(text.replace("rack1", "hall7"))
    path = scenario_file(
        tmp_path,
        'site = "site.toml"\nduration = 20\n[[fault]]\nat = 2\nkind = "feed_loss"\n'
        'place = "hall7/B/feed"\n',
    )
    code, lines, _ = played(path)
    assert code == 0
    assert "found after 0 s" in lines[-1]
    (tmp_path / "site.toml").write_text(text + '\n[[twin.server]]\ncords = ["nowhere"]\n')
    with pytest.raises(ConfigError, match=r"site\.toml:\d+: twin\.server\[\d+\]\.cords"):
        scenario(path)
