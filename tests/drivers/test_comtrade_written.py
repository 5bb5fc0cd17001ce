"""What is written as COMTRADE of 2013 is read back as it was, by us and by another's reader."""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from comtrade import Comtrade
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays

from smartpdu.drivers.comtrade import combined, pair
from smartpdu.drivers.comtrade_written import both_bytes, config_text, data_bytes, written
from smartpdu.drivers.recording import Channel, Recording, RecordingError, Stretch
from smartpdu.drivers.recording_timing import rated
from smartpdu.drivers.recordings import read_recording

FORMS = ["FLOAT32", "BINARY32", "ASCII"]
SINGLE = float(np.finfo(np.float32).max)
ZONES = [None, UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=3))]
CHANNELS = (
    Channel("U1", "voltage", "V", "L1", 0.0, 1.0, "P"),
    Channel("I1", "current", "A", "L1", 12.5e-6, 400.0, "S"),
    Channel("Öl °", "other", "°C", "", -1e-6, 1.0, "P"),
)


def recording(samples: Any, **other: Any) -> Recording:
    """A recording of these samples."""
    rates = other.pop("rates", [(10_000.0, len(samples))])
    times, stretches = rated(rates, len(samples))
    digital = other.get("digital", ())
    states = np.zeros((len(samples), -(-len(digital) // 16)), np.uint16)
    return Recording(
        name=other.pop("name", "RACK"),
        start=other.pop("start", datetime(2026, 11, 25, 3, 4, 5, 123456, UTC)),
        trigger=other.pop("trigger", 0.001),
        nominal_frequency=other.pop("nominal_frequency", 50.0),
        channels=CHANNELS[: samples.shape[1]],
        stretches=other.pop("stretches", stretches),
        times=other.pop("times", times),
        samples=samples,
        states=other.pop("states", states),
        **other,
    )


def again(before: Recording, form: str) -> Iterator[Recording]:
    """What is read of what is written, as a pair and as one file."""
    yield pair(config_text(before, form), data_bytes(before, form), ("r.cfg", "r.dat"))
    yield combined(both_bytes(before, form), "r.cff")


def same(found: Recording, before: Recording) -> None:
    """Assert that all but the samples came back."""
    assert found.channels == before.channels
    assert found.stretches == before.stretches
    assert found.times.tolist() == pytest.approx(before.times.tolist(), rel=1e-12, abs=1e-12)
    assert (found.name, found.start) == (before.name, before.start)
    assert found.trigger == pytest.approx(before.trigger, abs=1e-6)
    assert found.nominal_frequency == before.nominal_frequency
    assert found.digital == before.digital
    assert found.states is not None
    assert before.states is not None
    assert found.states.tolist() == before.states.tolist()


def seen(number: float) -> bool:
    """Whether a number is not so small that a power of two could make it 0."""
    return number == 0 or abs(number) > 1e-200


shapes = some.tuples(some.integers(1, 12), some.integers(1, 3))
singles = arrays.arrays(
    np.float32, shapes, elements=some.floats(-(2.0**99), 2.0**99, width=32) | some.just(math.nan)
)
doubles = arrays.arrays(
    np.float64, shapes, elements=some.floats(-1e29, 1e29).filter(seen) | some.just(math.nan)
)
zones = some.sampled_from(ZONES)


@given(singles, some.sampled_from(["FLOAT32", "ASCII"]), zones, some.floats(0.5, 1e6))
@settings(max_examples=150)
def test_samples_of_single_precision_come_back_as_they_were(
    samples: Any, form: str, zone: Any, rate: float
) -> None:
    start = datetime(2026, 2, 28, 23, 59, 59, 999999, zone)
    before = recording(samples, rates=[(rate, len(samples))], start=start)
    for found in again(before, form):
        assert np.array_equal(found.samples, samples, equal_nan=True)
        same(found, before)


@given(doubles)
@settings(max_examples=100)
def test_samples_of_double_precision_come_back_from_ascii(samples: Any) -> None:
    for found in again(recording(samples), "ASCII"):
        assert np.array_equal(found.samples, samples, equal_nan=True)


@given(
    arrays.arrays(np.int32, shapes, elements=some.integers(-(2**23), 2**23)), some.integers(-20, 9)
)
@settings(max_examples=100)
def test_samples_of_a_converter_come_back_from_binary32(counts: Any, power: int) -> None:
    samples = counts.astype(np.float32) * np.float32(2.0**power)
    for found in again(recording(samples), "BINARY32"):
        assert np.array_equal(found.samples, samples)


@given(doubles)
@settings(max_examples=100)
def test_binary32_is_right_to_half_its_step_and_stays_so(samples: Any) -> None:
    before = recording(samples)
    for found in again(before, "BINARY32"):
        assert np.array_equal(np.isnan(found.samples), np.isnan(samples))
        most = np.nan_to_num(np.abs(samples), nan=0.0).max(axis=0)
        assert (np.nan_to_num(np.abs(found.samples - samples), nan=0.0) <= most * 2.0**-31).all()
        for twice in again(found, "BINARY32"):
            assert np.array_equal(twice.samples, found.samples, equal_nan=True)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("count", [1, 16, 17])
def test_digital_channels_come_back(form: str, count: int) -> None:
    dice = np.random.default_rng(count)
    digital = tuple(f"D{n}" for n in range(count))
    states = dice.integers(0, 2**16, (9, -(-count // 16)), dtype=np.uint16)
    states[:, -1] &= (1 << (count % 16 or 16)) - 1
    before = recording(np.ones((9, 2), np.float32), digital=digital, states=states)
    for found in again(before, form):
        same(found, before)
        assert [found.state(n).tolist() for n in range(count)] == [
            before.state(n).tolist() for n in range(count)
        ]


@pytest.mark.parametrize("form", FORMS)
def test_many_rates_come_back(form: str) -> None:
    before = recording(np.ones((9, 2), np.float32), rates=[(1000.0, 4), (3.3, 5), (77.7, 9)])
    for found in again(before, form):
        same(found, before)


@pytest.mark.parametrize("form", FORMS)
def test_times_that_no_rate_tells_come_back(form: str) -> None:
    times = np.array([0, 624, 1249, 1873, 9000, 9624, 10249, 10873, 11498]) * 1e-6
    stretches = (Stretch(3 / 1873e-6, 0, 4), Stretch(4 / 2498e-6, 4, 9))
    before = recording(np.ones((9, 2), np.float32), times=times, stretches=stretches)
    for found in again(before, form):
        assert found.times.tolist() == pytest.approx(times.tolist(), abs=1e-12)
        assert [(s.first, s.end) for s in found.stretches] == [(0, 4), (4, 9)]
        assert found.rate == pytest.approx(before.rate)


def test_times_of_days_fit_the_stamps() -> None:
    times = np.array([0.0, 40_000.0, 80_000.0, 200_000.0, 240_000.0, 280_000.0])
    before = recording(np.ones((6, 1)), times=times, stretches=(Stretch(1.0, 0, 6),))
    for found in again(before, "FLOAT32"):
        assert found.times.tolist() == pytest.approx(times.tolist(), abs=1e-3)


def test_what_is_not_known_stays_unknown() -> None:
    before = recording(np.ones((3, 1), np.float32), start=None, nominal_frequency=math.nan)
    for found in again(before, "FLOAT32"):
        assert found.start is None
        assert math.isnan(found.nominal_frequency)


def test_a_sample_of_99999_is_no_gap() -> None:
    samples = np.array([[99999.0, 1.0], [math.nan, 99999.0], [-99999.0, 100000.0]])
    for found in again(recording(samples), "ASCII"):
        assert np.array_equal(found.samples, samples, equal_nan=True)


def test_names_that_a_field_cannot_hold_are_written_without_what_it_cannot() -> None:
    channels = (replace(CHANNELS[0], name="U1,\r\nleft\x1a "),)
    before = replace(recording(np.ones((3, 1), np.float32), name="a,b\n"), channels=channels)
    for found in again(before, "FLOAT32"):
        assert found.channels[0].name == "U1   left"
        assert found.name == "a b"


def known(folder: Path, nominal: float, name: str = "r") -> Path:
    """The path of a pair whose recorder knew the nominal voltage, or nothing beside samples."""
    samples = np.ones((3, 1), np.float32)
    about = (("Place", "rack1/A"),) if math.isfinite(nominal) else ()
    written(recording(samples, nominal_voltage=nominal, about=about), folder / name)
    return folder / f"{name}.cfg"


def test_what_is_known_beside_the_samples_of_a_pair_lies_beside_it(tmp_path: Path) -> None:
    found = read_recording(known(tmp_path, 230.0))
    assert found.nominal_voltage == 230.0
    assert found.about == (("Place", "rack1/A"),)
    assert found.marks == ()
    assert read_recording(tmp_path / "r.dat").nominal_voltage == 230.0, "named by its other half"
    (tmp_path / "r.inf").rename(tmp_path / "R.INF")
    assert read_recording(tmp_path / "r.cfg").nominal_voltage == 230.0, "whatever its letters"


def test_a_pair_about_which_nothing_is_known_keeps_no_information_of_another(
    tmp_path: Path,
) -> None:
    known(tmp_path, 230.0)
    found = read_recording(known(tmp_path, math.nan))
    assert math.isnan(found.nominal_voltage)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["r.cfg", "r.dat"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[SmartPDU Event]\nNominal_Voltage=x\n", "r.inf, INF: found 'x' as nominal voltage, exp"),
        (b"[SmartPDU Event]\nNominal_Voltage=-1\n", "r.inf, INF: found '-1' as nominal voltage"),
        (b"\0" * ((8 << 20) + 1), "r.inf: found 8388609 bytes, expected 8388608 at most"),
        (None, "r.inf: found a folder or device"),
    ],
)
def test_information_that_makes_no_sense_is_marked_and_the_samples_are_read(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = known(tmp_path, 230.0)
    (tmp_path / "r.inf").unlink()
    if content is None:
        (tmp_path / "r.inf").mkdir()
    else:
        (tmp_path / "r.inf").write_bytes(content)
    found = read_recording(path)
    assert math.isnan(found.nominal_voltage)
    assert found.samples.tolist() == [[1.0]] * 3
    [mark] = found.marks
    assert (mark.quality, mark.words[: len(words)]) == ("disagrees", words)


def test_the_information_of_another_maker_is_passed_over(tmp_path: Path) -> None:
    path = known(tmp_path, math.nan)
    told = "[Public Record_Information]\r\nSource=X\r\n[GE Relay]\r\nNominal_Voltage=66\r\n"
    (tmp_path / "r.inf").write_bytes(told.encode("utf-16"))
    assert read_recording(path).marks == ()
    (tmp_path / "r.inf").write_text(told)
    found = read_recording(path)
    assert math.isnan(found.nominal_voltage)
    assert (found.about, found.marks) == ((), ())


@pytest.mark.parametrize("form", FORMS)
def test_another_reader_finds_the_same(tmp_path: Path, form: str) -> None:
    dice = np.random.default_rng(5)
    samples = np.round(dice.normal(0, 300, (50, 3)) * 256).astype(np.float32) / np.float32(256)
    states = dice.integers(0, 2**12, (50, 1), dtype=np.uint16)
    digital = tuple(f"D{n}" for n in range(12))
    before = recording(samples, digital=digital, states=states, rates=[(1000.0, 20), (250.0, 50)])
    for name in ("r", "r.cff"):
        written(before, tmp_path / name, form)
        peer = Comtrade(use_numpy_arrays=True, use_double_precision=True)
        peer.load(str(tmp_path / ("r.cff" if name == "r.cff" else "r.cfg")))
        assert np.array_equal(np.array(peer.analog).T, samples)
        assert np.array(peer.status).T.tolist() == [
            [bool(word >> n & 1) for n in range(12)] for word in states[:, 0].tolist()
        ]
        assert peer.time.tolist() == pytest.approx(before.times.tolist(), abs=1e-9)
        assert peer.analog_channel_ids == [c.name for c in before.channels]
        assert peer.analog_phases == [c.phase for c in before.channels]
        assert [c.uu for c in peer.cfg.analog_channels] == ["V", "A", "°C"]
        assert [c.skew for c in peer.cfg.analog_channels] == [0, 12.5, -1]
        assert (peer.rev_year, peer.ft, peer.frequency) == ("2013", form, 50)
        assert before.start is not None
        assert peer.start_timestamp == before.start.replace(tzinfo=None)
        assert peer.trigger_time == pytest.approx(0.001)


@pytest.mark.parametrize(("form", "gap"), [("BINARY32", math.nan), ("ASCII", math.nan)])
def test_another_reader_finds_the_gaps(tmp_path: Path, form: str, gap: float) -> None:
    written(recording(np.array([[1.0, gap], [gap, 2.0], [3.0, 4.0]])), tmp_path / "r", form)
    peer = Comtrade(use_numpy_arrays=True, use_double_precision=True)
    peer.load(str(tmp_path / "r.cfg"))
    assert np.isnan(np.array(peer.analog).T).tolist() == [[False, True], [True, False], [False] * 2]


def test_a_gap_in_float32_is_the_number_that_the_standard_keeps_for_it() -> None:
    data = data_bytes(recording(np.array([[math.nan], [1.0]], np.float32)), "FLOAT32")
    assert data[8:12] == bytes.fromhex("ffff7fff")


def test_samples_that_stay_at_their_highest_are_not_taken_for_a_full_converter() -> None:
    samples = np.repeat(np.array([[0.0, 0.0], [2.0, 500.5]]), 5, axis=0)
    for form in FORMS:
        for found in again(recording(samples), form):
            assert found.marks == ()


@pytest.mark.parametrize(
    ("samples", "form", "words"),
    [
        (np.ones((2, 1)), "BINARY", "form: found 'BINARY', expected FLOAT32, BINARY32 or ASCII"),
        (np.ones((0, 1)), "ASCII", "recording: found no sample, expected one at least"),
        (np.full((2, 1), 1e39), "FLOAT32", "recording: found a sample beyond 1e"),
    ],
)
def test_what_cannot_be_written_is_told_and_leaves_nothing(
    tmp_path: Path, samples: Any, form: str, words: str
) -> None:
    with pytest.raises(RecordingError, match=words):
        written(recording(samples, rates=[(10.0, 2)]), tmp_path / "r", form)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"r\.dat: found No such file or directory, expected"):
        written(recording(np.ones((2, 1))), tmp_path / "none" / "r")
