"""The journal's copy on a server: complete, patient, and no burden to anybody."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import groupby
import logging
from pathlib import Path
import sqlite3
from threading import Condition
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from custom_components.rutan_blora.journal import copy, server as server_module, store
from custom_components.rutan_blora.journal.copy import CopyHealth, CopyState, JournalCopy, check
from custom_components.rutan_blora.journal.record import Draft, first_broken
from custom_components.rutan_blora.journal.server import AddressError, Server, schema_of
from custom_components.rutan_blora.journal.store import Journal
from custom_components.rutan_blora.journal.table import Reader
from demo.postgresql import HOST, PASSWORD, PostgreSQL

from .common import NOW, PATIENCE, a_draft, wait_until

pytest_plugins = ("tests.database",)


class Told:
    """What a copy says of itself."""

    def __init__(self) -> None:
        self.healths: list[CopyHealth] = []
        self._news = Condition()

    def __call__(self, health: CopyHealth) -> None:
        """Take in a word of the thread."""
        with self._news:
            self.healths.append(health)
            self._news.notify_all()

    @property
    def states(self) -> list[CopyState]:
        """Return what was told, the same only once in a row: errors of one trouble may have several words."""
        return [state for state, _ in groupby(health.state for health in self.healths)]

    def until(self, *states: CopyState) -> CopyHealth:
        """Wait until these states were told, one after the other, and return what was told at last."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.states) >= len(states), PATIENCE), self.healths
            assert self.states == list(states)
            return self.healths[-1]


@dataclass
class Site:
    """A journal and where its copies are kept."""

    folder: Path
    server: PostgreSQL
    schema: str
    journal: Journal
    ends: ExitStack

    def write(self, count: int) -> None:
        """Append records and wait until they are in the journal."""
        before = self.journal.seq or 0
        for number in range(count):
            self.journal.append(a_draft(before + number))
        wait_until(lambda: self.journal.seq == before + count)

    def another_journal(self, name: str) -> Journal:
        """Open a journal at another place."""
        journal = Journal(self.folder / name, lambda _: None)
        journal.open()
        self.ends.callback(journal.close)
        return journal

    def copied(
        self, *, journal: Journal | None = None, url: str | None = None, schema: str | None = None
    ) -> JournalCopy:
        """Begin a copy; `told` is what it says."""
        told = Told()
        copied = JournalCopy(journal or self.journal, url or self.server.url(), schema or self.schema, told)
        self.ends.callback(copied.close)
        copied.start()
        return copied

    def rows(self, schema: str | None = None) -> list[int]:
        """Return the numbers of what is on the server; the chain must be intact."""
        records = Reader(Server(self.server.url(), schema or self.schema).engine).read(0, 10_000)
        assert first_broken(records) is None
        return [record.seq for record in records]

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        """Ask the copy behind its back."""
        return self.server.execute(f"SET search_path = {self.schema}", statement)

    def alter_copy(self, statement: str) -> None:
        """Alter the copy behind its back."""
        self.server.execute(
            f"SET search_path = {self.schema}", "ALTER TABLE records DISABLE TRIGGER records_append_only", statement
        )


def told_by(copied: JournalCopy) -> Told:
    """Return what a copy says of itself."""
    told = copied._on_health
    assert isinstance(told, Told)
    return told


@pytest.fixture
def site(
    postgresql: PostgreSQL,
    tmp_path: Path,
    socket_enabled: None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Site]:
    """Give a journal that is open, and copies that are in a hurry."""
    for name, seconds in {"POLL": 0.01, "LOOK": 0.05, "FIRST_PAUSE": 0.01, "LAST_PAUSE": 0.05}.items():
        monkeypatch.setattr(copy, name, seconds)
    monkeypatch.setattr(store, "RETRY", 0.01)
    # The test plug-in lets SQLAlchemy tell every statement.
    caplog.set_level(logging.WARNING, "sqlalchemy.engine")
    journal = Journal(tmp_path / "rutan.db", lambda _: None)
    journal.open()
    with ExitStack() as ends:
        ends.callback(journal.close)
        yield Site(tmp_path, postgresql, postgresql.schema(), journal, ends)
    assert PASSWORD not in caplog.text


# --- it follows ---


def test_what_was_there_is_copied_and_what_comes_follows(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy, "BATCH", 10)
    site.write(35)
    copied = site.copied()
    wait_until(lambda: copied.health.seq == 35)
    site.write(2)
    wait_until(lambda: copied.health.seq == 37)
    assert site.rows() == list(range(1, 38))
    assert told_by(copied).until(CopyState.SAME).error is None


def test_the_copy_of_an_empty_journal_is_empty_and_well(site: Site) -> None:
    copied = site.copied()
    told_by(copied).until(CopyState.SAME)
    assert copied.health == CopyHealth(state=CopyState.SAME, seq=0)
    assert site.rows() == []


def test_a_copy_goes_on_where_it_was_left(site: Site) -> None:
    site.write(3)
    first = site.copied()
    wait_until(lambda: first.health.seq == 3)
    first.close()
    site.write(3)
    second = site.copied()
    wait_until(lambda: second.health.seq == 6)
    assert site.rows() == [1, 2, 3, 4, 5, 6]


def test_two_facilities_on_one_database_do_not_meet(site: Site) -> None:
    other = site.another_journal("other.db")
    other.append(Draft(kind="other", at=NOW, body={"number": 1}))
    site.write(2)
    copies = [site.copied(), site.copied(journal=other, schema=site.server.schema())]
    wait_until(lambda: [copied.health.seq for copied in copies] == [2, 1])
    assert (site.rows(), site.rows(copies[1]._schema)) == ([1, 2], [1])


def test_a_journal_that_is_not_open_yet_is_waited_for(site: Site) -> None:
    site.write(2)
    late = Journal(site.folder / "rutan.db", lambda _: None)
    site.ends.callback(late.close)
    copied = site.copied(journal=late)
    wait_until(lambda: site.ask("SELECT to_regclass('records')") != [(None,)])
    late.open()
    wait_until(lambda: copied.health.seq == 2)


@pytest.mark.parametrize("slug", ["rutan_blora", "r" * 80])
def test_a_schema_has_a_name_that_postgresql_takes_whole(slug: str) -> None:
    assert len(schema_of(slug)) <= 63
    assert schema_of(slug) != schema_of(f"{slug[:-1]}x")
    assert schema_of("rutan_blora") == "journal_rutan_blora"


def test_a_user_who_may_only_add_and_read_is_enough_once_the_table_is_there(site: Site) -> None:
    site.write(1)
    owner = site.copied()
    wait_until(lambda: owner.health.seq == 1)
    owner.close()
    site.server.execute(
        "DROP ROLE IF EXISTS writer",
        "CREATE ROLE writer LOGIN PASSWORD 'w'",
        f"GRANT USAGE ON SCHEMA {site.schema} TO writer",
        f"GRANT SELECT, INSERT ON {site.schema}.records TO writer",
    )
    copied = site.copied(url=site.server.url(user="writer", password="w"))
    site.write(1)
    wait_until(lambda: copied.health.seq == 2)
    site.server.execute("DROP OWNED BY writer")


# --- a server in trouble ---


def test_a_copy_catches_up_when_the_server_is_back(site: Site) -> None:
    site.write(2)
    copied = site.copied()
    wait_until(lambda: copied.health.seq == 2)
    told = told_by(copied)
    with site.server.stopped():
        told.until(CopyState.SAME, CopyState.AWAY)
        site.write(3)
        assert copied.health.seq == 2
    wait_until(lambda: copied.health.seq == 5)
    told.until(CopyState.SAME, CopyState.AWAY, CopyState.SAME)
    assert site.rows() == [1, 2, 3, 4, 5]


def test_a_server_that_was_never_there_is_waited_for(site: Site) -> None:
    site.write(1)
    with site.server.stopped():
        copied = site.copied()
        health = told_by(copied).until(CopyState.AWAY)
        assert "Connection refused" in (health.error or "")
        assert "\n" not in (health.error or "")
    wait_until(lambda: copied.health.seq == 1)


def test_a_server_that_hangs_is_noticed_and_holds_up_nobody(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "ANSWER_DEADLINE", 0.2)
    site.write(1)
    copied = site.copied()
    wait_until(lambda: copied.health.seq == 1)
    with site.server.frozen():
        site.write(2)
        told_by(copied).until(CopyState.SAME, CopyState.AWAY)
        before = monotonic()
        copied.stop()
        assert monotonic() - before < 0.5
    again = site.copied()
    wait_until(lambda: again.health.seq == 3)
    assert site.rows() == [1, 2, 3]


def test_a_close_ends_what_waits_for_a_server_that_hangs(site: Site) -> None:
    copied = site.copied()
    told_by(copied).until(CopyState.SAME)
    assert copied._server is not None
    asked: list[None] = []
    answered: list[None] = []
    event.listen(copied._server.engine, "before_cursor_execute", lambda *_: asked.append(None))
    event.listen(copied._server.engine, "after_cursor_execute", lambda *_: answered.append(None))
    with site.server.frozen():
        site.write(1)
        wait_until(lambda: len(asked) > len(answered))
        copied.close()
        assert not copied._thread.is_alive()
    assert told_by(copied).states == [CopyState.SAME]


def test_a_server_that_takes_connections_and_never_answers_is_away(
    site: Site, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The driver knows no less.
    monkeypatch.setattr(server_module, "CONNECT_DEADLINE", 2)
    copied = site.copied(url=site.server.url(port=silent_port))
    assert "timeout" in (told_by(copied).until(CopyState.AWAY).error or "")


def test_a_wrong_password_is_told_and_tells_nothing(site: Site) -> None:
    copied = site.copied(url=site.server.url(password="wr0ng-one"))
    health = told_by(copied).until(CopyState.AWAY)
    assert 'password authentication failed for user "postgres"' in (health.error or "")
    assert "wr0ng-one" not in str(health)


def test_a_user_who_may_not_create_is_told(site: Site) -> None:
    site.server.execute("DROP ROLE IF EXISTS nobody", "CREATE ROLE nobody LOGIN PASSWORD 'n'")
    copied = site.copied(url=site.server.url(user="nobody", password="n"))
    health = told_by(copied).until(CopyState.AWAY)
    assert "permission denied" in (health.error or "")


def test_a_record_that_the_server_cannot_hold_stops_the_copy_and_is_told(site: Site) -> None:
    """PostgreSQL has no text with a zero in it."""
    site.write(1)
    site.journal.append(a_draft(2, subject="\x00"))
    copied = site.copied()
    health = told_by(copied).until(CopyState.AWAY)
    assert "NUL" in (health.error or "")
    assert site.rows() == []


def test_tries_grow_rarer_while_the_server_is_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy, "FIRST_PAUSE", 1.0)
    monkeypatch.setattr(copy, "LAST_PAUSE", 60.0)
    copied = JournalCopy(site.journal, site.server.url(port=1), site.schema, Told())
    pauses: list[float] = []

    def wait(timeout: float) -> bool:
        pauses.append(timeout)
        if len(pauses) == 8:
            copied.stop()
        return False

    monkeypatch.setattr(copied._closing, "wait", wait)
    copied._follow_all()
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]


def test_tries_begin_anew_after_the_server_was_there(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy, "LAST_PAUSE", 99.0)
    copied = JournalCopy(site.journal, site.server.url(), site.schema, Told())
    copied._pause = 64
    copied.start()
    site.ends.callback(copied.close)
    told_by(copied).until(CopyState.SAME)
    assert copied._pause == copy.FIRST_PAUSE


def test_a_listener_that_fails_stops_no_copy(site: Site) -> None:
    def fail(_: CopyHealth) -> None:
        raise RuntimeError("Event loop is closed")

    copied = JournalCopy(site.journal, site.server.url(), site.schema, fail)
    site.ends.callback(copied.close)
    copied.start()
    site.write(1)
    wait_until(lambda: copied.health.seq == 1)


def test_a_copy_that_never_began_may_be_closed(site: Site) -> None:
    JournalCopy(site.journal, site.server.url(), site.schema, Told()).close()


def test_a_stop_just_before_it_connects_is_heeded(site: Site) -> None:
    copied = JournalCopy(site.journal, site.server.url(), site.schema, Told())
    copied.stop()
    copied._follow()
    assert site.server.execute(f"SELECT to_regnamespace('{site.schema}')") == [(None,)]  # our own


# --- a copy that differs ---


def test_the_copy_of_another_journal_is_not_written_to(site: Site) -> None:
    site.write(2)
    first = site.copied()
    wait_until(lambda: first.health.seq == 2)
    first.close()
    other = site.another_journal("other.db")
    for number in range(3):
        other.append(a_draft(number, kind="other"))
    second = site.copied(journal=other)
    told_by(second).until(CopyState.DIFFERS)
    assert second.compare().state is CopyState.DIFFERS
    assert site.rows() == [1, 2]


def test_a_lost_journal_does_not_overwrite_its_copy(site: Site) -> None:
    site.write(2)
    first = site.copied()
    wait_until(lambda: first.health.seq == 2)
    first.close()
    second = site.copied(journal=site.another_journal("begun_anew.db"))
    told_by(second).until(CopyState.DIFFERS)
    assert second.compare() == CopyHealth(state=CopyState.DIFFERS, seq=2)
    assert site.rows() == [1, 2]


def test_a_journal_whose_tail_was_cut_differs(site: Site) -> None:
    site.write(3)
    first = site.copied()
    wait_until(lambda: first.health.seq == 3)
    first.close()
    site.journal.close()
    with closing(sqlite3.connect(site.folder / "rutan.db", isolation_level=None)) as database:
        database.execute("DROP TRIGGER records_no_delete")
        database.execute("DELETE FROM records WHERE seq = 3")
    second = site.copied(journal=site.another_journal("rutan.db"))
    told_by(second).until(CopyState.DIFFERS)
    assert site.rows() == [1, 2, 3]


def test_a_journal_whose_file_was_taken_away_while_it_is_copied_differs(site: Site) -> None:
    site.write(3)
    copied = site.copied()
    wait_until(lambda: copied.health.seq == 3)
    for file in site.folder.glob("rutan.db*"):
        file.unlink()
    site.journal.append(a_draft(1))
    # In between there may be a moment without a table.
    wait_until(lambda: copied.health.state is CopyState.DIFFERS)
    assert site.rows() == [1, 2, 3]


def test_a_copy_that_is_altered_while_it_is_kept_differs(site: Site) -> None:
    site.write(2)
    copied = site.copied()
    wait_until(lambda: copied.health.seq == 2)
    site.alter_copy("UPDATE records SET hash = 'x' WHERE seq = 2")
    told_by(copied).until(CopyState.SAME, CopyState.DIFFERS)
    site.write(1)
    assert site.ask("SELECT max(seq) FROM records") == [(2,)]


def test_a_copy_that_was_mended_is_kept_up_again(site: Site) -> None:
    site.write(2)
    copied = site.copied()
    wait_until(lambda: copied.health.seq == 2)
    ((kept,),) = site.ask("SELECT hash FROM records WHERE seq = 2")
    site.alter_copy("UPDATE records SET hash = 'x' WHERE seq = 2")
    told_by(copied).until(CopyState.SAME, CopyState.DIFFERS)
    site.alter_copy(f"UPDATE records SET hash = '{kept}' WHERE seq = 2")  # noqa: S608  # our own
    site.write(1)
    wait_until(lambda: copied.health.seq == 3)
    assert site.rows() == [1, 2, 3]


# --- how it is now ---


def test_a_copy_is_compared_on_a_line_of_its_own(site: Site) -> None:
    site.write(2)
    copied = site.copied()
    wait_until(lambda: copied.health.seq == 2)
    assert copied.compare() == CopyHealth(state=CopyState.SAME, seq=2)
    with site.server.stopped():
        away = copied.compare()
    assert (away.state, away.seq) == (CopyState.AWAY, 2)
    assert "Connection refused" in (away.error or "")


# --- where it is kept ---


def test_an_address_is_checked_and_room_made_there(site: Site) -> None:
    check(site.server.url(), site.schema)
    check(site.server.url().replace("postgresql:", "postgres:"), site.schema)
    assert site.rows() == []


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="none"),
        pytest.param("no address", id="words"),
        pytest.param("host=127.0.0.1 password=s3cret", id="the driver's own form"),
        pytest.param("mysql://rutan:s3cret@127.0.0.1/rutan", id="another database"),
        pytest.param("sqlite:////config/rutan.db", id="a file"),
        pytest.param("postgresql://rutan:s3c%zzret@127.0.0.1/rutan", id="no such character"),
        pytest.param("postgresql://rutan:s3@cret@127.0.0.1/rutan", id="an @ in the password"),
        pytest.param("postgresql://rutan:s3@cr:et@127.0.0.1/rutan", id="an @ and a colon in the password"),
        pytest.param("postgresql://rutan:s3@127.0.0.1:cret/rutan", id="a port that is none"),
        pytest.param("postgresql://rutan:s3cret@127.0.0.1/rutan?what=ever", id="an option there is not"),
    ],
)
def test_an_address_that_is_none_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(AddressError) as refused:
        Server(url, "journal_rutan")
    assert str(refused.value) == ""
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_an_address_nobody_answers_at_is_refused(site: Site) -> None:
    with pytest.raises(SQLAlchemyError, match="Connection refused") as refused:
        check(f"postgresql://rutan:{PASSWORD}@{HOST}:1/rutan", site.schema)
    assert PASSWORD not in str(refused.value)


def test_a_server_is_spoken_to_with_its_deadlines(site: Site) -> None:
    server = Server(site.server.url(), site.schema)
    with server.connected() as connection:
        asked: dict[str, Any] = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar()
            for name in ("statement_timeout", "idle_in_transaction_session_timeout", "search_path")
        }
    assert asked == {
        "statement_timeout": "20s",
        "idle_in_transaction_session_timeout": "20s",
        "search_path": site.schema,
    }
