"""When visits are expected, and what became of them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
import json
from typing import Any, Final
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.patrol.plan import (
    MAX_GRACE,
    MAX_VISITS,
    MIN_ARRIVALS,
    Arrival,
    Compliance,
    Judgement,
    Override,
    PatrolPlan,
    Result,
    Slot,
    Verdict,
    Version,
    Window,
    WindowError,
    compliance,
    from_body,
    judge,
    plan_from_body,
    plan_to_body,
    slots,
    slots_of,
    to_body,
    unpredictability,
    window_error,
)

from .common import BERLIN, DAY, EVERY_DAY, GATE, HOUR, MINUTE, NOW, TOWER, WIB, a_plan, a_slot, a_window, an_arrival

SECOND: Final = timedelta(seconds=1)

# --- windows ---


@pytest.mark.parametrize(
    ("windows", "weekdays", "error"),
    [
        pytest.param([], EVERY_DAY, WindowError.NONE, id="none"),
        pytest.param(["08:00-08:00"], EVERY_DAY, WindowError.EMPTY, id="of no length"),
        pytest.param(["08:00-10:00"], EVERY_DAY, None, id="one"),
        pytest.param(["08:00-10:00", "10:00-12:00"], EVERY_DAY, None, id="one after the other"),
        pytest.param(["10:00-12:00", "08:00-10:00"], EVERY_DAY, None, id="in any order"),
        pytest.param(["08:00-10:00", "09:59-12:00"], EVERY_DAY, WindowError.OVERLAP, id="two at a time"),
        pytest.param(["08:00-10:00:30", "10:00-12:00"], EVERY_DAY, WindowError.OVERLAP, id="for half a minute"),
        pytest.param(["08:00-08:00:30"], EVERY_DAY, None, id="half a minute long"),
        pytest.param(["08:00-12:00", "09:00-10:00"], EVERY_DAY, WindowError.OVERLAP, id="one within the other"),
        pytest.param(["08:00-10:00", "08:00-10:00"], EVERY_DAY, WindowError.OVERLAP, id="the same twice"),
        pytest.param(["22:00-02:00"], EVERY_DAY, None, id="over midnight"),
        pytest.param(["22:00-00:00", "00:00-02:00"], EVERY_DAY, None, id="until midnight and from midnight"),
        pytest.param(["22:00-02:00", "01:00-03:00"], EVERY_DAY, WindowError.OVERLAP, id="into the next day's"),
        pytest.param(["22:00-02:00", "01:00-03:00"], {0, 2, 4}, None, id="the next day has none"),
        pytest.param(["22:00-02:00", "01:00-03:00"], {6, 0}, WindowError.OVERLAP, id="Sunday's into Monday's"),
        pytest.param(["12:00-11:00"], {3}, None, id="23 hours, on one day of the week"),
        pytest.param(["12:00-11:00", "11:30-11:45"], EVERY_DAY, None, id="23 hours, and the last"),
        pytest.param(["08:00-10:00"], (), None, id="on no weekday, for dated overrides alone"),
    ],
)
def test_windows_of_a_plan_are_never_two_at_a_time(
    windows: list[str], weekdays: Sequence[int], error: WindowError | None
) -> None:
    assert window_error([a_window(w) for w in windows], weekdays) is error


CLOCKS: Final = st.times().map(lambda clock: clock.replace(microsecond=0))
# Times that meet at the hour and half an hour more often than by chance.
ROUND_CLOCKS: Final = st.builds(time, st.integers(0, 23), st.sampled_from([0, 10, 30]))
WINDOWS: Final = st.builds(Window, start=ROUND_CLOCKS, end=ROUND_CLOCKS, visits=st.integers(1, 3))
WEEKDAYS: Final = st.frozensets(st.integers(0, 6), min_size=1)


@given(st.lists(WINDOWS, min_size=1, max_size=4), WEEKDAYS)
def test_windows_without_an_error_give_slots_without_an_overlap(
    windows: list[Window], weekdays: frozenset[int]
) -> None:
    plan = replace(a_plan(), windows=tuple(windows), weekdays=weekdays)
    found = list(slots(plan, WIB, NOW, NOW + 9 * DAY))
    is_overlap = any(a.end > b.start for i, a in enumerate(found) for b in found[i + 1 :])
    error = window_error(windows, weekdays)
    assert error is WindowError.EMPTY or (error is WindowError.OVERLAP) is is_overlap


@pytest.mark.parametrize(
    ("text", "is_over"), [("08:00-10:00", False), ("22:00-02:00", True), ("22:00-00:00", True), ("08:00-08:00", True)]
)
def test_a_window_that_ends_no_later_than_it_starts_ends_on_the_next_day(text: str, *, is_over: bool) -> None:
    assert a_window(text).is_over_midnight is is_over


# --- days ---

LEBARAN: Final = Override(
    name="Lebaran", first=date(2026, 3, 20), last=date(2026, 3, 22), windows=(a_window("19:00-21:00"),)
)
NYEPI: Final = Override(name="Nyepi", first=date(2026, 3, 19), last=date(2026, 3, 20))


@pytest.mark.parametrize(
    ("day", "overrides", "windows"),
    [
        pytest.param(date(2026, 3, 2), (LEBARAN,), "08:00-10:00", id="a Monday of the plan"),
        pytest.param(date(2026, 3, 3), (LEBARAN,), None, id="a Tuesday, not of the plan"),
        pytest.param(date(2026, 3, 19), (LEBARAN,), None, id="the day before"),
        pytest.param(date(2026, 3, 20), (LEBARAN,), "19:00-21:00", id="the first day, a Friday"),
        pytest.param(date(2026, 3, 22), (LEBARAN,), "19:00-21:00", id="the last day"),
        pytest.param(date(2026, 3, 23), (LEBARAN,), "08:00-10:00", id="the day after, a Monday"),
        pytest.param(date(2026, 3, 20), (LEBARAN, NYEPI), "19:00-21:00", id="of two the first"),
        pytest.param(date(2026, 3, 20), (NYEPI, LEBARAN), None, id="that says none, too"),
        pytest.param(date(2026, 3, 21), (NYEPI, LEBARAN), "19:00-21:00", id="the second, where the first ended"),
    ],
)
def test_a_dated_override_stands_before_the_weekday(
    day: date, overrides: tuple[Override, ...], windows: str | None
) -> None:
    plan = a_plan("08:00-10:00", weekdays=frozenset({0}), overrides=overrides)
    assert plan.windows_on(day) == ((a_window(windows),) if windows else ())


# --- slots ---


def span(slot: Slot) -> tuple[datetime, datetime]:
    return slot.start, slot.end


def test_a_slot_carries_all_it_is_judged_by() -> None:
    plan = a_plan(a_window("08:00-10:00", visits=2), grace=10 * MINUTE, checkpoints=(GATE, TOWER))
    [slot] = slots(plan, WIB, NOW, NOW + HOUR)
    assert slot == a_slot(visits=2, grace=10 * MINUTE, checkpoints=(GATE, TOWER))
    assert slot.key == "plan-1 2026-03-02T01:00:00+00:00"
    assert (slot.opens_at, slot.closes_at) == (NOW - 10 * MINUTE, NOW + 130 * MINUTE)


@pytest.mark.parametrize(
    ("since", "until", "count"),
    [
        pytest.param(-HOUR, -30 * MINUTE, 0, id="ends as it opens"),
        pytest.param(-HOUR, -30 * MINUTE + SECOND, 1, id="ends after it opened"),
        pytest.param(2.5 * HOUR, 3 * HOUR, 1, id="begins as it closes"),
        pytest.param(2.5 * HOUR + SECOND, 3 * HOUR, 0, id="begins after it closed"),
        pytest.param(HOUR, HOUR, 1, id="a moment within"),
        pytest.param(-DAY, 3 * DAY, 5, id="days"),
    ],
)
def test_a_time_has_the_slots_that_are_open_in_it(since: timedelta, until: timedelta, count: int) -> None:
    assert len(list(slots(a_plan("08:00-10:00"), WIB, NOW + since, NOW + until))) == count


def test_a_night_is_found_from_the_day_on_which_it_ends() -> None:
    """It began before midnight by the house's clock, which is another day in UTC."""
    at = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)  # 01:30 on Tuesday
    [slot] = slots(a_plan("22:00-02:00"), WIB, at, at + MINUTE)
    assert span(slot) == (datetime(2026, 3, 2, 15, tzinfo=UTC), datetime(2026, 3, 2, 19, tzinfo=UTC))


def test_a_slot_of_tomorrow_is_found_from_the_evening_on_which_it_opens() -> None:
    at = datetime(2026, 3, 2, 16, 40, tzinfo=UTC)  # 23:40 on Monday
    [slot] = slots(a_plan("00:05-02:00"), WIB, at, at + MINUTE)
    assert slot.start == datetime(2026, 3, 2, 17, 5, tzinfo=UTC)


def test_windows_within_one_minute_are_two_slots() -> None:
    found = list(slots(a_plan("08:00:00-08:00:20", "08:00:30-08:00:50"), WIB, NOW, NOW + HOUR))
    assert len({slot.key for slot in found}) == 2


@given(
    windows=st.lists(WINDOWS, min_size=1, max_size=3),
    weekdays=WEEKDAYS,
    grace=st.integers(0, 180),
    since=st.integers(-3000, 3000),
    length=st.integers(0, 5000),
    zone=st.sampled_from([WIB, BERLIN, ZoneInfo("Pacific/Apia"), ZoneInfo("America/St_Johns")]),
)
def test_no_slot_is_forgotten_whatever_part_of_time_is_asked_for(
    windows: list[Window], weekdays: frozenset[int], grace: int, since: int, length: int, zone: ZoneInfo
) -> None:
    plan = replace(a_plan(), windows=tuple(windows), weekdays=weekdays, grace=grace * MINUTE)
    start = datetime(2026, 3, 29, tzinfo=UTC) + since * MINUTE
    end = start + length * MINUTE
    every = slots(plan, zone, start - 6 * DAY, end + 6 * DAY)
    expected = [slot for slot in every if slot.opens_at < end and slot.closes_at >= start]
    assert list(slots(plan, zone, start, end)) == expected


# --- clocks that are changed ---

SPRING: Final = datetime(2026, 3, 29, 1, tzinfo=UTC)  # 02:00 becomes 03:00
AUTUMN: Final = datetime(2026, 10, 25, 1, tzinfo=UTC)  # 03:00 becomes 02:00


@pytest.mark.parametrize(
    ("window", "change", "start", "end"),
    [
        pytest.param("01:00-02:00", SPRING, -HOUR, 0 * HOUR, id="until the change"),
        pytest.param("01:00-02:30", SPRING, -HOUR, 0 * HOUR, id="into the hour left out"),
        pytest.param("01:00-03:00", SPRING, -HOUR, 0 * HOUR, id="over the hour left out, nothing beyond"),
        pytest.param("01:00-04:00", SPRING, -HOUR, HOUR, id="over the hour left out"),
        pytest.param("02:30-03:30", SPRING, 0 * HOUR, 30 * MINUTE, id="out of the hour left out"),
        pytest.param("02:59:59-03:00:01", SPRING, 0 * HOUR, SECOND, id="out of its last second"),
        pytest.param("03:00-04:00", SPRING, 0 * HOUR, HOUR, id="after the change"),
        pytest.param("23:00-02:30", SPRING, -3 * HOUR, 0 * HOUR, id="over midnight into the hour left out"),
        pytest.param("01:00-02:00", AUTUMN, -2 * HOUR, 0 * HOUR, id="until the hour that comes twice, the second time"),
        pytest.param("02:00-03:00", AUTUMN, -HOUR, HOUR, id="the hour that comes twice"),
        pytest.param("02:10-02:40", AUTUMN, -50 * MINUTE, 40 * MINUTE, id="within the hour that comes twice"),
        pytest.param("02:30-03:30", AUTUMN, -30 * MINUTE, 90 * MINUTE, id="out of the hour that comes twice"),
        pytest.param("03:00-04:00", AUTUMN, HOUR, 2 * HOUR, id="after the hour that comes twice"),
    ],
)
def test_a_window_lasts_as_long_as_clocks_show_it(
    window: str, change: datetime, start: timedelta, end: timedelta
) -> None:
    plan = a_plan(window, weekdays=frozenset({5, 6}), grace=timedelta(0))
    found = slots(plan, BERLIN, change - 4 * HOUR, change + 4 * HOUR)
    assert (change + start, change + end) in [span(slot) for slot in found]


def test_a_window_within_the_hour_left_out_is_not_expected_that_day() -> None:
    plan = a_plan("02:00-03:00")
    days = [slot.start.date().day for slot in slots(plan, BERLIN, SPRING - 1.5 * DAY, SPRING + 1.5 * DAY)]
    assert days == [28, 30]


def test_of_a_day_left_out_nothing_counts_but_what_goes_on_after_it() -> None:
    """Samoa went from the 29th of December to the 31st."""
    apia = ZoneInfo("Pacific/Apia")
    around = datetime(2011, 12, 30, 10, tzinfo=UTC)
    found = slots(a_plan("08:00-10:00", "22:00-02:00"), apia, around - DAY, around + DAY)
    assert [f"{slot.start.astimezone(apia):%d %H:%M}–{slot.end.astimezone(apia):%d %H:%M}" for slot in found] == [
        "28 22:00–29 02:00",
        "29 08:00–29 10:00",
        "29 22:00–31 00:00",
        "31 00:00–31 02:00",
        "31 08:00–31 10:00",
        "31 22:00–01 02:00",
    ]


@given(
    windows=st.lists(WINDOWS, min_size=1, max_size=4),
    zone=st.sampled_from(["Europe/Berlin", "Europe/Dublin", "Australia/Lord_Howe", "America/St_Johns", "Asia/Jakarta"]),
    day=st.dates(date(2026, 1, 1), date(2026, 12, 31)) | st.sampled_from([SPRING.date(), AUTUMN.date()]),
)
def test_no_slot_ends_before_it_starts_or_stands_for_two(windows: list[Window], zone: str, day: date) -> None:
    start = datetime.combine(day, time(), UTC)
    plan = replace(a_plan(), windows=tuple(windows))
    found = list(slots(plan, ZoneInfo(zone), start, start + 2 * DAY))
    assert all(slot.start < slot.end for slot in found)
    if window_error(windows, EVERY_DAY) is None:
        assert len({slot.key for slot in found}) == len(found)


# --- a plan that was edited ---


def since(at: timedelta, plan: PatrolPlan | None) -> Version:
    return Version(since=NOW + at, plan=plan)


OLD: Final = a_plan("08:00-10:00")
NEW: Final = a_plan("08:00-09:00", grace=5 * MINUTE)
LATER: Final = a_plan("09:30-11:00")


@pytest.mark.parametrize(
    ("versions", "hours"),
    [
        pytest.param([], [], id="no plan"),
        pytest.param([since(-DAY, OLD)], [2], id="one"),
        pytest.param([since(0 * HOUR, OLD)], [2], id="made as the window starts"),
        pytest.param([since(SECOND, OLD)], [2], id="made when it had begun"),
        pytest.param([since(2 * HOUR + SECOND, OLD)], [], id="made when it was over"),
        pytest.param([since(-DAY, OLD), since(HOUR, NEW)], [2], id="edited in mid-window"),
        pytest.param([since(-DAY, OLD), since(0 * HOUR, NEW)], [1], id="edited as it starts"),
        pytest.param([since(-DAY, OLD), since(HOUR, LATER)], [2, 1.5], id="edited to one that is still to begin"),
        pytest.param([since(-DAY, OLD), since(HOUR, None)], [2], id="deleted in mid-window"),
        pytest.param(
            [since(-DAY, OLD), replace(since(0.5 * HOUR, OLD), zone=BERLIN)], [2], id="the house moved in mid-window"
        ),
        pytest.param([since(-DAY, OLD), since(HOUR, None), since(HOUR, NEW)], [2], id="deleted and made anew in it"),
        pytest.param([since(-DAY, OLD), since(-HOUR, None)], [], id="deleted before"),
        pytest.param([since(-DAY, OLD), since(-HOUR, None), since(-MINUTE, NEW)], [1], id="made anew"),
        pytest.param([since(-DAY, NEW), since(-HOUR, OLD), since(-HOUR, NEW)], [1], id="two edits in one moment"),
        pytest.param([since(-DAY, NEW), since(DAY, LATER), since(-HOUR, OLD)], [2], id="the clock was set back"),
        pytest.param([since(-DAY, NEW), since(5 * DAY, None), since(-HOUR, OLD)], [2], id="deleted in a wrong year"),
    ],
)
def test_a_slot_is_of_the_plan_that_held_when_it_began(versions: list[Version], hours: list[float]) -> None:
    found = slots_of(versions, WIB, NOW + 30 * MINUTE, NOW + 2 * HOUR)
    assert [(slot.end - slot.start) / HOUR for slot in found] == hours


@given(
    st.lists(st.tuples(st.integers(-48, 48), st.sampled_from([OLD, NEW, LATER, None])), max_size=5),
)
def test_a_plan_has_no_slot_twice_however_often_it_was_edited(edits: list[tuple[int, PatrolPlan | None]]) -> None:
    found = slots_of([since(at * HOUR, plan) for at, plan in edits], WIB, NOW - 3 * DAY, NOW + 3 * DAY)
    assert len({slot.key for slot in found}) == len(found)
    assert found == sorted(found, key=lambda slot: slot.start)


# --- what an arrival is ---


@pytest.mark.parametrize(
    ("at", "verdict"),
    [
        (-30 * MINUTE - SECOND, None),
        (-30 * MINUTE, Verdict.EARLY),
        (-timedelta(microseconds=1), Verdict.EARLY),
        (0 * HOUR, Verdict.ON_TIME),
        (2 * HOUR, Verdict.ON_TIME),
        (2 * HOUR + timedelta(microseconds=1), Verdict.LATE),
        (2.5 * HOUR, Verdict.LATE),
        (2.5 * HOUR + SECOND, None),
    ],
)
def test_all_ends_of_a_slot_count_in(at: timedelta, verdict: Verdict | None) -> None:
    assert a_slot().fit(NOW + at) is verdict


@pytest.mark.parametrize("at", [-SECOND, 2 * HOUR + SECOND])
def test_without_grace_there_is_no_early_and_no_late(at: timedelta) -> None:
    assert a_slot(grace=timedelta(0)).fit(NOW + at) is None


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


def rounds(places: Sequence[str]) -> st.SearchStrategy[Arrival]:
    """Give visits, with checkpoints reached within an hour and a half."""
    reached = st.dictionaries(st.sampled_from(places), st.integers(0, 90), min_size=1)

    def build(visit_id: str, at: int, seen: dict[str, int]) -> Arrival:
        first = min(seen.values())
        places = {place: NOW + (at + after - first) * MINUTE for place, after in seen.items()}
        return Arrival(visit_id=visit_id, at=NOW + at * MINUTE, checkpoints=places)

    return st.builds(build, st.uuids().map(str), st.integers(-120, 900), reached)


PLACES: Final = (GATE, TOWER, "yard")
ARRIVALS: Final = st.lists(rounds(PLACES), max_size=8)
SLOTS: Final = st.lists(
    st.builds(
        a_slot,
        st.integers(0, 50).map(lambda at: NOW + at * 15 * MINUTE),
        st.integers(1, 16).map(lambda length: length * 15 * MINUTE),
        visits=st.integers(1, 3),
        grace=st.integers(0, 6).map(lambda grace: grace * 15 * MINUTE),
        checkpoints=st.sampled_from([(), (GATE,), (GATE, TOWER)]),
    ),
    max_size=5,
    unique_by=lambda slot: slot.start,
)


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


# --- what the journal keeps ---

ON_DISK: Final = """{
 "slot": {"plan_id": "plan-1", "plan": "Sambang", "start": "2026-03-02T01:00:00+00:00",
          "end": "2026-03-02T03:00:00+00:00", "visits": 3, "grace": 1800.0, "checkpoints": ["gate", "tower"]},
 "results": [
  {"verdict": "missed", "visit_id": "B", "at": "2026-03-02T01:00:00+00:00", "missing": ["gate"]},
  {"verdict": "on_time", "visit_id": "A", "at": "2026-03-02T02:00:00.250000+00:00", "missing": []},
  {"verdict": "missed", "visit_id": null, "at": null, "missing": []}
 ]
}"""


def test_a_judgement_on_disk_is_understood() -> None:
    at = NOW + HOUR + timedelta(milliseconds=250)
    slot = a_slot(visits=3, checkpoints=(GATE, TOWER))
    came = [an_arrival("A", at, GATE, TOWER), an_arrival("B", NOW, TOWER)]
    assert from_body(json.loads(ON_DISK)) == judge([slot], came)[slot.key]


def test_the_journal_keeps_a_judgement_as_it_always_did() -> None:
    assert to_body(from_body(json.loads(ON_DISK))) == json.loads(ON_DISK)


@given(SLOTS, ARRIVALS)
def test_a_judgement_is_read_back(expected: list[Slot], arrivals: list[Arrival]) -> None:
    for judgement in judge(expected, arrivals).values():
        assert from_body(json.loads(json.dumps(to_body(judgement)))) == judgement


def test_a_reason_is_kept_on_a_record_of_its_own() -> None:
    judgement = replace(results(Verdict.MISSED), excused="Banjir")
    assert from_body(to_body(judgement)) == replace(judgement, excused=None)


PLAN_ON_DISK: Final = """{
 "name": "Sambang", "weekdays": [0, 6], "grace": 1800.0, "checkpoints": ["gate", "tower"],
 "windows": [{"start": "22:00:00", "end": "02:00:00", "visits": 2}],
 "overrides": [{"name": "Lebaran", "first": "2026-03-20", "last": "2026-03-22",
                "windows": [{"start": "19:00:00", "end": "21:00:00", "visits": 1}]}]
}"""


def test_a_plan_on_disk_is_understood() -> None:
    plan = a_plan(
        a_window("22:00-02:00", visits=2),
        weekdays=frozenset({6, 0}),
        checkpoints=(TOWER, GATE),
        overrides=(LEBARAN,),
    )
    assert plan_from_body("plan-1", json.loads(PLAN_ON_DISK)) == plan
    assert plan_to_body(plan) == json.loads(PLAN_ON_DISK)


GRACES: Final = st.timedeltas(timedelta(0), MAX_GRACE)
ANY_WINDOWS: Final = st.lists(
    st.builds(Window, start=CLOCKS, end=CLOCKS, visits=st.integers(1, MAX_VISITS)), max_size=3
).map(tuple)
PLANS: Final = st.builds(
    PatrolPlan,
    id=st.just("plan-1"),
    name=st.text(max_size=5),
    weekdays=st.frozensets(st.integers(0, 6)),
    windows=ANY_WINDOWS,
    grace=GRACES,
    checkpoints=st.frozensets(st.text(max_size=5), max_size=3),
    overrides=st.lists(
        st.builds(Override, name=st.text(max_size=5), first=st.dates(), last=st.dates(), windows=ANY_WINDOWS),
        max_size=2,
    ).map(tuple),
)


@given(PLANS)
def test_a_plan_is_read_back(plan: PatrolPlan) -> None:
    assert plan_from_body("plan-1", json.loads(json.dumps(plan_to_body(plan)))) == plan


def changed(text: str, path: Sequence[str | int], value: Any) -> Any:
    """Give what is on disk with another value somewhere; without it if that is an ellipsis."""
    body = json.loads(text)
    inner = body
    for step in path[:-1]:
        inner = inner[step]
    if value is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return body


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(("slot", "end"), "2026-03-02T01:00:00+00:00", id="a slot of no length"),
        pytest.param(("slot", "end"), "2026-03-02T00:00:00+00:00", id="a slot that ends before it starts"),
        pytest.param(("slot", "start"), "2026-03-02T01:00:00", id="a time without a zone"),
        pytest.param(("slot", "start"), "0001-01-01T00:00:00+00:00", id="a slot at the beginning of time"),
        pytest.param(("slot", "end"), "9999-12-31T23:59:59+00:00", id="a slot at the end of time"),
        pytest.param(("slot", "grace"), -1, id="grace below nothing"),
        pytest.param(("slot", "grace"), 86401, id="grace of more than a day"),
        pytest.param(("slot", "grace"), float("inf"), id="grace without end"),
        pytest.param(("slot", "grace"), float("nan"), id="grace that is no number"),
        pytest.param(("slot", "visits"), 0, id="no visits"),
        pytest.param(("slot", "visits"), 10**9, id="visits without end"),
        pytest.param(("slot", "visits"), 2, id="more results than visits"),
        pytest.param(("slot", "checkpoints"), ["gate", 1], id="a checkpoint that is no text"),
        pytest.param(("results", 1, "verdict"), "early", id="a verdict that is not the slot's"),
        pytest.param(("results", 1, "verdict"), "unscheduled", id="a verdict no expected visit has"),
        pytest.param(("results", 1, "verdict"), "perfect", id="a verdict there is not"),
        pytest.param(("results", 1, "verdict"), [], id="a verdict that is no text"),
        pytest.param(("results", 2, "verdict"), "on_time", id="on time, without a visit"),
        pytest.param(("results", 1, "visit_id"), None, id="on time, nobody"),
        pytest.param(("results", 1, "at"), None, id="on time, at no time"),
        pytest.param(("results", 1, "at"), "yesterday", id="at no time there is"),
        pytest.param(("results", 1), "on_time", id="a result that is none"),
        pytest.param(("results",), [], id="no results"),
        pytest.param(("results",), ..., id="results missing"),
        pytest.param(("slot",), ..., id="slot missing"),
    ],
)
def test_a_damaged_judgement_is_no_judgement(path: Sequence[str | int], value: Any) -> None:
    with pytest.raises(ValueError, match=r"^not a judgement: "):
        from_body(changed(ON_DISK, path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(("windows", 0, "start"), "25:00", id="a time there is not"),
        pytest.param(("windows", 0, "start"), "08:00+07:00", id="a time of a zone"),
        pytest.param(("windows", 0, "start"), "08:00:00.5", id="half a second"),
        pytest.param(("windows", 0, "start"), 8, id="a time that is no text"),
        pytest.param(("windows", 0, "visits"), 0, id="no visits"),
        pytest.param(("windows", 0, "visits"), MAX_VISITS + 1, id="too many visits"),
        pytest.param(("windows", 0, "end"), ..., id="no end"),
        pytest.param(("weekdays",), [7], id="an eighth day"),
        pytest.param(("weekdays",), ["Monday"], id="a day by its name"),
        pytest.param(("grace",), 1e300, id="grace for ever"),
        pytest.param(("overrides", 0, "first"), "2026-02-30", id="a day there is not"),
        pytest.param(("overrides", 0, "windows"), None, id="windows missing"),
        pytest.param(("checkpoints",), "gate", id="a checkpoint that is no list"),
        pytest.param(("name",), ..., id="no name"),
    ],
)
def test_a_damaged_plan_is_no_plan(path: Sequence[str | int], value: Any) -> None:
    with pytest.raises(ValueError, match=r"^not a plan: "):
        plan_from_body("plan-1", changed(PLAN_ON_DISK, path, value))


JSON: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "24:00", "missed", 10**30]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def paths(text: str) -> list[tuple[str | int, ...]]:
    """Give the way to every value within what is on disk."""
    found: list[tuple[str | int, ...]] = []

    def walk(value: Any, path: tuple[str | int, ...]) -> None:
        steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for step, inner in steps:
            found.append((*path, step))
            walk(inner, (*path, step))

    walk(json.loads(text), ())
    return found


def read_plan(body: Any) -> PatrolPlan:
    return plan_from_body("plan-1", body)


READERS: Final[list[tuple[str, Callable[[Any], object]]]] = [(ON_DISK, from_body), (PLAN_ON_DISK, read_plan)]


@pytest.mark.parametrize("reader", [from_body, read_plan], ids=["judgement", "plan"])
@given(body=JSON)
def test_whatever_is_no_body_is_called_so(reader: Callable[[Any], object], body: Any) -> None:
    with pytest.raises(ValueError, match=r"^not a"):
        reader(body)


@pytest.mark.parametrize(("text", "reader"), READERS, ids=["judgement", "plan"])
@given(data=st.data())
def test_damage_anywhere_is_told_or_harmless(text: str, reader: Callable[[Any], object], data: st.DataObject) -> None:
    body = changed(text, data.draw(st.sampled_from(paths(text))), data.draw(JSON | st.just(...)))
    try:
        read = reader(body)
    except ValueError:
        return
    if isinstance(read, Judgement):
        assert read.slot.opens_at <= read.slot.start < read.slot.end <= read.slot.closes_at
        unpredictability([read] * MIN_ARRIVALS)
    elif isinstance(read, PatrolPlan):
        list(slots(read, BERLIN, NOW, NOW + DAY))
