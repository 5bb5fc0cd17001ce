"""What a device told is understood by its map: exactly, as a gap, as missing, never wrongly."""

from dataclasses import replace
from math import isfinite, isnan, nan

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from smartpdu.drivers.told import (
    UNITS,
    Condition,
    Pattern,
    Told,
    bits,
    first_understood,
    numeric,
    rated,
    understood,
    words,
)
from smartpdu.model.snapshot import READINGS, quantities

AT = (7,)
VALUE, DIGITS, UNIT, STATE, FLAGS = ((1, 3, 6, column) for column in range(1, 6))
PLAIN = Told(Pattern((*VALUE, "{}")), unit="W")


def known(
    value: object = None, digits: object = None, unit: object = None, **more: object
) -> dict[tuple[int, ...], object]:
    """A device that tells these of its row 7."""
    told = {VALUE: value, DIGITS: digits, UNIT: unit, STATE: more.get("state")}
    told[FLAGS] = more.get("flags")
    return {(*column, *AT): each for column, each in told.items() if each is not None}


def same(found: float | None, wanted: float | None) -> bool:
    """Whether both are missing, both a gap, or both the same number."""
    if found is None or wanted is None:
        return found is wanted
    return (isnan(found) and isnan(wanted)) or found == pytest.approx(wanted, rel=1e-12)


def test_every_unit_of_a_maker_is_one_of_ours() -> None:
    ours = {unit.symbol for kind in READINGS for unit in quantities(kind).values()}
    assert {symbol for symbol, *_ in UNITS.values()} <= ours
    measured = ours - {"s"}  # that is no device's to tell
    assert measured <= {symbol for symbol, *_ in UNITS.values()}


@pytest.mark.parametrize(
    ("unit", "symbol", "told", "ours"),
    [
        ("V", "V", 2305, 2305.0),
        ("mV", "V", 230_500, 230.5),
        ("A", "A", 16, 16.0),
        ("mA", "A", 15_250, 15.25),
        ("W", "W", 460, 460.0),
        ("kW", "W", 3, 3_000.0),
        ("VA", "VA", 551, 551.0),
        ("kVA", "VA", 11, 11_000.0),
        ("Wh", "J", 1, 3_600.0),
        ("kWh", "J", 100, 360e6),
        ("var", "var", 7, 7.0),
        ("kvar", "var", 2, 2_000.0),
        ("varh", "var s", 1, 3_600.0),
        ("kvarh", "var s", 100, 360e6),
        ("Hz", "Hz", 50, 50.0),
        ("%", "%", 45, 45.0),
        ("1", "1", 1, 1.0),
        ("°C", "°C", -5, -5.0),
        ("°F", "°C", 32, 0.0),
        ("°F", "°C", 212, 100.0),
        ("°F", "°C", -40, -40.0),
    ],
)
def test_a_makers_unit_becomes_ours(unit: str, symbol: str, told: int, ours: float) -> None:
    one = replace(PLAIN, unit=unit)
    assert same(understood(one, AT, known(told), symbol), ours)
    others = {symbol_ for symbol_, *_ in UNITS.values()} - {symbol}
    assert not [other for other in others if understood(one, AT, known(told), other) is not None]


def test_a_scale_counts_before_the_unit_does() -> None:
    tenths = replace(PLAIN, unit="°F", scale=0.1)
    assert same(understood(tenths, AT, known(721), "°C"), (72.1 - 32) * 5 / 9)
    hundredths = replace(PLAIN, unit="kW", scale=0.01)
    assert same(understood(hundredths, AT, known(123), "W"), 1230.0)


@given(some.integers(-(2**31), 2**64 - 1), some.integers(0, 9))
def test_digits_of_a_row_move_its_point(value: int, digits: int) -> None:
    one = replace(PLAIN, digits=Pattern((*DIGITS, "{}")))
    found = understood(one, AT, known(value, digits), "W")
    assert found == pytest.approx(value / 10**digits, rel=1e-12)


@pytest.mark.parametrize("digits", [None, -1, 10, b"2", (2,)])
def test_digits_that_are_not_told_or_make_no_sense_leave_the_value_missing(digits: object) -> None:
    one = replace(PLAIN, digits=Pattern((*DIGITS, "{}")))
    assert understood(one, AT, known(230, digits), "W") is None
    assert understood(one, AT, known(230, 0), "W") == 230.0


@pytest.mark.parametrize(
    ("code", "wanted"),
    [(1, 20.0), (2, (20 - 32) * 5 / 9), (3, nan), (4, None), (b"1", None), (None, None)],
)
def test_a_unit_that_the_device_tells_counts_row_by_row(code: object, wanted: object) -> None:
    units = {1: "°C", 2: "°F", 3: ""}
    one = Told(PLAIN.oid, "", unit_oid=Pattern((*UNIT, "{}")), units=units)
    assert same(understood(one, AT, known(20, unit=code), "°C"), wanted)


@pytest.mark.parametrize(
    ("told", "wanted"),
    [(1, 1.0), (2, 0.0), (3, None), (4, nan), (-1, nan), (b"1", None), (b"on", None), ((1,), None)],
)
def test_a_state_is_told_by_a_number_that_the_map_has_a_word_for(
    told: object, wanted: float | None
) -> None:
    one = Told(PLAIN.oid, "on/off", words={1: 1.0, 2: 0.0}, none=frozenset({4}), least=0)
    assert same(understood(one, AT, known(told), "on/off"), wanted)


@pytest.mark.parametrize(
    ("told", "wanted"),
    [(-1, nan), (b"-1", nan), (-2, nan), (0, 0.0), (b"0", 0.0), (65535, nan), (2**64 - 1, nan)],
)
def test_a_number_that_says_not_available_is_a_gap(told: object, wanted: float) -> None:
    one = replace(PLAIN, none=frozenset({-2, -1, 65535, 2**64 - 1}))
    assert same(understood(one, AT, known(told), "W"), wanted)


@pytest.mark.parametrize("told", [-1, -2, b"-0.1"])
def test_what_is_below_the_least_is_a_gap(told: object) -> None:
    one = replace(PLAIN, least=0)
    assert same(understood(one, AT, known(told), "W"), nan)
    assert same(understood(one, AT, known(0), "W"), 0.0)


def test_a_sign_that_says_something_else_is_left_out_but_a_gap_stays_one() -> None:
    one = Told(PLAIN.oid, "1", 0.001, none=frozenset({-1}), unsigned=True)
    assert same(understood(one, AT, known(-946), "1"), 0.946)
    assert same(understood(one, AT, known(432), "1"), 0.432)
    assert same(understood(one, AT, known(-1), "1"), nan)
    assert same(understood(replace(one, least=0), AT, known(-946), "1"), nan)


VALID = (
    Condition(Pattern((*STATE, "{}")), frozenset({2, 3})),
    Condition(Pattern((*FLAGS, "{}")), bit=2),
)


@pytest.mark.parametrize(
    ("state", "flags", "wanted"),
    [
        (2, b"\x20", 5.0),
        (3, b"\xff", 5.0),
        (4, b"\x20", nan),
        (2, b"\x40", nan),
        (4, None, nan),
        (None, b"\x40", nan),
        (None, b"\x20", None),
        (2, None, None),
        (2, 32, None),
        (b"2", b"\x20", None),
    ],
)
def test_a_reading_counts_where_each_of_its_conditions_is_met(
    state: object, flags: object, wanted: object
) -> None:
    one = replace(PLAIN, valid=VALID)
    assert same(understood(one, AT, known(5, state=state, flags=flags), "W"), wanted)


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"", ()),
        (b"\x00", ()),
        (b"\x30", (2, 3)),
        (b"\x80\x01", (0, 15)),
        (b"00", ()),  # from here on as printed
        (b"30 2 3", (2, 3)),
        (b"F0 0 1 2 3", (0, 1, 2, 3)),
        (b"c0 80 0 1 8", (0, 1, 8)),
        (b"00 20 10", (10,)),
        (b"30", (2, 3)),
        (b"80 01", (0, 15)),
        (b"30 5", (2, 3)),
        (b"zz", (1, 2, 3, 4, 6, 9, 10, 11, 12, 14)),  # two octets that are no print
        (48, ()),
        ((4, 8), ()),
        (None, ()),
    ],
)
def test_bits_are_counted_from_the_left_also_where_they_came_as_print(
    raw: object, wanted: tuple[int, ...]
) -> None:
    assert bits(raw) == set(wanted)


@given(some.binary(min_size=1, max_size=1).filter(lambda b: not b.isspace()) | some.just(b"\x20"))
def test_one_octet_is_never_taken_for_print(octet: bytes) -> None:
    number = int.from_bytes(octet, "big")
    assert bits(octet) == {n for n in range(8) if number & (128 >> n)}


@given(some.binary(min_size=1, max_size=6))
def test_bits_that_were_printed_with_their_numbers_are_the_bits(octets: bytes) -> None:
    wanted = {8 * n + i for n, octet in enumerate(octets) for i in range(8) if octet & (128 >> i)}
    printed = " ".join([*(f"{octet:02X}" for octet in octets), *map(str, sorted(wanted))])
    assert bits(printed.encode()) == wanted


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"230.5", 230.5),
        (b" 16 \0", 16.0),
        (b"-4", -4.0),
        (b"1e3", 1000.0),
        (b".5", 0.5),
        (b"1_000", None),  # which float() takes for a thousand
        (b"0x10", None),
        (b"nan", None),
        (b"inf", None),
        (b"1e999", None),
        (b"9" * 5000, None),
        (b"23,5", None),
        (b"16A", None),
        (b"\xb2", None),
        ("\u0663".encode(), None),
        (b"", None),
        (2**64, None),
        ((1, 3), None),
        (None, None),
    ],
)
def test_text_is_a_number_only_where_all_of_it_is_one(raw: object, wanted: float | None) -> None:
    assert numeric(raw) == wanted


@pytest.mark.parametrize(
    ("unit", "raw", "wanted"),
    [
        ("A", b"32A", 32.0),
        ("A", b"16 A", 16.0),
        ("A", b"32", 32.0),
        ("mA", 32_000, 32.0),
        ("mA", b"32000", 32.0),
        ("A", b"32000mA", 32.0),  # its own unit counts
        ("A", b"3x16A", None),
        ("A", b"32A/24A", None),
        ("A", b"5-20R", None),
        ("A", b"32W", None),
        ("A", b"", None),
        ("A", b"none", None),
        ("A", b"0A", None),
        ("A", 0, None),
        ("A", -1, None),
        ("A", (32,), None),
        ("V", b"219-240V", 229.5),
        ("V", b"200V-240V", 220.0),
        ("V", b"208VAC", 208.0),
        ("V", b"230 V~", 230.0),
        ("VA", b"8.3-10.0kVA", 9150.0),
        ("Hz", b"50Hz", 50.0),
        ("Hz", b"50-60Hz", None),
        ("Hz", b"50/60Hz", None),
    ],
)
def test_a_rating_is_told_as_a_number_or_as_text_and_never_guessed(
    unit: str, raw: object, wanted: float | None
) -> None:
    one = replace(PLAIN, unit=unit)
    found = rated(one, AT, known(raw), UNITS[unit][0])
    assert found == (None if wanted is None else pytest.approx(wanted))
    never = (Condition(Pattern((*STATE, "{}")), frozenset({1})),)
    assert rated(replace(one, valid=never), AT, known(raw, state=2), UNITS[unit][0]) is None


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Büro „Süd“".encode(), "Büro „Süd“"),
        ("Büro".encode("latin-1"), "Büro"),
        (b'A "1" \\ x', 'A "1" \\ x'),
        (b"a\nb\tc\x7f\x1b[0m", "abc[0m"),
        (b"PDU 1\0\xff\xff", "PDU 1"),
        (b"  \xff ", "ÿ"),
        (7, "7"),
        ((1, 3, 6), "1.3.6"),
        (None, ""),
    ],
)
def test_a_text_of_a_device_is_kept_without_what_cannot_be_printed(raw: object, text: str) -> None:
    assert words(raw) == text


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        (5, 6, 5.0),
        (-1, 6, 6.0),
        (None, 6, 6.0),
        (-1, None, nan),
        (None, -1, nan),
        (None, None, None),
        (b"?", 6, 6.0),
        (b"?", None, None),
    ],
)
def test_the_first_place_that_has_a_reading_counts(
    first: object, second: object, wanted: float | None
) -> None:
    tolds = [replace(PLAIN, oid=Pattern((*column, "{}")), least=0) for column in (VALUE, DIGITS)]
    assert same(first_understood(tolds, AT, known(first, second), "W"), wanted)


def test_holes_are_filled_with_the_address_of_the_row() -> None:
    assert Pattern((1, 3, "{}")).at((4, 5)) == (1, 3, 4, 5)
    assert Pattern((1, 3, "{2}", 9, "{1}")).at((4, 5)) == (1, 3, 5, 9, 4)
    assert Pattern(("{1}", "{value}")).at((4, 5), 6) == (4, 6)
    assert Pattern((1, 3, "{}", 0)).at(()) == (1, 3, 0)
    with pytest.raises(IndexError):
        Pattern((1, 3, "{2}")).at((4,))
    assert Pattern((1, 3, "{2}", 9, "{1}")).needs == 2
    assert Pattern((1, 3, "{}")).needs == 0
    assert Pattern((1, 3, "{2}", 9)).root == (1, 3)
    assert Pattern((1, 3, 0)).root == (1, 3)


garbage = (
    some.none()
    | some.integers()
    | some.binary(max_size=8)
    | some.from_regex(rb"[-+0-9. eEA]{0,8}", fullmatch=True)
    | some.lists(some.integers(0, 2**32 - 1), max_size=4).map(tuple)
)
holes = Pattern((*VALUE, "{}"))
tolds = some.builds(
    Told,
    some.just(holes),
    some.sampled_from([*UNITS, ""]),
    some.sampled_from([1.0, 0.1, 1e300]),
    some.sampled_from([None, Pattern((*DIGITS, "{}"))]),
    some.sampled_from([None, Pattern((*UNIT, "{}"))]),
    some.dictionaries(some.integers(0, 3), some.sampled_from([*UNITS, ""])),
    some.dictionaries(some.integers(0, 3), some.sampled_from([0.0, 1.0])),
    some.frozensets(some.integers(-1, 3)),
    some.none() | some.integers(-1, 1),
    some.booleans(),
    some.lists(some.sampled_from(VALID), max_size=2).map(tuple),
)


@given(tolds, garbage, garbage, garbage, garbage, garbage, some.sampled_from([*UNITS]))
@example(PLAIN, 10**400, None, None, None, None, "W")
@example(replace(PLAIN, scale=1e300), 10**18, None, None, None, None, "W")
def test_whatever_a_device_tells_is_a_number_a_gap_or_missing(
    told: Told,
    value: object,
    digits: object,
    unit: object,
    state: object,
    flags: object,
    named: str,
) -> None:
    symbol = UNITS[named][0]
    told_ = known(value, digits, unit, state=state, flags=flags)
    found = understood(told, AT, told_, symbol)
    assert found is None or isnan(found) or isfinite(found)
    if isinstance(value, tuple) or value is None:
        assert found is None or isnan(found)  # a wrong type, or nothing, is never a number
    if found is not None and not isnan(found) and not told.words:
        assert UNITS[told.units[unit] if told.unit_oid else told.unit][0] == symbol
    rating = rated(told, AT, told_, symbol)
    assert rating is None or (isfinite(rating) and rating > 0)
