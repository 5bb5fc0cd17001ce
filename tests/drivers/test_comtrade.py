"""COMTRADE is read as IEEE C37.111 lays it out, in all its forms."""

import math
import struct
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from drivers.recorded import ANALOG, FOUR, SCALED, cfg, kept, read, rows

from smartpdu.drivers.recording import Quality, RecordingError, Stretch, primary
from smartpdu.drivers.recordings import Given, read_recording


def test_a_binary_file_written_byte_by_byte_is_read(tmp_path: Path) -> None:
    data = bytes.fromhex(
        "01000000 00000000 0000 0000 0100"
        "02000000 e8030000 0100 feff 0200"
        "03000000 d0070000 fdff fe7f 0300"
        "04000000 b80b0000 6400 0280 0000"
    )
    found = read(tmp_path, cfg(), data)
    assert found.samples.tolist() == SCALED
    assert found.samples.dtype == np.float32
    assert [found.state(n).tolist() for n in (0, 1)] == [
        [True, False, True, False],
        [False, True, True, False],
    ]
    assert found.digital == ("CLOSED", "TRIP")
    assert found.name == "RACK PDU"
    assert found.start == datetime(2026, 11, 25, 3, 4, 5, 100)  # noqa: DTZ001 - 1999 has no zone
    assert found.trigger == 0.002
    assert found.nominal_frequency == 50
    assert found.stretches == (Stretch(1000.0, 0, 4),)
    assert found.times.tolist() == [0, 0.001, 0.002, 0.003]
    assert [(c.name, c.kind, c.unit, c.phase) for c in found.channels] == [
        ("U1", "voltage", "V", "A"),
        ("I1", "current", "A", "A"),
    ]
    assert found.marks == ()


@pytest.mark.parametrize(("form", "letter"), [("BINARY", "h"), ("BINARY32", "i"), ("FLOAT32", "f")])
def test_all_binary_forms_hold_the_same_samples(tmp_path: Path, form: str, letter: str) -> None:
    config = cfg(form, first="RACK,PDU,2013", rest=("1", "0,0", "0,0"))
    assert read(tmp_path, config, rows(letter, FOUR)).samples.tolist() == SCALED


def test_numbers_of_32_bits_keep_all_of_them(tmp_path: Path) -> None:
    config = cfg("BINARY32", analog=["1,U1,A,,V,1,0,0,-2147483647,2147483647,1,1,P"])
    found = read(tmp_path, config, rows("i", [[2**31 - 2], [-(2**31) + 2], [1], [0]]))
    assert found.samples[:, 0].tolist() == [2**31 - 2, -(2**31) + 2, 1, 0]
    assert found.samples.dtype == np.float64


def test_ascii_is_read_with_blanks_ends_of_all_systems_and_a_last_sign(tmp_path: Path) -> None:
    lines = [
        "1,0,0,0,1,0",
        " 2 , 1000 , 1 , -2 ,0,1",
        "3,,-3,32766,1,1",
        "",
        "4,3000,1e2,-32766,0,0",
    ]
    for end in ("\r\n", "\n"):
        found = read(tmp_path, cfg("ascii"), (end.join(lines) + end + "\x1a").encode())
        assert found.samples.tolist() == SCALED
        assert found.state(1).tolist() == [False, True, True, False]
        assert found.marks == ()


def test_digital_channels_beyond_the_sixteenth_lie_in_further_words(tmp_path: Path) -> None:
    digital = [f"{n},D{n},,,0" for n in range(1, 36)]
    data = struct.pack("<IIhhHHH", 1, 0, 0, 0, 1 << 15, 1 << 0, 1 << 2)
    config = cfg(digital=digital, rates=("1", "1000,1"))
    found = read(tmp_path, config, data)
    assert [n for n in range(35) if found.state(n)[0]] == [15, 16, 34]
    text = "1,0,0,0," + ",".join("1" if n in (15, 16, 34) else "0" for n in range(35))
    again = read(tmp_path, config.replace("BINARY", "ASCII"), text.encode())
    assert [n for n in range(35) if again.state(n)[0]] == [15, 16, 34]
    with pytest.raises(IndexError, match="35"):
        found.state(35)


def test_the_form_of_1991_has_no_year_no_multiplier_and_the_month_first(tmp_path: Path) -> None:
    config = cfg(
        first="RACK,PDU",
        analog=[line.rsplit(",", 3)[0] for line in ANALOG],
        digital=["1,CLOSED,0", "2,TRIP,1"],
        start="11/25/94,03:04:05.5",
        trigger="11/25/94,03:04:06.75",
        rest=(),
    )
    found = read(tmp_path, config, rows("h", FOUR))
    assert found.samples.tolist() == SCALED
    assert found.start == datetime(1994, 11, 25, 3, 4, 5, 500_000)  # noqa: DTZ001
    assert found.trigger == 1.25
    assert found.digital == ("CLOSED", "TRIP")


def test_minus_one_is_a_sample_in_1991_unless_all_of_a_row_are(tmp_path: Path) -> None:
    found = read(tmp_path, cfg(first="RACK,PDU"), rows("h", [[-1, 5], [-1, -1], [5, -1], [0, 0]]))
    assert np.isnan(found.samples).tolist() == [[False] * 2, [True] * 2, [False] * 2, [False] * 2]


@pytest.mark.parametrize("year", ["1997", "1999", "2000", "2001", "2008", "2013", "IEEE 2013"])
def test_years_that_recorders_write_are_all_read(tmp_path: Path, year: str) -> None:
    found = read(tmp_path, cfg(first=f"RACK,PDU,{year}"), rows("h", FOUR))
    assert found.samples.tolist() == SCALED
    assert found.marks == ()


def test_a_revision_without_a_year_is_read_and_marked(tmp_path: Path) -> None:
    found = read(tmp_path, cfg(first="RACK,PDU,new"), rows("h", FOUR))
    assert found.samples.tolist() == SCALED
    assert "revision 'new', expected a year" in found.marks[0].words


def test_2013_tells_the_zone_and_nanoseconds(tmp_path: Path) -> None:
    config = cfg(
        first="RACK,PDU,2013",
        start="25/11/2026,03:04:05.000000200",
        trigger="25/11/2026,03:04:05.000001700",
        rates=("0", "0,4"),
        rest=("1", "-5h30,0", "0,0"),
    )
    found = read(tmp_path, config, rows("h", FOUR))
    west = timezone(-timedelta(hours=5, minutes=30))
    assert found.start == datetime(2026, 11, 25, 3, 4, 5, tzinfo=west)
    assert found.trigger == pytest.approx(1.5e-6, abs=1e-15)
    assert found.times.tolist() == pytest.approx([0, 1e-6, 2e-6, 3e-6])  # stamps are ns, too
    assert found.rate == pytest.approx(1e6)
    zero = read(tmp_path, config.replace("-5h30,0", "0,0"), rows("h", FOUR))
    assert zero.start is not None
    assert zero.start.tzinfo is UTC


@pytest.mark.parametrize(
    ("encoding", "name", "unit", "symbol"),
    [
        ("utf-8", "Spannung für L1", "V", "V"),
        ("utf-8-sig", "Spannung für L1", "V", "V"),
        ("utf-16", "Spannung für L1", "V", "V"),
        ("cp1252", "Spannung für L1", "V", "V"),
        ("cp1252", "Phasenlage L1", "°", "°"),
        ("cp1252", "Température de l'été", "°C", "°C"),
        ("cp1251", "Напряжение фазы", "кВ", "V"),
        ("cp1251", "ТОК ФАЗЫ", "А", "A"),  # noqa: RUF001
        ("cp1251", "Ua", "В", "V"),  # noqa: RUF001
        ("gbk", "母线电压", "V", "V"),
        ("gbk", "线路电流", "千安", "A"),
    ],
)
def test_names_are_read_in_the_encoding_that_they_have(
    tmp_path: Path, encoding: str, name: str, unit: str, symbol: str
) -> None:
    config = cfg(analog=[f"1,{name},A,,{unit},1,0,0,-9,9,1,1,P"])
    raw = config.encode(encoding)
    found = read(tmp_path, raw, rows("h", [[1], [2], [3], [4]]))
    assert (found.channels[0].name, found.channels[0].unit) == (name, symbol)
    assert found.samples[0, 0] == (1000 if unit in ("кВ", "千安") else 1)


def test_an_encoding_may_be_given_and_must_exist(tmp_path: Path) -> None:
    path = kept(tmp_path, cfg(first="Вход,PDU,1999").encode("koi8-r"), rows("h", FOUR))
    assert read_recording(path, Given(encoding="koi8-r")).name == "Вход PDU"
    with pytest.raises(RecordingError, match="found encoding 'koi8-x', expected one that exists"):
        read_recording(path, Given(encoding="koi8-x"))
    with pytest.raises(RecordingError, match=r"r.cfg, byte 0: found 0xf7, expected text in ascii"):
        read_recording(path, Given(encoding="ascii"))


@pytest.mark.parametrize(
    ("form", "letter", "absent"),
    [
        ("BINARY", "h", -(2**15)),
        ("BINARY32", "i", -(2**31)),
        ("FLOAT32", "f", -3.4028234663852886e38),
    ],
)
def test_what_is_marked_as_missing_is_a_gap(
    tmp_path: Path, form: str, letter: str, absent: float
) -> None:
    values = [(0, 0), (absent, 1), (absent, 2), (1, 3)]
    found = read(tmp_path, cfg(form), rows(letter, values))
    assert np.isnan(found.samples[:, 0]).tolist() == [False, True, True, False]
    assert not np.isnan(found.samples[:, 1]).any()
    assert [(m.quality, m.channel, m.first, m.count) for m in found.marks] == [
        (Quality.MISSING, 0, 1, 2)
    ]


def test_a_number_that_is_none_is_a_gap(tmp_path: Path) -> None:
    values = [(0, 0), (math.nan, 1), (math.inf, -math.inf), (1, 3)]
    found = read(tmp_path, cfg("FLOAT32"), rows("f", values))
    assert np.isnan(found.samples).tolist() == [[False] * 2, [True, False], [True] * 2, [False] * 2]
    text = b"1,0,1,2,0,0\r\n2,1,,nan,0,0\r\n3,2,99999,1,0,0\r\n4,3,1e999,1,0,0\r\n"
    found = read(tmp_path, cfg("ASCII"), text)
    assert np.isnan(found.samples).tolist() == [
        [False] * 2,
        [True] * 2,
        [True, False],
        [True, False],
    ]


def test_99999_is_a_value_where_the_configuration_allows_it(tmp_path: Path) -> None:
    analog = [ANALOG[0].replace("32767,1,1", "200000,1,1"), ANALOG[1]]
    found = read(tmp_path, cfg("ASCII", analog=analog, rates=("1", "1,1")), b"1,0,99999,99999,0,0")
    assert found.samples[0, 0] == 99999 * 0.5 + 10
    assert np.isnan(found.samples[0, 1])


def test_samples_at_the_end_of_the_converter_are_marked(tmp_path: Path) -> None:
    top = 32767
    flat = [(100, 0), (200, top), (200, 0), (200, 0)]
    analog = [ANALOG[0].replace("-32767,32767", "-200,200"), ANALOG[1]]
    found = read(tmp_path, cfg(analog=analog), rows("h", flat))
    assert [(m.quality, m.channel, m.first, m.count) for m in found.marks] == [
        (Quality.CLIPPED, 0, 1, 3),
        (Quality.CLIPPED, 1, 1, 1),
    ]
    once = [(100, 0), (200, 5), (100, 0), (-200, 0)]  # bounds that are those of the data
    assert read(tmp_path, cfg(analog=analog), rows("h", once)).marks == ()


def test_units_become_volt_and_ampere_and_skew_and_ratio_are_kept(tmp_path: Path) -> None:
    analog = ["1,UA,A,BUS,kV,0.5,1,12.5,-9,9,400,0.1,s", "2,IA,A,,mA,2,0,-3,-9,9,0,0,"]
    found = read(tmp_path, cfg(analog=analog), rows("h", FOUR))
    assert found.samples[1].tolist() == [1500, pytest.approx(-0.004)]
    voltage, current = found.channels
    assert (voltage.skew, voltage.ratio, voltage.side) == (12.5e-6, 4000, "S")
    assert (current.skew, current.ratio, current.side) == (-3e-6, 1, "")
    assert primary(found).samples[1].tolist() == [6_000_000, pytest.approx(-0.004)]
    assert primary(found).channels[0].side == "P"
    assert primary(primary(found)).samples[1, 0] == 6_000_000


def test_a_name_with_commas_is_one_field(tmp_path: Path) -> None:
    analog = ["1,U1, main, left,A,,V,0.5,10,0,-32767,32767,1,1,P", ANALOG[1]]
    found = read(tmp_path, cfg(analog=analog), rows("h", FOUR))
    assert found.channels[0].name == "U1 main left"
    assert found.samples.tolist() == SCALED


def test_what_is_not_needed_may_be_empty(tmp_path: Path) -> None:
    config = cfg(
        analog=["1,U1,A,,V,0.5,10,,,,,,", "2,I1,A,,A,,,,,,,,"],
        frequency="",
        start=",",
        trigger="00/00/0000,00:00:00",
        rest=(),
    )
    found = read(tmp_path, config, rows("h", FOUR))
    assert found.samples[3].tolist() == [60, -32766]
    assert found.start is None
    assert math.isnan(found.trigger)
    assert math.isnan(found.nominal_frequency)
    assert [m.words.split(": ")[0] for m in found.marks] == [
        "r.cfg, line 4",
        "r.cfg, line 10",
        "r.cfg, line 11",
    ]


@pytest.mark.parametrize(
    "names",
    [("R.CFG", "R.dat"), ("r.cfg", "R.DAT"), ("A b.c.cfg", "a B.C.Dat"), ("ü.Cfg", "ü.dAT")],
)
def test_the_halves_of_a_pair_find_each_other_whatever_their_case(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    kept(tmp_path, cfg(), rows("h", FOUR), names)
    for name in names:
        assert read_recording(tmp_path / name).samples.tolist() == SCALED


def test_of_halves_with_one_name_in_two_cases_the_same_is_taken(tmp_path: Path) -> None:
    kept(tmp_path, cfg(), rows("h", FOUR), ("r.cfg", "r.DAT"))
    kept(tmp_path, cfg(first="OTHER,X,1999"), rows("h", FOUR[::-1]), ("R.cfg", "R.DAT"))
    assert read_recording(tmp_path / "r.DAT").name == "RACK PDU"
    assert read_recording(tmp_path / "R.cfg").samples.tolist() == SCALED[::-1]


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_both_halves_in_one_file_are_read(tmp_path: Path, end: str) -> None:
    binary = rows("h", FOUR)
    for form, data, size in (
        ("BINARY", binary, f": {len(binary)}"),
        ("BINARY", binary, ""),
        ("ASCII", b"1,0,0,0,1,0\r\n2,1,1,-2,0,1\r\n3,2,-3,32766,1,1\r\n4,3,100,-32766,0,0", ""),
    ):
        text = (
            f"--- file type: CFG ---{end}{cfg(form)}--- file type: INF ---{end}"
            f"--- File Type: HDR ---{end}a -- b{end}--- file type: DAT {form}{size} ---{end}"
        )
        path = tmp_path / "r.CFF"
        path.write_bytes(text.encode() + data)
        found = read_recording(path)
        assert found.samples.tolist() == SCALED
        assert found.state(0).tolist() == [True, False, True, False]
        assert found.marks == ()


def test_a_short_section_of_data_and_another_form_over_it_are_marked(tmp_path: Path) -> None:
    path = tmp_path / "r.cff"
    head = f"--- file type: CFG ---\r\n{cfg()}--- file type: DAT FLOAT32: 56 ---\r\n"
    path.write_bytes(head.encode() + rows("h", FOUR[:3]))
    found = read_recording(path)
    assert found.samples.tolist() == SCALED[:3]
    assert [m.quality for m in found.marks] == [
        Quality.DISAGREES,
        Quality.TRUNCATED,
        Quality.TRUNCATED,
    ]
