"""What a month's report out of ten years of visits costs, and what Home Assistant feels of it meanwhile."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
import random
from statistics import median
from time import perf_counter
from typing import Final
from zoneinfo import ZoneInfo

from custom_components.rutan_blora.actor import Actor, Origin
from custom_components.rutan_blora.const import Language
from custom_components.rutan_blora.journal.record import GENESIS, Draft, Record, seal
from custom_components.rutan_blora.journal.store import Journal
from custom_components.rutan_blora.patrol.body import event_to_body, judgement_to_body
from custom_components.rutan_blora.patrol.book import RECORD_PLAN, RECORD_VERDICT, VISIT_KINDS, read, version_to_body
from custom_components.rutan_blora.patrol.check_in import CheckIn, Officer, Report, Situation
from custom_components.rutan_blora.patrol.judgement import Arrival, compliance, judge
from custom_components.rutan_blora.patrol.plan import PatrolPlan, Slot, Window, slots
from custom_components.rutan_blora.patrol.visit import Event, EventType
from custom_components.rutan_blora.reports.content import period_of
from custom_components.rutan_blora.reports.export import Format, Order, collect, export
from custom_components.rutan_blora.reports.letter import Letter

from .figures import Figures, Goal, summary, table
from .journal import fill

_ZONE: Final = ZoneInfo("Asia/Jakarta")
_DAYS: Final = 3650
_FIRST: Final = date(2017, 1, 1)
_GUARD: Final = Actor(origin=Origin.USER, name="Petugas P2U")
_OFFICER: Final = Officer(name="Budi Santoso", rank="Aipda", nrp="80010001", unit="Sat Samapta Polres Blora")
_REPORT: Final = Report(
    situation=Situation.SAFE, note="Situasi aman dan kondusif, penjagaan lengkap.", personnel=2, vehicle="Patwal 01"
)
# Ten visits a day are expected: 300 in a month.
_PLAN: Final = PatrolPlan(
    id="plan",
    name="Sambang",
    weekdays=frozenset(range(7)),
    windows=tuple(Window(start=time(hour), end=time(hour + 1)) for hour in range(0, 20, 2)),
    grace=timedelta(minutes=15),
    checkpoints=frozenset({"gate"}),
)
_TRIALS: Final = 5
# Seconds between two looks at the clock of the event loop.
_TICK: Final = 0.001


def _day(number: int, records: int, dice: random.Random) -> Iterator[Draft]:
    """Give what a day leaves: visits, verdicts, and what else is on record there."""
    midnight = datetime.combine(_FIRST + timedelta(days=number), time(), _ZONE).astimezone(UTC)
    came: list[Arrival] = []
    written = 0
    for slot in slots(_PLAN, _ZONE, midnight + _PLAN.grace, midnight + timedelta(hours=20)):
        arrived = slot.start + timedelta(minutes=dice.uniform(-20, 80))
        visit = f"{number:08}{slot.start:%H%M}"
        came.append(Arrival(visit_id=visit, at=arrived, checkpoints={"gate": arrived}))
        yield from _visit(visit, arrived)
        yield _verdict(slot, came)
        written += 4
    for filler in range(max(0, records - written)):
        body = {"state": "sent", "told": filler, "reason": None, "address": "phone", "urgent": 1, "memo": {}}
        yield Draft(kind="delivery", at=midnight + timedelta(seconds=filler), subject="phone", body=body)


def _visit(visit: str, arrived: datetime) -> Iterator[Draft]:
    """Give the records of a visit."""
    what = CheckIn(
        checkpoint_id="gate", checkpoint="Gerbang", at=arrived, received_at=arrived, officer=_OFFICER, report=_REPORT
    )
    for kind, minutes in ((EventType.CHECKED_IN, 0), (EventType.COUNTERSIGNED, 3), (EventType.CHECKED_OUT, 25)):
        at = arrived + timedelta(minutes=minutes)
        check_in = what if kind is EventType.CHECKED_IN else None
        event = Event(type=kind, visit_id=visit, at=at, actor=_GUARD, check_in=check_in)
        yield Draft(kind=kind, at=at, incident=visit, body=event_to_body(event))


def _verdict(slot: Slot, came: list[Arrival]) -> Draft:
    judgement = judge([slot], came[-1:])[slot.key]
    return Draft(kind=RECORD_VERDICT, at=slot.closes_at, subject=_PLAN.id, body=judgement_to_body(judgement))


def _records(count: int) -> Iterator[Record]:
    """Give the chain of ten years."""
    dice = random.Random(1)  # noqa: S311  # the same years each time
    begin = datetime.combine(_FIRST, time(), _ZONE)
    drafts = [Draft(kind=RECORD_PLAN, at=begin, subject=_PLAN.id, body=version_to_body(_PLAN))]
    prev, seq = GENESIS, 0
    for number in range(_DAYS):
        for draft in (*drafts, *_day(number, count // _DAYS, dice)):
            seq += 1
            record = seal(draft, seq=seq, prev=prev)
            prev = record.hash
            yield record
        drafts = []


def _journal(folder: Path, records: int) -> Journal:
    """Return a journal of ten years."""
    folder.mkdir(parents=True)
    fill(folder / "journal.db", _records(records))
    journal = Journal(folder / "journal.db", lambda _: None)
    journal.open()
    return journal


async def measure_report(folder: Path, records: int) -> Figures:
    """Return how long it takes to read, judge and report a month, and how late the event loop was meanwhile."""
    journal = _journal(folder, records)
    order = Order(
        site="Rutan Blora",
        slug="rutan_blora",
        language=Language.ID,
        zone=_ZONE,
        period=period_of(date(2026, 10, 1), date(2026, 10, 31), _ZONE),
        made_at=datetime(2026, 11, 1, 1, tzinfo=UTC),
        places={"gate": "Gerbang"},
        letter=Letter(head=("RUTAN BLORA",), place="Blora"),
    )
    try:
        return _figures(journal, order, records) | await _exported(journal, order, folder / "reports")
    finally:
        journal.close()


def _figures(journal: Journal, order: Order, records: int) -> Figures:
    """Return what it takes to know the figures of a month."""
    until = order.period.until
    since = until - timedelta(days=30)

    def compliance_of_30_days() -> None:
        book, _ = read(journal.of_kind({RECORD_PLAN}) + journal.of_kind(VISIT_KINDS | {RECORD_VERDICT}, since, until))
        compliance(book.judged(None, since, until))

    content = collect(journal, order)
    arrivals = [line.visit.arrival for line in content.visits]
    expected = list(slots(_PLAN, _ZONE, order.period.since, until))
    return {
        "records": records,
        "visits": len(content.visits),
        "expected": len(content.expected),
        "compliance_ms": _took(compliance_of_30_days),
        "verdicts_ms": _took(lambda: judge(expected, arrivals)),
        "content_ms": _took(lambda: collect(journal, order)),
    }


def _took(what: Callable[[], object]) -> float:
    """Return the median of some trials, in milliseconds."""
    took = []
    for _ in range(_TRIALS):
        begin = perf_counter()
        what()
        took.append(perf_counter() - begin)
    return round(median(took) * 1000, 1)


async def _exported(journal: Journal, order: Order, folder: Path) -> Figures:
    """Return how long each format takes in the executor, and how late the event loop was while all were written.

    The first PDF of a run imports its library.
    """
    figures: Figures = {}
    for name, formats in (
        ("first_pdf", {Format.PDF}),
        ("pdf", {Format.PDF}),
        ("csv", {Format.CSV}),
        ("jsonl", {Format.JSONL}),
        ("all", set(Format)),
    ):
        wanted = replace(order, formats=frozenset(formats))
        begin = perf_counter()
        late = await _lateness(partial(export, journal, wanted, folder))
        figures[f"{name}_ms"] = round((perf_counter() - begin) * 1000, 1)
    # Of the last, which wrote all.
    return figures | {"late": summary(late), "latest_ms": round(max(late) * 1000, 1)}


async def _lateness(work: Callable[[], object]) -> list[float]:
    """Return how late the event loop came back each time while work was done in the executor, in seconds."""
    loop, late = asyncio.get_running_loop(), []
    working = loop.run_in_executor(None, work)
    while not working.done():
        begin = perf_counter()
        await asyncio.sleep(_TICK)
        late.append(perf_counter() - begin - _TICK)
    await working
    return late


def report_goals(report: Figures) -> list[Goal]:
    """Return what was wanted of a report: nobody waits for it, and no alarm either."""
    return [
        Goal(name="PDF of a month with 300 visits", limit=5000, measured=report["pdf_ms"], unit="ms"),
        Goal(name="compliance of 30 days from the journal", limit=1000, measured=report["compliance_ms"], unit="ms"),
        Goal(
            name="event loop late while a report is written, p99",
            limit=20,
            measured=report["late"]["p99_ms"],
            unit="ms",
        ),
    ]


def report_table(report: Figures) -> str:
    """Return the table of the report."""
    rows = [
        ("verdicts of a month's windows, judged anew", report["verdicts_ms"]),
        ("compliance of 30 days, read from the journal", report["compliance_ms"]),
        ("all that a month's report says, read from the journal", report["content_ms"]),
        ("PDF, the first of a run", report["first_pdf_ms"]),
        ("PDF", report["pdf_ms"]),
        ("CSV", report["csv_ms"]),
        ("JSONL", report["jsonl_ms"]),
        ("all formats", report["all_ms"]),
        ("event loop late meanwhile, p50", report["late"]["p50_ms"]),
        ("event loop late meanwhile, p99", report["late"]["p99_ms"]),
        ("event loop late meanwhile, at most", report["latest_ms"]),
    ]
    return table((f"a month of {report['visits']} visits out of {report['records']:,} records", "ms"), rows)
