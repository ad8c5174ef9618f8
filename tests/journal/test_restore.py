"""A journal that was lost comes back from its copy, and goes on."""

from pathlib import Path

import pytest
from sqlalchemy.exc import SQLAlchemyError

from custom_components.rutan_blora.journal import copy
from custom_components.rutan_blora.journal.copy import CopyState, JournalCopy
from custom_components.rutan_blora.journal.restore import main, restore
from custom_components.rutan_blora.journal.server import AddressError, schema_of
from custom_components.rutan_blora.journal.store import Journal
from demo.postgresql import PASSWORD, PostgreSQL

from .common import a_draft, wait_until

pytest_plugins = ("tests.database",)

NAME = "rutan_lost"


@pytest.fixture
def server(postgresql: PostgreSQL, socket_enabled: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PostgreSQL:
    """Give a server with the copy of a journal of five records that is lost."""
    monkeypatch.setattr(copy, "POLL", 0.01)
    monkeypatch.setattr(copy, "FIRST_PAUSE", 0.01)
    postgresql.execute(f"DROP SCHEMA IF EXISTS {schema_of(NAME)} CASCADE")
    journal = Journal(tmp_path / "lost.db", lambda _: None)
    journal.open()
    for number in range(5):
        journal.append(a_draft(number, incident="A"))
    copied = JournalCopy(journal, postgresql.url(), schema_of(NAME), lambda _: None)
    copied.start()
    wait_until(lambda: copied.health.seq == 5)
    copied.close()
    journal.close()
    return postgresql


def test_a_lost_journal_comes_back_and_goes_on(server: PostgreSQL, tmp_path: Path) -> None:
    path = tmp_path / "rutan.db"
    found = restore(server.url(), NAME, path)
    assert (found.records, found.is_intact) == (5, True)
    journal = Journal(path, lambda _: None)
    journal.open()
    copied = JournalCopy(journal, server.url(), schema_of(NAME), lambda _: None)
    copied.start()
    journal.append(a_draft(5, incident="A"))
    wait_until(lambda: copied.health.seq == 6)
    assert copied.health.state is CopyState.SAME
    assert [record.load()["number"] for record in journal.of_incident("A")] == [0, 1, 2, 3, 4, 5]
    copied.close()
    journal.close()


def test_nothing_is_overwritten(server: PostgreSQL, tmp_path: Path) -> None:
    path = tmp_path / "rutan.db"
    path.write_bytes(b"the journal")
    with pytest.raises(FileExistsError):
        restore(server.url(), NAME, path)
    assert path.read_bytes() == b"the journal"


@pytest.mark.parametrize("name", ["of_another_house", NAME])
def test_what_cannot_be_read_leaves_no_file(server: PostgreSQL, tmp_path: Path, name: str) -> None:
    path = tmp_path / "rutan.db"
    url = server.url(password="wrong") if name == NAME else server.url()
    before = list(tmp_path.iterdir())
    with pytest.raises(SQLAlchemyError):
        restore(url, name, path)
    assert list(tmp_path.iterdir()) == before


def test_an_address_that_is_none_leaves_no_file(server: PostgreSQL, tmp_path: Path) -> None:
    with pytest.raises(AddressError):
        restore("no address", NAME, tmp_path / "rutan.db")
    assert not (tmp_path / "rutan.db").exists()


def test_what_was_restored_is_said(
    server: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JOURNAL_URL", server.url())
    assert main([NAME, str(tmp_path / "rutan.db")]) is None
    said = capsys.readouterr().out
    assert said.startswith("5 records are restored. Head: ")
    again = main([NAME, str(tmp_path / "rutan.db")])
    assert again is not None
    assert "is there already" in again
    monkeypatch.setenv("JOURNAL_URL", "no address")
    assert main([NAME, str(tmp_path / "other.db")]) == "This is no address of a PostgreSQL database."
    monkeypatch.setenv("JOURNAL_URL", server.url(port=1))
    unreached = main([NAME, str(tmp_path / "other.db")])
    assert unreached is not None
    assert PASSWORD not in unreached


def test_an_altered_copy_is_restored_as_it_is_and_said_to_be(
    server: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.execute(
        f"SET search_path = {schema_of(NAME)}",
        "ALTER TABLE records DISABLE TRIGGER records_append_only",
        "UPDATE records SET body = '{}' WHERE seq = 3",
    )
    monkeypatch.setenv("JOURNAL_URL", server.url())
    assert main([NAME, str(tmp_path / "rutan.db")]) == "The copy was altered: record 3 is not what was written."
    assert (tmp_path / "rutan.db").exists()
