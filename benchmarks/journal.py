"""What a long journal costs: an append, taking up what was open."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
import sqlite3
from time import perf_counter, sleep
from typing import Final

from custom_components.rutan_blora.journal.record import GENESIS, Draft, Record, seal
from custom_components.rutan_blora.journal.store import Journal

from .figures import Figures, summary, table

_BEGIN: Final = datetime(2020, 1, 1, tzinfo=UTC)
# Records of an incident: the press, and what it leads to at the police.
_PER_INCIDENT: Final = 20
# Seconds between two appends, so that none waits for the one before.
_PAUSE: Final = 0.003


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


def measure_journal(folder: Path, records: int, trials: int) -> Figures:
    """Return what it takes to take up what was open, to hand a record over, and until that is on the disk."""
    folder.mkdir(parents=True)
    path = folder / "journal.db"
    fill(path, _records(records))
    journal = Journal(path, lambda _: None)
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
    journal.close()
    return {
        "records": records,
        "replayed": len(replayed),
        "replay_ms": round(replay * 1000, 3),
        "handed_over": summary(handed_over),
        "on_disk": summary(on_disk),
    }


def journal_table(journal: Figures) -> str:
    """Return the table of the journal."""
    rows = [
        ("an append, as the alarm sees it", journal["handed_over"]["p50_ms"], journal["handed_over"]["p99_ms"]),
        ("an append, until it is on the disk", journal["on_disk"]["p50_ms"], journal["on_disk"]["p99_ms"]),
        ("open, and replay the latest incident", journal["replay_ms"], journal["replay_ms"]),
    ]
    return table((f"journal of {journal['records']:,} records", "p50 ms", "p99 ms"), rows)
