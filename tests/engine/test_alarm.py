"""The table of an alarm's life: walked from everywhere, and read pair by pair."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as some

from smartpdu.engine.alarm import LIFE, Sign, moved, over, standing_alarms
from smartpdu.model.alarm import Alarm, Standing
from smartpdu.model.rule import Level

ALARM = Alarm("load.feed", "rack/A/feed", Standing.CALM, Level.WARNING, 0.9, 0.8, "1", 5.0)

# The whole life once more, by hand: standing and sign give the next standing, or nothing.
CALM, CALLING, KNOWN, PASSED, SHELVED = Standing
RAISE, CLEAR, ACKNOWLEDGE, SHELVE, UNSHELVE = Sign
EXPECTED = {
    (CALM, RAISE): CALLING,
    (CALLING, RAISE): CALLING,
    (CALLING, CLEAR): PASSED,
    (CALLING, ACKNOWLEDGE): KNOWN,
    (CALLING, SHELVE): SHELVED,
    (KNOWN, RAISE): CALLING,
    (KNOWN, CLEAR): CALM,
    (KNOWN, SHELVE): SHELVED,
    (PASSED, RAISE): CALLING,
    (PASSED, ACKNOWLEDGE): CALM,
    (SHELVED, RAISE): SHELVED,
    (SHELVED, CLEAR): SHELVED,
    (SHELVED, UNSHELVE): CALM,
}


@pytest.mark.parametrize(("standing", "sign"), list(product(Standing, Sign)))
def test_each_sign_moves_each_standing_as_the_table_says(standing: Standing, sign: Sign) -> None:
    alarm = replace(ALARM, standing=standing)
    after = moved(alarm, sign)
    expected = EXPECTED.get((standing, sign))
    assert after == (None if expected is None else replace(alarm, standing=expected))


def ways(start: Standing) -> set[Standing]:
    """All standings that can be reached."""
    seen, ahead = {start}, [start]
    while ahead:
        for after in LIFE[ahead.pop()].values():
            if after not in seen:
                seen.add(after)
                ahead.append(after)
    return seen


@pytest.mark.parametrize("standing", list(Standing))
def test_from_everywhere_there_is_a_way_to_calm_and_to_a_call(standing: Standing) -> None:
    assert {Standing.CALM, Standing.CALLING} <= ways(standing)


def test_every_standing_can_be_reached_and_has_a_line_in_the_table() -> None:
    assert ways(Standing.CALM) == set(Standing) == set(LIFE)


@given(some.lists(some.sampled_from(Sign), max_size=30))
def test_an_alarm_that_was_raised_is_never_calm_before_somebody_or_its_end_says_so(signs) -> None:
    alarm = moved(ALARM, Sign.RAISE)
    assert alarm is not None
    for sign in signs:
        after = moved(alarm, sign)
        if after is None:
            continue
        if after.standing is Standing.CALM:
            assert (alarm.standing, sign) in {
                (KNOWN, CLEAR),
                (PASSED, ACKNOWLEDGE),
                (SHELVED, UNSHELVE),
            }
            return
        alarm = after


def test_what_calls_stands_before_what_somebody_knows_however_bad_that_is() -> None:
    bad = replace(ALARM, level=Level.CRITICAL, since=9.0)
    known, shelved = replace(bad, standing=KNOWN), replace(bad, standing=SHELVED)
    passed = replace(ALARM, standing=PASSED, level=Level.NORMAL, since=10.0)
    calling, worse = replace(ALARM, standing=CALLING), replace(bad, standing=CALLING, since=0.0)
    wanted = [worse, calling, known, passed, shelved]
    alarms = {("rule", str(n)): a for n, a in enumerate(reversed(wanted))}
    assert standing_alarms(alarms) == wanted


def test_of_one_standing_the_worst_and_newest_alarms_are_first() -> None:
    old = replace(ALARM, place="a", since=1.0)
    new = replace(ALARM, place="b", since=2.0)
    bad = replace(ALARM, place="c", since=0.0, level=Level.CRITICAL)
    twin = replace(new, place="aa")
    alarms = {(a.rule, a.place): a for a in (old, new, bad, twin)}
    assert standing_alarms(alarms) == [bad, twin, new, old]


def test_shelving_is_over_at_its_end_and_not_before() -> None:
    shelved = replace(ALARM, standing=Standing.SHELVED, until=100.0)
    known = replace(ALARM, standing=Standing.KNOWN, until=0.0)
    assert over([shelved, known], 99.9) == []
    assert over([shelved, known], 100.0) == [shelved]
