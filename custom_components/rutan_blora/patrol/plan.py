"""Patrol plans: when visits are expected. Rules only: no Home Assistant, no clock, no I/O.

A plan's windows are wall-clock times of its house; each occurrence of one is a `Slot` in UTC. A slot carries all it
is judged by, so that the journal keeps it with the verdict and editing the plan rewrites no history.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise
from typing import Final

_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(weeks=1)
# Later than any slot closes.
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
# More than anybody means; a damaged record asks for no more either.
MAX_VISITS: Final = 100
MAX_GRACE: Final = timedelta(days=1)


class Verdict(StrEnum):
    """What became of an expected visit, or that nobody expected it."""

    ON_TIME = "on_time"
    EARLY = "early"
    LATE = "late"
    MISSED = "missed"
    UNSCHEDULED = "unscheduled"


class WindowError(StrEnum):
    """Why windows cannot be those of a plan."""

    NONE = "windows_missing"
    EMPTY = "window_empty"
    OVERLAP = "windows_overlap"


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A time of day in which so many visits are expected; an end not after the start is on the next day."""

    start: time
    end: time
    visits: int = 1

    @property
    def is_over_midnight(self) -> bool:
        """Tell whether it ends on the next day."""
        return self.end <= self.start


@dataclass(frozen=True, kw_only=True, slots=True)
class Override:
    """Other windows for the days `first` to `last` (Lebaran, say), on every weekday; none at all if there are none."""

    name: str
    first: date
    last: date
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PatrolPlan:
    """What visits are expected: on `weekdays` (0 is Monday) in each window, at all of the `checkpoints`."""

    id: str
    name: str
    weekdays: frozenset[int]
    windows: tuple[Window, ...]
    grace: timedelta
    checkpoints: frozenset[str]
    overrides: tuple[Override, ...] = ()

    def windows_on(self, day: date) -> tuple[Window, ...]:
        """Return the windows that begin on a day; the first override that holds that day stands before the weekday."""
        for override in self.overrides:
            if override.first <= day <= override.last:
                return override.windows
        return self.windows if day.weekday() in self.weekdays else ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A plan from the time on (UTC) that it was so, by the clock of a zone; None is that there was none any more."""

    since: datetime
    plan: PatrolPlan | None
    zone: tzinfo | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """One window on one day, in UTC, with all it is judged by."""

    plan_id: str
    plan: str
    start: datetime
    end: datetime
    visits: int
    grace: timedelta
    checkpoints: frozenset[str]

    @property
    def key(self) -> str:
        """Return what tells this slot from any other."""
        return f"{self.plan_id} {self.start.isoformat()}"

    @property
    def opens_at(self) -> datetime:
        """Return from when an arrival counts, be it as early."""
        return self.start - self.grace

    @property
    def closes_at(self) -> datetime:
        """Return when the slot is judged: nothing that arrives later counts."""
        return self.end + self.grace

    def fit(self, at: datetime) -> Verdict | None:
        """Return what an arrival at a time would be, None if the slot has nothing to do with it. All ends count in."""
        if self.start <= at <= self.end:
            return Verdict.ON_TIME
        if self.opens_at <= at < self.start:
            return Verdict.EARLY
        return Verdict.LATE if self.end < at <= self.closes_at else None


def window_error(windows: Sequence[Window], weekdays: Iterable[int]) -> WindowError | None:
    """Return why windows cannot be those of a plan, None if they can: none, of no length, or two at a time."""
    if not windows:
        return WindowError.NONE
    if any(window.start == window.end for window in windows):
        return WindowError.EMPTY
    spans = sorted(_span(window, day) for day in set(weekdays) for window in windows)
    if not spans:
        return None
    # The week is a ring: its first window comes again after the last.
    first_again = (spans[0][0] + _WEEK, spans[0][1] + _WEEK)
    is_overlap = any(following[0] < span[1] for span, following in pairwise((*spans, first_again)))
    return WindowError.OVERLAP if is_overlap else None


def _span(window: Window, weekday: int) -> tuple[timedelta, timedelta]:
    """Return when a window on a weekday starts and ends, counted from the beginning of the week."""
    start, end = (
        timedelta(days=weekday, hours=clock.hour, minutes=clock.minute, seconds=clock.second)
        for clock in (window.start, window.end)
    )
    return start, end + _DAY if window.is_over_midnight else end


def slots(plan: PatrolPlan, zone: tzinfo, since: datetime, until: datetime) -> Iterator[Slot]:
    """Give the slots of a plan that have to do with a time from `since` to before `until` (UTC), earliest first."""
    day = (since - plan.grace).astimezone(zone).date() - _DAY
    last = (until + plan.grace).astimezone(zone).date()
    found: list[Slot] = []
    while day <= last:
        found += filter(None, (_slot(plan, window, day, zone) for window in plan.windows_on(day)))
        day += _DAY
    yield from sorted((s for s in found if s.closes_at >= since and s.opens_at < until), key=lambda slot: slot.start)


def slots_of(versions: Sequence[Version], zone: tzinfo, since: datetime, until: datetime) -> list[Slot]:
    """Return the slots of a plan as it was when each of them began (see `slots`), earliest first.

    `versions` are in the order in which they were made; a later one holds even if the clock had been set back. A new
    plan holds for a window that runs already: a visit may still come. `zone` is that of a version which does not say.
    """
    found: dict[str, Slot] = {}
    end = _NEVER
    for number, version in reversed(list(enumerate(versions))):
        if version.plan is not None:
            is_new = number == 0 or versions[number - 1].plan is None
            begun = slots(version.plan, version.zone or zone, max(since, version.since), min(until, end))
            # One that was deleted and made anew while it ran stays as it began.
            found |= {s.key: s for s in begun if s.start < end and (s.end if is_new else s.start) >= version.since}
        end = min(end, version.since)
    return sorted(found.values(), key=lambda slot: slot.start)


def _slot(plan: PatrolPlan, window: Window, day: date, zone: tzinfo) -> Slot | None:
    """Return a window on a day, None if the clock leaves it out; an hour that comes twice belongs to it both times."""
    start, _ = _moments(day, window.start, zone)
    _, end = _moments(day + _DAY if window.is_over_midnight else day, window.end, zone)
    if end <= start:
        return None
    return Slot(
        plan_id=plan.id,
        plan=plan.name,
        start=start,
        end=end,
        visits=window.visits,
        grace=plan.grace,
        checkpoints=plan.checkpoints,
    )


def _moments(day: date, clock: time, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return when (UTC) a clock shows a time for the first and the last time; one left out is when it goes on."""
    first, last = (datetime.combine(day, clock, zone).replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= last:
        return first, last
    # Left out: between the two the clock was put forward.
    new = first.astimezone(zone).utcoffset()
    seconds = range(int((first - last).total_seconds()))
    change = last + timedelta(
        seconds=bisect_left(
            seconds, True, key=lambda second: (last + timedelta(seconds=second)).astimezone(zone).utcoffset() == new
        )
    )
    return change, change
