"""The journal in a database: one writer thread, appended to without anybody waiting."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict, replace
import logging
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any, Final

from sqlalchemy import URL, create_engine, event, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from .record import GENESIS, Draft, Record, seal
from .table import RECORDS, Reader, first_line, prepare

_LOGGER = logging.getLogger(__name__)

# Seconds between tries of a write that failed, and how long a close waits for the last records.
RETRY: Final = 1.0
CLOSE_TIMEOUT: Final = 5.0

# Done once all that was appended before it is on the disk.
type Mark = Future[None]


class Journal(Reader):
    """An append-only journal.

    `append` only hands over. The writer thread seals the records into the chain and commits them; what cannot be
    written stays in memory and is tried again. `on_health` is called from that thread with the error, None when well.
    """

    def __init__(self, path: Path, on_health: Callable[[str | None], None]) -> None:
        super().__init__(create_engine(URL.create("sqlite", database=str(path))))
        self._path = path
        self._on_health = on_health
        event.listen(self._engine, "connect", _durable)
        self._queue: SimpleQueue[Draft | Mark | None] = SimpleQueue()
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
            self._report(first_line(err))
            raise
        finally:
            self._thread.start()

    def append(self, draft: Draft) -> None:
        """Record something; returns at once."""
        self._queue.put(draft)

    def mark(self) -> Mark:
        """Return what is done once all that was appended before is on the disk; never, if that is never written."""
        mark: Mark = Future()
        self._queue.put(mark)
        return mark

    def close(self) -> None:
        """Write what is left and stop; blocks at most CLOSE_TIMEOUT seconds."""
        self._closing.set()
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(CLOSE_TIMEOUT)
        self._engine.dispose()

    @property
    def seq(self) -> int | None:
        """Return the number of the last record on the disk, 0 if there is none, None while that is not known."""
        return None if self._head is None else self._seq

    def _ensure(self) -> None:
        """See that there is a file to write to; raise FileNotFoundError if it was taken away since."""
        if self._head is None:
            self._prepare()
        elif not self._path.exists():
            raise FileNotFoundError("the journal's file was taken away; a new one is begun")

    def _prepare(self) -> None:
        """Create what is missing and find the head of the chain."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._engine.connect() as connection:
            prepare(connection)
            last = connection.execute(select(func.max(RECORDS.c.seq))).scalar()
            head = connection.execute(select(RECORDS.c.hash).where(RECORDS.c.seq == last)).scalar()
        # A head that is no text is damage; the chain shows the break.
        self._seq, self._head = last or 0, head if isinstance(head, str) else GENESIS

    def _write_all(self) -> None:
        """Write batches until closed; the writer thread."""
        while (batch := self._next_batch()) is not None:
            while not self._write(batch):
                # A close cuts the pause short; then this is the last try.
                if self._closing.wait(RETRY):
                    if not self._write(batch):
                        self._give_up(batch)
                    break

    def _give_up(self, batch: list[Draft | Mark]) -> None:
        lost = len(_drafts(batch))
        while (rest := self._next_batch()) is not None:
            lost += len(_drafts(rest))
        self._queue.put(None)
        _LOGGER.error("The journal closes with %d records that could not be written", lost)

    def _next_batch(self) -> list[Draft | Mark] | None:
        """Wait for records and return all there are, None when closed and nothing is left."""
        first = self._queue.get()
        if first is None:
            return None
        batch: list[Draft | Mark] = [first]
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

    def _write(self, batch: list[Draft | Mark]) -> bool:
        """Seal and commit a batch, and say so at its marks; tell whether it is on disk."""
        drafts = _drafts(batch)
        if drafts and not self._commit(drafts):
            return False
        for mark in batch:
            # Who has waited too long is gone.
            if isinstance(mark, Future) and mark.set_running_or_notify_cancel():
                mark.set_result(None)
        return True

    def _commit(self, batch: list[Draft]) -> bool:
        """Seal and commit records; tell whether they are on disk."""
        try:
            self._ensure()
            rows = self._seal(batch)
            with self._engine.begin() as connection:
                connection.execute(insert(RECORDS), [asdict(record) for record in rows])
        except Exception as err:  # noqa: BLE001  # a border: what it is becomes the journal's health
            # Whatever it is, the thread must live to write once it is mended. Another may have written, or the
            # commit may have got through: the head is read again.
            self._head = None
            self._engine.dispose()
            self._report(first_line(err))
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


def _drafts(batch: list[Draft | Mark]) -> list[Draft]:
    return [draft for draft in batch if isinstance(draft, Draft)]


def _durable(connection: Any, _: object) -> None:
    """Make every commit reach the disk: the recorder's own setting (NORMAL) may lose the last ones at power loss."""
    # A damaged byte must not keep the records around it from being read.
    connection.text_factory = lambda raw: raw.decode(errors="replace")
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()
