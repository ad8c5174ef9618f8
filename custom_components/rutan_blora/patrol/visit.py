"""The visit: from the arrival to the departure. Rules only: no Home Assistant, no clock, no I/O.

As with an incident, commands (`check_in`, `check_out`, `countersign`, `correct`) return the events that follow from
them, none if nothing changes; `apply` folds an event into the visit. The journal keeps the events.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ..actor import Actor, RefusedError
from .check_in import CheckIn, Evidence, Officer, Report, Situation, gravest, rank
from .judgement import Arrival

# Less than any debounce.
_NOT_AGAIN: Final = timedelta(microseconds=-1)


class EventType(StrEnum):
    """What can happen to a visit; the value is the kind of the journal's record."""

    CHECKED_IN = "visit_checked_in"
    CHECKED_OUT = "visit_checked_out"
    TIMED_OUT = "visit_timed_out"
    COUNTERSIGNED = "visit_countersigned"
    CORRECTED = "visit_corrected"


class Refusal(StrEnum):
    """Why a command was refused."""

    NO_SUCH_VISIT = "no_such_visit"
    ALREADY_SIGNED = "already_signed"
    NO_OPEN_VISIT = "no_open_visit"
    TIME_IN_FUTURE = "time_in_future"
    TIME_TOO_OLD = "time_too_old"
    NOTHING_TO_CORRECT = "nothing_to_correct"
    NO_SUCH_WINDOW = "no_such_window"
    ONLY_THE_HOUSE = "only_the_house"


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """What a visit is said to have been instead; None leaves it. A `void` visit counts for nothing."""

    officer: Officer | None = None
    report: Report | None = None
    void: bool | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One thing that happened to a visit, and when (UTC); `again` says that it is a check-in that says more."""

    type: EventType
    visit_id: str
    at: datetime
    actor: Actor
    check_in: CheckIn | None = None
    again: bool = False
    correction: Correction | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """A visit as far as it has come; `check_ins` one a place and officer, in the order of their times.

    `report` and `officers` are as corrected. `revision` counts what happened, `alarming` is the one at which officers
    said that something had happened, 0 if they did not. `departed_at` is when they left, None while they are here, or
    if nobody said so (`timed_out_at`).
    """

    id: str
    check_ins: tuple[CheckIn, ...]
    departed_at: datetime | None = None
    timed_out_at: datetime | None = None
    countersigned: Event | None = None
    corrections: tuple[Event, ...] = ()
    revision: int = 1
    alarming: int = 0

    @property
    def arrived_at(self) -> datetime:
        """Return when the first of them arrived (UTC)."""
        return self.check_ins[0].at

    @property
    def last_at(self) -> datetime:
        """Return when they were last heard of (UTC)."""
        return self.check_ins[-1].at

    @property
    def is_open(self) -> bool:
        """Tell whether they are still here, as far as is known."""
        return self.departed_at is None and self.timed_out_at is None and not self.is_void

    @property
    def is_void(self) -> bool:
        """Tell whether it was corrected to have been none."""
        if not self.corrections:
            # As nearly all are: this is asked of every visit at every scan.
            return False
        said = [
            event.correction.void
            for event in self.corrections
            if event.correction and event.correction.void is not None
        ]
        return bool(said and said[-1])

    @property
    def is_late_entry(self) -> bool:
        """Tell whether any of it was handed in later than it happened."""
        return any(check_in.is_late_entry for check_in in self.check_ins)

    @property
    def evidence(self) -> Evidence:
        """Return the best proof there is; a signature proves no arrival that was handed in after it."""
        if self.countersigned is not None and self.check_ins[0].received_at <= self.countersigned.at:
            return Evidence.COUNTERSIGNED
        return max((check_in.evidence for check_in in self.check_ins), key=rank)

    @property
    def checkpoints(self) -> frozenset[str]:
        """Return where they were checked in."""
        return frozenset(check_in.checkpoint_id for check_in in self.check_ins)

    @property
    def officers(self) -> tuple[Officer, ...]:
        """Return who came, each once; a correction stands for all of them."""
        for event in reversed(self.corrections):
            if event.correction is not None and event.correction.officer is not None:
                return (event.correction.officer,)
        found: list[Officer] = []
        for officer in (check_in.officer for check_in in self.check_ins if check_in.officer.is_known):
            place = next((i for i, old in enumerate(found) if officer.is_same(old)), None)
            if place is None:
                found.append(officer)
            else:
                found[place] = found[place].over(officer)
        return tuple(found)

    @property
    def unit(self) -> str:
        """Return where they are from, as corrected; empty if nobody said so."""
        said = (*self.officers, *(check_in.officer for check_in in self.check_ins))
        return next((officer.unit for officer in said if officer.unit), "")

    @property
    def report(self) -> Report:
        """Return what they said, as corrected: the gravest situation, and else the latest word."""
        said = Report()
        for check_in in self.check_ins:
            said = check_in.report.over(said)
        said = replace(said, situation=gravest(check_in.report.situation for check_in in self.check_ins))
        for event in self.corrections:
            if event.correction is not None and event.correction.report is not None:
                said = event.correction.report.over(said)
        return said

    @property
    def arrival(self) -> Arrival:
        """Return the visit as a plan sees it."""
        first = {check_in.checkpoint_id: check_in.at for check_in in reversed(self.check_ins)}
        return Arrival(visit_id=self.id, at=self.arrived_at, checkpoints=first)


def check_in(
    visits: Iterable[Visit], what: CheckIn, *, new_id: str, actor: Actor, debounce: timedelta, timeout: timedelta
) -> tuple[Event, ...]:
    """Return what a check-in does: begin a visit, go on with one, say more in it, or nothing if it is the same again.

    It belongs to a visit of the same officer, else unit, that was under way at its time; one that does not say who came
    belongs to any. `timeout` is how long after its last sign a visit is taken to go on, `debounce` how long the same
    officer at the same place counts as the same check-in.
    """
    going = [visit for visit in visits if not visit.is_void and _is_under_way(visit, what.at, debounce, timeout)]
    visit = max(
        (visit for visit in going if _kinship(visit, what.officer)),
        # One that knows it best already; one that had begun by then, rather than one that was to come; the latest.
        key=lambda visit: (
            _kinship(visit, what.officer),
            _nearness(visit, what, debounce),
            visit.arrived_at <= what.at,
            visit.arrived_at,
            visit.id,
        ),
        default=None,
    )
    same = _again(visit, what, debounce) if visit is not None else None
    if same is not None and not what.adds_to(same):
        return ()
    return (
        Event(
            type=EventType.CHECKED_IN,
            visit_id=new_id if visit is None else visit.id,
            at=what.at,
            actor=actor,
            check_in=what,
            again=same is not None,
        ),
    )


def _is_under_way(visit: Visit, at: datetime, debounce: timedelta, timeout: timedelta) -> bool:
    """Tell whether a visit was going on at a time, be it that only a later part of it is known yet.

    Who is scanned when he has just left has not left: that is no new visit.
    """
    if at < visit.arrived_at:
        return visit.arrived_at - at <= timeout
    if visit.departed_at is not None:
        return at - visit.departed_at <= debounce
    return at - visit.last_at <= timeout


def _kinship(visit: Visit, officer: Officer) -> int:
    """Return how surely an officer belongs to those of a visit, 0 if he does not; a correction takes nobody away."""
    party = (*visit.officers, *(check_in.officer for check_in in visit.check_ins))
    if any(officer.is_same(old) for old in party):
        return 3
    if any(officer.is_from(old.unit) for old in party):
        return 2
    return int(officer.is_anonymous or all(old.is_anonymous for old in party))


def _same(visit: Visit, what: CheckIn) -> CheckIn | None:
    """Return the check-in at the same place that is nearest in time and can be the same officer's, None for none."""
    found = (
        old
        for old in visit.check_ins
        if old.checkpoint_id == what.checkpoint_id
        and (old.officer.is_same(what.officer) or not (old.officer.is_known and what.officer.is_known))
    )
    return min(found, key=lambda old: abs(what.at - old.at), default=None)


def _again(visit: Visit, what: CheckIn, debounce: timedelta) -> CheckIn | None:
    """Return the check-in that is made once more, None if there is none."""
    same = _same(visit, what)
    return same if same is not None and abs(what.at - same.at) <= debounce else None


def _nearness(visit: Visit, what: CheckIn, debounce: timedelta) -> timedelta:
    """Return how far within the debounce a check-in is made once more, below nothing if it is not."""
    same = _again(visit, what, debounce)
    return debounce - abs(what.at - same.at) if same is not None else _NOT_AGAIN


def check_out(visit: Visit | None, *, at: datetime, actor: Actor) -> tuple[Event, ...]:
    """Return the departure; nothing if it was said before. Raise RefusedError if nobody is here."""
    if visit is not None and visit.departed_at is not None and not visit.is_void:
        return ()
    if visit is None or not visit.is_open:
        raise RefusedError(Refusal.NO_OPEN_VISIT)
    return (Event(type=EventType.CHECKED_OUT, visit_id=visit.id, at=max(at, visit.last_at), actor=actor),)


def time_out(visit: Visit, *, at: datetime, actor: Actor) -> tuple[Event, ...]:
    """Return the end of a visit of which nothing was heard any more; nothing if it has ended."""
    if not visit.is_open:
        return ()
    return (Event(type=EventType.TIMED_OUT, visit_id=visit.id, at=at, actor=actor),)


def countersign(visit: Visit | None, *, at: datetime, actor: Actor) -> tuple[Event, ...]:
    """Return the gate guard's signature; nothing if it was signed. Raise RefusedError if there is no such visit."""
    if visit is None or visit.is_void:
        raise RefusedError(Refusal.NO_SUCH_VISIT)
    if visit.countersigned is not None:
        return ()
    return (Event(type=EventType.COUNTERSIGNED, visit_id=visit.id, at=at, actor=actor),)


def correct(visit: Visit | None, correction: Correction, *, at: datetime, actor: Actor) -> tuple[Event, ...]:
    """Return a correction, which overwrites nothing; raise RefusedError if there is nothing to correct, or to say."""
    if visit is None:
        raise RefusedError(Refusal.NO_SUCH_VISIT)
    if correction.officer is None and correction.report in (None, Report()) and correction.void is None:
        raise RefusedError(Refusal.NOTHING_TO_CORRECT)
    return (Event(type=EventType.CORRECTED, visit_id=visit.id, at=at, actor=actor, correction=correction),)


def apply(visit: Visit | None, event: Event) -> Visit:
    """Return the visit after the event; the first check-in begins it.

    Raise ValueError for an event that cannot follow (only a damaged journal holds such).
    """
    if event.type is EventType.CHECKED_IN and visit is None:
        after = _begun(event)
    elif visit is None or visit.id != event.visit_id:
        raise ValueError(f"{event.type} of a visit that has not begun")
    else:
        after = replace(_gone_on(visit, event), revision=visit.revision + 1)
    is_alarming = after.report.situation is Situation.INCIDENT and not after.alarming
    return replace(after, alarming=after.revision) if is_alarming else after


def _begun(event: Event) -> Visit:
    """Return a new visit."""
    if event.check_in is None:
        raise ValueError("a check-in without a place")
    return Visit(id=event.visit_id, check_ins=(event.check_in,))


def _gone_on(visit: Visit, event: Event) -> Visit:
    """Return a visit after what happened in it."""
    match event.type:
        case EventType.CHECKED_IN:
            return _checked_in(visit, event)
        case EventType.CHECKED_OUT:
            return replace(visit, departed_at=event.at)
        case EventType.TIMED_OUT:
            return replace(visit, timed_out_at=event.at)
        case EventType.COUNTERSIGNED:
            return replace(visit, countersigned=event)
        case _:
            if event.correction is None:
                raise ValueError("a correction that says nothing")
            return replace(visit, corrections=(*visit.corrections, event))


def _checked_in(visit: Visit, event: Event) -> Visit:
    """Return the visit with one more check-in, or with the same one saying more; who is checked in again is here."""
    if (what := event.check_in) is None:
        raise ValueError("a check-in without a place")
    same = _same(visit, what) if event.again else None
    others = tuple(old for old in visit.check_ins if old is not same)
    merged = what if same is None else _merged(same, what)
    visit = replace(visit, check_ins=tuple(sorted((*others, merged), key=lambda old: old.at)))
    ended_at = visit.departed_at or visit.timed_out_at
    # One that is only handed in late does not bring them back.
    return visit if ended_at is None or event.at <= ended_at else replace(visit, departed_at=None, timed_out_at=None)


def _merged(first: CheckIn, again: CheckIn) -> CheckIn:
    """Return two check-ins of one officer at one place as one: the earlier time, the better proof, both reports."""
    earliest = min(first, again, key=lambda one: (one.at, one.received_at))
    best, other = (again, first) if rank(again.evidence) > rank(first.evidence) else (first, again)
    situation = gravest((first.report.situation, again.report.situation))
    return replace(
        best,
        at=earliest.at,
        received_at=earliest.received_at,
        officer=best.officer.over(other.officer),
        is_fresh=first.is_fresh or again.is_fresh,
        report=replace(again.report.over(first.report), situation=situation),
    )
