"""The patrol desk: visits in; journal, verdicts and listeners out; timers."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from functools import partial
import logging
from typing import TYPE_CHECKING, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util, ulid as ulid_util

from ..actor import Actor, Origin, RefusedError
from ..journal.record import Draft, Record
from ..journal.store import Journal
from ..listeners import Listeners
from . import visit as rules
from .body import event_to_body, judgement_to_body
from .book import RECORD_EXCUSE, RECORD_PLAN, RECORD_VERDICT, Book, excuse_to_body, read, version_to_body
from .check_in import CheckIn
from .checkpoint import Checkpoint, KnownOfficer
from .judgement import Judgement
from .outlook import Arrivals, Judged, Outlook
from .plan import PatrolPlan, Slot, Verdict, Version, slots
from .visit import Correction, Event, Refusal, Visit

_LOGGER = logging.getLogger(__name__)

# What the book holds at hand; compliance looks back 30 days.
MEMORY: Final = timedelta(days=32)
# How long ago the police may have been told of a visit that did not come, for that to be taken back.
NEWS: Final = timedelta(days=2)
# A phone's clock may be this far ahead; what was kept on it without a net may be this old.
CLOCK_SLACK: Final = timedelta(minutes=2)
OLDEST_ENTRY: Final = timedelta(days=7)
# How often it is looked whether something is due, should the clock have been set, and what is over be let go.
LOOK_EVERY: Final = timedelta(minutes=10)
FORGET_EVERY: Final = timedelta(days=1)

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
        self._timeout = timeout
        self._hass = hass
        self._journal = journal
        self._timer: asyncio.Handle | None = None
        self._is_stopped = False
        self._knows_past = True
        # What closed before is judged; at first that is looked for in all that is at hand.
        self._judged_until: datetime | None = None
        self._forgot_at: float | None = None
        self._outlook: Outlook | None = None
        self._arrivals: Arrivals | None = None
        self._outcomes: Judged | None = None
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
    def start(self, *, knows_past: bool = True) -> None:
        """Judge what was over meanwhile, and follow the clock.

        While the past could not be read, nobody knows who has come to a window that runs: a new plan leaves it out.
        """
        self._knows_past = knows_past
        self._tick()

    @callback
    def stop(self) -> None:
        """Follow the clock no more; the next desk does."""
        self._is_stopped = True
        self._rest()

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
            (visit for visit in self.outlook.arrivals.all if what.checkpoint_id in visit.checkpoints),
            key=lambda visit: min(abs(what.at - old.at) for old in visit.check_ins),
        )

    @callback
    def check_out(self, actor: Actor, visit_id: str | None = None) -> Visit:
        """Take in that a visit, or the latest that is open, has left; raise RefusedError if there is none."""
        visit = self.find_open() if visit_id is None else self.book.visits.get(visit_id)
        return self._take(rules.check_out(visit, at=dt_util.utcnow(), actor=actor), visit)

    @callback
    def check_out_at(self, checkpoint_id: str, actor: Actor) -> Visit:
        """Take in that the latest open visit that was checked in at a place has left."""
        found = (visit for visit in reversed(self.outlook.arrivals.open) if checkpoint_id in visit.checkpoints)
        visit = next(found, None)
        return self._take(rules.check_out(visit, at=dt_util.utcnow(), actor=actor), visit)

    @callback
    def countersign(self, actor: Actor, visit_id: str | None = None) -> Visit:
        """Take in the gate guard's signature on a visit, or on the latest; raise RefusedError.

        Who says twice that he signs the latest means one visit, not the one before it as well.
        """
        visit = self.book.visits.get(visit_id) if visit_id is not None else self.latest
        if visit_id is None and visit is not None and visit.countersigned is not None:
            raise RefusedError(Refusal.ALREADY_SIGNED)
        return self._take(rules.countersign(visit, at=dt_util.utcnow(), actor=actor), visit)

    @callback
    def correct(self, actor: Actor, visit_id: str, correction: Correction) -> Visit:
        """Take in a correction; raise RefusedError if there is no such visit."""
        visit = self.book.visits.get(visit_id)
        return self._take(rules.correct(visit, correction, at=dt_util.utcnow(), actor=actor), visit)

    @callback
    def excuse(self, actor: Actor, plan_id: str, at: datetime, reason: str) -> Slot:
        """Take the visits expected around a time out of the figures; raise RefusedError if none is."""
        plan = self.outlook.plan(plan_id)
        around = (j.slot for j in (*plan.expected(at, at + _MOMENT), *plan.outcomes.all))
        slot = next((slot for slot in around if slot.start <= at <= slot.end), None)
        if slot is None:
            raise RefusedError(Refusal.NO_SUCH_WINDOW)
        self.book.excuse(slot.key, reason)
        self._changed(judgements=True)
        self._record(RECORD_EXCUSE, dt_util.utcnow(), subject=plan_id, body=excuse_to_body(slot, reason, actor))
        self._plans.tell()
        return slot

    # --- what is known ---

    @property
    def outlook(self) -> Outlook:
        """Return how the visits stood when something last happened, be it that time had passed."""
        if self._outlook is None:
            now = dt_util.utcnow()
            self._outlook = Outlook(
                self.book,
                zone=dt_util.get_default_time_zone(),
                now=now,
                since=self._judged_until or now - MEMORY,
                arrivals=self._arrivals,
                judged=self._outcomes,
            )
            self._arrivals, self._outcomes = self._outlook.arrivals, self._outlook.judged
        return self._outlook

    def _changed(self, *, visits: bool = False, judgements: bool = False) -> None:
        """Look anew: time has passed, or the book has changed."""
        self._outlook = None
        if visits:
            self._arrivals = None
        if judgements:
            self._outcomes = None

    def find_open(self, visit_id: str | None = None) -> Visit | None:
        """Return an open visit: that one, or the latest to arrive."""
        return next((visit for visit in reversed(self.outlook.arrivals.open) if visit_id in (None, visit.id)), None)

    def is_recent(self, visit: Visit) -> bool:
        """Tell whether the guard at the gate can still know of a visit."""
        return not visit.is_void and visit.last_at + self._timeout > dt_util.utcnow()

    @property
    def latest(self) -> Visit | None:
        """Return the latest visit that the guard at the gate can still know of, None if there is none."""
        found = (visit for visit in self.outlook.arrivals.all if self.is_recent(visit))
        return max(found, key=lambda visit: visit.last_at, default=None)

    def location(self, visit: Visit) -> str:
        """Return where the officers of a visit were checked in last."""
        last = visit.check_ins[-1]
        checkpoint = self.checkpoints.get(last.checkpoint_id)
        return checkpoint.location if checkpoint is not None else last.checkpoint

    def last_check_in(self, checkpoint_id: str) -> CheckIn | None:
        """Return the latest check-in at a place that counts."""
        return self.outlook.arrivals.last_check_ins.get(checkpoint_id)

    def verdict(self, visit: Visit) -> Verdict:
        """Return what a visit is to the plans as far as it is known now, `unscheduled` if it is nothing to them."""
        return self.outlook.verdict(visit.id)

    def next_slot(self, plan_id: str | None = None) -> Slot | None:
        """Return the window, of a plan or of all, in which a visit is still expected: one that runs, or the next."""
        return self.outlook.next_slot if plan_id is None else self.outlook.plan(plan_id).next_slot

    def overdue(self, plan_id: str) -> Judgement | None:
        """Return how the slot stands whose visits should have come; it stays so until one comes or the next begins."""
        return self.outlook.plan(plan_id).overdue

    def running(self, plan_id: str) -> tuple[Visit, frozenset[str]] | None:
        """Return the latest visit that is on a plan's round now and the checkpoints it has still to come by."""
        places = self.plans[plan_id].checkpoints
        visit = next((visit for visit in reversed(self.outlook.arrivals.open) if places & visit.checkpoints), None)
        return (visit, places - visit.checkpoints) if visit is not None else None

    # --- the clock ---

    @callback
    def _tick(self) -> None:
        """Do what is due, tell that time has passed, and wait for what is due next."""
        # Whatever happens: time goes on.
        self._wait(LOOK_EVERY.total_seconds())
        now = dt_util.utcnow()
        self._changed()
        self._note_plans(now)
        self._time_out(now)
        self._close(now)
        self._forget(now)
        self._plans.tell()
        self._wait((self._due(now) - now).total_seconds())

    def _wait(self, delay: float) -> None:
        """Look again after so many seconds."""
        self._rest()
        if not self._is_stopped:
            self._timer = self._hass.loop.call_later(delay, self._tick)

    def _look_soon(self) -> None:
        """Look again as soon as what has just happened is taken in."""
        self._rest()
        if not self._is_stopped:
            self._timer = self._hass.loop.call_soon(self._tick)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self, now: datetime) -> datetime:
        """Return when something is due next, at the latest when it is looked anyway."""
        times = [now + LOOK_EVERY]
        times += (at for plan in self.outlook.plans for at in plan.due)
        times += (visit.last_at + self._timeout for visit in self.outlook.arrivals.open)
        # A moment later: what is due at a time is judged after it.
        return min(at for at in times if at > now) + timedelta(milliseconds=10)

    def _note_plans(self, now: datetime) -> None:
        """Note plans that are new, changed or no more, and by which clock they are from now on."""
        zone = dt_util.get_default_time_zone()
        for plan_id in {*self.plans, *self.book.versions}:
            plan = self.plans.get(plan_id)
            last = next(reversed(self.book.versions.get(plan_id, ())), None)
            is_noted = last is not None and last.plan == plan and (plan is None or str(last.zone) == str(zone))
            if not is_noted:
                since = now if plan is None or self._knows_past else _free_from(plan, zone, now)
                self.book.plan(plan_id, Version(since=since, plan=plan, zone=zone))
                self._record(RECORD_PLAN, since, subject=plan_id, body=version_to_body(plan, zone))

    def _time_out(self, now: datetime) -> None:
        """End the visits of which nothing was heard any more."""
        for visit in [visit for visit in self.outlook.arrivals.open if visit.last_at + self._timeout <= now]:
            self._take(rules.time_out(visit, at=now, actor=_BY_PLAN), visit)

    def _close(self, now: datetime) -> None:
        """Judge the slots that are over and were not judged yet."""
        for judgement in [judgement for plan in self.outlook.plans for judgement in plan.closed]:
            self._note(judgement, now)
        self._judged_until = now
        self._changed()

    def _forget(self, now: datetime) -> None:
        """Let go of what is over for long, now and then by a clock that nobody sets; the journal has it."""
        passed = self._hass.loop.time()
        if self._forgot_at is None or passed - self._forgot_at >= FORGET_EVERY.total_seconds():
            self._forgot_at = passed
            self.book.forget(now - MEMORY)
            self._changed(visits=True, judgements=True)

    def _note(self, judgement: Judgement, now: datetime) -> None:
        """Put a judgement on record and tell of it."""
        self.book.judge(judgement)
        self._changed(judgements=True)
        slot = judgement.slot
        self._record(RECORD_VERDICT, now, subject=slot.plan_id, body=judgement_to_body(judgement))
        self._judged.tell(self.book.judgements[slot.key])

    # --- what happened ---

    def _take(self, events: tuple[Event, ...], visit: Visit | None) -> Visit:
        """Keep what happened to a visit: on record, in the book, to whoever listens."""
        before = visit
        for event in events:
            visit = self.book.visits[event.visit_id] = rules.apply(visit, event)
            subject = event.check_in.checkpoint_id if event.check_in else event.actor.id
            self._record(
                event.type.value, event.at, subject=subject, visit=event.visit_id, body=partial(event_to_body, event)
            )
            self._visits.tell(event, visit)
        if TYPE_CHECKING:
            # A command that finds no visit begins one or is refused.
            assert visit is not None
        if events:
            self._changed(visits=True)
            self._revise(before, visit)
            self._look_soon()
        return visit

    def _revise(self, before: Visit | None, after: Visit) -> None:
        """Judge anew what was judged before a visit, or a correction of it, was handed in."""
        if before is not None and (before.arrival, before.is_void) == (after.arrival, after.is_void):
            return
        times = {visit.arrived_at for visit in (before, after) if visit is not None}
        now = dt_util.utcnow()
        for judgement in [again for plan in self.outlook.plans for again in plan.revised(*times)]:
            self._note(judgement, now)

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


def _free_from(plan: PatrolPlan, zone: tzinfo, now: datetime) -> datetime:
    """Return from when on no window of a plan runs that runs now."""
    ends = [slot.end + _MOMENT for slot in slots(plan, zone, now, now + _MOMENT) if slot.start <= now]
    return max([now, *ends])


def replay(records: Iterable[Record]) -> Book:
    """Return the book that the journal kept; what is damaged is left out and said so, the rest counts."""
    book, damaged = read(records)
    for seq in damaged:
        _LOGGER.error("Record %d of the journal cannot be replayed", seq)
    return book
