"""What a report says of a period: visits, what was expected, alarms. Rules only: no Home Assistant, no clock, no I/O.

All of it is computed from the journal's records, by the rules the desks live by. Times are in UTC; the writers show
them in the house's zone. What the records do not tell is left open, never filled in.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Final

from ..alarm.incident import EventType, Incident, apply, from_body
from ..const import Language
from ..journal.record import Record
from ..patrol.book import RECORD_EXCUSE, RECORD_PLAN, Book, read
from ..patrol.judgement import Compliance, Judgement, Result, compliance, unpredictability
from ..patrol.plan import Slot, Verdict, slots_of
from ..patrol.visit import EventType as VisitEvent, Visit

_DAY: Final = timedelta(days=1)
INCIDENT_KINDS: Final = frozenset(event.value for event in EventType)
# Plans, excuses and corrections count whenever they were made; they are few.
TIMELESS_KINDS: Final = frozenset({RECORD_PLAN, RECORD_EXCUSE, VisitEvent.CORRECTED.value})


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """The days `first` to `last` by the house's clock: from `since` to before `until` (UTC)."""

    first: date
    last: date
    since: datetime
    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """A place that a visit filled, and how that came out; None while it is not judged."""

    slot: Slot
    verdict: Verdict | None


@dataclass(frozen=True, kw_only=True, slots=True)
class VisitLine:
    """A visit of the period, and what it was to the plans; nothing if nobody expected it."""

    visit: Visit
    filled: tuple[Filled, ...]

    @property
    def verdicts(self) -> tuple[Verdict | None, ...]:
        """Return how it came out, each once; one that nobody expected is unscheduled."""
        return tuple(dict.fromkeys(place.verdict for place in self.filled)) or (Verdict.UNSCHEDULED,)


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpectedLine:
    """A visit that was expected, and what became of it; None if it was not judged. `missing` are places by name."""

    slot: Slot
    result: Result | None
    missing: tuple[str, ...]
    excused: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanLine:
    """The figures of a plan over the period; `unjudged` counts expected visits of which nobody knows."""

    plan: str
    compliance: Compliance
    unpredictability: float | None
    unjudged: int


@dataclass(frozen=True, kw_only=True, slots=True)
class IncidentLine:
    """An incident raised in the period; `responding_at` is when the police first said that they set out (UTC)."""

    incident: Incident
    responding_at: datetime | None

    @property
    def steps(self) -> tuple[datetime | None, ...]:
        """Return when it was acknowledged, on the way, on scene, closed (UTC); None for what was not said."""
        incident = self.incident
        closed_at = incident.closed.at if incident.closed is not None else None
        return incident.acknowledged_at, self.responding_at, incident.arrived_at, closed_at


@dataclass(frozen=True, kw_only=True, slots=True)
class Average:
    """The mean of so many durations, None of none."""

    mean: timedelta | None
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportContent:
    """A report. `averages` are from the press to each of an incident's steps, without drills.

    `damaged` are the numbers of records that say nothing any more, `altered` of those that are not what was written
    or do not follow from the one before. `head` is the hash of the journal's last record at `made_at`.
    """

    site: str
    language: Language
    zone: tzinfo
    period: Period
    made_at: datetime
    head: str
    visits: tuple[VisitLine, ...]
    expected: tuple[ExpectedLine, ...]
    plans: tuple[PlanLine, ...]
    total: PlanLine
    incidents: tuple[IncidentLine, ...]
    averages: tuple[Average, ...]
    damaged: tuple[int, ...]
    altered: tuple[int, ...]

    @property
    def is_running(self) -> bool:
        """Tell whether the period was not over when the report was made."""
        return self.made_at < self.period.until


def period_of(first: date, last: date, zone: tzinfo) -> Period:
    """Return the days `first` to `last` of a zone; raise ValueError if they are none, or not all on the calendar."""
    if last < first:
        raise ValueError("a period that ends before it begins")
    try:
        since, until = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, last + _DAY))
    except OverflowError as err:
        raise ValueError("a period that UTC does not have") from err
    return Period(first=first, last=last, since=since, until=until)


def last_month(today: date) -> tuple[date, date]:
    """Return the first and the last day of the month before that of a day."""
    last = today.replace(day=1) - _DAY
    return last.replace(day=1), last


def broken_links(records: Iterable[Record]) -> list[int]:
    """Return the numbers of records that are not what was written, or do not follow from the one before them."""
    records = list(records)
    found = {record.seq for record in records if not record.is_intact}
    found |= {
        after.seq for before, after in pairwise(records) if (after.seq, after.prev) != (before.seq + 1, before.hash)
    }
    return sorted(found)


def build(
    records: Iterable[Record],
    *,
    site: str,
    language: Language,
    zone: tzinfo,
    period: Period,
    made_at: datetime,
    head: str,
    places: Mapping[str, str],
    altered: Collection[int] = (),
) -> ReportContent:
    """Return the report on a period; `places` are the names of checkpoints by id.

    `records` are those of visits, plans and incidents that may have to do with it; a few more do no harm. `altered`
    are the numbers of records that were found to be so beside them.
    """
    records = sorted(records, key=lambda record: record.seq)
    book, damaged = read(records)
    incidents, unreadable = _incidents(records, period)
    names = {**_places(book), **places}
    unjudged = _unjudged(book, zone, period)
    judged = book.judged(None, period.since, period.until)
    # What is not over yet is not missing.
    over = [slot for slot in unjudged if period.since <= slot.closes_at < min(period.until, made_at)]
    return ReportContent(
        site=site,
        language=language,
        zone=zone,
        period=period,
        made_at=made_at,
        head=head,
        visits=_visits(book, unjudged, period),
        expected=_expected(judged, over, book, names),
        plans=_plans(judged, over),
        total=_figures("", judged, over),
        incidents=incidents,
        averages=_averages(incidents),
        damaged=tuple(sorted({*damaged, *unreadable})),
        altered=tuple(sorted({*altered, *(record.seq for record in records if not record.is_intact)})),
    )


# --- visits and plans ---


def _places(book: Book) -> dict[str, str]:
    """Return the names of checkpoints as visits had them: one may be gone since."""
    return {c.checkpoint_id: c.checkpoint for visit in book.visits.values() for c in visit.check_ins}


def _unjudged(book: Book, zone: tzinfo, period: Period) -> list[Slot]:
    """Return the slots that have to do with the period and were not judged: they run, or nobody was there to judge."""
    found = (
        slot
        for versions in book.versions.values()
        for slot in slots_of(versions, zone, period.since, period.until)
        if slot.key not in book.judgements
    )
    return sorted(found, key=lambda slot: (slot.start, slot.plan))


def _visits(book: Book, unjudged: Sequence[Slot], period: Period) -> tuple[VisitLine, ...]:
    """Return the visits of the period with the places they filled, or may come to fill once these are judged."""
    filled: dict[str | None, list[Filled]] = {}
    for judgement in book.judgements.values():
        for result in judgement.results:
            filled.setdefault(result.visit_id, []).append(Filled(slot=judgement.slot, verdict=result.verdict))
    visits = book.arrived(period.since, period.until)
    for visit in visits:
        may_be = (Filled(slot=slot, verdict=None) for slot in unjudged if _may_fill(visit, slot))
        filled.setdefault(visit.id, []).extend(may_be)
    return tuple(
        VisitLine(visit=visit, filled=tuple(sorted(filled[visit.id], key=lambda place: place.slot.start)))
        for visit in visits
    )


def _may_fill(visit: Visit, slot: Slot) -> bool:
    return not visit.is_void and slot.fit(visit.arrived_at) is not None and bool(slot.checkpoints & visit.checkpoints)


def _expected(
    judged: Iterable[Judgement], unjudged: Iterable[Slot], book: Book, names: Mapping[str, str]
) -> tuple[ExpectedLine, ...]:
    """Return a line for each visit that was expected, earliest first."""
    lines = [
        ExpectedLine(
            slot=judgement.slot,
            result=result,
            missing=tuple(sorted(names.get(place, place) for place in result.missing)),
            excused=judgement.excused,
        )
        for judgement in judged
        for result in judgement.results
    ]
    lines += [
        ExpectedLine(slot=slot, result=None, missing=(), excused=book.excuses.get(slot.key))
        for slot in unjudged
        for _ in range(slot.visits)
    ]
    return tuple(sorted(lines, key=lambda line: (line.slot.start, line.slot.plan)))


def _plans(judged: Sequence[Judgement], unjudged: Sequence[Slot]) -> tuple[PlanLine, ...]:
    """Return the figures of each plan, called as it was last."""
    slots = sorted([*(judgement.slot for judgement in judged), *unjudged], key=lambda slot: slot.start)
    names = {slot.plan_id: slot.plan for slot in slots}
    lines = (
        _figures(
            name,
            [judgement for judgement in judged if judgement.slot.plan_id == plan_id],
            [slot for slot in unjudged if slot.plan_id == plan_id],
        )
        for plan_id, name in names.items()
    )
    return tuple(sorted(lines, key=lambda line: line.plan.casefold()))


def _figures(plan: str, judged: Sequence[Judgement], unjudged: Iterable[Slot]) -> PlanLine:
    return PlanLine(
        plan=plan,
        compliance=compliance(judged),
        unpredictability=unpredictability(judged),
        unjudged=sum(slot.visits for slot in unjudged),
    )


# --- incidents ---


def _incidents(records: Iterable[Record], period: Period) -> tuple[tuple[IncidentLine, ...], list[int]]:
    """Return the incidents raised in the period, and the numbers of records that say nothing of one."""
    found: dict[str, Incident] = {}
    responding: dict[str, datetime] = {}
    damaged = []
    for record in records:
        if record.kind not in INCIDENT_KINDS:
            continue
        incident = record.incident or ""
        try:
            event = from_body(record.kind, incident, record.time, record.load())
            found[incident] = apply(found.get(incident), event)
        except ValueError:
            damaged.append(record.seq)
            continue
        if event.type is EventType.RESPONDING:
            responding.setdefault(incident, event.at)
    lines = (IncidentLine(incident=i, responding_at=responding.get(i.id)) for i in found.values())
    in_period = (line for line in lines if period.since <= line.incident.raised_at < period.until)
    return tuple(sorted(in_period, key=lambda line: line.incident.raised_at)), damaged


def _averages(incidents: Iterable[IncidentLine]) -> tuple[Average, ...]:
    """Return how long each step took from the press, on average of the real incidents that came to it."""
    real = [line for line in incidents if not line.incident.drill]
    steps = zip(*(line.steps for line in real), strict=True) if real else [()] * len(AVERAGED)
    return tuple(
        _average([at - line.incident.pressed_at for line, at in zip(real, times, strict=True) if at is not None])
        for times in steps
    )


# The steps of `IncidentLine.steps`, in their order.
AVERAGED: Final = (EventType.ACKNOWLEDGED, EventType.RESPONDING, EventType.ON_SCENE, EventType.CLOSED)


def _average(durations: Sequence[timedelta]) -> Average:
    if not durations:
        return Average(mean=None, count=0)
    return Average(mean=sum(durations, timedelta()) / len(durations), count=len(durations))
