"""The curves of ITIC and SEMI F47, at their corners."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from smartpdu.measurement.tolerance import Zone, itic, semi_f47

T, D, P = Zone.TOLERATED, Zone.INTERRUPTED, Zone.PROHIBITED
CORNERS = [
    (0, 0.020, T), (0, 0.0201, D), (69.9, 0.021, D), (70, 0.5, T), (70, 0.501, D), (80, 0.501, T),
    (79.9, 10, D), (80, 10, T), (80, 10.1, D), (90, 1e4, T), (89.9, 1e4, D), (110, 1e4, T),
    (110.1, 1e4, P), (120, 0.5, T), (120.1, 0.5, P), (120, 0.501, P), (140, 0.003, T),
    (140.1, 0.003, P), (140, 0.0031, P), (199, 0.001, T), (201, 0.001, P), (500, 1e-4, T),
    (501, 1e-4, P), (353, 0.0004, T), (354, 0.0004, P),
]  # fmt: skip


@pytest.mark.requirement("R-20-34")
@pytest.mark.parametrize(("voltage", "duration", "zone"), CORNERS)
def test_itic_at_its_corners(voltage: float, duration: float, zone: Zone) -> None:
    assert itic(voltage, duration) is zone


@given(some.floats(0, 600), some.floats(1e-5, 100), some.floats(1, 10))
def test_what_lasts_longer_is_never_borne_better(voltage: float, short: float, more: float) -> None:
    order = [T, D, P] if voltage < 100 else [T, P]
    assert order.index(itic(voltage, short * more)) >= order.index(itic(voltage, short))


@pytest.mark.parametrize(
    ("voltage", "duration", "rides"),
    [(50, 0.05, True), (50, 0.2, True), (49.9, 0.2, False), (50, 0.201, False), (70, 0.5, True),
     (69.9, 0.5, False), (80, 1.0, True), (80, 1.01, False), (79, 0.6, False), (90, 0.1, True),
     (95, 0.049, False)],
)  # fmt: skip
def test_semi_f47_asks_for_so_much_and_no_more(
    voltage: float, duration: float, rides: bool
) -> None:
    assert semi_f47(voltage, duration) is rides
