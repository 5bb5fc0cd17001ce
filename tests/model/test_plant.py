"""Parts of a plant: what one source reads, and how it lands in the whole."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from story import SHAPES, Shape, design, quiet

from smartpdu.model.build import built
from smartpdu.model.plant import PARENTS, Kind, part
from smartpdu.model.snapshot import READINGS, blank, frozen, land

shapes = some.builds(
    Shape, pdus=some.integers(1, 4), phases=some.integers(1, 3), racks=some.integers(1, 3)
)


@given(shapes)
def test_the_parts_of_all_sources_are_the_whole_and_share_nothing_but_house_and_racks(
    shape,
) -> None:
    plant = built(design(shape))
    parts = [part(plant, row) for row in range(len(plant.sources))]
    for kind in Kind:
        rows = sorted(r for p in parts for r in p.rows[kind].tolist())
        whole = list(range(len(plant.table(kind))))
        assert rows == (
            whole if kind not in (Kind.HOUSE, Kind.RACK) else sorted(whole * len(parts))
        )


@given(shapes)
def test_a_part_knows_its_own_parents(shape) -> None:
    plant = built(design(shape))
    for row in range(len(plant.sources)):
        own = part(plant, row)
        for kind in Kind:
            table = own.plant.table(kind)
            assert table.path == tuple(plant.table(kind).path[r] for r in own.rows[kind])
            for field in fields(table):
                if field.name in PARENTS:
                    above = PARENTS[field.name]
                    mine = [own.plant.table(above).path[r] for r in getattr(table, field.name)]
                    parents = getattr(plant.table(kind), field.name)[own.rows[kind]]
                    assert mine == [plant.table(above).path[r] for r in parents]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_what_lands_from_one_source_fills_its_rows_and_no_other(shape: Shape) -> None:
    plant = built(design(shape))
    whole = quiet(plant)
    for row in range(len(plant.sources)):
        own = part(plant, row)
        frame = blank(plant, 1.0, 2.0)
        piece = blank(own.plant, 1.0, 2.0)
        for kind in READINGS:
            for field in fields(READINGS[kind]):
                getattr(piece.readings(kind), field.name)[:] = 7.0
        land(frame, piece, own)
        for kind in READINGS:
            for field in fields(READINGS[kind]):
                column = getattr(frame.readings(kind), field.name)
                assert (column[own.rows[kind]] == 7.0).all()
                others = np.setdiff1d(np.arange(len(column)), own.rows[kind])
                assert np.isnan(column[others]).all()
    assert len(whole.outlets.on) == len(plant.outlets)


def test_a_frozen_picture_cannot_be_changed_and_does_not_follow_the_frame() -> None:
    plant = built(design(Shape()))
    frame = quiet(plant)
    still = frozen(frame, 10.0, 20.0)
    frame.outlets.current[:] = 99.0
    assert (still.outlets.current == 1.0).all()
    assert (still.at, still.clock) == (10.0, 20.0)
    with pytest.raises(ValueError, match="read-only"):
        still.outlets.current[0] = 1.0


def test_of_a_blank_picture_nothing_is_known() -> None:
    plant = built(design(Shape()))
    nothing = blank(plant, 1.0, 2.0)
    for kind in READINGS:
        for field in fields(READINGS[kind]):
            column = getattr(nothing.readings(kind), field.name)
            assert column.shape == (len(plant.table(kind)),)
            assert np.isnan(column).all()
