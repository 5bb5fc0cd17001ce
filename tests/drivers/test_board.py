"""What the channels of a board are: order of the streams, and settings that cannot be meant."""

from pathlib import Path
from typing import Any

import pytest
from boards import Clock, plant, wanted

from smartpdu.app.cli import main
from smartpdu.drivers.adc import check, listened, open_source
from smartpdu.drivers.board import board, channels
from smartpdu.drivers.source import SettingsError


def channel(place: str, quantity: str = "current", **other: Any) -> dict[str, Any]:
    return {"place": place, "quantity": quantity, "gain": 0.01} | other


U1, U2 = channel("A/L1", "voltage"), channel("A/L2", "voltage")


def test_each_voltage_stands_before_what_belongs_to_it() -> None:
    described = [
        channel("A/o2"),  # on L2
        channel("A/o4"),  # on L1
        channel("A/feed", "residual_current"),
        U2,
        {"place": "none"},
        channel("A/o1"),
        U1,
        channel("A/c2", "residual_current"),
    ]
    made = board(channels({"channel": described}), plant())
    (course,) = made.courses
    assert made.channels == 8
    assert course.columns.tolist() == [3, 0, 2, 7, 6, 1, 5]
    assert course.group.tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert course.channels(1e4).partner.tolist() == [0, 0, 0, 0, 4, 4, 4]
    assert (course.nominal_frequency, course.nominal_voltage) == (50.0, 230.0)


def test_calibration_goes_with_its_channel() -> None:
    described = [
        channel("A/L1", gain=-0.25, offset=3, delay=1e-5),
        channel("A/L1", "voltage", gain=2),
    ]
    (course,) = board(channels({"channel": described}), plant()).courses
    assert course.calibration.gain.tolist() == [2.0, -0.25]
    assert course.calibration.offset.tolist() == [0.0, 3.0]
    assert course.calibration.delay.tolist() == [0.0, 1e-5]


BAD: list[tuple[list[Any] | Any, str, str, str]] = [
    (None, "channel", "nothing", "[[source.channel]]"),
    ([], "channel", "[]", "[[source.channel]]"),
    ("A/L1", "channel", "'A/L1'", "[[source.channel]]"),
    ([U1, 7], "channel", "7]", "[[source.channel]]"),
    ([U1, channel("A/L1", gian=1)], "channel[2].gian", "an unknown key", "'gain'"),
    ([{"quantity": "voltage", "gain": 1}], "channel[1].place", "nothing", "path of a place"),
    ([channel("")], "channel[1].place", "''", "path of a place"),
    ([channel("A/L1", "volts")], "channel[1].quantity", "'volts'", "one of current, "),
    ([{"place": "A/L1", "gain": 1}], "channel[1].quantity", "nothing", "one of current, "),
    ([{"place": "A/L1", "quantity": "voltage"}], "channel[1].gain", "nothing", "a number"),
    ([channel("A/L1", gain=0)], "channel[1].gain", "0", "of one count"),
    ([channel("A/L1", gain=-1e300)], "channel[1].gain", "-1e+300", "1e-12 to 10000"),
    ([channel("A/L1", offset=1e12)], "channel[1].offset", "1e+12", "-2147483648 to 2147483648"),
    ([channel("A/L1", gain="1")], "channel[1].gain", "'1'", "a number"),
    ([channel("A/L1", gain=True)], "channel[1].gain", "True", "a number"),
    ([channel("A/L1", offset=float("nan"))], "channel[1].offset", "nan", "a number"),
    ([channel("A/L1", delay=0.002)], "channel[1].delay", "0.002", "-0.001 to 0.001 s"),
    ([channel("A/L1", delay=float("inf"))], "channel[1].delay", "inf", "a number"),
]


@pytest.mark.parametrize(("table", "key", "found", "expected"), BAD)
def test_a_channel_that_cannot_be_is_told_with_its_number(
    table: Any, key: str, found: str, expected: str
) -> None:
    settings = {"address": "udp:127.0.0.1:5800"} | ({} if table is None else {"channel": table})
    with pytest.raises(SettingsError) as told:
        check(settings)
    assert told.value.key == key
    assert found in told.value.found
    assert expected in told.value.expected


UNFIT = [
    ([U1, channel("B/L1")], "channel[2].place", "a feed, phase, circuit or outlet"),
    ([U1, channel("rack")], "channel[2].place", "a feed, phase, circuit or outlet"),
    ([U1, channel("A/feed")], "channel[2].quantity", "neutral_current or residual_current"),
    ([U1, channel("A/o1", "voltage")], "channel[2].quantity", "current, at one of the outlets"),
    ([U1, channel("A/o1"), channel("A/o1")], "channel[3].place", "other than that of channel 2"),
    ([channel("A/o1")], "channel[1].quantity", "a voltage of A/feed"),
    ([U1, channel("A/o2")], "channel[2].place", "the voltage of A/L2"),
    ([{"place": "none"}], "channel", "one at least"),
]


@pytest.mark.parametrize(("table", "key", "expected"), UNFIT)
def test_a_channel_that_does_not_fit_the_plant_is_told(
    table: list[Any], key: str, expected: str
) -> None:
    with pytest.raises(SettingsError) as told:
        open_source(wanted(plant(), {"address": "udp:127.0.0.1:5800", "channel": table}, Clock()))
    assert told.value.key == key
    assert expected in told.value.expected


def test_a_grid_of_another_frequency_is_told_at_its_feed() -> None:
    site = plant(frequency=400.0)
    with pytest.raises(SettingsError) as told:
        open_source(wanted(site, {"address": "udp:127.0.0.1:5800", "channel": [U1]}, Clock()))
    assert (told.value.place, told.value.key) == ("A/feed", "nominal_frequency")
    assert told.value.expected == "50 or 60 Hz"


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({}, "address"),
        ({"address": 5800}, "address"),
        ({"address": "udp"}, "address"),
        ({"address": "file:"}, "address"),
        ({"address": "tcp:127.0.0.1:5800"}, "address"),
        ({"address": "udp:5800"}, "address"),
        ({"address": "udp:board:5800"}, "address"),
        ({"address": "udp:127.0.0.1:0"}, "address"),
        ({"address": "udp:127.0.0.1:65536"}, "address"),
        ({"address": "udp:::1:5800"}, "address"),
        ({"address": "udp:127.0.0.1:5800", "port": 1}, "port"),
        ({"address": "udp:127.0.0.1:5800", "sender": "board"}, "sender"),
        ({"address": "udp:127.0.0.1:5800", "sender": 1}, "sender"),
        ({"address": "file:x", "sender": "127.0.0.1"}, "sender"),
    ],
)
def test_a_carrier_that_cannot_be_is_told(settings: dict[str, Any], key: str) -> None:
    with pytest.raises(SettingsError) as told:
        check(settings | {"channel": [U1]})
    assert told.value.key == key


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("gain = -5.394e-5", "gain = 0", "source.channel[2].gain: found 0, expected volts"),
        ('"rack2/B/feed"', '"rack1/A/feed"', "source.channel[3].place: found 'rack1/A/feed'"),
        ('"udp:0.0.0.0:5800"', '"0.0.0.0:5800"', "source.address: found '0.0.0.0:5800'"),
    ],
)
def test_check_names_the_line_of_what_is_wrong(
    old: str, new: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(__file__).parents[2] / "docs" / "reference" / "example"
    text = (folder / "site.toml").read_text("utf-8").replace('"power.csv"', f'"{folder}/power.csv"')
    before, after = text.split("[[source.channel]]", 1) if "udp" not in old else (text, "")
    before, after = (before + "[[source.channel]]", after) if after else ("", text)
    assert after.count(old) >= 1
    file = tmp_path / "site.toml"
    file.write_text(before + after.replace(old, new, 1), "utf-8")
    line = (before + after.split(old)[0]).count("\n") + 1
    assert main(["check", "--offline", str(file)]) == 2
    assert f"{file}:{line}: {words}" in capsys.readouterr().err


def test_addresses_are_understood() -> None:
    assert listened("0.0.0.0:5800") == ("0.0.0.0", 5800)
    assert listened("[::1]:5800") == ("::1", 5800)
