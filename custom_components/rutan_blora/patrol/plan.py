"""Patrol plans: when visits are expected, and what became of them. Rules only: no Home Assistant, no clock, no I/O.

A plan's windows are wall-clock times of its house; each occurrence of one is a `Slot` in UTC. A slot carries all it
is judged by, so that the journal keeps it with the verdict and editing the plan rewrites no history.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise, product, zip_longest
from typing import Any, Final

import voluptuous as vol

from ..journal.record import stored_time

_DAY: Final = timedelta(days=1)
_MINUTES_A_DAY: Final = 24 * 60
_MINUTES_A_WEEK: Final = 7 * _MINUTES_A_DAY
# Two arrivals at random in a window are this share of it apart on average.
_RANDOM_DISTANCE: Final = 1 / 3
# Fewer arrivals say nothing of a habit.
MIN_ARRIVALS: Final = 5


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
    """A plan from the time on (UTC) that it was so; None is that there was none any more."""

    since: datetime
    plan: PatrolPlan | None


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
        return f"{self.plan_id} {self.start.isoformat(timespec='minutes')}"

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A visit as a plan sees it: when it came (UTC), and where it was checked in."""

    visit_id: str
    at: datetime
    checkpoints: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What became of one expected visit; `missing` are the checkpoints that one who came left out."""

    verdict: Verdict
    visit_id: str | None = None
    at: datetime | None = None
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What became of a slot: a result for each expected visit; `excused` is the reason why they do not count."""

    slot: Slot
    results: tuple[Result, ...]
    excused: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Compliance:
    """How many of the visits that count were expected, and how many came out how."""

    expected: int
    excused: int
    verdicts: Mapping[Verdict, int] = field(default_factory=dict)

    @property
    def percent(self) -> float | None:
        """Return the share of expected visits that came on time, None if none was expected."""
        if not self.expected:
            return None
        return 100 * self.verdicts.get(Verdict.ON_TIME, 0) / self.expected


def window_error(windows: Sequence[Window], weekdays: Iterable[int]) -> WindowError | None:
    """Return why windows cannot be those of a plan, None if they can: none, of no length, or two at a time."""
    if not windows:
        return WindowError.NONE
    if any(window.start == window.end for window in windows):
        return WindowError.EMPTY
    spans = sorted(_minutes(window, day) for day in set(weekdays) for window in windows)
    if not spans:
        return None
    # The week is a ring: its first window comes again after the last.
    first_again = (spans[0][0] + _MINUTES_A_WEEK, spans[0][1] + _MINUTES_A_WEEK)
    is_overlap = any(following[0] < span[1] for span, following in pairwise((*spans, first_again)))
    return WindowError.OVERLAP if is_overlap else None


def _minutes(window: Window, weekday: int) -> tuple[int, int]:
    """Return a window on a weekday in minutes of the week."""
    start = weekday * _MINUTES_A_DAY + window.start.hour * 60 + window.start.minute
    end = weekday * _MINUTES_A_DAY + window.end.hour * 60 + window.end.minute
    return start, end + _MINUTES_A_DAY if window.is_over_midnight else end


def slots(plan: PatrolPlan, zone: tzinfo, since: datetime, until: datetime) -> Iterator[Slot]:
    """Give the slots of a plan that have to do with a time from `since` to before `until` (UTC), earliest first."""
    day = (since - plan.grace).astimezone(zone).date() - _DAY
    last = (until + plan.grace).astimezone(zone).date()
    found: list[Slot] = []
    while day <= last:
        found += (_slot(plan, window, day, zone) for window in plan.windows_on(day))
        day += _DAY
    yield from sorted((s for s in found if s.closes_at >= since and s.opens_at < until), key=lambda slot: slot.start)


def slots_of(versions: Sequence[Version], zone: tzinfo, since: datetime, until: datetime) -> list[Slot]:
    """Return the slots of a plan as it was when each of them began (see `slots`); `versions` are earliest first."""
    found: list[Slot] = []
    for version, following in zip_longest(versions, versions[1:]):
        if version.plan is not None:
            begun = slots(version.plan, zone, since, until)
            found += (s for s in begun if s.start >= version.since and (not following or s.start < following.since))
    return sorted(found, key=lambda slot: slot.start)


def _slot(plan: PatrolPlan, window: Window, day: date, zone: tzinfo) -> Slot:
    """Return a window on a day.

    Where clocks are changed an hour that comes twice belongs to the window as a whole; one that is left out begins
    where the clock goes on.
    """
    end_day = day + _DAY if window.is_over_midnight else day
    ends = (datetime.combine(end_day, window.end, zone).replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return Slot(
        plan_id=plan.id,
        plan=plan.name,
        start=datetime.combine(day, window.start, zone).astimezone(UTC),
        end=max(ends),
        visits=window.visits,
        grace=plan.grace,
        checkpoints=plan.checkpoints,
    )


def judge(expected: Sequence[Slot], arrivals: Iterable[Arrival]) -> dict[str, Judgement]:
    """Return by slot key what became of slots of one plan, as far as arrivals are known.

    An arrival fills one place. It is on time before it is late for the window before, and late before it is early
    for the next; a whole round comes before one that left out a checkpoint, and then the first to arrive comes first.
    What is left over was not asked for (`unscheduled`).
    """
    places: dict[str, list[Arrival]] = {slot.key: [] for slot in expected}
    in_order = sorted(arrivals, key=lambda arrival: arrival.at)
    for is_whole, verdict in product((True, False), (Verdict.ON_TIME, Verdict.LATE, Verdict.EARLY)):
        in_order = [arrival for arrival in in_order if not _place(arrival, verdict, expected, places, whole=is_whole)]
    return {slot.key: Judgement(slot=slot, results=_results(slot, places[slot.key])) for slot in expected}


def _place(
    arrival: Arrival, verdict: Verdict, expected: Iterable[Slot], places: dict[str, list[Arrival]], *, whole: bool
) -> bool:
    """Put an arrival into the first slot with room in which it would come out so; tell whether there was one."""
    for slot in expected:
        taken, seen = places[slot.key], slot.checkpoints & arrival.checkpoints
        fits = seen == slot.checkpoints if whole else bool(seen)
        if fits and slot.fit(arrival.at) is verdict and len(taken) < slot.visits:
            taken.append(arrival)
            return True
    return False


def _results(slot: Slot, taken: Iterable[Arrival]) -> tuple[Result, ...]:
    """Return a result for each expected visit: those who came, in order, then those who did not."""
    came = [_result(slot, arrival) for arrival in sorted(taken, key=lambda arrival: arrival.at)]
    return (*came, *(Result(verdict=Verdict.MISSED) for _ in range(slot.visits - len(came))))


def _result(slot: Slot, arrival: Arrival) -> Result:
    """Return what an arrival came to; a round that left out a checkpoint is none."""
    missing = slot.checkpoints - arrival.checkpoints
    verdict = slot.fit(arrival.at)
    return Result(
        verdict=Verdict.MISSED if missing or verdict is None else verdict,
        visit_id=arrival.visit_id,
        at=arrival.at,
        missing=missing,
    )


def compliance(judgements: Iterable[Judgement]) -> Compliance:
    """Return how the expected visits came out; excused ones leave both numbers, and are counted beside them."""
    verdicts: Counter[Verdict] = Counter()
    excused = 0
    for judgement in judgements:
        if judgement.excused is not None:
            excused += len(judgement.results)
        else:
            verdicts.update(result.verdict for result in judgement.results)
    return Compliance(expected=verdicts.total(), excused=excused, verdicts=dict(verdicts))


def unpredictability(judgements: Iterable[Judgement]) -> float | None:
    """Return how hard the hour of visits is to foretell, in percent; None for fewer than MIN_ARRIVALS.

    Each arrival is a place between the start (0) and the end (1) of its window. The average distance between any two
    of them, as a share of what arrivals at random have (1/3): the same place each time is 0, at random about 100, and
    more is no better than that. It says nothing of an order in which places come again.
    """
    places = sorted(
        _place_of(judgement.slot, result.at)
        for judgement in judgements
        for result in judgement.results
        if result.at is not None
    )
    count = len(places)
    if count < MIN_ARRIVALS:
        return None
    # The sum of all distances: in order, the i-th is ahead of i and behind the others.
    total = sum(place * (2 * i - count + 1) for i, place in enumerate(places))
    return min(100.0, 100 * total / (count * (count - 1) / 2) / _RANDOM_DISTANCE)


def _place_of(slot: Slot, at: datetime) -> float:
    """Return where in its window a visit arrived, 0 to 1."""
    return min(1.0, max(0.0, (at - slot.start) / (slot.end - slot.start)))


def to_body(judgement: Judgement) -> dict[str, Any]:
    """Return what the journal keeps of a judgement."""
    slot = judgement.slot
    return {
        "slot": {
            "plan_id": slot.plan_id,
            "plan": slot.plan,
            "start": slot.start.isoformat(),
            "end": slot.end.isoformat(),
            "visits": slot.visits,
            "grace": slot.grace.total_seconds(),
            "checkpoints": sorted(slot.checkpoints),
        },
        "results": [
            {
                "verdict": result.verdict.value,
                "visit_id": result.visit_id,
                "at": result.at.isoformat() if result.at else None,
                "missing": sorted(result.missing),
            }
            for result in judgement.results
        ],
    }


def from_body(body: Mapping[str, Any]) -> Judgement:
    """Return the judgement that the journal kept; raise ValueError if it is none."""
    try:
        kept = _BODY(body)
    except vol.Invalid as err:
        raise ValueError(f"not a judgement: {err}") from err
    return Judgement(
        slot=Slot(**kept["slot"]),
        results=tuple(Result(**result) for result in kept["results"]),
    )


def plan_to_body(plan: PatrolPlan) -> dict[str, Any]:
    """Return what the journal keeps of a plan beside its id."""
    return {
        "name": plan.name,
        "weekdays": sorted(plan.weekdays),
        "windows": [_window_to_body(window) for window in plan.windows],
        "grace": plan.grace.total_seconds(),
        "checkpoints": sorted(plan.checkpoints),
        "overrides": [
            {
                "name": override.name,
                "first": override.first.isoformat(),
                "last": override.last.isoformat(),
                "windows": [_window_to_body(window) for window in override.windows],
            }
            for override in plan.overrides
        ],
    }


def _window_to_body(window: Window) -> dict[str, Any]:
    return {"start": window.start.isoformat(), "end": window.end.isoformat(), "visits": window.visits}


def plan_from_body(plan_id: str, body: Mapping[str, Any]) -> PatrolPlan:
    """Return the plan that the journal, or a form, kept; raise ValueError if it is none."""
    try:
        return PatrolPlan(id=plan_id, **_PLAN(body))
    except vol.Invalid as err:
        raise ValueError(f"not a plan: {err}") from err


_TEXT_OR_NONE: Final = vol.Any(str, None)
_GRACE: Final = vol.All(vol.Any(int, float), vol.Range(min=0), lambda seconds: timedelta(seconds=seconds))
_VISITS: Final = vol.All(int, vol.Range(min=1))
_WINDOWS: Final = vol.All(
    [
        vol.All(
            vol.Schema(
                {"start": vol.All(str, time.fromisoformat), "end": vol.All(str, time.fromisoformat), "visits": _VISITS},
                required=True,
            ),
            lambda kept: Window(**kept),
        )
    ],
    tuple,
)
_DATE: Final = vol.All(str, date.fromisoformat)
_PLAN: Final = vol.Schema(
    {
        "name": str,
        "weekdays": vol.All([vol.All(int, vol.Range(min=0, max=6))], frozenset),
        "windows": _WINDOWS,
        "grace": _GRACE,
        "checkpoints": vol.All([str], frozenset),
        "overrides": vol.All(
            [
                vol.All(
                    vol.Schema({"name": str, "first": _DATE, "last": _DATE, "windows": _WINDOWS}, required=True),
                    lambda kept: Override(**kept),
                )
            ],
            tuple,
        ),
    },
    required=True,
    extra=vol.REMOVE_EXTRA,
)
_IDS: Final = vol.All([str], frozenset)
_BODY: Final = vol.Schema(
    {
        "slot": vol.Schema(
            {
                "plan_id": str,
                "plan": str,
                "start": stored_time,
                "end": stored_time,
                "visits": _VISITS,
                "grace": _GRACE,
                "checkpoints": _IDS,
            },
            required=True,
        ),
        "results": [
            vol.Schema(
                {
                    "verdict": vol.Coerce(Verdict),
                    "visit_id": _TEXT_OR_NONE,
                    "at": vol.Any(None, stored_time),
                    "missing": _IDS,
                },
                required=True,
            )
        ],
    },
    required=True,
    extra=vol.REMOVE_EXTRA,
)
