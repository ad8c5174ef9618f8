"""How visits stand at a time."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final
from unittest.mock import Mock

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.rutan_blora.patrol import outlook as outlook_module
from custom_components.rutan_blora.patrol.book import Book
from custom_components.rutan_blora.patrol.check_in import CheckIn
from custom_components.rutan_blora.patrol.judgement import Judgement, judge
from custom_components.rutan_blora.patrol.outlook import Outlook
from custom_components.rutan_blora.patrol.plan import Override, PatrolPlan, Slot, Verdict, Version
from custom_components.rutan_blora.patrol.visit import Correction, Visit, check_out, correct, time_out

from .common import (
    AGUS,
    BERLIN,
    BUDI,
    DAY,
    GATE,
    GUARD,
    HOUR,
    MINUTE,
    NOW,
    TIMEOUT,
    TOWER,
    WIB,
    a_plan,
    a_scan,
    a_slot,
    a_visit,
    a_window,
    fold,
)

# At NOW it is 08:00 in Blora: the first window has begun, the grace is half an hour.
PLAN: Final = a_plan("08:00-10:00", "13:00-15:00")
LONG_AGO: Final = NOW - 10 * DAY


def a_book(*visits: Visit, plan: PatrolPlan | None = PLAN, since: datetime = LONG_AGO) -> Book:
    book = Book(visits={visit.id: visit for visit in visits})
    book.plan("plan-1", Version(since=since, plan=plan, zone=WIB))
    return book


def look(book: Book, now: datetime = NOW, since: datetime | None = None) -> Outlook:
    """Look at a book of which all is judged that closed before `since`, by default now."""
    return Outlook(book, zone=WIB, now=now, since=since or now)


def judged(book: Book, now: datetime, since: datetime = LONG_AGO) -> Book:
    """Judge what has closed."""
    for plan in look(book, now, since).plans:
        for judgement in plan.closed:
            book.judge(judgement)
    return book


def visit_at(after: timedelta, visit_id: str = "A", *, places: tuple[str, ...] = (GATE,)) -> Visit:
    """Give a visit that came so long after NOW, at all of its places."""
    return a_visit(*(a_scan(NOW + after, place=place) for place in places), visit_id=visit_id)


def void(visit: Visit) -> Visit:
    return fold(visit, correct(visit, Correction(void=True), at=NOW + DAY, actor=GUARD))


def outcomes(judgements: Iterable[Judgement]) -> list[str]:
    return [",".join(result.verdict for result in judgement.results) for judgement in judgements]


def clock(slot: Slot | None) -> str | None:
    """Return when a slot starts by the house's clock."""
    return None if slot is None else f"{slot.start.astimezone(WIB):%a %H:%M}"


# --- what is next ---


@pytest.mark.parametrize(
    ("after", "came", "expected"),
    [
        (-HOUR, None, "Mon 08:00"),
        (-20 * MINUTE, None, "Mon 08:00"),
        (HOUR, None, "Mon 08:00"),
        (2 * HOUR, None, "Mon 13:00"),
        (HOUR, 30 * MINUTE, "Mon 13:00"),
        (-10 * MINUTE, -20 * MINUTE, "Mon 13:00"),
        (8 * HOUR, None, "Tue 08:00"),
    ],
    ids=["ahead", "in its grace", "runs", "over", "made", "made early", "tomorrow"],
)
def test_next_is_the_window_in_which_a_visit_is_still_expected(
    after: timedelta, came: timedelta | None, expected: str
) -> None:
    visits = () if came is None else (visit_at(came),)
    outlook = look(a_book(*visits), NOW + after)
    assert clock(outlook.plan("plan-1").next_slot) == expected
    assert clock(outlook.next_slot) == expected


def test_next_is_the_first_of_all_plans() -> None:
    book = a_book()
    book.plan("plan-2", Version(since=LONG_AGO, plan=a_plan("11:00-12:00"), zone=WIB))
    assert clock(look(book, NOW + 150 * MINUTE).next_slot) == "Mon 11:00"


@pytest.mark.parametrize(("days", "expected"), [(6, "Mon 08:00"), (14, "Tue 08:00"), (16, None)])
def test_next_is_looked_for_beyond_days_without_a_visit(days: int, expected: str | None) -> None:
    off = Override(name="Lebaran", first=date(2026, 3, 2), last=date(2026, 3, 2) + timedelta(days=days))
    book = a_book(plan=a_plan("08:00-10:00", overrides=(off,)))
    assert clock(look(book).next_slot) == expected


def test_next_leaves_out_excused_windows() -> None:
    book = a_book(plan=a_plan("08:00-10:00"))
    for slot in (a_slot(NOW), a_slot(NOW + DAY)):
        book.excuse(slot.key, "Lebaran")
    assert clock(look(book).next_slot) == "Wed 08:00"


def test_next_is_the_window_that_runs_though_a_clock_that_was_ahead_had_it_judged() -> None:
    book = judged(a_book(), NOW + 5 * HOUR)
    assert clock(look(book).next_slot) == "Mon 08:00"
    assert clock(look(book, NOW - 8 * DAY).next_slot) == "Sun 08:00"


def test_nothing_is_next_of_a_plan_that_nobody_knows() -> None:
    assert look(Book()).next_slot is None
    assert look(Book()).plan("plan-1").next_slot is None


# --- what is overdue ---


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (2 * HOUR, None),
        (2 * HOUR + MINUTE, "Mon 08:00"),
        (2 * HOUR + 31 * MINUTE, "Mon 08:00"),
        (4 * HOUR + 59 * MINUTE, "Mon 08:00"),
        (5 * HOUR, None),
        (7 * HOUR + MINUTE, "Mon 13:00"),
        (20 * HOUR, "Mon 13:00"),
    ],
    ids=["runs", "late", "missed", "until the next", "next begins", "next is over", "at night"],
)
def test_visit_is_overdue_from_the_end_of_its_window_until_the_next_begins(
    after: timedelta, expected: str | None
) -> None:
    now = NOW + after
    overdue = look(judged(a_book(since=NOW), now), now).plan("plan-1").overdue
    assert clock(overdue.slot if overdue else None) == expected


@pytest.mark.parametrize(
    ("came", "is_overdue"),
    [(HOUR, False), (-10 * MINUTE, False), (130 * MINUTE, False), (3 * HOUR, False), (-HOUR, True)],
    ids=["on time", "early", "late", "too late", "long before"],
)
def test_visit_that_comes_is_no_longer_overdue_however_late(came: timedelta, *, is_overdue: bool) -> None:
    now = NOW + 4 * HOUR
    overdue = look(judged(a_book(visit_at(came)), now), now).plan("plan-1").overdue
    assert (overdue is not None) is is_overdue


def test_visit_stays_overdue_while_a_checkpoint_is_left_out() -> None:
    plan, now = a_plan("08:00-10:00", checkpoints=(GATE, TOWER)), NOW + 4 * HOUR
    for came in (HOUR, 3 * HOUR):
        part, whole = visit_at(came), visit_at(came, places=(GATE, TOWER))
        assert look(judged(a_book(part, plan=plan), now), now).plan("plan-1").overdue is not None
        assert look(judged(a_book(whole, plan=plan), now), now).plan("plan-1").overdue is None


def test_excused_visit_is_not_overdue() -> None:
    book, now = a_book(), NOW + 3 * HOUR
    book.excuse(a_slot(NOW).key, "Banjir")
    assert look(judged(book, now), now).plan("plan-1").overdue is None


def test_void_visit_leaves_the_window_overdue() -> None:
    now = NOW + 3 * HOUR
    assert look(judged(a_book(void(visit_at(HOUR))), now), now).plan("plan-1").overdue is not None


@pytest.mark.parametrize("plan", [None, a_plan()], ids=["deleted", "without windows"])
def test_plan_that_expects_nobody_any_more_is_not_overdue(plan: PatrolPlan | None) -> None:
    book, now = a_book(), NOW + 3 * HOUR
    book.plan("plan-1", Version(since=NOW + HOUR, plan=plan, zone=WIB))
    outlook = look(judged(book, now), now)
    assert outlook.plan("plan-1").overdue is None
    assert outcomes(outlook.plan("plan-1").outcomes.all)[-1] == "missed"


def test_plan_of_exceptions_alone_can_be_overdue() -> None:
    today = Override(name="Hari ini", first=date(2026, 3, 2), last=date(2026, 3, 2), windows=(a_window("08:00-10:00"),))
    now = NOW + 3 * HOUR
    book = judged(a_book(plan=a_plan(overrides=(today,))), now)
    assert look(book, now).plan("plan-1").overdue is not None


def test_window_that_was_judged_while_the_clock_was_ahead_is_not_overdue_before_its_time() -> None:
    book = judged(a_book(since=NOW), NOW + 20 * HOUR)
    assert look(book, NOW + HOUR).plan("plan-1").overdue is None


# --- what is judged ---


def test_slots_that_closed_are_judged_once_each_in_their_order() -> None:
    book = a_book(visit_at(HOUR), visit_at(6 * HOUR, "B"), since=NOW)
    closed = look(book, NOW + 8 * HOUR, NOW).plan("plan-1").closed
    assert [(clock(j.slot), j.results[0].verdict, j.results[0].visit_id) for j in closed] == [
        ("Mon 08:00", "on_time", "A"),
        ("Mon 13:00", "on_time", "B"),
    ]
    assert look(judged(book, NOW + 8 * HOUR), NOW + 8 * HOUR, LONG_AGO).plan("plan-1").closed == []


def test_slot_closes_after_its_grace_not_at_its_end() -> None:
    book = a_book(since=NOW)
    at = NOW + 150 * MINUTE
    assert look(book, at, NOW).plan("plan-1").closed == []
    assert len(look(book, at + timedelta(microseconds=1), NOW).plan("plan-1").closed) == 1


def test_visit_that_filled_a_slot_fills_no_other() -> None:
    plan = a_plan("08:00-10:00", "10:00-12:00", grace=HOUR)
    book = judged(a_book(visit_at(150 * MINUTE), plan=plan, since=NOW), NOW + 6 * HOUR)
    assert outcomes(look(book, NOW + 6 * HOUR).plan("plan-1").outcomes.all) == ["missed", "on_time"]


def test_plan_holds_by_the_clock_it_was_made_for() -> None:
    """Who sets another time zone does not change what was expected before."""
    book = judged(a_book(since=NOW - 2 * DAY), NOW)
    before = dict(book.judgements)
    assert len(before) == 4
    book.plan("plan-1", Version(since=NOW + MINUTE, plan=PLAN, zone=BERLIN))
    now = NOW + 2 * DAY
    for judgement in Outlook(book, zone=BERLIN, now=now, since=LONG_AGO).plan("plan-1").closed:
        book.judge(judgement)
    new = [judgement.slot for key, judgement in book.judgements.items() if key not in before]
    local = [f"{slot.start.astimezone(BERLIN):%a %H:%M}" for slot in new]
    # The window that ran goes on as it was, by the clock in Blora.
    assert local == ["Mon 02:00", "Mon 08:00", "Mon 13:00", "Tue 08:00", "Tue 13:00"]


@st.composite
def days(draw: st.DrawFn) -> tuple[PatrolPlan, list[Visit], list[datetime]]:
    """Draw a plan, visits of two days, and times at which it is looked."""
    hours = sorted(draw(st.sets(st.integers(0, 23), min_size=1, max_size=6)))
    windows = [
        a_window(f"{hour:02}:00-{hour:02}:{draw(st.integers(10, 59))}", draw(st.integers(1, 2))) for hour in hours
    ]
    plan = a_plan(*windows, grace=draw(st.integers(0, 90)) * MINUTE, checkpoints=(GATE, TOWER))
    minutes = st.integers(0, 2 * 24 * 60)
    visits = [
        visit_at(came * MINUTE, str(number), places=draw(st.sampled_from([(GATE,), (GATE, TOWER)])))
        for number, came in enumerate(draw(st.lists(minutes, max_size=12, unique=True)))
    ]
    looks = sorted(draw(st.sets(minutes, max_size=12)) | {3 * 24 * 60})
    return plan, visits, [NOW + look * MINUTE for look in looks]


@given(days())
@settings(max_examples=60)
def test_windows_come_out_the_same_however_often_it_is_looked(
    drawn: tuple[PatrolPlan, list[Visit], list[datetime]],
) -> None:
    plan, visits, looks = drawn
    book, last = a_book(plan=plan, since=NOW), NOW
    for now in looks:
        book.visits = {visit.id: visit for visit in visits if visit.arrived_at <= now}
        judged(book, now, last)
        last = now
    at_once = judged(a_book(*visits, plan=plan, since=NOW), looks[-1], NOW)
    assert book.judgements == at_once.judgements


# --- what is judged anew ---


def closed_book(*visits: Visit, plan: PatrolPlan = PLAN) -> tuple[Book, datetime]:
    """Give a book of the morning, looked at in the evening."""
    now = NOW + 10 * HOUR
    return judged(a_book(*visits, plan=plan, since=NOW), now), now


def test_visit_handed_in_late_fills_the_place_that_was_missed() -> None:
    book, now = closed_book()
    late = visit_at(HOUR)
    book.visits[late.id] = late
    assert outcomes(look(book, now).plan("plan-1").revised(late.arrived_at)) == ["on_time"]


def test_visit_handed_in_late_that_is_nothing_to_the_plan_changes_nothing() -> None:
    book, now = closed_book(visit_at(HOUR))
    for came in (90 * MINUTE, 4 * HOUR):
        late = visit_at(came, "B")
        book.visits[late.id] = late
        assert look(book, now).plan("plan-1").revised(late.arrived_at) == []


def test_visit_that_was_earlier_than_known_leaves_the_window_it_had_filled() -> None:
    before, after = visit_at(6 * HOUR), visit_at(HOUR)
    book, now = closed_book(before)
    book.visits[after.id] = after
    revised = look(book, now).plan("plan-1").revised(before.arrived_at, after.arrived_at)
    assert {clock(j.slot): j.results[0].verdict for j in revised} == {"Mon 08:00": "on_time", "Mon 13:00": "missed"}


def test_visit_that_is_taken_back_leaves_its_place_to_the_next() -> None:
    first = visit_at(HOUR)
    book, now = closed_book(first, visit_at(90 * MINUTE, "B"))
    book.visits[first.id] = void(first)
    (revised,) = look(book, now).plan("plan-1").revised(first.arrived_at)
    assert revised.results[0].visit_id == "B"


def test_late_entry_takes_no_visit_from_another_window() -> None:
    plan = a_plan("08:00-10:00", "10:00-12:00", grace=HOUR)
    book, now = closed_book(visit_at(130 * MINUTE, "B"), plan=plan)
    late = visit_at(150 * MINUTE)
    book.visits[late.id] = late
    revised = look(book, now).plan("plan-1").revised(late.arrived_at)
    assert [(clock(j.slot), j.results[0].verdict, j.results[0].visit_id) for j in revised] == [
        ("Mon 08:00", "late", "A"),
    ]


def test_late_entry_may_belong_to_the_window_that_still_runs() -> None:
    plan = a_plan("08:00-10:00", "10:00-14:00", grace=HOUR)
    now = NOW + 4 * HOUR
    book = judged(a_book(plan=plan, since=NOW), now)
    late = visit_at(150 * MINUTE)
    book.visits[late.id] = late
    outlook = look(book, now)
    assert outlook.plan("plan-1").revised(late.arrived_at) == []
    assert outlook.verdict(late.id) is Verdict.ON_TIME


# --- what visits are ---


def test_visit_is_known_for_what_it_is_while_its_window_runs_and_after() -> None:
    book = a_book(visit_at(HOUR), visit_at(90 * MINUTE, "B"), since=NOW)
    for now in (NOW + 95 * MINUTE, NOW + 10 * HOUR):
        outlook = look(judged(book, now), now)
        assert [outlook.verdict(visit_id) for visit_id in ("A", "B", "?")] == ["on_time", "unscheduled", "unscheduled"]


def test_visit_is_the_best_of_what_it_is_to_several_plans() -> None:
    book = a_book(visit_at(125 * MINUTE), since=NOW)
    assert look(book, NOW + 130 * MINUTE).verdict("A") is Verdict.LATE
    book.plan("plan-0", Version(since=NOW, plan=a_plan("09:00-11:00"), zone=WIB))
    assert look(book, NOW + 130 * MINUTE).verdict("A") is Verdict.ON_TIME


def test_open_visits_and_last_check_ins_are_those_that_count() -> None:
    left = visit_at(HOUR, "A")
    left = fold(left, check_out(left, at=NOW + 2 * HOUR, actor=GUARD))
    forgotten = visit_at(HOUR, "B", places=(TOWER,))
    forgotten = fold(forgotten, time_out(forgotten, at=NOW + HOUR + TIMEOUT, actor=GUARD))
    here, nobody = visit_at(3 * HOUR, "C"), void(visit_at(4 * HOUR, "D"))
    outlook = look(a_book(here, nobody, forgotten, left), NOW + 4 * HOUR)
    assert [visit.id for visit in outlook.arrivals.open] == ["C"]
    assert [visit.id for visit in outlook.arrivals.all] == ["B", "A", "C"]
    last = {place: check_in.at for place, check_in in outlook.arrivals.last_check_ins.items()}
    assert last == {GATE: NOW + 3 * HOUR, TOWER: NOW + HOUR}


def test_last_check_in_is_the_latest_not_that_of_the_latest_visit() -> None:
    long = a_visit(a_scan(NOW), a_scan(NOW + HOUR), visit_id="A")
    short = a_visit(a_scan(NOW + 30 * MINUTE, AGUS), visit_id="B")
    found: CheckIn = look(a_book(long, short), NOW + 2 * HOUR).arrivals.last_check_ins[GATE]
    assert (found.at, found.officer) == (NOW + HOUR, BUDI)


# --- figures ---


def test_compliance_is_of_the_windows_closed_in_the_last_days_by_the_houses_clock() -> None:
    # Yesterday one of two was made, today none of two so far.
    now = NOW + 10 * HOUR
    book = judged(a_book(visit_at(HOUR - DAY), since=NOW - DAY), now)
    outlook = look(book, now)
    assert [outlook.compliance("plan-1", days).percent for days in (1, 2, 30)] == [0.0, 25.0, 25.0]
    assert outlook.compliance(None, 30) == outlook.compliance("plan-1", 30)
    assert outlook.compliance("plan-2", 30).percent is None
    # At midnight in Blora, not in Greenwich, another day begins.
    assert look(book, now + 5 * HOUR + 59 * MINUTE).compliance(None, 1).expected == 2
    assert look(book, now + 6 * HOUR).compliance(None, 1).expected == 0


def test_figures_count_plans_of_which_only_verdicts_are_known() -> None:
    book = Book()
    for judgement in judge([a_slot(NOW)], ()).values():
        book.judge(judgement)
    outlook = look(book, NOW + 3 * HOUR)
    assert outlook.compliance(None, 1).expected == 1
    assert outlook.plan("plan-1").overdue is None


def test_unpredictability_is_of_a_month() -> None:
    visits = [visit_at(HOUR - day * DAY, str(day)) for day in range(9)]
    now = NOW + 3 * HOUR
    assert look(judged(a_book(*visits), now), now).plan("plan-1").unpredictability == 0


# --- a time ---


def test_expected_are_the_windows_of_a_time_with_what_is_known_of_them() -> None:
    book = judged(a_book(visit_at(HOUR), visit_at(5 * HOUR, "B"), since=NOW), NOW + 4 * HOUR)
    found = look(book, NOW + 5 * HOUR).plan("plan-1").expected(NOW, NOW + DAY)
    assert [clock(j.slot) for j in found] == ["Mon 08:00", "Mon 13:00", "Tue 08:00"]
    assert outcomes(found) == ["on_time", "on_time", "missed"]


def test_recent_are_the_slots_that_count_closed_since_or_closed_last() -> None:
    now = NOW + 3 * DAY + 5 * HOUR
    plan = look(judged(a_book(since=NOW), now), now).plan("plan-1")
    assert sorted(map(str, map(clock, plan.recent(now - DAY)))) == ["Thu 08:00", "Thu 13:00", "Wed 13:00"]
    # A weekly plan waits for long.
    weekly = a_plan("08:00-10:00", weekdays=frozenset({0}))
    now = NOW + 6 * DAY
    plan = look(judged(a_book(plan=weekly, since=NOW), now), now).plan("plan-1")
    assert [clock(slot) for slot in plan.recent(now - DAY)] == ["Mon 08:00"]


def test_due_is_whenever_something_changes_by_itself() -> None:
    due = look(a_book(), NOW + HOUR).plan("plan-1").due
    ends = [NOW, NOW + 2 * HOUR, NOW + 150 * MINUTE]
    assert sorted(due) == [*ends, NOW + 5 * HOUR, NOW + DAY]


def test_later_outlook_works_out_again_only_what_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = {name: Mock(wraps=getattr(outlook_module, name)) for name in ("compliance", "unpredictability")}
    for name, mock in counted.items():
        monkeypatch.setattr(outlook_module, name, mock)
    book = judged(a_book(visit_at(HOUR), since=NOW), NOW + 3 * HOUR)
    first = look(book, NOW + 3 * HOUR)
    for outlook in (first, first, Outlook(book, zone=WIB, now=NOW + 4 * HOUR, since=NOW, judged=first.judged)):
        assert outlook.compliance("plan-1", 30).percent == 100
        assert outlook.plan("plan-1").unpredictability is None
    assert [mock.call_count for mock in counted.values()] == [1, 1]
    book.visits["B"] = visit_at(3 * HOUR, "B")
    assert len(Outlook(book, zone=WIB, now=NOW, since=NOW, arrivals=first.arrivals).arrivals.all) == 1
    assert len(Outlook(book, zone=WIB, now=NOW, since=NOW, judged=first.judged).arrivals.all) == 2


def test_copy_is_filled_apart() -> None:
    outlook = look(a_book())
    copy = outlook.copy()
    copy.book.visits["A"] = visit_at(HOUR)
    copy.book.plan("plan-1", Version(since=NOW, plan=None))
    copy.book.excuse(a_slot(NOW).key, "Banjir")
    copy.book.judge(next(iter(judge([a_slot(NOW)], ()).values())))
    assert (outlook.book.visits, outlook.book.judgements, outlook.book.excuses) == ({}, {}, {})
    assert len(outlook.book.versions["plan-1"]) == 1
    assert (copy.zone, copy.now, copy.since) == (outlook.zone, outlook.now, outlook.since)


def test_clock_set_back_does_not_keep_windows_from_being_judged() -> None:
    glitch = NOW + 400 * DAY
    assert look(a_book(since=NOW), NOW + 3 * HOUR, glitch).since == NOW + 3 * HOUR
