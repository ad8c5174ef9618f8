"""What a long journal costs: an append, taking up what was open, a check, a copy."""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
import sqlite3
from time import perf_counter, sleep
from typing import Any, Final

from custom_components.rutan_blora.journal.copy import JournalCopy
from custom_components.rutan_blora.journal.record import GENESIS, Draft, Record, seal
from custom_components.rutan_blora.journal.store import Journal
from custom_components.rutan_blora.journal.verify import verify
from demo.postgresql import IS_THERE, PostgreSQL

from .figures import Figures, Goal, summary, table
from .memory import resident

_BEGIN: Final = datetime(2020, 1, 1, tzinfo=UTC)
# Records of an incident: the press, and what it leads to at the police.
_PER_INCIDENT: Final = 20
# Seconds between two appends, so that none waits for the one before.
_PAUSE: Final = 0.003
# How often the event loop is asked whether it is late (seconds).
_TICK: Final = 0.002
# As many are copied: what the next million takes is the same.
_COPIED: Final = 200_000


def _records(count: int) -> Iterator[Record]:
    """Give a chain of records such as years of alarms leave."""
    prev = GENESIS
    for seq in range(1, count + 1):
        incident, step = divmod(seq, _PER_INCIDENT)
        body = {"state": "sent", "told": step, "reason": None, "address": "phone", "urgent": 1, "memo": {}}
        draft = Draft(
            kind="delivery" if step else "raised",
            at=_BEGIN + timedelta(seconds=seq),
            incident=f"incident-{incident}",
            subject=f"phone_{step}",
            body=body,
        )
        record = seal(draft, seq=seq, prev=prev)
        prev = record.hash
        yield record


def fill(path: Path, records: Iterable[Record]) -> None:
    """Write a journal of such records."""
    journal = Journal(path, lambda _: None)
    journal.open()
    journal.close()
    columns = list(Record.__dataclass_fields__)
    marks = ", ".join(f":{column}" for column in columns)
    with closing(sqlite3.connect(path)) as database, database:
        statement = f"INSERT INTO records ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608  # of our own names
        database.executemany(statement, (asdict(record) for record in records))


async def measure_journal(folder: Path, records: int, trials: int) -> Figures:
    """Return what a long journal costs: to be written to, taken up, verified and copied."""
    path = folder / "journal.db"
    await asyncio.to_thread(fill, path, _records(records))
    journal = Journal(path, lambda _: None)
    try:
        written = await asyncio.to_thread(_measure_writing, journal, path, records, trials)
        return {
            "records": records,
            **written,
            "verify": await _measure_verify(journal),
            "copy": await _measure_copy(journal, min(records, _COPIED)) if IS_THERE else None,
        }
    finally:
        journal.close()


def _measure_writing(journal: Journal, path: Path, records: int, trials: int) -> Figures:
    """Measure taking up what was open, handing a record over, and until that is on the disk."""
    begin = perf_counter()
    journal.open()
    incident = journal.last_incident("raised")
    replayed = journal.of_incident(incident or "")
    replay = perf_counter() - begin
    handed_over, on_disk = [], []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        for number in range(trials):
            draft = Draft(kind="mark", at=_BEGIN, incident="benchmark", body={"number": number})
            begin = perf_counter()
            journal.append(draft)
            handed_over.append(perf_counter() - begin)
            while database.execute("SELECT max(seq) FROM records").fetchone()[0] <= records + number:
                sleep(0)
            on_disk.append(perf_counter() - begin)
            sleep(_PAUSE)
    return {
        "replayed": len(replayed),
        "replay_ms": round(replay * 1000, 3),
        "handed_over": summary(handed_over),
        "on_disk": summary(on_disk),
    }


async def _measure_verify(journal: Journal) -> Figures:
    """Measure a check of all records as the action does it: in a thread, while the event loop goes on."""

    def check() -> int:
        found = verify(chain.from_iterable(journal.read_all()))
        if not found.is_intact:
            raise RuntimeError(f"record {found.first_broken} is broken")
        return found.records

    return await _measure_work(asyncio.to_thread(check))


async def _measure_copy(journal: Journal, records: int) -> Figures:
    """Measure how a server without a copy gets one."""
    server = await asyncio.to_thread(PostgreSQL)
    copy = JournalCopy(journal, server.url(), "journal_benchmark", lambda _: None)

    async def catch_up() -> int:
        copy.start()
        while copy.health.seq < records:
            if copy.health.error:
                raise RuntimeError(copy.health.error)
            await asyncio.sleep(0.01)
        return copy.health.seq

    try:
        await asyncio.to_thread(server.start)
        return await _measure_work(catch_up())
    finally:
        await asyncio.to_thread(copy.close)
        await asyncio.to_thread(server.remove)


async def _measure_work(work: Coroutine[Any, Any, int]) -> Figures:
    """Return how many records a second some work takes, and what the event loop and the memory notice of it."""
    task = asyncio.ensure_future(work)
    late, begin, memory = [], perf_counter(), resident()
    most = memory
    while not task.done():
        due = perf_counter() + _TICK
        await asyncio.sleep(_TICK)
        late.append(perf_counter() - due)
        most = max(most, resident())
    seconds = perf_counter() - begin
    records = task.result()
    return {
        "records": records,
        "seconds": round(seconds, 3),
        "records_per_s": round(records / seconds),
        "us_per_record": round(seconds / records * 1e6, 2),
        "loop_late": summary(late),
        "memory_mib": round(most - memory, 1),
    }


def journal_table(journal: Figures) -> str:
    """Return the table of the journal."""
    rows = [
        ("an append, as the alarm sees it", journal["handed_over"]["p50_ms"], journal["handed_over"]["p99_ms"]),
        ("an append, until it is on the disk", journal["on_disk"]["p50_ms"], journal["on_disk"]["p99_ms"]),
        ("open, and replay the latest incident", journal["replay_ms"], journal["replay_ms"]),
    ]
    return table((f"journal of {journal['records']:,} records", "p50 ms", "p99 ms"), rows)


def work_table(journal: Figures) -> str:
    """Return the table of what goes through all of the journal."""
    rows = [
        (
            name,
            f"{work['records']:,}",
            f"{work['records_per_s']:,}",
            work["loop_late"]["p50_ms"],
            work["loop_late"]["p99_ms"],
            work["memory_mib"],
        )
        for name, work in (("verify", journal["verify"]), ("copy to PostgreSQL", journal["copy"]))
        if work is not None
    ]
    head = ("meanwhile", "records", "records/s", "event loop late p50 ms", "p99 ms", "memory MiB")
    return table(head, rows)


def journal_goals(journal: Figures) -> list[Goal]:
    """Return what was wanted: 50,000 records a second."""
    measured = journal["verify"]["us_per_record"]
    return [Goal(name="verify a record of the journal", limit=20, measured=measured, unit="µs")]
