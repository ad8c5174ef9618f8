"""A copy of the journal on a server, kept up by a thread of its own.

The journal itself stays where it is: it is written first, and is what a restart reads. A server that is away, slow or
gone for good holds up nothing but its copy.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
import logging
from threading import Event, Thread
from time import monotonic
from typing import Final

from sqlalchemy import Connection, insert, select

from .record import GENESIS, Record
from .server import Server
from .store import Journal
from .table import RECORDS, first_line

_LOGGER = logging.getLogger(__name__)

# Seconds between two looks for new records, between two at a server that has nothing to take, and between two tries.
POLL: Final = 0.5
LOOK: Final = 30.0
FIRST_PAUSE: Final = 1.0
LAST_PAUSE: Final = 60.0
# Records that go in one transaction, within a server's deadline on a slow line too.
BATCH: Final = 500
# Seconds a close waits for the thread; it ends by itself.
CLOSE_TIMEOUT: Final = 1.0


class CopyState(StrEnum):
    """How a copy is."""

    SAME = "same"
    AWAY = "away"
    DIFFERS = "differs"


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyHealth:
    """How a copy is, and up to which record it is known to go.

    `same`: what it has is the journal's, as far as its last record vouches for it. `away`: that cannot be told, for the
    `error`. `differs`: its last record is not the journal's; nothing is written to it.
    """

    state: CopyState
    seq: int = 0
    error: str | None = None


class DiffersError(Exception):
    """The last record of the copy, `seq`, is not the journal's: it is of another one, or one of the two was altered."""

    def __init__(self, seq: int) -> None:
        super().__init__(seq)
        self.seq = seq


type Head = tuple[int, str]
_NOTHING: Final[Head] = (0, GENESIS)


def check(url: str, schema: str) -> None:
    """See whether a copy can be kept at an address, and make room for it.

    Raise AddressError if the address is none, SQLAlchemyError if the server is not reached or refuses.
    """
    server = Server(url, schema)
    with server.connected() as connection:
        server.prepare(connection)


class JournalCopy:
    """Follows a journal. `on_health` is called from the thread whenever the copy's state or error changes."""

    def __init__(self, journal: Journal, url: str, schema: str, on_health: Callable[[CopyHealth], None]) -> None:
        self.health = CopyHealth(state=CopyState.AWAY)
        self._journal = journal
        self._url = url
        self._schema = schema
        self._on_health = on_health
        self._server: Server | None = None
        self._pause = FIRST_PAUSE
        self._closing = Event()
        self._thread = Thread(target=self._follow_all, name=f"rutan_blora copy {schema}", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Let it end; returns at once."""
        self._closing.set()
        if (server := self._server) is not None:
            server.close()

    def close(self) -> None:
        """Stop, and wait at most CLOSE_TIMEOUT seconds."""
        self.stop()
        if self._thread.is_alive():
            self._thread.join(CLOSE_TIMEOUT)

    def compare(self) -> CopyHealth:
        """Return how the copy is now, asked on a line of its own; blocks as long as a server may take."""
        try:
            server = Server(self._url, self._schema)
            with server.connected() as connection:
                head = _head(server, connection)
            self._missing(head)
        except DiffersError as err:
            return CopyHealth(state=CopyState.DIFFERS, seq=err.seq)
        except Exception as err:  # noqa: BLE001  # a border, as below
            return CopyHealth(state=CopyState.AWAY, seq=self.health.seq, error=first_line(err))
        return CopyHealth(state=CopyState.SAME, seq=head[0])

    def _follow_all(self) -> None:
        """Follow until closed, whatever happens; the thread."""
        while not self._closing.is_set():
            try:
                self._follow()
            except DiffersError as err:
                self._report(CopyHealth(state=CopyState.DIFFERS, seq=err.seq))
            except Exception as err:  # noqa: BLE001  # a border: what it is becomes the copy's health
                self._report(CopyHealth(state=CopyState.AWAY, seq=self.health.seq, error=first_line(err)))
            self._closing.wait(self._pause)
            self._pause = min(2 * self._pause, LAST_PAUSE)

    def _follow(self) -> None:
        """Connect, and copy what is missing and what comes, until closed or something fails."""
        server = self._server = Server(self._url, self._schema)
        if self._closing.is_set():
            # The stop has not seen this one.
            return
        with server.connected() as connection:
            server.prepare(connection)
            head, looked = _NOTHING, -LOOK
            while not self._closing.is_set():
                if self._journal.seq is None:
                    # It cannot be written now, or is not open yet: what is missing is not known.
                    self._closing.wait(POLL)
                    continue
                if monotonic() - looked >= LOOK:
                    head, looked = _head(server, connection), monotonic()
                elif self._journal.seq == head[0]:
                    self._closing.wait(POLL)
                    continue
                head = self._copy(server, connection, head)

    def _copy(self, server: Server, connection: Connection, head: Head) -> Head:
        """Copy the next records and return the copy's head; raise DiffersError if it is not ours so far."""
        if missing := self._missing(head):
            with server.deadline(), connection.begin():
                connection.execute(insert(RECORDS), [asdict(record) for record in missing])
            head = missing[-1].seq, missing[-1].hash
        else:
            self._closing.wait(POLL)
        self._pause = FIRST_PAUSE
        self._report(CopyHealth(state=CopyState.SAME, seq=head[0]))
        return head

    def _missing(self, head: Head) -> list[Record]:
        """Return the next records that a copy with this head lacks; raise DiffersError if the head is not ours."""
        seq, _ = head
        if not seq:
            return self._journal.read(0, BATCH)
        records = self._journal.read(seq - 1, BATCH + 1)
        if not records or (records[0].seq, records[0].hash) != head:
            raise DiffersError(seq)
        return records[1:]

    def _report(self, health: CopyHealth) -> None:
        """Tell health when it changes; that it goes further is no news."""
        if self._closing.is_set():
            # What fails now fails because it is closed.
            return
        before, self.health = self.health, health
        if (health.state, health.error) == (before.state, before.error):
            return
        try:
            self._on_health(health)
        except Exception:
            # Home Assistant's loop may be gone.
            _LOGGER.debug("Nobody heard of the copy's health", exc_info=True)


def _head(server: Server, connection: Connection) -> Head:
    """Return number and hash of the copy's last record."""
    query = select(RECORDS.c.seq, RECORDS.c.hash).order_by(RECORDS.c.seq.desc()).limit(1)
    with server.deadline(), connection.begin():
        row = connection.execute(query).first()
    return (row.seq, row.hash) if row else _NOTHING
