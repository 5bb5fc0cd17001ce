"""When samples of COMTRADE were taken: by rates, by time stamps, and where some are left out."""

import struct
from pathlib import Path

import numpy as np
import pytest
from drivers.recorded import FOUR, SCALED, cfg, read, rows

from smartpdu.drivers.recording import Quality, Stretch


def test_many_rates_make_stretches_and_times(tmp_path: Path) -> None:
    config = cfg(rates=("2", "1000,2", "100,4"))
    found = read(tmp_path, config, rows("h", FOUR))
    assert found.stretches == (Stretch(1000.0, 0, 2), Stretch(100.0, 2, 4))
    assert found.times.tolist() == pytest.approx([0, 0.001, 0.011, 0.021])


@pytest.mark.parametrize("rates", [("0", "0,4"), ("1", "0,4")])
def test_without_a_rate_time_stamps_and_their_multiplier_tell_it(
    tmp_path: Path, rates: tuple[str, ...]
) -> None:
    config = cfg(rates=rates, rest=("2.5",))
    found = read(tmp_path, config, rows("h", FOUR, stamps=(40, 440, 840, 1240)))
    assert found.times.tolist() == pytest.approx([0, 1e-3, 2e-3, 3e-3])
    assert found.rate == pytest.approx(1000)
    assert found.samples.tolist() == SCALED


def test_the_line_of_no_rate_may_be_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, cfg(rates=("0",)), rows("h", FOUR))
    assert found.rate == pytest.approx(1000)
    assert found.samples.tolist() == SCALED
    assert found.marks == ()
    text = b"1,0,0,0,1,0\r\n2,1000,1,-2,0,1\r\n"
    assert read(tmp_path, cfg("ASCII", rates=("0",)), text).samples.tolist() == SCALED[:2]


def test_time_stamps_that_begin_again_at_zero_go_on(tmp_path: Path) -> None:
    stamps = (2**32 - 1500, 2**32 - 500, 500, 1500)
    found = read(tmp_path, cfg(rates=("0", "0,4")), rows("h", FOUR, stamps=stamps))
    assert found.times.tolist() == pytest.approx([0, 1e-3, 2e-3, 3e-3])


def test_time_stamps_show_a_gap_and_a_change_of_rate(tmp_path: Path) -> None:
    config = cfg(rates=("0", "0,9"), digital=())
    values = [(n, n) for n in range(9)]
    gap = rows("h", values, stamps=[0, 100, 200, 300, 900, 1000, 1100, 1200, 1300], words=0)
    found = read(tmp_path, config, gap)
    assert [(s.first, s.end) for s in found.stretches] == [(0, 4), (4, 9)]
    assert [s.rate for s in found.stretches] == pytest.approx([1e4, 1e4])
    assert [m.quality for m in found.marks] == [Quality.UNEVEN]
    change = rows("h", values, stamps=[0, 100, 200, 300, 800, 1300, 1800, 2300, 2800], words=0)
    found = read(tmp_path, config, change)
    assert [(s.first, s.end) for s in found.stretches] == [(0, 4), (4, 9)]
    assert [s.rate for s in found.stretches] == pytest.approx([1e4, 2e3])
    assert found.marks == ()


def test_samples_at_one_time_belong_to_no_stretch(tmp_path: Path) -> None:
    config = cfg(rates=("0", "0,9"), digital=())
    stamps = [0, 100, 200, 300, 400, 400, 400, 400, 400]
    found = read(tmp_path, config, rows("h", [(n, n) for n in range(9)], stamps=stamps, words=0))
    assert [(s.first, s.end) for s in found.stretches] == [(0, 5)]
    assert found.rate == pytest.approx(1e4)
    assert [(m.quality, m.first, m.count) for m in found.marks] == [(Quality.UNEVEN, 4, 5)]


def test_times_that_have_no_rate_make_one_stretch_and_are_marked(tmp_path: Path) -> None:
    config = cfg(rates=("0", "0,400"), digital=())
    steps = np.random.default_rng(2).integers(100, 900, 400)
    stamps = np.cumsum(steps).tolist()
    values = [(n, n) for n in range(400)]
    found = read(tmp_path, config, rows("h", values, stamps=stamps, words=0))
    assert [(s.first, s.end) for s in found.stretches] == [(0, 400)]
    assert [m.quality for m in found.marks] == [Quality.UNEVEN]


def test_a_sample_whose_number_is_left_out_is_a_gap(tmp_path: Path) -> None:
    data = b"".join(struct.pack("<IIhhH", n, 0, n, n, 1) for n in (5, 6, 9, 10))
    found = read(tmp_path, cfg(), data)
    assert found.samples[:, 0].tolist()[:2] == [12.5, 13]
    assert np.isnan(found.samples[2:4]).all()
    assert found.samples[4:, 0].tolist() == [14.5, 15]
    assert found.times.tolist() == pytest.approx([0, 1e-3, 2e-3, 3e-3, 4e-3, 5e-3])
    assert [(m.quality, m.channel, m.first, m.count) for m in found.marks] == [
        (Quality.MISSING, 0, 2, 2),
        (Quality.MISSING, 1, 2, 2),
    ]


def test_a_sample_number_far_ahead_takes_no_room(tmp_path: Path) -> None:
    data = b"".join(struct.pack("<IIhhH", n, 0, n % 9, 0, 1) for n in (1, 2, 3, 4_000_000_000))
    found = read(tmp_path, cfg(), data)
    assert len(found.samples) == 4
    assert found.marks[0].quality == Quality.UNEVEN
    text = b"1,0,0,0,1,0\r\n2,0,1,-2,0,1\r\n3,0,1,1,0,0\r\n1e300,0,1,1,0,0"
    found = read(tmp_path, cfg("ASCII"), text)
    assert len(found.samples) == 4
    assert found.marks[0].quality == Quality.UNEVEN
