"""What became of expected visits, and what that adds up to. Rules only: no Home Assistant, no clock, no I/O."""

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise, product
from typing import Final

from .plan import Slot, Verdict

# Two arrivals at random in a window are this share of it apart on average.
_RANDOM_DISTANCE: Final = 1 / 3
# Fewer arrivals say nothing of a habit.
MIN_ARRIVALS: Final = 5


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
        seen = (place for place, at in self.checkpoints.items() if at <= slot.closes_at)
        return slot.checkpoints.intersection(seen)


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


def _fill(slots: Collection[Slot], arrivals: Sequence[Arrival]) -> dict[str, list[Arrival]]:
    """Return by slot key who fills its places; `arrivals` are in order."""
    places: dict[str, list[Arrival]] = {slot.key: [] for slot in slots}
    for is_whole, (verdict, deadline) in product((True, False), _DEADLINES.items()):
        free = (slot for slot in slots if len(places[slot.key]) < slot.visits)
        by_deadline = sorted(free, key=lambda slot: (deadline(slot), slot.start))
        arrivals = [a for a in arrivals if not _place(a, verdict, by_deadline, places, whole=is_whole)]
    return places


def _place(
    arrival: Arrival, verdict: Verdict, expected: Iterable[Slot], places: dict[str, list[Arrival]], *, whole: bool
) -> bool:
    """Put an arrival into the first slot with room in which it would come out so; tell whether there was one."""
    for slot in expected:
        taken = places[slot.key]
        if len(taken) == slot.visits or slot.fit(arrival.at) is not verdict:
            continue
        seen = arrival.seen(slot)
        fits = seen == slot.checkpoints if whole else bool(seen)
        if fits:
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
