"""A real PostgreSQL server on this machine, for the journal's copy."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import os
from pathlib import Path
import shutil
import signal
import socket
import subprocess
import tempfile
from time import monotonic, sleep
from typing import Final

import psycopg
import pytest

from demo.home_assistant import free_port

HOST: Final = "127.0.0.1"
PASSWORD: Final = "pa55-of-the-copy"
# Debian keeps it where nobody looks.
_DEBIAN: Final = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
_PATH: Final = os.pathsep.join([os.environ.get("PATH", ""), *map(str, _DEBIAN)])
_INITDB: Final = shutil.which("initdb", path=_PATH)
_POSTGRES: Final = shutil.which("postgres", path=_PATH)
# Only a failing test waits that long (seconds).
PATIENCE: Final = 15.0


def require_postgresql() -> None:
    """Skip the test where there is no PostgreSQL; in continuous integration there has to be one."""
    if _INITDB and _POSTGRES:
        return
    reason = "there is no PostgreSQL on this machine"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class PostgreSQL:
    """A server in a folder of its own; started again it has the same port and what was written."""

    def __init__(self) -> None:
        self.port = free_port()
        # Not below pytest's own: the server refuses to run as root, and another cannot look in there.
        self._folder = Path(tempfile.mkdtemp(prefix="rutan-blora-postgresql-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._schemas = 0
        password = self._folder / "password"
        password.write_text(PASSWORD, encoding="utf-8")
        if os.geteuid() == 0:
            for path in (self._folder, password):
                shutil.chown(path, "nobody", "nogroup")
        self._begin(
            *(_INITDB, "--pgdata", self._data, "--username", "postgres", "--auth", "scram-sha-256"),
            *("--pwfile", password, "--encoding", "UTF8", "--locale", "C", "--no-sync"),
        ).wait()
        assert self._data.joinpath("PG_VERSION").exists()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _begin(self, *command: str | Path | None) -> subprocess.Popen[bytes]:
        """Begin a command of the server's, as somebody who is not root."""
        as_nobody = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]  # noqa: S603  # our own
            [str(part) for part in command],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"LC_ALL": "C", "PATH": _PATH},
            start_new_session=True,
            **as_nobody,
        )

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        self._process = self._begin(
            *(_POSTGRES, "-D", self._data, "-p", str(self.port), "-c", f"listen_addresses={HOST}"),
            *("-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=30"),
        )
        deadline = monotonic() + PATIENCE
        while True:
            with suppress(psycopg.OperationalError), psycopg.connect(self.url(), connect_timeout=2):
                return
            assert monotonic() < deadline, "it never took a connection"
            sleep(0.02)

    def stop(self) -> None:
        """End it; whoever is connected is cut off."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(PATIENCE)
            self._process = None

    def remove(self) -> None:
        """End it and remove what it wrote."""
        self.stop()
        shutil.rmtree(self._folder)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Have it stopped until this ends."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it hang with all who serve its connections: they stay, but nothing is answered until this ends."""
        assert self._process is not None
        # Each who serves a connection is in a session of his own.
        pids = [self._process.pid, *(int(str(pid)) for (pid,) in self.execute("SELECT pid FROM pg_stat_activity"))]
        _signal(pids, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(pids, signal.SIGCONT)

    def schema(self) -> str:
        """Return the name of a schema that is not there yet."""
        self._schemas += 1
        return f"journal_rutan_{self._schemas}"

    def url(self, *, user: str = "postgres", password: str = PASSWORD, port: int | None = None) -> str:
        """Return the address at which a copy is kept."""
        return f"postgresql://{user}:{password}@{HOST}:{port or self.port}/postgres"

    def execute(self, *statements: str) -> list[tuple[object, ...]]:
        """Execute statements behind everybody's back; return what the last one gives."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            for statement in statements[:-1]:
                connection.execute(statement.encode())
            cursor = connection.execute(statements[-1].encode())
            return cursor.fetchall() if cursor.description else []


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


@contextmanager
def server_that_never_answers() -> Iterator[int]:
    """Take connections on a port and say nothing."""
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]
