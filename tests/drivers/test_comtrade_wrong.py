"""What is wrong in a file of COMTRADE is marked where the rest can be used, and told where not."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from drivers.recorded import FOUR, SCALED, cfg, read, rows

from smartpdu.drivers.recording import Quality, RecordingError, Stretch
from smartpdu.drivers.recordings import read_recording


def test_a_file_that_ends_early_is_read_as_far_as_it_goes_and_marked(tmp_path: Path) -> None:
    found = read(tmp_path, cfg(), rows("h", FOUR)[:-5])
    assert found.samples.tolist() == SCALED[:3]
    assert found.stretches == (Stretch(1000.0, 0, 3),)
    (mark,) = found.marks
    assert (mark.quality, mark.first, mark.count) == (Quality.TRUNCATED, 3, 1)
    assert mark.words == "r.dat: found 3 rows, expected 4 (byte 42; 9 bytes of a broken row)"
    text = b"1,0,0,0,1,0\r\n2,1,1,-2,0,1\r\n3,2,-3"
    found = read(tmp_path, cfg("ASCII"), text)
    assert found.samples.tolist() == SCALED[:2]
    assert {m.quality for m in found.marks} == {Quality.TRUNCATED}


def test_rows_beyond_the_last_that_is_told_are_left_out_and_marked(tmp_path: Path) -> None:
    found = read(tmp_path, cfg(rates=("1", "1000,3")), rows("h", FOUR))
    assert found.samples.tolist() == SCALED[:3]
    assert [(m.quality, m.first) for m in found.marks] == [(Quality.SURPLUS, 3)]
    config = cfg("ASCII", rates=("1", "1000,1"))
    found = read(tmp_path, config, b"1,0,0,0,1,0\r\n2,1,1,-2,0,1\r\n3,2,1,1,0,0")
    assert found.samples.tolist() == SCALED[:1]
    assert [m.quality for m in found.marks] == [Quality.SURPLUS]


def test_a_total_that_is_no_sum_is_marked(tmp_path: Path) -> None:
    found = read(tmp_path, cfg(counts="9,2A,2D"), rows("h", FOUR))
    assert found.samples.tolist() == SCALED
    assert found.marks[0].words == "r.cfg, line 2: found 9 channels in all, and 2 + 2 of two kinds"


@pytest.mark.parametrize(("told", "denied"), [(1000, False), (1005, False), (2000, True)])
def test_a_rate_that_the_time_stamps_deny_is_marked_and_taken_all_the_same(
    tmp_path: Path, told: int, denied: bool
) -> None:
    text = "".join(f"{n + 1},{1000 * n},{n},0,0,0\r\n" for n in range(1000)).encode()
    found = read(tmp_path, cfg("ASCII", rates=("1", f"{told},1000")), text)
    assert found.stretches == (Stretch(float(told), 0, 1000),)
    words = [m.words for m in found.marks if m.quality == Quality.DISAGREES]
    expected = "r.dat: time stamps say 1000 S/s, the configuration 2000 S/s"
    assert words == ([expected] if denied else [])


@pytest.mark.parametrize("stamp", ["0", "", "inf"])
def test_time_stamps_that_say_nothing_deny_nothing(tmp_path: Path, stamp: str) -> None:
    text = "".join(f"{n + 1},{stamp},{n},0,0,0\r\n" for n in range(1000)).encode()
    assert read(tmp_path, cfg("ASCII", rates=("1", "2000,1000")), text).marks == ()


def line(number: int, text: str) -> str:
    """A .cfg with another text in one line."""
    lines = cfg().split("\r\n")
    return "\r\n".join([*lines[: number - 1], text, *lines[number:]])


WRONG = [
    ("", "line 1: found 1 field, expected station"),
    (line(1, "RACK"), "line 1: found 1 field, expected station, device, revision"),
    (line(2, "four"), "line 2: found 'four', expected the numbers of channels"),
    (line(2, "2,0A,2D"), "line 2: found no analog channel, expected at least one"),
    (line(2, "1000000000,999999999A,1D"), "line 2: found 999999999 channels, expected 20000"),
    (line(2, "20,18A,2D"), "line 2: found 18 .* 12 lines after it, expected a line for each"),
    (line(2, "5,3A,2D"), "line 5: found 5 fields, expected analog channel 3, 10 or 13 fields"),
    (line(2, "3,1A,2D"), "line 4: found 13 fields, expected digital channel 1, 3 or 5 fields"),
    (line(3, "1,U1,A,,V,x,0,0,0,0,1,1,P"), "line 3: found 'x', expected the multiplier, a number"),
    (line(3, "1,U1,A,,V,nan,0,0,0,0,1,1,P"), "line 3: found 'nan', expected the multiplier"),
    (line(3, "1,U1,A,,V,1,inf,0,0,0,1,1,P"), "line 3: found 'inf', expected the offset"),
    (line(3, "1,U1,A,,V,1e99,0,0,0,0,1,1,P"), "line 3: found '1e99', expected .* to 1e"),
    (line(3, "1,U1,A,,V,1_0,0,0,0,0,1,1,P"), "line 3: found '1_0', expected the multiplier"),
    (line(7, "fifty"), "line 7: found 'fifty', expected the line frequency, a number"),
    (line(8, "one"), "line 8: found 'one', expected how many rates, a whole number"),
    (line(8, "-1"), "line 8: found '-1', expected how many rates"),
    (line(9, "1000"), "line 9: found '1000', expected a rate and the number of its last sample"),
    (line(9, "1000,0"), "line 9: found '1000,0', expected a rate and the number"),
    (line(9, "1000,2.5"), "line 9: found '1000,2.5', expected a rate and the number"),
    (line(9, "-1000,4"), "line 9: found '-1000', expected a rate of at least"),
    (line(9, "nan,4"), "line 9: found 'nan', expected a rate, a number"),
    (line(12, "BINARY64"), "line 12: found 'BINARY64', expected the form .* one of ASCII"),
    (line(13, "0"), "line 13: found 0, expected a time multiplier above 0"),
    (line(13, "-2"), "line 13: found -2, expected a time multiplier above 0"),
    (cfg(rates=("2", "1000,4", "100,4")), "line 10: found 4, expected a last sample after 4"),
    (line(1, "RA\0CK,PDU,1999"), "line 1: found the control character 0x00, expected text"),
    ("\r\n".join(cfg().split("\r\n")[:7]), "line 8: found the end, expected how many rates"),
]


@pytest.mark.parametrize(("config", "words"), WRONG)
def test_a_configuration_that_cannot_be_used_is_told_with_its_line(
    tmp_path: Path, config: str, words: str
) -> None:
    with pytest.raises(RecordingError, match=rf"^r\.cfg, (?:{words})"):
        read(tmp_path, config, rows("h", FOUR))


@pytest.mark.parametrize(
    ("form", "data", "words"),
    [
        ("BINARY", b"", "byte 0: found 0 bytes, expected one row of 14 bytes at least"),
        ("BINARY", b"x" * 13, "byte 0: found 13 bytes, expected one row of 14 bytes"),
        ("BINARY", rows("h", FOUR, words=2), "byte .*: found .* where sample numbers should be"),
        ("FLOAT32", rows("h", FOUR) * 9, "byte .*: found .* where sample numbers should be"),
        ("ASCII", b"", "line 1: found nothing, expected a row for each sample"),
        ("ASCII", b"\r\n \r\n\x1a", "line 1: found nothing"),
        (
            "ASCII",
            b"1,0,1,1,0,0\r\n2,0,y,x,0,0",
            "line 2, field 3: found 'y' and 1 more that are wrong, expected a number .1 field at",
        ),
        (
            "ASCII",
            b"1,0,1,1,0,0\r\n\r\n2,0,1,1,0\r\n3,0,1,1,0,0",
            "line 3: found 5 fields, expected 6 fields .2 fields at most may be none",
        ),
        ("ASCII", b"\r\n1,0,1", "line 1: found no whole row, expected one for each sample"),
        ("ASCII", b"1," + b"," * 2_000_000, "line 1: found a line of 2000002 bytes, expected 6000"),
        ("ASCII", b"1,0,1,1,0,0,0", "line 1: found 7 fields, expected 6 fields"),
        ("ASCII", b"1,0,1,1 1,0,0", "line 1, field 4: found '1 1', expected a number"),
        ("ASCII", b"1,0,1,1_0,0,0", "line 1, field 4: found '1_0', expected a number"),
    ],
)
def test_data_that_cannot_be_used_are_told_with_their_place(
    tmp_path: Path, form: str, data: bytes, words: str
) -> None:
    with pytest.raises(RecordingError, match=rf"^r\.dat, {words}"):
        read(tmp_path, cfg(form), data)


def lines(count: int) -> list[bytes]:
    """Rows of an ASCII .dat: two samples each, and two digital channels that are on."""
    return [
        b"%d,%d,%d,%d,1,1" % (n, 1000 * (n - 1), n % 5000, -(n % 5000)) for n in range(1, count + 1)
    ]


@pytest.mark.parametrize(
    ("row", "words", "channel", "absent"),
    [
        (b"7,6000,x7,-7,1,1", "line 7, field 3: found 'x7', expected a number: U1 is miss", 0, {0}),
        (b"7,6000,7,1_0,1,1", "line 7, field 4: found '1_0', expected a number: I1 is mi", 1, {1}),
        (b"7,6000,7,-\xff7,1,1", "line 7, field 4: found '-ÿ7'", 1, {1}),
        (
            b"7,6000,7,-7,?,1",
            "line 7, field 5: found '?', expected a number: CLOSED is",
            None,
            set(),
        ),
        (
            b"x,6000,7,-7,1,1",
            "line 7, field 1: found 'x', expected a number: the sample",
            None,
            set(),
        ),
        (
            b"7,6o00,7,-7,1,1",
            "line 7, field 2: found '6o00', expected a number: the time",
            None,
            set(),
        ),
        (
            b"7,6000,7-7,1,1",
            "line 7: found 5 fields, expected 6 fields: this row is mis",
            None,
            {0, 1},
        ),
        (
            b"7,6000,7,-7,1,1,",
            "line 7: found 7 fields, expected 6 fields: this row is m",
            None,
            {0, 1},
        ),
        (
            b"garbage",
            "line 7: found 1 field, expected 6 fields: this row is missing",
            None,
            {0, 1},
        ),
    ],
)
@pytest.mark.parametrize("rates", [("1", "1000,20"), ("0", "0,20")])
def test_a_field_that_is_no_number_is_missing_and_told_and_all_others_are_read(
    tmp_path: Path,
    row: bytes,
    words: str,
    channel: int | None,
    absent: set[int],
    rates: tuple[str, str],
) -> None:
    data = lines(20)
    data[6] = row
    found = read(tmp_path, cfg("ASCII", rates=rates), b"\r\n".join(data))
    whole = read(tmp_path, cfg("ASCII", rates=rates), b"\r\n".join(lines(20)))
    wanted = whole.samples.copy()
    wanted[6, list(absent)] = np.nan
    assert np.array_equal(found.samples, wanted, equal_nan=True)
    assert found.times == pytest.approx(np.arange(20) / 1000)
    assert found.state(1).sum() == (19 if channel is None and len(absent) == 2 else 20)
    [mark] = [each for each in found.marks if each.quality == "corrupt"]
    assert mark.words.startswith(f"r.dat, {words}")
    assert (mark.channel, mark.first, mark.count) == (channel, 6, 1)
    assert {m.channel for m in found.marks if m.quality == "missing"} == absent
    assert [m for m in found.marks if m.quality not in ("corrupt", "missing")] == []


@pytest.mark.parametrize(("count", "spare"), [(20, 12), (100, 60), (1000, 100), (5000, 300)])
def test_a_file_is_refused_once_too_many_of_its_fields_are_no_numbers(
    tmp_path: Path, count: int, spare: int
) -> None:
    config = cfg("ASCII", rates=("1", f"1000,{count}"))
    for wrong in (spare, spare + 1):
        data = lines(count)
        for k in range(wrong):
            at = (k * 7 + k // count) % count
            fields = data[at].split(b",")
            fields[2 if fields[2] != b"x" else 3] = b"x"
            data[at] = b",".join(fields)
        assert sum(each.count(b"x") for each in data) == wrong
        if wrong == spare:
            found = read(tmp_path, config, b"\r\n".join(data))
            assert np.isnan(found.samples).sum() == wrong
            told = [each for each in found.marks if each.quality == "corrupt"]
            assert len(told) == 7
            assert told[-1].words == f"r.dat: {wrong - 6} more fields are no numbers"
        else:
            with pytest.raises(
                RecordingError, match=f"found .* wrong, expected a number .{spare} fields at most"
            ):
                read(tmp_path, config, b"\r\n".join(data))


def test_fields_that_are_no_numbers_are_counted_over_all_blocks_of_a_long_file(
    tmp_path: Path,
) -> None:
    count = 150_000  # three blocks
    data = lines(count)
    for at in (10, 90_000, 149_000):
        data[at] = b"%d,%d,#,7,1,1" % (at + 1, 1000 * at)
    found = read(tmp_path, cfg("ASCII", rates=("1", f"1000,{count}")), b"\r\n".join(data))
    assert np.flatnonzero(np.isnan(found.samples[:, 0])).tolist() == [10, 90_000, 149_000]
    told = [each.words for each in found.marks if each.quality == "corrupt"]
    assert [word.split(":")[0] for word in told] == [
        f"r.dat, line {at}, field 3" for at in (11, 90_001, 149_001)
    ]
    assert len(b"\r\n".join(data)) > 2 << 20


@pytest.mark.parametrize(
    ("stamps", "words"),
    [
        (
            (0, 0, 0, 0),
            r"r\.dat: found no two different time stamps, expected a rate or time stamps",
        ),
        ((0, 10, 2**32 - 1, 30), r"r\.dat, sample 3: found no time stamp, expected one"),
        ((0, 10, 5, 30), r"r\.dat, sample 3: found a time stamp before the last one"),
    ],
)
def test_without_rates_time_stamps_must_be_there_and_grow(
    tmp_path: Path, stamps: tuple[int, ...], words: str
) -> None:
    with pytest.raises(RecordingError, match=f"^{words}"):
        read(tmp_path, cfg(rates=("0", "0,4")), rows("h", FOUR, stamps=stamps))


def test_a_missing_half_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.cfg").write_text(cfg())
    (tmp_path / "b.dat").write_bytes(rows("h", FOUR))
    with pytest.raises(
        RecordingError, match=r"a\.cfg: found no \.dat of that name, expected a\.dat"
    ):
        read_recording(tmp_path / "a.cfg")
    with pytest.raises(
        RecordingError, match=r"b\.dat: found no \.cfg of that name, expected b\.cfg"
    ):
        read_recording(tmp_path / "b.dat")


def test_what_is_no_recording_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.cfg").mkdir()
    (tmp_path / "a.dat").write_bytes(b"")
    (tmp_path / "a.xyz").write_bytes(b"?")
    (tmp_path / "a.cff").write_bytes(b"?")
    (tmp_path / "b.cff").write_bytes(b"--- file type: DAT BINARY ---\n")
    for name, words in (
        ("a.cfg", "a.cfg: found a folder or device"),
        ("c.wav", "c.wav: found no file"),
        ("a.xyz", "a.xyz: found '.xyz', expected a recording"),
        ("a.cff", "a.cff, byte 1: found the end, expected a line like --- file type"),
        ("b.cff", "b.cff, byte 0: found data, expected a section of type CFG"),
        ("c\0.csv", "found"),
        ("none/a.cfg", "a.cfg: found no file"),
        ("/", "/: found a folder or device"),
    ):
        with pytest.raises(RecordingError, match=words.replace(".", r"\.")):
            read_recording(tmp_path / name)


def test_a_huge_claim_takes_no_room(tmp_path: Path) -> None:
    tracemalloc.start()
    found = read(tmp_path, cfg(rates=("1", "1000,999999999999999")), rows("h", FOUR))
    for config in (line(2, "999999999,999999999A,0D"), line(8, "999999")):
        with pytest.raises(RecordingError):
            read(tmp_path, config, rows("h", FOUR))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.samples.tolist() == SCALED
    assert found.marks[0].count == 999999999999995
    assert most < 2_000_000
