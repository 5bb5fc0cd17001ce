"""Names and units tell what a channel is, and which current belongs to which voltage."""

from math import nan

import numpy as np
import pytest

from smartpdu.drivers.recording import Channel, Recording, RecordingError, Stretch
from smartpdu.drivers.recording_names import channel, headed, pairs


def recording(*told: str) -> Recording:
    """A recording of channels, each told as NAME|UNIT|PHASE."""
    channels = tuple(channel(*(each + "||").split("|")[:3])[0] for each in told)
    samples = np.zeros((1, len(channels)))
    return Recording("", None, nan, nan, channels, (Stretch(1.0, 0, 1),), np.zeros(1), samples)


def found(*told: str, given: tuple[str, ...] | None = None) -> str:
    """The pairs of such a recording, as VOLTAGE:CURRENT."""
    rec = recording(*told)
    names = [c.name for c in rec.channels]
    return " ".join(f"{names[p.voltage]}:{names[p.current]}" for p in pairs(rec, given))


@pytest.mark.parametrize(
    ("heading", "name", "unit"),
    [
        ("U1 (V)", "U1", "V"),
        ("U1(V)", "U1", "V"),
        (" U1 [kV] ", "U1", "kV"),
        ("U1/V", "U1", "V"),
        ("U1 in V", "U1", "V"),
        ("U1", "U1", ""),
        ("U1 ()", "U1", ""),
        ("Main in hall (V)", "Main in hall", "V"),
        ("(V)", "(V)", ""),
        ("Ch 1 (left) (V)", "Ch 1 (left)", "V"),
    ],
)
def test_a_heading_is_a_name_and_a_unit(heading: str, name: str, unit: str) -> None:
    assert headed(heading) == (name, unit)


@pytest.mark.parametrize(
    ("name", "unit", "kind", "symbol", "factor"),
    [
        ("x", "V", "voltage", "V", 1),
        ("x", "kV", "voltage", "V", 1e3),
        ("x", "KV", "voltage", "V", 1e3),
        ("x", "mV", "voltage", "V", 1e-3),
        ("x", "MV", "voltage", "V", 1e6),
        ("x", "µV", "voltage", "V", 1e-6),
        ("x", "volts", "voltage", "V", 1),
        ("x", "Volt", "voltage", "V", 1),
        ("x", "кВ", "voltage", "V", 1e3),
        ("x", "伏", "voltage", "V", 1),
        ("x", "A", "current", "A", 1),
        ("x", "a", "current", "A", 1),
        ("x", "mA", "current", "A", 1e-3),
        ("x", "ma", "current", "A", 1e-3),
        ("x", "Amps", "current", "A", 1),
        ("x", "ampere", "current", "A", 1),
        ("U1", "A", "current", "A", 1),
        ("U1", "", "voltage", "", 1),
        ("I L1", "none", "current", "none", 1),
        ("Spannung", "", "voltage", "", 1),
        ("Strom L1", "", "current", "", 1),
        ("Ток", "", "current", "", 1),
        ("U1", "W", "other", "W", 1),
        ("x", "", "other", "", 1),
        ("VAT", "", "other", "", 1),
        ("U1 RMS", "V", "other", "V", 1),
        ("SRC 1  Vag Mag", "kV", "other", "kV", 1),
        ("x", "°", "other", "°", 1),
        ("x", "VA", "other", "VA", 1),
        ("x", "mm", "other", "mm", 1),
        ("x", "k", "other", "k", 1),
    ],
)
def test_unit_or_else_name_tell_the_kind(
    name: str, unit: str, kind: str, symbol: str, factor: float
) -> None:
    about, scale = channel(name, unit)
    assert (about.kind, about.unit, scale) == (kind, symbol, factor)


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (("U1|V", "U2|V", "U3|V", "I1|A", "I2|A", "I3|A"), "U1:I1 U2:I2 U3:I3"),
        (("I3|A", "U1|V", "I1|A", "U3|V"), "U3:I3 U1:I1"),
        (("UL1|V", "UL2|V", "IL1|A", "IL2|A"), "UL1:IL1 UL2:IL2"),
        (("U_L1|V", "U_L2|V", "I L1|A", "I.L2|A"), "U_L1:I L1 U_L2:I.L2"),
        (("Ua|V", "Ub|V", "ia|A", "ib|A"), "Ua:ia Ub:ib"),
        (("Van|V", "Vbn|V", "Ia|A", "Ib|A"), "Van:Ia Vbn:Ib"),
        (("V1N|V", "V2N|V", "I1|A", "I2|A"), "V1N:I1 V2N:I2"),
        (("Voltage L1|V", "Voltage L2|V", "Current L1|A", "Current L2|A"),
         "Voltage L1:Current L1 Voltage L2:Current L2"),
        (("x|V|A", "y|V|B", "z|A|B", "w|A|A"), "y:z x:w"),
        (("I1|A|I1", "U1|V|V1"), "U1:I1"),
        (("U|V", "I1|A", "I2|A"), "U:I1 U:I2"),
        (("U|V", "I|A"), "U:I"),
        (("Spannung|V", "Strom|A"), "Spannung:Strom"),
        (("U1|V", "I|A"), "U1:I"),
        (("U1|V", "I2|A"), ""),
        (("U1|V", "U2|V", "I|A"), ""),
        (("U1|V", "U2|V", "I1|A", "L1 outlet 4|A|L1"), "U1:I1 U1:L1 outlet 4"),
        (("A U1|V", "B U1|V", "A I1|A", "B I1|A"), "A U1:A I1 B U1:B I1"),
        (("HV VR|V", "HV IR|A", "LV IR|A"), "HV VR:HV IR"),
        (("UN|V", "IN|A", "U1|V", "I1|A", "IG|A|G", "VX|V|X"), "U1:I1"),
        (("Uab|V", "Ia|A", "Ub|V", "Ib|A"), "Ub:Ib"),
        (("VA|V|A", "IA|A|A", "Va|V|_", "Ia|A|_"), "VA:IA"),
        (("U1|W", "I1|A"), ""),
        (("I1|A",), ""),
        (("U1|V",), ""),
    ],
)  # fmt: skip
def test_pairs_are_found_by_phase_level_and_name(told: tuple[str, ...], wanted: str) -> None:
    assert found(*told) == wanted


def test_a_pair_is_named_for_its_phase() -> None:
    assert [p.name for p in pairs(recording("Ua|V", "Ia|A", "U_L2|V", "I_L2|A"))] == ["A", "2"]
    assert [p.name for p in pairs(recording("Netz|V", "I1|A"))] == ["1"]
    assert [p.name for p in pairs(recording("Netz|V", "Last|A"))] == ["NETZ"]


def test_pairs_that_are_given_stand_alone() -> None:
    told = ("U1|V", "U2|V", "I1|A", "Ch: 4|A", "T|°C")
    assert found(*told, given=("U1:I1",)) == "U1:I1"
    assert found(*told, given=("u2 : i1", "U2:Ch: 4")) == "U2:I1 U2:Ch: 4"
    assert found(*told, given=("U1:T",)) == "U1:T"  # somebody knows better than its unit


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("U1", "pair: found 'U1', expected VOLTAGE:CURRENT, two of: U1, I1"),
        ("U1:I9", "pair: found 'U1:I9', expected VOLTAGE:CURRENT, two of: U1, I1"),
        (":", "pair: found ':', expected VOLTAGE:CURRENT"),
        ("I1:U1", "pair, 'I1:U1': found I1, which is a current, expected a voltage there"),
        ("U1:U1", "pair, 'U1:U1': found U1, which is a voltage, expected a current there"),
    ],
)
def test_a_pair_that_cannot_be_is_told(given: str, words: str) -> None:
    with pytest.raises(RecordingError, match=words):
        pairs(recording("U1|V", "I1|A", "T|°C"), [given])


def test_of_names_in_two_cases_the_one_spelled_so_is_taken() -> None:
    rec = recording("u1|V", "U1|V", "i1|A", "I1|A")
    assert [(p.voltage, p.current) for p in pairs(rec, ["U1:I1", "u1:i1"])] == [(1, 3), (0, 2)]


def test_all_channels_keep_their_names() -> None:
    assert recording("U1|V").channels == (Channel("U1", "voltage", "V"),)
