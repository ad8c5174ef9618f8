"""A PostgreSQL server, spoken to with deadlines: one that hangs holds up nobody.

Its driver is there only where somebody wants a copy (see `optional`), and is loaded when a server is first named.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import hashlib
import os
import re
import socket
from threading import Lock, Timer
from typing import Any, Final

from sqlalchemy import Connection, create_engine, event, inspect
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateSchema

from .table import prepare

# Seconds a server has for taking a connection, and for each answer; a batch on a slow line takes some.
CONNECT_DEADLINE: Final = 5
ANSWER_DEADLINE: Final = 20
# What a server does with a statement whose asker is gone (milliseconds).
_ABANDON: Final = ANSWER_DEADLINE * 1000
# Of a schema's name PostgreSQL takes so much.
_MAX_SCHEMA: Final = 63


class AddressError(ValueError):
    """An address is none; says nothing of it, for it holds a password."""


def schema_of(slug: str) -> str:
    """Return the schema of a facility: two on one database do not meet."""
    name = f"journal_{slug}"
    if len(name) <= _MAX_SCHEMA:
        return name
    digest = hashlib.sha256(slug.encode()).hexdigest()[:8]
    return f"{name[: _MAX_SCHEMA - 9]}_{digest}"


class Server:
    """A schema on a PostgreSQL server; one connection at a time. Raises AddressError if the address is none."""

    def __init__(self, url: str, schema: str) -> None:
        self._schema = schema
        self._lock = Lock()
        self._line: socket.socket | None = None
        self._is_closed = False
        self.engine = create_engine(
            "postgresql+psycopg://", poolclass=NullPool, connect_args=_parameters(url, schema), hide_parameters=True
        )
        # Before SQLAlchemy asks its first questions.
        event.listen(self.engine, "connect", self._hold, insert=True)
        event.listen(self.engine, "close", self._let_go)

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """Connect; raise SQLAlchemyError if that fails."""
        with self.deadline():
            connection = self.engine.connect()
        try:
            yield connection
        finally:
            with self.deadline():
                connection.close()

    def prepare(self, connection: Connection) -> None:
        """Create what is missing; what is there needs no right to create."""
        with self.deadline():
            with connection.begin():
                if not inspect(connection).has_schema(self._schema):
                    connection.execute(CreateSchema(self._schema))
            prepare(connection)

    @contextmanager
    def deadline(self) -> Iterator[None]:
        """Hang up if the server has not answered in time: what waits for it fails."""
        timer = Timer(ANSWER_DEADLINE, self._hang_up)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def close(self) -> None:
        """Hang up for good; from any thread, at any time."""
        with self._lock:
            self._is_closed = True
        self._hang_up()

    def _hold(self, connection: Any, _: object) -> None:
        """Keep a handle of the line: the driver itself waits without end for a server that hangs."""
        line = socket.socket(fileno=os.dup(connection.fileno()))
        with self._lock:
            self._line = line
        if self._is_closed:
            self._hang_up()

    def _let_go(self, *_: object) -> None:
        with self._lock:
            if self._line is not None:
                self._line.close()
            self._line = None

    def _hang_up(self) -> None:
        with self._lock:
            if self._line is not None:
                with suppress(OSError):
                    self._line.shutdown(socket.SHUT_RDWR)


def _parameters(url: str, schema: str) -> dict[str, Any]:
    """Return what the driver is told; raise AddressError if the address is none."""
    from psycopg import ProgrammingError  # noqa: PLC0415  # only where a copy is wanted
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    try:
        parameters = conninfo_to_dict(url)
    except ProgrammingError:
        # Without its text and its cause: they quote what they stumbled over, the password say.
        raise AddressError from None
    places = f"{parameters.get('host') or ''}{parameters.get('hostaddr') or ''}"
    ports = str(parameters.get("port") or "")
    # An @ in a password must be written %40; else a part of it would be looked up as a host, and logged.
    if not re.match("postgres(ql)?://", url) or "@" in places or not re.fullmatch("[0-9,]*", ports):
        raise AddressError
    return {
        **parameters,
        "connect_timeout": CONNECT_DEADLINE,
        "client_encoding": "utf8",
        "application_name": "rutan_blora",
        "options": " ".join(
            f"-c {setting}"
            for setting in (
                f"search_path={schema}",
                f"statement_timeout={_ABANDON}",
                f"idle_in_transaction_session_timeout={_ABANDON}",
            )
        ),
    }
