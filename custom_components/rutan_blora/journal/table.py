"""The table of records, the same in every database, and how it is read."""

from collections.abc import Collection, Iterator
from datetime import datetime
import logging
from typing import Any, Final

from sqlalchemy import (
    DDL,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    event,
    func,
    inspect,
    select,
)
from sqlalchemy.exc import SQLAlchemyError

from .record import Record, time_text

_LOGGER = logging.getLogger(__name__)

_METADATA: Final = MetaData()
# Without lengths: SQLite keeps to none, and a server that does would refuse the copy of what is on record already.
RECORDS: Final = Table(
    "records",
    _METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("incident", String),
    Column("subject", String),
    Column("body", Text, nullable=False),
    Column("prev", String, nullable=False),
    Column("hash", String, nullable=False),
)
Index("ix_records_kind", RECORDS.c.kind, RECORDS.c.seq)
Index("ix_records_kind_at", RECORDS.c.kind, RECORDS.c.at)
Index("ix_records_incident", RECORDS.c.incident, RECORDS.c.seq)
Index("ix_records_subject", RECORDS.c.subject, RECORDS.c.seq)

# They stop accidents, not attackers: whoever has the database can drop them, but not mend the chain unseen.
_SQLITE_TRIGGER: Final = """
CREATE TRIGGER records_no_{name} BEFORE {verb} ON records
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END
"""
_POSTGRESQL_FUNCTION: Final = """
CREATE FUNCTION records_refuse() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$
"""
_POSTGRESQL_TRIGGER: Final = """
CREATE TRIGGER records_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON records
EXECUTE FUNCTION records_refuse()
"""
for _dialect, _statement in (
    ("sqlite", _SQLITE_TRIGGER.format(name="update", verb="UPDATE")),
    ("sqlite", _SQLITE_TRIGGER.format(name="delete", verb="DELETE")),
    ("postgresql", _POSTGRESQL_FUNCTION),
    ("postgresql", _POSTGRESQL_TRIGGER),
):
    event.listen(
        RECORDS,
        "after_create",
        DDL(_statement).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
    )


def prepare(connection: Connection) -> None:
    """Create what is missing, in an older database too; raise SQLAlchemyError if that fails."""
    with connection.begin():
        _METADATA.create_all(connection)
        made = {index["name"] for index in inspect(connection).get_indexes(RECORDS.name)}
    for index in RECORDS.indexes:
        if index.name not in made:
            _make(connection, index)


def _make(connection: Connection, index: Index) -> None:
    """Make an index; without it reading is slow, no more."""
    try:
        with connection.begin():
            index.create(connection)
    except SQLAlchemyError as err:
        _LOGGER.warning("The journal stays without an index: %s", first_line(err))


class Reader:
    """Reads the records of a database; every method blocks, and raises SQLAlchemyError if it cannot be read."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of_incident(self, incident: str) -> list[Record]:
        """Return the records of an incident, oldest first."""
        return self._read(select(RECORDS).where(RECORDS.c.incident == incident).order_by(RECORDS.c.seq))

    def last_incident(self, kind: str) -> str | None:
        """Return the incident of the latest record of a kind."""
        rows = self._read(select(RECORDS).where(RECORDS.c.kind == kind).order_by(RECORDS.c.seq.desc()).limit(1))
        return rows[0].incident if rows else None

    def last_of_subject(self, subject: str, kind: str) -> Record | None:
        """Return the latest record of a kind about a subject."""
        rows = self._read(
            select(RECORDS)
            .where(RECORDS.c.subject == subject, RECORDS.c.kind == kind)
            .order_by(RECORDS.c.seq.desc())
            .limit(1)
        )
        return rows[0] if rows else None

    def last(self) -> Record | None:
        """Return the latest record of all."""
        rows = self._read(select(RECORDS).order_by(RECORDS.c.seq.desc()).limit(1))
        return rows[0] if rows else None

    def of_kind(
        self, kinds: Collection[str], since: datetime | None = None, until: datetime | None = None
    ) -> list[Record]:
        """Return the records of some kinds that happened from `since` on and before `until`, earliest first."""
        query = _within(select(RECORDS).where(RECORDS.c.kind.in_(kinds)), since, until)
        return self._read(query.order_by(RECORDS.c.at, RECORDS.c.seq))

    def latest(
        self,
        count: int,
        *,
        kinds: Collection[str] = (),
        incident: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Record]:
        """Return the latest records, of some kinds, an incident or a time if any are given, in their order."""
        query = _within(select(RECORDS), since, until)
        if kinds:
            query = query.where(RECORDS.c.kind.in_(kinds))
        if incident is not None:
            query = query.where(RECORDS.c.incident == incident)
        return self._read(query.order_by(RECORDS.c.seq.desc()).limit(count))[::-1]

    def span(self, since: datetime, until: datetime) -> tuple[int, int] | None:
        """Return the lowest and the highest number of what happened in a time, None if nothing did.

        In the chain there may be records of other times between the two: what is handed in late.
        """
        # The index is by kind and time; this way it is all that is read.
        kinds = select(RECORDS.c.kind).distinct()
        within = _within(select(func.min(RECORDS.c.seq), func.max(RECORDS.c.seq)), since, until)
        with self._engine.connect() as connection:
            first, last = connection.execute(within.where(RECORDS.c.kind.in_(kinds))).one()
        return None if first is None else (first, last)

    def read(self, after: int, count: int) -> list[Record]:
        """Return the records that follow a number, in their order."""
        return self._read(select(RECORDS).where(RECORDS.c.seq > after).order_by(RECORDS.c.seq).limit(count))

    def read_all(self, after: int = 0, batch: int = 1000) -> Iterator[list[Record]]:
        """Give all records that follow a number in their order, a batch at a time."""
        while rows := self.read(after, batch):
            yield rows
            after = rows[-1].seq

    def _read(self, query: Select[Any]) -> list[Record]:
        with self._engine.connect() as connection:
            return [Record(**row) for row in connection.execute(query).mappings()]


def _within(query: Select[Any], since: datetime | None, until: datetime | None) -> Select[Any]:
    if since is not None:
        query = query.where(RECORDS.c.at >= time_text(since))
    if until is not None:
        query = query.where(RECORDS.c.at < time_text(until))
    return query


def first_line(err: Exception) -> str:
    """Return what a person needs of an error: the rest of a database's is its statement."""
    return str(err).partition("\n")[0] or type(err).__name__
