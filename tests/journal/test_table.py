"""Records in their table: append-only, and read in order; the same in the house's file and on a server."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta, timezone
from pathlib import Path
import sqlite3
from typing import Final

import psycopg
import pytest
from sqlalchemy import Engine, event, inspect
from sqlalchemy.exc import SQLAlchemyError

from custom_components.rutan_blora.journal import copy
from custom_components.rutan_blora.journal.copy import JournalCopy
from custom_components.rutan_blora.journal.record import Draft, first_broken
from custom_components.rutan_blora.journal.server import Server
from custom_components.rutan_blora.journal.store import Journal
from custom_components.rutan_blora.journal.table import Reader, prepare

from ..postgresql import PostgreSQL
from .common import NOW, a_draft, wait_until

pytest_plugins = ("tests.database",)

WIB: Final = timezone(timedelta(hours=7))
INDEXES: Final = {"ix_records_kind", "ix_records_kind_at", "ix_records_incident", "ix_records_subject"}


@dataclass
class Book:
    """A journal that is written, and the database in which it is looked at."""

    journal: Journal
    engine: Engine
    from_outside: Callable[[str], object]

    def written(self, *drafts: Draft) -> Reader:
        """Append drafts, wait until all is there, and give who reads it."""
        for draft in drafts:
            self.journal.append(draft)
        reader = Reader(self.engine)
        wait_until(lambda: (last := reader.last()) is not None and last.seq == len(drafts))
        return reader


@pytest.fixture(params=["sqlite", "postgresql"])
def book(
    request: pytest.FixtureRequest, tmp_path: Path, socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Book]:
    """Give a journal looked at where it is kept, or in its copy on a server."""
    path = tmp_path / "rutan.db"
    journal = Journal(path, lambda _: None)
    journal.open()
    if request.param == "sqlite":

        def from_outside(statement: str) -> object:
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                return connection.execute(statement)

        yield Book(journal, journal._engine, from_outside)
    else:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        monkeypatch.setattr(copy, "POLL", 0.01)
        schema = server.schema()
        copied = JournalCopy(journal, server.url(), schema, lambda _: None)
        copied.start()
        wait_until(lambda: copied.health.state == "same")
        yield Book(
            journal,
            Server(server.url(), schema).engine,
            lambda statement: server.execute(f"SET search_path = {schema}", statement),
        )
        copied.close()
    journal.close()


# --- what is written stays ---


def test_records_are_there_in_their_order_and_chained(book: Book) -> None:
    reader = book.written(*(a_draft(number, incident=f"Ä{number}" if number % 2 else None) for number in range(700)))
    records = [record for batch in reader.read_all() for record in batch]
    assert [record.load()["number"] for record in records] == list(range(700))
    assert first_broken(records) is None
    assert records == [record for batch in book.journal.read_all() for record in batch]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET body = '{}' WHERE seq = 1",
        "UPDATE records SET hash = hash",
        "DELETE FROM records WHERE seq = 1",
        "DELETE FROM records",
    ],
)
def test_the_database_refuses_to_alter_or_delete(book: Book, statement: str) -> None:
    reader = book.written(a_draft(1), a_draft(2))
    before = reader.read(0, 10)
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.RaiseException), match="the journal is append-only"):
        book.from_outside(statement)
    assert reader.read(0, 10) == before
    assert len(before) == 2


@pytest.mark.parametrize("book", ["postgresql"], indirect=True)
def test_a_server_refuses_to_empty_the_table(book: Book) -> None:
    reader = book.written(a_draft(1))
    with pytest.raises(psycopg.errors.RaiseException, match="the journal is append-only"):
        book.from_outside("TRUNCATE records")
    assert len(reader.read(0, 10)) == 1


def test_an_alteration_by_force_shows(book: Book) -> None:
    reader = book.written(*(a_draft(number) for number in range(3)))
    sqlite = book.engine.dialect.name == "sqlite"
    book.from_outside(
        "DROP TRIGGER records_no_update" if sqlite else "ALTER TABLE records DISABLE TRIGGER records_append_only"
    )
    book.from_outside("""UPDATE records SET body = '{"number":9}' WHERE seq = 2""")
    assert first_broken(reader.read(0, 10)) == 2


def test_an_older_database_gets_the_indexes_it_lacks(book: Book) -> None:
    book.from_outside("DROP INDEX ix_records_kind_at")
    with book.engine.connect() as connection:
        prepare(connection)
    assert {index["name"] for index in inspect(book.engine).get_indexes("records")} >= INDEXES


def test_a_text_may_be_of_any_length(book: Book) -> None:
    """What the journal has taken the copy must take too."""
    reader = book.written(a_draft(kind="k" * 300, incident="i" * 300, subject="s" * 300))
    (record,) = reader.read(0, 10)
    assert (record.kind, record.incident, record.subject) == ("k" * 300, "i" * 300, "s" * 300)


# --- reading ---


def test_an_incident_is_read_in_its_order(book: Book) -> None:
    reader = book.written(*(a_draft(number, incident=incident) for number, incident in enumerate("ABACA")))
    assert [record.load()["number"] for record in reader.of_incident("A")] == [0, 2, 4]
    assert reader.of_incident("A") == [record for record in reader.read(0, 10) if record.incident == "A"]
    assert reader.of_incident("D") == []


def test_the_latest_incident_of_a_kind_is_found(book: Book) -> None:
    assert Reader(book.engine).last_incident("raised") is None
    events = [("raised", "A"), ("closed", "A"), ("raised", "B"), ("closed", "C")]
    reader = book.written(*(a_draft(kind=kind, incident=incident) for kind, incident in events))
    assert reader.last_incident("raised") == "B"
    assert reader.last_incident("closed") == "C"
    assert reader.last_incident("note") is None


def test_the_latest_word_about_a_subject_is_found(book: Book) -> None:
    assert Reader(book.engine).last_of_subject("gate", "reading") is None
    words = [("gate", "reading"), ("gate", "reading"), ("gate", "raised"), ("tower", "reading"), ("tower", "raised")]
    reader = book.written(*(a_draft(subject=subject, kind=kind) for subject, kind in words))
    found = {
        (subject, kind): record.seq - 1
        for subject in ("gate", "tower", "wall")
        for kind in ("reading", "raised")
        if (record := reader.last_of_subject(subject, kind)) is not None
    }
    assert found == {("gate", "reading"): 1, ("gate", "raised"): 2, ("tower", "reading"): 3, ("tower", "raised"): 4}


# What a phone kept without a net is recorded after what happened later.
VISITS: Final = [
    Draft(kind=kind, at=NOW.replace(minute=minute), body={}, incident=incident)
    for minute, kind, incident in [
        (5, "arrived", "A"),
        (9, "left", "A"),
        (3, "arrived", "B"),
        (3, "note", None),
        (3, "left", "B"),
        (7, "arrived", "C"),
    ]
]


@pytest.mark.parametrize(
    ("kinds", "since", "until", "found"),
    [
        (["arrived", "left"], None, None, [3, 5, 1, 6, 2]),
        ({"arrived"}, None, None, [3, 1, 6]),
        (["arrived", "left"], 5, None, [1, 6, 2]),
        (["arrived", "left"], None, 5, [3, 5]),
        (["arrived", "left"], 5, 9, [1, 6]),
        (["arrived"], 9, 3, []),
        (["closed"], None, None, []),
        ([], None, None, []),
    ],
)
def test_kinds_are_read_by_the_time_it_happened(
    book: Book, kinds: list[str], since: int | None, until: int | None, found: list[int]
) -> None:
    reader = book.written(*VISITS)
    times = [None if minute is None else NOW.replace(minute=minute).astimezone(WIB) for minute in (since, until)]
    assert [record.seq for record in reader.of_kind(kinds, *times)] == found


def test_the_latest_are_read_in_their_order(book: Book) -> None:
    reader = book.written(*VISITS)

    def seqs(records: list[object]) -> list[int]:
        return [record.seq for record in records]  # type: ignore[attr-defined]

    assert seqs([*reader.latest(2)]) == [5, 6]
    assert seqs([*reader.latest(99)]) == [1, 2, 3, 4, 5, 6]
    assert seqs([*reader.latest(2, kinds=["arrived"])]) == [3, 6]
    assert seqs([*reader.latest(9, incident="A")]) == [1, 2]
    assert seqs([*reader.latest(9, kinds=["left"], incident="B")]) == [5]
    assert seqs([*reader.latest(9, since=NOW.replace(minute=5), until=NOW.replace(minute=9))]) == [1, 6]


@pytest.mark.parametrize("batch", [1, 2, 3, 1000])
def test_all_is_read_in_its_order_a_batch_at_a_time(book: Book, batch: int) -> None:
    assert list(Reader(book.engine).read_all(batch=batch)) == []
    reader = book.written(*(a_draft(number) for number in range(5)))
    batches = list(reader.read_all(batch=batch))
    assert [record.seq for rows in batches for record in rows] == [1, 2, 3, 4, 5]
    assert all(len(rows) == batch for rows in batches[:-1])
    assert [record.seq for rows in reader.read_all(3, batch) for record in rows] == [4, 5]


def test_what_is_written_while_all_is_read_is_read_too(book: Book) -> None:
    reader = book.written(a_draft(0))
    batches = reader.read_all(batch=1)
    assert [record.seq for record in next(batches)] == [1]
    book.journal.append(a_draft(1))
    wait_until(lambda: len(reader.read(0, 9)) == 2)
    assert [[record.seq for record in rows] for rows in batches] == [[2]]


def test_a_database_that_is_gone_says_so(book: Book) -> None:
    def fail(*_: object) -> None:
        raise OSError("gone")

    event.listen(book.engine, "before_cursor_execute", fail)
    with pytest.raises((SQLAlchemyError, OSError)):
        Reader(book.engine).last()
    event.remove(book.engine, "before_cursor_execute", fail)
