"""Recordings as tables of text: names and units as people write them, rates from times or given."""

from pathlib import Path

import numpy as np
import pytest

from smartpdu.drivers.recording import Quality, Recording, RecordingError, Stretch
from smartpdu.drivers.recordings import Given, read_recording


def read(folder: Path, text: str | bytes, says: Given | None = None) -> Recording:
    path = folder / "r.csv"
    path.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
    return read_recording(path, says or Given())


@pytest.mark.parametrize(
    "text",
    [
        "t (s),U1 (V),I1 (A)\n0,325,-1.5\n0.0001,300,2\n0.0002,-20,2.5\n",
        "Time[ms],U1[kV],I1[mA]\r\n0,0.325,-1500\r\n0.1,0.3,2000\r\n0.2,-.02,2.5e3\r\n",
        "zeit;U1/V;I1/A\n0;325;-1,5\n0,0001;300;2\n0,0002;-20;2,5\n",
        "timestamp (us)\tU1 in V\tI1 in A\n0\t325\t-1,5\n100\t300\t2\n200\t-20\t2,5",
        '"Time","U1 (V)","I1 (A)"\n"0","325","-1.5"\n"1e-4","300","2"\n"2e-4","-20","2.5"\n',
        "# made by a scope\n\nTime,U1,I1\n(ms),(V),(A)\n\n0,325,-1.5\n0.1,300,2\n0.2,-20,2.5\n",
        "\ufefft, U1 (V) , I1 (A)\n 0 , 325 , -1.5\n0.0001,300, 2\n0.0002,-20,2.5\n",
        "U1 (Volt),t (ns),I1 (Ampere)\n325,0,-1.5\n300,100000,2\n-20,200000,2.5\n",
    ],
)
def test_names_units_times_and_numbers_are_read_as_people_write_them(
    tmp_path: Path, text: str
) -> None:
    found = read(tmp_path, text)
    assert [(c.name, c.kind, c.unit) for c in found.channels] == [
        ("U1", "voltage", "V"),
        ("I1", "current", "A"),
    ]
    np.testing.assert_allclose(found.samples, [[325, -1.5], [300, 2], [-20, 2.5]], rtol=1e-14)
    np.testing.assert_allclose(found.times, [0, 1e-4, 2e-4], rtol=1e-12)
    assert found.rate == pytest.approx(1e4)
    assert [(s.first, s.end) for s in found.stretches] == [(0, 3)]
    assert found.marks == ()


def test_a_rate_may_be_given_in_the_place_of_times(tmp_path: Path) -> None:
    found = read(tmp_path, "U1 (V)\n1\n2\n3\n", Given(rate=2000.0))
    assert found.stretches == (Stretch(2000.0, 0, 3),)
    assert found.times.tolist() == [0, 0.0005, 0.001]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_a_table_is_read_in_the_encoding_that_it_has(tmp_path: Path, encoding: str) -> None:
    text = "t (µs);Spannung für L1 (V)\n0;1,5\n100;2,5\n"
    found = read(tmp_path, text.encode(encoding))
    assert found.channels[0].name == "Spannung für L1"
    assert found.channels[0].kind == "voltage"
    assert found.samples[:, 0].tolist() == [1.5, 2.5]
    assert found.rate == pytest.approx(1e4)


def test_times_written_too_coarsely_still_tell_the_rate(tmp_path: Path) -> None:
    rows = "".join(f"{n / 30_000:.5f},{n}\n" for n in range(3001))
    found = read(tmp_path, f"t,U1 (V)\n{rows}")
    assert [(s.first, s.end) for s in found.stretches] == [(0, 3001)]
    assert found.rate == pytest.approx(30_000, rel=1e-9)
    assert found.marks == ()


@pytest.mark.parametrize("rate", [5000.0, 4998.0, 12_345.0])
def test_times_of_which_several_are_alike_tell_the_rate_to_a_ten_thousandth(
    tmp_path: Path, rate: float
) -> None:
    rows = "".join(f"{round(k / rate, 3):.3f},{k}\n" for k in range(5000))
    (stretch,) = read(tmp_path, "t (s),U1 (V)\n" + rows).stretches
    assert stretch.rate == pytest.approx(rate, rel=1e-4)


def test_a_gap_in_the_times_is_marked_and_cuts_the_stretch(tmp_path: Path) -> None:
    times = [*range(10), *range(20, 30)]
    found = read(tmp_path, "t (ms),U1 (V)\n" + "".join(f"{n}.0,{n}\n" for n in times))
    assert [(s.first, s.end) for s in found.stretches] == [(0, 10), (10, 20)]
    assert [(m.quality, m.first) for m in found.marks] == [(Quality.UNEVEN, 9)]


def test_an_empty_field_is_a_gap(tmp_path: Path) -> None:
    found = read(tmp_path, "t (s),U1 (V),I1 (A)\n0,,1\n1,2,\n2,nan, \n3,inf,4\n")
    assert np.isnan(found.samples).tolist() == [
        [True, False],
        [False, True],
        [True] * 2,
        [True, False],
    ]
    assert [(m.quality, m.channel, m.count) for m in found.marks] == [
        (Quality.MISSING, 0, 3),
        (Quality.MISSING, 1, 2),
    ]


def test_long_tables_are_read_block_by_block(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(0, 300, (60_000, 3)).round(6)
    rows = "\r\n".join(",".join(map(repr, row)) for row in values.tolist())
    found = read(tmp_path, f"U1 (V),I1 (A),I2 (A)\r\n{rows}", Given(rate=1e4))
    assert np.array_equal(found.samples, values)
    with pytest.raises(
        RecordingError, match=r"r.csv, line 50001, field 2: found '7x7', expected a"
    ):
        lines = rows.split("\r\n")
        lines[49_999] = "1,7x7,2"
        read(tmp_path, "U1 (V),I1 (A),I2 (A)\n" + "\n".join(lines), Given(rate=1e4))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"r\.csv, line 1: found nothing, expected a heading"),
        ("# only\n\n", r"r\.csv, line 1: found nothing, expected a heading"),
        (
            "1,2,3\n4,5,6\n",
            r"r\.csv, line 1: found 3 numbers \('1' first\), expected a line above that names each "
            r"of its 3 columns, as 't \(s\),U1 \(V\),I1 \(A\)'$",
        ),
        (
            "# made by X\n0;1,5\n1;2,5\n",
            r"r\.csv, line 2: found 2 numbers \('0' first\), expected a line above that names each "
            r"of its 2 columns, as 't \(s\);U1 \(V\)'$",
        ),
        ("7\n8\n", r"r\.csv, line 1: found '7', expected a line above that names its columns, as"),
        ("t (s)\n1\n2\n", r"r\.csv, line 1: found no channel beside the time, expected one"),
        ("t (s),U1 (V)\n", r"r\.csv, line 2: found the end, expected a row of numbers"),
        (
            "U1 (V),I1 (A)\n1,2\n2,3\n",
            r"r\.csv: found no column of times and no rate, columns being 'U1', 'I1', expected a",
        ),
        ("t (h),U1 (V)\n0,1\n1,2\n", r"r\.csv, line 1: found times in 'h', expected s, ms, us"),
        (
            "t (s),U1 (V)\n0,1\n0,2\n",
            r"r\.csv: found no two different time stamps, expected a rate",
        ),
        ("t (s),U1 (V)\n0,1\n", r"r\.csv: found no two different time stamps"),
        ("t (s),U1 (V)\n2,1\n1,1\n0,1\n", r"r\.csv, sample 2: found a time stamp before the last"),
        ("t (s),U1 (V)\n0,1\n2,2\n1,3", r"r\.csv, sample 3: found a time stamp before the last"),
        ("t (s),U1 (V)\n0,1\n,2\n2,3", r"r\.csv, sample 2: found no time stamp, expected one"),
        ("t (s),U1 (V)\n0,1\n1,x\n", r"r\.csv, line 3, field 2: found 'x', expected a number"),
        ("t (s),U1 (V)\n0,1\n1,2,3\n", r"r\.csv, line 3: found 3 fields, expected 2 fields"),
        ("t (s);U1 (V)\n0;1\n1;2.000,5\n", r"r\.csv, line 3, field 2: found '2.000,5', expected"),
        ("t (s),U1 \0(V)\n0,1\n", r"r\.csv, line 1: found the control character 0x00"),
    ],
)
def test_a_table_that_cannot_be_used_is_told_with_its_place(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(RecordingError, match=f"^{words}"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("heading", "names", "words"),
    [
        (
            "t (s),U1 (V),I1 (A),U1 (V)",
            ["U1", "I1", "U1 #4"],
            "line 1: found 'U1' over columns 2 and 4, expected a name of its own for each; called "
            "'U1 #4'",
        ),
        (
            "# x\nt (s),U1 (V),U1 [V],U1/V",
            ["U1", "U1 #3", "U1 #4"],
            "line 2: found 'U1' over columns 2, 3 and 4, expected a name of its own for each; "
            "called 'U1 #3' and so on",
        ),
        (
            "t (s),U1 (V),U1 #4 (V),U1 (V)",
            ["U1", "U1 #4", "U1 #4'"],
            "line 1: found 'U1' over columns 2 and 4, expected a name of its own for each; called "
            '"U1 #4\'"',
        ),
        (
            "t (s),,U1 (V),",
            ["#2", "U1", "#4"],
            "line 1: found no name over columns 2 and 4, expected a name of its own for each; "
            "called '#2' and so on",
        ),
        (
            "t (s),U1 (V),I1 (A),t (s)",
            ["U1", "I1", "t #4"],
            "line 1: found 't' over columns 1 and 4, expected a name of its own for each; called "
            "'t #4'",
        ),
    ],
)
def test_columns_of_one_name_are_told_apart_and_told(
    tmp_path: Path, heading: str, names: list[str], words: str
) -> None:
    found = read(tmp_path, f"{heading}\n0,1,2,3\n1,4,5,6\n2,7,8,9\n")
    assert [each.name for each in found.channels] == names
    assert found.samples.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert found.times.tolist() == [0, 1, 2]
    assert [(m.quality, m.words) for m in found.marks] == [("disagrees", f"r.csv, {words}")]


def test_many_columns_of_one_name_are_told_by_the_first_of_them(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "t," + ",".join(["U1"] * 40) + "\n" + 3 * (",".join(["1"] * 41) + "\n"),
        Given(rate=1.0),
    )
    assert len({each.name for each in found.channels}) == 40
    [mark] = found.marks
    assert "'U1' over columns 2, 3, 4, 5, 6, 7 and 34 more" in mark.words


def test_a_rate_that_is_none_is_told(tmp_path: Path) -> None:
    for rate in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(RecordingError, match=r"found a rate of .*, expected one above 0"):
            read(tmp_path, "U1 (V)\n1\n2\n", Given(rate=rate))


@pytest.mark.parametrize(
    ("rest", "found"),
    [
        ("0.0003,7", "2 fields of 3"),
        ("0.0003", "1 field of 3"),
        ("0.", "1 field of 3"),
        ("0.0003,7,-", "half a row"),
        ("0.0003,7,1.5e", "half a row"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_last_row_that_is_cut_off_is_left_out_and_marked(
    tmp_path: Path, rest: str, found: str, end: str
) -> None:
    lines = ["t (s),U1 (V),I1 (A)", "0,325,-1.5", "0.0001,300,2", "0.0002,-20,2.5", rest]
    held = read(tmp_path, end.join(lines))
    np.testing.assert_allclose(held.samples, [[325, -1.5], [300, 2], [-20, 2.5]])
    [mark] = held.marks
    assert (mark.quality, mark.first, mark.count) == (Quality.TRUNCATED, 3, 1)
    assert mark.words == f"r.csv, line 5: found {found} and the end of the file; left out"


@pytest.mark.parametrize(
    "text",
    [
        "0,325,-1.5\n0.0001,300\n",  # the line is whole, and short
        "0,325,-1.5\n0.0001,300\r",
        "0,325\n0.0001,300,1\n0.0002,1",  # the first is short as well
        "0,325,-1.5\n0.0001,300,x",
        "0,325,-1.5\n0.0001,300,1,2",
        "0,325",  # there is no other
    ],
)
def test_a_row_that_is_short_but_not_cut_off_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecordingError, match=r"r\.csv, line [23]"):
        read(tmp_path, "t (s),U1 (V),I1 (A)\n" + text)


def test_a_last_row_without_a_line_end_is_a_row_if_it_is_whole(tmp_path: Path) -> None:
    held = read(tmp_path, "t (s),U1 (V)\n0,325\n0.0001,300\n0.0002,-20")
    assert held.samples[:, 0].tolist() == [325, 300, -20]
    assert held.marks == ()
