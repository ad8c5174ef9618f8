"""The visit: from the arrival to the departure. Rules only: no Home Assistant, no clock, no I/O.

As with an incident, commands (`check_in`, `check_out`, `countersign`, `correct`) return the events that follow from
them, none if nothing changes; `apply` folds an event into the visit. The journal keeps the events.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import voluptuous as vol

from ..actor import Actor, RefusedError, actor_from_body
from ..journal.record import stored_time
from .plan import Arrival

# What was taken in longer after it happened is shown as handed in late.
LATE_ENTRY: Final = timedelta(minutes=2)

# Less than any debounce.
_NOT_AGAIN: Final = timedelta(microseconds=-1)


class Evidence(StrEnum):
    """What proves that somebody was there, weakest first."""

    TYPED = "typed"
    BUTTON = "button"
    QR = "qr"
    TAG = "tag"
    TAG_IN_ZONE = "tag_in_zone"
    COUNTERSIGNED = "countersigned"


class Situation(StrEnum):
    """How the officers found the house, gravest last: aman, aman dengan catatan, ada kejadian."""

    SAFE = "safe"
    REMARKS = "remarks"
    INCIDENT = "incident"


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


_EVIDENCE: Final = list(Evidence)
_SITUATIONS: Final = list(Situation)


@dataclass(frozen=True, kw_only=True, slots=True)
class Officer:
    """Who came; `id` is the police device or officer of his phone, card or PIN, None if he only said so."""

    name: str = ""
    rank: str = ""
    nrp: str = ""
    unit: str = ""
    id: str | None = None

    @property
    def title(self) -> str:
        """Return rank and name, as he is called."""
        return " ".join(filter(None, (self.rank, self.name)))

    @property
    def is_known(self) -> bool:
        """Tell whether it is said at all who he is."""
        return bool(self.id or self.name or self.nrp)

    @property
    def is_anonymous(self) -> bool:
        """Tell whether nothing is said of him, not even where he is from."""
        return not self.is_known and not self.unit

    def is_same(self, other: Officer) -> bool:
        """Tell whether both are the same officer, as far as one can tell; one unnamed is nobody's double.

        One may have a phone and a card, each with an id of its own; two may have the same name.
        """
        if self.id and self.id == other.id:
            return True
        if self.nrp and other.nrp:
            return self.nrp == other.nrp
        if self.id and other.id:
            return False
        is_name_same = bool(self.name) and self.name.casefold() == other.name.casefold()
        return is_name_same and (not self.unit or not other.unit or self.is_from(other.unit))

    def is_from(self, unit: str) -> bool:
        """Tell whether he is of a unit, however it is spelt."""
        return bool(unit) and self.unit.casefold() == unit.casefold()

    def over(self, other: Officer) -> Officer:
        """Return this officer, filled in with what another check-in of his says."""
        return Officer(**{f.name: getattr(self, f.name) or getattr(other, f.name) for f in fields(self)})


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What the officers say of their visit; empty is not said. `photo` is the SHA-256 (hex) of the picture kept."""

    situation: Situation | None = None
    note: str = ""
    personnel: int | None = None
    vehicle: str = ""
    photo: str | None = None

    def over(self, earlier: Report) -> Report:
        """Return this report, filled in with what an earlier one said."""
        said = {f.name: getattr(self, f.name) or getattr(earlier, f.name) for f in fields(self)}
        return Report(**said)


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckIn:
    """One scan: where, when it happened and when it was taken in (UTC), who, how it is proved, what was said.

    `is_fresh` says that the code scanned was shown at the gate just then, so that no photograph of it would do.
    """

    checkpoint_id: str
    checkpoint: str
    at: datetime
    received_at: datetime
    officer: Officer = field(default_factory=Officer)
    evidence: Evidence = Evidence.TYPED
    is_fresh: bool = False
    report: Report = field(default_factory=Report)

    @property
    def is_late_entry(self) -> bool:
        """Tell whether it was handed in later than it happened."""
        return self.received_at - self.at > LATE_ENTRY

    def adds_to(self, other: CheckIn) -> bool:
        """Tell whether it says anything that another of the same officer and place does not."""
        is_better = rank(self.evidence) > rank(other.evidence) or (self.is_fresh and not other.is_fresh)
        is_fuller = other.officer.over(self.officer) != other.officer
        return is_better or is_fuller or self.report.over(other.report) != other.report


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
        said = replace(said, situation=_gravest(check_in.report.situation for check_in in self.check_ins))
        for event in self.corrections:
            if event.correction is not None and event.correction.report is not None:
                said = event.correction.report.over(said)
        return said

    @property
    def arrival(self) -> Arrival:
        """Return the visit as a plan sees it."""
        first = {check_in.checkpoint_id: check_in.at for check_in in reversed(self.check_ins)}
        return Arrival(visit_id=self.id, at=self.arrived_at, checkpoints=first)


def _gravest(said: Iterable[Situation | None]) -> Situation | None:
    """Return the gravest that was said: only a correction takes back that something happened."""
    return max((situation for situation in said if situation is not None), key=_SITUATIONS.index, default=None)


def rank(evidence: Evidence) -> int:
    """Return how much a proof is worth beside others."""
    return _EVIDENCE.index(evidence)


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
    situation = _gravest((first.report.situation, again.report.situation))
    return replace(
        best,
        at=earliest.at,
        received_at=earliest.received_at,
        officer=best.officer.over(other.officer),
        is_fresh=first.is_fresh or again.is_fresh,
        report=replace(again.report.over(first.report), situation=situation),
    )


def to_body(event: Event) -> dict[str, Any]:
    """Return what the journal keeps of an event beside its kind, visit and time."""
    body: dict[str, Any] = {"actor": event.actor.to_body()}
    if (what := event.check_in) is not None:
        body["again"] = event.again
        body["check_in"] = {
            "checkpoint_id": what.checkpoint_id,
            "checkpoint": what.checkpoint,
            "received_at": what.received_at.isoformat(),
            "officer": asdict(what.officer),
            "evidence": what.evidence.value,
            "is_fresh": what.is_fresh,
            "report": asdict(what.report),
        }
    if (correction := event.correction) is not None:
        body["correction"] = asdict(correction)
    return body


def from_body(kind: str, visit_id: str, at: datetime, body: Mapping[str, Any]) -> Event:
    """Return the event that the journal kept; raise ValueError if it is none."""
    try:
        kept = _BODY(body)
    except vol.Invalid as err:
        raise ValueError(f"not an event: {err}") from err
    return Event(
        type=EventType(kind),
        visit_id=visit_id,
        at=at,
        actor=kept["actor"],
        check_in=CheckIn(at=at, **kept["check_in"]) if "check_in" in kept else None,
        again=kept.get("again", False),
        correction=Correction(**kept["correction"]) if "correction" in kept else None,
    )


_TEXT_OR_NONE: Final = vol.Any(str, None)
_OFFICER: Final = vol.All(
    vol.Schema({"name": str, "rank": str, "nrp": str, "unit": str, "id": _TEXT_OR_NONE}, required=True),
    lambda kept: Officer(**kept),
)
_REPORT: Final = vol.All(
    vol.Schema(
        {
            "situation": vol.Any(None, vol.Coerce(Situation)),
            "note": str,
            "personnel": vol.Any(None, int),
            "vehicle": str,
            "photo": _TEXT_OR_NONE,
        },
        required=True,
    ),
    lambda kept: Report(**kept),
)
_BODY: Final = vol.Schema(
    {
        vol.Required("actor"): vol.All(dict, actor_from_body),
        "again": bool,
        "check_in": vol.Schema(
            {
                "checkpoint_id": str,
                "checkpoint": str,
                "received_at": stored_time,
                "officer": _OFFICER,
                "evidence": vol.Coerce(Evidence),
                "is_fresh": bool,
                "report": _REPORT,
            },
            required=True,
        ),
        "correction": vol.Schema(
            {
                "officer": vol.Any(None, _OFFICER),
                "report": vol.Any(None, _REPORT),
                "void": vol.Any(None, bool),
                "reason": str,
            },
            required=True,
        ),
    },
    extra=vol.REMOVE_EXTRA,
)
