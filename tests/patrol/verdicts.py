"""The edge cases of verdicts, once: the tests judge them, `python -m tests.patrol.verdicts` writes the docs' page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from custom_components.rutan_blora.patrol.book import Book
from custom_components.rutan_blora.patrol.judgement import Judgement, judge, unpredictability
from custom_components.rutan_blora.patrol.plan import Override, PatrolPlan, Slot, Verdict, Version, Window, slots_of
from custom_components.rutan_blora.patrol.visit import Visit

from .common import BERLIN, DAY, GATE, HOUR, TOWER, WIB, a_plan, a_scan, a_slot, a_visit, a_window, an_arrival

PAGE: Final = Path(__file__).parents[2] / "docs" / "patrol-verdicts.md"

# Each case is about one day, the next at the most; what holds before it was made long ago.
LONG_AGO: Final = datetime(2026, 1, 1, tzinfo=UTC)
MONDAY: Final = frozenset({0})
SUNDAY: Final = frozenset({6})
DAYS: Final = {"Mon": date(2026, 3, 2), "Tue": date(2026, 3, 3)}
SPRING: Final = {"Sun": date(2026, 3, 29)}
AUTUMN: Final = {"Sun": date(2026, 10, 25)}


@dataclass(frozen=True, kw_only=True)
class Came:
    """A visit, by the house's clock; `again` is the second time that a clock shows that time."""

    at: str
    places: tuple[tuple[str, str], ...] = ()
    handed_in: str | None = None
    again: bool = False

    @property
    def told(self) -> str:
        """Say when it came, and what is special."""
        rounds = [f"{at} at the {place}" for place, at in self.places]
        late = [f"handed in {self.handed_in}"] if self.handed_in else []
        special = ", ".join([*rounds, *late, *(["the second time"] if self.again else [])])
        return f"{self.at} ({special})" if special else self.at


@dataclass(frozen=True, kw_only=True)
class Case:
    """What was expected, who came, and what is to become of it; `windows` and `visits` say it as the page does.

    The plan was made long ago, or when `made` says; `edits` are what became of it later, and when.
    """

    name: str
    plan: PatrolPlan
    came: tuple[Came, ...]
    visits: tuple[str, ...]
    windows: dict[str, str]
    percent: float | None
    made: str | None = None
    edits: tuple[tuple[str, PatrolPlan | None], ...] = ()
    excused: str | None = None
    zone: ZoneInfo = WIB
    days: dict[str, date] | None = None


def moment(case: Case, text: str, *, again: bool = False) -> datetime:
    """Return a time as people write it ("Mon 08:00") in UTC."""
    day, clock = text.split()
    local = datetime.fromisoformat(f"{(case.days or DAYS)[day]} {clock}")
    return local.replace(tzinfo=case.zone, fold=int(again)).astimezone(UTC)


def visits_of(case: Case) -> list[Visit]:
    """Return the visits that came, each checked in as it would be."""
    return [_visit(case, came, str(number)) for number, came in enumerate(case.came)]


def _visit(case: Case, came: Came, visit_id: str) -> Visit:
    at = moment(case, came.at, again=came.again)
    received_at = moment(case, came.handed_in) if came.handed_in else None
    day = came.at.split()[0]
    later = [a_scan(moment(case, f"{day} {clock}"), place=place) for place, clock in came.places]
    return a_visit(a_scan(at, received_at=received_at), *later, visit_id=visit_id)


def book_of(case: Case) -> Book:
    """Return the book with all that the case tells, judged."""
    book = Book(visits={visit.id: visit for visit in visits_of(case)})
    versions = [
        Version(since=moment(case, case.made) if case.made else LONG_AGO, plan=case.plan),
        *(Version(since=moment(case, at), plan=plan) for at, plan in case.edits),
    ]
    first = min((case.days or DAYS).values())
    start = datetime.combine(first, datetime.min.time(), case.zone)
    expected = slots_of(versions, case.zone, (start - HOUR).astimezone(UTC), (start + 2 * DAY).astimezone(UTC))
    for judgement in judge(expected, (visit.arrival for visit in book.visits.values())).values():
        book.judge(judgement)
        if case.excused:
            book.excuse(judgement.slot.key, case.excused)
    return book


def judged(book: Book) -> list[Judgement]:
    """Return all that was judged."""
    return sorted(book.judgements.values(), key=lambda judgement: judgement.slot.start)


def said_of_windows(case: Case, book: Book) -> dict[str, str]:
    """Say what became of each window."""
    return {_label(case, j.slot): _verdicts(j) for j in judged(book)}


def said_of_visits(case: Case, book: Book) -> tuple[str, ...]:
    """Say what each visit came to."""
    return tuple(_said_of(visit, book) for visit in visits_of(case))


def _said_of(visit: Visit, book: Book) -> str:
    results = (result for j in book.judgements.values() for result in j.results)
    verdict = next((r.verdict for r in results if r.visit_id == visit.id), Verdict.UNSCHEDULED)
    return f"{verdict}, late entry" if visit.is_late_entry else verdict.value


def _label(case: Case, slot: Slot) -> str:
    start, end = slot.start.astimezone(case.zone), slot.end.astimezone(case.zone)
    return f"{start:%a %H:%M}–{end:%H:%M}"


def _verdicts(judgement: Judgement) -> str:
    verdicts = ", ".join(result.verdict for result in judgement.results)
    return f"{verdicts}; excused" if judgement.excused is not None else verdicts


def said_of_compliance(percent: float | None) -> str:
    """Say how many came on time."""
    return "–" if percent is None else f"{percent:.0f} %"


MORNING: Final = a_plan("08:00-10:00", weekdays=MONDAY)
LABEL: Final = "Mon 08:00–10:00"
NIGHT: Final = a_plan("22:00-02:00", weekdays=MONDAY)
TWO: Final = a_plan(a_window("08:00-10:00", visits=2), weekdays=MONDAY)
NEIGHBOURS: Final = a_plan("08:00-10:00", "10:30-12:00", weekdays=MONDAY, grace=HOUR)
ROUND: Final = a_plan("08:00-10:00", weekdays=MONDAY, checkpoints=(GATE, TOWER))
EVENING: Final = a_plan("20:00-23:00", weekdays=MONDAY)


def _simple(name: str, at: str, verdict: str, window: str | None = None) -> Case:
    """Give the case of one visit and the window from 8 to 10."""
    window = window or verdict
    percent = 100.0 if window == "on_time" else 0.0
    came = (Came(at=at),)
    return Case(name=name, plan=MORNING, came=came, visits=(verdict,), windows={LABEL: window}, percent=percent)


CASES: Final = (
    _simple("before grace", "Mon 07:29:59", "unscheduled", "missed"),
    _simple("grace's first second", "Mon 07:30", "early"),
    _simple("the second before the start", "Mon 07:59:59", "early"),
    _simple("the start", "Mon 08:00", "on_time"),
    _simple("the end", "Mon 10:00", "on_time"),
    _simple("the second after the end", "Mon 10:00:01", "late"),
    _simple("grace's last second", "Mon 10:30", "late"),
    _simple("after grace", "Mon 10:30:01", "unscheduled", "missed"),
    _simple("another weekday", "Tue 09:00", "unscheduled", "missed"),
    Case(name="nobody", plan=MORNING, came=(), visits=(), windows={LABEL: "missed"}, percent=0),
    Case(
        name="over midnight, before it",
        plan=NIGHT,
        came=(Came(at="Mon 22:00"),),
        visits=("on_time",),
        windows={"Mon 22:00–02:00": "on_time"},
        percent=100,
    ),
    Case(
        name="over midnight, after it: the window is still Monday's",
        plan=NIGHT,
        came=(Came(at="Tue 01:59"),),
        visits=("on_time",),
        windows={"Mon 22:00–02:00": "on_time"},
        percent=100,
    ),
    Case(
        name="over midnight, late on the next day",
        plan=NIGHT,
        came=(Came(at="Tue 02:30"),),
        visits=("late",),
        windows={"Mon 22:00–02:00": "late"},
        percent=0,
    ),
    Case(
        name="a window that ends at midnight",
        plan=a_plan("20:00-00:00", weekdays=MONDAY),
        came=(Came(at="Tue 00:00"),),
        visits=("on_time",),
        windows={"Mon 20:00–00:00": "on_time"},
        percent=100,
    ),
    Case(
        name="two visits, two expected",
        plan=TWO,
        came=(Came(at="Mon 08:10"), Came(at="Mon 09:40")),
        visits=("on_time", "on_time"),
        windows={LABEL: "on_time, on_time"},
        percent=100,
    ),
    Case(
        name="one visit, two expected",
        plan=TWO,
        came=(Came(at="Mon 08:10"),),
        visits=("on_time",),
        windows={LABEL: "on_time, missed"},
        percent=50,
    ),
    Case(
        name="one too many: the first to come counts",
        plan=MORNING,
        came=(Came(at="Mon 08:10"), Came(at="Mon 09:40")),
        visits=("on_time", "unscheduled"),
        windows={LABEL: "on_time"},
        percent=100,
    ),
    Case(
        name="one early, one on time: on time comes first",
        plan=MORNING,
        came=(Came(at="Mon 07:45"), Came(at="Mon 09:00")),
        visits=("unscheduled", "on_time"),
        windows={LABEL: "on_time"},
        percent=100,
    ),
    Case(
        name="graces overlap, the first window is empty: late for it",
        plan=NEIGHBOURS,
        came=(Came(at="Mon 10:15"),),
        visits=("late",),
        windows={LABEL: "late", "Mon 10:30–12:00": "missed"},
        percent=0,
    ),
    Case(
        name="graces overlap, the first window is filled: early for the next",
        plan=NEIGHBOURS,
        came=(Came(at="Mon 09:00"), Came(at="Mon 10:15")),
        visits=("on_time", "early"),
        windows={LABEL: "on_time", "Mon 10:30–12:00": "early"},
        percent=50,
    ),
    Case(
        name="in a window and in the last one's grace: on time, not late",
        plan=NEIGHBOURS,
        came=(Came(at="Mon 10:45"),),
        visits=("on_time",),
        windows={LABEL: "missed", "Mon 10:30–12:00": "on_time"},
        percent=50,
    ),
    Case(
        name="a window that begins when another ends: the first that is empty",
        plan=a_plan("08:00-10:00", "10:00-12:00", weekdays=MONDAY),
        came=(Came(at="Mon 10:00"),),
        visits=("on_time",),
        windows={LABEL: "on_time", "Mon 10:00–12:00": "missed"},
        percent=50,
    ),
    Case(
        name="a whole round: from its first checkpoint on",
        plan=ROUND,
        came=(Came(at="Mon 09:50", places=((TOWER, "10:20"),)),),
        visits=("on_time",),
        windows={LABEL: "on_time"},
        percent=100,
    ),
    Case(
        name="a partial round is none",
        plan=ROUND,
        came=(Came(at="Mon 09:00"),),
        visits=("missed",),
        windows={LABEL: "missed"},
        percent=0,
    ),
    Case(
        name="a round that is whole only after the window closed",
        plan=ROUND,
        came=(Came(at="Mon 09:50", places=((TOWER, "10:30:01"),)),),
        visits=("missed",),
        windows={LABEL: "missed"},
        percent=0,
    ),
    Case(
        name="a partial round and a later whole one: the whole one counts",
        plan=ROUND,
        came=(Came(at="Mon 08:05"), Came(at="Mon 10:15", places=((TOWER, "10:20"),))),
        visits=("unscheduled", "late"),
        windows={LABEL: "late"},
        percent=0,
    ),
    Case(
        name="excused, nobody came",
        plan=MORNING,
        came=(),
        visits=(),
        windows={LABEL: "missed; excused"},
        percent=None,
        excused="Banjir",
    ),
    Case(
        name="excused, somebody came: it leaves both numbers too",
        plan=MORNING,
        came=(Came(at="Mon 09:00"),),
        visits=("on_time",),
        windows={LABEL: "on_time; excused"},
        percent=None,
        excused="Banjir",
    ),
    Case(
        name="plan edited in mid-window: what has begun stays as it was",
        plan=EVENING,
        edits=(("Mon 21:00", a_plan("20:00-21:30", weekdays=MONDAY)),),
        came=(Came(at="Mon 22:30"),),
        visits=("on_time",),
        windows={"Mon 20:00–23:00": "on_time"},
        percent=100,
    ),
    Case(
        name="plan edited in mid-window: what is still to begin is new",
        plan=EVENING,
        edits=(("Mon 20:30", a_plan("21:00-22:00", weekdays=MONDAY)),),
        came=(Came(at="Mon 21:30"), Came(at="Mon 22:10")),
        visits=("on_time", "on_time"),
        windows={"Mon 20:00–23:00": "on_time", "Mon 21:00–22:00": "on_time"},
        percent=100,
    ),
    Case(
        name="plan edited before the window: only the new one",
        plan=EVENING,
        edits=(("Mon 19:59", a_plan("21:00-22:00", weekdays=MONDAY)),),
        came=(Came(at="Mon 20:10"),),
        visits=("unscheduled",),
        windows={"Mon 21:00–22:00": "missed"},
        percent=0,
    ),
    Case(
        name="plan made in mid-window: a visit may still come",
        plan=EVENING,
        made="Mon 22:00",
        came=(Came(at="Mon 22:30"),),
        visits=("on_time",),
        windows={"Mon 20:00–23:00": "on_time"},
        percent=100,
    ),
    Case(
        name="plan made when the window is over",
        plan=EVENING,
        made="Mon 23:01",
        came=(Came(at="Mon 23:10"),),
        visits=("unscheduled",),
        windows={},
        percent=None,
    ),
    Case(
        name="plan deleted and made anew in mid-window: what has begun stays as it was",
        plan=EVENING,
        edits=(("Mon 21:00", None), ("Mon 21:05", a_plan("20:00-21:30", weekdays=MONDAY))),
        came=(Came(at="Mon 22:30"),),
        visits=("on_time",),
        windows={"Mon 20:00–23:00": "on_time"},
        percent=100,
    ),
    Case(
        name="plan deleted in mid-window",
        plan=EVENING,
        edits=(("Mon 21:00", None),),
        came=(),
        visits=(),
        windows={"Mon 20:00–23:00": "missed"},
        percent=0,
    ),
    Case(
        name="plan deleted before the window",
        plan=EVENING,
        edits=(("Mon 19:00", None),),
        came=(Came(at="Mon 21:00"),),
        visits=("unscheduled",),
        windows={},
        percent=None,
    ),
    Case(
        name="a dated override (Lebaran): its windows instead",
        plan=a_plan(
            "08:00-10:00",
            weekdays=MONDAY,
            overrides=(
                Override(name="Lebaran", first=DAYS["Mon"], last=DAYS["Tue"], windows=(a_window("20:00-22:00"),)),
            ),
        ),
        came=(Came(at="Mon 09:00"), Came(at="Mon 21:00"), Came(at="Tue 20:00")),
        visits=("unscheduled", "on_time", "on_time"),
        windows={"Mon 20:00–22:00": "on_time", "Tue 20:00–22:00": "on_time"},
        percent=100,
    ),
    Case(
        name="a dated override without windows: nobody is expected",
        plan=a_plan(
            "08:00-10:00",
            weekdays=MONDAY,
            overrides=(Override(name="Lebaran", first=DAYS["Mon"], last=DAYS["Mon"]),),
        ),
        came=(Came(at="Mon 09:00"),),
        visits=("unscheduled",),
        windows={},
        percent=None,
    ),
    Case(
        name="the clock is put forward from 02:00 to 03:00 (Berlin): what is left of the window counts",
        plan=a_plan("02:30-03:30", weekdays=SUNDAY),
        came=(Came(at="Sun 03:00"), Came(at="Sun 03:31")),
        visits=("on_time", "unscheduled"),
        windows={"Sun 03:00–03:30": "on_time"},
        percent=100,
        zone=BERLIN,
        days=SPRING,
    ),
    Case(
        name="the clock is put forward: a window that ends in the hour left out ends when the clock goes on",
        plan=a_plan("01:00-02:30", weekdays=SUNDAY),
        came=(Came(at="Sun 03:20"),),
        visits=("late",),
        windows={"Sun 01:00–03:00": "late"},
        percent=0,
        zone=BERLIN,
        days=SPRING,
    ),
    Case(
        name="the clock is put forward: a window within the hour left out is not expected that day",
        plan=a_plan("02:10-02:40", weekdays=SUNDAY),
        came=(Came(at="Sun 03:05"),),
        visits=("unscheduled",),
        windows={},
        percent=None,
        zone=BERLIN,
        days=SPRING,
    ),
    Case(
        name="the clock is put back from 03:00 to 02:00 (Berlin): an hour that comes twice counts both times",
        plan=a_plan(a_window("02:10-02:40", visits=2), weekdays=SUNDAY),
        came=(Came(at="Sun 02:20"), Came(at="Sun 02:40", again=True)),
        visits=("on_time", "on_time"),
        windows={"Sun 02:10–02:40": "on_time, on_time"},
        percent=100,
        zone=BERLIN,
        days=AUTUMN,
    ),
    Case(
        name="handed in after the window closed: judged anew, and flagged",
        plan=MORNING,
        came=(Came(at="Mon 09:00", handed_in="Mon 13:00"),),
        visits=("on_time, late entry",),
        windows={LABEL: "on_time"},
        percent=100,
    ),
)


# --- the page ---

_EXAMPLES: Final = (
    ("every night at 21:00", ["21:00"] * 5),
    ("20:50, 21:10, 21:00, 21:25, 20:55", ["20:50", "21:10", "21:00", "21:25", "20:55"]),
    ("20:10, 23:40, 21:05, 22:50, 20:30", ["20:10", "23:40", "21:05", "22:50", "20:30"]),
    ("20:00 and 24:00 by turns", ["20:00", "00:00"] * 3),
)


def score_of(clocks: list[str]) -> float | None:
    """Return the unpredictability of a visit a night, expected from 20:00 to 24:00."""
    judgements: list[Judgement] = []
    for night, clock in enumerate(clocks):
        slot = a_slot(datetime(2026, 3, 2 + night, 20, tzinfo=UTC), 4 * HOUR)
        after = timedelta(hours=(int(clock[:2]) - 20) % 24, minutes=int(clock[3:]))
        judgements += judge([slot], [an_arrival(str(night), slot.start + after)]).values()
    return unpredictability(judgements)


def _windows_of(plan: PatrolPlan) -> str:
    windows = ", ".join(f"{w.start:%H:%M}–{w.end:%H:%M}{_visits_of(w)}" for w in plan.windows)
    places = ", gate and tower" if TOWER in plan.checkpoints else ""
    overrides = "".join(
        f"; {o.name}: {', '.join(f'{w.start:%H:%M}–{w.end:%H:%M}' for w in o.windows) or 'none'}"
        for o in plan.overrides
    )
    return f"{windows}, grace {plan.grace // timedelta(minutes=1)} min{places}{overrides}"


def _visits_of(window: Window) -> str:
    return f" ({window.visits} visits)" if window.visits > 1 else ""


def _expected(case: Case) -> str:
    edits = (f"; from {at}: {_windows_of(plan) if plan else 'deleted'}" for at, plan in case.edits)
    made = f"from {case.made}: " if case.made else ""
    return made + _windows_of(case.plan) + "".join(edits)


def _rows() -> Iterator[str]:
    for case in CASES:
        windows = "<br>".join(f"{label}: **{verdicts}**" for label, verdicts in case.windows.items()) or "none"
        came = "<br>".join(f"{came.told}: **{verdict}**" for came, verdict in zip(case.came, case.visits, strict=True))
        percent = said_of_compliance(case.percent)
        yield f"| {case.name} | {_expected(case)} | {came or 'nobody'} | {windows} | {percent} |"


def _examples() -> Iterator[str]:
    for told, clocks in _EXAMPLES:
        yield f"| {told} | {score_of(clocks):.0f} % |"


def page() -> str:
    """Return the page of the docs."""
    return f"""# Verdicts of patrol visits

Written by `python -m tests.patrol.verdicts` from the cases that the tests judge
([verdicts.py](../tests/patrol/verdicts.py)); the rules are in
[plan.py](../custom_components/rutan_blora/patrol/plan.py) and
[judgement.py](../custom_components/rutan_blora/patrol/judgement.py).

## How

A plan's **window** is a time of day by the house's clock, on the weekdays of the plan or on the days of a dated
override, in which so many visits are expected. One that ends not later than it starts ends on the next day, and is
still a window of the day on which it started. The **grace** lies on both sides of it. Both ends count in.

| a visit that arrives | is |
| --- | --- |
| from the start of the window to its end | `on_time` |
| within the grace before the start | `early` |
| within the grace after the end | `late` |
| at another time, or when all that were expected have come | `unscheduled` |

It **arrives** when it is first checked in at any checkpoint. An expected visit that nobody made is `missed`. So is one
that left out a checkpoint of the plan, or reached it only after the window closed; a plan without checkpoints takes a
visit to any.

A visit counts once in a plan. Whole rounds come before partial ones; then *on time* comes before *late* for the window
before, and that before *early* for the next; then who came first comes first.

A window **closes** when the grace after it is over, and is judged by who had arrived by then: nothing that comes
afterwards changes it. Only what *was* there and becomes known later does, a check-in that was handed in late or a
correction: then it is judged anew. The first verdict stays on record beside the new one.

The window and the grace are kept with the verdict. To edit or delete a plan changes the windows that begin from then
on; one that has begun is judged as it was, and an edited window that is still to begin is expected beside it. A plan
that is made while its window runs expects a visit in it.

Where clocks are changed in summer and winter, what is left of a window counts when an hour is left out, and an hour
that comes twice counts both times. In Indonesia clocks are not changed.

## Compliance

    compliance = visits on time ÷ visits expected

of the windows that closed in the time: today (by the house's clock), 7 or 30 days, today included. *Early* and *late*
are not on time. Unscheduled visits change nothing. An **excused** window leaves both numbers, whoever came, and is
counted beside them. Where nobody was expected there is no compliance, not 100 %.

## Unpredictability

Who visits at the same hour every day can be waited for. Each arrival at a window is a place in it: 0 at its start (and
before), 1 at its end (and after). Of any two arrivals the distance is taken:

    unpredictability = average distance of two arrivals ÷ ⅓, at most 100 %

⅓ is what arrivals at random have. *A fixed hour scores 0*, chance about 100 %. Fewer than five arrivals have no score.
For a window from 20:00 to 24:00:

| arrivals | unpredictability |
| --- | --- |
{"\n".join(_examples())}

The last row shows what it does not see: an order in which hours come again. It is a hint of habit, no proof of chance.

## Cases

The house is in Blora (WIB), unless said otherwise. One visit at the gate is expected, unless said otherwise.

| case | expected | came | window | compliance |
| --- | --- | --- | --- | --- |
{"\n".join(_rows())}
"""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
