"""What visits cost with ten years of them on record: a check-in, verdicts, figures, a start; beside core's `tag`."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
import gc
from pathlib import Path
from random import Random
import sqlite3
from time import perf_counter, thread_time
import tracemalloc
from typing import Final
from zoneinfo import ZoneInfo

from custom_components.rutan_blora.actor import Actor, Origin
from custom_components.rutan_blora.const import DOMAIN
from custom_components.rutan_blora.facility import Facility
from custom_components.rutan_blora.journal.record import GENESIS, Draft, Record, seal
from custom_components.rutan_blora.patrol.body import event_to_body, judgement_to_body
from custom_components.rutan_blora.patrol.book import KINDS, RECORD_PLAN, RECORD_VERDICT, Book, read, version_to_body
from custom_components.rutan_blora.patrol.check_in import CheckIn, Evidence, Officer
from custom_components.rutan_blora.patrol.desk import MEMORY
from custom_components.rutan_blora.patrol.judgement import judge
from custom_components.rutan_blora.patrol.outlook import Outlook
from custom_components.rutan_blora.patrol.plan import PatrolPlan, Slot, Window, slots
from custom_components.rutan_blora.patrol.visit import Event, EventType, Visit, apply
from homeassistant.components.tag import async_scan_tag
from homeassistant.config_entries import ConfigEntry, ConfigSubentryDataWithId
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event as BusEvent, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .core import ENTRY_ID, Tail, facility_entry, journal_path, log_to, running_core
from .figures import Figures, Goal, ratio, summary, table
from .journal import fill

_ZONE: Final = ZoneInfo("Asia/Jakarta")
_DAY: Final = timedelta(days=1)
_PLACE: Final = "pos_utama"
_TAG: Final = "0451-pos-utama"
# Hangs at no checkpoint: it is core's alone.
_OTHER_TAG: Final = "0452-dapur"
_GUARD: Final = Actor(origin=Origin.USER, id="guard", name="Petugas P2U")
# Every two hours a window of an hour and a half, in which so many visits are expected: three records a visit and one a
# window make a million in ten years.
_EVERY: Final = 2
_VISITS: Final = 7
_PLAN: Final = PatrolPlan(
    id="patroli",
    name="Patroli",
    weekdays=frozenset(range(7)),
    windows=tuple(
        Window(start=time(hour), end=time(hour + _EVERY - 1, 30), visits=_VISITS) for hour in range(0, 24, _EVERY)
    ),
    grace=timedelta(minutes=10),
    checkpoints=frozenset({_PLACE}),
)
_PER_DAY: Final = len(_PLAN.windows) * (3 * _VISITS + 1)
# Seconds between two trials, so that none waits for what the one before has left behind.
_PAUSE: Final = 0.02
_PATIENCE: Final = 2.0


def _drafts(count: int, now: datetime) -> Iterator[Draft]:
    """Give what so many years of visits leave on record, as many as there are until now."""
    draw = Random(count)  # noqa: S311  # times of day, not secrets
    begin = now - count / _PER_DAY * _DAY
    yield Draft(kind=RECORD_PLAN, at=begin, subject=_PLAN.id, body=version_to_body(_PLAN, _ZONE))
    number = 0
    for slot in slots(_PLAN, _ZONE, begin, now):
        if slot.closes_at >= now:
            return
        came: list[Visit] = []
        for _ in range(_VISITS):
            number += 1
            at = slot.start + draw.random() * (slot.end - slot.start)
            visit = None
            for event in _visit(f"{number:026}", number, at):
                visit = apply(visit, event)
                subject = _PLACE if event.check_in else _GUARD.id
                kind = event.type.value
                yield Draft(kind=kind, at=event.at, incident=visit.id, subject=subject, body=event_to_body(event))
                came = [*(other for other in came if other.id != visit.id), visit]
        judgement = judge([slot], [visit.arrival for visit in came])[slot.key]
        yield Draft(kind=RECORD_VERDICT, at=slot.closes_at, subject=_PLAN.id, body=judgement_to_body(judgement))


def _visit(visit_id: str, number: int, at: datetime) -> Iterator[Event]:
    """Give the arrival, the signature and the departure of officers of whom there are fifty."""
    officer = Officer(name=f"Petugas {number % 50}", rank="Bripka", unit=f"Polsek {number}", id=f"phone_{number % 50}")
    what = CheckIn(
        checkpoint_id=_PLACE, checkpoint="Pos utama", at=at, received_at=at, officer=officer, evidence=Evidence.TAG
    )
    yield Event(type=EventType.CHECKED_IN, visit_id=visit_id, at=at, actor=_GUARD, check_in=what)
    yield Event(type=EventType.COUNTERSIGNED, visit_id=visit_id, at=at + timedelta(minutes=1), actor=_GUARD)
    yield Event(type=EventType.CHECKED_OUT, visit_id=visit_id, at=at + timedelta(minutes=9), actor=_GUARD)


def _records(count: int, now: datetime) -> Iterator[Record]:
    prev = GENESIS
    for seq, draft in enumerate(_drafts(count, now), 1):
        record = seal(draft, seq=seq, prev=prev)
        prev = record.hash
        yield record


def _prepare(path: Path, records: int, now: datetime) -> None:
    """Write the journal that a core is to find."""
    path.parent.mkdir(parents=True)
    fill(path, _records(records, now))


def _parts() -> list[ConfigSubentryDataWithId]:
    windows = [
        {"start": window.start.isoformat(), "end": window.end.isoformat(), "visits": window.visits}
        for window in _PLAN.windows
    ]
    plan = {"checkpoints": [_PLACE], "weekdays": list(range(7)), "windows": windows, "grace": 600}
    return [
        ConfigSubentryDataWithId(
            subentry_id=part_id, subentry_type=kind, title=title, unique_id=f"{kind}_{part_id}", data=data
        )
        for part_id, kind, title, data in (
            (_PLACE, "checkpoint", "Pos utama", {"tag_id": _TAG, "debounce": 0}),
            (_PLAN.id, "patrol_plan", _PLAN.name, plan),
        )
    ]


@dataclass(kw_only=True, slots=True)
class _Watch:
    """Notes when an entity's state was written, and what the event loop has worked at a stretch (processor time)."""

    hass: HomeAssistant
    written: dict[str, float]
    held: float = 0.0
    _last: float = 0.0

    @callback
    def changed(self, event: BusEvent[EventStateChangedData]) -> None:
        self.written.setdefault(event.data["entity_id"], perf_counter())

    def begin(self) -> None:
        self.written.clear()
        self.held, self._last = 0.0, thread_time()

    async def beat(self) -> None:
        while True:
            now = thread_time()
            self.held, self._last = max(self.held, now - self._last), now
            await asyncio.sleep(0)


async def measure_patrol(folder: Path, records: int, trials: int) -> Figures:
    """Return what it costs to take visits in, to judge them and to take them up at a start."""
    now = datetime.now(UTC)
    core = folder / "core"
    await asyncio.to_thread(_prepare, journal_path(core), records, now)
    async with running_core(core, {"notify": {}, "mobile_app": {}, "tag": {}}) as hass:
        log_to(hass, core / "home-assistant.log")
        begin = perf_counter()
        await hass.config_entries.async_add(facility_entry(others=_parts()))
        await hass.async_block_till_done()
        start = perf_counter() - begin
        entry: ConfigEntry[Facility] = hass.config_entries.async_get_known_entry(ENTRY_ID)
        facility = entry.runtime_data
        figures: Figures = {
            "records": records,
            "years": round(records / _PER_DAY / 365, 1),
            "visits": len(facility.patrol.book.visits),
            "start_ms": round(start * 1000, 1),
            "read": await _measure_read(facility),
            **_measure_month(facility.patrol.book.copy()),
            **await _measure_check_ins(hass, core, trials),
        }
    return figures


async def _measure_read(facility: Facility) -> Figures:
    """Return how long the visits at hand are read, as at a start, and what they take."""
    times = []
    for _ in range(5):
        begin = perf_counter()
        await asyncio.to_thread(_read, facility)
        times.append(perf_counter() - begin)
    gc.collect()
    tracemalloc.start()
    book = await asyncio.to_thread(_read, facility)
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {**summary(times), "visits": len(book.visits), "mib": round(size / 2**20, 2)}


def _read(facility: Facility) -> Book:
    journal = facility.kept.journal
    since = datetime.now(UTC) - MEMORY
    book, damaged = read([*journal.of_kind({RECORD_PLAN}), *journal.of_kind(KINDS - {RECORD_PLAN}, since=since)])
    if damaged:
        raise RuntimeError(f"records {damaged} are damaged")
    return book


def _measure_month(book: Book) -> Figures:
    """Return how long the verdicts and the figures of a month take, worked out anew."""
    now = datetime.now(UTC)
    month: list[Slot] = list(slots(_PLAN, _ZONE, now - 30 * _DAY, now))
    verdicts, figures, looks = [], [], []
    for _ in range(20):
        begin = perf_counter()
        judge(month, [visit.arrival for visit in book.visits.values()])
        verdicts.append(perf_counter() - begin)
        outlook = Outlook(book, zone=_ZONE, now=now, since=now)
        begin = perf_counter()
        outlook.compliance(None, 30)
        figures.append(perf_counter() - begin)
        begin = perf_counter()
        _look(Outlook(book, zone=_ZONE, now=now, since=now))
        looks.append(perf_counter() - begin)
    return {
        "month": {"windows": len(month), "visits": len(book.visits), **summary(verdicts)},
        "compliance": summary(figures),
        "look": summary(looks),
    }


def _look(outlook: Outlook) -> None:
    """Work out all that the entities show."""
    for plan in outlook.plans:
        _ = (plan.overdue, plan.next_slot, plan.unpredictability, plan.due)
        for days in (30, 7, 1):
            outlook.compliance(plan.id, days)
    for days in (30, 7, 1):
        outlook.compliance(None, days)
    _ = (outlook.next_slot, outlook.arrivals.last_check_ins, outlook.arrivals.open, outlook.verdict("?"))


async def _measure_check_ins(hass: HomeAssistant, core: Path, trials: int) -> Figures:
    """Return when a check-in is on the disk and shown, beside core's own entity of the same scan."""
    entities = er.async_get(hass)
    shown = entities.async_get_entity_id("event", DOMAIN, f"{ENTRY_ID}_{_PLACE}_check_in") or ""
    device_id = dr.async_get_device_id_by_identifier(hass, (DOMAIN, f"{ENTRY_ID}_{_PLACE}"), config_entry_id=ENTRY_ID)
    watch = _Watch(hass=hass, written={})
    hass.bus.async_listen(EVENT_STATE_CHANGED, watch.changed)
    heart = hass.async_create_background_task(watch.beat(), "heart")
    for tag_id in (_TAG, _OTHER_TAG):
        await async_scan_tag(hass, tag_id, None)
    await hass.async_block_till_done()
    tag = entities.async_get_entity_id("tag", "tag", _OTHER_TAG) or ""
    tail, samples = Tail(journal_path(core)), _Samples()
    database = sqlite3.connect(f"file:{journal_path(core)}?mode=ro", uri=True)
    for number in range(trials):
        await asyncio.to_thread(tail.until_quiet)
        head = _head(database)
        watch.begin()
        begin = perf_counter()
        data = {"device_id": device_id, "officer": f"Budi {number}", "unit": f"Unit {number}"}
        await hass.services.async_call(DOMAIN, "check_in", data, blocking=True)
        samples.answered.append(perf_counter() - begin)
        samples.recorded.append(await _until(partial(_is_beyond, database, head), begin))
        await _leave(hass, device_id)
        # Here nobody looks at the file meanwhile.
        samples.shown.append(await _scan(hass, watch, _TAG, shown))
        samples.held.append(watch.held)
        await _leave(hass, device_id)
        samples.core.append(await _scan(hass, watch, _OTHER_TAG, tag))
    heart.cancel()
    database.close()
    tail.close()
    return samples.figures()


async def _scan(hass: HomeAssistant, watch: _Watch, tag_id: str, entity_id: str) -> float:
    """Return how long after the scan of a tag an entity shows it."""
    watch.begin()
    begin = perf_counter()
    await async_scan_tag(hass, tag_id, None)
    await _until(lambda: entity_id in watch.written, begin)
    took = watch.written.get(entity_id, begin + _PATIENCE) - begin
    await _settle(hass)
    return took


class _Samples:
    """What was measured of check-ins."""

    def __init__(self) -> None:
        self.answered: list[float] = []
        self.recorded: list[float] = []
        self.held: list[float] = []
        self.core: list[float] = []
        self.shown: list[float] = []

    def figures(self) -> Figures:
        """Return what it comes to."""
        return {
            "answered": summary(self.answered),
            "recorded": summary(self.recorded),
            "held": summary(self.held),
            "scan": {"rutan_blora": summary(self.shown), "core tag": summary(self.core)},
        }


async def _leave(hass: HomeAssistant, device_id: str | None) -> None:
    """Let the officers leave: the next trial is of others."""
    await _settle(hass)
    await hass.services.async_call(DOMAIN, "check_out", {"device_id": device_id}, blocking=True)
    await _settle(hass)


async def _settle(hass: HomeAssistant) -> None:
    """Let all that a trial leaves behind come to its end."""
    await asyncio.sleep(_PAUSE)
    await hass.async_block_till_done()


async def _until(is_so: Callable[[], bool], begin: float) -> float:
    """Return how long after a time something is so, be it in a file."""
    while not is_so() and perf_counter() - begin < _PATIENCE:  # noqa: ASYNC110
        await asyncio.sleep(0)
    return perf_counter() - begin


def _is_beyond(database: sqlite3.Connection, head: int) -> bool:
    return _head(database) > head


def _head(database: sqlite3.Connection) -> int:
    (head,) = database.execute("SELECT max(seq) FROM records").fetchone()
    return int(head)


def patrol_goals(patrol: Figures) -> list[Goal]:
    """Return what was wanted of visits."""
    shown = patrol["scan"]["rutan_blora"]["p50_ms"]
    return [
        Goal(name="check-in action → recorded, p99", limit=50.0, measured=patrol["recorded"]["p99_ms"], unit="ms"),
        Goal(
            name="work of the event loop at a stretch for a scan, p99",
            limit=10.0,
            measured=patrol["held"]["p99_ms"],
            unit="ms",
        ),
        Goal(name="verdicts of a month, p50", limit=250.0, measured=patrol["month"]["p50_ms"], unit="ms"),
        Goal(name="compliance of 30 days, p50", limit=10.0, measured=patrol["compliance"]["p50_ms"], unit="ms"),
        Goal(name="visits of 32 days read, p50", limit=1000.0, measured=patrol["read"]["p50_ms"], unit="ms"),
        Goal(name="tag scanned → shown, p50", limit=10.0, measured=shown, unit="ms"),
    ]


def patrol_table(patrol: Figures) -> str:
    """Return the table of visits."""
    read_, month, scan = patrol["read"], patrol["month"], patrol["scan"]
    rows = [
        ("check-in action, until it is answered", patrol["answered"]),
        ("check-in action, until it is on the disk", patrol["recorded"]),
        ("tag scanned, until our event shows it", scan["rutan_blora"]),
        ("tag scanned, work of the event loop at a stretch", patrol["held"]),
        ("tag scanned, until core's `tag` shows it", scan["core tag"]),
        (f"verdicts of {month['windows']} windows and {month['visits']} visits", month),
        ("compliance of 30 days", patrol["compliance"]),
        ("all that the entities show", patrol["look"]),
        (f"{read_['visits']} visits of 32 days read, {read_['mib']} MiB", read_),
    ]
    core = scan["core tag"]
    head = (f"{patrol['records']:,} records, {patrol['years']} years of visits", "p50 ms", "p99 ms", "p50 / core `tag`")
    return table(
        head,
        [
            (
                name,
                figures["p50_ms"],
                figures["p99_ms"],
                _beside(figures, core) if "until" in name and "tag" in name else "",
            )
            for name, figures in rows
        ],
    )


def _beside(figures: Figures, core: Figures) -> float | None:
    return ratio(figures["p50_ms"], core["p50_ms"])
