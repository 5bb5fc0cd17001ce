"""Names tell which voltages may be one three-phase system."""

from math import nan

import numpy as np
import pytest

from smartpdu.drivers.recording import Recording, Stretch
from smartpdu.drivers.recording_names import channel
from smartpdu.drivers.recording_systems import systems


def found(*told: str) -> str:
    """The systems of channels that are each told as NAME|UNIT|PHASE."""
    channels = tuple(channel(*(each + "||").split("|")[:3])[0] for each in told)
    samples = np.zeros((1, len(channels)))
    stretch = (Stretch(1.0, 0, 1),)
    rec = Recording("", None, nan, nan, channels, stretch, np.zeros(1), samples)
    return " | ".join(" ".join(channels[n].name for n in each) for each in systems(rec))


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (("U1|V", "I1|A", "U2|V", "U3|V"), "U1 U2 U3"),
        (("U|V",), "U"),
        (("A U1|V", "A U2|V", "B U1|V", "B U2|V"), "A U1 A U2 | B U1 B U2"),
        (("F5-VA|V|A", "F6-VB|V|B", "F7-VC|V|C", "F8-VN|V|N"), "F5-VA F6-VB F7-VC"),
        (("HV VR|V", "HV VS|V", "LV VR|V", "LV VS|V", "VN|V"), "HV VR HV VS | LV VR LV VS"),
        (("UL1 feed 1|V", "UL2 feed 1|V", "UL1 feed 2|V"), "UL1 feed 1 UL2 feed 1 | UL1 feed 2"),
        (("Spannung L1|V", "Spannung L2|V"), "Spannung L1 Spannung L2"),
        (("Va|V|_", "VA|V|A", "UN|V", "IN|A"), "VA"),
        (("U1|V", "U1|V"), "U1 | U1"),
        (("x|V", "y|V"), "x | y"),
        (("I1|A", "T|°C"), ""),
    ],
)
def test_voltages_with_one_name_but_for_their_phase_may_be_a_system(
    told: tuple[str, ...], wanted: str
) -> None:
    assert found(*told) == wanted
