"""What became of expected visits, and what that adds up to."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.patrol.judgement import (
    MIN_ARRIVALS,
    Arrival,
    Compliance,
    Judgement,
    Result,
    compliance,
    judge,
    unpredictability,
)
from custom_components.rutan_blora.patrol.plan import Slot, Verdict

from .common import ARRIVALS, DAY, GATE, HOUR, MINUTE, NOW, PLACES, SLOTS, TOWER, a_slot, an_arrival, rounds

# --- verdicts: the edge cases stand in verdicts.py ---


def outcome(judgements: dict[str, Judgement]) -> list[list[tuple[str, str | None]]]:
    """Give verdict and visit of every place, slot by slot."""
    in_order = sorted(judgements.values(), key=lambda judgement: judgement.slot.start)
    return [[(result.verdict.value, result.visit_id) for result in judgement.results] for judgement in in_order]


def test_nothing_expected_gives_no_verdicts() -> None:
    assert judge([], [an_arrival("A", NOW)]) == {}


def test_a_result_says_who_came_when_and_what_was_left_out() -> None:
    slot = a_slot(visits=3, checkpoints=(GATE, TOWER))
    whole, partial = an_arrival("A", NOW + HOUR, GATE, TOWER), an_arrival("B", NOW, TOWER)
    assert judge([slot], [whole, partial])[slot.key] == Judgement(
        slot=slot,
        results=(
            Result(verdict=Verdict.MISSED, visit_id="B", at=NOW, missing=frozenset({GATE})),
            Result(verdict=Verdict.ON_TIME, visit_id="A", at=NOW + HOUR),
            Result(verdict=Verdict.MISSED),
        ),
    )


@pytest.mark.parametrize(
    ("places", "results"),
    [
        pytest.param((), [("on_time", "A")], id="a plan of no place takes any"),
        pytest.param((TOWER,), [("missed", None)], id="a plan of another place takes none"),
        pytest.param((GATE,), [("on_time", "A")], id="its place"),
    ],
)
def test_a_visit_counts_where_the_plan_wants_it(places: tuple[str, ...], results: list[tuple[str, str]]) -> None:
    assert outcome(judge([a_slot(checkpoints=places)], [an_arrival("A", NOW)])) == [results]


def test_who_fills_the_window_that_ends_first_leaves_the_other_to_who_comes_later() -> None:
    """Windows overlap where a plan was edited, or before a dated override."""
    long, short = a_slot(NOW, 4 * HOUR), a_slot(NOW + HOUR, HOUR)
    came = [an_arrival("A", NOW + 90 * MINUTE), an_arrival("B", NOW + 3 * HOUR)]
    assert outcome(judge([long, short], came)) == [[("on_time", "B")], [("on_time", "A")]]


def test_a_partial_round_that_is_outdone_does_not_go_back_to_a_window_that_has_closed() -> None:
    """It is late for the first window, and on time for the second until a whole round comes in."""
    first = a_slot(grace=HOUR, checkpoints=(GATE, TOWER))
    second = a_slot(NOW + 150 * MINUTE, grace=HOUR, checkpoints=(GATE, TOWER))
    partial, whole = an_arrival("A", NOW + 160 * MINUTE, GATE), an_arrival("B", NOW + 4 * HOUR, GATE, TOWER)
    assert outcome(judge([first, second], [partial])) == [[("missed", None)], [("missed", "A")]]
    assert outcome(judge([first, second], [partial, whole])) == [[("missed", None)], [("on_time", "B")]]


def test_a_round_that_becomes_whole_later_changes_nothing_in_a_window_that_has_closed() -> None:
    first = a_slot(grace=HOUR, checkpoints=(GATE, TOWER))
    second = a_slot(NOW + 150 * MINUTE, grace=HOUR, checkpoints=(GATE, TOWER))
    at = NOW + 160 * MINUTE
    partial, whole = an_arrival("A", at, GATE), an_arrival("B", at + MINUTE, GATE, TOWER)
    completed = replace(partial, checkpoints={GATE: at, TOWER: NOW + 4 * HOUR})
    assert outcome(judge([first, second], [partial, whole])) == [[("missed", "A")], [("on_time", "B")]]
    assert outcome(judge([first, second], [completed, whole]))[0] == [("missed", "A")]


@given(SLOTS, ARRIVALS)
def test_one_place_takes_one_visit_and_a_visit_one_place(expected: list[Slot], arrivals: list[Arrival]) -> None:
    judgements = judge(expected, arrivals)
    assert judgements.keys() == {slot.key for slot in expected}
    used = [r.visit_id for j in judgements.values() for r in j.results if r.visit_id is not None]
    assert len(used) == len(set(used))
    assert all(len(j.results) == j.slot.visits for j in judgements.values())


@given(SLOTS, ARRIVALS)
def test_a_verdict_is_what_the_slot_says_of_the_arrival(expected: list[Slot], arrivals: list[Arrival]) -> None:
    by_id = {arrival.visit_id: arrival for arrival in arrivals}
    for judgement in judge(expected, arrivals).values():
        slot = judgement.slot
        for result in judgement.results:
            if result.visit_id is None:
                assert result == Result(verdict=Verdict.MISSED)
                continue
            came = by_id[result.visit_id]
            reached = {p for p in slot.checkpoints if p in came.checkpoints and came.checkpoints[p] <= slot.closes_at}
            assert (result.at, result.missing) == (came.at, slot.checkpoints - reached)
            assert result.verdict is (Verdict.MISSED if result.missing else slot.fit(came.at))
            assert slot.fit(came.at) is not None


@given(SLOTS, ARRIVALS, st.randoms(use_true_random=False))
def test_the_order_in_which_they_are_told_is_nothing(
    expected: list[Slot], arrivals: list[Arrival], random: Any
) -> None:
    told = judge(expected, arrivals)
    random.shuffle(expected)
    random.shuffle(arrivals)
    assert judge(expected, arrivals) == told


def test_two_that_come_in_one_moment_are_told_apart() -> None:
    came = [an_arrival("B", NOW), an_arrival("A", NOW)]
    assert judge([a_slot()], came) == judge([a_slot()], reversed(came))


@given(SLOTS, ARRIVALS, rounds(PLACES))
def test_a_later_arrival_never_changes_a_slot_that_has_closed(
    expected: list[Slot], arrivals: list[Arrival], later: Arrival
) -> None:
    before, after = judge(expected, arrivals), judge(expected, [*arrivals, later])
    closed = {slot.key for slot in expected if slot.closes_at < later.at}
    assert {key: after[key] for key in closed} == {key: before[key] for key in closed}


@given(SLOTS, ARRIVALS, st.integers(-120, 1000))
def test_what_is_judged_at_a_time_is_what_is_judged_of_it_ever_after(
    expected: list[Slot], arrivals: list[Arrival], minute: int
) -> None:
    """A restart, or a desk that looks again later, comes to the same verdicts."""
    now = NOW + minute * MINUTE
    known = [arrival.by(now) for arrival in arrivals if arrival.at <= now]
    then, ever_after = judge(expected, known), judge(expected, arrivals)
    closed = {slot.key for slot in expected if slot.closes_at <= now}
    assert {key: then[key] for key in closed} == {key: ever_after[key] for key in closed}


@given(st.lists(st.integers(-30, 700), max_size=8), st.integers(0, 60), st.integers(1, 2))
def test_nobody_is_left_over_while_a_place_is_empty_that_he_fits(minutes: list[int], grace: int, visits: int) -> None:
    expected = [a_slot(NOW + n * 3 * HOUR, visits=visits, grace=grace * MINUTE) for n in range(3)]
    arrivals = [an_arrival(str(i), NOW + minute * MINUTE) for i, minute in enumerate(minutes)]
    judgements = judge(expected, arrivals).values()
    used = {result.visit_id for j in judgements for result in j.results}
    empty = [j.slot for j in judgements if any(result.visit_id is None for result in j.results)]
    assert [a for a in arrivals if a.visit_id not in used and any(slot.fit(a.at) for slot in empty)] == []


@given(st.lists(st.integers(-30, 150), max_size=6))
def test_on_time_comes_before_late_before_early(minutes: list[int]) -> None:
    slot = a_slot(visits=2)
    arrivals = [an_arrival(str(i), NOW + minute * MINUTE) for i, minute in enumerate(minutes)]
    [results] = outcome(judge([slot], arrivals))
    order = [Verdict.ON_TIME.value, Verdict.LATE.value, Verdict.EARLY.value]
    best = sorted((verdict.value for a in arrivals if (verdict := slot.fit(a.at))), key=order.index)[:2]
    came = sorted((verdict for verdict, visit_id in results if visit_id), key=order.index)
    assert came == best


# --- compliance ---


def results(*verdicts: Verdict, excused: str | None = None) -> Judgement:
    slot = a_slot(visits=len(verdicts))
    return Judgement(slot=slot, results=tuple(Result(verdict=verdict) for verdict in verdicts), excused=excused)


@pytest.mark.parametrize(
    ("judgements", "expected", "excused", "percent"),
    [
        pytest.param([], 0, 0, None, id="nobody was expected"),
        pytest.param([results(Verdict.ON_TIME)], 1, 0, 100, id="all came"),
        pytest.param([results(Verdict.MISSED)], 1, 0, 0, id="nobody came"),
        pytest.param([results(Verdict.EARLY), results(Verdict.LATE)], 2, 0, 0, id="early and late are not on time"),
        pytest.param([results(Verdict.ON_TIME, Verdict.MISSED), results(Verdict.LATE)], 3, 0, 100 / 3, id="places"),
        pytest.param(
            [results(Verdict.ON_TIME), results(Verdict.MISSED, Verdict.MISSED, excused="Banjir")],
            1,
            2,
            100,
            id="excused",
        ),
        pytest.param([results(Verdict.ON_TIME, excused="Banjir")], 0, 1, None, id="excused, though they came"),
        pytest.param([results(Verdict.MISSED, excused="")], 0, 1, None, id="excused without a reason"),
    ],
)
def test_compliance_is_the_share_of_those_who_came_on_time(
    judgements: list[Judgement], expected: int, excused: int, percent: float | None
) -> None:
    found = compliance(judgements)
    assert (found.expected, found.excused) == (expected, excused)
    assert found.percent == (percent if percent is None else pytest.approx(percent))


def test_compliance_counts_every_verdict() -> None:
    found = compliance([results(Verdict.ON_TIME, Verdict.MISSED), results(Verdict.MISSED)])
    assert found == Compliance(expected=3, excused=0, verdicts={Verdict.ON_TIME: 1, Verdict.MISSED: 2})


# --- unpredictability ---


def arrived(places: Sequence[float], length: timedelta = 4 * HOUR) -> list[Judgement]:
    """Give the judgements of visits that came at places between the start (0) and the end (1) of their windows."""
    judgements: list[Judgement] = []
    for day, place in enumerate(places):
        slot = a_slot(NOW + day * DAY, length)
        judgements += judge([slot], [an_arrival(str(day), slot.start + place * length)]).values()
    return judgements


@pytest.mark.parametrize(
    ("places", "percent"),
    [
        pytest.param([0.25] * 5, 0, id="a fixed hour"),
        pytest.param([1 / 3] * 31, 0, id="a fixed hour that is no round number"),
        pytest.param([-0.1, -0.05, -0.02, -0.01, 0], 0, id="always early: at the start"),
        pytest.param([1, 1.01, 1.1, 1.02, 1.03], 0, id="always late: at the end"),
        pytest.param([0, 0.25, 0.5, 0.75, 1], 100, id="all over the window"),
        pytest.param([0, 1, 0, 1, 0], 100, id="the two ends: no better than chance"),
        pytest.param([0.4, 0.4, 0.4, 0.4, 0.6], 24, id="one in five a fifth away: 4 of 10 pairs"),
        pytest.param([0.5] * (MIN_ARRIVALS - 1), None, id="too few to tell"),
        pytest.param([], None, id="none"),
    ],
)
def test_unpredictability_is_how_far_arrivals_are_apart(places: list[float], percent: float | None) -> None:
    found = unpredictability(arrived(places))
    assert found == (percent if not percent else pytest.approx(percent))


def test_random_arrivals_are_about_as_unpredictable_as_can_be() -> None:
    golden = [(i * 0.6180339887498949) % 1 for i in range(200)]
    assert unpredictability(arrived(golden)) == pytest.approx(100, abs=2)


def test_a_habit_shows_whatever_the_length_of_its_windows() -> None:
    short = unpredictability(arrived([0.1, 0.2, 0.3, 0.2, 0.1], HOUR))
    assert short == pytest.approx(unpredictability(arrived([0.1, 0.2, 0.3, 0.2, 0.1], 12 * HOUR)))


def test_who_did_not_come_has_no_hour() -> None:
    missed = judge([a_slot(NOW + 40 * DAY)], [])
    came = arrived([0.1, 0.4, 0.9, 0.2])
    assert unpredictability([*came, *missed.values()]) is None


def test_a_partial_round_came_at_some_hour_too() -> None:
    came = arrived([0.1, 0.4, 0.9, 0.2])
    slot = a_slot(NOW + 40 * DAY, checkpoints=(GATE, TOWER))
    partial = judge([slot], [an_arrival("A", slot.start)])
    assert unpredictability([*came, *partial.values()]) is not None


@given(st.lists(st.floats(-0.1, 1.1), min_size=5, max_size=20), st.randoms(use_true_random=False))
def test_unpredictability_is_a_share_and_knows_no_order(places: list[float], random: Any) -> None:
    judgements = arrived(places)
    percent = unpredictability(judgements)
    assert percent is not None
    assert 0 <= percent <= 100
    random.shuffle(judgements)
    assert unpredictability(judgements) == percent


@given(st.floats(0, 1), st.integers(5, 60))
def test_every_fixed_hour_scores_nothing(place: float, count: int) -> None:
    assert unpredictability(arrived([place] * count)) == 0
