"""Patrol plans: when visits are expected, and what became of them. Rules only: no Home Assistant, no clock, no I/O.

A plan's windows are wall-clock times of its house; each occurrence of one is a `Slot` in UTC. A slot carries all it
is judged by, so that the journal keeps it with the verdict and editing the plan rewrites no history.
"""

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise, product
from typing import Any, Final

import voluptuous as vol

from ..journal.record import stored_time

_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(weeks=1)
# Two arrivals at random in a window are this share of it apart on average.
_RANDOM_DISTANCE: Final = 1 / 3
# Later than any slot closes.
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
# Fewer arrivals say nothing of a habit.
MIN_ARRIVALS: Final = 5
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A visit as a plan sees it: when it came, and when it was first checked in at each checkpoint (UTC)."""

    visit_id: str
    at: datetime
    checkpoints: Mapping[str, datetime]

    def by(self, at: datetime) -> Arrival:
        """Return the visit as it was known at a time (UTC)."""
        return replace(self, checkpoints={place: seen for place, seen in self.checkpoints.items() if seen <= at})

    def seen(self, slot: Slot) -> frozenset[str]:
        """Return the checkpoints of a slot at which the visit was checked in before the slot closed."""
        return frozenset(place for place in slot.checkpoints if self.checkpoints.get(place, _NEVER) <= slot.closes_at)


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


def judge(expected: Iterable[Slot], arrivals: Iterable[Arrival]) -> dict[str, Judgement]:
    """Return by slot key what became of slots of one plan, as far as arrivals are known; the order of both is nothing.

    An arrival fills one place. It is on time before it is late for the window before, and late before it is early
    for the next; a whole round comes before one that left out a checkpoint, and then the first to arrive comes first.
    What is left over was not asked for (`unscheduled`).

    A slot is judged by who had arrived, and where, when it closed, so that nothing that comes later changes it. What
    fits it may fit the slots beside it better: `expected` must hold those, too.
    """
    opening = deque(sorted(expected, key=lambda slot: slot.opens_at))
    coming = deque(sorted(arrivals, key=lambda arrival: (arrival.at, arrival.visit_id)))
    judgements: dict[str, Judgement] = {}
    open_slots: list[Slot] = []
    known: list[Arrival] = []
    for slot in sorted(opening, key=lambda slot: (slot.closes_at, slot.start)):
        while opening and opening[0].opens_at <= slot.closes_at:
            open_slots.append(opening.popleft())
        while coming and coming[0].at <= slot.closes_at:
            known.append(coming.popleft())
        taken = _fill(open_slots, [arrival.by(slot.closes_at) for arrival in known])[slot.key]
        judgements[slot.key] = Judgement(slot=slot, results=_results(slot, taken))
        open_slots.remove(slot)
        used = {arrival.visit_id for arrival in taken}
        known = [a for a in known if a.visit_id not in used and any(other.fit(a.at) for other in open_slots)]
    return judgements


# By when an arrival must have come to come out so: who fills the place that is gone first leaves the others theirs.
_DEADLINES: Final[Mapping[Verdict, Callable[[Slot], datetime]]] = {
    Verdict.ON_TIME: lambda slot: slot.end,
    Verdict.LATE: lambda slot: slot.closes_at,
    Verdict.EARLY: lambda slot: slot.start,
}


def _fill(slots: Iterable[Slot], arrivals: Sequence[Arrival]) -> dict[str, list[Arrival]]:
    """Return by slot key who fills its places; `arrivals` are in order."""
    places: dict[str, list[Arrival]] = {slot.key: [] for slot in slots}
    for is_whole, (verdict, deadline) in product((True, False), _DEADLINES.items()):
        by_deadline = sorted(slots, key=lambda slot: (deadline(slot), slot.start))
        arrivals = [a for a in arrivals if not _place(a, verdict, by_deadline, places, whole=is_whole)]
    return places


def _place(
    arrival: Arrival, verdict: Verdict, expected: Iterable[Slot], places: dict[str, list[Arrival]], *, whole: bool
) -> bool:
    """Put an arrival into the first slot with room in which it would come out so; tell whether there was one."""
    for slot in expected:
        taken, seen = places[slot.key], arrival.seen(slot)
        fits = seen == slot.checkpoints if whole else bool(seen)
        if fits and slot.fit(arrival.at) is verdict and len(taken) < slot.visits:
            taken.append(arrival)
            return True
    return False


def _results(slot: Slot, taken: Iterable[Arrival]) -> tuple[Result, ...]:
    """Return a result for each expected visit: those who came, in order, then those who did not."""
    came = [_result(slot, arrival) for arrival in sorted(taken, key=lambda arrival: (arrival.at, arrival.visit_id))]
    return (*came, *(Result(verdict=Verdict.MISSED) for _ in range(slot.visits - len(came))))


def _result(slot: Slot, arrival: Arrival) -> Result:
    """Return what an arrival that fits a slot came to; a round that left out a checkpoint is none."""
    missing = slot.checkpoints - arrival.seen(slot)
    return Result(
        verdict=(not missing and slot.fit(arrival.at)) or Verdict.MISSED,
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
    # The sum of all distances: the gap after the i-th lies between each of those i and each of the others.
    total = sum((after - before) * i * (count - i) for i, (before, after) in enumerate(pairwise(places), 1))
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
    judgement = Judgement(slot=kept["slot"], results=tuple(kept["results"]))
    if not _is_sound(judgement):
        raise ValueError("not a judgement: the results are not those of the slot")
    return judgement


def _is_sound(judgement: Judgement) -> bool:
    """Tell whether the slot can have these results."""
    slot, results = judgement.slot, judgement.results
    return len(results) == slot.visits and all(
        result.verdict is Verdict.MISSED
        or (result.visit_id is not None and result.at is not None and slot.fit(result.at) is result.verdict)
        for result in results
    )


def _kept_slot(kept: Mapping[str, Any]) -> Slot:
    """Return a slot that was kept; raise ValueError for one that no window comes to."""
    slot = Slot(**kept)
    if slot.end <= slot.start:
        raise ValueError("a slot that ends before it starts")
    return slot


def _clock(text: str) -> time:
    """Return a time of day; raise ValueError if it is none, or of a zone or with a fraction, which no clock shows."""
    clock = time.fromisoformat(text)
    if clock.tzinfo is not None or clock.microsecond:
        raise ValueError("not a time of day")
    return clock


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
_GRACE: Final = vol.All(
    vol.Any(int, float), vol.Range(min=0, max=MAX_GRACE.total_seconds()), lambda s: timedelta(seconds=s)
)
_VISITS: Final = vol.All(int, vol.Range(min=1, max=MAX_VISITS))
_WINDOWS: Final = vol.All(
    [
        vol.All(
            vol.Schema({"start": vol.All(str, _clock), "end": vol.All(str, _clock), "visits": _VISITS}, required=True),
            lambda kept: Window(**kept),
        )
    ],
    vol.Coerce(tuple),
)
_DATE: Final = vol.All(str, date.fromisoformat)
_PLAN: Final = vol.Schema(
    {
        "name": str,
        "weekdays": vol.All([vol.All(int, vol.Range(min=0, max=6))], vol.Coerce(frozenset)),
        "windows": _WINDOWS,
        "grace": _GRACE,
        "checkpoints": vol.All([str], vol.Coerce(frozenset)),
        "overrides": vol.All(
            [
                vol.All(
                    vol.Schema({"name": str, "first": _DATE, "last": _DATE, "windows": _WINDOWS}, required=True),
                    lambda kept: Override(**kept),
                )
            ],
            vol.Coerce(tuple),
        ),
    },
    required=True,
    extra=vol.REMOVE_EXTRA,
)
_IDS: Final = vol.All([str], vol.Coerce(frozenset))
_BODY: Final = vol.Schema(
    {
        "slot": vol.All(
            vol.Schema(
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
            _kept_slot,
        ),
        "results": [
            vol.All(
                vol.Schema(
                    {
                        "verdict": vol.Coerce(Verdict),
                        "visit_id": _TEXT_OR_NONE,
                        "at": vol.Any(None, stored_time),
                        "missing": _IDS,
                    },
                    required=True,
                ),
                lambda kept: Result(**kept),
            )
        ],
    },
    required=True,
    extra=vol.REMOVE_EXTRA,
)
