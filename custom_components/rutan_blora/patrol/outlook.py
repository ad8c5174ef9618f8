"""How visits stand at a time: expected, overdue, kept. Rules only: no Home Assistant, no clock, no I/O.

An outlook is of one moment and works nothing out twice; what changes the book asks for a new one.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property
from itertools import takewhile
from typing import Final

from .book import Book
from .check_in import CheckIn
from .judgement import Arrival, Compliance, Judgement, compliance, judge, unpredictability
from .plan import MAX_GRACE, Slot, Verdict, slots_of
from .visit import Visit

# How far ahead the next visit is looked for; most plans expect one within a day.
HORIZON: Final = timedelta(days=15)
_DAY: Final = timedelta(days=1)

# What compliance and habits look back on (days), as a month's report does.
COMPLIANCE_DAYS: Final = 30

# From the start of a slot until it closes, at the longest: on a day when the clock is set back, too.
_LONGEST: Final = timedelta(days=1, hours=2) + MAX_GRACE
# Periods leave out their end.
_MOMENT: Final = timedelta(microseconds=1)
# Of several plans that a visit was something to, the best it was.
_RANK: Final = list(Verdict)


class Arrivals:
    """The visits that count, in the order in which they came."""

    def __init__(self, book: Book) -> None:
        self.all = sorted((v for v in book.visits.values() if not v.is_void), key=lambda visit: visit.arrived_at)

    def since(self, at: datetime) -> list[Visit]:
        """Return those that came at a time (UTC) or later."""
        return self.all[bisect_left(self.all, at, key=lambda visit: visit.arrived_at) :]

    @cached_property
    def open(self) -> list[Visit]:
        """Return those that are going on."""
        return [visit for visit in self.all if visit.is_open]

    @cached_property
    def last_check_ins(self) -> dict[str, CheckIn]:
        """Return by checkpoint the latest check-in."""
        found: dict[str, CheckIn] = {}
        for visit in self.all:
            for check_in in visit.check_ins:
                last = found.get(check_in.checkpoint_id)
                if last is None or last.at <= check_in.at:
                    found[check_in.checkpoint_id] = check_in
        return found


class Outcomes:
    """What became of the slots of one plan, earliest first."""

    def __init__(self, judgements: Iterable[Judgement] = ()) -> None:
        self.all = list(judgements)
        self._compliance: dict[datetime, Compliance] = {}
        self._unpredictability: dict[datetime, float | None] = {}

    @cached_property
    def verdicts(self) -> Mapping[str, Verdict]:
        """Return by visit what it was to the plan."""
        return _verdicts(self.all)

    def since(self, at: datetime) -> list[Judgement]:
        """Return those of slots that closed at a time (UTC) or later."""
        return [judgement for judgement in self.all if judgement.slot.closes_at >= at]

    def compliance(self, since: datetime) -> Compliance:
        """Return how the visits came out since a time (UTC)."""
        if since not in self._compliance:
            self._compliance[since] = compliance(self.since(since))
        return self._compliance[since]

    def unpredictability(self, since: datetime) -> float | None:
        """Return how hard the hour of the visits was to foretell since a time (UTC), in percent."""
        if since not in self._unpredictability:
            self._unpredictability[since] = unpredictability(self.since(since))
        return self._unpredictability[since]


class Judged:
    """All that is judged: the outcomes of each plan, and of all."""

    def __init__(self, book: Book) -> None:
        judgements = sorted(book.judgements.values(), key=lambda judgement: judgement.slot.start)
        self.every = Outcomes(judgements)
        by_plan: dict[str, list[Judgement]] = defaultdict(list)
        for judgement in judgements:
            by_plan[judgement.slot.plan_id].append(judgement)
        self.plans = {plan_id: Outcomes(found) for plan_id, found in by_plan.items()}


class Outlook:
    """What a book comes to at a time (UTC), by the clock of its house.

    Slots that closed before `since` (UTC) are judged, as far as they are to be. What an earlier outlook has worked out,
    and nothing has changed since, is taken over from it: its `arrivals` or what is `judged`.
    """

    def __init__(
        self,
        book: Book,
        *,
        zone: tzinfo,
        now: datetime,
        since: datetime,
        arrivals: Arrivals | None = None,
        judged: Judged | None = None,
    ) -> None:
        self.book = book
        self.zone = zone
        self.now = now
        self.since = min(since, now)
        self.arrivals = arrivals or Arrivals(book)
        self.judged = judged or Judged(book)
        self._plans = {plan_id: PlanOutlook(self, plan_id) for plan_id in {*book.versions, *self.judged.plans}}

    def copy(self) -> Outlook:
        """Return the same outlook on a book of its own, which another thread may look at, or fill."""
        return Outlook(self.book.copy(), zone=self.zone, now=self.now, since=self.since)

    def plan(self, plan_id: str) -> PlanOutlook:
        """Return how a plan stands; of one that nobody knows nothing is expected."""
        if (found := self._plans.get(plan_id)) is None:
            found = self._plans[plan_id] = PlanOutlook(self, plan_id)
        return found

    @property
    def plans(self) -> list[PlanOutlook]:
        """Return how each plan stands, those that are no more too."""
        return list(self._plans.values())

    def verdict(self, visit_id: str) -> Verdict:
        """Return what a visit is to the plans as far as it is known now, `unscheduled` if it is nothing to them."""
        found = (plan.verdict(visit_id) for plan in self._plans.values())
        return min((verdict for verdict in found if verdict is not None), key=_RANK.index, default=Verdict.UNSCHEDULED)

    @cached_property
    def next_slot(self) -> Slot | None:
        """Return the window of any plan in which a visit is still expected: one that runs, or the next."""
        found = (plan.next_slot for plan in self._plans.values())
        return min((slot for slot in found if slot is not None), key=lambda slot: slot.start, default=None)

    def compliance(self, plan_id: str | None, days: int) -> Compliance:
        """Return how the visits of a plan, or of all, came out in the windows closed in the last days (see `begin`)."""
        of = self.judged.every if plan_id is None else self.plan(plan_id).outcomes
        return of.compliance(self.begin(days))

    def begin(self, days: int) -> datetime:
        """Return when the last days began (UTC): 1 is today, by the clock of the house."""
        today = self.now.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return (today - timedelta(days=days - 1)).astimezone(UTC)


class PlanOutlook:
    """How one plan stands; `outcomes` are what became of its slots."""

    def __init__(self, outlook: Outlook, plan_id: str) -> None:
        self.id = plan_id
        self.outcomes = outlook.judged.plans.get(plan_id) or Outcomes()
        self._of = outlook
        self._now = outlook.now
        self._book = outlook.book

    @cached_property
    def live(self) -> Mapping[str, Judgement]:
        """Return by slot key how the slots stand that count by now and are not judged yet, earliest closed first."""
        slots = [s for s in self._slots(self._of.since, self._now + _MOMENT) if s.key not in self._book.judgements]
        return judge(slots, self._arrivals(slots, self.outcomes.all))

    @cached_property
    def closed(self) -> list[Judgement]:
        """Return what became of the slots that are over and are not judged yet, in the order in which they closed."""
        return [judgement for judgement in self.live.values() if judgement.slot.closes_at < self._now]

    def verdict(self, visit_id: str) -> Verdict | None:
        """Return what a visit is to this plan as far as it is known now, None if it is nothing to it."""
        return self._live_verdicts.get(visit_id) or self.outcomes.verdicts.get(visit_id)

    @cached_property
    def _live_verdicts(self) -> Mapping[str, Verdict]:
        return _verdicts(self.live.values())

    @cached_property
    def next_slot(self) -> Slot | None:
        """Return the window in which a visit is still expected: one that runs, or the next."""
        # One that runs is judged already if the clock was ahead meanwhile.
        known = (*self.outcomes.since(self._now), *self.live.values())
        short = [j.slot for j in known if j.slot.opens_at <= self._now < j.slot.end and self._is_short(j)]
        return min((*short, *self._coming()), key=lambda slot: slot.start, default=None)

    def _coming(self) -> list[Slot]:
        """Return the slots that nobody can have come to yet; none if the plan expects nobody for long."""
        excuses = self._book.excuses
        near = [slot for slot in self._near if slot.key not in excuses]
        return near or [slot for slot in self._ahead(HORIZON) if slot.key not in excuses]

    @property
    def due(self) -> list[datetime]:
        """Return when something changes within a day without anybody coming (UTC)."""
        ends = (at for j in self.live.values() for at in (j.slot.start, j.slot.end, j.slot.closes_at))
        return [*ends, *(slot.start for slot in self._near)]

    @cached_property
    def _near(self) -> list[Slot]:
        return self._ahead(_DAY)

    def _ahead(self, horizon: timedelta) -> list[Slot]:
        return [slot for slot in self._slots(self._now, self._now + horizon) if slot.opens_at > self._now]

    @cached_property
    def overdue(self) -> Judgement | None:
        """Return how the slot stands whose visits should have come; it stays so until one comes or the next begins."""
        begun = (j for j in (*self.outcomes.all, *self.live.values()) if j.slot.start <= self._now)
        last = max(begun, key=lambda judgement: judgement.slot.start, default=None)
        if last is None or not self._expects or last.slot.end >= self._now or not self._is_short(last):
            return None
        late = self._of.arrivals.since(last.slot.closes_at)
        is_made_up = any(v.arrived_at > last.slot.closes_at and last.slot.checkpoints <= v.checkpoints for v in late)
        return None if is_made_up else last

    @property
    def unpredictability(self) -> float | None:
        """Return how hard the hour of the visits of a month is to foretell, in percent."""
        return self.outcomes.unpredictability(self._of.begin(COMPLIANCE_DAYS))

    def recent(self, since: datetime) -> list[Slot]:
        """Return the slots that have begun to count and closed after a time (UTC), and the last that closed at all."""
        closed = [j for i, j in enumerate(reversed(self.outcomes.all)) if i == 0 or j.slot.closes_at > since]
        return [judgement.slot for judgement in (*closed, *self.live.values())]

    def expected(self, since: datetime, until: datetime) -> list[Judgement]:
        """Return the slots that have to do with a time (UTC), each with what became of it so far, earliest first."""
        known = {**self.live, **self._book.judgements}
        return [known.get(s.key) or judge([s], ())[s.key] for s in self._slots(since, until)]

    def revised(self, *times: datetime) -> list[Judgement]:
        """Return what comes out differently of what was judged of visits that came at these times (UTC).

        What filled another slot stays there.
        """
        touched = {j.slot.key: j for j in self.outcomes.all if any(j.slot.fit(at) for at in times)}
        if not touched:
            return []
        slots = [*(j.slot for j in touched.values()), *(j.slot for j in self.live.values())]
        arrivals = self._arrivals(slots, [j for j in self.outcomes.all if j.slot.key not in touched])
        again = judge(slots, [arrival for arrival in arrivals if any(slot.fit(arrival.at) for slot in slots)])
        return [again[key] for key, judgement in touched.items() if again[key].results != judgement.results]

    @property
    def _expects(self) -> bool:
        """Tell whether the plan still expects anybody at all."""
        plan = self._book.current(self.id)
        return plan is not None and bool(plan.windows or any(override.windows for override in plan.overrides))

    def _is_short(self, judgement: Judgement) -> bool:
        """Tell whether a visit is still to come in a slot."""
        is_excused = judgement.slot.key in self._book.excuses
        return not is_excused and any(result.verdict is Verdict.MISSED for result in judgement.results)

    def _arrivals(self, slots: Collection[Slot], others: Sequence[Judgement]) -> list[Arrival]:
        """Return the visits that slots can be judged by: all but those that filled others."""
        if not slots:
            return []
        since = min(slot.opens_at for slot in slots)
        near = takewhile(lambda judgement: judgement.slot.start > since - _LONGEST, reversed(others))
        used = {result.visit_id for judgement in near for result in judgement.results}
        return [visit.arrival for visit in self._of.arrivals.since(since) if visit.id not in used]

    def _slots(self, since: datetime, until: datetime) -> list[Slot]:
        return slots_of(self._book.versions.get(self.id, ()), self._of.zone, since, until)


def _verdicts(judgements: Iterable[Judgement]) -> dict[str, Verdict]:
    """Return what each visit was that filled a place."""
    return {result.visit_id: result.verdict for j in judgements for result in j.results if result.visit_id}
