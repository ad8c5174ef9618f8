"""The patrol desk: visits in; journal, verdicts and listeners out; timers."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
import logging
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util, ulid as ulid_util

from ..actor import Actor, Origin, RefusedError
from ..journal.record import Draft, Record
from ..journal.store import Journal
from ..listeners import Listeners
from . import visit as rules
from .book import (
    RECORD_EXCUSE,
    RECORD_PLAN,
    RECORD_VERDICT,
    Book,
    excuse_to_body,
    read,
    version_to_body,
)
from .checkpoint import Checkpoint, KnownOfficer
from .plan import Arrival, Judgement, PatrolPlan, Slot, Verdict, Version, judge, slots_of, to_body
from .visit import CheckIn, Correction, Event, Refusal, Visit

_LOGGER = logging.getLogger(__name__)

# What the book holds at hand; compliance looks back 30 days.
MEMORY: Final = timedelta(days=32)
# How long ago the police may have been told of a visit that did not come, for that to be taken back.
NEWS: Final = timedelta(days=2)
# How far ahead the next visit is looked for.
HORIZON: Final = timedelta(days=15)
# A phone's clock may be this far ahead; what was kept on it without a net may be this old.
CLOCK_SLACK: Final = timedelta(minutes=2)
OLDEST_ENTRY: Final = timedelta(days=7)

# Periods leave out their end.
_MOMENT: Final = timedelta(microseconds=1)
_BY_PLAN: Final = Actor(origin=Origin.PLAN)


class PatrolDesk:
    """Keeps the visits and what plans make of them; every command is synchronous."""

    def __init__(
        self,
        hass: HomeAssistant,
        journal: Journal,
        book: Book,
        *,
        checkpoints: Iterable[Checkpoint],
        plans: Iterable[PatrolPlan],
        officers: Iterable[KnownOfficer],
        timeout: timedelta,
    ) -> None:
        self.book = book
        self.checkpoints: Mapping[str, Checkpoint] = {checkpoint.id: checkpoint for checkpoint in checkpoints}
        self.plans: Mapping[str, PatrolPlan] = {plan.id: plan for plan in plans}
        self.officers: Mapping[str, KnownOfficer] = {o.officer.id: o for o in officers if o.officer.id is not None}
        self._hass = hass
        self._journal = journal
        self._timeout = timeout
        self._timer: asyncio.TimerHandle | None = None
        self._visits: Listeners[Event, Visit] = Listeners(hass)
        self._plans: Listeners[[]] = Listeners(hass)
        self._judged: Listeners[Judgement] = Listeners(hass)

    # --- who wants to hear ---

    @callback
    def listen(self, listener: Callable[[Event, Visit], object]) -> CALLBACK_TYPE:
        """Call the listener with everything that happens to a visit."""
        return self._visits.add(listener)

    @callback
    def listen_plans(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener whenever what is expected, due or overdue may have changed."""
        return self._plans.add(listener)

    @callback
    def listen_judged(self, listener: Callable[[Judgement], object]) -> CALLBACK_TYPE:
        """Call the listener with what became of each slot, once it is over."""
        return self._judged.add(listener)

    # --- from set-up to unload ---

    @callback
    def start(self) -> None:
        """Note plans that are new or changed, judge what was over meanwhile, and follow the clock."""
        now = dt_util.utcnow()
        for plan_id in {*self.plans, *self.book.versions}:
            plan = self.plans.get(plan_id)
            if self.book.current(plan_id) != plan:
                self.book.plan(plan_id, Version(since=now, plan=plan))
                self._record(RECORD_PLAN, now, subject=plan_id, body=version_to_body(plan))
        self._tick()

    @callback
    def stop(self) -> None:
        """Follow the clock no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # --- commands ---

    @callback
    def check_in(self, what: CheckIn, actor: Actor) -> Visit:
        """Take in a check-in and return its visit; raise RefusedError if its time cannot be."""
        if what.at > what.received_at + CLOCK_SLACK:
            raise RefusedError(Refusal.TIME_IN_FUTURE)
        if what.at < what.received_at - OLDEST_ENTRY:
            raise RefusedError(Refusal.TIME_TOO_OLD)
        what = replace(what, at=min(what.at, what.received_at))
        events = rules.check_in(
            self.book.visits.values(),
            what,
            new_id=ulid_util.ulid_now(),
            actor=actor,
            debounce=self.checkpoints[what.checkpoint_id].debounce,
            timeout=self._timeout,
        )
        if not events:
            return self._nearest(what)
        return self._take(events, self.book.visits.get(events[0].visit_id))

    def _nearest(self, what: CheckIn) -> Visit:
        """Return the visit that a check-in says nothing new of."""
        return min(
            (v for v in self.book.visits.values() if what.checkpoint_id in v.checkpoints and not v.is_void),
            key=lambda visit: min(abs(what.at - old.at) for old in visit.check_ins),
        )

    @callback
    def check_out(self, actor: Actor, visit_id: str | None = None) -> Visit:
        """Take in that a visit, or the latest that is open, has left; raise RefusedError if there is none."""
        visit = self.find_open(visit_id)
        return self._take(rules.check_out(visit, at=dt_util.utcnow(), actor=actor), visit)

    @callback
    def check_out_at(self, checkpoint_id: str, actor: Actor) -> Visit:
        """Take in that the latest open visit that was checked in at a place has left."""
        found = (v for v in self.book.visits.values() if v.is_open and checkpoint_id in v.checkpoints)
        visit = max(found, key=lambda visit: visit.arrived_at, default=None)
        return self._take(rules.check_out(visit, at=dt_util.utcnow(), actor=actor), visit)

    @callback
    def countersign(self, actor: Actor, visit_id: str | None = None) -> Visit:
        """Take in the gate guard's signature on a visit, or on the latest unsigned; raise RefusedError for none."""
        visit = self.book.visits.get(visit_id) if visit_id is not None else self.unsigned
        return self._take(rules.countersign(visit, at=dt_util.utcnow(), actor=actor), visit)

    @callback
    def correct(self, actor: Actor, visit_id: str, correction: Correction) -> Visit:
        """Take in a correction; raise RefusedError if there is no such visit."""
        visit = self.book.visits.get(visit_id)
        return self._take(rules.correct(visit, correction, at=dt_util.utcnow(), actor=actor), visit)

    @callback
    def excuse(self, actor: Actor, plan_id: str, at: datetime, reason: str) -> Slot:
        """Take the visits expected around a time out of the figures; raise RefusedError if none is."""
        now = dt_util.utcnow()
        around = self._slots(plan_id, at, at + _MOMENT)
        judged = (j.slot for j in self.book.judgements.values() if j.slot.plan_id == plan_id)
        slot = next((slot for slot in (*around, *judged) if slot.start <= at <= slot.end), None)
        if slot is None:
            raise RefusedError(Refusal.NO_SUCH_WINDOW)
        self.book.excuse(slot.key, reason)
        self._record(RECORD_EXCUSE, now, subject=plan_id, body=excuse_to_body(slot, reason, actor))
        self._plans.tell()
        return slot

    # --- what is known ---

    def find_open(self, visit_id: str | None = None) -> Visit | None:
        """Return an open visit: that one, or the latest to arrive."""
        found = (v for v in self.book.visits.values() if v.is_open and visit_id in (None, v.id))
        return max(found, key=lambda visit: visit.arrived_at, default=None)

    @property
    def unsigned(self) -> Visit | None:
        """Return the latest visit that waits for the gate guard's signature, None if there is none."""
        since = dt_util.utcnow() - self._timeout
        found = (
            v for v in self.book.visits.values() if v.countersigned is None and not v.is_void and v.last_at >= since
        )
        return max(found, key=lambda visit: visit.last_at, default=None)

    def location(self, visit: Visit) -> str:
        """Return where the officers of a visit were checked in last."""
        last = visit.check_ins[-1]
        checkpoint = self.checkpoints.get(last.checkpoint_id)
        return checkpoint.location if checkpoint is not None else last.checkpoint

    def last_check_in(self, checkpoint_id: str) -> CheckIn | None:
        """Return the latest check-in at a place that counts."""
        found = (c for v in self.book.visits.values() if not v.is_void for c in v.check_ins)
        here = (check_in for check_in in found if check_in.checkpoint_id == checkpoint_id)
        return max(here, key=lambda check_in: check_in.at, default=None)

    def verdict(self, visit: Visit) -> Verdict:
        """Return what a visit is to the plans as far as it is known now, `unscheduled` if it is nothing to them."""
        at = visit.arrived_at
        for plan_id in self.plans:
            for judgement in self.standing(plan_id, at, at + _MOMENT).values():
                for result in judgement.results:
                    if result.visit_id == visit.id:
                        return result.verdict
        return Verdict.UNSCHEDULED

    def standing(self, plan_id: str, since: datetime, until: datetime) -> dict[str, Judgement]:
        """Return by slot key how the slots of a plan that have to do with a time (UTC) stand now, earliest first.

        Those beside them are judged too: a visit may be late for the one and on time for the next.
        """
        touched = self._slots(plan_id, since, until)
        if not touched:
            return {}
        first, last = touched[0].opens_at, max(slot.closes_at for slot in touched)
        around = self._slots(plan_id, first, last + _MOMENT)
        judged = judge(around, self._arrivals(plan_id, around))
        return {slot.key: judged[slot.key] for slot in touched}

    def _arrivals(self, plan_id: str, around: Collection[Slot]) -> list[Arrival]:
        """Return the visits that slots can be judged by: those that filled another one before are left out."""
        keys = {slot.key for slot in around}
        others = (j for j in self.book.judgements.values() if j.slot.plan_id == plan_id and j.slot.key not in keys)
        used = {result.visit_id for judgement in others for result in judgement.results}
        first, last = min(slot.opens_at for slot in around), max(slot.closes_at for slot in around)
        came = (v for v in self.book.visits.values() if first <= v.arrived_at <= last)
        return [visit.arrival for visit in came if not visit.is_void and visit.id not in used]

    def next_slot(self, plan_id: str | None = None) -> Slot | None:
        """Return the window, of a plan or of all, in which a visit is still expected: one that runs, or the next."""
        now = dt_util.utcnow()
        plans = self.plans if plan_id is None else (plan_id,)
        coming = (j for plan in plans for j in self.standing(plan, now, now + HORIZON).values())
        found = (j.slot for j in coming if j.slot.end > now and self._is_short(j))
        return min(found, key=lambda slot: slot.start, default=None)

    def _is_short(self, judgement: Judgement) -> bool:
        """Tell whether a visit is still to come in a slot."""
        is_excused = judgement.slot.key in self.book.excuses
        return not is_excused and any(result.verdict is Verdict.MISSED for result in judgement.results)

    def overdue(self, plan_id: str) -> Slot | None:
        """Return the slot whose visits should have come by now; it stays so until a visit comes or the next begins."""
        now = dt_util.utcnow()
        past = [j for j in self.standing(plan_id, now - MEMORY, now + _MOMENT).values() if j.slot.start <= now]
        if not past or past[-1].slot.end >= now or not self._is_short(past[-1]):
            return None
        slot = past[-1].slot
        late = (v for v in self.book.visits.values() if not v.is_void and v.arrived_at > slot.closes_at)
        return None if any(slot.checkpoints <= visit.checkpoints for visit in late) else slot

    def judged(self, plan_id: str | None, days: int) -> list[Judgement]:
        """Return what became of the slots closed in the last days: 1 is today, by the house's clock."""
        midnight = dt_util.start_of_local_day()
        since = dt_util.as_utc(midnight - timedelta(days=days - 1))
        return self.book.judged(plan_id, since, dt_util.utcnow() + _MOMENT)

    def expected(self, plan_id: str, since: datetime, until: datetime) -> list[Judgement]:
        """Return the slots of a plan that have to do with a time (UTC), each with what became of it so far."""
        standing = self.standing(plan_id, since, until)
        return [self.book.judgements.get(key, judgement) for key, judgement in standing.items()]

    def running(self, plan_id: str) -> tuple[Visit, frozenset[str]] | None:
        """Return the visit that is on a plan's round now and the checkpoints it has still to come by."""
        plan = self.plans[plan_id]
        visit = self.find_open()
        if visit is None or not plan.checkpoints & visit.checkpoints:
            return None
        return visit, plan.checkpoints - visit.checkpoints

    # --- the clock ---

    @callback
    def _tick(self) -> None:
        """Do what is due, tell that time has passed, and wait for what is due next."""
        now = dt_util.utcnow()
        self._time_out(now)
        for plan_id in self.book.versions:
            self._close(plan_id, now)
        self.book.forget(now - MEMORY)
        self._plans.tell()
        self._wait((self._due(now) - now).total_seconds())

    def _wait(self, delay: float) -> None:
        """Look again after so many seconds."""
        self.stop()
        self._timer = self._hass.loop.call_later(delay, self._tick)

    def _due(self, now: datetime) -> datetime:
        """Return when something is due next; at the latest in an hour, should the clock have been set."""
        times = [now + timedelta(hours=1)]
        for plan_id in self.plans:
            for slot in self._slots(plan_id, now, now + timedelta(hours=2)):
                times += (slot.start, slot.end, slot.closes_at)
        times += (visit.last_at + self._timeout for visit in self.book.visits.values() if visit.is_open)
        # A moment later: what is due at a time is judged after it.
        return min(at for at in times if at > now) + timedelta(milliseconds=10)

    def _time_out(self, now: datetime) -> None:
        """End the visits of which nothing was heard any more."""
        for visit in [v for v in self.book.visits.values() if v.is_open and v.last_at + self._timeout <= now]:
            self._take(rules.time_out(visit, at=now, actor=_BY_PLAN), visit)

    def _close(self, plan_id: str, now: datetime) -> None:
        """Judge the slots of a plan that are over and were not judged yet."""
        since = max(now - MEMORY, self.book.versions[plan_id][0].since)
        over = [s for s in self._slots(plan_id, since, now) if s.closes_at < now]
        due = [slot for slot in over if slot.key not in self.book.judgements]
        if due:
            standing = self.standing(plan_id, due[0].opens_at, now)
            for slot in due:
                self._note(standing[slot.key], now)

    def _note(self, judgement: Judgement, now: datetime) -> None:
        """Put a judgement on record and tell of it."""
        self.book.judge(judgement)
        slot = judgement.slot
        self._record(RECORD_VERDICT, now, subject=slot.plan_id, body=to_body(judgement))
        self._judged.tell(self.book.judgements[slot.key])

    def _slots(self, plan_id: str, since: datetime, until: datetime) -> list[Slot]:
        versions = self.book.versions.get(plan_id, [])
        return slots_of(versions, dt_util.get_default_time_zone(), since, until)

    # --- what happened ---

    def _take(self, events: tuple[Event, ...], visit: Visit | None) -> Visit:
        """Keep what happened to a visit: on record, in the book, to whoever listens."""
        for event in events:
            visit = self.book.visits[event.visit_id] = rules.apply(visit, event)
            subject = event.check_in.checkpoint_id if event.check_in else event.actor.id
            self._record(
                event.type.value, event.at, subject=subject, visit=event.visit_id, body=partial(rules.to_body, event)
            )
            self._visits.tell(event, visit)
        if visit is None:
            raise RefusedError(Refusal.NO_SUCH_VISIT)
        if events:
            self._revise(visit)
            self._wait(0)
        return visit

    def _revise(self, visit: Visit) -> None:
        """Judge anew what was judged before a visit, or a correction of it, was handed in."""
        now, at = dt_util.utcnow(), visit.arrived_at
        for plan_id in self.plans:
            for key, again in self.standing(plan_id, at, at + _MOMENT).items():
                judged = self.book.judgements.get(key)
                if judged is not None and judged.results != again.results:
                    self._note(again, now)

    def _record(
        self,
        kind: str,
        at: datetime,
        *,
        body: Mapping[str, object] | Callable[[], Mapping[str, object]],
        subject: str | None = None,
        visit: str | None = None,
    ) -> None:
        self._journal.append(Draft(kind=kind, at=at, incident=visit, subject=subject, body=body))


def replay(records: Iterable[Record]) -> Book:
    """Return the book that the journal kept; what is damaged is left out and said so, the rest counts."""
    book, damaged = read(records)
    for seq in damaged:
        _LOGGER.error("Record %d of the journal cannot be replayed", seq)
    return book
