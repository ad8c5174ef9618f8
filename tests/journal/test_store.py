"""The journal in its database: durable, append-only, and patient with a broken disk."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
import logging
from pathlib import Path
import sqlite3
from threading import Barrier, Condition, Event, Thread
from time import monotonic
from typing import Any, Final

import pytest
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from custom_components.rutan_blora.journal import store
from custom_components.rutan_blora.journal.record import GENESIS, Draft, Record, first_broken
from custom_components.rutan_blora.journal.store import Journal

from .common import NOW, PATIENCE, a_draft, wait_until

CIRCLE: Final[dict[str, Any]] = {}
CIRCLE["circle"] = CIRCLE


class Health:
    """What the journal says of itself."""

    def __init__(self) -> None:
        self.told: list[str | None] = []
        self._news = Condition()

    def __call__(self, error: str | None) -> None:
        """Take in a word of the writer thread."""
        with self._news:
            self.told.append(error)
            self._news.notify_all()

    def wait_for(self, count: int) -> list[str | None]:
        """Wait until that much was told."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.told) >= count, PATIENCE), self.told
            return list(self.told)


@contextmanager
def from_outside(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database as another process does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def on_disk(path: Path) -> list[Record]:
    """Read the records as another process does, in their order."""
    with from_outside(path) as connection:
        connection.row_factory = sqlite3.Row
        return [Record(**row) for row in connection.execute("SELECT * FROM records ORDER BY seq")]


def schema(path: Path) -> set[str]:
    """Read what the database is made of."""
    with from_outside(path) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


def numbers(path: Path) -> list[int]:
    """Read which drafts are on disk, none before there is a table; the chain must be intact."""
    if not path.is_file() or "records" not in schema(path):
        return []
    records = on_disk(path)
    assert first_broken(records) is None
    return [record.load()["number"] for record in records]


@dataclass
class House:
    """Where journals are kept, opened and closed."""

    path: Path
    health: Health
    journals: list[Journal]

    def journal(self, path: Path | None = None, on_health: Callable[[str | None], None] | None = None) -> Journal:
        """Make a journal that is closed after the test."""
        journal = Journal(path or self.path, on_health or self.health)
        self.journals.append(journal)
        return journal

    def opened(self) -> Journal:
        """Make and open a journal."""
        journal = self.journal()
        journal.open()
        return journal

    def broken(self) -> Journal:
        """Make a journal whose file cannot be opened: it is a directory."""
        self.path.mkdir(parents=True)
        journal = self.journal()
        with pytest.raises(SQLAlchemyError):
            journal.open()
        return journal

    def mend(self) -> None:
        """Take the directory away."""
        self.path.rmdir()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[House]:
    """Give a house that tries again quickly."""
    monkeypatch.setattr(store, "RETRY", 0.01)
    # The test plug-in lets SQLAlchemy tell every statement.
    caplog.set_level(logging.WARNING, "sqlalchemy.engine")
    house = House(path=tmp_path / "rutan_blora" / "rutan.db", health=Health(), journals=[])
    yield house
    for journal in house.journals:
        journal.close()
    wait_until(lambda: not any(journal._thread.is_alive() for journal in house.journals))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the database so that nobody can write; a write waits for it (5 s, SQLite's own patience)."""
    with from_outside(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")


def listen_to_writes(journal: Journal, listener: Callable[[Any, int], None]) -> None:
    """Call the listener with the connection and the number of records before every insert."""

    def before_execute(_: Any, cursor: Any, statement: str, parameters: Any, __: Any, many: bool) -> None:
        if statement.startswith("INSERT INTO records"):
            listener(cursor.connection, len(parameters) if many else 1)

    event.listen(journal._engine, "before_cursor_execute", before_execute)


def pausing(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> Event:
    """Give what is set whenever a write has failed and the writer waits before the next try."""
    pauses, wait = Event(), journal._closing.wait

    def pause(timeout: float) -> bool:
        if timeout == store.RETRY:
            pauses.set()
        return wait(timeout)

    monkeypatch.setattr(journal._closing, "wait", pause)
    return pauses


# --- what is appended is kept ---


def test_what_is_appended_is_on_disk_and_chained(house: House) -> None:
    journal = house.opened()
    journal.append(Draft(kind="raised", at=NOW, body={"message": "Ä"}, incident="A", subject="gate"))
    journal.append(Draft(kind="note", at=NOW, body={}))
    wait_until(lambda: len(on_disk(house.path)) == 2)
    first, second = on_disk(house.path)
    assert (first.seq, first.at, first.kind, first.incident, first.subject, first.body, first.prev) == (
        1,
        "2026-03-02T01:05:09.250000+00:00",
        "raised",
        "A",
        "gate",
        '{"message":"\\u00c4"}',
        GENESIS,
    )
    assert (second.seq, second.incident, second.subject, second.prev) == (2, None, None, first.hash)
    assert first.is_intact
    assert second.is_intact
    assert house.health.told == []


def test_the_chain_goes_on_after_a_restart(house: House) -> None:
    for session in range(3):
        journal = house.opened()
        journal.append(a_draft(2 * session))
        journal.append(a_draft(2 * session + 1))
        journal.close()
        assert numbers(house.path) == list(range(2 * session + 2))


def test_an_opened_journal_is_empty_and_has_its_folder(house: House) -> None:
    house.opened()
    assert on_disk(house.path) == []
    assert schema(house.path) >= {"records", "records_no_update", "records_no_delete", "ix_records_incident"}


def test_appending_waits_for_nobody_and_keeps_the_order(house: House) -> None:
    journal = house.opened()
    batches: list[int] = []
    writing = Event()

    def listener(_: Any, records: int) -> None:
        batches.append(records)
        writing.set()

    listen_to_writes(journal, listener)
    with locked(house.path):
        journal.append(a_draft(0))
        assert writing.wait(PATIENCE)
        before = monotonic()
        for number in range(1, 100):
            journal.append(a_draft(number))
        assert monotonic() - before < 1
        assert numbers(house.path) == []
    wait_until(lambda: numbers(house.path) == list(range(100)))
    # What had come meanwhile went to disk at once.
    assert batches == [1, 99]


def test_a_mark_is_done_once_what_came_before_is_on_disk(house: House) -> None:
    journal = house.opened()
    journal.mark().result(PATIENCE)
    writing = Event()
    listen_to_writes(journal, lambda *_: writing.set())
    with locked(house.path):
        journal.append(a_draft(0))
        mark, forgotten = journal.mark(), journal.mark()
        assert writing.wait(PATIENCE)
        assert not mark.done()
        assert forgotten.cancel()
    mark.result(PATIENCE)
    assert numbers(house.path) == [0]


def test_a_mark_behind_what_is_never_written_is_never_done(house: House, caplog: pytest.LogCaptureFixture) -> None:
    journal = house.broken()
    journal.append(a_draft(0))
    mark = journal.mark()
    journal.close()
    assert not mark.done()
    assert "The journal closes with 1 records that could not be written" in caplog.messages


def test_many_may_append_at_once(house: House) -> None:
    journal = house.opened()
    start = Barrier(8)

    def guard(first: int) -> None:
        start.wait(PATIENCE)
        for number in range(first, first + 50):
            journal.append(a_draft(number))

    guards = [Thread(target=guard, args=(first,)) for first in range(0, 400, 50)]
    for thread in guards:
        thread.start()
    for thread in guards:
        thread.join(PATIENCE)
    journal.close()
    written = numbers(house.path)
    assert sorted(written) == list(range(400))
    for first in range(0, 400, 50):
        own = [number for number in written if first <= number < first + 50]
        assert own == sorted(own)


def test_two_journals_of_one_house_write_one_chain(house: House) -> None:
    """A reload opens the next journal while the last one may still be writing."""
    journals = [house.opened(), house.opened()]
    for number in range(40):
        journals[number % 2].append(a_draft(number))
    wait_until(lambda: len(on_disk(house.path)) >= 40)
    assert sorted(numbers(house.path)) == list(range(40))


def test_a_record_that_another_wrote_meanwhile_is_followed(house: House) -> None:
    first, second = house.opened(), house.opened()
    first.append(a_draft(1))
    wait_until(lambda: numbers(house.path) == [1])
    second.append(a_draft(2))
    wait_until(lambda: numbers(house.path) == [1, 2])
    told = house.health.wait_for(2)
    assert told[0] is not None
    assert "UNIQUE" in told[0]
    assert told[1:] == [None]


def test_every_commit_reaches_the_disk(house: House) -> None:
    journal = house.journal()

    # Whatever SQLite was built with: the journal says for itself what it wants.
    def weaken(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    event.listen(journal._engine, "connect", weaken, insert=True)
    journal.open()
    seen: list[tuple[Any, Any, str]] = []

    def listener(connection: sqlite3.Connection, _: int) -> None:
        (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        seen.append((synchronous, mode, connection.execute("PRAGMA database_list").fetchone()[2]))

    listen_to_writes(journal, listener)
    journal.append(a_draft())
    wait_until(lambda: numbers(house.path) == [0])
    full = 2
    assert seen == [(full, "wal", str(house.path))]


@pytest.mark.parametrize("column", ["kind", "body", "hash"])
def test_a_byte_that_is_no_text_does_not_hide_the_other_records(house: House, column: str) -> None:
    """A bit of the disk has tipped: the open incident must be taken up all the same."""
    journal = house.opened()
    for number in range(3):
        journal.append(a_draft(number, incident="A"))
    wait_until(lambda: numbers(house.path) == [0, 1, 2])
    with from_outside(house.path) as connection:
        connection.execute("DROP TRIGGER records_no_update")
        connection.execute(f"UPDATE records SET {column} = CAST(x'fb' || {column} AS TEXT) WHERE seq = 2")  # noqa: S608
    assert [record.seq for record in journal.of_incident("A") if record.is_intact] == [1, 3]


def test_a_damaged_head_shows_in_the_chain_and_stops_no_writing(house: House) -> None:
    journal = house.opened()
    journal.append(a_draft(0))
    journal.append(a_draft(1))
    journal.close()
    with from_outside(house.path) as connection:
        connection.execute("DROP TRIGGER records_no_update")
        connection.execute("UPDATE records SET hash = x'00' WHERE seq = 2")
    journal = house.opened()
    journal.append(a_draft(2))
    journal.append(a_draft(3))
    journal.close()
    records = on_disk(house.path)
    assert [record.load()["number"] for record in records] == [0, 1, 2, 3]
    assert first_broken(records) == 2
    assert first_broken(records[2:], seq=3) is None


# --- reading ---


def test_kinds_of_a_time_are_found_by_an_index(house: House) -> None:
    journal = house.opened()
    plans: list[str] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "records.at >=" in statement:
            plans.extend(row[3] for row in cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

    event.listen(journal._engine, "before_cursor_execute", explain)
    journal.of_kind(["arrived", "left"], NOW, NOW)
    assert "USING INDEX ix_records_kind_at (kind=? AND at>? AND at<?)" in plans[0]


def test_a_journal_that_takes_no_index_is_read_all_the_same(house: House, caplog: pytest.LogCaptureFixture) -> None:
    journal = house.opened()
    journal.append(a_draft(1, incident="A"))
    journal.close()
    with from_outside(house.path) as connection:
        connection.execute("DROP INDEX ix_records_kind_at")
    journal = house.journal()

    def only_read(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA query_only=ON")

    event.listen(journal._engine, "connect", only_read)
    journal.open()
    assert [record.seq for record in journal.of_incident("A")] == [1]
    assert house.health.told == []
    assert "The journal stays without an index: (sqlite3.OperationalError)" in caplog.text


# --- a broken disk ---


def a_directory_in_its_place(path: Path) -> Callable[[], None]:
    path.mkdir(parents=True)
    return path.rmdir


def a_file_that_is_no_database(path: Path) -> Callable[[], None]:
    path.parent.mkdir()
    path.write_bytes(b"no database at all " * 100)
    return path.unlink


def a_file_in_place_of_the_folder(path: Path) -> Callable[[], None]:
    path.parent.write_bytes(b"")
    return path.parent.unlink


DAMAGES: Final = pytest.mark.parametrize(
    ("damage", "error"),
    [
        pytest.param(a_directory_in_its_place, "unable to open database file", id="a directory in its place"),
        pytest.param(a_file_that_is_no_database, "file is not a database", id="no database"),
        pytest.param(a_file_in_place_of_the_folder, "File exists", id="no folder"),
    ],
)


@DAMAGES
def test_a_broken_disk_is_told_and_what_came_meanwhile_is_written_once_it_is_mended(
    house: House, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], Callable[[], None]], error: str
) -> None:
    mend = damage(house.path)
    journal = house.journal()
    pauses = pausing(journal, monkeypatch)
    with pytest.raises((SQLAlchemyError, OSError), match=error):
        journal.open()
    (told,) = house.health.told
    assert told is not None
    assert error in told
    assert "\n" not in told
    for number in range(3):
        journal.append(a_draft(number))
    assert pauses.wait(PATIENCE)
    journal.append(a_draft(3))
    mend()
    assert house.health.wait_for(2) == [told, None]
    journal.append(a_draft(4))
    wait_until(lambda: numbers(house.path) == [0, 1, 2, 3, 4])
    assert house.health.told == [told, None]


def test_a_disk_that_breaks_later_is_told_once_and_written_to_once_it_is_mended(house: House) -> None:
    journal = house.opened()
    tries: list[int] = []
    listen_to_writes(journal, lambda _, records: tries.append(records))
    journal.append(a_draft(0))
    wait_until(lambda: numbers(house.path) == [0])
    with from_outside(house.path) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
        journal.append(a_draft(1))
        journal.append(a_draft(2))
        wait_until(lambda: len(tries) > 5)
        assert numbers(house.path) == [0]
        connection.execute("DROP TRIGGER full")
    wait_until(lambda: numbers(house.path) == [0, 1, 2])
    told = house.health.wait_for(2)
    assert told == ["(sqlite3.IntegrityError) disk is full", None]


def test_a_disk_that_breaks_twice_is_told_twice(house: House) -> None:
    journal = house.broken()
    journal.append(a_draft(0))
    house.health.wait_for(1)
    house.mend()
    house.health.wait_for(2)
    with from_outside(house.path) as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, 'full'); END")
        journal.append(a_draft(1))
        told = house.health.wait_for(3)
        connection.execute("DROP TRIGGER full")
    assert house.health.wait_for(4) == [*told, None]
    assert [error is None for error in house.health.told] == [False, True, False, True]


def test_a_failed_write_is_tried_again_after_a_while(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at once, for a disk that is full does not empty itself by being asked."""
    pauses: list[float] = []
    journal = house.broken()

    def wait(timeout: float) -> bool:
        pauses.append(timeout)
        return len(pauses) == 3

    monkeypatch.setattr(store, "RETRY", 7.0)
    monkeypatch.setattr(journal._closing, "wait", wait)
    journal.append(a_draft())
    wait_until(lambda: len(pauses) == 3)
    assert pauses == [7.0, 7.0, 7.0]


def test_a_disk_that_was_broken_when_it_was_opened_is_told_well_with_the_first_write(house: House) -> None:
    journal = house.broken()
    (told,) = house.health.told
    assert told == "(sqlite3.OperationalError) unable to open database file"
    house.mend()
    journal.append(a_draft())
    assert house.health.wait_for(2) == [told, None]
    assert numbers(house.path) == [0]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param({"message": {1, 2}}, "TypeError('Object of type set is not JSON serializable')", id="a set"),
        pytest.param({"a": 1, 2: 3}, "TypeError", id="keys of two sorts"),
        pytest.param(CIRCLE, "ValueError('Circular reference detected')", id="a circle"),
        pytest.param(lambda: CIRCLE["nothing"], "KeyError('nothing')", id="none to be had"),
    ],
)
def test_a_draft_that_no_json_can_hold_is_recorded_as_such_and_takes_no_other_with_it(
    house: House,
    caplog: pytest.LogCaptureFixture,
    body: dict[Any, Any] | Callable[[], dict[Any, Any]],
    reason: str,
) -> None:
    journal = house.opened()
    journal.append(a_draft(0))
    journal.append(Draft(kind="raised", at=NOW, body=body, incident="A", subject="gate"))
    journal.append(a_draft(2))
    journal.close()
    records = on_disk(house.path)
    assert first_broken(records) is None
    assert (records[1].kind, records[1].incident, records[1].subject) == ("raised", "A", "gate")
    assert records[1].load()["unwritable"].startswith(reason)
    assert [record.load().get("number") for record in records] == [0, None, 2]
    assert any("A record of kind raised cannot be written" in message for message in caplog.messages)


@pytest.mark.parametrize(
    "error",
    [RuntimeError("no idea"), OSError()],
    ids=repr,
)
def test_no_error_stops_the_writer(house: House, error: Exception) -> None:
    journal = house.opened()
    errors = [error]

    def fail_once(*_: object) -> None:
        if errors:
            raise errors.pop()

    listen_to_writes(journal, fail_once)
    journal.append(a_draft(0))
    wait_until(lambda: not errors)
    journal.append(a_draft(1))
    journal.close()
    assert numbers(house.path) == [0, 1]
    assert house.health.told == [str(error) or "OSError", None]


def test_a_listener_that_fails_stops_no_writing(house: House) -> None:
    a_directory_in_its_place(house.path)
    called = Event()

    def on_health(_: str | None) -> None:
        called.set()
        raise RuntimeError("Event loop is closed")

    journal = house.journal(on_health=on_health)
    with pytest.raises(SQLAlchemyError):
        journal.open()
    assert called.wait(PATIENCE)
    journal.append(a_draft(0))
    house.mend()
    wait_until(lambda: numbers(house.path) == [0])
    called.clear()
    with from_outside(house.path) as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, 'full'); END")
        journal.append(a_draft(1))
        assert called.wait(PATIENCE)
        connection.execute("DROP TRIGGER full")
    journal.close()
    assert numbers(house.path) == [0, 1]


def test_a_file_that_was_taken_away_is_missed_and_begun_anew(house: House) -> None:
    journal = house.opened()
    journal.append(a_draft(0))
    wait_until(lambda: numbers(house.path) == [0])
    for file in house.path.parent.iterdir():
        file.unlink()
    journal.append(a_draft(1))
    assert house.health.wait_for(2) == ["the journal's file was taken away; a new one is begun", None]
    assert numbers(house.path) == [1]
    journal.append(a_draft(2))
    wait_until(lambda: numbers(house.path) == [1, 2])


@pytest.mark.parametrize("folder", ["what?", "what?mode=memory"])
def test_a_folder_may_be_called_anything(house: House, folder: str) -> None:
    path = house.path.parent / folder / "rutan.db"
    journal = house.journal(path)
    journal.open()
    journal.append(a_draft(0))
    journal.close()
    assert numbers(path) == [0]


# --- the close ---


def test_a_close_writes_what_is_left(house: House) -> None:
    journal = house.opened()
    for number in range(500):
        journal.append(a_draft(number))
    journal.close()
    assert numbers(house.path) == list(range(500))
    assert not journal._thread.is_alive()


def test_a_close_writes_what_came_while_it_was_writing(house: House) -> None:
    """The end is heard in the middle of a batch."""
    journal = house.opened()
    writing = Event()
    listen_to_writes(journal, lambda *_: writing.set())
    with locked(house.path):
        journal.append(a_draft(0))
        assert writing.wait(PATIENCE)
        journal.append(a_draft(1))
        journal.append(a_draft(2))
        closer = Thread(target=journal.close)
        closer.start()
        assert journal._closing.wait(PATIENCE)
    closer.join(PATIENCE)
    assert numbers(house.path) == [0, 1, 2]


def test_a_close_with_a_broken_disk_returns_and_logs(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(store, "RETRY", 60.0)
    journal = house.broken()
    pauses = pausing(journal, monkeypatch)
    journal.append(a_draft(0))
    assert pauses.wait(PATIENCE)
    before = monotonic()
    journal.close()
    assert monotonic() - before < 1
    assert not journal._thread.is_alive()
    assert [record.getMessage() for record in caplog.records if record.name == store.__name__] == [
        "The journal closes with 1 records that could not be written"
    ]


def test_a_close_waits_for_a_hanging_disk_only_so_long(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "CLOSE_TIMEOUT", 0.05)
    journal = house.opened()
    writing = Event()
    listen_to_writes(journal, lambda *_: writing.set())
    with locked(house.path):
        journal.append(a_draft(0))
        assert writing.wait(PATIENCE)
        before = monotonic()
        journal.close()
        assert monotonic() - before < 1
        assert journal._thread.is_alive()
        assert journal._thread.daemon, "it would keep Home Assistant from ending"
    # And when the disk comes back before the process is gone, the record is written after all.
    journal._thread.join(PATIENCE)
    assert numbers(house.path) == [0]


def test_a_close_with_nothing_to_write_is_quiet(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.opened().close()
    assert [record for record in caplog.records if record.name == store.__name__] == []


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_journal_may_be_closed_again(house: House, times: int) -> None:
    journal = house.opened()
    journal.append(a_draft(0))
    for _ in range(times):
        journal.close()
    assert numbers(house.path) == [0]
    assert not journal._thread.is_alive()


def test_a_journal_that_was_never_opened_may_be_closed(house: House) -> None:
    house.journal().close()
    assert not house.path.exists()


def test_a_closed_journal_lets_go_of_its_file(house: House) -> None:
    journal = house.opened()
    journal.append(a_draft(0))
    journal.close()
    assert journal._engine.pool.status().startswith("Pool size: 5  Connections in pool: 0")
    assert [file.name for file in house.path.parent.iterdir()] == ["rutan.db"]


def test_a_close_tries_once_more(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk was locked for a moment, as by a backup, just before Home Assistant stops."""
    monkeypatch.setattr(store, "RETRY", 60.0)
    journal = house.broken()
    pauses = pausing(journal, monkeypatch)
    journal.append(a_draft(0))
    assert pauses.wait(PATIENCE)
    journal.append(a_draft(1))
    house.mend()
    journal.close()
    assert numbers(house.path) == [0, 1]
    assert house.health.told[1:] == [None]


def test_a_close_logs_how_much_is_lost(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(store, "RETRY", 60.0)
    journal = house.broken()
    pauses = pausing(journal, monkeypatch)
    journal.append(a_draft(0))
    assert pauses.wait(PATIENCE)
    journal.append(a_draft(1))
    journal.append(a_draft(2))
    journal.close()
    assert "The journal closes with 3 records that could not be written" in caplog.messages
