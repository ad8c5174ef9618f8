"""The journal in a database: one writer thread, appended to without anybody waiting."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, replace
from datetime import datetime
import logging
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any, Final

from sqlalchemy import (
    DDL,
    URL,
    Column,
    Engine,
    Index,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    create_engine,
    event,
    func,
    insert,
    select,
)
from sqlalchemy.exc import SQLAlchemyError

from .record import GENESIS, Draft, Record, seal, time_text

_LOGGER = logging.getLogger(__name__)

_METADATA: Final = MetaData()
_RECORDS: Final = Table(
    "records",
    _METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("incident", String(32)),
    Column("subject", String(64)),
    Column("body", Text, nullable=False),
    Column("prev", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
Index("ix_records_kind", _RECORDS.c.kind, _RECORDS.c.seq)
Index("ix_records_kind_at", _RECORDS.c.kind, _RECORDS.c.at)
Index("ix_records_incident", _RECORDS.c.incident, _RECORDS.c.seq)
Index("ix_records_subject", _RECORDS.c.subject, _RECORDS.c.seq)
# They stop accidents, not attackers: whoever has the file can drop them, but not mend the chain unseen.
for _verb in ("UPDATE", "DELETE"):
    event.listen(
        _RECORDS,
        "after_create",
        DDL(  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
            f"CREATE TRIGGER records_no_{_verb.lower()} BEFORE {_verb} ON records "
            "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
        ).execute_if(dialect="sqlite"),
    )

# Seconds between tries of a write that failed, and how long a close waits for the last records.
RETRY: Final = 1.0
CLOSE_TIMEOUT: Final = 5.0


class Journal:
    """An append-only journal.

    `append` only hands over. The writer thread seals the records into the chain and commits them; what cannot be
    written stays in memory and is tried again. `on_health` is called from that thread with the error, None when well.
    """

    def __init__(self, path: Path, on_health: Callable[[str | None], None]) -> None:
        self._path = path
        self._on_health = on_health
        self._engine: Engine = create_engine(URL.create("sqlite", database=str(path)))
        event.listen(self._engine, "connect", _durable)
        self._queue: SimpleQueue[Draft | None] = SimpleQueue()
        self._closing = Event()
        self._thread = Thread(target=self._write_all, name=f"rutan_blora journal {path.stem}", daemon=True)
        self._seq = 0
        self._head: str | None = None
        self._healthy = True

    def open(self) -> None:
        """Create the database if there is none and start writing; raise SQLAlchemyError or OSError if it fails.

        The writer starts all the same: it goes on trying.
        """
        try:
            self._prepare()
        except (SQLAlchemyError, OSError) as err:
            self._report(_first_line(err))
            raise
        finally:
            self._thread.start()

    def append(self, draft: Draft) -> None:
        """Record something; returns at once."""
        self._queue.put(draft)

    def close(self) -> None:
        """Write what is left and stop; blocks at most CLOSE_TIMEOUT seconds."""
        self._closing.set()
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(CLOSE_TIMEOUT)
        self._engine.dispose()

    def of_incident(self, incident: str) -> list[Record]:
        """Return the records of an incident, oldest first."""
        return self._read(select(_RECORDS).where(_RECORDS.c.incident == incident).order_by(_RECORDS.c.seq))

    def last_incident(self, kind: str) -> str | None:
        """Return the incident of the latest record of a kind."""
        rows = self._read(select(_RECORDS).where(_RECORDS.c.kind == kind).order_by(_RECORDS.c.seq.desc()).limit(1))
        return rows[0].incident if rows else None

    def last_of_subject(self, subject: str, kind: str) -> Record | None:
        """Return the latest record of a kind about a subject."""
        rows = self._read(
            select(_RECORDS)
            .where(_RECORDS.c.subject == subject, _RECORDS.c.kind == kind)
            .order_by(_RECORDS.c.seq.desc())
            .limit(1)
        )
        return rows[0] if rows else None

    def of_kind(
        self, kinds: Collection[str], since: datetime | None = None, until: datetime | None = None
    ) -> list[Record]:
        """Return the records of some kinds that happened from `since` on and before `until`, earliest first."""
        query = select(_RECORDS).where(_RECORDS.c.kind.in_(kinds))
        if since is not None:
            query = query.where(_RECORDS.c.at >= time_text(since))
        if until is not None:
            query = query.where(_RECORDS.c.at < time_text(until))
        return self._read(query.order_by(_RECORDS.c.at, _RECORDS.c.seq))

    def read_all(self, after: int = 0, batch: int = 1000) -> Iterator[list[Record]]:
        """Give all records behind a number in their order, a batch at a time."""
        while rows := self._read(select(_RECORDS).where(_RECORDS.c.seq > after).order_by(_RECORDS.c.seq).limit(batch)):
            yield rows
            after = rows[-1].seq

    def _read(self, query: Select[Any]) -> list[Record]:
        with self._engine.connect() as connection:
            return [Record(**row) for row in connection.execute(query).mappings()]

    def _ensure(self) -> None:
        """See that there is a file to write to; raise FileNotFoundError if it was taken away since."""
        if self._head is None:
            self._prepare()
        elif not self._path.exists():
            raise FileNotFoundError("the journal's file was taken away; a new one is begun")

    def _prepare(self) -> None:
        """Create what is missing and find the head of the chain."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        _METADATA.create_all(self._engine)
        self._index()
        with self._engine.connect() as connection:
            last = connection.execute(select(func.max(_RECORDS.c.seq))).scalar()
            head = connection.execute(select(_RECORDS.c.hash).where(_RECORDS.c.seq == last)).scalar()
        # A head that is no text is damage; the chain shows the break.
        self._seq, self._head = last or 0, head if isinstance(head, str) else GENESIS

    def _index(self) -> None:
        """Make the indexes that an older database lacks; without them it is slow, no more."""
        try:
            for index in _RECORDS.indexes:
                index.create(self._engine, checkfirst=True)
        except SQLAlchemyError as err:
            _LOGGER.warning("The journal stays without an index: %s", _first_line(err))

    def _write_all(self) -> None:
        """Write batches until closed; the writer thread."""
        while (batch := self._next_batch()) is not None:
            while not self._write(batch):
                # A close cuts the pause short; then this is the last try.
                if self._closing.wait(RETRY):
                    if not self._write(batch):
                        self._give_up(batch)
                    break

    def _give_up(self, batch: list[Draft]) -> None:
        lost = len(batch)
        while (rest := self._next_batch()) is not None:
            lost += len(rest)
        self._queue.put(None)
        _LOGGER.error("The journal closes with %d records that could not be written", lost)

    def _next_batch(self) -> list[Draft] | None:
        """Wait for records and return all there are, None when closed and nothing is left."""
        first = self._queue.get()
        if first is None:
            return None
        batch = [first]
        while True:
            try:
                draft = self._queue.get_nowait()
            except Empty:
                return batch
            if draft is None:
                # The end comes after this batch.
                self._queue.put(None)
                return batch
            batch.append(draft)

    def _write(self, batch: list[Draft]) -> bool:
        """Seal and commit a batch; tell whether it is on disk."""
        try:
            self._ensure()
            rows = self._seal(batch)
            with self._engine.begin() as connection:
                connection.execute(insert(_RECORDS), [asdict(record) for record in rows])
        except Exception as err:  # noqa: BLE001  # a border: what it is becomes the journal's health
            # Whatever it is, the thread must live to write once it is mended. Another may have written, or the
            # commit may have got through: the head is read again.
            self._head = None
            self._engine.dispose()
            self._report(_first_line(err))
            return False
        self._seq, self._head = rows[-1].seq, rows[-1].hash
        self._report(None)
        return True

    def _seal(self, batch: list[Draft]) -> list[Record]:
        """Return the batch as the next records; what no JSON can hold is recorded as such."""
        seq, head = self._seq, self._head or GENESIS
        records: list[Record] = []
        for draft in batch:
            try:
                record = seal(draft, seq=seq + 1, prev=head)
            except Exception as err:  # noqa: BLE001  # the record of one must not hold up those of all
                _LOGGER.error("A record of kind %s cannot be written: %s", draft.kind, err)
                record = seal(replace(draft, body={"unwritable": repr(err)}), seq=seq + 1, prev=head)
            seq, head = record.seq, record.hash
            records.append(record)
        return records

    def _report(self, error: str | None) -> None:
        """Tell health when it changes."""
        if (error is None) == self._healthy:
            return
        self._healthy = error is None
        try:
            self._on_health(error)
        except Exception:
            # Home Assistant's loop may be gone; the records must be written all the same.
            _LOGGER.debug("Nobody heard of the journal's health", exc_info=True)


def _first_line(err: Exception) -> str:
    return str(err).partition("\n")[0] or type(err).__name__


def _durable(connection: Any, _: object) -> None:
    """Make every commit reach the disk: the recorder's own setting (NORMAL) may lose the last ones at power loss."""
    # A damaged byte must not keep the records around it from being read.
    connection.text_factory = lambda raw: raw.decode(errors="replace")
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()
