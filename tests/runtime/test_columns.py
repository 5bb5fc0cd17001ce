"""Which series are remembered: those that ever held a value, each always under its own name."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as some
from runtime.rig import plant

from smartpdu.model.plant import Kind
from smartpdu.model.snapshot import READINGS, Snapshot, blank, quantities
from smartpdu.runtime.columns import Columns

PLANT = plant()
PLACES = [
    (kind, name, row)
    for kind in READINGS
    if kind is not Kind.HOUSE
    for name in quantities(kind)
    for row in range(len(PLANT.table(kind)))
]


def key(place: tuple[Kind, str, int]) -> str:
    kind, name, row = place
    return f"{PLANT.table(kind).path[row]}:{name}"


def seen(values: dict[tuple[Kind, str, int], float]) -> Snapshot:
    """A snapshot with these values and gaps everywhere else."""
    now = blank(PLANT, 0.0, 0.0)
    for (kind, name, row), value in values.items():
        getattr(now.readings(kind), name)[row] = value
    return now


def test_every_quantity_of_every_place_can_be_asked_for_and_has_its_unit() -> None:
    units = Columns(PLANT).units

    assert set(units) == {key(place) for place in PLACES}
    assert units["rack1/A/L1:voltage"] == "V"
    assert units["rack1/B/outlet/3:on"] == "on/off"
    assert units["rack1/A/feed:active_energy"] == "J"
    assert not any(name.startswith("house:") for name in units)


def test_what_was_never_measured_is_not_remembered() -> None:
    columns = Columns(PLANT)
    row = columns.row(seen({}))

    assert len(row) == len(PLACES)
    assert columns.grown(row) is None
    assert columns.chosen(row).size == 0


def test_a_series_that_went_silent_is_remembered_as_a_gap() -> None:
    columns = Columns(PLANT)
    place = (Kind.PHASE, "voltage", 1)
    grown = columns.grown(columns.row(seen({place: 230.0})))
    row = columns.row(seen({}))

    assert grown is not None
    assert [(s.key, s.digits) for s in grown] == [("rack1/B/L1:voltage", 2)]
    assert columns.grown(row) is None
    assert np.isnan(columns.chosen(row)).tolist() == [True]


@given(
    some.lists(
        some.dictionaries(some.sampled_from(PLACES), some.floats(-1e6, 1e6), max_size=8),
        min_size=1,
        max_size=6,
    )
)
def test_however_series_come_and_go_each_value_stands_under_its_own_name(
    ticks: list[dict[tuple[Kind, str, int], float]],
) -> None:
    columns = Columns(PLANT)
    names: list[str] = []
    ever: set[str] = set()
    for values in ticks:
        row = columns.row(seen(values))
        if (grown := columns.grown(row)) is not None:
            names = [series.key for series in grown]
        ever |= {key(place) for place in values}
        told = dict(zip(names, columns.chosen(row).tolist(), strict=True))

        assert set(told) == ever
        assert {k: v for k, v in told.items() if v == v} == {  # noqa: PLR0124 - NaN is a gap
            key(place): value for place, value in values.items()
        }
