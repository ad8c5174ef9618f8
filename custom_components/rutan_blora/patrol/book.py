"""The book of visits: what the journal's records of them add up to. Rules only: no Home Assistant, no clock, no I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from ..actor import Actor
from ..journal.record import Record, stored_time
from .body import event_from_body, judgement_from_body, plan_from_body, plan_to_body
from .judgement import Judgement
from .plan import PatrolPlan, Slot, Version
from .visit import EventType, Visit, apply

RECORD_VERDICT: Final = "patrol_verdict"
RECORD_EXCUSE: Final = "patrol_excused"
RECORD_PLAN: Final = "patrol_planned"

VISIT_KINDS: Final = frozenset(event.value for event in EventType)
# All that the book is made of.
KINDS: Final = VISIT_KINDS | {RECORD_VERDICT, RECORD_EXCUSE, RECORD_PLAN}


@dataclass(kw_only=True, slots=True)
class Book:
    """Visits by id, judgements by slot key (the latest of each, with its excuse), and how each plan was over time."""

    visits: dict[str, Visit] = field(default_factory=dict)
    judgements: dict[str, Judgement] = field(default_factory=dict)
    excuses: dict[str, str] = field(default_factory=dict)
    versions: dict[str, list[Version]] = field(default_factory=dict)

    def take(self, record: Record) -> None:
        """Take in a record; raise ValueError, and change nothing, if it is damaged. Foreign kinds are passed over."""
        if record.kind in VISIT_KINDS:
            event = event_from_body(record.kind, _named(record.incident), record.time, record.load())
            self.visits[event.visit_id] = apply(self.visits.get(event.visit_id), event)
        elif record.kind == RECORD_VERDICT:
            self.judge(judgement_from_body(record.load()))
        elif record.kind == RECORD_EXCUSE:
            self.excuse(*_excuse(record.load()))
        elif record.kind == RECORD_PLAN:
            self.plan(_named(record.subject), _version(record))

    def recall(self, earlier: Book) -> None:
        """Take in what an earlier book holds; what this one has outdoes it."""
        self.visits = {**earlier.visits, **self.visits}
        self.judgements = {**earlier.judgements, **self.judgements}
        for key, reason in {**earlier.excuses, **self.excuses}.items():
            self.excuse(key, reason)
        for plan_id, versions in earlier.versions.items():
            self.versions[plan_id] = [*versions, *self.versions.get(plan_id, [])]

    def copy(self) -> Book:
        """Return a book that goes on apart from this one."""
        return Book(
            visits=dict(self.visits),
            judgements=dict(self.judgements),
            excuses=dict(self.excuses),
            versions={plan_id: list(versions) for plan_id, versions in self.versions.items()},
        )

    def judge(self, judgement: Judgement) -> None:
        """Note what became of a slot; what was judged before is outdone."""
        key = judgement.slot.key
        self.judgements[key] = replace(judgement, excused=self.excuses.get(key))

    def excuse(self, key: str, reason: str) -> None:
        """Note why the visits of a slot do not count, be it before or after they were due."""
        self.excuses[key] = reason
        if (judgement := self.judgements.get(key)) is not None:
            self.judgements[key] = replace(judgement, excused=reason)

    def plan(self, plan_id: str, version: Version) -> None:
        """Note how a plan is from now on."""
        self.versions.setdefault(plan_id, []).append(version)

    def current(self, plan_id: str) -> PatrolPlan | None:
        """Return a plan as it was last, None if there is none."""
        versions = self.versions.get(plan_id)
        return versions[-1].plan if versions else None

    def judged(self, plan_id: str | None, since: datetime, until: datetime) -> list[Judgement]:
        """Return the judgements of slots closed from `since` to before `until` (UTC), of one plan or of all."""
        found = (j for j in self.judgements.values() if plan_id in (None, j.slot.plan_id))
        return sorted((j for j in found if since <= j.slot.closes_at < until), key=lambda j: j.slot.start)

    def arrived(self, since: datetime, until: datetime) -> list[Visit]:
        """Return the visits that arrived from `since` to before `until` (UTC), earliest first; void ones too."""
        found = (visit for visit in self.visits.values() if since <= visit.arrived_at < until)
        return sorted(found, key=lambda visit: visit.arrived_at)

    def is_scheduled(self, visit_id: str) -> bool:
        """Tell whether a visit filled a place of some slot."""
        return any(visit_id == result.visit_id for j in self.judgements.values() for result in j.results)

    def forget(self, before: datetime) -> None:
        """Let go of what was over before a time (UTC); the journal has it."""
        self.visits = {i: v for i, v in self.visits.items() if v.is_open or v.last_at >= before}
        self.judgements = {k: j for k, j in self.judgements.items() if j.slot.closes_at >= before}
        # One that was judged may be judged anew.
        self.excuses = {k: why for k, why in self.excuses.items() if k in self.judgements or _start_of(k) >= before}


def read(records: Iterable[Record]) -> tuple[Book, list[int]]:
    """Return the book that records add up to, and the numbers of those that are damaged.

    Of a visit that began before the first of them nothing is known.
    """
    # In the order of the journal, not of their times: what is handed in late comes after what it belongs to.
    records = sorted(records, key=lambda record: record.seq)
    begun = {record.incident for record in records if record.kind == EventType.CHECKED_IN}
    book, damaged = Book(), []
    for record in records:
        if record.kind in VISIT_KINDS and record.incident not in begun:
            continue
        try:
            book.take(record)
        except ValueError:
            damaged.append(record.seq)
    return book, damaged


def excuse_to_body(slot: Slot, reason: str, actor: Actor) -> dict[str, Any]:
    """Return what the journal keeps of an excuse."""
    return {"slot": slot.key, "reason": reason, "actor": actor.to_body()}


def _excuse(body: Mapping[str, Any]) -> tuple[str, str]:
    """Return the slot's key and the reason; raise ValueError if that is no excuse."""
    match body:
        case {"slot": str(key), "reason": str(reason)}:
            _start_of(key)
            return key, reason
    raise ValueError("not an excuse")


def _start_of(key: str) -> datetime:
    """Return when the slot of a key starts (UTC); raise ValueError if it is none."""
    return stored_time(key.rpartition(" ")[2])


def _named(name: str | None) -> str:
    """Return whom a record is about; raise ValueError if it does not say."""
    if not name:
        raise ValueError("a record of nobody")
    return name


def version_to_body(plan: PatrolPlan | None, zone: tzinfo | None = None) -> dict[str, Any]:
    """Return what the journal keeps of a plan as it is from now on, by the clock of a zone; None that there is none."""
    return {"plan": plan_to_body(plan) if plan is not None else None, "zone": str(zone) if zone is not None else None}


def _version(record: Record) -> Version:
    """Return how a plan is from a record on; raise ValueError if it does not say."""
    body = record.load()
    zone = _zone(body.get("zone"))
    match body:
        case {"plan": None}:
            return Version(since=record.time, plan=None, zone=zone)
        case {"plan": dict(plan)}:
            return Version(since=record.time, plan=plan_from_body(_named(record.subject), plan), zone=zone)
    raise ValueError("not a plan")


def _zone(name: object) -> ZoneInfo | None:
    """Return a time zone by its name, None if none was said; raise ValueError if there is none of that name."""
    if name is None:
        return None
    try:
        return ZoneInfo(str(name))
    except (KeyError, OSError) as err:
        raise ValueError("not a time zone") from err
