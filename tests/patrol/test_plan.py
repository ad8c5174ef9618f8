"""When visits are expected, and what became of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.rutan_blora.patrol.plan import (
    Override,
    PatrolPlan,
    Slot,
    Verdict,
    Version,
    Window,
    WindowError,
    slots,
    slots_of,
    window_error,
)

from .common import BERLIN, DAY, EVERY_DAY, GATE, HOUR, LEBARAN, MINUTE, NOW, TOWER, WIB, a_plan, a_slot, a_window

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
