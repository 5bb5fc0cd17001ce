"""Which frames are taken: lost, repeated and late ones, another board, one that counts anew."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as some

from smartpdu.drivers.frames import FORMS, Frame, Malformed
from smartpdu.drivers.reception import Fate, Reception, Tally

SAMPLES = 100
FORM = FORMS[1]
B, F, D = Fate.BEGINS, Fate.FOLLOWS, Fate.DROPPED


def sent(*numbers: int, **other: object) -> list[Frame]:
    counts = np.zeros((SAMPLES, 2), np.int16)
    frames = [Frame(1, n, n * SAMPLES, 10_000.0, np.nan, FORM, counts) for n in numbers]
    return [replace(frame, **other) for frame in frames]  # type: ignore[arg-type]


def heard(*frames: Frame | Malformed) -> tuple[list[Fate], Tally]:
    reception = Reception(2)
    return [reception.heard(frame) for frame in frames], reception.tally


def test_the_first_frame_begins_and_those_behind_it_follow() -> None:
    fates, tally = heard(*sent(5, 6, 7))
    assert fates == [B, F, F]
    assert tally == Tally(frames=3, samples=300)


def test_a_lost_frame_is_a_gap_and_is_counted_in_samples() -> None:
    fates, tally = heard(*sent(1, 2, 5, 6))
    assert fates == [B, F, B, F]
    assert tally == Tally(frames=4, samples=400, gaps=1, lost=200)


def test_a_repeated_frame_is_taken_once() -> None:
    fates, tally = heard(*sent(1, 2, 2, 1, 3))
    assert fates == [B, F, D, D, F]
    assert tally == Tally(frames=3, samples=300, repeated=2)


def test_a_late_frame_fills_nothing() -> None:
    fates, tally = heard(*sent(1, 3, 2, 4))
    assert fates == [B, B, D, F]
    assert tally == Tally(frames=3, samples=300, gaps=1, lost=100, late=1)


def test_a_frame_that_overlaps_what_was_taken_is_dropped() -> None:
    (other,) = sent(9)
    fates, tally = heard(*sent(1, 2), replace(other, counter=250), *sent(3))
    assert fates == [B, F, D, F]
    assert tally.late == 1


def test_frames_of_another_width_and_damaged_ones_are_told_with_the_reason() -> None:
    wide = sent(2, counts=np.zeros((SAMPLES, 3), np.int16))
    fates, tally = heard(*sent(1), *wide, Malformed("its checksum does not fit"), *sent(2))
    assert fates == [B, D, D, F]
    assert tally == Tally(frames=2, samples=200, unfit=1, malformed=1)
    assert tally.why == "its checksum does not fit"
    assert heard(*wide)[1].why == "it has 3 channels, the site says 2"


def test_a_board_that_started_again_is_followed_at_once() -> None:
    fates, tally = heard(*sent(900, 901), *sent(0, 1, boot=2))
    assert fates == [B, F, B, F]
    assert tally == Tally(frames=4, samples=400, restarts=1)


def test_another_rate_or_form_begins_anew() -> None:
    fates, _ = heard(*sent(1), *sent(2, rate=20_000.0), *sent(3, rate=20_000.0, form=FORMS[2]))
    assert fates == [B, B, B]


def test_a_board_that_counts_anew_without_saying_so_is_followed_after_a_second() -> None:
    fates, tally = heard(*sent(5000, 5001), *sent(*range(120)))
    assert fates[:2] == [B, F]
    assert fates[2 : 2 + 99] == [D] * 99
    assert fates[2 + 99 :] == [B] + [F] * 20
    assert (tally.restarts, tally.late) == (1, 99)


def test_late_frames_now_and_then_are_no_restart() -> None:
    mixed = [f for n in range(1000, 1400) for f in sent(n, n - 500 if n % 2 else n)]
    fates, tally = heard(*mixed)
    assert fates.count(Fate.BEGINS) == 1
    assert tally.restarts == 0
    assert tally.samples == 400 * SAMPLES


@given(some.lists(some.integers(0, 40), max_size=80))
def test_whatever_comes_no_sample_is_taken_twice_and_none_is_lost_uncounted(
    order: list[int],
) -> None:
    reception, taken = Reception(2), []
    for frame in sent(*order):
        fate = reception.heard(frame)
        if fate is not Fate.DROPPED:
            assert fate is (F if taken and frame.sequence == taken[-1] + 1 else B)
            taken.append(frame.sequence)
    assert taken == sorted(set(taken))
    tally = reception.tally
    assert tally.samples == len(taken) * SAMPLES
    whole = taken[-1] - taken[0] + 1 if taken else 0
    assert tally.samples + tally.lost == whole * SAMPLES
    assert tally.frames + tally.repeated + tally.late == len(order)
